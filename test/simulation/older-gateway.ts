import { sql } from 'kysely'
import { compression } from '#contract/ground/node/compression.ts'
import { openBody, openEnvelope } from '#contract/wire/batch.ts'
import { decodeColumns, encodeColumns } from '#contract/wire/columns-codec.ts'
import { decodeEntries } from '#contract/wire/entries-codec.ts'
import type { RecordEntry } from '#contract/wire/records.ts'
import { projectionMigrations } from '../../gateway/projections/migrations.ts'
import { type Db, openSqliteStore, type Store, type Tx } from '../../gateway/store/open-store.ts'

/**
 * Leaves the store at `path` as the first Vuon would have left it, as far as its projections have changed since: a chunk,
 * a sum and a newest reading a series, no index of events, no links between them, no words for outlooks, models and acknowledgements. Entries of
 * those kinds stand where that one put what it did not know; and of the boxes in `newerBoxes` it could read no batch of
 * readings. The batches themselves are as they were signed: no program changes those.
 *
 * The next start has to bring it all up to date.
 */
export async function asGatewayBefore(path: string, newerBoxes: ReadonlySet<string>): Promise<void> {
  const store = await openSqliteStore(path)
  try {
    await store.db.transaction().execute(async (tx) => {
      await unpack(tx, store)
      await keepAsSeries(tx, store, newerBoxes)
      await putAside(tx)
      for (const table of NEW_TABLES) await sql`DROP TABLE ${sql.table(table)}`.execute(tx)
      for (const name of UNDONE) await sql`DELETE FROM store_migration WHERE name = ${name}`.execute(tx)
      for (const table of ['unread_batch', 'unknown_entry'])
        await sql`ALTER TABLE ${sql.table(table)} DROP COLUMN reader`.execute(tx)
    })
  } finally {
    await store.close()
  }
}

const UNDONE = [
  'log-2',
  'projections-2',
  'projections-acknowledgement-1',
  'projections-outlook-1',
  'projections-event-index-1',
  'projections-4',
  'projections-event-index-2',
  'projections-model-1',
  'projections-6',
  'projections-7',
]

const NEW_TABLES = [
  'log_epoch',
  'alarm_acknowledgement',
  'outlook',
  'event_index',
  'event_thing',
  'event_word',
  'event_figure',
  'event_prefix',
  'event_waiting',
  'model',
  'chain_link',
  'chain_fault',
  'chain_waiting',
]

const isNewKind = (entry: RecordEntry): boolean =>
  entry.kind === 'outlook' ||
  entry.kind === 'model' ||
  (entry.kind === 'alarm' && (entry as { state?: unknown }).state === 'acknowledged')

/** Sums and newest readings as `projections-1` made them, a row for each series. */
async function unpack(tx: Tx, { types }: Store): Promise<void> {
  const [first] = projectionMigrations
  for (const table of ['rollup', 'latest']) {
    await sql.raw(`CREATE TEMP TABLE ${table}_now AS SELECT * FROM ${table}`).execute(tx)
    await sql.raw(`DROP VIEW ${table}`).execute(tx)
    await sql.raw(`DROP TABLE ${table}_part`).execute(tx)
    for (const text of first?.statements(types) ?? [])
      if (text.startsWith(`CREATE TABLE ${table} `)) await sql.raw(text).execute(tx)
    await sql.raw(`INSERT INTO ${table} SELECT * FROM temp.${table}_now`).execute(tx)
    await sql.raw(`DROP TABLE temp.${table}_now`).execute(tx)
  }
  await sql`DROP INDEX series_ordinal`.execute(tx)
  for (const column of [
    'series DROP COLUMN part',
    'series DROP COLUMN ordinal',
    'series_number DROP COLUMN ordinal',
  ])
    await sql.raw(`ALTER TABLE ${column}`).execute(tx)
}

interface ChunkRow {
  agent: string
  epoch: string
  from_seq: number
  segment: number
  boot: string
  clock: string
  offset_ms: number
  received_at: number
  data: Uint8Array
}

