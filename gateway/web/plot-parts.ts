import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import type { OutlookDates, OutlookWhy } from '#contract/wire/outlook.ts'
import { theirs } from './app-frame.ts'
import { age } from './farms-page.ts'
import { type OutlookKey, sayOutlook } from './plot-outlook-messages.ts'
import { dateText, numberText } from './words.ts'

/** What stands around every figure of a plot's page: units, days, tables, and the why. */
export interface PlotView {
  readonly language: Language
  readonly timeZone: string
  readonly nowMs: number
}

/** A sentence with an age in it that goes on by itself where there is script. */
export function withAge(
  { language, nowMs }: PlotView,
  key: OutlookKey,
  t: number,
  values: Record<string, string> = {},
): Html {
  const [before = '', after = ''] = sayOutlook(language, key, values).split('{age}')
  return html`${before}${age(language, t, nowMs)}${after}`
}

/** A day of the farm's calendar; noon is that day in every zone of the writing. */
export const dayText = (language: Language, date: string): string =>
  dateText(language, 'UTC', Date.parse(`${date}T12:00:00Z`))

/** 17/11, for axes. */
export const shortDay = (date: string): string => `${date.slice(8, 10)}/${date.slice(5, 7)}`

export const dayOr = (language: Language, date: string | null): string =>
  date === null ? sayOutlook(language, 'unknown') : dayText(language, date)

export const datesText = (language: Language, { earliest, expected, latest }: OutlookDates): string => {
  const [from, to] = [earliest ?? expected, latest ?? expected]
  if (from === null || to === null) return dayOr(language, from ?? to)
  return from === to
    ? dayText(language, from)
    : sayOutlook(language, 'spread', { from: dayText(language, from), to: dayText(language, to) })
}

/** "12,1 mm"; with no number, that it is not known. */
export function figure(language: Language, value: number | null, unit = '', decimals = 1): string {
  if (value === null) return sayOutlook(language, 'unknown')
  return unit === ''
    ? numberText(language, value, decimals)
    : `${numberText(language, value, decimals)}\u00a0${unit}`
}

/** For cells whose head says the unit. */
export const cell = (language: Language, value: number | null, decimals = 1): string =>
  value === null ? '–' : numberText(language, value, decimals)

/** A word of the box that this page does not know stands as it is. */
export const worded = (language: Language, key: string, otherwise: string): string =>
  Object.hasOwn(sayOutlook.tables.vi, key) ? sayOutlook(language, key as OutlookKey) : otherwise

/** The mark that no index goes without. */
export const indexMark = (language: Language, { standing }: OutlookWhy): Html | false =>
  standing === 'index-not-validated' &&
  html`<span class="mark">${sayOutlook(language, 'standing-index-not-validated')}</span>`

/** What to connect or to write at the farm so that the figure can be computed. */
export function lacking(language: Language, why: OutlookWhy): Html | false {
  const sensors = why.missingSensors.map((each) => worded(language, `input-${each}`, each)).join(', ')
  if (sensors === '' && why.missingSettings.length === 0) return false
  return html`<p class="notice">${sensors !== '' && sayOutlook(language, 'missing-sensors', { sensors })} ${why.missingSettings.length > 0 && sayOutlook(language, 'missing-settings', { settings: why.missingSettings.join(', ') })}</p>`
}

/** Model and version, how far one may trust it, what stood in for what, how old its readings are. */
export function whyNote({ language, nowMs }: PlotView, why: OutlookWhy): Html {
  return html`<details><summary>${sayOutlook(language, 'why', { model: why.model })}</summary><dl class="legend">
<dt>${sayOutlook(language, 'model')}</dt><dd>${theirs(why.model)} · ${sayOutlook(language, `standing-${why.standing}`)}</dd>
<dt>${sayOutlook(language, 'source')}</dt><dd>${theirs(why.source)}</dd>
<dt>${sayOutlook(language, 'inputs-through')}</dt><dd>${why.inputsThroughMs === null ? sayOutlook(language, 'none') : age(language, why.inputsThroughMs, nowMs)}</dd>
${why.notes.length > 0 && html`<dt>${sayOutlook(language, 'notes')}</dt><dd>${why.notes.map((note) => html`${worded(language, `note-${note}`, note)}<br>`)}</dd>`}</dl></details>`
}

/** Columns are of numbers, but the first, which is of days or hours, and those with words in them. */
export const dataTable = (
  language: Language,
  name: string,
  head: readonly (string | { readonly words: string })[],
  rows: readonly Html[],
): Html =>
  html`<details><summary>${sayOutlook(language, 'table')}: ${name}</summary><div class="scroll" role="region" tabindex="0" aria-label="${sayOutlook(language, 'table')}: ${name}"><table><thead><tr>${head.map((each, at) => (typeof each === 'string' ? html`<th scope="col"${at > 0 && html` class="number"`}>${each}</th>` : html`<th scope="col">${each.words}</th>`))}</tr></thead><tbody>${rows}</tbody></table></div></details>`

/** A row of a day; what is forecast says so in words. */
export const dayRow = (
  language: Language,
  date: string,
  isForecast: boolean,
  cells: readonly (string | Html)[],
): Html =>
  html`<tr><th scope="row">${dayText(language, date)}${isForecast && html` <span class="mark calm">${sayOutlook(language, 'forecast')}</span>`}</th>${cells.map((each) => html`<td class="number">${each}</td>`)}</tr>`
