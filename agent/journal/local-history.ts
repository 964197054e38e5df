import { decodeEntry } from '#contract/wire/entries-codec.ts'
import type { Lane, RecordEntry } from '#contract/wire/records.ts'
import { LANES, laneOf } from '#contract/wire/records.ts'
import type { JournalFile } from './journal-file.ts'
import { sinceContact } from './salvage.ts'

/** What the box itself asks its journal, with no uplink; and how the journal stays within its quota. */
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

export interface FileState {
  readonly epoch: string
  readonly lanes: Record<Lane, LaneState>
  readonly readings: number
  readonly sizeBytes: number
  readonly walBytes: number
  readonly synchronous: number
}

export interface ExportedReading {
  readonly id: number
  readonly uuid: string
  readonly device: string
  readonly quantity: string
  readonly unit: string
  readonly t: number
  readonly value: number
  readonly quality: number
}

/** Newest reading of each current series. */
export function latest(
  file: JournalFile,
): { seriesNo: number; t: number; scaled: number; quality: number }[] {
  return file
    .all<{ no: number }>('SELECT no FROM series WHERE is_current = 1 ORDER BY no')
    .flatMap(({ no }) =>
      file.all(
        'SELECT series_no AS seriesNo, t, scaled, quality FROM reading WHERE series_no = ? ORDER BY t DESC, id DESC LIMIT 1',
        no,
      ),
    )
}

/** Buckets that hold readings, oldest first; values are still scaled. */
export function history(
  file: JournalFile,
  seriesNo: number,
  fromT: number,
  toT: number,
  buckets: number,
): Bucket[] {
  const from = Math.round(fromT)
  const width = Math.max(1, Math.ceil((toT - fromT) / Math.max(1, Math.floor(buckets))))
  // Numbers are bound as REAL; without the casts the division would not round down to a bucket.
  const rows = file.all<Omit<Bucket, 't'> & { bucket: number }>(
    `SELECT (t - CAST(@from AS INTEGER)) / CAST(@width AS INTEGER) AS bucket, min(scaled) AS min, max(scaled) AS max,
            avg(scaled) AS mean, count(*) AS count, max(quality) AS quality
     FROM reading WHERE series_no = @no AND t >= @from AND t < @to GROUP BY bucket ORDER BY bucket`,
    { no: seriesNo, from, to: Math.round(toT), width },
  )
  return rows.map(({ bucket, ...row }) => ({ t: from + bucket * width, ...row }))
}

/** Entries of one kind, newest first. */
export function records(
  file: JournalFile,
  kind: string,
  limit: number,
): { seq: number; entry: RecordEntry }[] {
  const lane = laneOf(kind)
  const { base } = file.mark(lane)
  return file
    .all<{ id: number; body: Uint8Array }>(
      `SELECT id, body FROM entry WHERE kind = ? AND lane = ? ORDER BY id DESC LIMIT ?`,
      kind,
      lane,
      limit,
    )
    .map(({ id, body }) => ({ seq: id - base, entry: decodeEntry(new Uint8Array(body)) }))
}

/** A page of readings for export, oldest first. */
export function exportReadings(file: JournalFile, afterId: number, limit: number): ExportedReading[] {
  return file.all(
    `SELECT r.id, s.uuid, s.device, s.quantity, s.unit, r.t, r.scaled * s.resolution AS value, r.quality
     FROM reading r JOIN series s ON s.no = r.series_no WHERE r.id > ? ORDER BY r.id LIMIT ?`,
    afterId,
    limit,
  )
}

/**
 * Deletes the oldest readings until the file with its log fits; returns how many. First what the gateway holds;
 * when that is not enough (weeks without a link), rows whose sealed batch is kept: about a hundred times smaller,
 * it still goes to the province. What is in no batch, and every entry, stays.
 */
export function evict(file: JournalFile, keepBytes: number): number {
  let deleted = 0
  const { base, durableThrough, sealedThrough } = file.mark('reading')
  // What was written since the province last answered may yet have to be sealed anew, in a new epoch.
  const since = sinceContact([{ name: 'since_contact', value: file.meta('since_contact') }]).reading
  const kept = Math.min(base + sealedThrough, since ?? base + sealedThrough)
  for (const through of [base + durableThrough, kept]) {
    while (usedBytes(file) > keepBytes) {
      const { changes } = file.run(
        'DELETE FROM reading WHERE id IN (SELECT id FROM reading WHERE id <= ? ORDER BY id LIMIT 5000)',
        through,
      )
      if (changes === 0) break
      deleted += changes
    }
  }
  return deleted
}

/** The log is copied into the file and cut first: what a deletion itself writes there must not count as need. */
function usedBytes(file: JournalFile): number {
  if (file.walBytes() > 0) file.pragma('wal_checkpoint(TRUNCATE)')
  return file.usedBytes()
}

export function state(file: JournalFile): FileState {
  const lanes = Object.fromEntries(LANES.map((lane) => [lane, laneState(file, lane)])) as Record<
    Lane,
    LaneState
  >
  const ends = file.get<{ first: number | null; last: number | null }>(
    'SELECT (SELECT min(id) FROM reading) AS first, (SELECT max(id) FROM reading) AS last',
  )
  return {
    epoch: file.epoch,
    lanes,
    readings: ends?.last && ends.first ? ends.last - ends.first + 1 : 0,
    sizeBytes: file.sizeBytes(),
    walBytes: file.walBytes(),
    synchronous: file.pragma('synchronous'),
  }
}

function laneState(file: JournalFile, lane: Lane): LaneState {
  const { base, lastId, sealedThrough, durableThrough } = file.mark(lane)
  const firstUnsent = base + durableThrough + 1
  const oldest =
    lane === 'reading'
      ? file.get<{ t: number }>('SELECT t FROM reading WHERE id >= ? ORDER BY id LIMIT 1', firstUnsent)
      : file.get<{ t: number }>(
          'SELECT t FROM entry WHERE lane = ? AND id >= ? ORDER BY id LIMIT 1',
          lane,
          firstUnsent,
        )
  return { lastSeq: lastId - base, sealedThrough, durableThrough, oldestUnsentT: oldest?.t ?? null }
}
