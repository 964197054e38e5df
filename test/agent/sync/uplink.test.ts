import { describe, expect, it } from 'vitest'
import { toHex } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { openEnvelope } from '#contract/wire/batch.ts'
import { BatchSize } from '../../../agent/sync/batch-size.ts'
import type { LinkAnswer } from '../../../agent/sync/link.ts'
import {
  BATCH_EVERY_MS,
  Box,
  hours,
  html,
  json,
  minutes,
  onlyMeasured,
  Province,
  RETRY_LONGEST_MS,
  seconds,
} from './sync-room.ts'

async function open(options: { isUp?: boolean } = {}): Promise<{ province: Province; box: Box }> {
  const province = await Province.open()
  return { province, box: await Box.open(province, options) }
}

/** Everything acknowledged at the farm is at the province, once. */
async function expectComplete(province: Province, ...boxes: Box[]): Promise<void> {
  const expected = boxes.flatMap((box) => box.acked)
  expect(onlyMeasured(await province.names(boxes[0]!.agent))).toEqual(onlyMeasured(expected))
  expect(await province.charted(boxes[0]!.agent)).toBe(expected.filter((name) => name.startsWith('r')).length)
}

describe('the uplink over a good link', () => {
  it('brings everything once, and the box forgets the sealed bytes only then', async () => {
    const { province, box } = await open()
    await box.measure(100)
    await box.register()
    await box.clock.advance(minutes(3))
    await expectComplete(province, box)
    expect(await box.waiting('reading')).toBe(0)
    expect(await box.journal.sealedRanges('reading')).toEqual([])
    expect(box.uplink.state).toMatchObject({ phase: 'idle', failures: 0, lastError: null, resentBatches: 0 })
    expect(new Set(box.batchRequests.map(toHex)).size).toBe(box.batchRequests.length)
  })

  it('gathers readings for one batch a period', async () => {
    const { box } = await open()
    await box.liveFor(hours(1))
    expect(box.batchRequests.length).toBeLessThanOrEqual(hours(1) / BATCH_EVERY_MS + 3)
  })

  it('sends records before readings', async () => {
    const { province, box } = await open({ isUp: false })
    await box.measure(10)
    await box.register()
    await box.clock.advance(minutes(2))
    box.isUp = true
    await box.drained()
    expect((await province.held(box.agent)).map(({ lane }) => lane)).toEqual(['record', 'reading'])
  })

  it('sends the newest and the oldest readings of a backlog by turns', async () => {
    const { province, box } = await open({ isUp: false })
    for (let part = 0; part < 3; part++) await box.measure(24_000)
    await box.clock.advance(minutes(2))
    box.isUp = true
    await box.drained()
    const readings = (await province.held(box.agent)).filter(({ lane }) => lane === 'reading')
    const froms = readings.map(({ from }) => from)
    const bySeq = froms.toSorted((a, b) => a - b)
    expect(froms.slice(0, 3)).toEqual([bySeq.at(-1), bySeq[0], bySeq.at(-2)])
    await expectComplete(province, box)
  })

  it('sends an alarm of now after at most one batch of last week', async () => {
    const { province, box } = await open({ isUp: false })
    for (let part = 0; part < 4; part++) await box.measure(24_000)
    await box.clock.advance(minutes(2))
    box.isUp = true
    box.pretendLink.faults = { ...box.pretendLink.faults, delayMs: [2000, 2000] }
    for (let tries = 0; tries < 100 && (await province.held(box.agent)).length < 3; tries++)
      await box.clock.advance(seconds(4))
    const before = (await province.held(box.agent)).length
    expect(before).toBeLessThan(5)
    const name = await box.register()
    await box.drained()
    const held = await province.held(box.agent)
    expect(held.findIndex(({ names }) => names.includes(name)) - before).toBeLessThanOrEqual(1)
  })

  it('sends a record at once, long before the next round', async () => {
    const { province, box } = await open()
    await box.clock.advance(minutes(2))
    const name = await box.register()
    await box.clock.advance(seconds(2))
    expect(await province.names(box.agent)).toContain(name)
  })

  it('sends a reading that came just after the last batch within one period, not two', async () => {
    const { province, box } = await open()
    await box.measure(1)
    await box.clock.advance(BATCH_EVERY_MS + seconds(20))
    await box.measure(1)
    await box.clock.advance(BATCH_EVERY_MS + seconds(2))
    expect((await province.names(box.agent)).filter((name) => name.startsWith('r'))).toHaveLength(2)
  })

  it('keeps readings while the budget holds them back, lets alarms through, and cuts nothing into pieces', async () => {
    const { province, box } = await open()
    await box.clock.advance(minutes(2))
    box.heldBack = new Set(['reading', 'finding', 'photo'])
    await box.liveFor(hours(2))
    const alarm = await box.register()
    await box.clock.advance(seconds(2))
    const names = await province.names(box.agent)
    expect(names).toContain(alarm)
    expect(names.filter((name) => name.startsWith('r'))).toEqual([])
    expect(box.uplink.state).toMatchObject({ phase: 'idle', heldBack: { reason: 'day' } })
    box.heldBack = new Set()
    const before = box.batchRequests.length
    await box.clock.advance(minutes(2))
    expect(box.batchRequests.length - before).toBe(1)
    await expectComplete(province, box)
  })

  it('damps a storm of wakes to a few requests a second and leaves nothing out', async () => {
    const { province, box } = await open()
    await box.clock.advance(minutes(2))
    const before = box.requests.length
    for (let index = 0; index < 200; index++) {
      await box.register()
      await box.clock.advance(20)
    }
    await box.clock.advance(seconds(2))
    expect(box.requests.length - before).toBeLessThanOrEqual(6 * 4)
    await expectComplete(province, box)
  })

  it('cuts batches that would be too large for the gateway', async () => {
    const { province, box } = await open()
    const large = Array.from({ length: 40 }, (_, index) => ({
      kind: 'event' as const,
      signed: noise(30_000, index),
      signature: noise(64, index),
    }))
    const stored = box.journal.appendRecords(large)
    await box.clock.advance(0)
    await stored
    expect(await box.drained()).toBe(true)
    const held = (await province.held(box.agent)).filter(({ lane }) => lane === 'record')
    expect(held.flatMap(({ names }) => names.filter((name) => name === 'event'))).toHaveLength(40)
    expect(Math.max(...box.batchRequests.map((bytes) => bytes.length))).toBeLessThan(64 * 1024)
  })

  it('rests as long as the province asks in an answer', async () => {
    const { box } = await open()
    await box.clock.advance(minutes(2))
    box.interfere = (request) =>
      request.path === '/sync/v1/batches'
        ? box.pretendLink.request(request).then((answer) => ({
            ...answer,
            body: new TextEncoder().encode(
              JSON.stringify({
                ...JSON.parse(new TextDecoder().decode(answer.body)),
                retryAfterMs: minutes(10),
              }),
            ),
          }))
        : undefined
    await box.register()
    await box.clock.advance(seconds(5))
    const before = box.requests.length
    await box.register()
    await box.clock.advance(minutes(9))
    expect(box.requests.length).toBe(before)
    await box.clock.advance(minutes(4))
    expect(box.requests.length).toBeGreaterThan(before)
  })

  it('stops at once while a request hangs', async () => {
    const { box } = await open()
    box.interfere = () => new Promise(() => {})
    await box.register()
    await box.clock.advance(seconds(2))
    await box.uplink.stop()
    expect(box.uplink.state.phase).toBe('stopped')
    box.interfere = () => undefined
    box.startUplink()
    expect(await box.drained()).toBe(true)
  })
})

