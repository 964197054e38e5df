import { fromHex, fromUtf8, toHex } from '#contract/ground/bytes.ts'
import { sleep } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { QUALITY } from '#contract/wire/records.ts'
import { parseCaptureLine } from '../bus/capture.ts'
import type { BusMessage } from '../bus/message-source.ts'
import { Recorder } from '../bus/recorder.ts'
import { topicMatches } from '../bus/topic-filter.ts'
import { frameText } from '../commissioning/frame-text.ts'
import { shortText } from '../commissioning/short-text.ts'
import type { AgentConfig, BusConfig } from '../config.ts'
import type { MessageDecoder } from '../devices/message-decoder.ts'
import { framingOf } from '../devices/modbus/framing-of.ts'
import type { PolledProbe } from '../devices/modbus/polled-probe.ts'
import { ModbusPoller } from '../devices/modbus/poller.ts'
import type { DecodeResult, Observation } from '../devices/observation.ts'
import {
  codecsOf,
  decodersOf,
  type InputsOptions,
  type MessageBus,
  polledProbe,
  protocolOf,
} from '../inputs.ts'
import { notesOf } from '../known-devices.ts'
import { talkerInput, talkerSettings } from '../line-input.ts'
import { markObservation } from '../readings/plausibility.ts'
import { isOfTalker, talkerOf } from '../talker-config.ts'
import { isMessageBus, listenIn, type Outside, refuseHeldPort } from './listen-in.ts'
import { marksOf } from './replay.ts'

export interface TestedInput {
  readonly device: string
  readonly bus: string
  /** What went over the wire, in order; bounded. */
  readonly raw: readonly RawPart[]
  readonly values: readonly TestedValue[]
  readonly faults: readonly { readonly code: string; readonly detail: string }[]
  /** True when something came, nothing was wrong with it and no value is impossible. */
  readonly isGood: boolean
}

export type RawPart =
  | {
      readonly kind: 'sent' | 'heard'
      readonly hex: string
      /** What the frame says, where it is a frame that is known. */
      readonly means: string
    }
  | {
      readonly kind: 'message'
      readonly topic: string
      readonly qos: number
      readonly isRetained: boolean
      readonly hex: string
      readonly text: string
    }

export interface TestedValue {
  readonly device: string
  readonly channel: string
  readonly quantity: string
  readonly unit: string
  /** As the device means it, before calibration. */
  readonly reported: number
  readonly calibration: { readonly scale: number; readonly offset: number } | null
  readonly value: number
  /** What can be on a farm here. */
  readonly range: readonly [number, number]
  readonly marks: readonly string[]
}

export interface TestAsked {
  readonly name: string
  /** How long a message or a talker is waited for. */
  readonly seconds: number
  readonly openLine: InputsOptions['openLine']
  readonly random: Random
}

type ProbeBus = Extract<BusConfig, { kind: 'serial' | 'modbus-tcp' }>
type TalkerBus = Extract<BusConfig, { kind: 'serial' | 'tcp-line' }>

// What a person looks at; a message may have 256 kB.
const MAX_SHOWN_BYTES = 2048
const MAX_RAW_PARTS = 200
// Readings that a value with one of these marks is not to be trusted by.
const BAD_MARKS = QUALITY.outOfRange | QUALITY.spike | QUALITY.stuck

/**
 * Reads a probe, a talker, a bus or an MQTT device of the config once and says everything about it: bytes, frame,
 * values, calibration, plausibility. One answer for each device. Throws `input-invalid` for a name that nothing has.
 */
