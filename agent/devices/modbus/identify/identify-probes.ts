import { characterMs, type LineSettings, sameSettings } from '../../../bus/byte-line.ts'
import type { Profile } from '../profile.ts'
import { type AskStranger, TCP_SETTINGS } from './ask-stranger.ts'
import { type Doubt, doubtOf } from './doubt.ts'
import { examineUnit } from './examine-unit.ts'
import { type Answer, factoryUnits, isNative, type Registers } from './unit-answers.ts'
import { type Candidate, weighProfile } from './weigh-profile.ts'

/**
 * Finds out what hangs on a line by reading: functions 3 and 4 only, units 1 to 247 only, and no register that is
 * marked dangerous or cleared by reading in a profile that the unit may be.
 *
 *   for each setting of the line → for each unit → examine (ask what is safe) → weigh each profile → rank, doubt
 */
export interface FoundUnit {
  readonly unit: number
  /** As technicians write it, such as 9600 8N1; null where the line is set elsewhere (TCP). */
  readonly line: string | null
  /** The best first; empty for something that answers like no probe we know. */
  readonly candidates: readonly Candidate[]
  readonly unsure: Doubt | null
  /** Look-alikes of the first candidate that the answers speak against, and why. */
  readonly not: readonly { readonly profile: string; readonly why: string }[]
  /** What was not asked, because it would hurt a probe that this may be. */
  readonly notAsked: readonly string[]
}

export interface IdentifyOptions {
  readonly ask: AskStranger
  readonly profiles: readonly Profile[]
  /** Null where speed and parity are not ours to set (TCP). */
  readonly lines: readonly (LineSettings | null)[]
  /** Null: those that the probes are shipped with, at their own line settings, and 1 to 3. */
  readonly units: readonly number[] | null
  /** Null: what the profiles say, at most 1 s. */
  readonly timeoutMs: number | null
  readonly onProgress: (text: string) => void
}

export interface Identified {
  readonly found: readonly FoundUnit[]
  readonly questions: number
}

const LONGEST_WAIT_MS = 1000
const STRANGER_WAIT_MS = 300
const MOST_SHOWN = 5
const FIRST_UNITS = [1, 2, 3]

/** Throws `link-down` when the line is lost meanwhile. */
export async function identifyProbes(options: IdentifyOptions): Promise<Identified> {
  const { profiles, lines, onProgress } = options
  const found: FoundUnit[] = []
  let questions = 0
  for (const line of lines) {
    const units = options.units ?? likelyUnits(profiles, line)
    onProgress(`${line ? lineText(line) : 'over TCP'}: ${units.length} addresses`)
    for (const unit of units) {
      // Two probes of one address can't share a line, and a converter answers at every speed.
      if (found.some((each) => each.unit === unit)) continue
      const ask = async (question: Registers): Promise<Answer> => {
        questions++
        return options.ask(unit, line, question, waitFor(options, question, unit, line))
      }
      const { answers, notAsked } = await examineUnit(ask, unit, line, profiles)
      if (!answers.hasAnswered) continue
      const weighed = profiles.map((profile) => weighProfile(profile, unit, line, answers))
      const candidates = weighed
        .filter((each): each is Candidate => 'score' in each && each.score > 0)
        .sort((a, b) => b.score - a.score)
        .slice(0, MOST_SHOWN)
      const unsure = doubtOf(candidates)
      const first = candidates[0]?.profile
      found.push({
        unit,
        line: line && lineText(line),
        candidates,
        unsure,
        not: weighed.flatMap((each) =>
          'ruledOut' in each && first?.lookAlikes.some(({ profile }) => profile === each.profile.name)
            ? [{ profile: each.profile.name, why: each.ruledOut }]
            : [],
        ),
        notAsked: [
          ...new Set(
            notAsked.map(
              ({ question, for: names }) =>
                `function ${question.function}, ${question.count} registers from ${question.address}: would hurt ${names.join(', ')}`,
            ),
          ),
        ],
      })
      onProgress(
        `  address ${unit} answers: ${first ? `${first.name}, ${candidates[0]?.score} points` : 'unknown'}`,
      )
    }
  }
  return { found, questions }
}

/** From the question's first byte to the answer's last. */
function waitFor(
  { timeoutMs, profiles }: IdentifyOptions,
  question: Registers,
  unit: number,
  line: LineSettings | null,
): number {
  const wireMs = (question.count * 2 + 13) * characterMs(line ?? TCP_SETTINGS)
  if (timeoutMs !== null) return Math.ceil(timeoutMs + wireMs)
  const own = profiles.filter(
    (profile) => isNative(profile, line) && factoryUnits(profile).includes(unit) && asks(profile, question),
  )
  const wanted = Math.max(STRANGER_WAIT_MS, ...own.map(({ replyTimeoutMs }) => replyTimeoutMs))
  return Math.ceil(Math.min(wanted, LONGEST_WAIT_MS) + wireMs)
}

const asks = (profile: Profile, { function: code, address }: Registers): boolean =>
  profile.reads.some((read) => read.function === code && read.address === address)

function likelyUnits(profiles: readonly Profile[], line: LineSettings | null): number[] {
  const own = profiles.filter((profile) => isNative(profile, line)).flatMap(factoryUnits)
  return [...new Set([...own, ...FIRST_UNITS])].sort((a, b) => a - b)
}

/** Every setting that a profile has; those of most profiles first. With `bauds`, each of them with each parity. */
export function likelyLines(profiles: readonly Profile[], bauds: readonly number[] | null): LineSettings[] {
  const counted: { line: LineSettings; count: number }[] = []
  for (const { line } of profiles)
    for (const each of bauds ? bauds.map((baudRate) => ({ ...line, baudRate })) : [line]) {
      const known = counted.find((other) => sameSettings(other.line, each))
      if (known) known.count++
      else counted.push({ line: each, count: 1 })
    }
  return counted.sort((a, b) => b.count - a.count).map(({ line }) => line)
}

export const lineText = (line: LineSettings): string =>
  `${line.baudRate} ${line.dataBits}${line.parity[0]!.toUpperCase()}${line.stopBits}`
