import { describe, expect, it } from 'vitest'
import type { Viewer } from '../../gateway/accounts/viewer.ts'
import { farmDetail } from '../../gateway/insight/farm-detail.ts'
import { farmsOverview } from '../../gateway/insight/farms-overview.ts'
import { seriesHistory } from '../../gateway/insight/series-history.ts'
import { EVERYTHING, RunningGateway } from './running-gateway.ts'
import { DAY, minutes, SignedBox, seriesEntry } from './signed-box.ts'

const only = (...farmIds: string[]): Viewer => ({ ...EVERYTHING, farmIds }) as Viewer

const alarm = (alarmId: string, state: 'raised' | 'cleared', t: number) => ({
  kind: 'alarm',
  t,
  alarmId,
  state,
  severity: 'warning',
  rule: 'below',
  name: 'khô hạn',
  device: 'probe 1',
  quantity: 'soil-moisture',
  facts: { value: 12.5, limit: 20, plot: 'A', nested: { odd: true } },
})

/** Two farms: the first with a box that measures and warns, the second with an idle one. */
async function twoFarms() {
  const province = await RunningGateway.open()
  await province.addFarm('f-1', 'Vườn Ất')
  await province.addFarm('f-2', 'Vườn Bính')
  await province.addFarm('f-3', 'Vườn Ánh')
  const [busy, idle] = [new SignedBox(1), new SignedBox(2)] as const
  await province.enrol(busy, 'f-1')
  await province.enrol(idle, 'f-2')
  return { province, busy, idle, db: province.gateway.db }
}

describe('the overview of farms', () => {
  it('names those with open alarms first, then by name in Vietnamese order', async () => {
    const { province, idle, db } = await twoFarms()
    expect((await farmsOverview(db, EVERYTHING)).map(({ name }) => name)).toEqual([
      'Vườn Ánh',
      'Vườn Ất',
      'Vườn Bính',
    ])
    await province.take(
      idle.records(alarm('a', 'raised', DAY), alarm('b', 'raised', DAY), alarm('b', 'cleared', DAY)),
    )
    const farms = await farmsOverview(db, EVERYTHING)
    expect(farms.map(({ name, openAlarms }) => [name, openAlarms])).toEqual([
      ['Vườn Bính', 1],
      ['Vườn Ánh', 0],
      ['Vườn Ất', 0],
    ])
  })

  it('says when a box was last heard of, and the newest of what matters most', async () => {
    const { province, busy, db } = await twoFarms()
    const quantities = [
      'leaf-wetness',
      'air-humidity',
      'soil-moisture',
      'air-temperature',
      'soil-temperature',
      'light',
    ] as const
    await province.take(
      busy.records(...quantities.map((quantity, index) => seriesEntry(index + 1, { quantity }))),
    )
    province.advance(60_000)
    await province.take(
      busy.readings(quantities.flatMap((_, index) => minutes(index + 1, 3, DAY, 100 * index))),
    )
    const [farm] = await farmsOverview(db, only('f-1'))
    expect(farm?.boxes).toMatchObject([{ agent: busy.agent, lastSeenAt: province.nowMs }])
    expect(farm?.seriesCount).toBe(6)
    expect(farm?.headline.map(({ quantity, last }) => [quantity, last?.value, last?.t])).toEqual([
      ['soil-moisture', 20.2, DAY + 120_000],
      ['air-temperature', 30.2, DAY + 120_000],
      ['air-humidity', 10.2, DAY + 120_000],
      ['leaf-wetness', 0.2, DAY + 120_000],
    ])
  })

  it('holds no farm that is not the viewer’s', async () => {
    const { db } = await twoFarms()
    expect((await farmsOverview(db, only('f-2'))).map(({ farmId }) => farmId)).toEqual(['f-2'])
    expect(await farmsOverview(db, only('f-9'))).toEqual([])
    expect(await farmsOverview(db, { kind: 'public' })).toEqual([])
  })
})

