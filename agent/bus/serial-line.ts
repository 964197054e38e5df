import type { SerialPort } from 'serialport'
import { Backoff } from '#contract/ground/backoff.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import {
  type ByteLine,
  type LineListener,
  type LineSettings,
  type LineState,
  sameSettings,
} from './byte-line.ts'
import { promptPort } from './prompt-port.ts'

// A stick that was pulled comes back within seconds of being pushed in again; one that is gone for good
// must not fill the log.
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 15_000

/** A serial port that comes back by itself after its USB stick was pulled and pushed in again. */
export class SerialLine implements ByteLine {
  readonly #path: string
  readonly #clock: Clock
  readonly #backoff: Backoff
  #settings: LineSettings
  #listener: LineListener | undefined
  #port: SerialPort | undefined
  #cancelRetry = () => {}
  #isWanted = false
  #state: LineState

  constructor(options: { path: string; settings: LineSettings; clock: Clock; random: Random }) {
    this.#path = options.path
    this.#settings = options.settings
    this.#clock = options.clock
    this.#backoff = new Backoff({
      firstMs: FIRST_RETRY_MS,
      longestMs: LONGEST_RETRY_MS,
      random: options.random,
    })
    this.#state = { isOpen: false, detail: `${this.#path}: not opened yet`, since: this.#clock.wallMs() }
  }

  open(listener: LineListener): void {
    this.#listener = listener
    this.#isWanted = true
    this.#tryToOpen().catch(() => {})
  }

  async close(): Promise<void> {
    this.#isWanted = false
    this.#cancelRetry()
    await this.#shut()
  }

  async use(settings: LineSettings): Promise<void> {
    const old = this.#settings
    if (sameSettings(old, settings)) return
    this.#settings = settings
    const port = this.#port
    if (!port?.isOpen) return
    if (sameSettings({ ...old, baudRate: settings.baudRate }, settings)) {
      await new Promise<void>((resolve, reject) =>
        port.update({ baudRate: settings.baudRate }, (error) =>
          error ? reject(this.#lost(port, error.message)) : resolve(),
        ),
      )
      return
    }
    // Parity and stop bits can only be chosen when the port is opened; what is still on its way out goes first.
    await new Promise<void>((resolve) => port.drain(() => resolve()))
    await this.#shut()
    await this.#tryToOpen()
  }

  write(bytes: Uint8Array): Promise<void> {
    const port = this.#port
    if (!port?.isOpen) {
      // A port that is going has said "closed" to us before it says so to its listeners.
      if (port && this.#state.isOpen && !port.opening) return Promise.reject(this.#lost(port, 'closed'))
      return Promise.reject(new VuonError('link-down', this.#state.detail))
    }
    return new Promise((resolve, reject) => {
      port.write(bytes, (error) => (error ? reject(this.#lost(port, error.message)) : resolve()))
    })
  }

  state(): LineState {
    return this.#state
  }

  #tryToOpen(): Promise<void> {
    const port = promptPort({ path: this.#path, ...this.#settings, autoOpen: false })
    this.#port = port
    port.on('data', (bytes: Uint8Array) => {
      if (this.#port !== port) return
      // Only bytes prove that it works: a stick with a bad contact opens, and is gone again, many times a second.
      this.#backoff.succeeded()
      this.#listener?.onBytes(bytes)
    })
    port.on('error', (error) => this.#lost(port, error.message))
    port.on('close', (error: Error | null) => this.#lost(port, error?.message ?? 'closed'))
    return new Promise((resolve, reject) => {
      port.open((error) => {
        if (this.#port !== port) {
          // Closed while it was being opened: it must not stay with us.
          if (!error) port.close(() => resolve())
          else resolve()
          return
        }
        if (error) return reject(this.#lost(port, error.message))
        const wasOpen = this.#state.isOpen
        this.#state = { isOpen: true, detail: this.#path, since: this.#clock.wallMs() }
        if (!wasOpen) this.#listener?.onBack()
        resolve()
      })
    })
  }

  /** Of one port only once, and not when another has taken its place. */
  #lost(port: SerialPort, reason: string): VuonError {
    const error = new VuonError('link-down', `${this.#path}: ${reason}`, {
      hint: 'Check that the stick is plugged in and that this user is in the group dialout.',
    })
    if (this.#port !== port) return error
    const wasOpen = this.#state.isOpen
    const isFirstTry = this.#backoff.failures === 0
    this.#port = undefined
    if (port.isOpen) port.close(() => {})
    if (wasOpen || isFirstTry) {
      this.#state = { isOpen: false, detail: error.message, since: this.#clock.wallMs() }
    }
    this.#retryLater()
    if (wasOpen || isFirstTry) this.#listener?.onLost(reason)
    return error
  }

  #retryLater(): void {
    this.#cancelRetry()
    if (!this.#isWanted) return
    this.#cancelRetry = this.#clock.after(this.#backoff.failed(), () => {
      if (this.#isWanted) this.#tryToOpen().catch(() => {})
    })
  }

  #shut(): Promise<void> {
    const port = this.#port
    this.#port = undefined
    if (!port?.isOpen) return Promise.resolve()
    return new Promise((resolve) => port.close(() => resolve()))
  }
}
