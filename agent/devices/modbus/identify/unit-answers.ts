import type { LineSettings } from '../../../bus/byte-line.ts'
import { sameSettings } from '../../../bus/byte-line.ts'
import type { Reply } from '../framing.ts'
import type { Profile, ProfileRead } from '../profile.ts'
import { registersOf } from '../profile-mistakes.ts'

/** A run of registers; every question of an identification is one. */
export interface Registers {
  readonly function: 3 | 4
  readonly address: number
  readonly count: number
}

export type Answer = Reply | { readonly kind: 'silence'; readonly detail: string }

const keyOf = ({ function: code, address, count }: Registers): string => `${code}/${address}/${count}`

/** What one unit answered so far at one setting of the line. */
export class UnitAnswers {
  readonly #answers = new Map<string, Answer>()

  of(registers: Registers): Answer | undefined {
    return this.#answers.get(keyOf(registers))
  }

  note(registers: Registers, answer: Answer): void {
    this.#answers.set(keyOf(registers), answer)
  }

  /** Every register that was answered with a content, as `function/address`. */
  registers(): Set<string> {
    const found = new Set<string>()
    for (const [key, answer] of this.#answers) {
      if (answer.kind !== 'registers') continue
      const [code = '', first = ''] = key.split('/')
      answer.words.forEach((_, index) => {
        found.add(`${code}/${Number(first) + index}`)
      })
    }
    return found
  }

  get count(): number {
    return this.#answers.size
  }

  get hasAnswered(): boolean {
    return [...this.#answers.values()].some(({ kind }) => kind !== 'silence')
  }
}

/** The reads that may be put to a stranger: none that clears something. */
export const safeReads = (profile: Profile): readonly ProfileRead[] =>
  profile.reads.filter((read) => !read.destructive)

/** All that a profile would ask, with what it asks for where the full read is refused, and its conditions. */
export function questionsOf(profile: Profile, answers: UnitAnswers): Registers[] {
  const questions: Registers[] = []
  for (const read of safeReads(profile)) {
    questions.push(fullOf(read))
    const fallback = fallbackOf(read)
    if (fallback && isRefused(answers.of(fullOf(read)))) questions.push(fallback)
  }
  const { status, unitSwitch } = profile
  if (status)
    questions.push({ function: status.function, address: status.address, count: registersOf(status.type) })
  if (unitSwitch) questions.push({ function: unitSwitch.function, address: unitSwitch.address, count: 1 })
  return questions
}

export const fullOf = ({ function: code, address, count }: ProfileRead): Registers => ({
  function: code,
  address,
  count,
})

export const fallbackOf = (read: ProfileRead): Registers | undefined =>
  read.fallbackCount === undefined ? undefined : { ...fullOf(read), count: read.fallbackCount }

/** Why the unit can't be this probe by the way it answered; undefined while it can. */
export function contradiction(profile: Profile, answers: UnitAnswers): string | undefined {
  for (const read of safeReads(profile)) {
    const full = answers.of(fullOf(read))
    const fallback = fallbackOf(read)
    const last = isRefused(full) && fallback ? answers.of(fallback) : full
    if (!last || last.kind === 'registers') continue
    const what = `registers from ${read.address} (function ${read.function})`
    return last.kind === 'exception'
      ? `it refuses ${what} with exception ${last.code}`
      : `it is silent to ${what}`
  }
  return undefined
}

const isRefused = (answer: Answer | undefined): boolean => answer?.kind === 'exception' && answer.code === 2

export const touchesDangerous = (question: Registers, profile: Profile): boolean =>
  profile.dangerous.some((each) => overlap(question, each))

export const touchesCleared = (question: Registers, profile: Profile): boolean =>
  profile.reads.some(
    (read) => read.destructive === true && read.function === question.function && overlap(question, read),
  )

const overlap = (
  a: { readonly address: number; readonly count: number },
  b: { readonly address: number; readonly count: number },
): boolean => a.address < b.address + b.count && b.address < a.address + a.count

export const isNative = (profile: Profile, line: LineSettings | null): boolean =>
  line === null || sameSettings(profile.line, line)

export const factoryUnits = ({ defaultUnit, otherUnits }: Profile): readonly number[] => [
  defaultUnit,
  ...otherUnits,
]
