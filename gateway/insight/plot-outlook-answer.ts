import type {
  OutlookForecast,
  OutlookHarvest,
  OutlookWater,
  OutlookWhy,
  RISK_LEVELS,
  RISK_QUALITIES,
  SPRAY_VERDICTS,
  WATER_TRUSTS,
} from '#contract/wire/outlook.ts'

/** An outlook with its rows opened: figures in the unit of their name, days as dates, places in lists as words. */
export interface OpenOutlook {
  readonly today: string
  readonly utcOffsetH: number
  readonly everyS: number
  readonly forecast: OutlookForecast
  readonly spray: {
    readonly now: SprayHour | null
    /** The last day as it was, then the forecast's hours. */
    readonly hours: readonly SprayHour[]
    readonly windows: readonly {
      readonly fromMs: number
      readonly toMs: number
      readonly verdict: SprayVerdict
    }[]
    readonly why: OutlookWhy
  }
  readonly water: {
    readonly days: readonly WaterDay[]
    readonly need: {
      readonly dueInDays: number | null
      readonly netMm: number | null
      readonly grossMm: number | null
      readonly litresPerPlant: number | null
      readonly reasons: readonly string[]
    } | null
    readonly method: OutlookWater['method']
    readonly why: OutlookWhy
  }
  readonly risks: readonly Risk[]
  readonly warmth: {
    readonly from: string | null
    readonly lowerC: number | null
    readonly upperC: number | null
    readonly days: readonly {
      readonly date: string
      readonly degreeDays: number | null
      readonly sum: number
    }[]
    readonly sum: number | null
    readonly target: number | null
    readonly expectedOn: string | null
    readonly guessedDays: number
    readonly why: OutlookWhy
  }
  readonly lighting: {
    readonly plan: LightingPlan | null
    readonly dayLengthH: number | null
    readonly why: OutlookWhy
  }
  readonly harvest: OutlookHarvest
  readonly advice: readonly AdviceCard[]
}

export type SprayVerdict = (typeof SPRAY_VERDICTS)[number]

export interface SprayHour {
  /** Where the hour begins, or of `now` how old its oldest reading is. */
  readonly t: number
  readonly verdict: SprayVerdict
  readonly deltaTC: number | null
  readonly windKmh: number | null
  readonly rainMm: number | null
  readonly reasons: readonly {
    readonly code: string
    readonly weight: 'avoid' | 'marginal' | 'missing' | 'note'
    readonly limit: number | null
    readonly unit: string
  }[]
  readonly isForecast: boolean
}

export interface WaterDay {
  readonly date: string
  readonly depletionMm: number | null
  readonly rawMm: number | null
  readonly tawMm: number | null
  readonly et0Mm: number | null
  readonly etcMm: number | null
  readonly rainMm: number | null
  readonly irrigationMm: number
  readonly trust: (typeof WATER_TRUSTS)[number]
  readonly isForecast: boolean
}

export interface RiskDay {
  readonly date: string
  readonly risk: number | null
  readonly level: (typeof RISK_LEVELS)[number]
  readonly quality: (typeof RISK_QUALITIES)[number]
  readonly isForecast: boolean
  readonly periods: readonly {
    readonly fromMs: number
    readonly toMs: number
    readonly wetH: number
    readonly meanTempC: number | null
    readonly neededH: number | null
    /** Hours wet over hours needed; 1 and more is an infection. */
    readonly ratio: number
    readonly isAtLeast: boolean
  }[]
}

export interface Risk {
  readonly pathogen: string
  readonly species: string
  readonly disease: { readonly vi: string; readonly en: string }
  readonly past: readonly RiskDay[]
  readonly ahead: readonly RiskDay[]
  readonly why: OutlookWhy
}

export interface LightingPlan {
  readonly start: string
  readonly isBegun: boolean
  readonly nights: readonly { readonly date: string; readonly kwh: number; readonly vnd: number }[]
  readonly hoursANight: number
  readonly kwh: number
  readonly vnd: number
  readonly neededNights: number
  readonly bud: NonNullable<OutlookHarvest['ripe']>
  readonly anthesis: NonNullable<OutlookHarvest['ripe']>
  readonly harvest: NonNullable<OutlookHarvest['ripe']>
  readonly warnings: readonly string[]
}

export interface AdviceCard {
  readonly code: string
  readonly severity: 'act' | 'watch' | 'info' | 'missing'
  readonly vi: string
  readonly en: string
  readonly evidence: readonly {
    readonly what: string
    readonly value: number
    readonly unit: string
    readonly at: number
    readonly untilMs: number | null
    /** UUID of the series behind it. */
    readonly series: string | null
    readonly model: string | null
  }[]
}
