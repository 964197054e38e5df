import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import { concatBytes, fromHex, toHex } from '#contract/ground/bytes.ts'
import type { TimeQuality } from '#contract/ground/clock.ts'
import { VarintReader, VarintWriter } from '#contract/wire/varint.ts'
import { type BootStamp, type PackedBlock, ROW } from './packed.ts'
import { Damage } from './sqlite-errors.ts'

/**
 * A block holds readings as they lie on the card: those of one commit, or those of one series over hours.
 *
 *   form 1 B · [raw size] · { boot 8 B · clock 1 B · { head · times · values · [quality runs] · [source times] } } · crc32 4 B
 *
 * A head is one varint for a lone reading: the distance to the series before, and whether a count, a step, a quality
 * other than good or a source's time follow. Times are differences of differences in steps, values differences. What
 * a block gives back is ordered by (boot, series, arrival); that order numbers the readings.
 */
const PLAIN = 1
const DEFLATED = 2
const CRC_BYTES = 4

// A page of the file. What is smaller is put together with more of its series within a day, and setting up deflate
// costs more time than writing all of it.
const DEFLATED_FROM_BYTES = 512
// A compaction takes 20,000 readings at a time; 24 bytes each is more than any varints of theirs can need.
const MAX_RAW_BYTES = 8 * 1024 * 1024

const CLOCKS: readonly TimeQuality[] = ['synchronised', 'holdover', 'unknown']

// What a head says beside the distance.
const HAS_COUNT = 1
const HAS_STEP = 2
const HAS_QUALITY = 4
const HAS_SOURCE = 8
const HEAD_BITS = 16

/** Times are cut down to the series' step (ms), as they travel; what is cut already stays as it is. */
export function encodeBlock(
  { stamps, readings }: PackedBlock,
  stepOf: (seriesNo: number) => number,
): Uint8Array {
  const out = new VarintWriter()
  const segments = bySegment(readings)
  out.unsigned(segments.length)
  for (const { stampNo, columns } of segments) {
    const { boot, clock } = stamps[stampNo] as BootStamp
    out.bytes(fromHex(boot))
    out.byte(CLOCKS.indexOf(clock))
    out.unsigned(columns.length)
    let last = { no: 0, step: 1, firstT: 0 }
    for (const { no, rows } of columns)
      last = writeColumn(out, readings, rows, { no, step: stepOf(no) }, last)
  }
  return sealed(out.finish())
}

/** Throws Damage when the checksum does not hold, or what it covers is no block. */
export function decodeBlock(bytes: Uint8Array): PackedBlock {
  const raw = opened(bytes)
  try {
    const input = new VarintReader(raw)
    const stamps: BootStamp[] = []
    const columns: Column[] = []
    for (let segments = input.count(11); segments > 0; segments--) {
      const boot = toHex(input.bytes(8))
      const clock = CLOCKS[input.byte()]
      if (!clock) throw new Damage('a block names no clock')
      stamps.push({ boot, clock })
      let last = { no: 0, step: 1, firstT: 0 }
      for (let series = input.count(3); series > 0; series--) {
        const column = readColumn(input, stamps.length - 1, last)
        columns.push(column)
        last = column
      }
    }
    if (input.remaining > 0) throw new Damage('a block goes on after its end')
    return { stamps, readings: rowsOf(columns) }
  } catch (error) {
    throw error instanceof Damage ? error : new Damage(String((error as Error).message))
  }
}

/** True when the bytes are what was written, as far as their checksum tells. */
export function isWhole(bytes: Uint8Array): boolean {
  const end = bytes.length - CRC_BYTES
  if (end < 2) return false
  const said = new DataView(bytes.buffer, bytes.byteOffset + end, CRC_BYTES).getUint32(0, true)
  return crc32(bytes.subarray(0, end)) === said
}

interface ColumnHead {
  readonly no: number
  readonly step: number
  readonly firstT: number
}

interface Column extends ColumnHead {
  readonly stampNo: number
  readonly times: Float64Array
  readonly values: Float64Array
  readonly qualities: Uint16Array | null
  readonly sources: Float64Array | null
}

interface Segment {
  readonly stampNo: number
  readonly columns: { readonly no: number; readonly rows: Int32Array }[]
}

