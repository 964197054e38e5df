import { numberOf, shown } from '../../number-of.ts'
import {
  type DecodeError,
  type DecodeResult,
  NOTHING,
  type Observation,
  observed,
} from '../../observation.ts'
import { toTableUnit } from '../../units.ts'
import type { LineFormat } from '../line-talker.ts'
import { refusedLine, refusedNoise, textOf } from '../line-text.ts'

/**
 * Hydreon RG-15, an optical rain gauge. Asked with `R` it answers
 *
 *   Acc 0.00 mm, EventAcc 0.00 mm, TotalAcc 12.40 mm, RInt 0.00 mmph
 *
 * in millimetres or inches, with two decimals or three, as it is set; so the units in the line decide. TotalAcc is
 * the running total, which begins again at nought when its power was gone. Acc is emptied by being read and
 * EventAcc by a dry hour: both are left alone, the total has them. What follows in the line, or in lines of its
 * own, are states: LensBad, EmSat, PwrDays (days since it has power), Reset with a reason.
 */
const AMOUNT = /^([A-Za-z]+)\s+([+-]?[\d.]+)\s*([A-Za-z]*)$/
const LENGTHS: Readonly<Record<string, string>> = { mm: 'mm', in: 'in' }
const RATES: Readonly<Record<string, string>> = { mmph: 'mm/h', iph: 'in/h', 'mm/h': 'mm/h', 'in/h': 'in/h' }
const LEFT_ALONE = new Set(['acc', 'eventacc', 'xtbtips', 'xtbeventacc', 'xtbint', 'lvl', 'emitters'])
// The longest answer, with an external bucket and every state, is some 150 characters.
const MAX_PARTS = 16

export class Rg15Format implements LineFormat {
  readonly #device: string
  #powerDays: number | undefined

  constructor(device: string) {
    this.#device = device
  }

  decode(line: Uint8Array): DecodeResult {
    const text = textOf(line)?.trim()
    if (text === undefined) return refusedNoise(line)
    // Lines of comment in its greeting, and the letters of commands said back.
    if (text === '' || text.startsWith(';') || /^[a-z]( \d+)?$/i.test(text)) return NOTHING
    const readings: Observation[] = []
    const errors: DecodeError[] = []
    let ignoredFields = 0
    let isIts = false
    const parts = text.split(/[,;]/).slice(0, MAX_PARTS)
    for (const part of parts.map((each) => each.trim())) {
      const [, name = part, stated = '', unit = ''] = AMOUNT.exec(part) ?? []
      const key = name.toLowerCase()
      if (key === 'totalacc' || key === 'rint') {
        isIts = true
        const isTotal = key === 'totalacc'
        const value = amountOf(stated, unit.toLowerCase(), isTotal ? LENGTHS : RATES, isTotal ? 'mm' : 'mm/h')
        if (typeof value === 'number')
          readings.push(observed(this.#device, '', isTotal ? 'rain' : 'rain-rate', value))
        else errors.push({ code: value.code, detail: `${name} ${value.detail}` })
      } else if (LEFT_ALONE.has(key)) {
        isIts = true
        ignoredFields++
      } else {
        const state = this.#stateOf(part)
        if (state === 'unknown') ignoredFields++
        else {
          isIts = true
          if (state) errors.push(state)
        }
      }
    }
    // A greeting names maker and version; anything else is no rain gauge.
    if (!isIts && !/hydreon|rg-?\s?15|\bsw\b|version/i.test(text))
      return refusedLine('line-format', 'not an RG-15', line)
    const ignored = readings.length === 0 && errors.length === 0
    return { readings, errors, ignored, ignoredFields, deviceSeen: { id: this.#device } }
  }

  #stateOf(part: string): DecodeError | undefined | 'unknown' {
    if (/^LensBad\b/i.test(part)) return { code: 'lens-dirty', detail: part.slice(0, 60) }
    if (/^EmSat\b/i.test(part)) return { code: 'lens-blinded', detail: part.slice(0, 60) }
    if (/^Reset\b/i.test(part)) return { code: 'restarted', detail: part.slice(0, 60) }
    const days = numberOf(/^PwrDays\s+(\d{1,6})/i.exec(part)?.[1])
    if (days === undefined) return 'unknown'
    const before = this.#powerDays
    this.#powerDays = days
    return before !== undefined && days < before
      ? { code: 'restarted', detail: `has had power for ${days} days, before ${before}` }
      : undefined
  }
}

function amountOf(
  stated: string,
  unit: string,
  units: Readonly<Record<string, string>>,
  to: 'mm' | 'mm/h',
): number | DecodeError {
  const number = numberOf(stated)
  if (number === undefined) return { code: 'not-a-number', detail: shown(stated) }
  const from = Object.hasOwn(units, unit) ? units[unit] : undefined
  const value = from === undefined ? undefined : toTableUnit(number, from, to)
  return value ?? { code: 'unit-unknown', detail: `in ${shown(unit)}` }
}
