/**
 * When a plot wants water, and how much: FAO-56 chapter 8 (irrigation before depletion passes RAW, and back to field
 * capacity). For the page, the alarm and the advice; every answer names its reasons.
 */
export interface WaterState {
  /** Depletion and its limits at the end of the last day, mm; `undefined` depletion after a gap. */
  readonly drMm: number | undefined
  readonly rawMm: number
  readonly tawMm: number
  /** ETc of each day to come, mm; the last one stands for the days after. A mean of the last week will do. */
  readonly etcMm: readonly number[]
  /** Rain of each day to come, mm, as forecast; a gap counts as dry. */
  readonly rainMm?: readonly number[]
  /** Share of the water put out that reaches the root zone, above 0 to 1. */
  readonly efficiency: number
  /** Plants or posts on a hectare of the plot. */
  readonly plantsPerHa?: number
}

export type NeedReason =
  /** The depletion is not known (a gap in the weather since the last full wetting or measurement), or ETc is not. */
  | 'state-unknown'
  /** Nothing is readily available any more: the crop takes up less than it could. */
  | 'stress-now'
  /** Depletion has come to RAW. */
  | 'raw-reached'
  /** It comes to RAW within the days looked at. */
  | 'raw-ahead'
  /** It does not. */
  | 'enough-water'
  /** The rain that is forecast moves the day or takes the need away. */
  | 'rain-expected'

export interface IrrigationNeed {
  /** 0 is now; undefined when the state is unknown or nothing is due within the days looked at. */
  readonly dueInDays: number | undefined
  /** To fill the root zone on the day that it is due, 0 when nothing is; undefined when the state is unknown. */
  readonly netMm: number | undefined
  /** What to put out for that. */
  readonly grossMm: number | undefined
  /** Undefined without `plantsPerHa`. */
  readonly litresPerPlant: number | undefined
  readonly reasons: readonly NeedReason[]
}

// Nobody plans further, and no forecast reaches further.
export const HORIZON_DAYS = 14

export function irrigationNeed(state: WaterState): IrrigationNeed {
  const { drMm, rawMm } = state
  if (drMm === undefined || Number.isNaN(drMm) || Number.isNaN(rawMm)) return unknownNeed
  if (drMm >= rawMm) {
    const reasons: NeedReason[] = drMm > rawMm ? ['raw-reached', 'stress-now'] : ['raw-reached']
    return { ...needOf(0, drMm, state), reasons }
  }
  if (state.etcMm.length === 0 || state.etcMm.some(Number.isNaN)) return unknownNeed
  const due = dayOfRaw(state, drMm, state.rainMm ?? [])
  const dueWithoutRain = state.rainMm ? dayOfRaw(state, drMm, []) : due
  const isRainTold = due?.day !== dueWithoutRain?.day
  return {
    ...needOf(due?.day, due?.drMm ?? 0, state),
    reasons: [due ? 'raw-ahead' : 'enough-water', ...(isRainTold ? (['rain-expected'] as const) : [])],
  }
}

/** The first day ahead whose end finds the depletion at RAW or beyond, and that depletion. */
function dayOfRaw(
  { etcMm, rawMm, tawMm }: WaterState,
  drMm: number,
  rainMm: readonly number[],
): { day: number; drMm: number } | undefined {
  let depletionMm = drMm
  for (let day = 1; day <= HORIZON_DAYS; day++) {
    const lossMm = etcMm[Math.min(day, etcMm.length) - 1] ?? Number.NaN
    // A day without a forecast counts as dry.
    const gainMm = rainMm[day - 1] || 0
    depletionMm = Math.min(tawMm, Math.max(0, depletionMm + lossMm - gainMm))
    if (depletionMm >= rawMm) return { day, drMm: depletionMm }
  }
  return undefined
}

function needOf(
  dueInDays: number | undefined,
  netMm: number,
  { efficiency, plantsPerHa }: WaterState,
): Omit<IrrigationNeed, 'reasons'> {
  const grossMm = grossOf(netMm, efficiency)
  const litresPerPlant = plantsPerHa === undefined ? undefined : litresPerPlantOf(grossMm, plantsPerHa)
  return { dueInDays, netMm, grossMm, litresPerPlant }
}

const unknownNeed: IrrigationNeed = {
  dueInDays: undefined,
  netMm: undefined,
  grossMm: undefined,
  litresPerPlant: undefined,
  reasons: ['state-unknown'],
}

/** What to put out so that `netMm` reach the root zone. */
export const grossOf = (netMm: number, efficiency: number): number => netMm / efficiency

/** 1 mm on a hectare is 10 m³. */
export const litresPerPlantOf = (mm: number, plantsPerHa: number): number => (mm * 10_000) / plantsPerHa
