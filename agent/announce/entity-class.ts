import type { QuantityName } from '#contract/wire/quantities.ts'
import { UNITS, type Unit } from '#contract/wire/quantities.ts'

/**
 * How Home Assistant calls a quantity (developers.home-assistant.io, "Sensor entity" and "Binary sensor entity"). A
 * device class fixes which units it takes, so a quantity whose unit does not fit has none.
 */
export interface EntityClass {
  readonly component: 'sensor' | 'binary_sensor'
  readonly deviceClass?: string
  readonly unit?: string
  readonly stateClass?: 'measurement' | 'total_increasing'
  /** Of a binary sensor: what is published while it is ON and OFF. */
  readonly on?: string
  readonly off?: string
}

export function entityClassOf(quantity: QuantityName, unit: Unit): EntityClass {
  const binary = BINARY[quantity]
  if (binary) return { component: 'binary_sensor', ...binary }
  const deviceClass = DEVICE_CLASSES[quantity]
  const symbol = unit === '[pH]' ? '' : unit === 'L/min' ? 'L/min' : UNITS[unit].symbol
  return {
    component: 'sensor',
    ...(deviceClass === undefined ? {} : { deviceClass }),
    ...(symbol === '' ? {} : { unit: symbol }),
    stateClass: TOTALS.has(quantity) ? 'total_increasing' : 'measurement',
  }
}

const TOTALS: ReadonlySet<QuantityName> = new Set(['rain', 'energy', 'water-volume'])

const BINARY: Partial<Record<QuantityName, Omit<EntityClass, 'component'>>> = {
  switch: { on: '1', off: '0' },
  // A contact that is closed is 1 here; an opening is ON there while it is open.
  contact: { deviceClass: 'opening', on: '0', off: '1' },
  occupancy: { deviceClass: 'occupancy', on: '1', off: '0' },
  'water-leak': { deviceClass: 'moisture', on: '1', off: '0' },
}

const DEVICE_CLASSES: Partial<Record<QuantityName, string>> = {
  'air-temperature': 'temperature',
  'dew-point': 'temperature',
  'soil-temperature': 'temperature',
  'leaf-temperature': 'temperature',
  'water-temperature': 'temperature',
  'device-temperature': 'temperature',
  'air-humidity': 'humidity',
  'soil-moisture': 'moisture',
  'air-pressure': 'atmospheric_pressure',
  'carbon-dioxide': 'carbon_dioxide',
  'fine-dust-2-5': 'pm25',
  'fine-dust-10': 'pm10',
  noise: 'sound_pressure',
  'soil-conductivity': 'conductivity',
  'water-conductivity': 'conductivity',
  'soil-ph': 'ph',
  'water-ph': 'ph',
  'water-level': 'distance',
  'water-flow': 'volume_flow_rate',
  'water-volume': 'water',
  light: 'illuminance',
  'solar-radiation': 'irradiance',
  rain: 'precipitation',
  'rain-rate': 'precipitation_intensity',
  'wind-speed': 'wind_speed',
  'wind-gust': 'wind_speed',
  battery: 'battery',
  'battery-voltage': 'voltage',
  'signal-strength': 'signal_strength',
  voltage: 'voltage',
  current: 'current',
  power: 'power',
  'apparent-power': 'apparent_power',
  'power-factor': 'power_factor',
  frequency: 'frequency',
  energy: 'energy',
}
