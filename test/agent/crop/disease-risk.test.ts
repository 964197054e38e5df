import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compute } from '../../../agent/crop/compute.ts'
import { readCsv } from '../../../agent/crop/csv.ts'
import { cankerIndex } from '../../../agent/crop/disease/canker.ts'
import { diseaseRisk } from '../../../agent/crop/disease/disease-risk.ts'
import { PATHOGENS, type Pathogen, pathogenNamed } from '../../../agent/crop/disease/pathogens.ts'
import { hourTable } from './disease-hours.ts'

const HOUR_MS = 3_600_000
const CANKER = pathogenNamed('dragon-fruit-canker') as Pathogen
const LOCAL = { utcOffsetH: 7, dayStartsH: 0 }
// Midnight of 1 July 2026 in Vietnam.
const START_MS = Date.UTC(2026, 5, 30, 17)

const hourly = (hours: number, wetAt: (hour: number) => number, tempC = 32) =>
  Array.from({ length: hours }, (_, hour) => ({
    timeMs: START_MS + hour * HOUR_MS,
    tempC,
    wetH: wetAt(hour),
  }))

describe('the risk of a disease by days', () => {
  test('a night of six wet hours at the best temperature infects on its day; the day before and after do not', () => {
    const wetAt = (hour: number) => (hour >= 30 && hour < 36 ? 1 : 0)
    const { days, standing } = diseaseRisk(hourly(72, wetAt), CANKER, LOCAL)
    expect(days.map(({ date, risk, level, infections }) => [date, risk, level, infections])).toEqual([
      ['2026-07-01', 0, 'none', 0],
      ['2026-07-02', 1, 'high', 1],
      ['2026-07-03', 0, 'none', 0],
    ])
    expect(days[1]?.periods).toMatchObject([
      {
        startMs: START_MS + 30 * HOUR_MS,
        endMs: START_MS + 36 * HOUR_MS,
        wetHours: 6,
        meanTempC: 32,
        ratio: 1,
      },
    ])
    expect(days[0]?.periods).toEqual([])
    expect(standing).toBe('index-not-validated')
  })

  test('a wet period over midnight is evidence on both days', () => {
    const { days } = diseaseRisk(
      hourly(48, (hour) => (hour >= 22 && hour < 27 ? 1 : 0)),
      CANKER,
      LOCAL,
    )
    expect(days.map(({ periods }) => periods.length)).toEqual([1, 1])
    expect(days.map(({ level }) => level)).toEqual(['low', 'moderate'])
  })

  test('forecast days are told apart, and the hour decides', () => {
    const forecastFromMs = START_MS + 30 * HOUR_MS
    const { days } = diseaseRisk(
      hourly(72, () => 0),
      CANKER,
      { ...LOCAL, forecastFromMs },
    )
    expect(days.map(({ isForecast }) => isForecast)).toEqual([false, true, true])
  })

  test('today has the risk so far; a day with a long gap has none, unless what is known is an infection', () => {
    const today = diseaseRisk(
      hourly(30, (hour) => (hour >= 24 && hour < 27 ? 1 : 0)),
      CANKER,
      LOCAL,
    ).days.at(-1)
    expect([today?.risk, today?.quality]).toEqual([0.5, 'partial'])
    const gapAt = (hour: number, wet: number) => (hour >= 10 && hour < 16 ? Number.NaN : wet)
    const silent = diseaseRisk(
      hourly(48, (hour) => gapAt(hour, 0)),
      CANKER,
      LOCAL,
    ).days[0]
    expect([silent?.risk, silent?.level, silent?.quality]).toEqual([Number.NaN, 'unknown', 'gap'])
    const loud = diseaseRisk(
      hourly(48, (hour) => gapAt(hour, 1)),
      CANKER,
      LOCAL,
    ).days[0]
    expect([loud?.risk, loud?.quality]).toEqual([1, 'partial'])
  })

  test('is within 0 and 1 for every pathogen and any weather, and 0 in heat and cold', () => {
    const wet = fc.array(fc.constantFrom(0, 0, 1, 0.3, Number.NaN), { minLength: 1, maxLength: 100 })
    fc.assert(
      fc.property(
        fc.constantFrom(...PATHOGENS),
        wet,
        fc.double({ min: -5, max: 50, noNaN: true }),
        (each, shares, at) => {
          const { days } = diseaseRisk(
            hourly(shares.length, (hour) => shares[hour] ?? 0, at),
            each,
            LOCAL,
          )
          for (const { risk, quality } of days) {
            if (quality === 'gap') expect(risk).toBeNaN()
            else expect(risk >= 0 && risk <= 1).toBe(true)
            if (at <= each.tminC || at >= each.tmaxC) expect(risk > 0).toBe(false)
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  test('late hours change their own day and what its spores still had before them, no more', () => {
    const wetAt = (hour: number) => (hour % 24 >= 19 ? 1 : 0)
    const before = diseaseRisk(hourly(24 * 10, wetAt), CANKER, LOCAL).days
    const late = diseaseRisk(
      hourly(24 * 10, (hour) => (hour === 24 * 5 ? 1 : wetAt(hour))),
      CANKER,
      LOCAL,
    ).days
    const changed = late.flatMap((day, at) =>
      JSON.stringify(day) === JSON.stringify(before[at]) ? [] : [at],
    )
    expect(changed).toEqual([4, 5])
  })

  test('a year of hours for all pathogens takes a fraction of a second', () => {
    const year = hourly(8760, (hour) => (hour % 24 < 14 ? 1 : 0), 24)
    const begun = performance.now()
    for (const each of PATHOGENS) expect(diseaseRisk(year, each, LOCAL).days).toHaveLength(365)
    expect(performance.now() - begun).toBeLessThan(3000)
  })
})

describe('dragon-fruit canker', () => {
  const factors = { hasSplash: true, hasYoungTissue: true, hasInoculum: true }

  test('splash, young tissue and lesions each matter as the index says', () => {
    expect(cankerIndex(6, 32, CANKER, factors)).toBe(1)
    expect(cankerIndex(6, 32, CANKER, { ...factors, hasSplash: false })).toBe(0.5)
    expect(cankerIndex(6, 32, CANKER, { ...factors, hasYoungTissue: false })).toBe(0.5)
    expect(cankerIndex(6, 32, CANKER, { ...factors, hasInoculum: false })).toBe(0.6)
    expect(cankerIndex(48, 32, CANKER, factors)).toBe(1)
    expect(cankerIndex(24, 45, CANKER, factors)).toBe(0)
    expect(cankerIndex(Number.NaN, 32, CANKER, factors)).toBeNaN()
  })

  test('from hours: rain within the wet period splashes, and a symptom date follows', () => {
    const csv = hourTable('temp_c,rh_pct,rain_mm', 48, (hour, day) => [
      32,
      hour < 6 ? 95 : 60,
      day === 1 && hour === 2 ? 3 : 0,
    ])
    const { rows } = readCsv(compute('dragon-fruit-canker', csv).csv)
    expect(rows.map(({ cells }) => cells.join())).toEqual([
      '2026-07-01,6.00,1.000,0,0.500,2026-07-15,wet-from-rh',
      '2026-07-02,6.00,1.000,1,1.000,2026-07-16,wet-from-rh',
    ])
  })

  test('from days: wet hours given or guessed, what is missing is said', () => {
    const csv =
      'date,wet_h,rhmax_pct,rhmin_pct,tmean_c,rain_mm\n2026-07-01,3,,,32,5\n2026-07-02,,98,70,32,\n2026-07-03,,,,32,0\n'
    const { rows } = readCsv(compute('dragon-fruit-canker', csv).csv)
    expect(rows.map(({ cells }) => cells.slice(6).join())).toEqual([
      '0.500,2026-07-15,twet-from-tmean',
      expect.stringMatching(/^0\.\d{3},[\d-]*,wet-from-rh-extremes twet-from-tmean rain-unknown$/),
      ',,gap',
    ])
  })
})

describe('EPIRICE', () => {
  const season = (days: number, without: readonly number[] = []) =>
    `date,tmean_c,rh_pct,rain_mm\n${Array.from({ length: days }, (_, at) =>
      without.includes(at)
        ? []
        : [`${new Date(Date.UTC(2026, 6, 1 + at)).toISOString().slice(0, 10)},26,93,8`],
    )
      .flat()
      .join('\n')}\n`
  const asked = { disease: 'bacterial-blight', emergence: '2026-07-01' }
  const rowsOf = (csv: string, params: Record<string, string> = {}) =>
    readCsv(compute('epirice', csv, { ...asked, ...params }).csv).rows.map(({ cells }) => cells)

  test('weather that ends early ends the rows, and the last one says so', () => {
    const rows = rowsOf(season(60))
    expect(rows).toHaveLength(60)
    expect([rows[58]?.at(-1), rows[59]?.at(-1)]).toEqual(['ok', 'weather-ends'])
    expect(rowsOf(season(130))).toHaveLength(120)
    expect(rowsOf(season(130), { duration: '90' })).toHaveLength(90)
  })

  test('after a day that is missing there are no numbers', () => {
    const rows = rowsOf(season(120, [40]))
    expect(rows).toHaveLength(120)
    expect(rows[39]?.[1]).not.toBe('')
    expect(rows.slice(40).every((cells) => cells[1] === '' && cells.at(-1) === 'gap')).toBe(true)
    expect(rows[40]?.[0]).toBe('41')
  })

  test('wet weather never harms the pathogen: less of it, no more disease', () => {
    const area = (rain: number) =>
      Number(
        rowsOf(
          season(120).replaceAll(/,93,8$/gm, (_, at: number) => `,80,${at % 3 === 0 ? rain : 8}`),
        )[0]?.[12],
      )
    expect(area(8)).toBeGreaterThan(area(0))
    expect(area(0)).toBeGreaterThanOrEqual(0)
  })

  test('refuses a day of emergence that the table has not', () => {
    expect(() => compute('epirice', season(10), { ...asked, emergence: '2026-06-01' })).toThrow('2026-06-01')
    expect(() => compute('epirice', season(0), asked)).toThrow('2026-07-01')
    expect(() => compute('epirice', season(10), { ...asked, disease: 'rust' })).toThrow('rust')
  })
})
