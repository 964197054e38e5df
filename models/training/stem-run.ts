import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { infer } from './infer.ts'
import type { PackPhoto } from './photo-pack.ts'
import { squareOf, writeSquares } from './pixels.ts'
import { PHOTO_SIDE_PX, type Plan, STRIDE_PX, TILE_PX } from './plan.ts'
import { openSession, runPrefix } from './prefix.ts'
import { type Picture, quantise } from './quantise.ts'
import { softmax } from './scoring.ts'
import {
  cellVerdict,
  STEM_OUTPUTS,
  type StemFigures,
  type StemSettings,
  stemFigures,
  type TileAnswer,
} from './stem-figures.ts'
import { isStem, STEM_VERDICTS } from './stem-verdicts.ts'

export interface StemRun {
  readonly int8: string
  readonly figures: StemFigures
  readonly photos: readonly PhotoVerdict[]
}

/** A whole photo, by the model of the fold that never saw its group. */
export interface PhotoVerdict {
  readonly label: string
  readonly group: string
  readonly cells: number
  readonly plantShare: number
  readonly lesionShare: number
  readonly verdict: string
}

const FOLDS = 5
/** A plant covers at least so much of a photo that is to be judged; below it the answer is "not this plant". */
export const PLANT_SHARE_FROM = 0.15
/** One cell may be a thorn or a drop: so many make a verdict. */
export const LESION_CELLS_FROM = 2

/** Five folds and a model of everything, each trained, quantised and (the folds) judged on what it never saw. */
export async function trainStem(plan: Plan): Promise<StemRun> {
  const { python, folder } = plan
  const at = (...names: string[]): string => join(folder, ...names)
  await writeSquares(at('squares'), 'stem', tilesOf(plan.photos), 320)
  await writeSquares(
    at('squares'),
    'leaf',
    plan.photos.filter(({ set }) => set !== 'dragonfruit_stem_tiles'),
    256,
  )
  if (!existsSync(at('stem', 'rows.json')))
    await python.run(
      'stem_views.py',
      at('squares'),
      at('stem'),
      ...['--singles', `${plan.views}`],
      ...['--mosaics', `${plan.views}`],
      ...['--seed', `${plan.seed}`],
    )
  await python.run(
    'export.py',
    'prefix',
    python.backbones,
    plan.backbone,
    at('prefix.onnx'),
    '--until',
    plan.after,
  )
  for (let view = 0; view < plan.views; view++) {
    await runPrefix(
      at('prefix.onnx'),
      at('stem', `singles-${view}.bin`),
      TILE_PX,
      at('stem', `singles-${view}.f32`),
    )
    await runPrefix(
      at('prefix.onnx'),
      at('stem', `mosaics-${view}.bin`),
      2 * TILE_PX,
      at('stem', `mosaics-${view}.f32`),
    )
  }
  for (const fold of [...Array(FOLDS).keys(), -1])
    await python.run(
      'stem.py',
      ...[python.backbones, plan.backbone, at('stem'), '--out', at(weightsOf(fold)), '--after', plan.after],
      ...['--without', `${fold}`, '--epochs', `${plan.epochs}`, '--seed', `${plan.seed}`],
    )
  return finishStem(plan)
}

const tilesOf = (photos: readonly PackPhoto[]) => photos.filter(({ set }) => set === 'dragonfruit_stem_tiles')
const weightsOf = (fold: number): string => (fold < 0 ? 'stem-all.npz' : `stem-fold-${fold}.npz`)

