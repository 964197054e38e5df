import { sql } from 'kysely'
import { type Clock, every } from '#contract/ground/clock.ts'
import type { Random } from '#contract/ground/random.ts'
import { nextTime, type Schedule, timesOf } from '#contract/trace/epcis-schedule.ts'
import type { Db } from '../../store/open-store.ts'
import { answerDocument } from './answer-document.ts'
import type { EventReader } from './event-reader.ts'
import { VERSION_HEADERS } from './headers.ts'
import { queryNamed, queryOf } from './named-queries.ts'
import { type PageMark, selectEvents } from './select-events.ts'
import { NEVER, type SubscriptionRow } from './subscriptions.ts'
import { post, signatureOf, type WebhookRules } from './webhook.ts'

export interface NotifierOutside {
  readonly db: Db
  readonly clock: Clock
  readonly random: Random
  readonly rules: WebhookRules
  readonly companyPrefixes: readonly string[]
  /** Who an owner is now, or undefined when nobody speaks for it any longer. */
  readonly readerOf: (owner: string) => Promise<EventReader | undefined>
}

// A stream is looked at this often: what was captured is with its subscribers some seconds later.
const ROUND_MS = 2000
// A transaction that began before may commit this much later: what is younger waits for the next round, so that no
// event is passed over because it became visible behind the others.
const SETTLED_MS = 5000
// One body is a page of an answer; a receiver reads some hundred kilobytes at once.
const EVENTS_A_BODY = 100
const BODIES_A_ROUND = 50
const AT_ONCE = 100
const FIRST_WAIT_MS = 10_000
const LONGEST_WAIT_MS = 3_600_000
// About two days of trying: a weekend without anybody at the receiver.
const MAX_FAILURES = 50

/**
 * Tells subscribers what is new. Each subscription knows how far it was sent (`sent_through`, a time of recording), and
 * goes on only when the receiver has said 2xx: what fails is sent again, later and later, and never passed over. A
 * receiver may see an event twice; its eventID tells.
 */
export class Notifier {
  readonly #outside: NotifierOutside
  #cancel: (() => void) | undefined
  #round: Promise<void> | undefined

  constructor(outside: NotifierOutside) {
    this.#outside = outside
  }

  start(): void {
    this.#cancel = every(this.#outside.clock, ROUND_MS, () => {
      this.#round ??= this.run()
        .catch(() => undefined)
        .finally(() => {
          this.#round = undefined
        })
    })
  }

  async stop(): Promise<void> {
    this.#cancel?.()
    await this.#round
  }

  /** Does what is due now. */
  async run(): Promise<void> {
    const { db, clock } = this.#outside
    const now = Math.round(clock.wallMs())
    const { rows } = await sql<SubscriptionRow>`SELECT * FROM epcis_subscription WHERE next_at <= ${now}
      ORDER BY next_at LIMIT ${AT_ONCE}`.execute(db)
    await Promise.all(rows.map((row) => this.#one(row, now)))
  }

  async #one(row: SubscriptionRow, now: number): Promise<void> {
    const { db, clock } = this.#outside
    // Taken by moving it on: of two replicas, one does it. Should this one die, it is due again a minute later.
    const { numAffectedRows } = await sql`UPDATE epcis_subscription SET next_at = ${now + 60_000}
      WHERE subscription_id = ${row.subscription_id} AND next_at = ${row.next_at}`.execute(db)
    if (numAffectedRows !== 1n) return
    const sent = await this.#send(row, now).catch((error: Error) => ({
      through: row.sent_through,
      error: `The gateway failed: ${error.message.slice(0, 200)}`,
      isSent: false,
      isEnded: false,
    }))
    const failures = sent.error === undefined ? 0 : row.failures + 1
    const notifiedAt = sent.isSent ? Math.round(clock.wallMs()) : row.last_notified_at
    const isOver = sent.isEnded || failures >= MAX_FAILURES
    await sql`UPDATE epcis_subscription SET sent_through = ${sent.through}, failures = ${failures}, last_error = ${sent.error ?? null},
      last_notified_at = ${notifiedAt}, next_at = ${isOver ? NEVER : this.#nextAt(row, now, failures)}
      WHERE subscription_id = ${row.subscription_id}`.execute(db)
  }

  #nextAt(row: SubscriptionRow, now: number, failures: number): number {
    const waitMs =
      Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1)) * (0.5 + this.#outside.random())
    if (failures > 0) return Math.round(now + waitMs)
    if (row.schedule === null) return now + ROUND_MS
    return nextTime(timesOf(JSON.parse(row.schedule) as Schedule), now) ?? NEVER
  }

  /** Sends what was recorded since the last time, in bodies; ends at the first that is not taken. */
  async #send(
    row: SubscriptionRow,
    now: number,
  ): Promise<{ through: number; error: string | undefined; isSent: boolean; isEnded: boolean }> {
    const { db, readerOf, companyPrefixes } = this.#outside
    const reader = await readerOf(row.owner)
    if (!reader?.mayRead)
      return {
        through: row.sent_through,
        error: 'Its owner may not read any longer.',
        isSent: false,
        isEnded: true,
      }
    const until = now - SETTLED_MS
    let through = row.sent_through
    let isSent = false
    if (until <= through) return { through, error: undefined, isSent, isEnded: false }
    const stored = queryOf((await queryNamed(db, row.owner, row.query_name)).definition)
    const query = {
      ...stored,
      conditions: [
        ...stored.conditions,
        { kind: 'record-time' as const, comparison: 'GE' as const, ms: through },
        { kind: 'record-time' as const, comparison: 'LT' as const, ms: until },
      ],
      orderBy: 'recordTime' as const,
      orderDirection: 'ASC' as const,
    }
    let after: PageMark | undefined
    for (let bodies = 0; ; bodies++) {
      const page = await selectEvents(db, reader, query, { size: EVENTS_A_BODY, ...(after ? { after } : {}) })
      if (page.events.length === 0 && (isSent || row.report_if_empty === 0 || row.schedule === null))
        return { through: until, error: undefined, isSent, isEnded: false }
      const error = await this.#post(
        row,
        JSON.stringify(
          answerDocument(
            page.events,
            { format: row.epc_format, companyPrefixes },
            { queryName: row.query_name, subscriptionID: row.subscription_id, createdAt: now },
          ),
        ),
      )
      if (error !== undefined) return { through, error, isSent, isEnded: false }
      isSent = true
      const last = page.events.at(-1)
      if (!page.isMore || !last) return { through: until, error: undefined, isSent, isEnded: false }
      // Events of one moment may be on two pages, so this much is certain only.
      through = last.recordTime
      after = last.at
      if (bodies + 1 >= BODIES_A_ROUND) return { through, error: undefined, isSent, isEnded: false }
    }
  }

  #post(row: SubscriptionRow, body: string): Promise<string | undefined> {
    const signed =
      row.signature_token === null ? {} : { 'gs1-signature': signatureOf(body, row.signature_token) }
    return post(row.dest, body, { ...VERSION_HEADERS, ...signed }, this.#outside.rules)
  }
}
