import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays } from '../../../agent/crop/calendar.ts'
import { compute } from '../../../agent/crop/compute.ts'
import { readCsv } from '../../../agent/crop/csv.ts'
import { runoffMm } from '../../../agent/crop/curve-number.ts'
import {
  advanceDual,
  type DualDay,
  type DualPlot,
  dualStateBefore,
} from '../../../agent/crop/dual-balance.ts'
import { totalEvaporableMm } from '../../../agent/crop/evaporation-layer.ts'
import { adjustedForClimate, coefficientOn, windAt2mMs } from '../../../agent/crop/growth-stages.ts'
import { depletionFraction, stressCoefficient, totalAvailableMm } from '../../../agent/crop/root-zone.ts'
import { advanceSingle, type SinglePlot, singleStateBefore } from '../../../agent/crop/single-balance.ts'
import { middle, SOILS } from '../../../agent/crop/soils.ts'

const RUNS = { numRuns: 150 }
const maybe = (most: number, weight: number) =>
  fc.oneof(
    { weight, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.double({ min: 0, max: most, noNaN: true }) },
  )

const rules = fc.record({
  pBase: fc.double({ min: 0.1, max: 0.8, noNaN: true }),
  p: fc.constantFrom('adjusted' as const, 'constant' as const),
  ks: fc.constantFrom('linear' as const, 'aquacrop' as const),
})
const soil = fc
  .tuple(fc.double({ min: 0.02, max: 0.25, noNaN: true }), fc.double({ min: 0.04, max: 0.2, noNaN: true }))
  .map(([thetaWp, held]) => ({ thetaWp, thetaFc: thetaWp + held }))
const cn2 = fc.constantFrom(undefined, 55, 75, 92)

describe('the root zone', () => {
  test('tomato on silt without rain (the case of FAO-56 example 37) takes up less from the third day on', () => {
    const plot: SinglePlot = {
      soil: { thetaFc: 0.32, thetaWp: 0.12 },
      pBase: 0.4,
      p: 'constant',
      ks: 'linear',
    }
    let state = singleStateBefore(plot, 0.8, 0.32 - 0.055 / 0.8, 'certain')
    expect(state.drMm).toBeCloseTo(55, 9)
    const days = Array.from({ length: 10 }, () => {
      const { state: after, result } = advanceSingle(plot, state, {
        kc: 1.2,
        rootM: 0.8,
        et0Mm: 5,
        rainMm: 0,
        irrigationMm: 0,
        efficiency: 1,
        theta: Number.NaN,
      })
      state = after
      return result
    })
    expect(days[0]?.tawMm).toBeCloseTo(160, 9)
    expect(days[0]?.rawMm).toBeCloseTo(64, 9)
    expect(days.map(({ ks }) => ks.toFixed(2)).join(' ')).toBe(
      '1.00 1.00 0.97 0.91 0.85 0.80 0.75 0.70 0.66 0.62',
    )
    expect(days.slice(0, 2).map(({ drMm }) => drMm)).toEqual([61, 67].map((mm) => expect.closeTo(mm, 9)))
    // From there on each day takes 6/(160 − 64) of what is left.
    for (const [index, { drMm }] of days.slice(2).entries())
      expect(drMm).toBeCloseTo(160 - 93 * (1 - 6 / 96) ** (index + 1), 9)
  })

  test('p falls on days of high demand and rises on days of low, within 0.1 and 0.8', () => {
    const rule = { pBase: 0.4, p: 'adjusted', ks: 'linear' } as const
    expect(depletionFraction(rule, 5)).toBeCloseTo(0.4, 12)
    expect(depletionFraction(rule, 3)).toBeCloseTo(0.48, 12)
    expect(depletionFraction(rule, 14)).toBe(0.1)
    expect(depletionFraction({ ...rule, pBase: 0.79 }, 1)).toBe(0.8)
  })

  test("AquaCrop's curve holds water use up for longer than the straight line", () => {
    expect(stressCoefficient('aquacrop', 70, 100, 0.4)).toBeGreaterThan(
      stressCoefficient('linear', 70, 100, 0.4),
    )
    for (const rule of ['linear', 'aquacrop'] as const)
      expect([40, 100].map((drMm) => stressCoefficient(rule, drMm, 100, 0.4))).toEqual([1, 0])
  })

  test('table 19: the middle of each texture evaporates what the table says of a layer of 10 cm', () => {
    const printed = [
      [6, 12],
      [9, 14],
      [15, 20],
      [16, 22],
      [18, 25],
      [22, 26],
      [22, 27],
      [22, 28],
      [22, 29],
    ] as const
    for (const [index, { thetaFc, thetaWp }] of SOILS.entries()) {
      const [least, most] = printed[index] as readonly [number, number]
      const tewMm = totalEvaporableMm(middle(thetaFc), middle(thetaWp), 0.1)
      expect(tewMm).toBeGreaterThanOrEqual(least)
      expect(tewMm).toBeLessThanOrEqual(most)
    }
  })
})