/** Where in `readings` the rows of each boot and series begin, in the order in which they are written. */
function bySegment(readings: Float64Array): Segment[] {
  const count = readings.length / ROW
  const segments = new Map<number, Map<number, Counted>>()
  const columnOf: Counted[] = new Array(count)
  let last: Counted | undefined
  for (let row = 0, at = 0; row < count; row++, at += ROW) {
    const stampNo = readings[at] as number
    const no = readings[at + 1] as number
    if (last?.no !== no || last.stampNo !== stampNo) last = counted(segments, stampNo, no)
    last.count++
    columnOf[row] = last
  }
  const places = new Int32Array(count)
  let begin = 0
  const ordered = [...segments].map(([stampNo, columns]) => ({
    stampNo,
    columns: [...columns.values()]
      .sort((a, b) => a.no - b.no)
      .map((column) => {
        column.next = begin
        begin += column.count
        return { no: column.no, rows: places.subarray(column.next, begin) }
      }),
  }))
  for (let row = 0; row < count; row++) places[(columnOf[row] as Counted).next++] = row * ROW
  return ordered
}

/** A column while its rows are counted, and then while they are put down, from `next` on. */
interface Counted {
  readonly stampNo: number
  readonly no: number
  count: number
  next: number
}

function counted(segments: Map<number, Map<number, Counted>>, stampNo: number, no: number): Counted {
  let columns = segments.get(stampNo)
  if (!columns) {
    columns = new Map()
    segments.set(stampNo, columns)
  }
  let column = columns.get(no)
  if (!column) {
    column = { stampNo, no, count: 0, next: 0 }
    columns.set(no, column)
  }
  return column
}

function writeColumn(
  out: VarintWriter,
  readings: Float64Array,
  rows: Int32Array,
  { no, step }: { no: number; step: number },
  last: ColumnHead,
): ColumnHead {
  let hasQuality = false
  let hasSource = false
  for (let index = 0; index < rows.length; index++) {
    const at = rows[index] as number
    if (readings[at + 4] !== 0) hasQuality = true
    if (!Number.isNaN(readings[at + 5])) hasSource = true
  }
  const bits =
    (rows.length > 1 ? HAS_COUNT : 0) |
    (step !== last.step ? HAS_STEP : 0) |
    (hasQuality ? HAS_QUALITY : 0) |
    (hasSource ? HAS_SOURCE : 0)
  out.unsigned((no - last.no) * HEAD_BITS + bits)
  if (rows.length > 1) out.unsigned(rows.length)
  if (step !== last.step) out.unsigned(step)
  const stepsAt = (index: number) => Math.floor((readings[(rows[index] as number) + 2] as number) / step)
  const first = stepsAt(0)
  out.signed(first - Math.floor(last.firstT / step))
  for (let index = 1, before = first, lastDelta = 0; index < rows.length; index++) {
    const steps = stepsAt(index)
    out.signed(steps - before - lastDelta)
    lastDelta = steps - before
    before = steps
  }
  for (let index = 0, before = 0; index < rows.length; index++) {
    const scaled = readings[(rows[index] as number) + 3] as number
    out.signed(scaled - before)
    before = scaled
  }
  if (hasQuality) {
    for (let index = 0; index < rows.length; ) {
      const quality = readings[(rows[index] as number) + 4] as number
      let end = index + 1
      while (end < rows.length && readings[(rows[end] as number) + 4] === quality) end++
      out.unsigned(quality)
      out.unsigned(end - index)
      index = end
    }
  }
  if (hasSource) {
    for (let index = 0; index < rows.length; index++) {
      const sourceT = readings[(rows[index] as number) + 5] as number
      out.byte(Number.isNaN(sourceT) ? 0 : 1)
      if (!Number.isNaN(sourceT)) out.signed(sourceT - stepsAt(index) * step)
    }
  }
  return { no, step, firstT: first * step }
}

