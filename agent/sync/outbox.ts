import type { KeyRotationEntry } from '#contract/wire/key-rotation.ts'
import type { Lane, ReadingSegment, RecordEntry } from '#contract/wire/records.ts'

/** What the journal holds for the province. Each method's promise resolves after the disk has it. */
export interface Outbox {
  readonly epoch: string
  now(): number
  unsealed(lane: Lane, options: { atMost: number; notAfterT?: number }): Promise<UnsealedEntries | null>
  stepOf(seriesNo: number): number
  saveSealed(row: {
    lane: Lane
    from: number
    to: number
    hash: Uint8Array
    bytes: Uint8Array
    /** Of readings: when the first and the last were taken. */
    fromT?: number
    toT?: number
  }): Promise<void>
  sealedRanges(lane: Lane): Promise<{ from: number; to: number }[]>
  sealedBytes(lane: Lane, from: number): Promise<Uint8Array | null>
  acknowledge(lane: Lane, durableThrough: number): Promise<void>
  newEpoch(): Promise<string>
  state(): Promise<{ lanes: Record<Lane, LaneState> }>
  /** As whom the journal last spoke; absent in a journal whose box never changes its key or name. */
  origin?(): Promise<string | null>
  setOrigin?(text: string): Promise<void>
  newEpochAfterMarks?(): Promise<string>
}

export interface LaneState {
  readonly lastSeq?: number
  readonly sealedThrough: number
  readonly durableThrough: number
  /** Of the oldest entry that is not acknowledged. */
  readonly oldestUnsentT?: number | null
}

/** What a change of key needs of the journal. */
export interface RotationOutbox extends Pick<Outbox, 'epoch' | 'state'> {
  /** Every change of key that was entered, the newest first. */
  rotations(): Promise<KeyRotationEntry[]>
  /** False, and nothing is written, when the seqs that it names were taken in between. */
  appendRotation(entry: KeyRotationEntry): Promise<boolean>
}

export interface UnsealedEntries {
  readonly epoch: string
  readonly from: number
  readonly to: number
  readonly prev: Uint8Array | null
  readonly segments: readonly ReadingSegment[]
  readonly entries: readonly RecordEntry[]
  /** True when these seqs can't be read any more; `entries` then holds one `loss` that fills their place. */
  readonly isLost: boolean
}
