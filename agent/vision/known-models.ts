import { fromHex, toHex } from '#contract/ground/bytes.ts'
import type { ModelEntry } from '#contract/wire/model-words.ts'
import { type InstalledModels, installedModels } from './worker/model-folder.ts'

/** Where the words of models are kept. */
export interface ModelLog {
  appendModels(models: readonly ModelEntry[]): Promise<unknown>
  /** Newest first. */
  recordedModels(limit: number): Promise<readonly ModelEntry[]>
}

// Two models with a few versions a year, for decades.
const RECORDED_READ = 200

/**
 * What the labels of the models are called: of those that are installed, and of those before them, which older
 * findings name. The words of an installed model are recorded once, so that the province has them too.
 */
export class KnownModels {
  readonly #words = new Map<string, ModelEntry>()

  /** Reads the folder and the log, and records what is not recorded yet. Returns the models that can't be used. */
  async open(folder: string, log: ModelLog): Promise<InstalledModels['faults']> {
    for (const entry of await log.recordedModels(RECORDED_READ)) this.#words.set(toHex(entry.sha256), entry)
    const { models, faults } = installedModels(folder)
    const fresh = models
      .filter(({ manifest }) => !this.#words.has(manifest.sha256))
      .map(({ manifest }): ModelEntry => {
        const { id, version, organ, crops, screen, heads } = manifest
        const labels = heads.flatMap(({ crop, labels: own }) => own.map((label) => ({ crop, ...label })))
        return { kind: 'model', sha256: fromHex(manifest.sha256), id, version, organ, crops, screen, labels }
      })
    for (const entry of fresh) this.#words.set(toHex(entry.sha256), entry)
    if (fresh.length > 0) await log.appendModels(fresh)
    return faults
  }

  /** By the hash that a finding names. */
  wordsOf(sha256: string): ModelEntry | undefined {
    return this.#words.get(sha256)
  }
}
