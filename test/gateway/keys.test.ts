import { describe, expect, it } from 'vitest'
import { toBase64Url } from '#contract/ground/bytes.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { newLotNumber } from '#contract/trace/lot-number.ts'
import { signEvent } from '#contract/trace/signed-event.ts'
import { keyIdOf } from '#contract/wire/identity.ts'
import { claimProof, reclaimProof, sessionProof } from '#contract/wire/sync-protocol.ts'
import { farmDetail } from '../../gateway/insight/farm-detail.ts'
import { lotHistory } from '../../gateway/insight/lot-history.ts'
import { keyOf, rotate, rotationEntry, signWith } from './rotating-box.ts'
import { EVERYTHING, expectProblem, FARM, RunningGateway } from './running-gateway.ts'
import { DAY, minutes, SignedBox, seriesEntry } from './signed-box.ts'

const { withBox } = RunningGateway
const [K1, K2, THIEF] = [keyOf(101), keyOf(102), keyOf(66)]
const GTIN = '09521234567899'

const keysOf = async (province: RunningGateway, box: SignedBox) =>
  (await province.gateway.boxKeys(box.agent))[0]

/** Everything that a rebuild makes again, row by row. */
async function rebuiltAlike(province: RunningGateway): Promise<void> {
  const before = await province.stored()
  await province.gateway.rebuild()
  expect(await province.stored()).toBe(before)
}

describe('a box that changes its key', () => {
  it('signs on with the new one, each lane from the seq that both keys said', async () => {
    const { province, box } = await withBox()
    await province.take(box.records(seriesEntry(1)))
    await province.take(box.readings(minutes(1, 10)))
    await province.take(rotate(box, K1, { record: 3, finding: 1, reading: 11 }))
    const answer = await province.take(box.readings(minutes(1, 5)))
    expect(answer.lanes.reading.durableThrough).toBe(15)
    const known = await keysOf(province, box)
    expect(known?.keys).toMatchObject([
      { state: 'retired', ends: { epoch: box.epoch, from: { record: 3, reading: 11 } } },
      { key: box.keyId, state: 'current', begins: { epoch: box.epoch }, ends: null },
    ])
    await rebuiltAlike(province)
  })

  it('is asked to send the change first when what the new key signed comes before it; nothing is stored', async () => {
    const { province, box } = await withBox()
    const told = rotate(box, K1, { record: 2, finding: 1, reading: 1 })
    const readings = box.readings(minutes(1, 5))
    const before = await province.stored()
    expectProblem(await province.send(readings), 'key-unknown-yet')
    expect(await province.stored()).toBe(before)
    await province.take(told)
    expect((await province.take(readings)).lanes.reading.durableThrough).toBe(5)
  })

  it('may still send what the old key sealed below the boundary, in any order', async () => {
    const { province, box } = await withBox()
    const [first, second] = [box.readings(minutes(1, 5)), box.readings(minutes(1, 5))]
    await province.take(rotate(box, K1, { record: 2, finding: 1, reading: 11 }))
    await province.take(box.readings(minutes(1, 5)))
    await province.take(second)
    expect((await province.take(first)).lanes.reading.durableThrough).toBe(15)
  })

  it('twice before anybody heard of it is followed step by step', async () => {
    const { province, box } = await withBox()
    const early = box.readings(minutes(1, 5))
    const one = rotate(box, K1, { record: 2, finding: 1, reading: 6 })
    const between = box.readings(minutes(1, 5))
    const two = rotate(box, K2, { record: 3, finding: 1, reading: 11 })
    const late = box.readings(minutes(1, 5))
    expectProblem(await province.send(two), 'key-unknown-yet')
    for (const batch of [one, two, late, between, early]) await province.take(batch)
    expect((await keysOf(province, box))?.keys.map(({ state }) => state)).toEqual([
      'retired',
      'retired',
      'current',
    ])
    await rebuiltAlike(province)
  })

  it('has a session by the new key alone, and one that the old key got is over', async () => {
    const { province, box } = await withBox()
    const old = { key: box.key, keyId: box.keyId }
    const authorization = `Bearer ${await province.session(box)}`
    const cursor = () =>
      province.app.inject({ url: `/sync/v1/cursor?epoch=${box.epoch}`, headers: { authorization } })
    expect((await cursor()).statusCode).toBe(200)
    await province.take(rotate(box, K1, { record: 2, finding: 1, reading: 1 }))
    expectProblem(await cursor(), 'session-required')
    await province.session(box)
    const { nonce } = (await province.post('/sync/v1/session', { agent: box.agent })).json() as {
      nonce: string
    }
    const signature = toBase64Url(old.key.sign(sessionProof(box.agent, nonce)))
    expectProblem(
      await province.post('/sync/v1/session', { agent: box.agent, nonce, signature }),
      'key-retired',
    )
  })

  it('names the key in its events; one by either key holds, one by neither does not', async () => {
    const { province, box } = await withBox()
    const signed = (key = box.key, eventNo = 1) => {
      const event = {
        type: 'ObjectEvent',
        eventTime: '2026-11-23T00:00:00Z',
        bizStep: 'x',
        eventID: `e${eventNo}`,
      }
      const statement = {
        ...{ agent: box.agent, key: keyIdOf(key.publicRaw, sha256), epoch: box.epoch, eventNo, prev: '' },
        ...{ capturedAt: '2026-11-23T00:00:00.000Z', clock: 'synchronised' as const, event: event as never },
      }
      const { signed: bytes, signature } = signEvent(statement, key, sha256)
      return { kind: 'event', signed: bytes, signature }
    }
    await province.take(box.records(signed(box.key, 1)))
    await province.take(rotate(box, K1, { record: 3, finding: 1, reading: 1 }))
    await province.take(box.records(signed(K1, 2), signed(THIEF, 3)))
    const rows = await province.rows('SELECT event_no, is_signature_valid AS ok FROM event ORDER BY event_no')
    expect(rows).toEqual([
      { event_no: 1, ok: 1 },
      { event_no: 2, ok: 1 },
      { event_no: 3, ok: 0 },
    ])
  })
})

