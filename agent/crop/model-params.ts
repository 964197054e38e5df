import { VuonError } from '#contract/ground/errors.ts'
import { dayMs } from './calendar.ts'
import { numberOf } from './cells.ts'
import type { CropModel, ModelParam } from './model.ts'

/** What was given as `--param name=value`, checked. */
export interface ParamValues {
  number(name: string): number
  choice(name: string): string
  date(name: string): string | undefined
}

/** The zone of times that state none. Vietnam has one zone and no summer time. */
const UTC_OFFSET: ModelParam = {
  name: 'utc_offset_h',
  describe: 'hours ahead of UTC of times that state no zone',
  kind: 'number',
  unit: 'h',
  min: -12,
  max: 14,
  default: 7,
}

/** The model's own, and the zone for those that read times. */
export const paramsOf = (model: CropModel): readonly ModelParam[] =>
  (model.step === 'hour' || model.step === 'moment') &&
  !model.params.some(({ name }) => name === UTC_OFFSET.name)
    ? [...model.params, UTC_OFFSET]
    : model.params

/** Throws `input-invalid` for a param that the model has not, one that is missing, and a value that it can't take. */
export function readParams(model: CropModel, given: Readonly<Record<string, string>>): ParamValues {
  const declared = paramsOf(model)
  const unknown = Object.keys(given).find((name) => !declared.some((param) => param.name === name))
  if (unknown !== undefined)
    throw new VuonError('input-invalid', `${model.name} has no param "${unknown}".`, {
      hint:
        declared.length === 0
          ? 'It has none.'
          : `Params: ${declared.map(({ name }) => name).join(', ')}. See \`compute ${model.name} --help\`.`,
    })
  const values = new Map(
    declared.map((param) => [
      param.name,
      checkedValue(param, Object.hasOwn(given, param.name) ? given[param.name]?.trim() : undefined),
    ]),
  )
  const declaredValue = (name: string): number | string | undefined => {
    if (!values.has(name)) throw new Error(`${model.name} asks for ${name}, which it does not declare`)
    return values.get(name)
  }
  return {
    number: (name) => (declaredValue(name) ?? Number.NaN) as number,
    choice: (name) => declaredValue(name) as string,
    date: (name) => declaredValue(name) as string | undefined,
  }
}

function checkedValue(param: ModelParam, text: string | undefined): number | string | undefined {
  if (text === undefined || text === '') {
    if (param.kind !== 'date' && param.default !== undefined) return param.default
    if (param.kind !== 'choice' && param.isOptional) return undefined
    throw new VuonError('input-invalid', `The param ${param.name} is missing.`, {
      hint: `Add --param ${param.name}=…, ${rightValue(param)}: ${param.describe}.`,
    })
  }
  const value = param.kind === 'number' ? numberOf(text) : text
  const isRight =
    param.kind === 'number'
      ? (value as number) >= param.min && (value as number) <= param.max
      : param.kind === 'choice'
        ? param.choices.includes(text)
        : Number.isFinite(dayMs(text))
  if (!isRight)
    throw new VuonError('input-invalid', `The param ${param.name} can not be "${text}".`, {
      hint: `It is ${rightValue(param)}: ${param.describe}.`,
    })
  return value
}

/** `a number from -90 to 90 (°)`, `fao56 or asce`, `a date, YYYY-MM-DD`. */
export function rightValue(param: ModelParam): string {
  if (param.kind === 'date') return 'a date, YYYY-MM-DD'
  if (param.kind === 'choice') return param.choices.join(' or ')
  return `a number from ${param.min} to ${param.max}${param.unit === '' ? '' : ` (${param.unit})`}`
}
