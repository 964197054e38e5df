import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ModelCase } from '../../models/training/cases.ts'

/** What the tests read of a model's manifest.json. */
export interface ShippedManifest {
  readonly format: string
  readonly id: string
  readonly version: string
  readonly sha256: string
  readonly sizeBytes: number
  readonly file: string
  readonly organ: string
  readonly crops: readonly string[]
  readonly input: Readonly<Record<string, string | number>>
  readonly tiles?: Readonly<Record<string, string | number>>
  readonly outputs: readonly {
    readonly output: string
    readonly crop: string
    readonly map?: string
    readonly temperature: number
    readonly answerFrom: number
    readonly refuseFrom?: number
    readonly lesionFrom?: number
    readonly backgroundFrom?: number
    readonly labels: readonly { key: string; vi: string; en: string; organism: string | null }[]
  }[]
  readonly licence: { readonly use: string; readonly photos: Readonly<Record<string, string>> }
}

export const MODELS = join(import.meta.dirname, '../../models')

/** Folders of `models/` that hold a model. */
export const shipped = readdirSync(MODELS, { withFileTypes: true })
  .filter((each) => each.isDirectory() && each.name !== 'training')
  .map(({ name }) => ({
    name,
    folder: join(MODELS, name),
    manifest: JSON.parse(readFileSync(join(MODELS, name, 'manifest.json'), 'utf8')) as ShippedManifest,
    card: readFileSync(join(MODELS, name, 'card.md'), 'utf8'),
  }))

export const casesOf = (folder: string): ModelCase[] =>
  readdirSync(join(folder, 'cases')).map(
    (file) => JSON.parse(readFileSync(join(folder, 'cases', file), 'utf8')) as ModelCase,
  )