describe('a change of key is no change', () => {
  const lies: [string, (box: SignedBox) => Record<string, unknown> & { kind: string }][] = [
    [
      'without the word of the new key',
      (box) => rotationEntry(box, THIEF, F, { proof: K1.sign(new Uint8Array(3)) }),
    ],
    [
      'whose boundary the new key did not sign',
      (box) => ({ ...rotationEntry(box, K1, F), from: { ...F, reading: 9 } }),
    ],
    ['said of another epoch', (box) => rotationEntry(box, K1, F, { epoch: 'ffffffffffffffff' })],
    ['that begins before it is said', (box) => rotationEntry(box, K1, { ...F, record: 1 })],
    [
      'of a key that the box does not speak with',
      (box) => rotationEntry(box, K1, F, { oldKey: '00000000000000aa' }),
    ],
    ['made for another box', (box) => rotationEntry(signWith(new SignedBox(5, box.epoch), box.key), K1, F)],
    [
      'with a key of the wrong size',
      (box) => ({ ...rotationEntry(box, K1, F), publicKey: new Uint8Array(31) }),
    ],
  ]
  const F = { record: 2, finding: 1, reading: 1 }

  it.each(lies)('%s', async (_, lie) => {
    const { province, box } = await withBox()
    await province.take(box.records(lie(box)))
    expect((await keysOf(province, box))?.keys).toHaveLength(1)
    expect(await province.rows('SELECT kind FROM unknown_entry')).toEqual([{ kind: 'key-rotation' }])
  })

  it('said by the old key in a gap that was left below the first change', async () => {
    const { province, box } = await withBox()
    const thief = box.clone()
    const first = box.records({ kind: 'config', hash: new Uint8Array(32), program: 'x' })
    await province.take(rotate(box, K1, { record: 3, finding: 1, reading: 1 }))
    // The gap is the thief's to try: it holds the old key, and names itself as what follows the newest one.
    const forged = {
      ...rotationEntry(signWith(thief.clone(), K1), THIEF, { record: 9, finding: 1, reading: 1 }),
    }
    await province.send(thief.records(forged))
    expect((await keysOf(province, box))?.keys).toHaveLength(2)
    void first
  })
})

