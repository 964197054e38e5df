import { closeSync, existsSync, openSync, writeSync } from 'node:fs'
import { sleep } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import { withoutAddressSecrets } from '../bus/capture-secrets.ts'
import { Recorder, type RecordingEnd } from '../bus/recorder.ts'
import type { AgentConfig, BusConfig } from '../config.ts'
import { Inputs, type InputsOptions } from '../inputs.ts'
import { talkerOf } from '../talker-config.ts'
import { listenIn, type Outside, refuseHeldPort } from './listen-in.ts'

export interface RecordAsked {
  readonly file: string
  readonly seconds: number
  readonly maxBytes: number
  /** Buses, probes or talkers; all buses when empty. */
  readonly names: readonly string[]
  readonly openLine: InputsOptions['openLine']
  readonly random: Random
  readonly signal?: AbortSignal
}

export interface RecordReport {
  readonly file: string
  readonly buses: readonly string[]
  readonly events: number
  readonly sizeBytes: number
  readonly ended: RecordingEnd
}

const PROGRESS_MS = 5000

/** Asks and listens as `run` does, stores nothing, and writes down every byte and message. */
export async function record(
  config: AgentConfig,
  asked: RecordAsked,
  outside: Outside,
): Promise<RecordReport> {
  const { clock, tell } = outside
  const buses = chosenBuses(config, asked.names)
  for (const bus of buses) refuseHeldPort(bus)
  const file = openNew(asked.file)
  const ended = new AbortController()
  const stopped = () => ended.abort()
  asked.signal?.addEventListener('abort', stopped)
  if (asked.signal?.aborted) stopped()
  const recorder = new Recorder({
    write: (text) => void writeSync(file, text),
    clock,
    maxBytes: asked.maxBytes,
    config: captureConfig(config, buses),
    onEnd: stopped,
  })
  const inputs = new Inputs({
    buses,
    clock,
    random: asked.random,
    openLine: (bus, settings) => recorder.line(bus.name, asked.openLine(bus, settings)),
    openSource: (bus, topics, onFault) => recorder.source(bus.name, listenIn(bus, topics, outside, onFault)),
    accept: async () => {},
    takePhoto: async () => 'bad',
    onSeen: () => {},
    onFault: (subject, code, detail) => {
      if (TOLD_FAULTS.has(code)) tell(`${subject}: ${code}: ${detail}`)
    },
  })
  try {
    await inputs.start()
    const begunAt = clock.monotonicMs()
    for (let leftMs = asked.seconds * 1000; leftMs > 0 && !ended.signal.aborted; ) {
      await sleep(clock, Math.min(leftMs, PROGRESS_MS), ended.signal)
      leftMs = asked.seconds * 1000 - (clock.monotonicMs() - begunAt)
      tell(`${Math.max(0, Math.ceil(leftMs / 1000))} s left, ${recorder.events} events`)
    }
  } finally {
    recorder.end(ended.signal.aborted ? 'stopped' : 'time')
    await inputs.stop()
    closeSync(file)
    asked.signal?.removeEventListener('abort', stopped)
  }
  return {
    file: asked.file,
    buses: buses.map(({ name }) => name),
    events: recorder.events,
    sizeBytes: recorder.sizeBytes,
    ended: recorder.ended ?? 'stopped',
  }
}

// What keeps something from being recorded; the rest is in the recording itself.
const TOLD_FAULTS = new Set([
  'not-started',
  'link-down',
  'connection-lost',
  'refused-by-broker',
  'message-too-large',
  'wrong-password',
])

/** The buses that were named, or on which what was named is; of a named probe only that one. */
export function chosenBuses(config: AgentConfig, names: readonly string[]): BusConfig[] {
  const recordable = config.buses.filter(({ kind }) => !kind.startsWith('camera-'))
  if (names.length === 0) {
    if (recordable.length === 0)
      throw nothingNamed('The configuration has no bus that could be recorded.', config)
    return recordable
  }
  const unknown = names.find(
    (name) => !recordable.some((bus) => bus.name === name || subjectsOf(bus).includes(name)),
  )
  if (unknown !== undefined)
    throw nothingNamed(`The configuration has no bus, probe or talker "${unknown}".`, config)
  return recordable.flatMap((bus): BusConfig[] => {
    if (names.includes(bus.name)) return [bus]
    if (!subjectsOf(bus).some((name) => names.includes(name))) return []
    return 'probes' in bus && !talkerOf(bus)
      ? [{ ...bus, probes: bus.probes.filter(({ name }) => names.includes(name)) }]
      : [bus]
  })
}

function nothingNamed(detail: string, config: AgentConfig): VuonError {
  const known = config.buses.flatMap((bus) => [bus.name, ...subjectsOf(bus)])
  return new VuonError('input-invalid', detail, {
    hint:
      known.length > 0
        ? `It names: ${known.join(', ')}.`
        : 'Give it a bus first; `devices scan` proposes some.',
  })
}

const subjectsOf = (bus: BusConfig): string[] => {
  const talker = talkerOf(bus)
  return [...('probes' in bus ? bus.probes.map(({ name }) => name) : []), ...(talker ? [talker.name] : [])]
}

// What a bus needs to sign in or to prove itself has no meaning for a replay.
const NEVER_WRITTEN = new Set(['username', 'password', 'users', 'caFile', 'certFile', 'keyFile'])

/** What a capture says of the config: these buses and the devices' calibration, without anything secret. */
export function captureConfig(config: AgentConfig, buses: readonly BusConfig[]): Record<string, unknown> {
  const { devices, lorawan } = config
  return { buses: buses.map(withoutAccess), devices, lorawan }
}

function withoutAccess(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAccess)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !NEVER_WRITTEN.has(key))
      .map(([key, each]) => [
        key,
        key === 'url' && typeof each === 'string' ? withoutAddressSecrets(each) : withoutAccess(each),
      ]),
  )
}

function openNew(file: string): number {
  if (existsSync(file))
    throw new VuonError('input-invalid', `${file} is there already.`, {
      hint: 'Give another name; a recording is never written over.',
    })
  try {
    // Of a farm's own matters, nobody else's on this machine.
    return openSync(file, 'wx', 0o600)
  } catch (cause) {
    throw new VuonError('file-unreadable', `${file} can't be written: ${(cause as Error).message}`, {
      cause,
      hint: 'Check that the folder exists and that this user may write there.',
    })
  }
}
