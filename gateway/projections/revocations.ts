import { VuonError } from '#contract/ground/errors.ts'
import type { RevocationEntry, RevocationReason, SeqOfLane } from '#contract/wire/key-rotation.ts'
import { epochHistory } from '../log/epochs.ts'
import type { Db } from '../store/open-store.ts'
import { heldThrough } from './key-lines.ts'
import { keysOfAgent } from './keys.ts'

/** What a person decides; what is left out is filled in from what is here. */
export interface Revocation {
  readonly agent: string
  /** Without it every key of the box. */
  readonly key?: string
  readonly reason: RevocationReason
  /** A lane that is not named is trusted as far as it is here now. */
  readonly lastTrusted?: Partial<SeqOfLane>
  /** The newest one without it. */
  readonly epoch?: string
}

export interface Revoking {
  readonly keys: readonly string[]
  readonly epoch: string
  readonly lastTrusted: SeqOfLane
  readonly untrustedBatches: number
}

// Of a box that has sent nothing: then nothing is trusted, whatever it is going to call its epoch.
const NO_EPOCH = '0000000000000000'

/** The decisions, one for each key. Throws `not-found`, `input-invalid`. */
export async function revocationsOf(
  db: Db,
  { agent, key, reason, lastTrusted, epoch: wanted }: Revocation,
): Promise<readonly [RevocationEntry, ...RevocationEntry[]]> {
  const keys = (await keysOfAgent(db, agent)).map((each) => each.key)
  const [first, ...rest] = key === undefined ? keys : keys.filter((each) => each === key)
  if (keys.length === 0)
    throw new VuonError('not-found', `No box ${agent} is enrolled.`, {
      hint: 'vuon-gateway key list shows every box.',
    })
  if (first === undefined)
    throw new VuonError('input-invalid', `Box ${agent} never had a key ${key}.`, {
      hint: 'vuon-gateway key list --agent ID shows its keys.',
    })
  const epochs = (await epochHistory(db, agent)).map((each) => each.epoch)
  if (wanted !== undefined && !epochs.includes(wanted))
    throw new VuonError('input-invalid', `Box ${agent} never had an epoch ${wanted.slice(0, 40)}.`, {
      hint: 'vuon-gateway key list --agent ID --json shows its epochs.',
    })
  const epoch = wanted ?? epochs.at(-1) ?? NO_EPOCH
  const trusted: SeqOfLane = { ...(await heldThrough(db, agent, epoch)), ...lastTrusted }
  const decision = (each: string): RevocationEntry => ({
    kind: 'revocation',
    agent,
    key: each,
    reason,
    epoch,
    lastTrusted: trusted,
  })
  return [decision(first), ...rest.map(decision)]
}
