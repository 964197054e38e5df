import { timingSafeEqual } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { Aedes, type AuthenticateError, type Client, type PublishPacket } from 'aedes'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { BoundedConnection, PacketTooLarge } from './bounded-connection.ts'
import {
  type BusMessage,
  MAX_PAYLOAD_BYTES,
  type MessageSource,
  type SourceFault,
  type SourceState,
} from './message-source.ts'

/**
 * The broker inside the agent: a box works without installing another one. It speaks MQTT 3.1 and 3.1.1.
 * A PUBACK leaves after `deliver` resolved, because aedes asks `authorizePublish` first and acknowledges
 * after its answer. When it rejects, the connection is closed and the node sends the message again.
 */
export interface EmbeddedBrokerOptions {
  readonly bus: string
  readonly host: string
  readonly port: number
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly maxClients?: number
  readonly clock: Clock
  readonly onFault?: SourceFault
}

// A farm has tens of nodes; a stranger's thousand connections must not take the box's memory.
const MAX_CLIENTS = 64
// aedes keeps retained messages in memory: 1,000 device states and lists of 1 kB are 1 MB.
const MAX_RETAINED_TOPICS = 1000
const MAX_RETAINED_BYTES = 8 * 1024 * 1024
const MAX_TOPIC_CHARS = 512
// Topic and payload at their largest, and the header around them.
const MAX_PACKET_BYTES = MAX_PAYLOAD_BYTES + 4 * MAX_TOPIC_CHARS + 16

export class EmbeddedBroker implements MessageSource {
  readonly #options: EmbeddedBrokerOptions
  readonly #sockets = new Set<Socket>()
  readonly #retained = new Map<string, number>()
  #retainedBytes = 0
  #deliver: (message: BusMessage) => Promise<void> = () => Promise.reject(new VuonError('link-down'))
  #aedes: Aedes | undefined
  #server: Server | undefined
  #state: SourceState

  constructor(options: EmbeddedBrokerOptions) {
    this.#options = options
    this.#state = { isConnected: false, detail: 'not started', since: options.clock.wallMs() }
  }

  /** Resolves when it listens; rejects when the port is taken. */
  async start(deliver: (message: BusMessage) => Promise<void>): Promise<void> {
    this.#deliver = deliver
    const aedes = await Aedes.createBroker({
      // A session kept for a client that is away is a queue without a bound. Nodes send; they don't need one.
      preConnect: (_client, packet, answer) => {
        packet.clean = true
        answer(null, true)
      },
      authenticate: (client, username, password, answer) =>
        this.#authenticate(client, username, password, answer),
      authorizePublish: (client, packet, answer) => {
        this.#publish(client, packet).then(
          () => answer(null),
          (error: Error) => answer(error),
        )
      },
      authorizeSubscribe: (_client, subscription, answer) =>
        answer(null, subscription.topic.startsWith('$') ? null : subscription),
      maxTopicLevels: 32,
      maxInflightInbound: 100,
      keepaliveLimit: 0,
    })
    aedes.on('clientError', (client, error) => this.#fault('client-error', `${client.id}: ${error.message}`))
    aedes.on('connectionError', (_client, error) => this.#fault('client-error', error.message))
    aedes.on(
      'error' as 'closed',
      ((error: Error) => this.#fault('client-error', error.message)) as () => void,
    )
    this.#aedes = aedes
    const server = createServer((socket) => this.#accept(aedes, socket))
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        this.#say(false, cause.message)
        reject(
          new VuonError('internal', `The broker can't listen on ${this.#address()}: ${cause.message}`, {
            cause,
            hint: 'Another broker may be running; stop it, or use a bus of kind mqtt that points to it.',
          }),
        )
      })
      server.listen(this.#options.port, this.#options.host, () => resolve())
    })
    server.on('error', (error) => this.#fault('client-error', error.message))
    this.#say(true, `listening on ${this.#address()}`)
  }

  async stop(): Promise<void> {
    const broker = this.#aedes
    const server = this.#server
    this.#aedes = undefined
    this.#server = undefined
    const isClosed = new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()))
    if (broker) await new Promise<void>((resolve) => broker.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await isClosed
    this.#say(false, 'stopped')
  }

  state(): SourceState {
    return this.#state
  }

