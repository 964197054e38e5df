import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  meanSaturationKpa,
  pressureKpa,
  psychrometricKpaPerC,
  slopeKpaPerC,
  windAt2m,
} from '../../agent/crop/air.ts'
import { compute } from '../../agent/crop/compute.ts'
import { hargreavesMm } from '../../agent/crop/et0.ts'
import {
  clearness,
  clearSky,
  clearSkyFull,
  dailySinElevation,
  netLongWave,
  STEFAN_BOLTZMANN,
  solarFromSunshine,
  solarFromTemperature,
} from '../../agent/crop/radiation.ts'
import {
  dailyExtraterrestrialMjm2,
  dayLengthH,
  declinationRad,
  inverseDistance,
  sunsetAngleRad,
} from '../../agent/crop/sun.ts'
import { saturationVapourPressureKpa } from '../../agent/crop/vpd.ts'
import { jsonOf, vectors } from './vectors.ts'

type Numbers = Readonly<Record<string, number>>

/** The rows of an answer as objects of numbers; words stay out. */
function answer(model: string, csv: string, params: Readonly<Record<string, string>>): Numbers[] {
  const { csv: out, faults } = compute(model, csv, params)
  expect(faults).toEqual([])
  const [header = [], ...rows] = out
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','))
  return rows.map((cells) => Object.fromEntries(header.map((name, at) => [name, Number(cells[at])])))
}

/** Half a unit of the last printed digit. */
const printed = (value: number, digits: number, expected: number, what: string) =>
  expect(Math.abs(value - expected), `${what}: ${value} where ${expected} is printed`).toBeLessThanOrEqual(
    0.5 * 10 ** -digits + 1e-9,
  )

