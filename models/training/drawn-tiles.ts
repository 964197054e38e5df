import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import type { PhotoRegion } from '#contract/wire/province-decisions.ts'
import type { PackPhoto } from './photo-pack.ts'
import { PHOTO_SIDE_PX, TILE_PX } from './plan.ts'
import { isStem, STEM_VERDICTS } from './stem-verdicts.ts'

const TILE_SET = 'dragonfruit_stem_tiles'
/** The file that stands beside the manifest of an exported pack. */
const REGIONS = 'regions.jsonl'
// A large wound gives no more tiles than a photo of the pack does.
const MAX_TILES = 8
// As the pack's own tiles: twice what the network sees, so that views can be cut from them.
const KEPT_PX = 2 * TILE_PX

/**
 * Tiles for the stem screen from what agronomists drew on stems of dragon fruit: squares of an eighth of the photo's long
 * side, as the network meets them, around each place drawn; of a larger place those whose centre lies in it. They take
 * the photo's label, group and licence. Writes them into `out`. A stem that nobody drew on gives none, for nobody has
 * said where on it its label holds. Throws, with folder and line, for regions that can't be read.
 */
export async function drawnTiles(
  folders: readonly string[],
  photos: readonly PackPhoto[],
  out: string,
): Promise<PackPhoto[]> {
  const stems = new Map(
    photos.filter((each) => isStem(each) && each.label in STEM_VERDICTS).map((photo) => [photo.path, photo]),
  )
  const tiles: PackPhoto[] = []
  mkdirSync(out, { recursive: true })
  for (const folder of folders) {
    const path = join(folder, REGIONS)
    if (!existsSync(path)) continue
    const lines = readFileSync(path, 'utf8').split('\n')
    for (const [index, line] of lines.entries()) {
      if (line.trim() === '') continue
      const { file, regions } = parsed(line, `${path}:${index + 1}`)
      const photo = stems.get(join(folder, file))
      if (photo) tiles.push(...(await tilesOf(photo, regions, out)))
    }
  }
  return tiles
}

function parsed(line: string, at: string): { file: string; regions: readonly PhotoRegion[] } {
  try {
    const { file, regions } = JSON.parse(line) as { file: unknown; regions: unknown }
    if (typeof file === 'string' && Array.isArray(regions) && regions.every(isRegion))
      return { file, regions }
  } catch {
    // Said below.
  }
  throw new Error(`${at}: not {"file", "regions": [{"shape": "box" | "polygon", "points": [[x, y], ..]}]}`)
}

function isRegion(value: unknown): value is PhotoRegion {
  const { shape, points } = (value ?? {}) as Partial<PhotoRegion>
  const needed = shape === 'box' ? 2 : shape === 'polygon' ? 3 : Number.POSITIVE_INFINITY
  return (
    Array.isArray(points) &&
    points.length >= needed &&
    points.every((point) => Array.isArray(point) && point.length === 2 && point.every(isShare))
  )
}

const isShare = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1

async function tilesOf(photo: PackPhoto, regions: readonly PhotoRegion[], out: string): Promise<PackPhoto[]> {
  const upright = await sharp(photo.path, { failOn: 'error', pages: 1 })
    .autoOrient()
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const { width, height, channels } = upright.info
  const sidePx = Math.round((Math.max(width, height) * TILE_PX) / PHOTO_SIDE_PX)
  if (sidePx < 1 || Math.min(width, height) < sidePx) return []
  const corners = new Map<string, { left: number; top: number }>()
  for (const region of regions)
    for (const { left, top } of cornersIn(region, width, height, sidePx))
      corners.set(`${left},${top}`, { left, top })
  const stem = createHash('sha256').update(photo.path).digest('hex').slice(0, 16)
  const made: PackPhoto[] = []
  for (const { left, top } of corners.values()) {
    const path = join(out, `${stem}-${left}-${top}.png`)
    await sharp(upright.data, { raw: { width, height, channels } })
      .extract({ left, top, width: sidePx, height: sidePx })
      .resize(KEPT_PX, KEPT_PX, { kernel: 'cubic' })
      .png()
      .toFile(path)
    made.push({ ...photo, path, set: TILE_SET })
  }
  return made
}

/** Top left corners of the tiles of one place, px; at least one, around its middle. */
function cornersIn(
  { shape, points }: PhotoRegion,
  widthPx: number,
  heightPx: number,
  sidePx: number,
): { left: number; top: number }[] {
  const xs = points.map(([x]) => x * widthPx)
  const ys = points.map(([, y]) => y * heightPx)
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const corner = (x: number, y: number) => ({
    left: Math.round(Math.min(Math.max(x - sidePx / 2, 0), widthPx - sidePx)),
    top: Math.round(Math.min(Math.max(y - sidePx / 2, 0), heightPx - sidePx)),
  })
  const centresOf = (from: number, to: number): number[] => {
    const count = Math.max(1, Math.floor((to - from) / sidePx))
    return Array.from({ length: count }, (_, at) => from + ((at + 0.5) * (to - from)) / count)
  }
  const inside = centresOf(y0, y1)
    .flatMap((y) => centresOf(x0, x1).map((x) => ({ x, y })))
    .filter(({ x, y }) => shape === 'box' || isInside(x, y, xs, ys))
  const chosen = inside.length === 0 ? [{ x: (x0 + x1) / 2, y: (y0 + y1) / 2 }] : spread(inside)
  return chosen.map(({ x, y }) => corner(x, y))
}

/** At most so many, evenly over the list. */
const spread = <Each>(all: readonly Each[]): readonly Each[] =>
  all.length <= MAX_TILES
    ? all
    : Array.from({ length: MAX_TILES }, (_, at) => all[Math.floor((at * all.length) / MAX_TILES)] as Each)

/** Even–odd rule. */
function isInside(x: number, y: number, xs: readonly number[], ys: readonly number[]): boolean {
  let isIn = false
  for (let at = 0, before = xs.length - 1; at < xs.length; before = at++) {
    const [xa, ya, xb, yb] = [xs[at]!, ys[at]!, xs[before]!, ys[before]!]
    if (ya > y !== yb > y && x < ((xb - xa) * (y - ya)) / (yb - ya) + xa) isIn = !isIn
  }
  return isIn
}
