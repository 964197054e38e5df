import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { encode } from 'cborg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { toHex } from '#contract/ground/bytes.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { BATCH_TYPE, MAX_BATCH_BYTES, type SealedBatch, sealBatch } from '#contract/wire/batch.ts'
import { encodeSegments } from '#contract/wire/columns-codec.ts'
import { farmDetail } from '../../gateway/insight/farm-detail.ts'
import { temporaryFolder } from './province-store.ts'
import { EVERYTHING, expectProblem, FARM, RunningGateway } from './running-gateway.ts'
import { BOOT, minutes, SignedBox, seriesEntry } from './signed-box.ts'

const { withBox } = RunningGateway
const NOTHING = { durableThrough: 0, held: [], missing: [] }

/** A batch whose signature holds over any compressed bytes and any stated size. */
function signedOver(box: SignedBox, compressed: Uint8Array, rawSize: number): SealedBatch {
  const { agent, keyId: key, epoch } = box
  const header = {
    agent,
    key,
    epoch,
    lane: 'reading' as const,
    from: 1,
    to: 5,
    prev: null,
    form: 'columns-1',
  }
  const as = { deflate: () => compressed, inflate: compression.inflate }
  return sealBatch(header, new Uint8Array(rawSize), { key: box.key, sha256, compression: as })
}

describe('a batch', () => {
  it('is acknowledged with the marks of its epoch once it is on the disk', async () => {
    const { province, box } = await withBox()
    const batch = box.readings(minutes(1, 10))
    const answer = await province.take(batch)
    expect(answer).toEqual({
      epoch: box.epoch,
      lanes: { record: NOTHING, finding: NOTHING, reading: { durableThrough: 10, held: [], missing: [] } },
    })
    // What another program reads from the file is what was committed.
    const file = new Database(join(province.gateway.config.dataDir, 'gateway.db'), { readonly: true })
    onTestFinished(() => void file.close())
    const row = file.prepare('SELECT bytes FROM log_batch WHERE agent = ?').get(box.agent) as {
      bytes: Buffer
    }
    expect(toHex(row.bytes)).toBe(toHex(batch.bytes))
  })

  it('is not acknowledged while somebody else holds the store, and is taken afterwards', async () => {
    const { province, box } = await withBox()
    const batch = box.readings(minutes(1, 10))
    const before = await province.stored()
    const other = new Database(join(province.gateway.config.dataDir, 'gateway.db'))
    other.exec('BEGIN IMMEDIATE')
    expectProblem(await province.send(batch), 'store-busy')
    other.exec('ROLLBACK')
    other.close()
    expect(await province.stored()).toBe(before)
    expect((await province.take(batch)).lanes.reading.durableThrough).toBe(10)
  })

  it('sent twice is answered alike and stored once', async () => {
    const { province, box } = await withBox()
    const batch = box.records(seriesEntry(1))
    const first = await province.take(batch)
    const before = await province.stored()
    expect(await province.take(batch)).toEqual(first)
    expect(await province.stored()).toBe(before)
  })

  it('that leaves a gap is stored, and the gap asked for until it is filled', async () => {
    const { province, box } = await withBox()
    const [first, second, third] = [1, 2, 3].map(() => box.readings(minutes(1, 10)))
    await province.take(first!)
    const answer = await province.take(third!)
    expect(answer.lanes.reading).toEqual({ durableThrough: 10, held: [[21, 30]], missing: [[11, 20]] })
    const filled = await province.take(second!)
    expect(filled.lanes.reading).toEqual({ durableThrough: 30, held: [], missing: [] })
  })

  it('of a form that this gateway does not know is stored for a later reader', async () => {
    const { province, box } = await withBox()
    const batch = box.seal('finding', new TextEncoder().encode('not known yet'), 3, { form: 'form-9' })
    expect((await province.take(batch)).lanes.finding.durableThrough).toBe(3)
    expect(await province.rows('SELECT reason FROM unread_batch')).toHaveLength(1)
  })

  it('that comes to two gateways over one store at once is stored once', async () => {
    const dataDir = temporaryFolder()
    const one = await RunningGateway.open({ dataDir })
    const two = await RunningGateway.open({ dataDir })
    await one.addFarm()
    const box = new SignedBox()
    await one.enrol(box)
    const batches = Array.from({ length: 12 }, () => box.readings(minutes(1, 5)))
    const answers = await Promise.all(
      batches.flatMap((batch) => [one.send(batch), two.send(batch), one.send(batch)]),
    )
    expect(answers.map((answer) => answer.statusCode).filter((status) => status !== 200)).toEqual([])
    expect(await two.rows(`SELECT from_seq FROM log_batch WHERE lane = 'reading'`)).toHaveLength(12)
    const [{ readings }] = (await one.rows<{ readings: number }>(
      'SELECT count(*) AS readings FROM deferred',
    )) as [{ readings: number }]
    expect(readings).toBe(12)
  })
})

