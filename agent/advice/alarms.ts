import { type AlarmEntry, QUALITY } from '#contract/wire/records.ts'
import { beyondBy, boundOf, DEFAULT_RATE_OVER_S, isOfRate, kindOf, type WatchRule } from './alarm-rules.ts'
import { isOccasion, type Occasion, Occasions } from './occasions.ts'
import { RateOfChange } from './rate-of-change.ts'

export interface WatchedReading {
  readonly device: string
  readonly channel: string
  readonly quantity: string
  readonly value: number
  readonly quality: number
  /** ms on the box's own clock, as `tick` is told it. */
  readonly t: number
}

export interface AlarmOptions {
  readonly rules: readonly WatchRule[]
  /** How often a device is expected to speak, ms; undefined while nobody knows. */
  readonly everyMsOf: (device: string) => number | undefined
  readonly silence: { readonly factor: number; readonly atLeastS: number }
  readonly newId: () => string
}

/** What cannot have been, and what was true at some other time, says nothing about now. */
const SAYS_NOTHING_OF_NOW =
  QUALITY.outOfRange | QUALITY.spike | QUALITY.fromMarked | QUALITY.historical | QUALITY.doubted

/** One rule looking at one value of one device. */
interface Watch {
  /** Since when the value or its rate has been beyond the bound; null while it is not. */
  since: number | null
  lastT: number
  alarmId: string | null
  /** Of a rule that looks at the rate. */
  readonly rate: RateOfChange | null
}

interface Heard {
  /** When silence began to count: last heard, or first expected. */
  since: number
  /** Null for a device that has never spoken. */
  lastHeardAt: number | null
  alarmId: string | null
}

/**
 * Alarms as a machine of readings and ticks. An alarm is raised once and cleared once: a value must stay beyond
 * its bound for the rule's time, and come back past the hysteresis, so that nothing flaps at the bound. A reading
 * that is marked as impossible, or that a broker had kept, neither raises nor clears.
 * It needs no uplink, and takes up where it was after a restart.
 */
