import { sql } from 'kysely'
import { toBase64, toBase64Url, toHex } from '#contract/ground/bytes.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import { CANONICAL_BASE, lotUri } from '#contract/trace/digital-link.ts'
import { nameOf } from '#contract/trace/epcis-names.ts'
import { encodeLeaf, MAX_SIGNED_BYTES } from '#contract/trace/log-leaf.ts'
import { type HashAt, inclusionProof, leafHash } from '#contract/trace/merkle.ts'
import {
  type BundledEvent,
  type BundledFarmEvent,
  PROVES_NOT,
  type ProofBundle,
} from '#contract/trace/proof-bundle.ts'
import { openSignedEvent } from '#contract/trace/signed-event.ts'
import { noteKey, noteKeyText } from '#contract/trace/signed-note.ts'
import { agentIdOf } from '#contract/wire/identity.ts'
import { checkpointOf, hashesOfTree, leafIndex, type StoredCheckpoint } from '../../log/tree/read-tree.ts'
import type { Db } from '../../store/open-store.ts'
import { type CapturedEvent, capturedNamed } from './captured-events.ts'
import { signedKeyList } from './keys-of-boxes.ts'

/** Under which name and key this province signs its log, and whom it asks to cosign. */
export interface Prover {
  readonly origin: string
  readonly key: SecretKey
  /** Verifier keys as texts. */
  readonly cosigners: readonly string[]
}

type Provable = CapturedEvent | FarmEvent

interface FarmEvent extends EventRow {
  readonly kind: 'farm-event'
}

const ofFarm = (row: EventRow): FarmEvent => ({
  ...row,
  kind: 'farm-event',
  signed: new Uint8Array(row.signed),
  signature: new Uint8Array(row.signature),
})

interface EventRow {
  agent: string
  epoch: string
  seq: number
  event_id: string
  event_no: number
  signed: Uint8Array
  signature: Uint8Array
}

// More than a lot has; the file would be of no use to a phone.
const MAX_EVENTS = 500

/** Only the box whose code a lot number bears speaks for it. */
export interface ProvenLot {
  readonly gtin: string
  readonly lot: string
  readonly boxCode: string
}

/** Null when nothing is known of the lot. `about` is its address, for whoever opens the file. */
export async function proveLot(
  db: Db,
  lot: ProvenLot,
  about: string,
  prover: Prover,
  nowMs: number,
): Promise<ProofBundle | null> {
  const rows = await eventsOfLot(db, lot)
  return rows.length === 0 ? null : bundleOf(db, about, rows.map(ofFarm), prover, nowMs)
}

/** How many events of a lot are in the log, and how many are not yet. */
export async function lotInLog(db: Db, lot: ProvenLot): Promise<{ inLog: number; waiting: number }> {
  const rows = await eventsOfLot(db, lot)
  const indexes = await Promise.all(rows.map((row) => indexOf(db, ofFarm(row))))
  const inLog = indexes.filter((index) => index !== undefined).length
  return { inLog, waiting: rows.length - inLog }
}

/** Those that name the lot in whatever role, in the order in which the box numbered them. */
async function eventsOfLot(db: Db, lot: ProvenLot): Promise<EventRow[]> {
  const boxes = await sql<{
    agent: string
  }>`SELECT agent FROM enrolment WHERE box_code = ${lot.boxCode}`.execute(db)
  const agent = boxes.rows[0]?.agent
  if (agent === undefined) return []
  const own = await sql<Place>`SELECT epoch, seq FROM event
    WHERE gtin = ${lot.gtin} AND lot = ${lot.lot} AND agent = ${agent} LIMIT ${MAX_EVENTS}`.execute(db)
  // From the few events that name the lot to the box, and not from a season of the box to the lot.
  const named = await sql<Place>`SELECT i.epoch, i.seq FROM event_thing t CROSS JOIN event_index i
    WHERE i.ref = t.ref AND t.name = ${nameOf(lotUri(CANONICAL_BASE, lot))} AND i.agent = ${agent} LIMIT ${MAX_EVENTS}`.execute(
    db,
  )
  const places = new Map([...own.rows, ...named.rows].map((place) => [`${place.epoch}/${place.seq}`, place]))
  const rows: EventRow[] = []
  for (const { epoch, seq } of [...places.values()].slice(0, MAX_EVENTS)) {
    const found =
      await sql<EventRow>`SELECT agent, epoch, seq, event_id, event_no, signed, signature FROM event
      WHERE agent = ${agent} AND epoch = ${epoch} AND seq = ${seq}`.execute(db)
    rows.push(...found.rows)
  }
  return rows.sort((a, b) => a.event_no - b.event_no || a.seq - b.seq)
}

interface Place {
  epoch: string
  seq: number
}

/**
 * An event by its eventID, be it a farm's or an integrator's, or a farm's as `agent/eventNo`. Null when there is none.
 * Throws `not-found` for a captured event that is not what was captured.
 */