/** The table of chunks as `projections-1` made it, a row for each series that is declared. */
async function keepAsSeries(tx: Tx, { types }: Store, newerBoxes: ReadonlySet<string>): Promise<void> {
  const { rows } = await sql<ChunkRow>`SELECT * FROM chunk`.execute(tx)
  await sql`DROP TABLE chunk`.execute(tx)
  const [first] = projectionMigrations
  for (const text of first?.statements(types) ?? [])
    if (/^CREATE (TABLE|INDEX) chunk/.test(text)) await sql.raw(text).execute(tx)
  for (const row of rows) {
    const { agent, epoch, from_seq: fromSeq, segment, boot, clock, offset_ms: offsetMs } = row
    if (newerBoxes.has(agent)) continue
    for (const { series } of decodeColumns(new Uint8Array(row.data)))
      for (const each of series) {
        const uuid = await declared(tx, row, each.no)
        if (uuid === undefined) continue
        const data = encodeColumns({ boot, clock: clock as 'unknown', series: [each] })
        const [fromT, toT] = [Math.min(...each.times) + offsetMs, Math.max(...each.times) + offsetMs]
        await sql`INSERT INTO chunk VALUES (${agent}, ${uuid}, ${epoch}, ${fromSeq}, ${segment}, ${each.no}, ${boot}, ${clock},
          ${offsetMs}, ${fromT}, ${toT}, ${each.times.length}, ${row.received_at}, ${data})`.execute(tx)
      }
  }
  for (const agent of newerBoxes) {
    for (const table of ['rollup', 'latest', 'deferred'])
      await sql`DELETE FROM ${sql.table(table)} WHERE agent = ${agent}`.execute(tx)
    await sql`INSERT INTO unread_batch SELECT agent, epoch, lane, from_seq, 'a form to come', 0 FROM log_batch
      WHERE agent = ${agent} AND lane = 'reading' AND form <> 'loss-1'
      ON CONFLICT (agent, epoch, lane, from_seq) DO NOTHING`.execute(tx)
  }
}

/** Undefined while nobody knows what the number means: such readings waited in the log alone. */
async function declared(tx: Tx, { agent, epoch, from_seq: fromSeq }: ChunkRow, no: number) {
  const { rows } = await sql<{ uuid: string }>`SELECT uuid FROM series_number
    WHERE agent = ${agent} AND epoch = ${epoch} AND no = ${no} AND NOT EXISTS (SELECT 1 FROM deferred d
      WHERE d.agent = series_number.agent AND d.epoch = series_number.epoch AND d.no = series_number.no
        AND d.from_seq = ${fromSeq})`.execute(tx)
  return rows[0]?.uuid
}

async function putAside(tx: Tx): Promise<void> {
  const { rows } = await sql<{ agent: string; epoch: string; from_seq: number; bytes: Uint8Array }>`
    SELECT b.agent, b.epoch, b.from_seq, b.bytes FROM log_batch b JOIN enrolment e ON e.agent = b.agent
    WHERE b.lane = 'record' AND b.form <> 'loss-1'`.execute(tx)
  for (const { agent, epoch, from_seq: fromSeq, bytes } of rows)
    for (const [index, entry] of decodeEntries(
      openBody(openEnvelope(new Uint8Array(bytes)), compression),
    ).entries())
      if (isNewKind(entry))
        await sql`INSERT INTO unknown_entry VALUES (${agent}, ${epoch}, 'record', ${fromSeq + index}, ${entry.kind}, 0)
          ON CONFLICT (agent, epoch, lane, seq) DO NOTHING`.execute(tx)
}

/** Every reading of the chunks with all that is said of it, whether they hold segments or series. */
export async function chunkLines(db: Db): Promise<string[]> {
  const { rows } = await sql<ChunkRow>`SELECT * FROM chunk`.execute(db)
  return rows.flatMap((row) => {
    const { agent, epoch, from_seq: fromSeq, segment, offset_ms: offsetMs, received_at: receivedAt } = row
    return decodeColumns(new Uint8Array(row.data)).flatMap(({ boot, clock, series }) =>
      series.map((each) =>
        JSON.stringify(
          [agent, epoch, fromSeq, segment, boot, clock, offsetMs, receivedAt, each],
          (_key, value) => (ArrayBuffer.isView(value) ? [...(value as Float64Array)] : value),
        ),
      ),
    )
  })
}