  /** The port it listens on, which the system chose when the option said 0. */
  get port(): number {
    const address = this.#server?.address()
    return typeof address === 'object' && address ? address.port : this.#options.port
  }

  #accept(aedes: Aedes, socket: Socket): void {
    if (this.#sockets.size >= (this.#options.maxClients ?? MAX_CLIENTS)) {
      this.#fault('too-many-clients', `${socket.remoteAddress} was turned away`)
      socket.destroy()
      return
    }
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => this.#sockets.delete(socket))
    const connection = new BoundedConnection(socket, MAX_PACKET_BYTES)
    connection.on('error', (error) => {
      if (error instanceof PacketTooLarge)
        this.#fault('message-too-large', `${socket.remoteAddress}: ${error.message}`)
    })
    aedes.handle(connection)
  }

  #authenticate(
    client: Client,
    username: string | undefined,
    password: Uint8Array | undefined,
    answer: (error: AuthenticateError | null, isAllowed: boolean | null) => void,
  ): void {
    const wanted = this.#options
    const isAllowed =
      wanted.username === undefined ||
      (isSameText(username ?? '', wanted.username) &&
        isSameText(new TextDecoder().decode(password ?? new Uint8Array()), wanted.password ?? ''))
    if (!isAllowed) this.#fault('wrong-password', `${client.id} as ${username ?? 'nobody'}`)
    answer(null, isAllowed)
  }

  async #publish(client: Client | null, packet: PublishPacket): Promise<void> {
    const { topic, qos } = packet
    if (topic.startsWith('$') || topic.length > MAX_TOPIC_CHARS) {
      this.#fault('topic-refused', topic.slice(0, 80))
      throw new Error('this topic is not taken')
    }
    // A QoS 2 publish that came before and waits for its PUBREL was delivered then (MQTT-4.3.3-2).
    if (qos === 2 && client && (await this.#isKnownQos2(client, packet))) return
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
    if (payload.length > MAX_PAYLOAD_BYTES) {
      // Acknowledged all the same: the node would send it again for ever.
      this.#fault('message-too-large', `${topic}: ${payload.length} bytes`)
      return
    }
    if (packet.retain && !this.#mayRetain(topic, payload.length)) {
      this.#fault('too-many-retained', topic)
      packet.retain = false
    }
    try {
      // Live even when the node set `retain`: that flag is for who comes later.
      await this.#deliver({ bus: this.#options.bus, topic, payload, qos, isRetained: false })
    } catch (error) {
      this.#fault('not-stored', error instanceof Error ? error.message : String(error))
      if (qos > 0) throw error
    }
  }

  #mayRetain(topic: string, sizeBytes: number): boolean {
    const old = this.#retained.get(topic)
    const total = this.#retainedBytes - (old ?? 0) + sizeBytes
    // An empty retained message deletes the one before it (MQTT 3.1.1 §3.3.1.3).
    if (sizeBytes === 0) this.#retained.delete(topic)
    else if (total > MAX_RETAINED_BYTES || (old === undefined && this.#retained.size >= MAX_RETAINED_TOPICS))
      return false
    else this.#retained.set(topic, sizeBytes)
    this.#retainedBytes = total
    return true
  }

  #isKnownQos2(client: Client, packet: PublishPacket): Promise<boolean> {
    const { persistence } = this.#aedes as unknown as {
      persistence: { incomingGetPacket(client: Client, packet: PublishPacket): Promise<unknown> }
    }
    return persistence.incomingGetPacket(client, packet).then(
      () => true,
      () => false,
    )
  }

  #address(): string {
    return `${this.#options.host}:${this.#options.port}`
  }

  #say(isConnected: boolean, detail: string): void {
    this.#state = { isConnected, detail, since: this.#options.clock.wallMs() }
  }

  #fault(...fault: Parameters<SourceFault>): void {
    this.#options.onFault?.(...fault)
  }
}

/** Takes the same time wherever the two differ. */
function isSameText(given: string, wanted: string): boolean {
  const bytes = Buffer.alloc(Buffer.byteLength(wanted))
  const isFilled = bytes.write(given) === bytes.length
  return timingSafeEqual(bytes, Buffer.from(wanted)) && isFilled && given.length === wanted.length
}