export async function testInput(
  config: AgentConfig,
  asked: TestAsked,
  outside: Outside,
): Promise<TestedInput[]> {
  const { name } = asked
  for (const bus of config.buses) {
    const talker = talkerOf(bus)
    if (talker && (bus.name === name || isOfTalker(talker, name)))
      return [await testTalker(config, bus as TalkerBus, asked, outside)]
    if (talker || !('probes' in bus)) continue
    const probes = bus.probes.filter((probe) => bus.name === name || probe.name === name)
    if (probes.length > 0) {
      const protocol = protocolOf(bus)
      return testProbes(
        config,
        bus,
        probes.map((probe) => polledProbe(probe, protocol)),
        asked,
        outside,
      )
    }
  }
  const messageBuses = config.buses.filter(isMessageBus)
  const ofThatName = messageBuses.find((bus) => bus.name === name)
  if (ofThatName) return [await testMessages(config, [ofThatName], undefined, asked, outside)]
  const named = config.buses.find((bus) => bus.name === name)
  if (named)
    throw new VuonError('input-invalid', `Nothing can be read from "${name}" yet.`, {
      hint: named.kind.startsWith('camera-')
        ? 'A camera has no values; `vuon-agent diagnose PHOTO` looks at a photo.'
        : 'It has no probes: `vuon-agent probe identify` finds them.',
    })
  if (messageBuses.length === 0)
    throw new VuonError('input-invalid', `The configuration has nothing called "${name}".`, {
      hint: `It names: ${namesOf(config).join(', ') || 'nothing that could be read'}.`,
    })
  return [await testMessages(config, messageBuses, name, asked, outside)]
}

async function testProbes(
  config: AgentConfig,
  bus: ProbeBus,
  probes: readonly PolledProbe[],
  { openLine }: TestAsked,
  { clock, tell }: Outside,
): Promise<TestedInput[]> {
  refuseHeldPort(bus)
  const [first] = probes
  const protocol = protocolOf(bus)
  const poller = new ModbusPoller({
    line: openLine(bus, first!.settings),
    framing: framingOf(protocol),
    probes: [],
    clock,
    onReadings: async () => {},
    onFault: (_, code, detail) => tell(`${bus.name}: ${code}: ${detail}`),
  })
  poller.start()
  try {
    const tested: TestedInput[] = []
    for (const probe of probes) {
      tell(`${probe.name}: asking unit ${probe.unit} at ${probe.settings.baudRate} baud`)
      const { readings, faults, exchanges } = await poller.readOnce(probe)
      const raw = exchanges.flatMap(({ request, response, roundTripMs }): RawPart[] => {
        const { asked, answered } = frameText(protocol, fromHex(request), fromHex(response))
        return [
          { kind: 'sent', hex: request, means: asked },
          {
            kind: 'heard',
            hex: response,
            means: response === '' ? '' : `${answered} (${Math.round(roundTripMs)} ms)`,
          },
        ]
      })
      tested.push(judged(config, { device: probe.name, bus: bus.name, raw, readings, faults }))
    }
    return tested
  } finally {
    await poller.stop()
  }
}

async function testTalker(
  config: AgentConfig,
  bus: TalkerBus,
  { openLine, seconds }: TestAsked,
  { clock, tell }: Outside,
): Promise<TestedInput> {
  refuseHeldPort(bus)
  const talker = talkerOf(bus)!
  const raw: RawPart[] = []
  const recorder = new Recorder({
    clock,
    maxBytes: 64 * 1024,
    config: {},
    write: (text) => {
      const line = parseCaptureLine(text)
      if (line.kind !== 'event' || (line.event.kind !== 'sent' && line.event.kind !== 'heard')) return
      const { kind, bytes } = line.event
      if (raw.length < MAX_RAW_PARTS)
        raw.push({ kind, hex: toHex(bytes), means: shortText(asText(bytes), 400) })
    },
  })
  const readings: Observation[] = []
  const faults: { code: string; detail: string }[] = []
  const came = new AbortController()
  const input = talkerInput({
    bus: bus.name,
    talker,
    line: recorder.line(bus.name, openLine(bus, talkerSettings(talker))),
    clock,
    accept: async (_, observations) => {
      readings.push(...observations)
      came.abort()
    },
    onSeen: () => {},
    onFault: (_, code, detail) => void (faults.length < 50 && faults.push({ code, detail })),
  })
  tell(`${talker.name}: listening for at most ${seconds} s`)
  input.start()
  await sleep(clock, seconds * 1000, came.signal)
  await input.stop()
  if (readings.length === 0 && faults.length === 0)
    faults.push({ code: 'timeout', detail: `nothing that could be read came within ${seconds} s` })
  return judged(config, { device: talker.name, bus: bus.name, raw, readings, faults })
}

