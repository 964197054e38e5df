import { setImmediate as nextTurn } from 'node:timers/promises'
import { sql } from 'kysely'
import { toHex } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import { EpcisException } from '#contract/trace/epcis-exception.ts'
import type { Db, Tx } from '../../store/open-store.ts'
import {
  appendInChunks,
  type CapturedDocument,
  type CaptureMistake,
  type FitEvent,
  fitEvent,
  saidOf,
  standingOf,
} from './capture.ts'
import { saveMasterData } from './master-data.ts'

/** GS1-Capture-Error-Behaviour: all or nothing, or whatever can be captured. */
export const BEHAVIOURS = ['rollback', 'proceed'] as const
export type CaptureBehaviour = (typeof BEHAVIOURS)[number]

export interface CaptureOutside {
  readonly db: Db
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  readonly inTransaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
  /** Appends events to the province's record and projects them. `by` is whose they are. */
  readonly appendEvents: (tx: Tx, events: readonly Uint8Array[], by: string) => Promise<void>
}

/** One job as the standard's CaptureJob. */
export interface CaptureJob {
  readonly captureID: string
  readonly createdAt: string
  readonly finishedAt?: string
  readonly running: boolean
  readonly success: boolean
  readonly captureErrorBehaviour: CaptureBehaviour
  readonly errors: readonly unknown[]
}

// A job takes some hundred milliseconds; more waiting than this is a client that does not wait for its answers.
const MAX_WAITING = 20
// Whoever made so many mistakes mends the first ones and sends the document again.
const MAX_ERRORS = 100
const KEEP_MS = 90 * 86_400_000
// Some milliseconds of checking; then others have their turn.
const EVENTS_A_TURN = 50
// Longer than any job may take. The process that worked on it is gone.
const LOST_AFTER_MS = 10 * 60_000

/**
 * Captures documents one after another, behind the answer 202. A job is a row from its beginning: what became of it is
 * asked of any replica.
 */
export class CaptureJobs {
  readonly #outside: CaptureOutside
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(outside: CaptureOutside) {
    this.#outside = outside
  }

