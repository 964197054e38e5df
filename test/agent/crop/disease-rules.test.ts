import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compute } from '../../../agent/crop/compute.ts'
import { readCsv } from '../../../agent/crop/csv.ts'
import { bothDays, meetsBlightRule } from '../../../agent/crop/disease/blight-days.ts'
import { daysOfHours } from '../../../agent/crop/disease/days-of-hours.ts'
import { isPrimaryInfection, TEN_TEN } from '../../../agent/crop/disease/grape-downy.ts'
import { nextPowdery, POWDERY_START, UC_DAVIS } from '../../../agent/crop/disease/grape-powdery.ts'
import { severityValue, TOMCAST_TABLE, WALLIN_TABLE } from '../../../agent/crop/disease/severity-values.ts'
import { hourTable } from './disease-hours.ts'

const GAP = Number.NaN
const temp = fc.double({ min: -10, max: 45, noNaN: true })
const hoursADay = fc.double({ min: 0, max: 24, noNaN: true })

function columnsOf(
  model: string,
  csv: string,
  names: readonly string[],
  params: Record<string, string> = {},
) {
  const { header, rows } = readCsv(compute(model, csv, params).csv)
  return rows.map(({ cells }) => names.map((name) => cells[header.indexOf(name)]).join(' '))
}

describe('severity values', () => {
  test.each([
    ['TOMCAST', TOMCAST_TABLE],
    ['Wallin', WALLIN_TABLE],
  ] as const)('%s: from 0 to 4, rising with wet hours, none without or in the cold', (_, table) => {
    fc.assert(
      fc.property(temp, hoursADay, hoursADay, (at, a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)]
        expect(severityValue(table, more, at)).toBeGreaterThanOrEqual(severityValue(table, less, at))
        expect(severityValue(table, more, at)).toBeLessThanOrEqual(4)
        expect(severityValue(table, 24, table.fromC - 0.01)).toBe(0)
        expect(severityValue(table, 0, at)).toBe(0)
      }),
    )
    expect([
      severityValue(table, 0, GAP),
      severityValue(table, 5, GAP),
      severityValue(table, GAP, 20),
    ]).toEqual([0, GAP, GAP])
  })

  test('a gap stays a gap, and the sum says from when on it lacks a day', () => {
    const csv = 'date,wet_h,tmean_c\n2026-07-01,13,22\n2026-07-02,,22\n2026-07-03,13,22\n2026-07-05,6,22\n'
    expect(columnsOf('tomcast', csv, ['dsv', 'dsv_sum', 'quality'])).toEqual([
      '3 3 twet-from-tmean',
      '  gap sum-without-gaps',
      '3 6 twet-from-tmean sum-without-gaps',
      '2 8 twet-from-tmean sum-without-gaps',
    ])
  })

  test('the temperature of the wet hours goes before that of the day, and the sum begins at the last spray', () => {
    const csv =
      'date,wet_h,twet_mean_c,tmean_c\n2026-07-01,13,22,28\n2026-07-02,13,,28\n2026-07-03,13,22,28\n'
    expect(columnsOf('tomcast', csv, ['dsv', 'dsv_sum', 'quality'], { from: '2026-07-02' })).toEqual([
      '3  ok',
      '2 2 twet-from-tmean',
      '3 5 ok',
    ])
  })

  const night = (hour: number) => (hour >= 20 || hour < 8 ? [20, 95] : [28, 60])

  test('from hours a day may begin at 11:00, so that a night of twelve hours is not cut in two', () => {
    const csv = hourTable('temp_c,rh_pct', 72, night)
    const cut = columnsOf('wallin', csv, ['date', 'wet_h', 'twet_mean_c', 'dsv'])
    expect(cut).toEqual(['2026-07-01 12.00 20.00 1', '2026-07-02 12.00 20.00 1', '2026-07-03 12.00 20.00 1'])
    const whole = columnsOf('wallin', csv, ['date', 'wet_h', 'dsv', 'quality'], { day_starts_h: '11' })
    expect(whole[1]).toBe('2026-07-01 12.00 1 ok')
    expect(whole[0]).toBe('2026-06-30   cut-by-table')
    expect(whole.at(-1)).toBe('2026-07-03   cut-by-table')
  })

  test('the same hours written in UTC give the same days', () => {
    const local = hourTable('temp_c,rh_pct', 48, night)
    const utc = local.replaceAll(/^(2026\S+?),/gm, (_, time: string) => `${time}:00+07:00,`)
    expect(columnsOf('tomcast', utc, ['date', 'dsv'])).toEqual(columnsOf('tomcast', local, ['date', 'dsv']))
  })

  test('a day that lacks up to three hours is partial, one that lacks more is a gap', () => {
    const lacking = (missing: number) =>
      columnsOf(
        'tomcast',
        hourTable('temp_c,wet_h', 24, (hour) => (hour >= 10 && hour < 10 + missing ? undefined : [22, 1])),
        ['wet_h', 'dsv', 'quality'],
      )
    expect([lacking(0), lacking(3), lacking(4)]).toEqual([['24.00 4 ok'], ['21.00 4 partial'], ['  gap']])
  })

  test('a day without any row has a row in the answer', () => {
    const csv = hourTable('temp_c,wet_h', 72, (_, day) => (day === 1 ? undefined : [22, 0]))
    expect(columnsOf('tomcast', csv, ['date', 'dsv', 'dsv_sum'])).toEqual([
      '2026-07-01 0 0',
      '2026-07-02  ',
      '2026-07-03 0 0',
    ])
  })
})

