import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compute } from '../../../agent/crop/compute.ts'
import {
  byCart,
  dailyWetH,
  WETNESS_DEFAULTS,
  WETNESS_METHODS,
  type WetnessHour,
  wetHours,
} from '../../../agent/crop/disease/leaf-wetness.ts'

const DRY: WetnessHour = {
  tempC: 28,
  rhPct: 60,
  tdewC: 19.5,
  windMs: 1,
  rainMm: 0,
  overheadMm: 0,
  sensorPct: 0,
}
const wet = (hours: readonly Partial<WetnessHour>[], method: (typeof WETNESS_METHODS)[number]) =>
  wetHours(
    hours.map((hour) => ({ ...DRY, ...hour })),
    { ...WETNESS_DEFAULTS, method },
  )

describe('wetness of an hour', () => {
  test.each(WETNESS_METHODS)('%s: rain and sprinkling wet a leaf that the method calls dry', (method) => {
    expect(wet([{}, { rainMm: 0.2 }, { overheadMm: 1 }], method).map((hour) => hour.wet)).toEqual([0, 1, 1])
    expect(wet([{ rainMm: 0.2 }], method)[0]?.note).toBe('from-rain')
    expect(wet([{ overheadMm: 1 }], method)[0]?.note).toBe('from-sprinkling')
  })

  test.each([
    ['sensor', { sensorPct: Number.NaN }],
    ['rh', { rhPct: Number.NaN }],
    ['dpd', { tdewC: Number.NaN }],
    ['cart', { windMs: Number.NaN, tdewC: 27 }],
  ] as const)('%s: what was not measured is a gap, unless it rained', (method, missing) => {
    expect(wet([missing], method)).toEqual([{ wet: Number.NaN, note: 'gap' }])
    expect(wet([{ ...missing, rainMm: 3 }], method)[0]?.wet).toBe(1)
  })

  test('by dew-point depression a leaf wets below 2 °C and dries from 3.8 °C on', () => {
    const dpd = (depression: number) => ({ tempC: 25, tdewC: 25 - depression })
    const told = wet([3, 1.9, 3.7, 3.8, 3, 1].map(dpd), 'dpd')
    expect(told.map((hour) => hour.wet)).toEqual([0, 1, 1, 0, 0, 1])
    expect(told[0]?.note).toBe('from-dry-start')
    expect(told[1]?.note).toBe('ok')
  })

  test('by humidity a leaf that is wet stays wet in moister air', () => {
    const rh = fc.double({ min: 0, max: 100, noNaN: true })
    fc.assert(
      fc.property(rh, rh, (a, b) => {
        const [drier, moister] = wet([{ rhPct: Math.min(a, b) }, { rhPct: Math.max(a, b) }], 'rh')
        expect(moister?.wet).toBeGreaterThanOrEqual(drier?.wet ?? 2)
      }),
    )
  })

  test('CART is dry from 3.7 °C of depression on, and has no answer below 0 °C', () => {
    expect(byCart({ tempC: -1, rhPct: 95, windMs: 1, depressionC: 3.7 }).wet).toBe(0)
    expect(byCart({ tempC: -1, rhPct: 95, windMs: 1, depressionC: 1 })).toEqual({
      wet: Number.NaN,
      note: 'outside-range',
    })
  })
})

describe('wetness of a day', () => {
  test('is 0 to 24 h, more in moister air, and NaN for extremes that can not be', () => {
    const rh = fc.double({ min: 0, max: 100, noNaN: true })
    fc.assert(
      fc.property(rh, rh, rh, (a, b, c) => {
        const [low, mid, high] = [a, b, c].sort((x, y) => x - y) as [number, number, number]
        const hours = dailyWetH(high, low, 20)
        expect(hours).toBeGreaterThanOrEqual(0)
        expect(hours).toBeLessThanOrEqual(24)
        expect(dailyWetH(high, mid, 20)).toBeGreaterThanOrEqual(dailyWetH(mid, mid, 20))
        if (high > low) expect(dailyWetH(low, high, 20)).toBeNaN()
      }),
    )
  })
})

describe('compute leaf-wetness', () => {
  const hours = (rows: readonly string[]) => `time,temp_c,rh_pct,rain_mm\n${rows.join('\n')}\n`

  test('adds wet, wet_h and the quality; a gap stays a gap', () => {
    const csv = hours([
      '2026-07-01T00:00,24,95,0',
      '2026-07-01T01:00,24,,0',
      '2026-07-01T02:00,24,,1',
      '2026-07-01T03:00,24,80,',
    ])
    const { csv: out, faults } = compute('leaf-wetness', csv)
    expect(out.split('\n').map((line) => line.split(',').slice(4).join())).toEqual([
      'wet,wet_h,quality',
      '1,1.00,ok',
      ',,gap',
      '1,1.00,from-rain',
      '0,0.00,ok',
      '',
    ])
    expect(faults).toHaveLength(1)
  })

  test('says which column a method lacks', () => {
    expect(() => compute('leaf-wetness', hours(['2026-07-01T00:00,24,95,0']), { method: 'cart' })).toThrow(
      'wind_ms',
    )
  })

  test('a threshold of one’s own moves the bound', () => {
    const csv = hours(['2026-07-01T00:00,24,88,0'])
    expect(compute('leaf-wetness', csv).csv).toContain(',0,0.00,ok')
    expect(compute('leaf-wetness', csv, { wet_rh_pct: '87' }).csv).toContain(',1,1.00,ok')
  })
})
