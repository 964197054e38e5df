import { afterEach, describe, expect, test } from 'vitest'
import { vapourPressureDeficitKpa } from '../../agent/crop/vpd.ts'
import type { FarmDetail, SeriesCard, SeriesHistory } from '../../gateway/insight/answers.ts'
import { readingsAtBox, readingsAtProvince } from '../world/kept.ts'
import { BAD_LINK } from '../world/pretend-link.ts'
import { seedFromEnvironment } from '../world/seeded.ts'
import { type Farm, hours, minutes, seconds, World } from '../world/world.ts'

/** The walk of a soil reading: register → bus → device → journal → batch → log → projection → screen. */
let world: World | undefined
afterEach(async () => {
  await world?.close()
  world = undefined
})

async function open(seed = 1): Promise<World> {
  world = await World.open({ seed })
  return world
}

async function seriesOf(farm: Farm, device: string, quantity: string): Promise<SeriesCard> {
  const detail = await world!.ask<FarmDetail>(`/api/v1/farms/${farm.farmId}`)
  const found = detail.series.find((card) => card.device === device && card.quantity === quantity)
  if (!found) throw new Error(`${device} ${quantity} is not at the province`)
  return found
}

describe('a soil reading', () => {
  test('is on the agronomist’s screen minutes after the probe measured it, with unit, place and age', async () => {
    const world = await open()
    const farm = await world.addFarm()
    await world.advance(minutes(4))
    const soil = await seriesOf(farm, 'soil-a', 'soil-moisture')
    expect(soil).toMatchObject({ unit: '%', place: 'Lô A', origin: 'measured' })
    expect(soil.last).toMatchObject({ value: 31.2, quality: 0, clock: 'synchronised' })
    expect(world.clock.wallMs() - soil.last!.t).toBeLessThan(minutes(3))

    farm.weather.soilMoisturePct = 27.4
    await world.advance(minutes(3))
    expect((await seriesOf(farm, 'soil-a', 'soil-moisture')).last?.value).toBe(27.4)

    const from = world.clock.wallMs() - hours(1)
    const history = await world.ask<SeriesHistory>(`/api/v1/series/${soil.uuid}/history?from=${from}`)
    const values = history.buckets.map((bucket) => bucket.mean)
    expect(new Set(values)).toEqual(new Set([31.2, 27.4]))
    expect(values.indexOf(27.4)).toBeGreaterThan(values.lastIndexOf(31.2))
  })

  test('brings its derived series along', async () => {
    const world = await open()
    const farm = await world.addFarm()
    await world.advance(minutes(4))
    const vpd = await seriesOf(farm, 'air-shed', 'vapour-pressure-deficit')
    expect(vpd.origin).toMatch(/^derived/)
    expect(vpd.last?.value).toBeCloseTo(vapourPressureDeficitKpa(29.5, 78), 2)
  })

  test('below zero and out of range is shown as what it is', async () => {
    const world = await open()
    const farm = await world.addFarm()
    farm.weather.airTempC = -10.1
    farm.weather.humidityPct = 130
    await world.advance(minutes(4))
    expect((await seriesOf(farm, 'air-shed', 'air-temperature')).last).toMatchObject({
      value: -10.1,
      quality: 0,
    })
    const humidity = await seriesOf(farm, 'air-shed', 'air-humidity')
    expect(humidity.last?.value).toBe(130)
    expect(humidity.last!.quality & 1).toBe(1)
  })
})

describe('an MQTT node', () => {
  test('speaks as Zigbee2MQTT or Tasmota do, and is acknowledged after it is on disk', async () => {
    const world = await open()
    const farm = await world.addFarm()
    farm.broker.publish('zigbee2mqtt/Vườn/lá 1', {
      temperature: 30.1,
      humidity: 71.5,
      linkquality: 120,
      battery: 88,
    })
    farm.broker.publish('tele/bom-nuoc/SENSOR', {
      Time: '2026-11-23T07:00:00',
      AM2301: { Temperature: 31.4, Humidity: 66.2 },
      TempUnit: 'C',
    })
    await world.advance(minutes(3))
    expect(farm.broker.acknowledged).toBe(2)
    expect((await seriesOf(farm, 'Vườn/lá 1', 'air-temperature')).last?.value).toBe(30.1)
    const detail = await world.ask<FarmDetail>(`/api/v1/farms/${farm.farmId}`)
    const tasmota = detail.series.find(
      (card) => card.device === 'bom-nuoc' && card.quantity === 'air-temperature',
    )
    expect(tasmota?.last?.value).toBe(31.4)
  })

  test('that talks nonsense is counted, acknowledged, and stops nobody', async () => {
    const world = await open()
    const farm = await world.addFarm()
    for (const nonsense of ['{', 'not json', '[1,2', '{"temperature":"warm"}'])
      farm.broker.publish('zigbee2mqtt/x', nonsense)
    farm.broker.publish('somebody/else', '1')
    await world.advance(minutes(4))
    expect(farm.broker.refused).toBe(0)
    const overview = await farm.agent.overview()
    const faults = [...overview.buses, ...overview.devices].flatMap((each) => each.faults)
    expect(faults.reduce((sum, fault) => sum + fault.count, 0)).toBeGreaterThanOrEqual(5)
    expect(faults.map((fault) => fault.code)).toContain('unknown-device')
    expect((await seriesOf(farm, 'soil-a', 'soil-moisture')).last?.value).toBe(31.2)
  })
})

