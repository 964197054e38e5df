import { VuonError } from '#contract/ground/errors.ts'

// A department's office behind one address signs in a few times a minute; each try costs 100 ms and 32 MiB of scrypt.
const TRIES_A_MINUTE = 30

/** Bounds the sign-ins that one address tries, whichever accounts it tries; the accounts have locks of their own. */
export class TryLimit {
  readonly #nowMs: () => number
  readonly #tries = new Map<string, { count: number; sinceMs: number }>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Throws `too-many-requests`. */
  spend(address: string): void {
    const nowMs = this.#nowMs()
    let tries = this.#tries.get(address)
    if (!tries || Math.abs(nowMs - tries.sinceMs) > 60_000) {
      // Forgetting everybody when thousands of addresses try costs an attacker one minute at most.
      if (this.#tries.size >= 10_000) this.#tries.clear()
      tries = { count: 0, sinceMs: nowMs }
      this.#tries.set(address, tries)
    }
    if (++tries.count > TRIES_A_MINUTE) throw new VuonError('too-many-requests')
  }
}
