import { VuonError } from '#contract/ground/errors.ts'
import type { ModelInput, ModelParam } from '../model.ts'
import type { InfectionNeeds } from './magarey.ts'
import { PATHOGENS, pathogenNamed } from './pathogens.ts'

/** A pathogen by its name, by five figures of one's own, or by name with some figures replaced. */

const temp = (name: string, describe: string): ModelParam => ({
  name,
  describe: `${describe}; the pathogen's when not given`,
  kind: 'number',
  unit: '°C',
  min: -10,
  max: 60,
  isOptional: true,
})
const hours = (name: string, describe: string): ModelParam => ({
  name,
  describe,
  kind: 'number',
  unit: 'h',
  min: 0.1,
  max: 500,
  isOptional: true,
})

export const NEEDS_PARAMS: readonly ModelParam[] = [
  {
    name: 'pathogen',
    describe: `whose needs; own: those given as tmin_c, topt_c, tmax_c and wmin_h. ${PATHOGENS.map(
      ({ name, status }) => `${name}: ${status}`,
    ).join(', ')}`,
    kind: 'choice',
    choices: ['own', ...PATHOGENS.map(({ name }) => name)],
    default: 'own',
  },
  temp('tmin_c', 'no infection below'),
  temp('topt_c', 'fastest infection'),
  temp('tmax_c', 'no infection above'),
  hours('wmin_h', "hours of wetness needed at the best temperature; the pathogen's when not given"),
  hours('wmax_h', "the most hours ever needed; the pathogen's when not given, or none"),
]

export const D50_PARAM: ModelParam = hours(
  'd50_h',
  "a dry spell of so many hours parts two wet periods; the pathogen's when not given, or 4",
)

const OWN_D50_H = 4

/** Throws `input-invalid` when figures are missing or do not go together. */
export function needsOf(input: ModelInput, d50H = Number.NaN): InfectionNeeds {
  const name = input.choice('pathogen')
  const pathogen = pathogenNamed(name)
  const figure = (param: string, ofPathogen: number | undefined): number => {
    const given = input.number(param)
    return Number.isNaN(given) ? (ofPathogen ?? Number.NaN) : given
  }
  const tminC = figure('tmin_c', pathogen?.tminC)
  const toptC = figure('topt_c', pathogen?.toptC)
  const tmaxC = figure('tmax_c', pathogen?.tmaxC)
  const wminH = figure('wmin_h', pathogen?.wminH)
  const wmaxH = figure('wmax_h', pathogen?.wmaxH)
  if (Number.isNaN(tminC + toptC + tmaxC + wminH))
    throw new VuonError('input-invalid', 'The needs of the pathogen are not complete.', {
      hint: `Add --param pathogen=… (${PATHOGENS.map((each) => each.name).join(', ')}), or tmin_c, topt_c, tmax_c and wmin_h.`,
    })
  if (!(tminC < toptC && toptC < tmaxC))
    throw new VuonError(
      'input-invalid',
      `tmin_c (${tminC}) < topt_c (${toptC}) < tmax_c (${tmaxC}) must hold.`,
      {
        hint: 'Change one of them.',
      },
    )
  if (wmaxH < wminH)
    throw new VuonError('input-invalid', `wmax_h (${wmaxH}) must not be less than wmin_h (${wminH}).`, {
      hint: 'Change one of them.',
    })
  return {
    tminC,
    toptC,
    tmaxC,
    wminH,
    ...(Number.isNaN(wmaxH) ? {} : { wmaxH }),
    d50H: Number.isNaN(d50H) ? (pathogen?.d50H ?? OWN_D50_H) : d50H,
  }
}

/** `needs-prior` beside results that rest on a guess. */
export const standingWord = (input: ModelInput): string | undefined =>
  pathogenNamed(input.choice('pathogen'))?.status === 'prior' ? 'needs-prior' : undefined

/** Words of a quality column; `ok` for none. */
export const qualityOf = (...words: readonly (string | undefined)[]): string =>
  words.filter((word) => word !== undefined && word !== 'ok').join(' ') || 'ok'
