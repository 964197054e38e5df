import { dayMs } from '../../../agent/crop/calendar.ts'
import type { CropModel, ModelInput } from '../../../agent/crop/model.ts'

interface Given {
  readonly dates?: readonly string[]
  readonly columns?: Readonly<Record<string, readonly number[]>>
  readonly params?: Readonly<Record<string, number | string>>
  /** Rows of a table without dates and columns. */
  readonly length?: number
}

/** A table as it comes through the door, without the text around it. Parameters not given take the model's defaults. */
export function modelInput(
  model: CropModel,
  { dates = [], columns = {}, params = {}, length }: Given,
): ModelInput {
  const rows = length ?? Math.max(dates.length, ...Object.values(columns).map((column) => column.length), 0)
  const param = (name: string): number | string | undefined => {
    const declared = model.params.find((each) => each.name === name)
    if (!declared) throw new Error(`${model.name} has no parameter ${name}`)
    return params[name] ?? (declared.kind === 'date' ? undefined : declared.default)
  }
  for (const name of Object.keys(params)) param(name)
  return {
    length: rows,
    dates,
    timesMs: Float64Array.from(dates, dayMs),
    has: (name) => Object.hasOwn(columns, name),
    column: (name) => Float64Array.from(columns[name] ?? Array.from({ length: rows }, () => Number.NaN)),
    number: (name) => Number(param(name) ?? Number.NaN),
    choice: (name) => String(param(name)),
    date: (name) => param(name) as string | undefined,
  }
}
