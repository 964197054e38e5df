import { createHash } from 'node:crypto'
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import { syncFolder } from '#contract/ground/node/sync-folder.ts'
import { looksLikeBundle } from '#contract/trace/model-bundle.ts'
import { MAX_MODEL_BYTES, type ModelOffer } from '#contract/wire/downlink.ts'
import type { ModelShelfDoor, OfferedModel } from './sync/model-fetch.ts'

/**
 * Models that the province offered, beside the ones that came with the program:
 *
 *   models/offers.json        what was offered, by whose message, how far it has come
 *   models/<sha256>.part      arriving
 *   models/<sha256>.onnx      whole, hash checked, synced before its name appears
 *
 * A bundle is taken in as one that a person brings is, and runs in the shadow; of any other file nothing is made.
 */
export class ModelShelf implements ModelShelfDoor {
  readonly #folder: string
  readonly #onFault: (code: string, detail: string) => void
  readonly #takeIn: TakeIn
  #offers: OfferedModel[] | undefined
  #province: string | null = null

  constructor(folder: string, onFault: (code: string, detail: string) => void, takeIn: TakeIn) {
    this.#folder = folder
    this.#onFault = onFault
    this.#takeIn = takeIn
  }

  /** Oldest first. */
  get offers(): readonly OfferedModel[] {
    this.#offers ??= this.#load()
    return this.#offers
  }

  /** Offers of another province are over; files that came stay until their room is wanted by a person. */
  listenTo(province: string): void {
    const { offers } = this
    if (this.#province === province) return
    const isOther = this.#province !== null
    this.#province = province
    if (isOther) this.#keep([])
    else if (offers.length > 0) this.#keep(offers)
  }

  /** The same message again changes nothing. Throws when the disk does not take it. */
  offer(no: number, offer: ModelOffer): void {
    if (this.offers.some((each) => each.no === no)) return
    const isHere = existsSync(this.#wholeOf(offer.sha256))
    this.#keep([...this.offers, { no, ...offer, state: isHere ? 'stored' : 'offered', isTold: false }])
  }

  note(no: number, change: Partial<Pick<OfferedModel, 'state' | 'isTold'>>): void {
    this.#keep(this.offers.map((each) => (each.no === no ? { ...each, ...change } : each)))
    // Its members lie in a folder of their own now, or nobody wants them.
    if (change.state !== 'installed' && change.state !== 'refused') return
    const { sha256 } = this.offers.find((each) => each.no === no) ?? { sha256: '' }
    rmSync(this.#wholeOf(sha256), { force: true })
  }

  arrivedBytes(sha256: string): number {
    return statSync(this.#partOf(sha256), { throwIfNoEntry: false })?.size ?? 0
  }

  append(sha256: string, offset: number, part: Uint8Array): void {
    mkdirSync(this.#folder, { recursive: true })
    const file = openSync(this.#partOf(sha256), offset === 0 ? 'w' : 'r+')
    try {
      for (let at = 0; at < part.length; ) at += writeSync(file, part, at, part.length - at, offset + at)
    } finally {
      closeSync(file)
    }
  }

  /** False when it is not what its hash says: the bytes are then gone. */
  async finish(sha256: string): Promise<boolean> {
    const path = this.#partOf(sha256)
    const hash = createHash('sha256')
    for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array)
    if (hash.digest('hex') !== sha256) {
      rmSync(path, { force: true })
      return false
    }
    const file = openSync(path, 'r+')
    try {
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(path, this.#wholeOf(sha256))
    syncFolder(this.#folder)
    return true
  }

  hasRoomFor(bytes: number): boolean {
    mkdirSync(this.#folder, { recursive: true })
    const { bavail, bsize } = statfsSync(this.#folder)
    return bavail * bsize >= bytes + LEFT_FREE_BYTES
  }

  async install(sha256: string): Promise<{ readonly isIn: boolean; readonly reason: string } | null> {
    const path = this.#wholeOf(sha256)
    if (!looksLikeBundle(startOf(path))) return null
    return this.#takeIn(path)
  }

  #load(): OfferedModel[] {
    const path = join(this.#folder, 'offers.json')
    if (!existsSync(path)) return []
    try {
      const { province, offers } = fileSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
      this.#province = province
      return offers
    } catch {
      renameSync(path, `${path}.bad`)
      this.#onFault('offers-damaged', `set aside as ${path}.bad`)
      return []
    }
  }

  #keep(offers: readonly OfferedModel[]): void {
    const kept = offers.slice(-MAX_OFFERS)
    mkdirSync(this.#folder, { recursive: true })
    writeFileAtomically(
      join(this.#folder, 'offers.json'),
      JSON.stringify({ version: 1, province: this.#province, offers: kept }),
    )
    this.#offers = kept
  }

  #partOf(sha256: string): string {
    return join(this.#folder, `${sha256}.part`)
  }

  #wholeOf(sha256: string): string {
    return join(this.#folder, `${sha256}.onnx`)
  }
}

/** Takes a bundle in; rejects where trying again may help. */
export type TakeIn = (file: string) => Promise<{ readonly isIn: boolean; readonly reason: string }>

function startOf(path: string): Uint8Array {
  const file = openSync(path, 'r')
  try {
    const start = new Uint8Array(64)
    return start.subarray(0, readSync(file, start, 0, start.length, 0))
  } finally {
    closeSync(file)
  }
}

// Below this the journal itself would be in want of room.
const LEFT_FREE_BYTES = 200_000_000
// One model for each crop, and its versions of two years.
const MAX_OFFERS = 50

const fileSchema = z.object({
  version: z.literal(1),
  province: z.string().max(64).nullable(),
  offers: z.array(
    z.object({
      no: z.int().min(1),
      model: z.string().max(64),
      version: z.string().max(64),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      sizeBytes: z.int().min(1).max(MAX_MODEL_BYTES),
      path: z.string().max(200),
      state: z.enum(['offered', 'stored', 'installed', 'refused']),
      isTold: z.boolean(),
    }),
  ),
})
