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

const fromText = (stated: string): number => {
  const ms = fromIsoUtc(stated)
  return Number.isNaN(ms) && ISO_WITH_ZONE.test(stated) ? Date.parse(stated) : ms
}

let latestDay = ''
let latestDayMs = Number.NaN

/**
 * `2026-11-23T04:05:06.789Z`, as nearly all is written, a fifth of the time that Date.parse takes: the day is mostly the
 * one before, and what is left are ten digits. NaN for everything else.
 */
function fromIsoUtc(text: string): number {
  if (text.length !== 24 || text[23] !== 'Z' || text[10] !== 'T') return Number.NaN
  if (text[13] !== ':' || text[16] !== ':' || text[19] !== '.') return Number.NaN
  if (!text.startsWith(latestDay) || latestDay === '') {
    latestDay = text.slice(0, 10)
    latestDayMs = ISO_DAY.test(latestDay) ? Date.parse(latestDay) : Number.NaN
  }
  const hours = digitAt(text, 11) * 10 + digitAt(text, 12)
  const minutes = digitAt(text, 14) * 10 + digitAt(text, 15)
  const seconds = digitAt(text, 17) * 10 + digitAt(text, 18)
  if (!(hours < 24 && minutes < 60 && seconds < 60)) return Number.NaN
  const ms = digitAt(text, 20) * 100 + digitAt(text, 21) * 10 + digitAt(text, 22)
  return latestDayMs + (hours * 3600 + minutes * 60 + seconds) * 1000 + ms
}

const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/

/** NaN for what is no digit. */
function digitAt(text: string, at: number): number {
  const digit = text.charCodeAt(at) - 48
  return digit >= 0 && digit <= 9 ? digit : Number.NaN
}
