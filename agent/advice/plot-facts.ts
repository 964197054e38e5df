import type { AdviceEvidence } from './advice.ts'

/** What advice is made of: one plot as the models see it. Times are ms UTC, dates YYYY-MM-DD, null is not known. */
export interface PlotFacts {
  readonly nowMs: number
  readonly today: string
  readonly utcOffsetH: number
  readonly crop: string
  readonly forecast: 'off' | 'waiting' | 'fresh' | 'stale'
  readonly spray: SprayFacts
  readonly water: WaterFacts
  readonly risks: readonly RiskFacts[]
  readonly warmth: WarmthFacts
  readonly lighting: LightingFacts
  readonly harvest: HarvestFacts
  /** The newest value of an input or a derived figure, with its series. */
  evidence(what: string): AdviceEvidence | undefined
}

export interface WhyFacts {
  readonly model: string
  readonly standing: 'equation' | 'published-rule' | 'index-not-validated'
  readonly notes: readonly string[]
  readonly missingSensors: readonly string[]
  readonly missingSettings: readonly string[]
  readonly inputsThroughMs: number | null
}

export interface SprayHourFacts {
  readonly t: number
  readonly verdict: 'good' | 'marginal' | 'avoid' | 'unknown'
  readonly deltaTC: number | null
  readonly windKmh: number | null
  readonly reasons: readonly {
    readonly code: string
    readonly weight: 'avoid' | 'marginal' | 'missing' | 'note'
    readonly value: number | null
    readonly limit: number | null
    readonly unit: string
  }[]
}

export interface SprayFacts {
  readonly now: SprayHourFacts | null
  readonly windows: readonly {
    readonly fromMs: number
    readonly toMs: number
    readonly verdict: 'good' | 'marginal'
  }[]
  readonly why: WhyFacts
}

export interface WaterFacts {
  readonly days: readonly {
    readonly date: string
    readonly drMm: number | null
    readonly rawMm: number | null
    readonly rainMm: number | null
    readonly etcMm: number | null
    readonly isForecast: boolean
  }[]
  readonly need: {
    readonly dueInDays: number | null
    readonly grossMm: number | null
    readonly litresPerPlant: number | null
    readonly reasons: readonly string[]
  } | null
  readonly why: WhyFacts
}

export interface RiskDayFacts {
  readonly date: string
  readonly risk: number | null
  readonly level: 'none' | 'low' | 'moderate' | 'high' | 'unknown'
  readonly quality: 'ok' | 'partial' | 'gap'
  readonly periods: readonly {
    readonly startMs: number
    readonly endMs: number
    readonly wetHours: number
    readonly meanTempC: number | null
    readonly neededH: number | null
    readonly ratio: number
  }[]
}

export interface RiskFacts {
  readonly pathogen: string
  readonly disease: { readonly vi: string; readonly en: string }
  readonly past: readonly RiskDayFacts[]
  readonly ahead: readonly RiskDayFacts[]
  readonly why: WhyFacts
}

export interface WarmthFacts {
  readonly from: string | null
  readonly sum: number | null
  readonly target: number | null
  readonly expectedOn: string | null
  readonly guessedDays: number
  readonly why: WhyFacts
}

export interface DatesFacts {
  readonly earliest: string | null
  readonly expected: string | null
  readonly latest: string | null
}

export interface LightingFacts {
  readonly plan: {
    readonly start: string
    readonly isBegun: boolean
    readonly nights: readonly { readonly date: string }[]
    readonly hoursANight: number
    readonly kwh: number
    readonly vnd: number
    readonly bud: DatesFacts
    readonly harvest: DatesFacts
    readonly warnings: readonly string[]
  } | null
  readonly why: WhyFacts
}

export interface HarvestFacts {
  readonly ripe: DatesFacts | null
  readonly allowedFrom: string | null
  readonly isIntervalMissing: boolean
  readonly pickable: readonly { readonly from: string; readonly to: string }[]
  readonly why: WhyFacts
}
