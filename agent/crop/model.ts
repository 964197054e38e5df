/**
 * What `vuon-agent compute` can run, and how each model says what it takes and gives. One declaration serves the
 * command line, `compute --list`, `compute MODEL --help` and the checks at the door; the equations stand in files of
 * their own and know nothing of tables.
 */
export interface CropModel {
  /** As typed after `compute`: lower case with hyphens. */
  readonly name: string
  readonly summary: { readonly vi: string; readonly en: string }
  /** Where the equations come from, in one line. */
  readonly source: string
  /** Said wherever a result is shown: validated in the field, or an index. */
  readonly standing: 'equation' | 'published-rule' | 'index-not-validated'
  /**
   * `day` reads the column `date` (YYYY-MM-DD), `hour` the column `time` (ISO 8601; rows at least an hour apart),
   * `moment` the column `time` with rows at any distance, `row` neither. Dates and times rise from row to row; days
   * and hours that are not there are found by `missingSteps` (calendar.ts). `hour` and `moment` have the param
   * `utc_offset_h` (default 7) without declaring it.
   */
  readonly step: 'row' | 'moment' | 'hour' | 'day'
  readonly params: readonly ModelParam[]
  readonly columns: readonly InputColumn[]
  /** At least one column of each group must be there: what can stand in for what. */
  readonly oneOf?: readonly (readonly string[])[]
  readonly outputs: readonly OutputColumn[]
  /** True when the answer is a table of its own rather than columns beside the input's rows. */
  readonly givesOwnRows?: boolean
  /** Of a `day` model, the same from hours: what runs when the table has a column `time` and no `date`. */
  readonly fromHours?: CropModel
  /** Several rows may have the same date or time: two sprays on one day. */
  readonly mayRepeat?: boolean
  /** What to type after `vuon-agent`, for the help: `compute et0-daily --param lat=11.1 < year.csv`. */
  readonly example?: string
  /**
   * Inputs and outputs as they were called before snake_case, by the names of today. A header without any of our
   * snake_case names is answered in these, and without `quality`.
   */
  readonly earlierNames?: Readonly<Record<string, string>>
  run(input: ModelInput): ModelResult
}

/** `--param name=value`. One without a default must be given. */
export type ModelParam = { readonly name: string; readonly describe: string } & (
  | {
      readonly kind: 'number'
      /** As written in the name's end: °C, m, °, h. */
      readonly unit: string
      readonly min: number
      readonly max: number
      readonly default?: number
      /** True when the model goes on without it and says what it takes instead. */
      readonly isOptional?: boolean
    }
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly default?: string }
  | { readonly kind: 'date'; readonly isOptional?: boolean }
)

/** A numeric column, snake_case with its unit at the end: `tmax_c`. A value outside the bounds is a gap. */
export interface InputColumn {
  readonly name: string
  readonly describe: string
  readonly min: number
  readonly max: number
  readonly isRequired: boolean
  /** Other names that are read, best first, beside those that column-names.ts has for everybody. */
  readonly aliases?: readonly string[]
}

export interface OutputColumn {
  readonly name: string
  readonly describe: string
  readonly decimals: number
  /** Words rather than numbers. */
  readonly isText?: boolean
}

/** Columns of one length, checked at the door. NaN is a gap. */
export interface ModelInput {
  readonly length: number
  /** YYYY-MM-DD; of `hour` and `moment` the day in `utc_offset_h`. Empty for `row`. */
  readonly dates: readonly string[]
  /**
   * Milliseconds UTC of each row's `time`; a time without a zone is taken in `utc_offset_h`. NaN is a gap. Empty for
   * `row`; of `day` midnight UTC of the date.
   */
  readonly timesMs: Float64Array
  has(column: string): boolean
  /** All gaps when the table has no such column. */
  column(name: string): Float64Array
  /** NaN for an optional one that was not given. */
  number(param: string): number
  choice(param: string): string
  /** Undefined for an optional one that was not given. */
  date(param: string): string | undefined
}

/**
 * Output columns by name. `quality` has a word or several for each row, joined by spaces: `ok`; `gap` (nothing could
 * be computed); `from-X` (X stood in for what was missing, `ea-from-tmin`); `outside-range`.
 */
export interface ModelResult {
  readonly length: number
  readonly columns: Readonly<Record<string, Float64Array | readonly number[] | readonly string[]>>
  readonly quality: readonly string[]
}
