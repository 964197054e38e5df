import { concatBytes, equalBytes, utf8 } from '../ground/bytes.ts'
import { VuonError } from '../ground/errors.ts'
import type { PublicKey, SecretKey, Sha256 } from '../ground/signing.ts'
import { decodeBounded, encodeCbor } from './cbor.ts'
import { isAgentId } from './identity.ts'

/**
 * What the province sends to one box: config, commands, offers of models. Each message has a number (1, 2, 3 .. per
 * agent, never reused) and names the hash of the one before it, so that none can be left out, repeated or exchanged:
 *
 *   [message in CBOR, signature]      signed: "vuon/downlink/1\0" ‖ message, by the key that was pinned at the claim
 */
export const MAX_DOWNLINK_BYTES = 64 * 1024
/** A page of messages, all together; one message more is asked for with the next number. */
export const MAX_DOWNLINK_PAGE_BYTES = 256 * 1024
export const MAX_DOWNLINKS_A_PAGE = 16
/** A part of a model's file, as one answer carries it. */
export const MAX_MODEL_PART_BYTES = 256 * 1024
// The largest model that a box of 1 GB can run beside its other work is some tens of megabytes.
export const MAX_MODEL_BYTES = 500_000_000

export const DOWNLINK_KINDS = ['config', 'command', 'model-offer'] as const
export type DownlinkKind = (typeof DOWNLINK_KINDS)[number]

export interface DownlinkMessage {
  readonly no: number
  readonly agent: string
  /** ms UTC on the province's clock. */
  readonly issuedAt: number
  /** After this it is refused; a box that does not know the time waits with it. */
  readonly validUntil?: number
  /** sha256 of the whole message before it; null for the first. */
  readonly prev: Uint8Array | null
  /** A kind that this program does not know is kept, reported as not understood, and the numbers go on. */
  readonly kind: string
  readonly body: Readonly<Record<string, unknown>>
}

export interface SealedDownlink {
  readonly message: DownlinkMessage
  readonly bytes: Uint8Array
  /** sha256 of `bytes`: what the next message names as `prev`. */
  readonly hash: Uint8Array
}

/** What a message asks for, its body checked. */
export type DownlinkTask =
  | { readonly kind: 'config'; readonly settings: Readonly<Record<string, unknown>> }
  | { readonly kind: 'command'; readonly command: DownlinkCommand }
  | { readonly kind: 'model-offer'; readonly offer: ModelOffer }
  | { readonly kind: 'unknown' }

/** What the province may tell a box to do; each is harmless when it is done twice. */
export type DownlinkCommand =
  | { readonly name: 'send-now' }
  | { readonly name: 'check-clock' }
  | { readonly name: 'restart' }
  /** Send the full photo of this hash, although the box would keep it. */
  | { readonly name: 'photo-upload'; readonly sha256: string }
  | { readonly name: 'unknown'; readonly said: string }

export const COMMANDS = ['send-now', 'check-clock', 'restart', 'photo-upload'] as const

export interface ModelOffer {
  readonly model: string
  readonly version: string
  /** Hex, of the whole file. */
  readonly sha256: string
  readonly sizeBytes: number
  /** Below the gateway's address, such as /sync/v1/models/{sha256}. */
  readonly path: string
}

/** How a message fared on the box. `on-trial`: a config is in force and may still be rolled back. */
export const DOWNLINK_OUTCOMES = [
  'on-trial',
  'applied',
  'refused',
  'rolled-back',
  'not-understood',
  'offered',
  'stored',
] as const
export type DownlinkOutcome = (typeof DOWNLINK_OUTCOMES)[number]

/** Written by a box: what became of a message. Of one number the one that is furthest on stands. */
export interface DownlinkEntry {
  readonly kind: 'downlink'
  /** Of a message that can't be trusted: the number that was due. */
  readonly no: number
  /** Kind of the message; empty when it could not be read. */
  readonly of: string
  readonly outcome: DownlinkOutcome
  /** Empty where there is nothing to say. */
  readonly reason: string
}

/** Decided at the province: this box is told this. The very bytes that the box fetches. */
export interface DownlinkMessageEntry {
  readonly kind: 'downlink-message'
  readonly agent: string
  readonly bytes: Uint8Array
}

/** Answer to GET /sync/v1/downlink?after=N. */
export interface DownlinkPage {
  /** base64url, in the order of their numbers, from N + 1 on. */
  readonly messages: readonly string[]
  readonly highest: number
}

const SIGNED_PREFIX = utf8('vuon/downlink/1\0')
// A config of a farm has some dozens of values.
const MAX_VALUES = 4096
const MAX_NO = 2 ** 31
const MAX_KIND_CHARS = 64
const FIELDS = ['no', 'agent', 'issuedAt', 'validUntil', 'prev', 'kind', 'body']

/** Throws `input-invalid` when it would be larger than a box takes. */
export function sealDownlink(
  message: DownlinkMessage,
  by: { readonly key: SecretKey; readonly sha256: Sha256 },
): SealedDownlink {
  const inner = encodeCbor(message)
  const bytes = encodeCbor([inner, by.key.sign(concatBytes(SIGNED_PREFIX, inner))])
  if (bytes.length > MAX_DOWNLINK_BYTES)
    throw new VuonError('input-invalid', `The message has ${bytes.length} bytes.`, {
      hint: `A message has at most ${MAX_DOWNLINK_BYTES} bytes.`,
    })
  // What a box could not read must not get a number.
  return { message: openDownlink(bytes).message, bytes, hash: by.sha256(bytes) }
}

