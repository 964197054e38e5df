import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { BusMessage, MessageSource, PublishHow, SourceFault, SourceState } from './bus/message-source.ts'
import type { Presence } from './bus/presence.ts'
import type { InputsOptions, MessageBus } from './inputs.ts'

/**
 * Where the agent itself publishes: alarms, and what it announces to Home Assistant.
 *
 *   outside broker ◄── a connection of its own, so that readings and alarms never wait for each other; its will says
 *                      that the box is gone
 *   built-in broker ◄── the broker itself, which Inputs starts
 */
export interface MqttPost {
  /** At QoS 1 it resolves when the broker has it. Rejects with `link-down` while there is no connection. */
  publish(topic: string, payload: Uint8Array, how?: PublishHow): Promise<void>
  state(): SourceState
}

/** As `AgentOutside.openSource`. */
export type OpenSource = (
  bus: MessageBus,
  topics: readonly string[],
  onFault: SourceFault,
  presence?: Presence,
) => MessageSource

export interface MqttPostsOptions {
  readonly buses: readonly MessageBus[]
  readonly openSource: OpenSource
  /** Topic under which the broker says whether the box is there: `online` or `offline`, retained. */
  readonly statusTopic: string
  /** What is listened to on each bus, and by whom. */
  readonly hears: ReadonlyMap<
    string,
    { readonly topic: string; readonly hear: (payload: Uint8Array) => void }
  >
  readonly clock: Clock
  readonly onFault: (bus: string, ...fault: Parameters<SourceFault>) => void
}

export class MqttPosts {
  readonly #options: MqttPostsOptions
  readonly #builtIn = new Map<string, MessageSource>()
  readonly #outside = new Map<string, MessageSource>()

  constructor(options: MqttPostsOptions) {
    this.#options = options
    for (const bus of options.buses)
      if (bus.kind === 'mqtt') this.#outside.set(bus.name, this.#openOutside(bus))
  }

  /** What Inputs opens its sources by: a built-in broker is remembered, and tells what is listened to here. */
  openForInputs(openSource: InputsOptions['openSource']): InputsOptions['openSource'] {
    return (bus, topics, onFault) => {
      const source = openSource(bus, topics, onFault)
      if (bus.kind !== 'mqtt-broker' || !this.#options.buses.some(({ name }) => name === bus.name))
        return source
      this.#builtIn.set(bus.name, source)
      return this.#listeningIn(bus.name, source)
    }
  }

  to(bus: string): MqttPost {
    const source = (): MessageSource | undefined => this.#outside.get(bus) ?? this.#builtIn.get(bus)
    return {
      publish: async (topic, payload, how) => {
        const there = source()
        if (!there?.publish || !there.state().isConnected) throw new VuonError('link-down')
        await there.publish(topic, payload, how)
      },
      state: () => source()?.state() ?? { isConnected: false, detail: 'not started', since: 0 },
    }
  }

  /** Brokers that are away are tried again by themselves; one that can't be tried at all is told. */
  async start(): Promise<void> {
    for (const [bus, source] of this.#outside) {
      const started = source.start(async (message) => void this.#hear(bus, message))
      await started.catch((error: Error) => this.#options.onFault(bus, 'connection-lost', error.message))
    }
  }

  /** Before Inputs stops: a built-in broker is told while it still runs. */
  async stop(): Promise<void> {
    for (const source of this.#builtIn.values()) await this.#sayStatus(source, 'offline')
    await Promise.allSettled([...this.#outside.values()].map((source) => source.stop()))
  }

  #openOutside(bus: Extract<MessageBus, { kind: 'mqtt' }>): MessageSource {
    const { openSource, onFault, statusTopic, hears } = this.#options
    const heard = hears.get(bus.name)
    // Another name at the broker than the readings' connection; no decoder looks at what is heard.
    return openSource(
      { ...bus, name: `${bus.name}-notices`, decoders: [] },
      heard ? [heard.topic] : [],
      (code, detail) => onFault(bus.name, code, detail),
      presenceAt(statusTopic),
    )
  }

  /** Of a built-in broker; one that does not run has nobody to tell. */
  async #sayStatus(source: MessageSource, status: 'online' | 'offline'): Promise<void> {
    const payload = new TextEncoder().encode(status)
    await source.publish?.(this.#options.statusTopic, payload, { isRetained: true }).catch(() => {})
  }

  #hear(bus: string, { topic, payload }: BusMessage): boolean {
    const heard = this.#options.hears.get(bus)
    if (!heard || topic !== heard.topic) return false
    heard.hear(payload)
    return true
  }

  /** What is meant for us is no device's message. */
  #listeningIn(bus: string, source: MessageSource): MessageSource {
    const { publish, subscribe } = source
    return {
      start: async (deliver) => {
        await source.start(async (message) => {
          if (!this.#hear(bus, message)) await deliver(message)
        })
        await this.#sayStatus(source, 'online')
      },
      stop: () => source.stop(),
      state: () => source.state(),
      ...(publish ? { publish: publish.bind(source) } : {}),
      ...(subscribe ? { subscribe: subscribe.bind(source) } : {}),
    }
  }
}

const presenceAt = (topic: string): Presence => ({
  topic,
  payload: (isOnline) => new TextEncoder().encode(isOnline ? 'online' : 'offline'),
  saysOffline: (payload) => new TextDecoder().decode(payload) === 'offline',
})
