import type { Duplex } from 'node:stream'
import { connect, type MqttClient } from 'mqtt'
import { Backoff } from '#contract/ground/backoff.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import {
  type BusMessage,
  MAX_PAYLOAD_BYTES,
  type MessageSource,
  type PublishHow,
  type SourceFault,
  type SourceState,
} from './message-source.ts'
import {
  type BrokerAddress,
  connectionOptions,
  type MqttVersion,
  refusalOf,
  speaksOtherVersion,
} from './mqtt-connection.ts'
import { type Presence, PresenceAtBroker } from './presence.ts'
import { type Publish, PublishStream } from './publish-stream.ts'
import { Unacknowledged } from './unacknowledged.ts'

/**
 * A client of an outside broker that acknowledges only what is stored, with many messages in flight.
 *
 * mqtt.js acknowledges a QoS 1 message as soon as its handler is done and handles one at a time, so one
 * commit per message would be its pace. Therefore PUBLISH packets are taken out of the stream before it, and the four
 * bytes of each PUBACK are written here; mqtt.js connects, subscribes, publishes, and keeps the connection alive.
 *
 *   broker → PublishStream → deliver ┐                                     commit resolves many
 *   broker ← PUBACK PUBACK PUBACK (one write, in the order of arrival) ┴───────────────────────┘
 *
 * After a reconnect the broker sends what was not acknowledged again, with the same ids. What was stored
 * meanwhile is recognised by id and content, acknowledged, and not delivered twice.
 */
export interface MqttSourceOptions extends BrokerAddress {
  readonly bus: string
  readonly topics: readonly string[]
  /** MQTT 3.1.1 (4) or 5. If not given: 5, and 3.1.1 from the moment that the broker says it doesn't speak 5. */
  readonly protocol?: MqttVersion | undefined
  /** With it each connection begins anew at the broker, as standards with presence ask: nothing is kept for us. */
  readonly presence?: Presence | undefined
  /** The largest message that is taken, where it is not readings that come (photos). */
  readonly maxPayloadBytes?: number | undefined
  readonly clock: Clock
  readonly random: Random
  readonly onFault?: SourceFault
}

const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 60_000
// A card that stalls must not keep the program from ending; what is not acknowledged comes again.
const STOP_PATIENCE_MS = 5000

export class MqttSource implements MessageSource {
  readonly #options: MqttSourceOptions
  readonly #backoff: Backoff
  readonly #unacknowledged: Unacknowledged
  #version: MqttVersion
  #client: MqttClient | undefined
  #stream: PublishStream | undefined
  #deliver: (message: BusMessage) => Promise<void> = () => Promise.reject(new VuonError('link-down'))
  #hasSubscribed = false
  /** This attempt to connect failed, and that was told. */
  #hasFailed = false
  /** What messages named to listen to, beside the topics of the config. */
  readonly #furtherTopics = new Set<string>()
  /** The last that was to be stored could not be. */
  #isRefusing = false
  readonly #presence: PresenceAtBroker | undefined
  #cancelRetry = () => {}
  #isWanted = false
  #state: SourceState

