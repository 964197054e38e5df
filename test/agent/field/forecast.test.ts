import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { agentConfigSchema } from '../../../agent/config.ts'
import { Forecast, type ForecastLink } from '../../../agent/field/forecast.ts'
import { readForecast } from '../../../agent/field/forecast-shape.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { seededRandom } from '../../world/seeded.ts'

const HOUR_MS = 3_600_000
const START_MS = Date.UTC(2026, 10, 27)

const answer = (hours: number, more: object = {}) => ({
  utc_offset_seconds: 25_200,
  hourly_units: { wind_speed_10m: 'km/h', wind_gusts_10m: 'km/h' },
  hourly: {
    time: Array.from({ length: hours }, (_, at) =>
      new Date(START_MS + 7 * HOUR_MS + at * HOUR_MS).toISOString().slice(0, 16),
    ),
    temperature_2m: Array.from({ length: hours }, (_, at) => 24 + (at % 24) / 4),
    relative_humidity_2m: Array.from({ length: hours }, () => 80),
    precipitation: Array.from({ length: hours }, (_, at) => (at === 3 ? 2.5 : 0)),
    wind_speed_10m: Array.from({ length: hours }, () => 10),
    wind_gusts_10m: Array.from({ length: hours }, () => null),
    shortwave_radiation: Array.from({ length: hours }, () => 100),
    ...more,
  },
})

function service(options: { url?: string; answers?: (() => unknown)[]; folder?: string } = {}) {
  const clock = new PretendClock(START_MS)
  const folder = options.folder ?? temporaryFolder()
  const asked: { atMs: number; origin: string; path: string }[] = []
  const faults: string[] = []
  const answers = [...(options.answers ?? [])]
  const link = (origin: string): ForecastLink => ({
    async request({ path }) {
      asked.push({ atMs: clock.wallMs(), origin, path })
      const next = answers.length > 1 ? answers.shift() : answers[0]
      const given = next?.()
      if (given instanceof Error) throw given
      const body = new TextEncoder().encode(typeof given === 'string' ? given : JSON.stringify(given))
      return { status: 200, headers: {}, body }
    },
  })
  const forecast = new Forecast({
    url: 'url' in options ? options.url : 'https://weather.example/v1/forecast?latitude=11&apikey=secret',
    ...{ everyMs: HOUR_MS, maxAgeMs: 12 * HOUR_MS, file: join(folder, 'forecast.json'), clock },
    random: seededRandom(3),
    now: () => clock.wallMs(),
    linkTo: link,
    onFault: (code, detail) => faults.push(`${code}: ${detail}`),
  })
  return { clock, forecast, asked, faults, folder }
}

