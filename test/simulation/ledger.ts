import { hash } from 'node:crypto'
import { toHex } from '#contract/ground/bytes.ts'
import type { TimeQuality } from '#contract/ground/clock.ts'
import { decodeEntry } from '#contract/wire/entries-codec.ts'
import type { FindingEntry } from '#contract/wire/finding.ts'
import { LANES, type Lane, type LotEntry } from '#contract/wire/records.ts'
import { blocksWithin, readingsOf } from '../../agent/journal/blocks.ts'
import type { JournalFile } from '../../agent/journal/journal-file.ts'
import type { Room } from '../../agent/journal/make-room.ts'
import { type Gathered, type PackedBlock, ROW } from '../../agent/journal/packed.ts'

/**
 * What one box has promised: every entry of its journal from the moment in which the disk had it, by the id that
 * the journal counts and never uses again, kept apart from the journal, which loses its power and its blocks.
 *
 * Readings change places, and with them ids, when the journal puts them in order. After each call that may have done
 * so the ledger looks where they are now: all that were there are there, or are declared, and nothing else is.
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
  /** By epoch and seq − 1, what was in its place when it was sealed; on the card it may change places afterwards. */
  readonly sealed = new Map<string, KeptReading[]>()
  readonly breaches: string[] = []
  /** Ids that a mended journal does not have any more; each must be declared. */
  readonly lost: { readonly lane: Lane; readonly id: number }[] = []
  /** Ids of readings that went for want of room before they were in a batch; each must be declared. */
  readonly thinned = new Set<number>()
  /** Readings in batches that went for want of room before the province had answered for them. */
  dropped = 0
  /** By lot, and by the hash of a photo or a thumbnail: the id of the entry that a person was told is kept. */
  readonly idsByName = new Map<string, number>()
  /** Times that the journal put readings in order, and that it made room. */
  reorders = 0
  /** What a power cut interrupted: the next opening finds all of it or nothing. */
  #pending: Gathered | undefined
  /** Readings up to these ids stand where they were last looked at, by the meta that says so. */
  readonly #ordered = { left_through: 0, compacted_through: 0, merged_through: 0 }
  readonly #lostIds = new Set<number>()

  countOf(lane: Lane): number {
    return lane === 'reading' ? this.readings.length : this.entries[lane].length
  }

  /** A commit came back from the disk. */
  committed(gathered: Gathered, seqs: readonly number[], file: JournalFile): void {
    this.#addReadings(gathered)
    for (const [index, { body, kind }] of gathered.records.entries()) {
      const lane = kind === 'finding' ? 'finding' : 'record'
      this.entries[lane].push(hashOf(body))
      for (const name of namesIn(kind, body)) this.idsByName.set(name, this.entries[lane].length)
      const seq = this.entries[lane].length - this.#base(lane)
      if (seqs[index] !== seq)
        this.breaches.push(`a ${lane} entry was given seq ${seqs[index]}, but is the ${seq}th`)
    }
    this.#checkCounts(file, 'a commit')
    if (gathered.readings.length > 0) this.putInOrder(file)
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

  /** A batch has been sealed, perhaps: its bytes are what they are from now on. */
  sealedAs(file: JournalFile): void {
    const { base, sealedThrough } = file.mark('reading')
    const sealed = this.sealed.get(file.epoch) ?? []
    this.sealed.set(file.epoch, sealed)
    while (sealed.length < sealedThrough) sealed.push(this.readings[base + sealed.length] ?? NOBODYS)
  }

  /** The journal may have put readings in order; what it says it did is looked at, reading by reading. */
  putInOrder(file: JournalFile): void {
    const now = orderOf(file)
    let [from, through] = [Number.POSITIVE_INFINITY, 0]
    for (const name of ORDERS) {
      if (now[name] === this.#ordered[name]) continue
      from = Math.min(from, this.#ordered[name] + 1)
      through = Math.max(through, now[name])
    }
    Object.assign(this.#ordered, now)
    if (through === 0) return
    this.reorders++
    this.#follow(file, from, through)
  }

  /** Room was made: history may be gone that the province holds, and what else went has to be told. */
  madeRoom(file: JournalFile, room: Room, mayLose: boolean): void {
    const before = this.thinned.size
    this.noted(file)
    this.#noteThinned(file)
    this.dropped += room.dropped
    if (this.thinned.size - before !== room.thinned)
      this.breaches.push(
        `the journal says that ${room.thinned} readings were thinned out, and ${this.thinned.size - before} were`,
      )
    if (!mayLose && room.thinned + room.dropped > 0)
      this.breaches.push('readings were lost by a call that may lose none')
    Object.assign(this.#ordered, orderOf(file))
    this.#follow(file, this.#firstUnsealed(file), this.readings.length)
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
    this.#noteThinned(file)
    this.sealedAs(file)
    // An interrupted call may have put any of them in order, an upgrade all; and what was not may have become another.
    const now = orderOf(file)
    const isUpgraded = now.left_through < this.#ordered.left_through
    this.#follow(file, isUpgraded ? 1 : this.#ordered.merged_through + 1, this.readings.length)
    Object.assign(this.#ordered, now)
    this.noted(file)
  }

  /** Those that were promised are looked for one by one; what nobody was promised may be there as well. */
  #mended(file: JournalFile): void {
    this.#pending = undefined
    this.#noteEpoch(file)
    this.#noteThinned(file)
    this.sealedAs(file)
    for (const lane of LANES) {
      const { lastId } = file.mark(lane)
      const kept = new Set(idsOf(file, lane))
      for (let id = 1; id <= this.countOf(lane); id++) if (!kept.has(id)) this.#lose(lane, id)
      const lines: unknown[] = lane === 'reading' ? this.readings : this.entries[lane]
      if (lines.length > lastId) {
        this.breaches.push(
          `a mended journal does not know of its last ${lines.length - lastId} ${lane} lines`,
        )
        lines.length = lastId
      }
      this.#addUnpromised(file, lane, lastId)
    }
    this.#follow(file, 1, this.readings.length)
    Object.assign(this.#ordered, orderOf(file))
  }

  /** What the power interrupted and the mended journal has, line by line: the page may have been among the damaged. */
  #addUnpromised(file: JournalFile, lane: Lane, lastId: number): void {
    const readings =
      lane === 'reading' ? new Map(readingsWithin(file, this.readings.length + 1, lastId)) : undefined
    for (let id = this.countOf(lane) + 1; id <= lastId; id++) {
      const body = readings ? undefined : bodiesAfter(file, lane, id - 1, id)[0]
      if (!(readings ? readings.has(id) : body !== undefined)) this.#lose(lane, id)
      if (lane === 'reading') this.readings.push(readings?.get(id) ?? NOBODYS)
      else this.entries[lane].push(body ? hashOf(body) : '')
    }
  }

  #lose(lane: Lane, id: number): void {
    this.lost.push({ lane, id })
    if (lane === 'reading') this.#lostIds.add(id)
  }

  /** Ids in the range belong to whatever stands there now, which must be what stood there, in any order. */
  #follow(file: JournalFile, fromId: number, toId: number): void {
    const there = readingsWithin(file, fromId, toId)
    const here = new Map(there)
    const firstUnsealed = this.#firstUnsealed(file)
    for (let id = Math.max(fromId, firstUnsealed); id <= toId; id++)
      if (!here.has(id) && !this.thinned.has(id) && !this.#lostIds.has(id))
        this.breaches.push(`reading ${id} is in no batch, not on the card, and nobody was told`)
    if (there.every(([id, row]) => isSame(this.readings[id - 1], row))) return
    const pool = new Map<string, KeptReading[]>()
    for (const reading of this.readings.slice(fromId - 1, toId)) {
      const sign = signOf(reading)
      const alike = pool.get(sign)
      if (alike) alike.push(reading)
      else pool.set(sign, [reading])
    }
    for (const [id, row] of there)
      if (!pool.get(signOf(row))?.pop())
        this.breaches.push(`reading ${id} on the card is none of those that were committed (or one twice)`)
    // Of those that went, each stays under its own id where it can, and takes another's place where it can't.
    const free: number[] = []
    for (let id = fromId; id <= toId; id++) {
      const row = here.get(id)
      if (row) continue
      if (!pool.get(signOf(this.readings[id - 1] ?? NOBODYS))?.pop()) free.push(id)
    }
    const rest = [...pool.values()].flat()
    for (const [id, row] of there) this.readings[id - 1] = row
    for (const id of free) this.readings[id - 1] = rest.pop() ?? NOBODYS
  }

  #firstUnsealed(file: JournalFile): number {
    const { base, sealedThrough } = file.mark('reading')
    return base + sealedThrough + 1
  }

  #noteThinned(file: JournalFile): void {
    const ranges = file.all<{ from: number; to: number }>(
      'SELECT from_id AS "from", to_id AS "to" FROM dropped',
    )
    for (const { from, to } of ranges) for (let id = from; id <= to; id++) this.thinned.add(id)
  }

  #addReadings(gathered: Gathered): void {
    const added = keptOf(gathered)
    // A block is ordered by (boot, series, arrival), and that order numbers the readings.
    added.sort((a, b) => a.stampNo - b.stampNo || a.reading.seriesNo - b.reading.seriesNo)
    for (const { reading } of added) this.readings.push(reading)
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

export const hashOf = (bytes: Uint8Array): string => hash('sha256', bytes, 'base64')

/** What a person knows an entry by. */
function namesIn(kind: string, body: Uint8Array): string[] {
  if (kind !== 'lot' && kind !== 'finding') return []
  const entry: unknown = decodeEntry(body)
  if (kind === 'lot') return [(entry as LotEntry).lot]
  const { photo } = entry as FindingEntry
  return [toHex(photo.sha256), toHex(photo.thumbnail.sha256)]
}

/** What a reading is to the outside. Times are cut to whole seconds, the step of every series here, on the card. */
export const signOf = ({ boot, clock, seriesNo, t, scaled, quality }: KeptReading): string =>
  `${boot} ${clock} ${seriesNo} ${t} ${scaled} ${quality}`

const STEP_MS = 1000

const ORDERS = ['left_through', 'compacted_through', 'merged_through'] as const

function orderOf(file: JournalFile): Record<(typeof ORDERS)[number], number> {
  const order = { left_through: 0, compacted_through: 0, merged_through: 0 }
  const names = ORDERS.map((name) => `'${name}'`).join(', ')
  const rows = file.all<{ name: (typeof ORDERS)[number]; value: string }>(
    `SELECT name, value FROM meta WHERE name IN (${names})`,
  )
  for (const { name, value } of rows) order[name] = Number(value)
  return order
}

const isSame = (one: KeptReading | undefined, other: KeptReading): boolean =>
  one !== undefined &&
  one.t === other.t &&
  one.scaled === other.scaled &&
  one.seriesNo === other.seriesNo &&
  one.boot === other.boot &&
  one.clock === other.clock &&
  one.quality === other.quality

function keptOf({ stamps, readings }: PackedBlock): { stampNo: number; reading: KeptReading }[] {
  const kept: { stampNo: number; reading: KeptReading }[] = []
  for (let at = 0; at < readings.length; at += ROW) {
    const stampNo = readings[at] as number
    kept.push({
      stampNo,
      reading: {
        boot: stamps[stampNo]?.boot ?? '',
        clock: stamps[stampNo]?.clock ?? 'unknown',
        seriesNo: readings[at + 1] as number,
        t: Math.floor((readings[at + 2] as number) / STEP_MS) * STEP_MS,
        scaled: readings[at + 3] as number,
        quality: readings[at + 4] as number,
      },
    })
  }
  return kept
}

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
  lane === 'reading'
    ? readingsWithin(file, 1, Number.MAX_SAFE_INTEGER).map(([id]) => id)
    : file.all<{ id: number }>('SELECT id FROM entry WHERE lane = ?', lane).map(({ id }) => id)

/** By id, in order, wherever they stand. */
const readingsWithin = (file: JournalFile, fromId: number, toId: number): [number, KeptReading][] =>
  blocksWithin(file, fromId, toId).flatMap((block) =>
    keptOf(readingsOf(file, block)).flatMap(({ reading }, index): [number, KeptReading][] => {
      const id = block.fromId + index
      return id >= fromId && id <= toId ? [[id, reading]] : []
    }),
  )
