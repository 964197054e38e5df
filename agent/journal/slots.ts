import { crc32 } from 'node:zlib'
import type { Block } from './blocks.ts'
import { Damage } from './sqlite-errors.ts'

/**
 * Where a commit lands first: a ring of rows of one size, each a page of the file, written over in place. A row that
 * is inserted takes a page from somewhere, and that is noted in two or three others, each of them a frame of the log;
 * a row that keeps its size is one frame and nothing else. What a commit needs, a block of one or a few slots, stays
 * until the ring is full and is then put together with its neighbours (compact.ts).
 *
 *   from id 6 B · count 3 B · part 1 B · of parts 1 B · length 2 B · bytes · zeros · crc32 4 B
 */
export const SLOTS = 64
/** With this a row fills a page of 512 bytes: 477 are what SQLite keeps on one page, less the head of the row. */
const SLOT_BYTES = 472
const HEAD_BYTES = 13
const ROOM = SLOT_BYTES - HEAD_BYTES - 4
// More than this would wash the ring away; a commit so large is worth a row of its own.
const MOST_PARTS = 8

export const fitsSlots = (body: Uint8Array): boolean => body.length <= ROOM * MOST_PARTS

export const slotsFor = (body: Uint8Array): number => Math.ceil(body.length / ROOM)

/** What the ring asks of the file. */
export interface SlotFile {
  get<Row>(sql: string, ...values: unknown[]): Row | undefined
  all<Row>(sql: string, ...values: unknown[]): Row[]
  run(sql: string, ...values: unknown[]): { readonly changes: number }
  readably<T>(work: () => T): T
  /** Changes when another program has written. */
  dataVersion(): number
  meta(name: string): string | undefined
}

export class Slots {
  readonly #file: SlotFile
  #version = Number.NaN
  /** By the number of their first slot; those that stand elsewhere by now as well, until they are written over. */
  #blocks: (Block & { readonly slots: readonly number[] })[] = []
  #next = 1

  constructor(file: SlotFile) {
    this.#file = file
  }

  /** What is nowhere else, oldest first. */
  blocks(): Block[] {
    this.#look()
    return this.#blocks
  }

  /** 0 when it is empty. */
  lastId(): number {
    const last = this.blocks().at(-1)
    return last ? last.fromId + last.count - 1 : 0
  }

  hasRoomFor(body: Uint8Array): boolean {
    this.#look()
    const taken = this.#blocks.reduce((sum, { slots }) => sum + slots.length, 0)
    return taken + slotsFor(body) <= SLOTS
  }

  /** Within the caller's transaction; there must be room. */
  write(fromId: number, count: number, body: Uint8Array): void {
    this.#look()
    const taken = new Set(this.#blocks.flatMap(({ slots }) => slots))
    const parts = slotsFor(body)
    const slots: number[] = []
    for (let part = 0; part < parts; part++) {
      while (taken.has(this.#next)) this.#next = (this.#next % SLOTS) + 1
      const no = this.#next
      const bytes = slotBytes({ fromId, count, part, parts }, body.subarray(part * ROOM, (part + 1) * ROOM))
      const { changes } = this.#file.run('UPDATE slot SET bytes = ? WHERE no = ?', bytes, no)
      // Damage may have taken the row itself.
      if (changes === 0) this.#file.run('INSERT INTO slot VALUES (?, ?)', no, bytes)
      slots.push(no)
      taken.add(no)
      this.#next = (no % SLOTS) + 1
    }
    this.#blocks.push({ fromId, count, seriesNo: null, body, slots })
  }

  /** Everything up to here stands in rows of its own now: the slots may be written over. */
  leave(through: number): void {
    this.#blocks = this.#blocks.filter(({ fromId }) => fromId > through)
  }

  /** What was written was taken back, or stands elsewhere: looks again when next asked. */
  forget(): void {
    this.#version = Number.NaN
  }

  #look(): void {
    const version = this.#file.dataVersion()
    if (version === this.#version) return
    const rows = this.#file.all<{ no: number; bytes: Uint8Array }>('SELECT no, bytes FROM slot ORDER BY no')
    this.#file.readably(() => {
      const left = leftThrough(this.#file)
      this.#blocks = blocksOf(rows).filter(({ fromId }) => fromId > left)
    })
    this.#next = ((this.#blocks.at(-1)?.slots.at(-1) ?? 0) % SLOTS) + 1
    this.#version = version
  }
}

/** Blocks of ids up to this stand in rows of their own, whatever the ring still shows. */
export const leftThrough = (file: Pick<SlotFile, 'meta'>): number => Number(file.meta('left_through') ?? 0)

interface SlotHead {
  readonly fromId: number
  readonly count: number
  readonly part: number
  readonly parts: number
}

/**
 * Puts parts together, oldest block first; a block of which a part was written over stands elsewhere and is left out.
 * Throws Damage for a slot whose checksum does not hold.
 */
export function blocksOf(
  rows: readonly { readonly no: number; readonly bytes: Uint8Array }[],
): (Block & { readonly slots: readonly number[] })[] {
  const parts = new Map<number, { head: SlotHead; no: number; bytes: Uint8Array }[]>()
  for (const { no, bytes } of rows) {
    const slot = readSlot(bytes)
    if (!slot) continue
    parts.set(slot.head.fromId, [...(parts.get(slot.head.fromId) ?? []), { ...slot, no }])
  }
  return [...parts.values()]
    .filter((all) => all.length === all[0]?.head.parts)
    .map((all) => {
      const ordered = all.toSorted((a, b) => a.head.part - b.head.part)
      const { fromId, count } = (ordered[0] as (typeof ordered)[0]).head
      const body = new Uint8Array(ordered.flatMap(({ bytes }) => [...bytes]))
      return { fromId, count, seriesNo: null, body, slots: ordered.map(({ no }) => no) }
    })
    .sort((a, b) => a.fromId - b.fromId)
}

export function isWholeSlot(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return (
    bytes.length === SLOT_BYTES &&
    crc32(bytes.subarray(0, SLOT_BYTES - 4)) === view.getUint32(SLOT_BYTES - 4, true)
  )
}

function slotBytes({ fromId, count, part, parts }: SlotHead, piece: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, fromId % 2 ** 32, true)
  view.setUint16(4, Math.floor(fromId / 2 ** 32), true)
  view.setUint16(6, count % 2 ** 16, true)
  view.setUint8(8, Math.floor(count / 2 ** 16))
  view.setUint8(9, part)
  view.setUint8(10, parts)
  view.setUint16(11, piece.length, true)
  bytes.set(piece, HEAD_BYTES)
  view.setUint32(SLOT_BYTES - 4, crc32(bytes.subarray(0, SLOT_BYTES - 4)), true)
  return bytes
}

export const EMPTY_SLOT = slotBytes({ fromId: 0, count: 0, part: 0, parts: 0 }, new Uint8Array(0))

function readSlot(bytes: Uint8Array): { head: SlotHead; bytes: Uint8Array } | undefined {
  if (!isWholeSlot(bytes)) throw new Damage('a slot is not what was written')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const head = {
    fromId: view.getUint32(0, true) + view.getUint16(4, true) * 2 ** 32,
    count: view.getUint16(6, true) + view.getUint8(8) * 2 ** 16,
    part: view.getUint8(9),
    parts: view.getUint8(10),
  }
  const length = view.getUint16(11, true)
  if (head.fromId === 0 || length > ROOM) return undefined
  return { head, bytes: bytes.slice(HEAD_BYTES, HEAD_BYTES + length) }
}
