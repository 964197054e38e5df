/**
 * What the models on a farm's box think of one plot, so that the province sees what the farmer sees: spray hours,
 * risks, water, warmth, lights, harvest and advice, past and forecast apart, each with its reasons.
 *
 * The form is written to be small, for a box keeps every entry: what repeats is a row (a tuple) instead of a map, and
 * figures are whole numbers of the unit that their name says (`tenths` of a mm). A farm with every sensor, two diseases
 * and a forecast takes some 11 kB before compression, half of it the sentences of advice, and 4.7 kB after it; one
 * without a station 5 kB and 1.8 kB.
 * Times are ms UTC on the clock of the entry's boot, dates YYYY-MM-DD on the farm's calendar. Null: not known.
 */
export interface OutlookEntry {
  readonly kind: 'outlook'
  /** Goes up when a reader of the one before would misread it, as when a row grows; new keys do not count. */
  readonly form: 1
  readonly plot: string
  readonly madeAt: number
  readonly today: string
  readonly utcOffsetH: number
  /** The box says no more than one of these for a plot in so many seconds. */
  readonly everyS: number
  readonly forecast: OutlookForecast
  readonly spray: OutlookSpray
  readonly water: OutlookWater
  readonly risks: readonly OutlookRisk[]
  readonly warmth: OutlookWarmth
  readonly lighting: OutlookLighting
  readonly harvest: OutlookHarvest
  /** The weightiest first. */
  readonly advice: readonly OutlookAdvice[]
  /** UUIDs of the series that evidence points to, by its place in this list. */
  readonly series: readonly string[]
}

export interface OutlookForecast {
  /** `off`: the farm has none. `waiting`: none has come yet. `stale`: too old, not used. */
  readonly state: 'off' | 'waiting' | 'fresh' | 'stale'
  readonly fetchedAt: number | null
  readonly throughMs: number | null
}

/** Where a figure comes from. Model names and notes are words of the box; a reader that does not know one shows it as it is. */
export interface OutlookWhy {
  /** With its version, as the derived series names it. */
  readonly model: string
  readonly standing: 'equation' | 'published-rule' | 'index-not-validated'
  readonly source: string
  readonly notes: readonly string[]
  readonly missingSensors: readonly string[]
  readonly missingSettings: readonly string[]
  readonly inputsThroughMs: number | null
}

export const SPRAY_VERDICTS = ['good', 'marginal', 'avoid', 'unknown'] as const

/** Which hour since `fromMs`, place in SPRAY_VERDICTS, delta-T (tenths of °C), wind (km/h), rain (tenths of mm), places in `reasons`. */
export type OutlookHour = readonly [
  hour: number,
  verdict: number,
  deltaTTenthsC: number | null,
  windKmh: number | null,
  rainTenthsMm: number | null,
  reasons: readonly number[],
]

export interface OutlookSpray {
  /** From the newest readings; `t` is that of the oldest among them. */
  readonly now: {
    readonly t: number
    readonly verdict: number
    readonly deltaTTenthsC: number | null
    readonly windKmh: number | null
    readonly rainTenthsMm: number | null
    readonly reasons: readonly number[]
  } | null
  readonly fromMs: number
  /** As they were, by the plot's own sensors. */
  readonly past: readonly OutlookHour[]
  /** By the forecast. */
  readonly ahead: readonly OutlookHour[]
  /** Stretches of the forecast that are good, or marginal where none is good. */
  readonly windows: readonly (readonly [fromMs: number, toMs: number, verdict: number])[]
  /** What hours name: a code, how it weighs, and the limit that it is about, in its unit. */
  readonly reasons: readonly OutlookReason[]
  readonly why: OutlookWhy
}

export interface OutlookReason {
  readonly code: string
  readonly weight: 'avoid' | 'marginal' | 'missing' | 'note'
  readonly limitTenths: number | null
  readonly unit: string
}

export const WATER_TRUSTS = ['certain', 'assumed', 'unknown'] as const

/** Days since `from`; depletion, RAW, TAW, ET0, ETc, rain, irrigation in tenths of a mm; place in WATER_TRUSTS. */
export type OutlookWaterDay = readonly [
  day: number,
  depletion: number | null,
  raw: number | null,
  taw: number | null,
  et0: number | null,
  etc: number | null,
  rain: number | null,
  irrigation: number,
  trust: number,
]

export interface OutlookWater {
  readonly from: string
  readonly past: readonly OutlookWaterDay[]
  readonly ahead: readonly OutlookWaterDay[]
  readonly need: {
    /** 0 is `today`; null: not within the days looked at, or not known. */
    readonly dueInDays: number | null
    readonly netTenthsMm: number | null
    readonly grossTenthsMm: number | null
    readonly litresPerPlantTenths: number | null
    readonly reasons: readonly string[]
  } | null
  readonly method: 'drip' | 'sprinkler' | null
  readonly why: OutlookWhy
}

