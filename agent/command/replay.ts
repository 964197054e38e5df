import { VuonError } from '#contract/ground/errors.ts'
import { QUALITY } from '#contract/wire/records.ts'
import type { ByteLine, LineListener, LineState } from '../bus/byte-line.ts'
import { type CaptureEvent, parseCaptureLine, parseHeader } from '../bus/capture.ts'
import type { BusMessage, MessageSource, SourceState } from '../bus/message-source.ts'
import { ReplayClock, settled } from '../commissioning/replay-clock.ts'
import { ReplayedProbes } from '../commissioning/replayed-probes.ts'
import { type AgentConfig, agentConfigSchema } from '../config.ts'
import { framingOf } from '../devices/modbus/framing-of.ts'
import type { Observation } from '../devices/observation.ts'
import { Inputs, polledProbe, protocolOf } from '../inputs.ts'
import { notesOf } from '../known-devices.ts'
import { markObservation } from '../readings/plausibility.ts'
import { talkerOf } from '../talker-config.ts'

/** One line of what a replay prints; `at` is the recorded time, ISO 8601 in UTC. */
export type ReplayedLine =
  | {
      readonly kind: 'reading'
      readonly at: string
      readonly bus: string
      readonly device: string
      readonly channel?: string
      readonly quantity: string
      /** After calibration. */
      readonly value: number
      readonly unit: string
      /** Why it is doubtful; absent when it is not. */
      readonly marks?: readonly string[]
      readonly observedAt?: string
    }
  | {
      readonly kind: 'fault'
      readonly at: string
      readonly bus: string
      /** The device, or the bus where it is not one device's. */
      readonly subject: string
      readonly code: string
      readonly detail: string
    }

export interface ReplaySummary {
  readonly events: number
  readonly readings: number
  readonly faults: number
  /** Lines that could not be read. */
  readonly badLines: number
  /** Lines of a newer writer, passed over. */
  readonly unknownLines: number
  /** False when the recording was cut off. */
  readonly isWhole: boolean
}

/**
 * Plays a capture back through the decoders, talkers and probe turns that `run` uses, with recorded time. Throws
 * `input-invalid` when the first line is not that of a capture that this program reads.
 */
export async function replay(
  lines: AsyncIterable<string>,
  sayLine: (line: ReplayedLine) => void,
): Promise<ReplaySummary> {
  const input = lines[Symbol.asyncIterator]()
  const first = await input.next()
  const header = first.done ? { problem: 'the file is empty' } : parseHeader(first.value)
  if ('problem' in header)
    throw new VuonError('input-invalid', `This is no capture: ${header.problem}.`, {
      hint: 'Captures are made by `vuon-agent record --out FILE`.',
    })
  const config = agentConfigSchema.safeParse(header.config)
  if (!config.success)
    throw new VuonError('input-invalid', `The capture's config: ${config.error.issues[0]?.message}.`, {
      hint: 'A newer vuon-agent may have made it; replay it with that one.',
    })
  const player = new Player(config.data, Date.parse(header.startedAt), sayLine)
  const counts = { events: 0, badLines: 0, unknownLines: 0, isWhole: false }
  await player.start()
  try {
    for (let next = await input.next(); !next.done; next = await input.next()) {
      const read = parseCaptureLine(next.value)
      if (read.kind === 'bad') {
        counts.badLines++
        player.fault('capture', 'line', read.problem)
      } else if (read.kind === 'unknown') counts.unknownLines++
      else if (read.event.kind === 'end') counts.isWhole = true
      else {
        counts.events++
        await player.play(read.event)
      }
    }
  } finally {
    await player.end()
  }
  return { ...counts, readings: player.readings, faults: player.faults }
}

class Player {
  readonly #config: AgentConfig
  readonly #clock: ReplayClock
  readonly #sayLine: (line: ReplayedLine) => void
  readonly #inputs: Inputs
  readonly #probes = new Map<string, ReplayedProbes>()
  readonly #lines = new Map<string, PlayedLine>()
  readonly #sources = new Map<string, PlayedSource>()
  readonly #strange = new Set<string>()
  readings = 0
  faults = 0