describe('the forecast', () => {
  test('without an address there is none, and it says so', async () => {
    const { forecast, clock, asked } = service({ url: undefined } as never)
    forecast.start()
    await clock.advance(5 * HOUR_MS)
    expect(forecast.standing).toEqual({ state: 'off', fetchedAt: null, throughMs: null, lastError: null })
    expect(forecast.hoursFrom(START_MS)).toEqual([])
    expect(asked).toEqual([])
  })

  test('is fetched at the start and then as often as the config says', async () => {
    const { forecast, clock, asked } = service({ answers: [() => answer(72)] })
    forecast.start()
    await clock.advance(2.5 * HOUR_MS)
    expect(asked.map(({ origin, path }) => `${origin} ${path}`)[0]).toBe(
      'https://weather.example /v1/forecast?latitude=11&apikey=secret',
    )
    expect(asked).toHaveLength(3)
    expect(forecast.standing.state).toBe('fresh')
    const hours = forecast.hoursFrom(START_MS + 2 * HOUR_MS)
    expect(hours[0]).toMatchObject({ startMs: START_MS + 2 * HOUR_MS, rhPct: 80, rainMm: 2.5, solarWm2: 100 })
    // 10 km/h at 10 m by the logarithmic profile (FAO-56 equation 47).
    expect(hours[0]?.windMs).toBeCloseTo((10 / 3.6) * 0.748, 2)
    expect(hours[0]?.gustMs).toBeNaN()
    forecast.stop()
  })

  test('one that is too old is not used, and says how old it is', async () => {
    const { forecast, clock, faults } = service({ answers: [() => answer(72), () => new Error('no route')] })
    forecast.start()
    await clock.advance(13 * HOUR_MS)
    expect(forecast.standing).toMatchObject({ state: 'stale', fetchedAt: START_MS, lastError: 'no route' })
    expect(forecast.hoursFrom(clock.wallMs())).toEqual([])
    // With back-off up to the hour, not a request a minute.
    expect(faults.length).toBeGreaterThan(5)
    expect(faults.length).toBeLessThan(60)
    forecast.stop()
  })

  test('the last good one outlives a restart without network', async () => {
    const first = service({ answers: [() => answer(72)] })
    first.forecast.start()
    await first.clock.advance(1000)
    first.forecast.stop()
    const second = service({ answers: [() => new Error('no route')], folder: first.folder })
    second.forecast.start()
    expect(second.forecast.standing.state).toBe('fresh')
    expect(second.forecast.hoursFrom(START_MS)).toHaveLength(71)
    writeFileSync(join(first.folder, 'forecast.json'), '{"fetchedAt":')
    const third = service({ answers: [() => new Error('no route')], folder: first.folder })
    third.forecast.start()
    expect(third.forecast.standing.state).toBe('waiting')
    for (const each of [second, third]) each.forecast.stop()
  })

  test('what is no forecast is refused, and neither log nor file has the address with its key', async () => {
    const wrong = [
      () => '<html>sign in</html>',
      () => 'x'.repeat(300_000),
      () => answer(72, { time: ['a', 'b'] }),
      () => ({ hourly: {} }),
    ]
    const { forecast, clock, faults, folder } = service({ answers: [...wrong, () => answer(24)] })
    forecast.start()
    await clock.advance(3 * HOUR_MS)
    forecast.stop()
    expect(faults).toHaveLength(4)
    expect(faults.join()).not.toContain('secret')
    expect(forecast.standing).toMatchObject({ state: 'fresh', lastError: null })
    expect(readFileSync(join(folder, 'forecast.json'), 'utf8')).not.toContain('secret')
  })

  test('whatever comes, it is hours in order or an error with a sentence', () => {
    fc.assert(
      fc.property(
        fc.record({
          time: fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant('2026-11-27T00:00')), {
            maxLength: 5,
          }),
          temperature_2m: fc.array(fc.oneof(fc.double(), fc.constant(null)), { maxLength: 5 }),
        }),
        fc.integer({ min: -60_000, max: 60_000 }),
        (hourly, offset) => {
          try {
            const hours = readForecast({ utc_offset_seconds: offset, hourly })
            for (const [at, hour] of hours.entries()) {
              expect(Number.isInteger(hour.startMs)).toBe(true)
              if (at > 0) expect(hour.startMs - (hours[at - 1]?.startMs ?? 0)).toBe(HOUR_MS)
              expect(hour.tempC >= -40 && hour.tempC <= 60 ? 'in' : String(hour.tempC)).toMatch(/in|NaN/)
            }
          } catch (error) {
            expect((error as Error).message).toContain('not an hourly forecast')
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  test('plain http is for this box alone', () => {
    const accepts = (url: string) => agentConfigSchema.safeParse({ forecast: { url } }).success
    expect(accepts('https://weather.example/v1')).toBe(true)
    expect(accepts('http://127.0.0.1:8090/v1')).toBe(true)
    expect(accepts('http://weather.example/v1')).toBe(false)
    expect(accepts('http://localhost.evil.example/')).toBe(false)
    expect(accepts('file:///etc/passwd')).toBe(false)
  })
})
