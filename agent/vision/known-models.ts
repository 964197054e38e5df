import { fromHex, toHex } from '#contract/ground/bytes.ts'
import type { ModelEntry } from '#contract/wire/model-words.ts'
import type { InstalledModel } from './worker/model-folder.ts'

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
 * findings name. The words of a model are recorded when it comes, and again when it begins to answer, so that the
 * province has them too.
 */
export class KnownModels {
  readonly #words = new Map<string, ModelEntry>()
  #answering: ReadonlySet<string> | undefined

  /** Reads what was recorded. */
  async open(log: ModelLog): Promise<void> {
    for (const entry of await log.recordedModels(RECORDED_READ)) {
      const hash = toHex(entry.sha256)
      // Newest first: the newest words of a model stand.
      if (!this.#words.has(hash)) this.#words.set(hash, entry)
    }
  }

  /** These answer, those run in the shadow: records what the province can't know yet. */
  async note(
    models: readonly InstalledModel[],
    shadows: readonly InstalledModel[],
    log: ModelLog,
  ): Promise<void> {
    const before = this.#answering
    this.#answering = new Set(models.map(({ manifest }) => manifest.sha256))
    const fresh = [
      ...models.filter(
        ({ manifest: { sha256 } }) => !this.#words.has(sha256) || (before && !before.has(sha256)),
      ),
      ...shadows.filter(({ manifest }) => !this.#words.has(manifest.sha256)),
    ].map(entryOf)
    for (const entry of fresh) this.#words.set(toHex(entry.sha256), entry)
    if (fresh.length > 0) await log.appendModels(fresh)
  }

  /** By the hash that a finding names. */
  wordsOf(sha256: string): ModelEntry | undefined {
    return this.#words.get(sha256)
  }
}

function entryOf({ manifest }: InstalledModel): ModelEntry {
  const { id, version, organ, crops, screen, heads } = manifest
  const labels = heads.flatMap(({ crop, labels: own }) => own.map((label) => ({ crop, ...label })))
  return { kind: 'model', sha256: fromHex(manifest.sha256), id, version, organ, crops, screen, labels }
}
