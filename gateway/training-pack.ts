import { createHash } from 'node:crypto'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { VuonError } from '#contract/ground/errors.ts'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import type { ReviewDecision } from '#contract/wire/province-decisions.ts'
import type { PhotoShelf } from './insight/finding-card.ts'
import type { Db } from './store/open-store.ts'
import { farmCalendar } from './trace/farm-calendar.ts'
import { packReadme } from './training-pack-readme.ts'

/**
 * Photos of which a person has said what they show, as a folder that `models/training` takes with `--photos`:
 *
 *   manifest.csv     a row a photo, in the columns of a pack; label, group and split decide the training
 *   others.csv       the same columns: what is none of the model's labels, for a person to sort; training does not read it
 *   regions.jsonl    where people drew, by file
 *   reviewed_CROP_ORGAN/LABEL/SHA256.jpg
 *
 * The folder is what one run says: photos that were erased or judged anew since the last one leave their old place. The
 * tables are written last, so that a run that is cut off leaves the last one's.
 */
export interface PackAsked {
  readonly out: string
  /** Decided on this day or later, YYYY-MM-DD; empty for all. */
  readonly since: string
  /** Empty for all. */
  readonly crop: string
}

export interface PackDone {
  readonly photos: number
  readonly train: number
  readonly val: number
  readonly groups: number
  /** In others.csv. */
  readonly others: number
  readonly withRegions: number
  /** The full photo is not at the province; ask for it on its page. */
  readonly notHere: number
  readonly erased: number
  readonly notUsable: number
  /** New in the folder, and gone from it. */
  readonly written: number
  readonly removed: number
}

export interface PackOutside {
  readonly db: Db
  readonly photos: PhotoShelf
  readonly timeZone: string
  readonly onProgress: (seen: number, of: number) => void
}

export const PACK_COLUMNS = [
  ...['file', 'set', 'crop', 'organ', 'label', 'label_en', 'label_vi', 'group', 'split'],
  ...['width', 'height', 'source_repo', 'source_commit', 'licence'],
] as const

// As in the packs that the shipped models are made from: 590 of 3913.
const VAL_SHARE = 0.15
const PROGRESS_EVERY = 100
const REGIONS = 'regions.jsonl'

/** Throws `input-invalid` for a folder that holds another pack. */
export async function writeTrainingPack(asked: PackAsked, outside: PackOutside): Promise<PackDone> {
  const { out } = asked
  if (existsSync(join(out, 'manifest.csv')) && !existsSync(join(out, REGIONS)))
    throw new VuonError('input-invalid', `${out} holds a pack that was not exported here.`, {
      hint: 'Give an empty folder; training takes several: --photos ONE --photos OTHER.',
    })
  const reviewed = await reviewedPhotos(asked, outside)
  const left = { notHere: 0, erased: 0, notUsable: 0 }
  const rows: PackRow[] = []
  let written = 0
  for (const [at, photo] of reviewed.entries()) {
    if (at > 0 && at % PROGRESS_EVERY === 0) outside.onProgress(at, reviewed.length)
    if (photo.decision === 'not-usable') left.notUsable++
    else {
      const state = keepPhoto(out, photo, outside.photos)
      if (state === 'not-here') left.notHere++
      else if (state === 'erased') left.erased++
      else {
        rows.push(rowOf(photo, outside.timeZone))
        if (state === 'written') written++
      }
    }
  }
  const removed = dropStale(out, new Set(rows.map(({ cells }) => cells.file)))
  const labelled = rows.filter(({ isLabelled }) => isLabelled)
  const others = rows.filter(({ isLabelled }) => !isLabelled)
  const drawn = rows.filter(({ regions }) => regions.length > 0)
  const lines = drawn.map(({ cells: { file, width, height }, regions }) =>
    JSON.stringify({ file, widthPx: Number(width), heightPx: Number(height), regions }),
  )
  writeFileAtomically(join(out, REGIONS), lines.map((line) => `${line}\n`).join(''))
  writeFileAtomically(join(out, 'README.md'), packReadme())
  writeFileAtomically(join(out, 'others.csv'), csvOf(others))
  writeFileAtomically(join(out, 'manifest.csv'), csvOf(labelled))
  const val = labelled.filter(({ cells }) => cells.split === 'val').length
  return {
    ...{ photos: labelled.length, train: labelled.length - val, val, others: others.length, ...left },
    groups: new Set(labelled.map(({ cells }) => cells.group)).size,
    ...{ withRegions: drawn.length, written, removed },
  }
}

interface ReviewedPhoto {
  farm_id: string
  agent: string
  finding_id: string
  organ: string
  photo: string
  width_px: number
  height_px: number
  /** When the plant's first photo was taken in, or this one's. */
  first_at: number
  decision: ReviewDecision
  crop: string
  label: string
  vi: string
  en: string
  regions: string
}