  /** Returns the job's id. Throws `too-many-requests` when too many wait. */
  async begin(owner: string, document: CapturedDocument, behaviour: CaptureBehaviour): Promise<string> {
    if (this.#waiting >= MAX_WAITING)
      throw new VuonError('too-many-requests', 'Too many captures wait to be done.')
    this.#waiting++
    const { db, clock, randomBytes } = this.#outside
    const jobId = toHex(randomBytes(12))
    const now = Math.round(clock.wallMs())
    try {
      await sql`DELETE FROM epcis_capture_job WHERE created_at < ${now - KEEP_MS}`.execute(db)
      await sql`INSERT INTO epcis_capture_job VALUES (${jobId}, ${owner}, ${now}, NULL, 1, ${behaviour}, '[]')`.execute(
        db,
      )
    } catch (error) {
      this.#waiting--
      throw error
    }
    this.#last = this.#last
      .then(() => this.#run(jobId, owner, document, behaviour))
      .finally(() => {
        this.#waiting--
      })
    return jobId
  }

  /** Resolves when everything that was begun is done. */
  idle(): Promise<void> {
    return this.#last
  }

  async job(owner: string, jobId: string): Promise<CaptureJob | undefined> {
    const { rows } = await sql<JobRow>`SELECT * FROM epcis_capture_job
      WHERE job_id = ${jobId.slice(0, 100)} AND owner = ${owner}`.execute(this.#outside.db)
    return rows[0] && this.#shown(rows[0])
  }

  /** Newest first, behind a job's mark if one is given. */
  async jobs(
    owner: string,
    size: number,
    after: { readonly createdAt: number; readonly jobId: string } | undefined,
  ): Promise<{ readonly jobs: CaptureJob[]; readonly last: JobRow | undefined; readonly isMore: boolean }> {
    const behind = after ? sql`(created_at, job_id) < (${after.createdAt}, ${after.jobId})` : sql`1 = 1`
    const { rows } = await sql<JobRow>`SELECT * FROM epcis_capture_job WHERE owner = ${owner} AND ${behind}
      ORDER BY created_at DESC, job_id DESC LIMIT ${size + 1}`.execute(this.#outside.db)
    const page = rows.slice(0, size)
    return { jobs: page.map((row) => this.#shown(row)), last: page.at(-1), isMore: rows.length > size }
  }

  #shown(row: JobRow): CaptureJob {
    const isLost = row.finished_at === null && this.#outside.clock.wallMs() - row.created_at > LOST_AFTER_MS
    const lost = [
      problem(
        'ImplementationException',
        500,
        'The gateway stopped during this job. Send the document again.',
      ),
    ]
    return {
      captureID: row.job_id,
      createdAt: new Date(row.created_at).toISOString(),
      ...(row.finished_at === null ? {} : { finishedAt: new Date(row.finished_at).toISOString() }),
      running: row.finished_at === null && !isLost,
      success: row.is_success === 1 && !isLost,
      captureErrorBehaviour: row.behaviour,
      errors: isLost ? lost : (JSON.parse(row.errors) as unknown[]),
    }
  }

  /** Never throws: what went wrong is what the job says. */
  async #run(
    jobId: string,
    owner: string,
    { events, path, masterData }: CapturedDocument,
    behaviour: CaptureBehaviour,
  ): Promise<void> {
    const { db, clock, inTransaction } = this.#outside
    let errors: unknown[]
    try {
      const { fit, mistakes } = await sorted(events, path)
      const wrong =
        mistakes.length > 0 && behaviour === 'rollback'
          ? mistakes
          : await inTransaction(async (tx) => {
              const all = await this.#append(tx, owner, fit, mistakes, behaviour)
              if (all.length === 0 || behaviour === 'proceed')
                await saveMasterData(tx, owner, masterData, Math.round(clock.wallMs()))
              return all
            })
      errors = wrong.slice(0, MAX_ERRORS).map(({ exception, mistakes: list, index }) => ({
        ...problem(exception, exception === 'ValidationException' ? 400 : 409, list.map(saidOf).join('; ')),
        event: index,
      }))
    } catch (error) {
      errors = [problemOf(error)]
    }
    const now = Math.round(clock.wallMs())
    await sql`UPDATE epcis_capture_job SET finished_at = ${now}, is_success = ${errors.length === 0 ? 1 : 0},
      errors = ${JSON.stringify(errors)} WHERE job_id = ${jobId}`
      .execute(db)
      .catch(() => undefined)
  }

  /** Appends what is new; returns every mistake. With `rollback` one of them is enough to append nothing. */
  async #append(
    tx: Tx,
    owner: string,
    events: readonly (FitEvent & { readonly index: number })[],
    before: readonly CaptureMistake[],
    behaviour: CaptureBehaviour,
  ): Promise<CaptureMistake[]> {
    const mistakes = [...before]
    const fresh = new Map<string, FitEvent>()
    for (const event of events) {
      const key = `${event.eventId} ${event.isDeclaredWrong}`
      const twin = fresh.get(key) ?? fresh.get(`${event.eventId} ${!event.isDeclaredWrong}`)
      const standing = twin && twin.hash !== event.hash ? 'other' : await standingOf(tx, event)
      if (standing === 'other')
        mistakes.push({
          index: event.index,
          exception: 'ResourceAlreadyExistsException',
          mistakes: [{ path: 'eventID', rule: `${event.eventId} is that of another event` }],
        })
      else if (standing === 'new') fresh.set(key, event)
    }
    if (mistakes.length > 0 && behaviour === 'rollback') return mistakes
    await appendInChunks(tx, [...fresh.values()], (each, bytes) =>
      this.#outside.appendEvents(each, bytes, owner),
    )
    return mistakes
  }
}

export interface JobRow {
  job_id: string
  created_at: number
  finished_at: number | null
  is_success: number
  behaviour: CaptureBehaviour
  errors: string
}

async function sorted(
  events: readonly unknown[],
  path: string,
): Promise<{ fit: (FitEvent & { readonly index: number })[]; mistakes: CaptureMistake[] }> {
  const fit: (FitEvent & { readonly index: number })[] = []
  const mistakes: CaptureMistake[] = []
  for (const [index, event] of events.entries()) {
    if (index % EVENTS_A_TURN === EVENTS_A_TURN - 1) await nextTurn()
    const result = fitEvent(event, `${path}[${index}]`, false)
    if ('bytes' in result) fit.push({ ...result, index })
    else mistakes.push({ index, exception: 'ValidationException', mistakes: result })
  }
  return { fit, mistakes }
}

/** What the gateway refuses has its reason; of anything else it is said that it failed. */
function problemOf(error: unknown): Record<string, unknown> {
  const said = error instanceof VuonError ? `${error.message} ${error.hint}` : 'It failed; send it again.'
  return error instanceof EpcisException
    ? problem(error.exception, error.status, said)
    : problem('ImplementationException', 500, said)
}

const problem = (exception: string, status: number, detail: string): Record<string, unknown> => ({
  type: `epcisException:${exception}`,
  title: exception,
  status,
  detail: detail.slice(0, 2000),
})
