import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import type { DayValues } from '../crop/plot-hours.ts'
import type { SingleState } from '../crop/single-balance.ts'

/**
 * The days of the season, exactly as they were computed, and the state in which the water balance ended each of them:
 * so that a restart needs the readings of the last weeks only. Derived data: without the file the balance begins with
 * what the journal still has.
 */
export interface StoredDay {
  readonly no: number
  readonly values: DayValues
  readonly balance:
    | (SingleState & {
        readonly rawMm: number
        readonly tawMm: number
        readonly etcMm: number
        readonly irrigationMm: number
      })
    | null
}

// Of one plot: a season and a year beside it.
export const MAX_DAYS = 400

const number = z.number().nullable()
const dayShape = z.object({
  no: z.int(),
  values: z.object({
    date: z.string().max(10),
    tminC: number,
    tmaxC: number,
    tmeanC: number,
    rhminPct: number,
    rhmaxPct: number,
    rainMm: number,
    windMs: number,
    solarMjm2: number,
    et0Mm: number,
    et0Notes: z.array(z.string().max(64)).max(16),
    wetH: number,
    degreeDays: number,
    dayLengthH: number,
    vpdMaxKpa: number,
    soilPct: number,
  }),
  balance: z
    .object({
      drMm: number,
      trust: z.enum(['certain', 'assumed', 'unknown']),
      rawMm: number,
      tawMm: number,
      etcMm: number,
      irrigationMm: number,
    })
    .nullable(),
})
const fileShape = z.object({
  version: z.literal(1),
  plots: z.record(
    z.string().max(32),
    z.object({ key: z.string().max(2000), days: z.array(dayShape).max(MAX_DAYS) }),
  ),
})

/** By plot. `key` says with which settings they were computed. */
export type StoredPlots = ReadonlyMap<string, { readonly key: string; readonly days: readonly StoredDay[] }>

/** Empty when there is no file, and when it can't be understood (which `onFault` is told). */
export function readDayFile(path: string, onFault: (code: string, detail: string) => void): StoredPlots {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return new Map()
  }
  try {
    const { plots } = fileShape.parse(JSON.parse(text))
    return new Map(
      Object.entries(plots).map(([id, { key, days }]) => [
        id,
        { key, days: days.map(withGaps) as StoredDay[] },
      ]),
    )
  } catch (error) {
    onFault(
      'days-damaged',
      `${path}: ${(error as Error).message.slice(0, 200)}; computed anew from the journal`,
    )
    return new Map()
  }
}

/** JSON has no NaN: gaps are null there. Throws what the disk throws. */
export const writeDayFile = (path: string, plots: StoredPlots): void =>
  writeFileAtomically(path, JSON.stringify({ version: 1, plots: Object.fromEntries(plots) }))

function withGaps(day: z.output<typeof dayShape>): unknown {
  const filled = (row: object) =>
    Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value === null ? Number.NaN : value]))
  return { no: day.no, values: filled(day.values), balance: day.balance && filled(day.balance) }
}
