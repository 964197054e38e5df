import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { CameraFolder, type CameraFolderOptions, type CameraFolderState } from './camera-folder.ts'

/**
 * Photos that came over a network wait here, on the disk, until somebody has looked at them:
 *
 *   MQTT, HTTP ─► put: written, synced, named ─► "got it"
 *                                 └─► camera folder ─► worker, store, journal ─► removed
 *
 * A photo takes seconds on a small board, and minutes when that is hot; who sent it is told as soon as it can't be lost.
 */
export interface CameraSpoolOptions extends Pick<CameraFolderOptions, 'clock' | 'deliver' | 'onFault'> {
  readonly path: string
  readonly maxFiles?: number
  readonly maxBytes?: number
}

// A photo every five minutes for four hours that nobody could look at.
const MAX_FILES = 50
const MAX_BYTES = 40 * 1024 * 1024
// What could not be kept is tried again.
const LOOK_MS = 5_000

export class CameraSpool {
  readonly #path: string
  readonly #clock: Clock
  readonly #maxFiles: number
  readonly #maxBytes: number
  readonly #folder: CameraFolder
  #lastNumber = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor({ path, maxFiles = MAX_FILES, maxBytes = MAX_BYTES, ...rest }: CameraSpoolOptions) {
    this.#path = path
    this.#clock = rest.clock
    this.#maxFiles = maxFiles
    this.#maxBytes = maxBytes
    this.#folder = new CameraFolder({ ...rest, path, everyMs: LOOK_MS, settledMs: 0 })
  }

  /** Goes on with what waited. Throws when the folder can be neither read nor made. */
  async start(): Promise<void> {
    mkdirSync(this.#path, { recursive: true })
    for (const name of readdirSync(this.#path))
      if (isHalf(name)) rmSync(join(this.#path, name), { force: true })
    await this.#folder.start()
  }

  async stop(): Promise<void> {
    await this.#turn
    await this.#folder.stop()
  }

  state(): CameraFolderState {
    return this.#folder.state()
  }

  /** Resolves when the photo is on disk under its name. Rejects with `disk-full` when too many wait. */
  put(photo: Uint8Array): Promise<void> {
    const put = this.#turn.then(() => this.#put(photo))
    this.#turn = put.catch(() => {})
    return put
  }

  async #put(photo: Uint8Array): Promise<void> {
    this.#refuseMore(photo.length)
    const name = `${this.#clock.wallMs()}-${++this.#lastNumber}`
    const half = join(this.#path, `.${name}`)
    try {
      const file = await open(half, 'wx', 0o600)
      try {
        await file.writeFile(photo)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(half, join(this.#path, `${name}.photo`))
      await syncFolder(this.#path)
    } catch (error) {
      await rm(half, { force: true })
      throw error
    }
    void this.#folder.lookAnew()
  }

  #refuseMore(sizeBytes: number): void {
    const waiting = readdirSync(this.#path).filter((name) => name.endsWith('.photo'))
    const bytes = waiting.reduce((sum, name) => sum + sizeOf(join(this.#path, name)), sizeBytes)
    if (waiting.length < this.#maxFiles && bytes <= this.#maxBytes) return
    throw new VuonError(
      'disk-full',
      `${waiting.length} photos of this camera wait to be looked at already.`,
      {
        hint: 'Let it take photos less often; see `vuon-agent doctor` for what keeps them waiting.',
      },
    )
  }
}

/** What a power cut left half written. */
const isHalf = (name: string): boolean => name.startsWith('.')

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
