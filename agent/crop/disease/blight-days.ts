/**
 * Late-blight periods in Britain's way, for potato and tomato: two days in a row, each with 10 °C or more at its
 * coldest and so many hours of 90 % humidity. Smith 1956: 11 h. Hutton (Dancey, Skelsey & Cooke 2017, AHDB 11120018): 6 h.
 */
export const SMITH_HOURS = 11
export const HUTTON_HOURS = 6
/** One hour short on one or both days is Smith's near miss. */
export const NEAR_MISS_H = 1
const MIN_TEMP_C = 10

/**
 * Above this mean temperature late blight does not infect (upper end of Wallin's table). The rules were made where it
 * is never reached; on a tropical plain they would call out on every humid night.
 */
export const HEAT_GATE_C = 26.6

export interface BlightDay {
  readonly minC: number
  /** Hours with 90 % humidity and more. */
  readonly humidH: number
  readonly meanC: number
}

export interface BlightRule {
  readonly humidHours: number
  /** Undefined: heat is not looked at, as the rule was published. */
  readonly heatGateC?: number | undefined
}

/** 1 or 0; NaN when what is known does not decide it. */
export function meetsBlightRule({ minC, humidH, meanC }: BlightDay, rule: BlightRule): number {
  const answers = [
    atLeast(minC, MIN_TEMP_C),
    atLeast(humidH, rule.humidHours),
    rule.heatGateC === undefined ? 1 : atLeast(-meanC, -rule.heatGateC),
  ]
  if (answers.includes(0)) return 0
  return answers.some(Number.isNaN) ? Number.NaN : 1
}

/** Two days in a row; NaN when what is known does not decide it. */
export function bothDays(before: number, today: number): number {
  if (before === 0 || today === 0) return 0
  return Number.isNaN(before + today) ? Number.NaN : 1
}

const atLeast = (value: number, bound: number): number =>
  Number.isNaN(value) ? Number.NaN : value >= bound ? 1 : 0