describe('the uplink over a bad link', () => {
  it('sends the same bytes again when the answer was lost, and they count once', async () => {
    const { province, box } = await open()
    await box.clock.advance(minutes(2))
    let lost = 3
    box.interfere = (request) => {
      if (request.path !== '/sync/v1/batches' || lost-- <= 0) return undefined
      return province.handle(request).then(() => {
        throw new VuonError('link-down', 'the answer was lost')
      })
    }
    await box.measure(50)
    const before = box.batchRequests.length
    await box.clock.advance(minutes(5))
    const sent = box.batchRequests.slice(before).map(toHex)
    expect(sent.length).toBeGreaterThanOrEqual(4)
    expect(new Set(sent.slice(0, 4)).size).toBe(1)
    await expectComplete(province, box)
  })

  it('sends again what the gateway says it lacks', async () => {
    const { province, box } = await open({ isUp: false })
    for (let part = 0; part < 3; part++) await box.measure(4000)
    await box.clock.advance(minutes(2))
    box.isUp = true
    // Nothing comes after it whose answer would tell: the box has to ask by itself.
    let isFirst = true
    box.interfere = (request) => {
      // A middle box answers 200 from somewhere with the marks of another moment, the gateway never saw the batch.
      if (
        request.path !== '/sync/v1/batches' ||
        openEnvelope(request.body!).header.lane !== 'reading' ||
        !isFirst
      )
        return undefined
      isFirst = false
      const { epoch, from, to } = openEnvelope(request.body!).header
      const marks = { durableThrough: 0, held: [] as number[][], missing: [] as number[][] }
      const lanes = { record: marks, finding: marks, reading: { ...marks, held: [[from, to]] } }
      return json(200, { epoch, lanes })
    }
    expect(await box.drained()).toBe(true)
    expect(box.uplink.state.resentBatches).toBe(1)
    await expectComplete(province, box)
  })

  it('knocks with growing, uneven waits during an outage, whoever wakes it, and does not cut it into pieces', async () => {
    const { province, box } = await open()
    await box.clock.advance(minutes(2))
    box.isUp = false
    const before = box.requests.length
    for (let minute = 0; minute < 360; minute++) {
      await box.measure(1)
      if (minute % 10 === 0) await box.register()
      for (let index = 0; index < 5; index++) box.uplink.wake()
      await box.clock.advance(minutes(1))
    }
    const knocks = box.requests.slice(before).map(({ atMs }) => atMs)
    // 6 h at 150 s on average, and the first few minutes of doubling.
    expect(knocks.length).toBeLessThan(6 * 30 + 15)
    expect(knocks.length).toBeGreaterThan(6 * 12)
    const waits = knocks.slice(12).map((at, index, all) => at - (all[index - 1] ?? at))
    expect(new Set(waits).size).toBeGreaterThan(waits.length / 2)
    expect(Math.max(...waits)).toBeLessThanOrEqual(RETRY_LONGEST_MS + seconds(5))
    expect(box.uplink.state).toMatchObject({ phase: 'waiting', lastError: { code: 'link-down' } })
    const batchesBefore = (await province.held(box.agent)).length
    box.isUp = true
    expect(await box.drained()).toBe(true)
    expect((await province.held(box.agent)).length - batchesBefore).toBeLessThanOrEqual(5)
    await expectComplete(province, box)
  })

  it('starts without a link and finds its place when there is one', async () => {
    const { province, box } = await open({ isUp: false })
    await box.measure(5)
    await box.restart()
    await box.measure(5)
    await box.clock.advance(hours(1))
    await box.cutPower()
    await box.measure(5)
    box.isUp = true
    expect(await box.drained()).toBe(true)
    await expectComplete(province, box)
  })

  it('seals whole batches without a link, so that the quota can take their rows and nothing is lost', async () => {
    const { province, box } = await open()
    await box.clock.advance(minutes(2))
    box.isUp = false
    for (let part = 0; part < 2; part++) {
      await box.measure(24_000)
      await box.clock.advance(minutes(10))
    }
    await box.measure(100)
    expect((await box.journal.makeRoom(0, { mayLose: false })).evicted).toBeGreaterThanOrEqual(24_000)
    box.isUp = true
    expect(await box.drained()).toBe(true)
    await expectComplete(province, box)
  })

  it.each<[string, LinkAnswer, string]>([
    ['a sign-in page with status 200', html(200), 'link-refused'],
    ['a redirect', html(302, { location: 'http://wifi.example/' }), 'link-refused'],
    ['a sign-in page with status 403', html(403), 'link-refused'],
    ['a sign-in page with status 401', html(401), 'link-refused'],
    ['a proxy that says 409', html(409), 'link-refused'],
    ['a network that wants a sign-in (511)', html(511), 'link-down'],
    ['a broken gateway (500)', html(500), 'link-down'],
    ['a gateway that is not there (502)', html(502), 'link-down'],
    ['JSON of something else', json(200, { ok: true }), 'link-refused'],
    ['an empty body', { status: 200, headers: {}, body: new Uint8Array() }, 'link-refused'],
    ['no text at all', { status: 200, headers: {}, body: new Uint8Array([0xff, 0xfe, 0]) }, 'link-refused'],
    ['a problem with a code of tomorrow', json(418, { type: 'urn:vuon:error:teapot' }), 'link-refused'],
  ])('takes %s for what it is: nothing is believed, nothing lost', async (_, answer, code) => {
    const { province, box } = await open()
    await box.clock.advance(minutes(2))
    box.interfere = () => answer
    await box.measure(10)
    await box.register()
    const before = box.requests.length
    await box.clock.advance(hours(1))
    expect(box.uplink.state).toMatchObject({ phase: 'waiting', lastError: { code } })
    expect(box.requests.length - before).toBeLessThan(45)
    expect(box.equivocations).toBe(0)
    // The same at the next start, when it asks where the province stands.
    await box.restart()
    await box.clock.advance(minutes(10))
    expect(box.uplink.state).toMatchObject({ phase: 'waiting', lastError: { code } })
    box.interfere = () => undefined
    expect(await box.drained()).toBe(true)
    await expectComplete(province, box)
  })

  it.each([
    ['seconds', { 'retry-after': '1200' }],
    ['a date', { 'retry-after': 'Mon, 23 Nov 2026 08:20:00 GMT', date: 'Mon, 23 Nov 2026 08:00:00 GMT' }],
  ])('honours Retry-After as %s, also when it was woken', async (_, headers) => {
    const { box } = await open()
    await box.clock.advance(minutes(2))
    box.interfere = () => json(429, { type: 'urn:vuon:error:too-many-requests' }, headers)
    await box.register()
    await box.clock.advance(seconds(5))
    const before = box.requests.length
    for (let minute = 0; minute < 19; minute++) {
      box.uplink.wake()
      await box.clock.advance(minutes(1))
    }
    expect(box.requests.length).toBe(before)
    box.interfere = () => undefined
    await box.clock.advance(minutes(8))
    expect(await box.waiting('record')).toBe(0)
  })

  it('is not put to sleep for a year by a Retry-After', async () => {
    const { box } = await open()
    await box.clock.advance(minutes(2))
    box.interfere = () => json(503, {}, { 'retry-after': '31536000' })
    await box.register()
    await box.clock.advance(seconds(5))
    box.interfere = () => undefined
    await box.clock.advance(hours(1.5))
    expect(await box.waiting('record')).toBe(0)
  })

  it('does not hammer a gateway that is friendly and stores nothing', async () => {
    const { province, box } = await open()
    await box.clock.advance(minutes(2))
    const { epoch } = box.journal
    const none = { durableThrough: 0, held: [], missing: [] }
    box.interfere = (request) =>
      request.path === '/sync/v1/batches'
        ? json(200, { epoch, lanes: { record: none, finding: none, reading: none } })
        : undefined
    await box.measure(10)
    const before = box.requests.length
    await box.clock.advance(hours(1))
    expect(box.requests.length - before).toBeLessThan(45)
    box.interfere = () => undefined
    expect(await box.drained()).toBe(true)
    await expectComplete(province, box)
  })

  it('goes on with the rest when the gateway takes one batch for none', async () => {
    const { province, box } = await open()
    await box.clock.advance(minutes(2))
    const stuck = await box.register()
    box.interfere = (request) => {
      if (request.path !== '/sync/v1/batches') return undefined
      const { lane, from } = openEnvelope(request.body!).header
      return lane === 'record' && from === 2
        ? json(400, { type: 'urn:vuon:error:batch-malformed', detail: 'x' })
        : undefined
    }
    await box.clock.advance(minutes(1))
    await box.measure(20)
    const later = await box.register()
    await box.clock.advance(minutes(30))
    const names = await province.names(box.agent)
    expect(names).toContain(later)
    expect(names).not.toContain(stuck)
    expect(names.filter((name) => name.startsWith('r'))).toHaveLength(20)
    box.interfere = () => undefined
    expect(await box.drained()).toBe(true)
    await expectComplete(province, box)
  })

  it('comes back after a gateway that was away, with what it has in the meantime', async () => {
    const { province, box } = await open()
    await box.liveFor(minutes(5))
    await province.restart()
    await box.liveFor(minutes(5))
    expect(await box.drained()).toBe(true)
    await expectComplete(province, box)
  })
})

