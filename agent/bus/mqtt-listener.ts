import { readFileSync } from 'node:fs'
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { withoutAddressSecrets } from './capture-secrets.ts'
import {
  type BusMessage,
  MAX_PAYLOAD_BYTES,
  type MessageSource,
  type SourceFault,
  type SourceState,
} from './message-source.ts'

/**
 * Looks on at a broker for a while, beside the agent: a client of its own name whose session ends with it, so that
 * nothing is kept for it and nothing that the agent waits for is taken away. What it hears is not stored, and its
 * acknowledgements are its own.
 */
export interface MqttListenerOptions {
  readonly bus: string
  readonly url: string
  readonly clientId: string
  /** Everything, unless a broker's access list allows only these. */
  readonly topics: readonly string[]
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly caFile?: string | undefined
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
  /** The broker of this very machine: who could stand in for it on a loopback address is on the box already. */
  readonly isOwn?: boolean
  readonly clock: Clock
  readonly onFault?: SourceFault
}

const CONNECT_TIMEOUT_MS = 5000
const RECONNECT_MS = 2000
const EVERYTHING = '#'

export class MqttListener implements MessageSource {
  readonly #options: MqttListenerOptions
  #client: MqttClient | undefined
  #state: SourceState

  constructor(options: MqttListenerOptions) {
    this.#options = options
    this.#state = { isConnected: false, detail: 'not connected yet', since: options.clock.wallMs() }
  }

  /** Resolves when it is subscribed; rejects with `link-down` when the broker can't be had. A lost connection comes back by itself. */
  async start(deliver: (message: BusMessage) => Promise<void>): Promise<void> {
    const { url } = this.#options
    const client = connect(url, this.#clientOptions())
    this.#client = client
    client.on('message', (topic, payload, packet) => this.#receive(deliver, topic, payload, packet))
    client.on('error', (error) => this.#say(false, error.message))
    client.on('close', () => {
      if (!this.#state.isConnected) return
      this.#say(false, 'connection lost')
      this.#options.onFault?.('connection-lost', url)
    })
    await new Promise<void>((resolve, reject) => {
      const failed = (reason: string, cause?: unknown) => {
        cancel()
        client.end(true)
        reject(
          new VuonError('link-down', `${withoutAddressSecrets(url)}: ${reason}`, {
            cause,
            hint: 'Check the address, that the broker runs, and name and password.',
          }),
        )
      }
      const cancel = this.#options.clock.after(CONNECT_TIMEOUT_MS, () => failed('no answer'))
      client.once('connect', () => {
        cancel()
        resolve()
      })
      client.once('error', (error) =>
        failed(error.message || String((error as { code?: unknown }).code), error),
      )
      client.once('close', () => failed(this.#state.detail))
    })
    // Once it was there it is waited for: a recording of a day outlives a broker's restart. mqtt.js subscribes again.
    client.options.reconnectPeriod = RECONNECT_MS
    client.on('connect', () => this.#say(true, url))
    this.#say(true, url)
    if (await this.#subscribe(client, EVERYTHING)) return
    for (const topic of this.#options.topics)
      if (!(await this.#subscribe(client, topic)))
        this.#options.onFault?.('refused-by-broker', `may not read ${topic}`)
  }

  async stop(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    this.#state = { ...this.#state, isConnected: false }
    if (client) await client.endAsync(true)
  }

  state(): SourceState {
    return this.#state
  }

  #receive(
    deliver: (message: BusMessage) => Promise<void>,
    topic: string,
    payload: Uint8Array,
    { qos, retain }: IPublishPacket,
  ): void {
    if (payload.length > MAX_PAYLOAD_BYTES) {
      this.#options.onFault?.('message-too-large', `${topic}: ${payload.length} bytes`)
      return
    }
    const { bus } = this.#options
    deliver({ bus, topic, payload, qos, isRetained: retain }).catch((error: Error) =>
      this.#options.onFault?.('not-stored', error.message),
    )
  }

  /** False when the broker's access list says no. */
  async #subscribe(client: MqttClient, topic: string): Promise<boolean> {
    try {
      const granted = await client.subscribeAsync(topic, { qos: 1 })
      return granted.every(({ qos }) => Number(qos) < 128)
    } catch {
      return false
    }
  }

  #clientOptions(): IClientOptions {
    const { clientId, username, password, caFile, certFile, keyFile, isOwn = false } = this.#options
    return {
      clientId,
      clean: true,
      reconnectPeriod: 0,
      rejectUnauthorized: !isOwn,
      connectTimeout: CONNECT_TIMEOUT_MS,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
      ...(certFile === undefined ? {} : { cert: readFileSync(certFile) }),
      ...(keyFile === undefined ? {} : { key: readFileSync(keyFile) }),
    }
  }

  #say(isConnected: boolean, detail: string): void {
    this.#state = { isConnected, detail, since: this.#options.clock.wallMs() }
  }
}
