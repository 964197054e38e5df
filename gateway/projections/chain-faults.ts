import { sql } from 'kysely'
import { fromHex } from '#contract/ground/bytes.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { openSignedEvent } from '#contract/trace/signed-event.ts'
import type { Db, Migration, Tx } from '../store/open-store.ts'
import { statement } from '../store/statement.ts'
import { isInUntrustedBatch } from './event-index.ts'
import { workOffWaiting } from './waiting-events.ts'

/**
 * Where the chain of a box's signed events does not hold. A box signs each event with its number and the hash of the one
 * before, so that nothing can be put in, taken out, swapped or told in two ways without it showing here:
 *
 *   forged    an event in a batch of this box that its key did not sign, or that another box is named in
 *   forked    two different events bear one number
 *   broken    an event names another one than is held before it
 *   missing   an event is held, and none before it
 *
 * A number is judged by the links at it and at the number before, whenever one of them comes: what stands here depends on
 * what is held, not on the order in which it came, and a gap is gone when it is filled. Of a number that is forked it is
 * not asked which of the two follows. Events of batches that do not count are no links.
 */
export const chainFaultMigrations: readonly Migration[] = [
  {
    // Of the room's first schema, for it begins with the events that are there.
    name: 'projections-6',
    statements: ({ integer, blob, tableOptions, keyedOptions }) => [
      // One row for each different event of a number, so that a flood of copies costs nothing.
      `CREATE TABLE chain_link (agent TEXT NOT NULL, event_no ${integer} NOT NULL, hash ${blob} NOT NULL, prev ${blob} NOT NULL,
        PRIMARY KEY (agent, event_no, hash))${keyedOptions}`,
      `CREATE TABLE chain_fault (agent TEXT NOT NULL, event_no ${integer} NOT NULL, kind TEXT NOT NULL,
        PRIMARY KEY (agent, event_no, kind))${keyedOptions}`,
      // Events that were here before anybody judged; see linkWaiting.
      `CREATE TABLE chain_waiting (agent TEXT NOT NULL, epoch TEXT NOT NULL, seq ${integer} NOT NULL, PRIMARY KEY (agent, epoch, seq))${tableOptions}`,
      `INSERT INTO chain_waiting SELECT agent, epoch, seq FROM event`,
    ],
  },
]

export const CHAIN_FAULT_TABLES = ['chain_link', 'chain_fault', 'chain_waiting'] as const

export type ChainFaultKind = 'forged' | 'forked' | 'broken' | 'missing'

export interface ChainFault {
  readonly agent: string
  /** Of the event that does not fit: of a gap the one behind it. */
  readonly eventNo: number
  readonly kind: ChainFaultKind
}

/** An event as far as its chain goes. */
export interface Linking {
  readonly agent: string
  readonly epoch: string
  readonly seq: number
  readonly eventNo: number
  /** As it was signed: hex of a sha256, or empty. */
  readonly prev: string
  readonly signed: Uint8Array
  readonly isSignatureValid: boolean
}

/** Notes what an event says of its place. Returns what does not hold because of it and did before. */
export async function linkEvent(tx: Tx, event: Linking): Promise<ChainFault[]> {
  const { agent, eventNo } = event
  if (await isInUntrustedBatch(tx, event)) return []
  if (!event.isSignatureValid) {
    const added = await insertFault(tx, agent, eventNo, 'forged')
    return added.length > 0 ? [{ agent, eventNo, kind: 'forged' }] : []
  }
  const added = await insertLink(tx, agent, eventNo, sha256(event.signed), prevBytes(event.prev))
  if (added.length === 0) return []
  return [...(await judge(tx, agent, eventNo)), ...(await judge(tx, agent, eventNo + 1))]
}

const insertLink = statement(`INSERT INTO chain_link VALUES (?, ?, ?, ?)
  ON CONFLICT (agent, event_no, hash) DO NOTHING RETURNING event_no`)
const insertFault = statement(`INSERT INTO chain_fault VALUES (?, ?, ?)
  ON CONFLICT (agent, event_no, kind) DO NOTHING RETURNING event_no`)

async function judge(tx: Tx, agent: string, eventNo: number): Promise<ChainFault[]> {
  const kind = await kindAt(tx, agent, eventNo)
  const [before] = await faultAt(tx, agent, eventNo)
  if (before?.kind === kind) return []
  if (before) await deleteFault(tx, agent, eventNo, before.kind)
  if (!kind) return []
  await insertFault(tx, agent, eventNo, kind)
  return [{ agent, eventNo, kind }]
}

const faultAt = statement<{ kind: ChainFaultKind }>(
  `SELECT kind FROM chain_fault WHERE agent = ? AND event_no = ? AND kind <> 'forged'`,
)
const deleteFault = statement(`DELETE FROM chain_fault WHERE agent = ? AND event_no = ? AND kind = ?`)

async function kindAt(tx: Tx, agent: string, eventNo: number): Promise<ChainFaultKind | undefined> {
  const [link, twin] = await linksAt(tx, agent, eventNo)
  if (!link) return undefined
  if (twin) return 'forked'
  const prev = new Uint8Array(link.prev)
  const isFirst = prev.length === 0
  if (eventNo === 1 || isFirst) return eventNo === 1 && isFirst ? undefined : 'broken'
  if ((await linksAt(tx, agent, eventNo - 1)).length === 0) return 'missing'
  return (await linkNamed(tx, agent, eventNo - 1, prev)).length > 0 ? undefined : 'broken'
}

const linksAt = statement<{ prev: Uint8Array }>(
  `SELECT prev FROM chain_link WHERE agent = ? AND event_no = ? LIMIT 2`,
)
const linkNamed = statement(`SELECT 1 AS found FROM chain_link WHERE agent = ? AND event_no = ? AND hash = ?`)

/** What is no hash names nothing: one byte, which no event has as its hash. */
function prevBytes(prev: string): Uint8Array {
  return prev === '' || /^[0-9a-f]{64}$/.test(prev) ? fromHex(prev) : Uint8Array.of(0)
}

/** Links events that came before there were links. */
export const linkWaiting = (
  db: Db,
  inTransaction: (work: (tx: Tx) => Promise<void>) => Promise<void>,
): Promise<void> =>
  workOffWaiting<{ signed: Uint8Array; is_signature_valid: number }>(
    db,
    inTransaction,
    'chain_waiting',
    sql`e.signed, e.is_signature_valid`,
    async (tx, { agent, epoch, seq, signed: stored, is_signature_valid: isValid }) => {
      const signed = new Uint8Array(stored)
      const { eventNo, prev } = openSignedEvent(signed)
      await linkEvent(tx, { agent, epoch, seq, eventNo, prev, signed, isSignatureValid: isValid === 1 })
    },
  )
