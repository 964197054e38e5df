import { sql } from 'kysely'
import type { Compression } from '#contract/ground/compression.ts'
import { openBody, openEnvelope } from '#contract/wire/batch.ts'
import { decodeSegments, encodeSegments } from '#contract/wire/columns-codec.ts'
import type { Reading, ReadingSegment } from '#contract/wire/records.ts'
import { inParts, type Tx } from '../store/open-store.ts'
import { offsetOf } from './clock-offsets.ts'
import { type ChunkPoints, isChartable, type Point, summarise } from './summaries.ts'

/** Where a run of readings comes from. */
export interface ReadingSource {
  readonly agent: string
  readonly epoch: string
  readonly fromSeq: number
  readonly receivedAt: number
}

/** Chunks, sums and newest values of one batch. Readings of a series that is not declared yet are deferred. */
export async function applySegments(
  tx: Tx,
  source: ReadingSource,
  segments: readonly ReadingSegment[],
): Promise<number> {
  const columns = segments.map((segment) => ({ segment, series: bySeries(segment.readings) }))
  const known = await knownSeries(tx, source, [
    ...new Set(columns.flatMap(({ series }) => [...series.keys()])),
  ])
  const unknown = new Set<number>()
  const chunks: Chunk[] = []
  let count = 0
  for (const [index, { segment, series }] of columns.entries()) {
    const offsetMs = segment.clock === 'unknown' ? await offsetOf(tx, source.agent, segment.boot) : 0
    for (const [no, readings] of series) {
      count += readings.length
      const declared = known.get(no)
      if (declared) chunks.push({ ...segment, readings, index, offsetMs, declared })
      else unknown.add(no)
    }
  }
  await storeChunks(tx, source, chunks)
  await inParts([...unknown], async (numbers) => {
    const values = numbers.map((no) => sql`(${source.agent}, ${source.epoch}, ${no}, ${source.fromSeq})`)
    await sql`INSERT INTO deferred VALUES ${sql.join(values)}
      ON CONFLICT (agent, epoch, no, from_seq) DO NOTHING`.execute(tx)
  })
  return count
}

/** A series was declared: what waited for it in the log is read again, for this series only. */
export async function applyDeferred(
  tx: Tx,
  agent: string,
  epoch: string,
  no: number,
  compression: Compression,
): Promise<void> {
  const { rows } = await sql<{
    from_seq: number
    bytes: Uint8Array
    received_at: number
  }>`SELECT d.from_seq, b.bytes, b.received_at
    FROM deferred d JOIN log_batch b ON b.agent = d.agent AND b.epoch = d.epoch AND b.lane = 'reading' AND b.from_seq = d.from_seq
    WHERE d.agent = ${agent} AND d.epoch = ${epoch} AND d.no = ${no} ORDER BY d.from_seq`.execute(tx)
  if (rows.length === 0) return
  await sql`DELETE FROM deferred WHERE agent = ${agent} AND epoch = ${epoch} AND no = ${no}`.execute(tx)
  for (const row of rows) {
    const segments = decodeSegments(openBody(openEnvelope(new Uint8Array(row.bytes)), compression))
    const source = { agent, epoch, fromSeq: row.from_seq, receivedAt: row.received_at }
    await applySegments(
      tx,
      source,
      segments.map((segment) => ({
        ...segment,
        readings: segment.readings.filter((reading) => reading.seriesNo === no),
      })),
    )
  }
}

interface DeclaredSeries {
  readonly no: number
  readonly uuid: string
  readonly step: number
}

async function knownSeries(
  tx: Tx,
  { agent, epoch }: ReadingSource,
  numbers: readonly number[],
): Promise<Map<number, DeclaredSeries>> {
  if (numbers.length === 0) return new Map()
  const { rows } = await sql<DeclaredSeries>`SELECT no, uuid, time_step_ms AS step FROM series_number
    WHERE agent = ${agent} AND epoch = ${epoch} AND no IN (${sql.join(numbers)})`.execute(tx)
  return new Map(rows.map((row) => [row.no, row]))
}

/** The readings of one series in one segment of one batch. */
interface Chunk extends ReadingSegment {
  readonly index: number
  readonly offsetMs: number
  readonly declared: DeclaredSeries
}

async function storeChunks(
  tx: Tx,
  { agent, epoch, fromSeq, receivedAt }: ReadingSource,
  chunks: readonly Chunk[],
): Promise<void> {
  const summed: ChunkPoints[] = []
  await inParts(chunks, async (part) => {
    const values = part.map(({ boot, clock, readings, index, offsetMs, declared: { no, uuid, step } }) => {
      const data = encodeSegments([{ boot, clock, readings }], () => finestStep(readings, step))
      const [fromT, toT] = extentOf(readings)
      return sql`(${agent}, ${uuid}, ${epoch}, ${fromSeq}, ${index}, ${no}, ${boot}, ${clock},
        ${offsetMs}, ${fromT + offsetMs}, ${toT + offsetMs}, ${readings.length}, ${receivedAt}, ${data})`
    })
    const { rows } = await sql<{ segment: number; no: number }>`INSERT INTO chunk VALUES ${sql.join(values)}
      ON CONFLICT (agent, epoch, from_seq, segment, no) DO NOTHING RETURNING segment, no`.execute(tx)
    // Sums are added to: what was counted once must not be counted again.
    const isNew = new Set(rows.map(({ segment, no }) => `${segment} ${no}`))
    for (const { clock, readings, index, offsetMs, declared } of part)
      if (isNew.has(`${index} ${declared.no}`))
        summed.push({
          uuid: declared.uuid,
          epoch,
          fromSeq,
          clock,
          points: charted(readings, offsetMs, receivedAt),
        })
  })
  await summarise(tx, agent, summed)
}

function charted(readings: readonly Reading[], offsetMs: number, receivedAt: number): readonly Point[] {
  // Nearly every chunk is charted as it is.
  if (offsetMs === 0 && readings.every(({ t }) => isChartable(t, receivedAt))) return readings
  return readings
    .map(({ t, scaled, quality }) => ({ t: t + offsetMs, scaled, quality }))
    .filter(({ t }) => isChartable(t, receivedAt))
}

function extentOf(readings: readonly Reading[]): [fromT: number, toT: number] {
  let [fromT, toT] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { t } of readings) {
    if (t < fromT) fromT = t
    if (t > toT) toT = t
  }
  return [fromT, toT]
}

// The largest step that the columns can be written with.
const LARGEST_STEP_MS = 86_400_000

/** The coarsest step by which no reading moves: what a series declares is a promise that it may break. */
function finestStep(readings: readonly Reading[], declared: number): number {
  const fits = (step: number) => step <= LARGEST_STEP_MS && readings.every(({ t }) => t % step === 0)
  return [declared, 1000].find(fits) ?? 1
}

function bySeries(readings: readonly Reading[]): Map<number, Reading[]> {
  const series = new Map<number, Reading[]>()
  for (const reading of readings) {
    const rows = series.get(reading.seriesNo)
    if (rows) rows.push(reading)
    else series.set(reading.seriesNo, [reading])
  }
  return series
}
