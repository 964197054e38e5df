import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { PublicKey, Sha256 } from '#contract/ground/signing.ts'
import { type Envelope, isBatchSignedBy } from '#contract/wire/batch.ts'
import { type ChainedKey, type SeqOfLane, standingOf } from '#contract/wire/key-rotation.ts'
import type { Db } from '../store/open-store.ts'
import type { BoxSessions } from './box-session.ts'

/** A key of a box as the door needs it. The last of a list is the one that the box speaks with. */
export interface EnrolledKey extends ChainedKey {
  readonly publicRaw: Uint8Array
  readonly revoked: {
    readonly reason: string
    readonly epoch: string
    readonly lastTrusted: SeqOfLane
  } | null
}

interface Outside {
  readonly sha256: Sha256
  readonly publicKeyFromRaw: (raw: Uint8Array) => PublicKey
}

/** Throws `key-unknown-yet` (the rotation may still be on its way), `signature-wrong`, `key-revoked`. */
export function verifySigner(
  envelope: Envelope,
  keys: readonly EnrolledKey[],
  { sha256, publicKeyFromRaw }: Outside,
): void {
  const signer = keys.find(({ key }) => key === envelope.header.key)
  if (signer && !isBatchSignedBy(envelope, publicKeyFromRaw(signer.publicRaw), sha256))
    throw new VuonError('signature-wrong')
  standingNow(envelope, keys)
}

/**
 * Whether the key that a batch names may sign these seqs by what is known now: `over` when its successor does. Throws
 * `key-unknown-yet`, `key-revoked`, and `signature-wrong` for seqs before the key's first.
 */
export function standingNow({ header }: Envelope, keys: readonly EnrolledKey[]): 'theirs' | 'over' {
  const index = keys.findIndex(({ key }) => key === header.key)
  const signer = keys[index]
  if (!signer) throw keys.at(-1)?.revoked ? revoked(keys.at(-1)) : new VuonError('key-unknown-yet')
  const { epoch, lane, to } = header
  const isWithin = signer.revoked?.epoch === epoch && to <= signer.revoked.lastTrusted[lane]
  if (signer.revoked && !isWithin) throw revoked(signer)
  const standing = standingOf(keys, index, header)
  if (standing === 'early')
    throw new VuonError('signature-wrong', 'This key does not sign these numbers: the one before it does.')
  return standing
}

/**
 * Which key proves who speaks now: a session is had by the newest key alone. Throws `key-retired` when an earlier key
 * signed (an old copy of the card), `key-revoked`, `signature-wrong`.
 */
export function speakerOf(
  message: Uint8Array,
  signature: Uint8Array,
  keys: readonly EnrolledKey[],
  publicKeyFromRaw: Outside['publicKeyFromRaw'],
): EnrolledKey {
  const signer = keys.find(({ publicRaw }) => publicKeyFromRaw(publicRaw).verify(message, signature))
  if (!signer) throw new VuonError('signature-wrong')
  return currentOrThrow(signer.key, keys)
}

/** The key of that name, as long as the box speaks with it. Throws `key-retired` or `key-revoked`. */
export function currentOrThrow(name: string, keys: readonly EnrolledKey[]): EnrolledKey {
  const current = keys.at(-1)
  const named = keys.find(({ key }) => key === name)
  if (named?.revoked) throw revoked(named)
  if (!current || named !== current) throw new VuonError('key-retired')
  return current
}

/**
 * The agent of a bearer, as long as it still speaks with the key that the bearer was had by. Throws
 * `session-required`, `agent-unknown`, `key-revoked`.
 */
export async function bearerAgent(
  authorization: string | undefined,
  sessions: BoxSessions,
  {
    db,
    clock,
    enrolled,
  }: {
    readonly db: Db
    readonly clock: Clock
    readonly enrolled: (
      db: Db,
      agent: string,
    ) => Promise<{ readonly keys: readonly EnrolledKey[] } | undefined>
  },
): Promise<string> {
  const { agent, key } = sessions.bearerOf(authorization, clock.wallMs())
  const box = await enrolled(db, agent)
  if (!box) throw new VuonError('agent-unknown')
  const named = box.keys.find((each) => each.key === key)
  if (named?.revoked) throw revoked(named)
  // The box has changed its key since: it asks again, with the new one.
  if (named === undefined || named !== box.keys.at(-1))
    throw new VuonError('session-required', 'This session was had by a key that has a successor.')
  return agent
}

/** A revoked key has an answer of its own, which says more than that its box is shut out. */
export const isRevoked = ({ keys }: { readonly keys: readonly EnrolledKey[] }): boolean =>
  keys.at(-1)?.revoked != null

const revoked = (key: EnrolledKey | undefined): VuonError =>
  new VuonError('key-revoked', `The province has revoked this key (${key?.revoked?.reason ?? 'no reason'}).`)