describe('an alarm', () => {
  const config = {
    alarms: [{ name: 'Nóng quá', quantity: 'air-temperature', above: 38, hysteresis: 1, forS: 0 }],
  }

  test('reaches the province within seconds of the reading, and is cleared once', async () => {
    const world = await open()
    const farm = await world.addFarm({ config })
    await world.advance(minutes(5))
    farm.weather.airTempC = 39.2
    await world.advance(minutes(1) + seconds(5))
    const raised = await world.ask<FarmDetail>(`/api/v1/farms/${farm.farmId}`)
    expect(raised.alarms).toMatchObject([
      { name: 'Nóng quá', state: 'raised', device: 'air-shed', facts: { value: 39.2 } },
    ])
    farm.weather.airTempC = 35
    await world.advance(minutes(2))
    const cleared = await world.ask<FarmDetail>(`/api/v1/farms/${farm.farmId}`)
    expect(cleared.alarms).toMatchObject([{ name: 'Nóng quá', state: 'cleared' }])
  })

  test('is raised without any network, and survives a restart of the box', async () => {
    const world = await open()
    const farm = await world.addFarm({ config })
    farm.link.faults.isUp = false
    farm.weather.airTempC = 40
    await world.advance(minutes(3))
    expect((await farm.agent.overview()).alarms).toHaveLength(1)
    await farm.restart()
    await world.advance(minutes(2))
    expect((await farm.agent.overview()).alarms).toHaveLength(1)
    farm.link.faults.isUp = true
    await world.advance(minutes(10))
    const detail = await world.ask<FarmDetail>(`/api/v1/farms/${farm.farmId}`)
    expect(detail.alarms).toHaveLength(1)
  })

  test('is raised when a device falls silent', async () => {
    const world = await open()
    const farm = await world.addFarm({ config: { silence: { factor: 3, atLeastS: 300 } } })
    await world.advance(minutes(5))
    farm.line!.faults.stall = 1
    await world.advance(minutes(8))
    const names = (await farm.agent.overview()).alarms.map((alarm) => `${alarm.rule} ${alarm.device}`)
    expect(names.sort()).toEqual(['silent air-shed', 'silent soil-a'])
    farm.line!.faults.stall = 0
    await world.advance(minutes(10))
    expect((await farm.agent.overview()).alarms).toEqual([])
  })
})

describe('a bad day', () => {
  const seeds = Array.from({ length: 4 }, (_, index) => (seedFromEnvironment() + index * 7919) % 2 ** 31)

  test.each(seeds)('loses nothing and doubles nothing (VUON_SEED=%i)', async (seed) => {
    const world = await open(seed)
    const farm = await world.addFarm({ config: { sync: { batchEveryS: 30, retryLongestS: 120 } } })
    farm.link.faults = { ...BAD_LINK }
    let published = 0
    for (let hour = 0; hour < 6; hour++) {
      Object.assign(farm.line!.faults, {
        split: 0.3,
        corrupt: 0.1,
        stall: 0.1,
        late: 0.05,
        noise: 0.1,
        echo: world.random() < 0.5,
      })
      farm.link.faults.isUp = world.random() < 0.6
      for (let minute = 0; minute < 60; minute += 10) {
        farm.weather.soilMoisturePct = Math.round(150 + world.random() * 300) / 10
        farm.broker.publish('zigbee2mqtt/lá 1', { temperature: 20 + Math.round(world.random() * 150) / 10 })
        published++
        await world.advance(minutes(10))
      }
      if (world.random() < 0.5) await farm.restart()
      if (world.random() < 0.5) await world.restartGateway()
    }
    farm.link.faults = { ...farm.link.faults, isUp: true, dropRequest: 0, dropAnswer: 0, repeat: 0, cut: 0 }
    await world.advance(minutes(20))

    expect(farm.broker.acknowledged).toBe(published)
    const state = await farm.agent.journal.state()
    const agentId = farm.agent.enrolment!.agent
    const detail = await world.ask<FarmDetail>(`/api/v1/farms/${farm.farmId}`)
    for (const { lane, missing } of detail.boxes[0]!.lanes) expect(missing, lane).toBe(0)
    // The newest readings of the last half minute may still be gathering for their batch.
    const waiting = state.lanes.reading.lastSeq - state.lanes.reading.durableThrough
    expect(waiting).toBeLessThan(30)
    const [box, province] = [
      await readingsAtBox(farm.agent),
      await readingsAtProvince(world.gateway, agentId),
    ]
    expect(province.length).toBe(box.length - waiting)
    const atBox = new Map<string, number>()
    for (const each of box) atBox.set(each, (atBox.get(each) ?? 0) + 1)
    for (const each of province) {
      expect(atBox.get(each), each).toBeGreaterThan(0)
      atBox.set(each, atBox.get(each)! - 1)
    }
  })
})

describe('a box without a clock', () => {
  test('keeps what it measures, and its times are right once the province has told the time', async () => {
    const world = await open()
    const farm = await world.addFarm({ clockOffsetMs: -hours(24 * 20), isNtpSynchronised: false })
    farm.link.faults.isUp = false
    await world.advance(minutes(10))
    expect((await farm.agent.overview()).clock).toBe('unknown')
    const before = world.clock.wallMs()
    farm.link.faults.isUp = true
    await world.advance(minutes(10))
    expect((await farm.agent.overview()).clock).toBe('synchronised')
    const soil = await seriesOf(farm, 'soil-a', 'soil-moisture')
    expect(world.clock.wallMs() - soil.last!.t).toBeLessThan(minutes(3))
    const from = world.clock.wallMs() - hours(2)
    const history = await world.ask<SeriesHistory>(`/api/v1/series/${soil.uuid}/history?from=${from}`)
    const early = history.buckets.filter((bucket) => bucket.t < before)
    expect(early.length).toBeGreaterThanOrEqual(8)
    expect((await farm.agent.overview()).alarms).toEqual([])
  })
})