export class Alarms {
  readonly #options: AlarmOptions
  // Devices and values that can come here are bounded by the series that the reading stream takes.
  readonly #watches = new Map<string, Watch>()
  readonly #heard = new Map<string, Heard>()
  readonly #open = new Map<string, AlarmEntry>()
  readonly #occasions = new Occasions()
  /** Open alarms that nothing looks after any more: their rule was changed or removed while the box was off. */
  readonly #orphans = new Set<string>()
  #lastTick = Number.NEGATIVE_INFINITY

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
      if (!this.#takeUp(entry)) this.#orphans.add(entry.alarmId)
    }
  }

  get open(): AlarmEntry[] {
    return [...this.#open.values()]
  }

  /** A device is expected from now on, even if it has never spoken. */
  expect(device: string, now: number): void {
    if (!this.#heard.has(device)) this.#heard.set(device, { since: now, lastHeardAt: null, alarmId: null })
  }

  observe(reading: WatchedReading): AlarmEntry[] {
    const entries = this.#hear(reading)
    const isOfNow = (reading.quality & SAYS_NOTHING_OF_NOW) === 0 && Number.isFinite(reading.value)
    if (!isOfNow) return entries
    for (const rule of this.#options.rules) {
      if (rule.quantity !== reading.quantity || (rule.device !== '*' && rule.device !== reading.device))
        continue
      const entry = this.#check(rule, reading)
      if (entry) entries.push(entry)
    }
    return entries
  }

  /** What somebody else found: a risk model, a look at a photo. Empty while it is known already. */
  raise(occasion: Occasion): AlarmEntry[] {
    const raised = this.#occasions.raise(occasion, this.#options.newId)
    if (typeof raised === 'string') return []
    const { rule, name, device, subject, severity, facts, until } = occasion
    const entry = { severity, rule, name, device, quantity: '', facts: { ...facts, subject, until } }
    return [this.#raise({ alarmId: raised.alarmId, ...entry })]
  }

  /** It is over before its time. */
  settle(which: Pick<Occasion, 'rule' | 'name' | 'device' | 'subject'>): AlarmEntry[] {
    const alarmId = this.#occasions.settle(which)
    return alarmId === undefined ? [] : [this.#clear(alarmId, {})]
  }

  /** Time passes: who has not been heard for too long, and what is over by itself? */
  tick(now: number): AlarmEntry[] {
    this.#lastTick = now
    const entries = [...this.#orphans].map((alarmId) => this.#clear(alarmId, { because: 'rule-changed' }))
    this.#orphans.clear()
    for (const alarmId of this.#occasions.tick(now)) entries.push(this.#clear(alarmId, { because: 'passed' }))
    for (const [device, heard] of this.#heard) {
      const limitMs = this.#silenceLimitMs(device)
      const silentMs = now - heard.since
      if (limitMs === undefined || heard.alarmId !== null || silentMs <= limitMs) continue
      heard.alarmId = this.#options.newId()
      const { lastHeardAt } = heard
      entries.push(
        this.#raise({
          alarmId: heard.alarmId,
          severity: 'warning',
          rule: 'silent',
          name: device,
          device,
          quantity: '',
          facts: { minutes: Math.round(silentMs / 60_000), ...(lastHeardAt === null ? {} : { lastHeardAt }) },
        }),
      )
    }
    return entries
  }

  /** The box's clock turned out to be `offsetMs` behind: times held from before move with it. */
  shift(offsetMs: number): void {
    this.#lastTick += offsetMs
    for (const heard of this.#heard.values()) {
      heard.since += offsetMs
      if (heard.lastHeardAt !== null) heard.lastHeardAt += offsetMs
    }
    for (const watch of this.#watches.values()) {
      watch.lastT += offsetMs
      if (watch.since !== null) watch.since += offsetMs
      watch.rate?.shift(offsetMs)
    }
    this.#occasions.shift(offsetMs)
  }

  /** What a broker had kept is no sign of life, and neither is a reading so late that the device counts as silent. */
  #hear({ device, t, quality }: WatchedReading): AlarmEntry[] {
    if ((quality & QUALITY.historical) !== 0) return []
    const before = this.#heard.get(device)
    const at = Math.max(t, before?.lastHeardAt ?? t)
    if (before?.alarmId === null) {
      before.since = at
      before.lastHeardAt = at
      return []
    }
    const limitMs = this.#silenceLimitMs(device) ?? Number.POSITIVE_INFINITY
    const alarmId = before?.alarmId ?? null
    const isStillSilent = alarmId !== null && this.#lastTick - at > limitMs
    this.#heard.set(device, { since: at, lastHeardAt: at, alarmId: isStillSilent ? alarmId : null })
    return alarmId === null || isStillSilent ? [] : [this.#clear(alarmId, {})]
  }

  #silenceLimitMs(device: string): number | undefined {
    const { everyMsOf, silence } = this.#options
    const everyMs = everyMsOf(device)
    return everyMs === undefined ? undefined : Math.max(everyMs * silence.factor, silence.atLeastS * 1000)
  }

  #check(rule: WatchRule, { device, channel, value, t }: WatchedReading): AlarmEntry | undefined {
    const key = watchKey(rule.name, rule.quantity, kindOf(rule), boundOf(rule), device, channel)
    const watch = this.#watches.get(key) ?? { ...newWatch(rule), lastT: t }
    this.#watches.set(key, watch)
    // A reading from before one that was seen already says nothing new.
    if (t < watch.lastT) return undefined
    watch.lastT = t
    const perHour = watch.rate?.take(t, value)
    const measured = watch.rate ? perHour : value
    if (measured === undefined) return undefined
    const measuredFacts = perHour === undefined ? { value } : { value, perHour: rounded(perHour) }
    const beyond = beyondBy(rule, measured)
    if (watch.alarmId !== null) {
      if (beyond > -rule.hysteresis) return undefined
      const { alarmId } = watch
      watch.alarmId = null
      watch.since = null
      return this.#clear(alarmId, measuredFacts)
    }
    if (beyond <= 0) {
      watch.since = null
      return undefined
    }
    watch.since ??= t
    if (t - watch.since < rule.forS * 1000) return undefined
    watch.alarmId = this.#options.newId()
    return this.#raise({
      alarmId: watch.alarmId,
      severity: rule.severity,
      rule: kindOf(rule),
      name: rule.name,
      device,
      quantity: rule.quantity,
      facts: {
        ...measuredFacts,
        bound: boundOf(rule),
        ...(channel ? { channel } : {}),
        ...(rule.crop ? { crop: rule.crop } : {}),
      },
    })
  }

  /** False when nothing of today looks after it. */
  #takeUp(entry: AlarmEntry): boolean {
    if (isOccasion(entry)) return this.#occasions.restore(entry)
    return entry.rule === 'silent' ? this.#restoreSilence(entry) : this.#restoreWatch(entry)
  }

  /** False when the device has an open alarm already. How long ago it was heard is not known on this boot's clock. */
  #restoreSilence({ device, alarmId }: AlarmEntry): boolean {
    if (this.#heard.get(device)?.alarmId) return false
    this.#heard.set(device, { since: Number.NEGATIVE_INFINITY, lastHeardAt: null, alarmId })
    return true
  }

  /** False when no rule of today would have raised this alarm, or another open one has its place. */
  #restoreWatch({ name, device, quantity, rule: kind, facts, alarmId }: AlarmEntry): boolean {
    const rule = this.#options.rules.find(
      (rule) =>
        rule.name === name &&
        rule.quantity === quantity &&
        kindOf(rule) === kind &&
        boundOf(rule) === facts['bound'] &&
        (rule.device === '*' || rule.device === device),
    )
    const key = watchKey(name, quantity, kind, facts['bound'], device, String(facts['channel'] ?? ''))
    if (!rule || this.#watches.has(key)) return false
    this.#watches.set(key, { ...newWatch(rule), alarmId })
    return true
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

const newWatch = (rule: WatchRule): Watch => ({
  since: null,
  lastT: Number.NEGATIVE_INFINITY,
  alarmId: null,
  rate: isOfRate(rule) ? new RateOfChange((rule.overS ?? DEFAULT_RATE_OVER_S) * 1000) : null,
})

// Four digits say how fast; more are noise.
const rounded = (perHour: number): number => Number(perHour.toPrecision(4))

/** Two rules may share a name (a warning and a critical one), so what they watch for is part of the key. */
const watchKey = (...parts: readonly unknown[]): string => JSON.stringify(parts)
