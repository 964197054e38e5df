import type { AlarmEntry, AlarmSeverity } from '#contract/wire/records.ts'

/** A threshold that a person set in the config. */
export interface ThresholdRule {
  readonly name: string
  /** A device's name, or * for any. */
  readonly device: string
  readonly quantity: string
  readonly above?: number | undefined
  readonly below?: number | undefined
  readonly hysteresis: number
  readonly forS: number
  readonly severity: AlarmSeverity
}

export interface WatchedReading {
  readonly device: string
  readonly channel: string
  readonly quantity: string
  readonly value: number
  readonly quality: number
  readonly t: number
}

export interface AlarmOptions {
  readonly rules: readonly ThresholdRule[]
  /** How often a device is expected to speak, ms; undefined while nobody knows. */
  readonly everyMsOf: (device: string) => number | undefined
  readonly silence: { readonly factor: number; readonly atLeastS: number }
  readonly newId: () => string
}

interface Watch {
  since: number | null
  alarmId: string | null
}

/**
 * Alarms as a machine of readings and ticks. An alarm is raised once and cleared once: a value must stay beyond
 * its bound for the rule's time, and come back past the hysteresis, so that nothing flaps at the bound.
 * It needs no uplink, and takes up where it was after a restart.
 */
export class Alarms {
  readonly #options: AlarmOptions
  readonly #watches = new Map<string, Watch>()
  readonly #heard = new Map<string, { at: number; alarmId: string | null }>()
  readonly #open = new Map<string, AlarmEntry>()

  constructor(options: AlarmOptions) {
    this.#options = options
  }

  /** Takes up alarms that were open when the program stopped, from their entries in any order. */
  restore(entries: readonly AlarmEntry[]): void {
    const cleared = new Set(
      entries.filter((entry) => entry.state === 'cleared').map((entry) => entry.alarmId),
    )
    for (const entry of entries) {
      if (entry.state !== 'raised' || cleared.has(entry.alarmId)) continue
      this.#open.set(entry.alarmId, entry)
      if (entry.rule === 'silent')
        this.#heard.set(entry.device, { at: Number.NEGATIVE_INFINITY, alarmId: entry.alarmId })
      else
        this.#watches.set(watchKey(entry.name, entry.device, String(entry.facts['channel'] ?? '')), {
          since: null,
          alarmId: entry.alarmId,
        })
    }
  }

  get open(): AlarmEntry[] {
    return [...this.#open.values()]
  }

  /** A device is expected from now on, even if it has never spoken. */
  expect(device: string, now: number): void {
    if (!this.#heard.has(device)) this.#heard.set(device, { at: now, alarmId: null })
  }

  observe(reading: WatchedReading): AlarmEntry[] {
    const entries = this.#hear(reading.device, reading.t)
    for (const rule of this.#options.rules) {
      if (rule.quantity !== reading.quantity || (rule.device !== '*' && rule.device !== reading.device))
        continue
      const entry = this.#check(rule, reading)
      if (entry) entries.push(entry)
    }
    return entries
  }

  /** Time passes: who has not been heard for too long? */
  tick(now: number): AlarmEntry[] {
    const entries: AlarmEntry[] = []
    for (const [device, heard] of this.#heard) {
      const everyMs = this.#options.everyMsOf(device)
      if (everyMs === undefined || heard.alarmId !== null) continue
      const silentMs = now - heard.at
      const limitMs = Math.max(everyMs * this.#options.silence.factor, this.#options.silence.atLeastS * 1000)
      if (silentMs <= limitMs) continue
      heard.alarmId = this.#options.newId()
      entries.push(
        this.#raise({
          alarmId: heard.alarmId,
          severity: 'warning',
          rule: 'silent',
          name: device,
          device,
          quantity: '',
          facts: { lastHeardAt: heard.at, minutes: Math.round(silentMs / 60_000) },
        }),
      )
    }
    return entries
  }

  #hear(device: string, at: number): AlarmEntry[] {
    const heard = this.#heard.get(device)
    this.#heard.set(device, { at: Math.max(at, heard?.at ?? at), alarmId: null })
    return heard?.alarmId ? [this.#clear(heard.alarmId, {})] : []
  }

  #check(rule: ThresholdRule, { device, channel, value, t }: WatchedReading): AlarmEntry | undefined {
    const key = watchKey(rule.name, device, channel)
    const watch = this.#watches.get(key) ?? { since: null, alarmId: null }
    this.#watches.set(key, watch)
    const bound = rule.above ?? rule.below ?? Number.NaN
    const beyond = rule.above !== undefined ? value - bound : bound - value
    if (watch.alarmId !== null) {
      if (beyond > -rule.hysteresis || (rule.hysteresis === 0 && beyond > 0)) return undefined
      const { alarmId } = watch
      watch.alarmId = null
      watch.since = null
      return this.#clear(alarmId, { value })
    }
    if (!(beyond > 0)) {
      watch.since = null
      return undefined
    }
    watch.since ??= t
    if (t - watch.since < rule.forS * 1000) return undefined
    watch.alarmId = this.#options.newId()
    return this.#raise({
      alarmId: watch.alarmId,
      severity: rule.severity,
      rule: rule.above !== undefined ? 'above' : 'below',
      name: rule.name,
      device,
      quantity: rule.quantity,
      facts: { value, bound, ...(channel ? { channel } : {}) },
    })
  }

  #raise(alarm: Omit<AlarmEntry, 'kind' | 'state'>): AlarmEntry {
    const entry: AlarmEntry = { kind: 'alarm', state: 'raised', ...alarm }
    this.#open.set(entry.alarmId, entry)
    return entry
  }

  #clear(alarmId: string, facts: AlarmEntry['facts']): AlarmEntry {
    const raised = this.#open.get(alarmId) as AlarmEntry
    this.#open.delete(alarmId)
    return { ...raised, state: 'cleared', facts: { ...raised.facts, ...facts } }
  }
}

const watchKey = (name: string, device: string, channel: string): string =>
  JSON.stringify([name, device, channel])
