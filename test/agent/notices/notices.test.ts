import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StandingAlarm } from '../../../agent/notices/notices.ts'
import { isQuiet } from '../../../agent/notices/quiet-hours.ts'
import { topicPart } from '../../../agent/notices/topic-part.ts'
import { alarm, desk, FAILED, HOUR, Listener, MINUTE, NOON } from './notice-room.ts'

describe('of an alarm', () => {
  test('each channel hears once that it was raised and once that it was cleared', async () => {
    const [one, other] = [new Listener('one'), new Listener('other')]
    const { notices, pass } = desk([one, other])
    notices.alarmsAre([alarm()])
    await pass(10 * MINUTE)
    notices.alarmsAre([])
    await pass(10 * MINUTE)
    for (const listener of [one, other])
      expect(listener.told).toEqual(['raised Nóng warning', 'cleared Nóng warning'])
    expect(new Set([...one.attempts, ...other.attempts].map(({ key }) => key)).size).toBe(4)
  })

  test('a channel does not hear that matters less than it wants', async () => {
    const listener = new Listener('grave')
    const { notices, pass } = desk([{ channel: listener, atLeast: 'critical' }])
    notices.alarmsAre([alarm(), alarm({ alarmId: 'a2', name: 'Khô', severity: 'critical' })])
    await pass(MINUTE)
    notices.alarmsAre([])
    await pass(MINUTE)
    expect(listener.told).toEqual(['raised Khô critical', 'cleared Khô critical'])
  })

  test('an acknowledgement is told once, to those who knew of it', async () => {
    const [one, late] = [new Listener('one'), new Listener('late')]
    const { notices, pass } = desk([one, { channel: late, afterMs: 30 * MINUTE }])
    notices.alarmsAre([alarm()])
    await pass(5 * MINUTE)
    notices.alarmsAre([alarm({ acknowledged: { at: NOON + 5 * MINUTE } })])
    await pass(2 * HOUR)
    notices.alarmsAre([])
    await pass(MINUTE)
    expect(one.told).toEqual(['raised Nóng warning', 'acknowledged Nóng warning', 'cleared Nóng warning'])
    expect(late.told).toEqual([])
  })
})

describe('quiet hours', () => {
  test('over midnight hold what is not critical until they end', async () => {
    const listener = new Listener('one')
    const { notices, pass, clock } = desk([listener], { quietHours: ['21:00-05:00'] })
    await pass(10 * HOUR)
    notices.alarmsAre([alarm({ raisedAt: clock.wallMs() })])
    await pass(MINUTE)
    expect(listener.told).toEqual([])
    const grave = alarm({ alarmId: 'a2', name: 'Bơm', severity: 'critical', raisedAt: clock.wallMs() })
    notices.alarmsAre([alarm(), grave])
    await pass(MINUTE)
    expect(listener.told).toEqual(['raised Bơm critical'])
    await pass(7 * HOUR)
    expect(listener.told).toEqual(['raised Bơm critical', 'raised Nóng warning'])
    // 22:00 + 7 h: at the first tick after five.
    expect((clock.wallMs() + 7 * HOUR) % (24 * HOUR)).toBeLessThan(5 * HOUR + 5 * MINUTE)
  })

  test('hold nothing back on a channel that does not keep them, or while nobody knows the time', async () => {
    const [topic, hook] = [new Listener('topic'), new Listener('hook')]
    const night = { quietHours: ['00:00-24:00'] }
    const kept = desk([{ channel: topic, keepsQuiet: false }], night)
    kept.notices.alarmsAre([alarm()])
    const timeless = desk([hook], { ...night, minuteOfDay: () => null })
    timeless.notices.alarmsAre([alarm()])
    await Promise.all([kept.pass(MINUTE), timeless.pass(MINUTE)])
    expect([topic.told.length, hook.told.length]).toEqual([1, 1])
  })

  test.each([
    ['21:00-05:00', 20 * 60 + 59, false],
    ['21:00-05:00', 21 * 60, true],
    ['21:00-05:00', 0, true],
    ['21:00-05:00', 299, true],
    ['21:00-05:00', 300, false],
    ['12:00-13:30', 13 * 60 + 29, true],
    ['12:00-13:30', 13 * 60 + 30, false],
    ['18:00-24:00', 1439, true],
    ['18:00-24:00', 0, false],
  ])('%s at minute %i: %s', (stretch, minute, isHeld) => {
    expect(isQuiet([stretch], minute)).toBe(isHeld)
  })
})

