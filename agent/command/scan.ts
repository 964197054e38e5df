import { sleep } from '#contract/ground/clock.ts'
import { withoutAddressSecrets } from '../bus/capture-secrets.ts'
import type { MessageSource } from '../bus/message-source.ts'
import { type PresentPort, presentPorts } from '../bus/serial-ports.ts'
import { topicMatches } from '../bus/topic-filter.ts'
import {
  learntPeriodS,
  type ProposalFacts,
  type ProposedMapping,
  proposedConfig,
} from '../commissioning/proposal.ts'
import { ScanBook, type ScanDecoder, type TopicSeen, type ValueSeen } from '../commissioning/scan-book.ts'
import { type AgentConfig, agentConfigSchema } from '../config.ts'
import { createDecoder } from '../devices/decode-as.ts'
import { DECODE_KINDS, type DecoderKind } from '../devices/decode-kinds.ts'
import type { CodecOf } from '../devices/lorawan/lora-device.ts'
import type { MessageDecoder } from '../devices/message-decoder.ts'
import { codecsOf, decodersOf, type MessageBus } from '../inputs.ts'
import { knownDevices } from '../known-devices.ts'
import { isMessageBus, listenIn, type Outside } from './listen-in.ts'

export interface ScanAsked {
  readonly seconds: number
  /** Brokers to look at instead of those of the config. */
  readonly brokers: readonly {
    readonly url: string
    readonly username?: string
    readonly password?: string
  }[]
  readonly ports?: () => Promise<readonly PresentPort[]>
  readonly signal?: AbortSignal
}

export interface ScanReport {
  readonly seconds: number
  readonly ports: readonly (PresentPort & { readonly bus: string | null })[]
  readonly buses: readonly ScannedBus[]
  /** YAML to paste; empty when nothing is new. */
  readonly proposal: string
}

export interface ScannedBus {
  readonly bus: string
  readonly address: string
  /** What kept it from being heard; empty when it was. */
  readonly problem: string
  readonly messages: number
  readonly notLookedAt: number
  readonly topics: readonly TopicSeen[]
  readonly devices: readonly ScannedDevice[]
}

export interface ScannedDevice {
  readonly device: string
  readonly decoder: string
  readonly isInConfig: boolean
  readonly everyS: number | null
  readonly readings: readonly ValueSeen[]
}

const PROGRESS_MS = 5000

/** Listens at every broker for a while and looks which serial ports there are. A broker that is away is told in the report. */
export async function scan(config: AgentConfig, asked: ScanAsked, outside: Outside): Promise<ScanReport> {
  const { clock, tell } = outside
  const isStranger = asked.brokers.length > 0
  const buses = isStranger
    ? asked.brokers.map((broker, index) => strangeBus(`mqtt-${index + 1}`, broker))
    : config.buses.filter(isMessageBus)
  const codecs = codecsOf(config.lorawan, clock)
  const looks = buses.map((bus) => new Look(bus, isStranger, codecs.codecOf, outside))
  try {
    await Promise.all(looks.map((look) => look.start()))
    const heard = () => looks.reduce((sum, { book }) => sum + book.messages, 0)
    const begunAt = clock.monotonicMs()
    if (looks.some((look) => look.problem === ''))
      for (let leftMs = asked.seconds * 1000; leftMs > 0 && !asked.signal?.aborted; ) {
        await sleep(clock, Math.min(leftMs, PROGRESS_MS), asked.signal)
        leftMs = asked.seconds * 1000 - (clock.monotonicMs() - begunAt)
        tell(`${Math.max(0, Math.ceil(leftMs / 1000))} s left, ${heard()} messages so far`)
      }
    await Promise.all(looks.map((look) => look.book.settled()))
  } finally {
    await Promise.all(looks.map((look) => look.stop()))
    await codecs.stop()
  }
  const present = await (asked.ports ?? presentPorts)()
  const ports = present.map((port) => ({ ...port, bus: busOfPort(config, port) }))
  const known = new Set([...knownDevices(config)].map(({ name }) => name))
  return {
    seconds: asked.seconds,
    ports,
    buses: looks.map((look) => look.report(known)),
    proposal: proposedConfig({
      newPorts: ports
        .filter((port) => port.bus === null && port.heldBy === null)
        .map(({ path, maker, serialNumber }) => ({
          path,
          note: [maker, serialNumber].filter(Boolean).join(' '),
        })),
      newBrokers: isStranger
        ? looks
            .filter((look) => look.problem === '')
            .map((look) => ({
              url: withoutAddressSecrets(look.address),
              hasPassword: look.bus.username !== undefined,
              decoders: look.heardDecoders(),
              mappings: look.mappings(),
            }))
        : [],
      moreDecoders: isStranger ? [] : looks.flatMap((look) => look.moreDecoders()),
      newDevices: looks
        .flatMap((look) => look.report(known).devices)
        .filter((each, index, all) => all.findIndex(({ device }) => device === each.device) === index)
        .filter(({ isInConfig }) => !isInConfig)
        .map(({ device, everyS, readings }) => ({
          device,
          everyS: everyS ?? undefined,
          quantities: readings.map(({ quantity, channel }) => [quantity, channel].filter(Boolean).join(' ')),
        })),
      takenNames: new Set(config.buses.map(({ name }) => name)),
    }),
  }
}

