import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { infer } from '../../models/training/infer.ts'
import { medianMs } from '../../models/training/latency.ts'
import { leafFigures } from '../../models/training/leaf-run.ts'
import { readPack } from '../../models/training/photo-pack.ts'
import { squareOf } from '../../models/training/pixels.ts'
import { LEAF_SIDE_PX, TILE_PX } from '../../models/training/plan.ts'
import { openSession } from '../../models/training/prefix.ts'
import { softmax } from '../../models/training/scoring.ts'
import { cellVerdict, STEM_OUTPUTS } from '../../models/training/stem-figures.ts'
import { shipped } from '../models/shipped.ts'
import { sayFigure } from './figures.ts'

/**
 * The shipped int8 models over the photos of the pack ($VUON_PHOTOS, or shared/photos beside the repository): val
 * photos of the leaves, which training never saw, and strangers that it never saw. The stem screen's weights learned
 * from every tile of the pack, so its own tiles only show that the file still says what it learned; its honest figures
 * are those of cross-validation, in its card. int8 against float is in the cards: float weights are not shipped.
 */
const folder = process.env['VUON_PHOTOS'] ?? join(import.meta.dirname, '../../../shared/photos')
if (!existsSync(join(folder, 'manifest.csv'))) {
  console.error(`models: 0 photos measured, no pack at ${folder}\n  → VUON_PHOTOS=FOLDER with a manifest.csv`)
  process.exit(0)
}
const bundleMb = shipped.reduce((sum, { manifest }) => sum + manifest.sizeBytes, 0) / 1e6
sayFigure({
  ...{ bench: 'models', what: 'whole bundle', figure: Number(bundleMb.toFixed(2)), unit: 'MB' },
  ...{ floor: 12, floorIs: 'the bound', ratio: Number((bundleMb / 12).toFixed(3)) },
})

const held = readPack([folder]).filter(({ split }) => split === 'val')
const model = (name: string) => shipped.find((each) => each.name === name)!
const figure = (what: string, reached: number, bound: number, more: object = {}): void =>
  sayFigure({
    ...{ bench: 'models', what, figure: Number(reached.toFixed(4)), unit: 'share' },
    ...{ floor: bound, floorIs: 'to reach', ...more },
  })

// --- leaves ---
const leaf = model('leaf')
const path = join(leaf.folder, leaf.manifest.file)
const settings = Object.fromEntries(
  leaf.manifest.outputs.map(({ crop, temperature, answerFrom, refuseFrom = 0.5 }) => [
    crop,
    { temperature, answerFrom, refuseFrom },
  ]),
)
const WANTED_F1: Readonly<Record<string, number>> = { durian: 0.92, coffee: 0.86, mango: 0.95, chilli: 0.82 }
const leaves = held.filter(({ set }) => set !== 'dragonfruit_stem_tiles')
const { figures, summary } = await leafFigures(path, path, leaves, settings)
const interval = ({ low, high }: { low: number; high: number }) => ({ low, high })
figure('leaves: answered (fitted on the other half)', summary.answered.value, 0.7, interval(summary.answered))
figure('leaves: right of the answered', summary.right.value, 0.95, interval(summary.right))
figure('leaves: ECE after', summary.ece.value, 0.05, { ...interval(summary.ece), photos: summary.photos })
for (const head of figures) {
  const { crop, photos } = head
  figure(`${crop}: macro-F1`, head.macroF1.value, WANTED_F1[crop] ?? 0, { ...interval(head.macroF1), photos })
  figure(`${crop}: answered (fitted on the other half)`, head.answered.value, 0.7, interval(head.answered))
  figure(`${crop}: right of the answered`, head.right.value, 0.95, interval(head.right))
  figure(`${crop}: strangers not answered`, head.unanswered.value, 0.95, interval(head.unanswered))
  figure(`${crop}: AUROC of strangers`, head.auroc.value, 0.97, interval(head.auroc))
  figure(`${crop}: ECE after`, head.ece.after.value, 0.05, {
    ...interval(head.ece.after),
    hasBar: photos >= 300,
  })
}

// --- stem ---
const stem = model('dragon-fruit-stem')
const [said] = stem.manifest.outputs
const { temperature = 1, lesionFrom = 0.5, backgroundFrom = 0.5 } = said ?? {}
const session = await openSession(join(stem.folder, stem.manifest.file))
const verdictOf = async (photo: string): Promise<string> => {
  const { tiles } = await infer(session, await squareOf(photo, TILE_PX), TILE_PX)
  return (
    STEM_OUTPUTS[cellVerdict(softmax(tiles?.values ?? [], temperature), { lesionFrom, backgroundFrom })] ?? ''
  )
}
const strangers = held.filter(({ crop }) => crop !== 'dragon fruit')
let refused = 0
for (const { path: photo } of strangers) if ((await verdictOf(photo)) === 'background') refused++
figure('stem: strangers refused', refused / strangers.length, 0.95, { photos: strangers.length })
const tiles = held.filter(({ set }) => set === 'dragonfruit_stem_tiles')
const isLesion = ({ label }: { label: string }): boolean =>
  !['healthy_tissue', 'stem_edge_no_lesion', 'background'].includes(label)
let found = 0
for (const { path: photo } of tiles.filter(isLesion)) if (/spot|rot/.test(await verdictOf(photo))) found++
figure(
  'stem: lesion tiles found (learned from: no measure of new plants)',
  found / tiles.filter(isLesion).length,
  0.95,
  {
    photos: tiles.filter(isLesion).length,
  },
)
await session.release()

// --- time ---
for (const [name, heightPx, widthPx] of [
  ['leaf', LEAF_SIDE_PX, LEAF_SIDE_PX],
  ['dragon-fruit-stem', 960, 1280],
] as const) {
  const { folder: at, manifest } = model(name)
  const ms = await medianMs(join(at, manifest.file), heightPx, widthPx)
  sayFigure({
    bench: 'models',
    what: `${name}: a photo of ${widthPx} × ${heightPx}`,
    figure: Number(ms.toFixed(1)),
    unit: 'ms',
  })
}
