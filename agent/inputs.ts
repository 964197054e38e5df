import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import type { ByteLine, LineSettings } from './bus/byte-line.ts'
import type { BusMessage, MessageSource, SourceFault } from './bus/message-source.ts'
import { topicMatches } from './bus/topic-filter.ts'
import type { CameraView } from './camera-config.ts'
import { type CameraInput, CameraInputs, cameraBusName, type TopicCameras } from './camera-inputs.ts'
import type { BusConfig, ProbeConfig } from './config.ts'
import { createDecoder } from './devices/decode-as.ts'
import { LorawanCodecs } from './devices/lorawan/codecs.ts'
import type { CodecOf } from './devices/lorawan/lora-device.ts'
import type { MessageDecoder } from './devices/message-decoder.ts'
import { framingOf, type ModbusProtocol } from './devices/modbus/framing-of.ts'
import type { PolledProbe } from './devices/modbus/polled-probe.ts'
import { ModbusPoller } from './devices/modbus/poller.ts'
import { loadProfile, type Profile } from './devices/modbus/profile.ts'
import type { CounterStore } from './devices/modbus/running-total.ts'
import type { DecodeResult, Observation } from './devices/observation.ts'
import { talkerInput, talkerSettings } from './line-input.ts'
import type { LorawanConfig } from './lorawan-config.ts'
import { type TalkerConfig, talkerOf } from './talker-config.ts'

/**
 * Everything that brings observations in, made from the config:
 *
 *   serial, TCP ─► line ─► poller (asks, frames, profile) ─┐
 *                       └► talker (its own way to talk) ───┤
 *   broker, MQTT ─► source ─► decoders ────────────────────┴─► accept (resolves when it is on disk)
 *                      └► cameras ─► spool ─► take photo
 *   folder, HTTP ─────────┘
 */
export type ProbeBus = Extract<BusConfig, { kind: 'serial' | 'modbus-tcp' }>
export type LineBus = ProbeBus | Extract<BusConfig, { kind: 'tcp-line' }>
export type MessageBus = Extract<BusConfig, { kind: 'mqtt-broker' | 'mqtt' }>
type CameraBus = Extract<BusConfig, { kind: 'camera-folder' | 'camera-http' }>

export interface InputsOptions {
  readonly buses: readonly BusConfig[]
  readonly clock: Clock
  readonly random: Random
  readonly openLine: (bus: LineBus, settings: LineSettings) => ByteLine
  readonly openSource: (bus: MessageBus, topics: readonly string[], onFault: SourceFault) => MessageSource
  readonly accept: (
    bus: string,
    observations: readonly Observation[],
    wait: 'soon' | 'window',
  ) => Promise<void>
  /** Where the running totals of counters go on. */
  readonly counters?: CounterStore
  /** Whose bytes the box decodes itself; nobody's if not given. */
  readonly lorawan?: LorawanConfig
  /** Resolves when photo and finding are on disk (`kept`), or no picture came out of the file (`bad`). */
  readonly takePhoto: (camera: CameraView, path: string) => Promise<'kept' | 'bad'>
  /** Where photos of cameras wait, and what asks them by the clock; without it only camera folders are looked at. */
  readonly cameras?: {
    readonly folder: string
    readonly schedule: (cron: string, timeZone: string, run: () => void) => () => void
  }
  readonly onSeen: (device: string, bus: string) => void
  /** The device, or its node or broker for it, said that it went offline. */
  readonly onGone?: (device: string) => void
  /** `subject` is a device's name, or a bus's. */
  readonly onFault: (subject: string, code: string, detail: string) => void
}

export interface BusState {
  readonly name: string
  readonly kind: BusConfig['kind']
  readonly isUp: boolean
  readonly detail: string
  readonly since: number
}

interface Input {
  readonly name: string
  readonly kind: BusConfig['kind']
  start(): Promise<void>
  stop(): Promise<void>
  state(): Omit<BusState, 'name' | 'kind'>
}

// A port that another program holds may be free again; a farm must not need a restart for it.
const RETRY_START_MS = 15_000

export class Inputs {
  readonly #options: InputsOptions
  readonly #inputs: readonly Input[]
  readonly #started = new Set<Input>()
  readonly #codecs: LorawanCodecs | undefined
  readonly #cameras: CameraInputs
  #cancelRetry = () => {}
  #isStopped = false

