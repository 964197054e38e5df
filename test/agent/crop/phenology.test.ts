import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays, daysBetween } from '../../../agent/crop/calendar.ts'
import { compute } from '../../../agent/crop/compute.ts'
import { readCsv } from '../../../agent/crop/csv.ts'
import { type DailyTemps, forecastTemps } from '../../../agent/crop/daily-temps.ts'
import { dragonFruitPhenology, nightsNeeded, STAGES } from '../../../agent/crop/dragon-fruit-phenology.ts'

const START = '2026-11-01'
const steady = (meanC: number, minC = meanC - 4, days = 270): DailyTemps => ({
  firstDate: START,
  meanC: new Float64Array(days).fill(meanC),
  minC: new Float64Array(days).fill(minC),
})

describe('the published durations', () => {
  test('at 28 °C a bud opens after 13 days and its fruit is ripe 30 days later', () => {
    const { anthesis, harvest } = dragonFruitPhenology(steady(28), { bud: START })
    expect(anthesis).toEqual({ earliest: '2026-11-13', expected: '2026-11-14', latest: '2026-11-16' })
    expect(harvest.expected).toBe('2026-12-14')
  })

  test('at 28 °C a flower is ripe fruit after 30 days, 28 to 35', () => {
    const { harvest } = dragonFruitPhenology(steady(28), { anthesis: START })
    expect(harvest).toEqual({ earliest: '2026-11-29', expected: '2026-12-01', latest: '2026-12-06' })
  })

  test('at 19.5 °C fruit takes 57 days: within the 46 to 59 of a winter in Taiwan', () => {
    const { harvest } = dragonFruitPhenology(steady(19.5), { anthesis: START })
    // 30 × (28 − 10) / (19.5 − 10) = 56.8 days, which end on the 57th day.
    expect(daysBetween(START, harvest.expected as string)).toBe(56)
  })

  test('12 nights are needed where nights are warm, 20 where they are cold', () => {
    expect(nightsNeeded(26).expected).toBe(12)
    expect(nightsNeeded(23).expected).toBe(12)
    expect(nightsNeeded(21.5).expected).toBe(16)
    expect(nightsNeeded(20).expected).toBe(20)
    expect(nightsNeeded(18).expected).toBe(20)
  })

  test('lights on: 12 warm nights and five days to the bud', () => {
    const { bud, days } = dragonFruitPhenology(steady(28), { lightsOn: START })
    expect(bud.expected).toBe(addDays(START, 17))
    expect(days[10]?.stage).toBe('lighting')
    expect(days[10]?.progressPct).toBeCloseTo(100 * (11 / 12), 6)
    expect(days[11]?.stage).toBe('forming')
  })
})

describe('the forecast', () => {
  const temps = fc.array(fc.double({ min: 12, max: 34, noNaN: true }), { minLength: 1, maxLength: 120 }).map(
    (means): DailyTemps => ({
      firstDate: START,
      meanC: Float64Array.from(means),
      minC: Float64Array.from(means, (meanC) => meanC - 4),
    }),
  )
  const seen = fc.constantFrom({ lightsOn: START }, { bud: START }, { anthesis: START })

  test('comes in order, day by day, and the expected date lies between the earliest and the latest', () => {
    fc.assert(
      fc.property(temps, seen, (each, from) => {
        const { bud, anthesis, harvest, days } = dragonFruitPhenology(each, from)
        const far = '9999-12-31'
        for (const { earliest = far, expected = far, latest = far } of [bud, anthesis, harvest])
          expect(earliest <= expected && expected <= latest).toBe(true)
        const isInOrder = days.every((day, at) => {
          const before = days[at - 1]
          const stages = STAGES.indexOf(day.stage) - STAGES.indexOf(before?.stage ?? day.stage)
          const isPercent = day.progressPct >= 0 && day.progressPct <= 100
          const isOnward = stages > 0 || !before || day.progressPct >= before.progressPct - 1e-9
          return day.date === addDays(START, at) && stages >= 0 && isPercent && isOnward
        })
        expect(isInOrder).toBe(true)
      }),
    )
  })

  test('warmer days never make the harvest later', () => {
    fc.assert(
      fc.property(temps, seen, fc.double({ min: 0, max: 5, noNaN: true }), (each, from, moreC) => {
        const warmer = {
          ...each,
          meanC: each.meanC.map((meanC) => meanC + moreC),
          minC: each.minC.map((minC) => minC + moreC),
        }
        const far = '9999-12-31'
        const { expected: warm = far } = dragonFruitPhenology(warmer, from).harvest
        const { expected: cool = far } = dragonFruitPhenology(each, from).harvest
        expect(warm <= cool).toBe(true)
      }),
    )
  })

  test('a night in which the lights failed between 22:00 and 02:00 does not count', () => {
    const failed = addDays(START, 3)
    const whole = dragonFruitPhenology(steady(28), { lightsOn: START })
    const broken = dragonFruitPhenology(
      steady(28),
      { lightsOn: START },
      { litHours: (date) => (date === failed ? 2.5 : 4) },
    )
    expect(daysBetween(whole.bud.expected as string, broken.bud.expected as string)).toBe(1)
  })

  test('a bud that was seen takes the place of the lights', () => {
    const { start, bud } = dragonFruitPhenology(steady(28), { lightsOn: '2026-10-01', bud: START })
    expect(start).toBe(START)
    expect(bud).toEqual({ earliest: START, expected: START, latest: START })
  })

  test('where nothing grows there is no date', () => {
    expect(dragonFruitPhenology(steady(9), { anthesis: START }).harvest.expected).toBeUndefined()
  })

  test('without a lag the buds are there when the nights are done', () => {
    const { bud } = dragonFruitPhenology(steady(28), { lightsOn: START }, { lagDays: 0 })
    expect(bud.expected).toBe(addDays(START, 12))
  })
})

