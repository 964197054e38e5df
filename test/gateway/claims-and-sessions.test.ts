import { describe, expect, it } from 'vitest'
import { fromBase64, toBase64Url } from '#contract/ground/bytes.ts'
import { publicKeyFromRaw } from '#contract/ground/node/crypto.ts'
import { sessionProof, timeProof } from '#contract/wire/sync-protocol.ts'
import { temporaryFolder } from './province-store.ts'
import { expectProblem, FARM, RunningGateway } from './running-gateway.ts'
import { minutes, SignedBox } from './signed-box.ts'

const { withBox } = RunningGateway
const NOTHING = { durableThrough: 0, held: [], missing: [] }

describe('a claim code', () => {
  it('enrols the key that signed it, whatever spaces and hyphens people type', async () => {
    const province = await RunningGateway.open()
    await province.addFarm()
    const code = await province.gateway.newClaimCode(FARM)
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){3}$/)
    const box = new SignedBox()
    const typed = ` ${code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o')} `
    const answer = await province.claim(box, typed)
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json()).toMatchObject({
      agent: box.agent,
      boxCode: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{4}$/),
      farm: { farmId: FARM, name: 'Vườn Tám' },
      allocations: [],
      issuedAt: province.nowMs,
    })
    // The code itself is nowhere in the store.
    const rows = await province.rows('SELECT * FROM claim_code')
    expect(JSON.stringify(rows)).not.toContain(code.slice(0, 5))
  })

  it('used again within a day by the same key is answered alike and decides nothing new', async () => {
    const province = await RunningGateway.open()
    await province.addFarm()
    const code = await province.gateway.newClaimCode(FARM)
    const box = new SignedBox()
    const first = await province.claim(box, code)
    const before = await province.stored()
    province.advance(23 * 3_600_000)
    const again = await province.claim(box, code)
    expect({ ...again.json(), issuedAt: 0 }).toEqual({ ...first.json(), issuedAt: 0 })
    expect(await province.stored()).toBe(before)
    province.advance(2 * 3_600_000)
    expectProblem(await province.claim(box, code), 'claim-refused')
  })

  it('is refused to another key, after a week, and when it was never given out', async () => {
    const province = await RunningGateway.open()
    await province.addFarm()
    const [used, old] = [await province.gateway.newClaimCode(FARM), await province.gateway.newClaimCode(FARM)]
    await province.claim(new SignedBox(1), used)
    const before = await province.stored()
    expectProblem(await province.claim(new SignedBox(2), used), 'claim-refused')
    expectProblem(await province.claim(new SignedBox(2), 'ABCDE-FGHJK-MNPQR-STVWX'), 'claim-refused')
    province.advance(7 * 86_400_000 + 1)
    expectProblem(await province.claim(new SignedBox(2), old), 'claim-refused')
    expect(await province.stored()).toBe(before)
  })

  it('sent by two keys at once enrols one of them', async () => {
    const dataDir = temporaryFolder()
    const gateways = [await RunningGateway.open({ dataDir }), await RunningGateway.open({ dataDir })]
    await gateways[0]!.addFarm()
    const code = await gateways[0]!.gateway.newClaimCode(FARM)
    const answers = await Promise.all(
      [1, 2, 3, 4].map((number) => gateways[number % 2]!.claim(new SignedBox(number), code)),
    )
    expect(answers.map((answer) => answer.statusCode).sort()).toEqual([200, 403, 403, 403])
    expect(await gateways[0]!.rows('SELECT agent FROM enrolment')).toHaveLength(1)
  })

  it.each([
    [
      'a proof by another key',
      (box: SignedBox) => ({ publicKey: toBase64Url(box.key.publicRaw) }),
      'claim-refused',
    ],
    ['a key that is no key', () => ({ publicKey: 'abc' }), 'claim-refused'],
    ['a signature that is no base64', () => ({ signature: '***' }), 'claim-refused'],
    ['no signature', () => ({ signature: undefined }), 'input-invalid'],
    ['a code that is no text', () => ({ code: 5 }), 'input-invalid'],
    ['a code as long as a book', () => ({ code: 'A'.repeat(5000) }), 'input-invalid'],
  ] as const)('is refused with %s', async (_, change, problem) => {
    const province = await RunningGateway.open()
    await province.addFarm()
    const code = await province.gateway.newClaimCode(FARM)
    const before = await province.stored()
    expectProblem(await province.claim(new SignedBox(1), code, change(new SignedBox(2))), problem)
    expect(await province.stored()).toBe(before)
  })

  it('may be guessed twenty times a minute, then the address has to wait', async () => {
    const province = await RunningGateway.open()
    await province.addFarm()
    const code = await province.gateway.newClaimCode(FARM)
    for (let tries = 0; tries < 20; tries++)
      expectProblem(await province.claim(new SignedBox(1), 'ABCDE'), 'claim-refused')
    province.advance(20_000)
    const refused = await province.claim(new SignedBox(1), code)
    expectProblem(refused, 'too-many-requests')
    expect(refused.headers['retry-after']).toBe('40')
    province.advance(40_000)
    expect((await province.claim(new SignedBox(1), code)).statusCode).toBe(200)
  })
})