describe('an old key that goes on', () => {
  async function rotated() {
    const { province, box } = await withBox()
    const copy = box.clone()
    const first = box.readings(minutes(1, 5))
    copy.readings(minutes(1, 5))
    await province.take(first)
    await province.take(rotate(box, K1, { record: 2, finding: 1, reading: 6 }))
    return { province, box, copy, first }
  }

  it('beyond the boundary is refused, set aside, and shown; the box itself goes on undisturbed', async () => {
    const { province, box, copy } = await rotated()
    const before = await province.stored('log_aside')
    const forged = copy.readings(minutes(1, 5, DAY, 900))
    expectProblem(await province.send(forged), 'key-retired')
    expectProblem(await province.send(forged), 'key-retired')
    expect(await province.stored('log_aside')).toBe(before)
    expect((await keysOf(province, box))?.setAside).toEqual({ 'key-retired': 1 })
    const farm = await farmDetail(province.gateway.db, EVERYTHING, FARM)
    expect(farm?.boxes[0]).toMatchObject({ isSuspended: false, trust: { oldKeyBatches: 1 } })
    expect((await province.take(box.readings(minutes(1, 5)))).lanes.reading.durableThrough).toBe(10)
  })

  it('in an epoch of its own is refused: a restored old card begins nothing', async () => {
    const { province, box } = await rotated()
    const restored = Object.assign(new SignedBox(1, 'eeeeeeeeeeeeeeee'), { agent: box.agent })
    expectProblem(await province.send(restored.readings(minutes(1, 5))), 'key-retired')
  })

  it('across the boundary is refused as a whole', async () => {
    const { province, box } = await withBox()
    const copy = box.clone()
    await province.take(rotate(box, K1, { record: 2, finding: 1, reading: 6 }))
    expectProblem(await province.send(copy.readings(minutes(1, 10))), 'key-retired')
  })

  it('sent again as it was is a repeat that changes nothing, in any epoch', async () => {
    const { province, first } = await rotated()
    const before = await province.stored()
    expect((await province.take(first)).lanes.reading.durableThrough).toBe(5)
    expect(await province.stored()).toBe(before)
  })

  it('fills a hundred places of evidence and no more', async () => {
    const { province, box, copy } = await rotated()
    for (let count = 0; count < 103; count++) await province.send(copy.readings(minutes(1, 1, DAY, count)))
    expect((await keysOf(province, box))?.setAside).toEqual({ 'key-retired': 100 })
  })

  it('claims nothing, even with a code', async () => {
    const { province, box, copy } = await rotated()
    const code = await province.gateway.newClaimCode(FARM)
    expectProblem(await province.claim(copy, code), 'key-retired')
    expect((await keysOf(province, box))?.keys.at(-1)).toMatchObject({ key: box.keyId, state: 'current' })
  })
})

