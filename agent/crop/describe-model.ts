import type { CropModel, InputColumn } from './model.ts'
import { paramsOf, rightValue } from './model-params.ts'

/** What a person reads of the models: `compute --list` and `compute MODEL --help`. */

const STANDING: Readonly<Record<CropModel['standing'], string>> = {
  equation: 'equation: physics or a standard, as published',
  'published-rule': 'published rule: thresholds as printed; how well they fit this farm is not known',
  'index-not-validated': 'index, not validated in the field: compares days, and proves nothing',
}

/** A line for each: name, what it gives in Vietnamese and English, how far it may be trusted. */
export function modelList(models: readonly CropModel[]): string {
  const width = Math.max(...models.map(({ name }) => name.length))
  return models
    .map(
      ({ name, summary, standing }) =>
        `${name.padEnd(width)}  ${summary.vi} · ${summary.en} [${standing.replaceAll('-', ' ')}]`,
    )
    .join('\n')
}

export function modelHelp(model: CropModel): string {
  const { name, summary, source, standing, step, columns, oneOf = [], outputs, givesOwnRows, example } = model
  const stamps: readonly (readonly [string, string])[] = {
    row: [],
    day: [['date', 'YYYY-MM-DD, rising (required)'] as const],
    hour: [['time', 'ISO 8601, rising, a row an hour (required)'] as const],
    moment: [['time', 'ISO 8601, rising (required)'] as const],
  }[step]
  const parts = [
    `${name}: ${summary.en}\n${' '.repeat(name.length + 2)}${summary.vi}`,
    `source    ${source}\nstanding  ${STANDING[standing]}`,
    section(
      'params (--param name=value)',
      paramsOf(model).map((param) => [
        param.name,
        `${param.describe}; ${rightValue(param)}; ${given(param)}`,
      ]),
    ),
    section('columns read', [
      ...stamps,
      ...columns.map((column) => [column.name, columnText(column)] as const),
      ...oneOf.map((group) => ['', `at least one of ${group.join(', ')}`] as const),
      ...(model.fromHours
        ? [['', `or a table of hours, with time and no date: see ${model.fromHours.name}`] as const]
        : []),
    ]),
    section(givesOwnRows ? 'a table of its own, with' : 'columns added', [
      ...outputs.map((output) => [output.name, output.describe] as const),
      [
        'quality',
        'ok; gap (not computed); x-from-y (y stood in for x); outside-range; and words of the model’s own',
      ],
    ]),
    `example\n  vuon-agent ${example ?? exampleOf(model)}`,
  ]
  return parts.filter(Boolean).join('\n\n')
}

/** The declaration without the code, for --json. */
export const modelFacts = (model: CropModel): Record<string, unknown> => {
  const { run: _, fromHours, ...facts } = model
  return { ...facts, ...(fromHours ? { fromHours: fromHours.name } : {}), params: paramsOf(model) }
}

function given(param: ReturnType<typeof paramsOf>[number]): string {
  if (param.kind !== 'date' && param.default !== undefined) return `default ${param.default}`
  return param.kind !== 'choice' && param.isOptional ? 'optional' : 'required'
}

const columnText = ({ describe, min, max, isRequired }: InputColumn): string =>
  `${describe}; ${min} to ${max}${isRequired ? ' (required)' : ''}`

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  if (rows.length === 0) return ''
  const width = Math.max(...rows.map(([name]) => name.length))
  return [title, ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)].join('\n')
}

function exampleOf(model: CropModel): string {
  const needed = paramsOf(model).filter((param) => given(param) === 'required')
  const params = needed.map(
    (param) => ` --param ${param.name}=${param.kind === 'choice' ? param.choices[0] : '…'}`,
  )
  return `compute ${model.name}${params.join('')} < table.csv`
}
