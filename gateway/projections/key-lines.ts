import { sql } from 'kysely'
import type { ChainedKey, SeqOfLane } from '#contract/wire/key-rotation.ts'
import { LANES } from '#contract/wire/records.ts'
import { type Epoch, epochHistory } from '../log/epochs.ts'
import { rangesOf } from '../log/marks.ts'
import type { Db } from '../store/open-store.ts'
import { keysOfAgent, type Revoked } from './keys.ts'

/** One key of one box as the province's people ask for it. */
export interface KeyLine extends ChainedKey {
  readonly state: 'current' | 'retired' | 'revoked'
  /** Where its successor begins; `anew` when the province enrolled that one. */
  readonly ends: ChainedKey['begins'] | 'anew'
  readonly revoked: Revoked | null
}

export interface BoxKeys {
  readonly agent: string
  readonly boxCode: string
  readonly farmId: string
  readonly isSuspended: boolean
  /** The oldest first. */
  readonly keys: readonly KeyLine[]
  readonly epochs: readonly Epoch[]
  /** Batches in the log that do not count, for they were signed after a key's last trusted word. */
  readonly untrustedBatches: number
  /** Batches that were refused and kept as evidence, by the reason. */
  readonly setAside: Readonly<Record<string, number>>
}

export async function boxKeys(db: Db, agent?: string): Promise<BoxKeys[]> {
  const one = agent === undefined ? sql`1 = 1` : sql`agent = ${agent}`
  const { rows } = await sql<{
    agent: string
    box_code: string
    farm_id: string
    suspended_at: number | null
  }>`SELECT agent, box_code, farm_id, suspended_at FROM enrolment WHERE ${one} ORDER BY farm_id, box_code LIMIT 10000`.execute(
    db,
  )
  const boxes: BoxKeys[] = []
  for (const row of rows) boxes.push(await keysOfBox(db, row))
  return boxes
}

async function keysOfBox(
  db: Db,
  row: { agent: string; box_code: string; farm_id: string; suspended_at: number | null },
): Promise<BoxKeys> {
  const { agent } = row
  const keys = await keysOfAgent(db, agent)
  const lines = keys.map(({ key, begins, revoked }, index): KeyLine => {
    const next = keys[index + 1]
    const state = revoked ? 'revoked' : next ? 'retired' : 'current'
    return { key, begins, state, ends: next ? (next.begins ?? 'anew') : null, revoked }
  })
  const untrusted = await sql<{
    count: number
  }>`SELECT count(*) AS count FROM untrusted_batch WHERE agent = ${agent}`.execute(db)
  const aside = await sql<{ reason: string; count: number }>`SELECT reason, count(*) AS count FROM log_aside
    WHERE agent = ${agent} GROUP BY reason ORDER BY reason`.execute(db)
  return {
    agent,
    boxCode: row.box_code,
    farmId: row.farm_id,
    isSuspended: row.suspended_at !== null,
    keys: lines,
    epochs: await epochHistory(db, agent),
    untrustedBatches: Number(untrusted.rows[0]?.count ?? 0),
    setAside: Object.fromEntries(aside.rows.map(({ reason, count }) => [reason, Number(count)])),
  }
}

/** The last seq of each lane that is here, whatever is missing before it. */
export async function heldThrough(db: Db, agent: string, epoch: string): Promise<SeqOfLane> {
  const ends = await Promise.all(
    LANES.map(
      async (lane) => [lane, (await rangesOf(db, agent, epoch, lane)).held.at(-1)?.[1] ?? 0] as const,
    ),
  )
  return Object.fromEntries(ends) as Record<(typeof LANES)[number], number>
}
