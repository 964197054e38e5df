import { randomBytes, randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import type Database from 'better-sqlite3'
import type { TimeQuality } from '#contract/ground/clock.ts'
import { decodeEntry, encodeEntry } from '#contract/wire/entries-codec.ts'
import type { QuantityName, Unit } from '#contract/wire/quantities.ts'
import type { Lane, Reading, RecordBody, RecordEntry, SeriesEntry } from '#contract/wire/records.ts'
import { LANES } from '#contract/wire/records.ts'
import { openDatabase, readable } from './open-database.ts'

/**
 * The journal itself, synchronous: what stands in the file and nothing about waiting. It runs in a worker thread
 * on the box, so that a slow card never stalls the sensors, and inline in the pretend world.
 */
export interface SeriesRow {
  readonly no: number
  readonly uuid: string
  readonly device: string
  readonly channel: string
  readonly quantity: QuantityName
  readonly unit: Unit
  readonly resolution: number
  readonly timeStepMs: number
  readonly place: string
  readonly origin: string
}

export interface Commit {
  readonly boot: string
  readonly clock: TimeQuality
  readonly readings: readonly Reading[]
  readonly records: readonly { readonly t: number; readonly body: RecordBody }[]
}

export interface Unsealed {
  readonly epoch: string
  readonly from: number
  readonly to: number
  readonly prev: Uint8Array | null
  readonly segments: { boot: string; clock: TimeQuality; readings: Reading[] }[]
  readonly entries: RecordEntry[]
}

export interface SealedRow {
  readonly lane: Lane
  readonly from: number
  readonly to: number
  readonly hash: Uint8Array
  readonly bytes: Uint8Array
}

export interface LaneState {
  readonly lastSeq: number
  readonly sealedThrough: number
  readonly durableThrough: number
  readonly oldestUnsentT: number | null
}

export interface Bucket {
  readonly t: number
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly count: number
  readonly quality: number
}

export class JournalCore {
  readonly #db: Database.Database
  readonly #path: string
  readonly #setAside: string | null
  readonly #statements = new Map<string, Database.Statement>()

  constructor(path: string) {
    const { db, setAside } = openDatabase(path)
    this.#db = db
    this.#path = path
    this.#setAside = setAside
    this.#run(`INSERT OR IGNORE INTO meta VALUES ('epoch', ?)`, newEpochId())
  }

  /** What a program that opens the journal has to know. */
  opening(): { epoch: string; lastT: number; setAside: string | null; series: SeriesRow[] } {
    const lastReading = this.#get('SELECT t FROM reading ORDER BY id DESC LIMIT 1') as
      | { t: number }
      | undefined
    const lastEntry = this.#get('SELECT max(t) AS t FROM entry') as { t: number | null }
    return {
      epoch: this.#epoch(),
      lastT: Math.max(lastReading?.t ?? 0, lastEntry.t ?? 0),
      setAside: this.#setAside,
      series: this.series(),
    }
  }

  /** One durable commit. Returns the seqs of the records. */
  commit({ boot, clock, readings, records }: Commit): number[] {
    return this.#transaction(() => {
      this.#run('INSERT OR IGNORE INTO stamp (boot, clock) VALUES (?, ?)', boot, clock)
      const { no } = this.#get('SELECT no FROM stamp WHERE boot = ? AND clock = ?', boot, clock) as {
        no: number
      }
      if (readings.length > 0) {
        let { id } = this.#mark('reading')
        const insert = this.#prepare('INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?, ?)')
        for (const { seriesNo, t, scaled, quality, sourceT } of readings) {
          insert.run(
            ++id,
            no,
            seriesNo,
            Math.round(t),
            scaled,
            quality,
            sourceT === undefined ? null : Math.round(sourceT),
          )
        }
        this.#run(`UPDATE mark SET last_id = ? WHERE lane = 'reading'`, id)
      }
      return records.map(({ t, body }) =>
        this.#appendEntry('record', { t: Math.round(t), boot, clock, ...body }),
      )
    })
  }

  /** Declares a series, or finds the one that is declared. A changed unit, resolution or place is a new series. */
  declareSeries(
    wanted: Omit<SeriesRow, 'no' | 'uuid'>,
    stamp: { t: number; boot: string; clock: TimeQuality },
  ): SeriesRow {
    return this.#transaction(() => {
      const current = this.series().find(
        (row) =>
          row.device === wanted.device && row.channel === wanted.channel && row.quantity === wanted.quantity,
      )
      if (
        current &&
        current.unit === wanted.unit &&
        current.resolution === wanted.resolution &&
        current.timeStepMs === wanted.timeStepMs &&
        current.place === wanted.place &&
        current.origin === wanted.origin
      ) {
        return current
      }
      if (current) this.#run('UPDATE series SET is_current = 0 WHERE no = ?', current.no)
      const row: SeriesRow = { ...wanted, no: this.takeCounter('series'), uuid: randomUUID() }
      this.#run(
        'INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)',
        row.no,
        row.uuid,
        row.device,
        row.channel,
        row.quantity,
        row.unit,
        row.resolution,
        row.timeStepMs,
        row.place,
        row.origin,
        current?.uuid ?? null,
      )
      const entry: SeriesEntry = { kind: 'series', ...row, ...(current ? { continues: current.uuid } : {}) }
      this.#appendEntry('record', { ...stamp, t: Math.round(stamp.t), ...entry })
      return row
    })
  }

  series(): SeriesRow[] {
    return this.#all(
      `SELECT no, uuid, device, channel, quantity, unit, resolution, time_step_ms AS timeStepMs, place, origin
       FROM series WHERE is_current = 1 ORDER BY no`,
    ) as SeriesRow[]
  }

  /** The next value of a counter, on disk before it is returned: spent even if nothing comes of it. */
  takeCounter(name: string): number {
    const row = this.#get(
      'INSERT INTO counter VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value',
      name,
    ) as { value: number }
    return row.value
  }

  /** Newest reading of each current series. */
  latest(): { seriesNo: number; t: number; scaled: number; quality: number }[] {
    return this.series().flatMap(({ no }) => {
      const row = this.#get(
        'SELECT t, scaled, quality FROM reading WHERE series_no = ? ORDER BY t DESC LIMIT 1',
        no,
      )
      return row ? [{ seriesNo: no, ...(row as { t: number; scaled: number; quality: number }) }] : []
    })
  }

  /** Buckets that hold readings, oldest first; values are still scaled. */
  history(seriesNo: number, fromT: number, toT: number, buckets: number): Bucket[] {
    const width = Math.max(1, Math.ceil((toT - fromT) / Math.max(1, buckets)))
    return this.#all(
      `SELECT (t - @from) / @width * @width + @from AS t, min(scaled) AS min, max(scaled) AS max, avg(scaled) AS mean,
              count(*) AS count, max(quality) AS quality
       FROM reading WHERE series_no = @no AND t >= @from AND t < @to GROUP BY 1 ORDER BY 1`,
      { no: seriesNo, from: Math.round(fromT), to: Math.round(toT), width },
    ) as Bucket[]
  }

  /** Entries of one kind, newest first. */
  records(kind: string, limit: number): { seq: number; entry: RecordEntry }[] {
    const rows = this.#all(
      `SELECT id, body FROM entry WHERE kind = ? AND lane = 'record' ORDER BY id DESC LIMIT ?`,
      kind,
      limit,
    ) as { id: number; body: Uint8Array }[]
    const { base } = this.#mark('record')
    return rows.map(({ id, body }) => ({ seq: id - base, entry: decodeEntry(new Uint8Array(body)) }))
  }

  // --- what waits for the province ---

  /** The next entries of a lane that are in no batch yet; null when there are none, or none old enough. */
  unsealed(lane: Lane, atMost: number, notAfterT: number | null): Unsealed | null {
    const mark = this.#mark(lane)
    const firstId = mark.base + mark.sealedThrough + 1
    if (firstId > mark.id) return null
    const lastId = Math.min(mark.id, firstId + atMost - 1)
    const head = {
      epoch: this.#epoch(),
      from: firstId - mark.base,
      to: lastId - mark.base,
      prev: mark.lastHash && new Uint8Array(mark.lastHash),
    }
    if (lane === 'reading') {
      const rows = this.#all(
        `SELECT stamp_no AS stampNo, series_no AS seriesNo, t, scaled, quality, source_t AS sourceT
         FROM reading WHERE id BETWEEN ? AND ? ORDER BY id`,
        firstId,
        lastId,
      ) as ReadingRow[]
      if (notAfterT !== null && rows.length < atMost && (rows[0]?.t ?? 0) > notAfterT) return null
      return { ...head, segments: this.#segments(rows), entries: [] }
    }
    const rows = this.#all(
      'SELECT body FROM entry WHERE lane = ? AND id BETWEEN ? AND ? ORDER BY id',
      lane,
      firstId,
      lastId,
    ) as {
      body: Uint8Array
    }[]
    return { ...head, segments: [], entries: rows.map(({ body }) => decodeEntry(new Uint8Array(body))) }
  }

  /** Keeps a sealed batch before it is sent for the first time, so that a resend is the same bytes. */
  saveSealed({ lane, from, to, hash, bytes }: SealedRow): void {
    this.#transaction(() => {
      const mark = this.#mark(lane)
      if (from !== mark.sealedThrough + 1)
        throw new RangeError(`the ${lane} lane is sealed through ${mark.sealedThrough}, not ${from - 1}`)
      this.#run('INSERT INTO sealed VALUES (?, ?, ?, ?, ?)', lane, from, to, hash, bytes)
      this.#run('UPDATE mark SET sealed_through = ?, last_hash = ? WHERE lane = ?', to, hash, lane)
    })
  }

  /** Sealed batches that are not acknowledged, oldest first, without their bytes. */
  sealedRanges(lane: Lane): { from: number; to: number }[] {
    return this.#all(
      'SELECT from_seq AS "from", to_seq AS "to" FROM sealed WHERE lane = ? ORDER BY from_seq',
      lane,
    ) as {
      from: number
      to: number
    }[]
  }

  sealedBytes(lane: Lane, from: number): Uint8Array | null {
    const row = this.#get('SELECT bytes FROM sealed WHERE lane = ? AND from_seq = ?', lane, from) as
      | { bytes: Uint8Array }
      | undefined
    return row ? new Uint8Array(row.bytes) : null
  }

  /** The gateway holds everything up to here: the sealed bytes may go; readings stay as local history. */
  acknowledge(lane: Lane, durableThrough: number): void {
    this.#transaction(() => {
      const mark = this.#mark(lane)
      if (durableThrough <= mark.durableThrough) return
      this.#run('UPDATE mark SET durable_through = ? WHERE lane = ?', durableThrough, lane)
      this.#run('DELETE FROM sealed WHERE lane = ? AND to_seq <= ?', lane, durableThrough)
    })
  }

  /**
   * A new epoch: seqs begin at 1 again and every series is declared again. What was not acknowledged in the old
   * one may be at the gateway or not, and cannot be told apart: it stays as local history and is said to be lost.
   */
  newEpoch(stamp: { t: number; boot: string; clock: TimeQuality }): string {
    return this.#transaction(() => {
      const epoch = newEpochId()
      this.#run(`UPDATE meta SET value = ? WHERE name = 'epoch'`, epoch)
      const losses = LANES.map((lane) => ({ lane, ...this.#mark(lane) })).filter(
        (mark) => mark.id - mark.base > mark.durableThrough,
      )
      this.#run('DELETE FROM sealed')
      this.#run(
        'UPDATE mark SET base_id = last_id, sealed_through = 0, durable_through = 0, last_hash = NULL',
      )
      for (const { lane, id, base, durableThrough } of losses) {
        const [from, to] = [durableThrough + 1, id - base]
        this.#appendEntry('record', {
          ...stamp,
          kind: 'loss',
          lane,
          from,
          to,
          count: to - from + 1,
          reason: 'unreadable',
        })
      }
      for (const row of this.series()) this.#appendEntry('record', { ...stamp, kind: 'series', ...row })
      return epoch
    })
  }

  /** Deletes the oldest acknowledged readings until the file fits; returns how many. */
  evict(keepBytes: number): number {
    let deleted = 0
    while (this.#usedBytes() > keepBytes) {
      const { base, durableThrough } = this.#mark('reading')
      const { changes } = this.#run(
        'DELETE FROM reading WHERE id IN (SELECT id FROM reading WHERE id <= ? ORDER BY id LIMIT 10000)',
        base + durableThrough,
      )
      if (changes === 0) break
      deleted += changes
    }
    return deleted
  }

  state(): {
    epoch: string
    lanes: Record<Lane, LaneState>
    readings: number
    sizeBytes: number
    walBytes: number
    synchronous: number
  } {
    const lanes = Object.fromEntries(LANES.map((lane) => [lane, this.#laneState(lane)])) as Record<
      Lane,
      LaneState
    >
    const first = this.#get('SELECT min(id) AS first, max(id) AS last FROM reading') as {
      first: number | null
      last: number | null
    }
    return {
      epoch: this.#epoch(),
      lanes,
      readings: first.last === null ? 0 : first.last - (first.first ?? 0) + 1,
      sizeBytes: sizeOf(this.#path),
      walBytes: sizeOf(`${this.#path}-wal`),
      synchronous: this.#db.pragma('synchronous', { simple: true }) as number,
    }
  }

  /** SQLite's own check of the file; an empty list is good. */
  verify(): string[] {
    const rows = this.#db.pragma('integrity_check(20)') as { integrity_check: string }[]
    return rows.map((row) => row.integrity_check).filter((line) => line !== 'ok')
  }

  /** A page of readings for export, oldest first. */
  exportReadings(
    afterId: number,
    limit: number,
  ): {
    id: number
    uuid: string
    device: string
    quantity: string
    unit: string
    t: number
    value: number
    quality: number
  }[] {
    return this.#all(
      `SELECT r.id, s.uuid, s.device, s.quantity, s.unit, r.t, r.scaled * s.resolution AS value, r.quality
       FROM reading r JOIN series s ON s.no = r.series_no WHERE r.id > ? ORDER BY r.id LIMIT ?`,
      afterId,
      limit,
    ) as never
  }

  close(): void {
    this.#db.close()
  }

  #appendEntry(lane: Lane, entry: RecordEntry): number {
    const { id, base } = this.#mark(lane)
    this.#run(
      'INSERT INTO entry VALUES (?, ?, ?, ?, ?)',
      lane,
      id + 1,
      entry.kind,
      entry.t,
      encodeEntry(entry),
    )
    this.#run('UPDATE mark SET last_id = ? WHERE lane = ?', id + 1, lane)
    return id + 1 - base
  }

  #segments(rows: ReadingRow[]): Unsealed['segments'] {
    const segments: Unsealed['segments'] = []
    const byStamp = new Map<number, Unsealed['segments'][number]>()
    for (const { stampNo, sourceT, ...reading } of rows) {
      let segment = byStamp.get(stampNo)
      if (!segment) {
        const stamp = this.#get('SELECT boot, clock FROM stamp WHERE no = ?', stampNo) as {
          boot: string
          clock: TimeQuality
        }
        segment = { ...stamp, readings: [] }
        byStamp.set(stampNo, segment)
        segments.push(segment)
      }
      segment.readings.push(sourceT === null ? reading : { ...reading, sourceT })
    }
    return segments
  }

  #laneState(lane: Lane): LaneState {
    const mark = this.#mark(lane)
    const firstUnsent = mark.base + mark.durableThrough + 1
    const oldest = (
      lane === 'reading'
        ? this.#get('SELECT t FROM reading WHERE id >= ? ORDER BY id LIMIT 1', firstUnsent)
        : this.#get('SELECT t FROM entry WHERE lane = ? AND id >= ? ORDER BY id LIMIT 1', lane, firstUnsent)
    ) as { t: number } | undefined
    const { sealedThrough, durableThrough } = mark
    return { lastSeq: mark.id - mark.base, sealedThrough, durableThrough, oldestUnsentT: oldest?.t ?? null }
  }

  #mark(lane: Lane): {
    base: number
    id: number
    sealedThrough: number
    durableThrough: number
    lastHash: Uint8Array | null
  } {
    return this.#get(
      `SELECT base_id AS base, last_id AS id, sealed_through AS sealedThrough, durable_through AS durableThrough, last_hash AS lastHash
       FROM mark WHERE lane = ?`,
      lane,
    ) as never
  }

  #epoch(): string {
    return (this.#get(`SELECT value FROM meta WHERE name = 'epoch'`) as { value: string }).value
  }

  #usedBytes(): number {
    const pages =
      (this.#db.pragma('page_count', { simple: true }) as number) -
      (this.#db.pragma('freelist_count', { simple: true }) as number)
    return pages * (this.#db.pragma('page_size', { simple: true }) as number) + sizeOf(`${this.#path}-wal`)
  }

  #transaction<T>(work: () => T): T {
    try {
      return this.#db.transaction(work).immediate()
    } catch (error) {
      throw readable(error)
    }
  }

  #prepare(sql: string): Database.Statement {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #get(sql: string, ...values: unknown[]): unknown {
    return this.#prepare(sql).get(...values)
  }

  #all(sql: string, ...values: unknown[]): unknown[] {
    return this.#prepare(sql).all(...values)
  }

  #run(sql: string, ...values: unknown[]): Database.RunResult {
    try {
      return this.#prepare(sql).run(...values)
    } catch (error) {
      throw readable(error)
    }
  }
}

interface ReadingRow {
  stampNo: number
  seriesNo: number
  t: number
  scaled: number
  quality: number
  sourceT: number | null
}

const newEpochId = (): string => randomBytes(8).toString('hex')

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch {
    return 0
  }
}
