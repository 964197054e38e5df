import { VuonError } from '#contract/ground/errors.ts'
import { csvLine, type Row, readCsv } from './csv.ts'
import { dewPointC, vapourPressureDeficitKpa } from './vpd.ts'

/**
 * `compute MODEL`: CSV with a header in, the same CSV with the model's columns added at its end, under their names,
 * out. A row that can't be computed keeps its cells, gets empty results, and is named in `faults`.
 *
 *   vpd        adds vpdKpa     vapour-pressure deficit, kPa, 3 decimals
 *   dew-point  adds dewPointC  dew point, °C, 2 decimals
 *
 * Both read air temperature (°C) and relative humidity (%), in columns of any order.
 */
export interface Computed {
  /** Lines end in \n; no byte order mark; the separator is that of the input. */
  readonly csv: string
  readonly faults: readonly string[]
}

interface Model {
  readonly inputs: Readonly<Record<string, readonly string[]>>
  readonly outputs: Readonly<Record<string, (row: Readonly<Record<string, number>>) => number>>
  readonly decimals: number
}

// Each input under our name first, then the names that exports of others use; see `plainName`. A single letter counts
// as it is written, and last: T is a temperature, t is a time.
const AIR = {
  airTempC: [
    'airTempC',
    'air temperature',
    'air temperature C',
    'air temp',
    'temperature',
    'temperature C',
    'temp',
    'temp C',
    'tair',
    'nhiệt độ',
    'nhiệt độ C',
    'nhiệt độ không khí',
    'T',
  ],
  humidityPct: [
    'humidityPct',
    'air humidity',
    'relative humidity',
    'humidity',
    'rh',
    'rhPct',
    'độ ẩm',
    'độ ẩm không khí',
  ],
}

const MODELS: Readonly<Record<string, Model>> = {
  vpd: {
    inputs: AIR,
    outputs: {
      vpdKpa: ({ airTempC = Number.NaN, humidityPct = Number.NaN }) =>
        vapourPressureDeficitKpa(airTempC, humidityPct),
    },
    decimals: 3,
  },
  'dew-point': {
    inputs: AIR,
    outputs: {
      dewPointC: ({ airTempC = Number.NaN, humidityPct = Number.NaN }) => dewPointC(airTempC, humidityPct),
    },
    decimals: 2,
  },
}

export const modelNames = (): string[] => Object.keys(MODELS)

/** Throws `input-invalid` for an unknown model, or a header that lacks a column or has the model's own already. */
export function compute(name: string, csv: string): Computed {
  const model = Object.hasOwn(MODELS, name) ? MODELS[name] : undefined
  if (!model)
    throw new VuonError('input-invalid', `There is no model "${name}".`, {
      hint: `Models: ${modelNames().join(', ')}.`,
    })
  const { header, rows, separator } = readCsv(csv)
  const added = Object.keys(model.outputs)
  const twice = added.find((output) => header.some((cell) => cell.trim() === output))
  if (twice)
    throw new VuonError('input-invalid', `The header has a column ${twice} already.`, {
      hint: 'Rename or remove it.',
    })
  const columns = Object.entries(model.inputs).map(([input, names]) => columnOf(header, input, names))
  const faults: string[] = []
  const lines = rows.map((row) => {
    const { results, fault } = computeRow(row, columns, model, header.length)
    if (fault) faults.push(fault)
    const padded = Array.from(header, (_, column) => row.cells[column] ?? '')
    return csvLine([...padded, ...results, ...row.cells.slice(header.length)], separator)
  })
  return { csv: `${[csvLine([...header, ...added], separator), ...lines].join('\n')}\n`, faults }
}

interface Column {
  readonly input: string
  readonly column: number
}

function columnOf(header: readonly string[], input: string, names: readonly string[]): Column {
  const plain = header.map(plainName)
  for (const known of names) {
    const column =
      known.length === 1 ? header.findIndex((cell) => cell.trim() === known) : plain.indexOf(plainName(known))
    if (column >= 0) return { input, column }
  }
  throw new VuonError('input-invalid', `The header has no column ${input}.`, {
    hint: `Any of: ${names.join(', ')}.`,
  })
}

/** Letters and digits only, small, without marks: "Air temperature (°C)", air_temperature_c and airTemperatureC are one. */
const plainName = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[đĐ]/g, 'd')
    .replaceAll('%', '')
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase()

function computeRow(
  { cells, line }: Row,
  columns: readonly Column[],
  model: Model,
  width: number,
): { results: string[]; fault?: string } {
  const none = Object.keys(model.outputs).map(() => '')
  if (cells.length > width && cells.slice(width).some((cell) => cell.trim() !== ''))
    return { results: none, fault: `line ${line}: has ${cells.length} cells where the header has ${width}` }
  const given = columns.map(({ input, column }) => [input, (cells[column] ?? '').trim()] as const)
  const row = Object.fromEntries(given.map(([input, text]) => [input, numberOf(text)]))
  const values = Object.values(model.outputs).map((run) => run(row))
  if (!values.every(Number.isFinite))
    return {
      results: none,
      fault: `line ${line}: ${given.map(([input, text]) => `${input}=${text}`).join(' ')}`,
    }
  // A table written with decimal commas is read by a spreadsheet that expects them.
  const hasCommas = given.some(([, text]) => text.includes(','))
  return { results: values.map((value) => written(value, model.decimals, hasCommas)) }
}

/** A decimal number with point or comma; NaN for anything else, an empty cell too. */
function numberOf(text: string): number {
  return /^[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?$/i.test(text)
    ? Number(text.replace(',', '.'))
    : Number.NaN
}

function written(value: number, decimals: number, hasCommas: boolean): string {
  const text = value.toFixed(decimals).replace(/^-(?=0\.?0*$)/, '')
  return hasCommas ? text.replace('.', ',') : text
}
