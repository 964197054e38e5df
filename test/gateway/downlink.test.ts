import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fromBase64, toHex } from '#contract/ground/bytes.ts'
import { publicKeyFromRaw, sha256 } from '#contract/ground/node/crypto.ts'
import { type DownlinkPage, MAX_DOWNLINK_PAGE_BYTES, openDownlink } from '#contract/wire/downlink.ts'
import { temporaryFolder } from './province-store.ts'
import { expectProblem, FARM, RunningGateway } from './running-gateway.ts'
import { SignedBox } from './signed-box.ts'

const settings = (batchEveryS: number) => ({ settings: { sync: { batchEveryS } } })

async function withMessages(count: number) {
  const { province, box } = await RunningGateway.withBox()
  const { agent } = box
  for (let each = 1; each <= count; each++)
    await province.gateway.sendDownlink({ agent, kind: 'config', body: settings(60 + each) })
  const token = await province.session(box)
  const ask = (url: string, headers: Record<string, string> = {}) =>
    province.app.inject({ url, headers: { authorization: `Bearer ${token}`, ...headers } })
  const page = async (after: number) => (await ask(`/sync/v1/downlink?after=${after}`)).json() as DownlinkPage
  return { province, box, agent, token, ask, page }
}

const opened = (page: DownlinkPage) => page.messages.map((text) => openDownlink(fromBase64(text)))

describe('messages of the province', () => {
  it('are numbered, chained and signed by the key that the box pinned at its claim', async () => {
    const { province, box, page } = await withMessages(3)
    const { messages, highest } = await page(0)
    expect(highest).toBe(3)
    const claimed = await province.enrol(box)
    const pinned = publicKeyFromRaw(fromBase64(claimed.province.publicKey))
    let prev: Uint8Array | null = null
    for (const [index, text] of messages.entries()) {
      const bytes = fromBase64(text)
      const { message, isSignedBy } = openDownlink(bytes)
      expect(isSignedBy(pinned)).toBe(true)
      expect(message).toMatchObject({ no: index + 1, agent: box.agent, prev, issuedAt: province.nowMs })
      prev = sha256(bytes)
    }
  })

  it('are announced with the cursor and with each batch, and only where there are some', async () => {
    const { province, box, ask } = await withMessages(0)
    const cursor = async () => (await ask(`/sync/v1/cursor?epoch=${box.epoch}`)).json() as object
    expect(await cursor()).not.toHaveProperty('downlink')
    const { agent } = box
    await province.gateway.sendDownlink({ agent, kind: 'command', body: { command: 'send-now' } })
    expect(await cursor()).toMatchObject({ downlink: { highest: 1 } })
    const batch = box.records({ kind: 'config', hash: new Uint8Array(32), program: 'p' })
    expect(await province.take(batch)).toMatchObject({ downlink: { highest: 1 } })
  })

  it('are handed out from a number on, a bounded page at a time', async () => {
    const { province, agent, page } = await withMessages(20)
    expect(opened(await page(0)).map(({ message }) => message.no)).toEqual(
      [...Array(16).keys()].map((n) => n + 1),
    )
    expect(opened(await page(16)).map(({ message }) => message.no)).toEqual([17, 18, 19, 20])
    expect(await page(20)).toEqual({ messages: [], highest: 20 })
    expect(await page(4_000_000_000)).toEqual({ messages: [], highest: 20 })
    const large = { settings: { filling: 'x'.repeat(60_000) } }
    for (let each = 0; each < 6; each++)
      await province.gateway.sendDownlink({ agent, kind: 'config', body: large })
    const { messages } = await page(20)
    expect(messages).toHaveLength(4)
    expect(messages.reduce((sum, text) => sum + fromBase64(text).length, 0)).toBeLessThan(
      MAX_DOWNLINK_PAGE_BYTES,
    )
  })

  it('are for the box that asks: without a session, or while its key is suspended, there are none', async () => {
    const { province, agent, ask } = await withMessages(1)
    expectProblem(await province.app.inject({ url: '/sync/v1/downlink?after=0' }), 'session-required')
    for (const after of ['', '-1', '1e3', 'x'])
      expectProblem(await ask(`/sync/v1/downlink?after=${after}`), 'input-invalid')
    const other = new SignedBox(2)
    await province.enrol(other)
    const token = await province.session(other)
    const answer = await province.app.inject({
      url: '/sync/v1/downlink?after=0',
      headers: { authorization: `Bearer ${token}` },
    })
    expect(answer.json()).toEqual({ messages: [], highest: 0 })
    await province.gateway.decide([{ kind: 'suspension', agent, reason: 'equivocation' }])
    expectProblem(await ask('/sync/v1/downlink?after=0'), 'agent-suspended')
  })

  it('are not signed for a box that is not enrolled, nor when they are too large; no number is used up', async () => {
    const { province, agent } = await withMessages(1)
    const stranger = new SignedBox(9).agent
    const send = (to: string, body: object) =>
      province.gateway.sendDownlink({ agent: to, kind: 'config', body: body as Record<string, unknown> })
    await expect(send(stranger, settings(60))).rejects.toMatchObject({ code: 'not-found' })
    const large = { settings: { filling: 'x'.repeat(70_000) } }
    await expect(send(agent, large)).rejects.toMatchObject({ code: 'input-invalid' })
    expect(await send(agent, settings(61))).toBe(2)
  })

  it('of two senders at once get numbers without a hole, and one chain', async () => {
    const dataDir = temporaryFolder()
    const one = await RunningGateway.open({ dataDir })
    await one.addFarm()
    const box = new SignedBox()
    await one.enrol(box)
    const two = await RunningGateway.open({ dataDir })
    const { agent } = box
    const numbers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        (index % 2 ? one : two).gateway.sendDownlink({ agent, kind: 'config', body: settings(60 + index) }),
      ),
    )
    expect(numbers.toSorted((a, b) => a - b)).toEqual([...Array(12).keys()].map((n) => n + 1))
    const rows = await one.rows<{ no: number; bytes: Uint8Array; hash: Uint8Array }>(
      'SELECT no, bytes, hash FROM downlink ORDER BY no',
    )
    for (const [index, row] of rows.entries()) {
      const { message } = openDownlink(new Uint8Array(row.bytes))
      expect(message.no).toBe(index + 1)
      expect(message.prev && toHex(message.prev)).toBe(
        index === 0 ? null : toHex(new Uint8Array(rows[index - 1]!.hash)),
      )
    }
  })
})

