import { connect, type Socket } from 'node:net'
import { Backoff } from '#contract/ground/backoff.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import type { ByteLine, LineListener, LineState } from './byte-line.ts'

const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 30_000
// A converter that doesn't answer the connection within this is as good as absent.
const CONNECT_TIMEOUT_MS = 5000
const KEEP_ALIVE_MS = 30_000

/** A TCP socket to a Modbus TCP device or a serial converter; speed and parity are set on the converter. */
export class TcpLine implements ByteLine {
  readonly #host: string
  readonly #port: number
  readonly #clock: Clock
  readonly #backoff: Backoff
  #listener: LineListener | undefined
  #socket: Socket | undefined
  #cancelTimer = () => {}
  #isWanted = false
  #state: LineState

  constructor(options: { host: string; port: number; clock: Clock; random: Random }) {
    this.#host = options.host
    this.#port = options.port
    this.#clock = options.clock
    this.#backoff = new Backoff({
      firstMs: FIRST_RETRY_MS,
      longestMs: LONGEST_RETRY_MS,
      random: options.random,
    })
    this.#state = { isOpen: false, detail: `${this.#address()}: not opened yet`, since: this.#clock.wallMs() }
  }

  open(listener: LineListener): void {
    this.#listener = listener
    this.#isWanted = true
    this.#connect()
  }

  async close(): Promise<void> {
    this.#isWanted = false
    this.#cancelTimer()
    const socket = this.#socket
    this.#socket = undefined
    if (!socket || socket.destroyed) return
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve())
      socket.destroy()
    })
  }

  async use(): Promise<void> {}

  write(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket
    if (!socket || !this.#state.isOpen) return Promise.reject(new VuonError('link-down', this.#state.detail))
    return new Promise((resolve, reject) => {
      socket.write(bytes, (error) =>
        error ? reject(new VuonError('link-down', `${this.#address()}: ${error.message}`)) : resolve(),
      )
    })
  }

  state(): LineState {
    return this.#state
  }

  #connect(): void {
    const socket = connect({
      host: this.#host,
      port: this.#port,
      noDelay: true,
      // A converter that lost its power says nothing; without this its socket would stay for hours.
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    })
    this.#socket = socket
    let problem = 'the other side closed the connection'
    this.#cancelTimer = this.#clock.after(CONNECT_TIMEOUT_MS, () =>
      socket.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`)),
    )
    socket.on('connect', () => {
      this.#cancelTimer()
      this.#state = { isOpen: true, detail: this.#address(), since: this.#clock.wallMs() }
      this.#listener?.onBack()
    })
    socket.on('data', (bytes) => {
      if (this.#socket !== socket) return
      // Only bytes prove that it works: a converter that is busy with another master takes and drops us at once.
      this.#backoff.succeeded()
      this.#listener?.onBytes(bytes)
    })
    socket.on('error', (error) => {
      problem = error.message
    })
    socket.on('close', () => {
      if (this.#socket === socket) this.#lost(problem)
    })
  }

  #lost(reason: string): void {
    const isNews = this.#state.isOpen || this.#backoff.failures === 0
    this.#socket = undefined
    this.#cancelTimer()
    if (isNews) {
      this.#state = {
        isOpen: false,
        detail: `${this.#address()}: ${reason}`,
        since: this.#clock.wallMs(),
      }
    }
    if (this.#isWanted) this.#cancelTimer = this.#clock.after(this.#backoff.failed(), () => this.#connect())
    if (isNews) this.#listener?.onLost(reason)
  }

  #address(): string {
    return `${this.#host}:${this.#port}`
  }
}