describe('the size of batches', () => {
  it('shrinks after a cut and grows after quick large ones, within bounds', () => {
    const size = new BatchSize()
    const first = size.targetBytes
    size.cut()
    expect(size.targetBytes).toBe(first / 2)
    // An outage is one cut, however often it is knocked at.
    for (let knock = 0; knock < 1000; knock++) size.cut()
    expect(size.targetBytes).toBe(first / 2)
    for (let times = 0; times < 20; times++) size.delivered(200, 100)
    expect(size.targetBytes).toBe(first / 2)
    for (let times = 0; times < 20; times++) size.delivered(size.targetBytes, 500)
    expect(size.targetBytes).toBe(32 * 1024)
    for (let times = 0; times < 20; times++) size.delivered(size.targetBytes, 20_000)
    expect(size.targetBytes).toBe(4 * 1024)
  })

  it('follows what an entry of the lane turned out to take', () => {
    const size = new BatchSize()
    for (let times = 0; times < 20; times++) size.sealed('record', 10, 10 * 4000)
    expect(size.atMost('record')).toBeLessThanOrEqual(5)
    for (let times = 0; times < 20; times++) size.sealed('reading', 1000, 4000)
    expect(size.atMost('reading')).toBeLessThan(4300)
  })
})

describe('the uplink of a card that is not the only one', () => {
  it('begins a new epoch on a card restored from an older image, and counts nothing twice', async () => {
    const { province, box } = await open()
    await box.liveFor(minutes(10))
    const restored = await box.copyCard()
    await box.liveFor(minutes(10))
    expect(await box.drained()).toBe(true)
    await box.stop()
    restored.isUp = false
    await restored.start()
    await restored.liveFor(minutes(10))
    await restored.register()
    await restored.restart()
    await restored.liveFor(minutes(5))
    const old = restored.journal.epoch
    restored.isUp = true
    expect(await restored.drained()).toBe(true)
    expect(restored.journal.epoch).not.toBe(old)
    expect(restored.equivocations).toBe(0)
    await expectComplete(province, box, restored)
  })

  it('is suspended when two boxes write under one epoch, keeps collecting, and goes on in a new one after a claim', async () => {
    const { province, box } = await open()
    await box.liveFor(minutes(10))
    expect(await box.drained()).toBe(true)
    const clone = await box.copyCard()
    const old = box.journal.epoch
    await clone.start()
    await clone.clock.advance(minutes(1))
    // Both are online: whoever sends a seq first owns it.
    await box.measure(3)
    await box.clock.advance(minutes(2))
    await clone.measure(3)
    await clone.clock.advance(minutes(2))
    await box.measure(2)
    await box.clock.advance(minutes(30))
    const suspended = [box, clone].filter(({ uplink }) => uplink.state.phase === 'suspended')
    expect(suspended.length).toBeGreaterThan(0)
    for (const each of suspended) expect(each.equivocations).toBe(1)
    const requests = clone.requests.length
    await clone.liveFor(hours(1))
    expect(clone.requests.length - requests).toBeLessThan(30)
    expect(clone.uplink.state).toMatchObject({ phase: 'suspended', lastError: { code: 'agent-suspended' } })
    expect((await clone.journal.state()).lanes.reading.lastSeq).toBeGreaterThanOrEqual(60)

    await box.stop()
    await clone.clock.advance(seconds(1))
    await province.claim(clone.key)
    expect(await clone.drained()).toBe(true)
    expect(clone.journal.epoch).not.toBe(old)
    await clone.liveFor(minutes(5))
    expect(await clone.drained()).toBe(true)
    // What was refused is named as lost, what was measured after it is there, nothing is there twice.
    const names = onlyMeasured(await province.names(box.agent))
    expect(new Set(names).size).toBe(names.length)
    const held = new Set(names)
    expect(clone.acked.slice(3).filter((name) => !held.has(name))).toEqual([])
    expect(await province.charted(box.agent)).toBe(names.length)
  })

  it('comes out of a dispute after a claim also when the program started in between', async () => {
    const { province, box } = await open()
    await box.liveFor(minutes(3))
    await box.drained()
    const clone = await box.copyCard()
    await box.measure(3)
    await box.clock.advance(minutes(2))
    await box.stop()
    // Its own three, under the same seqs: the clone never asked where the province stands before it measured.
    clone.interfere = (request) =>
      request.path.startsWith('/sync/v1/cursor')
        ? json(200, {
            epoch: clone.journal.epoch,
            lanes: { record: none(1), finding: none(0), reading: none(3) },
          })
        : undefined
    await clone.start()
    await clone.measure(3)
    await clone.clock.advance(minutes(3))
    clone.interfere = () => undefined
    expect(clone.uplink.state).toMatchObject({
      phase: 'suspended',
      lastError: { code: 'batch-equivocation' },
    })
    await clone.restart()
    await clone.clock.advance(minutes(1))
    expect(clone.uplink.state).toMatchObject({ phase: 'suspended', lastError: { code: 'agent-suspended' } })
    await province.claim(clone.key)
    await clone.measure(4)
    expect(await clone.drained()).toBe(true)
    await clone.register()
    expect(await clone.drained()).toBe(true)
    const names = await province.names(clone.agent)
    // The three of the dispute are named as lost; what came after them is there.
    expect(names).toEqual(expect.arrayContaining([...clone.acked.slice(3), 'loss']))
    expect(clone.acked.slice(0, 3).filter((name) => names.includes(name))).toEqual([])
  })

  it('says that its key is unknown, asks seldom, and goes on when it is enrolled', async () => {
    const province = await Province.open()
    const box = new Box(province, 9)
    box.agent = (await Box.open(province)).agent
    await box.start()
    await box.measure(5)
    await box.clock.advance(hours(1))
    expect(box.uplink.state).toMatchObject({ phase: 'refused', lastError: { code: 'signature-wrong' } })
    expect(box.requests.length).toBeLessThan(2 * 15)
    expect(box.equivocations).toBe(0)
    await box.stop()
  })
})