describe('the page of a farm', () => {
  it('is not there for those who may not see it', async () => {
    const { db } = await twoFarms()
    expect(await farmDetail(db, only('f-2'), 'f-1')).toBeNull()
    expect(await farmDetail(db, { kind: 'public' }, 'f-1')).toBeNull()
    expect(await farmDetail(db, EVERYTHING, 'f-9')).toBeNull()
  })

  it('says how far each lane has come, and how much of it is missing', async () => {
    const { province, busy, db } = await twoFarms()
    const [first, , third] = [1, 2, 3].map(() => busy.readings(minutes(1, 10)))
    await province.take(busy.records(seriesEntry(1)))
    await province.take(first!)
    await province.take(third!)
    const farm = await farmDetail(db, only('f-1'), 'f-1')
    expect(farm?.boxes[0]?.lanes).toEqual([
      { lane: 'record', durableThrough: 1, missing: 0 },
      { lane: 'finding', durableThrough: 0, missing: 0 },
      { lane: 'reading', durableThrough: 10, missing: 10 },
    ])
  })

  it('shows the epoch of the newest batch, also when the clock of the gateway was set back', async () => {
    const { province, busy, db } = await twoFarms()
    await province.take(busy.readings(minutes(1, 10)))
    province.advance(-7 * 86_400_000)
    await province.take(new SignedBox(1, 'aaaaaaaaaaaaaaaa').readings(minutes(1, 3)))
    const farm = await farmDetail(db, EVERYTHING, 'f-1')
    expect(farm?.boxes[0]?.lanes.at(-1)).toMatchObject({ durableThrough: 3 })
  })

  it('shows open alarms before closed ones, with what is known of them', async () => {
    const { province, busy, db } = await twoFarms()
    await province.take(
      busy.records(
        alarm('old', 'raised', DAY),
        alarm('closed', 'raised', DAY + 5000),
        alarm('closed', 'cleared', DAY + 6000),
        alarm('new', 'raised', DAY + 1000),
        // Cleared before its beginning arrived: nothing to show yet.
        alarm('headless', 'cleared', DAY + 2000),
      ),
    )
    const farm = await farmDetail(db, EVERYTHING, 'f-1')
    expect(farm?.alarms.map(({ alarmId, state, clearedAt }) => [alarmId, state, clearedAt])).toEqual([
      ['new', 'raised', null],
      ['old', 'raised', null],
      ['closed', 'cleared', DAY + 6000],
    ])
    expect(farm?.alarms[0]?.facts).toEqual({ value: 12.5, limit: 20, plot: 'A' })
  })

  it('sums the picks of a lot', async () => {
    const { province, busy, db } = await twoFarms()
    const pick = (activityId: string, harvestedAt: number, massKg: number) => ({
      kind: 'lot',
      gtin: '09521234567899',
      lot: 'L1',
      activityId,
      crop: 'dragon-fruit',
      plot: 'A',
      harvestedAt,
      massKg,
    })
    await province.take(
      busy.records(pick('h1', DAY, 100), pick('h2', DAY + 5000, 20.5), pick('h1', DAY, 100)),
    )
    expect((await farmDetail(db, EVERYTHING, 'f-1'))?.lots).toEqual([
      { gtin: '09521234567899', lot: 'L1', crop: 'dragon-fruit', plot: 'A', harvestedAt: DAY, massKg: 120.5 },
    ])
  })

  it('shows a probe once when another series goes on from it', async () => {
    const { province, busy, db } = await twoFarms()
    await province.take(
      busy.records(
        seriesEntry(1),
        seriesEntry(2, { continues: seriesEntry(1).uuid, place: 'plot B' }),
        seriesEntry(3, { continues: seriesEntry(3).uuid }),
      ),
    )
    const farm = await farmDetail(db, EVERYTHING, 'f-1')
    expect(farm?.series.map(({ uuid }) => uuid).sort()).toEqual([seriesEntry(2).uuid, seriesEntry(3).uuid])
  })

  it('shows a series once that a replacement box goes on with', async () => {
    const { province, busy, db } = await twoFarms()
    const replacement = new SignedBox(3)
    await province.enrol(replacement, 'f-1')
    await province.take(busy.records(seriesEntry(1)))
    await province.take(busy.readings(minutes(1, 3)))
    await province.take(replacement.records(seriesEntry(1)))
    await province.take(replacement.readings(minutes(1, 3, DAY + 5_000_000, 900)))
    const farm = await farmDetail(db, EVERYTHING, 'f-1')
    expect(farm?.series).toMatchObject([{ uuid: seriesEntry(1).uuid, last: { value: 90.2 } }])
    expect(farm?.boxes).toHaveLength(2)
  })
})

describe('a series uuid that another farm declares as well', () => {
  it('shows each farm its own readings and neither the other’s', async () => {
    const { province, busy, idle, db } = await twoFarms()
    const { uuid } = seriesEntry(1)
    await province.take(busy.records(seriesEntry(1)))
    await province.take(busy.readings(minutes(1, 3)))
    await province.take(idle.records(seriesEntry(1, { quantity: 'air-temperature', unit: 'Cel' })))
    await province.take(idle.readings(minutes(1, 5, DAY, 900)))
    const question = { fromMs: DAY, toMs: DAY + 3_600_000, buckets: 100 }
    const own = await seriesHistory(db, only('f-1'), uuid, question)
    const theirs = await seriesHistory(db, only('f-2'), uuid, question)
    expect([own?.farmId, own?.series.quantity, own?.buckets.length]).toEqual(['f-1', 'soil-moisture', 3])
    expect([theirs?.farmId, theirs?.series.quantity, theirs?.buckets.length]).toEqual([
      'f-2',
      'air-temperature',
      5,
    ])
    expect((await seriesHistory(db, EVERYTHING, uuid, question))?.farmId).toBe('f-1')
  })
})

describe('a series number that is declared again with another unit', () => {
  it('leaves what was measured as it was, and what comes waits in the log', async () => {
    const { province, busy, db } = await twoFarms()
    await province.take(busy.records(seriesEntry(1)))
    await province.take(busy.readings(minutes(1, 3)))
    const later = new SignedBox(1, 'aaaaaaaaaaaaaaaa')
    await province.take(later.records(seriesEntry(1, { resolution: 10 })))
    await province.take(later.readings(minutes(1, 3, DAY + 3_600_000)))
    const question = { fromMs: DAY, toMs: DAY + 86_400_000, buckets: 100 }
    const history = await seriesHistory(db, EVERYTHING, seriesEntry(1).uuid, question)
    expect(history?.buckets.map(({ mean }) => mean)).toEqual([30, 30.1, 30.2])
    expect(await province.rows('SELECT epoch FROM deferred')).toEqual([{ epoch: later.epoch }])
  })
})
