import type { Aedes, AuthenticateError, Client, ConnectPacket, PublishPacket } from 'aedes'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { BrokerDoor, CONNECT_PATIENCE_MS, type DoorOptions } from './broker-door.ts'
import { type BrokerUser, BrokerUsers, maySubscribe, mayUse } from './broker-users.ts'
import {
  type BusMessage,
  MAX_PAYLOAD_BYTES,
  MAX_PHOTO_MESSAGE_BYTES,
  type MessageSource,
  type PublishHow,
  type SourceFault,
  type SourceState,
} from './message-source.ts'
import type { Presence } from './presence.ts'
import { RetainedBounds } from './retained-bounds.ts'
import { topicMatches } from './topic-filter.ts'

/**
 * The broker inside the agent: a box works without installing another one. It speaks MQTT 3.1 and 3.1.1; a client that
 * speaks 5 is told so in its own words (CONNACK 132) and, if it speaks nothing else, needs another broker.
 * A PUBACK leaves after `deliver` resolved, because aedes asks `authorizePublish` first and acknowledges
 * after its answer. When it rejects, the connection is closed and the node sends the message again.
 */
export interface EmbeddedBrokerOptions extends Omit<DoorOptions, 'maxPacketBytes'> {
  readonly bus: string
  /** Who may sign in; everybody if there are none. */
  readonly users?: readonly BrokerUser[]
  readonly presence?: Presence | undefined
  /** Topics of cameras, whose messages may be as large as photos are. */
  readonly photoTopics?: readonly string[]
  readonly clock: Clock
}

const MAX_TOPIC_CHARS = 512
// What may stand around the payload: the topic at its largest, and the header.
const MAX_AROUND_BYTES = 4 * MAX_TOPIC_CHARS + 16
// A reader that takes nothing for so long is closed: what waits for it holds the others up.
const DRAIN_PATIENCE_MS = 10_000
// CONNACK of MQTT 5 (§3.2): flags 0, reason 132 "unsupported protocol version", no properties.
const NOT_MQTT_5 = Uint8Array.of(0x20, 3, 0, 132, 0)

export class EmbeddedBroker implements MessageSource {
  readonly #options: EmbeddedBrokerOptions
  readonly #users: BrokerUsers
  readonly #userOf = new WeakMap<Client, BrokerUser>()
  readonly #retained = new RetainedBounds()
  #deliver: (message: BusMessage) => Promise<void> = () => Promise.reject(new VuonError('link-down'))
  #aedes: Aedes | undefined
  #door: BrokerDoor | undefined
  #lastSent: Promise<void> = Promise.resolve()
  #state: SourceState

  constructor(options: EmbeddedBrokerOptions) {
    this.#options = options
    this.#users = new BrokerUsers(options.users ?? [])
    this.#state = { isConnected: false, detail: 'not started', since: options.clock.wallMs() }
  }

  /** Resolves when it listens; rejects when the port is taken, or with `file-unreadable` for its certificate. */
  async start(deliver: (message: BusMessage) => Promise<void>): Promise<void> {
    this.#deliver = deliver
    const largest = this.#photoTopics.length > 0 ? MAX_PHOTO_MESSAGE_BYTES : MAX_PAYLOAD_BYTES
    const maxPacketBytes = largest + MAX_AROUND_BYTES
    const door = new BrokerDoor({ ...this.#options, maxPacketBytes })
    // Loaded by boxes that have no other broker.
    const { Aedes } = await import('aedes')
    const aedes = await Aedes.createBroker({
      preConnect: (client, packet, answer) => this.#meet(client, packet, answer),
      authenticate: (client, username, password, answer) =>
        void this.#authenticate(client, username ?? '', password, answer),
      authorizePublish: (client, packet, answer) => {
        this.#publish(client, packet).then(
          () => answer(null),
          (error: Error) => answer(error),
        )
      },
      authorizeSubscribe: (client, subscription, answer) =>
        answer(null, this.#mayRead(client, subscription.topic) ? subscription : null),
      maxTopicLevels: 32,
      maxInflightInbound: 100,
      connectTimeout: CONNECT_PATIENCE_MS,
      drainTimeout: DRAIN_PATIENCE_MS,
      keepaliveLimit: 0,
    } as Parameters<typeof Aedes.createBroker>[0])
    aedes.on('clientError', (client, error) => this.#fault('client-error', `${client.id}: ${error.message}`))
    aedes.on('connectionError', (_client, error) => {
      if (!(error instanceof AlreadyTold)) this.#fault('client-error', error.message)
    })
    aedes.on(
      'error' as 'closed',
      ((error: Error) => this.#fault('client-error', error.message)) as () => void,
    )
    this.#aedes = aedes
    this.#door = door
    try {
      this.#say(true, await door.open((connection) => void aedes.handle(connection)))
    } catch (error) {
      this.#say(false, error instanceof Error ? error.message : String(error))
      throw error
    }
    await this.#sayPresence(true)
  }

  async stop(): Promise<void> {
    await this.#sayPresence(false)
    const broker = this.#aedes
    this.#aedes = undefined
    const isClosed = this.#door?.close()
    if (broker) await new Promise<void>((resolve) => broker.close(() => resolve()))
    await isClosed
    this.#say(false, 'stopped')
  }

  state(): SourceState {
    return this.#state
  }

  async publish(topic: string, payload: Uint8Array, { isRetained = false }: PublishHow = {}): Promise<void> {
    const mayBeKept = !isRetained || this.#retained.mayRetain(topic, payload.length)
    if (!mayBeKept) this.#fault('too-many-retained', topic)
    await this.#send(topic, payload, isRetained && mayBeKept)
  }

  /** The port it listens on, which the system chose when the option said 0. */
  get port(): number {
    return this.#door?.port ?? this.#options.port
  }

  get #photoTopics(): readonly string[] {
    return this.#options.photoTopics ?? []
  }

  // --- who comes in ---

  #meet(
    client: Client,
    packet: ConnectPacket,
    answer: (error: Error | null, isWelcome: boolean) => void,
  ): void {
    // aedes would answer in the words of 3.1.1, which such a client can't read.
    if ((packet as { protocolVersion?: number }).protocolVersion === 5) {
      this.#fault('mqtt-5-refused', `${packet.clientId || 'a client without name'} speaks MQTT 5`)
      client.conn.write(NOT_MQTT_5)
      answer(new AlreadyTold('MQTT 5'), false)
      return
    }
    // A session kept for a client that is away is a queue without a bound. Nodes send; they don't need one.
    packet.clean = true
    answer(null, true)
  }

  async #authenticate(
    client: Client,
    username: string,
    password: Uint8Array | undefined,
    answer: (error: AuthenticateError | null, isAllowed: boolean | null) => void,
  ): Promise<void> {
    if (this.#users.isOpen) {
      answer(null, true)
      return
    }
    const text = new TextDecoder().decode(password ?? new Uint8Array())
    const signIn = await this.#users.signIn(username, text)
    if (signIn.kind === 'in') this.#userOf.set(client, signIn.user)
    else
      this.#fault(
        signIn.kind === 'busy' ? 'too-many-clients' : 'wrong-password',
        `${client.id} as ${username || 'nobody'}`,
      )
    answer(null, signIn.kind === 'in')
  }

