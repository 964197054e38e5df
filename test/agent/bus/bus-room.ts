import { spawn } from 'node:child_process'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import { onTestFinished } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { LineListener } from '../../../agent/bus/byte-line.ts'
import { EmbeddedBroker, type EmbeddedBrokerOptions } from '../../../agent/bus/embedded-broker.ts'
import type {
  BusMessage,
  MessageSource,
  SourceFault,
  SourceFaultCode,
} from '../../../agent/bus/message-source.ts'
import { findTool, stopProcess } from '../../world/real-services.ts'

/** Waits for something that real programs bring about; says what it waited for when they don't. */
export async function eventually(what: string, isSo: () => boolean, withinMs = 30_000): Promise<void> {
  const endMs = performance.now() + withinMs
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`in ${withinMs} ms it did not happen that ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Long enough for what should not happen to happen on loopback. */
export const aWhile = (ms = 300): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The journal's place: keeps what is delivered, and answers when the test lets it. */
export class Store {
  readonly messages: (BusMessage & { readonly text: string })[] = []
  #held: (() => void)[] = []
  isHolding = false
  refuse: (text: string) => boolean = () => false

  readonly deliver = async (message: BusMessage): Promise<void> => {
    const text = new TextDecoder().decode(message.payload)
    this.messages.push({ ...message, text })
    if (this.isHolding) await new Promise<void>((resolve) => this.#held.push(resolve))
    if (this.refuse(text)) throw new Error('the disk is full')
  }

  get texts(): string[] {
    return this.messages.map(({ text }) => text)
  }

  release(): void {
    this.isHolding = false
    for (const go of this.#held.splice(0)) go()
  }
}

/** Every fault that a source told of. */
export class Faults {
  readonly told: [SourceFaultCode, string][] = []
  readonly note: SourceFault = (code, detail) => {
    this.told.push([code, detail])
  }

  get codes(): SourceFaultCode[] {
    return this.told.map(([code]) => code)
  }
}

export async function startSource<Source extends MessageSource>(
  source: Source,
  store: Store,
): Promise<Source> {
  onTestFinished(() => source.stop())
  await source.start(store.deliver)
  return source
}

export class Heard implements LineListener {
  text = ''
  readonly events: string[] = []

  onBytes(bytes: Uint8Array): void {
    this.text += new TextDecoder('latin1').decode(bytes)
  }
  onBack(): void {
    this.events.push('back')
  }
  onLost(): void {
    this.events.push('lost')
  }
}

/** A program of its own that ends with the test. */
export function startTool(name: string, args: readonly string[]) {
  const child = spawn(findTool(name) ?? name, [...args], { stdio: ['pipe', 'ignore', 'ignore'] })
  onTestFinished(() => stopProcess(child))
  return child
}

export const hasMosquitto = findTool('mosquitto') !== undefined
export const hasMosquittoPub = findTool('mosquitto_pub') !== undefined

/** A cable between a client and a server that a test can pull and push in again. */
export class Cable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  isIn = true
  connections = 0

  static async to(port: number): Promise<Cable> {
    const cable = new Cable(port)
    await new Promise<void>((resolve) => cable.#server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      cable.pull()
      cable.#server.close()
    })
    return cable
  }

  constructor(port: number) {
    this.#server = createServer((near) => {
      if (!this.isIn) return near.destroy()
      this.connections++
      const far = connect(port, '127.0.0.1')
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from)
        from.on('data', (bytes) => to.write(bytes))
        from.on('error', () => {})
        from.on('close', () => {
          this.#sockets.delete(from)
          to.destroy()
        })
      }
    })
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`
  }

  pull(): void {
    this.isIn = false
    for (const socket of this.#sockets) socket.destroy()
  }

  pushIn(): void {
    this.isIn = true
  }
}

/** Our own broker on a free port of loopback, with what it delivered and told of. */
export async function ownBroker(store: Store, options: Partial<EmbeddedBrokerOptions> = {}) {
  const faults = new Faults()
  const made = new EmbeddedBroker({
    ...{ bus: 'own', host: '127.0.0.1', port: 0, clock: systemClock, onFault: faults.note },
    ...options,
  })
  await startSource(made, store)
  return { broker: made, faults, url: `mqtt://127.0.0.1:${made.port}` }
}

/** A node that does not come back by itself, and ends with the test. */
export async function brokerClient(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const made = await connectAsync(url, { reconnectPeriod: 0, ...options })
  made.on('error', () => {})
  onTestFinished(() => made.endAsync(true).catch(() => {}))
  return made
}
