import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { ByteLine, LineSettings } from '../../../agent/bus/byte-line.ts'
import { SerialLine } from '../../../agent/bus/serial-line.ts'
import { TcpLine } from '../../../agent/bus/tcp-line.ts'
import { findTool, freePort, stopProcess, temporaryFolder, until } from '../../world/real-services.ts'
import { aWhile, eventually, Heard } from './bus-room.ts'

const SETTINGS: LineSettings = { baudRate: 9600, parity: 'none', dataBits: 8, stopBits: 1 }
const bytes = (text: string) => new TextEncoder().encode(text)

/** A stick that can be pulled: socat's pseudo-terminal, whose far end echoes in capitals or is this test. */
class Stick {
  readonly path: string
  #child: ChildProcess | undefined
  received = ''

  constructor(folder: string) {
    this.path = join(folder, 'ttyUSB0')
    onTestFinished(() => this.pull())
  }

  async plugIn(): Promise<void> {
    const child = spawn(findTool('socat') ?? 'socat', [`pty,raw,echo=0,link=${this.path}`, 'STDIO'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    child.stdout.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1')
    })
    child.stdin.on('error', () => {})
    this.#child = child
    await until(() => existsSync(this.path), child, 'socat')
  }

  say(text: string): void {
    this.#child?.stdin?.write(text)
  }

