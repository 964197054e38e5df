import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CUTOFFS,
  type Cutoff,
  DEGREE_DAY_METHODS,
  degreeDays,
  type Extremes,
  type Thresholds,
} from '../../../agent/crop/degree-days.ts'
import { DEGREE_DAYS } from '../../../agent/crop/degree-days-model.ts'
import { modelInput } from './model-input.ts'

const tempC = fc.double({ min: -10, max: 45, noNaN: true })
const day = fc
  .tuple(tempC, tempC, tempC)
  .map(([a, b, nextMinC]): Extremes => ({ minC: Math.min(a, b), maxC: Math.max(a, b), nextMinC }))
const thresholds = fc
  .tuple(tempC, fc.double({ min: 0.1, max: 40, noNaN: true }), fc.constantFrom(...CUTOFFS))
  .map(([lowerC, widthC, cutoff]): Thresholds => ({ lowerC, upperC: lowerC + widthC, cutoff }))
const method = fc.constantFrom(...DEGREE_DAY_METHODS)
const none = Number.POSITIVE_INFINITY
const open = (lowerC: number): Thresholds => ({ lowerC, upperC: none, cutoff: 'horizontal' })

describe('degree days of one day', () => {
  test('are never negative, and never more than the hottest moment above the threshold', () => {
    fc.assert(
      fc.property(method, day, thresholds, (each, extremes, limits) => {
        const dd = degreeDays(each, extremes, limits)
        const hottest = Math.max(extremes.maxC, each.startsWith('double') ? extremes.nextMinC : extremes.maxC)
        expect(dd).toBeGreaterThanOrEqual(0)
        expect(dd).toBeLessThanOrEqual(Math.max(0, Math.min(hottest, limits.upperC) - limits.lowerC) + 1e-9)
      }),
    )
  })

  test('fall as the lower threshold rises, and rise with the upper one', () => {
    fc.assert(
      fc.property(
        method,
        day,
        thresholds,
        fc.double({ min: 0, max: 20, noNaN: true }),
        (each, extremes, limits, moreC) => {
          const dd = degreeDays(each, extremes, limits)
          const lower = degreeDays(each, extremes, { ...limits, lowerC: limits.lowerC - moreC })
          const upper = degreeDays(each, extremes, { ...limits, upperC: limits.upperC + moreC })
          expect(lower).toBeGreaterThanOrEqual(dd - 1e-9)
          expect(upper).toBeGreaterThanOrEqual(dd - 1e-9)
        },
      ),
    )
  })

  test('with a horizontal cut-off they are what lies above the lower threshold less what lies above the upper', () => {
    fc.assert(
      fc.property(method, day, thresholds, (each, extremes, { lowerC, upperC }) => {
        const between = degreeDays(each, extremes, { lowerC, upperC, cutoff: 'horizontal' })
        const above = (tempC: number) => degreeDays(each, extremes, open(tempC))
        expect(between).toBeCloseTo(above(lowerC) - above(upperC), 9)
      }),
    )
  })

  test('an intermediate cut-off gives no more than a horizontal one, a vertical one neither', () => {
    fc.assert(
      fc.property(method, day, thresholds, (each, extremes, limits) => {
        const by = (cutoff: Cutoff) => degreeDays(each, extremes, { ...limits, cutoff })
        expect(by('intermediate')).toBeLessThanOrEqual(by('horizontal') + 1e-9)
        expect(by('vertical')).toBeLessThanOrEqual(by('horizontal') + 1e-9)
      }),
    )
  })

  test.each(CUTOFFS)('the curves are what adding up the day in small steps gives, cut-off %s', (cutoff) => {
    const steps = 20_000
    const rate = (tempC: number, { lowerC, upperC }: Thresholds) => {
      if (tempC <= upperC) return Math.max(0, tempC - lowerC)
      // The published rule takes the excess off the whole day's area, so that a step may be negative here.
      return { horizontal: upperC - lowerC, intermediate: 2 * upperC - lowerC - tempC, vertical: 0 }[cutoff]
    }
    const added = (curve: (share: number) => number, limits: Thresholds) => {
      let sum = 0
      for (let step = 0; step < steps; step++) sum += rate(curve((step + 0.5) / steps), limits)
      return Math.max(0, sum / steps)
    }
    const cases = [
      [14, 31, 12, 28],
      [22, 36, 12, 30],
      [8, 24, 10, 40],
      [33, 41, 12, 30],
    ] as const
    for (const [minC, maxC, lowerC, upperC] of cases) {
      const limits = { lowerC, upperC, cutoff }
      const extremes = { minC, maxC, nextMinC: minC }
      const [mean, half] = [(minC + maxC) / 2, (maxC - minC) / 2]
      expect(degreeDays('single-sine', extremes, limits)).toBeCloseTo(
        added((share) => mean + half * Math.sin(2 * Math.PI * share), limits),
        2,
      )
      expect(degreeDays('single-triangle', extremes, limits)).toBeCloseTo(
        added((share) => minC + (maxC - minC) * share, limits),
        2,
      )
    }
  })

  test('a double method whose next minimum is the same is the single one', () => {
    fc.assert(
      fc.property(day, thresholds, ({ minC, maxC }, limits) => {
        const extremes = { minC, maxC, nextMinC: minC }
        for (const shape of ['sine', 'triangle'] as const)
          expect(degreeDays(`double-${shape}`, extremes, limits)).toBe(
            degreeDays(`single-${shape}`, extremes, limits),
          )
      }),
    )
  })

  test('the two averages differ where a night is colder than the threshold (McMaster & Wilhelm 1997)', () => {
    const extremes = { minC: 4, maxC: 20, nextMinC: 4 }
    expect(degreeDays('average', extremes, open(10))).toBe(2)
    expect(degreeDays('average-clamped', extremes, open(10))).toBe(5)
  })

  test('a minimum above the maximum, or a missing one, gives no number', () => {
    for (const each of DEGREE_DAY_METHODS) {
      expect(degreeDays(each, { minC: 30, maxC: 20, nextMinC: 20 }, open(10))).toBeNaN()
      expect(degreeDays(each, { minC: Number.NaN, maxC: 20, nextMinC: 20 }, open(10))).toBeNaN()
    }
  })
})

