import type { SeqOfLane } from '#contract/wire/key-rotation.ts'
import { LANES, type Lane } from '#contract/wire/records.ts'
import { commit, newEpoch, type Stamp } from './append.ts'
import type { JournalFile } from './journal-file.ts'
import { setSinceContact } from './since-contact.ts'

/** What the journal keeps about the keys that sign it: where one ends, and as whom this epoch is spoken. */

/**
 * Enters a rotation, if its seqs still are what it says: its own is the last that the old key signs of the record
 * lane, and nothing beyond `from` is sealed. False, and nothing is written, when something came in between.
 */
export function appendRotation(
  file: JournalFile,
  { epoch, from }: { readonly epoch: string; readonly from: SeqOfLane },
  t: number,
  body: Uint8Array,
): boolean {
  return file.transaction(() => {
    const { lastId, base } = file.mark('record')
    if (file.epoch !== epoch || lastId - base + 2 !== from.record) return false
    if (LANES.some((lane) => file.mark(lane).sealedThrough >= from[lane])) return false
    commit(file, { stamps: [], readings: new Float64Array(0), records: [{ kind: 'key-rotation', t, body }] })
    return true
  })
}

const ORIGIN = 'origin'

/** The name and the key as which this journal last spoke to the province; null while it has not. */
export const origin = (file: JournalFile): string | null => file.meta(ORIGIN) ?? null

export const setOrigin = (file: JournalFile, text: string): void => file.setMeta(ORIGIN, text)

/**
 * A new epoch for a box that goes on with a new name or key, when the province holds nothing beyond its marks and takes
 * nothing more of the old ones: whatever it has not got goes on, and nothing is said to be lost.
 */
export function newEpochAfterMarks(file: JournalFile, stamp: Stamp): string {
  return file.transaction(() => {
    const idOf = (lane: Lane): number => {
      const { base, durableThrough } = file.mark(lane)
      return base + durableThrough
    }
    setSinceContact(file, { record: idOf('record'), finding: idOf('finding'), reading: idOf('reading') })
    return newEpoch(file, stamp)
  })
}
