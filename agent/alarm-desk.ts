import type { AlarmEntry, RecordBody, RecordEntry } from '#contract/wire/records.ts'
import type { Alarms } from './advice/alarms.ts'
import { isOccasion, type Occasion } from './advice/occasions.ts'
import type { StoredReading } from './reading-stream.ts'

/** Between the alarms' logic and the journal: every alarm is an entry on disk, and open ones survive a restart. */
export interface AlarmJournal {
  now(): number
  appendRecords(bodies: readonly RecordBody[]): Promise<{ seq: number; t: number }[]>
  records(kind: string, options: { limit: number }): Promise<{ seq: number; entry: RecordEntry }[]>
}

export interface OpenAlarm extends AlarmEntry {
  readonly raisedAt: number
  /** Who has seen it, by id, and when; null while nobody has. */
  readonly acknowledged: Acknowledgement | null
}

export interface Acknowledgement {
  readonly at: number
  readonly person: string
}

// An alarm that was raised more than so many alarm entries ago and never cleared is found by its silence anyway.
const ENTRIES_READ_AT_START = 2000

export class AlarmDesk {
  readonly #alarms: Alarms
  readonly #journal: AlarmJournal
  readonly #newId: () => string
  readonly #onChange: () => void
  readonly #onError: (error: unknown) => void
  /** What is open and on disk: this is what others may be told of. */
  readonly #standing = new Map<string, { entry: AlarmEntry; raisedAt: number }>()
  readonly #acknowledged = new Map<string, Acknowledgement>()
  /** Alarms of the box itself, by rule. */
  readonly #own = new Map<string, AlarmEntry>()

  constructor(options: {
    alarms: Alarms
    journal: AlarmJournal
    newId: () => string
    /** What is on disk of the alarms has changed. */
    onChange?: () => void
    onError: (error: unknown) => void
  }) {
    this.#alarms = options.alarms
    this.#journal = options.journal
    this.#newId = options.newId
    this.#onChange = options.onChange ?? (() => {})
    this.#onError = options.onError
  }

