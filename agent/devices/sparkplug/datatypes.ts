import { numberOf } from '../number-of.ts'
import type { WireValue } from './wire-payload.ts'

/** Numbers of Sparkplug's datatypes (Sparkplug 3.0 §6.4.16) → how wide a whole number is. */
const WHOLE: Readonly<Record<number, { readonly bits: number; readonly isSigned: boolean }>> = {
  1: { bits: 8, isSigned: true },
  2: { bits: 16, isSigned: true },
  3: { bits: 32, isSigned: true },
  4: { bits: 64, isSigned: true },
  5: { bits: 8, isSigned: false },
  6: { bits: 16, isSigned: false },
  7: { bits: 32, isSigned: false },
  8: { bits: 64, isSigned: false },
}
const FLOAT = 9
const DOUBLE = 10
const BOOLEAN = 11
const STRING = 12
const DATE_TIME = 13
const TEXT = 14
/** UUID, DataSet, Bytes, File, Template, PropertySet(s) and the arrays: no single value. */
const LAST_DATATYPE = 34

export type MetricValue =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** Fine, but no value of a quantity: a text, a date, a data set. */
  | { readonly kind: 'no-number' }
  /** What stands there can't be a value of its datatype. */
  | { readonly kind: 'wrong'; readonly detail: string }

/** `datatype` is the one of the birth, or the message's own; undefined where nobody stated one. */
export function metricValue(value: WireValue, datatype: number | undefined): MetricValue {
  if (value.kind === 'other') return { kind: 'no-number' }
  const whole = datatype === undefined ? undefined : WHOLE[datatype]
  if (whole) return wholeNumber(value, whole.bits, whole.isSigned)
  switch (datatype) {
    case FLOAT:
    case DOUBLE:
      return realNumber(value)
    case BOOLEAN:
      if (value.kind === 'boolean') return value
      // Some encoders write 0 and 1 into the field of whole numbers.
      return value.kind === 'int' && value.value <= 1
        ? { kind: 'boolean', value: value.value === 1 }
        : wrong(value, 'a Boolean')
    case STRING:
    case TEXT: {
      if (value.kind !== 'string') return wrong(value, 'a text')
      const number = numberOf(value.value)
      return number === undefined ? { kind: 'no-number' } : { kind: 'number', value: number }
    }
    case undefined:
    case 0:
      // Without a datatype a whole number may be signed or not; the others say what they are.
      if (value.kind === 'boolean') return value
      return value.kind === 'float' || value.kind === 'double'
        ? realNumber(value)
        : { kind: 'wrong', detail: 'it has no datatype' }
    default:
      return datatype >= DATE_TIME && datatype <= LAST_DATATYPE
        ? { kind: 'no-number' }
        : { kind: 'wrong', detail: `there is no datatype ${datatype}` }
  }
}

/**
 * Negative numbers are two's complement, in 32 bits or (some encoders) in their own width. What stands above
 * their own width must therefore be all zeros or, for a negative number, all ones.
 */
function wholeNumber(value: WireValue, bits: number, isSigned: boolean): MetricValue {
  const words =
    value.kind === 'long'
      ? { held: value.value, width: 64 }
      : value.kind === 'int'
        ? { held: BigInt(value.value), width: 32 }
        : undefined
  if (!words) return wrong(value, 'a whole number')
  const low = isSigned ? BigInt.asIntN(bits, words.held) : BigInt.asUintN(bits, words.held)
  const isInOwnWidth = words.held === BigInt.asUintN(bits, low)
  const isExtended = [32, 64].some(
    (width) => width <= words.width && isSigned && words.held === BigInt.asUintN(width, low),
  )
  if (isInOwnWidth || isExtended) return { kind: 'number', value: Number(low) }
  return { kind: 'wrong', detail: `${words.held} does not fit into ${bits} bits` }
}

function realNumber(value: WireValue): MetricValue {
  if (value.kind !== 'float' && value.kind !== 'double') return wrong(value, 'a number with a point')
  if (!Number.isFinite(value.value)) return { kind: 'wrong', detail: String(value.value) }
  return { kind: 'number', value: value.kind === 'float' ? shortestOf32(value.value) : value.value }
}

const wrong = (value: WireValue, wanted: string): MetricValue => ({
  kind: 'wrong',
  detail: `${value.kind} where ${wanted} belongs`,
})

/** 21.4 in 32 bits is 21.399999618530273 in 64: the shortest decimal that is the same 32 bits was meant. */
function shortestOf32(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits))
    if (Math.fround(shorter) === value) return shorter
  }
  return value
}
