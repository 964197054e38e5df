import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compute } from '../../../agent/crop/compute.ts'
import { readCsv } from '../../../agent/crop/csv.ts'
import { glomerellaSeverityPct } from '../../../agent/crop/disease/glomerella.ts'
import { infectionHours, type WeatherHour } from '../../../agent/crop/disease/infection-hours.ts'
import {
  type InfectionNeeds,
  riskRatio,
  temperatureResponse,
  wetnessNeededH,
} from '../../../agent/crop/disease/magarey.ts'
import { PATHOGENS } from '../../../agent/crop/disease/pathogens.ts'

const HOUR_MS = 3_600_000
const NEEDS: InfectionNeeds = { tminC: 10, toptC: 25, tmaxC: 35, wminH: 6, wmaxH: 24, d50H: 4 }
const GAP = Number.NaN

/** Hours on end from a row of shares of wetness, all at one temperature. */
const hoursOf = (wetH: readonly number[], tempC = 25): WeatherHour[] =>
  wetH.map((wet, at) => ({ timeMs: at * HOUR_MS, tempC, wetH: wet }))
const times = (count: number, value: number): number[] => Array.from({ length: count }, () => value)

const temp = fc.double({ min: -20, max: 60, noNaN: true })
const wetHoursOf = fc.double({ min: 0, max: 100, noNaN: true })
const pathogen = fc.constantFrom(...PATHOGENS)

describe('what an infection needs', () => {
  test('nothing infects outside the limits, whatever the wetness', () => {
    fc.assert(
      fc.property(pathogen, wetHoursOf, fc.double({ min: 0, max: 40, noNaN: true }), (needs, wet, off) => {
        expect(riskRatio(wet, needs.tminC - off, needs)).toBe(0)
        expect(riskRatio(wet, needs.tmaxC + off, needs)).toBe(0)
      }),
    )
  })

  test('risk rises with wetness, and at the best temperature Wmin is enough', () => {
    fc.assert(
      fc.property(pathogen, temp, wetHoursOf, wetHoursOf, (needs, at, a, b) => {
        expect(riskRatio(Math.max(a, b), at, needs)).toBeGreaterThanOrEqual(
          riskRatio(Math.min(a, b), at, needs),
        )
        expect(riskRatio(needs.wminH, needs.toptC, needs)).toBe(1)
        expect(temperatureResponse(at, needs)).toBeLessThanOrEqual(1 + 1e-12)
        expect(wetnessNeededH(at, needs)).toBeGreaterThanOrEqual(needs.wminH * (1 - 1e-12))
        expect(wetnessNeededH(at, needs)).toBeLessThanOrEqual(needs.wmaxH ?? Number.POSITIVE_INFINITY)
      }),
    )
  })

  test('every pathogen has limits in order, a status and a source', () => {
    for (const each of PATHOGENS) {
      expect(each.tminC < each.toptC && each.toptC < each.tmaxC, each.name).toBe(true)
      expect(each.source.length, each.name).toBeGreaterThan(10)
    }
    expect(new Set(PATHOGENS.map(({ name }) => name)).size).toBe(PATHOGENS.length)
  })
})

