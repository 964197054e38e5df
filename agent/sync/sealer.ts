import type { Compression } from '#contract/ground/compression.ts'
import type { SecretKey, Sha256 } from '#contract/ground/signing.ts'
import { MAX_BATCH_BYTES, MAX_BODY_BYTES, type SealedBatch, sealBatch } from '#contract/wire/batch.ts'
import { encodeSegments } from '#contract/wire/columns-codec.ts'
import { encodeEntries } from '#contract/wire/entries-codec.ts'
import type { Lane } from '#contract/wire/records.ts'
import type { BatchSize } from './batch-size.ts'
import type { Outbox, UnsealedEntries } from './outbox.ts'
import { type Signer, SigningKeys } from './signing-keys.ts'

export interface SealerOptions {
  readonly agent: string
  readonly outbox: Outbox
  readonly key: SecretKey
  /** Where the key may change; `key` signs everything without them. */
  readonly keys?: SigningKeys
  readonly sha256: Sha256
  readonly compression: Compression
}

/** Cuts the next batch of a lane, signs it and keeps it, once: from then on its bytes are what they are. */
export class Sealer {
  readonly #options: SealerOptions
  readonly #keys: SigningKeys
  readonly #size: BatchSize

  constructor(options: SealerOptions, size: BatchSize) {
    this.#options = options
    this.#size = size
    const { agent, key, sha256 } = options
    this.#keys = options.keys ?? new SigningKeys({ agent, ring: [key], sha256 })
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
      const signer = this.#keys.signerAt(unsealed.epoch, lane, from)
      if (!signer) return null
      if (to > signer.through) {
        // One key, one batch: the next key begins where this one ends.
        atMost = signer.through - from + 1
        continue
      }
      const batch = this.#sealed(lane, unsealed, signer)
      if (count > 1 && this.#isTooLarge(batch)) {
        const share = this.#size.targetBytes / batch.bytes.length
        atMost = Math.max(1, Math.floor(count * Math.min(0.9, Math.max(0.1, share))))
        continue
      }
      if (!unsealed.isLost) this.#size.sealed(lane, count, batch.bytes.length)
      const times = timesOf(unsealed.segments)
      await outbox.saveSealed({ lane, from, to, hash: batch.hash, bytes: batch.bytes, ...times })
      return { from, to }
    }
  }

  #isTooLarge({ bytes, header }: SealedBatch): boolean {
    return (
      this.#size.isTooLarge(bytes.length) || bytes.length > MAX_BATCH_BYTES || header.rawSize > MAX_BODY_BYTES
    )
  }

  #sealed(
    lane: Lane,
    { epoch, from, to, prev, segments, entries, isLost }: UnsealedEntries,
    { key, keyId }: Signer,
  ): SealedBatch {
    const { outbox, sha256, compression, agent } = this.#options
    const isReading = lane === 'reading' && !isLost
    const form = isLost ? 'loss-1' : isReading ? 'columns-1' : 'entries-1'
    const body = isReading ? encodeSegments(segments, (no) => outbox.stepOf(no)) : encodeEntries(entries)
    const header = { agent, key: keyId, epoch, lane, from, to, prev, form }
    return sealBatch(header, body, { key, sha256, compression })
  }
}

/** When the first and the last reading were taken; nothing where there are none. */
function timesOf(segments: UnsealedEntries['segments']): { fromT: number; toT: number } | undefined {
  let fromT = Number.POSITIVE_INFINITY
  let toT = Number.NEGATIVE_INFINITY
  for (const { readings } of segments) {
    for (const { t } of readings) {
      fromT = Math.min(fromT, t)
      toT = Math.max(toT, t)
    }
  }
  return fromT <= toT ? { fromT, toT } : undefined
}