/** One broker that is listened to. */
class Look {
  readonly bus: MessageBus
  readonly book: ScanBook
  problem = ''
  readonly #decoders: readonly LookingDecoder[]
  readonly #source: MessageSource

  constructor(bus: MessageBus, isStranger: boolean, codecOf: CodecOf, outside: Outside) {
    this.bus = bus
    this.#decoders = allDecoders(bus, isStranger, codecOf)
    this.book = new ScanBook(this.#decoders.map(asScanDecoder), outside.clock)
    const topics = this.#decoders
      .flatMap(({ decoder }) => decoder.topicFilters)
      .filter((topic) => topic !== '#')
    this.#source = listenIn(bus, [...new Set(topics)], outside, (code, detail) => {
      if (code === 'connection-lost') this.problem = `connection lost: ${detail}`
      else outside.tell(`${bus.name}: ${code}: ${detail}`)
    })
  }

  get address(): string {
    return this.bus.kind === 'mqtt' ? this.bus.url : `mqtt://${this.bus.host}:${this.bus.port}`
  }

  async start(): Promise<void> {
    try {
      await this.#source.start((message) => this.book.hear(message))
    } catch (error) {
      this.problem = (error as Error).message
    }
  }

  async stop(): Promise<void> {
    await this.#source.stop()
    await Promise.all(this.#decoders.map(({ decoder }) => decoder.stop?.()))
  }

  heardDecoders(): string[] {
    return [...new Set([...this.book.devices.values()].map(({ decoder }) => decoder))].sort()
  }

  /** Topics of people's own making: those whose names say what they are, and those that nobody understands. */
  mappings(): ProposedMapping[] {
    return [...this.book.topics.values()].flatMap(({ topic, state, decoder, numbersAt }) =>
      decoder === GUESSED && state === 'readings'
        ? [{ topic, numbersAt: [] }]
        : state === 'nobody' && numbersAt.length > 0
          ? [{ topic, numbersAt }]
          : [],
    )
  }

  moreDecoders(): ProposalFacts['moreDecoders'] {
    const configured = this.#decoders.filter((each) => each.isConfigured).map(({ decoder }) => decoder.kind)
    const more = this.heardDecoders().filter((kind) => !configured.includes(kind))
    const mappings = this.mappings()
    return more.length === 0 && mappings.length === 0
      ? []
      : [{ bus: this.bus.name, decoders: [...new Set([...configured, ...more])], mappings }]
  }

  report(known: ReadonlySet<string>): ScannedBus {
    const { messages, notLookedAt, topics, devices } = this.book
    return {
      bus: this.bus.name,
      address: withoutAddressSecrets(this.address),
      problem: this.problem,
      messages,
      notLookedAt,
      topics: [...topics.values()].sort((a, b) => a.topic.localeCompare(b.topic)),
      devices: [...devices.values()]
        .map(({ device, decoder, heardAt, values }) => ({
          device,
          decoder,
          isInConfig: known.has(device),
          everyS: learntPeriodS(heardAt) ?? null,
          readings: [...values.values()],
        }))
        .sort((a, b) => a.device.localeCompare(b.device, 'vi')),
    }
  }
}

