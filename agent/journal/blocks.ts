import { decodeBlock, encodeBlock } from './block-codec.ts'
import type { JournalFile } from './journal-file.ts'
import { type BootStamp, type PackedBlock, ROW } from './packed.ts'
import { sinceContact } from './since-contact.ts'
import { fitsSlots } from './slots.ts'

/**
 * The readings on the card. A commit is one block, however many readings it holds: one page of the log instead of one
 * a reading and one an index entry. It lands in the ring of slots, and stays there until that is full. Ids count on
 * for ever, a block numbers its own from `fromId` on, and a hole between two is what was evicted, dropped or damaged.
 * A block of one series says so, to be found by it.
 */
export interface BlockHead {
  readonly fromId: number
  readonly count: number
  /** Null for a block of several series, as commits are. */
  readonly seriesNo: number | null
}

export interface Block extends BlockHead {
  readonly body: Uint8Array
}

const COLUMNS = 'from_id AS fromId, count, series_no AS seriesNo, body'

export const throughOf = ({ fromId, count }: BlockHead): number => fromId + count - 1

/** Appends the readings of a commit. Returns the id of the last. */
export function appendBlock(file: JournalFile, block: PackedBlock): number {
  const fromId = file.mark('reading').lastId + 1
  const count = block.readings.length / ROW
  const body = encodeBlock(block, (no) => stepOf(file, no))
  if (fitsSlots(body)) {
    if (!file.slots.hasRoomFor(body)) leaveSlots(file)
    file.slots.write(fromId, count, body)
  } else insertMixed(file, fromId, count, body)
  return fromId + count - 1
}

export function insertMixed(file: JournalFile, fromId: number, count: number, body: Uint8Array): void {
  file.run('INSERT INTO block VALUES (?, ?, NULL, NULL, NULL, ?)', fromId, count, body)
}

/** The ring is full: what it holds becomes one row, or one for each stretch between marks, and the ring is free. */
export function leaveSlots(file: JournalFile): void {
  const blocks = file.slots.blocks()
  const last = blocks.at(-1)
  if (!last) return
  const borders = bordersOf(file)
  for (let at = 0; at < blocks.length; ) {
    const first = blocks[at] as Block
    const border = borders.find((id) => id >= first.fromId) ?? Number.POSITIVE_INFINITY
    let end = at + 1
    while (
      end < blocks.length &&
      isNeighbour(blocks[end - 1] as Block, blocks[end] as Block) &&
      throughOf(blocks[end] as Block) <= border
    )
      end++
    const all = joined(blocks.slice(at, end).map((block) => readingsOf(file, block)))
    insertMixed(
      file,
      first.fromId,
      all.readings.length / ROW,
      encodeBlock(all, (no) => stepOf(file, no)),
    )
    at = end
  }
  file.setMeta('left_through', String(throughOf(last)))
  file.slots.leave(throughOf(last))
}

const isNeighbour = (block: Block, next: Block): boolean => next.fromId === throughOf(block) + 1

/** One after another, each with its own boots. */
function joined(blocks: readonly PackedBlock[]): PackedBlock {
  const stamps: BootStamp[] = []
  const readings = new Float64Array(blocks.reduce((sum, block) => sum + block.readings.length, 0))
  let at = 0
  for (const block of blocks) {
    const numbers = block.stamps.map(({ boot, clock }) => {
      const known = stamps.findIndex((stamp) => stamp.boot === boot && stamp.clock === clock)
      return known < 0 ? stamps.push({ boot, clock }) - 1 : known
    })
    readings.set(block.readings, at)
    for (const end = at + block.readings.length; at < end; at += ROW)
      readings[at] = numbers[readings[at] as number] as number
  }
  return { stamps, readings }
}

/** Appends a block of one series; its times are kept beside it, so that a chart reads only what it shows. */
export function appendSeriesBlock(file: JournalFile, fromId: number, block: PackedBlock): void {
  const { readings } = block
  let fromT = Number.POSITIVE_INFINITY
  let toT = Number.NEGATIVE_INFINITY
  for (let at = 2; at < readings.length; at += ROW) {
    fromT = Math.min(fromT, readings[at] as number)
    toT = Math.max(toT, readings[at] as number)
  }
  const seriesNo = readings[1] as number
  const body = encodeBlock(block, (no) => stepOf(file, no))
  file.run(
    'INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)',
    fromId,
    readings.length / ROW,
    seriesNo,
    fromT,
    toT,
    body,
  )
}

/** Blocks that hold ids of the range, oldest first, wherever they stand; `atMost` of them. */
export function blocksWithin(file: JournalFile, fromId: number, toId: number, atMost = 1_000_000): Block[] {
  const rows = file.all<Block>(
    `SELECT ${COLUMNS} FROM block WHERE from_id BETWEEN
       coalesce((SELECT from_id FROM block WHERE from_id <= @from ORDER BY from_id DESC LIMIT 1), @from) AND @to
       AND from_id + count > @from ORDER BY from_id LIMIT @atMost`,
    { from: fromId, to: toId, atMost },
  )
  const inSlots = file.slots.blocks().filter((block) => block.fromId <= toId && throughOf(block) >= fromId)
  if (inSlots.length === 0) return rows
  return [...rows, ...inSlots].sort((a, b) => a.fromId - b.fromId).slice(0, atMost)
}

/** What the block holds. Throws Damage, which leaves the journal as `journal-damaged`. */
export const readingsOf = (file: JournalFile, block: Block): PackedBlock =>
  file.readably(() => decodeBlock(new Uint8Array(block.body)))

export const stepOf = (file: JournalFile, seriesNo: number): number => file.stepOf(seriesNo)

/** Blocks of several series: what was written since the last compaction, oldest first. */
export const mixedBlocks = (file: JournalFile): Block[] =>
  blocksWithin(file, compactedThrough(file) + 1, Number.MAX_SAFE_INTEGER)

/** Every block up to this id belongs to one series. */
export const compactedThrough = (file: JournalFile): number => Number(file.meta('compacted_through') ?? 0)

/**
 * Ids after which another fate begins: what is durable, what is sealed, what was written since the province last
 * answered, and what came later than each. Inside a stretch between two of them ids may change places.
 */
export function bordersOf(file: JournalFile): number[] {
  const { base, sealedThrough, durableThrough } = file.mark('reading')
  const since = sinceContact(file)
  return [base, base + durableThrough, base + sealedThrough, since.reading ?? base].sort((a, b) => a - b)
}