  /** Throws when a profile that the config names can't be had. */
  constructor(options: InputsOptions) {
    this.#options = options
    this.#codecs = options.lorawan && codecsOf(options.lorawan, options.clock)
    this.#cameras = new CameraInputs({ folder: '', schedule: () => () => {}, ...options, ...options.cameras })
    this.#inputs = options.buses.flatMap((bus) =>
      bus.kind === 'camera-folder' || bus.kind === 'camera-http'
        ? [this.#cameraInput(bus)]
        : bus.kind === 'serial' || bus.kind === 'modbus-tcp' || bus.kind === 'tcp-line'
          ? [this.#lineInput(bus)]
          : this.#messageInputs(bus),
    )
  }

  /** A bus that can't start is counted and tried again; the others run. */
  async start(): Promise<void> {
    await this.#startAll()
    this.#retryLater()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelRetry()
    await Promise.allSettled(this.#inputs.map((input) => input.stop()))
    await this.#codecs?.stop()
  }

  states(): BusState[] {
    return this.#inputs.map((input) => ({ name: input.name, kind: input.kind, ...input.state() }))
  }

  /** Where all have started there is nothing to wake up for. */
  #retryLater(): void {
    if (this.#isStopped || this.#started.size === this.#inputs.length) return
    this.#cancelRetry = this.#options.clock.after(RETRY_START_MS, () => {
      void this.#startAll().then(() => this.#retryLater())
    })
  }

  async #startAll(): Promise<void> {
    for (const input of this.#inputs) {
      if (this.#started.has(input)) continue
      this.#started.add(input)
      try {
        await input.start()
      } catch (error) {
        this.#started.delete(input)
        this.#options.onFault(input.name, 'not-started', (error as Error).message)
      }
    }
  }

  #lineInput(bus: LineBus): Input {
    const talker = talkerOf(bus)
    if (talker) return this.#talkerInput(bus, talker)
    return this.#probeInput(bus as ProbeBus)
  }

  #talkerInput(bus: LineBus, talker: TalkerConfig): Input {
    const { openLine, ...options } = this.#options
    const line = openLine(bus, talkerSettings(talker))
    const input = talkerInput({ ...options, bus: bus.name, talker, line })
    return lineBusInput(bus, line, { start: async () => input.start(), stop: () => input.stop() })
  }

  #probeInput(bus: ProbeBus): Input {
    const { clock, openLine, accept, onFault, counters } = this.#options
    const protocol = protocolOf(bus)
    const probes = bus.probes.map((probe) => polledProbe(probe, protocol))
    const line = openLine(bus, probes[0]?.settings ?? DEFAULT_LINE)
    const poller = new ModbusPoller({
      line,
      framing: framingOf(protocol),
      probes,
      clock,
      onReadings: (_device, observations) => accept(bus.name, observations, 'window'),
      onFault: (device, code, detail) => onFault(device ?? bus.name, code, detail),
      ...(counters ? { counters } : {}),
    })
    return lineBusInput(bus, line, { start: async () => poller.start(), stop: () => poller.stop() })
  }

  #cameraInput(bus: CameraBus): Input {
    const input = bus.kind === 'camera-folder' ? this.#cameras.folder(bus) : this.#cameras.snapshot(bus)
    return named(bus, input)
  }

  /** The bus; and the connection of its cameras, where they need one. */
  #messageInputs(bus: MessageBus): Input[] {
    const cameras = this.#options.cameras && this.#cameras.onTopics(bus)
    if (!cameras) return [this.#messageInput(bus)]
    if (bus.kind === 'mqtt-broker') return [this.#messageInput(bus, cameras)]
    const { kind } = bus
    const connection = named({ name: cameraBusName(bus), kind }, this.#cameras.connection(bus, cameras))
    return [this.#messageInput(bus), connection]
  }

  /** `cameras` are heard on the bus itself. */
  #messageInput(bus: MessageBus, cameras?: TopicCameras): Input {
    const { clock, onFault } = this.#options
    const decoders = decodersOf(
      bus,
      {
        clock,
        publish: (topic, payload) => {
          const sent = source.publish?.(topic, payload) ?? Promise.reject(new VuonError('link-down'))
          sent.catch((error: Error) => onFault(bus.name, 'not-asked', `${topic}: ${error.message}`))
        },
      },
      this.#codecs?.codecOf,
    )
    const topics = decoders.flatMap((decoder) => decoder.topicFilters)
    const source = this.#options.openSource(bus, topics, (code, detail) =>
      this.#options.onFault(bus.name, code, detail),
    )
    const naming = decoders.filter((decoder) => decoder.takeNewTopics)
    const take = (message: BusMessage) => cameras?.take(message) ?? this.#take(decoders, message)
    const takeAndListen = (message: BusMessage) => {
      const stored = take(message)
      const topics = naming.flatMap((decoder) => decoder.takeNewTopics?.() ?? [])
      if (topics.length > 0) source.subscribe?.(topics)
      return stored
    }
    return {
      name: bus.name,
      kind: bus.kind,
      start: async () => {
        await cameras?.start()
        await source.start(naming.length > 0 ? takeAndListen : take)
      },
      stop: async () => {
        await source.stop()
        await cameras?.stop()
        await Promise.all(decoders.map((decoder) => decoder.stop?.()))
      },
      state: () => {
        const { isConnected, detail, since } = source.state()
        return { isUp: isConnected, detail, since }
      },
    }
  }

  /** Resolves when the message's readings are on disk: its acknowledgement waits for this. */
  #take(decoders: readonly MessageDecoder[], message: BusMessage): Promise<void> {
    try {
      return this.#ask(decoders, message)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Asks one decoder after the other, from `first` on. Most answer at once, and then nothing is waited for but the
   * disk: at thousands of messages a second, turns of the queue would be most of the work.
   */
  #ask(decoders: readonly MessageDecoder[], message: BusMessage, first = 0, wasKnown = false): Promise<void> {
    let isKnown = wasKnown
    for (let index = first; index < decoders.length; index++) {
      const decoder = decoders[index] as MessageDecoder
      if (!wantsTopic(decoder, message.topic)) continue
      isKnown = true
      const result = decoder.decode(message)
      if (result instanceof Promise)
        return result.then(
          (late) => this.#told(message, late) ?? this.#ask(decoders, message, index + 1, true),
        )
      const stored = this.#told(message, result)
      if (stored) return stored
    }
    if (!isKnown) this.#options.onFault(message.bus, 'unknown-device', message.topic.slice(0, 120))
    return Promise.resolve()
  }

  /** What one decoder said of a message; undefined when the next may be asked. */
  #told({ bus, topic, qos, isRetained }: BusMessage, result: DecodeResult): Promise<void> | undefined {
    const { accept, onSeen, onGone, onFault } = this.#options
    const { readings, errors, deviceSeen, devicesGone } = result
    for (const { code, detail } of errors) onFault(deviceSeen?.id ?? bus, code, `${topic}: ${detail}`)
    if (deviceSeen?.availability === 'offline') onGone?.(deviceSeen.id)
    // Of whom readings come is seen by them.
    else if (deviceSeen && !isRetained && deviceSeen.id !== readings[0]?.device) onSeen(deviceSeen.id, bus)
    if (devicesGone) for (const device of devicesGone) onGone?.(device)
    if (readings.length > 0) return accept(bus, readings, qos > 0 ? 'soon' : 'window')
    return result.ignored ? undefined : Promise.resolve()
  }
}