describe('a batch is refused, and nothing of it stored,', () => {
  const good = (box: SignedBox) => box.readings(minutes(1, 10))
  const stranger = new SignedBox(9)
  const cases: [string, Parameters<typeof expectProblem>[1], (box: SignedBox) => { bytes: Uint8Array }][] = [
    ['when no such box is enrolled', 'agent-unknown', () => good(stranger)],
    [
      'when the province itself is said to have written it',
      'agent-unknown',
      () => {
        const forged = new SignedBox(0xee)
        return forged.records({ kind: 'farm', farmId: 'f-2', name: 'x', commune: 'x', province: 'x' })
      },
    ],
    [
      'when another key signed it',
      'signature-wrong',
      (box) => Object.assign(box.clone(), { key: stranger.key }).readings(minutes(1, 10)),
    ],
    [
      'when its header names a key that the box has never told of',
      'key-unknown-yet',
      (box) => box.seal('reading', new Uint8Array(3), 10, { key: stranger.keyId }),
    ],
    [
      'when its body was changed on the way',
      'signature-wrong',
      (box) => ({ bytes: good(box).bytes.with(120, 0x55) }),
    ],
    [
      'when its body is a bomb of an unknown key: the signature is looked at first',
      'signature-wrong',
      (box) => {
        const key = secretKeyFromSeed(new Uint8Array(32).fill(77))
        return signedOver(
          Object.assign(box.clone(), { key }),
          deflateRawSync(new Uint8Array(50_000_000)),
          5000,
        )
      },
    ],
    [
      'when it unpacks to more than it states',
      'batch-bomb',
      (box) => signedOver(box, deflateRawSync(new Uint8Array(50_000_000)), 5000),
    ],
    [
      'when it states more than a body may have',
      'batch-bomb',
      (box) => signedOver(box, new Uint8Array(10), 9 * 1024 * 1024),
    ],
    [
      'when it unpacks to less than it states',
      'batch-malformed',
      (box) => signedOver(box, deflateRawSync(new Uint8Array(10)), 11),
    ],
    [
      'when its body can not be unpacked at all',
      'batch-malformed',
      (box) => signedOver(box, new Uint8Array([0xff, 0xff]), 11),
    ],
    ['when it is no CBOR', 'batch-malformed', () => ({ bytes: new TextEncoder().encode('readings!') })],
    ['when it is empty', 'batch-malformed', () => ({ bytes: new Uint8Array(0) })],
    ['when it is other CBOR', 'batch-malformed', () => ({ bytes: encode([1, 2, 3]) })],
    [
      'when it is nested a hundred thousand deep',
      'batch-malformed',
      () => ({ bytes: new Uint8Array(100_000).fill(0x81) }),
    ],
    [
      'when it promises a petabyte',
      'batch-malformed',
      () => ({ bytes: new Uint8Array([0x9b, 0, 4, 0, 0, 0, 0, 0, 0]) }),
    ],
    [
      'when it is longer than a batch may be',
      'batch-too-large',
      () => ({ bytes: new Uint8Array(MAX_BATCH_BYTES + 1) }),
    ],
    [
      'when it numbers the rest of its lane',
      'batch-too-large',
      (box) => box.seal('reading', new Uint8Array(3), 2 ** 50),
    ],
  ]

  it.each(cases)('%s', async (_, code, make) => {
    const { province, box } = await withBox()
    const clone = box.clone()
    const bad = make(clone)
    const before = await province.stored()
    expectProblem(await province.send(bad), code)
    expect(await province.stored()).toBe(before)
    // The next good one is taken.
    const answer = await province.take(box.readings(minutes(1, 10)))
    expect(answer.lanes.reading.durableThrough).toBe(10)
  })

  it.each([
    ['as JSON', { 'content-type': 'application/json' }, 'input-invalid'],
    ['as plain text', { 'content-type': 'text/plain' }, 'batch-malformed'],
    ['as something unheard of', { 'content-type': 'image/webp' }, 'input-invalid'],
    ['without a type', {}, 'input-invalid'],
    // What is packed a second time is not the sealed bytes, and is never unpacked for a stranger.
    [
      'with a content encoding',
      { 'content-type': BATCH_TYPE, 'content-encoding': 'gzip' },
      'batch-malformed',
    ],
  ] as const)('when it is sent %s', async (_, headers, code) => {
    const { province, box } = await withBox()
    const packed = 'content-encoding' in headers
    const { bytes } = good(box)
    const before = await province.stored()
    const answer = await province.app.inject({
      method: 'POST',
      url: '/sync/v1/batches',
      headers,
      payload: packed ? Buffer.from(deflateRawSync(bytes)) : Buffer.from(bytes),
    })
    expectProblem(answer, code)
    expect(await province.stored()).toBe(before)
  })

  it('when its box is suspended', async () => {
    const { province, box } = await withBox()
    await province.gateway.decide([{ kind: 'suspension', agent: box.agent, reason: 'stolen' }])
    const before = await province.stored()
    expectProblem(await province.send(good(box)), 'agent-suspended')
    expect(await province.stored()).toBe(before)
  })

  it('when its lane would have more holes than anybody can fill', async () => {
    const { province, box } = await withBox()
    const holes = Array.from({ length: 1001 }, (_, index) => [2 * index + 2, 2 * index + 2])
    await province.take(box.readings(minutes(1, 1)))
    await province.rows(
      `UPDATE log_mark SET held = '${JSON.stringify([...holes.slice(0, 1000)])}' WHERE lane = 'reading'`,
    )
    const header = { from: 9001, to: 9001, prev: new Uint8Array(32) }
    const batch = box.seal(
      'reading',
      encodeSegments([{ boot: BOOT, clock: 'synchronised', readings: minutes(1, 1) }], () => 1000),
      1,
      header,
    )
    const before = await province.stored()
    expectProblem(await province.send(batch), 'too-many-requests')
    expect(await province.stored()).toBe(before)
  })
})

