import { fromHex, toHex } from '#contract/ground/bytes.ts'
import type { FindingEntry, Organ, PhotoRef } from '#contract/wire/finding.ts'
import type { PhotoKind, PhotoStore } from './photo-store.ts'
import type { NoPhotoReason, PhotoAnswer, PhotoRequest, WrittenImage } from './worker/photo-answer.ts'

/** What a person or a camera says about a photo. */
export interface PhotoNote {
  readonly crop: string
  readonly organ: Organ
  readonly plot: string
  /** Id of the person; empty for a camera. */
  readonly person: string
  /** Shared by several photos of one plant. */
  readonly plant?: string
}

/** Where findings are kept. Resolves after the disk has them. */
export interface FindingLog {
  now(): number
  appendFindings(findings: readonly FindingEntry[]): Promise<unknown>
  /** Newest first. */
  recentFindings(limit: number): Promise<readonly FindingEntry[]>
}

export interface PhotoExaminer {
  examine(request: PhotoRequest): Promise<PhotoAnswer>
}

/** A picture came out of the file. */
export type PhotoSeen = Extract<PhotoAnswer, { kind: 'photo' }>

export type Looked =
  | { readonly finding: FindingEntry }
  /** No picture came out of the file: nothing of it is kept. */
  | { readonly refused: NoPhotoReason; readonly detail: string }

/**
 *   file ─► worker (gate, model) ─► store (photo, thumbnail) ─► journal (finding)
 *
 * Resolves when photo and finding are both on the disk, in that order: a finding never names a photo that a power cut
 * could still take. Rejects with `vision-busy`, `disk-full` or the journal's error; then nothing was kept and the same
 * file may be given again. The file itself is not touched.
 */
// A camera that leaves a photo behind at every power cut, the phones of a shed that send again: the last hundred do.
const LOOKED_BACK = 100

export class PhotoLook {
  readonly #store: PhotoStore
  readonly #examiner: PhotoExaminer
  readonly #log: FindingLog
  readonly #newId: () => string
  readonly #onModelFault: (detail: string) => void
  readonly #onAnswer: (note: PhotoNote, answer: PhotoSeen) => void
  readonly #onKept: (path: string, finding: FindingEntry, answer: PhotoSeen) => void
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: {
    store: PhotoStore
    examiner: PhotoExaminer
    log: FindingLog
    newId: () => string
    /** A model is installed and can't be run: the photo is kept without it, and somebody has to know. */
    onModelFault?: (detail: string) => void
    /** A picture came out of it, whatever was said. */
    onAnswer?: (note: PhotoNote, answer: PhotoSeen) => void
    /** A new finding is on the disk; the file is still there until this returns. */
    onKept?: (path: string, finding: FindingEntry, answer: PhotoSeen) => void
  }) {
    this.#store = parts.store
    this.#examiner = parts.examiner
    this.#log = parts.log
    this.#newId = parts.newId
    this.#onModelFault = parts.onModelFault ?? (() => {})
    this.#onAnswer = parts.onAnswer ?? (() => {})
    this.#onKept = parts.onKept ?? (() => {})
  }

  /** `path` lies in the store's `incoming`: what is drawn from it is written beside it. */
  async take(path: string, note: PhotoNote): Promise<Looked> {
    const { crop, organ } = note
    const answer = await this.#examiner.examine({ path, crop, organ, keep: true })
    if (answer.kind === 'no-photo') return { refused: answer.reason, detail: answer.detail }
    if (answer.diagnosis.fault !== undefined) this.#onModelFault(answer.diagnosis.fault)
    this.#onAnswer(note, answer)
    // One after the other: a photo that is sent twice at once must find itself.
    const turn = this.#turn.then(() => this.#keep(path, answer, note))
    this.#turn = turn.catch(() => {})
    return turn
  }

  /** The same picture with the same note is one finding, however often it comes. */
  async #keep(path: string, answer: PhotoSeen, note: PhotoNote): Promise<Looked> {
    const { kept, thumbnail } = answer
    if (!kept || !thumbnail) return { refused: 'unreadable', detail: 'nothing could be drawn from it' }
    const adopted: string[] = []
    const adopt = (path: string, kind: PhotoKind): string => {
      const { sha256, isNew } = this.#store.adopt(path, kind)
      if (isNew) adopted.push(sha256)
      return sha256
    }
    let finding: FindingEntry
    try {
      const hashes = { thumbnail: adopt(thumbnail.path, 'thumbnail'), photo: adopt(kept.path, 'photo') }
      const known = (await this.#log.recentFindings(LOOKED_BACK)).find(
        (each) => toHex(each.photo.sha256) === hashes.photo && isSameNote(each, note),
      )
      if (known) return { finding: known }
      finding = this.#findingOf(answer, note, {
        ...sized(hashes.photo, kept),
        ...(answer.takenAt === undefined ? {} : { takenAt: answer.takenAt }),
        thumbnail: sized(hashes.thumbnail, thumbnail),
      })
      await this.#log.appendFindings([finding])
    } catch (error) {
      // Without a finding nobody would ever ask for it, and it could never be evicted.
      for (const sha256 of adopted) this.#store.discard(sha256)
      throw error
    }
    this.#onKept(path, finding, answer)
    return { finding }
  }

  #findingOf({ diagnosis, quality }: PhotoSeen, note: PhotoNote, photo: PhotoRef): FindingEntry {
    const { model, verdict, abstained, labels, lesionShare, heat } = diagnosis
    return {
      kind: 'finding',
      findingId: this.#newId(),
      photo,
      ...note,
      at: this.#log.now(),
      model: model && { ...model, sha256: fromHex(model.sha256) },
      verdict,
      abstained,
      labels,
      lesionShare,
      ...(heat ? { heat: { ...heat, values: Uint8Array.from(heat.values) } } : {}),
      quality,
    }
  }
}

const sized = (sha256: string, { sizeBytes, widthPx, heightPx }: WrittenImage) => ({
  sha256: fromHex(sha256),
  sizeBytes,
  widthPx,
  heightPx,
})

const isSameNote = (finding: FindingEntry, { crop, organ, plot, person }: PhotoNote): boolean =>
  finding.crop === crop && finding.organ === organ && finding.plot === plot && finding.person === person
