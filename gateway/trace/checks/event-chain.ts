import { sql } from 'kysely'
import { toHex } from '#contract/ground/bytes.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { openSignedEvent } from '#contract/trace/signed-event.ts'
import type { Db } from '../../store/open-store.ts'
import type { LotName } from '../lot-tree.ts'
import { type CheckEvidence, type CheckVerdict, type LotCheck, worst } from './lot-check.ts'

interface ChainRow {
  agent: string
  event_no: number
  event_id: string
  is_signature_valid: number
  signed: Uint8Array
  is_trusted: number
}

// A lot picked into for a month has some dozens of events; what is beyond is looked at by `log verify`.
const MAX_EVENTS = 500

/**
 * Every event of a lot is signed by a key that was its box's, says of itself what its name (the CBV hash) says, and
 * hangs on the event before: nothing was taken out, put in, swapped or told twice in two ways.
 */
export async function eventChainCheck(db: Db, lots: readonly LotName[]): Promise<LotCheck> {
  const verdicts: CheckVerdict[] = []
  const evidence: CheckEvidence[] = []
  const say = (verdict: CheckVerdict, code: string, facts: CheckEvidence['facts']) => {
    verdicts.push(verdict)
    evidence.push({ code, facts })
  }
  for (const { gtin, lot } of lots) {
    const rows = await eventsOf(db, { gtin, lot })
    if (rows.length === 0) say('cant-tell', 'no-events', { lot })
    let held = 0
    for (const row of rows) {
      const facts = { lot, eventNo: Number(row.event_no) }
      const wrong = await wrongWith(db, row)
      if (wrong) say(wrong.verdict, wrong.code, facts)
      else held++
    }
    if (held > 0) say('pass', 'chain-holds', { lot, events: held })
  }
  return { code: 'event-chain', verdict: worst(verdicts), evidence }
}

async function wrongWith(
  db: Db,
  row: ChainRow,
): Promise<{ verdict: CheckVerdict; code: string } | undefined> {
  if (row.is_trusted !== 1) return { verdict: 'fail', code: 'key-revoked' }
  if (row.is_signature_valid !== 1) return { verdict: 'fail', code: 'signature-wrong' }
  const statement = openSignedEvent(new Uint8Array(row.signed))
  const { eventID, ...unnamed } = statement.event
  if (
    eventID?.startsWith('ni:///sha-256;') &&
    eventHash(unnamed as typeof statement.event, sha256) !== eventID
  )
    return { verdict: 'fail', code: 'name-wrong' }
  const around = await neighbours(db, row)
  const twin = around.find(
    (each) => Number(each.event_no) === Number(row.event_no) && hashOf(each) !== hashOf(row),
  )
  if (twin) return { verdict: 'fail', code: 'event-forked' }
  if (statement.eventNo === 1)
    return statement.prev === '' ? undefined : { verdict: 'fail', code: 'chain-broken' }
  const before = around.filter((each) => Number(each.event_no) === Number(row.event_no) - 1)
  // The batch that holds it may still be on its way, or was lost on a damaged card: the record's own gaps say which.
  if (before.length === 0) return { verdict: 'cant-tell', code: 'chain-gap' }
  if (!before.some((each) => hashOf(each) === statement.prev))
    return { verdict: 'fail', code: 'chain-broken' }
  return undefined
}

const hashOf = ({ signed }: { signed: Uint8Array }): string => toHex(sha256(new Uint8Array(signed)))

async function eventsOf(db: Db, { gtin, lot }: LotName): Promise<ChainRow[]> {
  const { rows } = await sql<ChainRow>`SELECT agent, event_no, event_id, is_signature_valid, signed,
      CASE WHEN EXISTS (SELECT 1 FROM untrusted_batch u WHERE u.agent = event.agent AND u.epoch = event.epoch AND u.lane = 'record'
        AND event.seq >= u.from_seq AND event.seq <= u.to_seq) THEN 0 ELSE 1 END AS is_trusted
    FROM event WHERE gtin = ${gtin} AND lot = ${lot} ORDER BY agent, event_no LIMIT ${MAX_EVENTS}`.execute(db)
  return rows
}

async function neighbours(
  db: Db,
  { agent, event_no: no }: ChainRow,
): Promise<{ event_no: number; signed: Uint8Array }[]> {
  const { rows } = await sql<{ event_no: number; signed: Uint8Array }>`SELECT event_no, signed FROM event
    WHERE agent = ${agent} AND event_no >= ${Number(no) - 1} AND event_no <= ${Number(no)}`.execute(db)
  return rows
}
