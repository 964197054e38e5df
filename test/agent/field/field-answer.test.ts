import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { FieldAnswer } from '../../../agent/page/field-answer.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { DAY_MS, FARM, FIRST_DAY_MS, FieldFarm, HOUR_MS, PLOT } from './field-farm.ts'

const farms: FieldFarm[] = []
afterEach(async () => {
  for (const farm of farms.splice(0)) await farm.stop()
})
async function openFarm(options: ConstructorParameters<typeof FieldFarm>[0]): Promise<FieldFarm> {
  const farm = await FieldFarm.open(options)
  farms.push(farm)
  return farm
}
const firstPlot = ({ plots }: FieldAnswer) => {
  const [plot] = plots
  if (!plot) throw new Error('no plot')
  return plot
}

const LIGHTS = { bulbs: 1000, watts: 20, fromHour: 20, hours: 8, vndPerKwh: 1987, batchesBefore: 0 }

describe('one answer for the screens', () => {
  test('has every series with its why, past and forecast apart, and nothing that is not a number', async () => {
    const folder = temporaryFolder()
    // Four days as of the fifth's morning: wet, then dry.
    const rows = 5 * 24
    const from = FIRST_DAY_MS + 4 * DAY_MS
    const column = (value: (at: number) => number) => Array.from({ length: rows }, (_, at) => value(at))
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
            wind_speed_10m: column(() => 10),
            shortwave_radiation: column((at) => (at % 24 > 6 && at % 24 < 18 ? 400 : 0)),
          },
          hourly_units: { time: 'unixtime', wind_speed_10m: 'km/h' },
        },
      }),
    )
    const farm = await openFarm({
      folder,
      plots: [{ ...PLOT, lighting: LIGHTS, degreeDays: { target: 500 } }],
    })
    // A file is read at the start; this one is from the future until its day has come.
    await farm.live(4 * 24 + 7)
    await farm.clock.finish(farm.room.stop())
    farm.room = undefined as never
    await startWithForecast(farm)
    const answer = farm.room.answer()
    expect(JSON.stringify(answer)).toBe(JSON.stringify(answer).replaceAll('NaN', ''))
    expect(answer).toMatchObject({
      today: '2026-11-05',
      forecast: { state: 'fresh' },
      site: { latDeg: 11.1 },
    })
    const plot = firstPlot(answer)
    expect(plot.water.days.filter(({ isForecast }) => isForecast).length).toBeGreaterThanOrEqual(3)
    expect(plot.water.days.filter(({ isForecast }) => !isForecast).map(({ date }) => date)).toEqual([
      '2026-11-01',
      '2026-11-02',
      '2026-11-03',
      '2026-11-04',
    ])
    // 8 mm are forecast for the sixth.
    expect(plot.water.days.find(({ date }) => date === '2026-11-06')).toMatchObject({
      rainMm: 8,
      isForecast: true,
    })
    const [canker] = plot.risks
    expect(canker?.past.at(-1)).toMatchObject({ date: '2026-11-05', isForecast: false })
    expect(canker?.ahead.find(({ date }) => date === '2026-11-06')).toMatchObject({
      level: 'high',
      isForecast: true,
    })
    expect(canker?.why).toMatchObject({
      standing: 'index-not-validated',
      notes: ['wetness-from-humidity', 'needs-are-a-guess'],
    })
    expect(plot.spray.hours.filter(({ isForecast }) => isForecast)).toHaveLength(48)
    expect(plot.spray.hours.filter(({ isForecast }) => !isForecast)).toHaveLength(24)
    expect(plot.spray.windows.length).toBeGreaterThan(0)
    expect(plot.warmth).toMatchObject({ from: '2026-11-02', lowerC: 10, target: 500 })
    expect(plot.lighting.plan).toMatchObject({
      isBegun: false,
      kwh: (plot.lighting.plan?.nights.length ?? 0) * 160,
    })
    expect(plot.harvest.ripe?.expected).toMatch(/^2026-12-0/)
    const codes = plot.advice.map(({ code }) => code)
    expect(codes).toContain('infection-ahead')
    expect(codes.some((code) => code.startsWith('irrigat'))).toBe(true)
    expect(codes.some((code) => code.startsWith('harvest'))).toBe(true)
    // A number behind a sentence is one tap away.
    const water = plot.advice.find(({ code }) => code.startsWith('irrigat'))
    const depletion = water?.evidence.find(({ what }) => what === 'soil-water-depletion')
    const series = farm.journal.series().find(({ quantity }) => quantity === 'soil-water-depletion')
    expect(depletion).toMatchObject({ uuid: series?.uuid, model: 'water-balance-1', unit: 'mm' })
  })

  test('a farm that says nothing of itself is told what is missing, plot by plot', async () => {
    const bare = { id: 'lo-x', name: 'Lô X', crop: 'mango', areaHa: 2, sensors: {}, degreeDays: {} }
    const farm = await openFarm({ plots: [bare], farm: { elevationM: 10, windHeightM: 2 } })
    await farm.clock.advance(2 * HOUR_MS)
    const plot = firstPlot(farm.room.answer())
    expect(plot.sensors.every(({ series }) => series === null)).toBe(true)
    expect(plot.spray.now).toBeNull()
    expect(plot.water).toMatchObject({ days: [], need: null })
    expect(plot.water.why.missingSettings).toContain('plots[].soil')
    expect(plot.water.why.missingSensors).toEqual(['air-temperature', 'air-humidity', 'rain'])
    expect(plot.advice.every(({ severity }) => severity === 'missing')).toBe(true)
    expect(plot.advice.map(({ vi }) => vi).join('\n')).toContain(
      'thiếu cảm biến nhiệt độ không khí, độ ẩm không khí và gió',
    )
  })

  test('readings that are too old say nothing of now', async () => {
    const farm = await openFarm({ farm: FARM })
    await farm.live(6)
    expect(firstPlot(farm.room.answer()).spray.now).not.toBeNull()
    await farm.clock.advance(2 * HOUR_MS)
    const plot = firstPlot(farm.room.answer())
    expect(plot.spray.now).toBeNull()
    expect(plot.advice.map(({ code }) => code)).toContain('spray-stale')
  })
})

async function startWithForecast(farm: FieldFarm): Promise<void> {
  farm.forecastUrl = 'https://weather.example/v1'
  await farm.startRoom()
}