describe('infection hour by hour', () => {
  test('six wet hours at the best temperature infect in the sixth', () => {
    const { hours, periods } = infectionHours(hoursOf([...times(6, 1), 0, 0, 0, 0]), NEEDS)
    expect(hours.map(({ infections }) => infections)).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    expect(hours[5]?.ratio).toBe(1)
    expect(hours.at(-1)?.wetSumH).toBe(0)
    expect(periods).toEqual([
      {
        startMs: 0,
        endMs: 6 * HOUR_MS,
        wetHours: 6,
        dryHours: 0,
        meanTempC: 25,
        neededH: 6,
        ratio: 1,
        infections: 1,
        infectedAtMs: 5 * HOUR_MS,
        isAtLeast: false,
      },
    ])
  })

  test('a dry spell shorter than D50 interrupts a wet period, one of D50 ends it', () => {
    const short = infectionHours(hoursOf([...times(3, 1), ...times(3, 0), ...times(3, 1)]), NEEDS).periods
    expect(short.map(({ wetHours, dryHours, infections }) => [wetHours, dryHours, infections])).toEqual([
      [6, 3, 1],
    ])
    const long = infectionHours(hoursOf([...times(3, 1), ...times(4, 0), ...times(3, 1)]), NEEDS).periods
    expect(long.map(({ wetHours, dryHours, ratio }) => [wetHours, dryHours, ratio])).toEqual([
      [3, 0, 0.5],
      [3, 0, 0.5],
    ])
  })

  test('spores that came after a hot morning count without its heat', () => {
    const hours = [
      ...hoursOf(times(6, 1), 40),
      ...hoursOf(times(6, 1), 25).map((hour, at) => ({ ...hour, timeMs: (6 + at) * HOUR_MS })),
    ]
    const { hours: out } = infectionHours(hours, NEEDS)
    expect(out.at(-1)?.infections).toBe(1)
    expect(out.at(-1)?.meanTempC).toBe(32.5)
    expect(out.slice(0, 6).every(({ ratio, cohortRatio }) => ratio === 0 && cohortRatio === 0)).toBe(true)
  })

  test('a short gap adds nothing and is said; a long one ends the period', () => {
    const short = infectionHours(hoursOf([1, 1, 1, GAP, 1, 1, 1]), NEEDS)
    expect(short.hours.map(({ quality }) => quality)).toEqual([
      'ok',
      'ok',
      'ok',
      'gap',
      'after-gap',
      'after-gap',
      'after-gap',
    ])
    expect(short.hours[3]?.ratio).toBeNaN()
    expect(short.periods).toMatchObject([{ wetHours: 6, isAtLeast: true }])
    const rows = hoursOf(times(10, 1)).filter((_, at) => at < 3 || at >= 7)
    expect(infectionHours(rows, NEEDS).periods.map(({ wetHours }) => wetHours)).toEqual([3, 3])
  })

  test('known dry hours of D50 clear the doubt that a gap left', () => {
    const { hours } = infectionHours(hoursOf([GAP, 1, 0, 0, 0, 0, 1]), NEEDS)
    expect(hours.map(({ quality }) => quality)).toEqual([
      'gap',
      'after-gap',
      'after-gap',
      'after-gap',
      'after-gap',
      'ok',
      'ok',
    ])
  })

  test('wetness without a temperature is a gap, dry hours need none', () => {
    const { hours } = infectionHours(
      [
        { timeMs: 0, tempC: GAP, wetH: 1 },
        { timeMs: HOUR_MS, tempC: GAP, wetH: 0 },
      ],
      NEEDS,
    )
    expect(hours.map(({ quality, wetSumH }) => [quality, wetSumH])).toEqual([
      ['gap', GAP],
      ['after-gap', 0],
    ])
  })

  test('turning a dry hour wet never lowers what comes of a night at one temperature', () => {
    const wetness = fc.array(fc.constantFrom(0, 0.5, 1), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(wetness, fc.nat(), fc.double({ min: 0, max: 45, noNaN: true }), (wet, pick, at) => {
        const highest = (shares: readonly number[]) =>
          Math.max(0, ...infectionHours(hoursOf(shares, at), NEEDS).periods.map(({ ratio }) => ratio))
        const wetter = wet.with(pick % wet.length, 1)
        expect(highest(wetter)).toBeGreaterThanOrEqual(highest(wet) - 1e-12)
      }),
    )
  })

  test('the periods hold all wet hours, once, in order', () => {
    const wetness = fc.array(fc.constantFrom(0, 0, 0.25, 1, GAP), { maxLength: 80 })
    fc.assert(
      fc.property(wetness, (wet) => {
        const { hours, periods } = infectionHours(hoursOf(wet), NEEDS)
        const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
        expect(hours).toHaveLength(wet.length)
        expect(sum(periods.map(({ wetHours }) => wetHours))).toBeCloseTo(
          sum(wet.filter((share) => !Number.isNaN(share))),
          9,
        )
        for (const [at, period] of periods.entries()) {
          expect(period.endMs).toBeGreaterThan(period.startMs)
          expect(period.startMs).toBeGreaterThanOrEqual(periods[at - 1]?.endMs ?? 0)
        }
      }),
    )
  })
})

