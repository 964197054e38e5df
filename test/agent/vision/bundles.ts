import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicKeyFromRaw, secretKeyFromSeed } from '#contract/ground/node/crypto.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import { trustIn } from '#contract/trace/model-bundle.ts'
import { type DrawnPhoto, draw } from '../../../agent/vision/worker/drawn-photo.ts'
import { modelAt } from '../../../agent/vision/worker/model-folder.ts'
import { openSession } from '../../../agent/vision/worker/model-session.ts'
import { packModel } from '../../../gateway/model-pack.ts'

/** Releases of models as training would leave them, and bundles as the province packs them. */
export const PROVINCE = secretKeyFromSeed(new Uint8Array(32).fill(7))
export const STRANGER = secretKeyFromSeed(new Uint8Array(32).fill(8))
export const trustProvince = trustIn([publicKeyFromRaw(PROVINCE.publicRaw)])

export interface Release {
  readonly version: string
  /** Edits the manifest. */
  readonly change?: (manifest: Manifest) => void
  /** Other bytes of the same network, as retraining gives: here only its metadata. */
  readonly areWeightsNew?: boolean
}

// biome-ignore lint/suspicious/noExplicitAny: a test may spoil any field
export type Manifest = any

/** A copy of a model's folder as another release. */
export function newRelease(from: string, to: string, release: Release): string {
  const { version, change, areWeightsNew = true } = release
  cpSync(from, to, { recursive: true })
  const path = join(to, 'manifest.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest
  const onnx = join(to, manifest.file)
  if (areWeightsNew) writeFileSync(onnx, Buffer.concat([readFileSync(onnx), metadata(version)]))
  manifest.version = version
  manifest.sha256 = createHash('sha256').update(readFileSync(onnx)).digest('hex')
  change?.(manifest)
  writeFileSync(path, JSON.stringify(manifest))
  return to
}

/** ModelProto.metadata_props (field 14): one StringStringEntryProto. */
function metadata(value: string): Buffer {
  const text = (field: number, words: string): Buffer =>
    Buffer.concat([Buffer.from([(field << 3) | 2, words.length]), Buffer.from(words)])
  const entry = Buffer.concat([text(1, 'release'), text(2, value)])
  return Buffer.concat([Buffer.from([(14 << 3) | 2, entry.length]), entry])
}

/** The drawn networks of the tests have no card and no cases: these are theirs. */
export async function putCases(folder: string): Promise<void> {
  mkdirSync(join(folder, 'cases'), { recursive: true })
  writeFileSync(join(folder, 'card.md'), '# A model of the tests\n')
  const session = await openSession(modelAt(folder))
  const scenes: [string, DrawnPhoto][] = [
    ['green', photo([60, 150, 50], null)],
    ['brown', photo([120, 70, 20], null)],
    ['leaf', photo([90, 130, 220], [60, 150, 50])],
  ]
  for (const [what, drawn] of scenes) {
    const answer = await session.run({ ...drawn, rgb: draw(drawn) })
    const expected = Object.fromEntries(
      Object.entries(answer).map(([name, { values }]) => [
        name,
        [...values].map((each) => Number(each.toFixed(3))),
      ]),
    )
    const written = { what, photo: drawn, expected, tolerance: 0.6 }
    writeFileSync(join(folder, 'cases', `${what}.json`), JSON.stringify(written))
  }
  await session.close()
}

const photo = (ground: DrawnPhoto['ground'], leaf: DrawnPhoto['leaf']): DrawnPhoto => ({
  ...{ widthPx: 320, heightPx: 320, seed: 4, ground, leaf },
  ...{ spot: null, spots: 0 },
})

/** Packs a folder and returns the path of the bundle. */
export function bundleOf(folder: string, out: string, key: SecretKey = PROVINCE): string {
  const { bytes } = packModel(folder, { key, record: `${out}.packed.json` })
  writeFileSync(out, bytes)
  return out
}