describe('escalation', () => {
  test('of what nobody acknowledges: first to the next channel, then as more severe', async () => {
    const [first, boss] = [new Listener('first'), new Listener('boss')]
    const { notices, pass } = desk([first, { channel: boss, afterMs: 30 * MINUTE }], {
      escalateAfterMs: HOUR,
    })
    notices.alarmsAre([alarm()])
    await pass(29 * MINUTE)
    expect(boss.told).toEqual([])
    await pass(2 * MINUTE)
    expect(boss.told).toEqual(['raised Nóng warning'])
    await pass(3 * HOUR)
    for (const { told } of [first, boss])
      expect(told).toEqual(['raised Nóng warning', 'escalated Nóng critical'])
  })

  test('ends with the acknowledgement', async () => {
    const listener = new Listener('one')
    const { notices, pass } = desk([listener], { escalateAfterMs: HOUR })
    notices.alarmsAre([alarm()])
    await pass(30 * MINUTE)
    notices.alarmsAre([alarm({ acknowledged: { at: NOON + 30 * MINUTE } })])
    await pass(5 * HOUR)
    expect(listener.told).toEqual(['raised Nóng warning', 'acknowledged Nóng warning'])
  })

  test('brings it to a channel that wanted only critical ones, and wakes people in quiet hours', async () => {
    const grave = new Listener('grave')
    const { notices, pass } = desk([{ channel: grave, atLeast: 'critical' }], {
      escalateAfterMs: HOUR,
      quietHours: ['00:00-24:00'],
    })
    notices.alarmsAre([alarm()])
    await pass(2 * HOUR)
    expect(grave.told).toEqual(['raised Nóng critical'])
  })
})

describe('a channel that fails', () => {
  test('is tried again with growing waits, and what comes later keeps its place', async () => {
    const listener = new Listener('one')
    listener.answers.push(...Array.from({ length: 5 }, () => FAILED))
    const { notices, pass, faults } = desk([listener])
    notices.alarmsAre([alarm()])
    await pass(MINUTE)
    const early = listener.attempts.length
    notices.alarmsAre([])
    await pass(HOUR)
    expect(early).toBeLessThan(6)
    expect(listener.told).toEqual([...Array(6).fill('raised Nóng warning'), 'cleared Nóng warning'])
    expect(new Set(listener.attempts.slice(0, 6).map((each) => JSON.stringify(each))).size).toBe(1)
    expect(faults.filter((fault) => fault.startsWith('one notice-not-delivered'))).toHaveLength(5)
    expect(notices.states()[0]).toMatchObject({ delivered: 2, waiting: 0, failures: 0, lastError: null })
  })

  test('does not hold up the others', async () => {
    const [dead, alive] = [new Listener('dead'), new Listener('alive')]
    dead.answers.push(...Array.from({ length: 1000 }, () => FAILED))
    const { notices, pass } = desk([dead, alive])
    for (let day = 0; day < 20; day++) {
      notices.alarmsAre([alarm({ alarmId: `a${day}` })])
      await pass(MINUTE)
    }
    expect(alive.attempts).toHaveLength(39)
    expect(notices.states()[0]).toMatchObject({ delivered: 0, waiting: 39 })
  })

  test('that names a wait is not asked before it is over', async () => {
    const listener = new Listener('one')
    listener.answers.push({ kind: 'failed', detail: 'HTTP 429', retryAfterMs: 20 * MINUTE })
    const { notices, pass } = desk([listener])
    notices.alarmsAre([alarm()])
    await pass(19 * MINUTE)
    expect(listener.attempts).toHaveLength(1)
    await pass(8 * MINUTE)
    expect(listener.attempts).toHaveLength(2)
  })

  test('for ever keeps two hundred, drops the oldest that is not critical, and says how many', async () => {
    const dead = new Listener('dead')
    dead.answers.push(...Array.from({ length: 1000 }, () => FAILED))
    const { notices, pass, faults } = desk([dead])
    const grave = alarm({ alarmId: 'grave', severity: 'critical' })
    notices.alarmsAre([grave])
    for (let number = 0; number < 300; number++) notices.alarmsAre([grave, alarm({ alarmId: `a${number}` })])
    await pass(MINUTE)
    const [state] = notices.states()
    expect(state).toMatchObject({ waiting: 200, dropped: 400 })
    expect(faults.filter((fault) => fault.includes('notices-dropped'))).toHaveLength(400)
    expect(dead.attempts.at(-1)?.alarm.alarmId).toBe('grave')
  })

  test('that refuses one for good gets the next', async () => {
    const listener = new Listener('one')
    listener.answers.push({ kind: 'refused', detail: 'HTTP 422' })
    const { notices, pass } = desk([listener])
    notices.alarmsAre([alarm(), alarm({ alarmId: 'a2', name: 'Khô' })])
    await pass(MINUTE)
    expect(listener.told).toEqual(['raised Nóng warning', 'raised Khô warning'])
    expect(notices.states()[0]).toMatchObject({ delivered: 1, dropped: 1 })
  })
})