/** Reads the message; says nothing of who signed it. Throws `downlink-malformed`. */
export function openDownlink(bytes: Uint8Array): {
  readonly message: DownlinkMessage
  readonly isSignedBy: (key: PublicKey) => boolean
} {
  if (bytes.length > MAX_DOWNLINK_BYTES) throw malformed('is too large')
  const parts = decodeStrictly(bytes)
  if (!Array.isArray(parts) || parts.length !== 2) throw malformed('is not [message, signature]')
  const [inner, signature] = parts as unknown[]
  if (!(inner instanceof Uint8Array) || !(signature instanceof Uint8Array) || signature.length !== 64)
    throw malformed('is not [message, signature]')
  const fields = decodeStrictly(inner)
  if (!isRecord(fields)) throw malformed('is not a map')
  const { no, agent, issuedAt, validUntil, prev, kind, body } = fields
  // What is signed means one thing: a field that nobody reads could mean something to somebody else.
  const extra = Object.keys(fields).find((field) => !FIELDS.includes(field))
  if (extra !== undefined) throw malformed('has a field that is not one')
  if (!isWhole(no, 1, MAX_NO)) throw malformed('has no number')
  if (typeof agent !== 'string' || !isAgentId(agent)) throw malformed('names no agent')
  if (!isWhole(issuedAt, 0, Number.MAX_SAFE_INTEGER)) throw malformed('has no time')
  if (validUntil !== undefined && !isWhole(validUntil, 0, Number.MAX_SAFE_INTEGER))
    throw malformed('has no right end')
  const isFirst = prev === null
  if (!isFirst && !(prev instanceof Uint8Array && prev.length === 32)) throw malformed('names none before it')
  if (isFirst !== (no === 1)) throw malformed('begins in the middle')
  if (typeof kind !== 'string' || kind.length === 0 || kind.length > MAX_KIND_CHARS)
    throw malformed('has no kind')
  if (!isRecord(body)) throw malformed('has no body')
  const message: DownlinkMessage = {
    no,
    agent,
    issuedAt,
    ...(validUntil === undefined ? {} : { validUntil }),
    prev: prev as Uint8Array | null,
    kind,
    body,
  }
  return { message, isSignedBy: (key) => key.verify(concatBytes(SIGNED_PREFIX, inner), signature) }
}

/** Throws `downlink-malformed` for a known kind whose body is not one of its own. */
export function taskOf({ kind, body }: Pick<DownlinkMessage, 'kind' | 'body'>): DownlinkTask {
  switch (kind) {
    case 'config': {
      const { settings } = onlyFields(body, 'settings')
      if (!isRecord(settings)) throw malformed('of kind config has no settings')
      return { kind, settings }
    }
    case 'command':
      return { kind, command: commandOf(body) }
    case 'model-offer':
      return { kind, offer: offerOf(body) }
    default:
      return { kind: 'unknown' }
  }
}

function commandOf(body: Readonly<Record<string, unknown>>): DownlinkCommand {
  const name = body['command']
  if (!isText(name, MAX_KIND_CHARS)) throw malformed('of kind command names no command')
  const known = COMMANDS.find((each) => each === name)
  if (known === undefined) return { name: 'unknown', said: name }
  if (known !== 'photo-upload') {
    onlyFields(body, 'command')
    return { name: known }
  }
  const { sha256 } = onlyFields(body, 'command', 'sha256')
  if (!isHash(sha256)) throw malformed('photo-upload names no photo by its sha256')
  return { name: known, sha256 }
}

function offerOf(body: Readonly<Record<string, unknown>>): ModelOffer {
  const { model, version, sha256, sizeBytes, path } = onlyFields(
    body,
    'model',
    'version',
    'sha256',
    'sizeBytes',
    'path',
  )
  // Both become part of file names and of sentences.
  const isName = (value: unknown): value is string => isText(value, 64) && /^[A-Za-z0-9][\w.+-]*$/.test(value)
  if (!isName(model) || !isName(version)) throw malformed('offers a model without a name or version')
  if (!isHash(sha256)) throw malformed('offers a model without its sha256')
  if (!isWhole(sizeBytes, 1, MAX_MODEL_BYTES)) throw malformed('offers a model of no possible size')
  if (!isText(path, 200) || !/^\/[\w./-]*$/.test(path) || path.includes('..') || path.startsWith('//'))
    throw malformed("offers a model at no address of the gateway's")
  return { model, version, sha256, sizeBytes, path }
}

function onlyFields(
  body: Readonly<Record<string, unknown>>,
  ...names: readonly string[]
): Readonly<Record<string, unknown>> {
  const other = Object.keys(body).find((name) => !names.includes(name))
  if (other !== undefined) throw malformed(`has "${other.slice(0, 64)}", which is not a field of its kind`)
  return body
}

/** Only the one deterministic writing of a thing is taken: otherwise one message could have two hashes. */
function decodeStrictly(bytes: Uint8Array): unknown {
  try {
    const value = decodeBounded(bytes, MAX_VALUES, { allowUndefined: false, allowBigInt: false })
    if (equalBytes(encodeCbor(value), bytes)) return value
  } catch (cause) {
    throw new VuonError('downlink-malformed', undefined, { cause })
  }
  throw malformed('is not written deterministically')
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array)

const isWhole = (value: unknown, least: number, most: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= most

const isHash = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)

const malformed = (what: string): VuonError => new VuonError('downlink-malformed', `The message ${what}.`)
