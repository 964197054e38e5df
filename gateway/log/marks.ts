import { sql } from 'kysely'
import { LANES, type Lane } from '#contract/wire/records.ts'
import type { LaneMarks, SyncAnswer } from '#contract/wire/sync-protocol.ts'
import type { Db, Tx } from '../store/open-store.ts'
import { statement } from '../store/statement.ts'

/** First and last seq of a run, both inside it. */
export type Range = readonly [first: number, last: number]

/** What one lane of one epoch holds, and what its box has said is lost; each sorted and disjoint. */
export interface LaneRanges {
  readonly held: readonly Range[]
  readonly lost: readonly Range[]
}

// A list of holes longer than this is damage or an attack, and would not fit an answer.
export const MAX_RANGES = 1000
// What an answer to a box names of them: the next answer names the next.
const RANGES_AN_ANSWER = 100

/** How far each lane has come: what the box may forget, and what it has to send again. */
export async function marksOf(db: Db, agent: string, epoch: string): Promise<SyncAnswer['lanes']> {
  const rows = await selectMarks(db, agent, epoch)
  const marks = LANES.map((lane) => {
    const row = rows.find((each) => each.lane === lane)
    return [lane, laneMarks(row ? unite(parse(row.held), parse(row.lost)) : [])] as const
  })
  return Object.fromEntries(marks) as Record<Lane, LaneMarks>
}

const selectMarks = statement<{ lane: Lane; held: string; lost: string }>(
  `SELECT lane, held, lost FROM log_mark WHERE agent = ? AND epoch = ?`,
)

/** The epochs of an agent that the log knows, the one of the newest batch first. */
export async function epochsOf(db: Db, agent: string): Promise<string[]> {
  const { rows } = await sql<{ epoch: string }>`SELECT epoch, max(last_arrival) AS last FROM log_mark
    WHERE agent = ${agent} GROUP BY epoch ORDER BY last DESC`.execute(db)
  return rows.map((row) => row.epoch)
}

export async function rangesOf(db: Db, agent: string, epoch: string, lane: Lane): Promise<LaneRanges> {
  const [row] = await selectRanges(db, agent, epoch, lane)
  return row ? { held: parse(row.held), lost: parse(row.lost) } : { held: [], lost: [] }
}

const selectRanges = statement<{ held: string; lost: string }>(
  `SELECT held, lost FROM log_mark WHERE agent = ? AND epoch = ? AND lane = ?`,
)

export async function saveHeld(
  tx: Tx,
  at: { agent: string; epoch: string; lane: Lane; arrival: number },
  held: readonly Range[],
): Promise<void> {
  await upsertHeld(tx, at.agent, at.epoch, at.lane, JSON.stringify(held), at.arrival)
}

const upsertHeld = statement(`INSERT INTO log_mark VALUES (?, ?, ?, ?, '[]', ?)
  ON CONFLICT (agent, epoch, lane) DO UPDATE SET held = excluded.held, last_arrival = excluded.last_arrival`)

/**
 * The box says that a run of seqs will never come: the marks move past it. What comes all the same is stored.
 * Saying it twice changes nothing.
 */
export async function noteLoss(
  tx: Tx,
  at: { agent: string; epoch: string; lane: Lane },
  [first, last]: Range,
): Promise<void> {
  const { lost } = await rangesOf(tx, at.agent, at.epoch, at.lane)
  if (lost.some((range) => range[0] <= first && range[1] >= last)) return
  const merged = mergeRange(lost, first, last)
  // The entry itself stays in the log; only the marks stand still for a box that says so much is lost.
  if (merged.length > MAX_RANGES) return
  await sql`INSERT INTO log_mark VALUES (${at.agent}, ${at.epoch}, ${at.lane}, '[]', ${JSON.stringify(merged)}, 0)
    ON CONFLICT (agent, epoch, lane) DO UPDATE SET lost = excluded.lost`.execute(tx)
}

/** Adds a range to a sorted list of disjoint ones, joining neighbours. */
export function mergeRange(ranges: readonly Range[], from: number, to: number): Range[] {
  const last = ranges.at(-1)
  // Nearly every batch goes on where the last one ended.
  if (last && from === last[1] + 1) return [...ranges.slice(0, -1), [last[0], to]]
  return unite(ranges, [[from, to]])
}

export function laneMarks(ranges: readonly Range[]): LaneMarks {
  const first = ranges[0]
  const durableThrough = first && first[0] === 1 ? first[1] : 0
  const held = ranges.filter(([from]) => from > durableThrough)
  const missing: Range[] = []
  let next = durableThrough + 1
  for (const [from, to] of held) {
    missing.push([next, from - 1])
    next = to + 1
  }
  return {
    durableThrough,
    held: held.slice(0, RANGES_AN_ANSWER),
    missing: missing.slice(0, RANGES_AN_ANSWER),
  }
}

function unite(one: readonly Range[], other: readonly Range[]): Range[] {
  if (other.length === 0) return [...one]
  const merged: Range[] = []
  for (const range of [...one, ...other].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last && range[0] <= last[1] + 1) merged[merged.length - 1] = [last[0], Math.max(last[1], range[1])]
    else merged.push(range)
  }
  return merged
}

const parse = (json: string): Range[] => JSON.parse(json) as Range[]
