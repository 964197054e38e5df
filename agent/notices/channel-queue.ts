import { Backoff } from '#contract/ground/backoff.ts'
import type { Clock } from '#contract/ground/clock.ts'
import type { Random } from '#contract/ground/random.ts'
import type { Notice, NoticeChannel, Outcome } from './channel.ts'

export interface ChannelQueueOptions {
  readonly channel: NoticeChannel
  readonly clock: Clock
  readonly random: Random
  /** On the box's clock, for what is shown. */
  readonly now: () => number
  /** Quiet hours hold some back; the others pass them. */
  readonly mayGo: (notice: Notice) => boolean
  /** What waits has changed; resolves when that is on disk, or could not be put there and was told. */
  readonly keep: () => Promise<void>
  readonly onFault: (code: 'notice-not-delivered' | 'notices-dropped', detail: string) => void
}

export interface ChannelState {
  readonly name: string
  readonly kind: NoticeChannel['kind']
  readonly waiting: number
  /** Since the program started. */
  readonly delivered: number
  readonly lastDeliveredAt: number | null
  /** The newest failure, as long as nothing was delivered after it. */
  readonly lastError: { readonly at: number; readonly detail: string } | null
  /** Attempts that failed one after the other. */
  readonly failures: number
  /** For want of room, or refused for good. */
  readonly dropped: number
}

const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 15 * 60_000
// A receiver that names a longer wait is asked again all the same: an alarm of yesterday helps nobody.
const LONGEST_RETRY_AFTER_MS = 3_600_000
// 200 notices are 100 alarms raised and cleared: a dead channel of a week on a farm with fifteen alarms a day.
const MOST_WAITING = 200
// What is just going out when the program ends may still hear its answer.
const STOP_PATIENCE_MS = 3_000

/**
 * What waits for one channel, and its sending: one at a time, in order, so that a dead channel holds up nobody else. A
 * notice is on disk before it goes out, and is taken off the disk before the next one goes: after a SIGKILL only the
 * one whose answer was not yet written down goes out again, with the same key.
 */
export class ChannelQueue {
  readonly channel: NoticeChannel
  readonly #options: ChannelQueueOptions
  readonly #backoff: Backoff
  readonly #abort = new AbortController()
  #waiting: Notice[] = []
  #sending: Promise<void> | undefined
  #isPausing = false
  #isStopped = false
  #cancelRetry = () => {}
  #delivered = 0
  #dropped = 0
  #lastDeliveredAt: number | null = null
  #lastError: ChannelState['lastError'] = null

  constructor(options: ChannelQueueOptions) {
    this.#options = options
    this.channel = options.channel
    const { random } = options
    this.#backoff = new Backoff({ firstMs: FIRST_RETRY_MS, longestMs: LONGEST_RETRY_MS, random })
  }

  get waiting(): readonly Notice[] {
    return this.#waiting
  }

  get dropped(): number {
    return this.#dropped
  }

  /** What was on disk when the program started. */
  restore(waiting: readonly Notice[], dropped: number): void {
    this.#waiting = [...waiting]
    this.#dropped = dropped
  }

  /** Puts it at the end. When there is no more room the oldest goes that is not critical, or the oldest. */
  put(notice: Notice): void {
    if (this.#waiting.some(({ key }) => key === notice.key)) return
    this.#waiting.push(notice)
    if (this.#waiting.length <= MOST_WAITING) return
    const mild = this.#waiting.findIndex(({ alarm }) => alarm.severity !== 'critical')
    const [gone] = this.#waiting.splice(Math.max(0, mild), 1)
    this.#drop(`no room for more than ${MOST_WAITING}; the oldest went: ${gone?.alarm.name ?? ''}`)
  }

  /** Sends what may go, until something fails. Returns at once. */
  pump(): void {
    if (this.#sending || this.#isPausing || this.#isStopped) return
    if (!this.#waiting.some(this.#options.mayGo)) return
    this.#sending = this.#send().finally(() => {
      this.#sending = undefined
    })
  }

  /** A test goes by no queue and no quiet hours, and is not tried again. */
  test(notice: Notice): Promise<Outcome> {
    return this.channel.deliver(notice, this.#abort.signal)
  }

  state(): ChannelState {
    const { name, kind } = this.channel
    return {
      ...{ name, kind, waiting: this.#waiting.length, delivered: this.#delivered, dropped: this.#dropped },
      ...{
        lastDeliveredAt: this.#lastDeliveredAt,
        lastError: this.#lastError,
        failures: this.#backoff.failures,
      },
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelRetry()
    const cancel = this.#options.clock.after(STOP_PATIENCE_MS, () => this.#abort.abort())
    await this.#sending
    cancel()
    this.#abort.abort()
  }

  async #send(): Promise<void> {
    const { keep, mayGo } = this.#options
    await keep()
    for (;;) {
      if (this.#isStopped) return
      const notice = this.#waiting.find(mayGo)
      if (!notice) return
      const outcome = await this.channel.deliver(notice, this.#abort.signal)
      if (outcome.kind === 'failed') {
        this.#failed(outcome)
        return
      }
      this.#waiting = this.#waiting.filter((each) => each !== notice)
      if (outcome.kind === 'delivered') this.#succeeded()
      else this.#drop(`${notice.alarm.name} was refused: ${outcome.detail}`)
      await keep()
    }
  }

  #succeeded(): void {
    this.#backoff.succeeded()
    this.#delivered++
    this.#lastDeliveredAt = this.#options.now()
    this.#lastError = null
  }

  #failed({ detail, retryAfterMs = 0 }: Extract<Outcome, { kind: 'failed' }>): void {
    const { clock, now, onFault } = this.#options
    this.#lastError = { at: now(), detail }
    onFault('notice-not-delivered', detail)
    if (this.#isStopped) return
    this.#isPausing = true
    const waitMs = this.#backoff.failed(Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS))
    this.#cancelRetry = clock.after(waitMs, () => {
      this.#isPausing = false
      this.pump()
    })
  }

  #drop(detail: string): void {
    this.#dropped++
    this.#lastError = { at: this.#options.now(), detail }
    this.#options.onFault('notices-dropped', detail)
  }
}
