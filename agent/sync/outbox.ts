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
  }): Promise<void>
  sealedRanges(lane: Lane): Promise<{ from: number; to: number }[]>
  sealedBytes(lane: Lane, from: number): Promise<Uint8Array | null>
  acknowledge(lane: Lane, durableThrough: number): Promise<void>
  newEpoch(): Promise<string>
  /** `oldestUnsentT`: of the oldest entry that is not acknowledged. */
  state(): Promise<{
    lanes: Record<Lane, { sealedThrough: number; durableThrough: number; oldestUnsentT?: number | null }>
  }>
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
