import { createConnection, type Socket } from 'node:net'
import type { Clock } from '#contract/ground/clock.ts'
import {
  type NotReached,
  PATIENCE,
  type Patience,
  type PrinterPort,
  type PrinterSight,
  type PrintOutcome,
  type VisiblePrinter,
} from './printer-port.ts'

export interface TcpAddress {
  readonly host: string
  readonly port: number
}

// Small enough that progress is seen, large enough for a printer on Wi-Fi.
const PIECE_BYTES = 16 * 1024

/**
 * A printer's raw port, 9100 as a rule. What was written may lie in this machine's own buffers while the printer is out
 * of paper: only when the printer hangs up after our last byte has it taken the job.
 */
export class TcpPrinter implements PrinterPort, VisiblePrinter {
  readonly #address: TcpAddress
  readonly #clock: Clock
  readonly #patience: Patience

  constructor(address: TcpAddress, clock: Clock, patience: Patience = PATIENCE) {
    this.#address = address
    this.#clock = clock
    this.#patience = patience
  }

  async send(job: Uint8Array): Promise<PrintOutcome> {
    const { connectMs, stallMs, confirmMs, jobMs } = this.#patience
    const where = `${this.#address.host}:${this.#address.port}`
    const socket = createConnection({ ...this.#address, allowHalfOpen: true })
    const events = new SocketEvents(socket)
    const deadline = this.#clock.monotonicMs() + jobMs
    let sentBytes = 0
    const unsure = (reason: 'blocked' | 'cut-off' | 'unconfirmed', detail: string): PrintOutcome => ({
      ...{ kind: 'unsure', reason, sentBytes, bytes: job.length },
      detail: `${where}: ${detail}`,
    })
    try {
      const apart = await this.#connect(events, connectMs)
      if (apart) return { kind: 'not-sent', ...apart }
      while (sentBytes < job.length) {
        const piece = job.subarray(sentBytes, sentBytes + PIECE_BYTES)
        const patience = Math.min(stallMs, deadline - this.#clock.monotonicMs())
        // From here on bytes may have left, even if the piece is never said to be written.
        const written = await this.#within(patience, events.write(piece))
        if (written === 'late')
          return unsure('blocked', `${sentBytes} of ${job.length} bytes, then nothing was taken`)
        if (written !== 'done') return unsure('cut-off', written.message)
        sentBytes += piece.length
      }
      socket.end()
      const closed = await this.#within(
        Math.min(confirmMs, deadline - this.#clock.monotonicMs()),
        events.ended,
      )
      if (closed === 'late') return unsure('unconfirmed', 'all bytes are sent; the printer does not hang up')
      return closed === 'done' ? { kind: 'taken', bytes: job.length } : unsure('cut-off', closed.message)
    } finally {
      socket.destroy()
    }
  }

  async look(): Promise<PrinterSight> {
    const socket = createConnection(this.#address)
    try {
      const apart = await this.#connect(new SocketEvents(socket), this.#patience.connectMs)
      return apart ? { isReady: false, ...apart } : { isReady: true }
    } finally {
      socket.destroy()
    }
  }

  /** Why there is no connection; undefined when there is one. */
  async #connect(
    { connected }: SocketEvents,
    connectMs: number,
  ): Promise<{ reason: NotReached; detail: string } | undefined> {
    const how = await this.#within(connectMs, connected)
    if (how === 'done') return undefined
    const isRefused = how !== 'late' && how.code === 'ECONNREFUSED'
    const detail = how === 'late' ? `no answer within ${connectMs} ms` : how.message
    const { host, port } = this.#address
    return { reason: isRefused ? 'refused' : 'unreachable', detail: `${host}:${port}: ${detail}` }
  }

  /** 'late' when the time is over first. */
  #within(ms: number, happening: Promise<'done' | SocketError>): Promise<'done' | 'late' | SocketError> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(Math.max(0, ms), () => resolve('late'))
      void happening.then((what) => {
        cancel()
        resolve(what)
      })
    })
  }
}

interface SocketError {
  readonly code?: string | undefined
  readonly message: string
}

/** A socket's life as promises that never reject. */
class SocketEvents {
  readonly connected: Promise<'done' | SocketError>
  /** The other side has read to our end and hung up. */
  readonly ended: Promise<'done' | SocketError>
  readonly #socket: Socket
  readonly #broken: Promise<SocketError>

  constructor(socket: Socket) {
    this.#socket = socket
    this.#broken = new Promise((resolve) => {
      socket.once('error', (error: NodeJS.ErrnoException) =>
        resolve({ code: error.code, message: error.message }),
      )
    })
    this.connected = Promise.race([
      new Promise<'done'>((resolve) => socket.once('connect', () => resolve('done'))),
      this.#broken,
    ])
    const hungUp = new Promise<'done' | SocketError>((resolve) =>
      socket.once('end', () =>
        // A printer that hangs up before our end has not read it all.
        resolve(socket.writableEnded ? 'done' : { message: 'it hung up before the end' }),
      ),
    )
    this.ended = Promise.race([hungUp, this.#broken])
    // Some printers talk back; unread, that would fill the line and keep the end from being seen.
    socket.resume()
  }

  write(piece: Uint8Array): Promise<'done' | SocketError> {
    const written = new Promise<'done' | SocketError>((resolve) =>
      this.#socket.write(piece, (error) => resolve(error ? { message: error.message } : 'done')),
    )
    const hungUp = this.ended.then((how): SocketError => (how === 'done' ? { message: 'it hung up' } : how))
    return Promise.race([written, hungUp])
  }
}
