import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { constants, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { DevicePrinter } from '../../../agent/labels/printing/device-printer.ts'
import { PrintDesk } from '../../../agent/labels/printing/print-desk.ts'
import type { Patience, PrinterPort, PrintOutcome } from '../../../agent/labels/printing/printer-port.ts'
import { TcpPrinter } from '../../../agent/labels/printing/tcp-printer.ts'

const HASTY: Patience = { connectMs: 200, stallMs: 120, confirmMs: 120, jobMs: 2000 }
// Where all goes well, on a machine that has other things to do too.
const PATIENT: Patience = { connectMs: 5000, stallMs: 5000, confirmMs: 5000, jobMs: 15_000 }
// More than the buffers of both ends of a connection on this machine hold.
const LARGE = new Uint8Array(randomBytes(9_000_000))
const SMALL = new Uint8Array(randomBytes(50_000))

/** A printer on the network that treats each connection in its own way. */
async function networkPrinter(
  treat: (socket: Socket) => void,
  patience = HASTY,
): Promise<{ port: TcpPrinter; received: () => Buffer; connections: () => number }> {
  const pieces: Buffer[] = []
  const sockets: Socket[] = []
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (piece) => pieces.push(piece))
    treat(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as { port: number }
  return {
    port: new TcpPrinter({ host: '127.0.0.1', port }, systemClock, patience),
    received: () => Buffer.concat(pieces),
    connections: () => sockets.length,
  }
}

describe('a printer on the network', () => {
  test('gets the job byte for byte, and has taken it when it hangs up', async () => {
    const printer = await networkPrinter((socket) => socket.resume().on('end', () => socket.end()), PATIENT)
    expect(await printer.port.send(SMALL)).toEqual({ kind: 'taken', bytes: SMALL.length })
    expect(printer.received().equals(SMALL)).toBe(true)
    expect(printer.connections()).toBe(1)
  })

  test('may be slow as long as it goes on', async () => {
    const printer = await networkPrinter((socket) => {
      socket.on('end', () => socket.end())
      socket.on('data', () => {
        socket.pause()
        setTimeout(() => socket.resume(), 4)
      })
      socket.resume()
    }, PATIENT)
    expect((await printer.port.send(SMALL)).kind).toBe('taken')
    expect(printer.received().length).toBe(SMALL.length)
  })

  test('that talks back all the while is not what keeps the job from ending', async () => {
    const printer = await networkPrinter((socket) => {
      socket.write(randomBytes(200_000))
      socket.resume().on('end', () => socket.end('ready'))
    }, PATIENT)
    expect((await printer.port.send(SMALL)).kind).toBe('taken')
  })

  test('that is switched off was not sent a byte', async () => {
    const { port } = await networkPrinter(() => undefined)
    const closed = new TcpPrinter({ host: '127.0.0.1', port: 1 }, systemClock, HASTY)
    expect(await closed.send(SMALL)).toMatchObject({ kind: 'not-sent', reason: 'refused' })
    expect(port).toBeDefined()
  })

  test('whose name nobody knows was not sent a byte', async () => {
    const lost = new TcpPrinter({ host: 'may-in.invalid', port: 9100 }, systemClock, {
      ...HASTY,
      connectMs: 3000,
    })
    expect(await lost.send(SMALL)).toMatchObject({ kind: 'not-sent', reason: 'unreachable' })
  })

  test('that takes no more (no paper, lid open) leaves a half-written job, and says how far it came', async () => {
    const printer = await networkPrinter(() => undefined)
    const outcome = await printer.port.send(LARGE)
    expect(outcome).toMatchObject({ kind: 'unsure', reason: 'blocked', bytes: LARGE.length })
    expect((outcome as { sentBytes: number }).sentBytes).toBeLessThan(LARGE.length)
    expect(printer.connections()).toBe(1)
  })

  test('that never reads a job small enough for the buffers is not said to have taken it', async () => {
    const printer = await networkPrinter(() => undefined)
    expect(await printer.port.send(SMALL)).toMatchObject({
      kind: 'unsure',
      reason: 'unconfirmed',
      sentBytes: SMALL.length,
    })
  })

  test('that resets in the middle may have printed part of it', async () => {
    const printer = await networkPrinter(
      (socket) => socket.resume().once('data', () => socket.resetAndDestroy()),
      PATIENT,
    )
    expect(await printer.port.send(LARGE)).toMatchObject({ kind: 'unsure', reason: 'cut-off' })
    expect(printer.connections()).toBe(1)
  })

  test('that hangs up before the end has not taken it', async () => {
    const printer = await networkPrinter(
      (socket) => socket.resume().once('data', () => socket.end()),
      PATIENT,
    )
    expect(await printer.port.send(LARGE)).toMatchObject({ kind: 'unsure', reason: 'cut-off' })
  })

  test('that crawls is given up when the whole job takes too long', async () => {
    const printer = await networkPrinter(
      (socket) => {
        socket.on('data', () => {
          socket.pause()
          setTimeout(() => socket.resume(), 40)
        })
        socket.resume()
      },
      { ...HASTY, stallMs: 1000, jobMs: 250 },
    )
    expect(await printer.port.send(LARGE)).toMatchObject({ kind: 'unsure', reason: 'blocked' })
  })
})

/** A pipe that stands for /dev/usb/lp0: it fills up when nobody reads, as a printer without paper does. */
function pipe(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vuon-printer-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'lp0')
  execFileSync('mkfifo', [path])
  return path
}

/** Reads what is there; the printer's side of a pipe. */
function readerOf(path: string): { fd: number; take: () => Buffer } {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return {
    fd,
    take() {
      const bytes = Buffer.alloc(1 << 20)
      try {
        return bytes.subarray(0, readSync(fd, bytes))
      } catch {
        return Buffer.alloc(0)
      }
    },
  }
}

