import { type Clock, sleep } from '#contract/ground/clock.ts'
import { authorizationFor, type CameraAccount } from './http-sign-in.ts'

/**
 * A camera that answers one photo at an address (`/capture`, `/snapshot.jpg`, ..), asked by the clock:
 *
 *   schedule ─► turn (one camera at a time) ─► GET, signed in where it asks ─► keep (on disk) ─► looked at
 */
export interface CameraSnapshotOptions {
  readonly url: string
  readonly account?: CameraAccount | undefined
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly clock: Clock
  /** Calls `run` by the camera's schedule; returns what stops it. */
  readonly schedule: (run: () => void) => () => void
  /** Shared by the cameras of the box: their photos share its line and memory. */
  readonly turn: <Result>(work: () => Promise<Result>) => Promise<Result>
  /** Random text for signing in, new each time. */
  readonly newNonce: () => string
  /** Resolves when the photo is on disk; rejects when it can't be kept. */
  readonly keep: (photo: Uint8Array) => Promise<void>
  readonly onFault: (code: SnapshotFaultCode, detail: string) => void
}

export type SnapshotFaultCode =
  | 'snapshot-unreachable'
  | 'snapshot-slow'
  | 'snapshot-denied'
  | 'snapshot-refused'
  | 'snapshot-no-photo'
  | 'snapshot-too-large'
  | 'snapshot-missed'
  | 'not-kept'

export interface CameraSnapshotState {
  readonly isUp: boolean
  readonly detail: string
  readonly since: number
}

// A schedule has minutes; what comes sooner is a clock that was set, and the same photo.
const AT_MOST_EVERY_MS = 30_000

export class CameraSnapshot {
  readonly #options: CameraSnapshotOptions
  /** Without query and account, in which cameras take passwords. */
  readonly #shown: string
  #stop = () => {}
  #running: Promise<void> | undefined
  #lastMs = Number.NEGATIVE_INFINITY
  #stopping = new AbortController()
  #state: CameraSnapshotState

  constructor(options: CameraSnapshotOptions) {
    this.#options = options
    const { origin, pathname } = new URL(options.url)
    this.#shown = origin + pathname
    this.#state = { isUp: false, detail: 'not asked yet', since: options.clock.wallMs() }
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#stop = this.#options.schedule(() => this.#due())
  }

  async stop(): Promise<void> {
    this.#stop()
    this.#stopping.abort()
    await this.#running
    this.#say(false, 'stopped')
  }

  state(): CameraSnapshotState {
    return this.#state
  }

  #due(): void {
    const { clock, turn, onFault } = this.#options
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#lastMs < AT_MOST_EVERY_MS) return
    if (this.#running) {
      onFault('snapshot-missed', `${this.#shown}: the photo before is still on its way`)
      return
    }
    this.#lastMs = nowMs
    this.#running = turn(() => this.#take()).finally(() => {
      this.#running = undefined
    })
  }

  async #take(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    const { keep, onFault } = this.#options
    const taken = await this.#fetch()
    if ('photo' in taken) {
      try {
        await keep(taken.photo)
        this.#say(true, this.#shown)
      } catch (error) {
        onFault('not-kept', `${this.#shown}: ${(error as Error).message}`)
      }
      return
    }
    if (this.#stopping.signal.aborted) return
    this.#say(false, taken.detail)
    onFault(taken.code, `${this.#shown}: ${taken.detail}`)
  }

  /** The photo, or what kept it away. Never longer than the time that it has. */
  async #fetch(): Promise<Taken> {
    const { clock, timeoutMs } = this.#options
    const done = new AbortController()
    const [late, ended] = [new AbortController(), AbortSignal.any([this.#stopping.signal, done.signal])]
    void sleep(clock, timeoutMs, ended).then(() => late.abort())
    try {
      return await this.#ask(AbortSignal.any([this.#stopping.signal, late.signal]))
    } catch (error) {
      if (late.signal.aborted && !done.signal.aborted)
        return refused('snapshot-slow', `no whole photo within ${timeoutMs / 1000} s`)
      return refused('snapshot-unreachable', reasonOf(error))
    } finally {
      done.abort()
    }
  }

  async #ask(signal: AbortSignal): Promise<Taken> {
    const { url, account } = this.#options
    let answer = await fetch(url, { signal, redirect: 'manual' })
    const challenge = answer.headers.get('www-authenticate')
    if (answer.status === 401 && account && challenge !== null) {
      await answer.body?.cancel()
      const { pathname, search } = new URL(url)
      const asked = { method: 'GET', uri: pathname + search, challenge, cnonce: this.#options.newNonce() }
      const authorization = authorizationFor(account, asked)
      if (authorization === undefined)
        return refused('snapshot-denied', 'it asks for a way to sign in other than Basic or Digest')
      answer = await fetch(url, { signal, redirect: 'manual', headers: { authorization } })
    }
    const why = this.#refusalOf(answer)
    if (why) {
      await answer.body?.cancel()
      return why
    }
    return this.#read(answer)
  }

  #refusalOf({ status, headers }: Response): Refused | undefined {
    const { account, maxBytes } = this.#options
    if (status === 401 || status === 403) {
      const what = account ? 'it does not take name and password' : 'it asks for a name and a password'
      return refused('snapshot-denied', `${what} (${status})`)
    }
    if (status >= 300 && status < 400)
      return refused('snapshot-refused', `it sends us to another address (${status})`)
    if (status !== 200) return refused('snapshot-refused', `it answers ${status}`)
    const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
    if (type.startsWith('multipart/') || type.startsWith('video/'))
      return refused('snapshot-no-photo', `it answers a stream (${type.slice(0, 60)})`)
    if (type.startsWith('text/') || type === 'application/json')
      return refused('snapshot-no-photo', `it answers ${type.slice(0, 60)}`)
    const said = Number(headers.get('content-length') ?? 0)
    return said > maxBytes ? refused('snapshot-too-large', `${said} bytes; at most ${maxBytes}`) : undefined
  }

  async #read(answer: Response): Promise<Taken> {
    const { maxBytes } = this.#options
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of answer.body ?? []) {
      size += part.length
      // Leaving the loop closes the connection.
      if (size > maxBytes) return refused('snapshot-too-large', `more than ${maxBytes} bytes`)
      parts.push(part)
    }
    if (size === 0) return refused('snapshot-no-photo', 'it answers nothing')
    return { photo: new Uint8Array(Buffer.concat(parts)) }
  }

  #say(isUp: boolean, detail: string): void {
    const since = isUp === this.#state.isUp ? this.#state.since : this.#options.clock.wallMs()
    this.#state = { isUp, detail, since }
  }
}

interface Refused {
  readonly code: SnapshotFaultCode
  readonly detail: string
}
type Taken = { readonly photo: Uint8Array } | Refused

const refused = (code: SnapshotFaultCode, detail: string): Refused => ({ code, detail })

/** What Node says of a connection that failed stands in the cause; the message alone is "fetch failed". */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: { code?: string; message?: string } }
  return (cause?.code ?? cause?.message ?? message).slice(0, 120)
}

/** Work that takes turns: one at a time, in the order in which it was asked for. */
export function takingTurns(): CameraSnapshotOptions['turn'] {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }
}