describe('the season', () => {
  const stages = { iniD: 20, devD: 30, midD: 40, endD: 30 }
  const levels = { ini: 0.4, mid: 1.2, end: 0.6 }

  test('the coefficient is flat, rises, is flat, falls, and stays', () => {
    const days = [0, 20, 35, 50, 90, 105, 120, 400]
    const values = days.map((day) => coefficientOn(day, stages, levels))
    expect(values.map((value) => Number(value.toFixed(9)))).toEqual([0.4, 0.4, 0.8, 1.2, 1.2, 0.9, 0.6, 0.6])
  })

  test('equation 62: in dry wind a tall crop wants more, in calm humid air less; a low level stays', () => {
    // (0.04·2 − 0.004·(−20))·(2/3)^0.3 = 0.16 × 0.885
    expect(adjustedForClimate(1.2, 4, 25, 2)).toBeCloseTo(1.342, 3)
    expect(adjustedForClimate(1.2, 1, 75, 2)).toBeCloseTo(1.058, 3)
    expect(adjustedForClimate(0.4, 4, 25, 2)).toBe(0.4)
  })

  test('equation 47: 3.2 m/s at 10 m are 2.4 at 2 m (FAO-56 example 14)', () => {
    expect(windAt2mMs(3.2, 10)).toBeCloseTo(2.4, 1)
  })
})

describe('runoff', () => {
  test('begins when a fifth of the storage is wetted, and is never more than the rain', () => {
    // CN 80: S = 62.5 mm; 50 mm: (50 − 12.5)² / (50 + 50)
    expect(runoffMm(12.5, 80)).toBe(0)
    expect(runoffMm(50, 80)).toBeCloseTo(14.0625, 9)
    expect(runoffMm(50, 100)).toBe(50)
  })

  test('is more from a wet surface than from a dry one', () => {
    const surface = { rewMm: 8, tewMm: 20 }
    const [wet, between, dry] = [0, 9, 20].map((deMm) => runoffMm(50, 80, { ...surface, deMm }))
    expect(wet).toBeGreaterThan(between as number)
    expect(between).toBeGreaterThan(dry as number)
  })
})

