import { missingSteps } from './calendar.ts'
import type { ModelInput, ModelResult, OutputColumn } from './model.ts'
import type { Trust } from './root-zone.ts'
import { balanceQuality, emptyColumns, needColumns } from './water-balance-inputs.ts'

/** The season of a water balance, day by day, as both balances go through a table. */
export interface BalanceSteps<State extends { readonly trust: Trust }> {
  /** Before the first day of the season that the table has; `theta` is volumetric, `trust` says whether it was given. */
  before(day: number, theta: number, trust: 'assumed' | 'certain'): State
  advance(row: number, day: number, state: State): BalanceDay<State>
}

export interface BalanceDay<State> {
  readonly state: State
  /** By the names of the outputs. */
  readonly cells: Readonly<Record<string, number>>
  readonly drMm: number
  readonly rawMm: number
  readonly isGap: boolean
  readonly isMeasured: boolean
  /** Further words of quality. */
  readonly others: readonly string[]
}

/** Quality: see `balanceQuality`; `before-planting` for the rows before plant_date. Missing days leave no state to trust. */
export function balanceSeason<State extends { readonly trust: Trust }>(
  input: ModelInput,
  outputs: readonly OutputColumn[],
  { days, thetaFc }: { readonly days: readonly number[]; readonly thetaFc: number },
  steps: BalanceSteps<State>,
): ModelResult {
  const theta0 = input.number('theta_0')
  const columns = emptyColumns(outputs, input.length)
  const missed = missingSteps(input, 'day')
  const quality: string[] = []
  let state: State | undefined
  for (const [row, day] of days.entries()) {
    if (day < 0) {
      quality.push('before-planting')
      continue
    }
    state ??= Number.isNaN(theta0)
      ? steps.before(day, thetaFc, 'assumed')
      : steps.before(day, theta0, 'certain')
    if ((missed[row] as number) > 0) state = { ...state, trust: 'unknown' }
    const today = steps.advance(row, day, state)
    state = today.state
    const cells = { ...today.cells, ...needColumns(input, today.drMm, today.rawMm) }
    for (const [name, value] of Object.entries(cells)) (columns[name] as Float64Array)[row] = value
    const { isGap, isMeasured, others } = today
    quality.push(balanceQuality({ isGap, isMeasured, trust: state.trust, others: [...others] }))
  }
  return { length: input.length, columns, quality }
}

const SHARED: readonly OutputColumn[] = [
  { name: 'dr_mm', describe: "root zone depletion at the day's end, mm", decimals: 3 },
  { name: 'taw_mm', describe: 'total available water, mm', decimals: 3 },
  { name: 'raw_mm', describe: 'readily available water: the line for irrigation, mm', decimals: 3 },
  { name: 'ks', describe: 'stress coefficient, 1 is none', decimals: 4 },
  { name: 'etc_mm', describe: 'evapotranspiration without stress, mm', decimals: 3 },
  { name: 'eta_mm', describe: 'actual evapotranspiration, mm', decimals: 3 },
  { name: 'dp_mm', describe: 'deep percolation, mm', decimals: 3 },
  { name: 'ro_mm', describe: 'runoff, mm', decimals: 3 },
  { name: 'zr_m', describe: 'rooting depth, m', decimals: 3 },
  { name: 'p', describe: 'share of TAW that may go before stress', decimals: 4 },
  { name: 'reset_mm', describe: 'added to the depletion by soil_moisture_pct, mm', decimals: 3 },
]

/** Columns that both balances give, in the order of the names. */
export const sharedOutputs = (...names: readonly string[]): OutputColumn[] =>
  names.flatMap((name) => SHARED.find((column) => column.name === name) ?? [])

/** What both balances say of a day, by the names of those columns. */
export const sharedCells = (result: {
  readonly drMm: number
  readonly tawMm: number
  readonly rawMm: number
  readonly ks: number
  readonly etcMm: number
  readonly etaMm: number
  readonly dpMm: number
  readonly roMm: number
  readonly p: number
  readonly resetMm: number
}): Record<string, number> => ({
  dr_mm: result.drMm,
  taw_mm: result.tawMm,
  raw_mm: result.rawMm,
  ks: result.ks,
  etc_mm: result.etcMm,
  eta_mm: result.etaMm,
  dp_mm: result.dpMm,
  ro_mm: result.roMm,
  p: result.p,
  reset_mm: result.resetMm,
})
