import type { AlarmEntry, RecordBody, RecordEntry } from '#contract/wire/records.ts'
import type { Alarms } from './advice/alarms.ts'
import type { StoredReading } from './reading-stream.ts'

/** Between the alarms' logic and the journal: every alarm is an entry on disk, and open ones survive a restart. */
export interface AlarmJournal {
  appendRecords(bodies: readonly RecordBody[]): Promise<{ seq: number; t: number }[]>
  records(kind: string, options: { limit: number }): Promise<{ seq: number; entry: RecordEntry }[]>
}

export interface OpenAlarm extends AlarmEntry {
  readonly raisedAt: number
}

// An alarm that was raised more than so many alarm entries ago and never cleared is found by its silence anyway.
const ENTRIES_READ_AT_START = 2000

export class AlarmDesk {
  readonly #alarms: Alarms
  readonly #journal: AlarmJournal
  readonly #newId: () => string
  readonly #onError: (error: unknown) => void
  readonly #raisedAt = new Map<string, number>()
  /** Alarms of the box itself, by rule. */
  readonly #own = new Map<string, AlarmEntry>()

  constructor(options: {
    alarms: Alarms
    journal: AlarmJournal
    newId: () => string
    onError: (error: unknown) => void
  }) {
    this.#alarms = options.alarms
    this.#journal = options.journal
    this.#newId = options.newId
    this.#onError = options.onError
  }

  async restore(): Promise<void> {
    const rows = await this.#journal.records('alarm', { limit: ENTRIES_READ_AT_START })
    const entries = rows.map(({ entry }) => entry as AlarmEntry & RecordEntry)
    for (const entry of entries) if (entry.state === 'raised') this.#raisedAt.set(entry.alarmId, entry.t)
    const isOwn = (entry: AlarmEntry) => entry.device === ''
    this.#alarms.restore(entries.filter((entry) => !isOwn(entry)))
    const cleared = new Set(
      entries.filter((entry) => entry.state === 'cleared').map((entry) => entry.alarmId),
    )
    for (const entry of entries.filter(isOwn)) {
      if (entry.state === 'raised' && !cleared.has(entry.alarmId)) this.#own.set(entry.rule, entry)
    }
  }

  observe(readings: readonly StoredReading[]): void {
    this.#keep(
      readings
        .filter((reading) => reading.origin === 'measured' || reading.quantity === 'vapour-pressure-deficit')
        .flatMap((reading) => this.#alarms.observe(reading)),
    )
  }

  tick(now: number): void {
    this.#keep(this.#alarms.tick(now))
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

  /** Newest first. */
  get open(): OpenAlarm[] {
    return [...this.#alarms.open, ...this.#own.values()]
      .map((entry) => ({ ...entry, raisedAt: this.#raisedAt.get(entry.alarmId) ?? 0 }))
      .sort((a, b) => b.raisedAt - a.raisedAt)
  }

  #keep(entries: readonly AlarmEntry[]): void {
    if (entries.length === 0) return
    this.#journal.appendRecords(entries).then((stamps) => {
      entries.forEach((entry, index) => {
        if (entry.state === 'raised') this.#raisedAt.set(entry.alarmId, stamps[index]?.t ?? 0)
        else this.#raisedAt.delete(entry.alarmId)
      })
    }, this.#onError)
  }
}
