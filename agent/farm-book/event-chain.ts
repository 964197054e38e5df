import { toHex } from '#contract/ground/bytes.ts'
import type { TimeQuality } from '#contract/ground/clock.ts'
import type { SecretKey, Sha256 } from '#contract/ground/signing.ts'
import type { EpcisEvent } from '#contract/trace/epcis.ts'
import { openSignedEvent, signEvent } from '#contract/trace/signed-event.ts'
import type { EventEntry, RecordBody, RecordEntry } from '#contract/wire/records.ts'

/** What the farm book needs of the journal: entries on disk when the promise resolves, counters spent before they are told. */
export interface FarmJournal {
  readonly epoch: string
  now(): number
  appendRecords(bodies: readonly RecordBody[]): Promise<{ seq: number; t: number }[]>
  takeCounter(name: string): Promise<number>
  records(kind: string, options: { limit: number }): Promise<{ seq: number; entry: RecordEntry }[]>
}

export interface Signer {
  readonly agent: string
  readonly keyId: string
  readonly key: SecretKey
}

/** One chain of signed events; whoever appends waits for his turn, so that it never has two ends. */
export class EventChain {
  readonly #journal: FarmJournal
  readonly #sha256: Sha256
  /** Number and predecessor of the event to come; undefined until they are read from the journal. */
  #end: { readonly eventNo: number; readonly prev: string } | undefined

  constructor(journal: FarmJournal, sha256: Sha256) {
    this.#journal = journal
    this.#sha256 = sha256
  }

  /** Signs the events, each after the one before, and appends them behind the entries that they tell of, in one commit. */
  async append(
    signer: Signer,
    clock: TimeQuality | 'person',
    bodies: readonly RecordBody[],
    events: readonly EpcisEvent[],
  ): Promise<void> {
    let { eventNo, prev } = await this.#chainEnd()
    const capturedAt = new Date(this.#journal.now()).toISOString()
    const entries: EventEntry[] = []
    for (const event of events) {
      const { agent, keyId } = signer
      const statement = {
        agent,
        key: keyId,
        epoch: this.#journal.epoch,
        eventNo,
        prev,
        capturedAt,
        clock,
        event,
      }
      const { signed, signature, hash } = signEvent(statement, signer.key, this.#sha256)
      entries.push({ kind: 'event', signed, signature })
      eventNo++
      prev = hash
    }
    // Whether a failed append is on the disk after all, the journal knows: the end is read from it again.
    this.#end = undefined
    await this.#journal.appendRecords([...bodies, ...entries])
    this.#end = { eventNo, prev }
  }

  /** From the journal at first: the chain goes on after a restart. */
  async #chainEnd(): Promise<{ readonly eventNo: number; readonly prev: string }> {
    if (this.#end) return this.#end
    const [last] = await this.#journal.records('event', { limit: 1 })
    if (!last) return { eventNo: 1, prev: '' }
    const { signed } = last.entry as EventEntry & RecordEntry
    return { eventNo: openSignedEvent(signed).eventNo + 1, prev: toHex(this.#sha256(signed)) }
  }
}
