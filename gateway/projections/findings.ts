import { sql } from 'kysely'
import { toBase64, toHex } from '#contract/ground/bytes.ts'
import type { TimeQuality } from '#contract/ground/clock.ts'
import type { Db, Migration, Tx } from '../store/open-store.ts'
import type { Finding } from './finding-shape.ts'

export const findingMigrations: readonly Migration[] = [
  {
    name: 'projections-finding-1',
    statements: ({ integer, real, tableOptions }) => [
      `CREATE TABLE finding (agent TEXT NOT NULL, finding_id TEXT NOT NULL, epoch TEXT NOT NULL, seq ${integer} NOT NULL, t ${integer} NOT NULL,
        boot TEXT NOT NULL, clock TEXT NOT NULL, at ${integer} NOT NULL, crop TEXT NOT NULL, organ TEXT NOT NULL, plot TEXT NOT NULL,
        person TEXT NOT NULL, model_id TEXT, model_version TEXT, model_sha256 TEXT, verdict TEXT, abstained TEXT, labels TEXT NOT NULL,
        lesion_share ${real}, quality TEXT NOT NULL, width_px ${integer} NOT NULL, height_px ${integer} NOT NULL, taken_at ${integer},
        photo TEXT NOT NULL, thumbnail TEXT NOT NULL, PRIMARY KEY (agent, finding_id))${tableOptions}`,
      `CREATE INDEX finding_at ON finding (agent, at)`,
      // Every hash that a finding names: what a box may send, and by which a viewer may ask.
      `CREATE TABLE finding_blob (agent TEXT NOT NULL, sha256 TEXT NOT NULL, size_bytes ${integer} NOT NULL, PRIMARY KEY (agent, sha256, size_bytes))${tableOptions}`,
      `CREATE INDEX finding_blob_hash ON finding_blob (sha256)`,
    ],
  },
  {
    // Where the lesions are, as JSON with its cells in base64: shown with the photo, never asked for by itself.
    name: 'projections-finding-2',
    statements: () => [`ALTER TABLE finding ADD COLUMN heat TEXT`],
  },
  {
    // Photos of one plant vote together, and agronomists begin with what the model is least sure of: the probability of
    // the likeliest label. Findings of before have neither until a rebuild.
    name: 'projections-finding-3',
    statements: ({ real }) => [
      `ALTER TABLE finding ADD COLUMN plant TEXT`,
      `ALTER TABLE finding ADD COLUMN sureness ${real}`,
      `CREATE INDEX finding_plant ON finding (agent, plant)`,
      `DROP INDEX finding_at`,
      // All that a list filters, counts and sorts by: the rows themselves, with their maps, are read for one page of it.
      `CREATE INDEX finding_listed ON finding (agent, crop, verdict, sureness, at, finding_id, clock, boot)`,
    ],
  },
]

export const FINDING_TABLES = ['finding', 'finding_blob'] as const

interface Source {
  readonly agent: string
  readonly epoch: string
  readonly seq: number
}

/** A finding that is said again (looked at by a newer model) replaces the earlier one, whichever arrived first. */
export async function applyFinding(
  tx: Tx,
  { agent, epoch, seq }: Source,
  stamp: { readonly t: number; readonly boot: string; readonly clock: TimeQuality },
  finding: Finding,
): Promise<void> {
  const { photo, model } = finding
  const [photoHash, thumbnailHash] = [toHex(photo.sha256), toHex(photo.thumbnail.sha256)]
  await sql`INSERT INTO finding VALUES (${agent}, ${finding.findingId}, ${epoch}, ${seq}, ${stamp.t}, ${stamp.boot}, ${stamp.clock},
    ${finding.at}, ${finding.crop}, ${finding.organ}, ${finding.plot}, ${finding.person}, ${model?.id ?? null}, ${model?.version ?? null},
    ${model ? toHex(model.sha256) : null}, ${finding.verdict}, ${finding.abstained}, ${JSON.stringify(finding.labels)},
    ${finding.lesionShare}, ${JSON.stringify(finding.quality)}, ${photo.widthPx}, ${photo.heightPx}, ${photo.takenAt ?? null},
    ${photoHash}, ${thumbnailHash}, ${heatText(finding)}, ${finding.plant ?? null}, ${surenessOf(finding)})
    ON CONFLICT (agent, finding_id) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, t = excluded.t, boot = excluded.boot,
      clock = excluded.clock, at = excluded.at, crop = excluded.crop, organ = excluded.organ, plot = excluded.plot,
      person = excluded.person, model_id = excluded.model_id, model_version = excluded.model_version,
      model_sha256 = excluded.model_sha256, verdict = excluded.verdict, abstained = excluded.abstained, labels = excluded.labels,
      lesion_share = excluded.lesion_share, quality = excluded.quality, width_px = excluded.width_px, height_px = excluded.height_px,
      taken_at = excluded.taken_at, photo = excluded.photo, thumbnail = excluded.thumbnail,
      heat = excluded.heat, plant = excluded.plant, sureness = excluded.sureness
    WHERE (excluded.t, excluded.epoch, excluded.seq) > (finding.t, finding.epoch, finding.seq)`.execute(tx)
  await sql`INSERT INTO finding_blob VALUES (${agent}, ${photoHash}, ${photo.sizeBytes}), (${agent}, ${thumbnailHash}, ${photo.thumbnail.sizeBytes})
    ON CONFLICT (agent, sha256, size_bytes) DO NOTHING`.execute(tx)
}

const heatText = ({ heat }: Finding): string | null =>
  heat ? JSON.stringify({ ...heat, values: toBase64(heat.values) }) : null

/** Null where no model judged the photo. */
const surenessOf = ({ labels }: Finding): number | null =>
  labels.length === 0 ? null : Math.max(...labels.map(({ probability }) => probability))

/** The sizes that findings of this box state for a hash: what it may send. Empty when none names it. */
export async function sizesNamedBy(db: Db, agent: string, sha256: string): Promise<number[]> {
  const { rows } = await sql<{ size: number }>`SELECT size_bytes AS size FROM finding_blob
    WHERE agent = ${agent} AND sha256 = ${sha256}`.execute(db)
  return rows.map((row) => row.size)
}

/** The boxes of a farm, its present and former ones, whose findings name this hash. */
export async function boxesNaming(db: Db, farmId: string, sha256: string): Promise<string[]> {
  const { rows } = await sql<{ agent: string }>`SELECT DISTINCT b.agent FROM finding_blob b
    JOIN enrolment e ON e.agent = b.agent WHERE b.sha256 = ${sha256} AND e.farm_id = ${farmId} ORDER BY b.agent`.execute(
    db,
  )
  return rows.map((row) => row.agent)
}

/** Every blob of the findings that name this hash as photo or thumbnail: what goes when the photo is to be erased. */
export async function blobsOfPhoto(db: Db, sha256: string): Promise<{ agent: string; sha256: string }[]> {
  const { rows } = await sql<{
    agent: string
    photo: string
    thumbnail: string
  }>`SELECT DISTINCT agent, photo, thumbnail
    FROM finding WHERE photo = ${sha256} OR thumbnail = ${sha256}`.execute(db)
  return rows.flatMap(({ agent, photo, thumbnail }) => [
    { agent, sha256: photo },
    { agent, sha256: thumbnail },
  ])
}
