import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { writeCases } from './cases.ts'
import { drawnTiles } from './drawn-tiles.ts'
import { quickestMs } from './latency.ts'
import { writeLeafCard } from './leaf-card.ts'
import { finishLeaf, trainLeaf } from './leaf-run.ts'
import { writeLeafManifest, writeStemManifest } from './manifest.ts'
import { readPack } from './photo-pack.ts'
import { LEAF_SIDE_PX, PHOTO_SIDE_PX, type Plan, TILE_PX } from './plan.ts'
import { Python } from './python.ts'
import { writeStemCard } from './stem-card.ts'
import { finishStem, trainStem } from './stem-run.ts'

/**
 * `node models/training/train.ts --photos FOLDER.. --backbones FOLDER [--out models] [leaf] [stem]`: retrains,
 * quantises, judges, and writes model.onnx, manifest.json, card.md and cases/ of each model. Further folders in the
 * pack's format (the gateway's exported corrections) are further --photos. What takes long is kept in --work, and a
 * second run goes on from it; a changed pack, seed or size wants another folder.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    photos: {
      type: 'string',
      multiple: true,
      default: [process.env['VUON_PHOTOS'] ?? ''],
    },
    backbones: { type: 'string', default: process.env['VUON_BACKBONES'] ?? '' },
    out: { type: 'string', default: join(import.meta.dirname, '..') },
    work: { type: 'string', default: join(tmpdir(), 'vuon-training') },
    backbone: { type: 'string', default: 'mobilenet_v1_0.5_imagenet' },
    second: { type: 'string', default: 'mobilenet_v2_1.0_imagenet' },
    after: { type: 'string', default: 'L12' },
    version: { type: 'string', default: '1.0.0' },
    // How often each photo is drawn, and how often training goes through them, leaf and stem.
    views: { type: 'string', default: '5,6' },
    epochs: { type: 'string', default: '5,8' },
    seed: { type: 'string', default: '1' },
    // Every so many photos of a set only: to see that the whole path runs.
    thin: { type: 'string', default: '1' },
    // Weights that were trained before are in --work: only what comes after them.
    finish: { type: 'boolean', default: false },
  },
})

const folders = values.photos.filter(Boolean)
if (folders.length === 0 || !values.backbones) {
  process.stderr.write(
    'Which photos and backbones?\n  → --photos FOLDER --backbones FOLDER (or VUON_PHOTOS, VUON_BACKBONES)\n',
  )
  process.exitCode = 2
} else await main()

async function main(): Promise<void> {
  const number = (name: 'views' | 'epochs' | 'seed' | 'thin', at = 0): number => {
    const value = Number(values[name].split(',').at(at))
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`--${name} is ${values[name]}; whole numbers from 1`)
    return value
  }
  const tell = (line: string): void => void process.stdout.write(`${line}\n`)
  const packed = readPack(folders).filter((_, at) => at % number('thin') === 0)
  mkdirSync(values.work, { recursive: true })
  const drawn = await drawnTiles(folders, packed, join(resolve(values.work), 'drawn'))
  if (drawn.length > 0) tell(`stem: ${drawn.length} tiles from where agronomists drew`)
  const photos = [...packed, ...drawn]
  const plan: Plan = {
    python: new Python(process.env['VUON_PYTHON'] ?? '/usr/bin/python3', resolve(values.backbones), tell),
    ...{ photos, folder: resolve(values.work), out: resolve(values.out), tell },
    ...{ backbone: values.backbone, second: values.second, after: values.after },
    ...{
      seed: number('seed'),
      epochs: number('epochs'),
      views: number('views'),
    },
  }
  const stemPlan: Plan = {
    ...plan,
    epochs: number('epochs', -1),
    views: number('views', -1),
  }
  const wanted = positionals.length ? positionals : ['leaf', 'stem']
  if (wanted.includes('leaf')) await leaf(plan)
  if (wanted.includes('stem')) await stem(stemPlan)
  formatted(plan.out)
}

/** As everything else in the repository; elsewhere JSON stays as it was written. */
function formatted(out: string): void {
  const root = resolve(import.meta.dirname, '../..')
  if (out !== join(root, 'models')) return
  const biome = join(root, 'node_modules/.bin/biome')
  execFileSync(biome, ['format', '--write', 'models'], { cwd: root, stdio: 'ignore' })
}

async function leaf(plan: Plan): Promise<void> {
  const made = values.finish ? await finishLeaf(plan, join(plan.folder, 'leaf.npz')) : await trainLeaf(plan)
  const backbones = [plan.backbone, plan.second] as const
  const written = writeLeafManifest(plan.out, values.version, made.int8, made.figures, plan.photos, backbones)
  const time = {
    int8Ms: await quickestMs(made.int8, LEAF_SIDE_PX, LEAF_SIDE_PX),
    floatMs: await quickestMs(join(plan.folder, 'leaf-float.onnx'), LEAF_SIDE_PX, LEAF_SIDE_PX),
    of: 'A photo',
  }
  writeLeafCard(plan.out, written, made.figures, made.summary, plan.photos, time, backbones)
  await writeCases(join(plan.out, 'leaf'), join(plan.out, 'leaf', 'model.onnx'), [
    [LEAF_SIDE_PX, LEAF_SIDE_PX],
  ])
  writeFileSync(join(plan.folder, 'leaf-figures.json'), JSON.stringify(made.figures, null, 2))
  for (const { crop, macroF1, answered, right, unanswered, agreement } of made.figures)
    plan.tell(
      `${crop}: macro-F1 ${macroF1.value.toFixed(3)}, answered ${answered.value.toFixed(3)}, right ${right.value.toFixed(3)}, strangers silent ${unanswered.value.toFixed(3)}, int8 = float ${agreement.toFixed(3)}`,
    )
}

async function stem(plan: Plan): Promise<void> {
  const made = values.finish ? await finishStem(plan) : await trainStem(plan)
  const written = writeStemManifest(
    plan.out,
    values.version,
    made.int8,
    made.figures.settings,
    plan.photos,
    plan.backbone,
  )
  // A photo of 4:3 at the size that the manifest names.
  const heightPx = PHOTO_SIDE_PX * 0.75
  const time = {
    int8Ms: await quickestMs(made.int8, heightPx, PHOTO_SIDE_PX),
    floatMs: await quickestMs(join(plan.folder, 'stem-float.onnx'), heightPx, PHOTO_SIDE_PX),
    of: `A photo of ${PHOTO_SIDE_PX} × ${heightPx}`,
  }
  writeStemCard(plan.out, written, made.figures, made.photos, plan.photos, time, plan.backbone)
  await writeCases(join(plan.out, 'dragon-fruit-stem'), join(plan.out, 'dragon-fruit-stem', 'model.onnx'), [
    [TILE_PX, TILE_PX],
    [TILE_PX + 32, TILE_PX + 64],
  ])
  writeFileSync(
    join(plan.folder, 'stem-figures.json'),
    JSON.stringify({ ...made.figures, verdicts: made.photos }, null, 2),
  )
  const { recall, specificity, threeWay, answered, right, auroc, agreement } = made.figures
  plan.tell(
    `stem: recall ${recall.value.toFixed(3)}, specificity ${specificity.value.toFixed(3)}, three-way ${threeWay.value.toFixed(3)}, answered ${answered.value.toFixed(3)}, right ${right.value.toFixed(3)}, AUROC ${auroc.value.toFixed(3)}, int8 = float ${agreement.toFixed(3)}`,
  )
}
