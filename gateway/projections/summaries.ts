import { sql } from 'kysely'
import { decodeColumns, type SeriesColumns } from '#contract/wire/columns-codec.ts'
import type { Tx } from '../store/open-store.ts'
import { rowStatement, statement } from '../store/statement.ts'
import { type Packed, type PackedLatest, type PackedSum, partOf } from './packed-rows.ts'

/**
 * What charts and cards ask most, kept ready: sums an hour and a day, and the newest reading of each series. Both
 * follow from the chunks alone, so that they can be made again for any span.
 */

/** The readings of one series in one chunk, and what orders them among others of the same moment. */
export interface ChunkColumns {
  /** Of its series, among those of its box. */
  readonly ordinal: number
  readonly epoch: string
  readonly fromSeq: number
  readonly clock: string
  /** Added to every time, where the true time of the boot became known later. */
  readonly offsetMs: number
  readonly receivedAt: number
  readonly columns: Pick<SeriesColumns, 'times' | 'scaled' | 'qualities'>
}

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
// Nothing of this kind was measured before. A date in 1970 or 2120 is kept in its chunk and never reaches a chart.
const EARLIEST_MS = Date.UTC(2020, 0, 1)

const ALWAYS: Span = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
type Span = readonly [fromT: number, toT: number]

/** Adds what was not there before. */
export async function summarise(tx: Tx, agent: string, chunks: readonly ChunkColumns[]): Promise<void> {
  const kept = keep(chunks, ALWAYS)
  await offerLatest(tx, agent, kept.latest)
  await addSums(tx, agent, kept.sums)
}

/** Sums the days of these spans again from the chunks, and looks for the newest reading of each series again. */
export async function summariseAgain(tx: Tx, agent: string, spans: readonly Span[]): Promise<void> {
  for (const days of wholeDays(spans)) {
    await sql`DELETE FROM rollup_part WHERE agent = ${agent} AND span IN ('h', 'd') AND t >= ${days[0]} AND t < ${days[1]}`.execute(
      tx,
    )
    await addSums(tx, agent, keep(await chunksWithin(tx, agent, days), days).sums)
  }
  await findLatest(tx, agent)
}

/** Every declared series of every chunk of a box that reaches into a span. */
async function chunksWithin(tx: Tx, agent: string, [fromT, toT]: Span): Promise<ChunkColumns[]> {
  const numbers = await sql<{ epoch: string; no: number; ordinal: number }>`
    SELECT epoch, no, ordinal FROM series_number WHERE agent = ${agent}`.execute(tx)
  const ordinals = new Map(numbers.rows.map(({ epoch, no, ordinal }) => [`${epoch} ${no}`, ordinal]))
  const { rows } = await sql<{
    epoch: string
    from_seq: number
    clock: string
    offset_ms: number
    received_at: number
    data: Uint8Array
  }>`SELECT epoch, from_seq, clock, offset_ms, received_at, data FROM chunk
    WHERE agent = ${agent} AND to_t >= ${fromT} AND from_t < ${toT} ORDER BY epoch, from_seq, segment, part`.execute(
    tx,
  )
  return rows.flatMap(
    ({ epoch, from_seq: fromSeq, clock, offset_ms: offsetMs, received_at: receivedAt, data }) =>
      decodeColumns(new Uint8Array(data)).flatMap(({ series }) =>
        series.flatMap((columns) => {
          const ordinal = ordinals.get(`${epoch} ${columns.no}`)
          return ordinal ? [{ ordinal, epoch, fromSeq, clock, offsetMs, receivedAt, columns }] : []
        }),
      ),
  )
}

/** What chunks add to the rows: sums by row, the newest reading of each series by part. */
interface Kept {
  readonly sums: Iterable<SumsRow>
  readonly latest: Map<number, Packed<PackedLatest>>
}

interface SumsRow {
  readonly span: 'h' | 'd'
  readonly t: number
  readonly part: number
  readonly sums: Packed<PackedSum>
}

/**
 * One pass over the readings within a span. Min, max, sum and count of scaled values an hour and a day; hours that hold
 * nothing are not there. Of one moment, the reading that the box numbered last is the newest.
 */
function keep(chunks: readonly ChunkColumns[], [fromT, toT]: Span): Kept {
  const rows = new Map<string, SumsRow>()
  const rowOf = (span: 'h' | 'd', t: number, part: number): SumsRow => {
    const name = `${span} ${t} ${part}`
    let row = rows.get(name)
    if (!row) {
      row = { span, t, part, sums: {} }
      rows.set(name, row)
    }
    return row
  }
  const latest = new Map<number, Packed<PackedLatest>>()
  for (const { ordinal, clock, epoch, fromSeq, offsetMs, receivedAt, columns } of chunks) {
    const { times, scaled, qualities } = columns
    const part = partOf(ordinal)
    const first = Math.max(fromT, EARLIEST_MS)
    const last = receivedAt + DAY_MS
    let best = -1
    let bestT = Number.NEGATIVE_INFINITY
    // Readings come in runs of one hour: each is put into its rows as it ends.
    let hour = Number.NaN
    let [count, min, max, sum, quality] = [0, 0, 0, 0, 0]
    const endRun = (): void => {
      if (count === 0) return
      const run: PackedSum = [count, min, max, sum, quality]
      addTo(rowOf('h', hour, part).sums, ordinal, run)
      addTo(rowOf('d', Math.floor(hour / DAY_MS) * DAY_MS, part).sums, ordinal, run)
    }
    for (let index = 0; index < times.length; index++) {
      const t = (times[index] as number) + offsetMs
      if (t < first || t >= toT || t > last) continue
      if (t >= bestT) {
        best = index
        bestT = t
      }
      const value = scaled[index] as number
      if (!(t >= hour && t < hour + HOUR_MS)) {
        endRun()
        hour = Math.floor(t / HOUR_MS) * HOUR_MS
        count = 0
        sum = 0
        quality = 0
        min = value
        max = value
      }
      count++
      sum += value
      quality |= qualities[index] as number
      if (value < min) min = value
      if (value > max) max = value
    }
    endRun()
    if (best < 0) continue
    const readings = latest.get(part) ?? {}
    latest.set(part, readings)
    const [value, itsQuality] = [scaled[best] as number, qualities[best] as number]
    offerTo(readings, ordinal, [bestT, value, itsQuality, clock, epoch, fromSeq])
  }
  return { sums: rows.values(), latest }
}

