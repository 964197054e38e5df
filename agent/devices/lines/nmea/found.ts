import { QUANTITIES, type QuantityName } from '#contract/wire/quantities.ts'
import { numberOf, shown } from '../../number-of.ts'
import { type DecodeError, type DecodeResult, type Observation, observed } from '../../observation.ts'
import { toTableUnit } from '../../units.ts'

/** What a sentence gave so far. A void field is nothing: the standard's way to say that a sensor is not fitted. */
export class Found {
  readonly readings: Observation[] = []
  readonly errors: DecodeError[] = []
  ignoredFields = 0
  readonly #device: string

  constructor(device: string) {
    this.#device = device
  }

  /** A value and the letter of its unit; `units` says what the letters stand for, as devices/units.ts spells them. */
  value(
    quantity: QuantityName,
    channel: string,
    stated: string | undefined,
    letter: string | undefined,
    units: Readonly<Record<string, string>>,
  ): void {
    const number = this.number(quantity, stated)
    if (number === undefined) return
    const unit = Object.hasOwn(units, letter ?? '') ? units[letter ?? ''] : undefined
    const value = unit === undefined ? undefined : toTableUnit(number, unit, QUANTITIES[quantity].unit)
    if (value === undefined) this.refuse('unit-unknown', `${quantity} in ${shown(letter ?? '')}`)
    else this.put(quantity, channel, value)
  }

  /** Undefined when the field is void, or is no number and refused for it. */
  number(what: string, stated: string | undefined): number | undefined {
    if (stated === undefined || stated === '') return undefined
    const number = numberOf(stated)
    if (number === undefined) this.refuse('not-a-number', `${what}: ${shown(stated)}`)
    return number
  }

  put(quantity: QuantityName, channel: string, value: number): void {
    this.readings.push(observed(this.#device, channel, quantity, value))
  }

  refuse(code: string, detail: string): void {
    this.errors.push({ code, detail: detail.slice(0, 200) })
  }

  result(): DecodeResult {
    const { readings, errors, ignoredFields } = this
    return {
      readings,
      errors,
      ignoredFields,
      ignored: readings.length === 0 && errors.length === 0,
      // Its checksum holds, so it speaks, whatever its sensors give.
      deviceSeen: { id: this.#device },
    }
  }
}
