import { type InfectionNeeds, riskRatio } from './magarey.ts'

/**
 * Favourability of a day for brown spot (stem canker) of dragon fruit, Neoscytalidium dimidiatum, 0 to 1. An index: no
 * experiment with wetness and temperature on dragon fruit was found, the factors are a reasoned guess, and nobody has
 * tested it in a field. Symptoms are expected about two weeks after (wound inoculation: Ni et al.).
 *
 *   index = min(1, hours of wetness / hours needed) × splash × tissue × inoculum
 */
export interface CankerFactors {
  /** Rain or sprinkling throws spores about; dew does not. */
  readonly hasSplash: boolean
  /** Young flush, flowers or near-ripe fruit are there. */
  readonly hasYoungTissue: boolean
  /** Lesions were reported, or last year's were not pruned out. */
  readonly hasInoculum: boolean
}

/** Rain of so much, mm, splashes. */
export const SPLASH_FROM_MM = 1
export const SYMPTOMS_AFTER_DAYS = 14

export const cankerFactor = ({ hasSplash, hasYoungTissue, hasInoculum }: CankerFactors): number =>
  (hasSplash ? 1 : 0.5) * (hasYoungTissue ? 1 : 0.5) * (hasInoculum ? 1 : 0.6)

/** For a wet period of so many hours at a mean temperature; 0 where nothing infects, NaN where something is unknown. */
export function cankerIndex(
  wetH: number,
  tempC: number,
  needs: InfectionNeeds,
  factors: CankerFactors,
): number {
  if (wetH === 0) return 0
  return Math.min(1, riskRatio(wetH, tempC, needs)) * cankerFactor(factors)
}
