import { randomUUID } from 'node:crypto'
import { constants, createWriteStream } from 'node:fs'
import { copyFile, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { toHex } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { type FindingEntry, MAX_PHOTO_BYTES } from '#contract/wire/finding.ts'
import type { ModelEntry } from '#contract/wire/model-words.ts'
import type { RecordBody, RecordEntry } from '#contract/wire/records.ts'
import type { BlobSource } from './sync/blob-upload.ts'
import { KnownModels } from './vision/known-models.ts'
import { type Looked, PhotoLook, type PhotoNote } from './vision/look.ts'
import { PhotoStore, type PhotoStoreState } from './vision/photo-store.ts'
import { SHIPPED_MODELS } from './vision/shipped-models.ts'
import { VisionWorker, type VisionWorkerState } from './vision/vision-worker.ts'

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
  /** A model can't be used, and why. */
  readonly onModelFault?: (detail: string) => void
  /** There is something new for the province. */
  readonly onTaken?: () => void
  /** What was seen on a photo, when it is on disk. */
  readonly onFound?: (finding: FindingEntry) => void
  readonly worker?: VisionWorker
}

/** From `photos.models` of the config. */
export const modelsFolder = (setting: string): string =>
  setting === 'none' ? '' : setting === '' ? SHIPPED_MODELS : setting

export class PhotoDesk {
  readonly #options: PhotoDeskOptions
  readonly #store: PhotoStore
  readonly #worker: VisionWorker
  readonly #look: PhotoLook
  readonly #models = new KnownModels()

  constructor(options: PhotoDeskOptions) {
    this.#options = options
    const { folder, quotaBytes, clock, journal, models = '' } = options
    this.#store = new PhotoStore({ folder, quotaBytes, nowMs: () => journal.now() })
    this.#worker = options.worker ?? new VisionWorker({ clock, models })
    this.#look = new PhotoLook({
      store: this.#store,
      examiner: this.#worker,
      log: {
        now: () => journal.now(),
        appendFindings: (findings) => journal.appendRecords(findings),
        recentFindings: (limit) => this.recent(limit),
      },
      newId: randomUUID,
      ...(options.onModelFault ? { onModelFault: options.onModelFault } : {}),
    })
  }

  /** Sweeps what a power cut left half done. */
  open(): void {
    this.#store.open()
  }

  /** Reads what the models are called, and records it for the province where that is new. */
  async openModels(): Promise<void> {
    const { journal, models = '', onModelFault } = this.#options
    const faults = await this.#models.open(models, {
      appendModels: (entries) => journal.appendRecords(entries),
      recordedModels: async (limit) =>
        (await journal.records('model', { limit })).map(({ entry }) => entry as unknown as ModelEntry),
    })
    for (const { folder, detail } of faults) onModelFault?.(`${folder}: ${detail}`)
  }

  /** What the labels of a model are called, by the hash that a finding names. */
  modelWords(sha256: string): ModelEntry | undefined {
    return this.#models.wordsOf(sha256)
  }

  async stop(): Promise<void> {
    await this.#worker.stop()
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