describe('FAO-56, worked examples', () => {
  const folder = vectors('agronomy/fao56', 27)
  if (!folder) return
  const examples = jsonOf(join(folder, 'examples.json')) as {
    small: { fn: string; in: Record<string, number>; out: number; dp: number; ref: string }[]
    ex17_bangkok_april_monthly: { in: Numbers; out: Numbers }
    ex18_uccle_6july_daily: { in: Numbers; out: Numbers }
    ex19_ndiaye_1oct_hourly: Record<'a_02_03h' | 'b_14_15h', { in: Numbers; out: Numbers }> & {
      site: Numbers
    }
    ex20_lyon_july_missing_data: { in: Numbers; out: Numbers }
  }

  const rnl = ({ tmin = 0, tmax = 0, Rs = 0, Rso = 0, ea = 0 }: Record<string, number>) =>
    netLongWave(
      (STEFAN_BOLTZMANN.fao56 * ((tmax + 273.16) ** 4 + (tmin + 273.16) ** 4)) / 2,
      ea,
      clearness(Rs, Rso),
    )
  const ours: Readonly<Record<string, (given: Record<string, number>) => number>> = {
    atm_pressure_kPa: ({ elev_m = 0 }) => pressureKpa(elev_m),
    psychrometric_const: ({ P_kPa = 0 }) => psychrometricKpaPerC(P_kPa),
    mean_svp_kPa: ({ tmin = 0, tmax = 0 }) => meanSaturationKpa(tmax, tmin),
    svp_kPa: ({ t = 0 }) => saturationVapourPressureKpa(t),
    inv_rel_dist_earth_sun: ({ doy = 0 }) => inverseDistance(doy),
    solar_declination_rad: ({ doy = 0 }) => declinationRad(doy),
    sunset_hour_angle_rad: ({ lat_deg = 0, decl = 0 }) => sunsetAngleRad(lat_deg, decl),
    Ra_MJ_m2_day: ({ lat_deg = 0, doy = 0 }) => dailyExtraterrestrialMjm2(lat_deg, doy),
    Rs_from_sunshine: ({ N = 0, n = 0, Ra = 0 }) => solarFromSunshine(n, N, Ra),
    Rnl_MJ: rnl,
    wind_speed_2m: ({ uz = 0, z = 0 }) => windAt2m(uz, z),
    'Rs_from_temp_interior_kRs0.16': ({ Ra = 0, Rso_cap = 0, tmin = 0, tmax = 0 }) =>
      solarFromTemperature(tmax, tmin, Ra, Rso_cap, 0.16),
    clear_sky_rad: ({ elev_m = 0, Ra = 0 }) => clearSky(Ra, elev_m),
    delta_svp: ({ t = 0 }) => slopeKpaPerC(t),
    hargreaves_mm: ({ tmin = 0, tmax = 0, tmean = 0, Ra = 0 }) => hargreavesMm(tmean, tmax, tmin, Ra),
  }
  // What has no function of its own here is a part of the models below.
  test.each(examples.small.filter(({ fn }) => Object.hasOwn(ours, fn)))('$fn, $ref, is $out', (each) => {
    printed(ours[each.fn]?.(each.in) ?? Number.NaN, each.dp, each.out, each.fn)
  })

  test('examples 5, 9 and 13: vapour pressure from humidity, day length, soil heat of a month', () => {
    const day =
      'date,tmax_c,tmin_c,rhmax_pct,rhmin_pct,rh_pct\n2026-07-01,25,18,82,54,68\n2026-07-02,25,18,82,,68\n2026-07-03,25,18,,,68\n'
    const [both, highest, mean] = answer('et0-daily', day, { lat: '11', elev_m: '0' })
    printed(both?.['ea_used_kpa'] ?? 0, 2, 1.7, 'ea')
    printed(highest?.['ea_used_kpa'] ?? 0, 2, 1.69, 'ea')
    printed(mean?.['ea_used_kpa'] ?? 0, 2, 1.78, 'ea')
    printed(dayLengthH(-20, 246), 1, 11.7, 'N')
    const april = 'date,tmax_c,tmin_c,tmean_prev_c,tmean_next_c\n2026-04-01,25,10,14.1,18.8\n'
    printed(answer('et0-monthly', april, { lat: '11', elev_m: '0' })[0]?.['g_used_mjm2'] ?? 0, 2, 0.33, 'G')
  })

  test('example 17: Bangkok in April, 5.72 mm a day', () => {
    const { in: given, out } = examples.ex17_bangkok_april_monthly
    const csv = `date,tmax_c,tmin_c,ea_kpa,wind_ms,sunshine_h,tmean_prev_c\n2015-04-15,${given['tmax']},${given['tmin']},${given['ea_kPa']},${given['u2']},${given['n_h']},${given['tprevmonth_mean']}\n`
    const [month = {}] = answer('et0-monthly', csv, {
      lat: `${given['lat_deg']}`,
      elev_m: `${given['elev_m']}`,
    })
    for (const [ourName, theirs, digits] of [
      ['et0_mm', 'ETo_mm_day', 2],
      ['es_kpa', 'es', 2],
      ['ra_mjm2', 'Ra', 2],
      ['rs_used_mjm2', 'Rs', 2],
      ['rso_mjm2', 'Rso', 2],
      ['rn_mjm2', 'Rn', 2],
      ['g_used_mjm2', 'G', 2],
    ] as const)
      printed(month[ourName] ?? 0, digits, out[theirs] ?? 0, theirs)
  })

  test('example 17 comes out too when the months stand below each other', () => {
    const csv =
      'date,tmax_c,tmin_c,ea_kpa,wind_ms,sunshine_h,tmean_c\n2015-03-01,34,24.4,2.8,2,8.5,29.2\n2015-04-01,34.8,25.6,2.85,2,8.5,30.2\n'
    printed(answer('et0-monthly', csv, { lat: '13.7333', elev_m: '2' })[1]?.['et0_mm'] ?? 0, 2, 5.72, 'ET0')
  })

  test('example 18: Uccle on 6 July, 3.88 mm', () => {
    const { in: given, out } = examples.ex18_uccle_6july_daily
    const windMs = (given['wind_10m_kmh'] ?? 0) / 3.6
    const csv = `date,tmax_c,tmin_c,rhmax_pct,rhmin_pct,wind_ms,sunshine_h\n2015-07-06,${given['tmax']},${given['tmin']},${given['rhmax']},${given['rhmin']},${windMs},${given['n_h']}\n`
    const [day = {}] = answer('et0-daily', csv, {
      lat: `${given['lat_deg']}`,
      elev_m: `${given['elev_m']}`,
      wind_height_m: '10',
    })
    for (const [ourName, theirs, digits] of [
      ['et0_mm', 'ETo_mm_day', 2],
      ['u2_ms', 'u2', 3],
      ['ea_used_kpa', 'ea', 3],
      ['ra_mjm2', 'Ra', 2],
      ['rs_used_mjm2', 'Rs', 2],
      ['rso_mjm2', 'Rso', 2],
      ['rn_mjm2', 'Rn', 2],
    ] as const)
      printed(day[ourName] ?? 0, digits, out[theirs] ?? 0, theirs)
    // The book adds the rounded 1.014 and 0.4835 kPa… and prints 1.997 for 1.9975.
    expect(day['es_kpa']).toBeCloseTo(out['es'] ?? 0, 2)
  })

  test('example 19: N’Diaye on 1 October, nothing at night and 0.63 mm in the afternoon', () => {
    const { site, a_02_03h: night, b_14_15h: day } = examples.ex19_ndiaye_1oct_hourly
    const row = ({ in: given }: { in: Numbers }, hour: string) =>
      `2015-10-01T${hour}:00,${given['T']},${given['RH']},${given['u2']},${given['Rs']}\n`
    const params = {
      lat: `${site['lat_deg']}`,
      lon: `-${site['lon_west_deg']}`,
      elev_m: `${site['elev_m']}`,
      utc_offset_h: '-1',
      clearness_before: '0.8',
    }
    const header = 'time,tmean_c,rh_pct,wind_ms,rs_mjm2\n'
    for (const [time_is, hours] of [
      ['end', ['03', '15']],
      ['start', ['02', '14']],
    ] as const) {
      const [dark = {}, bright = {}] = answer(
        'et0-hourly',
        header + row(night, hours[0]) + row(day, hours[1]),
        { ...params, time_is },
      )
      printed(dark['et0_mm'] ?? 0, 2, night.out['ETo_mm_h'] ?? 0, 'night ET0')
      printed(dark['rn_mjm2'] ?? 0, 3, night.out['Rn'] ?? 0, 'night Rn')
      printed(dark['g_mjm2'] ?? 0, 2, night.out['G'] ?? 0, 'night G')
      for (const [ourName, theirs, digits] of [
        ['et0_mm', 'ETo_mm_h', 2],
        ['ra_mjm2', 'Ra', 3],
        ['rso_mjm2', 'Rso', 3],
        ['rn_mjm2', 'Rn', 3],
        ['g_mjm2', 'G', 3],
        ['es_kpa', 'es', 3],
        ['ea_used_kpa', 'ea', 3],
      ] as const)
        printed(bright[ourName] ?? 0, digits, day.out[theirs] ?? 0, theirs)
    }
  })

  test('example 20: Lyon in July with nothing but temperatures, 4.56 mm, and 5.0 by Hargreaves', () => {
    const { in: given, out } = examples.ex20_lyon_july_missing_data
    const csv = `date,tmax_c,tmin_c\n2015-07-15,${given['tmax']},${given['tmin']}\n`
    const lat = `${given['lat_deg']}`
    const [day = {}] = answer('et0-daily', csv, { lat, elev_m: `${given['elev_m']}` })
    printed(day['et0_mm'] ?? 0, 2, out['ETo_PM_mm_day'] ?? 0, 'ET0')
    printed(day['rs_used_mjm2'] ?? 0, 2, out['Rs'] ?? 0, 'Rs')
    printed(day['rn_mjm2'] ?? 0, 2, out['Rn'] ?? 0, 'Rn')
    printed(
      answer('et0-hargreaves', csv, { lat })[0]?.['et0_mm'] ?? 0,
      1,
      out['ETo_Hargreaves_mm_day'] ?? 0,
      'H',
    )
  })
})