function readColumn(input: VarintReader, stampNo: number, last: ColumnHead): Column {
  const head = input.unsigned()
  const bits = head % HEAD_BITS
  const no = last.no + (head - bits) / HEAD_BITS
  const count = bits & HAS_COUNT ? input.count(2) : 1
  const step = bits & HAS_STEP ? input.unsigned() : last.step
  if (no <= last.no || step === 0) throw new Damage('a block has a column of nothing')
  const times = new Float64Array(count)
  let steps = Math.floor(last.firstT / step) + input.signed()
  const firstT = steps * step
  times[0] = firstT
  for (let index = 1, delta = 0; index < count; index++) {
    delta += input.signed()
    steps += delta
    times[index] = steps * step
  }
  const values = new Float64Array(count)
  for (let index = 0, value = 0; index < count; index++) {
    value += input.signed()
    values[index] = value
  }
  const qualities = bits & HAS_QUALITY ? readRuns(input, count) : null
  const sources = bits & HAS_SOURCE ? readSources(input, times) : null
  return { stampNo, no, step, firstT, times, values, qualities, sources }
}

function readRuns(input: VarintReader, count: number): Uint16Array {
  const column = new Uint16Array(count)
  for (let index = 0; index < count; ) {
    const quality = input.unsigned()
    const length = input.unsigned()
    if (length === 0 || index + length > count) throw new Damage('a block has a broken run')
    column.fill(quality, index, index + length)
    index += length
  }
  return column
}

function readSources(input: VarintReader, times: Float64Array): Float64Array {
  const column = new Float64Array(times.length)
  for (let index = 0; index < times.length; index++)
    column[index] = input.byte() === 0 ? Number.NaN : (times[index] as number) + input.signed()
  return column
}

function rowsOf(columns: readonly Column[]): Float64Array {
  const rows = new Float64Array(columns.reduce((sum, { times }) => sum + times.length, 0) * ROW)
  let at = 0
  for (const { stampNo, no, times, values, qualities, sources } of columns) {
    for (let index = 0; index < times.length; index++, at += ROW) {
      rows[at] = stampNo
      rows[at + 1] = no
      rows[at + 2] = times[index] as number
      rows[at + 3] = values[index] as number
      rows[at + 4] = qualities?.[index] ?? 0
      rows[at + 5] = sources?.[index] ?? Number.NaN
    }
  }
  return rows
}

function sealed(raw: Uint8Array): Uint8Array {
  const deflated = raw.length >= DEFLATED_FROM_BYTES ? deflateRawSync(raw, deflatingOf(raw.length)) : raw
  const isSmaller = deflated.length + 3 < raw.length
  const head = new VarintWriter()
  head.byte(isSmaller ? DEFLATED : PLAIN)
  if (isSmaller) head.unsigned(raw.length)
  const content = concatBytes(head.finish(), isSmaller ? deflated : raw)
  const bytes = new Uint8Array(content.length + CRC_BYTES)
  bytes.set(content)
  new DataView(bytes.buffer).setUint32(content.length, crc32(content), true)
  return bytes
}

/**
 * zlib takes 268 kB for each block by default, a third of the time of a small one, and in pieces that leave holes in
 * the heap of a program that runs for months. A window and tables no larger than what goes in pack it as well.
 */
function deflatingOf(size: number) {
  const windowBits = Math.min(15, Math.max(9, Math.ceil(Math.log2(size))))
  return { level: 6, windowBits, memLevel: Math.min(8, windowBits - 6), chunkSize: roomFor(size) }
}

// One piece of output, of the sizes that zlib takes.
const roomFor = (size: number): number => Math.max(64, size)

function opened(bytes: Uint8Array): Uint8Array {
  if (!isWhole(bytes)) throw new Damage('a block is not what was written')
  const content = bytes.subarray(0, bytes.length - CRC_BYTES)
  if (content[0] === PLAIN) return content.subarray(1)
  try {
    const head = new VarintReader(content)
    const isDeflated = head.byte() === DEFLATED
    const size = head.unsigned()
    if (!isDeflated || size > MAX_RAW_BYTES) throw new Damage('a block of an unknown form')
    return new Uint8Array(
      inflateRawSync(content.subarray(content.length - head.remaining), {
        maxOutputLength: size,
        chunkSize: roomFor(size),
      }),
    )
  } catch (error) {
    throw error instanceof Damage ? error : new Damage(String((error as Error).message))
  }
}
