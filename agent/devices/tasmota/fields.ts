import type { QuantityName } from '#contract/wire/quantities.ts'

/**
 * Tasmota's field names → quantities (https://tasmota.github.io/docs/, the sensors' pages). A field means
 * different things under different sensors, so the sensor's family is asked first. What is not here is left
 * alone: the chip's own heat, sea-level pressure, raw counts of colour sensors, CO₂ guessed from solvents.
 */
export interface Field {
  readonly quantity: QuantityName
  /** As the device spells it; `TempUnit`, `PressureUnit`, `SpeedUnit` where the message says which. */
  readonly unit: string | StatedUnit
}

export type StatedUnit = 'TempUnit' | 'PressureUnit' | 'SpeedUnit'

/** The unit that a node means when its message doesn't say. */
export const FACTORY_UNITS: Readonly<Record<StatedUnit, string>> = {
  TempUnit: 'C',
  PressureUnit: 'hPa',
  SpeedUnit: 'km/h',
}

type Fields = Readonly<Record<string, Field | 'leave'>>

const is = (quantity: QuantityName, unit: Field['unit']): Field => ({ quantity, unit })

// Names in small letters: `CarbonDioxide`, `PM2.5` and `Ph` differ from driver to driver in their case.
const GENERAL: Fields = {
  temperature: is('air-temperature', 'TempUnit'),
  humidity: is('air-humidity', '%'),
  dewpoint: is('dew-point', 'TempUnit'),
  pressure: is('air-pressure', 'PressureUnit'),
  carbondioxide: is('carbon-dioxide', 'ppm'),
  co2: is('carbon-dioxide', 'ppm'),
  'pm2.5': is('fine-dust-2-5', 'µg/m³'),
  pm10: is('fine-dust-10', 'µg/m³'),
  illuminance: is('light', 'lx'),
  uvindex: is('uv-index', ''),
  moisture: is('soil-moisture', '%'),
  ph: is('water-ph', 'pH'),
  ec: is('water-conductivity', 'µS/cm'),
  battery: is('battery', '%'),
  rssi: is('signal-strength', 'dBm'),
  voltage: is('voltage', 'V'),
  current: is('current', 'A'),
  power: is('power', 'W'),
  apparentpower: is('apparent-power', 'VA'),
  factor: is('power-factor', ''),
  frequency: is('frequency', 'Hz'),
}

interface Family {
  readonly sensor: RegExp
  readonly fields: Fields
}

const FAMILIES: readonly Family[] = [
  // Chips that report how hot they themselves are.
  { sensor: /^(?:ESP32|AXP|BL09|BL65|CSE77|ADE79|HLW8)/i, fields: { temperature: 'leave' } },
  { sensor: /^ENERGY$/i, fields: { total: is('energy', 'kWh'), temperature: 'leave' } },
  {
    sensor: /^(?:SDM|SPM|PZEM|DDSU|DDS2|WE517|IEM|SOLAX|TELEINFO)/i,
    fields: { total: is('energy', 'kWh'), temperature: 'leave' },
  },
  // Flower sensors: what old versions call humidity is that of the soil.
  {
    sensor: /^(?:Flora|HHCC)/i,
    fields: { humidity: is('soil-moisture', '%'), fertility: is('soil-conductivity', 'µS/cm') },
  },
  { sensor: /^(?:SeeSoil|Chirp)/i, fields: { temperature: is('soil-temperature', 'TempUnit') } },
  { sensor: /^EZO/i, fields: { temperature: is('water-temperature', 'TempUnit') } },
  { sensor: /^RG-?15/i, fields: { total: is('rain', 'mm'), flowrate: is('rain-rate', 'mm/h') } },
  // Wind sensors TX20 and TX23 nest: Speed {Act, Avg, Max}, Dir {Deg, Card}.
  {
    sensor: /^TX2\d/i,
    fields: {
      'speed.act': is('wind-speed', 'SpeedUnit'),
      'speed.max': is('wind-gust', 'SpeedUnit'),
      'dir.deg': is('wind-direction', '°'),
    },
  },
  // A beacon's strength says where it is, not how good our radio is.
  { sensor: /^IBEACON/i, fields: { rssi: 'leave' } },
]

/** `path` is the field's name under its sensor, with a dot for each level of nesting. */
export function fieldOf(sensor: string, path: string): { field: Field; index: string } | undefined {
  const name = path.toLowerCase()
  const exact = lookUp(sensor, name)
  if (exact) return exact === 'leave' ? undefined : { field: exact, index: '' }
  // `Temperature2`: the second of the kind on one sensor.
  const [, base, index] = /^(.*[a-z])(\d{1,2})$/.exec(name) ?? []
  if (base === undefined || index === undefined) return undefined
  const numbered = lookUp(sensor, base)
  return numbered && numbered !== 'leave' ? { field: numbered, index } : undefined
}

function lookUp(sensor: string, name: string): Field | 'leave' | undefined {
  const family = FAMILIES.find((each) => each.sensor.test(sensor))
  if (family && Object.hasOwn(family.fields, name)) return family.fields[name]
  return Object.hasOwn(GENERAL, name) ? GENERAL[name] : undefined
}

/** What nodes of Tasmota's Zigbee bridge send. `Illuminance` is a raw logarithm on some and lux on others. */
const ZIGBEE: Readonly<Record<string, Field>> = {
  temperature: is('air-temperature', 'TempUnit'),
  humidity: is('air-humidity', '%'),
  pressure: is('air-pressure', 'PressureUnit'),
  soilmoisture: is('soil-moisture', '%'),
  battery: is('battery', '%'),
  batterypercentage: is('battery', '%'),
  batteryvoltage: is('battery-voltage', 'V'),
  linkquality: is('link-quality', 'lqi'),
  activepower: is('power', 'W'),
  rmsvoltage: is('voltage', 'V'),
  rmscurrent: is('current', 'A'),
  energytotal: is('energy', 'kWh'),
}

// Here `Power` is the switch, not watts.
const ZIGBEE_ON_OFF: Readonly<Record<string, QuantityName>> = {
  power: 'switch',
  contact: 'contact',
  occupancy: 'occupancy',
}

export function zigbeeFieldOf(name: string): Field | undefined {
  const key = name.toLowerCase()
  return Object.hasOwn(ZIGBEE, key) ? ZIGBEE[key] : undefined
}

export function zigbeeSwitchOf(name: string): QuantityName | undefined {
  const key = name.toLowerCase()
  return Object.hasOwn(ZIGBEE_ON_OFF, key) ? ZIGBEE_ON_OFF[key] : undefined
}
