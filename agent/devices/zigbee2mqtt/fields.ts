import type { QuantityName } from '#contract/wire/quantities.ts'

/**
 * Zigbee2MQTT's property names → quantities, with the unit that its converters use when the device list does
 * not say one (https://www.zigbee2mqtt.io/guide/usage/exposes.html). What is not here is left alone: the chip's
 * own temperature, calibration offsets, thresholds, colours.
 */
export interface Field {
  readonly quantity: QuantityName
  /** As the device spells it. `boolean` is ON/OFF, true/false or 1/0. */
  readonly unit: string
}

const number = (quantity: QuantityName, unit: string): Field => ({ quantity, unit })
const boolean = (quantity: QuantityName): Field => ({ quantity, unit: 'boolean' })

export const FIELDS: ReadonlyMap<string, Field> = new Map([
  ['temperature', number('air-temperature', '°C')],
  ['humidity', number('air-humidity', '%')],
  ['dew_point', number('dew-point', '°C')],
  ['vpd', number('vapour-pressure-deficit', 'kPa')],
  ['pressure', number('air-pressure', 'hPa')],
  ['co2', number('carbon-dioxide', 'ppm')],
  ['pm25', number('fine-dust-2-5', 'µg/m³')],
  ['pm10', number('fine-dust-10', 'µg/m³')],
  ['noise', number('noise', 'dB')],
  ['soil_temperature', number('soil-temperature', '°C')],
  ['soil_moisture', number('soil-moisture', '%')],
  ['soil_humidity', number('soil-moisture', '%')],
  ['soil_fertility', number('soil-conductivity', 'µS/cm')],
  ['soil_ec', number('soil-conductivity', 'µS/cm')],
  ['soil_ph', number('soil-ph', 'pH')],
  ['leaf_wetness', number('leaf-wetness', '%')],
  ['leaf_temperature', number('leaf-temperature', '°C')],
  ['water_temperature', number('water-temperature', '°C')],
  ['ph', number('water-ph', 'pH')],
  ['ec', number('water-conductivity', 'µS/cm')],
  ['tds', number('dissolved-solids', 'ppm')],
  ['liquid_depth', number('water-level', 'm')],
  ['flow', number('water-flow', 'm³/h')],
  ['water_consumed', number('water-volume', 'm³')],
  ['water_leak', boolean('water-leak')],
  ['illuminance', number('light', 'lx')],
  ['illuminance_lux', number('light', 'lx')],
  ['solar_radiation', number('solar-radiation', 'W/m²')],
  ['uv_index', number('uv-index', '')],
  ['rainfall', number('rain', 'mm')],
  ['precipitation', number('rain', 'mm')],
  ['rain_rate', number('rain-rate', 'mm/h')],
  ['wind_speed', number('wind-speed', 'm/s')],
  ['wind_gust', number('wind-gust', 'm/s')],
  ['wind_direction', number('wind-direction', '°')],
  ['battery', number('battery', '%')],
  ['battery_voltage', number('battery-voltage', 'mV')],
  ['linkquality', number('link-quality', 'lqi')],
  ['rssi', number('signal-strength', 'dBm')],
  ['voltage', number('voltage', 'V')],
  ['current', number('current', 'A')],
  ['power', number('power', 'W')],
  ['power_apparent', number('apparent-power', 'VA')],
  ['power_factor', number('power-factor', '')],
  ['ac_frequency', number('frequency', 'Hz')],
  ['energy', number('energy', 'kWh')],
  ['state', boolean('switch')],
  ['contact', boolean('contact')],
  ['occupancy', boolean('occupancy')],
  ['presence', boolean('occupancy')],
])

/** Fields that say how the message is meant, and are read apart. */
export const META_FIELDS: ReadonlySet<string> = new Set(['last_seen', 'elapsed'])

// Endpoint names of Zigbee2MQTT's converters: l1, 1, ep2, left, top_left, phase_b. A list, because
// `temperature_unit` or `humidity_max` must not read as a second sensor.
const ENDPOINT =
  /^(?:l\d{1,2}|\d{1,2}|ep_?\d{1,2}|phase_[a-c]|row_\d|(?:(?:top|bottom|center|row)_)?(?:left|right|center)|top|bottom|up|down|main|probe|external|internal|indoor|outdoor|[a-h])$/

/** What a property means: a field of the table, of one of the device's endpoints. */
export interface FoundField {
  readonly field: Field
  readonly name: string
  /** Empty for the device itself. */
  readonly endpoint: string
}

const WHOLE: ReadonlyMap<string, FoundField> = new Map(
  [...FIELDS].map(([name, field]) => [name, { field, name, endpoint: '' }]),
)

/** `temperature_l1` → the field `temperature` of endpoint `l1`; undefined when nobody mapped it. */
export function fieldOf(property: string): FoundField | undefined {
  const whole = WHOLE.get(property)
  if (whole) return whole
  for (let at = property.lastIndexOf('_'); at > 0; at = property.lastIndexOf('_', at - 1)) {
    const name = property.slice(0, at)
    const endpoint = property.slice(at + 1)
    const field = FIELDS.get(name)
    if (field && ENDPOINT.test(endpoint)) return { field, name, endpoint }
  }
  return undefined
}