/** From trained weights on. */
export async function finishStem(plan: Plan): Promise<StemRun> {
  const at = (...names: string[]): string => join(plan.folder, ...names)
  const { rows } = JSON.parse(readFileSync(at('stem', 'rows.json'), 'utf8')) as {
    rows: { group: string; fold: number; set: string }[]
  }
  const foldOf = new Map(
    rows.filter(({ set }) => set === 'dragonfruit_stem_tiles').map(({ group, fold }) => [group, fold]),
  )
  const tiles = tilesOf(plan.photos)
  const whole = plan.photos.filter(({ set }) => set === 'dragonfruit_stem_photos')
  const strangers = plan.photos.filter((photo) => photo.split === 'val' && !isStem(photo))
  const answers: TileAnswer[] = []
  const cells: { photo: PackPhoto; logits: number[][] }[] = []
  for (let fold = 0; fold < FOLDS; fold++) {
    const isHeld = ({ group }: PackPhoto): boolean => foldOf.get(group) === fold
    const seen = await calibrationPictures(
      tiles.filter((each) => !isHeld(each)),
      whole.filter((each) => !isHeld(each)),
    )
    const made = await quantise(
      plan.python,
      'stem',
      at(weightsOf(fold)),
      plan.folder,
      `stem-fold-${fold}`,
      seen,
    )
    const [ours, theirs] = await Promise.all([openSession(made.int8), openSession(made.float)])
    const held = [...tiles.filter(isHeld), ...strangers.filter((_, place) => place % FOLDS === fold)]
    for (const photo of held) {
      const pixels = await squareOf(photo.path, TILE_PX)
      const [small, large] = [await infer(ours, pixels, TILE_PX), await infer(theirs, pixels, TILE_PX)]
      answers.push({
        ...{ set: photo.set, label: photo.label, group: photo.group, fold },
        truth: STEM_OUTPUTS.indexOf(STEM_VERDICTS[photo.label] ?? 'background'),
        logits: small['tiles']?.values ?? [],
        floatLogits: large['tiles']?.values ?? [],
      })
    }
    for (const photo of whole.filter(isHeld)) {
      const picture = await wholePhoto(photo.path)
      const { tiles: map } = await infer(ours, picture.pixels, picture.heightPx, picture.widthPx)
      cells.push({ photo, logits: cellsOf(map!) })
    }
    await Promise.all([ours.release(), theirs.release()])
    plan.tell(`stem: fold ${fold + 1} of ${FOLDS} judged`)
  }
  const figures = stemFigures(answers)
  const { int8 } = await quantise(
    plan.python,
    'stem',
    at(weightsOf(-1)),
    plan.folder,
    'stem',
    await calibrationPictures(tiles, whole),
  )
  return {
    int8,
    figures,
    photos: cells.map(({ photo, logits }) => photoVerdict(photo, logits, figures.settings)),
  }
}

async function calibrationPictures(
  tiles: readonly PackPhoto[],
  photos: readonly PackPhoto[],
): Promise<Picture[]> {
  const alone = tiles.filter((_, at) => at % 2 === 0)
  const whole = photos.filter((_, at) => at % 5 === 0)
  return [
    ...(await Promise.all(
      alone.map(async ({ path }) => ({
        pixels: await squareOf(path, TILE_PX),
        heightPx: TILE_PX,
        widthPx: TILE_PX,
      })),
    )),
    ...(await Promise.all(whole.map(({ path }) => wholePhoto(path)))),
  ]
}

/** The photo at 1,280 px on its longer side, both sides in multiples of the network's stride. */
export async function wholePhoto(path: string): Promise<Picture> {
  const { autoOrient } = await sharp(path).metadata()
  const scale = PHOTO_SIDE_PX / Math.max(autoOrient.width, autoOrient.height)
  const side = (px: number): number => Math.max(TILE_PX, Math.round((px * scale) / STRIDE_PX) * STRIDE_PX)
  const [widthPx, heightPx] = [side(autoOrient.width), side(autoOrient.height)]
  return { pixels: await squareOf(path, widthPx, heightPx), widthPx, heightPx }
}

/** (1, 4, rows, columns) to four logits a cell, row by row. */
export function cellsOf({
  shape,
  values,
}: {
  shape: readonly number[]
  values: readonly number[]
}): number[][] {
  const count = (shape[2] ?? 0) * (shape[3] ?? 0)
  return Array.from({ length: count }, (_, cell) =>
    STEM_OUTPUTS.map((_, output) => values[output * count + cell] ?? 0),
  )
}

/** What the vision process says of a photo from its cells, by the manifest's rule. */
export function photoVerdict(
  photo: PackPhoto,
  logits: readonly number[][],
  settings: StemSettings,
): PhotoVerdict {
  const shares = logits.map((each) => softmax(each, settings.temperature))
  const said = shares.map((each) => cellVerdict(each, settings))
  const count = (verdict: number): number => said.filter((each) => each === verdict).length
  const [lesion, plant] = [count(1) + count(2), said.length - count(3)]
  const verdict = (): string => {
    if (plant < PLANT_SHARE_FROM * said.length) return 'not-this-plant'
    if (lesion < LESION_CELLS_FROM) return 'healthy'
    return count(1) >= count(2) ? 'spot' : 'rot_or_canker'
  }
  return {
    ...{ label: photo.label, group: photo.group, cells: said.length },
    plantShare: plant / said.length,
    lesionShare: plant ? lesion / plant : 0,
    verdict: verdict(),
  }
}
