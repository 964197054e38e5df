import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, getPriority, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { SHIPPED_MODELS } from '../../agent/vision/shipped-models.ts'
import { VisionWorker } from '../../agent/vision/vision-worker.ts'
import { sizeFor } from '../../agent/vision/worker/disease-model.ts'
import { type InstalledModel, installedModels } from '../../agent/vision/worker/model-folder.ts'
import { drawLeaf } from '../agent/vision/drawn-photos.ts'
import { sayFigure } from './figures.ts'

/**
 * A 12-megapixel JPEG to its verdict, in the real process, against the bare work of it: one `sharp` decode to the
 * model's size and one `onnxruntime-node` run with as many threads. Both in turn, so that a busy moment meets both. Then
 * the cold start of the process, and its peak memory on a 48-megapixel photo that is judged and kept.
 */
const ROUNDS = 15
const bench = 'vision'
const folder = mkdtempSync(join(tmpdir(), 'vuon-vision-'))
// The worker yields to everything else (agent/vision/vision-worker.ts): where the machine is shared, so must the floor.
setPriority(getPriority() + 5)
sharp.concurrency(1)
sharp.cache(false)

const photo = async (name: string, widthPx: number, heightPx: number): Promise<string> => {
  const path = join(folder, name)
  await drawLeaf({ widthPx: 2000, heightPx: 1500 })
    .png()
    .toBuffer()
    .then((bytes) => sharp(bytes).resize(widthPx, heightPx).jpeg({ quality: 92 }).toFile(path))
  return path
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

async function bareWork({ manifest, path }: InstalledModel, file: string) {
  const { shape, name } = manifest.input
  const size = shape.kind === 'fixed' ? shape : sizeFor(manifest, { widthPx: 4000, heightPx: 3000 })
  const { widthPx, heightPx } = size
  const session = await InferenceSession.create(readFileSync(path), {
    intraOpNumThreads: Math.max(1, Math.min(2, availableParallelism() >> 1)),
    interOpNumThreads: 1,
  })
  return async (): Promise<void> => {
    const pixels = await sharp(file)
      .autoOrient()
      .resize(widthPx, heightPx, { fit: 'fill', kernel: 'cubic' })
      .raw()
      .toBuffer()
    await session.run({ [name]: new Tensor('uint8', new Uint8Array(pixels), [1, heightPx, widthPx, 3]) })
  }
}

/** Processor time of a process and its threads so far; the kernel counts it in hundredths of a second (proc(5)). */
const cpuMs = (pid: number | null): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return 10 * (Number(fields[11]) + Number(fields[12]))
}

const peakMb = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024

try {
  const twelve = await photo('12.jpg', 4000, 3000)
  for (const installed of installedModels(SHIPPED_MODELS).models) {
    const { id, organ, crops } = installed.manifest
    const [crop = ''] = crops
    const request = { path: twelve, crop, organ, keep: false }
    const worker = new VisionWorker({ clock: systemClock, models: SHIPPED_MODELS })
    const cold = await timed(() => worker.examine(request))
    const bare = await bareWork(installed, twelve)
    await bare()
    const pairs: { ours: number; floor: number }[] = []
    const { pid } = worker.state
    const [oursFromMs, floorFrom] = [cpuMs(pid), process.cpuUsage()]
    for (let round = 0; round < ROUNDS; round++)
      pairs.push({ ours: await timed(() => worker.examine(request)), floor: await timed(bare) })
    const { user, system } = process.cpuUsage(floorFrom)
    const cpuRatio = (cpuMs(pid) - oursFromMs) / ((user + system) / 1000)
    await worker.stop()
    const [ours, floor] = [median(pairs.map((pair) => pair.ours)), median(pairs.map((pair) => pair.floor))]
    sayFigure({
      ...{ bench, what: `12 megapixels to verdict, ${id}`, figure: ours, unit: 'ms', floor },
      floorIs: 'bare sharp decode to the same size and bare onnxruntime run',
      ratio: median(pairs.map((pair) => pair.ours / pair.floor)),
      // Of processor time: it says the same on a machine that is shared.
      cpuRatio,
    })
    sayFigure({ bench, what: `cold start to first verdict, ${id}`, figure: cold, unit: 'ms' })
  }
  const worker = new VisionWorker({ clock: systemClock, models: SHIPPED_MODELS })
  const large = await photo('48.jpg', 8000, 6000)
  for (const organ of ['stem', 'leaf'] as const) {
    const crop = organ === 'stem' ? 'dragon-fruit' : 'mango'
    await worker.examine({ path: large, crop, organ, keep: true })
  }
  const { pid } = worker.state
  if (pid !== null)
    sayFigure({
      bench,
      what: '48 megapixels, peak memory of the process',
      figure: peakMb(pid),
      unit: 'MB',
      floor: 250,
      floorIs: 'the bound',
    })
  await worker.stop()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
