import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net'
import type { Random } from '#contract/ground/random.ts'

/** What the line between two real processes does to their connections; each share is from 0 to 1. */
export interface LineFaults {
  /** One way. */
  latencyMs: number
  /** Of the line in each direction, shared by all connections; null: as fast as the machine. */
  bytesPerSecond: number | null
  /** What is handed on at a time; null: as it came. */
  pieceBytes: number | null
  /** A connection is reset at some byte of its first few thousand, in either direction. */
  loseConnection: number
  /** A connection is taken and never answered: what a NAT that forgot it looks like. */
  halfOpen: number
  /** A connection that worked carries nothing any more from some byte on, and neither side is told. */
  fallSilent: number
  /** No connection carries more than this (a NAT, a mast that hands over); null: any number. */
  connectionBytes: number | null
}

export const CLEAN_LINE: LineFaults = {
  latencyMs: 0,
  bytesPerSecond: null,
  pieceBytes: null,
  loseConnection: 0,
  halfOpen: 0,
  fallSilent: 0,
  connectionBytes: null,
}
/** kbit/s as lines are sold, in bytes. */
export const kbits = (rate: number): number => (rate * 1000) / 8

// A connection that is going to be lost is lost before this byte: in the heads, in the body, or in the answer.
const LOST_WITHIN_BYTES = 4000
const MAX_QUEUED_BYTES = 64 * 1024

/** A TCP proxy that is a bad line. Set `faults` at any time: connections that are made from then on have them. */
export class FaultProxy {
  faults: LineFaults
  readonly counts = { connections: 0, lost: 0, halfOpen: 0, silent: 0, bytesUp: 0, bytesDown: 0, mostOpen: 0 }
  readonly #random: Random
  readonly #targetPort: number
  readonly #server: Server
  readonly #open = new Set<Socket>()
  /** Connections that the box keeps open just now. */
  #boxSockets = 0
  readonly #freeAtMs = { up: 0, down: 0 }
  readonly #due = { loseConnection: 0, halfOpen: 0, fallSilent: 0 }

  constructor(options: { targetPort: number; random: Random; faults?: Partial<LineFaults> }) {
    this.#targetPort = options.targetPort
    this.#random = options.random
    this.faults = { ...CLEAN_LINE, ...options.faults }
    this.#server = createServer((box) => this.#take(box))
  }

  /** Resolves with the address that stands for the gateway's. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #take(box: Socket): void {
    const faults = { ...this.faults }
    this.counts.connections++
    this.counts.mostOpen = Math.max(this.counts.mostOpen, ++this.#boxSockets)
    box.once('close', () => this.#boxSockets--)
    this.#keep(box)
    if (this.#isNext('halfOpen', faults)) {
      this.counts.halfOpen++
      box.on('data', (bytes) => {
        this.counts.bytesUp += bytes.length
      })
      return
    }
    const gateway = tcpConnect({ host: '127.0.0.1', port: this.#targetPort, noDelay: true })
    this.#keep(gateway)
    let leftBytes = faults.connectionBytes ?? Number.POSITIVE_INFINITY
    if (this.#isNext('loseConnection', faults))
      leftBytes = Math.min(leftBytes, Math.floor(this.#random() * LOST_WITHIN_BYTES))
    const isFallingSilent = this.#isNext('fallSilent', faults)
    if (isFallingSilent) leftBytes = Math.min(leftBytes, Math.floor(this.#random() * LOST_WITHIN_BYTES))
    const carry = (bytes: number): boolean => {
      const wasOpen = leftBytes > 0
      leftBytes -= bytes
      if (leftBytes > 0) return true
      if (isFallingSilent) {
        if (wasOpen) this.counts.silent++
        return false
      }
      if (box.destroyed) return false
      this.counts.lost++
      box.resetAndDestroy()
      gateway.resetAndDestroy()
      return false
    }
    this.#pipe(box, gateway, 'up', faults, carry)
    this.#pipe(gateway, box, 'down', faults, carry)
  }

  /** Of a hundred connections exactly the share, not about so many: a short test has met its faults then. */
  #isNext(fault: 'loseConnection' | 'halfOpen' | 'fallSilent', faults: LineFaults): boolean {
    this.#due[fault] += faults[fault]
    if (this.#due[fault] < 1 - 1e-9) return false
    this.#due[fault] -= 1
    return true
  }

  /** Hands on what comes, piece by piece, each when the line has had the time for it. */
  #pipe(
    from: Socket,
    to: Socket,
    way: 'up' | 'down',
    faults: LineFaults,
    carry: (n: number) => boolean,
  ): void {
    let queuedBytes = 0
    from.on('data', (chunk: Uint8Array) => {
      const pieceBytes = faults.pieceBytes ?? (faults.bytesPerSecond === null ? chunk.length : 256)
      for (let at = 0; at < chunk.length; at += pieceBytes) {
        const piece = chunk.subarray(at, at + pieceBytes)
        queuedBytes += piece.length
        this.#later(way, piece.length, faults, () => {
          queuedBytes -= piece.length
          if (queuedBytes < MAX_QUEUED_BYTES) from.resume()
          if (to.destroyed || !carry(piece.length)) return
          this.counts[way === 'up' ? 'bytesUp' : 'bytesDown'] += piece.length
          to.write(piece)
        })
      }
      if (queuedBytes >= MAX_QUEUED_BYTES) from.pause()
    })
    from.on('end', () => this.#later(way, 0, faults, () => carry(0) && to.end()))
    from.on('close', (hadError) => {
      if (hadError) to.destroy()
    })
  }

  #later(way: 'up' | 'down', bytes: number, faults: LineFaults, run: () => void): void {
    const nowMs = performance.now()
    const lastsMs = faults.bytesPerSecond === null ? 0 : (bytes / faults.bytesPerSecond) * 1000
    const freeAtMs = Math.max(nowMs, this.#freeAtMs[way]) + lastsMs
    this.#freeAtMs[way] = freeAtMs
    setTimeout(run, freeAtMs + faults.latencyMs - nowMs)
  }

  #keep(socket: Socket): void {
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#open.delete(socket))
    this.#open.add(socket)
  }
}
