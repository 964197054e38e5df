import { LANES } from '#contract/wire/records.ts'
import {
  adoptSeries,
  allSeries,
  commit,
  declareSeries,
  newEpoch,
  type SeriesState,
  takeCounter,
  tellSalvage,
} from './append.ts'
import { type Block, readingsOf } from './blocks.ts'
import { compact } from './compact.ts'
import type { JournalFile } from './journal-file.ts'
import { exportReadings, history, latest, readingsWithin, records, state } from './local-history.ts'
import { makeRoom } from './make-room.ts'
import { acknowledge, saveSealed, sealedBytes, sealedRanges, unsealed } from './outbox.ts'
import { appendRotation, newEpochAfterMarks, origin, setOrigin } from './own-keys.ts'
import { ROW } from './packed.ts'
import type { Salvage } from './salvage.ts'
import { noteStart } from './since-contact.ts'

export type { SeriesRow } from './append.ts'

export interface Opening {
  readonly epoch: string
  /** The time of what was written last; what is written from now on is later. */
  readonly lastT: number
  readonly salvage: Salvage | null
  readonly series: readonly SeriesState[]
}

/**
 * Every call to the journal, synchronous: what stands in the file and nothing about waiting. They run in a worker
 * thread on the box, so that a slow card never stalls the sensors, and inline in the pretend world.
 */
export const JOURNAL_CALLS = {
  opening,
  commit,
  declareSeries,
  allSeries,
  adoptSeries,
  takeCounter,
  newEpoch,
  tellSalvage,
  unsealed,
  saveSealed,
  sealedRanges,
  sealedBytes,
  acknowledge,
  appendRotation,
  origin,
  setOrigin,
  newEpochAfterMarks,
  latest,
  history,
  readingsWithin,
  records,
  exportReadings,
  compact,
  makeRoom,
  state,
  verify: (file: JournalFile): string[] => file.verify(),
} as const

/** What a program that opens the journal has to know. */
function opening(file: JournalFile): Opening {
  noteStart(file)
  // The last, not the greatest: what a clock that ran years ahead has stamped must not hold the next boot there.
  const entries = LANES.map((lane) =>
    file.get<{ t: number }>('SELECT t FROM entry WHERE lane = ? ORDER BY id DESC LIMIT 1', lane),
  )
  return {
    epoch: file.epoch,
    lastT: Math.max(0, lastReadingT(file), ...entries.map((row) => row?.t ?? 0)),
    salvage: file.salvage,
    series: allSeries(file),
  }
}

/** The latest of the boot that wrote last: a block is the last commit, for the newest is never put in order. */
function lastReadingT(file: JournalFile): number {
  const row = file.get<Block>(
    'SELECT from_id AS fromId, count, series_no AS seriesNo, body FROM block ORDER BY from_id DESC LIMIT 1',
  )
  const inSlots = file.slots.blocks().at(-1)
  const block = inSlots && inSlots.fromId > (row?.fromId ?? 0) ? inSlots : row
  if (!block) return 0
  const { stamps, readings } = readingsOf(file, block)
  let lastT = 0
  for (let at = 0; at < readings.length; at += ROW)
    if (readings[at] === stamps.length - 1) lastT = Math.max(lastT, readings[at + 2] as number)
  return lastT
}
