import { sql } from 'kysely'
import { maySeeFarm, type Viewer } from '../accounts/viewer.ts'
import type { Db } from '../store/open-store.ts'
import { type FindingCard, findingCards, type PhotoShelf } from './finding-card.ts'

export type { FindingCard, LabelCard, PhotoCard, PhotoShelf, ReviewCard } from './finding-card.ts'

export const MAX_FINDINGS = 200

/** Newest first; null for a farm that is not there, or not the viewer's. */
export async function findingsOfFarm(
  db: Db,
  photos: PhotoShelf,
  viewer: Viewer,
  farmId: string,
  limit: number,
): Promise<FindingCard[] | null> {
  if (!maySeeFarm(viewer, farmId)) return null
  const farms = await sql`SELECT 1 FROM farm WHERE farm_id = ${farmId}`.execute(db)
  if (farms.rows.length === 0) return null
  const count = Math.max(1, Math.min(MAX_FINDINGS, Math.floor(limit)))
  return findingCards(
    db,
    photos,
    sql`WHERE e.farm_id = ${farmId} ORDER BY shown_at DESC, f.finding_id LIMIT ${count}`,
  )
}

/** The bytes of a photo that a finding of a farm of the viewer names; null when there is none for them. */
export async function photoFor(
  db: Db,
  photos: PhotoShelf,
  viewer: Viewer,
  sha256: string,
): Promise<{ readonly bytes: Uint8Array } | 'erased' | null> {
  if (!/^[0-9a-f]{64}$/.test(sha256)) return null
  const { rows } = await sql<{ agent: string; farm_id: string }>`SELECT DISTINCT b.agent, e.farm_id
    FROM finding_blob b JOIN enrolment e ON e.agent = b.agent WHERE b.sha256 = ${sha256} ORDER BY b.agent`.execute(
    db,
  )
  const theirs = rows.filter((row) => maySeeFarm(viewer, row.farm_id))
  for (const { agent } of theirs) {
    const bytes = photos.read(agent, sha256)
    if (bytes) return { bytes }
  }
  return theirs.some(({ agent }) => photos.state(agent, sha256).kind === 'erased') ? 'erased' : null
}