describe('two versions of one range', () => {
  async function equivocated() {
    const { province, box } = await withBox()
    const twin = box.clone()
    await province.take(box.readings(minutes(1, 10)))
    const before = await province.stored('log_aside', 'log_batch', 'log_mark', 'enrolment')
    const other = twin.readings(minutes(1, 10, undefined, 900))
    const answer = await province.send(other)
    return { province, box, twin, other, answer, before }
  }

  it('are answered with 409; the second is kept aside and never merged', async () => {
    const { province, other, answer, before } = await equivocated()
    expectProblem(answer, 'batch-equivocation')
    const aside = await province.rows<{ bytes: Uint8Array }>('SELECT bytes FROM log_aside')
    expect(aside.map((row) => toHex(row.bytes))).toEqual([toHex(other.bytes)])
    expect(await province.stored('log_aside', 'log_batch', 'log_mark', 'enrolment')).toBe(before)
  })

  it("suspend the key by a decision in the province's own log, which the farm's page shows", async () => {
    const { province, box, other } = await equivocated()
    expectProblem(await province.send(box.readings(minutes(1, 5))), 'agent-suspended')
    expectProblem(await province.send(other), 'agent-suspended')
    const decisions = await province.rows(
      `SELECT from_seq FROM log_batch WHERE agent = '${province.gateway.provinceAgent}'`,
    )
    // The farm, the enrolment, and one suspension, however often the other version comes.
    expect(decisions).toHaveLength(3)
    const farm = await farmDetail(province.gateway.db, EVERYTHING, FARM)
    expect(farm?.boxes).toMatchObject([{ agent: box.agent, isSuspended: true }])
    await province.gateway.rebuild()
    expect((await farmDetail(province.gateway.db, EVERYTHING, FARM))?.boxes[0]?.isSuspended).toBe(true)
  })

  it('are over for the box that a person claims again', async () => {
    const { province, box } = await equivocated()
    await province.enrol(box)
    const answer = await province.take(box.readings(minutes(1, 5)))
    expect(answer.lanes.reading.durableThrough).toBe(15)
    expect((await farmDetail(province.gateway.db, EVERYTHING, FARM))?.boxes[0]?.isSuspended).toBe(false)
  })
})

