/** Used by the server and, stripped of its types, by the pages: both must say an age in the same words. */
export interface AgeWords {
  readonly now: string
  readonly minutes: string
  readonly hours: string
  readonly days: string
  readonly ahead: string
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** "4 min ago". A time more than two minutes ahead is a wrong clock, and is said to be one. */
export function ageText(words: AgeWords, ageMs: number): string {
  if (ageMs < -2 * MINUTE_MS) return words.ahead
  if (ageMs < MINUTE_MS) return words.now
  if (ageMs < HOUR_MS) return words.minutes.replace('{n}', String(Math.floor(ageMs / MINUTE_MS)))
  // Up to two days in hours, so that there is no "1 days".
  if (ageMs < 2 * DAY_MS) return words.hours.replace('{n}', String(Math.floor(ageMs / HOUR_MS)))
  return words.days.replace('{n}', String(Math.floor(ageMs / DAY_MS)))
}