/** Waits for the next live message of a device, or of anything where no device is named. */
async function testMessages(
  config: AgentConfig,
  buses: readonly MessageBus[],
  device: string | undefined,
  { seconds }: TestAsked,
  outside: Outside,
): Promise<TestedInput> {
  const { clock, tell } = outside
  const came = new AbortController()
  const faults: { code: string; detail: string }[] = []
  let found: { message: BusMessage; result: DecodeResult } | undefined
  const codecs = codecsOf(config.lorawan, clock)
  const listening = buses.map((bus) => {
    const decoders = decodersOf(bus, undefined, codecs.codecOf)
    const topics = decoders.flatMap((decoder) => decoder.topicFilters)
    const source = listenIn(bus, topics, outside, (code, detail) => tell(`${bus.name}: ${code}: ${detail}`))
    const take = async (message: BusMessage) => {
      const result = await understood(decoders, message, device)
      if (!result || came.signal.aborted) return
      // What a broker kept is shown only when nothing live comes.
      if (message.isRetained && found && !found.message.isRetained) return
      found = { message, result }
      if (!message.isRetained) came.abort()
    }
    return { bus, source, decoders, take }
  })
  tell(`waiting for ${device ? `a message of ${device}` : 'a message'}, at most ${seconds} s`)
  const started = await Promise.all(
    listening.map(({ bus, source, take }) =>
      source.start(take).then(
        () => true,
        (error: Error) => {
          faults.push({ code: 'link-down', detail: `${bus.name}: ${error.message}` })
          return false
        },
      ),
    ),
  )
  if (started.includes(true)) await sleep(clock, seconds * 1000, came.signal)
  for (const { source, decoders } of listening) {
    await source.stop()
    await Promise.all(decoders.map((decoder) => decoder.stop?.()))
  }
  await codecs.stop()
  const busNames = buses.map(({ name }) => name).join(', ')
  if (!found) {
    if (started.includes(true))
      faults.push({ code: 'timeout', detail: `no message that could be read came within ${seconds} s` })
    return judged(config, { device: device ?? '', bus: busNames, raw: [], readings: [], faults })
  }
  const { message, result } = found
  const { topic, payload, qos, isRetained } = message
  const shown = payload.subarray(0, MAX_SHOWN_BYTES)
  return judged(config, {
    device: device ?? result.deviceSeen?.id ?? result.readings[0]?.device ?? '',
    bus: message.bus,
    raw: [
      { kind: 'message', topic, qos, isRetained, hex: toHex(shown), text: shortText(asText(shown), 1000) },
    ],
    readings: result.readings,
    faults: [...faults, ...result.errors],
  })
}

/** What the first decoder that has something to say makes of a message; undefined when it isn't what is waited for. */
async function understood(
  decoders: readonly MessageDecoder[],
  message: BusMessage,
  device: string | undefined,
): Promise<DecodeResult | undefined> {
  for (const decoder of decoders) {
    if (!decoder.topicFilters.some((filter) => topicMatches(filter, message.topic))) continue
    const result = await decoder.decode(message)
    const { readings, errors, deviceSeen, ignored } = result
    const isOfIt =
      device === undefined || deviceSeen?.id === device || readings.some((each) => each.device === device)
    if ((readings.length > 0 || errors.length > 0) && isOfIt) return result
    if (readings.length > 0 || !ignored) return undefined
  }
  return undefined
}

function judged(
  config: AgentConfig,
  found: Pick<TestedInput, 'device' | 'bus' | 'raw' | 'faults'> & {
    readonly readings: readonly Observation[]
  },
): TestedInput {
  const { device, bus, raw, faults, readings } = found
  let isGood = readings.length > 0 && faults.every(({ code }) => code === 'stray-bytes')
  const values = readings.map((observation): TestedValue => {
    const calibration = notesOf(config, observation.device).calibration?.[observation.quantity]
    const { device, channel, quantity, unit, value, quality } = markObservation(observation, calibration)
    if (quality & BAD_MARKS) isGood = false
    return {
      ...{ device, channel, quantity, unit, value },
      reported: observation.value,
      calibration: calibration ?? null,
      range: QUANTITIES[quantity].range,
      marks: marksOf(quality),
    }
  })
  return { device, bus, raw, values, faults, isGood }
}

const namesOf = (config: AgentConfig): string[] =>
  config.buses.flatMap((bus) => [
    bus.name,
    ...('probes' in bus ? bus.probes.map(({ name }) => name) : []),
    ...[talkerOf(bus)?.name ?? []].flat(),
  ])

function asText(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch {
    return ''
  }
}