describe('a key that the province revokes', () => {
  const lot = (activityId: string, massKg = 100) => ({
    kind: 'lot' as const,
    ...{
      gtin: GTIN,
      lot: 'B0X1261123000',
      activityId,
      crop: 'dragon-fruit',
      plot: 'A',
      harvestedAt: DAY,
      massKg,
    },
  })

  async function stolen() {
    const { province, box } = await withBox()
    const [{ box_code: boxCode }] = (await province.rows<{ box_code: string }>(
      'SELECT box_code FROM enrolment',
    )) as [{ box_code: string }]
    const number = `${boxCode}261123000`
    await province.take(box.records(seriesEntry(1), { ...lot('a1'), lot: number }))
    await province.take(box.readings(minutes(1, 10, DAY, 300)))
    const honest = await province.stored('log_batch', 'log_mark', 'log_epoch', 'box_seen')
    await province.take(
      box.records(
        { ...lot('a2', 5000), lot: number },
        { kind: 'clock', ofBoot: '00000000000000b1', offsetMs: 9e9, plusMinusMs: 1, source: 'person' },
      ),
    )
    await province.take(box.readings(minutes(1, 10, DAY + 3_600_000, 9000)))
    return { province, box, number, honest }
  }
  const lastTrusted = { record: 2, reading: 10 }

  it('takes nothing more, and what came after its last trusted word counts nowhere', async () => {
    const { province, box, number } = await stolen()
    const next = box.readings(minutes(1, 5))
    const done = await province.gateway.revokeKey({ agent: box.agent, reason: 'stolen', lastTrusted })
    expect(done).toMatchObject({ keys: [box.keyId], epoch: box.epoch, untrustedBatches: 2 })
    expectProblem(await province.send(next), 'key-revoked')
    expect(await province.rows(`SELECT count, max FROM rollup WHERE span = 'd'`)).toEqual([
      { count: 10, max: 306 },
    ])
    expect(await province.rows('SELECT max(scaled) AS most FROM latest')).toEqual([
      { most: expect.any(Number) },
    ])
    expect(await province.rows('SELECT * FROM clock_offset')).toEqual([])
    expect(await lotHistory(province.gateway.db, GTIN, number)).toMatchObject({ massKg: 100 })
    // The log keeps every byte.
    expect(await province.rows(`SELECT 1 FROM log_batch WHERE agent = '${box.agent}'`)).toHaveLength(4)
    const farm = await farmDetail(province.gateway.db, EVERYTHING, FARM)
    expect(farm?.boxes[0]).toMatchObject({
      isSuspended: true,
      trust: { revokedFor: 'stolen', untrustedBatches: 2 },
    })
  })

  it('is revoked after a rebuild just as before it', async () => {
    const { province, box } = await stolen()
    await province.gateway.revokeKey({ agent: box.agent, reason: 'stolen', lastTrusted })
    await rebuiltAlike(province)
  })

  it('leaves what is derived as if the untrusted batches had never come', async () => {
    const { province, box } = await stolen()
    await province.gateway.revokeKey({ agent: box.agent, reason: 'stolen', lastTrusted })
    const { province: other, box: same } = await withBox()
    await other.take(same.records(seriesEntry(1)))
    await other.take(same.readings(minutes(1, 10, DAY, 300)))
    for (const table of ['chunk', 'rollup', 'latest', 'series', 'alarm', 'clock_offset'])
      expect(await province.rows(`SELECT * FROM ${table}`), table).toEqual(
        await other.rows(`SELECT * FROM ${table}`),
      )
  })

  it('is said on the page behind the label of a lot that only the thief made', async () => {
    const { province, box } = await withBox()
    const [row] = await province.rows<{ box_code: string }>('SELECT box_code FROM enrolment')
    const number = newLotNumber({ boxCode: row?.box_code ?? '', yymmdd: '261123', counter: 1 })
    const event = {
      ...{ type: 'ObjectEvent', eventTime: '2026-11-23T00:00:00Z', bizStep: 'commissioning', eventID: 'e1' },
      quantityList: [{ epcClass: `https://id.gs1.org/01/${GTIN}/10/${number}` }],
    }
    const statement = {
      ...{ agent: box.agent, key: box.keyId, epoch: box.epoch, eventNo: 1, prev: '', event: event as never },
      ...{ capturedAt: '2026-11-23T00:00:00.000Z', clock: 'synchronised' as const },
    }
    const { signed, signature } = signEvent(statement, box.key, sha256)
    await province.take(box.records({ ...lot('a1'), lot: number }, { kind: 'event', signed, signature }))
    const page = async (language: string) =>
      (await province.app.inject({ url: `/01/${GTIN}/10/${number}?lang=${language}` })).body
    expect(await page('en')).toContain('checked, it holds')
    await province.gateway.revokeKey({
      ...{ agent: box.agent, reason: 'stolen' },
      lastTrusted: { record: 0, finding: 0, reading: 0 },
    })
    expect(await page('en')).toContain('no longer trusted')
    expect(await page('vi')).toContain('không còn được tin')
    expect(await lotHistory(province.gateway.db, GTIN, number)).toMatchObject({
      events: [{ isSignatureValid: true, isTrusted: false }],
    })
    await rebuiltAlike(province)
  })

  it('shuts every door: session, cursor, photos, claim', async () => {
    const { province, box } = await stolen()
    const authorization = `Bearer ${await province.session(box)}`
    await province.gateway.revokeKey({ agent: box.agent, reason: 'lost' })
    const url = `/sync/v1/cursor?epoch=${box.epoch}`
    expectProblem(await province.app.inject({ url, headers: { authorization } }), 'key-revoked')
    const photo = { url: `/sync/v1/blobs/${'0'.repeat(64)}`, headers: { authorization } }
    expectProblem(await province.app.inject(photo), 'key-revoked')
    expectProblem(await province.claim(box, await province.gateway.newClaimCode(FARM)), 'key-revoked')
    const { nonce } = (await province.post('/sync/v1/session', { agent: box.agent })).json() as {
      nonce: string
    }
    const signature = toBase64Url(box.key.sign(sessionProof(box.agent, nonce)))
    expectProblem(
      await province.post('/sync/v1/session', { agent: box.agent, nonce, signature }),
      'key-revoked',
    )
  })

  it('takes with it the key that a thief brought in, and what that one signed', async () => {
    const { province, box } = await stolen()
    await province.take(rotate(box, THIEF, { record: 6, finding: 1, reading: 21 }))
    await province.take(box.readings(minutes(1, 5, DAY + 7_200_000, 5000)))
    const [first] = (await keysOf(province, box))?.keys ?? []
    await province.gateway.revokeKey({
      agent: box.agent,
      key: first?.key ?? '',
      reason: 'compromised',
      lastTrusted,
    })
    const known = await keysOf(province, box)
    expect(known).toMatchObject({ keys: [{ state: 'revoked' }], untrustedBatches: 4 })
    expectProblem(await province.send(box.readings(minutes(1, 5))), 'key-revoked')
    await rebuiltAlike(province)
  })

  it('that was retired may be revoked alone: the box goes on with its newer one', async () => {
    const { province, box } = await withBox()
    await province.take(box.readings(minutes(1, 5)))
    await province.take(rotate(box, K1, { record: 2, finding: 1, reading: 6 }))
    const [first] = (await keysOf(province, box))?.keys ?? []
    await province.gateway.revokeKey({ agent: box.agent, key: first?.key ?? '', reason: 'compromised' })
    expect((await province.take(box.readings(minutes(1, 5)))).lanes.reading.durableThrough).toBe(10)
    await rebuiltAlike(province)
  })

  it.each([
    ['a box that is not there', { agent: 'nobody' }, 'not-found'],
    ['a key that it never had', { key: '00000000000000aa' }, 'input-invalid'],
    ['an epoch that it never had', { epoch: 'ffffffffffffffff' }, 'input-invalid'],
  ] as const)('is not revoked for %s', async (_, change, code) => {
    const { province, box } = await stolen()
    const revoke = province.gateway.revokeKey({ agent: box.agent, reason: 'lost', ...change })
    await expect(revoke).rejects.toMatchObject({ code })
  })
})

