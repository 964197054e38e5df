import type { LineSettings } from '../../../bus/byte-line.ts'
import type { Profile } from '../profile.ts'
import {
  type Answer,
  contradiction,
  factoryUnits,
  isNative,
  questionsOf,
  type Registers,
  safeReads,
  touchesCleared,
  touchesDangerous,
  UnitAnswers,
} from './unit-answers.ts'
import { weighProfile } from './weigh-profile.ts'

// A unit that is there answers every question, if only with an exception. Some clones are silent to a wrong address, so
// the addresses that probes are shipped with get more tries.
const SILENT_TRIES = 3
const SILENT_TRIES_FACTORY = 10

/** What a unit answered, and what was kept from it because it might be a probe that the question hurts. */
export interface ExaminedUnit {
  readonly answers: UnitAnswers
  readonly notAsked: readonly { readonly question: Registers; readonly for: readonly string[] }[]
}

/**
 * Puts the reads of the profiles to one unit, until each profile is asked for or ruled out. A question that would touch
 * a dangerous register or clear one of some probe is put only when the answers so far speak against that probe.
 */
export async function examineUnit(
  ask: (question: Registers) => Promise<Answer>,
  unit: number,
  line: LineSettings | null,
  profiles: readonly Profile[],
): Promise<ExaminedUnit> {
  const answers = new UnitAnswers()
  const inOrder = [...profiles].sort((a, b) => rank(a) - rank(b))
  const natives = profiles.filter((profile) => isNative(profile, line))
  const tries = natives.some((profile) => factoryUnits(profile).includes(unit))
    ? SILENT_TRIES_FACTORY
    : SILENT_TRIES
  function rank(profile: Profile): number {
    return (isNative(profile, line) ? 0 : 2) + (factoryUnits(profile).includes(unit) ? 0 : 1)
  }
  const isRefuted = (profile: Profile): boolean => contradiction(profile, answers) !== undefined
  const isLikely = (profile: Profile): boolean => {
    if (isRefuted(profile)) return false
    if (!safeReads(profile).some((read) => answers.of(read))) return true
    const weighed = weighProfile(profile, unit, line, answers)
    return !('ruledOut' in weighed) && !weighed.isUnlikely
  }
  /** What reading clears is left alone until the way it answers speaks against that probe; a sensor may be broken. */
  const hurt = (question: Registers, likely: readonly Profile[]): string[] => [
    ...likely.filter((profile) => touchesDangerous(question, profile)).map(({ name }) => name),
    ...profiles
      .filter((profile) => !isRefuted(profile) && touchesCleared(question, profile))
      .map(({ name }) => name),
  ]
  const waiting = (): Registers[] =>
    inOrder
      .filter((profile) => !isRefuted(profile))
      .flatMap((profile) => questionsOf(profile, answers))
      .filter((question) => !answers.of(question))

  for (;;) {
    if (!answers.hasAnswered && answers.count >= tries) break
    const likely = profiles.filter(isLikely)
    const likelyNatives = natives.filter((profile) => likely.includes(profile))
    const questions = waiting()
    // First what can hurt no probe at all; where that leads nowhere, what can hurt none with these line settings.
    const next =
      questions.find((question) => hurt(question, likely).length === 0) ??
      questions.find((question) => hurt(question, likelyNatives).length === 0)
    if (!next) break
    answers.note(next, await ask(next))
  }
  const notAsked = answers.hasAnswered
    ? waiting().map((question) => ({
        question,
        for: hurt(question, natives.filter(isLikely)),
      }))
    : []
  return { answers, notAsked }
}