describe('no water comes from nowhere', () => {
  test('one coefficient: the change of depletion is what went out less what came in, to 1e-9 mm', () => {
    fc.assert(
      fc.property(
        rules,
        soil,
        cn2,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.tuple(maybe(150, 2), maybe(60, 4), fc.double({ min: 0, max: 12, noNaN: true })), {
          maxLength: 60,
        }),
        (stress, holding, curveNumber, wetness, days) => {
          const plot: SinglePlot = {
            ...stress,
            soil: holding,
            ...(curveNumber === undefined ? {} : { cn2: curveNumber }),
          }
          const theta = holding.thetaWp + wetness * (holding.thetaFc - holding.thetaWp)
          let state = singleStateBefore(plot, 0.2, theta, 'certain')
          for (const [index, [rainMm, irrigationMm, et0Mm]] of days.entries()) {
            const before = state.drMm
            const rootM = 0.2 + index * 0.01
            const day = { kc: 1.1, rootM, et0Mm, rainMm, irrigationMm, efficiency: 0.8, theta: Number.NaN }
            const { state: after, result } = advanceSingle(plot, state, day)
            const changeMm = -(rainMm - result.roMm) - irrigationMm * 0.8 + result.etaMm + result.dpMm
            expect(Math.abs(after.drMm - before - changeMm)).toBeLessThan(1e-9)
            expectPossible(after.drMm, totalAvailableMm(holding, rootM), result.ks)
            expect(result.etaMm).toBeLessThanOrEqual(result.etcMm + 1e-12)
            state = after
          }
        },
      ),
      RUNS,
    )
  })

  test('two coefficients: the same, counting what dry ground evaporates from below the wilting point', () => {
    fc.assert(
      fc.property(
        rules,
        soil,
        cn2,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(
          fc.record({
            rainMm: maybe(150, 2),
            irrigationMm: maybe(60, 4),
            et0Mm: fc.double({ min: 0, max: 12, noNaN: true }),
            windMs: fc.double({ min: 0, max: 20, noNaN: true }),
            rhMinPct: fc.double({ min: 0, max: 100, noNaN: true }),
            fw: fc.double({ min: 0.05, max: 1, noNaN: true }),
          }),
          { maxLength: 90 },
        ),
        (stress, holding, curveNumber, wetness, weather) => {
          const plot: DualPlot = {
            ...dualPlot(stress, holding),
            ...(curveNumber === undefined ? {} : { cn2: curveNumber }),
          }
          const theta = holding.thetaWp + wetness * (holding.thetaFc - holding.thetaWp)
          let state = dualStateBefore(plot, 0, theta, 'certain')
          for (const [day, air] of weather.entries()) {
            const { state: after, result } = advanceDual(plot, state, {
              ...QUIET,
              ...air,
              day,
              efficiency: 0.9,
            })
            const changeMm =
              -(air.rainMm - result.roMm) -
              air.irrigationMm * 0.9 +
              result.etaMm +
              result.dpMm -
              result.belowWpMm
            expect(Math.abs(after.drMm - state.drMm - changeMm)).toBeLessThan(1e-9)
            expectPossible(after.drMm, result.tawMm, result.ks)
            expect(result.deMm).toBeGreaterThanOrEqual(0)
            expect(result.deMm).toBeLessThanOrEqual(plot.surface.tewMm)
            expect(result.ke).toBeGreaterThanOrEqual(0)
            expect(result.kcb + result.ke).toBeLessThanOrEqual(result.kcMax + 1e-9)
            state = after
          }
        },
      ),
      RUNS,
    )
  })
})

describe('two coefficients', () => {
  const plot = dualPlot({ pBase: 0.5, p: 'adjusted', ks: 'linear' }, { thetaFc: 0.25, thetaWp: 0.12 })

  test('rain of 3 mm wets all the ground again, less leaves the share that irrigation wetted', () => {
    let state = dualStateBefore(plot, 0, 0.2, 'certain')
    const fwAfter = (day: Partial<DualDay>) => {
      state = advanceDual(plot, state, { ...QUIET, ...day }).state
      return state.fw
    }
    expect(fwAfter({ irrigationMm: 10, fw: 0.3 })).toBe(0.3)
    expect(fwAfter({ rainMm: 2 })).toBe(0.3)
    expect(fwAfter({ rainMm: 3 })).toBe(1)
    expect(fwAfter({ rainMm: 8, irrigationMm: 10, fw: 0.4 })).toBe(0.4)
  })

  test('a measured Kcb carries on along the rise of the curve, and gives way in mid-season', () => {
    let state = dualStateBefore(plot, 0, 0.25, 'certain')
    const kcbs = Array.from({ length: 60 }, (_, day) => {
      const { state: after, result } = advanceDual(plot, state, {
        ...QUIET,
        day,
        kcb: day === 25 ? 0.6 : Number.NaN,
      })
      state = after
      return result.kcb
    })
    const slope = (plot.kcb.mid - plot.kcb.ini) / plot.stages.devD
    expect(kcbs[25]).toBe(0.6)
    expect(kcbs[26]).toBeCloseTo(0.6 + slope, 12)
    expect(kcbs[59]).toBe(plot.kcb.mid)
  })

  test('measured height and cover take the place of the reckoned ones', () => {
    const { result } = advanceDual(plot, dualStateBefore(plot, 0, 0.25, 'certain'), {
      ...QUIET,
      day: 30,
      heightM: 0.8,
      coverFraction: 0.7,
    })
    expect([result.heightM, result.coverFraction]).toEqual([0.8, 0.7])
    expect(result.few).toBeCloseTo(0.3, 12)
  })
})

