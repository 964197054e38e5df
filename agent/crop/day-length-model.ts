import { dayOfYear } from './calendar.ts'
import type { CropModel } from './model.ts'
import { dailyExtraterrestrialMjm2, dayLengthH, equationOfTimeH } from './sun.ts'
import { LAT, LON } from './weather-columns.ts'

export const DAY_LENGTH: CropModel = {
  name: 'day-length',
  summary: { vi: 'Độ dài ngày, giờ mặt trời mọc và lặn', en: 'day length, sunrise and sunset' },
  source:
    'FAO-56 (Allen et al. 1998) equations 21, 24, 25, 32 to 34: the sun’s centre on a level horizon, no refraction (7 minutes a day at 11°)',
  standing: 'equation',
  step: 'day',
  params: [
    LAT,
    { ...LON, describe: 'longitude, for the times of sunrise and sunset', isOptional: true },
    {
      name: 'utc_offset_h',
      describe: 'hours ahead of UTC of sunrise and sunset',
      kind: 'number',
      unit: 'h',
      min: -12,
      max: 14,
      default: 7,
    },
  ],
  columns: [],
  outputs: [
    { name: 'daylength_h', describe: 'hours from sunrise to sunset', decimals: 2 },
    { name: 'ra_mjm2', describe: 'extraterrestrial radiation, MJ/m²·day', decimals: 3 },
    { name: 'sunrise', describe: 'HH:MM, to some minutes; empty without lon', decimals: 0, isText: true },
    { name: 'sunset', describe: 'HH:MM, to some minutes; empty without lon', decimals: 0, isText: true },
  ],
  example: 'compute day-length --param lat=11.1 lon=108.1 < days.csv',
  run: (input) => {
    const [lat, lon, utcOffsetH] = ['lat', 'lon', 'utc_offset_h'].map(input.number) as [
      number,
      number,
      number,
    ]
    const days = input.dates.map(dayOfYear)
    const lengths = days.map((day) => dayLengthH(lat, day))
    const noons = days.map((day) => 12 - lon / 15 - equationOfTimeH(day) + utcOffsetH)
    const half = (sign: 1 | -1) =>
      noons.map((noon, row) => clock(noon + (sign * (lengths[row] as number)) / 2))
    return {
      length: input.length,
      columns: {
        daylength_h: lengths,
        ra_mjm2: days.map((day) => dailyExtraterrestrialMjm2(lat, day)),
        sunrise: half(-1),
        sunset: half(1),
      },
      quality: days.map(() => 'ok'),
    }
  },
}

function clock(hour: number): string {
  if (Number.isNaN(hour)) return ''
  const minutes = Math.round((((hour % 24) + 24) % 24) * 60) % 1440
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':')
}
