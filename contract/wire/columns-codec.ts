import { fromHex, toHex } from '../ground/bytes.ts'
import type { TimeQuality } from '../ground/clock.ts'
import { VuonError } from '../ground/errors.ts'
import type { Reading, ReadingSegment } from './records.ts'
import { malformed, VarintReader, VarintWriter } from './varint.ts'

/**
 * `columns-1`: readings as columns. Like is put beside like, so that deflate finds runs: all heads, then all
 * times (difference of differences, in steps), all values (differences of scaled whole numbers), all quality
 * runs, all times that the sources themselves stated.
 *
 *   version 1 · segments { boot 8 B · clock · series { no, count, step } · times · values · quality · sources }
 *
 * Steps are inside, so a reader needs no declaration to read it, only to give the numbers a meaning.
 */
const VERSION = 1

const CLOCKS: readonly TimeQuality[] = ['synchronised', 'holdover', 'unknown']

/** A scaled value beyond this is not a measurement; differences of two stay exact in a double. */
export const MAX_SCALED = 2 ** 50

// The year 37,648: far beyond any clock, and differences of differences of two stay exact in a varint.
const MAX_TIME = 2 ** 50
const MAX_STEP_MS = 86_400_000
const MAX_SERIES_NO = 2 ** 31
const MAX_QUALITY = 0xffff
// A reading in memory takes about 70 bytes, in a body as few as two: eight megabytes of zeros would take 300.
// A day of one series at ten a second is 864,000.
const MAX_READINGS = 1_000_000

/** Within a segment, readings come back in order of (series, arrival): the order that numbers the seqs. */
export function encodeSegments(
  segments: readonly ReadingSegment[],
  stepOf: (seriesNo: number) => number,
): Uint8Array {
  const out = new VarintWriter()
  out.byte(VERSION)
  out.unsigned(segments.length)
  for (const segment of segments) {
    out.bytes(fromHex(segment.boot))
    out.byte(CLOCKS.indexOf(segment.clock))
    const columns = bySeries(segment.readings).map(([no, readings]) => ({ no, readings, step: stepOf(no) }))
    out.unsigned(columns.length)
    let lastNo = 0
    for (const { no, readings, step } of columns) {
      out.unsigned(no - lastNo)
      lastNo = no
      out.unsigned(readings.length)
      out.unsigned(step)
    }
    for (const { readings, step } of columns) {
      let last = 0
      let lastDelta = 0
      readings.forEach((reading, index) => {
        const steps = stepsOf(reading.t, step)
        const delta = steps - last
        out.signed(index < 2 ? delta : delta - lastDelta)
        last = steps
        lastDelta = delta
      })
    }
    for (const { readings } of columns) {
      let last = 0
      for (const { scaled } of readings) {
        out.signed(scaled - last)
        last = scaled
      }
    }
    for (const { readings } of columns) writeRuns(out, readings)
    for (const { readings, step } of columns) writeSources(out, readings, step)
  }
  return out.finish()
}

/**
 * Throws VuonError `batch-malformed` on nonsense, `batch-too-large` beyond a million readings. What comes out can be
 * encoded again, with any step.
 */
export function decodeSegments(body: Uint8Array): ReadingSegment[] {
  return decodeColumns(body).map(({ boot, clock, series }) => ({ boot, clock, readings: readingsOf(series) }))
}

/** One series of a segment: columns of one length, in order of arrival. */
export interface SeriesColumns {
  readonly no: number
  /** Every time is a whole number of these. */
  readonly stepMs: number
  /** Milliseconds UTC. */
  readonly times: Float64Array
  readonly scaled: Float64Array
  readonly qualities: Uint16Array
  /** What the source itself stated; NaN where it stated nothing, null where it never did. */
  readonly sourceTimes: Float64Array | null
}

/** What `decodeSegments` gives, without an object for each reading. */
export interface ColumnSegment {
  readonly boot: string
  readonly clock: TimeQuality
  /** In order of their numbers, each once. */
  readonly series: readonly SeriesColumns[]
  /** A body that holds this segment alone. */
  readonly body: Uint8Array
}