  constructor(options: MqttSourceOptions) {
    this.#options = options
    this.#version = options.protocol ?? 5
    this.#presence = options.presence && new PresenceAtBroker(options.presence, options.clock)
    this.#backoff = new Backoff({
      firstMs: FIRST_RETRY_MS,
      longestMs: LONGEST_RETRY_MS,
      random: options.random,
    })
    this.#unacknowledged = new Unacknowledged({
      deliver: (publish) => this.#deliverOne(publish),
      write: (bytes) => {
        if (!this.#client?.connected) return false
        this.#client.stream.write(bytes)
        return true
      },
      onStored: () => {
        if (this.#isRefusing) this.#backoff.succeeded()
        this.#isRefusing = false
      },
      onNotStored: (error, isWaitedFor) => {
        this.#isRefusing = true
        this.#fault('not-stored', error instanceof Error ? error.message : String(error))
        // The broker sends an unacknowledged message again only over a new connection.
        if (!isWaitedFor) return
        this.#unacknowledged.connectionEnded()
        this.#client?.stream.destroy()
      },
      onRoom: () => this.#stream?.goOn(),
    })
    this.#state = { isConnected: false, detail: 'not connected yet', since: options.clock.wallMs() }
  }

  /**
   * Resolves at once: a broker that is away is tried again with growing waits. Rejects with `file-unreadable` when a
   * certificate or key can't be read.
   */
  async start(deliver: (message: BusMessage) => Promise<void>): Promise<void> {
    this.#deliver = deliver
    this.#isWanted = true
    this.#open()
  }

  async stop(): Promise<void> {
    this.#isWanted = false
    this.#cancelRetry()
    const client = this.#client
    if (client?.connected) {
      // What is being stored just now is acknowledged before we go, or it would come again.
      await this.#withinPatience(Promise.allSettled(this.#unacknowledged.pending))
      this.#unacknowledged.flush()
      if (this.#presence) await this.#withinPatience(this.#presence.leave(client))
    }
    this.#client = undefined
    if (client) {
      // A broker that does not close its end must not keep us.
      await this.#withinPatience(client.endAsync(!client.connected))
      client.end(true)
    }
    this.#say(false, 'stopped')
  }

  state(): SourceState {
    return this.#state
  }

  async publish(topic: string, payload: Uint8Array, how: PublishHow = {}): Promise<void> {
    const client = this.#client
    if (!client?.connected) throw new VuonError('link-down')
    const { qos = 0, isRetained = false } = how
    await client.publishAsync(topic, Buffer.from(payload), { qos, retain: isRetained })
  }

  #open(): void {
    const will = this.#presence?.nextWill()
    const client = connect(this.#options.url, {
      ...connectionOptions(this.#options, this.#version, will),
      manualConnect: true,
    })
    this.#client = client
    const openSocket = client['streamBuilder'] as (client: MqttClient) => Duplex
    client['streamBuilder'] = () => this.#through(openSocket(client))
    // What PublishStream leaves to mqtt.js: nobody asks a broker for QoS 2, which is stored before it is done all the same.
    client.handleMessage = (packet, done) => {
      const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
      const { topic, retain: isRetained } = packet
      const publish = {
        topic,
        payload,
        sizeBytes: payload.length,
        messageId: 0,
        isRetained,
        isSentAgain: false,
      }
      this.#deliverOne(publish).then(
        () => done(),
        () => client.stream.destroy(),
      )
    }
    client.on('connect', (packet) => this.#connected(client, packet.sessionPresent))
    client.on('disconnect', ({ reasonCode }) => {
      // MQTT 5 §3.14.2.1; 142: somebody else came with our client id.
      this.#fault('refused-by-broker', `the broker ended the connection, reason ${reasonCode ?? 0}`)
      // The one that hears it closes (MQTT-3.14.4-3), and mqtt.js leaves that to us.
      client.stream.destroy()
    })
    client.on('close', () => {
      if (this.#client === client) this.#closed(client)
    })
    client.on('error', (error) => {
      if (this.#client === client) this.#failed(error)
    })
    client.connect()
  }

  #through(socket: Duplex): PublishStream {
    const onPublish = (publish: Publish): void => {
      if (!this.#unacknowledged.take(publish)) stream.hold()
    }
    const stream = new PublishStream(socket, this.#version, onPublish, this.#options)
    this.#stream = stream
    return stream
  }

  async #withinPatience(what: Promise<unknown>): Promise<void> {
    let cancel = () => {}
    const patience = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(STOP_PATIENCE_MS, resolve)
    })
    await Promise.race([what.catch(() => {}), patience])
    cancel()
  }

  #connected(client: MqttClient, isSessionPresent: boolean): void {
    // A broker that we left because nothing could be stored is good, but not to be asked more often for that.
    if (!this.#isRefusing) this.#backoff.succeeded()
    this.#say(true, `${this.#options.url} (MQTT ${this.#version === 5 ? '5' : '3.1.1'})`)
    if (!isSessionPresent) this.#unacknowledged.sessionEnded()
    // Once a start even with a session, for the retained device lists.
    if (!isSessionPresent || !this.#hasSubscribed) this.#subscribe(client)
    this.#presence?.announce(client)
  }

  #subscribe(client: MqttClient): void {
    this.#hasSubscribed = true
    this.#subscribeTo(client, [...this.#options.topics, ...this.#furtherTopics])
  }

  subscribe(topics: readonly string[]): void {
    const news = topics.filter((topic) => !this.#furtherTopics.has(topic))
    for (const topic of news) this.#furtherTopics.add(topic)
    if (this.#client?.connected) this.#subscribeTo(this.#client, news)
  }

  #subscribeTo(client: MqttClient, topics: readonly string[]): void {
    // One packet a topic: mqtt.js tells of a refused one by an error for the whole packet.
    for (const topic of topics) {
      client.subscribe(topic, { qos: 1 }, (error) => {
        if (!error) return
        this.#hasSubscribed = false
        if (client.connected) this.#fault('refused-by-broker', `may not read ${topic}`)
      })
    }
  }

  #failed(error: Error & { code?: unknown }): void {
    // mqtt.js tells of one failed handshake twice.
    if (this.#hasFailed) return
    this.#hasFailed = true
    if (speaksOtherVersion(error) && this.#version === 5 && this.#options.protocol === undefined) {
      this.#version = 4
      this.#say(false, 'the broker does not speak MQTT 5; going on with 3.1.1')
      return
    }
    this.#say(false, error.message)
    const refusal = refusalOf(error)
    if (refusal) this.#fault(refusal, error.message)
  }

  #closed(client: MqttClient): void {
    this.#hasFailed = false
    if (this.#state.isConnected) {
      this.#fault('connection-lost', this.#options.url)
      this.#say(false, 'connection lost')
    }
    this.#unacknowledged.connectionEnded()
    if (!this.#isWanted) return
    this.#cancelRetry()
    this.#cancelRetry = this.#options.clock.after(this.#backoff.failed(), () => {
      if (!this.#isWanted || this.#client !== client) return
      if (client.options.protocolVersion === this.#version) {
        if (this.#presence) client.options.will = this.#presence.nextWill()
        client.reconnect()
        return
      }
      client.end(true)
      this.#open()
    })
  }

  #deliverOne({ topic, payload, sizeBytes, messageId, isRetained }: Publish): Promise<void> {
    if (this.#presence?.heard(topic, payload, this.#client)) return NOTHING_TO_STORE
    if (sizeBytes > (this.#options.maxPayloadBytes ?? MAX_PAYLOAD_BYTES)) {
      // Acknowledged all the same: it would come again for ever and block what stands behind it.
      this.#fault('message-too-large', `${topic}: ${sizeBytes} bytes`)
      return NOTHING_TO_STORE
    }
    const qos = messageId > 0 ? 1 : 0
    return this.#deliver({ bus: this.#options.bus, topic, payload, qos, isRetained })
  }

  #say(isConnected: boolean, detail: string): void {
    const since = isConnected === this.#state.isConnected ? this.#state.since : this.#options.clock.wallMs()
    this.#state = { isConnected, detail, since }
  }

  #fault(...fault: Parameters<SourceFault>): void {
    this.#options.onFault?.(...fault)
  }
}

const NOTHING_TO_STORE = Promise.resolve()