describe('degree days of a table', () => {
  const rows = (minima: number[], dates: string[]) =>
    modelInput(DEGREE_DAYS, {
      dates,
      columns: { tmin_c: minima, tmax_c: minima.map((minC) => minC + 10) },
      params: { lower_c: 10, method: 'double-sine' },
    })

  test('the last day has no next one and says so', () => {
    const { columns, quality } = DEGREE_DAYS.run(rows([20, 22], ['2026-01-01', '2026-01-02']))
    expect(quality).toEqual(['ok', 'from-own-min'])
    expect(Array.from(columns['dd_c'] as Float64Array)).toEqual([15.5, 17])
    expect(Array.from(columns['dd_sum_c'] as Float64Array)).toEqual([15.5, 32.5])
  })

  test('a gap stays empty, and the sum says from then on that it is without it', () => {
    const dates = ['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04']
    const { columns, quality } = DEGREE_DAYS.run(
      modelInput(DEGREE_DAYS, {
        dates,
        columns: { tmin_c: [20, Number.NaN, 20, 20], tmax_c: [30, 30, 30, 30] },
        params: { lower_c: 10 },
      }),
    )
    expect(quality).toEqual(['ok', 'gap sum-without-gaps', 'sum-without-gaps', 'sum-without-gaps'])
    expect(Array.from(columns['dd_c'] as Float64Array)).toEqual([15, Number.NaN, 15, 15])
    expect(Array.from(columns['dd_sum_c'] as Float64Array)).toEqual([15, Number.NaN, 30, 45])
  })

  test('a day that is not in the table is a gap of the sum, and no next day for the one before', () => {
    const { quality } = DEGREE_DAYS.run(rows([20, 20, 20], ['2026-01-01', '2026-01-02', '2026-01-04']))
    expect(quality).toEqual(['ok', 'from-own-min', 'from-own-min sum-without-gaps'])
  })

  test('the sum begins on the day asked for; one before the table begins with a gap', () => {
    const table = (from: string) =>
      DEGREE_DAYS.run(
        modelInput(DEGREE_DAYS, {
          dates: ['2026-01-01', '2026-01-02', '2026-01-03'],
          columns: { tmin_c: [20, 20, 20], tmax_c: [30, 30, 30] },
          params: { lower_c: 10, from },
        }),
      )
    expect(Array.from(table('2026-01-02').columns['dd_sum_c'] as Float64Array)).toEqual([Number.NaN, 15, 30])
    expect(table('2026-01-02').quality).toEqual(['ok', 'ok', 'ok'])
    expect(table('2025-12-31').quality[0]).toBe('sum-without-gaps')
  })

  test('an upper threshold that is not above the lower one is refused', () => {
    const input = modelInput(DEGREE_DAYS, {
      dates: ['2026-01-01'],
      columns: { tmin_c: [20], tmax_c: [30] },
      params: { lower_c: 12, upper_c: 12 },
    })
    expect(() => DEGREE_DAYS.run(input)).toThrow(/must lie above/)
  })
})
