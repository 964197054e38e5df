import { sql } from 'kysely'
import { labelWords, type ModelLabelWords } from '#contract/wire/model-words.ts'
import { maySeeFarm, type Viewer } from '../accounts/viewer.ts'
import type { BlobState } from '../store/blob-store.ts'
import type { Db } from '../store/open-store.ts'

/** What was seen on photos of one farm. Times are ms UTC, set right where the box's clock was not. */
export interface FindingCard {
  readonly findingId: string
  readonly at: number
  readonly isTimeSure: boolean
  readonly takenAt: number | null
  readonly crop: string
  readonly organ: string
  readonly plot: string
  /** As the farm calls the plot; its id where it has not said. */
  readonly plotName: string
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
}

export interface LabelCard {
  readonly label: string
  readonly probability: number
  /** As the box says that its model calls it; null where it has not said. */
  readonly words: Pick<ModelLabelWords, 'crop' | 'vi' | 'en' | 'organism'> | null
}

export interface PhotoCard {
  /** Hex. */
  readonly sha256: string
  /** `coming`: the box has it and sends it when its link is idle. */
  readonly state: 'here' | 'coming' | 'erased'
}

/** The photos that the gateway holds; `owner` is the box that sent them. */
export interface PhotoShelf {
  state(owner: string, sha256: string): BlobState
  read(owner: string, sha256: string): Uint8Array | undefined
}

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
  const { rows } =
    await sql<FindingRow>`SELECT f.agent, f.finding_id, f.crop, f.organ, f.plot, p.name AS plot_name, f.photo, f.thumbnail,
      f.width_px, f.height_px, f.taken_at, f.model_id, f.model_version, f.model_sha256, f.verdict, f.abstained, f.labels,
      f.lesion_share, f.quality, f.heat, f.clock, c.offset_ms,
      f.at + CASE WHEN f.clock = 'unknown' THEN coalesce(c.offset_ms, 0) ELSE 0 END AS shown_at
    FROM enrolment e JOIN finding f ON f.agent = e.agent
      LEFT JOIN plot p ON p.agent = f.agent AND p.plot = f.plot
      LEFT JOIN clock_offset c ON c.agent = f.agent AND c.boot = f.boot
    WHERE e.farm_id = ${farmId}
    ORDER BY shown_at DESC, f.finding_id LIMIT ${Math.max(1, Math.min(MAX_FINDINGS, Math.floor(limit)))}`.execute(
      db,
    )
  const models = await modelsOfFarm(db, farmId)
  return rows.map((row) => cardOf(row, photos, models.get(`${row.agent} ${row.model_sha256}`)))
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

interface ModelWords {
  readonly screen: FindingCard['screen']
  readonly labels: readonly ModelLabelWords[]
}

/** A few models a box, each of them named by hundreds of findings. */
async function modelsOfFarm(db: Db, farmId: string): Promise<Map<string, ModelWords>> {
  const { rows } = await sql<{ agent: string; sha256: string; screen: string; labels: string }>`
    SELECT m.agent, m.sha256, m.screen, m.labels FROM enrolment e JOIN model m ON m.agent = e.agent
    WHERE e.farm_id = ${farmId}`.execute(db)
  return new Map(
    rows.map(({ agent, sha256, screen, labels }) => [
      `${agent} ${sha256}`,
      { screen: JSON.parse(screen), labels: JSON.parse(labels) } as ModelWords,
    ]),
  )
}

interface FindingRow {
  agent: string
  finding_id: string
  crop: string
  organ: string
  plot: string
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
    at: row.shown_at,
    isTimeSure: row.clock !== 'unknown' || row.offset_ms !== null,
    takenAt: row.taken_at,
    crop: row.crop,
    organ: row.organ,
    plot: row.plot,
    plotName: row.plot_name || row.plot,
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
  }
}

function wordsOf(model: ModelWords | undefined, crop: string, label: string): LabelCard['words'] {
  const found = labelWords(model?.labels ?? [], crop, label)
  return found ? { crop: found.crop, vi: found.vi, en: found.en, organism: found.organism } : null
}
