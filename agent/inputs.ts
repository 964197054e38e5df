import { type Clock, every } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import type { ByteLine, LineSettings } from './bus/byte-line.ts'
import { CameraFolder } from './bus/camera-folder.ts'
import type { BusMessage, MessageSource, SourceFault } from './bus/message-source.ts'
import { topicMatches } from './bus/topic-filter.ts'
import type { AgentConfig, BusConfig, ProbeConfig } from './config.ts'
import { createDecoder } from './devices/decode-as.ts'
import type { MessageDecoder } from './devices/message-decoder.ts'
import type { PolledProbe } from './devices/modbus/ask-probe.ts'
import { ModbusPoller } from './devices/modbus/poller.ts'
import { loadProfile } from './devices/modbus/profile.ts'
import { rtuFraming } from './devices/modbus/rtu-frame.ts'
import { TcpFraming } from './devices/modbus/tcp-frame.ts'
import type { Observation } from './devices/observation.ts'

/**
 * Everything that brings observations in, made from the config:
 *
 *   serial, TCP ─► line ─► poller (asks, frames, profile) ─┐
 *   broker, MQTT ─► source ─► decoders ────────────────────┴─► accept (resolves when it is on disk)
 */
export type LineBus = Extract<BusConfig, { kind: 'serial' | 'modbus-tcp' }>
export type MessageBus = Extract<BusConfig, { kind: 'mqtt-broker' | 'mqtt' }>
export type CameraBus = Extract<BusConfig, { kind: 'camera-folder' }>

export interface InputsOptions {
  readonly buses: readonly BusConfig[]
  readonly clock: Clock
  readonly random: Random
  readonly openLine: (bus: LineBus, settings: LineSettings) => ByteLine
  readonly openSource: (bus: MessageBus, topics: readonly string[], onFault: SourceFault) => MessageSource
  readonly accept: (
    bus: string,
    observations: readonly Observation[],
    wait: 'commit' | 'window',
  ) => Promise<void>
  /** Resolves when photo and finding are on disk (`kept`), or no picture came out of the file (`bad`). */
  readonly takePhoto: (bus: CameraBus, path: string) => Promise<'kept' | 'bad'>
  readonly onSeen: (device: string, bus: string) => void
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
  #cancelRetry = () => {}

  /** Throws when a profile that the config names can't be had. */
  constructor(options: InputsOptions) {
    this.#options = options
    this.#inputs = options.buses.map((bus) =>
      bus.kind === 'camera-folder'
        ? this.#cameraInput(bus)
        : bus.kind === 'serial' || bus.kind === 'modbus-tcp'
          ? this.#lineInput(bus)
          : this.#messageInput(bus),
    )
  }

  /** A bus that can't start is counted and tried again; the others run. */
  async start(): Promise<void> {
    await this.#startAll()
    this.#cancelRetry = every(this.#options.clock, RETRY_START_MS, () => void this.#startAll())
  }

  async stop(): Promise<void> {
    this.#cancelRetry()
    await Promise.allSettled(this.#inputs.map((input) => input.stop()))
  }

  states(): BusState[] {
    return this.#inputs.map((input) => ({ name: input.name, kind: input.kind, ...input.state() }))
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
    const { clock, openLine, accept, onFault } = this.#options
    const probes = bus.probes.map(polledProbe)
    const line = openLine(bus, probes[0]?.settings ?? DEFAULT_LINE)
    const poller = new ModbusPoller({
      line,
      framing: bus.kind === 'serial' ? rtuFraming : new TcpFraming(),
      probes,
      clock,
      onReadings: (_device, observations) => accept(bus.name, observations, 'window'),
      onFault: (device, code, detail) => onFault(device ?? bus.name, code, detail),
    })
    return {
      name: bus.name,
      kind: bus.kind,
      start: async () => poller.start(),
      stop: () => poller.stop(),
      state: () => {
        const { isOpen, detail, since } = line.state()
        return { isUp: isOpen, detail, since }
      },
    }
  }

  #cameraInput(bus: CameraBus): Input {
    const { clock, takePhoto, onFault } = this.#options
    const folder = new CameraFolder({
      path: bus.path,
      everyMs: bus.everyS * 1000,
      clock,
      deliver: (path) => takePhoto(bus, path),
      onFault: (code, detail) => onFault(bus.name, code, detail),
    })
    return {
      name: bus.name,
      kind: bus.kind,
      start: () => folder.start(),
      stop: () => folder.stop(),
      state: () => folder.state(),
    }
  }

  #messageInput(bus: MessageBus): Input {
    const decoders = decodersOf(bus)
    const topics = decoders.flatMap((decoder) => decoder.topicFilters)
    const source = this.#options.openSource(bus, topics, (code, detail) =>
      this.#options.onFault(bus.name, code, detail),
    )
    return {
      name: bus.name,
      kind: bus.kind,
      start: () => source.start((message) => this.#take(decoders, message)),
      stop: async () => {
        await source.stop()
        await Promise.all(decoders.map((decoder) => decoder.stop?.()))
      },
      state: () => {
        const { isConnected, detail, since } = source.state()
        return { isUp: isConnected, detail, since }
      },
    }
  }

  /** Resolves when the message's readings are on disk: its acknowledgement waits for this. */
  async #take(decoders: readonly MessageDecoder[], message: BusMessage): Promise<void> {
    const { accept, onSeen, onFault } = this.#options
    const { bus, topic, payload, qos, isRetained } = message
    let isKnown = false
    for (const decoder of decoders) {
      if (!decoder.topicFilters.some((filter) => topicMatches(filter, topic))) continue
      isKnown = true
      const result = await decoder.decode({ topic, payload, isRetained })
      for (const { code, detail } of result.errors)
        onFault(result.deviceSeen?.id ?? bus, code, `${topic}: ${detail}`)
      if (result.deviceSeen && result.deviceSeen.availability !== 'offline' && !isRetained)
        onSeen(result.deviceSeen.id, bus)
      if (result.readings.length > 0) {
        await accept(bus, result.readings, qos > 0 ? 'commit' : 'window')
        return
      }
      if (!result.ignored) return
    }
    if (!isKnown) onFault(bus, 'unknown-device', topic.slice(0, 120))
  }
}

const DEFAULT_LINE: LineSettings = { baudRate: 9600, parity: 'none', dataBits: 8, stopBits: 1 }

/** A probe as the config and its profile together describe it. */
export function polledProbe(probe: ProbeConfig): PolledProbe {
  const profile = loadProfile(probe.profile)
  const settings: LineSettings = {
    ...profile.line,
    ...(probe.baudRate === undefined ? {} : { baudRate: probe.baudRate }),
    ...(probe.parity === undefined ? {} : { parity: probe.parity }),
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

/** Throws when a probe names a profile that is not there: `config check` and the start ask this. */
export function checkProfiles(config: AgentConfig): void {
  for (const bus of config.buses) {
    if (!('probes' in bus)) continue
    for (const probe of bus.probes) {
      try {
        loadProfile(probe.profile)
      } catch (error) {
        if (!(error instanceof VuonError)) throw error
        throw new VuonError(
          'config-invalid',
          `buses "${bus.name}", probe "${probe.name}": ${error.message}`,
          {
            cause: error,
            hint: error.hint,
          },
        )
      }
    }
  }
}

const decodersOf = (bus: MessageBus): MessageDecoder[] =>
  bus.decoders.map((kind) => createDecoder(kind, { zigbee2mqttBase: bus.zigbee2mqttBase }))
