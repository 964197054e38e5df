import { VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { UNITS } from '#contract/wire/quantities.ts'
import type { ByteLine, LineSettings } from '../bus/byte-line.ts'
import { Conversation } from '../devices/modbus/conversation.ts'
import { framingOf } from '../devices/modbus/framing-of.ts'
import { strangerOn } from '../devices/modbus/identify/ask-stranger.ts'
import { type FoundUnit, identifyProbes, likelyLines } from '../devices/modbus/identify/identify-probes.ts'
import { loadProfile, type Profile, profileNames } from '../devices/modbus/profile.ts'
import { lineOf } from '../inputs.ts'
import { type LineWords, wantedLine, wholeNumber } from './probe-line.ts'

export interface IdentifyWords extends LineWords {
  readonly units?: string
  readonly baud?: string
  readonly timeout?: string
}

/** As --json shows it. */
export interface ProbesIdentified {
  readonly found: readonly ShownUnit[]
  readonly questions: number
}

interface ShownUnit extends Omit<FoundUnit, 'candidates'> {
  readonly candidates: readonly {
    readonly profile: string
    readonly maker: string
    readonly model: string
    readonly grade: string
    readonly score: number
    readonly reasons: readonly string[]
    readonly readings: readonly { quantity: string; channel: string; value: number; unit: string }[]
  }[]
}

const OPEN_MS = 5000

/** Asks who is there, by reading only. `tell` is for progress. */
export async function identify(
  words: IdentifyWords,
  tell: (text: string) => void,
): Promise<ProbesIdentified> {
  const units = words.units === undefined ? null : unitsOf(words.units)
  const bauds =
    words.baud === undefined
      ? null
      : words.baud.split(',').map((each) => wholeNumber(each.trim(), 'baud', 300, 921_600))
  const timeoutMs = words.timeout === undefined ? null : wholeNumber(words.timeout, 'timeout', 20, 10_000)
  const wanted = wantedLine(words)
  const all = profileNames().map((name) => loadProfile(name))
  const speaking = all.filter(
    ({ protocols }) => wanted.isTcp || protocols.some((each) => each === wanted.protocol),
  )
  // A logger may put the map of any probe into Modbus ASCII.
  const profiles = (speaking.length > 0 ? speaking : all).map(
    (profile): Profile => ({ ...profile, line: lineOf(profile, wanted.protocol) }),
  )
  const lines: (LineSettings | null)[] = wanted.isTcp ? [null] : likelyLines(profiles, bauds)
  const line = wanted.open(lines[0] ?? profiles[0]!.line)
  try {
    const conversation = new Conversation({
      line,
      framing: framingOf(wanted.protocol),
      clock: systemClock,
      onStray: () => {},
    })
    await opened(line, conversation)
    const { found, questions } = await identifyProbes({
      ask: strangerOn(conversation),
      profiles,
      lines,
      units,
      timeoutMs,
      onProgress: tell,
    })
    return { found: found.map(shown), questions }
  } finally {
    await line.close()
  }
}

/** Rejects with what the system said when the line can't be had. */
async function opened(line: ByteLine, conversation: Conversation): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (reason: string): void => {
      cancel()
      reject(
        new VuonError('link-down', reason, {
          hint: 'Check the path or address, the cable, and that this user is in the group dialout.',
        }),
      )
    }
    const cancel = systemClock.after(OPEN_MS, () => fail(line.state().detail))
    line.open({
      onBytes: (bytes) => conversation.hear(bytes),
      onBack: () => {
        cancel()
        resolve()
      },
      onLost: (reason) => {
        conversation.interrupt(reason)
        fail(line.state().detail)
      },
    })
  })
}

/** `7`, `1,2,9`, `1-20,47`. */
export function unitsOf(text: string): number[] {
  const units = text.split(',').flatMap((part) => {
    const [first = '', last = first, more] = part.trim().split('-')
    const from = wholeNumber(first, 'unit', 1, 247)
    const to = wholeNumber(more === undefined ? last : '', 'unit', from, 247)
    return Array.from({ length: to - from + 1 }, (_, index) => from + index)
  })
  return [...new Set(units)]
}

const shown = ({ candidates, ...rest }: FoundUnit): ShownUnit => ({
  ...rest,
  candidates: candidates.map(({ profile, score, reasons, readings }) => ({
    profile: profile.name,
    maker: profile.maker,
    model: profile.model,
    grade: profile.grade,
    score,
    reasons,
    readings: readings.map(({ quantity, channel, value, unit }) => ({ quantity, channel, value, unit })),
  })),
})

/** For a person. */
export function identifiedText({ found, questions }: ProbesIdentified): string {
  if (found.length === 0)
    return (
      `Nobody answered ${questions} questions. Check power, A/B wires and the common ground; ` +
      'then try more addresses and speeds: --units 1-247 --baud 2400,4800,9600,19200'
    )
  return found.map(unitText).join('\n\n')
}

function unitText({ unit, line, candidates, unsure, not, notAsked }: ShownUnit): string {
  const lines = [`Address ${unit}${line === null ? '' : `, ${line}`}`]
  if (candidates.length === 0) lines.push('  answers like no probe that has a profile here')
  candidates.forEach(({ profile, score, grade, model, readings, reasons }, index) => {
    lines.push(`  ${index + 1}. ${profile}: ${score} points (${model}; ${grade})`)
    const values = readings.map(
      ({ quantity, channel, value, unit: code }) =>
        `${quantity}${channel === '' ? '' : ` ${channel}`} ${value} ${UNITS[code as keyof typeof UNITS]?.symbol ?? code}`,
    )
    if (values.length > 0) lines.push(`     ${values.join(', ')}`)
    for (const reason of reasons.slice(0, index === 0 ? 6 : 3)) lines.push(`     · ${reason}`)
  })
  for (const { profile, why } of not) lines.push(`  not ${profile}: ${why}`)
  if (unsure) {
    lines.push(`  UNSURE between ${unsure.between.join(', ')}:`)
    for (const why of unsure.why) lines.push(`     ? ${why}`)
    for (const check of unsure.check) lines.push(`     look: ${check}`)
  }
  for (const each of notAsked) lines.push(`  not asked: ${each}`)
  return lines.join('\n')
}