describe('what became of a message', () => {
  it('is issued, then fetched, then what the box says last', async () => {
    const { province, box, page } = await withMessages(2)
    const states = async () =>
      (await province.gateway.downlinks(box.agent)).map(({ no, state, reason }) =>
        `${no} ${state} ${reason}`.trim(),
      )
    expect(await states()).toEqual(['2 issued', '1 issued'])
    await page(0)
    expect(await states()).toEqual(['2 fetched', '1 fetched'])
    const said = (no: number, outcome: string, reason = '') =>
      ({ kind: 'downlink', no, of: 'config', outcome, reason }) as { kind: string }
    await province.take(box.records(said(1, 'on-trial'), said(2, 'refused', 'sync.x is not a setting')))
    await province.take(box.records(said(1, 'rolled-back', 'no exchange')))
    expect(await states()).toEqual(['2 refused sync.x is not a setting', '1 rolled-back no exchange'])
  })

  it('does not depend on the order in which a box’s batches come, nor on its clock', async () => {
    const { province, box } = await withMessages(1)
    const said = (of: string, outcome: string, t: number) =>
      ({ kind: 'downlink', no: 1, of, outcome, reason: '', t }) as { kind: string }
    const batches = [
      box.records(said('', 'refused', 9_000)),
      box.records(said('config', 'on-trial', 8_000)),
      box.records(said('config', 'applied', 7_000)),
    ]
    const states: string[] = []
    for (const each of [0, 2, 1]) {
      await province.take(batches[each]!)
      states.push((await province.gateway.downlinks())[0]!.state)
    }
    expect(states).toEqual(['refused', 'applied', 'applied'])
  })

  it('is a projection: a rebuild makes messages, outcomes and the next number again', async () => {
    const { province, box } = await withMessages(2)
    await province.take(
      box.records({ kind: 'downlink', no: 1, of: 'config', outcome: 'applied', reason: '' } as {
        kind: string
      }),
    )
    const before = await province.gateway.downlinks()
    const stored = await province.stored()
    await province.gateway.rebuild()
    expect(await province.gateway.downlinks()).toEqual(before)
    expect(await province.stored()).toBe(stored)
    expect(
      await province.gateway.sendDownlink({ agent: box.agent, kind: 'config', body: settings(99) }),
    ).toBe(3)
  })

  it('that no box could have said is counted, and changes nothing', async () => {
    const { province, box } = await withMessages(1)
    const nonsense = [{ no: 0 }, { no: 1, outcome: 'perfect' }, { no: 1, reason: 'x'.repeat(301) }]
    const entries = nonsense.map((change) => ({
      kind: 'downlink',
      of: '',
      outcome: 'applied',
      reason: '',
      ...change,
    }))
    await province.take(box.records(...(entries as { kind: string }[])))
    // What only the province may say, said by a box.
    await province.take(
      box.records({ kind: 'downlink-message', agent: box.agent, bytes: new Uint8Array(3) } as {
        kind: string
      }),
    )
    expect((await province.gateway.downlinks())[0]?.state).toBe('issued')
    expect(await province.rows('SELECT kind FROM unknown_entry')).toHaveLength(4)
  })
})

