import { readFileSync } from 'node:fs'
import { Backoff } from '#contract/ground/backoff.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import type { Random } from '#contract/ground/random.ts'
import type { PlotHour } from '../crop/plot-hours.ts'
import type { ForecastStanding } from '../page/field-answer.ts'
import { readForecast } from './forecast-shape.ts'
import { HOUR_MS, hourOf } from './series-hours.ts'

/**
 * The weather that is expected, from a service of the farm's choice. It is kept in memory and, as it came, in one file,
 * so that a restart without network has the last good one; nothing of it enters the journal, for nobody measured it.
 */
export interface ForecastLink {
  request(request: {
    method: 'GET'
    path: string
    headers: Record<string, string>
  }): Promise<{ readonly status: number; readonly headers: unknown; readonly body: Uint8Array }>
}

export interface ForecastOptions {
  /** Undefined: none is configured. */
  readonly url: string | undefined
  readonly everyMs: number
  readonly maxAgeMs: number
  readonly file: string
  readonly clock: Clock
  readonly random: Random
  readonly now: () => number
  readonly linkTo: (origin: string) => ForecastLink
  readonly onFault: (code: string, detail: string) => void
}

// Sixteen days of six columns are 20 kB; ten times that is somebody's page.
const MAX_BYTES = 200_000
const FIRST_RETRY_MS = 60_000

interface Fetched {
  readonly fetchedAt: number
  readonly hours: readonly PlotHour[]
}

export class Forecast {
  readonly #options: ForecastOptions
  readonly #backoff: Backoff
  #fetched: Fetched | undefined
  #lastError: string | null = null
  #link: ForecastLink | undefined
  #cancel: (() => void) | undefined
  #isStopped = false

  constructor(options: ForecastOptions) {
    this.#options = options
    this.#backoff = new Backoff({
      firstMs: FIRST_RETRY_MS,
      longestMs: Math.max(options.everyMs, FIRST_RETRY_MS * 2),
      random: options.random,
    })
  }

  /** Takes the last good one from its file and begins to fetch; a reader (a command) takes the file only. */
  start({ isReader = false }: { isReader?: boolean } = {}): void {
    if (this.#options.url === undefined) return
    this.#recall()
    if (isReader) return
    const age = this.#fetched ? this.#options.now() - this.#fetched.fetchedAt : Number.POSITIVE_INFINITY
    const wait = age >= 0 && age < this.#options.everyMs ? this.#options.everyMs - age : 0
    this.#after(wait)
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  get standing(): ForecastStanding {
    const fetched = this.#fetched
    return {
      state:
        this.#options.url === undefined
          ? 'off'
          : !fetched
            ? 'waiting'
            : this.#isFresh(fetched)
              ? 'fresh'
              : 'stale',
      fetchedAt: fetched?.fetchedAt ?? null,
      throughMs: fetched?.hours.at(-1) ? (fetched.hours.at(-1)?.startMs ?? 0) + HOUR_MS : null,
      lastError: this.#lastError,
    }
  }

  /** Hours from `fromMs` on, without holes; none when there is no forecast that is fresh enough. */
  hoursFrom(fromMs: number): readonly PlotHour[] {
    const fetched = this.#fetched
    if (!fetched || !this.#isFresh(fetched)) return []
    const from = hourOf(fromMs) * HOUR_MS
    const hours = fetched.hours.filter(({ startMs }) => startMs >= from)
    return hours[0]?.startMs === from ? hours : []
  }

  #isFresh({ fetchedAt }: Fetched): boolean {
    // A clock that was corrected may put the fetch into the future; an hour of that is forgiven.
    const age = this.#options.now() - fetchedAt
    return age <= this.#options.maxAgeMs && age >= -HOUR_MS
  }

  #after(ms: number): void {
    if (this.#isStopped) return
    this.#cancel = this.#options.clock.after(ms, () => void this.#fetch())
  }

  async #fetch(): Promise<void> {
    const { url = '', everyMs, file, linkTo, now, onFault } = this.#options
    const { origin, pathname, search } = new URL(url)
    let wait = everyMs
    this.#link ??= linkTo(origin)
    const link = this.#link
    try {
      const { status, body } = await link.request({
        method: 'GET',
        path: `${pathname}${search}`,
        headers: { accept: 'application/json' },
      })
      if (status !== 200) throw new Error(`the service answered ${status}`)
      if (body.length > MAX_BYTES) throw new Error(`the answer has ${body.length} bytes`)
      const json: unknown = JSON.parse(new TextDecoder().decode(body))
      this.#fetched = { fetchedAt: now(), hours: readForecast(json) }
      this.#lastError = null
      this.#backoff.succeeded()
      this.#keep(file, json)
    } catch (error) {
      // Never the address: it may hold a key.
      this.#lastError = ((error as Error).message ?? String(error)).replaceAll(url, '').slice(0, 200)
      onFault('not-fetched', this.#lastError)
      wait = this.#backoff.failed()
    }
    this.#after(wait)
  }

  #keep(file: string, json: unknown): void {
    try {
      writeFileAtomically(file, JSON.stringify({ fetchedAt: this.#fetched?.fetchedAt, forecast: json }))
    } catch (error) {
      this.#options.onFault('not-stored', (error as Error).message)
    }
  }

  #recall(): void {
    try {
      const text = readFileSync(this.#options.file, 'utf8')
      if (text.length > 2 * MAX_BYTES) return
      const { fetchedAt, forecast } = JSON.parse(text) as { fetchedAt: unknown; forecast: unknown }
      if (typeof fetchedAt === 'number') this.#fetched = { fetchedAt, hours: readForecast(forecast) }
    } catch {
      // None was fetched yet, or what is there can't be read: the next fetch makes it anew.
    }
  }
}
