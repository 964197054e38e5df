import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FindingEntry } from '#contract/wire/finding.ts'
import { type AlarmEntry, QUALITY } from '#contract/wire/records.ts'
import type { WatchRule } from '../../agent/advice/alarm-rules.ts'
import { Alarms } from '../../agent/advice/alarms.ts'
import { findingOccasion } from '../../agent/advice/finding-alarm.ts'
import { infectionOccasion } from '../../agent/advice/infection-alarm.ts'
import { watchRules } from '../../agent/alarm-config.ts'
import { agentConfigSchema } from '../../agent/config.ts'
import { alarmSentence } from '../../agent/page/alarm-sentence.ts'
import type { AlarmCard } from '../../agent/page/page-sources.ts'
import { mistakesIn } from '../world/config-said.ts'

const T0 = Date.UTC(2026, 10, 23)
const MINUTE = 60_000
const HOUR = 60 * MINUTE

const FALLING: WatchRule = {
  name: 'Bồn cạn nhanh',
  device: '*',
  quantity: 'water-level',
  fallsPerHour: 0.5,
  overS: 1800,
  hysteresis: 0.2,
  forS: 0,
  severity: 'warning',
}

let number = 0

function machine(rules: readonly WatchRule[]) {
  return new Alarms({
    rules,
    everyMsOf: () => undefined,
    silence: { factor: 5, atLeastS: 900 },
    newId: () => `a${++number}`,
  })
}

const at = (minute: number, value: number, quantity = 'water-level') => ({
  ...{ device: 'bồn', channel: '', quantity, value },
  ...{ quality: QUALITY.good, t: T0 + minute * MINUTE },
})

const told = (entries: readonly AlarmEntry[]) => entries.map(({ state, rule }) => `${state} ${rule}`)

describe('a rate of change', () => {
  test('is raised when the value falls faster than its bound, and cleared past the hysteresis', () => {
    const alarms = machine([FALLING])
    const log: string[] = []
    let level = 2
    for (let minute = 0; minute <= 120; minute++) {
      // A leak of 0.9 m an hour from minute 30 to 60.
      if (minute > 30 && minute <= 60) level -= 0.9 / 60
      const entries = alarms.observe(at(minute, level))
      for (const entry of entries) log.push(`${minute} ${told([entry])[0]} ${entry.facts['perHour']}`)
    }
    // Half of 0.9 an hour is beyond 0.5 when 17 of the last 30 minutes leaked; below 0.3 when 10 do.
    expect(log).toEqual(['47 raised falling -0.51', '80 cleared falling -0.3'])
  })

  test('says nothing of two readings beside each other, whatever the last digit does', () => {
    const alarms = machine([
      { ...FALLING, fallsPerHour: undefined, risesPerHour: 1, quantity: 'air-temperature' },
    ])
    expect(alarms.observe(at(0, 29.4, 'air-temperature'))).toEqual([])
    expect(alarms.observe(at(1, 29.5, 'air-temperature'))).toEqual([])
    expect(alarms.observe(at(14, 29.9, 'air-temperature'))).toEqual([])
    expect(told(alarms.observe(at(16, 30.1, 'air-temperature')))).toEqual(['raised rising'])
  })

  test('begins anew after a gap', () => {
    const alarms = machine([FALLING])
    alarms.observe(at(0, 3))
    expect(alarms.observe(at(45, 1))).toEqual([])
    expect(alarms.observe(at(61, 1))).toEqual([])
  })

  test('is taken up after a restart and cleared by the same rule', () => {
    const first = machine([FALLING])
    const log = [0, 10, 20].flatMap((minute) => first.observe(at(minute, 2 - minute / 20)))
    expect(told(log)).toEqual(['raised falling'])
    const alarms = machine([FALLING])
    alarms.restore(log)
    expect(alarms.open).toHaveLength(1)
    const later = [30, 40, 50, 60].flatMap((minute) => alarms.observe(at(minute, 1)))
    expect(told(later)).toEqual(['cleared falling'])
  })
})

