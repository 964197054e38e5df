import { VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { QUANTITIES, UNITS } from '#contract/wire/quantities.ts'
import { QUALITY } from '#contract/wire/records.ts'
import type { LineSettings } from '../bus/byte-line.ts'
import { framingOf } from '../devices/modbus/framing-of.ts'
import type { ProbeAnswer } from '../devices/modbus/polled-probe.ts'
import { ModbusPoller } from '../devices/modbus/poller.ts'
import { loadProfile, type Profile } from '../devices/modbus/profile.ts'
import type { Observation } from '../devices/observation.ts'
import { lineOf } from '../inputs.ts'
import { type LineWords, wantedLine, wholeNumber } from './probe-line.ts'

export interface ReadWords extends LineWords {
  readonly profile: string
  readonly unit: string
  readonly baud?: string
  readonly parity?: string
  readonly timeout?: string
}

/** What one reading showed. `plausible` is null where nothing was read. */
export interface ProbeReading {
  readonly profile: string
  readonly unit: number
  readonly exchanges: ProbeAnswer['exchanges']
  readonly readings: readonly (Observation & { readonly plausible: boolean; readonly unverified: boolean })[]
  readonly errors: ProbeAnswer['faults']
  /** Reads of the profile that were left alone, because reading clears them. */
  readonly notRead: readonly string[]
  readonly plausible: boolean | null
}

/** Reads a probe once. Throws `input-invalid` for words that can't be meant. */
export async function readProbe(words: ReadWords): Promise<ProbeReading> {
  const profile = loadProfile(words.profile)
  const unit = wholeNumber(words.unit, 'unit', 1, 247)
  const timeoutMs =
    words.timeout === undefined ? profile.replyTimeoutMs : wholeNumber(words.timeout, 'timeout', 20, 10_000)
  const wanted = wantedLine(words)
  const settings = settingsOf(words, lineOf(profile, wanted.protocol))
  const poller = new ModbusPoller({
    line: wanted.open(settings),
    framing: framingOf(wanted.protocol),
    probes: [],
    clock: systemClock,
    onReadings: async () => {},
    // What concerns the line is in the answer too.
    onFault: () => {},
  })
  poller.start()
  try {
    return shown(
      profile,
      unit,
      await poller.readOnce({ name: profile.name, unit, profile, everyMs: 60_000, timeoutMs, settings }),
    )
  } finally {
    await poller.stop()
  }
}

function settingsOf({ baud, parity }: ReadWords, line: LineSettings): LineSettings {
  const known = (['none', 'even', 'odd'] as const).find((each) => each === (parity ?? line.parity))
  if (!known)
    throw new VuonError('input-invalid', `There is no parity "${parity}".`, { hint: 'none, even or odd.' })
  return {
    ...line,
    ...(baud === undefined ? {} : { baudRate: wholeNumber(baud, 'baud', 300, 921_600) }),
    parity: known,
  }
}

function shown(profile: Profile, unit: number, answer: ProbeAnswer): ProbeReading {
  const readings = answer.readings.map((reading) => ({
    ...reading,
    plausible: isPlausible(reading),
    unverified: profile.values.some(
      (value) => value.unverified && value.quantity === reading.quantity && value.channel === reading.channel,
    ),
  }))
  return {
    profile: profile.name,
    unit,
    exchanges: answer.exchanges,
    readings,
    errors: answer.faults,
    notRead: profile.reads
      .filter((read) => read.destructive)
      .map(({ function: code, address, count }) => `function ${code}, ${count} registers from ${address}`),
    plausible: readings.length === 0 ? null : readings.every((each) => each.plausible),
  }
}

function isPlausible({ quantity, value, quality }: Observation): boolean {
  const [low, high] = QUANTITIES[quantity].range
  return (quality & QUALITY.outOfRange) === 0 && value >= low && value <= high
}

/** For a person: raw frames, values, faults. */
export function readingText({ exchanges, readings, errors, notRead, plausible }: ProbeReading): string {
  const lines = exchanges.flatMap(({ request, response, roundTripMs }) => [
    `→ ${spaced(request)}`,
    `← ${response === '' ? '(nothing)' : spaced(response)}   ${Math.round(roundTripMs)} ms`,
  ])
  for (const { quantity, channel, value, unit, plausible: isGood, unverified } of readings) {
    const marks = [isGood ? '' : 'NOT PLAUSIBLE', unverified ? 'unverified' : ''].filter(Boolean).join(', ')
    lines.push(
      `  ${quantity}${channel === '' ? '' : ` (${channel})`}: ${value} ${UNITS[unit].symbol}${marks === '' ? '' : `   ${marks}`}`,
    )
  }
  for (const { code, detail } of errors) lines.push(`! ${code}: ${detail}`)
  for (const each of notRead) lines.push(`not read, because reading clears it: ${each}`)
  if (plausible === false)
    lines.push(
      'A value that can not be: is it another probe? `vuon-agent probe identify` tries all profiles.',
    )
  return lines.join('\n')
}

const spaced = (hex: string): string => hex.toUpperCase().replace(/(..)(?=.)/g, '$1 ')
