import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compute } from '../../../agent/crop/compute.ts'
import { type DailySite, type DailyWeather, dailyEt0 } from '../../../agent/crop/et0-daily.ts'
import { type HourlySite, type HourlyWeather, hourlyEt0 } from '../../../agent/crop/et0-hourly.ts'
import { dayLengthH } from '../../../agent/crop/sun.ts'
import { dewPointC } from '../../../agent/crop/vpd.ts'
import { wetBulbC } from '../../../agent/crop/wet-bulb.ts'

const between = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const orGap = (min: number, max: number) => fc.oneof(between(min, max), fc.constant(Number.NaN))
const SITE: DailySite = {
  method: 'fao56',
  surface: 'short',
  latDeg: 11.1,
  elevM: 20,
  windHeightM: 2,
  krs: 0.19,
  tdewBelowTminC: 0,
  clearSky: 'simple',
}
const GAPS = {
  eaKpa: Number.NaN,
  tdewC: Number.NaN,
  rhmaxPct: Number.NaN,
  rhminPct: Number.NaN,
  rhPct: Number.NaN,
  rs: Number.NaN,
  sunshineH: Number.NaN,
  windMs: Number.NaN,
  g: Number.NaN,
}
const JULY: DailyWeather = { ...GAPS, dayOfYear: 190, tmaxC: 33, tminC: 25 }

describe('ET0 of days', () => {
  const weather = fc
    .record({
      dayOfYear: fc.integer({ min: 1, max: 366 }),
      tminC: between(-40, 45),
      range: between(0, 30),
      eaKpa: orGap(0, 12),
      tdewC: orGap(-60, 45),
      rhmaxPct: orGap(0, 105),
      rhminPct: orGap(0, 105),
      rhPct: orGap(0, 105),
      rs: orGap(0, 46),
      sunshineH: orGap(0, 24),
      windMs: orGap(0, 60),
      g: fc.constant(Number.NaN),
    })
    .map(({ range, ...rest }): DailyWeather => ({ ...rest, tmaxC: Math.min(60, rest.tminC + range) }))
  const site = fc.record<DailySite>({
    method: fc.constantFrom('fao56', 'asce'),
    surface: fc.constantFrom('short', 'tall'),
    latDeg: between(-66, 66),
    elevM: between(-450, 6000),
    windHeightM: between(0.5, 100),
    krs: between(0.1, 0.25),
    tdewBelowTminC: between(0, 6),
    clearSky: fc.constantFrom('simple', 'full'),
  })

  test('is a number and not below 0, wherever and in whatever weather the bounds allow', () => {
    fc.assert(
      fc.property(weather, site, (day, place) => {
        const { et0Mm, ra, rso } = dailyEt0(day, place)
        expect(et0Mm).toBeGreaterThanOrEqual(0)
        expect(Number.isFinite(et0Mm)).toBe(true)
        expect(rso).toBeLessThanOrEqual(ra)
      }),
      { numRuns: 500 },
    )
  })

  test('grows with sun, wind (in dry air) and dryness', () => {
    fc.assert(
      fc.property(between(2, 20), between(1, 10), between(2, 6), (rs, more, windMs) => {
        const at = (changed: Partial<DailyWeather>) =>
          dailyEt0({ ...JULY, rhPct: 60, rs, windMs, ...changed }, SITE).et0Mm
        expect(at({ rs: rs + more })).toBeGreaterThan(at({}))
        expect(at({ rhPct: 50 })).toBeGreaterThan(at({}))
        expect(at({ rhPct: 20, windMs: windMs + 1 })).toBeGreaterThan(at({ rhPct: 20 }))
      }),
    )
  })

  test('says what stood in for what was not measured, and takes the best there is', () => {
    const notes = (given: Partial<DailyWeather>) => dailyEt0({ ...JULY, ...given }, SITE).notes.join(' ')
    const measured = { rs: 20, windMs: 2 }
    expect(notes({})).toBe('ea-from-tmin rs-from-temperature wind-from-default')
    expect(notes({ ...measured, rhPct: 70 })).toBe('ea-from-rhmean')
    expect(notes({ ...measured, rhPct: 70, rhmaxPct: 95 })).toBe('ea-from-rhmax')
    expect(notes({ ...measured, rhPct: 70, rhmaxPct: 95, rhminPct: 55 })).toBe('')
    expect(notes({ ...measured, tdewC: 23 })).toBe('')
    expect(notes({ ...measured, eaKpa: 2.8, tdewC: 10 })).toBe('')
    expect(dailyEt0({ ...JULY, ...measured, eaKpa: 2.8, tdewC: 10 }, SITE).eaKpa).toBe(2.8)
    expect(notes({ sunshineH: 8, windMs: 2, tdewC: 23 })).toBe('rs-from-sunshine')
    expect(notes({ ...measured, tdewC: 40 })).toBe('ea-above-es')
    expect(notes({ rs: 45, windMs: 2, tdewC: 23 })).toBe('rs-above-ra')
    expect(notes({ sunshineH: 20, windMs: 2, tdewC: 23 })).toBe('rs-from-sunshine sunshine-above-day')
  })

  test('a day without an extreme, or with the highest below the lowest, is a gap', () => {
    const csv =
      'date,tmax_c,tmin_c,rh_pct\n2026-07-01,33,25,80\n2026-07-02,,25,80\n2026-07-03,24,25,80\n2026-07-04,33,25,\n'
    const { csv: out, faults } = compute('et0-daily', csv, { lat: '11.1', elev_m: '20' })
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => line.split(',').at(-1)),
    ).toEqual([
      'quality',
      'ea-from-rhmean rs-from-temperature wind-from-default',
      'gap',
      'gap',
      'ea-from-tmin rs-from-temperature wind-from-default',
    ])
    expect(out.split('\n')[2]).toBe('2026-07-02,,25,80,,,,,,,,,,gap')
    expect(faults).toHaveLength(2)
  })

  test('FAO-56 has no tall reference', () => {
    expect(() =>
      compute('et0-daily', 'date,tmax_c,tmin_c\n2026-07-01,33,25\n', {
        lat: '11',
        elev_m: '0',
        reference: 'tall',
      }),
    ).toThrow(expect.objectContaining({ code: 'input-invalid', hint: expect.stringContaining('asce') }))
  })
})

