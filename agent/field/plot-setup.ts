import type { QuantityName } from '#contract/wire/quantities.ts'
import type { PlotSite } from '../crop/plot-hours.ts'
import { FIELD_INPUTS, type FieldInput } from '../page/field-answer.ts'

/** A plot as the config describes it to the models; every `undefined` is something that nobody said. */
export interface PlotSetup {
  readonly id: string
  readonly name: string
  readonly crop: string
  readonly areaHa: number
  readonly soil?: string | undefined
  readonly rootDepthM?: number | undefined
  readonly plantsPerHa?: number | undefined
  readonly plantedOn?: string | undefined
  readonly lightsOn?: string | undefined
  readonly budOn?: string | undefined
  readonly bloomOn?: string | undefined
  readonly irrigation?:
    | { readonly method: 'drip' | 'sprinkler'; readonly efficiencyPct?: number | undefined }
    | undefined
  readonly sensors: Readonly<Partial<Record<SensorKey, string | undefined>>>
  readonly degreeDays: {
    readonly from?: string | undefined
    readonly lowerC?: number | undefined
    readonly upperC?: number | undefined
    readonly target?: number | undefined
  }
  readonly lighting?:
    | {
        readonly bulbs: number
        readonly watts: number
        readonly fromHour: number
        readonly hours: number
        readonly vndPerKwh: number
        readonly batchesBefore: number
      }
    | undefined
}

export interface FarmSetup {
  readonly latitude?: number | undefined
  readonly longitude?: number | undefined
  readonly elevationM: number
  readonly windHeightM: number
  readonly station?: string | undefined
}

export type SensorKey = 'air' | 'rain' | 'wind' | 'radiation' | 'leafWetness' | 'soilMoisture'

const SENSOR_OF: Readonly<Record<FieldInput, SensorKey>> = {
  'air-temperature': 'air',
  'air-humidity': 'air',
  rain: 'rain',
  'wind-speed': 'wind',
  'wind-gust': 'wind',
  'solar-radiation': 'radiation',
  'leaf-wetness': 'leafWetness',
  'soil-moisture': 'soilMoisture',
}

/** Undefined while the config does not say where the farm lies. */
export const siteOf = (farm: FarmSetup, utcOffsetH: number): PlotSite | undefined =>
  farm.latitude === undefined || farm.longitude === undefined
    ? undefined
    : {
        latDeg: farm.latitude,
        lonDeg: farm.longitude,
        elevM: farm.elevationM,
        windHeightM: farm.windHeightM,
        utcOffsetH,
      }

/** What the journal knows of a series. */
export interface KnownSeries {
  readonly no: number
  readonly uuid: string
  readonly device: string
  readonly channel: string
  readonly quantity: QuantityName
  readonly unit: string
  readonly resolution: number
  readonly place: string
  readonly origin: string
}

export interface Source {
  readonly series: KnownSeries
  readonly chosen: 'named' | 'in-plot' | 'station'
}
export type Sources = ReadonlyMap<FieldInput, Source>

/** What is measured, by quantity, the first declared first. */
export const measuredSeries = (series: readonly KnownSeries[]): ReadonlyMap<string, readonly KnownSeries[]> =>
  Map.groupBy(
    series.filter(({ origin }) => origin === 'measured').toSorted((a, b) => a.no - b.no),
    ({ quantity }) => quantity,
  )

/**
 * Which series feeds which input of a plot: that of the device which the config names for it, else of a device that
 * stands in the plot, else of the farm's station. A named device that is silent is not replaced by another. Soil
 * moisture counts only from a named probe, for most probes give no volumes. Of several, the first declared.
 */
export function sourcesOf(
  plot: PlotSetup,
  station: string | undefined,
  byInput: ReadonlyMap<string, readonly KnownSeries[]>,
): Sources {
  const sources = new Map<FieldInput, Source>()
  for (const input of FIELD_INPUTS) {
    const fit = byInput.get(input) ?? []
    const named = plot.sensors[SENSOR_OF[input]]
    const by = (chosen: Source['chosen'], has: (each: KnownSeries) => boolean): Source | undefined => {
      const found = fit.find(has)
      return found && { series: found, chosen }
    }
    const source =
      named !== undefined
        ? by('named', ({ device }) => device === named)
        : input === 'soil-moisture'
          ? undefined
          : (by('in-plot', ({ place }) => place !== '' && (place === plot.name || place === plot.id)) ??
            by('station', ({ device }) => device === station))
    if (source) sources.set(input, source)
  }
  return sources
}
