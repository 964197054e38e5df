import type { QuantityName } from '#contract/wire/quantities.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { keyOf, wordsOf } from './name-words.ts'
import { MARKS, NAMES_FILE, type Names, readNames } from './names-file.ts'
import { UnitSpellings } from './unit-spelling.ts'

/**
 * What a name means: `temp_SOIL`, `TempC1`, `batteryVoltage` → quantity, channel and unit, by the table in
 * firmware-config/vocabulary/names.yaml. A name that could mean two things means nothing.
 */
export interface Named {
  /** What it may be, in order; the first whose company and unit fit is meant. */
  readonly candidates: readonly Candidate[]
  /** Words of the name that tell it from others of its kind (`1`, `sht`, `10cm`); empty when there are none. */
  readonly channel: string
  /** A unit that the name itself says. */
  readonly unit?: string
  /** On means off here: the name says `open` where the quantity says `closed`. */
  readonly isOpposite: boolean
}

export interface Candidate {
  readonly quantity: QuantityName
  readonly unit?: string | undefined
  readonly guesses?: readonly Guess[] | undefined
  readonly within?: readonly [low: number, high: number] | undefined
  readonly beside: readonly Company[]
  readonly notBeside: readonly Company[]
}

/** What else is in the message: quantities, and what its names say the device is put into. */
export type Company = QuantityName | Mark
export type Mark = (typeof MARKS)[number]

export interface Guess {
  readonly unit: string
  readonly from: number
  readonly to: number
  readonly only?: 'whole' | 'fraction' | undefined
}

interface Entry {
  readonly candidates: readonly Candidate[]
  readonly isOpposite: boolean
}

export class Vocabulary {
  readonly units: UnitSpellings
  readonly #entries = new Map<string, Entry | 'ignore'>()
  readonly #remembered = new Map<string, readonly string[]>()
  readonly #marks: Record<Mark, ReadonlySet<string>>
  readonly #words: Record<keyof Names['words'], ReadonlySet<string>>

