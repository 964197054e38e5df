import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { isQuantityName } from '#contract/wire/quantities.ts'
import type { AdviceCard, DateSpread, Evidence, Why } from './field-answer.ts'
import { isOrchardKey, type OrchardKey, sayOrchard } from './orchard-messages.ts'
import type { Visit } from './visit.ts'
import { ago, dayAndTime, number, quantityName, unitSymbol, valueWithUnit, writtenDay } from './wording.ts'

/** What stands under every figure of the orchard's page: the reason, the table, what the advice rests on. */

const NOTE_KIND = { act: 'critical', watch: 'warning', info: 'good', missing: 'info' } as const

export function adviceList(visit: Visit, advice: readonly AdviceCard[]): Html {
  const said = advice.filter(({ severity }) => severity !== 'missing')
  const lacking = advice.filter(({ severity }) => severity === 'missing')
  // Of a box without a weather station everything is missing: once said is enough, the rest is for who connects it.
  if (lacking.length < 2) return cards(visit, advice)
  return html`${said.length > 0 && cards(visit, said)}<details class="why"><summary>${sayOrchard(visit.language, 'unanswered', { count: lacking.length })}</summary>${cards(visit, lacking)}</details>`
}

const cards = (visit: Visit, advice: readonly AdviceCard[]): Html =>
  html`<ul class="plain advice">${advice.map(
    (card) =>
      html`<li class="note ${NOTE_KIND[card.severity]}"><p><span class="tag">${sayOrchard(visit.language, `severity-${card.severity}`)}</span> ${card[visit.language]}</p>${
        card.evidence.length > 0 &&
        html`<details><summary>${sayOrchard(visit.language, 'evidence')}</summary><ul>${card.evidence.map((each) => evidence(visit, each))}</ul></details>`
      }</li>`,
  )}</ul>`

function evidence({ language, timeZone, nowMs }: Visit, each: Evidence): Html {
  const name = isQuantityName(each.what)
    ? quantityName(language, each.what)
    : keyed(language, `what-${each.what}`, each.what)
  const value = isQuantityName(each.what)
    ? valueWithUnit(language, each.what, each.value, each.unit)
    : `${number(language, each.value, Number.isInteger(each.value) ? 0 : 1)} ${unitSymbol(language, each.unit)}`
  const when =
    each.untilMs === undefined
      ? each.at > nowMs
        ? dayAndTime(timeZone, each.at)
        : ago(language, nowMs - each.at)
      : sayOrchard(language, 'spread', {
          earliest: dayAndTime(timeZone, each.at),
          latest: dayAndTime(timeZone, each.untilMs),
        })
  const said = html`${name}: <strong>${value}</strong> · ${when}${each.model !== undefined && html` · ${each.model}`}`
  return html`<li>${each.seriesNo === undefined ? said : html`<a class="reach" href="/series/${each.seriesNo}">${said}</a>`}</li>`
}

/** Model and version, how far one may trust it, what stood in for what, and how old its inputs are. */
export function whyNote({ language, nowMs }: Visit, why: Why): Html {
  return html`<details class="why"><summary>${sayOrchard(language, 'why')}: ${why.model} · ${sayOrchard(language, `standing-${why.standing}`)}</summary><dl class="facts">
<div><dt>${sayOrchard(language, 'model')}</dt><dd>${why.model}</dd></div><div><dt>${sayOrchard(language, 'source')}</dt><dd>${why.source}</dd></div>
<div><dt>${sayOrchard(language, 'inputs-through')}</dt><dd>${why.inputsThroughMs === null ? sayOrchard(language, 'none') : ago(language, nowMs - why.inputsThroughMs)}</dd></div>
${why.notes.length > 0 && html`<div><dt>${sayOrchard(language, 'notes')}</dt><dd>${why.notes.map((each) => html`${keyed(language, `note-${each}`, each)}<br>`)}</dd></div>`}</dl></details>`
}

/** The mark that no index goes without. */
export const indexTag = (language: Language, why: Why): Html | false =>
  why.standing === 'index-not-validated' &&
  html`<span class="tag doubt">${sayOrchard(language, 'standing-index-not-validated')}</span>`

/** What to connect or to write so that the figure can be computed. */
export function missing(language: Language, why: Why): Html | false {
  const sensors = why.missingSensors.map((each) => sayOrchard(language, `input-${each}`)).join(', ')
  return (
    (sensors !== '' || why.missingSettings.length > 0) &&
    html`<p class="todo">${sensors !== '' && sayOrchard(language, 'missing-sensors', { sensors })} ${why.missingSettings.length > 0 && sayOrchard(language, 'missing-settings', { settings: why.missingSettings.join(', ') })}</p>`
  )
}

export const table = (
  language: Language,
  name: string,
  head: readonly string[],
  rows: readonly Html[],
): Html =>
  html`<details><summary>${sayOrchard(language, 'table')}: ${name}</summary><div class="scroll" role="region" tabindex="0" aria-label="${sayOrchard(language, 'table-scroll')}: ${name}"><table><thead><tr>${head.map((each) => html`<th scope="col">${each}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div></details>`

/** A row of a day; what is forecast says so in words. */
export const dayRow = (
  language: Language,
  date: string,
  isForecast: boolean,
  cells: readonly (string | Html)[],
): Html =>
  html`<tr><th scope="row">${writtenDay(date)}${isForecast && html` <span class="tag">${sayOrchard(language, 'forecast')}</span>`}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`

export const orUnknown = (language: Language, value: number | null, decimals = 1, unit = ''): string =>
  value === null
    ? sayOrchard(language, 'unknown')
    : `${number(language, value, decimals)}${unit && ` ${unit}`}`

export const dayOrUnknown = (language: Language, date: string | null): string =>
  date === null ? sayOrchard(language, 'unknown') : writtenDay(date)

export const spreadText = (language: Language, { earliest, latest }: DateSpread): string =>
  earliest === null && latest === null
    ? sayOrchard(language, 'unknown')
    : sayOrchard(language, 'spread', {
        earliest: dayOrUnknown(language, earliest),
        latest: dayOrUnknown(language, latest),
      })

/** What a newer model calls something that this page has no words for stands as it is. */
export const keyed = (language: Language, key: string, otherwise: string): string =>
  isOrchardKey(key) ? sayOrchard(language, key as OrchardKey) : otherwise