describe('after a restart', () => {
  test('nothing that was delivered is told again, and what waited goes on', async () => {
    const listener = new Listener('one')
    const before = desk([listener])
    before.notices.alarmsAre([alarm()])
    await before.pass(MINUTE)
    listener.answers.push(FAILED)
    const second = alarm({ alarmId: 'a2', name: 'Khô' })
    before.notices.alarmsAre([alarm(), second])
    await before.pass(1000)
    expect(listener.told).toEqual(['raised Nóng warning', 'raised Khô warning'])
    // No stop: the power went.
    const again = new Listener('one')
    const after = desk([again], { folder: before.folder })
    after.notices.alarmsAre([alarm(), second])
    await after.pass(MINUTE)
    after.notices.alarmsAre([])
    await after.pass(MINUTE)
    expect(again.told).toEqual(['raised Khô warning', 'cleared Nóng warning', 'cleared Khô warning'])
    expect(again.attempts[0]?.key).toBe(listener.attempts[1]?.key)
  })

  test('what was raised and cleared around a power cut is told, though nobody was told before', async () => {
    const listener = new Listener('one')
    const before = desk([listener])
    before.notices.alarmsAre([alarm()])
    await before.pass(MINUTE)
    const after = desk([listener], { folder: before.folder })
    after.notices.alarmsAre([])
    await after.pass(MINUTE)
    expect(listener.told).toEqual(['raised Nóng warning', 'cleared Nóng warning'])
  })

  test('a damaged file is set aside and told, and open alarms are told once more', async () => {
    const listener = new Listener('one')
    const before = desk([listener])
    writeFileSync(join(before.folder, 'notices.json'), '{"version":1,"told":')
    const after = desk([listener], { folder: before.folder })
    expect(after.faults).toEqual([expect.stringContaining('notices-damaged')])
    after.notices.alarmsAre([alarm()])
    await after.pass(MINUTE)
    expect(listener.told).toEqual(['raised Nóng warning'])
  })

  test('a channel that left the config is forgotten, and what waited for it is counted', async () => {
    const listener = new Listener('old')
    listener.answers.push(FAILED)
    const before = desk([listener])
    before.notices.alarmsAre([alarm()])
    await before.pass(1000)
    const fresh = new Listener('new')
    const after = desk([fresh], { folder: before.folder })
    after.notices.alarmsAre([alarm()])
    await after.pass(MINUTE)
    expect(after.faults).toEqual([expect.stringContaining('old notices-dropped')])
    expect(fresh.told).toEqual(['raised Nóng warning'])
  })
})