/** By what stands; of one photo that was sent twice the newest word. */
async function reviewedPhotos(
  { since, crop }: PackAsked,
  { db, timeZone }: PackOutside,
): Promise<ReviewedPhoto[]> {
  const sinceMs = since === '' ? Number.MIN_SAFE_INTEGER : farmCalendar(timeZone).startOf(since)
  const offset = sql`CASE WHEN f.clock = 'unknown' THEN coalesce(c.offset_ms, 0) ELSE 0 END`
  const { rows } =
    await sql<ReviewedPhoto>`SELECT e.farm_id, f.agent, f.finding_id, f.organ, f.photo, f.width_px, f.height_px,
      coalesce((SELECT min(g.at) FROM finding g WHERE g.agent = f.agent AND g.plant = f.plant AND g.plant <> ''), f.at) + ${offset} AS first_at,
      r.decision, r.crop, r.label, r.vi, r.en, r.regions
    FROM finding_review r JOIN finding f ON f.agent = r.agent AND f.finding_id = r.finding_id
      JOIN enrolment e ON e.agent = f.agent LEFT JOIN clock_offset c ON c.agent = f.agent AND c.boot = f.boot
    WHERE r.stands = 1 AND r.photo = f.photo AND r.decided_at >= ${sinceMs} AND (${crop} = '' OR r.crop = ${crop})
    ORDER BY r.decided_at, f.agent, f.finding_id`.execute(db)
  return [...new Map(rows.map((row) => [row.photo, row])).values()].toSorted((a, b) =>
    a.photo < b.photo ? -1 : 1,
  )
}

type Cells = Readonly<Record<(typeof PACK_COLUMNS)[number], string>>

interface PackRow {
  readonly cells: Cells
  readonly regions: readonly unknown[]
  /** False for what is none of the model's labels. */
  readonly isLabelled: boolean
}

function rowOf(photo: ReviewedPhoto, timeZone: string): PackRow {
  const { farm_id: farmId, crop, organ, en, vi } = photo
  // Of one farm and day, or of one plant: light, camera and tree are the same, and must not be on both sides.
  const group = `${farmId}_${farmCalendar(timeZone).dayOf(photo.first_at)}`
  return {
    isLabelled: photo.decision !== 'other' && photo.label !== 'not-this-plant',
    regions: JSON.parse(photo.regions) as unknown[],
    cells: {
      ...{ file: fileOf(photo), set: setOf(photo), crop: crop.replaceAll('-', ' '), organ },
      ...{ label: labelOf(photo), label_en: en, label_vi: vi, group, split: splitOf(group) },
      ...{ width: String(photo.width_px), height: String(photo.height_px) },
      ...{ source_repo: `box ${photo.agent}`, source_commit: `finding ${photo.finding_id}` },
      licence: `owned by farm ${farmId}: training needs the farm's consent, do not redistribute`,
    },
  }
}

/** Always the same for a group, whatever else is exported with it. */
const splitOf = (group: string): 'train' | 'val' =>
  createHash('sha256').update(group).digest().readUInt32BE() < VAL_SHARE * 2 ** 32 ? 'val' : 'train'

const setOf = ({ crop, organ }: ReviewedPhoto): string =>
  ['reviewed', nameOf(crop), nameOf(organ)].filter(Boolean).join('_')

/** What people wrote becomes a folder's name: letters and digits only. */
const labelOf = ({ decision, label, vi }: ReviewedPhoto): string =>
  decision === 'other' ? `other_${nameOf(vi)}` : nameOf(label) || 'unnamed'

const fileOf = (photo: ReviewedPhoto): string => `${setOf(photo)}/${labelOf(photo)}/${photo.photo}.jpg`

const nameOf = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('đ', 'd')
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '')
    .slice(0, 60)

/** The name is the hash, so that a file which is there with its size is there. */
function keepPhoto(
  out: string,
  photo: ReviewedPhoto,
  shelf: PhotoShelf,
): 'written' | 'kept' | 'not-here' | 'erased' {
  const state = shelf.state(photo.agent, photo.photo)
  if (state.kind === 'erased') return 'erased'
  if (state.kind !== 'whole') return 'not-here'
  const path = join(out, fileOf(photo))
  if (statSync(path, { throwIfNoEntry: false })?.size === state.sizeBytes) return 'kept'
  const bytes = shelf.read(photo.agent, photo.photo)
  if (!bytes) return 'not-here'
  writeFileAtomically(path, bytes)
  return 'written'
}

/** Only what an export has written is ever removed. */
function dropStale(out: string, files: ReadonlySet<string>): number {
  if (!existsSync(out)) return 0
  const stale = readdirSync(out, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /^reviewed[a-z0-9_]*\/[a-z0-9_]+\/[0-9a-f]{64}\.jpg$/.test(name) && !files.has(name))
  for (const name of stale) rmSync(join(out, name), { force: true })
  return stale.length
}

/** RFC 4180, with the line ends of the packs. */
const csvOf = (rows: readonly PackRow[]): string =>
  [
    PACK_COLUMNS.join(','),
    ...rows.map(({ cells }) => PACK_COLUMNS.map((column) => cellOf(cells[column])).join(',')),
  ]
    .map((line) => `${line}\n`)
    .join('')

const cellOf = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
