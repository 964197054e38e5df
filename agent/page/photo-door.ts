import type { Readable } from 'node:stream'
import type { FindingEntry, Organ } from '#contract/wire/finding.ts'
import type { ModelEntry } from '#contract/wire/model-words.ts'

/** What the page asks of the room that looks at photos; `agent.ts` hands it in. */
export interface PhotoDoor {
  /**
   * Resolves when photo and finding are on disk, or with why no picture came out of the file. Reads the stream to its
   * end. Rejects with `vision-busy`, `disk-full` or the journal's error; nothing was kept then.
   */
  takeStream(
    stream: Readable,
    note: {
      readonly crop: string
      readonly organ: Organ
      readonly plot: string
      readonly person: string
      readonly plant?: string
    },
  ): Promise<{ readonly finding: FindingEntry } | { readonly refused: string }>
  /** Newest first. */
  recent(limit: number): Promise<readonly FindingEntry[]>
  /** By hex sha256; undefined when it is not on the box (any more). */
  photo(sha256: string): { readonly bytes: Uint8Array; readonly type: string } | undefined
  isHeld(finding: FindingEntry): boolean
  /** Photos that nobody has looked at yet, and whether they wait for the box to cool. */
  readonly waiting?: { readonly photos: number; readonly isTooHot: boolean; readonly tempC: number | null }
  /** What the labels of a model are called, by its hex sha256. Absent where nothing is judged. */
  modelWords?(sha256: string): ModelEntry | undefined
}