describe('a box that is claimed again', () => {
  async function reclaim(province: RunningGateway, box: SignedBox, key = K1, voucher = box.key, code = '') {
    const used = code || (await province.gateway.newClaimCode(FARM))
    const publicKey = toBase64Url(key.publicRaw)
    return province.post('/sync/v1/claim', {
      code: used,
      publicKey,
      program: 'vuon-agent 0.1',
      signature: toBase64Url(key.sign(claimProof(used))),
      agent: box.agent,
      voucher: toBase64Url(voucher.sign(reclaimProof(used, box.agent, publicKey))),
    })
  }

  it('goes on under its name and code with a new key; the copy of its card is left behind', async () => {
    const { province, box } = await withBox()
    const copy = box.clone()
    await province.take(box.readings(minutes(1, 10)))
    expectProblem(await province.send(copy.readings(minutes(1, 10, DAY, 900))), 'batch-equivocation')
    const [before] = await province.rows<{ box_code: string }>('SELECT box_code FROM enrolment')
    const answer = await reclaim(province, box)
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json()).toMatchObject({ agent: box.agent, boxCode: before?.box_code })
    expectProblem(await province.send(copy.readings(minutes(1, 5))), 'key-retired')
    signWith(box, K1)
    expect((await province.take(box.readings(minutes(1, 5)))).lanes.reading.durableThrough).toBe(15)
    await rebuiltAlike(province)
  })

  it('is answered alike when the answer was lost, and nobody else uses its code', async () => {
    const { province, box } = await withBox()
    const code = await province.gateway.newClaimCode(FARM)
    const first = await reclaim(province, box, K1, box.key, code)
    const before = await province.stored()
    expect((await reclaim(province, box, K1, box.key, code)).json()).toEqual(first.json())
    // The copy of the card heard the code, and still has the old key.
    expectProblem(await reclaim(province, box, THIEF, box.key, code), 'key-retired')
    expectProblem(await reclaim(province, box, THIEF, K1, code), 'claim-refused')
    expect(await province.stored()).toBe(before)
  })

  it.each([
    ['a stranger vouches', THIEF, 'signature-wrong'],
    ['it vouches for itself', K1, 'signature-wrong'],
  ] as const)('is refused when %s', async (_, voucher, code) => {
    const { province, box } = await withBox()
    const before = await province.stored('claim_code')
    expectProblem(await reclaim(province, box, K1, voucher), code)
    expect(await province.stored('claim_code')).toBe(before)
  })
})