describe('a session of a box', () => {
  it('shows its own marks, of the epoch it asks for', async () => {
    const { province, box } = await withBox()
    await province.take(box.readings(minutes(1, 10)))
    const token = await province.session(box)
    const cursor = (epoch: string) =>
      province.app.inject({
        url: `/sync/v1/cursor?epoch=${epoch}`,
        headers: { authorization: `Bearer ${token}` },
      })
    expect((await cursor(box.epoch)).json()).toMatchObject({ lanes: { reading: { durableThrough: 10 } } })
    expect((await cursor('ffffffffffffffff')).json()).toMatchObject({ lanes: { reading: NOTHING } })
    expectProblem(await cursor('1'), 'input-invalid')
  })

  it('ends after a day', async () => {
    const { province, box } = await withBox()
    const authorization = `Bearer ${await province.session(box)}`
    const cursor = () =>
      province.app.inject({ url: `/sync/v1/cursor?epoch=${box.epoch}`, headers: { authorization } })
    province.advance(24 * 3_600_000 - 1)
    expect((await cursor()).statusCode).toBe(200)
    province.advance(1)
    expectProblem(await cursor(), 'session-required')
  })

  it.each([
    ['no token', () => undefined],
    ['a token that was changed', (token: string) => `Bearer ${token.slice(0, -2)}AA`],
    ['a token of nobody', () => 'Bearer e30.e30'],
    ['a nonce as a token', (_: string, nonce: string) => `Bearer ${nonce}`],
    ['a token of a megabyte', () => `Bearer ${'A'.repeat(10_000)}`],
  ])('is not had with %s', async (_, make) => {
    const { province, box } = await withBox()
    const token = await province.session(box)
    const { nonce } = (await province.post('/sync/v1/session', { agent: box.agent })).json() as {
      nonce: string
    }
    const authorization = make(token, nonce)
    const answer = await province.app.inject({
      url: `/sync/v1/cursor?epoch=${box.epoch}`,
      ...(authorization ? { headers: { authorization } } : {}),
    })
    expectProblem(answer, 'session-required')
  })

  const nonceOf = async (province: RunningGateway, agent: string) =>
    ((await province.post('/sync/v1/session', { agent })).json() as { nonce: string }).nonce

  it('is refused to another key, with an old nonce, and with the nonce of another box', async () => {
    const { province, box } = await withBox()
    const other = new SignedBox(2)
    await province.enrol(other)
    const ask = (nonce: string, by: SignedBox = box) =>
      province.post('/sync/v1/session', {
        agent: box.agent,
        nonce,
        signature: toBase64Url(by.key.sign(sessionProof(box.agent, nonce))),
      })
    const nonce = await nonceOf(province, box.agent)
    expectProblem(await ask(nonce, other), 'signature-wrong')
    expectProblem(await ask(await nonceOf(province, other.agent)), 'signature-wrong')
    expectProblem(await ask('made up'), 'signature-wrong')
    province.advance(2 * 60_000)
    expectProblem(await ask(nonce), 'signature-wrong')
  })

  it('is refused to a box that nobody enrolled, or that is suspended', async () => {
    const { province, box } = await withBox()
    const stranger = new SignedBox(5)
    const ask = async (by: SignedBox) => {
      const nonce = await nonceOf(province, by.agent)
      const signature = toBase64Url(by.key.sign(sessionProof(by.agent, nonce)))
      return province.post('/sync/v1/session', { agent: by.agent, nonce, signature })
    }
    expectProblem(await ask(stranger), 'agent-unknown')
    await province.gateway.decide([{ kind: 'suspension', agent: box.agent, reason: 'stolen' }])
    expectProblem(await ask(box), 'agent-suspended')
    expectProblem(await province.post('/sync/v1/session', { agent: "' OR 1=1" }), 'input-invalid')
    expectProblem(await province.post('/sync/v1/session', {}), 'input-invalid')
  })

  it('can be had by a whole commune from one address when the power comes back; who fails has to wait', async () => {
    const { province, box } = await withBox()
    for (let count = 0; count < 100; count++) await province.session(box)
    const wrong = { agent: box.agent, nonce: 'made up', signature: 'AAAA' }
    for (let tries = 0; tries < 19; tries++)
      expectProblem(await province.post('/sync/v1/session', wrong), 'signature-wrong')
    expectProblem(await province.post('/sync/v1/session', wrong), 'too-many-requests')
    await province.session(box)
  })
})

describe("the province's time", () => {
  it('is signed over the nonce of whoever asks, by the key that boxes have pinned', async () => {
    const { province, box } = await withBox()
    const { province: pinned } = await province.enrol(box)
    const nonce = 'abcdefghijklmnop_-'
    const answer = (await province.app.inject({ url: `/sync/v1/time?nonce=${nonce}` })).json() as {
      nonce: string
      wallMs: number
      signature: string
    }
    expect(answer).toMatchObject({ nonce, wallMs: province.nowMs })
    const key = publicKeyFromRaw(fromBase64(pinned.publicKey))
    const signature = fromBase64(answer.signature)
    expect(key.verify(timeProof(nonce, answer.wallMs), signature)).toBe(true)
    expect(key.verify(timeProof(nonce, answer.wallMs + 1), signature)).toBe(false)
  })

  it.each([
    '',
    '?nonce=short',
    `?nonce=${'a'.repeat(101)}`,
    '?nonce=abcdefghijklmno%00p',
    '?nonce[]=abcdefghijklmnopq',
  ])('is refused for %s', async (query) => {
    const province = await RunningGateway.open()
    expectProblem(await province.app.inject({ url: `/sync/v1/time${query}` }), 'input-invalid')
  })
})
