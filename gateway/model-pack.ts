import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { toBase64, toHex } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import {
  compareModelVersions,
  isModelVersion,
  MAX_BUNDLE_BYTES,
  MAX_BUNDLE_MEMBERS,
  sealModelBundle,
} from '#contract/trace/model-bundle.ts'
import type { TarMember } from '#contract/wire/tar.ts'

/** A model's folder as a bundle, signed by the province: what `vuon-agent models install` takes. */
export interface PackedModel {
  readonly id: string
  readonly version: string
  readonly bytes: Uint8Array
  /** Hex, of the whole bundle: what an offer to a box names. */
  readonly sha256: string
  /** The public key that signed it, base64: for `photos.releaseKeys` of a box that is claimed elsewhere. */
  readonly key: string
}

/**
 * `record` is a file that holds the newest version that was packed of each id: versions only rise, because a bundle is
 * believed for ever. The same folder again gives the same bytes. Throws `file-unreadable`, `input-invalid`, `model-conflict`.
 */
export function packModel(
  folder: string,
  { key, record }: { readonly key: SecretKey; readonly record: string },
): PackedModel {
  const manifest = readManifest(folder)
  const { id, version, file } = manifest
  if (toHex(sha256(readMember(folder, file))) !== manifest.sha256)
    throw wrong(`${file} is not the file that manifest.json names by its sha256.`)
  const cases = existsSync(join(folder, 'cases')) ? readdirSync(join(folder, 'cases')) : []
  const paths = [
    ...['manifest.json', file, 'card.md'],
    ...cases
      .filter((name) => name.endsWith('.json'))
      .toSorted()
      .map((name) => `cases/${name}`),
  ]
  if (paths.length > MAX_BUNDLE_MEMBERS - 2)
    throw wrong(`It has ${cases.length} cases; at most ${MAX_BUNDLE_MEMBERS - 5}.`)
  const members = paths.map((path): TarMember => ({ path, bytes: readMember(folder, path) }))
  const bytes = sealModelBundle({ id, version }, members, { key, sha256 })
  const packed = { version, sha256: toHex(sha256(bytes)) }
  const before = readRecord(record)
  const last = before[id]
  if (last && last.sha256 !== packed.sha256 && compareModelVersions(version, last.version) <= 0)
    throw new VuonError(
      'model-conflict',
      `${id} ${last.version} was packed before; ${version} is not newer.`,
      {
        hint: 'Raise "version" in manifest.json: boxes take what is newer only.',
      },
    )
  if (last?.sha256 !== packed.sha256) writeFileAtomically(record, JSON.stringify({ ...before, [id]: packed }))
  return { id, ...packed, key: toBase64(key.publicRaw), bytes }
}

const words = z.object({ vi: z.string().trim().min(1), en: z.string().trim().min(1) })
const manifestShape = z.object({
  format: z.literal('vuon/model/1'),
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  version: z.string().refine(isModelVersion, { message: 'numbers with dots between, such as 1.2.0' }),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  file: z
    .string()
    .regex(/^[\w-][\w.-]{0,60}\.onnx$/)
    .default('model.onnx'),
  screen: words.optional(),
  outputs: z.array(z.object({ labels: z.array(words.extend({ key: z.string().min(1) })).min(2) })).min(1),
})

function readManifest(folder: string): z.output<typeof manifestShape> {
  let value: unknown
  const text = new TextDecoder().decode(readMember(folder, 'manifest.json'))
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw wrong(`manifest.json is not JSON: ${(error as Error).message}.`)
  }
  const read = manifestShape.safeParse(value)
  if (read.success) return read.data
  const [first] = read.error.issues
  throw wrong(`manifest.json: ${first?.path.join('.')}: ${first?.message}.`)
}

function readMember(folder: string, path: string): Uint8Array {
  const whole = join(folder, path)
  try {
    const { size } = statSync(whole)
    if (size > MAX_BUNDLE_BYTES)
      throw wrong(`${path} has ${size} bytes; a bundle at most ${MAX_BUNDLE_BYTES}.`)
    return new Uint8Array(readFileSync(whole))
  } catch (cause) {
    if (cause instanceof VuonError) throw cause
    throw new VuonError('file-unreadable', `${whole} could not be read.`, {
      cause,
      hint: 'A model is a folder with manifest.json, card.md, its .onnx file and cases/; see models/README.md.',
    })
  }
}

const recordShape = z.record(z.string(), z.object({ version: z.string(), sha256: z.string() }))

function readRecord(path: string): z.output<typeof recordShape> {
  if (!existsSync(path)) return {}
  try {
    return recordShape.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw new VuonError('file-unreadable', `${path}, which says what was packed before, can't be read.`, {
      cause,
      hint: 'Mend it, or remove it once you know which versions boxes have.',
    })
  }
}

const wrong = (detail: string): VuonError =>
  new VuonError('input-invalid', detail, { hint: 'models/README.md says what a model’s folder holds.' })