describe('ET0 of months', () => {
  const months = (rows: string) =>
    compute('et0-monthly', `date,tmax_c,tmin_c\n${rows}`, { lat: '11.1', elev_m: '20' })
      .csv.trim()
      .split('\n')
      .map((line) => line.split(','))

  test('takes soil heat from the months around, from the month before, or says that it took none', () => {
    const [header = [], ...rows] = months(
      '2026-01-01,30,20\n2026-02-01,32,22\n2026-03-01,34,24\n2026-05-01,34,26\n',
    )
    const g = header.indexOf('g_used_mjm2')
    expect(rows.map((cells) => cells[g])).toEqual(['0.000', '0.280', '0.280', '0.000'])
    expect(rows[0]?.at(-1)).toContain('g-from-zero')
    expect(rows[1]?.at(-1)).not.toContain('g-from-zero')
    expect(rows[3]?.at(-1)).toContain('g-from-zero')
  })

  test('sums up over the days that the month has', () => {
    const [header = [], row = []] = months('2024-02-10,32,22\n')
    const at = (name: string) => Number(row[header.indexOf(name)])
    expect(at('et0_month_mm')).toBeCloseTo(at('et0_mm') * 29, 1)
  })
})

describe('ET0 of hours', () => {
  const site: HourlySite = {
    method: 'asce',
    surface: 'short',
    latDeg: 11.1,
    lonDeg: 108.1,
    elevM: 20,
    windHeightM: 2,
    clearSky: 'simple',
    clearnessBefore: 0.8,
  }
  const noon: HourlyWeather = {
    middleMs: Date.UTC(2026, 6, 1, 5, 30),
    dayOfYear: 182,
    airTempC: 31,
    eaKpa: Number.NaN,
    tdewC: Number.NaN,
    rhPct: 65,
    rs: 2.4,
    windMs: 2,
  }

  test('is a number wherever and in whatever weather the bounds allow', () => {
    fc.assert(
      fc.property(
        fc.record({
          middleMs: fc.integer({ min: 0, max: 4e12 }),
          dayOfYear: fc.integer({ min: 1, max: 366 }),
          airTempC: between(-40, 60),
          eaKpa: orGap(0, 12),
          tdewC: orGap(-60, 45),
          rhPct: between(0, 105),
          rs: between(0, 5.5),
          windMs: orGap(0, 60),
        }),
        between(-66, 66),
        between(-180, 180),
        fc.constantFrom('fao56' as const, 'asce' as const),
        fc.constantFrom('simple' as const, 'full' as const),
        (weather, latDeg, lonDeg, method, clearSky) => {
          const { hour } = hourlyEt0(weather, { ...site, latDeg, lonDeg, method, clearSky }, undefined)
          expect(Number.isFinite(hour.et0Mm)).toBe(true)
          expect(hour.ra).toBeGreaterThanOrEqual(0)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('at night takes how clear the afternoon was, up to a day later', () => {
    const { last } = hourlyEt0(noon, site, undefined)
    expect(last?.clear).toBeGreaterThan(0.3)
    const night = { ...noon, middleMs: noon.middleMs + 10 * 3_600_000, rs: Number.NaN }
    expect(hourlyEt0(night, site, last).hour.notes).toEqual([])
    expect(hourlyEt0(night, site, undefined).hour.notes).toEqual(['clearness-from-default'])
    const later = { ...night, middleMs: night.middleMs + 2 * 86_400_000 }
    expect(hourlyEt0(later, site, last).hour.notes).toEqual(['clearness-from-default'])
  })

  test('by day without radiation is a gap, and leaves the last sky as it was', () => {
    const { last } = hourlyEt0(noon, site, undefined)
    const step = hourlyEt0({ ...noon, middleMs: noon.middleMs + 3_600_000, rs: Number.NaN }, site, last)
    expect(step.hour.notes).toEqual(['gap'])
    expect(step.hour.et0Mm).toBeNaN()
    expect(step.last).toBe(last)
  })

  test('with more sun than reaches the top of the air says so: a clock or a place is wrong', () => {
    const midnight = { ...noon, middleMs: noon.middleMs + 12 * 3_600_000 }
    expect(hourlyEt0(midnight, site, undefined).hour.notes).toContain('rs-above-ra')
    expect(hourlyEt0(noon, site, undefined).hour.notes).toEqual([])
  })

  test('summed over a day is near the ET0 of the day', () => {
    const rows = Array.from({ length: 24 }, (_, h) => {
      const sun = Math.max(0, Math.sin(((h - 5.5) / 12.6) * Math.PI))
      const temp = 29 + 4 * Math.sin(((h - 9) / 12) * Math.PI)
      return `2026-07-01T${String(h).padStart(2, '0')}:00,${temp},2.6,${2 * sun},2`
    })
    const hours = compute('et0-hourly', `time,tmean_c,ea_kpa,rs_mjm2,wind_ms\n${rows.join('\n')}`, {
      lat: '11.1',
      lon: '108.1',
      elev_m: '20',
      time_is: 'start',
    })
      .csv.trim()
      .split('\n')
      .map((line) => line.split(','))
    const rs = rows.reduce((sum, row) => sum + Number(row.split(',')[3]), 0)
    const sum = hours.slice(1).reduce((total, cells) => total + Number(cells[5]), 0)
    const day = compute(
      'et0-daily',
      `date,tmax_c,tmin_c,ea_kpa,rs_mjm2,wind_ms\n2026-07-01,33,25,2.6,${rs},2`,
      {
        lat: '11.1',
        elev_m: '20',
      },
    )
    expect(sum).toBeCloseTo(Number(day.csv.split('\n')[1]?.split(',')[6]), 0)
  })
})

describe('wet bulb', () => {
  test('lies between the dew point and the air, and at the air in saturated air', () => {
    fc.assert(
      fc.property(between(-40, 60), between(1, 100), between(-450, 6000), (temp, humidity, elevM) => {
        const wet = wetBulbC(temp, humidity, elevM)
        expect(wet).toBeGreaterThanOrEqual(dewPointC(temp, humidity) - 1e-3)
        expect(wet).toBeLessThanOrEqual(temp + 1e-3)
        expect(wetBulbC(temp, 100, elevM)).toBeCloseTo(temp, 3)
      }),
    )
  })

  // ASHRAE's psychrometric chart no. 1 and tables, at sea level.
  test.each([
    [7, 61, 3.9],
    [20, 50, 13.8],
    [40, 14, 20.0],
    [30, 70, 25.5],
  ])('at %d °C and %d %% is %d °C', (temp, humidity, wet) => {
    expect(wetBulbC(temp, humidity, 0)).toBeCloseTo(wet, 1)
  })

  test.each([
    [25, 0],
    [Number.NaN, 50],
    [70, 50],
    [25, 106],
  ])('is not a number at %d °C and %d %%', (temp, humidity) => {
    expect(wetBulbC(temp, humidity, 0)).toBeNaN()
  })

  test('gives delta-T and its band, and marks what lies below freezing', () => {
    const csv = 'temp_c,rh_pct\n28,90\n30,70\n33,45\n36,35\n-2,60\n30,\n'
    const lines = compute('delta-t', csv).csv.trim().split('\n').slice(1)
    expect(lines.map((line) => line.split(',').slice(2).join())).toEqual([
      '1.36,too-humid,ok',
      '4.50,good,ok',
      '9.55,marginal,ok',
      '12.50,too-dry,ok',
      expect.stringMatching(/,outside-range$/),
      ',,gap',
    ])
    expect(compute('wet-bulb', 'temp_c,rh_pct\n30,70\n').csv).toContain('30,70,25.50,4.50,ok')
  })
})

test('days in Bình Thuận are as long as almanacs say, and the times of the sun are right to some minutes', () => {
  expect(dayLengthH(11, 355)).toBeCloseTo(11.36, 2)
  expect(dayLengthH(11, 172)).toBeCloseTo(12.64, 2)
  const csv = compute('day-length', 'date\n2026-06-21\n2026-12-21\n', { lat: '11', lon: '108.1' }).csv
  // Phan Thiết: 05:26 to 18:13, and 06:02 to 17:31, with refraction.
  expect(csv).toContain('2026-06-21,12.64,37.204,05:30,18:08,ok')
  expect(csv).toContain('2026-12-21,11.36,30.452,06:06,17:27,ok')
  expect(compute('day-length', 'date\n2026-06-21\n', { lat: '11' }).csv).toContain('37.204,,,ok')
})
