import type { Clock } from '#contract/ground/clock.ts'
import type { ByteLine } from '../../bus/byte-line.ts'
import type { DecodeResult, Observation } from '../observation.ts'

/**
 * A device that has a line for itself and talks in its own way, beside Modbus:
 *
 *   line ─► splitter ─► format (patterns, NMEA, RG-15) ─┐
 *   line ◄─► console (Davis: wake, ask, packet) ────────┴─► hand-on (keep-every, faults) ─► the journal
 */
export interface LineTalker {
  /** Opens the line and begins to listen or to ask as soon as it is there. */
  start(): void
  /** Resolves when the line is free and everything that was heard is with `onReadings`. */
  stop(): Promise<void>
}

/** What one line of text means. It answers whatever bytes come and never throws; it may remember earlier lines. */
export interface LineFormat {
  decode(line: Uint8Array): DecodeResult
  /** The line was lost and is back: what was remembered of the other side may no longer hold. */
  forget?(): void
}

export interface TalkerOutside {
  readonly line: ByteLine
  readonly clock: Clock
  /** The line does not wait for it. A rejection is counted as `not-stored`. */
  readonly onReadings: (observations: readonly Observation[]) => Promise<void>
  /** It spoke well, though nothing of it is kept. */
  readonly onSeen: (device: string) => void
  /** `device` is null for what concerns the whole line. */
  readonly onFault: (device: string | null, code: string, detail: string) => void
}
