import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import type { Compression } from '#contract/ground/compression.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { publicKeyFromRaw, sha256 } from '#contract/ground/node/crypto.ts'
import { isEventSignedBy } from '#contract/trace/signed-event.ts'
import { sealBatch } from '#contract/wire/batch.ts'
import { encodeSegments } from '#contract/wire/columns-codec.ts'
import { encodeEntries } from '#contract/wire/entries-codec.ts'
import type { RecordEntry } from '#contract/wire/records.ts'
import { seriesHistory } from '../../gateway/insight/series-history.ts'
import { logMigrations } from '../../gateway/log/log.ts'
import { provinceMigrations } from '../../gateway/log/province.ts'
import { projectionMigrations } from '../../gateway/projections/migrations.ts'
import { readAgain } from '../../gateway/projections/read-again.ts'
import { READER } from '../../gateway/projections/reader.ts'
import { migrate, openSqliteStore } from '../../gateway/store/open-store.ts'
import { ProvinceStore, temporaryFolder } from './province-store.ts'
import { EVERYTHING, RunningGateway } from './running-gateway.ts'
import { BOOT, DAY, minutes, SignedBox, STAMP, seriesEntry } from './signed-box.ts'

async function enrolled(): Promise<{ gateway: ProvinceStore; box: SignedBox }> {
  const gateway = await ProvinceStore.open()
  const box = new SignedBox()
  await gateway.enrol(box)
  return { gateway, box }
}

const outside = {
  clock: { wallMs: () => DAY, monotonicMs: () => 0, after: () => () => {} },
  random: () => 0.5,
  sha256,
  compression,
  publicKeyFromRaw,
  verifyEvent: (raw: Uint8Array, event: { signed: Uint8Array; signature: Uint8Array }) =>
    isEventSignedBy(event, publicKeyFromRaw(raw)),
}
const upgraded = (gateway: ProvinceStore, reader?: number) => readAgain(gateway.store.db, outside, reader)

/** As a gateway of before left the store: it took these batches and could not read them. */
async function putAside(gateway: ProvinceStore, box: SignedBox, lane: string): Promise<void> {
  for (const table of ['rollup_part', 'latest_part', 'series', 'series_number', 'alarm', 'unknown_entry'])
    await sql.raw(`DELETE FROM ${table}`).execute(gateway.store.db)
  if (lane === 'reading') await sql`DELETE FROM chunk`.execute(gateway.store.db)
  await sql`INSERT INTO unread_batch SELECT agent, epoch, lane, from_seq, 'form columns-1 in lane reading', 0 FROM log_batch
    WHERE agent = ${box.agent} AND lane = ${lane}`.execute(gateway.store.db)
}

describe('what a newer agent sends', () => {
  it('in columns of a later version is kept as it was signed, acknowledged, and counted', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.records(seriesEntry(1)))
    const body = encodeSegments(
      [{ boot: BOOT, clock: 'synchronised', readings: minutes(1, 10) }],
      () => 1000,
    ).with(0, 2)
    expect(await gateway.take(box.seal('reading', body, 10))).toBe('stored')
    expect(await gateway.rows('SELECT lane, from_seq, reason, reader FROM unread_batch')).toEqual([
      { lane: 'reading', from_seq: 1, reason: 'The body is of an unknown version.', reader: READER },
    ])
    // The next batch of the lane is not held up by it.
    expect(await gateway.take(box.readings(minutes(1, 5)))).toBe('stored')
    expect(await gateway.rows(`SELECT count FROM rollup WHERE span = 'd'`)).toEqual([{ count: 5 }])
  })

  it('in a form that is also made small in another way is stored, not refused', async () => {
    const { province, box } = await RunningGateway.withBox()
    const other: Compression = {
      deflate: () => new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]),
      inflate: compression.inflate,
    }
    const header = {
      agent: box.agent,
      key: box.keyId,
      epoch: box.epoch,
      lane: 'reading' as const,
      from: 1,
      to: 500,
      prev: null,
      form: 'form-7',
    }
    const batch = sealBatch(header, new Uint8Array(4000), { key: box.key, sha256, compression: other })
    const answer = await province.take(batch)
    expect(answer.lanes.reading.durableThrough).toBe(500)
    expect(await province.rows('SELECT reason FROM unread_batch')).toEqual([
      { reason: 'form form-7 in lane reading' },
    ])
    await province.gateway.rebuild()
    expect(await province.rows('SELECT reason FROM unread_batch')).toHaveLength(1)
  })

  it('as entries of an unknown kind does not hold up its neighbours, and each is counted', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(
      box.records({ kind: 'drone-flight', path: [1, 2] }, seriesEntry(1), { kind: 'drone-flight' }),
    )
    expect(await gateway.rows('SELECT seq, kind FROM unknown_entry ORDER BY seq')).toEqual([
      { seq: 1, kind: 'drone-flight' },
      { seq: 3, kind: 'drone-flight' },
    ])
    expect(await gateway.rows('SELECT uuid FROM series')).toHaveLength(1)
  })
})