  async restore(): Promise<void> {
    const rows = await this.#journal.records('alarm', { limit: ENTRIES_READ_AT_START })
    const entries = rows.map(({ entry }) => entry as AlarmEntry & RecordEntry)
    const cleared = new Set(
      entries.filter((entry) => entry.state === 'cleared').map((entry) => entry.alarmId),
    )
    const now = this.#journal.now()
    for (const entry of entries) {
      if (cleared.has(entry.alarmId)) continue
      // A boot that never learnt the time says nothing of how long ago it was.
      const at = entry.clock === 'unknown' ? now : entry.t
      if (entry.state === 'raised') this.#standing.set(entry.alarmId, { entry: entryOf(entry), raisedAt: at })
      else if (entry.state === 'acknowledged')
        this.#acknowledged.set(entry.alarmId, { at, person: String(entry.facts['person'] ?? '') })
    }
    this.#alarms.restore(entries.filter((entry) => !isOwn(entry)).map(entryOf))
    for (const { entry } of this.#standing.values()) if (isOwn(entry)) this.#own.set(entry.rule, entry)
  }

  observe(readings: readonly StoredReading[]): void {
    const entries: AlarmEntry[] = []
    for (const reading of readings)
      if (reading.origin === 'measured' || reading.quantity === 'vapour-pressure-deficit')
        entries.push(...this.#alarms.observe(reading))
    this.#keep(entries)
  }

  tick(now: number): void {
    this.#keep(this.#alarms.tick(now))
  }

  /** What a risk model or a look at a photo found. */
  raise(occasion: Occasion): void {
    this.#keep(this.#alarms.raise(occasion))
  }

  /** What was raised is over before its time. */
  settle(which: Pick<Occasion, 'rule' | 'name' | 'device' | 'subject'>): void {
    this.#keep(this.#alarms.settle(which))
  }

  /**
   * A person has seen it: that is on disk when the promise resolves, once, whoever says it again. `unknown` when no
   * such alarm is open. Rejects with the journal's error.
   */
  async acknowledge(alarmId: string, person: string): Promise<'acknowledged' | 'unknown'> {
    const standing = this.#standing.get(alarmId)
    if (!standing) return 'unknown'
    if (this.#acknowledged.has(alarmId)) return 'acknowledged'
    const { entry } = standing
    // Held before the commit: two phones at once are one acknowledgement.
    this.#acknowledged.set(alarmId, { at: this.#journal.now(), person })
    try {
      await this.#journal.appendRecords([
        { ...entry, state: 'acknowledged', facts: { ...entry.facts, person } },
      ])
    } catch (error) {
      this.#acknowledged.delete(alarmId)
      throw error
    }
    this.#onChange()
    return 'acknowledged'
  }

  /** The box itself has something to say, such as a damaged journal; once until it is cleared. */
  raiseOwn(rule: string, facts: AlarmEntry['facts']): void {
    if (this.#own.has(rule)) return
    const entry: AlarmEntry = {
      kind: 'alarm',
      state: 'raised',
      alarmId: this.#newId(),
      severity: 'critical',
      rule,
      name: rule,
      device: '',
      quantity: '',
      facts,
    }
    this.#own.set(rule, entry)
    this.#keep([entry])
  }

  clearOwn(rule: string): void {
    const entry = this.#own.get(rule)
    if (!entry) return
    this.#own.delete(rule)
    this.#keep([{ ...entry, state: 'cleared' }])
  }

  /** The box's clock turned out to be `offsetMs` behind. */
  shift(offsetMs: number): void {
    this.#alarms.shift(offsetMs)
    for (const standing of this.#standing.values()) standing.raisedAt += offsetMs
    for (const [id, { at, person }] of this.#acknowledged)
      this.#acknowledged.set(id, { at: at + offsetMs, person })
  }

  /** Newest first. */
  get open(): OpenAlarm[] {
    return [...this.#alarms.open, ...this.#own.values()]
      .map((entry) => this.#opened(entry, this.#standing.get(entry.alarmId)?.raisedAt ?? 0))
      .sort((a, b) => b.raisedAt - a.raisedAt)
  }

  /** Those of which the raising is on disk and the clearing is not, oldest first. */
  get standing(): OpenAlarm[] {
    return [...this.#standing.values()]
      .map(({ entry, raisedAt }) => this.#opened(entry, raisedAt))
      .sort((a, b) => a.raisedAt - b.raisedAt)
  }

  #opened(entry: AlarmEntry, raisedAt: number): OpenAlarm {
    return { ...entry, raisedAt, acknowledged: this.#acknowledged.get(entry.alarmId) ?? null }
  }

  #keep(entries: readonly AlarmEntry[]): void {
    if (entries.length === 0) return
    this.#journal.appendRecords(entries).then(
      (stamps) => this.#stands(entries, (index) => stamps[index]?.t),
      (error) => {
        this.#onError(error)
        // A card that is full or broken is no reason for telling nobody.
        this.#stands(entries, () => undefined)
      },
    )
  }

  #stands(entries: readonly AlarmEntry[], timeOf: (index: number) => number | undefined): void {
    entries.forEach((entry, index) => {
      if (entry.state === 'raised')
        this.#standing.set(entry.alarmId, { entry, raisedAt: timeOf(index) ?? this.#journal.now() })
      else {
        this.#standing.delete(entry.alarmId)
        this.#acknowledged.delete(entry.alarmId)
      }
    })
    this.#onChange()
  }
}

/** What the box says of itself has no device; neither has every infection. */
const isOwn = (entry: AlarmEntry): boolean => entry.device === '' && !isOccasion(entry)

/** Without the stamp of the line it was read from: what is written next gets its own. */
const entryOf = ({
  alarmId,
  state,
  severity,
  rule,
  name,
  device,
  quantity,
  facts,
}: AlarmEntry): AlarmEntry => ({
  ...{ kind: 'alarm', alarmId, state, severity },
  ...{ rule, name, device, quantity, facts },
})