describe('compute magarey', () => {
  const csv = (temps: readonly number[], wet: readonly (number | string)[]) =>
    `time,temp_c,wet_h\n${wet
      .map((share, at) => `2026-07-01T${String(at).padStart(2, '0')}:00,${temps[at % temps.length]},${share}`)
      .join('\n')}\n`
  const OWN = { tmin_c: '10', topt_c: '25', tmax_c: '35', wmin_h: '6' }

  test('gives the ratio of each hour beside its row', () => {
    const { header, rows } = readCsv(compute('magarey', csv([25], [1, 1, '', 1, 0]), OWN).csv)
    expect(header.slice(3).join()).toBe(
      'wet_sum_h,twet_mean_c,w_needed_h,risk_ratio,cohort_ratio,infections,quality',
    )
    expect(rows.map(({ cells }) => cells.slice(6).join())).toEqual([
      '0.167,0.167,0,ok',
      '0.333,0.333,0,ok',
      ',,,gap',
      '0.500,0.500,0,after-gap',
      '0.500,0.000,0,after-gap',
    ])
  })

  test('magarey-events gives a row a wet period, in the zone of the table', () => {
    const { rows } = readCsv(compute('magarey-events', csv([25], [0, ...times(7, 1), 0]), OWN).csv)
    expect(rows.map(({ cells }) => cells.join())).toEqual([
      '2026-07-01T01:00+07:00,2026-07-01T08:00+07:00,7.00,0,25.00,6.00,1.167,2,2026-07-01T06:00+07:00,ok',
    ])
  })

  test('says that a pathogen’s needs are a guess, and lets a figure be replaced', () => {
    const given = { pathogen: 'dragon-fruit-canker' }
    expect(compute('magarey', csv([32], times(6, 1)), given).csv).toContain(',1.000,1.000,1,needs-prior')
    expect(compute('magarey', csv([32], times(6, 1)), { ...given, wmin_h: '12' }).csv).toContain(
      ',0.500,0.500,0,',
    )
  })

  test.each([[{}], [{ ...OWN, topt_c: '36' }], [{ ...OWN, wmax_h: '2' }], [{ pathogen: 'rust' }]])(
    'refuses needs that are not complete or not in order: %o',
    (params) => {
      expect(() => compute('magarey', csv([25], [1]), params)).toThrow(
        expect.objectContaining({ code: 'input-invalid' }),
      )
    },
  )
})

describe('Glomerella leaf spot', () => {
  test('gives the figures of its surface at 24 °C, never below 0', () => {
    expect([6, 10, 14, 24, 48].map((wet) => Number(glomerellaSeverityPct(24, wet).toFixed(1)))).toEqual([
      0, 2.2, 5, 11.8, 26.2,
    ])
  })

  test('is most severe at 22.2 + 0.06·W °C', () => {
    const best = 7.851 / 0.354 + (0.021 / 0.354) * 24
    expect(best).toBeCloseTo(22.2 + 0.06 * 24, 1)
    for (const off of [-1, 1])
      expect(glomerellaSeverityPct(best + off, 24)).toBeLessThan(glomerellaSeverityPct(best, 24))
  })

  test('has no answer where a parabola means nothing', () => {
    expect([glomerellaSeverityPct(5, 24), glomerellaSeverityPct(24, 60)]).toEqual([GAP, GAP])
    expect(compute('glomerella-leaf-spot', 'tmean_c,wet_h\n24,60\n').csv).toContain(
      '24,60,,gap outside-range',
    )
  })
})
