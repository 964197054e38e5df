import type { DecodeResult, Observation } from '../observation.ts'
import type { TalkerOutside } from './line-talker.ts'

// A talker of ten lines a second and a journal that is half a minute behind: more means that the card hangs.
const MAX_UNSTORED = 300
// A pattern with a node's name in it can make series without end; reading-stream.ts keeps no more than this.
const MAX_SERIES = 4000
// One that speaks every ten seconds comes now and then at 9.9 s; that one is wanted too.
const EARLY_SHARE = 0.1

/**
 * Hands on what a talker said. Of a quantity that comes more often than is wanted, the first of each period is
 * kept: a wind vane speaks every second, a card's life is short.
 */
export class HandOn {
  readonly #outside: TalkerOutside
  readonly #keepEveryMs: number
  readonly #dueAt = new Map<string, number>()
  readonly #unstored = new Set<Promise<void>>()

  constructor(outside: TalkerOutside, keepEveryMs: number) {
    this.#outside = outside
    this.#keepEveryMs = keepEveryMs
  }

  /** `device` is the talker's own name, which faults are counted under. */
  take(device: string, { readings, errors, deviceSeen }: DecodeResult): void {
    const { onFault, onSeen } = this.#outside
    for (const { code, detail } of errors) onFault(deviceSeen?.id ?? device, code, detail)
    const wanted = readings.filter((each) => this.#isDue(each))
    if (wanted.length > 0) this.#store(device, wanted)
    else if (deviceSeen) onSeen(deviceSeen.id)
  }

  /** Resolves when everything that was handed on is stored or counted. */
  async settled(): Promise<void> {
    await Promise.all(this.#unstored)
  }

  #isDue({ device, channel, quantity }: Observation): boolean {
    if (this.#keepEveryMs <= 0) return true
    const key = JSON.stringify([device, channel, quantity])
    const now = this.#outside.clock.monotonicMs()
    const period = this.#keepEveryMs
    const dueAt = this.#dueAt.get(key)
    if (dueAt !== undefined && now < dueAt - period * EARLY_SHARE) return false
    // Due times keep to their grid, so that one that came early does not shorten the period.
    const isOnGrid = dueAt !== undefined && now < dueAt + period * EARLY_SHARE
    if (dueAt !== undefined || this.#dueAt.size < MAX_SERIES)
      this.#dueAt.set(key, (isOnGrid ? dueAt : now) + period)
    return true
  }

  #store(device: string, readings: readonly Observation[]): void {
    const { onReadings, onFault } = this.#outside
    if (this.#unstored.size >= MAX_UNSTORED) {
      onFault(
        device,
        'not-stored',
        `${readings.length} readings: ${MAX_UNSTORED} earlier ones are not on disk yet`,
      )
      return
    }
    const stored = (async () => onReadings(readings))().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      onFault(device, 'not-stored', `${readings.length} readings: ${reason}`)
    })
    this.#unstored.add(stored)
    stored.finally(() => this.#unstored.delete(stored))
  }
}
