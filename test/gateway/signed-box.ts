import type { TimeQuality } from '#contract/ground/clock.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import { type SealedBatch, sealBatch } from '#contract/wire/batch.ts'
import { encodeSegments } from '#contract/wire/columns-codec.ts'
import { encodeEntries } from '#contract/wire/entries-codec.ts'
import { agentIdOf, keyIdOf } from '#contract/wire/identity.ts'
import type { BatchHeader, Lane, Reading, RecordEntry, SeriesEntry } from '#contract/wire/records.ts'

/** 2026-11-23T00:00:00Z: the day on which the tests happen. */
export const DAY = Date.UTC(2026, 10, 23)
export const BOOT = '00000000000000b1'
export const STAMP = { t: DAY, boot: BOOT, clock: 'synchronised' as const }

/** A farm's box as the gateway meets it: a key, an epoch, and per lane the next seq and the hash of the last batch. */
export class SignedBox {
  readonly key: SecretKey
  readonly agent: string
  readonly keyId: string
  readonly epoch: string
  readonly #next: Record<Lane, { seq: number; prev: Uint8Array | null }> = {
    record: { seq: 1, prev: null },
    finding: { seq: 1, prev: null },
    reading: { seq: 1, prev: null },
  }

  constructor(number = 1, epoch = number.toString(16).padStart(16, '0')) {
    this.key = secretKeyFromSeed(new Uint8Array(32).fill(number))
    this.agent = agentIdOf(this.key.publicRaw, sha256)
    this.keyId = keyIdOf(this.key.publicRaw, sha256)
    this.epoch = epoch
  }

  /** The next batch of the record lane. */
  records(...bodies: (SeriesEntry | (Record<string, unknown> & { kind: string }))[]): SealedBatch {
    const entries = bodies.map((body) => ({ ...STAMP, ...body }) as RecordEntry)
    return this.seal('record', encodeEntries(entries), bodies.length)
  }

  /** The next batch of the reading lane. */
  readings(
    readings: readonly Reading[],
    options: { boot?: string; step?: number; clock?: TimeQuality } = {},
  ): SealedBatch {
    const segment = { boot: options.boot ?? BOOT, clock: options.clock ?? 'synchronised', readings }
    return this.seal(
      'reading',
      encodeSegments([segment], () => options.step ?? 1000),
      readings.length,
    )
  }

  /** Seals any body as the next `count` seqs of a lane. */
  seal(lane: Lane, body: Uint8Array, count: number, change: Partial<BatchHeader> = {}): SealedBatch {
    const { seq, prev } = this.#next[lane]
    const header = {
      agent: this.agent,
      key: this.keyId,
      epoch: this.epoch,
      lane,
      from: seq,
      to: seq + count - 1,
      prev,
      form: lane === 'reading' ? 'columns-1' : 'entries-1',
      ...change,
    }
    const batch = sealBatch(header, body, { key: this.key, sha256, compression })
    this.#next[lane] = { seq: batch.header.to + 1, prev: batch.hash }
    return batch
  }

  /** The same box at the same place of its history. */
  twin(): SignedBox {
    const twin = this.clone()
    Object.assign(twin.#next, structuredClone(this.#next))
    return twin
  }

  /** The same key and epoch from the start: what a cloned card is. */
  clone(): SignedBox {
    const clone = new SignedBox(1, this.epoch)
    return Object.assign(clone, { key: this.key, agent: this.agent, keyId: this.keyId })
  }
}

export const seriesEntry = (no: number, change: Partial<SeriesEntry> = {}): SeriesEntry => ({
  kind: 'series',
  no,
  uuid: `00000000-0000-4000-8000-${String(no).padStart(12, '0')}`,
  device: `probe ${no}`,
  channel: '',
  quantity: 'soil-moisture',
  unit: '%',
  resolution: 0.1,
  timeStepMs: 1000,
  place: 'plot A',
  origin: 'measured',
  ...change,
})

/** `count` readings of one series, a minute apart. */
export const minutes = (seriesNo: number, count: number, fromT = DAY, scaled = 300): Reading[] =>
  Array.from({ length: count }, (_, index) => ({
    seriesNo,
    t: fromT + index * 60_000,
    scaled: scaled + (index % 7),
    quality: 0,
  }))
