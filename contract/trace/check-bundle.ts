import { fromBase64, fromUtf8, toHex } from '../ground/bytes.ts'
import type { Sha256 } from '../ground/signing.ts'
import { DETAILS } from './check-details.ts'
import { parseCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
import { isKeyListSigned, type KeyList, standingOfEvent } from './key-list.ts'
import { capturedMessage, encodeLeaf } from './log-leaf.ts'
import { isIncluded, leafHash } from './merkle.ts'
import type { BundledCapturedEvent, BundledEvent, BundledFarmEvent, ProofBundle } from './proof-bundle.ts'
import { type EventStatement, eventMessage, openSignedEvent } from './signed-event.ts'
import { type NoteKey, parseNoteKey, standingOfKey, type VerifySignature } from './signed-note.ts'

/** What is checked of a bundle, in the order of the checks; those of one event bear its number. */
export type CheckName =
  | 'province-key'
  | 'checkpoint'
  | 'cosignature'
  | 'key-list'
  | 'signature'
  | 'key'
  | 'event-id'
  | 'chain'
  | 'inclusion'

export interface BundleCheck {
  readonly check: CheckName
  readonly ok: boolean
  readonly detail: string
  /** Which event of the bundle, from 1. */
  readonly event?: number
}

export interface BundleReport {
  /** What did not hold, each once; an event that only waits for the log is none of these. */
  readonly failed: readonly CheckName[]
  /** `waiting`: nothing is wrong, and an event is not in the log yet. */
  readonly state: 'verified' | 'waiting' | 'failed'
  readonly checks: readonly BundleCheck[]
  readonly checkpoint: SignedCheckpoint | null
  /** Names of those outside the province who signed the same checkpoint. */
  readonly cosigners: readonly string[]
}

export interface CheckingOutside {
  readonly sha256: Sha256
  readonly verify: VerifySignature
  /** The CBV hash of an event with its own @context; without it the eventID is not computed again. */
  readonly eventHash?: (event: EventStatement['event'], sha256: Sha256) => string
  /** What the reader knows from elsewhere: the province's raw key, and who has to have cosigned. */
  readonly pinned?: { readonly provinceRaw?: Uint8Array; readonly cosigners?: readonly NoteKey[] }
}

/** Checks everything that a bundle says; what cannot be checked counts as wrong. Never throws on what is in it. */
export async function checkBundle(bundle: ProofBundle, outside: CheckingOutside): Promise<BundleReport> {
  const checks: BundleCheck[] = []
  const say = (check: CheckName, ok: boolean, detail: string, event?: number): boolean => {
    checks.push({ check, ok, detail, ...(event === undefined ? {} : { event }) })
    return ok
  }
  const key = provinceKey(bundle, outside, say)
  const checkpoint =
    key && bundle.checkpoint !== null ? await signedCheckpoint(bundle, key, outside, say) : null
  const cosigners = checkpoint ? await cosignersOf(bundle, checkpoint, outside, say) : []
  const list = key ? await keyList(bundle, key, outside, say) : undefined
  let isWaiting = false
  const opened: { statement: EventStatement; hash: string; number: number }[] = []
  for (const [index, event] of bundle.events.entries()) {
    const number = index + 1
    const sayHere: SayOfEvent = (...said) => say(...said, number)
    if (event.kind === 'captured-event') {
      if (key) await captured(event, key, outside, sayHere)
    } else {
      const statement = openedOrNothing(() => openSignedEvent(fromBase64(event.signed)))
      if (!statement) {
        say('signature', false, DETAILS.eventUnread, number)
        continue
      }
      opened.push({ statement, hash: toHex(outside.sha256(fromBase64(event.signed))), number })
      try {
        if (list) await signature(event, statement, list, outside, sayHere)
      } catch {
        // A list that somebody signed for himself may hold anything.
        say('key', false, DETAILS.listUnread, number)
      }
      eventId(event, statement.event, outside, sayHere)
    }
    if (!event.leaf) {
      isWaiting = true
      say('inclusion', false, DETAILS.waiting, number)
    } else say(...inclusion(event, checkpoint, outside.sha256), number)
  }
  chain(opened, say)
  if (bundle.events.length === 0) say('signature', false, DETAILS.eventsMissing)
  const failed = checks.filter(
    ({ check, ok, event }) =>
      !ok && !(check === 'inclusion' && bundle.events[(event ?? 0) - 1]?.leaf === null),
  )
  const state = failed.length > 0 ? 'failed' : isWaiting ? 'waiting' : 'verified'
  return {
    state,
    failed: [...new Set(failed.map(({ check }) => check))],
    checks,
    checkpoint,
    cosigners,
  }
}

type Say = (check: CheckName, ok: boolean, detail: string, event?: number) => boolean
type SayOfEvent = (check: CheckName, ok: boolean, detail: string) => boolean

function provinceKey(
  { log }: ProofBundle,
  { sha256, pinned }: CheckingOutside,
  say: Say,
): NoteKey | undefined {
  let key: NoteKey
  try {
    key = parseNoteKey(log.key, sha256)
  } catch {
    say('province-key', false, DETAILS.keyUnread)
    return undefined
  }
  const known = pinned?.provinceRaw
  const isSame = !known || toHex(known) === toHex(key.publicRaw)
  if (key.name !== log.origin || key.kind !== 'plain') say('province-key', false, DETAILS.keyOfOtherLog)
  else if (!isSame) say('province-key', false, DETAILS.keyNotKnown)
  else if (known) say('province-key', true, DETAILS.keyKnown)
  return key
}

async function signedCheckpoint(
  bundle: ProofBundle,
  key: NoteKey,
  { verify }: CheckingOutside,
  say: Say,
): Promise<SignedCheckpoint | null> {
  try {
    const checkpoint = parseCheckpoint(bundle.checkpoint ?? '')
    const standing = await standingOfKey(checkpoint.note, key, verify)
    if (checkpoint.origin !== bundle.log.origin) say('checkpoint', false, DETAILS.otherLog)
    else if (standing.is !== 'signed') say('checkpoint', false, DETAILS.checkpointUnsigned)
    else {
      say('checkpoint', true, DETAILS.checkpointSigned(checkpoint.size))
      return checkpoint
    }
  } catch (error) {
    say('checkpoint', false, (error as Error).message)
  }
  return null
}

/** Those whom the reader asks for have to have signed; of the others only a forgery is wrong. */
async function cosignersOf(
  bundle: ProofBundle,
  { note, origin }: SignedCheckpoint,
  { sha256, verify, pinned }: CheckingOutside,
  say: Say,
): Promise<string[]> {
  const named: string[] = []
  const asked = pinned?.cosigners
  for (const each of asked ?? bundle.cosigners) {
    let key: NoteKey
    try {
      key = typeof each === 'string' ? parseNoteKey(each, sha256) : each
    } catch (error) {
      say('cosignature', false, (error as Error).message)
      continue
    }
    // The log's own key under another kind vouches for nothing more.
    if (key.name === origin) continue
    const standing = await standingOfKey(note, key, verify)
    if (standing.is === 'signed') named.push(key.name)
    if (standing.is === 'signed') say('cosignature', true, DETAILS.cosigned(key.name, standing.timeS))
    else if (standing.is === 'forged') say('cosignature', false, DETAILS.cosignatureWrong(key.name))
    else if (asked) say('cosignature', false, DETAILS.cosignatureMissing(key.name))
  }
  return named
}

async function keyList(
  { keys, log }: ProofBundle,
  { publicRaw }: NoteKey,
  { verify }: CheckingOutside,
  say: Say,
): Promise<KeyList | undefined> {
  const isSigned = await isKeyListSigned(keys, publicRaw, verify)
  const isOurs = isSigned && keys.list.format === 'vuon/keys/1' && keys.list.origin === log.origin
  const detail = isOurs ? DETAILS.listSigned(keys.list.issuedAt) : DETAILS.listUnsigned
  return say('key-list', isOurs, detail) ? keys.list : undefined
}

/** The province's own word that it received this. */
async function captured(
  event: BundledCapturedEvent,
  { publicRaw }: NoteKey,
  outside: CheckingOutside,
  say: SayOfEvent,
): Promise<void> {
  const bytes = fromBase64(event.signed)
  const isSigned = await outside.verify(publicRaw, capturedMessage(bytes), fromBase64(event.signature))
  say('signature', isSigned, isSigned ? DETAILS.capturedSigned : DETAILS.signatureWrong)
  const opened = openedOrNothing(() => JSON.parse(fromUtf8(bytes)) as EventStatement['event'])
  // The province takes in nothing that is no event: that has no name.
  eventId(event, opened?.type ? opened : {}, outside, say)
}

async function signature(
  event: BundledFarmEvent,
  statement: EventStatement,
  list: KeyList,
  { verify }: CheckingOutside,
  say: SayOfEvent,
): Promise<void> {
  const { agent, key, eventNo, epoch } = statement
  // The epoch is what the box signed; a seq of another one says nothing about it.
  const seq = event.epoch === epoch ? event.seq : 0
  const standing = standingOfEvent(list, { agent, key, eventNo, epoch, seq })
  if (standing.is === 'unknown' || agent !== event.agent) {
    say('key', false, agent === event.agent ? DETAILS.keyNeverHad(agent, key) : DETAILS.otherBox)
    return
  }
  const { publicKey, revoked } = standing.key
  const isSigned = await verify(
    fromBase64(publicKey),
    eventMessage(fromBase64(event.signed)),
    fromBase64(event.signature),
  )
  say('signature', isSigned, isSigned ? DETAILS.signed(agent, key) : DETAILS.signatureWrong)
  const details = {
    trusted: revoked ? DETAILS.keyRevokedLater(revoked.reason) : DETAILS.keyTrusted,
    revoked: DETAILS.keyRevoked(revoked?.reason ?? ''),
    over: DETAILS.keyOver,
    early: DETAILS.keyEarly,
  }
  say('key', standing.is === 'trusted', details[standing.is])
}

function eventId(
  { eventId, signed }: BundledEvent,
  event: { readonly eventID?: unknown },
  { sha256, eventHash }: CheckingOutside,
  say: SayOfEvent,
): void {
  const stated = event.eventID
  if (typeof stated !== 'string' || stated === '') {
    const isNamed = eventId === `urn:sha256:${toHex(sha256(fromBase64(signed)))}`
    say('event-id', isNamed, isNamed ? DETAILS.idOfSigned : DETAILS.idNotOfSigned)
  } else if (stated !== eventId) say('event-id', false, DETAILS.idNotStated)
  else if (!stated.startsWith('ni:')) say('event-id', true, DETAILS.idOwn)
  else if (eventHash) {
    const isHash = openedOrNothing(() => eventHash(event as EventStatement['event'], sha256)) === stated
    say('event-id', isHash, isHash ? DETAILS.idHash : DETAILS.idNotHash)
  }
}

function openedOrNothing<Opened>(open: () => Opened): Opened | undefined {
  try {
    return open()
  } catch {
    return undefined
  }
}

function inclusion(
  { kind, signed, signature: signatureText, leaf }: BundledEvent,
  checkpoint: SignedCheckpoint | null,
  sha256: Sha256,
): [CheckName, boolean, string] {
  if (!checkpoint || !leaf) return ['inclusion', false, DETAILS.noCheckpoint]
  let isIn = false
  try {
    const bytes = encodeLeaf(kind, fromBase64(signed), fromBase64(signatureText))
    const { size, root } = checkpoint
    const proof = leaf.proof.map(fromBase64)
    isIn = isIncluded({ leafHash: leafHash(bytes, sha256), index: leaf.index, size, root, proof }, sha256)
  } catch {
    // A length that no leaf has is one that is not in the log.
  }
  return ['inclusion', isIn, isIn ? DETAILS.included(leaf.index) : DETAILS.notIncluded]
}

/** Each event of a box names the hash of the one before: none can be put in between, left out or numbered twice. */
function chain(
  events: readonly { statement: EventStatement; hash: string; number: number }[],
  say: Say,
): void {
  for (const { statement, hash, number } of events) {
    const ofBox = events.filter((each) => each.statement.agent === statement.agent)
    const isDouble = ofBox.some((each) => each.statement.eventNo === statement.eventNo && each.hash !== hash)
    const before = ofBox.find((each) => each.statement.eventNo === statement.eventNo - 1)
    const isFirst = statement.eventNo === 1
    if (isDouble) say('chain', false, DETAILS.numberedTwice(statement.eventNo), number)
    else if (isFirst !== (statement.prev === ''))
      say('chain', false, DETAILS.predecessorUnnamed(statement.eventNo), number)
    else if (before && before.hash !== statement.prev)
      say('chain', false, DETAILS.predecessorOther(statement.eventNo), number)
    else
      say(
        'chain',
        true,
        isFirst ? DETAILS.first : before ? DETAILS.follows : DETAILS.predecessorElsewhere(statement.eventNo),
        number,
      )
  }
}
