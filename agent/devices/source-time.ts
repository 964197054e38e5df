// Nothing of ours was measured before 2020, and a clock that says 2100 is broken.
const EARLIEST_MS = Date.UTC(2020, 0, 1)
const LATEST_MS = Date.UTC(2100, 0, 1)

/**
 * What a device says the time was: epoch milliseconds, epoch seconds, or ISO 8601 with a zone. Undefined when
 * it can't be meant: no zone (whose noon?), 1970 (no clock yet), 2120.
 */
export function sourceTimeOf(stated: unknown): number | undefined {
  const ms =
    typeof stated === 'number' ? fromNumber(stated) : typeof stated === 'string' ? fromText(stated) : NaN
  return ms >= EARLIEST_MS && ms < LATEST_MS ? Math.round(ms) : undefined
}

// 10^11 s is the year 5138, 10^11 ms is 1973: no sane stamp of one reads as the other.
const fromNumber = (stated: number): number => (stated < 1e11 ? stated * 1000 : stated)

const ISO_WITH_ZONE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/

const fromText = (stated: string): number => (ISO_WITH_ZONE.test(stated) ? Date.parse(stated) : NaN)
