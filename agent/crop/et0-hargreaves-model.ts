import { dayOfYear } from './calendar.ts'
import { hargreavesMm } from './et0.ts'
import type { CropModel } from './model.ts'
import { dailyExtraterrestrialMjm2 } from './sun.ts'
import { LAT, required, TMAX, TMEAN, TMIN } from './weather-columns.ts'

export const ET0_HARGREAVES: CropModel = {
  name: 'et0-hargreaves',
  summary: {
    vi: 'ET0 ước tính chỉ từ nhiệt độ (Hargreaves)',
    en: 'ET0 estimated from temperature alone (Hargreaves)',
  },
  source: 'Hargreaves and Samani 1985, FAO-56 equation 52; for means of five days and more',
  standing: 'equation',
  step: 'day',
  params: [LAT],
  columns: [
    required(TMAX),
    required(TMIN),
    { ...TMEAN, describe: 'mean air temperature, °C; without it the mean of the extremes' },
  ],
  outputs: [
    { name: 'et0_mm', describe: 'reference evapotranspiration, mm/day', decimals: 3 },
    { name: 'ra_mjm2', describe: 'extraterrestrial radiation, MJ/m²·day', decimals: 3 },
  ],
  example: 'compute et0-hargreaves --param lat=11.1 < days.csv',
  run: (input) => {
    const [tmax, tmin, tmean] = [input.column('tmax_c'), input.column('tmin_c'), input.column('tmean_c')]
    const lat = input.number('lat')
    const ra = input.dates.map((date) => dailyExtraterrestrialMjm2(lat, dayOfYear(date)))
    const et0 = tmax.map((tmaxC, row) => {
      const tminC = tmin[row] as number
      const meanC = Number.isNaN(tmean[row]) ? (tmaxC + tminC) / 2 : (tmean[row] as number)
      return hargreavesMm(meanC, tmaxC, tminC, ra[row] as number)
    })
    const quality = Array.from(et0, (mm) => (Number.isNaN(mm) ? 'gap' : 'ok'))
    return { length: input.length, columns: { et0_mm: et0, ra_mjm2: ra }, quality }
  },
}