/** Throws as `decodeSegments` does. With `wanted`, other series are passed over and not looked at. */
export function decodeColumns(body: Uint8Array, wanted?: ReadonlySet<number>): ColumnSegment[] {
  const input = new VarintReader(body)
  if (input.byte() !== VERSION) throw malformed('is of an unknown version')
  let room = MAX_READINGS
  const count = input.count(10)
  const segments = Array.from({ length: count }, () => {
    const begin = body.length - input.remaining
    const { total, ...segment } = decodeSegment(input, room, wanted)
    room -= total
    const end = body.length - input.remaining
    return { ...segment, body: count === 1 ? body : alone(body.subarray(begin, end)) }
  })
  if (input.remaining > 0) throw malformed('goes on after its end')
  return segments
}

/** The body that holds these columns alone, as `decodeColumns` gave them. */
export function encodeColumns({ boot, clock, series }: Omit<ColumnSegment, 'body'>): Uint8Array {
  const steps = new Map(series.map(({ no, stepMs }) => [no, stepMs]))
  return encodeSegments([{ boot, clock, readings: readingsOf(series) }], (no) => steps.get(no) ?? 1)
}

function alone(segment: Uint8Array): Uint8Array {
  const body = new Uint8Array(segment.length + 2)
  body.set([VERSION, 1])
  body.set(segment, 2)
  return body
}

function decodeSegment(
  input: VarintReader,
  room: number,
  wanted: ReadonlySet<number> | undefined,
): { boot: string; clock: TimeQuality; series: SeriesColumns[]; total: number } {
  const boot = toHex(input.bytes(8))
  const clock = CLOCKS[input.byte()]
  if (!clock) throw malformed('names an unknown clock quality')
  let lastNo = 0
  const heads = Array.from({ length: input.count(3) }, () => {
    const no = lastNo + input.unsigned()
    if (no <= lastNo || no > MAX_SERIES_NO) throw malformed('has its series out of order')
    lastNo = no
    // A time, a value and a share of a run: two bytes at least.
    const count = input.count(2)
    const step = input.unsigned()
    if (count === 0 || step === 0 || step > MAX_STEP_MS)
      throw malformed('has an empty series or an impossible step')
    return { no, count, step, isWanted: wanted?.has(no) ?? true }
  })
  const total = heads.reduce((sum, head) => sum + head.count, 0)
  if (total * 2 > input.remaining) throw malformed('promises more than it holds')
  if (total > room)
    throw new VuonError('batch-too-large', `The body holds more than ${MAX_READINGS} readings.`)
  const columns = roomFor(heads)
  heads.forEach(({ count, step }, at) => {
    const column = columns[at]
    if (column) readTimes(input, column.times, step)
    else input.skip(count)
  })
  heads.forEach(({ count }, at) => {
    const column = columns[at]
    if (column) readValues(input, column.scaled)
    else input.skip(count)
  })
  // A run is shorter than what it fills: passing over it would save nothing.
  heads.forEach(({ count }, at) => {
    readRuns(input, columns[at]?.qualities ?? new Uint16Array(count))
  })
  const series: SeriesColumns[] = []
  heads.forEach(({ no, count, step }, at) => {
    const column = columns[at]
    const sourceTimes = readSources(input, column?.times ?? new Float64Array(count))
    if (column) series.push({ no, stepMs: step, ...column, sourceTimes })
  })
  return { boot, clock, series, total }
}

/** The columns of each series that is wanted, all of a kind in one piece of memory: most are of a few dozen readings. */
function roomFor(
  heads: readonly { readonly count: number; readonly isWanted: boolean }[],
): (Pick<SeriesColumns, 'times' | 'scaled' | 'qualities'> | undefined)[] {
  const size = heads.reduce((sum, { count, isWanted }) => sum + (isWanted ? count : 0), 0)
  const times = new Float64Array(size)
  const scaled = new Float64Array(size)
  const qualities = new Uint16Array(size)
  let to = 0
  return heads.map(({ count, isWanted }) => {
    if (!isWanted) return undefined
    const from = to
    to += count
    return {
      times: times.subarray(from, to),
      scaled: scaled.subarray(from, to),
      qualities: qualities.subarray(from, to),
    }
  })
}

