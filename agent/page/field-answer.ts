/**
 * What the page asks about the crop: one answer for all plots, made by `agent/field/`. Times are ms UTC on the
 * journal's clock, dates YYYY-MM-DD on the farm's calendar. NaN never appears: what is not known is null, and what
 * stands beside it says why.
 */
export interface FieldAnswer {
  readonly nowMs: number
  readonly today: string
  readonly utcOffsetH: number
  /** Null while the config does not say where the farm lies. */
  readonly site: { readonly latDeg: number; readonly lonDeg: number; readonly elevM: number } | null
  readonly forecast: ForecastStanding
  readonly plots: readonly PlotField[]
}

export interface ForecastStanding {
  /** `off`: none is configured. `waiting`: none has come yet. `stale`: older than the config allows, not used. */
  readonly state: 'off' | 'waiting' | 'fresh' | 'stale'
  /** When the one in use was fetched, and up to when it speaks. */
  readonly fetchedAt: number | null
  readonly throughMs: number | null
  /** Why the last attempt failed; null when it did not. */
  readonly lastError: string | null
}

export interface PlotField {
  readonly plot: string
  readonly name: string
  readonly crop: string
  readonly areaHa: number
  /** What the models listen to here; one without a series says so. */
  readonly sensors: readonly SensorUse[]
  /** The weightiest first. */
  readonly advice: readonly AdviceCard[]
  readonly spray: SprayField
  readonly water: WaterField
  readonly risks: readonly RiskField[]
  readonly warmth: WarmthField
  readonly lighting: LightingField
  readonly harvest: HarvestField
  /** The days that the models have seen, oldest first; a day that is not there is a gap. */
  readonly weather: readonly WeatherDayPoint[]
}

export const FIELD_INPUTS = [
  'air-temperature',
  'air-humidity',
  'rain',
  'wind-speed',
  'wind-gust',
  'solar-radiation',
  'leaf-wetness',
  'soil-moisture',
] as const
export type FieldInput = (typeof FIELD_INPUTS)[number]

export interface SensorUse {
  readonly input: FieldInput
  /** Null: no device measures it for this plot. */
  readonly series: { readonly no: number; readonly uuid: string; readonly device: string } | null
  /** Why this one: named for the plot in the config, stands in the plot, or the farm's station. */
  readonly chosen: 'named' | 'in-plot' | 'station' | null
  readonly last: { readonly value: number; readonly unit: string; readonly t: number } | null
}

/** One sentence with what it rests on. */
export interface AdviceCard {
  readonly code: string
  readonly severity: AdviceSeverity
  readonly vi: string
  readonly en: string
  readonly evidence: readonly Evidence[]
}

export const ADVICE_SEVERITIES = ['act', 'watch', 'info', 'missing'] as const
export type AdviceSeverity = (typeof ADVICE_SEVERITIES)[number]

/** A number behind a sentence: from a series (one tap away) or from a model. */
export interface Evidence {
  /** What it is, such as `delta-t`, `wind-speed`, `soil-water-depletion`, `wet-period`. */
  readonly what: string
  readonly seriesNo?: number
  readonly uuid?: string
  readonly model?: string
  readonly value: number
  readonly unit: string
  readonly at: number
  /** Of a wet period or another stretch. */
  readonly untilMs?: number
}

/** How a figure was come by: shown under every chart and number. */
export interface Why {
  /** Model and version, as the derived series says it. */
  readonly model: string
  readonly standing: 'equation' | 'published-rule' | 'index-not-validated'
  readonly source: string
  /** What stood in for what, such as `rs-from-temperature`, `wind-from-default`, `kc-from-estimate`. */
  readonly notes: readonly string[]
  /** Sensors without which it can't be computed, and settings of the config that are not given. */
  readonly missingSensors: readonly FieldInput[]
  readonly missingSettings: readonly string[]
  /** The newest input; null when there is none. */
  readonly inputsThroughMs: number | null
}

export interface SprayHour {
  /** Where the hour begins. */
  readonly t: number
  readonly verdict: 'good' | 'marginal' | 'avoid' | 'unknown'
  readonly deltaTC: number | null
  readonly windKmh: number | null
  readonly rainMm: number | null
  readonly reasons: readonly SprayReasonCard[]
  /** From the forecast; otherwise from the plot's own sensors. */
  readonly isForecast: boolean
}

export interface SprayReasonCard {
  readonly code: string
  readonly weight: 'avoid' | 'marginal' | 'missing' | 'note'
  readonly value: number | null
  readonly limit: number | null
  readonly unit: string
}

export interface SprayField {
  /** From the newest readings; its `t` is that of the oldest among them. */
  readonly now: SprayHour | null
  /** The hours of the last day as they were, then those of the forecast. */
  readonly hours: readonly SprayHour[]
  /** Stretches of the forecast that are good, or marginal where none is good. */
  readonly windows: readonly {
    readonly fromMs: number
    readonly toMs: number
    readonly verdict: 'good' | 'marginal'
  }[]
  readonly why: Why
}