export async function proveEvent(
  db: Db,
  name: string,
  prover: Prover,
  nowMs: number,
): Promise<ProofBundle | null> {
  const [agent = '', no = ''] = name.split('/')
  const isNumbered = /^[0-9a-z]{16}$/.test(agent) && /^\d{1,15}$/.test(no) && name === `${agent}/${no}`
  const { rows } =
    await sql<EventRow>`SELECT agent, epoch, seq, event_id, event_no, signed, signature FROM event
    WHERE ${isNumbered ? sql`agent = ${agent} AND event_no = ${Number(no)}` : sql`event_id = ${name}`}
    ORDER BY agent, event_no, epoch, seq LIMIT ${MAX_EVENTS}`.execute(db)
  const { key } = prover
  const capturer = { agent: agentIdOf(key.publicRaw, sha256), key }
  const captured = isNumbered ? [] : await capturedNamed(db, name, capturer)
  const events = [...rows.map(ofFarm), ...captured]
  return events.length === 0 ? null : bundleOf(db, name, events, prover, nowMs)
}

async function bundleOf(
  db: Db,
  about: string,
  events: readonly Provable[],
  { origin, key, cosigners }: Prover,
  nowMs: number,
): Promise<ProofBundle> {
  const indexes = await Promise.all(events.map((event) => indexOf(db, event)))
  const checkpoint = await checkpointOver(db, indexes)
  const at = checkpoint ? remembered(hashesOfTree(db, checkpoint.size, sha256)) : undefined
  const agents = [...new Set(events.flatMap((event) => (event.kind === 'farm-event' ? [event.agent] : [])))]
  return {
    format: 'vuon/proof/1',
    about,
    log: { origin, key: noteKeyText(noteKey(origin, 'plain', key.publicRaw, sha256)) },
    cosigners,
    checkpoint: checkpoint?.note ?? null,
    keys: await signedKeyList(db, { origin, key, nowMs, agents }),
    events: await Promise.all(
      events.map((event, no) =>
        bundled(db, event, indexes[no], checkpoint && at && { size: checkpoint.size, at }),
      ),
    ),
    provesNot: PROVES_NOT,
  }
}

/** A checkpoint that somebody outside has signed, if all is under it; else the newest. */
async function checkpointOver(
  db: Db,
  indexes: readonly (number | undefined)[],
): Promise<StoredCheckpoint | undefined> {
  const needed = Math.max(-1, ...indexes.map((index) => index ?? -1)) + 1
  if (needed === 0) return undefined
  const isAllIn = indexes.every((index) => index !== undefined)
  const cosigned = isAllIn ? await checkpointOf(db, 'cosigned') : undefined
  return cosigned && cosigned.size >= needed ? cosigned : checkpointOf(db, 'newest')
}

async function indexOf(db: Db, { kind, signed, signature }: Provable): Promise<number | undefined> {
  if (signed.length > MAX_SIGNED_BYTES || signature.length !== 64) return undefined
  const leaf = encodeLeaf(kind, signed, signature)
  return leafIndex(db, leafHash(leaf, sha256))
}

/** The ways of a lot's events up to the root have most of their hashes in common. */
function remembered(at: HashAt): HashAt {
  const known = new Map<string, ReturnType<HashAt>>()
  return (level, index) => {
    const name = `${level}/${index}`
    const hash = known.get(name) ?? at(level, index)
    known.set(name, hash)
    return hash
  }
}

async function bundled(
  db: Db,
  event: Provable,
  index: number | undefined,
  tree: { readonly size: number; readonly at: HashAt } | undefined,
): Promise<BundledEvent> {
  const isIn = index !== undefined && tree !== undefined && index < tree.size
  const proof = isIn ? await inclusionProof(index, tree.size, tree.at, sha256) : []
  const { kind } = event
  const signed = {
    signed: toBase64Url(event.signed),
    signature: toBase64Url(event.signature),
    leaf: isIn ? { kind, index, proof: proof.map(toBase64) } : null,
  }
  if (event.kind === 'captured-event') return { kind: event.kind, eventId: event.eventId, ...signed }
  const { event_id: eventId, agent, epoch, seq } = event
  return { kind: event.kind, eventId, agent, epoch, seq, previous: await previousOf(db, event), ...signed }
}

/** Whether what the box says came before is here too. */
async function previousOf(db: Db, row: EventRow): Promise<BundledFarmEvent['previous']> {
  const { prev } = openSignedEvent(new Uint8Array(row.signed))
  if (prev === '') return 'none'
  const { rows } = await sql<{ signed: Uint8Array }>`SELECT signed FROM event
    WHERE agent = ${row.agent} AND event_no = ${row.event_no - 1} LIMIT 10`.execute(db)
  return rows.some(({ signed }) => toHex(sha256(new Uint8Array(signed))) === prev) ? 'held' : 'missing'
}
