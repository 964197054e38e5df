import { afterEach, describe, expect, test } from 'vitest'
import type { FarmDetail, SeriesHistory } from '../../gateway/insight/answers.ts'
import type { PlotOutlook } from '../../gateway/insight/plot-outlook.ts'
import { hours, minutes, World } from '../world/world.ts'

/** The walk of a derived figure: probe → hours → models → journal → batch → province; and what the farmer reads of it. */
let world: World | undefined
afterEach(async () => {
  await world?.close()
  world = undefined
})

describe('what the weather means for the crop', () => {
  test('reaches the province as series with model and version, and the box as advice', async () => {
    world = await World.open({ seed: 5 })
    const farm = await world.addFarm({
      config: {
        farm: { latitude: 11.1, longitude: 108.1, station: 'air-shed' },
        plots: [{ id: 'lo-a', name: 'Lô A', crop: 'dragon-fruit', areaHa: 1.2, soil: 'sandy-loam' }],
      },
    })
    farm.weather.airTempC = 27
    farm.weather.humidityPct = 97
    await world.advance(hours(10) + minutes(10))
    const detail = await world.ask<FarmDetail>(`/api/v1/farms/${farm.farmId}`)
    const deltaT = detail.series.find(
      ({ quantity, device }) => quantity === 'delta-t' && device === 'plot/lo-a',
    )
    expect(deltaT).toMatchObject({ origin: 'derived delta-t-1', unit: 'Cel', place: 'Lô A', channel: 'hour' })
    const from = world.clock.wallMs() - hours(9)
    const history = await world.ask<SeriesHistory>(`/api/v1/series/${deltaT?.uuid}/history?from=${from}`)
    expect(history.buckets.length).toBeGreaterThan(6)
    for (const { mean } of history.buckets) expect(mean).toBeLessThan(1)
    const plot = farm.agent.field.answer().plots[0]
    const codes = plot?.advice.map(({ code }) => code)
    expect(codes).toContain('infection-high')
    expect(plot?.advice.find(({ code }) => code.startsWith('spray-avoid'))?.vi).toMatch(
      /^Đừng phun .*delta-T 0,\d/,
    )
    expect(plot?.advice.find(({ code }) => code === 'irrigation-missing')?.vi).toContain('đo mưa')
    // The model's infection is an alarm, too.
    expect(farm.agent.desk.open.map(({ rule }) => rule)).toContain('infection')

    // What the box thinks of the plot stands at the province, no older than the box's rest between two.
    const path = `/farms/${farm.farmId}/plots/lo-a`
    const outlook = await world.ask<PlotOutlook>(`/api/v1${path}/outlook`)
    const age = world.clock.wallMs() - outlook.madeAt
    expect(age).toBeLessThan(hours(3) + minutes(6))
    expect(outlook.plotName).toBe('Lô A')
    expect(outlook.advice.map(({ code }) => code)).toContain('infection-high')
    expect(outlook.spray.now?.verdict).toBe('avoid')
    const evidence = outlook.advice.flatMap((advice) => advice.evidence)
    const uuids = new Set(detail.series.map(({ uuid }) => uuid))
    const named = evidence.flatMap(({ series }) => series ?? [])
    expect(named.length).toBeGreaterThan(0)
    for (const uuid of named) expect(uuids).toContain(uuid)
    const page = await world.read(path)
    for (const { vi } of outlook.advice) expect(page).toContain(vi)
    expect(await world.read(`/farms/${farm.farmId}`)).toContain(`href="${path}"`)
  })
})
