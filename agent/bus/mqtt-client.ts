import { readFileSync } from 'node:fs'
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt'
import { Backoff } from '#contract/ground/backoff.ts'
import { equalBytes } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import {
  type BusMessage,
  MAX_PAYLOAD_BYTES,
  type MessageSource,
  type SourceFault,
  type SourceState,
} from './message-source.ts'

/**
 * A client of an outside broker that acknowledges only what is stored, with many messages in flight.
 *
 * mqtt.js acknowledges a QoS 1 message as soon as its handler is done and handles one at a time, so one
 * commit per message would be its pace. Therefore each QoS 1 publish is handed on inside mqtt.js as QoS 0 (its
 * `packetreceive` event comes before the handler looks), and the four bytes of its PUBACK are written here:
 *
 *   broker → packetreceive (qos 1 → 0, id kept) → handleMessage → deliver ┐        commit resolves many
 *   broker ← PUBACK PUBACK PUBACK (one write, in the order of arrival)    ┴────────────────────────────┘
 *
 * After a reconnect the broker sends what was not acknowledged again, with the same ids. What was stored
 * meanwhile is recognised by id and content, acknowledged, and not delivered twice.
 */
export interface MqttSourceOptions {
  readonly bus: string
  readonly url: string
  /** Must stay the same over restarts: the broker keeps messages for it while this box is away. */
  readonly clientId: string
  readonly topics: readonly string[]
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly caFile?: string | undefined
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
  readonly clock: Clock
  readonly random: Random
  readonly onFault?: SourceFault
}

// 2,000 messages of 300 bytes are 600 kB; a broker with a larger window waits in its own memory, not in ours.
const MAX_IN_FLIGHT = 2000
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 60_000
const KEEPALIVE_S = 30
// A card that stalls must not keep the program from ending; what is not acknowledged comes again.
const STOP_PATIENCE_MS = 5000

interface Held {
  readonly id: number
  readonly topic: string
  readonly payload: Uint8Array
  readonly delivered: Promise<void>
  isStored: boolean
}

export class MqttSource implements MessageSource {
  readonly #options: MqttSourceOptions
  readonly #backoff: Backoff
  #client: MqttClient | undefined
  #deliver: (message: BusMessage) => Promise<void> = () => Promise.reject(new VuonError('link-down'))
  /** QoS 1 messages of this connection in the order they came: acknowledgements keep that order (MQTT-4.6.0-2). */
  #queue: Held[] = []
  /** What came by id and was not acknowledged; lives over reconnects, until the session ends. */
  readonly #held = new Map<number, Held>()
  #inFlight = 0
  #waiting: (() => void)[] = []
  #isFlushDue = false
  #hasSubscribed = false
  /** The last that was to be stored could not be. */
  #isRefusing = false
  #cancelRetry = () => {}
  #isWanted = false
  #state: SourceState

