import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AlarmEntry, QUALITY } from '#contract/wire/records.ts'
import type { WatchRule } from '../../agent/advice/alarm-rules.ts'
import { Alarms, type WatchedReading } from '../../agent/advice/alarms.ts'

const T0 = Date.UTC(2026, 10, 23)
const MINUTE = 60_000

const HOT: WatchRule = {
  name: 'Nóng',
  device: 'nhà màng',
  quantity: 'air-temperature',
  above: 35,
  hysteresis: 2,
  forS: 0,
  severity: 'warning',
}

function machine(rules: readonly WatchRule[] = [HOT], everyMs: number | null = MINUTE) {
  let number = 0
  return new Alarms({
    rules,
    everyMsOf: () => everyMs ?? undefined,
    silence: { factor: 5, atLeastS: 900 },
    newId: () => `a${++number}`,
  })
}

const reading = (value: number, at = 0, change: Partial<WatchedReading> = {}): WatchedReading => ({
  device: 'nhà màng',
  channel: '',
  quantity: 'air-temperature',
  value,
  quality: QUALITY.good,
  t: T0 + at,
  ...change,
})

const states = (entries: readonly AlarmEntry[]): string[] => entries.map((entry) => entry.state)

describe('a threshold', () => {
  test('raises once beyond its bound and clears once past the hysteresis', () => {
    const alarms = machine()
    expect(states(alarms.observe(reading(35)))).toEqual([])
    const [raised] = alarms.observe(reading(35.1, 1))
    expect(raised).toMatchObject({
      state: 'raised',
      rule: 'above',
      name: 'Nóng',
      facts: { value: 35.1, bound: 35 },
    })
    expect(alarms.open).toEqual([raised])
    for (const value of [36, 34.9, 33.1]) expect(alarms.observe(reading(value, 2))).toEqual([])
    const [cleared] = alarms.observe(reading(33, 3))
    expect(cleared).toMatchObject({
      state: 'cleared',
      alarmId: raised?.alarmId,
      facts: { value: 33, bound: 35 },
    })
    expect(alarms.open).toEqual([])
  })

  test('below its bound works the other way round', () => {
    const alarms = machine([
      { ...HOT, name: 'Khô', quantity: 'soil-moisture', above: undefined, below: 20, hysteresis: 3 },
    ])
    const soil = (value: number) => alarms.observe(reading(value, 0, { quantity: 'soil-moisture' }))
    expect(states(soil(20))).toEqual([])
    expect(soil(19.9)[0]).toMatchObject({ state: 'raised', rule: 'below' })
    expect(states(soil(22.9))).toEqual([])
    expect(states(soil(23))).toEqual(['cleared'])
  })

  test('waits until the value has stayed beyond for its time', () => {
    const alarms = machine([{ ...HOT, forS: 600 }])
    expect(alarms.observe(reading(40, 0))).toEqual([])
    expect(alarms.observe(reading(40, 9 * MINUTE))).toEqual([])
    expect(alarms.observe(reading(34, 9.5 * MINUTE))).toEqual([])
    expect(alarms.observe(reading(40, 10 * MINUTE))).toEqual([])
    expect(alarms.observe(reading(40, 19 * MINUTE))).toEqual([])
    expect(states(alarms.observe(reading(40, 20 * MINUTE)))).toEqual(['raised'])
  })

  test('that flaps around its bound all day is one alarm', () => {
    const alarms = machine()
    const entries = Array.from({ length: 1000 }, (_, index) =>
      alarms.observe(reading(35 + (index % 2 ? 0.5 : -0.5), index * 1000)),
    ).flat()
    expect(states(entries)).toEqual(['raised'])
  })

  test.each([
    ['impossible', QUALITY.outOfRange],
    ['a jump that nothing makes', QUALITY.spike],
    ['computed from an impossible one', QUALITY.fromMarked],
    ['kept by a broker since yesterday', QUALITY.historical],
    ['impossible and estimated', QUALITY.outOfRange | QUALITY.estimated],
  ])('is neither raised nor cleared by a reading that is %s', (_, quality) => {
    const alarms = machine()
    expect(alarms.observe(reading(85, 0, { quality }))).toEqual([])
    alarms.observe(reading(36, 1))
    expect(alarms.observe(reading(-40, 2, { quality }))).toEqual([])
    expect(alarms.open).toHaveLength(1)
  })

  test('is neither raised nor cleared by what is no number', () => {
    const alarms = machine()
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(alarms.observe(reading(value))).toEqual([])
    alarms.observe(reading(36, 1))
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY])
      expect(alarms.observe(reading(value, 2))).toEqual([])
    expect(alarms.open).toHaveLength(1)
  })

  test('takes estimated and stuck readings, for they may well be true', () => {
    expect(machine().observe(reading(36, 0, { quality: QUALITY.estimated | QUALITY.stuck }))).toHaveLength(1)
  })

  test('does not look back: a reading that arrives after a newer one changes nothing', () => {
    const alarms = machine()
    alarms.observe(reading(36, 10 * MINUTE))
    expect(alarms.observe(reading(20, 0))).toEqual([])
    expect(states(alarms.observe(reading(20, 11 * MINUTE)))).toEqual(['cleared'])
    expect(alarms.observe(reading(40, 5 * MINUTE))).toEqual([])
  })

  test('for any device keeps each device and each channel apart', () => {
    const alarms = machine([{ ...HOT, device: '*' }])
    const raised = [
      ...alarms.observe(reading(36, 0, { device: 'a' })),
      ...alarms.observe(reading(36, 0, { device: 'b' })),
      ...alarms.observe(reading(36, 0, { device: 'b', channel: 'l2' })),
    ]
    expect(new Set(raised.map((entry) => entry.alarmId)).size).toBe(3)
    expect(alarms.observe(reading(20, 1, { device: 'b', channel: 'l2' }))).toMatchObject([
      { state: 'cleared', device: 'b', facts: { channel: 'l2' } },
    ])
    expect(alarms.open).toHaveLength(2)
  })

  test('for one device or quantity leaves the others alone', () => {
    const alarms = machine()
    expect(alarms.observe(reading(99, 0, { device: 'khác' }))).toEqual([])
    expect(alarms.observe(reading(99, 0, { quantity: 'air-humidity' }))).toEqual([])
  })

  test('may share its name with a sharper one', () => {
    const alarms = machine([HOT, { ...HOT, above: 40, severity: 'critical' }])
    expect(alarms.observe(reading(36))).toMatchObject([{ severity: 'warning' }])
    expect(alarms.observe(reading(41, 1))).toMatchObject([{ severity: 'critical' }])
    expect(alarms.observe(reading(37, 2))).toMatchObject([{ state: 'cleared', severity: 'critical' }])
  })
})

