import { sql } from 'kysely'
import type { Db } from '../store/open-store.ts'
import { toValue } from './series-cards.ts'

/** Lowest and highest of each day, over every probe of the farm that measures the quantity. */
export interface ConditionBand {
  readonly quantity: string
  readonly unit: string
  readonly days: readonly {
    /** The beginning of the day as it is summed, ms UTC. */
    readonly t: number
    readonly min: number
    readonly max: number
  }[]
}

const DAY_MS = 86_400_000

export async function conditionBands(
  db: Db,
  agent: string,
  harvestedAt: number,
  options: { readonly days: number; readonly quantities: readonly string[] },
): Promise<ConditionBand[]> {
  const { rows } = await sql<{
    quantity: string
    unit: string
    resolution: number
    t: number
    min: number
    max: number
  }>`SELECT s.quantity, s.unit, s.resolution, r.t, min(r.min) AS min, max(r.max) AS max
    FROM rollup r JOIN series s ON s.agent = r.agent AND s.uuid = r.uuid
    WHERE r.agent = ${agent} AND r.span = 'd' AND r.t >= ${harvestedAt - options.days * DAY_MS} AND r.t <= ${harvestedAt}
      AND s.quantity IN (${sql.join(options.quantities)})
    GROUP BY s.quantity, s.unit, s.resolution, r.t ORDER BY r.t`.execute(db)
  return options.quantities.flatMap((quantity) => {
    const ofQuantity = rows.filter((row) => row.quantity === quantity)
    const [first] = ofQuantity
    if (!first) return []
    const days = new Map<number, { t: number; min: number; max: number }>()
    // Probes of another unit are another quantity; they would bend the band.
    for (const row of ofQuantity.filter(({ unit }) => unit === first.unit)) {
      const before = days.get(row.t)
      const [min, max] = [toValue(row.min, row.resolution), toValue(row.max, row.resolution)]
      days.set(row.t, {
        t: row.t,
        min: Math.min(before?.min ?? min, min),
        max: Math.max(before?.max ?? max, max),
      })
    }
    return [{ quantity, unit: first.unit, days: [...days.values()] }]
  })
}
