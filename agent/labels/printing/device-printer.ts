import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type Clock, sleep } from '#contract/ground/clock.ts'
import {
  type NotReached,
  PATIENCE,
  type Patience,
  type PrinterPort,
  type PrinterSight,
  type PrintOutcome,
  type VisiblePrinter,
} from './printer-port.ts'

// The kernel's usblp takes 8 kB at a time.
const PIECE_BYTES = 8 * 1024
// A head prints some millimetres in that time; asking more often only warms the box.
const ASK_AGAIN_MS = 50

/**
 * A USB printer as the kernel shows it, /dev/usb/lp0. Opened without blocking: a printer that is out of paper would
 * otherwise hold a thread of the agent for as long as nobody looks.
 */
export class DevicePrinter implements PrinterPort, VisiblePrinter {
  readonly #path: string
  readonly #clock: Clock
  readonly #patience: Patience

  constructor(path: string, clock: Clock, patience: Patience = PATIENCE) {
    this.#path = path
    this.#clock = clock
    this.#patience = patience
  }

  async send(job: Uint8Array): Promise<PrintOutcome> {
    const opened = await this.#open()
    if ('reason' in opened) return { kind: 'not-sent', ...opened }
    try {
      return await this.#write(opened.device, job)
    } finally {
      await opened.device.close().catch(() => undefined)
    }
  }

  async look(): Promise<PrinterSight> {
    const opened = await this.#open()
    if ('reason' in opened) return { isReady: false, ...opened }
    await opened.device.close().catch(() => undefined)
    return { isReady: true }
  }

  async #open(): Promise<{ device: FileHandle } | { reason: NotReached; detail: string }> {
    let device: FileHandle
    try {
      // Never O_CREAT: with the printer unplugged, a file of that name would swallow every label from then on.
      device = await open(this.#path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException
      return { reason: WHY_NOT_OPEN[code] ?? 'absent', detail: message }
    }
    const kind = await device.stat().catch(() => undefined)
    if (kind?.isCharacterDevice() || kind?.isFIFO()) return { device }
    await device.close().catch(() => undefined)
    return { reason: 'wrong-device', detail: `${this.#path} is no device` }
  }

  async #write(device: FileHandle, job: Uint8Array): Promise<PrintOutcome> {
    const { stallMs, jobMs } = this.#patience
    const deadline = this.#clock.monotonicMs() + jobMs
    let sentBytes = 0
    let movedAt = this.#clock.monotonicMs()
    const stopped = (reason: 'blocked' | 'cut-off', detail: string): PrintOutcome =>
      sentBytes === 0
        ? { kind: 'not-sent', reason: reason === 'blocked' ? 'blocked' : 'absent', detail }
        : { kind: 'unsure', reason, sentBytes, bytes: job.length, detail }
    // One write more than there are bytes, of nothing: usblp answers it only when the last piece is out, and drops what
    // is still under way when the device is closed.
    for (let isDrained = false; !isDrained; ) {
      const now = this.#clock.monotonicMs()
      if (now - movedAt >= stallMs || now >= deadline)
        return stopped(
          'blocked',
          `${sentBytes} of ${job.length} bytes, then nothing was taken for ${now - movedAt} ms`,
        )
      try {
        const piece = Math.min(PIECE_BYTES, job.length - sentBytes)
        const { bytesWritten } = await device.write(job, sentBytes, piece)
        isDrained = piece === 0
        sentBytes += bytesWritten
        if (bytesWritten > 0) movedAt = this.#clock.monotonicMs()
        else if (!isDrained) await sleep(this.#clock, ASK_AGAIN_MS)
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        // What usblp says of a printer without paper, where it was told to say it.
        if (code === 'ENOSPC') return stopped('blocked', message)
        if (code !== 'EAGAIN' && code !== 'EINTR') return stopped('cut-off', message)
        await sleep(this.#clock, ASK_AGAIN_MS)
      }
    }
    return { kind: 'taken', bytes: job.length }
  }
}

const WHY_NOT_OPEN: Readonly<Record<string, NotReached>> = {
  ENOENT: 'absent',
  ENODEV: 'absent',
  // A pipe that nobody reads.
  ENXIO: 'absent',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
  EBUSY: 'in-use',
  EISDIR: 'wrong-device',
  EROFS: 'forbidden',
}
