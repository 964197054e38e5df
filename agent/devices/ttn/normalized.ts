import type { QuantityName } from '#contract/wire/quantities.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { isObject, type JsonObject } from '../bounded-json.ts'
import { numberOf } from '../number-of.ts'
import { type Observation, observed } from '../observation.ts'
import { sourceTimeOf } from '../source-time.ts'
import { toTableUnit } from '../units.ts'
import type { ReadingsFound } from '../vocabulary/readings-from-object.ts'

/**
 * The Things Stack's normalized payload: a list of measurements whose names and units its schema fixes
 * (https://www.thethingsindustries.com/docs/integrations/payload-formatters/javascript/uplink/).
 */
const FIELDS: Readonly<Record<string, readonly [quantity: QuantityName, unit: string]>> = {
  battery: ['battery-voltage', 'V'],
  'air.temperature': ['air-temperature', '°C'],
  'air.relativeHumidity': ['air-humidity', '%'],
  'air.pressure': ['air-pressure', 'hPa'],
  'air.co2': ['carbon-dioxide', 'ppm'],
  'air.lightIntensity': ['light', 'lux'],
  'wind.speed': ['wind-speed', 'm/s'],
  'wind.direction': ['wind-direction', '°'],
  'soil.temperature': ['soil-temperature', '°C'],
  'soil.moisture': ['soil-moisture', '%'],
  'soil.ec': ['soil-conductivity', 'dS/m'],
  'soil.pH': ['soil-ph', 'pH'],
  // Parts per million by weight are milligrams per kilogram.
  'soil.n': ['soil-nitrogen', 'mg/kg'],
  'soil.p': ['soil-phosphorus', 'mg/kg'],
  'soil.k': ['soil-potassium', 'mg/kg'],
  'water.temperature.current': ['water-temperature', '°C'],
  'water.leak': ['water-leak', ''],
  'metering.water.total': ['water-volume', 'L'],
  'rain.intensity': ['rain-rate', 'mm/h'],
  'rain.cumulative': ['rain', 'mm'],
  'action.contactState': ['contact', ''],
  'action.motion.detected': ['occupancy', ''],
}

const MAX_MEASUREMENTS = 100
const MAX_READINGS = 200
const MAX_DEPTH = 4

export function normalizedReadings(
  list: unknown,
  device: string,
  more: { sourceTimeMs: number | undefined; quality: number },
): ReadingsFound {
  if (!Array.isArray(list)) return { readings: [], errors: [], ignoredFields: 0 }
  const readings: Observation[] = []
  let ignoredFields = 0
  const seen = new Set<string>()
  const measurements = list.slice(0, MAX_MEASUREMENTS).filter(isObject)
  measurements.forEach((measurement, at) => {
    const sourceTimeMs = sourceTimeOf(measurement['time']) ?? more.sourceTimeMs
    const depth = numberOf((isObject(measurement['soil']) ? measurement['soil'] : {})['depth'])
    const walk = (object: JsonObject, path: string, level: number): void => {
      for (const [key, value] of Object.entries(object)) {
        const name = path === '' ? key : `${path}.${key}`
        if (name === 'time' || name === 'soil.depth') continue
        if (isObject(value) && level < MAX_DEPTH) {
          walk(value, name, level + 1)
          continue
        }
        const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined
        const converted = field && convertedOf(value, field[0], field[1])
        if (!field || converted === undefined || readings.length >= MAX_READINGS) {
          ignoredFields++
          continue
        }
        // Several of a kind at one moment are several probes; a depth tells which.
        const isSoil = name.startsWith('soil.')
        const first = isSoil && depth !== undefined ? `${depth}cm` : ''
        const key2 = (channel: string) => JSON.stringify([field[0], channel, sourceTimeMs])
        const channel = seen.has(key2(first)) ? String(at + 1) : first
        seen.add(key2(channel))
        readings.push(observed(device, channel, field[0], converted, { sourceTimeMs, quality: more.quality }))
      }
    }
    walk(measurement, '', 0)
  })
  return { readings, errors: [], ignoredFields }
}

function convertedOf(stated: unknown, quantity: QuantityName, unit: string): number | undefined {
  if (quantity === 'contact') return stated === 'closed' ? 1 : stated === 'open' ? 0 : undefined
  if (typeof stated === 'boolean') return unit === '' ? Number(stated) : undefined
  const value = numberOf(stated)
  return value === undefined ? undefined : toTableUnit(value, unit, QUANTITIES[quantity].unit)
}