describe('days of hours', () => {
  test('every hour is in one day, of at most 24, and each day follows the one before', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 100 })
    fc.assert(
      fc.property(steps, fc.integer({ min: -12, max: 14 }), fc.nat(23), (gaps, offset, starts) => {
        let hour = 480_000
        const times = gaps.map((gap) => {
          hour += gap
          return hour * 3_600_000
        })
        const days = daysOfHours(times, offset, starts)
        expect(days.flatMap(({ rows }) => rows)).toEqual(times.map((_, row) => row))
        for (const [at, { startMs, rows }] of days.entries()) {
          expect(rows.length).toBeLessThanOrEqual(24)
          for (const row of rows) {
            expect(times[row]).toBeGreaterThanOrEqual(startMs)
            expect(times[row]).toBeLessThan(startMs + 86_400_000)
          }
          if (at > 0) expect(startMs - (days[at - 1]?.startMs ?? 0)).toBe(86_400_000)
        }
      }),
    )
  })
})

describe('Smith and Hutton', () => {
  const rule = { humidHours: 11, heatGateC: 26.6 }

  test('what is known decides even where something is missing', () => {
    expect(meetsBlightRule({ minC: 9, humidH: GAP, meanC: GAP }, rule)).toBe(0)
    expect(meetsBlightRule({ minC: GAP, humidH: 10, meanC: GAP }, rule)).toBe(0)
    expect(meetsBlightRule({ minC: 12, humidH: 12, meanC: GAP }, rule)).toBeNaN()
    expect([bothDays(GAP, 0), bothDays(GAP, 1), bothDays(1, 1)]).toEqual([0, GAP, 1])
  })

  test('a day missing in between is no day in a row', () => {
    const csv = 'date,tmin_c,rh90_h,tmean_c\n2026-07-01,15,12,20\n2026-07-03,15,12,20\n2026-07-04,15,12,20\n'
    expect(columnsOf('smith', csv, ['smith', 'quality'])).toEqual([
      '0 from-no-day-before',
      ' day-before-unknown',
      '1 ok',
    ])
  })

  test('without a mean temperature nothing is gated, and it is said', () => {
    const csv = 'date,tmin_c,rh90_h\n2026-07-01,24,12\n2026-07-02,24,12\n'
    expect(columnsOf('hutton', csv, ['hutton', 'quality']).at(-1)).toBe('1 heat-unknown')
  })

  test('from hours, a humid lowland is gated by its heat and a cool highland is not', () => {
    const humid = (tempC: number) => hourTable('temp_c,rh_pct', 48, () => [tempC, 92])
    expect(columnsOf('hutton', humid(27), ['rh90_h', 'hutton']).at(-1)).toBe('24 0')
    expect(columnsOf('hutton', humid(18), ['rh90_h', 'hutton']).at(-1)).toBe('24 1')
    expect(columnsOf('hutton', humid(27), ['hutton'], { heat_gate: 'off' }).at(-1)).toBe('1')
  })
})