export interface WaterPoint {
  readonly date: string
  /** Depletion at the day's end and the lines that matter, mm. Null after a gap. */
  readonly drMm: number | null
  readonly rawMm: number | null
  readonly tawMm: number | null
  readonly et0Mm: number | null
  readonly etcMm: number | null
  readonly rainMm: number | null
  readonly irrigationMm: number
  /** `assumed`: the balance began at field capacity without anybody having measured it. */
  readonly trust: 'certain' | 'assumed' | 'unknown'
  readonly isForecast: boolean
}

export interface WaterField {
  /** Oldest first, the past and then the forecast's days. */
  readonly days: readonly WaterPoint[]
  readonly need: {
    /** 0 is today; null: not within the days looked at, or not known. */
    readonly dueInDays: number | null
    readonly netMm: number | null
    readonly grossMm: number | null
    readonly litresPerPlant: number | null
    readonly reasons: readonly string[]
  } | null
  readonly method: 'drip' | 'sprinkler' | null
  readonly why: Why
}

export interface WetPeriodCard {
  readonly startMs: number
  readonly endMs: number
  readonly wetHours: number
  readonly meanTempC: number | null
  readonly neededH: number | null
  /** Wet hours over hours needed; 1 and more is an infection. */
  readonly ratio: number
  readonly isAtLeast: boolean
}

export interface RiskPoint {
  readonly date: string
  /** 0 to 1; null where too little is known. */
  readonly risk: number | null
  readonly level: 'none' | 'low' | 'moderate' | 'high' | 'unknown'
  readonly quality: 'ok' | 'partial' | 'gap'
  readonly isForecast: boolean
  readonly periods: readonly WetPeriodCard[]
}

export interface RiskField {
  readonly pathogen: string
  readonly species: string
  readonly disease: { readonly vi: string; readonly en: string }
  /** Past (today last, as far as it has gone) and forecast apart. */
  readonly past: readonly RiskPoint[]
  readonly ahead: readonly RiskPoint[]
  readonly why: Why
}

export interface WarmthPoint {
  readonly date: string
  /** °C·d of the day and since the beginning; null for a day that is not known (it adds the mean of the others). */
  readonly degreeDays: number | null
  readonly sum: number
}

export interface WarmthField {
  readonly from: string | null
  readonly lowerC: number | null
  readonly upperC: number | null
  readonly days: readonly WarmthPoint[]
  readonly sum: number | null
  readonly target: number | null
  /** When the target is reached if days go on as the last fourteen. */
  readonly expectedOn: string | null
  /** Days that were not known and counted as the mean. */
  readonly guessedDays: number
  readonly why: Why
}

export interface LightingField {
  /** Null when the plot's lights are not configured or it grows no dragon fruit. */
  readonly plan: {
    readonly start: string
    /** The start is a date of the config; otherwise it is what lighting from tonight would be. */
    readonly isBegun: boolean
    readonly nights: readonly {
      readonly date: string
      readonly kwh: number
      readonly vnd: number
      readonly dayLengthH: number
    }[]
    readonly hoursANight: number
    readonly kwh: number
    readonly vnd: number
    readonly neededNights: number
    readonly bud: DateSpread
    readonly anthesis: DateSpread
    readonly harvest: DateSpread
    readonly warnings: readonly string[]
  } | null
  /** As the config has them, whether or not a plan came of it: what the form of other lights starts from. */
  readonly lights: {
    readonly bulbs: number
    readonly watts: number
    readonly fromHour: number
    readonly hours: number
    readonly vndPerKwh: number
    /** Lit batches directly before this one. */
    readonly batchesBefore: number
  } | null
  /** Daylight of today, h; null without the farm's latitude. */
  readonly dayLengthH: number | null
  readonly why: Why
}

export interface DateSpread {
  readonly earliest: string | null
  readonly expected: string | null
  readonly latest: string | null
}

export interface HarvestField {
  readonly stage: string | null
  readonly progressPct: number | null
  readonly ripe: DateSpread | null
  /** First day from today that every spray's pre-harvest interval allows; null when an interval is missing. */
  readonly allowedFrom: string | null
  /** A spray without its interval is in the farm book. */
  readonly isIntervalMissing: boolean
  /** Ripe and past every interval; none without a spray log, which may be one that nobody keeps. */
  readonly pickable: readonly { readonly from: string; readonly to: string }[]
  readonly why: Why
}

export interface WeatherDayPoint {
  readonly date: string
  readonly tminC: number | null
  readonly tmaxC: number | null
  readonly rainMm: number | null
  readonly et0Mm: number | null
  readonly wetH: number | null
  /** Highest vapour-pressure deficit of an hour, kPa. */
  readonly vpdMaxKpa: number | null
}