  constructor(options: MqttSourceOptions) {
    this.#options = options
    this.#backoff = new Backoff({
      firstMs: FIRST_RETRY_MS,
      longestMs: LONGEST_RETRY_MS,
      random: options.random,
    })
    this.#state = { isConnected: false, detail: 'not connected yet', since: options.clock.wallMs() }
  }

  /** Resolves at once: a broker that is away is tried again with growing waits. */
  async start(deliver: (message: BusMessage) => Promise<void>): Promise<void> {
    this.#deliver = deliver
    this.#isWanted = true
    const client = connect(this.#options.url, this.#clientOptions())
    this.#client = client
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'publish' && packet.qos === 1) packet.qos = 0
    })
    client.handleMessage = (packet, done) => this.#take(packet, done)
    client.on('connect', (packet) => this.#connected(packet.sessionPresent))
    client.on('close', () => this.#closed())
    client.on('error', (error) => this.#failed(error))
  }

  async stop(): Promise<void> {
    this.#isWanted = false
    this.#cancelRetry()
    const client = this.#client
    this.#client = undefined
    if (!client) return
    // What is being stored just now is acknowledged before we go, or it would come again.
    if (client.connected) await this.#withinPatience(this.#queue.map((held) => held.delivered))
    this.#acknowledge(client)
    await client.endAsync(!client.connected)
    this.#say(false, 'stopped')
  }

  state(): SourceState {
    return this.#state
  }

  async #withinPatience(stored: readonly Promise<void>[]): Promise<void> {
    let cancel = () => {}
    const patience = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(STOP_PATIENCE_MS, resolve)
    })
    await Promise.race([Promise.allSettled(stored), patience])
    cancel()
  }

  #clientOptions(): IClientOptions {
    const { clientId, username, password, caFile, certFile, keyFile } = this.#options
    return {
      clientId,
      clean: false,
      keepalive: KEEPALIVE_S,
      // Reconnecting is done here, with jitter; subscribing too, because it depends on the session.
      reconnectPeriod: 0,
      resubscribe: false,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(caFile === undefined ? {} : { ca: readPem(caFile) }),
      ...(certFile === undefined ? {} : { cert: readPem(certFile) }),
      ...(keyFile === undefined ? {} : { key: readPem(keyFile) }),
    }
  }

  #connected(isSessionPresent: boolean): void {
    // A broker that we left because nothing could be stored is good, but not to be asked more often for that.
    if (!this.#isRefusing) this.#backoff.succeeded()
    this.#say(true, this.#options.url)
    if (!isSessionPresent) this.#held.clear()
    // Once a start even with a session, for the retained device lists.
    if (isSessionPresent && this.#hasSubscribed) return
    this.#hasSubscribed = true
    // One packet a topic: mqtt.js tells of a refused one by an error for the whole packet.
    for (const topic of this.#options.topics) {
      this.#client?.subscribe(topic, { qos: 1 }, (error) => {
        if (!error) return
        this.#hasSubscribed = false
        if (this.#client?.connected) this.#fault('refused-by-broker', `may not read ${topic}`)
      })
    }
  }

  #failed(error: Error & { code?: unknown }): void {
    this.#say(false, error.message)
    // MQTT 3.1.1 §3.2.2.3: the broker knows us or our password not, or lets us in no more.
    if (typeof error.code === 'number' && error.code >= 1 && error.code <= 5)
      this.#fault('refused-by-broker', error.message)
  }

  #closed(): void {
    if (this.#state.isConnected) this.#fault('connection-lost', this.#options.url)
    if (this.#state.isConnected) this.#say(false, 'connection lost')
    this.#queue = []
    this.#wake()
    if (!this.#isWanted) return
    this.#cancelRetry()
    this.#cancelRetry = this.#options.clock.after(this.#backoff.failed(), () => {
      if (this.#isWanted) this.#client?.reconnect()
    })
  }

  /** `done` asks mqtt.js for the next packet: at once, unless too much is in flight. */
  #take(packet: IPublishPacket, done: (error?: Error) => void): void {
    this.#receive(packet)
    if (this.#inFlight < MAX_IN_FLIGHT) done()
    else this.#waiting.push(done)
  }

  #receive(packet: IPublishPacket): void {
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
    const id = packet.messageId
    const earlier = id === undefined || !packet.dup ? undefined : this.#held.get(id)
    if (earlier && earlier.topic === packet.topic && equalBytes(earlier.payload, payload)) {
      this.#queue.push(earlier)
      this.#flushSoon()
      return
    }
    const delivered = this.#deliverOne(packet, payload)
    this.#inFlight++
    const held: Held = { id: id ?? 0, topic: packet.topic, payload, delivered, isStored: false }
    if (id !== undefined) {
      this.#held.set(id, held)
      this.#queue.push(held)
    }
    delivered.then(
      () => {
        held.isStored = true
        if (this.#isRefusing) this.#backoff.succeeded()
        this.#isRefusing = false
        this.#settled()
      },
      (error: unknown) => {
        this.#isRefusing = true
        if (this.#held.get(held.id) === held) this.#held.delete(held.id)
        this.#settled()
        this.#fault('not-stored', error instanceof Error ? error.message : String(error))
        if (id !== undefined && this.#queue.includes(held)) this.#startOver()
      },
    )
  }

  #deliverOne(packet: IPublishPacket, payload: Uint8Array): Promise<void> {
    if (payload.length > MAX_PAYLOAD_BYTES) {
      // Acknowledged all the same: it would come again for ever and block what stands behind it.
      this.#fault('message-too-large', `${packet.topic}: ${payload.length} bytes`)
      return Promise.resolve()
    }
    const { topic, retain } = packet
    const qos = packet.messageId === undefined ? 0 : 1
    return this.#deliver({ bus: this.#options.bus, topic, payload, qos, isRetained: retain })
  }

  #settled(): void {
    this.#inFlight--
    this.#flushSoon()
    if (this.#inFlight < MAX_IN_FLIGHT) this.#wake()
  }

  #wake(): void {
    for (const done of this.#waiting.splice(0)) done()
  }

  /** A commit resolves many promises in one turn; their PUBACKs leave in one write. */
  #flushSoon(): void {
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    setImmediate(() => {
      this.#isFlushDue = false
      if (this.#client) this.#acknowledge(this.#client)
    })
  }

  #acknowledge(client: MqttClient): void {
    if (!client.connected) return
    let count = 0
    while (this.#queue[count]?.isStored) count++
    if (count === 0) return
    const bytes = new Uint8Array(count * 4)
    this.#queue.splice(0, count).forEach((held, index) => {
      // PUBACK of MQTT 3.1.1 §3.4: type 4, two more bytes, the packet's id.
      bytes.set([0x40, 2, held.id >> 8, held.id & 0xff], index * 4)
      if (this.#held.get(held.id) === held) this.#held.delete(held.id)
    })
    client.stream.write(bytes)
  }

  /** The broker sends an unacknowledged message again only over a new connection. */
  #startOver(): void {
    this.#queue = []
    this.#client?.stream.destroy()
  }

  #say(isConnected: boolean, detail: string): void {
    const since = isConnected === this.#state.isConnected ? this.#state.since : this.#options.clock.wallMs()
    this.#state = { isConnected, detail, since }
  }

  #fault(...fault: Parameters<SourceFault>): void {
    this.#options.onFault?.(...fault)
  }
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new VuonError('file-unreadable', `${file} could not be read.`, { cause })
  }
}