  /** The later files go before the earlier ones. */
  constructor(files: readonly Names[]) {
    this.units = new UnitSpellings(merged(files.map(({ units }) => units)))
    const all = (kind: keyof Names['words']) =>
      new Set(files.flatMap(({ words }) => words[kind]).map((word) => word.toLowerCase()))
    const channels = all('channels')
    this.#words = {
      channels,
      fillers: all('fillers'),
      wrappers: new Set([...all('wrappers')].map((name) => this.#key(name, channels))),
      health: new Set([...all('health')].map((name) => this.#key(name, channels))),
      moments: new Set([...all('moments')].map((name) => this.#key(name, channels))),
      never: all('never'),
    }
    const marked = (mark: Mark) => new Set(files.flatMap(({ marks }) => marks[mark] ?? []))
    this.#marks = {
      'of-water': marked('of-water'),
      'of-soil': marked('of-soil'),
      'of-plant': marked('of-plant'),
    }
    for (const { fields, ignore } of files) {
      for (const name of ignore) this.#entries.set(this.#key(name, channels), 'ignore')
      for (const { names, opposite, quantity, unit, guesses, within, means } of fields) {
        const candidates: readonly Candidate[] =
          quantity === undefined ? means : [{ quantity, unit, guesses, within, beside: [], notBeside: [] }]
        for (const name of names) this.#add(name, { candidates, isOpposite: false })
        for (const name of opposite) this.#add(name, { candidates, isOpposite: true })
      }
    }
  }

  /** `path` is the field's name, or the names of the objects that it stands in and its own. */
  lookUp(path: string | readonly string[], options: { withPlace?: boolean } = {}): Named | undefined {
    const names = typeof path === 'string' ? [path] : path
    const words = names.flatMap((name) => this.#wordsOf(name))
    const plain = this.#lookUpWords(words)
    if (plain || !options.withPlace) return plain === 'ignore' ? undefined : plain
    return this.#lookUpWithPlace(words)
  }

  /** How an object's name is to be taken: looked through, only for the device's health, or not at all. */
  kindOf(name: string): 'wrapper' | 'health' | 'never' | 'other' {
    const words = this.#wordsOf(name)
    const key = keyOf(words)
    if (this.#words.wrappers.has(key)) return 'wrapper'
    if (this.#words.health.has(key)) return 'health'
    return words.some((word) => this.#words.never.has(word)) ? 'never' : 'other'
  }

  /** Whether a list of this name holds the same at several moments, rather than several sensors. */
  isOfMoments(name: string): boolean {
    return this.#words.moments.has(this.#key(name, this.#words.channels))
  }

  /** Value in the unit of the table, with what it is taken for; undefined when nothing of it fits. */
  measure(
    candidate: Candidate,
    value: number,
    stated: string | undefined,
  ): { value: number; unit: string } | undefined {
    const { quantity, guesses, within } = candidate
    const guessed = guesses?.find(
      ({ from, to, only }) =>
        value >= from &&
        value <= to &&
        (only === undefined || (only === 'whole') === Number.isInteger(value)),
    )?.unit
    const unit = stated ?? (guesses ? guessed : candidate.unit)
    if (unit === undefined) return undefined
    const converted = this.units.convert(value, unit, QUANTITIES[quantity].unit)
    if (converted === undefined || (within && (converted < within[0] || converted > within[1])))
      return undefined
    return { value: converted, unit }
  }

  /** What an unknown name still tells of its device. */
  marksOf(name: string): Mark[] {
    const words = this.#wordsOf(name)
    return MARKS.filter((mark) => words.some((word) => this.#marks[mark].has(word)))
  }

  #lookUpWords(words: readonly string[]): Named | 'ignore' | undefined {
    if (words.length === 0) return undefined
    const exact = this.#exact(words)
    if (exact === 'ignore') return 'ignore'
    if (exact) return { ...exact, channel: '' }
    if (words.some((word) => this.#words.never.has(word))) return undefined
    const withoutFillers = words.filter((word) => !this.#words.fillers.has(word))
    for (const some of withoutFillers.length < words.length ? [words, withoutFillers] : [words]) {
      const { rest, channel } = this.#withoutChannel(some)
      const tries: [words: readonly string[], channel: string][] = [[some, '']]
      if (channel !== '') tries.push([rest, channel])
      for (const [each, itsChannel] of tries) {
        const found = this.#exactOrWithUnit(each)
        if (found) return found === 'ignore' ? 'ignore' : { ...found, channel: itsChannel }
      }
    }
    return undefined
  }

  /** `greenhouse 2 temperature`, `temperature of bed 3`: what is left over says where. */
  #lookUpWithPlace(words: readonly string[]): Named | undefined {
    if (words.some((word) => this.#words.never.has(word))) return undefined
    for (let length = words.length - 1; length > 0; length--)
      for (const start of [words.length - length, 0]) {
        const named = this.#lookUpWords(words.slice(start, start + length))
        if (!named || named === 'ignore') continue
        const places = start === 0 ? words.slice(length) : words.slice(0, start)
        const channel = [...places, ...(named.channel === '' ? [] : [named.channel])].join('-')
        return { ...named, channel }
      }
    return undefined
  }

  #exact(words: readonly string[]): Entry | 'ignore' | undefined {
    const found = this.#entries.get(keyOf(words))
    if (found || words.length < 2) return found
    // temp_SOIL, speed_wind: what it is of may stand behind.
    return this.#entries.get(keyOf([words.at(-1)!, ...words.slice(0, -1)]))
  }

  #exactOrWithUnit(words: readonly string[]): (Entry & { unit?: string }) | 'ignore' | undefined {
    const exact = this.#exact(words)
    if (exact) return exact
    for (let length = Math.min(LONGEST_UNIT, words.length - 1); length > 0; length--) {
      const unit = this.units.spelled(words.slice(-length).join(''))
      if (unit === undefined) continue
      const found = this.#exact(words.slice(0, -length))
      if (found === 'ignore') return 'ignore'
      if (found?.candidates.some(({ quantity }) => this.#isUnitOf(unit, quantity))) return { ...found, unit }
    }
    return undefined
  }

  #isUnitOf(unit: string, quantity: QuantityName): boolean {
    return this.units.convert(1, unit, QUANTITIES[quantity].unit) !== undefined
  }

  /** Takes numbers, chips and places out; a number before `cm` is a depth. */
  #withoutChannel(words: readonly string[]): { rest: string[]; channel: string } {
    const rest: string[] = []
    const channel: string[] = []
    for (let at = 0; at < words.length; at++) {
      const word = words[at]!
      const next = words[at + 1]
      if (/^\d+$/.test(word) && next === 'cm') {
        channel.push(`${word}cm`)
        at++
      } else if (/^\d+$/.test(word) || this.#words.channels.has(word)) channel.push(word)
      else rest.push(word)
    }
    return { rest, channel: channel.join('-') }
  }

  #add(name: string, entry: Entry): void {
    const key = this.#key(name, this.#words.channels)
    this.#entries.set(key, entry)
  }

  /** Nodes send the same names again and again. */
  #wordsOf(name: string): readonly string[] {
    const known = this.#remembered.get(name)
    if (known) return known
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
    const words = wordsOf(name, this.#words.channels)
    if (name.length <= MAX_REMEMBERED_CHARS) this.#remembered.set(name, words)
    return words
  }

  #key(name: string, whole: ReadonlySet<string>): string {
    return keyOf(wordsOf(name, whole))
  }
}

// A farm's nodes have some hundred names between them.
const MAX_REMEMBERED = 2000
const MAX_REMEMBERED_CHARS = 64

// `umol m 2 s`
const LONGEST_UNIT = 4

function merged(tables: readonly Names['units'][]): Record<string, readonly string[]> {
  const all: Record<string, readonly string[]> = {}
  for (const table of tables)
    for (const [unit, spellings] of Object.entries(table)) all[unit] = [...(all[unit] ?? []), ...spellings]
  return all
}

let standard: Vocabulary | undefined

/** The vocabulary that comes with the program. */
export function standardVocabulary(): Vocabulary {
  standard ??= new Vocabulary([readNames(NAMES_FILE)])
  return standard
}

/** With a farm's own additions; throws ConfigError or `file-unreadable`. */
export const vocabularyWith = (file: string | undefined): Vocabulary =>
  file === undefined || file === ''
    ? standardVocabulary()
    : new Vocabulary([readNames(NAMES_FILE), readNames(file)])
