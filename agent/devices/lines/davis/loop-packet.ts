import type { QuantityName } from '#contract/wire/quantities.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import {
  type DecodeError,
  type DecodeResult,
  type Observation,
  observed,
  refused,
} from '../../observation.ts'
import { toTableUnit, withoutFloatDust } from '../../units.ts'
import { crcCcitt } from './crc.ts'
import { PACKET_BYTES } from './find-packet.ts'

/**
 * The LOOP packet of Vantage Pro, Pro2 and Vue (Davis, "Vantage Serial Communication Reference", §X.1), all little
 * endian but its CRC. A dashed value is one that the console has not heard.
 */
interface Field {
  readonly at: number
  readonly kind: 'u8' | 'u16' | 's16'
  readonly dashed: readonly number[]
  readonly quantity: QuantityName
  readonly channel: string
  /** As devices/units.ts spells it, of `raw × scale + offset`. */
  readonly unit: string
  readonly scale?: number
  readonly offset?: number
  /** Every station has it: dashed from the first packet on, it is a fault. Others are so once they were heard. */
  readonly isStandard?: boolean
}

const DASHED_U16 = [0x7fff, 0xffff]
const tenthsF = { kind: 's16', dashed: [0x7fff, -0x8000], unit: 'F', scale: 0.1 } as const
// One byte, 90 more than the degrees Fahrenheit.
const wholeF = { kind: 'u8', dashed: [0xff], unit: 'F', offset: -90 } as const
const percent = { kind: 'u8', dashed: [0xff], unit: '%' } as const
const mph = { kind: 'u8', dashed: [0xff], unit: 'mph' } as const

const numbered = (count: number, at: number, field: Omit<Field, 'at'>): Field[] =>
  Array.from({ length: count }, (_, index) => ({
    ...field,
    at: at + index,
    channel: `${field.channel}${index + 1}`,
  }))

const FIELDS: readonly Field[] = [
  // The console corrects its barometer to sea level by the height that it was told, so it is not the place's own.
  {
    ...{ at: 7, kind: 'u16', dashed: [0, ...DASHED_U16], unit: 'inHg', scale: 0.001 },
    ...{ quantity: 'air-pressure', channel: 'sea-level', isStandard: true },
  },
  { at: 9, ...tenthsF, quantity: 'air-temperature', channel: 'inside' },
  { at: 11, ...percent, quantity: 'air-humidity', channel: 'inside' },
  { at: 12, ...tenthsF, quantity: 'air-temperature', channel: '', isStandard: true },
  { at: 14, ...mph, quantity: 'wind-speed', channel: '', isStandard: true },
  { at: 15, ...mph, quantity: 'wind-speed', channel: '10-min' },
  // North is 360 here; 0 says that there is no direction, as in a calm since the console was started.
  { at: 16, kind: 'u16', dashed: DASHED_U16, unit: '°', quantity: 'wind-direction', channel: '' },
  ...numbered(7, 18, { ...wholeF, quantity: 'air-temperature', channel: 'extra-' }),
  ...numbered(4, 25, { ...wholeF, quantity: 'soil-temperature', channel: '' }),
  ...numbered(4, 29, { ...wholeF, quantity: 'leaf-temperature', channel: '' }),
  { at: 33, ...percent, quantity: 'air-humidity', channel: '', isStandard: true },
  ...numbered(7, 34, { ...percent, quantity: 'air-humidity', channel: 'extra-' }),
  { at: 43, kind: 'u8', dashed: [0xff], unit: '', scale: 0.1, quantity: 'uv-index', channel: '' },
  { at: 44, kind: 'u16', dashed: DASHED_U16, unit: 'W/m2', quantity: 'solar-radiation', channel: '' },
  // A scale from 0 (dry) to 15 (wet).
  ...numbered(4, 66, {
    kind: 'u8',
    dashed: [0xff],
    unit: '%',
    scale: 100 / 15,
    quantity: 'leaf-wetness',
    channel: '',
  }),
  {
    ...{ at: 87, kind: 'u16', dashed: [0, ...DASHED_U16], unit: 'V', scale: 300 / 512 / 100 },
    ...{ quantity: 'battery-voltage', channel: '' },
  },
]

