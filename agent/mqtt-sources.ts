import type { Clock } from '#contract/ground/clock.ts'
import type { Random } from '#contract/ground/random.ts'
import type { BrokerUser } from './bus/broker-users.ts'
import { EmbeddedBroker } from './bus/embedded-broker.ts'
import { MAX_PHOTO_MESSAGE_BYTES, type MessageSource, type SourceFault } from './bus/message-source.ts'
import { MqttSource } from './bus/mqtt-client.ts'
import type { Presence } from './bus/presence.ts'
import type { BusConfig } from './config.ts'
import { hostPresence } from './devices/sparkplug/host-state.ts'

/** The broker that the config names, or the one that it makes us. */

type OwnBrokerBus = Extract<BusConfig, { kind: 'mqtt-broker' }>
type BrokerBus = Extract<BusConfig, { kind: 'mqtt' }>

export interface SourceSurroundings {
  readonly clock: Clock
  readonly random: Random
  /** The broker keeps messages for this name while the box is away. */
  readonly clientIdOf: (bus: string) => string
  /** Said at the broker instead of what the bus says of itself; an outside broker only. */
  readonly presence?: Presence | undefined
  readonly onFault: SourceFault
}

export function openMqttSource(
  bus: OwnBrokerBus | BrokerBus,
  topics: readonly string[],
  surroundings: SourceSurroundings,
): MessageSource {
  if (bus.kind === 'mqtt-broker') return ownBroker(bus, surroundings)
  const { name, url, username, password, caFile, certFile, keyFile, protocol } = bus
  const { clientIdOf, presence, ...outside } = surroundings
  return new MqttSource({
    ...{ bus: name, url, topics, username, password, caFile, certFile, keyFile, protocol },
    clientId: clientIdOf(name),
    presence: presence ?? presenceOf(bus),
    // The connection of cameras: it decodes nothing, and hears nothing else.
    maxPayloadBytes:
      bus.cameras.length > 0 && bus.decoders.length === 0 ? MAX_PHOTO_MESSAGE_BYTES : undefined,
    ...outside,
  })
}

export function ownBroker(
  bus: OwnBrokerBus,
  { clock, onFault }: Pick<SourceSurroundings, 'clock' | 'onFault'>,
): EmbeddedBroker {
  const { name, host, port, allowInternet, certFile, keyFile, maxClients } = bus
  return new EmbeddedBroker({
    ...{ bus: name, host, port, allowInternet, certFile, keyFile, maxClients, clock, onFault },
    users: usersOf(bus),
    photoTopics: bus.cameras.map(({ topic }) => topic),
    presence: presenceOf(bus),
  })
}

/** The one name and password for all nodes, and those that have their own. */
export const usersOf = ({ username, password, users }: OwnBrokerBus): readonly BrokerUser[] => [
  ...(username === undefined ? [] : [{ name: username, password: password ?? '', topics: ['#'] }]),
  ...users,
]

const presenceOf = ({ decoders, sparkplug }: OwnBrokerBus | BrokerBus): Presence | undefined =>
  sparkplug.hostId !== undefined && decoders.includes('sparkplug')
    ? hostPresence(sparkplug.hostId)
    : undefined