describe('a gateway that reads more than the one before it', () => {
  it('reads batches that were put aside, and what waited for the series in them', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.records(seriesEntry(1)))
    await gateway.take(box.readings(minutes(1, 90)))
    const right = await gateway.projections()
    await putAside(gateway, box, 'record')
    await putAside(gateway, box, 'reading')
    expect(await gateway.rows('SELECT * FROM unread_batch')).toHaveLength(2)
    expect(await upgraded(gateway)).toBe(2)
    expect(await gateway.projections()).toEqual(right)
    // Nothing is left to read, and nothing is counted twice.
    expect(await upgraded(gateway)).toBe(0)
    expect(await gateway.projections()).toEqual(right)
  })

  it('reads single entries that were of an unknown kind, in their place', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.readings(minutes(1, 30)))
    await gateway.take(box.records({ kind: 'drone-flight' }, seriesEntry(1)))
    const right = await gateway.projections()
    await putAside(gateway, box, 'none')
    await sql`DELETE FROM deferred`.execute(gateway.store.db)
    // To a gateway of before, both kinds were new; the readings waited.
    for (const seq of [1, 2])
      await sql`INSERT INTO unknown_entry VALUES (${box.agent}, ${box.epoch}, 'record', ${seq}, 'x', 0)`.execute(
        gateway.store.db,
      )
    await sql`INSERT INTO deferred VALUES (${box.agent}, ${box.epoch}, 1, 1)`.execute(gateway.store.db)
    expect(await upgraded(gateway)).toBe(1)
    expect(await gateway.projections()).toEqual(right)
    expect(await gateway.rows('SELECT seq, reader FROM unknown_entry')).toEqual([{ seq: 1, reader: READER }])
  })

  it('keeps what it can not read either, and does not try again until it is newer itself', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.seal('finding', encodeEntries([STAMP as unknown as RecordEntry]).with(0, 0xff), 3))
    const before = await gateway.rows('SELECT * FROM unread_batch')
    expect(before).toHaveLength(1)
    expect(await upgraded(gateway)).toBe(0)
    expect(await upgraded(gateway, READER + 1)).toBe(0)
    expect(await gateway.rows('SELECT * FROM unread_batch')).toEqual(before)
  })

  it('reads them when it starts', async () => {
    const { province, box } = await RunningGateway.withBox()
    await province.take(box.records(seriesEntry(1)))
    await province.take(box.readings(minutes(1, 20)))
    await province.rows('DELETE FROM chunk')
    await province.rows('DELETE FROM rollup_part')
    await province.rows(
      `INSERT INTO unread_batch VALUES ('${box.agent}', '${box.epoch}', 'reading', 1, 'columns-1', 0)`,
    )
    const { dataDir } = province.gateway.config
    await province.gateway.stop()
    const newer = await RunningGateway.open({ dataDir })
    expect(await newer.rows(`SELECT count FROM rollup WHERE span = 'd'`)).toEqual([{ count: 20 }])
    expect(await newer.rows('SELECT * FROM unread_batch')).toEqual([])
  })
})

describe('a store whose chunks were still of one series each', () => {
  it('goes on as it was, and what waited for its series is found', async () => {
    const path = join(temporaryFolder(), 'gateway.sqlite')
    const whole = await ProvinceStore.open()
    const store = await openSqliteStore(path)
    await migrate(
      store,
      [...logMigrations, ...provinceMigrations, ...projectionMigrations].filter(
        ({ name }) => !/^projections-[2-9]/.test(name),
      ),
    )
    const box = new SignedBox()
    // As that schema kept it: series 1 in a chunk of its own, series 2 not declared yet.
    const batch = box.readings([...minutes(1, 30), ...minutes(2, 20)])
    const first = box.records(seriesEntry(1))
    const second = box.records(seriesEntry(2))
    const { db } = store
    const body = encodeSegments([{ boot: BOOT, clock: 'synchronised', readings: minutes(1, 30) }], () => 1000)
    const { uuid } = seriesEntry(1)
    await sql`INSERT INTO chunk VALUES (${box.agent}, ${uuid}, ${box.epoch}, 1, 0, 1, ${BOOT}, 'synchronised', 0, ${DAY},
      ${DAY + 29 * 60_000}, 30, ${DAY}, ${body})`.execute(db)
    await sql`INSERT INTO deferred VALUES (${box.agent}, ${box.epoch}, 2, 1)`.execute(db)
    await store.close()

    const gateway = await ProvinceStore.open(path)
    for (const each of [whole, gateway]) await each.enrol(box)
    for (const each of [first, batch, second]) await whole.take(each)
    await gateway.take(first)
    await gateway.keep(batch)
    await gateway.take(second)
    const asked = { fromMs: DAY, toMs: DAY + 3_600_000, buckets: 100 }
    for (const each of [seriesEntry(1), seriesEntry(2)]) {
      const [now, right] = [gateway, whole].map(({ store }) =>
        seriesHistory(store.db, EVERYTHING, each.uuid, asked),
      )
      if (each.no === 2) expect(await now).toEqual(await right)
      else expect((await now)?.buckets).toEqual((await right)?.buckets)
    }
    await gateway.rebuild()
    expect(await gateway.projections()).toMatchObject({
      chunk: (await whole.projections())['chunk'],
      rollup: (await whole.projections())['rollup'],
    })
  })
})
