import { sql } from 'kysely'
import { toHex } from '#contract/ground/bytes.ts'
import type { FindingReviewEntry, PhotoRequestEntry } from '#contract/wire/province-decisions.ts'
import type { RecordEntry } from '#contract/wire/records.ts'
import type { Migration, Tx } from '../store/open-store.ts'

/** What people of the province said of findings, each word of it, and which photos they asked boxes for. */
export const findingReviewMigrations: readonly Migration[] = [
  {
    name: 'projections-finding-review-1',
    statements: ({ integer, tableOptions }) => [
      // `no` counts the words on one finding; the highest stands. Regions are only ever read whole: JSON.
      `CREATE TABLE finding_review (agent TEXT NOT NULL, finding_id TEXT NOT NULL, no ${integer} NOT NULL, stands ${integer} NOT NULL,
        review_id TEXT NOT NULL, photo TEXT NOT NULL, model_sha256 TEXT, decision TEXT NOT NULL, crop TEXT NOT NULL, label TEXT NOT NULL,
        vi TEXT NOT NULL, en TEXT NOT NULL, organism TEXT NOT NULL, note TEXT NOT NULL, regions TEXT NOT NULL, person TEXT NOT NULL,
        role TEXT NOT NULL, event_id TEXT NOT NULL, decided_at ${integer} NOT NULL, PRIMARY KEY (agent, finding_id, no))${tableOptions}`,
      `CREATE TABLE photo_request (agent TEXT NOT NULL, photo TEXT NOT NULL, no ${integer} NOT NULL, person TEXT NOT NULL,
        role TEXT NOT NULL, decided_at ${integer} NOT NULL, PRIMARY KEY (agent, photo, no))${tableOptions}`,
    ],
  },
]

export const FINDING_REVIEW_TABLES = ['finding_review', 'photo_request'] as const

/** The finding itself may come later, or again: a decision names it by its box and id and needs no row of it. */
export async function applyFindingReview(tx: Tx, review: FindingReviewEntry & RecordEntry): Promise<void> {
  const { agent, findingId, reviewId, photo, model, decision, crop, label, vi, en, organism } = review
  const { note, regions, person, role, eventId, t } = review
  const { rows } = await sql<{ no: number }>`SELECT coalesce(max(no), 0) + 1 AS no FROM finding_review
    WHERE agent = ${agent} AND finding_id = ${findingId}`.execute(tx)
  await sql`UPDATE finding_review SET stands = 0 WHERE agent = ${agent} AND finding_id = ${findingId}`.execute(
    tx,
  )
  await sql`INSERT INTO finding_review VALUES (${agent}, ${findingId}, ${Number(rows[0]?.no ?? 1)}, 1, ${reviewId}, ${toHex(photo)},
    ${model ? toHex(model) : null}, ${decision}, ${crop}, ${label}, ${vi}, ${en}, ${organism}, ${note}, ${JSON.stringify(regions)},
    ${person}, ${role}, ${eventId}, ${t})`.execute(tx)
}

export async function applyPhotoRequest(
  tx: Tx,
  { agent, photo, no, person, role, t }: PhotoRequestEntry & RecordEntry,
): Promise<void> {
  await sql`INSERT INTO photo_request VALUES (${agent}, ${toHex(photo)}, ${no}, ${person}, ${role}, ${t})
    ON CONFLICT (agent, photo, no) DO NOTHING`.execute(tx)
}
