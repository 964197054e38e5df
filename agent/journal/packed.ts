import type { TimeQuality } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { MAX_SCALED } from '#contract/wire/columns-codec.ts'
import type { Reading } from '#contract/wire/records.ts'

/**
 * Readings as plain numbers, six a row: place in `stamps`, series, t, scaled, quality, the source's time (NaN: none
 * said). They lie in memory that both threads see: a thousand objects through `postMessage` cost more than their
 * insertion, and 48 kB of doubles are not even copied.
 */
export const ROW = 6

/** The boot and what its clock was worth when a reading was appended; both may change before it is committed. */
export interface BootStamp {
  readonly boot: string
  readonly clock: TimeQuality
}

/** An entry of the record or finding lane, already encoded: what can't be encoded is refused before it joins a commit. */
export interface PackedRecord {
  readonly kind: string
  readonly t: number
  readonly body: Uint8Array
}

/** Readings with the boots that their first column counts into. */
export interface PackedBlock {
  readonly stamps: readonly BootStamp[]
  readonly readings: Float64Array
}

export interface Gathered extends PackedBlock {
  readonly records: readonly PackedRecord[]
}

export class PackedReadings {
  #rows = shared(64 * ROW)
  /** What the commit before lay in. */
  #spare: Float64Array | undefined
  #length = 0
  #stamps: BootStamp[] = []

  get count(): number {
    return this.#length / ROW
  }

  add(readings: readonly Reading[], stamp: BootStamp): void {
    if (readings.length === 0) return
    const end = this.#length + readings.length * ROW
    if (end > this.#rows.length) {
      const larger = shared(Math.max(end, this.#rows.length * 2))
      larger.set(this.#rows.subarray(0, this.#length))
      this.#rows = larger
    }
    const rows = this.#rows
    const stampNo = this.#numberOf(stamp)
    let at = this.#length
    for (const { seriesNo, t, scaled, quality, sourceT } of readings) {
      rows[at] = stampNo
      rows[at + 1] = seriesNo
      rows[at + 2] = Math.round(t)
      rows[at + 3] = scaled
      rows[at + 4] = quality
      rows[at + 5] = sourceT !== undefined && isTime(sourceT) ? Math.round(sourceT) : Number.NaN
      at += ROW
    }
    this.#length = at
  }

  /** The rows so far; what is added later is no part of them. They stay as they are until `giveBack`. */
  take(): PackedBlock {
    const taken = { stamps: this.#stamps, readings: this.#rows.subarray(0, this.#length) }
    this.#rows = this.#spare ?? shared(this.#rows.length <= MOST_KEPT ? this.#rows.length : 64 * ROW)
    this.#spare = undefined
    this.#stamps = []
    this.#length = 0
    return taken
  }

  /** Nobody looks at these any more: others may lie there. */
  giveBack({ readings }: PackedBlock): void {
    const whole = new Float64Array(readings.buffer)
    if (whole.length <= MOST_KEPT) this.#spare = whole
  }

  #numberOf({ boot, clock }: BootStamp): number {
    const last = this.#stamps.at(-1)
    if (last?.boot !== boot || last.clock !== clock) this.#stamps.push({ boot, clock })
    return this.#stamps.length - 1
  }
}

// 400 kB, twice. What a burst beyond that lay in is given away.
const MOST_KEPT = 8192 * ROW

const shared = (length: number): Float64Array =>
  new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT))

/**
 * Throws `input-invalid` for what no table and no batch could hold: one such reading would otherwise fail the
 * commit of everybody who shares it, again and again when its source repeats it.
 */
export function refuseUnstorable(readings: readonly Reading[]): void {
  for (const { seriesNo, t, scaled, quality } of readings) {
    const isStorable =
      Number.isSafeInteger(seriesNo) &&
      seriesNo > 0 &&
      isTime(t) &&
      Number.isSafeInteger(scaled) &&
      Math.abs(scaled) <= MAX_SCALED &&
      Number.isInteger(quality) &&
      quality >= 0 &&
      quality <= 0xffff
    if (!isStorable)
      throw new VuonError(
        'input-invalid',
        `Not a reading: series ${seriesNo}, t ${t}, scaled ${scaled}, quality ${quality}.`,
      )
  }
}

// The year 37,648, as far as batches go; differences of two differences stay exact. A source that says more has no clock.
const isTime = (t: number): boolean => Math.abs(t) <= 2 ** 50
