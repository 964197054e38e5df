import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FieldAnswer } from '../../../agent/page/field-answer.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { DAY_MS, FIRST_DAY_MS, FieldFarm, HOUR_MS, PLOT } from '../field/field-farm.ts'

const LIGHTS = { bulbs: 1000, watts: 20, fromHour: 20, hours: 8, vndPerKwh: 1987, batchesBefore: 0 }

/** What the real models answer on the fifth morning of a farm with a station and a forecast. */
export async function fieldOfToday(days = 4): Promise<FieldAnswer> {
  const folder = temporaryFolder()
  const from = FIRST_DAY_MS + days * DAY_MS
  const column = (value: (at: number) => number) => Array.from({ length: 5 * 24 }, (_, at) => value(at))
  writeFileSync(
    join(folder, 'forecast.json'),
    JSON.stringify({
      fetchedAt: from + 6 * HOUR_MS,
      forecast: {
        hourly: {
          time: column((at) => (from + at * HOUR_MS) / 1000),
          temperature_2m: column(() => 26),
          relative_humidity_2m: column((at) => (at >= 24 && at < 40 ? 97 : 70)),
          precipitation: column((at) => (at === 25 ? 8 : 0)),
          wind_speed_10m: column((at) => 4 + (at % 12)),
          shortwave_radiation: column((at) => (at % 24 > 6 && at % 24 < 18 ? 400 : 0)),
        },
        hourly_units: { time: 'unixtime', wind_speed_10m: 'km/h' },
      },
    }),
  )
  const farm = await FieldFarm.open({
    folder,
    plots: [{ ...PLOT, lighting: LIGHTS, degreeDays: { target: 500 } }],
  })
  await farm.live(days * 24 + 7)
  await farm.clock.finish(farm.room.stop())
  farm.forecastUrl = 'https://forecast.example/v1'
  await farm.startRoom()
  const answer = farm.room.answer()
  await farm.stop()
  return answer
}

/** The same farm before anything was connected or described. */
export async function bareField(): Promise<FieldAnswer> {
  const bare = { id: 'lo-x', name: 'Lô X', crop: 'dragon-fruit', areaHa: 2, sensors: {}, degreeDays: {} }
  const farm = await FieldFarm.open({ plots: [bare], farm: { elevationM: 10, windHeightM: 2 } })
  const answer = farm.room.answer()
  await farm.stop()
  return answer
}
