import { z } from 'zod'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export const RANGES = { '24h': DAY_MS, '7d': 7 * DAY_MS, '30d': 30 * DAY_MS, '1y': 365 * DAY_MS } as const
export type RangeName = keyof typeof RANGES

// Below ten minutes there are no readings to tell apart; the API answers at most twenty years.
const MIN_SPAN_MS = 10 * 60_000
const MAX_SPAN_MS = 20 * 365 * DAY_MS

export interface TimeRange {
  /** Null for a span that somebody zoomed to. */
  readonly name: RangeName | null
  readonly fromMs: number
  readonly toMs: number
}

const moment = z.coerce.number().int().min(0).max(8.64e15)
const rangeQuery = z.object({
  range: z.enum(['24h', '7d', '30d', '1y']).catch('24h'),
  from: moment.optional().catch(undefined),
  to: moment.optional().catch(undefined),
})

/** What the address asks for; what makes no sense there is the last 24 hours. Ends at the next full hour. */
export function timeRange(query: unknown, nowMs: number): TimeRange {
  const { range, from, to } = rangeQuery.catch({ range: '24h' }).parse(query)
  if (from !== undefined && to !== undefined && from < to) return bounded(from, to)
  const toMs = endOf(nowMs)
  return { name: range, fromMs: toMs - RANGES[range], toMs }
}

/** How wide the rows of the table are asked for: hours of a day, quarters of the days of a week, days, weeks. */
export function tableRows({ fromMs, toMs }: TimeRange): number {
  const spanMs = toMs - fromMs
  if (spanMs <= 2 * DAY_MS) return 24
  if (spanMs <= 8 * DAY_MS) return Math.ceil(spanMs / (6 * HOUR_MS))
  if (spanMs <= 60 * DAY_MS) return Math.ceil(spanMs / DAY_MS)
  return 53
}

/** The four steps that a tap makes; undefined where there is nowhere further to go. */
export function stepsFrom(
  { fromMs, toMs }: TimeRange,
  nowMs: number,
): Record<'earlier' | 'later' | 'zoomIn' | 'zoomOut', TimeRange | undefined> {
  const spanMs = toMs - fromMs
  const halfMs = Math.round(spanMs / 2)
  const middleMs = fromMs + halfMs
  const lastMs = endOf(nowMs)
  const within = (from: number, to: number): TimeRange => {
    const overMs = Math.max(0, to - lastMs)
    return bounded(Math.max(0, from - overMs), to - overMs)
  }
  return {
    earlier: fromMs > 0 ? bounded(Math.max(0, fromMs - halfMs), Math.max(spanMs, toMs - halfMs)) : undefined,
    later: toMs < lastMs ? within(fromMs + halfMs, toMs + halfMs) : undefined,
    zoomIn: spanMs > MIN_SPAN_MS ? bounded(middleMs - halfMs / 2, middleMs + halfMs / 2) : undefined,
    zoomOut: spanMs < MAX_SPAN_MS ? within(fromMs - halfMs, toMs + halfMs) : undefined,
  }
}

function bounded(fromMs: number, toMs: number): TimeRange {
  const middleMs = (fromMs + toMs) / 2
  const halfMs = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, toMs - fromMs)) / 2
  return {
    name: null,
    fromMs: Math.max(0, Math.round(middleMs - halfMs)),
    toMs: Math.round(middleMs + halfMs),
  }
}

const endOf = (nowMs: number): number => Math.ceil(nowMs / HOUR_MS) * HOUR_MS