describe('silence', () => {
  test('is raised after five periods, but not before a quarter of an hour, and cleared when heard', () => {
    const alarms = machine()
    alarms.observe(reading(30))
    expect(alarms.tick(T0 + 15 * MINUTE)).toEqual([])
    const [raised] = alarms.tick(T0 + 16 * MINUTE)
    expect(raised).toMatchObject({
      rule: 'silent',
      device: 'nhà màng',
      facts: { minutes: 16, lastHeardAt: T0 },
    })
    expect(alarms.tick(T0 + 60 * MINUTE)).toEqual([])
    expect(alarms.observe(reading(30, 61 * MINUTE))).toMatchObject([
      { state: 'cleared', alarmId: raised?.alarmId },
    ])
    expect(alarms.tick(T0 + 76 * MINUTE)).toEqual([])
  })

  test('of a device that has never spoken does not say when it was last heard', () => {
    const alarms = machine()
    alarms.expect('giếng', T0)
    const [raised] = alarms.tick(T0 + 20 * MINUTE)
    expect(raised?.facts).toEqual({ minutes: 20 })
  })

  test('is not asked of a device whose period nobody knows', () => {
    const alarms = machine([], null)
    alarms.observe(reading(30))
    expect(alarms.tick(T0 + 1e9)).toEqual([])
  })

  test('waits longer for a device that speaks seldom', () => {
    const alarms = machine([], 60 * MINUTE)
    alarms.observe(reading(30))
    expect(alarms.tick(T0 + 300 * MINUTE)).toEqual([])
    expect(alarms.tick(T0 + 301 * MINUTE)).toHaveLength(1)
  })

  test('is not broken by what a broker had kept', () => {
    const alarms = machine()
    alarms.observe(reading(30))
    alarms.tick(T0 + 20 * MINUTE)
    expect(alarms.observe(reading(30, 21 * MINUTE, { quality: QUALITY.historical }))).toEqual([])
    expect(alarms.open).toHaveLength(1)
  })

  test('of a new device is not ended before it begins by what a broker had kept', () => {
    const alarms = machine()
    alarms.expect('nhà màng', T0)
    alarms.observe(reading(30, 14 * MINUTE, { quality: QUALITY.historical }))
    expect(alarms.tick(T0 + 16 * MINUTE)).toHaveLength(1)
  })

  test('is not cleared by a reading so late that the device counts as silent all the same', () => {
    const alarms = machine()
    alarms.observe(reading(30))
    alarms.tick(T0 + 60 * MINUTE)
    expect(alarms.observe(reading(30, 30 * MINUTE))).toEqual([])
    expect(alarms.observe(reading(30, 50 * MINUTE))).toMatchObject([{ state: 'cleared' }])
  })

  test('counts from the newest reading, whatever order they come in', () => {
    const alarms = machine()
    alarms.observe(reading(30, 10 * MINUTE))
    alarms.observe(reading(30, 0))
    expect(alarms.tick(T0 + 24 * MINUTE)).toEqual([])
    expect(alarms.tick(T0 + 26 * MINUTE)).toHaveLength(1)
  })

  test('is broken by an impossible reading too: the device does speak', () => {
    const alarms = machine()
    alarms.observe(reading(30))
    alarms.tick(T0 + 20 * MINUTE)
    expect(states(alarms.observe(reading(850, 20 * MINUTE, { quality: QUALITY.outOfRange })))).toEqual([
      'cleared',
    ])
  })

  test('neither begins nor ends when the clock turns out to be wrong by years', () => {
    for (const offset of [-3e10, 3e10]) {
      const alarms = machine()
      alarms.observe(reading(30))
      alarms.tick(T0 + MINUTE)
      alarms.shift(offset)
      expect(alarms.tick(T0 + offset + 2 * MINUTE)).toEqual([])
      const [raised] = alarms.tick(T0 + offset + 20 * MINUTE)
      expect(raised?.facts).toEqual({ minutes: 20, lastHeardAt: T0 + offset })
      alarms.shift(-offset)
      expect(states(alarms.observe(reading(30, 21 * MINUTE)))).toEqual(['cleared'])
    }
  })
})

