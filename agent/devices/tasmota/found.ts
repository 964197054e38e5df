import { QUANTITIES, type QuantityName } from '#contract/wire/quantities.ts'
import { QUALITY } from '#contract/wire/records.ts'
import type { JsonObject } from '../bounded-json.ts'
import { nameProblem } from '../device-name.ts'
import { numberOf, onOffOf, shown } from '../number-of.ts'
import { type DecodeError, type DecodeResult, type Observation, observed, refused } from '../observation.ts'
import { sourceTimeOf } from '../source-time.ts'
import { toTableUnit } from '../units.ts'
import { FACTORY_UNITS, type Field, type StatedUnit } from './fields.ts'

// A node with every kind of sensor has some sixty values; a message that names more is not from one.
const MAX_READINGS = 300
const MAX_ERRORS = 50

/** Collects what one message gives. */
export class Found {
  readonly #device: string
  readonly #quality: number
  readonly #readings: Observation[]
  readonly #errors: DecodeError[]
  readonly #counts: { left: number }
  #sourceTimeMs: number | undefined
  #frame: JsonObject = {}

  constructor(device: string, isRetained: boolean, parent?: Found) {
    this.#device = device
    this.#quality = isRetained ? QUALITY.historical : QUALITY.good
    this.#readings = parent ? parent.#readings : []
    this.#errors = parent ? parent.#errors : []
    this.#counts = parent ? parent.#counts : { left: 0 }
    this.#frame = parent ? parent.#frame : {}
    this.#sourceTimeMs = parent ? parent.#sourceTimeMs : undefined
  }

  /** Takes time and units from the message's top level. `Time` without a zone is nobody's noon. */
  useFrame(payload: JsonObject): void {
    this.#frame = payload
    this.#sourceTimeMs = sourceTimeOf(payload['Time']) ?? sourceTimeOf(payload['Epoch'])
  }

  /** A node that is heard through this one. Its topic may name it already (SetOption89). */
  behind(name: string, key: string): Found {
    const last = this.#device.split('/').at(-1)?.toLowerCase() ?? ''
    const isNamed = [name, key, key.replace(/^0x/i, '')].some((each) => each.toLowerCase() === last)
    const device = this.#device === '' ? name : isNamed ? this.#device : `${this.#device}/${name}`
    return new Found(device, this.#quality === QUALITY.historical, this)
  }

  number(field: Field, channel: string, stated: unknown, where: string, near: JsonObject): void {
    const value = numberOf(stated)
    const unit = this.#unitOf(field, near)
    const converted =
      value === undefined ? undefined : toTableUnit(value, unit, QUANTITIES[field.quantity].unit)
    if (stated === null) this.#wrong('no-value', `${where}: the sensor gives nothing`)
    else if (value === undefined) this.#wrong('not-a-number', `${where}: ${shown(stated)}`)
    else if (converted === undefined) this.#wrong('unit-unknown', `${where}: "${unit}"`)
    else this.#add(field.quantity, channel, converted)
  }

  onOff(quantity: QuantityName, channel: string, stated: unknown, where: string): void {
    const value = onOffOf(stated)
    if (value === undefined) this.#wrong('not-a-number', `${where}: ${shown(stated)}`)
    else this.#add(quantity, channel, value)
  }

  /** `POWER` of a node with one relay has no channel, `POWER2` is its own. */
  relay(key: string, stated: unknown): void {
    this.onOff('switch', key === 'POWER' ? '' : key, stated, key)
  }

  /** A field that is fine and that nobody mapped. */
  leave(): void {
    this.#counts.left++
  }

  result(): DecodeResult {
    const readings = this.#readings
    if (readings.some((each) => each.device === '')) return refused('no-device', 'the topic names no device')
    const id = this.#device === '' ? readings[0]?.device : this.#device
    return {
      readings,
      errors: this.#errors,
      ignoredFields: this.#counts.left,
      ignored: readings.length === 0 && this.#errors.length === 0,
      ...(id === undefined ? {} : { deviceSeen: { id } }),
    }
  }

  #unitOf(field: Field, near: JsonObject): string {
    if (!(field.unit in FACTORY_UNITS)) return field.unit
    const stated = near[field.unit] ?? this.#frame[field.unit]
    return typeof stated === 'string' ? stated : FACTORY_UNITS[field.unit as StatedUnit]
  }

  #add(quantity: QuantityName, channel: string, value: number): void {
    const problem =
      (channel === '' ? undefined : nameProblem(channel)) ??
      (this.#device === '' ? undefined : nameProblem(this.#device))
    if (problem) this.#wrong('device-name', `the sensor's name ${problem}`)
    else if (this.#readings.length >= MAX_READINGS)
      this.#wrong('too-many-values', `more than ${MAX_READINGS} values`)
    else {
      const more = { sourceTimeMs: this.#sourceTimeMs, quality: this.#quality }
      this.#readings.push(observed(this.#device, channel, quantity, value, more))
    }
  }

  #wrong(code: string, detail: string): void {
    if (this.#errors.length < MAX_ERRORS) this.#errors.push({ code, detail: detail.slice(0, 200) })
  }
}
