import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { infer } from './infer.ts'
import {
  allFigures,
  type HeadAnswer,
  type HeadFigures,
  type HeadSettings,
  type LeafSummary,
  leafSummary,
  settingsOf,
} from './leaf-figures.ts'
import type { PackPhoto } from './photo-pack.ts'
import { squareOf, writeSquares } from './pixels.ts'
import { LEAF_SIDE_PX, type Plan } from './plan.ts'
import { openSession, runOver, runPrefix } from './prefix.ts'
import { quantise } from './quantise.ts'

/** The order of the outputs. */
const LEAF_CROPS = ['durian', 'coffee', 'mango', 'chilli'] as const

export interface LeafRun {
  readonly int8: string
  readonly figures: readonly HeadFigures[]
  readonly summary: LeafSummary
}

// Every so many photos of the train split: 200 for calibration, of every set.
const CALIBRATION_PHOTOS = 200

// A regression on features that don't learn gains little from more.
const SECOND_VIEWS = 2

/**
 *   photos ─► squares ─► views ─┬─► frozen layers ─► last layers and heads ─┬─► float ONNX ─► int8 ONNX ─► figures (val)
 *                               └─► second backbone ────────► its heads ────┘
 */
export async function trainLeaf(plan: Plan): Promise<LeafRun> {
  const { python, folder, tell } = plan
  const at = (...names: string[]): string => join(folder, ...names)
  const photos = plan.photos.filter(({ set }) => set !== 'dragonfruit_stem_tiles')
  await writeSquares(at('squares'), 'leaf', photos, 256)
  const views = Array.from({ length: plan.views }, (_, view) => view)
  await python.run(
    'views.py',
    ...[at('squares'), at('leaf'), '--views', `${plan.views}`],
    ...['--side', `${LEAF_SIDE_PX}`, '--seed', `${plan.seed}`],
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
  await python.run('export.py', 'pooled', python.backbones, plan.second, at('second.onnx'))
  for (const view of views) {
    if (view < SECOND_VIEWS)
      await runOver(
        at('second.onnx'),
        at('leaf', `view-${view}.bin`),
        LEAF_SIDE_PX,
        at('leaf', `second-${view}.f32`),
      )
    await runPrefix(
      at('prefix.onnx'),
      at('leaf', `view-${view}.bin`),
      LEAF_SIDE_PX,
      at('leaf', `view-${view}.f32`),
    )
    tell(`leaf: view ${view + 1} of ${plan.views} through the layers that stay as they are`)
  }
  await python.run(
    'leaf.py',
    ...[python.backbones, plan.backbone, at('leaf', 'rows.json')],
    ...views.map((view) => at('leaf', `view-${view}.f32`)),
    ...['--after', plan.after, '--out', at('leaf-first.npz')],
    ...['--epochs', `${plan.epochs}`, '--seed', `${plan.seed}`],
  )
  await python.run(
    'second.py',
    ...[python.backbones, at('leaf-first.npz'), plan.second, at('leaf', 'rows.json')],
    ...['--features', at('leaf', 'view-0.f32'), '--after', plan.after],
    ...['--pooled', ...views.slice(0, SECOND_VIEWS).map((view) => at('leaf', `second-${view}.f32`))],
    ...['--out', at('leaf.npz')],
  )
  return finishLeaf(plan, at('leaf.npz'))
}

/** From trained weights on: quantised, and judged on the val split. */
export async function finishLeaf(plan: Plan, weights: string): Promise<LeafRun> {
  const seen = plan.photos.filter(({ set, split }) => split === 'train' && set !== 'dragonfruit_stem_tiles')
  const every = Math.max(1, Math.floor(seen.length / CALIBRATION_PHOTOS))
  const pictures = await Promise.all(
    seen
      .filter((_, at) => at % every === 0)
      .map(async ({ path }) => ({
        pixels: await squareOf(path, LEAF_SIDE_PX),
        heightPx: LEAF_SIDE_PX,
        widthPx: LEAF_SIDE_PX,
      })),
  )
  const made = await quantise(plan.python, 'leaf', weights, plan.folder, 'leaf', pictures, LEAF_SIDE_PX)
  plan.tell('leaf: quantised')
  const held = plan.photos.filter(({ set, split }) => split === 'val' && set !== 'dragonfruit_stem_tiles')
  return {
    int8: made.int8,
    ...(await leafFigures(made.int8, made.float, held)),
  }
}

const leafLabels = (photos: readonly PackPhoto[], crop: string): string[] =>
  [
    ...new Set(
      photos.filter((each) => each.crop === crop && each.organ === 'leaf').map(({ label }) => label),
    ),
  ].toSorted()

/** Every head over the held photos; `settings` are those of a manifest, or fitted here. */
export async function leafFigures(
  int8: string,
  float: string,
  held: readonly PackPhoto[],
  settings?: Readonly<Record<string, HeadSettings>>,
): Promise<Omit<LeafRun, 'int8'>> {
  const [ours, theirs] = await Promise.all([
    openSession(readFileSync(int8)),
    openSession(readFileSync(float)),
  ])
  const heads = new Map<string, HeadAnswer[]>(LEAF_CROPS.map((crop) => [crop, []]))
  for (const photo of held) {
    const pixels = await squareOf(photo.path, LEAF_SIDE_PX)
    const [small, large] = [
      await infer(ours, pixels, LEAF_SIDE_PX),
      await infer(theirs, pixels, LEAF_SIDE_PX),
    ]
    for (const [crop, answers] of heads)
      answers.push({
        photo,
        logits: small[crop]?.values ?? [],
        floatLogits: large[crop]?.values ?? [],
      })
  }
  await Promise.all([ours.release(), theirs.release()])
  const all = new Map(
    [...heads].map(([crop, answers]) => [crop, { labels: leafLabels(held, crop), answers }]),
  )
  const used = settings ?? settingsOf(all)
  return { figures: allFigures(all, used), summary: leafSummary(all, used) }
}
