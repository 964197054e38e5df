import { type RawBuilder, sql } from 'kysely'
import { labelWords, type ModelLabelWords } from '#contract/wire/model-words.ts'
import type { FindingReviewEntry, PhotoRegion, ReviewDecision } from '#contract/wire/province-decisions.ts'
import type { Viewer } from '../accounts/viewer.ts'
import type { BlobState } from '../store/blob-store.ts'
import type { Db } from '../store/open-store.ts'

/** What was seen on a photo, and what a person of the province says of it. Times are ms UTC, set right where the box's clock was not. */
export interface FindingCard {
  readonly findingId: string
  /** The box that sent it: with the id it names the finding. */
  readonly agent: string
  readonly farmId: string
  readonly farmName: string
  readonly at: number
  readonly isTimeSure: boolean
  readonly takenAt: number | null
  readonly crop: string
  readonly organ: string
  readonly plot: string
  /** As the farm calls the plot; its id where it has not said. */
  readonly plotName: string
  /** What photos of one plant share; null where nobody said. */
  readonly plant: string | null
  readonly photo: PhotoCard & { readonly widthPx: number; readonly heightPx: number }
  readonly thumbnail: PhotoCard
  /** Null while there is no model for this crop and organ. */
  readonly model: { readonly id: string; readonly version: string; readonly sha256: string } | null
  readonly verdict: string | null
  /** A reason of ABSTAIN_REASONS, or one that a newer box knows. */
  readonly abstained: string | null
  readonly labels: readonly LabelCard[]
  /** What is to be said with every answer of this model: that it is no diagnosis. */
  readonly screen: { readonly vi: string; readonly en: string } | null
  readonly lesionShare: number | null
  /** Where the lesions are: a grid over the whole photo, row by row, a byte a cell, in base64. */
  readonly heat: { readonly rows: number; readonly columns: number; readonly values: string } | null
  readonly quality: Readonly<Record<string, number>>
  /** The word that stands; null while nobody of the province has looked. */
  readonly review: ReviewCard | null
}

export interface LabelCard {
  readonly label: string
  readonly probability: number
  /** As the box says that its model calls it; null where it has not said. The organism is named to people of the province alone. */
  readonly words: Pick<ModelLabelWords, 'crop' | 'vi' | 'en' | 'organism'> | null
}

export interface PhotoCard {
  /** Hex. */
  readonly sha256: string
  /** `coming`: the box has it and sends it when its link is idle. */
  readonly state: 'here' | 'coming' | 'erased'
}

/** What a person of the province said of a finding, with when and, where there still is an account, whose name. */
export interface ReviewCard
  extends Omit<
    FindingReviewEntry,
    'kind' | 'reviewId' | 'agent' | 'findingId' | 'photo' | 'model' | 'person'
  > {
  readonly at: number
  /** Null where that person has no account any more. */
  readonly personName: string | null
}

/** The photos that the gateway holds; `owner` is the box that sent them. */
export interface PhotoShelf {
  state(owner: string, sha256: string): BlobState
  read(owner: string, sha256: string): Uint8Array | undefined
}

/** The farms `e` that the viewer may see. */
export function seenBy(viewer: Viewer): RawBuilder<unknown> {
  if (viewer.kind === 'public') return sql`1 = 0`
  if (viewer.farmIds === 'all') return sql`1 = 1`
  return viewer.farmIds.length === 0 ? sql`1 = 0` : sql`e.farm_id IN (${sql.join([...viewer.farmIds])})`
}

/** When it was taken in, with what was learnt about the clock of that boot. */
export const SHOWN_AT = sql`f.at + CASE WHEN f.clock = 'unknown' THEN coalesce(c.offset_ms, 0) ELSE 0 END`

/** The finding `f` with its farm and box `e`, and the decision `r` that stands. */
export const FROM_FINDING = sql`FROM enrolment e JOIN finding f ON f.agent = e.agent JOIN farm a ON a.farm_id = e.farm_id
  LEFT JOIN clock_offset c ON c.agent = f.agent AND c.boot = f.boot
  LEFT JOIN finding_review r ON r.agent = f.agent AND r.finding_id = f.finding_id AND r.stands = 1`

const COLUMNS = sql`SELECT f.agent, f.finding_id, e.farm_id, a.name AS farm_name, f.crop, f.organ, f.plot, f.plant, p.name AS plot_name,
  f.photo, f.thumbnail, f.width_px, f.height_px, f.taken_at, f.model_id, f.model_version, f.model_sha256, f.verdict, f.abstained,
  f.labels, f.lesion_share, f.quality, f.heat, f.clock, c.offset_ms, ${SHOWN_AT} AS shown_at, r.decision, r.crop AS said_crop,
  r.label, r.vi, r.en, r.organism, r.note, r.regions, r.role, r.event_id, r.decided_at, person.name AS person_name`

/** The cards of the findings that `more` (WHERE, ORDER BY and LIMIT over f, e and r) chooses. */
export async function findingCards(
  db: Db,
  photos: PhotoShelf,
  more: RawBuilder<unknown>,
): Promise<FindingCard[]> {
  const { rows } = await sql<FindingRow>`${COLUMNS} ${FROM_FINDING}
    LEFT JOIN plot p ON p.agent = f.agent AND p.plot = f.plot
    LEFT JOIN person ON person.person_id = r.person ${more}`.execute(db)
  const models = await modelsOf(
    db,
    rows.map(({ agent }) => agent),
  )
  return rows.map((row) => cardOf(row, photos, models.get(`${row.agent} ${row.model_sha256}`)))
}

