import type { Compression } from '#contract/ground/compression.ts'
import type { SecretKey, Sha256 } from '#contract/ground/signing.ts'
import { MAX_BATCH_BYTES, MAX_BODY_BYTES, type SealedBatch, sealBatch } from '#contract/wire/batch.ts'
import { encodeSegments } from '#contract/wire/columns-codec.ts'
import { encodeEntries } from '#contract/wire/entries-codec.ts'
import { keyIdOf } from '#contract/wire/identity.ts'
import type { Lane } from '#contract/wire/records.ts'
import type { BatchSize } from './batch-size.ts'
import type { Outbox, UnsealedEntries } from './outbox.ts'

export interface SealerOptions {
  readonly agent: string
  readonly outbox: Outbox
  readonly key: SecretKey
  readonly sha256: Sha256
  readonly compression: Compression
}

/** Cuts the next batch of a lane, signs it and keeps it, once: from then on its bytes are what they are. */
export class Sealer {
  readonly #options: SealerOptions
  readonly #keyId: string
  readonly #size: BatchSize

  constructor(options: SealerOptions, size: BatchSize) {
    this.#options = options
    this.#size = size
    this.#keyId = keyIdOf(options.key.publicRaw, options.sha256)
  }

  /** Null when nothing waits; for readings also when fewer than a whole batch wait and none is older than `notAfterT`. */
  async seal(lane: Lane, notAfterT: number): Promise<{ from: number; to: number } | null> {
    const { outbox } = this.#options
    let atMost = this.#size.atMost(lane)
    for (;;) {
      const unsealed = await outbox.unsealed(lane, lane === 'reading' ? { atMost, notAfterT } : { atMost })
      if (!unsealed) return null
      const { from, to } = unsealed
      const count = to - from + 1
      const batch = this.#sealed(lane, unsealed)
      if (count > 1 && this.#isTooLarge(batch)) {
        const share = this.#size.targetBytes / batch.bytes.length
        atMost = Math.max(1, Math.floor(count * Math.min(0.9, Math.max(0.1, share))))
        continue
      }
      if (!unsealed.isLost) this.#size.sealed(lane, count, batch.bytes.length)
      await outbox.saveSealed({ lane, from, to, hash: batch.hash, bytes: batch.bytes })
      return { from, to }
    }
  }

  #isTooLarge({ bytes, header }: SealedBatch): boolean {
    return (
      this.#size.isTooLarge(bytes.length) || bytes.length > MAX_BATCH_BYTES || header.rawSize > MAX_BODY_BYTES
    )
  }

  #sealed(lane: Lane, { epoch, from, to, prev, segments, entries, isLost }: UnsealedEntries): SealedBatch {
    const { outbox, key, sha256, compression, agent } = this.#options
    const isReading = lane === 'reading' && !isLost
    const form = isLost ? 'loss-1' : isReading ? 'columns-1' : 'entries-1'
    const body = isReading ? encodeSegments(segments, (no) => outbox.stepOf(no)) : encodeEntries(entries)
    const header = { agent, key: this.#keyId, epoch, lane, from, to, prev, form }
    return sealBatch(header, body, { key, sha256, compression })
  }
}
