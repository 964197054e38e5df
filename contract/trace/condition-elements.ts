import { type QuantityName, quantityOf, UNITS } from '../wire/quantities.ts'
import { timeWithZone } from './epcis.ts'
import { vuonWords } from './vuon-words.ts'

/** What one series of a plot was in a span of time, in the unit of its quantity. */
export interface GrowingCondition {
  /** The series' lasting UUID. */
  readonly series: string
  readonly quantity: string
  readonly fromMs: number
  readonly toMs: number
  readonly min: number
  readonly mean: number
  readonly max: number
}

/** EPCIS 2.0 §7.3.7, as far as Vuon writes it. */
export interface SensorElement {
  readonly sensorMetadata: Readonly<Record<string, string>>
  readonly sensorReport: readonly Readonly<Record<string, string | number>>[]
}

/** Of a quantity: the word of GS1's list of measurement types. What has none there is not told. */
const MEASUREMENT_TYPES: Readonly<Partial<Record<QuantityName, string>>> = {
  'air-temperature': 'Temperature',
  'soil-temperature': 'Temperature',
  'leaf-temperature': 'Temperature',
  'water-temperature': 'Temperature',
  'air-humidity': 'RelativeHumidity',
  'soil-moisture': 'VolumeFraction',
  'soil-conductivity': 'Conductivity',
  'soil-ph': 'Dimensionless',
  'leaf-wetness': 'Dimensionless',
  'vapour-pressure-deficit': 'Pressure',
  'air-pressure': 'Pressure',
  light: 'Illuminance',
  'solar-radiation': 'Irradiance',
  'rain-rate': 'Speed',
  'wind-speed': 'Speed',
}

export const isTold = (quantity: string): boolean =>
  Object.hasOwn(MEASUREMENT_TYPES, quantity) && quantityOf(quantity) !== undefined

// A plot has a dozen series at most; an event stays far below its 64 kB.
const MAX_ELEMENTS = 40

/** One element a series. Figures with one decimal more than a person is shown: the mean of thousands is no finer. */
export function conditionElements(
  conditions: readonly GrowingCondition[],
  zoneOffset: string,
): SensorElement[] {
  return conditions
    .filter(({ quantity }) => isTold(quantity))
    .slice(0, MAX_ELEMENTS)
    .map(({ series, quantity, fromMs, toMs, min, mean, max }) => {
      const known = quantityOf(quantity)
      const [type, uom] = [MEASUREMENT_TYPES[quantity as QuantityName], known && UNITS[known.unit].rec20]
      const rounded = (value: number): number => Number(value.toFixed((known?.decimals ?? 0) + 1))
      return {
        sensorMetadata: {
          startTime: timeWithZone(fromMs, zoneOffset),
          endTime: timeWithZone(toMs, zoneOffset),
          deviceID: `urn:uuid:${series}`,
          dataProcessingMethod: 'urn:vuon:method:min-mean-max',
        },
        sensorReport: [
          {
            type: type ?? '',
            ...{ minValue: rounded(min), meanValue: rounded(mean), maxValue: rounded(max) },
            uom: uom ?? '',
            ...vuonWords({ quantity }),
          },
        ],
      }
    })
}
