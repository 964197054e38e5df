import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays } from '../../../agent/crop/calendar.ts'
import { compute } from '../../../agent/crop/compute.ts'
import { readCsv } from '../../../agent/crop/csv.ts'
import { nightsNeeded } from '../../../agent/crop/dragon-fruit-phenology.ts'
import { type ElectricityPrice, PRICES_VND, vndPerKw } from '../../../agent/crop/electricity-price.ts'
import {
  centredFromH,
  coversCore,
  type LightingWish,
  lightingPlan,
  practiceMinC,
} from '../../../agent/crop/lighting-plan.ts'

const wish = (own: Partial<LightingWish> = {}): LightingWish => ({
  start: '2026-11-01',
  bulbs: 1000,
  watts: 20,
  fromH: 20,
  hours: 8,
  price: { kind: 'one', vndPerKwh: 2000 },
  minC: 24,
  meanC: 28,
  latDeg: 11,
  naturalDayH: 12,
  batchesBefore: 0,
  ...own,
})

describe('a lighting plan', () => {
  test('a hectare of 1,000 bulbs, 8 h and 15 nights, burns 2,400 kWh with 20 W and 7,200 kWh with 60 W', () => {
    expect(lightingPlan(wish({ nights: 15 }))).toMatchObject({ kwh: 2400, vnd: 4_800_000, hours: 120 })
    expect(lightingPlan(wish({ nights: 15, watts: 60 })).kwh).toBeCloseTo(7200, 6)
  })

  test('as many nights as the expected minimum asks for: 12 warm ones, 20 cold ones', () => {
    expect(lightingPlan(wish()).nights).toHaveLength(12)
    expect(lightingPlan(wish({ minC: 19 })).nights).toHaveLength(20)
    expect(lightingPlan(wish({ minC: 21 })).nights).toHaveLength(18)
  })

  test('buds come five days after the twelfth night, fruit 43 days later', () => {
    const { bud, anthesis, harvest } = lightingPlan(wish())
    expect([bud.expected, anthesis.expected, harvest.expected]).toEqual([
      '2026-11-18',
      '2026-12-01',
      '2026-12-31',
    ])
    expect(harvest.earliest! < harvest.expected! && harvest.expected! < harvest.latest!).toBe(true)
  })

  test('fewer nights than needed are named; fewer than were ever enough promise no date', () => {
    const few = lightingPlan(wish({ nights: 11 }))
    expect(few.warnings).toEqual(['fewer-nights-than-needed'])
    expect(few.harvest.expected).toBeDefined()
    const tooFew = lightingPlan(wish({ nights: 5 }))
    expect(tooFew.warnings).toEqual(['fewer-nights-than-needed'])
    expect(tooFew.harvest.expected).toBeUndefined()
  })

  test('between the equinoxes of March and September no light is needed', () => {
    const notes = (start: string) =>
      lightingPlan(wish({ start })).nights.map(({ isNaturalSeason }) => isNaturalSeason)
    expect(notes('2026-12-01')).not.toContain(true)
    expect(notes('2026-06-01')).not.toContain(false)
    // 22 March is the first day of 12 h at 11° N.
    const spring = lightingPlan(wish({ start: '2027-03-16' })).nights
    expect(spring.find(({ isNaturalSeason }) => isNaturalSeason)?.date).toBe('2027-03-22')
    expect(lightingPlan(wish({ start: '2027-03-16' })).warnings).toEqual(['natural-season'])
  })

  test.each([
    ['2026-12-21', 11.36],
    ['2027-02-15', 11.65],
    ['2027-06-21', 12.64],
    ['2026-11-15', 11.48],
  ])('the day of %s has %d h at 11° N', (start, hours) => {
    expect(lightingPlan(wish({ start, nights: 1 })).nights[0]?.dayLengthH).toBeCloseTo(hours, 1)
  })

  test('a fourth batch in a row is over-use, and nights below 18 °C are cold ones', () => {
    expect(lightingPlan(wish({ batchesBefore: 2 })).warnings).toEqual([])
    expect(lightingPlan(wish({ batchesBefore: 3 })).warnings).toEqual(['over-use'])
    expect(lightingPlan(wish({ minC: 16 })).warnings).toEqual(['cold-nights'])
  })

  test('local practice: 12 nights in October, 20 in January, 15 in March', () => {
    const nights = (date: string) => Math.round(nightsNeeded(practiceMinC(date)).expected)
    expect(
      ['2026-10-01', '2026-12-15', '2026-12-16', '2027-01-31', '2027-02-01', '2027-03-31'].map(nights),
    ).toEqual([12, 12, 20, 20, 15, 15])
  })

  test('only hours that cover 22:00 to 02:00 count', () => {
    expect(coversCore(22, 4)).toBe(true)
    expect(coversCore(22.5, 4)).toBe(false)
    expect(coversCore(18, 7)).toBe(false)
    fc.assert(
      fc.property(fc.double({ min: 4, max: 14, noNaN: true }), (hours) =>
        coversCore(centredFromH(hours), hours),
      ),
    )
  })

  test('sums are those of the nights, and each night is the next day', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 4, max: 12, noNaN: true }),
        (nights, bulbs, hours) => {
          const plan = lightingPlan(wish({ nights, bulbs, hours, fromH: centredFromH(hours) }))
          expect(plan.kwh).toBeCloseTo((bulbs * 20 * hours * nights) / 1000, 6)
          expect(plan.vnd).toBeCloseTo(plan.kwh * 2000, 3)
          expect(plan.nights.at(-1)).toMatchObject({
            nightNo: nights,
            kwhSoFar: plan.kwh,
            vndSoFar: plan.vnd,
          })
          expect(plan.nights.at(-1)?.date).toBe(addDays('2026-11-01', nights - 1))
        },
      ),
    )
  })
})

