import type { Envelope } from '#contract/wire/batch.ts'
import type { Tx } from '../store/open-store.ts'
import { epochHistory } from './epochs.ts'
import { type Appended, setAside } from './log.ts'

// A request that hung in a proxy while its box was restored comes late by minutes; a second box goes on for days.
const LATE_MS = 3_600_000

/**
 * Keeps what was not appended as evidence, in the caller's transaction. True when it shuts the box out until a person
 * looks: two versions of one range, the first time that this one comes (a replay of what was looked at and lifted
 * changes nothing), and an epoch that goes on beside a newer one. Not when an old key speaks: who holds the new one must
 * not be shut out by a thief. A straggler of an epoch that has just ended is refused and forgotten.
 */
export async function noteRefused(
  tx: Tx,
  envelope: Envelope,
  batch: { readonly bytes: Uint8Array; readonly hash: Uint8Array; readonly receivedAt: number },
  outcome: Exclude<Appended, 'stored' | 'duplicate'>,
): Promise<boolean> {
  const { bytes, hash, receivedAt } = batch
  if (outcome === 'epoch-over') {
    const newest = (await epochHistory(tx, envelope.header.agent)).at(-1)
    if (!newest || receivedAt - newest.beganAt <= LATE_MS) return false
  }
  const isNew = await setAside(tx, envelope, bytes, hash, receivedAt, outcome)
  return outcome === 'epoch-over' || (outcome === 'equivocation' && isNew)
}
