import type { LineSettings } from '../../bus/byte-line.ts'
import type { Observation } from '../observation.ts'
import type { Failure } from './framing.ts'
import type { Profile } from './profile.ts'
import type { ValueFault } from './registers.ts'

/** A probe on a line: whose readings they are, how it is reached, how often it is asked. */
export interface PolledProbe {
  /** Name of the device that its readings are kept under. */
  readonly name: string
  readonly unit: number
  readonly profile: Profile
  readonly everyMs: number
  /** From the question's first byte to the answer's last. */
  readonly timeoutMs: number
  readonly settings: LineSettings
}

/** What can go wrong on a line of probes; each is counted under its code. */
export type PollFaultCode =
  | Failure['code']
  | ValueFault['code']
  | 'exception'
  | 'busy'
  | 'probe-status'
  | 'unit-switched'
  | 'maybe-lost'
  | 'link-down'
  | 'stray-bytes'
  | 'not-stored'

export interface PollFault {
  readonly code: PollFaultCode
  readonly detail: string
}

/** All that one turn with one probe gave. */
export interface ProbeAnswer {
  readonly device: string
  readonly readings: readonly Observation[]
  readonly faults: readonly PollFault[]
  /** What went over the wire, as hex. */
  readonly exchanges: readonly { request: string; response: string; roundTripMs: number }[]
  /** True when everything that was asked was answered with registers, whatever they say. */
  readonly isAnswered: boolean
  readonly isLineGone: boolean
}

/** The answer of a probe that could not be asked. */
export const lineGone = (probe: PolledProbe, detail: string): ProbeAnswer => ({
  device: probe.name,
  readings: [],
  faults: [{ code: 'link-down', detail }],
  exchanges: [],
  isAnswered: false,
  isLineGone: true,
})