describe('after a restart', () => {
  const entriesOf = (alarms: Alarms): AlarmEntry[] => [
    ...alarms.observe(reading(36)),
    ...alarms.tick(T0 + 20 * MINUTE),
  ]

  test('open alarms are taken up, neither raised twice nor forgotten, in whatever order their entries come', () => {
    const before = entriesOf(machine())
    expect(before).toHaveLength(2)
    for (const entries of [before, before.toReversed()]) {
      const alarms = machine()
      alarms.restore(entries)
      expect(alarms.open).toHaveLength(2)
      expect(alarms.tick(T0 + 30 * MINUTE)).toEqual([])
      const cleared = alarms.observe(reading(30, 31 * MINUTE))
      expect(cleared.map((entry) => [entry.rule, entry.state])).toEqual([
        ['silent', 'cleared'],
        ['above', 'cleared'],
      ])
      expect(alarms.open).toEqual([])
    }
  })

  test('what was cleared stays cleared', () => {
    const first = machine()
    const entries = [...first.observe(reading(36)), ...first.observe(reading(20, 1))]
    const alarms = machine()
    alarms.restore(entries.toReversed())
    expect(alarms.open).toEqual([])
    expect(states(alarms.observe(reading(36, 2)))).toEqual(['raised'])
  })

  test('a clock that is years behind the old one still clears a silence', () => {
    const alarms = machine([])
    alarms.restore(entriesOf(machine()))
    alarms.tick(T0 - 1e11)
    expect(alarms.observe(reading(30, -1e11))).toMatchObject([{ rule: 'silent', state: 'cleared' }])
  })

  test('no entry ever says Infinity', () => {
    const alarms = machine()
    alarms.restore(entriesOf(machine()))
    alarms.expect('nhà màng', T0)
    alarms.shift(5)
    const entries = [
      ...alarms.tick(T0 + 30 * MINUTE),
      ...alarms.observe(reading(30, 31 * MINUTE)),
      ...alarms.tick(T0 + 60 * MINUTE),
    ]
    expect(entries).toHaveLength(3)
    for (const { facts } of entries)
      for (const fact of Object.values(facts))
        expect(typeof fact === 'string' || Number.isFinite(fact)).toBe(true)
  })

  test('an alarm whose rule was changed meanwhile is cleared, with the reason, and the new rule begins anew', () => {
    const [raised] = machine().observe(reading(36))
    const alarms = machine([{ ...HOT, above: 34 }])
    alarms.restore([raised as AlarmEntry])
    expect(alarms.tick(T0 + MINUTE)).toMatchObject([
      { state: 'cleared', alarmId: raised?.alarmId, facts: { because: 'rule-changed' } },
    ])
    expect(alarms.observe(reading(36, 2 * MINUTE))).toMatchObject([{ state: 'raised', facts: { bound: 34 } }])
  })
})

