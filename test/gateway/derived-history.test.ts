import { describe, expect, it } from 'vitest'
import { seriesHistory } from '../../gateway/insight/series-history.ts'
import { EVERYTHING, RunningGateway } from './running-gateway.ts'
import { DAY, SignedBox, seriesEntry } from './signed-box.ts'

const HOUR = 3_600_000

describe('figures that a box computed', () => {
  it('are shown as they were corrected, also when the correction reaches the province first', async () => {
    const province = await RunningGateway.open()
    await province.addFarm('f-1', 'Vườn Ất')
    const box = new SignedBox(1)
    await province.enrol(box, 'f-1')
    const derived = seriesEntry(1, {
      ...{ quantity: 'reference-evapotranspiration', unit: 'mm', resolution: 0.001, channel: 'day' },
      ...{ device: 'plot/lo-a', origin: 'derived et0-daily-1' },
    })
    const probe = seriesEntry(2)
    await province.take(box.records(derived, probe))
    const at = (seriesNo: number, t: number, scaled: number) => ({ seriesNo, t, scaled, quality: 0 })
    const first = box.readings([at(1, DAY, 4000), at(1, DAY + 24 * HOUR, 5000), at(2, DAY, 300)])
    const corrected = box.readings([at(1, DAY, 4600), at(2, DAY, 310)])
    province.advance(3 * 24 * HOUR)
    await province.take(corrected)
    await province.take(first)
    const ask = (uuid: string, buckets: number) =>
      seriesHistory(province.gateway.db, EVERYTHING, uuid, { fromMs: DAY, toMs: DAY + 48 * HOUR, buckets })
    const raw = await ask(derived.uuid, 100)
    expect(raw?.buckets.map(({ t, mean, count }) => [t, mean, count])).toEqual([
      [DAY, 4.6, 1],
      [DAY + 24 * HOUR, 5, 1],
    ])
    expect((await ask(derived.uuid, 2))?.buckets.map(({ mean }) => mean)).toEqual([4.6, 5])
    // What a probe says twice for one moment was said twice.
    expect((await ask(probe.uuid, 100))?.buckets.map(({ count }) => count)).toEqual([1, 1])
  })
})