  constructor(config: AgentConfig, startWallMs: number, sayLine: (line: ReplayedLine) => void) {
    this.#config = config
    this.#clock = new ReplayClock(startWallMs)
    this.#sayLine = sayLine
    for (const bus of config.buses) {
      if (!('probes' in bus) || talkerOf(bus)) continue
      const { name } = bus
      const protocol = protocolOf(bus)
      const played = new ReplayedProbes({
        bus: name,
        probes: bus.probes.map((probe) => polledProbe(probe, protocol)),
        framing: framingOf(protocol),
        protocol,
        clock: this.#clock,
        onAnswer: ({ device, readings, faults }) => {
          for (const { code, detail } of faults) this.#fault(name, device, code, detail)
          for (const reading of readings) this.#reading(name, reading)
        },
        onFault: (subject, code, detail) => this.#fault(name, subject, code, detail),
      })
      this.#probes.set(name, played)
    }
    const others = config.buses.filter(
      ({ name, kind }) => !this.#probes.has(name) && !kind.startsWith('camera-'),
    )
    this.#inputs = new Inputs({
      buses: others,
      lorawan: config.lorawan,
      clock: this.#clock,
      random: () => 0.5,
      openLine: ({ name }) => {
        const line = new PlayedLine()
        this.#lines.set(name, line)
        return line
      },
      openSource: ({ name }) => {
        const source = new PlayedSource()
        this.#sources.set(name, source)
        return source
      },
      accept: async (bus, observations) => {
        for (const reading of observations) this.#reading(bus, reading)
      },
      takePhoto: async () => 'bad',
      onSeen: () => {},
      onFault: (subject, code, detail) => this.#fault(this.#busNow, subject, code, detail),
    })
  }

  /** The bus whose event is being played: faults that name only a device are put under it. */
  #busNow = ''

  async start(): Promise<void> {
    await this.#inputs.start()
  }

  async play(event: Exclude<CaptureEvent, { kind: 'end' }>): Promise<void> {
    await this.#clock.moveTo(event.atMs)
    const { bus } = event
    this.#busNow = bus
    const probes = this.#probes.get(bus)
    const line = this.#lines.get(bus)
    const source = this.#sources.get(bus)
    if (!probes && !line && !source) {
      // Said once a bus: a capture may hold a hundred thousand of its events.
      if (!this.#strange.has(bus))
        this.#fault(bus, bus, 'unknown-bus', "the capture's config does not name it")
      this.#strange.add(bus)
      return
    }
    switch (event.kind) {
      case 'sent':
        await probes?.sent(event.bytes)
        break
      case 'heard':
        await probes?.heard(event.bytes)
        line?.hear(event.bytes)
        break
      case 'up':
        probes?.up()
        line?.up()
        break
      case 'down':
        await probes?.down(event.detail)
        line?.down(event.detail)
        break
      case 'message': {
        const { topic, payload, qos, isRetained } = event
        await source?.deliver({ bus, topic, payload, qos, isRetained })
        break
      }
      case 'settings':
        break
    }
    await settled()
  }

  async end(): Promise<void> {
    for (const probes of this.#probes.values()) await probes.end()
    const stopped = this.#inputs.stop()
    // Talkers wait for their own timers.
    await this.#clock.moveTo(this.#clock.monotonicMs() + 1)
    await stopped
  }

  fault(subject: string, code: string, detail: string): void {
    this.#fault('', subject, code, detail)
  }

  #at(): string {
    return new Date(this.#clock.wallMs()).toISOString()
  }

  #reading(bus: string, observation: Observation): void {
    this.readings++
    const calibration = notesOf(this.#config, observation.device).calibration?.[observation.quantity]
    const { device, channel, quantity, value, unit, quality, sourceTimeMs } = markObservation(
      observation,
      calibration,
    )
    const marks = marksOf(quality)
    this.#sayLine({
      ...{ kind: 'reading', at: this.#at(), bus, device },
      ...(channel === '' ? {} : { channel }),
      ...{ quantity, value, unit },
      ...(marks.length === 0 ? {} : { marks }),
      ...(sourceTimeMs === undefined ? {} : { observedAt: new Date(sourceTimeMs).toISOString() }),
    })
  }

  #fault(bus: string, subject: string, code: string, detail: string): void {
    this.faults++
    this.#sayLine({ kind: 'fault', at: this.#at(), bus, subject, code, detail })
  }
}

/** The flags of a reading's quality by name. */
export const marksOf = (quality: number): string[] =>
  Object.entries(QUALITY)
    .filter(([, flag]) => flag !== 0 && (quality & flag) !== 0)
    .map(([name]) => name)

/** A talker's line: it says what was recorded when it was recorded; what the talker sends goes nowhere. */
class PlayedLine implements ByteLine {
  #listener: LineListener | undefined
  #isOpen = false

  open(listener: LineListener): void {
    this.#listener = listener
  }

  hear(bytes: Uint8Array): void {
    // A recording that began after the port was opened.
    this.up()
    this.#listener?.onBytes(bytes)
  }

  up(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#listener?.onBack()
  }

  down(reason: string): void {
    this.#isOpen = false
    this.#listener?.onLost(reason)
  }

  async close(): Promise<void> {
    this.#isOpen = false
  }

  async use(): Promise<void> {}

  async write(): Promise<void> {}

  state(): LineState {
    return { isOpen: this.#isOpen, detail: 'recording', since: 0 }
  }
}

class PlayedSource implements MessageSource {
  deliver: (message: BusMessage) => Promise<void> = async () => {}

  async start(deliver: (message: BusMessage) => Promise<void>): Promise<void> {
    this.deliver = deliver
  }

  async stop(): Promise<void> {}

  state(): SourceState {
    return { isConnected: true, detail: 'recording', since: 0 }
  }
}
