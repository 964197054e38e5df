/** A treatment with its interval as the farm book has it; `phiDays` undefined when nobody wrote it down. */
export interface Treatment {
  readonly activityId: string
  /** YYYY-MM-DD on the farm's calendar. */
  readonly appliedOn: string
  readonly phiDays: number | undefined
  readonly product: string
}

/**
 * `clear`: every interval is over. `inside`: at least one is not. `unknown`: none is known to be open, but a treatment
 * has no interval. `unlogged`: nothing was recorded, which may be because nobody keeps a log.
 */
export type PreHarvestVerdict = 'clear' | 'inside' | 'unknown' | 'unlogged'

export interface PreHarvestAnswer {
  readonly verdict: PreHarvestVerdict
  /** First day on which all known intervals are over, YYYY-MM-DD; null without a treatment that has one. */
  readonly allowedFrom: string | null
  /** What keeps it closed (`inside`), or has no interval (`unknown`). */
  readonly because: readonly Treatment[]
}

// The longest interval on a label here is a season; a slip beyond a year is not believed to keep a harvest closed.
export const MAX_PHI_DAYS = 365

/**
 * Whether fruit may be picked on a day. The day of treatment is day 0: with an interval of seven days, treated on the
 * 1st, it may be picked from the 8th. Treatments after the harvest, and those more than a year before it, do not count.
 */
export function preHarvest(treatments: readonly Treatment[], harvestedOn: string): PreHarvestAnswer {
  const relevant = treatments.filter(({ appliedOn }) => {
    const days = daysBetween(appliedOn, harvestedOn)
    return days >= 0 && days <= MAX_PHI_DAYS
  })
  if (relevant.length === 0) return { verdict: 'unlogged', allowedFrom: null, because: [] }
  const ends = relevant.flatMap((treatment) =>
    isInterval(treatment.phiDays)
      ? [{ treatment, end: dayAfter(treatment.appliedOn, treatment.phiDays) }]
      : [],
  )
  const allowedFrom = ends.reduce<string | null>(
    (latest, { end }) => (latest === null || end > latest ? end : latest),
    null,
  )
  const open = ends.filter(({ end }) => end > harvestedOn).map(({ treatment }) => treatment)
  if (open.length > 0) return { verdict: 'inside', allowedFrom, because: open }
  const unsaid = relevant.filter(({ phiDays }) => !isInterval(phiDays))
  if (unsaid.length > 0) return { verdict: 'unknown', allowedFrom, because: unsaid }
  return { verdict: 'clear', allowedFrom, because: [] }
}

const isInterval = (days: number | undefined): days is number =>
  days !== undefined && Number.isInteger(days) && days >= 0 && days <= MAX_PHI_DAYS

const DAY_MS = 86_400_000

const daysBetween = (from: string, to: string): number =>
  (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS

const dayAfter = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)