describe('every door', () => {
  it.each([
    [
      'JSON that is none',
      {
        method: 'POST',
        url: '/sync/v1/claim',
        headers: { 'content-type': 'application/json' },
        payload: '{"code":',
      },
      'input-invalid',
    ],
    [
      'a body longer than JSON needs',
      { method: 'POST', url: '/sync/v1/claim', payload: { code: 'A'.repeat(70_000) } },
      'batch-too-large',
    ],
    ['an address that is not there', { method: 'GET', url: '/sync/v1/nothing' }, 'not-found'],
    ['an address that is not one', { method: 'GET', url: '/%zz' }, 'input-invalid'],
    [
      'a prototype in JSON',
      {
        method: 'POST',
        url: '/sync/v1/session',
        headers: { 'content-type': 'application/json' },
        payload: '{"__proto__":{"agent":"x"}}',
      },
      'input-invalid',
    ],
    ['a question without a session', { method: 'GET', url: '/api/v1/farms' }, 'session-required'],
  ] as const)('answers %s with a problem', async (_, request, code) => {
    const { province } = await withBox()
    const before = await province.stored()
    expectProblem(await province.app.inject(request as never), code)
    expect(await province.stored()).toBe(before)
  })

  it('counts what came in and what was refused', async () => {
    const { province, box } = await withBox()
    await province.take(box.readings(minutes(1, 10)))
    await province.send({ bytes: new Uint8Array(3) })
    const metrics = (await province.app.inject({ url: '/metrics' })).body
    expect(metrics).toContain('vuon_gateway_batches_total{outcome="stored"} 1')
    expect(metrics).toContain('vuon_gateway_readings_total 10')
    expect(metrics).toContain('vuon_gateway_refusals_total{code="batch-malformed"} 1')
  })

  it('says whether the store takes writes, and asks it at most every five seconds', async () => {
    const province = await RunningGateway.open()
    const ready = async () => (await province.app.inject({ url: '/readyz' })).statusCode
    expect(await ready()).toBe(200)
    const other = new Database(join(province.gateway.config.dataDir, 'gateway.db'))
    onTestFinished(() => void other.close())
    other.exec('BEGIN IMMEDIATE')
    expect(await ready()).toBe(200)
    province.advance(5000)
    expect(await ready()).toBe(503)
    other.exec('ROLLBACK')
    province.advance(5000)
    expect(await ready()).toBe(200)
    expect((await province.app.inject({ url: '/healthz' })).statusCode).toBe(200)
  })
})
