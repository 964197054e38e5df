import { randomUUID } from 'node:crypto'
import { constants, createWriteStream } from 'node:fs'
import { copyFile, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { toHex } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { type FindingEntry, MAX_PHOTO_BYTES } from '#contract/wire/finding.ts'
import { labelWords, type ModelEntry, type ModelLabelWords } from '#contract/wire/model-words.ts'
import type { RecordBody, RecordEntry } from '#contract/wire/records.ts'
import type { BlobSource } from './sync/blob-upload.ts'
import { HeatLimit, type HeatLimitOptions } from './vision/heat-limit.ts'
import { KnownModels, type ModelLog } from './vision/known-models.ts'
import { type Looked, PhotoLook, type PhotoNote } from './vision/look.ts'
import { ModelLife, type ModelLifeOptions } from './vision/model-life.ts'
import { PhotoStore, type PhotoStoreState } from './vision/photo-store.ts'
import { ShadowRun } from './vision/shadow-run.ts'
import { SHIPPED_MODELS } from './vision/shipped-models.ts'
import { VisionWorker, type VisionWorkerState } from './vision/vision-worker.ts'
import { installedModels } from './vision/worker/model-folder.ts'

/** The process that looks at photos. */
export type Eyes = Pick<VisionWorker, 'examine' | 'examineBehind' | 'check' | 'lineUp' | 'stop' | 'state'>

/**
 * Photos, from wherever they come, to findings in the journal and files for the province:
 *
 *   page, camera folder ─► incoming file ─► look (worker, store, journal) ─► upload
 */
export interface PhotoDeskOptions {
  /** `dataDir/photos`. */
  readonly folder: string
  readonly quotaBytes: number
  readonly clock: Clock
  readonly journal: {
    now(): number
    appendRecords(bodies: readonly RecordBody[]): Promise<unknown>
    records(kind: string, options: { limit: number }): Promise<{ entry: RecordEntry }[]>
  }
  /** Folder of the disease models; without one photos are kept, and nothing is said of them. */
  readonly models?: string
  /** Where models from bundles live, and what decides about them; without it only those of `models` look at photos. */
  readonly life?: Pick<ModelLifeOptions, 'folder' | 'trust' | 'promoteAfter' | 'freeBytes'>
  /** A model can't be used, and why. */
  readonly onModelFault?: (detail: string) => void
  /** There is something new for the province. */
  readonly onTaken?: () => void
  /** What was seen on a photo, when it is on disk. */
  readonly onFound?: (finding: FindingEntry) => void
  readonly worker?: Eyes
  /** Where the temperature of the board is read, and from where on photos wait; without it they never do. */
  readonly heat?: HeatLimitOptions
  /** Photos wait because the box is too hot. */
  readonly onTooHot?: (detail: string) => void
  /** A photo that takes longer is given up. */
  readonly timeoutMs?: number
}

/** From `photos.models` of the config. */
export const modelsFolder = (setting: string): string =>
  setting === 'none' ? '' : setting === '' ? SHIPPED_MODELS : setting

export class PhotoDesk {
  readonly #options: PhotoDeskOptions
  readonly #store: PhotoStore
  readonly #worker: Eyes
  readonly #look: PhotoLook
  readonly #known = new KnownModels()
  readonly #life: ModelLife | undefined
  readonly #shadow: ShadowRun | undefined

  constructor(options: PhotoDeskOptions) {
    this.#options = options
    const { folder, quotaBytes, clock, journal, models = '' } = options
    this.#store = new PhotoStore({ folder, quotaBytes, nowMs: () => journal.now() })
    const { heat, onTooHot, timeoutMs } = options
    this.#worker =
      options.worker ??
      new VisionWorker({
        ...{ clock, models },
        ...(heat ? { heat: new HeatLimit(heat) } : {}),
        ...(onTooHot ? { onTooHot } : {}),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      })
    const onFault = options.onModelFault ?? (() => {})
    const failed = (error: unknown): void => onFault((error as Error).message)
    const worker = this.#worker
    this.#life =
      options.life &&
      new ModelLife({
        ...options.life,
        ...{ base: models, now: () => journal.now(), log: journal, onFault },
        check: (own) => worker.check(own),
        onChange: async (lineup, answering, shadows) => {
          worker.lineUp(lineup)
          await this.#known.note(answering, shadows, this.#modelLog)
        },
      })
    const life = this.#life
    this.#shadow = life && new ShadowRun({ life, worker, onError: failed })
    this.#look = new PhotoLook({
      store: this.#store,
      examiner: this.#worker,
      log: {
        now: () => journal.now(),
        appendFindings: (findings) => journal.appendRecords(findings),
        recentFindings: (limit) => this.recent(limit),
      },
      newId: randomUUID,
      onModelFault: onFault,
      onAnswer: ({ crop, organ }, { diagnosis }) => void life?.answered(crop, organ, diagnosis).catch(failed),
      onKept: (path, finding, { ms }) => this.#shadow?.take(path, finding, ms),
    })
  }

  /** Sweeps what a power cut left half done. */
  open(): void {
    this.#store.open()
  }

  /** Reads which models answer and what they are called, and records it for the province where that is new. */
  async openModels(): Promise<void> {
    const { models = '', onModelFault } = this.#options
    await this.#known.open(this.#modelLog)
    const { models: found, faults } = installedModels(models)
    for (const { folder, detail } of faults) onModelFault?.(`${folder}: ${detail}`)
    if (this.#life) await this.#life.open()
    else await this.#known.note(found, [], this.#modelLog)
  }

  /** Which models there are, and what is decided about them; undefined where nothing is. */
  get life(): ModelLife | undefined {
    return this.#life
  }

  /** Resolves when the model in the shadow has looked at all that was taken. */
  async shadowIdle(): Promise<void> {
    await this.#shadow?.idle()
  }

  /** What the verdict of a finding is called; undefined where there is none, or the model does not say. */
  verdictWords({ model, crop, verdict }: FindingEntry): ModelLabelWords | undefined {
    const labels = model ? this.modelWords(toHex(model.sha256))?.labels : undefined
    return labels && verdict !== null ? labelWords(labels, crop, verdict) : undefined
  }

  /** What the labels of a model are called, by the hash that a finding names. */
  modelWords(sha256: string): ModelEntry | undefined {
    return this.#known.wordsOf(sha256)
  }

  async stop(): Promise<void> {
    const shadow = this.#shadow?.stop()
    await this.#worker.stop()
    await shadow
  }

  get #modelLog(): ModelLog {
    const { journal } = this.#options
    return {
      appendModels: (entries) => journal.appendRecords(entries),
      recordedModels: async (limit) =>
        (await journal.records('model', { limit })).map(({ entry }) => entry as unknown as ModelEntry),
    }
  }

  /** Where the upload finds what the province lacks. */
  get source(): BlobSource {
    return this.#store
  }

  get state(): { readonly store: PhotoStoreState; readonly worker: VisionWorkerState } {
    return { store: this.#store.state, worker: this.#worker.state }
  }

  /**
   * Takes a photo that is arriving. Reads at most 20 MB of it; whatever comes, the answer is what to tell the person.
   * Rejects with `vision-busy`, `disk-full` or the journal's error, and then nothing was kept.
   */
  async takeStream(stream: Readable, note: PhotoNote): Promise<Looked> {
    const path = this.#store.newIncoming()
    try {
      let size = 0
      let isTooLarge = false
      await pipeline(
        stream,
        async function* (parts: AsyncIterable<Uint8Array>) {
          for await (const part of parts) {
            size += part.length
            isTooLarge ||= size > MAX_PHOTO_BYTES
            // The rest is read and dropped, so that the phone hears the answer.
            if (!isTooLarge) yield part
          }
        },
        createWriteStream(path, { flags: 'wx', mode: 0o600 }),
      )
      if (isTooLarge) return { refused: 'too-large', detail: `more than ${MAX_PHOTO_BYTES} bytes` }
      return await this.#taken(path, note)
    } finally {
      this.#store.removeIncoming(path)
    }
  }

  /** Takes a copy of a file; the file itself is the caller's. */
  async takeFile(file: string, note: PhotoNote): Promise<Looked> {
    const { size } = await stat(file)
    if (size > MAX_PHOTO_BYTES)
      return { refused: 'too-large', detail: `${size} bytes; at most ${MAX_PHOTO_BYTES}` }
    const path = this.#store.newIncoming()
    try {
      await copyFile(file, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
      return await this.#taken(path, note)
    } finally {
      this.#store.removeIncoming(path)
    }
  }

  /** Photos that wait to be looked at, and whether that is because the box is too hot. */
  get waiting(): { readonly photos: number; readonly isTooHot: boolean; readonly tempC: number | null } {
    const { waiting, heat } = this.#worker.state
    return { photos: waiting, ...heat }
  }

  /** Newest first. */
  async recent(limit: number): Promise<FindingEntry[]> {
    const rows = await this.#options.journal.records('finding', { limit })
    return rows.map(({ entry }) => entry as unknown as FindingEntry)
  }

  /** A photo or thumbnail of the box as it is kept; undefined when it is not here (any more). */
  photo(sha256: string): { readonly bytes: Uint8Array; readonly type: string } | undefined {
    const found = this.#store.find(sha256)
    const bytes = found && this.#store.read(sha256)
    return bytes && { bytes, type: found.kind === 'photo' ? 'image/jpeg' : 'image/webp' }
  }

  /** Whether a photo still has to travel; `absent` when it is not on the box (any more). */
  whereIs(sha256: string): 'waiting' | 'held' | 'absent' {
    const photo = this.#store.find(sha256)
    return photo ? (photo.isHeld ? 'held' : 'waiting') : 'absent'
  }

  /** Whether the province holds the photo of a finding. */
  isHeld(finding: FindingEntry): boolean {
    const photo = this.#store.find(toHex(finding.photo.sha256))
    // What is not here any more was evicted, and only what the province holds is.
    return photo?.isHeld ?? true
  }

  async #taken(path: string, note: PhotoNote): Promise<Looked> {
    const looked = await this.#look.take(path, note)
    if ('finding' in looked) {
      this.#options.onTaken?.()
      this.#options.onFound?.(looked.finding)
    }
    return looked
  }
}