describe('the uplink of a journal with holes', () => {
  it('fills the seqs that damage took, and the marks move past them', async () => {
    const { province, box } = await open({ isUp: false })
    for (let index = 0; index < 100; index++) await box.measure(1)
    await box.stop()
    const { default: Database } = await import('better-sqlite3')
    const db = new Database(box.path)
    // The first 64 commits had to leave the ring of slots; of those that are in it the 80th, 99th and 100th go.
    db.exec('DELETE FROM block; DELETE FROM slot WHERE no IN (80 - 64, 99 - 64, 100 - 64)')
    db.close()
    box.isUp = true
    await box.start()
    await box.measure(5)
    expect(await box.drained()).toBe(true)
    const readings = (await province.held(box.agent)).filter(({ lane }) => lane === 'reading')
    expect(
      readings
        .filter(({ form }) => form === 'loss-1')
        .map(({ from, to }) => [from, to])
        .sort(),
    ).toEqual(
      [
        [1, 64],
        [80, 80],
        [99, 100],
      ].sort(),
    )
    expect(await province.charted(box.agent)).toBe(100 - 67 + 5)
  })
})

const none = (durableThrough: number) => ({ durableThrough, held: [], missing: [] })

/** Bytes that no compression makes smaller. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed + 1
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 16
  })
}