function readTimes(input: VarintReader, column: Float64Array, step: number): void {
  input.fillSigned(column)
  let last = 0
  let lastDelta = 0
  for (let index = 0; index < column.length; index++) {
    const delta = (column[index] as number) + (index < 2 ? 0 : lastDelta)
    last += delta
    lastDelta = delta
    column[index] = within(last * step, MAX_TIME)
  }
}

function readValues(input: VarintReader, column: Float64Array): void {
  input.fillSigned(column)
  let last = 0
  for (let index = 0; index < column.length; index++) {
    last = within(last + (column[index] as number), MAX_SCALED)
    column[index] = last
  }
}

function readingsOf(series: readonly SeriesColumns[]): Reading[] {
  const readings: Reading[] = []
  for (const { no, times, scaled, qualities, sourceTimes } of series)
    for (let index = 0; index < times.length; index++) {
      const reading = {
        seriesNo: no,
        t: times[index] as number,
        scaled: scaled[index] as number,
        quality: qualities[index] as number,
      }
      const sourceT = sourceTimes?.[index]
      readings.push(sourceT === undefined || Number.isNaN(sourceT) ? reading : { ...reading, sourceT })
    }
  return readings
}

function bySeries(readings: readonly Reading[]): [number, Reading[]][] {
  const columns = new Map<number, Reading[]>()
  for (const reading of readings) {
    const column = columns.get(reading.seriesNo)
    if (column) column.push(reading)
    else columns.set(reading.seriesNo, [reading])
  }
  return [...columns].sort(([a], [b]) => a - b)
}

function writeRuns(out: VarintWriter, readings: readonly Reading[]): void {
  for (let index = 0; index < readings.length; ) {
    const quality = readings[index]?.quality as number
    let end = index + 1
    while (end < readings.length && readings[end]?.quality === quality) end++
    out.unsigned(quality)
    out.unsigned(end - index)
    index = end
  }
}

function readRuns(input: VarintReader, column: Uint16Array): void {
  let last = -1
  for (let index = 0; index < column.length; ) {
    const quality = input.unsigned()
    const length = input.unsigned()
    if (quality > MAX_QUALITY || quality === last || length === 0 || index + length > column.length)
      throw malformed('has a broken quality run')
    last = quality
    if (quality > 0) column.fill(quality, index, index + length)
    index += length
  }
}

/** 0: no source said a time. 1: a presence flag and, where it is set, the difference to the (stepped) time. */
function writeSources(out: VarintWriter, readings: readonly Reading[], step: number): void {
  const hasAny = readings.some((reading) => reading.sourceT !== undefined)
  out.byte(hasAny ? 1 : 0)
  if (!hasAny) return
  for (const { t, sourceT } of readings) {
    out.byte(sourceT === undefined ? 0 : 1)
    if (sourceT !== undefined) out.signed(Math.round(sourceT) - stepsOf(t, step) * step)
  }
}

function readSources(input: VarintReader, times: Float64Array): Float64Array | null {
  const flag = input.byte()
  if (flag === 0) return null
  if (flag !== 1) throw malformed('has a broken column of source times')
  return times.map((t) => {
    const isThere = input.byte()
    if (isThere > 1) throw malformed('has a broken column of source times')
    return isThere ? within(t + input.signed(), MAX_TIME) : Number.NaN
  })
}

/** The nearest whole step, except at the very edge, where rounding up would leave what a decoder takes. */
function stepsOf(t: number, step: number): number {
  const steps = Math.round(t / step)
  return Math.abs(steps * step) <= MAX_TIME ? steps : Math.trunc(t / step)
}

function within(value: number, atMost: number): number {
  if (!(Math.abs(value) <= atMost)) throw malformed('holds a number that is too large')
  // −0 would come back as 0 after another round.
  return value + 0
}
