import { VuonError } from '#contract/ground/errors.ts'
import { dewPointC, vapourPressureDeficitKpa } from './vpd.ts'

/**
 * `compute MODEL`: CSV with a header in, the same CSV with the model's columns added out. A row that can't be
 * computed keeps its cells, gets empty results, and is named in `faults`.
 */
export interface Computed {
  readonly csv: string
  readonly faults: readonly string[]
}

interface Model {
  readonly inputs: Readonly<Record<string, readonly string[]>>
  readonly outputs: Readonly<Record<string, (row: Readonly<Record<string, number>>) => number>>
  readonly decimals: number
}

// Each input under our name and the names that exports of others use.
const AIR = {
  airTempC: ['airTempC', 'air-temperature', 'temperature', 'temp', 'tempC', 'T'],
  humidityPct: ['humidityPct', 'air-humidity', 'humidity', 'rh', 'RH'],
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

/** Throws `input-invalid` for an unknown model or a header that lacks a column. */
export function compute(name: string, csv: string): Computed {
  const model = Object.hasOwn(MODELS, name) ? MODELS[name] : undefined
  if (!model)
    throw new VuonError('input-invalid', `There is no model "${name}".`, {
      hint: `Models: ${modelNames().join(', ')}.`,
    })
  const lines = csv.replace(/^\uFEFF/, '').split(/\r?\n/)
  const header = parseLine(lines[0] ?? '')
  const columns = Object.entries(model.inputs).map(([input, names]) => {
    const column = header.findIndex((cell) =>
      names.some((known) => known.toLowerCase() === cell.trim().toLowerCase()),
    )
    if (column < 0)
      throw new VuonError('input-invalid', `The header has no column ${input}.`, {
        hint: `Any of: ${names.join(', ')}.`,
      })
    return [input, column] as const
  })
  const faults: string[] = []
  const out = [[...header, ...Object.keys(model.outputs)].map(cell).join(',')]
  lines.slice(1).forEach((line, index) => {
    if (line.trim() === '') return
    const cells = parseLine(line)
    const row = Object.fromEntries(columns.map(([input, column]) => [input, numberOf(cells[column] ?? '')]))
    const results = Object.values(model.outputs).map((run) => run(row))
    if (results.some((value) => !Number.isFinite(value)))
      faults.push(
        `line ${index + 2}: ${columns.map(([input, column]) => `${input}=${cells[column] ?? ''}`).join(' ')}`,
      )
    out.push(
      [...cells, ...results.map((value) => (Number.isFinite(value) ? value.toFixed(model.decimals) : ''))]
        .map(cell)
        .join(','),
    )
  })
  return { csv: `${out.join('\n')}\n`, faults }
}

const numberOf = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text))

const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

function parseLine(line: string): string[] {
  const cells: string[] = []
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g))
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
  return cells
}
