import { sql } from 'kysely'
import { toHex } from '#contract/ground/bytes.ts'
import { type EventStatement, openSignedEvent } from '#contract/trace/signed-event.ts'
import type { Tx } from '../store/open-store.ts'
import type { ProjectionOutside } from './apply-batch.ts'
import { linkEvent } from './chain-faults.ts'
import type { Known } from './entry-shapes.ts'
import { indexFarmEvent } from './event-index.ts'
import { keysOfAgent } from './keys.ts'

/** An event as the farm signed it: kept whether its signature holds or not, and shown with that. */
export async function applyEvent(
  tx: Tx,
  { agent, epoch, seq, receivedAt }: { agent: string; epoch: string; seq: number; receivedAt: number },
  entry: Known<'event'>,
  outside: ProjectionOutside,
): Promise<boolean> {
  let statement: EventStatement
  try {
    statement = openSignedEvent(entry.signed)
  } catch {
    return false
  }
  const { event } = statement
  const [eventTime, bizStep, key] = [event.eventTime, textOf(event['bizStep']), statement.key]
  if ([eventTime, bizStep, key].some((text) => text.length > 300 || text.includes('\0'))) return false
  // An event names the key that signed it: one that this box has had. Whether its seqs were that key's to sign, the
  // batch around it has shown.
  const named = (await keysOfAgent(tx, agent)).find((each) => each.key === key)
  // A farm signs for itself only: a statement that names another box proves nothing here.
  const isSignatureValid =
    named !== undefined && statement.agent === agent && outside.verifyEvent(named.publicRaw, entry)
  const lot = lotOf(event)
  // Without an eventID of its own an event is named by what was signed.
  const stated = textOf(event.eventID)
  const eventId =
    stated && stated.length <= 300 ? stated : `urn:sha256:${toHex(outside.sha256(entry.signed))}`
  await sql`INSERT INTO event VALUES (${agent}, ${epoch}, ${seq}, ${eventId}, ${statement.eventNo}, ${eventTime}, ${bizStep}, ${key},
    ${isSignatureValid ? 1 : 0}, ${entry.signed}, ${entry.signature}, ${lot?.gtin ?? null}, ${lot?.lot ?? null})
    ON CONFLICT (agent, epoch, seq) DO NOTHING`.execute(tx)
  const { eventNo, prev } = statement
  const link = { agent, epoch, seq, eventNo, prev, signed: entry.signed, isSignatureValid }
  for (const fault of await linkEvent(tx, link)) outside.onChainFault?.(fault)
  if (isSignatureValid) await indexFarmEvent(tx, { agent, epoch, seq, receivedAt }, event, eventId)
  return true
}

// GS1 lot numbers have at most 20 characters, each at most three when percent-encoded.
const LOT_URI = /\/01\/(\d{14})\/10\/([^/?#]{1,60})$/

/** The first lot that an event names: what fruit it is about. */
function lotOf(event: EventStatement['event']): { gtin: string; lot: string } | undefined {
  const quantities = [event['quantityList'], event['outputQuantityList']].flatMap(listOf)
  const names = [
    ...quantities.map((item) => (item as { epcClass?: unknown } | null)?.epcClass),
    ...listOf(event['epcList']),
  ]
  for (const name of names) {
    const match = LOT_URI.exec(textOf(name))
    const lot = match && decodeSegment(match[2] as string)
    if (match && lot) return { gtin: match[1] as string, lot }
  }
  return undefined
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

function decodeSegment(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text)
    return decoded.includes('\0') ? undefined : decoded
  } catch {
    return undefined
  }
}