describe('the options, against the equations of pyfao56 worked out apart', () => {
  // Runoff with cn2, p constant, 80 % of the irrigation on 40 % of the ground.
  const params = {
    ...{ kcb_ini: '0.2', kcb_mid: '1.1', kcb_end: '0.6', l_ini: '10', l_dev: '15', l_mid: '15', l_end: '10' },
    ...{
      h_ini_m: '0.1',
      h_max_m: '1.5',
      theta_fc: '0.3',
      theta_wp: '0.16',
      theta_0: '0.24',
      zr_ini_m: '0.2',
    },
    ...{
      zr_max_m: '0.9',
      p_base: '0.45',
      rew_mm: '8',
      runoff: 'curve-number',
      cn2: '80',
      p_method: 'constant',
    },
    ...{ efficiency_pct: '80', fw: '0.4', wind_height_m: '3' },
  }
  const csv = [
    'date,et0_mm,rain_mm,irrigation_mm,wind_ms,rhmin_pct',
    ...Array.from({ length: 52 }, (_, day) =>
      [
        addDays('2026-01-01', day),
        3 + ((day * 7) % 5),
        day % 9 === 4 ? 35 : 0,
        day % 13 === 6 ? 20 : 0,
        1 + (day % 4),
        30 + ((day * 11) % 40),
      ].join(','),
    ),
  ].join('\n')

  test.each([
    ['short', 'aquacrop', 'weather', [14.012, 46.397, 30.795], [2.233, 3.38, 6.501], 4.396, 46.148],
    ['tall', 'linear', 'none', [14.33, 43.644, 20.109], [2.297, 3.346, 5], 10.046, 47.025],
  ] as const)(
    'over the %s reference, stress %s, Kcb moved by: %s',
    (reference, ks_method, kc_adjust, dr, eta, runoffSum, dpSum) => {
      const rows = table(
        compute('water-balance-dual', csv, { ...params, reference, ks_method, kc_adjust }).csv,
      )
      const sum = (name: string) => rows.reduce((total, row) => total + Number(row[name]), 0)
      const on = (name: string) => [12, 30, 51].map((day) => Number(rows[day]?.[name]))
      expect(on('dr_mm')).toEqual(dr)
      expect(on('eta_mm')).toEqual(eta)
      expect(sum('ro_mm')).toBeCloseTo(runoffSum, 2)
      expect(sum('dp_mm')).toBeCloseTo(dpSum, 2)
    },
  )
})