  // --- messages ---

  #mayRead(client: Client | null, filter: string): boolean {
    if (filter.startsWith('$')) return false
    if (this.#users.isOpen) return true
    const user = client && this.#userOf.get(client)
    const isAllowed = user ? maySubscribe(user, filter) : false
    if (!isAllowed) this.#fault('topic-not-allowed', `${user?.name ?? 'nobody'} may not read ${filter}`)
    return isAllowed
  }

  async #publish(client: Client | null, packet: PublishPacket): Promise<void> {
    const { topic, qos } = packet
    if (topic.startsWith('$') || topic.length > MAX_TOPIC_CHARS || topic === this.#options.presence?.topic) {
      this.#fault('topic-refused', topic.slice(0, 80))
      throw new Error('this topic is not taken')
    }
    const user = client ? this.#userOf.get(client) : undefined
    if (!this.#users.isOpen && !(user && mayUse(user, topic))) {
      this.#fault('topic-not-allowed', `${user?.name ?? 'nobody'} may not write ${topic.slice(0, 80)}`)
      throw new Error('this topic is not allowed')
    }
    // A QoS 2 publish that came before and waits for its PUBREL was delivered then (MQTT-4.3.3-2).
    if (qos === 2 && client && (await this.#isKnownQos2(client, packet))) return
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
    const isPhoto = this.#photoTopics.some((filter) => topicMatches(filter, topic))
    if (payload.length > (isPhoto ? MAX_PHOTO_MESSAGE_BYTES : MAX_PAYLOAD_BYTES)) {
      // Acknowledged all the same: the node would send it again for ever.
      this.#fault('message-too-large', `${topic}: ${payload.length} bytes`)
      return
    }
    if (packet.retain && !this.#retained.mayRetain(topic, payload.length)) {
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

  #isKnownQos2(client: Client, packet: PublishPacket): Promise<boolean> {
    const { persistence } = this.#aedes as unknown as {
      persistence: { incomingGetPacket(client: Client, packet: PublishPacket): Promise<unknown> }
    }
    return persistence.incomingGetPacket(client, packet).then(
      () => true,
      () => false,
    )
  }

  /** For edge nodes that wait for their host; a broker that is gone takes their connection with it. */
  async #sayPresence(isOnline: boolean): Promise<void> {
    const { presence, clock } = this.#options
    if (presence && this.#aedes)
      await this.#send(presence.topic, presence.payload(isOnline, clock.wallMs()), true)
  }

  /**
   * One after the other: aedes keeps a retained message before it hands it on, and a subscriber that has seen a later
   * one by then takes it for one that it had (its `dedupe` goes by the order of publishing).
   */
  #send(topic: string, payload: Uint8Array, retain: boolean): Promise<void> {
    const sent = this.#lastSent.then(() => this.#sendNow(topic, payload, retain))
    this.#lastSent = sent.catch(() => {})
    return sent
  }

  async #sendNow(topic: string, payload: Uint8Array, retain: boolean): Promise<void> {
    const broker = this.#aedes
    if (!broker) throw new VuonError('link-down')
    const packet = {
      cmd: 'publish',
      topic,
      payload: Buffer.from(payload),
      qos: 0,
      retain,
      dup: false,
    } as const
    await new Promise<void>((resolve, reject) =>
      broker.publish(packet, (error) => (error ? reject(error) : resolve())),
    )
  }

  #say(isConnected: boolean, detail: string): void {
    this.#state = { isConnected, detail, since: this.#options.clock.wallMs() }
  }

  #fault(...fault: Parameters<SourceFault>): void {
    this.#options.onFault?.(...fault)
  }
}

/** Closes a connection about which a fault of its own was told. */
class AlreadyTold extends Error {}
