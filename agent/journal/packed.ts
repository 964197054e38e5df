import type { TimeQuality } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { MAX_SCALED } from '#contract/wire/columns-codec.ts'
import type { Reading } from '#contract/wire/records.ts'

/**
 * Readings as plain numbers, six a row: place in `stamps`, series, t, scaled, quality, the source's time (NaN: none
 * said). A thousand objects through `postMessage` cost more than their insertion; 48 kB of doubles are one copy.
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
  #rows = new Float64Array(64 * ROW)
  #length = 0
  #stamps: BootStamp[] = []

  get count(): number {
    return this.#length / ROW
  }

  add(readings: readonly Reading[], stamp: BootStamp): void {
    if (readings.length === 0) return
    const end = this.#length + readings.length * ROW
    if (end > this.#rows.length) {
      const larger = new Float64Array(Math.max(end, this.#rows.length * 2))
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

  /** The rows so far; what is added later is no part of them. */
  take(): PackedBlock {
    const taken = { stamps: this.#stamps, readings: this.#rows.slice(0, this.#length) }
    this.#stamps = []
    this.#length = 0
    return taken
  }

  #numberOf({ boot, clock }: BootStamp): number {
    const last = this.#stamps.at(-1)
    if (last?.boot !== boot || last.clock !== clock) this.#stamps.push({ boot, clock })
    return this.#stamps.length - 1
  }
}

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
