import { QUANTITIES } from '#contract/wire/quantities.ts'
import { nameProblem } from '../../device-name.ts'
import { numberOf, onOffOf, shown } from '../../number-of.ts'
import {
  type DecodeError,
  type DecodeResult,
  NOTHING,
  type Observation,
  observed,
} from '../../observation.ts'
import { toTableUnit, withoutFloatDust } from '../../units.ts'
import type { LineFormat } from '../line-talker.ts'
import { refusedLine, refusedNoise, textOf } from '../line-text.ts'
import { checksumOf } from '../nmea/sentence.ts'
import { columnsOf, csvFields, type FieldsOfLine, jsonFields, pairFields } from './fields-of.ts'
import type { Pattern, PatternValue } from './pattern.ts'

/** Reads lines by a pattern of the config. What the pattern doesn't name is counted, not kept. */
export class PatternFormat implements LineFormat {
  readonly #device: string
  readonly #pattern: Pattern
  #titles: readonly string[] | undefined

  constructor(device: string, pattern: Pattern) {
    this.#device = device
    this.#pattern = pattern
  }

  decode(bytes: Uint8Array): DecodeResult {
    const text = textOf(bytes)?.trim()
    if (text === undefined) return refusedNoise(bytes)
    const { comments, hasChecksum } = this.#pattern
    if (text === '' || comments.some((start) => text.startsWith(start))) return NOTHING
    let line = text
    if (hasChecksum) {
      const [, body, stated] = /^(.*)\*([0-9A-Fa-f]{2})$/u.exec(text) ?? []
      if (body === undefined) return refusedLine('checksum', 'no checksum', bytes)
      if (checksumOf(body) !== Number.parseInt(stated ?? '', 16))
        return refusedLine('checksum', 'wrong checksum', bytes)
      line = body
    }
    const fields = this.#fieldsOf(line)
    if (fields === 'titles') return NOTHING
    if (fields.kind === 'refused') return refusedLine(fields.code, fields.why, bytes)
    return this.#read(fields, bytes)
  }

  forget(): void {
    // A board that starts again says its titles again, maybe others.
    this.#titles = undefined
  }

  #fieldsOf(line: string): FieldsOfLine | 'titles' {
    const { format, separator } = this.#pattern
    switch (format) {
      case 'json':
        return jsonFields(line)
      case 'pairs':
        return pairFields(line, this.#pattern)
      case 'csv': {
        const columns = columnsOf(line, separator)
        if (this.#areTitles(columns)) {
          this.#titles = columns
          return 'titles'
        }
        return csvFields(columns, this.#titles)
      }
    }
  }

  /** Words in every wanted column that no sensor gives as its value. */
  #areTitles(columns: readonly string[]): boolean {
    const places = this.#pattern.values.map(({ from }) => from)
    const named = places.filter((place) => typeof place === 'string')
    if (named.length > 0) return named.some((title) => columns.includes(title))
    return places.every((place) => {
      const word = columns[Number(place) - 1] ?? ''
      return (
        /\p{L}/u.test(word) &&
        leadingNumber(word) === undefined &&
        !STANDS_FOR_NOTHING.test(word) &&
        onOffOf(word) === undefined
      )
    })
  }

  #read(fields: Extract<FieldsOfLine, { kind: 'fields' }>, bytes: Uint8Array): DecodeResult {
    const { node, values, format } = this.#pattern
    let device = this.#device
    if (node !== undefined) {
      const stated = fields.at(node)
      if (typeof stated !== 'string' && typeof stated !== 'number')
        return refusedLine('no-device', 'does not say of which node it is', bytes)
      device = `${this.#device}/${String(stated).trim()}`
      const problem = nameProblem(String(stated).trim()) ?? nameProblem(device)
      if (problem) return refusedLine('device-name', `the node's name ${problem}`, bytes)
    }
    const readings: Observation[] = []
    const errors: DecodeError[] = []
    let used = node === undefined ? 0 : 1
    for (const value of values) {
      const stated = fields.at(value.from)
      if (stated === undefined) continue
      used++
      const read = this.#valueOf(value, stated)
      if (typeof read === 'number') readings.push(observed(device, value.channel, value.quantity, read))
      else errors.push({ code: read.code, detail: `${value.from}: ${read.detail}`.slice(0, 200) })
    }
    // A column that is missing means that the line was cut, or is of another kind; a key may come in another line.
    const missing = format === 'csv' && used < values.length + (node === undefined ? 0 : 1)
    if (missing)
      return this.#titles === undefined && values.some(({ from }) => typeof from === 'string')
        ? refusedLine('no-titles', 'the line of titles was not heard yet', bytes)
        : refusedLine('line-format', `${fields.count} columns`, bytes)
    const ignored = readings.length === 0 && errors.length === 0
    return {
      readings,
      errors,
      ignored,
      ignoredFields: Math.max(0, fields.count - used),
      deviceSeen: { id: device },
    }
  }

  #valueOf({ quantity, unit, scale, offset }: PatternValue, stated: unknown): number | DecodeError {
    const { decimalComma } = this.#pattern
    const number =
      STATES.has(quantity) && onOffOf(stated) !== undefined
        ? onOffOf(stated)
        : typeof stated === 'string'
          ? leadingNumber(decimalComma ? stated.replace(',', '.') : stated)
          : numberOf(stated)
    if (number === undefined) return { code: 'not-a-number', detail: shown(stated) }
    const tableUnit = QUANTITIES[quantity].unit
    const value = toTableUnit(withoutFloatDust(number * scale + offset), unit ?? tableUnit, tableUnit)
    if (value === undefined) return { code: 'unit-unknown', detail: `${quantity} in ${shown(unit)}` }
    return Number.isFinite(value) ? value : { code: 'not-a-number', detail: shown(stated) }
  }
}

const STATES: ReadonlySet<string> = new Set(['switch', 'contact', 'water-leak', 'occupancy'])
// What sketches print for a sensor that gives nothing.
const STANDS_FOR_NOTHING = /^(nan|-?inf|-?ovf|null|none|nil|n\/?a|#n\/?a|err(or)?|fail(ed)?|undefined)$/i
// The unit may stand behind the number ("24.0 *C"); the pattern says which it is.
const NUMBER_WITH_UNIT =
  /^([+-]?(?:\d{1,15}\.?\d{0,15}|\.\d{1,15})(?:[eE][+-]?\d{1,3})?)\s{0,4}(?:[^\d\s.,:+-][^\d\s:,]{0,11})?$/u

function leadingNumber(text: string): number | undefined {
  const bare = text.trim()
  return numberOf(bare) ?? numberOf(NUMBER_WITH_UNIT.exec(bare)?.[1])
}
