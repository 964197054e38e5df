import type { QuantityName } from '#contract/wire/quantities.ts'
import { nameProblem } from '../device-name.ts'
import { shown } from '../number-of.ts'
import { type DecodeError, type Observation, observed } from '../observation.ts'
import { compassDegOf, fieldValueOf, onOffValueOf } from './field-value.ts'
import { type Field, fieldsIn } from './fields-in.ts'
import type { Candidate, Company, Named, Vocabulary } from './vocabulary.ts'

export interface ReadingsFound {
  readonly readings: readonly Observation[]
  readonly errors: readonly DecodeError[]
  /** Fields that are fine and that nobody knows, or that may mean two things. */
  readonly ignoredFields: number
}

/**
 * What an object of a maker's own shape says, by the names of its fields. Objects in objects, lists,
 * `{ value, unit }`, `{ name, value }` and numbers as text are understood; a name that needs its company to be
 * understood (`temperature` of a probe in the soil) is decided when all fields were seen. Never throws.
 */
export function readingsFromObject(
  object: unknown,
  device: string,
  vocabulary: Vocabulary,
  more: { sourceTimeMs?: number | undefined; quality?: number } = {},
): ReadingsFound {
  const problem = nameProblem(device)
  if (problem)
    return {
      readings: [],
      errors: [{ code: 'device-name', detail: `the device's name ${problem}` }],
      ignoredFields: 0,
    }
  const { fields, marks, ignored, isCut } = fieldsIn(object, vocabulary)
  const found = new Found(device, more)
  if (isCut) found.wrong('too-many-values', 'more fields than any device has')
  found.leave(ignored)
  const company = new Set<Company>([
    ...marks,
    ...fields.flatMap(({ named }) => (isPlain(named) ? [named.candidates[0]!.quantity] : [])),
  ])
  // Names that stand for themselves come first: what depends on company gives way to them.
  for (const field of [
    ...fields.filter(({ named }) => isPlain(named)),
    ...fields.filter(({ named }) => !isPlain(named)),
  ])
    take(field, company, vocabulary, found)
  return found
}

const isPlain = ({ candidates }: Named): boolean =>
  candidates.length === 1 && candidates[0]!.beside.length === 0 && candidates[0]!.notBeside.length === 0

function take(field: Field, company: ReadonlySet<Company>, vocabulary: Vocabulary, found: Found): void {
  const { named, stated } = field
  const fitting = named.candidates.filter(
    ({ beside, notBeside }) =>
      (beside.length === 0 || beside.some((each) => company.has(each))) &&
      !notBeside.some((each) => company.has(each)),
  )
  const first = fitting[0]
  if (first && isOnOff(first.quantity)) {
    const said = onOffValueOf(stated)
    if (!said) {
      // Some count their motions.
      if (fieldValueOf(stated).kind !== 'other') found.leave()
      else found.wrong('not-a-number', `${field.where}: ${shown(stated)}`)
      return
    }
    // `door: "open"` says itself what is what; `door: true` means open.
    const isTurned = named.isOpposite && !said.isWord
    found.add(first.quantity, field, isTurned ? 1 - said.value : said.value)
    return
  }
  const compassDeg = first?.quantity === 'wind-direction' ? compassDegOf(stated) : undefined
  if (first && compassDeg !== undefined) {
    found.add(first.quantity, field, compassDeg)
    return
  }
  const read = fieldValueOf(stated)
  if (read.kind === 'number') {
    const unit = field.unit ?? read.unit ?? named.unit
    const meant = firstMeasured(fitting, read.value, unit, vocabulary)
    if (meant) found.add(meant.quantity, field, meant.value)
    else found.leave()
  } else if (read.kind === 'nothing' || typeof stated !== 'string' || !first) found.leave()
  // A battery that is `good` or `80-100%` is fine, and no number.
  else if (first.quantity === 'battery' || first.quantity === 'battery-voltage') found.leave()
  else found.wrong('not-a-number', `${field.where}: ${shown(stated)}`)
}

function firstMeasured(
  candidates: readonly Candidate[],
  value: number,
  unit: string | undefined,
  vocabulary: Vocabulary,
): { quantity: QuantityName; value: number } | undefined {
  for (const candidate of candidates) {
    const measured = vocabulary.measure(candidate, value, unit)
    if (measured) return { quantity: candidate.quantity, value: measured.value }
  }
  return undefined
}

const ON_OFF: ReadonlySet<QuantityName> = new Set(['water-leak', 'switch', 'contact', 'occupancy'])
export const isOnOff = (quantity: QuantityName): boolean => ON_OFF.has(quantity)

// The widest codecs give some forty values, weather stations sixty.
const MAX_READINGS = 200
const MAX_ERRORS = 50

class Found implements ReadingsFound {
  readonly readings: Observation[] = []
  readonly errors: DecodeError[] = []
  ignoredFields = 0
  readonly #device: string
  readonly #more: { sourceTimeMs?: number | undefined; quality?: number }
  readonly #seen = new Set<string>()

  constructor(device: string, more: { sourceTimeMs?: number | undefined; quality?: number }) {
    this.#device = device
    this.#more = more
  }

  leave(count = 1): void {
    this.ignoredFields += count
  }

  wrong(code: string, detail: string): void {
    if (this.errors.length < MAX_ERRORS) this.errors.push({ code, detail: detail.slice(0, 200) })
  }

  add(quantity: QuantityName, field: Field, value: number): void {
    const { channel, sourceTimeMs } = field
    const problem = channel === '' ? undefined : nameProblem(channel)
    if (problem) {
      this.wrong('device-name', `the sensor's name ${problem}`)
      return
    }
    // tempC and tempF are one value under two names.
    const key = JSON.stringify([quantity, channel, sourceTimeMs])
    if (this.#seen.has(key)) {
      this.leave()
      return
    }
    this.#seen.add(key)
    if (this.readings.length >= MAX_READINGS)
      this.wrong('too-many-values', `more than ${MAX_READINGS} values`)
    else
      this.readings.push(
        observed(this.#device, channel, quantity, value, {
          ...this.#more,
          sourceTimeMs: sourceTimeMs ?? this.#more.sourceTimeMs,
        }),
      )
  }
}