test('an alarm is a few writings of the file, and time that passes is none', async () => {
  const listener = new Listener('one')
  const { notices, pass, folder } = desk([listener])
  const file = join(folder, 'notices.json')
  notices.alarmsAre([alarm()])
  await pass(MINUTE)
  const { ino } = statSync(file)
  await pass(5 * HOUR)
  // Each writing is a new file.
  expect(statSync(file).ino).toBe(ino)
  expect(readFileSync(file).length).toBeLessThan(1000)
})

test('a test message passes queue and quiet hours, says what it is, and is not kept', async () => {
  const listener = new Listener('one')
  const { notices, pass } = desk([listener], { quietHours: ['00:00-24:00'] })
  expect(await notices.test('one')).toEqual({ kind: 'delivered', detail: 'ok' })
  expect(listener.attempts).toMatchObject([{ state: 'test', key: 'test.id', alarm: { rule: 'test' } }])
  expect(await notices.test('nobody')).toBeUndefined()
  await pass(HOUR)
  expect(listener.attempts).toHaveLength(1)
})

test.each([
  ['Nóng quá', 'nong-qua'],
  ['Đất khô / Lô A', 'dat-kho-lo-a'],
  ['+#/', 'other'],
])('the name %s is %s in a topic', (name, part) => expect(topicPart(name)).toBe(part))

test('whatever fails and whenever the power goes: told in order, and twice only what had no answer on disk', async () => {
  const step = fc.oneof(
    fc.record({ raise: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ clear: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ acknowledge: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ fails: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ passMin: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ powerCut: fc.boolean() }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const listener = new Listener('one')
      const delivered: string[] = []
      const { deliver } = listener
      listener.deliver = async (notice) => {
        const outcome = await deliver.call(listener, notice)
        if (outcome.kind === 'delivered') delivered.push(notice.key)
        return outcome
      }
      const settings = { escalateAfterMs: HOUR, quietHours: ['21:00-05:00'] }
      let room = desk([listener], settings)
      const open = new Map<number, StandingAlarm>()
      let number = 0
      const tell = () => room.notices.alarmsAre([...open.values()])
      for (const each of steps) {
        const raisedAt = room.clock.wallMs()
        if ('raise' in each && !open.has(each.raise))
          open.set(each.raise, alarm({ alarmId: `a${++number}`, name: `n${each.raise}`, raisedAt }))
        if ('clear' in each) open.delete(each.clear)
        const seen = 'acknowledge' in each ? open.get(each.acknowledge) : undefined
        if (seen && 'acknowledge' in each)
          open.set(each.acknowledge, { ...seen, acknowledged: seen.acknowledged ?? { at: raisedAt } })
        if ('fails' in each) listener.answers.push(...Array.from({ length: each.fails }, () => FAILED))
        tell()
        await room.pass('passMin' in each ? each.passMin * MINUTE : 1000)
        if ('powerCut' in each) {
          const { folder, clock, notices } = room
          await notices.stop()
          room = desk([listener], { ...settings, folder, clock })
          tell()
        }
      }
      listener.answers.length = 0
      open.clear()
      tell()
      await room.pass(10 * HOUR)
      expect(new Set(delivered).size).toBe(delivered.length)
      const told = listener.attempts.filter(
        ({ key }, at) => listener.attempts.findIndex((one) => one.key === key) === at,
      )
      for (const notices of Map.groupBy(told, (notice) => notice.alarm.alarmId).values()) {
        expect(notices[0]?.state).toBe('raised')
        expect(notices.at(-1)?.state).toBe('cleared')
        expect(notices.filter(({ state }) => state === 'raised' || state === 'cleared')).toHaveLength(2)
      }
    }),
    { numRuns: 12 },
  )
})
