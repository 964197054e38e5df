import { toHex } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import type { BusMessage, MessageSource, SourceFault, SourceState } from '../bus/message-source.ts'
import { MqttListener } from '../bus/mqtt-listener.ts'
import { portHolder } from '../bus/serial-ports.ts'
import type { BusConfig } from '../config.ts'
import type { MessageBus } from '../inputs.ts'
import { ownBroker } from '../mqtt-sources.ts'

/** Looking on at the buses of the config beside an agent that may run: it takes nothing away from it. */
export interface Outside {
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  /** A sentence for the person at the terminal; never part of the answer. */
  readonly tell: (sentence: string) => void
}

export const isMessageBus = (bus: BusConfig): bus is MessageBus =>
  bus.kind === 'mqtt' || bus.kind === 'mqtt-broker'

/** Listens at the broker of a bus; where the box's own broker does not run, it is that broker meanwhile. */
export function listenIn(
  bus: MessageBus,
  topics: readonly string[],
  outside: Outside,
  onFault: SourceFault,
): MessageSource {
  const { clock, randomBytes, tell } = outside
  const { name, username, password } = bus
  const shared = {
    bus: name,
    clientId: `vuon-look-${toHex(randomBytes(6))}`,
    topics,
    username,
    password,
    clock,
    onFault,
  }
  if (bus.kind === 'mqtt') {
    const { url, caFile, certFile, keyFile } = bus
    return new MqttListener({ ...shared, url, caFile, certFile, keyFile })
  }
  const { host, port, certFile } = bus
  const near = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  const scheme = certFile === undefined ? 'mqtt' : 'mqtts'
  const url = `${scheme}://${near.includes(':') ? `[${near}]` : near}:${port}`
  const listener = new MqttListener({ ...shared, url, isOwn: true })
  return new ListenerOrBroker(listener, () => {
    tell(
      `${name}: nobody listens on port ${port}, so this command is the broker meanwhile. What nodes send now is shown, not kept.`,
    )
    return ownBroker(bus, { clock, onFault })
  })
}

/** Throws when another process has the serial port of a bus: two that talk on one line spoil each other's frames. */
export function refuseHeldPort(bus: BusConfig): void {
  if (bus.kind !== 'serial') return
  const holder = portHolder(bus.path)
  if (!holder) return
  const isAgent = holder.program === 'vuon-agent'
  throw new VuonError(
    'link-refused',
    `${bus.path} is in use by ${holder.program || 'another program'} (process ${holder.pid}); it is not taken away.`,
    {
      hint: isAgent
        ? 'Stop the agent for this (systemctl stop vuon-agent), or look at `vuon-agent doctor`, which asks it.'
        : 'Stop that program first; only one may talk on a line.',
    },
  )
}

/** A client of the broker where it runs; where nobody listens on its port, that broker. */
class ListenerOrBroker implements MessageSource {
  readonly #listener: MqttListener
  readonly #standIn: () => MessageSource
  #chosen: MessageSource | undefined

  constructor(listener: MqttListener, standIn: () => MessageSource) {
    this.#listener = listener
    this.#standIn = standIn
  }

  async start(deliver: (message: BusMessage) => Promise<void>): Promise<void> {
    try {
      await this.#listener.start(deliver)
      this.#chosen = this.#listener
    } catch (error) {
      await this.#listener.stop()
      const { cause } = error as { cause?: { code?: unknown } }
      if (cause?.code !== 'ECONNREFUSED') throw error
      const broker = this.#standIn()
      await broker.start(deliver)
      this.#chosen = broker
    }
  }

  async stop(): Promise<void> {
    await this.#chosen?.stop()
  }

  state(): SourceState {
    return this.#chosen?.state() ?? this.#listener.state()
  }
}
