import { sql } from 'kysely'
import { maySeeRecalls, type Viewer } from '../../accounts/viewer.ts'
import type { Db } from '../../store/open-store.ts'
import type { LotName } from '../lot-tree.ts'

/** A recall as it stands. */
export interface RecallState extends LotName {
  readonly recallId: string
  readonly reasonVi: string
  readonly reasonEn: string
  readonly state: 'recalled' | 'lifted'
  readonly isForward: boolean
  readonly recalledAt: number
  readonly decidedAt: number
}

interface RecallRow {
  recall_id: string
  gtin: string
  lot: string
  reason_vi: string
  reason_en: string
  state: 'recalled' | 'lifted'
  is_forward: number
  recalled_at: number
  decided_at: number
}

// A province recalls some lots a year.
const MAX_LISTED = 500

/** Of the lot itself, and of the lots that it came from where a recall goes forward. Open ones first, the newest first. */
export async function recallsOf(
  db: Db,
  { gtin, lot }: LotName,
  origins: readonly LotName[],
): Promise<RecallState[]> {
  const { rows } =
    await sql<RecallRow>`SELECT * FROM recall ORDER BY decided_at DESC, recall_id LIMIT 10000`.execute(db)
  const from = new Set(origins.map((each) => `${each.gtin} ${each.lot}`))
  return rows
    .filter((row) =>
      row.gtin === gtin && row.lot === lot
        ? true
        : row.is_forward === 1 && from.has(`${row.gtin} ${row.lot}`),
    )
    .map(stateOf)
    .toSorted((a, b) => Number(b.state === 'recalled') - Number(a.state === 'recalled'))
}

/** Every recall; null for whoever may not see them. */
export async function listRecalls(db: Db, viewer: Viewer): Promise<RecallState[] | null> {
  if (!maySeeRecalls(viewer)) return null
  const { rows } =
    await sql<RecallRow>`SELECT * FROM recall ORDER BY decided_at DESC, recall_id LIMIT ${MAX_LISTED}`.execute(
      db,
    )
  return rows.map(stateOf)
}

export async function recallById(db: Db, recallId: string): Promise<RecallState | undefined> {
  const { rows } = await sql<RecallRow>`SELECT * FROM recall WHERE recall_id = ${recallId}`.execute(db)
  return rows[0] && stateOf(rows[0])
}

const stateOf = (row: RecallRow): RecallState => ({
  recallId: row.recall_id,
  gtin: row.gtin,
  lot: row.lot,
  reasonVi: row.reason_vi,
  reasonEn: row.reason_en,
  state: row.state,
  isForward: row.is_forward === 1,
  recalledAt: Number(row.recalled_at),
  decidedAt: Number(row.decided_at),
})
