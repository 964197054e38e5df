import { sql } from 'kysely'
import { fromUtf8, toHex, utf8 } from '#contract/ground/bytes.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { factsOf } from '#contract/trace/epcis-facts.ts'
import { capturedMessage, MAX_SIGNED_BYTES } from '#contract/trace/log-leaf.ts'
import { batchesOf } from '../../log/log.ts'
import { leafIndex, type TreeHead } from '../../log/tree/read-tree.ts'
import type { Db } from '../../store/open-store.ts'
import { type Capturer, capturedIn, capturedLeafHash } from './captured-events.ts'

export interface CapturedComparison {
  readonly events: number
  readonly waiting: number
}

const PAGE = 500

/**
 * Holds what integrators captured against the log, three ways round: what the province's batches hold is in the log, what
 * is shown is what they hold, and what the log holds is shown (the caller looks for entries that nothing has matched).
 */
export async function compareCaptured(
  db: Db,
  capturer: Capturer,
  { size, arrival }: Pick<TreeHead, 'size' | 'arrival'>,
  isMatched: Uint8Array,
  say: (problem: string) => void,
): Promise<CapturedComparison> {
  const waiting = new Set<string>()
  let events = 0
  for (const batch of await batchesOf(db, capturer.agent, Number.MAX_SAFE_INTEGER)) {
    if (batch.lane !== 'record') continue
    for (const bytes of await capturedIn(db, capturer.agent, batch)) {
      events++
      const hash = hashOf(bytes, capturer)
      if (!hash || (await leafIndex(db, hash)) !== undefined) continue
      if (batch.arrival > arrival) waiting.add(toHex(hash))
      else say(`Captured event ${nameOf(bytes)} is not in the log.`)
    }
  }
  for await (const { event_id: name, body } of shown(db)) {
    const hash = hashOf(utf8(body), capturer)
    if (!hash) continue
    const index = await leafIndex(db, hash)
    if (index !== undefined && index < size) isMatched[index] = 1
    else if (index === undefined && !waiting.has(toHex(hash)))
      say(
        `Captured event ${name} is shown otherwise than it was captured, or never was. \`rebuild\` derives it again.`,
      )
  }
  return { events, waiting: waiting.size }
}

/** Undefined for what is too long to be a leaf. */
const hashOf = (bytes: Uint8Array, { key }: Capturer): Uint8Array | undefined =>
  bytes.length > MAX_SIGNED_BYTES ? undefined : capturedLeafHash(bytes, key.sign(capturedMessage(bytes)))

/** Whether an event is one that questions find: what can't be read as one stays in the log and is not shown. */
export function isShown(bytes: Uint8Array): boolean {
  const event = jsonOf(bytes)
  return event !== undefined && factsOf(event, sha256) !== undefined
}

const nameOf = (bytes: Uint8Array): string => String(jsonOf(bytes)?.['eventID'] ?? '(unnamed)').slice(0, 200)

function jsonOf(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(fromUtf8(bytes))
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

async function* shown(db: Db): AsyncGenerator<{ event_id: string; body: string }> {
  for (let last = new Uint8Array(0); ; ) {
    const { rows } = await sql<{ ref: Uint8Array; event_id: string; body: string }>`SELECT ref, event_id, body
      FROM event_index WHERE agent = '' AND body IS NOT NULL AND ref > ${last} ORDER BY ref LIMIT ${PAGE}`.execute(
      db,
    )
    yield* rows
    const end = rows.at(-1)
    if (!end) return
    last = new Uint8Array(end.ref)
  }
}