describe('stress', () => {
  const config = (text: object) => watchRules(agentConfigSchema.parse({ alarms: [text] }).alarms)

  test('watches what it says, with the bound of the farm, and is told as stress', () => {
    const [heat] = config({ name: 'Nóng', stress: 'heat', crop: 'dragon-fruit', above: 38 })
    expect(heat).toMatchObject({ quantity: 'air-temperature', stress: 'heat-stress' })
    const alarms = machine(
      config({ name: 'Khô', stress: 'vpd', crop: 'coffee', above: 2.2, hysteresis: 0.3 }),
    )
    expect(alarms.observe(at(0, 2.5, 'vapour-pressure-deficit'))).toMatchObject([
      { rule: 'vpd-stress', facts: { value: 2.5, bound: 2.2, crop: 'coffee' } },
    ])
    expect(alarms.observe(at(1, 2, 'vapour-pressure-deficit'))).toEqual([])
    expect(told(alarms.observe(at(2, 1.9, 'vapour-pressure-deficit')))).toEqual(['cleared vpd-stress'])
  })

  test('without a bound, or beside a quantity, is refused with what to do', () => {
    expect(mistakesIn('alarms: [{name: a, stress: heat, below: 3}]')[0]).toMatchObject({
      key: 'alarms[0].above',
    })
    const beside = 'alarms: [{name: a, stress: heat, quantity: air-temperature, above: 38}]'
    expect(mistakesIn(beside)[0]?.problem).toContain('stress')
    expect(mistakesIn('alarms: [{name: a, above: 3}]')[0]).toMatchObject({ key: 'alarms[0].quantity' })
    expect(mistakesIn('alarms: [{name: a, quantity: air-temperature, above: 3, overS: 900}]')[0]?.key).toBe(
      'alarms[0].overS',
    )
  })
})

describe('what models find', () => {
  const event = {
    ...{ disease: 'thán thư', crop: 'mango', plot: 'lo-a', device: 'tram', at: T0 },
    ...{ risk: 0.7, hours: 11, isValidatedHere: false },
  }
  const settings = { severity: 'warning', lastsH: 24 } as const

  test('an infection event that comes again with every hour is one alarm, until a day after the last', () => {
    const alarms = machine([])
    const log = Array.from({ length: 12 }, (_, hour) =>
      alarms.raise(infectionOccasion({ ...event, at: T0 + hour * HOUR }, settings)),
    ).flat()
    expect(log).toMatchObject([
      { state: 'raised', rule: 'infection', name: 'thán thư', facts: { hours: 11, validated: 'no' } },
    ])
    expect(alarms.tick(T0 + 34 * HOUR)).toEqual([])
    expect(alarms.tick(T0 + 35 * HOUR)).toMatchObject([{ state: 'cleared', facts: { because: 'passed' } }])
    expect(alarms.open).toEqual([])
  })

  test('two plots are two alarms, and each can be settled', () => {
    const alarms = machine([])
    alarms.raise(infectionOccasion(event, settings))
    const other = infectionOccasion({ ...event, plot: 'lo-b' }, settings)
    alarms.raise(other)
    expect(alarms.open).toHaveLength(2)
    expect(told(alarms.settle(other))).toEqual(['cleared infection'])
    expect(alarms.settle(other)).toEqual([])
  })

  test('an open one is taken up after a restart, neither told again nor forgotten', () => {
    const first = machine([])
    const log = first.raise(infectionOccasion(event, settings))
    const alarms = machine([])
    alarms.restore(log)
    expect(alarms.raise(infectionOccasion({ ...event, at: T0 + HOUR }, settings))).toEqual([])
    expect(alarms.tick(T0 + 24 * HOUR)).toEqual([])
    expect(told(alarms.tick(T0 + 25 * HOUR))).toEqual(['cleared infection'])
  })

  test('a model that goes wild opens two hundred at most', () => {
    const alarms = machine([])
    for (let plot = 0; plot < 500; plot++)
      alarms.raise(infectionOccasion({ ...event, plot: `p${plot}` }, settings))
    expect(alarms.open).toHaveLength(200)
  })

  const finding = {
    ...{
      kind: 'finding',
      findingId: 'f1',
      crop: 'dragon-fruit',
      organ: 'stem',
      plot: 'lo-a',
      at: T0,
      person: '',
    },
    photo: { sha256: new Uint8Array(32) },
    ...{ verdict: 'canker', abstained: null, labels: [{ label: 'canker', probability: 0.93 }] },
  } as unknown as FindingEntry
  const sure = { ...settings, probabilityAtLeast: 0.9, healthy: ['healthy'] }

  test('a disease on a photo is an alarm when the model is sure, or a person has confirmed it', () => {
    expect(findingOccasion(finding, sure)).toMatchObject({ rule: 'finding', name: 'canker' })
    expect(findingOccasion(finding, { ...sure, probabilityAtLeast: 0.95 })).toBeUndefined()
    expect(findingOccasion(finding, { ...sure, probabilityAtLeast: 0.95 }, true)).toMatchObject({
      facts: { confirmed: 'yes' },
    })
  })

  test('a disease on a photo is told in the words of its model, and told apart by its key', () => {
    const words = { vi: 'loét thân', en: 'stem canker' }
    expect(findingOccasion(finding, sure, false, words)).toMatchObject({
      ...{ name: 'canker', facts: { nameVi: 'loét thân', nameEn: 'stem canker' } },
    })
    const alarm = {
      ...{ alarmId: 'a', severity: 'warning' as const, rule: 'finding', name: 'canker', device: '' },
      ...{
        quantity: '',
        raisedAt: T0,
        acknowledged: null,
        facts: { nameVi: 'loét thân', nameEn: 'stem canker' },
      },
    }
    const said = (language: 'vi' | 'en', each: typeof alarm | object) =>
      alarmSentence(language, each as AlarmCard, { devices: [] }, T0).what
    expect(said('vi', alarm)).toContain('“loét thân”')
    expect(said('en', alarm)).toContain('“stem canker”')
    expect(said('en', { ...alarm, facts: {} })).toContain('“canker”')
  })

  test('a healthy plant and a model that will not say are none', () => {
    const labels = [{ label: 'healthy', probability: 0.99 }]
    expect(findingOccasion({ ...finding, verdict: 'healthy', labels }, sure)).toBeUndefined()
    const guessed = [{ label: 'mango/healthy', probability: 0.99 }]
    expect(findingOccasion({ ...finding, verdict: 'mango/healthy', labels: guessed }, sure)).toBeUndefined()
    expect(findingOccasion({ ...finding, verdict: null, abstained: 'blurred' }, sure)).toBeUndefined()
  })
})

