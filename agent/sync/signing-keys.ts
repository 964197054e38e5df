import { equalBytes } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { SecretKey, Sha256 } from '#contract/ground/signing.ts'
import { keyIdOf } from '#contract/wire/identity.ts'
import { type KeyRotationEntry, rotationProof, type SeqOfLane } from '#contract/wire/key-rotation.ts'
import { LANES, type Lane } from '#contract/wire/records.ts'
import type { LaneState, RotationOutbox } from './outbox.ts'

/** Which key seals a seq, and through which seq it goes on to. */
export interface Signer {
  readonly key: SecretKey
  readonly keyId: string
  readonly through: number
}

interface RingKey {
  readonly key: SecretKey
  readonly keyId: string
  /** Where it begins in this epoch; undefined until its rotation is entered. */
  from: SeqOfLane | undefined
}

const FROM_THE_FIRST: SeqOfLane = { record: 1, finding: 1, reading: 1 }
// Something is appended while the rotation is signed; each try is a few milliseconds.
const TRIES = 20

/**
 * The box's keys while one follows another. What is on the card already decides: a key ring of one signs everything;
 * with more, the journal's own entries say where each begins, so that a cut at any moment leaves one right answer.
 *
 *   key made ─► rotation entered (signed by the new, sealed by the old) ─► all of the old durable ─► old destroyed
 */
export class SigningKeys {
  readonly #agent: string
  readonly #ring: readonly RingKey[]
  readonly #outbox: RotationOutbox | undefined
  /** The epoch that the boundaries are of. */
  #epoch: string | undefined
  /** The newest key that the province is known to know; the box speaks with it. */
  #spoken = 0
  readonly speaker: SecretKey

  constructor(options: {
    readonly agent: string
    /** The oldest first. */
    readonly ring: readonly SecretKey[]
    readonly sha256: Sha256
    /** Absent where no key ever changes. */
    readonly outbox?: RotationOutbox
  }) {
    this.#agent = options.agent
    this.#outbox = options.outbox
    this.#ring = options.ring.map((key, index) => ({
      key,
      keyId: keyIdOf(key.publicRaw, options.sha256),
      from: index === 0 ? FROM_THE_FIRST : undefined,
    }))
    const spoken = (): SecretKey => this.#at(this.#spoken).key
    this.speaker = {
      get publicRaw() {
        return spoken().publicRaw
      },
      sign: (message) => spoken().sign(message),
    }
  }

  get keyIds(): readonly string[] {
    return this.#ring.map(({ keyId }) => keyId)
  }

  /** What signs from now on: the newest key whose rotation is entered. */
  get newest(): { readonly key: SecretKey; readonly keyId: string } {
    return this.#ring.findLast(({ from }) => from !== undefined) ?? this.#at(0)
  }

  /** The province says that this key has a successor. True when that one is here. */
  spokeWithRetired(): boolean {
    if (this.#spoken + 1 >= this.#ring.length) return false
    this.#spoken++
    return true
  }

  /**
   * Sees to it that every key has its place in this epoch, and enters the rotations that are not entered. False when
   * the province has to be asked first: an earlier epoch has told of the key, and it may have heard of it. `isAsked`:
   * a session was granted, so it knows the keys up to `speaker` and no later one.
   */
  async settle({ isAsked }: { isAsked: boolean }): Promise<boolean> {
    const outbox = this.#outbox
    if (!outbox || this.#ring.length === 1) return true
    const { epoch } = outbox
    if (this.#epoch !== epoch) for (const each of this.#ring.slice(1)) each.from = undefined
    this.#epoch = epoch
    const entered = await outbox.rotations()
    for (const [index, each] of this.#ring.entries()) {
      if (each.from) continue
      const { publicRaw } = each.key
      const ofIt = entered.filter(({ publicKey }) => equalBytes(publicKey, publicRaw))
      const here = ofIt.find((entry) => entry.epoch === epoch)
      if (here) each.from = here.from
      else if (index <= this.#spoken) each.from = FROM_THE_FIRST
      else if (ofIt.length > 0 && !isAsked) return false
      else each.from = await this.#enter(outbox, index)
    }
    return true
  }

  /** Null while the place of a key is not settled in this epoch: then nothing is sealed. */
  signerAt(epoch: string, lane: Lane, seq: number): Signer | null {
    if (this.#ring.length === 1) return { ...this.#at(0), through: Number.MAX_SAFE_INTEGER }
    if (epoch !== this.#epoch || this.#ring.some(({ from }) => from === undefined)) return null
    const begins = (each: RingKey): number => each.from?.[lane] ?? 1
    const index = this.#ring.findLastIndex((each) => begins(each) <= seq)
    const later = this.#ring.slice(index + 1).map(begins)
    return { ...this.#at(index), through: Math.min(Number.MAX_SAFE_INTEGER, ...later) - 1 }
  }

  /** What the province holds durably: once the entry of a rotation is, the box speaks with the new key. */
  acknowledged(epoch: string, recordThrough: number): void {
    if (epoch !== this.#epoch) return
    for (const [index, { from }] of this.#ring.entries())
      if (from && index > this.#spoken && recordThrough >= from.record - 1) this.#spoken = index
  }

  /** Whether everything that the oldest key signed is durable at the province, which knows the next one. */
  isOldestDone(epoch: string, lanes: Readonly<Record<Lane, LaneState>>): boolean {
    const next = this.#ring[1]
    if (!next?.from || epoch !== this.#epoch || this.#spoken === 0) return false
    const { from } = next
    return LANES.every((lane) => lanes[lane].durableThrough >= from[lane] - 1)
  }

  async #enter(outbox: RotationOutbox, index: number): Promise<SeqOfLane> {
    const [old, next] = [this.#at(index - 1), this.#at(index)]
    for (let tries = 0; tries < TRIES; tries++) {
      const { lanes } = await outbox.state()
      const from: SeqOfLane = {
        record: (lanes.record.lastSeq ?? lanes.record.sealedThrough) + 2,
        finding: Math.max(lanes.finding.sealedThrough + 1, old.from?.finding ?? 1),
        reading: Math.max(lanes.reading.sealedThrough + 1, old.from?.reading ?? 1),
      }
      const claim = { oldKey: old.keyId, publicKey: next.key.publicRaw, epoch: outbox.epoch, from }
      const proof = next.key.sign(rotationProof(this.#agent, claim))
      const entry: KeyRotationEntry = { kind: 'key-rotation', ...claim, proof }
      if (await outbox.appendRotation(entry)) return from
    }
    throw new VuonError('journal-busy', 'The change of key found no quiet moment in the journal.')
  }

  #at(index: number): RingKey {
    return this.#ring[index] as RingKey
  }
}
