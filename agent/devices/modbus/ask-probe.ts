import { toHex } from '#contract/ground/bytes.ts'
import type { LineSettings } from '../../bus/byte-line.ts'
import type { Observation } from '../observation.ts'
import type { Conversation, Exchange } from './conversation.ts'
import { exceptionText, type Failure, type ReadRequest } from './framing.ts'
import type { Profile, ProfileRead } from './profile.ts'
import { readingsOf } from './registers.ts'

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
  | 'exception'
  | 'sentinel'
  | 'not-a-number'
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
  /** True when every read was answered with registers. */
  readonly isAnswered: boolean
  readonly isLineGone: boolean
}

const ILLEGAL_ADDRESS = 2
// A technician may swap a small variant for the full one without the box noticing, so the full question is
// put again once in this long. It costs one more exchange of some 50 ms.
const REMEMBER_FALLBACK_MS = 60 * 60_000

/** Which reads a probe refused in full; kept between its turns. */
export class RefusedReads {
  readonly #refusedAt = new Map<ProfileRead, number>()

  countFor(read: ProfileRead, now: number): number {
    const refusedAt = this.#refusedAt.get(read)
    const isFresh = refusedAt !== undefined && now - refusedAt < REMEMBER_FALLBACK_MS
    return isFresh && read.fallbackCount !== undefined ? read.fallbackCount : read.count
  }

  refused(read: ProfileRead, now: number): void {
    this.#refusedAt.set(read, now)
  }

  forget(): void {
    this.#refusedAt.clear()
  }
}

/**
 * Puts every read of the profile to the probe. A read that costs the whole waiting time ends the turn: a dead
 * probe with five reads takes one timeout from the others, not five. Never rejects.
 */
export async function askProbe(
  conversation: Conversation,
  probe: PolledProbe,
  refusedReads: RefusedReads,
  now: number,
  gapMs: number,
): Promise<ProbeAnswer> {
  const { profile, unit, settings, timeoutMs } = probe
  const readings: Observation[] = []
  const faults: PollFault[] = []
  const exchanges: ProbeAnswer['exchanges'][number][] = []
  let isAnswered = true
  const answer = (isLineGone = false): ProbeAnswer => ({
    device: probe.name,
    readings,
    faults,
    exchanges,
    isAnswered: isAnswered && !isLineGone,
    isLineGone,
  })

  const ask = async (read: ProfileRead, count: number): Promise<Exchange['outcome']> => {
    const request: ReadRequest = { unit, function: read.function, address: read.address, count }
    const exchange = await conversation.ask(request, settings, { gapMs, timeoutMs })
    const { outcome } = exchange
    exchanges.push({
      request: toHex(exchange.request),
      response: toHex(exchange.response),
      roundTripMs: exchange.roundTripMs,
    })
    // What a failed question heard is named by the failure itself.
    if ((outcome.kind === 'registers' || outcome.kind === 'exception') && outcome.strayBytes > 0)
      faults.push({ code: 'stray-bytes', detail: `${outcome.strayBytes} bytes around the answer` })
    if (outcome.kind === 'registers') {
      const found = readingsOf(profile, probe.name, read, outcome.words)
      readings.push(...found.readings)
      for (const { code, detail } of found.faults)
        faults.push({ code: code === 'sentinel' ? 'sentinel' : 'not-a-number', detail })
    }
    return outcome
  }

  for (const read of profile.reads) {
    const count = refusedReads.countFor(read, now)
    let outcome = await ask(read, count)
    const { fallbackCount } = read
    if (isRefusedAddress(outcome) && fallbackCount !== undefined && count !== fallbackCount) {
      refusedReads.refused(read, now)
      faults.push({
        code: 'exception',
        detail: `${exceptionText(ILLEGAL_ADDRESS)} to ${count} registers from ${read.address}; reads ${fallbackCount} instead`,
      })
      outcome = await ask(read, fallbackCount)
    }
    switch (outcome.kind) {
      case 'registers':
        break
      case 'exception':
        isAnswered = false
        faults.push({
          code: 'exception',
          detail: `${exceptionText(outcome.code)} to registers from ${read.address}`,
        })
        break
      case 'failure':
        isAnswered = false
        faults.push({ code: outcome.code, detail: outcome.detail })
        return answer()
      case 'line-gone':
        faults.push({ code: 'link-down', detail: outcome.reason })
        return answer(true)
    }
  }
  return answer()
}

const isRefusedAddress = (outcome: Exchange['outcome']): boolean =>
  outcome.kind === 'exception' && outcome.code === ILLEGAL_ADDRESS