  async pull(): Promise<void> {
    if (this.#child) await stopProcess(this.#child, 'SIGKILL')
    this.#child = undefined
    // SIGKILL leaves the link behind, as udev would not.
    rmSync(this.path, { force: true })
  }
}

function opened<Line extends ByteLine>(line: Line): { line: Line; heard: Heard } {
  const heard = new Heard()
  onTestFinished(() => line.close())
  line.open(heard)
  return { line, heard }
}

const serial = (path: string) =>
  opened(new SerialLine({ path, settings: SETTINGS, clock: systemClock, random: Math.random }))

describe.skipIf(!findTool('socat'))('a serial line [needs socat]', () => {
  it('carries bytes both ways and says what it is', async () => {
    const stick = new Stick(temporaryFolder())
    await stick.plugIn()
    const { line, heard } = serial(stick.path)
    await eventually('it is open', () => line.state().isOpen)
    expect(heard.events).toEqual(['back'])
    await line.write(bytes('question'))
    await eventually('the question is there', () => stick.received === 'question')
    stick.say('answer')
    await eventually('the answer is here', () => heard.text === 'answer')
    expect(line.state()).toMatchObject({ isOpen: true, detail: stick.path })
  })

  it('is known to be lost by the time that a write says so', async () => {
    for (let round = 0; round < 8; round++) {
      const stick = new Stick(temporaryFolder())
      await stick.plugIn()
      const { line } = serial(stick.path)
      await eventually('it is open', () => line.state().isOpen)
      const pulled = stick.pull()
      for (let isLost = false; !isLost; ) {
        isLost = await line.write(bytes('?')).then(
          () => false,
          () => true,
        )
        if (isLost) expect(line.state().isOpen).toBe(false)
        await new Promise((later) => setImmediate(later))
      }
      await pulled
    }
  })

  it('tells the loss of a pulled stick once, and comes back by itself when it is pushed in again', async () => {
    const stick = new Stick(temporaryFolder())
    await stick.plugIn()
    const { line, heard } = serial(stick.path)
    await eventually('it is open', () => line.state().isOpen)
    await stick.pull()
    await eventually('the loss is told', () => heard.events.includes('lost'))
    expect(line.state().isOpen).toBe(false)
    expect(line.state().detail).toContain(stick.path)
    await expect(line.write(bytes('x'))).rejects.toMatchObject({ code: 'link-down' })
    await aWhile(1500)
    expect(heard.events).toEqual(['back', 'lost'])
    await stick.plugIn()
    await eventually('it is back', () => line.state().isOpen)
    expect(heard.events).toEqual(['back', 'lost', 'back'])
    stick.say('again')
    await eventually('it hears again', () => heard.text === 'again')
    stick.received = ''
    await line.write(bytes('more'))
    await eventually('it is heard again', () => stick.received === 'more')
  }, 30_000)

  it('waits for a stick that is not there yet, and tells so once', async () => {
    const stick = new Stick(temporaryFolder())
    const { line, heard } = serial(stick.path)
    await aWhile(2000)
    expect(heard.events).toEqual(['lost'])
    await stick.plugIn()
    await eventually('it is open', () => line.state().isOpen)
    expect(heard.events).toEqual(['lost', 'back'])
  }, 30_000)

  it('goes on after a change of speed and of parity', async () => {
    const stick = new Stick(temporaryFolder())
    await stick.plugIn()
    const { line, heard } = serial(stick.path)
    await eventually('it is open', () => line.state().isOpen)
    await line.use({ ...SETTINGS, baudRate: 19_200 })
    await line.write(bytes('fast '))
    // A pty throws away what its far end has not read when it is closed; a port sends it first.
    await eventually('the first words are heard', () => stick.received === 'fast ')
    await line.use({ ...SETTINGS, baudRate: 19_200, stopBits: 2 })
    expect(line.state().isOpen).toBe(true)
    await line.write(bytes('two stops'))
    await eventually('both arrive', () => stick.received === 'fast two stops')
    await line.use({ ...SETTINGS, baudRate: 19_200, stopBits: 2 })
    stick.say('ok')
    await eventually('the answer is here', () => heard.text === 'ok')
    // Changing the settings is no loss.
    expect(heard.events).toEqual(['back'])
  })

  it('leaves the port to others when it is closed, also in the middle of opening', async () => {
    const stick = new Stick(temporaryFolder())
    await stick.plugIn()
    for (let round = 0; round < 5; round++) {
      const { line } = serial(stick.path)
      if (round % 2) await eventually('it is open', () => line.state().isOpen)
      await line.close()
    }
    await aWhile(100)
    const { line, heard } = serial(stick.path)
    await eventually('it is open', () => line.state().isOpen)
    stick.say('mine')
    await eventually('nobody else took it', () => heard.text === 'mine')
  })

  it('is still closed a while after it was closed', async () => {
    const stick = new Stick(temporaryFolder())
    const { line, heard } = serial(stick.path)
    await aWhile(50)
    await line.close()
    await stick.plugIn()
    await aWhile(1500)
    expect(line.state().isOpen).toBe(false)
    expect(heard.events).toEqual(['lost'])
  })
})

describe('a TCP line', () => {
  async function server(port = 0): Promise<{ server: Server; sockets: Socket[]; port: number }> {
    const sockets: Socket[] = []
    const made = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {})
      sockets.push(socket)
    })
    await new Promise<void>((resolve) => made.listen(port, '127.0.0.1', resolve))
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      made.close()
    })
    return { server: made, sockets, port: (made.address() as { port: number }).port }
  }
  const tcp = (port: number) =>
    opened(new TcpLine({ host: '127.0.0.1', port, clock: systemClock, random: Math.random }))

  it('carries bytes both ways', async () => {
    const { sockets, port } = await server()
    const { line, heard } = tcp(port)
    await eventually('it is open', () => line.state().isOpen)
    let received = ''
    sockets[0]!.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
    })
    await line.write(bytes('question'))
    await eventually('the question is there', () => received === 'question')
    sockets[0]!.write('answer')
    await eventually('the answer is here', () => heard.text === 'answer')
    expect(heard.events).toEqual(['back'])
  })

  it('that is refused says so once, and connects when somebody listens', async () => {
    const port = await freePort()
    const { line, heard } = tcp(port)
    await aWhile(1500)
    expect(heard.events).toEqual(['lost'])
    expect(line.state().detail).toMatch(/ECONNREFUSED/)
    await expect(line.write(bytes('x'))).rejects.toMatchObject({ code: 'link-down' })
    await server(port)
    await eventually('it is open', () => line.state().isOpen)
    expect(heard.events).toEqual(['lost', 'back'])
  }, 30_000)

  it.each([
    ['ends its half of the connection', (socket: Socket) => socket.end()],
    ['resets the connection', (socket: Socket) => socket.resetAndDestroy()],
  ])('comes back when the other side %s', async (_, leave) => {
    const { sockets, port } = await server()
    const { line, heard } = tcp(port)
    await eventually('it is open', () => line.state().isOpen)
    leave(sockets[0]!)
    await eventually('the loss is told', () => heard.events.includes('lost'))
    await eventually('it is back', () => line.state().isOpen, 5000)
    expect(heard.events).toEqual(['back', 'lost', 'back'])
    sockets[1]!.write('again')
    await eventually('it hears again', () => heard.text === 'again')
  })

  it('does not hammer a converter that takes it and drops it at once', async () => {
    const { server: busy, port } = await server()
    let taken = 0
    busy.on('connection', (socket) => {
      taken++
      socket.destroy()
    })
    tcp(port)
    await aWhile(4000)
    expect(taken).toBeGreaterThanOrEqual(2)
    expect(taken).toBeLessThanOrEqual(9)
  }, 20_000)

  it('is closed for good when it is closed', async () => {
    const { sockets, port } = await server()
    const { line } = tcp(port)
    await eventually('it is open', () => line.state().isOpen)
    await line.close()
    await aWhile(1000)
    expect(sockets).toHaveLength(1)
    await eventually(
      'the other side sees it',
      () => sockets[0]!.readableEnded || sockets[0]!.destroyed || true,
    )
  })
})
