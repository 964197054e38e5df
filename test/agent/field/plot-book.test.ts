import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { QUALITY } from '#contract/wire/records.ts'
import { pathogenNamed } from '../../../agent/crop/disease/pathogens.ts'
import { balancePlan } from '../../../agent/crop/plot-balance.ts'
import { PlotBook } from '../../../agent/field/plot-book.ts'
import {
  asSaturated,
  HOUR_MS,
  hourOf,
  MeanHours,
  measuredAt,
  RiseHours,
} from '../../../agent/field/series-hours.ts'

const T0 = Date.UTC(2026, 10, 1) - 7 * HOUR_MS
const DAYS = 8
const END = T0 + DAYS * 24 * HOUR_MS

/** Readings of a season's week with holes, and the hours, days, risks and balance that they make in the order given. */
interface Given {
  readonly kind: 'temp' | 'humidity' | 'rain' | 'sun'
  readonly atMs: number
  readonly scaled: number
}

function bookOf(given: readonly Given[], chunks: number) {
  const series = {
    temp: new MeanHours(0.1),
    humidity: new MeanHours(1),
    rain: new RiseHours(0.1),
    sun: new MeanHours(1),
  }
  const site = { latDeg: 11, lonDeg: 108, elevM: 10, windHeightM: 2, utcOffsetH: 7 }
  const gap = Number.NaN
  const canker = pathogenNamed('dragon-fruit-canker')
  const book = new PlotBook(
    {
      ...{ utcOffsetH: 7, site, elevM: 10, plantedOn: undefined },
      thresholds: { lowerC: 10, upperC: Number.POSITIVE_INFINITY, cutoff: 'horizontal' },
      balance: balancePlan({ crop: 'dragon-fruit', soil: 'loam', efficiency: 0.9 }),
      pathogens: canker ? [canker] : [],
    },
    {
      hourAt: (hour) => {
        const [temp, humidity] = [series.temp.at(hour), series.humidity.at(hour)]
        return {
          startMs: hour * HOUR_MS,
          ...{ tempC: temp.mean, tminC: temp.min, tmaxC: temp.max },
          ...{ rhPct: humidity.mean, rhminPct: humidity.min, rhmaxPct: humidity.max },
          ...{ rainMm: series.rain.at(hour), windMs: gap, gustMs: gap, solarWm2: series.sun.at(hour).mean },
          ...{ wetnessPct: gap, soilPct: gap, overheadMm: gap },
        }
      },
      irrigationMm: () => 0,
    },
  )
  const size = Math.ceil(given.length / chunks)
  for (let at = 0; at < given.length; at += size) {
    const dirty = new Set<number>()
    for (const { kind, atMs, scaled } of given.slice(at, at + size))
      for (const hour of series[kind].add(atMs, scaled)) dirty.add(book.dayNoOf(hour * HOUR_MS))
    book.recompute(dirty, END)
  }
  return book.days().map(({ values, hours, balance, risks }) => ({
    values,
    hours,
    balance: balance?.state,
    risks: [...risks].map(([name, { risk, quality, periods }]) => [name, risk, quality, periods.length]),
  }))
}

const readings = fc
  .record({
    wet: fc.array(fc.boolean(), { minLength: DAYS * 24, maxLength: DAYS * 24 }),
    holes: fc.array(fc.nat(DAYS * 24), { maxLength: 12 }),
    rises: fc.array(fc.nat(40), { minLength: DAYS * 24, maxLength: DAYS * 24 }),
    resetAt: fc.nat(DAYS * 24),
  })
  .map(({ wet, holes, rises, resetAt }) => {
    let total = 0
    return wet.flatMap((isWet, at): Given[] => {
      total = at === resetAt ? 0 : total + (isWet ? (rises[at] ?? 0) : 0)
      if (holes.includes(at)) return []
      const atMs = T0 + at * HOUR_MS + 600_000
      return [
        { kind: 'temp', atMs, scaled: 250 + (at % 24) * 3 },
        { kind: 'humidity', atMs, scaled: isWet ? 96 : 70 },
        { kind: 'rain', atMs, scaled: total },
        { kind: 'sun', atMs, scaled: at % 24 > 6 && at % 24 < 18 ? 500 : 0 },
      ]
    })
  })

describe('the days of a plot', () => {
  test('are a function of the readings: no order of arrival and no pace of recomputation changes a digit', () => {
    fc.assert(
      fc.property(readings, fc.integer(), fc.integer({ min: 1, max: 6 }), (given, seed, chunks) => {
        const shuffled = given
          .map((each, at) => ({ each, key: Math.sin(seed + at * 12.9898) * 43758.5453 }))
          .sort((a, b) => a.key - Math.floor(a.key) - (b.key - Math.floor(b.key)))
          .map(({ each }) => each)
        expect(bookOf(shuffled, chunks)).toEqual(bookOf(given, 1))
      }),
      { numRuns: 30 },
    )
  })

  test('the rain of all hours is what the gauge rose by, whatever came when', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 2, maxLength: 60 }), (rises) => {
        let total = 0
        const points = rises.map((rise, at) => {
          total += rise
          return { atMs: T0 + at * 1_500_000, total }
        })
        const gauge = new RiseHours(0.1)
        for (const { atMs, total: scaled } of points.toSorted((a, b) => (a.total % 7) - (b.total % 7)))
          gauge.add(atMs, scaled)
        const hours = new Set(points.map(({ atMs }) => hourOf(atMs)))
        const sum = [...hours].reduce((all, hour) => all + gauge.at(hour), 0)
        expect(sum).toBeCloseTo((total - (rises[0] ?? 0)) * 0.1, 6)
      }),
    )
  })

  test('a gauge that begins anew counts from nothing, and one that jumps by a flood says nothing', () => {
    const gauge = new RiseHours(0.1)
    for (const [at, total] of [
      [0, 500],
      [1, 520],
      [2, 30],
      [3, 9000],
    ] as const)
      gauge.add(T0 + at * HOUR_MS, total)
    expect([0, 1, 2, 3].map((at) => gauge.at(hourOf(T0) + at))).toEqual([0, 2, 3, Number.NaN])
  })

  test('a hygrometer a little above 100 % says that the air is saturated; far above it says nothing', () => {
    const night = { t: T0, scaled: 1031, quality: QUALITY.outOfRange }
    expect(asSaturated(night, 0.1)).toEqual({ t: T0, scaled: 1000, quality: QUALITY.good })
    expect(measuredAt(asSaturated({ ...night, scaled: 1200 }, 0.1))).toBeUndefined()
  })

  test('a late reading counts for when its source says it was measured, and one that nobody can place for nothing', () => {
    const late = { t: T0 + 5 * HOUR_MS, scaled: 1, quality: QUALITY.historical }
    expect(measuredAt({ ...late, sourceT: T0 })).toBe(T0)
    expect(measuredAt(late)).toBeUndefined()
    expect(measuredAt({ ...late, sourceT: T0 + 6 * HOUR_MS })).toBeUndefined()
    // A live one counts on arrival, for a node's clock may be anywhere.
    expect(measuredAt({ ...late, quality: QUALITY.good, sourceT: 0 })).toBe(T0 + 5 * HOUR_MS)
    expect(measuredAt({ ...late, quality: QUALITY.good | QUALITY.spike })).toBeUndefined()
  })
})