// In clicks of the bucket, as the rate is in clicks an hour. The year's total runs longest, so it is the rain; the
// day's begins again at midnight and the month's adds nothing.
const RAIN = [
  { at: 54, quantity: 'rain', channel: '' },
  { at: 50, quantity: 'rain', channel: 'day' },
  { at: 41, quantity: 'rain-rate', channel: '' },
] as const
const CALM_DIRECTION = 0
const TRANSMITTER_BATTERIES_AT = 86
// Storm, month's rain, three of evapotranspiration, four of soil tension, trend, forecast, sunrise and sunset.
const FIELDS_LEFT_ALONE = 13

/** Keeps which optional sensors were heard, so that one that falls silent is a fault and an absent one is not. */
export class LoopDecoder {
  readonly #device: string
  readonly #rainClickMm: number
  readonly #heard = new Set<Field>()

  /** `rainClickMm`: what one tip of the bucket is, 0.254 (0.01 in) or 0.2. */
  constructor(device: string, rainClickMm: number) {
    this.#device = device
    this.#rainClickMm = rainClickMm
  }

  /** A whole packet with its CRC. */
  decode(packet: Uint8Array): DecodeResult {
    if (packet.length !== PACKET_BYTES)
      return refused('wrong-reply', `${packet.length} bytes, not ${PACKET_BYTES}`)
    if (crcCcitt(packet) !== 0) return refused('crc', 'the CRC of the LOOP packet is wrong')
    if (packet[4] !== 0) return refused('wrong-reply', `a packet of type ${packet[4]}, not LOOP`)
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
    const readings: Observation[] = []
    const errors: DecodeError[] = []
    let ignoredFields = FIELDS_LEFT_ALONE
    for (const field of FIELDS) {
      const raw = rawOf(view, field)
      const name = `${field.quantity}${field.channel && ` ${field.channel}`}`
      if (field.dashed.includes(raw)) {
        if (field.isStandard || this.#heard.has(field))
          errors.push({ code: 'sentinel', detail: `${name} is dashed (${raw})` })
        else ignoredFields++
        continue
      }
      this.#heard.add(field)
      if (field.quantity === 'wind-direction') {
        if (raw === CALM_DIRECTION) continue
        if (raw > 360) {
          errors.push({ code: 'out-of-range', detail: `${name} ${raw}°` })
          continue
        }
      }
      const stated = withoutFloatDust(raw * (field.scale ?? 1) + (field.offset ?? 0))
      const value = toTableUnit(stated, field.unit, QUANTITIES[field.quantity].unit)
      if (value !== undefined) readings.push(observed(this.#device, field.channel, field.quantity, value))
    }
    for (const { at, quantity, channel } of RAIN) {
      const clicks = view.getUint16(at, true)
      if (clicks === 0xffff) errors.push({ code: 'sentinel', detail: `${quantity} is dashed (${clicks})` })
      else
        readings.push(observed(this.#device, channel, quantity, withoutFloatDust(clicks * this.#rainClickMm)))
    }
    const weak = transmittersWithWeakBattery(packet[TRANSMITTER_BATTERIES_AT]!)
    if (weak.length > 0) errors.push({ code: 'battery-low', detail: `transmitter ${weak.join(', ')}` })
    return { readings, errors, ignoredFields, ignored: false, deviceSeen: { id: this.#device } }
  }
}

function rawOf(view: DataView, { at, kind }: Field): number {
  switch (kind) {
    case 'u8':
      return view.getUint8(at)
    case 'u16':
      return view.getUint16(at, true)
    case 's16':
      return view.getInt16(at, true)
  }
}

const transmittersWithWeakBattery = (bits: number): number[] =>
  [1, 2, 3, 4, 5, 6, 7, 8].filter((number) => bits & (1 << (number - 1)))