test('whatever a value does, raised and cleared alternate, and inside the hysteresis nothing is said', () => {
  const rules: WatchRule[] = [
    { ...FALLING, name: 'cao', fallsPerHour: undefined, above: 3, hysteresis: 1 },
    { ...FALLING, name: 'thấp', fallsPerHour: undefined, below: 1, hysteresis: 0.5, forS: 300 },
    { ...FALLING, name: 'nhanh' },
    { ...FALLING, name: 'lên', fallsPerHour: undefined, risesPerHour: 0.8, forS: 120 },
  ]
  const step = fc.record({
    after: fc.integer({ min: 1, max: 20 }),
    value: fc.integer({ min: 0, max: 40 }).map((tenths) => tenths / 10),
    restart: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      let alarms = machine(rules)
      const log: AlarmEntry[] = []
      let minute = 0
      for (const { after, value, restart } of steps) {
        minute += after
        if (restart && minute % 7 === 0) {
          const open = alarms.open
          alarms = machine(rules)
          alarms.restore(open)
        }
        for (const entry of alarms.observe(at(minute, value))) {
          log.push(entry)
          const rule = rules.find(({ name }) => name === entry.name)!
          const measured = Number(entry.facts[(rule.above ?? rule.below) ? 'value' : 'perHour'])
          const by =
            rule.above !== undefined
              ? measured - rule.above
              : rule.below !== undefined
                ? rule.below - measured
                : rule.risesPerHour !== undefined
                  ? measured - rule.risesPerHour
                  : -measured - rule.fallsPerHour!
          // Facts are rounded to four digits.
          if (entry.state === 'raised') expect(by).toBeGreaterThan(-0.001)
          else expect(by).toBeLessThanOrEqual(-rule.hysteresis + 0.001)
        }
      }
      for (const entries of Map.groupBy(log, ({ name }) => name).values())
        expect(entries.map(({ state }) => state)).toEqual(
          entries.map((_, index) => (index % 2 === 0 ? 'raised' : 'cleared')),
        )
    }),
    { numRuns: 300 },
  )
})