describe('a printer on USB', () => {
  test('gets the job byte for byte while it prints', async () => {
    const path = pipe()
    const { take } = readerOf(path)
    const taken: Buffer[] = []
    const timer = setInterval(() => taken.push(take()), 5)
    const job = LARGE.subarray(0, 400_000)
    const outcome = await new DevicePrinter(path, systemClock, PATIENT).send(job)
    clearInterval(timer)
    taken.push(take())
    expect(outcome).toEqual({ kind: 'taken', bytes: job.length })
    expect(Buffer.concat(taken).equals(job)).toBe(true)
  })

  test('without paper stops the job, says how much left, and holds up nothing else', async () => {
    const path = pipe()
    readerOf(path)
    const sending = new DevicePrinter(path, systemClock, HASTY).send(LARGE)
    let ticks = 0
    const timer = setInterval(() => ticks++, 10)
    const outcome = await sending
    clearInterval(timer)
    expect(outcome).toMatchObject({ kind: 'unsure', reason: 'blocked', bytes: LARGE.length })
    expect((outcome as { sentBytes: number }).sentBytes).toBeGreaterThan(0)
    expect(ticks).toBeGreaterThan(4)
  })

  test('that takes nothing from the first byte on was not sent anything', async () => {
    const path = pipe()
    readerOf(path)
    const full = new DevicePrinter(path, systemClock, HASTY)
    await full.send(LARGE)
    expect(await full.send(SMALL)).toMatchObject({ kind: 'not-sent', reason: 'blocked' })
  })

  test('that is unplugged in the middle may have printed part of it', async () => {
    const path = pipe()
    const { fd } = readerOf(path)
    const { closeSync } = await import('node:fs')
    setTimeout(() => closeSync(fd), 40)
    expect(await new DevicePrinter(path, systemClock, PATIENT).send(LARGE)).toMatchObject({
      kind: 'unsure',
      reason: 'cut-off',
    })
  })

  test('that is not there is not made as a file, and a file is no printer', async () => {
    const path = join(pipe(), '..', 'lp1')
    expect(await new DevicePrinter(path, systemClock, HASTY).send(SMALL)).toMatchObject({
      kind: 'not-sent',
      reason: 'absent',
    })
    writeFileSync(path, '')
    expect(await new DevicePrinter(path, systemClock, HASTY).send(SMALL)).toMatchObject({
      kind: 'not-sent',
      reason: 'wrong-device',
    })
  })
})

describe('the desk', () => {
  class PaperPrinter implements PrinterPort {
    readonly jobs: Uint8Array[] = []
    outcome: PrintOutcome = { kind: 'taken', bytes: 1 }
    hold: Promise<unknown> = Promise.resolve()
    async send(job: Uint8Array): Promise<PrintOutcome> {
      this.jobs.push(job)
      await this.hold
      return this.outcome
    }
  }
  const job = SMALL

  test('prints an order once, however often the form comes', async () => {
    const [desk, port] = [new PrintDesk(), new PaperPrinter()]
    const printer = { name: 'may-in', port }
    const both = await Promise.all([desk.print('a', 'x', printer, job), desk.print('a', 'x', printer, job)])
    expect(both[0]).toEqual({ kind: 'taken', bytes: 1 })
    expect(both[1]).toEqual(both[0])
    expect(await desk.print('a', 'x', printer, job)).toEqual(both[0])
    expect(port.jobs).toHaveLength(1)
    expect(await desk.outcomeOf('a')).toEqual(both[0])
  })

  test('does not print the same order with other content', async () => {
    const [desk, port] = [new PrintDesk(), new PaperPrinter()]
    await desk.print('a', '1 copy', { name: 'may-in', port }, job)
    expect(await desk.print('a', '9 copies', { name: 'may-in', port }, job)).toBeUndefined()
    expect(port.jobs).toHaveLength(1)
  })

  test('gives one printer one job at a time, and another printer its own', async () => {
    const desk = new PrintDesk()
    const [port, other] = [new PaperPrinter(), new PaperPrinter()]
    let release: (value?: unknown) => void = () => undefined
    port.hold = new Promise((resolve) => {
      release = resolve
    })
    const first = desk.print('a', '', { name: 'may-in', port }, job)
    expect(await desk.print('b', '', { name: 'may-in', port }, job)).toMatchObject({ reason: 'printing' })
    expect(await desk.print('c', '', { name: 'may-in-2', port: other }, job)).toMatchObject({ kind: 'taken' })
    release()
    await first
    expect(await desk.print('b', '', { name: 'may-in', port }, job)).toMatchObject({ kind: 'taken' })
  })

  test('after an uncertain job never prints it again by itself; after one that was not sent it may be', async () => {
    const [desk, port] = [new PrintDesk(), new PaperPrinter()]
    const printer = { name: 'may-in', port }
    port.outcome = { kind: 'unsure', reason: 'blocked', sentBytes: 3, bytes: 9, detail: '' }
    await desk.print('a', '', printer, job)
    await desk.print('a', '', printer, job)
    expect(port.jobs).toHaveLength(1)
    port.outcome = { kind: 'not-sent', reason: 'absent', detail: '' }
    await desk.print('b', '', printer, job)
    await desk.print('b', '', printer, job)
    expect(port.jobs).toHaveLength(3)
  })

  test('remembers a hundred orders, not all that ever were', async () => {
    const [desk, port] = [new PrintDesk(), new PaperPrinter()]
    for (let order = 0; order < 101; order++) await desk.print(`${order}`, '', { name: 'may-in', port }, job)
    expect(desk.outcomeOf('0')).toBeUndefined()
    expect(desk.outcomeOf('100')).toBeDefined()
  })
})
