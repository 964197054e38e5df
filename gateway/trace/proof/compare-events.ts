import { sql } from 'kysely'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { decodeLeaf, encodeLeaf, MAX_SIGNED_BYTES } from '#contract/trace/log-leaf.ts'
import { leafHash } from '#contract/trace/merkle.ts'
import { leafIndex, leavesIn, treeHead } from '../../log/tree/read-tree.ts'
import type { Db } from '../../store/open-store.ts'
import type { Capturer } from './captured-events.ts'
import { compareCaptured, isShown } from './compare-captured.ts'
import { isTrusted } from './ripe-events.ts'

export interface EventComparison {
  /** Of farms. */
  readonly events: number
  /** Of integrators. */
  readonly captured: number
  /** Received, and the log will look at them next. */
  readonly waiting: number
  readonly problems: readonly string[]
}

const PAGE = 500
const MAX_PROBLEMS = 100

/**
 * Holds the events that the province shows against the log: every one that counts has to be in it, and every entry has
 * to be one that was received. A row that was changed is in neither.
 */
export async function compareEvents(db: Db, capturer: Capturer): Promise<EventComparison> {
  const head = await treeHead(db)
  const { size, arrival } = head
  const problems: string[] = []
  const say = (problem: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push(problem)
  }
  const isMatched = new Uint8Array(size)
  let [events, waiting] = [0, 0]
  for await (const row of allEvents(db)) {
    const index = await indexOf(db, row)
    if (index !== undefined && index < size) isMatched[index] = 1
    if (row.is_to_be_in === 0) continue
    events++
    if (index !== undefined || row.signed.length > MAX_SIGNED_BYTES) continue
    if (row.arrival === null || row.arrival > arrival) waiting++
    else say(`Event ${row.event_no} of box ${row.agent} (${row.event_id}) is not in the log.`)
  }
  const captured = await compareCaptured(db, capturer, head, isMatched, say)
  waiting += captured.waiting
  for (
    let no = isMatched.indexOf(0);
    no >= 0 && problems.length < MAX_PROBLEMS;
    no = isMatched.indexOf(0, no + 1)
  ) {
    const [stored] = await leavesIn(db, no, no + 1)
    if (stored && isExpected(stored.leaf))
      say(
        `Entry ${no} of the log is not among the events: a row was changed or removed. \`rebuild\` derives it again.`,
      )
  }
  return { events, captured: captured.events, waiting, problems }
}

interface EventRow {
  agent: string
  epoch: string
  seq: number
  event_id: string
  event_no: number
  signed: Uint8Array
  signature: Uint8Array
  is_to_be_in: number
  /** Of the batch that brought it. */
  arrival: number | null
}

async function* allEvents(db: Db): AsyncGenerator<EventRow> {
  for (let last = { agent: '', epoch: '', seq: 0 }; ; ) {
    const { rows } =
      await sql<EventRow>`SELECT e.agent, e.epoch, e.seq, e.event_id, e.event_no, e.signed, e.signature,
        CASE WHEN e.is_signature_valid = 1 AND ${isTrusted} THEN 1 ELSE 0 END AS is_to_be_in,
        (SELECT arrival FROM log_batch b WHERE b.agent = e.agent AND b.epoch = e.epoch AND b.lane = 'record'
          AND b.from_seq <= e.seq AND b.to_seq >= e.seq ORDER BY b.from_seq DESC LIMIT 1) AS arrival
      FROM event e WHERE (e.agent, e.epoch, e.seq) > (${last.agent}, ${last.epoch}, ${last.seq})
      ORDER BY e.agent, e.epoch, e.seq LIMIT ${PAGE}`.execute(db)
    yield* rows
    const end = rows.at(-1)
    if (!end) return
    last = end
  }
}

async function indexOf(db: Db, { signed, signature }: EventRow): Promise<number | undefined> {
  if (signed.length < 1 || signed.length > MAX_SIGNED_BYTES || signature.length !== 64) return undefined
  return leafIndex(
    db,
    leafHash(encodeLeaf('farm-event', new Uint8Array(signed), new Uint8Array(signature)), sha256),
  )
}

/** Whether an entry of the log has to be found among the events that are shown. */
function isExpected(leaf: Uint8Array): boolean {
  try {
    const { kind, signed } = decodeLeaf(leaf)
    return kind === 'farm-event' || (kind === 'captured-event' && isShown(signed))
  } catch {
    return false
  }
}
