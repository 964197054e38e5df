import { sql } from 'kysely'
import type { ModelLabelWords } from '#contract/wire/model-words.ts'
import { type PlantVerdict, plantVerdict } from '#contract/wire/plant-verdict.ts'
import type { Viewer } from '../accounts/viewer.ts'
import type { Db } from '../store/open-store.ts'
import {
  type FindingCard,
  findingCards,
  modelsOf,
  type PhotoShelf,
  type ReviewCard,
  reviewsOf,
  seenBy,
} from './finding-card.ts'

/** One finding with everything that a person needs to judge it. */
export interface FindingDetail {
  readonly finding: FindingCard
  /** Other photos of the same plant, oldest first, and what all of them say together; null where it is the only one. */
  readonly plant: { readonly others: readonly FindingCard[]; readonly verdict: PlantVerdict } | null
  /** Newest first; the first one stands. */
  readonly history: readonly ReviewCard[]
  /** What it may be instead: labels of the model that answered, or of one of this box for the crop. */
  readonly choices: readonly ModelLabelWords[]
  /** The last time that the full photo was asked for; null where it never was. */
  readonly request: PhotoRequest | null
}

export interface PhotoRequest {
  readonly at: number
  readonly personName: string | null
  readonly role: string
  /** `asked`: the box has not said anything yet; `promised`: it sends the photo; `refused`: it does not. */
  readonly state: 'asked' | 'promised' | 'refused'
  /** What the box said, where it refused. */
  readonly reason: string
}

// Six photos at once are what the box's page takes.
const MAX_OF_A_PLANT = 24

/** Null for a finding that is not there, or not of a farm of the viewer's. */
export async function findingDetail(
  db: Db,
  photos: PhotoShelf,
  viewer: Viewer,
  { agent, findingId }: { readonly agent: string; readonly findingId: string },
): Promise<FindingDetail | null> {
  const [finding] = await findingCards(
    db,
    photos,
    sql`WHERE ${seenBy(viewer)} AND f.agent = ${agent} AND f.finding_id = ${findingId}`,
  )
  if (!finding) return null
  return {
    finding,
    plant: await plantOf(db, photos, viewer, finding),
    history: await reviewsOf(db, agent, findingId),
    choices: await choicesFor(db, finding),
    request: await requestOf(db, agent, finding.photo.sha256),
  }
}

/** The boxes of the viewer's farms that have a finding of this id: one, but for a box that copies another's ids. */
export async function boxesOfFinding(db: Db, viewer: Viewer, findingId: string): Promise<string[]> {
  const { rows } = await sql<{
    agent: string
  }>`SELECT f.agent FROM enrolment e JOIN finding f ON f.agent = e.agent
    WHERE ${seenBy(viewer)} AND f.finding_id = ${findingId} ORDER BY f.agent LIMIT 2`.execute(db)
  return rows.map(({ agent }) => agent)
}

async function plantOf(
  db: Db,
  photos: PhotoShelf,
  viewer: Viewer,
  { agent, plant, findingId }: FindingCard,
): Promise<FindingDetail['plant']> {
  if (plant === null || plant === '') return null
  const all = await findingCards(
    db,
    photos,
    sql`WHERE ${seenBy(viewer)} AND f.agent = ${agent} AND f.plant = ${plant}
      ORDER BY shown_at, f.finding_id LIMIT ${MAX_OF_A_PLANT}`,
  )
  if (all.length < 2) return null
  const verdict = plantVerdict(
    all.map(({ verdict, abstained, labels }) => ({
      ...{ verdict, labels },
      // A reason that a newer box knows has no vote either.
      abstained: abstained as PlantVerdict['abstained'],
    })),
  )
  return { others: all.filter((each) => each.findingId !== findingId), verdict }
}

/** Of the finding's crop first; every label once. */
async function choicesFor(db: Db, { agent, crop, model }: FindingCard): Promise<ModelLabelWords[]> {
  const models = await modelsOf(db, [agent])
  const own = model ? models.get(`${agent} ${model.sha256}`) : undefined
  const ofCrop = [...models.values()].filter(({ labels }) => labels.some((each) => each.crop === crop))
  const labels = own?.labels ?? ofCrop.at(-1)?.labels ?? []
  const once = new Map(labels.map((each) => [`${each.crop}/${each.key}`, each]))
  return [...once.values()].toSorted((a, b) => Number(b.crop === crop) - Number(a.crop === crop))
}

async function requestOf(db: Db, agent: string, photo: string): Promise<PhotoRequest | null> {
  const { rows } = await sql<{
    no: number
    role: string
    decided_at: number
    name: string | null
  }>`SELECT q.no, q.role, q.decided_at, person.name FROM photo_request q LEFT JOIN person ON person.person_id = q.person
    WHERE q.agent = ${agent} AND q.photo = ${photo} ORDER BY q.no DESC LIMIT 1`.execute(db)
  const asked = rows[0]
  if (!asked) return null
  const { rows: outcomes } = await sql<{ outcome: string; reason: string }>`SELECT outcome, reason
    FROM downlink_outcome WHERE agent = ${agent} AND no = ${asked.no}
    ORDER BY rank DESC, t DESC, epoch, seq DESC LIMIT 1`.execute(db)
  const said = outcomes[0]
  const isDone = said?.outcome === 'applied' || said?.outcome === 'stored'
  return {
    at: asked.decided_at,
    personName: asked.name,
    role: asked.role,
    state: said === undefined ? 'asked' : isDone ? 'promised' : 'refused',
    reason: isDone ? '' : (said?.reason ?? ''),
  }
}
