import { type GrowingCondition, isTold } from '#contract/trace/condition-elements.ts'
import { QUALITY } from '#contract/wire/records.ts'
import type { Journal } from './journal/journal.ts'
import { KEPT } from './journal/local-history.ts'

// Estimated and late values count; what cannot be, or is doubted, does not make a summer hotter.
const COUNTED = QUALITY.estimated | QUALITY.historical
// A probe at 1 Hz makes 86,400 rows a day of 32 bytes: a day at a time is what a small box holds.
const DAY_MS = 86_400_000

/** What the probes that stand in a plot measured in a span of time: lowest, mean and highest of each series. */
export async function growingConditions(
  journal: Pick<Journal, 'series' | 'readingsWithin'>,
  plot: { readonly id: string; readonly name: string },
  fromMs: number,
  toMs: number,
): Promise<GrowingCondition[]> {
  const series = journal
    .series()
    .filter(
      ({ place, origin, quantity }) =>
        origin === 'measured' && isTold(quantity) && (place === plot.name || place === plot.id),
    )
  const conditions: GrowingCondition[] = []
  for (const { no, uuid, quantity, resolution } of series) {
    let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0]
    for (let from = fromMs; from < toMs; from += DAY_MS) {
      const rows = await journal.readingsWithin(no, from, Math.min(from + DAY_MS, toMs))
      for (let at = 0; at < rows.length; at += KEPT) {
        const [scaled = 0, quality = 0] = [rows[at + 1], rows[at + 2]]
        if ((quality & ~COUNTED) !== 0) continue
        min = Math.min(min, scaled)
        max = Math.max(max, scaled)
        sum += scaled
        count++
      }
    }
    if (count === 0) continue
    const [low, mean, high] = [min, sum / count, max].map((scaled) => scaled * resolution)
    const values = { min: low ?? 0, mean: mean ?? 0, max: high ?? 0 }
    conditions.push({ series: uuid, quantity, fromMs, toMs, ...values })
  }
  return conditions
}
