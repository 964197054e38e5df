import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Organ } from '#contract/wire/finding.ts'
import { type ModelManifest, parseManifest } from './model-manifest.ts'

export interface InstalledModel {
  readonly manifest: ModelManifest
  /** The ONNX file. It is checked against its hash when it is opened. */
  readonly path: string
}

export interface InstalledModels {
  readonly models: readonly InstalledModel[]
  /** Folders with a manifest that can't be used, and why. */
  readonly faults: readonly { readonly folder: string; readonly detail: string }[]
}

// Label words in two languages for a dozen crops are 30 kB.
const MAX_MANIFEST_BYTES = 512 * 1024
// A model a crop and organ with a few versions of each.
const MAX_FOLDERS = 100

/** The models of a folder, one in each folder inside it that has a `manifest.json`; in the order of their names. */
export function installedModels(folder: string): InstalledModels {
  const models: InstalledModel[] = []
  const faults: { folder: string; detail: string }[] = []
  if (!folder) return { models, faults }
  let names: string[]
  try {
    names = readdirSync(folder).sort().slice(0, MAX_FOLDERS)
  } catch (error) {
    return { models, faults: [{ folder, detail: `can't be read (${(error as { code?: string }).code})` }] }
  }
  for (const name of names) {
    const own = join(folder, name)
    try {
      if (!statSync(join(own, 'manifest.json'), { throwIfNoEntry: false })) continue
      models.push(modelAt(own))
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOTDIR') continue
      faults.push({ folder: own, detail: (error as Error).message.slice(0, 200) })
    }
  }
  return { models, faults }
}

/** The model in a folder of its own. Throws an Error that says what is wrong with it. */
export function modelAt(folder: string): InstalledModel {
  const path = join(folder, 'manifest.json')
  const { size } = statSync(path)
  if (size > MAX_MANIFEST_BYTES) throw new Error(`the manifest has ${size} bytes`)
  const manifest = parseManifest(readFileSync(path, 'utf8'))
  const onnx = join(folder, manifest.file)
  if (!existsSync(onnx)) throw new Error(`${manifest.file} is not there`)
  return { manifest, path: onnx }
}

/**
 * Which models a box works with: those that came with the program, the folders of the ones that answer instead of some of
 * them, and the folders of those that are asked too, without being shown.
 */
export interface Lineup {
  readonly folder: string
  readonly active: readonly string[]
  readonly shadow: readonly string[]
}

/** One that can't be used stands under `faults`, and the one that came with the program answers. */
export function modelsOf({ folder, active, shadow }: Lineup): InstalledModels & {
  readonly shadows: readonly InstalledModel[]
} {
  const { models: base, faults: baseFaults } = installedModels(folder)
  const faults = [...baseFaults]
  const all = (folders: readonly string[]): InstalledModel[] =>
    folders.flatMap((each) => {
      try {
        return [modelAt(each)]
      } catch (error) {
        faults.push({ folder: each, detail: (error as Error).message.slice(0, 200) })
        return []
      }
    })
  const instead = all(active)
  const kept = base.filter(({ manifest }) => !instead.some((each) => each.manifest.id === manifest.id))
  return { models: [...kept, ...instead], shadows: all(shadow), faults }
}

/**
 * The model for a crop and organ. Where nobody named the organ, the crop has to have a model for one organ only; where
 * nobody named the crop, the organ has to have one model only, and that model is asked for every crop it knows.
 */
export function modelFor(
  models: readonly InstalledModel[],
  crop: string,
  organ: Organ,
): InstalledModel | undefined {
  const fitting = models.filter(
    ({ manifest }) =>
      (organ === '' || manifest.organ === organ) && (crop === '' || manifest.crops.includes(crop)),
  )
  const isOne = new Set(fitting.map(({ manifest }) => `${manifest.organ} ${manifest.id}`)).size === 1
  if (organ === '' ? !isOne : crop === '' && !isOne) return undefined
  return fitting[0]
}