describe('three prices by the hour', () => {
  const three = (hours: 2014 | 2026): ElectricityPrice => ({ kind: 'three', hours, ...PRICES_VND })
  const { normal, low, peak } = PRICES_VND

  test('22:00 to 02:00 is all low by the hours since 2014; by those of 2026 the first half hour is peak', () => {
    // 2026-11-02 is a Monday.
    expect(vndPerKw(three(2014), '2026-11-02', 22, 4)).toBeCloseTo(4 * low, 6)
    expect(vndPerKw(three(2026), '2026-11-02', 22, 4)).toBeCloseTo(0.5 * peak + 1.5 * normal + 2 * low, 6)
  })

  test('there is no peak on a Sunday evening', () => {
    expect(vndPerKw(three(2026), '2026-11-01', 20, 8)).toBeCloseTo(4 * normal + 4 * low, 6)
    expect(vndPerKw(three(2026), '2026-11-02', 20, 8)).toBeCloseTo(2.5 * peak + 1.5 * normal + 4 * low, 6)
  })

  test('every hour has one price', () => {
    for (const hours of [2014, 2026] as const)
      fc.assert(
        fc.property(
          fc.double({ min: 0, max: 24, noNaN: true }),
          fc.double({ min: 0, max: 24, noNaN: true }),
          (from, length) => {
            const flat: ElectricityPrice = { kind: 'three', hours, normal: 1, low: 1, peak: 1 }
            expect(vndPerKw(flat, '2026-11-03', from, length)).toBeCloseTo(length, 9)
          },
        ),
      )
  })
})

describe('compute lighting-plan', () => {
  const rowsOf = (csv: string) => {
    const { header, rows } = readCsv(csv)
    return rows.map(({ cells }) => Object.fromEntries(header.map((name, at) => [name, cells[at] ?? ''])))
  }

  test('needs no table: a row a night, with what it costs so far', () => {
    const { csv, faults } = compute('lighting-plan', '', {
      start: '2026-11-01',
      area_ha: '1',
      price_vnd_kwh: '2000',
    })
    const rows = rowsOf(csv)
    expect(faults).toEqual([])
    expect(rows).toHaveLength(12)
    expect(rows[11]).toMatchObject({
      date: '2026-11-12',
      night_no: '12',
      from: '20:00',
      to: '04:00',
      kwh: '160.00',
      kwh_sum: '1920.00',
      vnd_sum: '3840000',
      note: '',
      bud_date: '2026-11-18',
      quality: 'tmin-from-practice tmean-from-tmin',
    })
  })

  test('recent nights in a table say how many are needed', () => {
    const table = 'tmin_c,tmean_c\n20,25\n22,26\n'
    const rows = rowsOf(compute('lighting-plan', table, { start: '2026-11-01', posts: '500' }).csv)
    expect(rows).toHaveLength(18)
    expect(rows[0]).toMatchObject({ kwh: '80.00', vnd: '158960', quality: 'ok' })
  })

  test('refuses hours that miss the middle of the night, and a plan without bulbs', () => {
    const plan = (params: Record<string, string>) =>
      compute('lighting-plan', '', { start: '2026-11-01', ...params })
    expect(() => plan({ bulbs: '100', hours_h: '3' })).toThrow(/do not cover 22:00 to 02:00/)
    expect(() => plan({ bulbs: '100', from_h: '18', hours_h: '6' })).toThrow(/from 18:00 to 00:00/)
    expect(() => plan({})).toThrow(/How many bulbs/)
  })

  test('the notes say natural season and over-use', () => {
    const rows = rowsOf(
      compute('lighting-plan', '', { start: '2027-03-21', bulbs: '10', nights: '15', batches_before: '4' })
        .csv,
    )
    expect(rows[0]?.['note']).toBe('over-use')
    expect(rows[14]?.['note']).toBe('natural-season over-use')
  })
})