const named = ({ name, kind }: Pick<Input, 'name' | 'kind'>, input: CameraInput): Input => ({
  name,
  kind,
  start: () => input.start(),
  stop: () => input.stop(),
  state: () => input.state(),
})

const wantsTopic = (decoder: MessageDecoder, topic: string): boolean =>
  decoder.wants?.(topic) ?? decoder.topicFilters.some((filter) => topicMatches(filter, topic))

const lineBusInput = (
  { name, kind }: LineBus,
  line: ByteLine,
  life: Pick<Input, 'start' | 'stop'>,
): Input => ({
  name,
  kind,
  ...life,
  state: () => {
    const { isOpen, detail, since } = line.state()
    return { isUp: isOpen, detail, since }
  },
})

const DEFAULT_LINE: LineSettings = { baudRate: 9600, parity: 'none', dataBits: 8, stopBits: 1 }

export const protocolOf = (bus: ProbeBus): ModbusProtocol =>
  bus.kind === 'serial' ? bus.protocol : bus.framing

/** A probe as the config and its profile together describe it. */
export function polledProbe(probe: ProbeConfig, protocol: ModbusProtocol = 'rtu'): PolledProbe {
  const profile = loadProfile(probe.profile)
  const { baudRate, parity, dataBits, stopBits } = lineOf(profile, protocol)
  const settings: LineSettings = {
    baudRate: probe.baudRate ?? baudRate,
    parity: probe.parity ?? parity,
    dataBits: probe.dataBits ?? dataBits,
    stopBits: probe.stopBits ?? stopBits,
  }
  return {
    name: probe.name,
    unit: probe.unit,
    profile,
    everyMs: probe.everyS * 1000,
    timeoutMs: probe.timeoutMs ?? profile.replyTimeoutMs,
    settings,
  }
}

/** Modbus ASCII is 7E1 by its standard, unless ASCII is what the profile's line settings are written for. */
export function lineOf(profile: Profile, protocol: ModbusProtocol): LineSettings {
  return protocol === 'ascii' && profile.protocols[0] !== 'ascii'
    ? { baudRate: profile.line.baudRate, parity: 'even', dataBits: 7, stopBits: 1 }
    : profile.line
}

/** The codecs of the config: nothing is read or started before a node needs one. */
export const codecsOf = ({ codecsDir, codecs }: LorawanConfig, clock: Clock): LorawanCodecs =>
  new LorawanCodecs({ folder: codecsDir, rules: codecs, clock })

export const decodersOf = (
  bus: MessageBus,
  /** How a decoder may ask a node something; without it none asks. */
  asking?: { clock: Clock; publish: (topic: string, payload: Uint8Array) => void },
  /** For bytes that a network server left as they are; without it they are an error. */
  codecOf?: CodecOf,
): MessageDecoder[] => {
  const { withGroup, reorderMs } = bus.sparkplug
  const sparkplug = { withGroup, ...(asking ? { rebirth: { ...asking, reorderMs } } : {}) }
  // The settings of the bus are named as the decoders' own.
  return bus.decoders.map((kind) => createDecoder(kind, { ...bus, sparkplug, codecOf }))
}