describe('a day that nothing is known of', () => {
  const params = { theta_fc: '0.25', theta_wp: '0.15', theta_0: '0.22', zr_max_m: '0.5', p_base: '0.4' }
  const single = { ...params, kc_mid: '0.9' }
  const dual = { ...params, kcb_mid: '0.8', h_max_m: '1', rew_mm: '8' }
  const header = 'date,et0_mm,rain_mm,irrigation_mm,soil_moisture_pct'

  describe.each([
    ['water-balance', single, 'dr-from-soil-moisture'],
    // The reading tells nothing of the surface.
    ['water-balance-dual', { ...dual, reference: 'tall' }, 'dr-from-soil-moisture de-from-dry-surface'],
  ] as const)('%s', (model, given, measured) => {
    const answer = (rows: string[]) => table(compute(model, [header, ...rows].join('\n'), given).csv)

    test('is a gap, and the state is unknown until TAW of water has come', () => {
      const rows = answer([
        '2026-03-01,5,0,,',
        '2026-03-02,,0,,',
        '2026-03-03,5,0,,',
        '2026-03-04,5,20,20,',
        '2026-03-05,5,30,20,',
        '2026-03-06,5,0,,',
      ])
      expect(rows.map(({ quality }) => quality)).toEqual(['ok', 'gap', 'unknown', 'unknown', 'ok', 'ok'])
      for (const row of [1, 2, 3]) {
        expect(rows[row]).toMatchObject({ dr_mm: '', eta_mm: '', irrigate: '', net_mm: '' })
        expect(Number(rows[row]?.['taw_mm'])).toBe(50)
      }
      // At most that day's evapotranspiration is missing.
      expect(Number(rows[4]?.['dr_mm'])).toBeLessThanOrEqual(Number(rows[4]?.['eta_mm']))
      expect(Number(rows[5]?.['dr_mm'])).toBeGreaterThan(0)
    })

    test('a missing rain cell and a missing row are gaps too; an empty irrigation cell is none given', () => {
      const rows = answer(['2026-03-01,5,0,,', '2026-03-02,5,,,', '2026-03-03,5,60,,', '2026-03-05,5,0,,'])
      expect(rows.map(({ quality }) => quality)).toEqual(['ok', 'gap', 'ok', 'unknown'])
    })

    test('a measured water content sets the depletion again, and says so', () => {
      const rows = answer(['2026-03-01,5,0,,', '2026-03-02,,0,,', '2026-03-03,5,0,,20', '2026-03-04,0,0,,'])
      expect(rows[2]).toMatchObject({ dr_mm: '25.000', quality: measured })
      expect(rows[3]).toMatchObject({ dr_mm: '25.000', quality: 'ok' })
      const wet = answer(['2026-03-01,5,0,,40'])
      expect(wet[0]?.['dr_mm']).toBe('0.000')
      expect(Number(wet[0]?.['reset_mm'])).toBeLessThan(0)
    })
  })

  test('a balance that was begun at field capacity for want of better says so until it has rained enough', () => {
    const { theta_0: _, ...rest } = single
    const csv = [header, '2026-03-01,5,0,,', '2026-03-02,5,60,,', '2026-03-03,5,0,,'].join('\n')
    expect(table(compute('water-balance', csv, rest).csv).map(({ quality }) => quality)).toEqual([
      'dr-from-field-capacity',
      'ok',
      'ok',
    ])
  })

  test('without wind and humidity the climate of the tables stands in, and is named', () => {
    const csv = 'date,et0_mm,rain_mm,tmax_c,tmin_c\n2026-03-01,5,0,33,24\n2026-03-02,5,0,,'
    expect(table(compute('water-balance-dual', csv, dual).csv).map(({ quality }) => quality)).toEqual([
      'wind-from-2-ms rhmin-from-tmin',
      'wind-from-2-ms rhmin-from-45-pct',
    ])
  })
})

