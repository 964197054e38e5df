import type { ProfileValue } from './profile.ts'

/**
 * A counter of a probe as a running total: a number of counts that only rises, however often the probe wraps,
 * loses power, or forgets what it told. It never rises by more than was really counted, because a shower that did
 * not fall sets off advice and a shower that was missed is only missing. README.md tells what that means downstream.
 */
export type Counter = NonNullable<ProfileValue['counter']>

export interface CounterState {
  /** What the probe said last, in counts. */
  readonly raw: number
  /** What was counted in all, in counts. */
  readonly total: number
}

/** Where totals outlive the program. Keys are bounded by the probes of the config. */
export interface CounterStore {
  recall(key: string): CounterState | undefined
  /** Takes it at once and sees to the disk by itself; never throws. */
  keep(key: string, state: CounterState): void
}

/** Totals that end with the process. */
export class CounterMemory implements CounterStore {
  readonly #states = new Map<string, CounterState>()

  recall(key: string): CounterState | undefined {
    return this.#states.get(key)
  }

  keep(key: string, state: CounterState): void {
    this.#states.set(key, state)
  }
}

export interface Counted {
  readonly state: CounterState
  /** What could not be told, for a person; the total then rises by too little rather than too much. */
  readonly doubt?: string
}

// A counter that wraps and also restarts: between two polls a probe counts tens, so a fall from within this share
// of the modulus to just above 0 is a wrap. 65536 / 1024 = 64 tips, 16 mm of rain with the coarsest bucket.
const NEAR_WRAP = 1024

/** `raw` is whole counts from 0 up, below the modulus. Without a state before, the total begins at what the probe shows. */
export function counted(counter: Counter, before: CounterState | undefined, raw: number): Counted {
  const { modulus, restarts, perRead } = counter
  if (perRead) return { state: { raw, total: (before?.total ?? 0) + raw } }
  if (!before) return { state: { raw, total: raw } }
  const by = (counts: number): CounterState => ({ raw, total: before.total + counts })
  if (raw >= before.raw) return { state: by(raw - before.raw) }
  const wrapped = modulus === undefined ? Infinity : raw + modulus - before.raw
  const fell = `the count fell from ${before.raw} to ${raw}`
  if (restarts)
    return modulus !== undefined && wrapped <= modulus / NEAR_WRAP
      ? { state: by(wrapped) }
      : { state: by(raw), doubt: `${fell}: the probe began anew` }
  // Half a round in one step is no wrap: somebody changed or reset the probe.
  return modulus !== undefined && wrapped <= modulus / 2
    ? { state: by(wrapped) }
    : { state: by(0), doubt: `${fell}, which it should not: changed or reset?` }
}
