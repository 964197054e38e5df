import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { QUALITY } from '#contract/wire/records.ts'
import { say } from './messages.ts'

const MARKS = [
  { flag: QUALITY.outOfRange, name: 'markOutOfRange', means: 'markOutOfRangeMeans' },
  { flag: QUALITY.estimated, name: 'markEstimated', means: 'markEstimatedMeans' },
  { flag: QUALITY.historical, name: 'markHistorical', means: 'markHistoricalMeans' },
  { flag: QUALITY.fromMarked, name: 'markFromMarked', means: 'markFromMarkedMeans' },
  { flag: QUALITY.spike, name: 'markSpike', means: 'markSpikeMeans' },
  { flag: QUALITY.stuck, name: 'markStuck', means: 'markStuckMeans' },
  { flag: QUALITY.doubted, name: 'markDoubted', means: 'markDoubtedMeans' },
] as const

const CLOCK = { name: 'markClock', means: 'markClockMeans' } as const
const UNKNOWN = { name: 'markUnknown', means: 'markUnknownMeans' } as const

type Mark = (typeof MARKS)[number] | typeof CLOCK | typeof UNKNOWN

/** The marks of one reading, or of everything that a bucket or a page holds. */
export function marksOf(quality: number, isClockUnknown = false): Mark[] {
  const known = MARKS.filter(({ flag }) => (quality & flag) !== 0)
  const rest = MARKS.reduce((flags, { flag }) => flags & ~flag, quality)
  return [...known, ...(isClockUnknown ? [CLOCK] : []), ...(rest !== 0 ? [UNKNOWN] : [])]
}

export const markBadges = (language: Language, marks: readonly Mark[]): Html[] =>
  marks.map((mark) => html`<span class="mark">${say(language, mark.name)}</span>`)

/** What the marks on this page mean; nothing where there are none. */
export function markLegend(language: Language, marks: readonly Mark[]): Html | null {
  const seen = [...new Map(marks.map((mark) => [mark.name, mark])).values()]
  if (seen.length === 0) return null
  return html`<details class="legend"><summary>${say(language, 'marksTitle')}</summary>
<dl>${seen.map((mark) => html`<dt>${say(language, mark.name)}</dt><dd>${say(language, mark.means)}</dd>`)}</dl>
<p class="quiet">${say(language, 'marksNote')}</p></details>`
}