export const RISK_LEVELS = ['none', 'low', 'moderate', 'high', 'unknown'] as const
export const RISK_QUALITIES = ['ok', 'partial', 'gap'] as const

/**
 * Hours since the midnight (of the farm) of `from` at which it began and ended, hours wet, mean temperature (tenths of
 * °C), hours needed (tenths), hundredths of what is needed; 1 when it may have been longer.
 */
export type OutlookWetPeriod = readonly [
  fromH: number,
  toH: number,
  wetH: number,
  meanTenthsC: number | null,
  neededTenthsH: number | null,
  ratioHundredths: number,
  isAtLeast: 0 | 1,
]

/** Days since `from`, risk in thousandths, place in RISK_LEVELS, place in RISK_QUALITIES, the wet periods that drove it. */
export type OutlookRiskDay = readonly [
  day: number,
  riskThousandths: number | null,
  level: number,
  quality: number,
  periods: readonly OutlookWetPeriod[],
]

export interface OutlookRisk {
  readonly pathogen: string
  readonly species: string
  readonly disease: { readonly vi: string; readonly en: string }
  readonly from: string
  /** Today last, as far as it has gone; wet periods of the last two weeks. */
  readonly past: readonly OutlookRiskDay[]
  readonly ahead: readonly OutlookRiskDay[]
  readonly why: OutlookWhy
}

/** Days since `firstDay`, °C·d of the day in tenths, sum since `from` in tenths. */
export type OutlookWarmthDay = readonly [day: number, degreeDays: number | null, sum: number]

export interface OutlookWarmth {
  readonly from: string | null
  readonly firstDay: string
  readonly lowerTenthsC: number | null
  readonly upperTenthsC: number | null
  /** The last month of them. */
  readonly days: readonly OutlookWarmthDay[]
  readonly sumTenths: number | null
  readonly targetTenths: number | null
  readonly expectedOn: string | null
  readonly guessedDays: number
  readonly why: OutlookWhy
}

export interface OutlookLighting {
  readonly plan: {
    readonly start: string
    /** The start is a date of the config; otherwise it is what lighting from tonight would be. */
    readonly isBegun: boolean
    /** Nights since `start`, tenths of a kWh, VND. */
    readonly nights: readonly (readonly [night: number, kwhTenths: number, vnd: number])[]
    readonly hoursANight: number
    readonly kwhTenths: number
    readonly vnd: number
    readonly neededNights: number
    readonly bud: OutlookDates
    readonly anthesis: OutlookDates
    readonly harvest: OutlookDates
    readonly warnings: readonly string[]
  } | null
  readonly dayLengthTenthsH: number | null
  readonly why: OutlookWhy
}

export interface OutlookDates {
  readonly earliest: string | null
  readonly expected: string | null
  readonly latest: string | null
}

export interface OutlookHarvest {
  readonly stage: string | null
  readonly progressPct: number | null
  readonly ripe: OutlookDates | null
  /** First day that every spray's pre-harvest interval allows; null when an interval is missing. */
  readonly allowedFrom: string | null
  readonly isIntervalMissing: boolean
  readonly pickable: readonly (readonly [from: string, to: string])[]
  readonly why: OutlookWhy
}

export interface OutlookAdvice {
  readonly code: string
  readonly severity: 'act' | 'watch' | 'info' | 'missing'
  readonly vi: string
  readonly en: string
  readonly evidence: readonly OutlookEvidence[]
}

/** What, value, unit, when; place in the entry's `series`, or the model that says it; end of a stretch. */
export type OutlookEvidence = readonly [
  what: string,
  value: number,
  unit: string,
  at: number,
  series: number | null,
  model: string | null,
  untilMs: number | null,
]

/**
 * What an entry holds at most. A box leaves out what is beyond; a reader takes nothing that is longer, for that is not
 * one of these. The longest entry that the bounds allow is some 250 kB, far under a batch's bound.
 */
export const OUTLOOK_BOUNDS = {
  /** Codes, names, units, notes. */
  text: 300,
  /** The longest sentence of advice that we have is 240 characters. */
  sentence: 600,
  /** A day back and two ahead, and as much again for a newer box. */
  hours: 144,
  windows: 24,
  reasons: 60,
  reasonsAnHour: 12,
  /** What the box's own chart of risk shows. */
  pastDays: 35,
  /** As far as forecast services go. */
  aheadDays: 16,
  /** No crop of ours has more than four. */
  pathogens: 12,
  periodsADay: 6,
  /** A lit batch is 15 to 25 nights; the trial's form allows as many. */
  nights: 60,
  pickable: 24,
  advice: 24,
  evidence: 12,
  notes: 24,
  series: 60,
} as const
