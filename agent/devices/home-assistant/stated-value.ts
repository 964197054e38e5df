import type { QuantityName } from '#contract/wire/quantities.ts'
import { shown } from '../number-of.ts'
import { fieldValueOf, onOffValueOf } from '../vocabulary/field-value.ts'
import type { Company, Vocabulary } from '../vocabulary/vocabulary.ts'
import { fittingIn, type Meaning, ON_OFF } from './entity-meaning.ts'

/** What one announced value says. */
export type StatedValue =
  | { kind: 'value'; quantity: QuantityName; value: number }
  | { kind: 'wrong'; code: string; detail: string }
  /** It is fine and means nothing that we keep, or too much. */
  | { kind: 'left' }

export function statedValue(
  stated: unknown,
  meaning: Meaning,
  more: {
    readonly unit: string | undefined
    readonly company: ReadonlySet<Company>
    readonly vocabulary: Vocabulary
    readonly on?: string
    readonly off?: string
  },
): StatedValue {
  const candidates = fittingIn(meaning, more.company)
  const first = candidates[0]
  if (!first) return { kind: 'left' }
  if (ON_OFF.has(first.quantity)) {
    const said = onOffIn(stated, more.on, more.off)
    if (said) {
      const isTurned = meaning.isOpposite && !said.isWord
      return { kind: 'value', quantity: first.quantity, value: isTurned ? 1 - said.value : said.value }
    }
    return fieldValueOf(stated).kind === 'nothing'
      ? { kind: 'wrong', code: 'no-value', detail: `${first.quantity}: the device gives nothing` }
      : { kind: 'wrong', code: 'not-a-number', detail: `${first.quantity}: ${shown(stated)}` }
  }
  const read = fieldValueOf(stated)
  if (read.kind === 'nothing')
    return { kind: 'wrong', code: 'no-value', detail: `${first.quantity}: the device gives nothing` }
  if (read.kind === 'other')
    return { kind: 'wrong', code: 'not-a-number', detail: `${first.quantity}: ${shown(stated)}` }
  const unit = more.unit ?? read.unit ?? meaning.unit
  for (const candidate of candidates) {
    const measured = more.vocabulary.measure(candidate, read.value, unit)
    if (measured) return { kind: 'value', quantity: candidate.quantity, value: measured.value }
  }
  return unit === undefined
    ? { kind: 'left' }
    : { kind: 'wrong', code: 'unit-unknown', detail: `${first.quantity}: "${unit.slice(0, 32)}"` }
}

function onOffIn(
  stated: unknown,
  on: string | undefined,
  off: string | undefined,
): { value: 0 | 1; isWord: boolean } | undefined {
  // What the announcement calls on and off goes before what words usually mean.
  const text =
    typeof stated === 'string'
      ? stated.trim()
      : typeof stated === 'boolean'
        ? pythonText(stated)
        : typeof stated === 'object'
          ? undefined
          : String(stated)
  if (on !== undefined && text === on) return { value: 1, isWord: false }
  if (off !== undefined && text === off) return { value: 0, isWord: false }
  return onOffValueOf(stated)
}

// As a template of Home Assistant writes it.
const pythonText = (value: boolean): string => (value ? 'True' : 'False')