/** Sums of whole numbers are exact in any order below 2^53: a day at 1 Hz of values up to 10^11. Beyond, they are rounded. */
function addTo(sums: Packed<PackedSum>, ordinal: number, [count, min, max, sum, quality]: PackedSum): void {
  const known = sums[ordinal]
  if (!known) {
    sums[ordinal] = [count, min, max, sum, quality]
    return
  }
  known[0] += count
  if (min < known[1]) known[1] = min
  if (max > known[2]) known[2] = max
  known[3] += sum
  known[4] |= quality
}

function offerTo(readings: Packed<PackedLatest>, ordinal: number, offered: PackedLatest): void {
  const known = readings[ordinal]
  if (!known || isNewer(offered, known)) readings[ordinal] = offered
}

function isNewer(one: PackedLatest, other: PackedLatest): boolean {
  const [t, scaled, , , epoch, fromSeq] = one
  const [otherT, otherScaled, , , otherEpoch, otherFromSeq] = other
  if (t !== otherT) return t > otherT
  if (fromSeq !== otherFromSeq) return fromSeq > otherFromSeq
  return epoch === otherEpoch ? scaled > otherScaled : epoch > otherEpoch
}

async function addSums(tx: Tx, agent: string, added: Kept['sums']): Promise<void> {
  const rows: unknown[][] = []
  for (const { span, t, part, sums } of added) {
    const [row] = await selectSums(tx, agent, span, t, part)
    const known = row ? (JSON.parse(row.sums) as Packed<PackedSum>) : sums
    if (row) for (const [ordinal, sum] of Object.entries(sums)) addTo(known, Number(ordinal), sum)
    rows.push([agent, span, t, part, JSON.stringify(known)])
  }
  await saveSums(tx, rows)
}

const selectSums = statement<{ sums: string }>(
  'SELECT sums FROM rollup_part WHERE agent = ? AND span = ? AND t = ? AND part = ?',
)
const saveSums = rowStatement(`INSERT INTO rollup_part VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (agent, span, t, part) DO UPDATE SET sums = excluded.sums`)

async function offerLatest(tx: Tx, agent: string, offered: Kept['latest']): Promise<void> {
  const rows: unknown[][] = []
  for (const [part, readings] of offered) {
    const [row] = await selectLatest(tx, agent, part)
    const known = row ? (JSON.parse(row.readings) as Packed<PackedLatest>) : readings
    if (row)
      for (const [ordinal, reading] of Object.entries(readings)) offerTo(known, Number(ordinal), reading)
    rows.push([agent, part, JSON.stringify(known)])
  }
  await saveLatest(tx, rows)
}

const selectLatest = statement<{ readings: string }>(
  'SELECT readings FROM latest_part WHERE agent = ? AND part = ?',
)
const saveLatest = rowStatement(`INSERT INTO latest_part VALUES (?, ?, ?)
  ON CONFLICT (agent, part) DO UPDATE SET readings = excluded.readings`)

/** The sums say on which day the newest reading of each series is; the chunks of that day say which it is. */
async function findLatest(tx: Tx, agent: string): Promise<void> {
  await sql`DELETE FROM latest_part WHERE agent = ${agent}`.execute(tx)
  const { rows } = await sql<{
    ordinal: number
    t: number
  }>`SELECT CAST(e.key AS INTEGER) AS ordinal, max(p.t) AS t
    FROM rollup_part p JOIN json_each(p.sums) e WHERE p.agent = ${agent} AND p.span = 'd' GROUP BY e.key`.execute(
    tx,
  )
  for (const [t, found] of Map.groupBy(rows, (row) => row.t)) {
    const day: Span = [t, t + DAY_MS]
    const ordinals = new Set(found.map(({ ordinal }) => ordinal))
    const chunks = (await chunksWithin(tx, agent, day)).filter(({ ordinal }) => ordinals.has(ordinal))
    await offerLatest(tx, agent, keep(chunks, day).latest)
  }
}

/** Spans widened to whole days (UTC), those that touch made one, so that no day is summed twice. */
function wholeDays(spans: readonly Span[]): Span[] {
  const days: [number, number][] = []
  const widened = spans
    .map(
      ([from, to]) => [Math.floor(from / DAY_MS) * DAY_MS, (Math.floor(to / DAY_MS) + 1) * DAY_MS] as const,
    )
    .sort((a, b) => a[0] - b[0])
  for (const [from, to] of widened) {
    const last = days.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else days.push([from, to])
  }
  return days
}