test('whatever happens, each alarm is raised and then cleared, once, and what is open is what was not cleared', () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        device: fc.constantFrom('a', 'b'),
        channel: fc.constantFrom('', 'l2'),
        value: fc.oneof(
          fc.integer({ min: 25, max: 45 }),
          fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY),
        ),
        quality: fc.constantFrom(0, 0, 0, 1, 2, 4, 8, 16, 32),
        late: fc.constantFrom(0, 0, 0, MINUTE, 60 * MINUTE),
      }),
    },
    { weight: 2, arbitrary: fc.record({ passes: fc.integer({ min: 0, max: 40 }) }) },
    { weight: 1, arbitrary: fc.record({ shift: fc.integer({ min: -1e11, max: 1e11 }) }) },
    { weight: 1, arbitrary: fc.constant({ restart: true }) },
  )
  const rules: WatchRule[] = [
    { ...HOT, device: '*' },
    { ...HOT, device: '*', above: 40, forS: 300, severity: 'critical' },
    { ...HOT, device: 'a', name: 'Lạnh', above: undefined, below: 28, hysteresis: 0 },
  ]
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      let ids = 0
      const make = () =>
        new Alarms({
          rules,
          everyMsOf: () => MINUTE,
          silence: { factor: 5, atLeastS: 900 },
          newId: () => `a${++ids}`,
        })
      let alarms = make()
      let now = T0
      const log: AlarmEntry[] = []
      for (const each of steps) {
        if ('device' in each) {
          now += 1000
          const { late, ...rest } = each
          log.push(...alarms.observe({ ...rest, quantity: 'air-temperature', t: now - late }))
        } else if ('passes' in each) {
          now += each.passes * MINUTE
          log.push(...alarms.tick(now))
        } else if ('shift' in each) {
          now += each.shift
          alarms.shift(each.shift)
        } else {
          alarms = make()
          alarms.restore(log.toReversed())
        }
      }
      const byId = Map.groupBy(log, (entry) => entry.alarmId)
      for (const entries of byId.values())
        expect([['raised'], ['raised', 'cleared']]).toContainEqual(states(entries))
      const key = ({ name, device, rule, facts }: AlarmEntry) =>
        JSON.stringify([name, device, rule, facts['bound'], facts['channel']])
      for (const entries of Map.groupBy(log, key).values())
        entries.forEach((entry, index) => {
          expect(entry.state).toBe(index % 2 === 0 ? 'raised' : 'cleared')
        })
      const open = [...byId.values()]
        .filter((entries) => entries.length === 1)
        .map(([entry]) => entry?.alarmId)
      expect(new Set(alarms.open.map((entry) => entry.alarmId))).toEqual(new Set(open))
    }),
    { numRuns: 1000 },
  )
})
