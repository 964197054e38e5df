import { createHash } from 'node:crypto'
import type { TimeQuality } from '#contract/ground/clock.ts'
import { LANES, type Lane } from '#contract/wire/records.ts'
import type { JournalFile } from '../../agent/journal/journal-file.ts'
import type { Gathered } from '../../agent/journal/packed.ts'
import { ROW } from '../../agent/journal/packed.ts'

/**
 * What one box has promised: every entry of its journal from the moment in which the disk had it, by the id that
 * the journal counts and never uses again, kept apart from the journal, which loses its power and its blocks.
 */
export interface KeptReading {
  readonly boot: string
  readonly clock: TimeQuality
  readonly seriesNo: number
  readonly t: number
  readonly scaled: number
  readonly quality: number
}

/** An epoch, and the id before each lane's first of it: seq = id − base. */
export interface KnownEpoch {
  readonly epoch: string
  readonly bases: Readonly<Record<Lane, number>>
}

export class Ledger {
  /** By id − 1. */
  readonly readings: KeptReading[] = []
  /** sha256 of the encoded entry, by id − 1. */
  readonly entries: Record<'record' | 'finding', string[]> = { record: [], finding: [] }
  readonly epochs: KnownEpoch[] = []
  readonly breaches: string[] = []
  /** Ids that a mended journal does not have any more; each must be declared. */
  readonly lost: { readonly lane: Lane; readonly id: number }[] = []
  /** What a power cut interrupted: the next opening finds all of it or nothing. */
  #pending: Gathered | undefined

  countOf(lane: Lane): number {
    return lane === 'reading' ? this.readings.length : this.entries[lane].length
  }

  /** A commit came back from the disk. */
  committed(gathered: Gathered, seqs: readonly number[], file: JournalFile): void {
    this.#addReadings(gathered)
    for (const [index, { body }] of gathered.records.entries()) {
      const kind = gathered.records[index]?.kind
      const lane = kind === 'finding' ? 'finding' : 'record'
      this.entries[lane].push(hashOf(body))
      const seq = this.entries[lane].length - this.#base(lane)
      if (seqs[index] !== seq)
        this.breaches.push(`a ${lane} entry was given seq ${seqs[index]}, but is the ${seq}th`)
    }
    this.#checkCounts(file, 'a commit')
  }

  /** A call that enters lines of its own (series, losses, an epoch) came back: they are read from the disk. */
  noted(file: JournalFile): void {
    this.#noteEpoch(file)
    for (const lane of ['record', 'finding'] as const) {
      for (const body of bodiesAfter(file, lane, this.entries[lane].length))
        this.entries[lane].push(hashOf(body))
    }
    this.#checkCounts(file, 'a call')
  }

  /** What a commit was about to write; a power cut in the next start interrupts nothing more. */
  interrupted(gathered: Gathered | undefined): void {
    this.#pending ??= gathered
  }

  /** After each start: what was promised is there, and what the power interrupted is there whole or not at all. */
  reopened(file: JournalFile, { isMended }: { isMended: boolean }): void {
    if (isMended) {
      this.#mended(file)
      return
    }
    const pending = this.#pending
    this.#pending = undefined
    const last = file.mark('reading').lastId
    const more = last - this.readings.length
    if (pending && more === pending.readings.length / ROW && more > 0) this.#addReadings(pending)
    else if (more !== 0)
      this.breaches.push(
        more < 0
          ? `${-more} readings that were acknowledged are gone after a start`
          : `${more} readings of a commit of ${(pending?.readings.length ?? 0) / ROW} are there after a start`,
      )
    this.#compareTail(file)
    this.noted(file)
  }

