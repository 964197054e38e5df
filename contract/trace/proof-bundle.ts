import { fromBase64 } from '../ground/bytes.ts'
import { VuonError } from '../ground/errors.ts'
import type { SignedKeyList } from './key-list.ts'
import type { LeafKind } from './log-leaf.ts'

/**
 * Everything that is needed to check a few events without asking anybody, as one JSON file: what was signed, the
 * province's list of keys, the way of each event up to the root of the log, and the checkpoint that signs the root.
 */
export interface ProofBundle {
  readonly format: 'vuon/proof/1'
  /** What it is about: the address of a lot, or the eventID of one event. */
  readonly about: string
  readonly log: {
    readonly origin: string
    /** The province's verifier key (C2SP signed-note). Whoever pins the key elsewhere compares it. */
    readonly key: string
  }
  /** Verifier keys of those who cosign, as the province names them. */
  readonly cosigners: readonly string[]
  /** The signed note with its cosignatures; null while the log holds none of the events. */
  readonly checkpoint: string | null
  readonly keys: SignedKeyList
  readonly events: readonly BundledEvent[]
  /** What all this does not show, for whoever opens the file. */
  readonly provesNot: string
}

export type BundledEvent = BundledFarmEvent | BundledCapturedEvent

interface Bundled {
  readonly eventId: string
  /** The bytes that were signed, and the Ed25519 signature, in base64url. */
  readonly signed: string
  readonly signature: string
  /** Null while it is received and not yet in the log. */
  readonly leaf: BundledLeaf | null
}

/** What a box signed. A file of before there were others does not say its kind. */
export interface BundledFarmEvent extends Bundled {
  readonly kind: 'farm-event'
  readonly agent: string
  /** Where the box put it: its place in the record lane of an epoch. */
  readonly epoch: string
  readonly seq: number
  /** Whether the province holds the event before it in the box's own chain. */
  readonly previous: 'none' | 'held' | 'missing'
}

/** What an integrator captured: signed by the province as received (see log-leaf.ts), and by nobody else. */
export interface BundledCapturedEvent extends Bundled {
  readonly kind: 'captured-event'
}

export interface BundledLeaf {
  /** That of its event. */
  readonly kind: LeafKind
  readonly index: number
  /** Hashes from the leaf up, base64. */
  readonly proof: readonly string[]
}

export const PROVES_NOT =
  'It does not prove that the farmer told the truth: a false entry, signed, is still false. It does not prove that nothing was left unsaid.'

// A lot is picked on some days and packed on some; more events than this are no lot's.
const MAX_EVENTS = 2000
// 2^53 leaves are more than can be counted.
const MAX_PROOF = 53
const MAX_COSIGNERS = 64

/** Reads what may be anything. Throws `input-invalid` with the path of what is wrong. */
export function openBundle(value: unknown): ProofBundle {
  const bundle = recordAt(value, 'the file')
  if (bundle['format'] !== 'vuon/proof/1') throw wrong('format', 'is not vuon/proof/1')
  const log = recordAt(bundle['log'], 'log')
  const keys = recordAt(bundle['keys'], 'keys')
  recordAt(keys['list'], 'keys.list')
  const checkpoint = bundle['checkpoint']
  return {
    format: 'vuon/proof/1',
    about: textAt(bundle['about'], 'about'),
    log: { origin: textAt(log['origin'], 'log.origin'), key: textAt(log['key'], 'log.key') },
    cosigners: listAt(bundle['cosigners'], 'cosigners', MAX_COSIGNERS).map((each) =>
      textAt(each, 'cosigners'),
    ),
    checkpoint: checkpoint === null ? null : textAt(checkpoint, 'checkpoint'),
    keys: { ...keys, signature: textAt(keys['signature'], 'keys.signature') } as unknown as SignedKeyList,
    events: listAt(bundle['events'], 'events', MAX_EVENTS).map(eventAt),
    provesNot: PROVES_NOT,
  }
}

function eventAt(value: unknown, index: number): BundledEvent {
  const path = `events[${index}]`
  const event = recordAt(value, path)
  const text = (name: string): string => textAt(event[name], `${path}.${name}`)
  const bytes = (name: string): string => base64At(event[name], `${path}.${name}`)
  const { kind = 'farm-event' } = event
  if (kind !== 'farm-event' && kind !== 'captured-event') throw wrong(`${path}.kind`, 'is unknown')
  const bundled = {
    eventId: text('eventId'),
    signed: bytes('signed'),
    signature: bytes('signature'),
    leaf: event['leaf'] === null ? null : leafAt(event['leaf'], `${path}.leaf`, kind),
  }
  if (kind === 'captured-event') return { kind, ...bundled }
  const previous = (['none', 'held', 'missing'] as const).find((each) => each === event['previous'])
  if (!previous) throw wrong(`${path}.previous`, 'is neither none, held nor missing')
  const seq = countAt(event['seq'], `${path}.seq`)
  return { kind, ...bundled, agent: text('agent'), epoch: text('epoch'), seq, previous }
}

function leafAt(value: unknown, path: string, kind: LeafKind): BundledLeaf {
  const leaf = recordAt(value, path)
  if (leaf['kind'] !== kind) throw wrong(`${path}.kind`, `is not ${kind}`)
  const proof = listAt(leaf['proof'], `${path}.proof`, MAX_PROOF)
  return {
    kind,
    index: countAt(leaf['index'], `${path}.index`),
    proof: proof.map((hash) => base64At(hash, `${path}.proof`)),
  }
}

function recordAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw wrong(path, 'is not an object')
  return value as Record<string, unknown>
}

function listAt(value: unknown, path: string, atMost: number): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(path, 'is not a list')
  if (value.length > atMost) throw wrong(path, `has more than ${atMost}`)
  return value
}

function textAt(value: unknown, path: string): string {
  if (typeof value !== 'string') throw wrong(path, 'is not a text')
  return value
}

function countAt(value: unknown, path: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw wrong(path, 'is not a count')
  return value as number
}

function base64At(value: unknown, path: string): string {
  try {
    fromBase64(textAt(value, path))
  } catch {
    throw wrong(path, 'is not base64')
  }
  return value as string
}

const wrong = (path: string, what: string): VuonError =>
  new VuonError('input-invalid', `This is not a proof bundle: ${path} ${what}.`, {
    hint: 'Save proof.json of a lot, or the answer of vuon-gateway log prove, as it is.',
  })