describe('for a farm', () => {
  const days = Array.from({ length: 12 }, (_, day) => `${addDays('2026-02-01', day)},5,0`)
  const csv = ['date,et0_mm,rain_mm', ...days].join('\n')

  test('a dragon-fruit plot on sandy loam is told when, how much, and how many litres a post; Kc is named an estimate', () => {
    const params = {
      crop: 'dragon-fruit',
      soil: 'sandy-loam',
      theta_0: '0.23',
      efficiency_pct: '90',
      plants_per_ha: '1100',
    }
    const rows = table(compute('water-balance', csv, params).csv)
    const first = rows.findIndex(({ irrigate }) => irrigate === '1')
    // TAW 1000 · (0.23 − 0.11) · 0.3 = 36 mm; p 0.3 + 0.04 · (5 − 2.5) = 0.4, RAW 14.4 mm: reached on the sixth day of 2.5 mm.
    expect(rows[0]).toMatchObject({ taw_mm: '36.000', raw_mm: '14.400', irrigate: '0', net_mm: '0.000' })
    expect(first).toBe(5)
    expect(rows[5]).toMatchObject({
      dr_mm: '15.000',
      net_mm: '15.000',
      gross_mm: '16.667',
      litres_per_plant: '151.5',
    })
    expect(rows[0]?.['quality']).toBe('kc-from-estimate kc-from-mid-season')
  })

  test("a number that is given goes before the crop's", () => {
    const params = {
      crop: 'coffee',
      soil: 'clay',
      zr_max_m: '0.5',
      p_base: '0.3',
      kc_mid: '1.1',
      theta_0: '0.36',
    }
    expect(table(compute('water-balance', csv, params).csv)[0]).toMatchObject({
      kc: '1.1000',
      taw_mm: '70.000',
    })
  })

  test('what neither a param nor the crop says is asked for by its name', () => {
    expect(() => compute('water-balance', csv, { soil: 'loam', zr_max_m: '1', p_base: '0.5' })).toThrow(
      /kc_mid/,
    )
    expect(() => compute('water-balance', csv, { crop: 'tomato' })).toThrow(/theta_fc/)
    expect(() => compute('water-balance-dual', csv, { crop: 'dragon-fruit', soil: 'loam' })).toThrow(
      /kcb_mid/,
    )
    expect(() => compute('water-balance', csv, { crop: 'tomato', theta_fc: '0.1', theta_wp: '0.2' })).toThrow(
      /theta_fc \(0.1\) must lie above/,
    )
    expect(() => compute('water-balance', csv, { crop: 'tomato', soil: 'loam', zr_ini_m: '2' })).toThrow(
      /zr_ini_m/,
    )
  })

  test('rows before planting are no part of the season; planting before the first row is counted in', () => {
    const params = { crop: 'tomato', soil: 'loam', theta_0: '0.25' }
    const late = table(compute('water-balance', csv, { ...params, plant_date: '2026-02-04' }).csv)
    expect(late.slice(0, 4).map(({ quality }) => quality)).toEqual([
      'before-planting',
      'before-planting',
      'before-planting',
      'ok',
    ])
    const early = table(compute('water-balance', csv, { ...params, plant_date: '2025-11-20' }).csv)
    expect(early[0]).toMatchObject({ kc: '1.1500', zr_m: '0.700' })
  })

  test('a crop named without numbers runs with two coefficients as well', () => {
    const params = { crop: 'tomato', soil: 'loam', theta_0: '0.25', reference: 'tall' }
    expect(table(compute('water-balance-dual', csv, params).csv)[0]).toMatchObject({
      kcb: '0.1500',
      quality: 'ok',
    })
  })

  test('irrigation counts by the share that reaches the roots', () => {
    const rows = ['2026-02-01,0,0,', '2026-02-02,0,0,10'].join('\n')
    const params = { crop: 'coffee', soil: 'loam', theta_0: '0.2', efficiency_pct: '70' }
    const answer = table(compute('water-balance', `date,et0_mm,rain_mm,irrigation_mm\n${rows}`, params).csv)
    expect(Number(answer[0]?.['dr_mm']) - Number(answer[1]?.['dr_mm'])).toBeCloseTo(7, 9)
  })

  test('in humid calm air the weather lowers Kc', () => {
    const humid = ['date,et0_mm,rain_mm,wind_ms,rhmin_pct', ...days.map((day) => `${day},1,75`)].join('\n')
    const params = { crop: 'coffee', soil: 'loam', theta_0: '0.25', kc_adjust: 'weather' }
    expect(Number(table(compute('water-balance', humid, params).csv)[0]?.['kc'])).toBeCloseTo(
      // 0.95 − (0.04 + 0.12) · (2.5/3)^0.3
      0.799,
      3,
    )
  })
})

function expectPossible(drMm: number, tawMm: number, ks: number): void {
  expect(drMm).toBeGreaterThanOrEqual(0)
  expect(drMm).toBeLessThanOrEqual(tawMm)
  expect(ks).toBeGreaterThanOrEqual(0)
  expect(ks).toBeLessThanOrEqual(1)
}

function dualPlot(
  stress: Pick<DualPlot, 'pBase' | 'p' | 'ks'>,
  holding: { thetaFc: number; thetaWp: number },
): DualPlot {
  const tewMm = totalEvaporableMm(holding.thetaFc, holding.thetaWp, 0.1)
  return {
    ...stress,
    soil: holding,
    surface: { tewMm, rewMm: Math.min(8, tewMm / 2) },
    stages: { iniD: 20, devD: 30, midD: 40, endD: 20 },
    kcb: { ini: 0.15, mid: 1.1, end: 0.7 },
    kcMin: 0.15,
    heightIniM: 0.05,
    heightMaxM: 1,
    rootIniM: 0.2,
    rootMaxM: 0.8,
    reference: 'short',
    windHeightM: 2,
  }
}

function table(csv: string): Record<string, string>[] {
  const { header, rows } = readCsv(csv)
  return rows.map(({ cells }) => Object.fromEntries(header.map((name, place) => [name, cells[place] ?? ''])))
}

const QUIET: DualDay = {
  day: 0,
  et0Mm: 5,
  rainMm: 0,
  irrigationMm: 0,
  efficiency: 1,
  fw: 1,
  windMs: 2,
  rhMinPct: 45,
  kcb: Number.NaN,
  heightM: Number.NaN,
  coverFraction: Number.NaN,
  theta: Number.NaN,
}
