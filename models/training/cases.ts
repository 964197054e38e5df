import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DrawnPhoto, draw } from './drawn-photo.ts'
import { infer } from './infer.ts'
import { mapOf } from './manifest.ts'
import { openSession } from './prefix.ts'

/** A drawn photo, and what the int8 model answers to it. */
export interface ModelCase {
  readonly what: string
  readonly photo: DrawnPhoto
  /** Logits of each output, in the order of memory. */
  readonly expected: Readonly<Record<string, readonly number[]>>
  /** How far a logit may be off: kernels of other processors round an int8 step the other way. */
  readonly tolerance: number
}

/** Maps are left out: their means are the outputs beside them. */
const judged = (answer: Awaited<ReturnType<typeof infer>>) =>
  Object.entries(answer).filter(([name]) => !Object.keys(answer).some((other) => name === mapOf(other)))

const GREEN = [70, 130, 50] as const
const SOIL = [120, 95, 70] as const
const WHITE = [225, 225, 222] as const
const BROWN = [110, 60, 30] as const
const SCENES: readonly (Pick<DrawnPhoto, 'ground' | 'leaf' | 'spot' | 'spots'> & { what: string })[] = [
  {
    what: 'clean-leaf-on-white',
    ground: WHITE,
    leaf: GREEN,
    spot: null,
    spots: 0,
  },
  {
    what: 'spotted-leaf-on-white',
    ground: WHITE,
    leaf: GREEN,
    spot: BROWN,
    spots: 9,
  },
  {
    what: 'spotted-leaf-on-soil',
    ground: SOIL,
    leaf: GREEN,
    spot: BROWN,
    spots: 14,
  },
  {
    what: 'pale-leaf-rusty-spots',
    ground: WHITE,
    leaf: [150, 160, 70],
    spot: [200, 130, 30],
    spots: 12,
  },
  { what: 'soil-only', ground: SOIL, leaf: null, spot: null, spots: 0 },
  { what: 'green-only', ground: GREEN, leaf: GREEN, spot: null, spots: 0 },
  { what: 'black', ground: [4, 4, 4], leaf: null, spot: null, spots: 0 },
]

// Of logits that span about 20: less than a tenth of the temperature's effect, more than a step of the last layer.
const TOLERANCE = 0.6

/** Writes `cases/<what>.json` for the model at `path`; `sizes` are (height, width) in turn. */
export async function writeCases(
  folder: string,
  path: string,
  sizes: readonly (readonly [number, number])[],
): Promise<void> {
  const session = await openSession(path)
  mkdirSync(join(folder, 'cases'), { recursive: true })
  for (const [at, { what, ...scene }] of SCENES.entries()) {
    const [heightPx, widthPx] = sizes[at % sizes.length]!
    const photo: DrawnPhoto = { ...scene, heightPx, widthPx, seed: 100 + at }
    const answer = await infer(session, draw(photo), heightPx, widthPx)
    const expected = Object.fromEntries(
      judged(answer).map(([name, { values }]) => [name, values.map((each) => Number(each.toFixed(3)))]),
    )
    const written: ModelCase = { what, photo, expected, tolerance: TOLERANCE }
    writeFileSync(join(folder, 'cases', `${what}.json`), `${JSON.stringify(written, null, 2)}\n`)
  }
  await session.release()
}