describe('temperatures for a forecast', () => {
  test('after the last day they are the mean of the last 14', () => {
    const temps = {
      firstDate: START,
      meanC: Float64Array.from([99, 99, ...Array(14).fill(25)]),
      minC: new Float64Array(16),
    }
    expect(forecastTemps(temps, START, 18).slice(15)).toEqual([
      { meanC: 25, minC: 0, source: 'measured' },
      { meanC: 25, minC: 0, source: '14-day-mean' },
      { meanC: 25, minC: 0, source: '14-day-mean' },
    ])
  })

  test('a day in the middle takes those before it, one at the beginning those after it', () => {
    const temps = {
      firstDate: START,
      meanC: Float64Array.from([Number.NaN, 20, Number.NaN, 30]),
      minC: new Float64Array(4),
    }
    expect(forecastTemps(temps, '2026-10-31', 5).map(({ meanC, source }) => [meanC, source])).toEqual([
      [25, 'first-14-days'],
      [25, 'first-14-days'],
      [20, 'measured'],
      [20, '14-day-mean'],
      [30, 'measured'],
    ])
  })

  test('a start after the table has ended takes its last days', () => {
    const [first] = forecastTemps(steady(26, 22, 30), '2027-01-15', 1)
    expect(first).toEqual({ meanC: 26, minC: 22, source: '14-day-mean' })
  })
})

describe('compute dragon-fruit-phenology', () => {
  const table = (days: number, cells: string, header = 'date,tmean_c,tmin_c') =>
    `${header}\n${Array.from({ length: days }, (_, day) => `${addDays(START, day)},${cells}`).join('\n')}\n`
  const rowsOf = (csv: string) => {
    const { header, rows } = readCsv(csv)
    return rows.map(({ cells }) => Object.fromEntries(header.map((name, at) => [name, cells[at] ?? ''])))
  }

  test('gives a row a day to the latest harvest, and says where its temperatures are not measured', () => {
    const { csv } = compute('dragon-fruit-phenology', table(20, '28,24'), { anthesis_date: START })
    const rows = rowsOf(csv)
    expect(rows).toHaveLength(36)
    expect(rows[0]).toMatchObject({
      date: START,
      stage: 'fruit',
      harvest_date: '2026-12-01',
      harvest_earliest: '2026-11-29',
      harvest_latest: '2026-12-06',
      quality: 'forecast-from-14-day-mean',
    })
    expect(rows[20]?.['quality']).toBe('temp-from-14-day-mean')
    expect(rows[35]?.['stage']).toBe('ripe')
  })

  test('with all temperatures to the harvest it is simply ok; extremes stand in for the mean', () => {
    const measured = compute('dragon-fruit-phenology', table(60, '28,24'), { bud_date: START })
    expect(rowsOf(measured.csv)[0]?.['quality']).toBe('ok')
    const extremes = compute('dragon-fruit-phenology', table(60, '23,33', 'date,tmin_c,tmax_c'), {
      bud_date: START,
    })
    expect(rowsOf(extremes.csv)[0]?.['quality']).toBe('tmean-from-extremes')
    expect(rowsOf(extremes.csv)[0]?.['harvest_date']).toBe(rowsOf(measured.csv)[0]?.['harvest_date'])
  })

  test('without a minimum it takes the middle of 12 to 20 nights and says so', () => {
    const { csv } = compute('dragon-fruit-phenology', table(90, '28', 'date,tmean_c'), { lights_on: START })
    expect(rowsOf(csv)[0]).toMatchObject({ quality: 'nights-from-middle', bud_date: addDays(START, 21) })
  })

  test('without one temperature there is no forecast', () => {
    const { csv, faults } = compute('dragon-fruit-phenology', table(3, ',', 'date,tmean_c,tmin_c'), {
      bud_date: START,
    })
    expect(rowsOf(csv)).toHaveLength(1)
    expect(rowsOf(csv)[0]).toMatchObject({ date: START, harvest_date: '', quality: 'gap' })
    expect(faults).toHaveLength(1)
  })

  test('refuses to begin from nothing, and dates out of order', () => {
    expect(() => compute('dragon-fruit-phenology', table(3, '28,24'))).toThrow(/No date to begin from/)
    expect(() =>
      compute('dragon-fruit-phenology', table(3, '28,24'), { lights_on: '2026-11-20', bud_date: START }),
    ).toThrow(/not in order/)
  })
})
