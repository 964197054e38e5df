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
import type { JournalFile } from './journal-file.ts'
import { evict, exportReadings, history, latest, records, state } from './local-history.ts'
import { acknowledge, noteStart, saveSealed, sealedBytes, sealedRanges, unsealed } from './outbox.ts'
import type { Salvage } from './salvage.ts'

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
  adoptSeries,
  takeCounter,
  newEpoch,
  tellSalvage,
  unsealed,
  saveSealed,
  sealedRanges,
  sealedBytes,
  acknowledge,
  latest,
  history,
  records,
  exportReadings,
  evict,
  state,
  verify: (file: JournalFile): string[] => file.verify(),
} as const

/** What a program that opens the journal has to know. */
function opening(file: JournalFile): Opening {
  noteStart(file)
  // The last, not the greatest: what a clock that ran years ahead has stamped must not hold the next boot there.
  const newest = [
    file.get<{ t: number }>('SELECT t FROM reading ORDER BY id DESC LIMIT 1'),
    ...LANES.map((lane) =>
      file.get<{ t: number }>('SELECT t FROM entry WHERE lane = ? ORDER BY id DESC LIMIT 1', lane),
    ),
  ]
  return {
    epoch: file.epoch,
    lastT: Math.max(0, ...newest.map((row) => row?.t ?? 0)),
    salvage: file.salvage,
    series: allSeries(file),
  }
}