const FALLON = { lat: '39.4575', elev_m: '1208.5', wind_height_m: '3', method: 'asce' }
const fahrenheit = (text = '') => ((Number(text) - 32) * 5) / 9
const MJ_OF_LANGLEY = 0.041868
const MS_OF_MPH = 0.44704
const rmse = (errors: readonly number[]) =>
  Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)

describe('REF-ET at Fallon, Nevada, in 2015', () => {
  const folder = vectors('agronomy/RefET', 367)
  if (!folder) return
  const rowsOf = (file: string) =>
    readFileSync(join(folder, file), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(','))
  /** What REF-ET printed, by month-day(-hour): tall and short reference. */
  const answersOf = (file: string, stamps: number) =>
    new Map(
      readFileSync(join(folder, file), 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/).map(Number))
        .filter((cells) => cells.length > 8 && cells[2] === 2015 && cells.every(Number.isFinite))
        .map((cells) => [
          [cells[0], cells[1], ...(stamps === 3 ? [cells[4]] : [])].join('-'),
          { tall: cells.at(-3) as number, short: cells.at(-2) as number },
        ]),
    )

  test.each(['short', 'tall'] as const)('the days of the %s reference', (reference) => {
    // On 22 April the station has no wind, and REF-ET took a calm.
    const rows = rowsOf('FALN_Agrimet_daily_raw_2015.csv').filter((cells) => !cells.includes('NO RECORD'))
    const csv = rows.map(([y, m, d, mn, mx, sr, ym, ua]) =>
      [
        `${y}-${m}-${d}`,
        fahrenheit(mx),
        fahrenheit(mn),
        Number(sr) * MJ_OF_LANGLEY,
        fahrenheit(ym),
        Number(ua) * MS_OF_MPH,
      ].join(','),
    )
    const days = answer('et0-daily', `date,tmax_c,tmin_c,rs_mjm2,tdew_c,wind_ms\n${csv.join('\n')}`, {
      ...FALLON,
      reference,
    })
    const theirs = answersOf('FALN_Agrimet_daily_raw_2015.out', 2)
    const errors = rows.map(
      ([, m, d], at) =>
        (days[at]?.['et0_mm'] ?? Number.NaN) -
        (theirs.get(`${Number(m)}-${Number(d)}`)?.[reference] ?? Number.NaN),
    )
    console.log(`REF-ET daily ${reference}: ${errors.length} days, rmse ${rmse(errors).toFixed(4)} mm`)
    expect(errors).toHaveLength(364)
    expect(rmse(errors)).toBeLessThanOrEqual(0.06)
  })

  test.each(['short', 'tall'] as const)('the hours of the %s reference', (reference) => {
    const rows = rowsOf('FALN_Agrimet_hourly_raw_2015.csv')
    const csv = rows.map(([y, m, d, h, ob, tp, ws, si]) =>
      [
        `${y}-${m}-${d}T${h}:00`,
        fahrenheit(ob),
        fahrenheit(tp),
        Number(ws) * MS_OF_MPH,
        Number(si) * MJ_OF_LANGLEY,
      ].join(','),
    )
    const hours = answer('et0-hourly', `time,temp_c,tdew_c,wind_ms,rs_mjm2\n${csv.join('\n')}`, {
      ...FALLON,
      lon: '-118.77388',
      utc_offset_h: '-8',
      time_is: 'end',
      reference,
    })
    const theirs = answersOf('FALN_Agrimet_hourly_raw_2015.out', 3)
    const errors = rows.flatMap(([, m, d, h], at) => {
      const printed = theirs.get(`${Number(m)}-${Number(d)}-${Number(h) * 100}`)
      return printed ? [(hours[at]?.['et0_mm'] ?? Number.NaN) - printed[reference]] : []
    })
    console.log(`REF-ET hourly ${reference}: ${errors.length} hours, rmse ${rmse(errors).toFixed(4)} mm`)
    expect(errors.length).toBeGreaterThan(8700)
    expect(rmse(errors)).toBeLessThanOrEqual(0.02)
  })

  test('the clear sky by turbidity, and single values that ASCE’s own worked case prints', () => {
    const { site, daily, hourly } = jsonOf(join(folder, 'unit_values.json')) as Record<
      'site' | 'daily' | 'hourly',
      Record<string, number>
    > as { site: Numbers; daily: Numbers; hourly: Numbers }
    const airPressure = site['pair_asce_kPa'] ?? 0
    expect(pressureKpa(site['elev'] ?? 0)).toBeCloseTo(airPressure, 2)
    const ra = dailyExtraterrestrialMjm2(site['lat'] ?? 0, daily['doy'] ?? 0)
    expect(ra).toBeCloseTo(daily['ra_asce'] ?? 0, 2)
    const full = clearSkyFull(
      ra,
      dailySinElevation(site['lat'] ?? 0, daily['doy'] ?? 0),
      airPressure,
      daily['ea'] ?? 0,
    )
    // Theirs has another equation for the declination in it.
    expect(full / (daily['rso_full'] ?? 0)).toBeCloseTo(1, 2)
    const csv = `time,temp_c,tdew_c,wind_ms,rs_mjm2\n2015-07-01T18:00Z,${fahrenheit('91.8')},${fahrenheit('49.36')},${3.33 * MS_OF_MPH},${61.16 * MJ_OF_LANGLEY}\n`
    for (const reference of ['short', 'tall'] as const) {
      const [hour = {}] = answer('et0-hourly', csv, {
        ...FALLON,
        lon: `${site['lon']}`,
        utc_offset_h: '-8',
        time_is: 'start',
        rso: 'full',
        reference,
      })
      expect(hour['ra_mjm2']).toBeCloseTo(hourly['ra_asce'] ?? 0, 3)
      expect(hour['rso_mjm2']).toBeCloseTo(hourly['rso_full_asce'] ?? 0, 2)
      expect(hour['et0_mm']).toBeCloseTo(hourly[reference === 'short' ? 'eto_asce' : 'etr_asce'] ?? 0, 2)
    }
    const day = `date,tmax_c,tmin_c,tdew_c,rs_mjm2,wind_ms\n2015-07-01,${fahrenheit('102.8')},${fahrenheit('66.65')},${fahrenheit('49.84')},${674.07 * MJ_OF_LANGLEY},${4.8 * MS_OF_MPH}\n`
    // Their short value was taken with the full clear sky, their tall one with the simple.
    const short = answer('et0-daily', day, { ...FALLON, rso: 'full' })[0]?.['et0_mm']
    const tall = answer('et0-daily', day, { ...FALLON, reference: 'tall' })[0]?.['et0_mm']
    expect(short).toBeCloseTo(daily['eto_asce'] ?? 0, 2)
    expect(tall).toBeCloseTo(daily['etr_asce'] ?? 0, 2)
  })
})