interface LookingDecoder {
  readonly decoder: MessageDecoder
  readonly isConfigured: boolean
}

// It takes any JSON whose names say what they are.
const GUESSED = 'json'

/** Those of the config first, then every other kind that a bus may name, and last the one that guesses. */
function allDecoders(bus: MessageBus, isStranger: boolean, codecOf: CodecOf): readonly LookingDecoder[] {
  const configured = isStranger
    ? []
    : decodersOf(bus, undefined, codecOf).map((decoder) => ({ decoder, isConfigured: true }))
  const kinds = configured.map(({ decoder }) => decoder.kind)
  const others = DECODE_KINDS.filter(
    (kind) => kind !== GUESSED && !kinds.includes(kind) && isBusDecoder(kind),
  )
  return [
    ...configured,
    ...[...others, GUESSED].map((kind) => ({
      decoder: createDecoder(kind as DecoderKind, { zigbee2mqttBase: bus.zigbee2mqttBase, codecOf }),
      isConfigured: false,
    })),
  ]
}

/** `decode` knows kinds that come over lines, too; the config's own declaration says which may stand under a bus. */
const isBusDecoder = (kind: string): boolean =>
  agentConfigSchema.safeParse({
    buses: [{ kind: 'mqtt', name: 'any', url: 'mqtt://any', decoders: [kind] }],
  }).success

const asScanDecoder = ({ decoder, isConfigured }: LookingDecoder): ScanDecoder => ({
  kind: decoder.kind,
  isConfigured,
  isLastResort: !isConfigured && decoder.kind === GUESSED,
  matches: (topic) => decoder.topicFilters.some((filter) => topicMatches(filter, topic)),
  decode: (message) => decoder.decode(message),
})

function strangeBus(name: string, { url, username, password }: ScanAsked['brokers'][number]): MessageBus {
  const bus = { kind: 'mqtt', name, url, ...(username === undefined ? {} : { username, password }) }
  return agentConfigSchema.parse({ buses: [bus] }).buses.find(isMessageBus) as MessageBus
}

function busOfPort(config: AgentConfig, { path, device }: PresentPort): string | null {
  const bus = config.buses.find(
    (each) => each.kind === 'serial' && (each.path === path || each.path === device),
  )
  return bus?.name ?? null
}

/** For people: ports, then each broker with its devices, and what nobody understands. */
export function scanText({ ports, buses, proposal }: ScanReport): string {
  const lines: string[] = [ports.length === 0 ? 'No serial port is present.' : 'Serial ports:']
  for (const { path, maker, serialNumber, bus, heldBy } of ports) {
    const what = [maker, serialNumber].filter(Boolean).join(' ')
    const use = bus ? `bus ${bus}` : 'not in the config'
    const held = heldBy
      ? `; in use by ${heldBy.program || 'a program'} (process ${heldBy.pid}), left alone`
      : ''
    lines.push(`  ${path}${what ? ` (${what})` : ''}: ${use}${held}`)
  }
  for (const { bus, address, problem, messages, notLookedAt, topics, devices } of buses) {
    lines.push('', `${bus}, ${address}: ${problem || `${messages} messages, ${topics.length} topics`}`)
    if (notLookedAt > 0) lines.push(`  ${notLookedAt} messages were not looked at: too many at once`)
    for (const { device, decoder, isInConfig, everyS, readings } of devices) {
      const rhythm = everyS === null ? '' : `, about every ${everyS} s`
      lines.push(`  ${device} (${decoder}${rhythm})${isInConfig ? '' : ' — not in the config'}`)
      for (const { quantity, channel, value, unit, count } of readings)
        lines.push(`    ${[quantity, channel].filter(Boolean).join(' ')} = ${value} ${unit} (${count}×)`)
    }
    const listed = (state: TopicSeen['state'], title: string) => {
      const those = topics.filter((each) => each.state === state)
      if (those.length === 0) return
      lines.push(`  ${title}`)
      for (const { topic, count, sample, fault } of those)
        lines.push(`    ${topic} ${count}× ${fault || sample}`)
    }
    listed('nobody', 'Nobody understands:')
    listed('faulty', 'Could not be read:')
  }
  if (proposal)
    lines.push('', '# To paste into the configuration; then: vuon-agent config check', proposal.trimEnd())
  return lines.join('\n')
}