  /** Those that were promised are looked for one by one; what nobody was promised may be there as well. */
  #mended(file: JournalFile): void {
    this.#pending = undefined
    this.#noteEpoch(file)
    for (const lane of LANES) {
      const { lastId } = file.mark(lane)
      const kept = new Set(idsOf(file, lane))
      for (let id = 1; id <= this.countOf(lane); id++) if (!kept.has(id)) this.lost.push({ lane, id })
      // With the marks gone too, the journal counts on from what it still has.
      const lines: unknown[] = lane === 'reading' ? this.readings : this.entries[lane]
      lines.length = Math.min(lines.length, lastId)
      this.#addUnpromised(file, lane, lastId)
    }
  }

  /** What the power interrupted and the mended journal has, line by line: the page may have been among the damaged. */
  #addUnpromised(file: JournalFile, lane: Lane, lastId: number): void {
    const readings = new Map(readingsAfter(file, this.readings.length).map((row) => [row.id, row]))
    for (let id = this.countOf(lane) + 1; id <= lastId; id++) {
      const body = lane === 'reading' ? undefined : bodiesAfter(file, lane, id - 1, id)[0]
      const isThere = lane === 'reading' ? readings.has(id) : body !== undefined
      if (!isThere) this.lost.push({ lane, id })
      if (lane === 'reading') this.readings.push(readings.get(id) ?? NOBODYS)
      else this.entries[lane].push(body ? hashOf(body) : '')
    }
  }

  /** The newest hundred, value by value: the counts alone would not see a reading that became another. */
  #compareTail(file: JournalFile): void {
    const rows = file.all<{ id: number; no: number; t: number; scaled: number }>(
      'SELECT id, series_no AS no, t, scaled FROM reading ORDER BY id DESC LIMIT 100',
    )
    for (const { id, no, t, scaled } of rows) {
      const kept = this.readings[id - 1]
      if (!kept || kept.seriesNo !== no || kept.t !== t || kept.scaled !== scaled)
        this.breaches.push(`reading ${id} is another after a start`)
    }
  }

  #addReadings({ stamps, readings }: Gathered): void {
    for (let at = 0; at < readings.length; at += ROW) {
      const stamp = stamps[readings[at] as number]
      this.readings.push({
        boot: stamp?.boot ?? '',
        clock: stamp?.clock ?? 'unknown',
        seriesNo: readings[at + 1] as number,
        t: readings[at + 2] as number,
        scaled: readings[at + 3] as number,
        quality: readings[at + 4] as number,
      })
    }
  }

  #noteEpoch(file: JournalFile): void {
    const { epoch } = file
    if (this.epochs.at(-1)?.epoch === epoch) return
    const bases = Object.fromEntries(LANES.map((lane) => [lane, file.mark(lane).base])) as Record<
      Lane,
      number
    >
    this.epochs.push({ epoch, bases })
  }

  #base(lane: Lane): number {
    return this.epochs.at(-1)?.bases[lane] ?? 0
  }

  #checkCounts(file: JournalFile, after: string): void {
    for (const lane of LANES) {
      const { lastId } = file.mark(lane)
      if (lastId !== this.countOf(lane))
        this.breaches.push(`after ${after} the ${lane} lane ends at ${lastId}, not at ${this.countOf(lane)}`)
    }
  }
}

export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64')

const bodiesAfter = (
  file: JournalFile,
  lane: Lane,
  id: number,
  through = Number.MAX_SAFE_INTEGER,
): Uint8Array[] =>
  file
    .all<{ body: Uint8Array }>(
      'SELECT body FROM entry WHERE lane = ? AND id > ? AND id <= ? ORDER BY id',
      lane,
      id,
      through,
    )
    .map(({ body }) => new Uint8Array(body))

const NOBODYS: KeptReading = { boot: '', clock: 'unknown', seriesNo: 0, t: 0, scaled: 0, quality: 0 }

const idsOf = (file: JournalFile, lane: Lane): number[] =>
  (lane === 'reading'
    ? file.all<{ id: number }>('SELECT id FROM reading')
    : file.all<{ id: number }>('SELECT id FROM entry WHERE lane = ?', lane)
  ).map(({ id }) => id)

const readingsAfter = (file: JournalFile, id: number): (KeptReading & { readonly id: number })[] =>
  file.all(
    `SELECT r.id, s.boot, s.clock, r.series_no AS seriesNo, r.t, r.scaled, r.quality
     FROM reading r JOIN stamp s ON s.no = r.stamp_no WHERE r.id > ? ORDER BY r.id`,
    id,
  )