describe('grape', () => {
  test('10:10:24 takes 10 mm and never less than 10 °C', () => {
    const daily = (rain: number, min: number) => isPrimaryInfection(rain, min, TEN_TEN)
    expect([daily(10, 10), daily(9.9, 20), daily(30, 9.9), daily(GAP, 9), daily(GAP, 20)]).toEqual([
      1,
      0,
      0,
      0,
      GAP,
    ])
  })

  test('by hours, the rain of the last 24 counts, and unknown hours leave it open', () => {
    const csv = hourTable('temp_c,rain_mm', 72, (hour, day) =>
      day === 2 && hour === 5 ? undefined : [22, day === 1 && hour < 10 ? 1 : 0],
    )
    const found = columnsOf('grape-downy', csv, ['primary', 'rain_24h_mm'])
    expect(found[22]).toBe(' ')
    expect(found[23]).toBe('0 0.0')
    expect(found[33]).toBe('1 10.0')
    expect(found[47]).toBe('1 10.0')
    expect(found[48]).toBe('0 9.0')
    expect(found[53]).toBe(' ')
  })

  const favourable = { tempsC: Array.from({ length: 24 }, (_, hour) => (hour < 6 ? 25 : 15)) }
  const cool = { tempsC: Array.from({ length: 24 }, () => 15) }
  const hot = { tempsC: Array.from({ length: 24 }, () => 36) }
  const hotAfter = { tempsC: [...favourable.tempsC.slice(0, 23), 35] }
  const stateAfter = (days: readonly { tempsC: readonly number[] }[]) =>
    days.reduce((state, day) => nextPowdery(state, day, UC_DAVIS), POWDERY_START)

  test('the powdery index starts after three favourable days in a row', () => {
    expect(stateAfter([favourable, favourable])).toEqual({ index: 40, hasStarted: false })
    expect(stateAfter([favourable, favourable, cool, favourable]).index).toBe(20)
    expect(stateAfter([favourable, favourable, favourable])).toEqual({ index: 60, hasStarted: true })
  })

  test('then it gains 20, loses 10, and gains 10 on a favourable day that turns hot', () => {
    const started = [favourable, favourable, favourable]
    const step = (day: typeof cool) => stateAfter([...started, day]).index - 60
    expect([step(favourable), step(cool), step(hot), step(hotAfter)]).toEqual([20, -10, -10, 10])
  })

  test('it stays within 0 and 100 and never moves by more than 20 up and 10 down once started', () => {
    const days = fc.array(fc.constantFrom(favourable, cool, hot, hotAfter), { maxLength: 40 })
    fc.assert(
      fc.property(days, (given) => {
        let state = stateAfter([favourable, favourable, favourable])
        for (const day of given) {
          const next = nextPowdery(state, day, UC_DAVIS)
          expect(next.index - state.index).toBeLessThanOrEqual(20)
          expect(next.index - state.index).toBeGreaterThanOrEqual(-10)
          expect(next.index).toBeGreaterThanOrEqual(0)
          expect(next.index).toBeLessThanOrEqual(100)
          state = next
        }
      }),
    )
  })

  test('six hours that are not on end are not enough, nor with a missing row between', () => {
    const csv = (gapAt: number) =>
      hourTable('temp_c', 24, (hour) => (hour === gapAt ? undefined : [hour >= 3 && hour < 9 ? 25 : 15]))
    expect(columnsOf('grape-powdery', csv(20), ['favourable_h', 'index', 'quality'])).toEqual([
      '6 20 partial',
    ])
    expect(columnsOf('grape-powdery', csv(5), ['favourable_h', 'index'])).toEqual(['3 0'])
  })

  test('after a day that is not known the index starts anew, and says so', () => {
    const csv = hourTable('temp_c', 24 * 6, (hour, day) => (day === 3 ? undefined : [hour < 6 ? 25 : 15]))
    expect(columnsOf('grape-powdery', csv, ['index', 'quality'])).toEqual([
      '20 ok',
      '40 ok',
      '60 ok',
      ' gap',
      '20 after-gap',
      '40 after-gap',
    ])
  })
})
