import { describe, expect, it } from 'vitest'
import { VuonError } from '#contract/ground/errors.ts'
import { openEnvelope } from '#contract/wire/batch.ts'
import { backlogOn, expectComplete, type SharedLine } from './shared-line.ts'
import { json, minutes, seconds } from './sync-room.ts'

const readingsOf = ({ batches }: SharedLine) => batches.filter(({ lane }) => lane === 'reading')

describe('the window of a backlog', () => {
  it('sends the next body when the last one is through, not when its answer is here', async () => {
    const { province, box, line } = await backlogOn()
    line.faults = { ...line.faults, isUp: true, latencyMs: 400 }
    expect(await box.drained()).toBe(true)
    expect(line.most).toMatchObject({ reading: 2, record: 1 })
    const there = readingsOf(line).map(({ thereMs }) => thereMs)
    const waits = there.slice(1).map((atMs, index) => atMs - (there[index] as number))
    // The first three open the connections and measure the line; then body comes after body: 8 KiB are a second.
    const bytes = box.batchRequests.map((body) => body.length).filter((length) => length > 2048)
    const longestMs = (Math.max(...bytes) / line.faults.bytesPerSecond) * 1000
    for (const waitMs of waits.slice(3)) expect(waitMs).toBeLessThan(longestMs + 200)
    await expectComplete(province, box)
    expect(box.uplink.state.resentBatches).toBe(0)
  })

  it('has an alarm wait for one body on the line, also on the slowest line and with two on their way', async () => {
    const { province, box, line } = await backlogOn()
    line.faults = { ...line.faults, isUp: true, bytesPerSecond: 1200, latencyMs: 300 }
    while (readingsOf(line).filter(({ thereMs }) => thereMs > 0).length < 2) await box.clock.advance(500)
    for (let alarms = 0; alarms < 8; alarms++) {
      const saidMs = box.clock.monotonicMs()
      await box.register()
      const isThere = () => line.batches.some(({ lane, thereMs }) => lane === 'record' && thereMs >= saidMs)
      while (!isThere()) await box.clock.advance(100)
      const longest = Math.max(...box.batchRequests.map((body) => body.length))
      const bodyMs = (longest / line.faults.bytesPerSecond) * 1000
      // To gather, for what is on the line, for an answer that is awaited, and for its own half of a kilobyte.
      expect(box.clock.monotonicMs() - saidMs).toBeLessThan(bodyMs + 250 + 1700 + 1000)
      await box.clock.advance(700)
    }
    expect(line.most.record).toBe(1)
    expect(await box.drained()).toBe(true)
    await expectComplete(province, box)
  })

  it('stays shut for what is no backlog: a second connection costs more than it saves', async () => {
    const { box, line } = await backlogOn({ readings: 10 })
    line.faults.isUp = true
    await box.liveFor(minutes(30))
    expect(line.most.all).toBe(1)
    expect(box.requests.filter(({ path }) => path === '/sync/v1/time')).toEqual([])
  })

  it('takes a record past an answer that never comes, without a backlog too', async () => {
    const { province, box, line } = await backlogOn({ readings: 10 })
    line.faults.isUp = true
    await box.clock.advance(minutes(2))
    let isHanging = false
    box.interfere = (request) => {
      if (request.path !== '/sync/v1/batches') return line.request(request)
      const isReading = openEnvelope(request.body as Uint8Array).header.lane === 'reading'
      isHanging ||= isReading
      return isReading ? new Promise(() => {}) : line.request(request)
    }
    await box.measure(3)
    while (!isHanging) await box.clock.advance(seconds(1))
    const name = await box.register()
    await box.clock.advance(seconds(15))
    expect(await province.names(box.agent)).toContain(name)
  })

  it('sends nothing more after a 429, takes up what is on its way, and rests as long as it was asked to', async () => {
    const { province, box, line } = await backlogOn()
    line.faults.isUp = true
    let refused = 0
    box.interfere = async (request) => {
      const answer = await line.request(request)
      if (refused > 0 || line.most.reading < 2 || request.path !== '/sync/v1/batches') return answer
      refused++
      return json(429, { type: 'urn:vuon:error:too-many-requests' }, { 'retry-after': '600' })
    }
    while (refused === 0) await box.clock.advance(100)
    await box.clock.advance(seconds(10))
    const before = box.requests.length
    const marks = await province.held(box.agent)
    expect(box.uplink.state).toMatchObject({ phase: 'waiting', failures: 1 })
    for (let minute = 0; minute < 9; minute++) {
      box.uplink.wake()
      await box.clock.advance(minutes(1))
    }
    expect(box.requests.length).toBe(before)
    expect((await province.held(box.agent)).length).toBe(marks.length)
    expect(await box.drained()).toBe(true)
    await expectComplete(province, box)
  })

  it('sends no other body when the budget ends with the first', async () => {
    const { box, line } = await backlogOn()
    line.faults.isUp = true
    while (line.most.reading < 2) await box.clock.advance(100)
    box.heldBack = new Set(['reading'])
    const before = readingsOf(line).length
    await box.clock.advance(minutes(5))
    expect(readingsOf(line).length).toBe(before)
    expect(box.uplink.state.phase).toBe('idle')
    box.heldBack = new Set()
    expect(await box.drained()).toBe(true)
  })

  it('does without a second connection where there is none to be had, and does not ask for it over and over', async () => {
    const { province, box, line } = await backlogOn()
    line.faults.isUp = true
    box.interfere = (request) =>
      request.path.startsWith('/sync/v1/time')
        ? Promise.reject(new VuonError('link-down', 'no more connections'))
        : line.request(request)
    expect(await box.drained()).toBe(true)
    expect(line.most.reading).toBe(1)
    const asked = box.requests.filter(({ path }) => path === '/sync/v1/time').length
    expect(asked).toBeGreaterThan(0)
    expect(asked).toBeLessThanOrEqual(line.batches.length + 1)
    await expectComplete(province, box)
  })

  it('is not left alone for longer and longer by a line that breaks after each batch', async () => {
    const { province, box, line } = await backlogOn()
    line.faults.isUp = true
    let breaks = 0
    let mostFailures = 0
    box.interfere = async (request) => {
      // The first of them are of the outage.
      if (breaks > 0) mostFailures = Math.max(mostFailures, box.uplink.state.failures)
      const answer = await line.request(request)
      if (request.path !== '/sync/v1/batches') return answer
      breaks++
      line.faults.isUp = false
      box.clock.after(2500, () => {
        line.faults.isUp = true
      })
      return answer
    }
    while (breaks === 0) await box.clock.advance(seconds(1))
    mostFailures = 0
    expect(await box.drained()).toBe(true)
    expect(breaks).toBeGreaterThanOrEqual(5)
    expect(mostFailures).toBeGreaterThan(0)
    expect(mostFailures).toBeLessThanOrEqual(3)
    await expectComplete(province, box)
  })

  it('sends nothing twice because the answer to the second came before that to the first', async () => {
    const { province, box, line } = await backlogOn()
    line.faults.isUp = true
    const answered: number[] = []
    const given: number[] = []
    box.interfere = async (request) => {
      const answer = await line.request(request)
      if (request.path !== '/sync/v1/batches' || line.most.reading < 2) return answer
      const { from } = openEnvelope(request.body as Uint8Array).header
      given.push(from)
      // Every other answer is held by somebody in between until the next one is there.
      if (given.length % 2 === 1) await new Promise<void>((resolve) => box.clock.after(3000, resolve))
      answered.push(from)
      return answer
    }
    expect(await box.drained()).toBe(true)
    expect(answered).not.toEqual(given)
    expect(answered.toSorted()).toEqual(given.toSorted())
    expect(box.uplink.state).toMatchObject({ resentBatches: 0, failures: 0, lastError: null })
    await expectComplete(province, box)
  })
})
