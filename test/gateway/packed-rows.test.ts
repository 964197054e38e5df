import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seriesHistory } from '../../gateway/insight/series-history.ts'
import { asGatewayBefore } from '../simulation/older-gateway.ts'
import { ProvinceStore, temporaryFolder } from './province-store.ts'
import { EVERYTHING } from './running-gateway.ts'
import { DAY, minutes, SignedBox, seriesEntry } from './signed-box.ts'

const HOUR = 3_600_000

/** A box with more series than one row holds, one of them beyond what a sum is exact for, one with an unlucky name. */
async function taken(path: string): Promise<{ gateway: ProvinceStore; box: SignedBox }> {
  const gateway = await ProvinceStore.open(path)
  const box = new SignedBox()
  await gateway.enrol(box)
  const names: Record<number, string> = { 2: '12', 3: `it's "quoted" \\ é`, 4: '__proto__' }
  const numbers = Array.from({ length: 150 }, (_, index) => index + 1)
  await gateway.take(
    box.records(...numbers.map((no) => seriesEntry(no, names[no] ? { uuid: names[no] } : {}))),
  )
  await gateway.take(box.readings(numbers.flatMap((no) => minutes(no, 4, DAY + 58 * 60_000, 10 * no))))
  const large = Array.from({ length: 9 }, (_, at) => ({
    seriesNo: 5,
    t: DAY + at,
    scaled: 2 ** 50,
    quality: 4,
  }))
  await gateway.take(box.readings(large, { step: 1 }))
  return { gateway, box }
}

/** Chunks of before stay as they are, a row a series. */
async function summed(gateway: ProvinceStore): Promise<Record<string, string[]>> {
  const { chunk: _, ...rest } = await gateway.projections()
  return rest
}

describe('sums and newest readings in packed rows', () => {
  it('stand in a row for every sixty-four series of a box, and read as one for each', async () => {
    const { gateway } = await taken(join(temporaryFolder(), 'gateway.sqlite'))
    expect(await gateway.rows(`SELECT span, t, part FROM rollup_part WHERE span = 'd'`)).toEqual(
      [0, 1, 2].map((part) => ({ span: 'd', t: DAY, part })),
    )
    expect(await gateway.rows('SELECT count(*) AS rows FROM latest_part')).toEqual([{ rows: 3 }])
    expect(
      await gateway.rows(`SELECT span, t, count, min, max, sum, quality FROM rollup
        WHERE uuid = '__proto__' ORDER BY span, t`),
    ).toEqual([
      { span: 'd', t: DAY, count: 4, min: 40, max: 43, sum: 166, quality: 0 },
      { span: 'h', t: DAY, count: 2, min: 40, max: 41, sum: 81, quality: 0 },
      { span: 'h', t: DAY + HOUR, count: 2, min: 42, max: 43, sum: 85, quality: 0 },
    ])
    expect(await gateway.rows('SELECT uuid FROM latest WHERE scaled > 100')).toHaveLength(141)
  })

  it('are made of a store that had a row for each, and go on from there', async () => {
    const path = join(temporaryFolder(), 'gateway.sqlite')
    const { gateway, box } = await taken(path)
    const asked = { fromMs: DAY, toMs: DAY + 30 * 24 * HOUR, buckets: 20 }
    const charted = (each: ProvinceStore) => seriesHistory(each.store.db, EVERYTHING, '12', asked)
    const before = [await summed(gateway), await charted(gateway)]
    await gateway.store.close()
    await asGatewayBefore(path, new Set())
    const upgraded = await ProvinceStore.open(path)
    expect([await summed(upgraded), await charted(upgraded)]).toEqual(before)
    // A series that was known, one that is new, and one more reading in a row that was made by the upgrade.
    await upgraded.take(box.records(seriesEntry(200), seriesEntry(6)))
    await upgraded.take(box.readings([...minutes(200, 3), ...minutes(6, 3), ...minutes(5, 3)]))
    const live = await summed(upgraded)
    const packed = await upgraded.rows('SELECT * FROM rollup_part')
    await upgraded.rebuild()
    expect(await summed(upgraded)).toEqual(live)
    expect(await upgraded.rows('SELECT * FROM rollup_part')).toEqual(packed)
  })
})
