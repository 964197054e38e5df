import { afterEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../../world/seeded.ts'
import { DAY_MS, FARM, FIRST_DAY_MS, FieldFarm, HOUR_MS, PLOT, type Said, weatherAt } from './field-farm.ts'

const farms: FieldFarm[] = []
afterEach(async () => {
  for (const farm of farms.splice(0)) await farm.stop()
})
async function openFarm(options: Parameters<typeof FieldFarm.open>[0] = {}): Promise<FieldFarm> {
  const farm = await FieldFarm.open(options)
  farms.push(farm)
  return farm
}

const DAYS = 5
/** Every half hour of these days, as the station says it. */
const moments = (days: number): number[] =>
  Array.from({ length: days * 48 }, (_, at) => FIRST_DAY_MS + (at * HOUR_MS) / 2)
const essence = (farm: FieldFarm) =>
  farm.days.map(({ values, balance, risks }) => ({
    values,
    balance: balance?.state,
    risks: [...risks].map(([name, { risk, level, quality }]) => [name, risk, level, quality]),
  }))

describe('the crop models on the box', () => {
  test('what was computed live is what a replay of the same readings in any order computes', async () => {
    const live = await openFarm()
    await live.live(DAYS * 24 + 1)
    const replayed = await openFarm({ startMs: FIRST_DAY_MS + DAYS * DAY_MS + HOUR_MS })
    const random = seededRandom(11)
    const all = [...moments(DAYS), FIRST_DAY_MS + DAYS * DAY_MS, FIRST_DAY_MS + DAYS * DAY_MS + HOUR_MS / 2]
      .flatMap(weatherAt)
      .map((said) => ({ said, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ said }) => said)
    for (let at = 0; at < all.length; at += 100) await replayed.say(all.slice(at, at + 100))
    await replayed.clock.advance(5 * 60_000)
    expect(essence(replayed).slice(0, DAYS)).toEqual(essence(live).slice(0, DAYS))
    const [once, again] = [await live.derived(), await replayed.derived()]
    expect([...again.keys()].toSorted()).toEqual([...once.keys()].toSorted())
    for (const [series, values] of once)
      for (const [t, value] of values)
        if (t < FIRST_DAY_MS + DAYS * DAY_MS) expect(again.get(series)?.get(t), `${series} ${t}`).toBe(value)
  })

  test('derived series say model and version, plot and unit, and begin where their hour or day begins', async () => {
    const farm = await openFarm()
    await farm.live(2 * 24 + 1)
    await farm.clock.advance(180_000)
    const series = farm.journal.series().filter(({ device }) => device === 'plot/lo-a')
    expect(
      series
        .map(({ quantity, channel, origin, unit }) => `${quantity} ${channel} ${origin} ${unit}`)
        .toSorted(),
    ).toEqual([
      'day-length day derived day-length-1 h',
      'degree-days day derived degree-days-1 Cel.d',
      'delta-t hour derived delta-t-1 Cel',
      'dew-point hour derived dew-point-1 Cel',
      'infection-risk dragon-fruit-anthracnose derived magarey-1 1',
      'infection-risk dragon-fruit-canker derived magarey-1 1',
      'leaf-wet-hours day derived leaf-wetness-1 h',
      'rain-amount day derived rain-sum-1 mm',
      'rain-amount hour derived rain-sum-1 mm',
      'readily-available-water day derived water-balance-1 mm',
      'reference-evapotranspiration day derived et0-daily-1 mm',
      'reference-evapotranspiration hour derived et0-hourly-1 mm',
      'soil-water-depletion day derived water-balance-1 mm',
    ])
    expect(new Set(series.map(({ place }) => place))).toEqual(new Set(['Lô A']))
    const derived = await farm.derived()
    expect([...(derived.get('reference-evapotranspiration day')?.keys() ?? [])]).toEqual([
      FIRST_DAY_MS,
      FIRST_DAY_MS + DAY_MS,
    ])
    const hourly = derived.get('reference-evapotranspiration hour') ?? new Map()
    expect(hourly.size).toBe(49)
    // Night and noon of a clear day near 11° north.
    expect(hourly.get(FIRST_DAY_MS + 12 * HOUR_MS)).toBeGreaterThan(0.5)
    expect(Math.abs(hourly.get(FIRST_DAY_MS + 2 * HOUR_MS) ?? 9)).toBeLessThan(0.1)
    // Of 6 mm; the first reading of a gauge is no rain.
    expect(derived.get('rain-amount day')?.get(FIRST_DAY_MS + DAY_MS)).toBe(6)
  })

  test('a reading that comes two days late costs two days, and its corrected figures are written once', async () => {
    const late = FIRST_DAY_MS + 2 * DAY_MS + 14 * HOUR_MS
    const farm = await openFarm()
    await farm.live(DAYS * 24)
    await farm.clock.advance(10 * 60_000)
    const before = { ...farm.room.desk.work }
    const hot: Said = { quantity: 'air-temperature', value: 41, atMs: late + 60_000 }
    await farm.say([hot])
    await farm.clock.advance(90_000)
    const { work } = farm.room.desk
    expect(work.recomputations - before.recomputations).toBe(1)
    expect(work.daysRead - before.daysRead).toBe(2)
    const written = work.derivedReadings - before.derivedReadings
    expect(written).toBeGreaterThan(3)
    expect(written).toBeLessThan(30)
    // The same again changes nothing that anybody would see.
    await farm.clock.advance(HOUR_MS)
    const noon = await farm.derived()
    expect(noon.get('delta-t hour')?.get(late)).toBeGreaterThan(0)
    const series = farm.journal
      .series()
      .find(({ quantity, device }) => quantity === 'delta-t' && device === 'plot/lo-a')
    const rows = await farm.journal.readingsWithin(series?.no ?? 0, late, late + 1)
    expect(rows.length / 4).toBe(2)
  })

  test('the same figures after a restart in the middle, and nothing is written twice', async () => {
    const whole = await openFarm()
    await whole.live(DAYS * 24 + 1)
    const broken = await openFarm()
    await broken.live(2 * 24 + 13)
    await broken.clock.advance(180_000)
    await broken.restart()
    expect(broken.room.desk.work.derivedReadings).toBe(0)
    await broken.live(DAYS * 24 + 1 - (2 * 24 + 13))
    expect(essence(broken)).toEqual(essence(whole))
    expect(await broken.derived()).toEqual(await whole.derived())
    expect(broken.faults).toEqual([])
  })

  test('days whose readings the journal no longer has come from their file', async () => {
    const farm = await openFarm()
    await farm.live(3 * 24 + 1)
    const before = essence(farm)
    await farm.clock.finish(farm.room.stop())
    await farm.clock.finish(farm.journal.close())
    const { rmSync } = await import('node:fs')
    const { join } = await import('node:path')
    rmSync(join(farm.folder, 'journal.db'))
    for (const end of ['-wal', '-shm']) rmSync(join(farm.folder, `journal.db${end}`), { force: true })
    await farm.openJournal()
    await farm.startRoom()
    expect(
      essence(farm)
        .slice(0, 3)
        .map(({ values, balance }) => ({ values, balance })),
    ).toEqual(before.slice(0, 3).map(({ values, balance }) => ({ values, balance })))
  })

  test('a gap stays a gap: no figure for its hours, none for its day, and the balance says that it does not know', async () => {
    const farm = await openFarm()
    const isOut = (ms: number) =>
      ms >= FIRST_DAY_MS + 2 * DAY_MS + 5 * HOUR_MS && ms < FIRST_DAY_MS + 2 * DAY_MS + 12 * HOUR_MS
    await farm.live(4 * 24 + 1, isOut)
    const derived = await farm.derived()
    const gap = FIRST_DAY_MS + 2 * DAY_MS
    for (const series of ['delta-t hour', 'reference-evapotranspiration hour', 'rain-amount hour'])
      expect(derived.get(series)?.has(gap + 8 * HOUR_MS), series).toBe(false)
    for (const series of [
      'reference-evapotranspiration day',
      'degree-days day',
      'leaf-wet-hours day',
      'soil-water-depletion day',
    ])
      expect(derived.get(series)?.has(gap), series).toBe(false)
    const [, , third, fourth] = farm.days
    expect(third?.values.et0Mm).toBeNaN()
    expect(fourth?.balance?.state.trust).toBe('unknown')
    expect(farm.room.answer().plots[0]?.water.days.at(-1)?.drMm).toBeNull()
  })

  test('it wakes once an hour and after what comes late, and otherwise not', async () => {
    const farm = await openFarm()
    const before = farm.room.desk.work.recomputations
    await farm.live(10)
    expect(farm.room.desk.work.recomputations - before).toBe(10)
    const idle = farm.room.desk.work.recomputations
    await farm.say(weatherAt(farm.journal.now()))
    await farm.say(weatherAt(farm.journal.now()))
    await farm.clock.advance(60_000)
    expect(farm.room.desk.work.recomputations).toBe(idle)
  })

  test('irrigation in the farm book fills the soil from its day on', async () => {
    const farm = await openFarm()
    await farm.live(4 * 24)
    const dry = farm.days.at(2)?.balance?.state.drMm ?? 0
    expect(dry).toBeGreaterThan(1)
    await farm.clock.finish(
      farm.journal.appendRecords([
        {
          ...{ kind: 'activity', activityId: 'a1', type: 'irrigated', plot: 'lo-a', person: 'p1' },
          ...{ at: FIRST_DAY_MS + 2 * DAY_MS + 8 * HOUR_MS, details: { litres: 10_000 } },
        },
      ]),
    )
    await farm.clock.advance(HOUR_MS)
    // 10,000 litres on a hectare are 1 mm, of which nine tenths reach the roots.
    expect(farm.days.at(2)?.balance?.state.drMm).toBeCloseTo(dry - 0.9, 9)
  })

  test('which device counts: the one that is named, else one in the plot, else the station', async () => {
    const farm = await openFarm({
      plots: [PLOT, { ...PLOT, id: 'lo-b', name: 'Lô B', sensors: { rain: 'mua-b' } }],
      farm: { ...FARM },
    })
    const now = farm.journal.now()
    await farm.say(weatherAt(now))
    await farm.say([{ quantity: 'air-temperature', value: 30, atMs: now }], 'nut-a', 'Lô A')
    const [a, b] = farm.room.answer().plots
    const chosen = (plot: typeof a) =>
      Object.fromEntries(
        (plot?.sensors ?? []).map(({ input, series, chosen: why }) => [
          input,
          series && `${series.device} ${why}`,
        ]),
      )
    expect(chosen(a)).toMatchObject({
      'air-temperature': 'nut-a in-plot',
      'air-humidity': 'tram station',
      rain: 'tram station',
    })
    // A named gauge that has said nothing is missing, not replaced.
    expect(chosen(b)).toMatchObject({ 'air-temperature': 'tram station', rain: null, 'soil-moisture': null })
  })
})