export interface ModelWords {
  readonly id: string
  readonly screen: FindingCard['screen']
  readonly labels: readonly ModelLabelWords[]
}

/** By box and hash: a few models a box, each of them named by hundreds of findings. Of one box the newest last. */
export async function modelsOf(db: Db, agents: readonly string[]): Promise<Map<string, ModelWords>> {
  if (agents.length === 0) return new Map()
  const { rows } = await sql<{ agent: string; sha256: string; id: string; screen: string; labels: string }>`
    SELECT agent, sha256, id, screen, labels FROM model WHERE agent IN (${sql.join([...new Set(agents)])})
    ORDER BY agent, stated_at, epoch, seq`.execute(db)
  return new Map(
    rows.map(({ agent, sha256, id, screen, labels }) => [
      `${agent} ${sha256}`,
      { id, screen: JSON.parse(screen), labels: JSON.parse(labels) } as ModelWords,
    ]),
  )
}

interface ReviewRow {
  decision: ReviewDecision | null
  said_crop: string
  label: string
  vi: string
  en: string
  organism: string
  note: string
  regions: string
  role: string
  event_id: string
  decided_at: number
  person_name: string | null
}

interface FindingRow extends ReviewRow {
  agent: string
  finding_id: string
  farm_id: string
  farm_name: string
  crop: string
  organ: string
  plot: string
  plant: string | null
  plot_name: string | null
  photo: string
  thumbnail: string
  width_px: number
  height_px: number
  taken_at: number | null
  model_id: string | null
  model_version: string | null
  model_sha256: string | null
  verdict: string | null
  abstained: string | null
  labels: string
  lesion_share: number | null
  quality: string
  heat: string | null
  clock: string
  offset_ms: number | null
  shown_at: number
}

function cardOf(row: FindingRow, photos: PhotoShelf, model: ModelWords | undefined): FindingCard {
  const photo = (sha256: string): PhotoCard => {
    const { kind } = photos.state(row.agent, sha256)
    return { sha256, state: kind === 'whole' ? 'here' : kind === 'erased' ? 'erased' : 'coming' }
  }
  return {
    findingId: row.finding_id,
    agent: row.agent,
    farmId: row.farm_id,
    farmName: row.farm_name,
    at: row.shown_at,
    isTimeSure: row.clock !== 'unknown' || row.offset_ms !== null,
    takenAt: row.taken_at,
    crop: row.crop,
    organ: row.organ,
    plot: row.plot,
    plotName: row.plot_name || row.plot,
    plant: row.plant,
    photo: { ...photo(row.photo), widthPx: row.width_px, heightPx: row.height_px },
    thumbnail: photo(row.thumbnail),
    model:
      row.model_id === null
        ? null
        : { id: row.model_id, version: row.model_version ?? '', sha256: row.model_sha256 ?? '' },
    verdict: row.verdict,
    abstained: row.abstained,
    labels: (JSON.parse(row.labels) as { label: string; probability: number }[]).map((each) => ({
      ...each,
      words: wordsOf(model, row.crop, each.label),
    })),
    screen: model?.screen ?? null,
    lesionShare: row.lesion_share,
    heat: row.heat === null ? null : (JSON.parse(row.heat) as FindingCard['heat']),
    quality: JSON.parse(row.quality) as FindingCard['quality'],
    review: reviewOf(row),
  }
}

/** Null where nobody has decided. */
export function reviewOf(row: ReviewRow): ReviewCard | null {
  if (row.decision === null) return null
  const { decision, label, vi, en, organism, note, role } = row
  return {
    ...{ decision, crop: row.said_crop, label, vi, en, organism, note, role },
    regions: JSON.parse(row.regions) as PhotoRegion[],
    at: row.decided_at,
    personName: row.person_name,
    eventId: row.event_id,
  }
}

function wordsOf(model: ModelWords | undefined, crop: string, label: string): LabelCard['words'] {
  const found = labelWords(model?.labels ?? [], crop, label)
  return found ? { crop: found.crop, vi: found.vi, en: found.en, organism: found.organism } : null
}

/** Every word on a finding, the newest first: nothing that was decided is gone. */
export async function reviewsOf(db: Db, agent: string, findingId: string): Promise<ReviewCard[]> {
  const { rows } =
    await sql<ReviewRow>`SELECT r.decision, r.crop AS said_crop, r.label, r.vi, r.en, r.organism, r.note, r.regions,
      r.role, r.event_id, r.decided_at, person.name AS person_name
    FROM finding_review r LEFT JOIN person ON person.person_id = r.person
    WHERE r.agent = ${agent} AND r.finding_id = ${findingId} ORDER BY r.no DESC LIMIT ${MAX_REVIEWS}`.execute(
      db,
    )
  return rows.flatMap((row) => reviewOf(row) ?? [])
}

// More words on one photo than this are a quarrel, not a history.
const MAX_REVIEWS = 100