describe('an offered model', () => {
  it('is fetched in parts by the box that it was offered to, and by no other', async () => {
    const { province, agent, ask } = await withMessages(0)
    const file = join(temporaryFolder(), 'model.onnx')
    const bytes = new Uint8Array(700_000).map((_, index) => (index * 31) % 251)
    writeFileSync(file, bytes)
    const { sha256: hash, sizeBytes } = province.gateway.takeModel(file)
    expect([hash, sizeBytes]).toEqual([toHex(sha256(bytes)), 700_000])
    const path = `/sync/v1/models/${hash}`
    expectProblem(await ask(path), 'not-found')
    const body = { model: 'stem', version: '1', sha256: hash, sizeBytes, path }
    await province.gateway.sendDownlink({ agent, kind: 'model-offer', body })
    const parts: Uint8Array[] = []
    for (let at = 0; at < sizeBytes; ) {
      const part = await ask(path, { range: `bytes=${at}-${at + 999_999}` })
      expect(part.statusCode).toBe(206)
      const length = part.rawPayload.length
      expect(part.headers['content-range']).toBe(`bytes ${at}-${at + length - 1}/700000`)
      parts.push(part.rawPayload)
      at += length
    }
    expect(parts).toHaveLength(3)
    expect(toHex(sha256(Buffer.concat(parts)))).toBe(hash)
    for (const range of ['bytes=700000-', 'bytes=5-4', 'lines=1-2', 'bytes=700000-700001'])
      expectProblem(await ask(path, { range }), 'input-invalid')
    const other = new SignedBox(2)
    await province.enrol(other)
    const headers = { authorization: `Bearer ${await province.session(other)}` }
    expectProblem(await province.app.inject({ url: path, headers }), 'not-found')
  })
})

describe('vuon-gateway downlink', () => {
  const PROGRAM = resolve(import.meta.dirname, '../../bin/vuon-gateway')

  it('sends what a box would take, lists how far it came, and says no to the rest', async () => {
    const dataDir = temporaryFolder()
    const province = await RunningGateway.open({ dataDir })
    await province.addFarm()
    const { agent } = await province.enrol(new SignedBox(), FARM)
    const config = join(dataDir, 'gateway.yaml')
    writeFileSync(config, `dataDir: ${dataDir}\nlog: warn\n`)
    const type = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(
        PROGRAM,
        ['--config', config, '--json', 'downlink', ...args],
        { encoding: 'utf8' },
      )
      return { status, out: stdout.trim() && JSON.parse(stdout), err: stderr.trim() && JSON.parse(stderr) }
    }
    const send = (kind: string, ...rest: string[]) => type('send', '--agent', agent, '--kind', kind, ...rest)
    expect(send('config', JSON.stringify(settings(300))).out).toEqual({ agent, no: 1, kind: 'config' })
    const dance = send('command', '{"command":"dance"}')
    expect(dance).toMatchObject({ status: 2, err: { error: 'input-invalid' } })
    expect(dance.err.message).toContain('photo-upload')
    const model = join(dataDir, 'm.onnx')
    writeFileSync(model, 'weights')
    expect(
      send(
        'model-offer',
        '--model-file',
        model,
        '--model',
        'stem',
        '--model-version',
        '2.0',
        '--valid-hours',
        '48',
      ).out,
    ).toMatchObject({ no: 2 })
    const { status, out } = type('list', '--agent', agent)
    expect(status).toBe(0)
    expect(out).toMatchObject([
      { no: 2, kind: 'model-offer', state: 'issued', body: { model: 'stem', sizeBytes: 7 } },
      { no: 1, kind: 'config', state: 'issued', body: settings(300), validUntil: null },
    ])
  }, 60_000)
})
