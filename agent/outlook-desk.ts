import type { Clock, TimeQuality } from '#contract/ground/clock.ts'
import type { OutlookEntry } from '#contract/wire/outlook.ts'
import type { RecordBody, RecordEntry } from '#contract/wire/records.ts'
import { isAnythingKnown, outlookOf } from './field/outlook.ts'
import { outlookGist } from './field/outlook-gist.ts'
import type { FieldAnswer } from './page/field-answer.ts'

/**
 * Tells the province what the models think of each plot. An outlook is written when it says something else than the last
 * one did, at most once per plot in `everyS`, and never while nothing is known or nobody knows the time: hours and days
 * of a wrong clock would mislead. What was said last is read from the journal, so that a restart says nothing twice.
 */
export interface OutlookJournal {
  now(): number
  readonly timeQuality: TimeQuality
  appendRecords(bodies: readonly RecordBody[]): Promise<unknown>
  records(kind: string, options: { limit: number }): Promise<{ seq: number; entry: RecordEntry }[]>
}

export interface OutlookDeskOptions {
  readonly journal: OutlookJournal
  readonly clock: Clock
  readonly answer: () => FieldAnswer
  /** How many plots there are: so much of the journal is read at the start. */
  readonly plots: number
  readonly everyS: number
  readonly onError: (error: unknown) => void
  /** How often the models are asked once their word is due, where five minutes are more often than anything happens. */
  readonly looksEveryMs?: number | undefined
}

// Probes have spoken by then, and the first forecast has come.
const FIRST_LOOK_MS = 20_000
// Until then a first outlook waits for a reading and a forecast that may be under way.
const PATIENCE_MS = 50_000
// Looking costs a Pi some milliseconds a plot; nobody waits for the minute in which a verdict changed.
const LOOK_MS = 300_000
// Plots are told about equally often: the last word on each is among so many for each.
const READ_A_PLOT = 4

interface Said {
  readonly at: number
  readonly gist: string
}

export class OutlookDesk {
  readonly #options: OutlookDeskOptions
  readonly #said = new Map<string, Said>()
  #startedAtMs = 0
  #cancel: (() => void) | undefined
  #looking: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(options: OutlookDeskOptions) {
    this.#options = options
  }

  /** When the models are up to date. Never rejects. */
  async start(): Promise<void> {
    const { clock, onError } = this.#options
    if (this.#isStopped) return
    this.#startedAtMs = clock.monotonicMs()
    try {
      await this.#recall()
    } catch (error) {
      // Then each plot is told of once more.
      onError(error)
    }
    this.#lookAfter(FIRST_LOOK_MS)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel?.()
    await this.#looking
  }

  /** Looks at what the models say now, and writes what is due. */
  async look(): Promise<void> {
    const { journal, answer, everyS, clock } = this.#options
    if (journal.timeQuality === 'unknown') return
    const now = journal.now()
    if (
      this.#said.size >= this.#options.plots &&
      ![...this.#said.values()].some((said) => this.#isDue(said, now))
    )
      return
    const field = answer()
    const isEarly = clock.monotonicMs() - this.#startedAtMs < PATIENCE_MS
    const entries: OutlookEntry[] = []
    for (const plot of field.plots) {
      const said = this.#said.get(plot.plot)
      if (!this.#isDue(said, now) || !isAnythingKnown(plot)) continue
      if (isEarly && (field.forecast.state === 'waiting' || plot.spray.now === null)) continue
      const entry = outlookOf(field, plot, everyS)
      if (outlookGist(entry) !== said?.gist) entries.push(entry)
    }
    if (entries.length === 0) return
    await journal.appendRecords(entries)
    for (const entry of entries) this.#said.set(entry.plot, { at: now, gist: outlookGist(entry) })
  }

  /** A clock that was set back makes the last word one of the future: nobody knows how old it is. */
  #isDue(said: Said | undefined, now: number): boolean {
    const age = said ? now - said.at : Number.POSITIVE_INFINITY
    return age < 0 || age >= this.#options.everyS * 1000
  }

  async #recall(): Promise<void> {
    const { journal, plots } = this.#options
    const rows = await journal.records('outlook', { limit: plots * READ_A_PLOT })
    // Newest first.
    for (const { entry } of rows) {
      const outlook = entry as OutlookEntry & RecordEntry
      if (outlook.form !== 1 || this.#said.has(outlook.plot)) continue
      this.#said.set(outlook.plot, { at: outlook.t, gist: outlookGist(outlook) })
    }
  }

  #lookAfter(ms: number): void {
    if (this.#isStopped) return
    this.#cancel = this.#options.clock.after(ms, () => {
      this.#looking = this.look()
        .catch((error: unknown) => this.#options.onError(error))
        .then(() => this.#lookAfter(this.#nextLookMs()))
    })
  }

  #nextLookMs(): number {
    const isYoung = this.#options.clock.monotonicMs() - this.#startedAtMs < 2 * PATIENCE_MS
    const { looksEveryMs = LOOK_MS, everyS } = this.#options
    return isYoung ? FIRST_LOOK_MS : Math.min(Math.max(LOOK_MS, looksEveryMs), everyS * 1000)
  }
}
