import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import type { BoxCard, FarmCard, SeriesCard } from '../insight/answers.ts'
import { theirs } from './app-frame.ts'
import { sayChain } from './chain-messages.ts'
import { type BoxState, boxState, isStale } from './freshness.ts'
import { say } from './messages.ts'
import { ageOf, quantityName, valueText } from './words.ts'

// Below this many farms a person sees them all at a glance.
const SEARCH_FROM = 8

export function farmsPage(
  language: Language,
  farms: readonly FarmCard[],
  query: string,
  nowMs: number,
): Html {
  if (farms.length === 0)
    return html`<h1>${say(language, 'farms')}</h1>
<section class="card empty"><h2>${say(language, 'farmsEmptyTitle')}</h2><p>${say(language, 'farmsEmptyBody')}</p></section>`
  const shown = query ? farms.filter((farm) => isMatch(farm, query)) : farms
  const alarms = farms.reduce((sum, farm) => sum + farm.openAlarms, 0)
  const unfit = farms.filter((farm) => farm.chainFaults > 0).length
  return html`<div class="head"><h1>${say(language, 'farms')}</h1>
<p class="quiet">${say(language, 'farmsCount', { farms: farms.length, alarms })}</p>
${unfit > 0 ? html`<p><strong>${sayChain(language, 'farms', { farms: unfit })}</strong></p>` : null}</div>
${farms.length >= SEARCH_FROM || query ? search(language, query) : null}
${
  shown.length === 0
    ? html`<section class="card empty"><p>${say(language, 'searchNone', { query })}</p><p><a class="button" href="/farms">${say(language, 'searchClear')}</a></p></section>`
    : html`<ul class="farms" id="farms" data-live>${shown.map((farm) => html`<li>${farmCard(language, farm, nowMs)}</li>`)}</ul>`
}`
}

const search = (
  language: Language,
  query: string,
): Html => html`<form class="search" role="search" action="/farms">
<label for="q">${say(language, 'searchLabel')}</label>
<span class="row"><input id="q" name="q" type="search" maxlength="100" value="${query}"><button class="button">${say(language, 'searchButton')}</button></span></form>`

function farmCard(language: Language, farm: FarmCard, nowMs: number): Html {
  const states = farm.boxes.map((box) => boxState(box, nowMs))
  const isOut = states.length > 0 && !states.includes('online')
  return html`<article class="card farm ${farm.openAlarms + farm.chainFaults > 0 ? 'alarmed' : ''} ${isOut ? 'out' : ''}">
<div class="title"><h2><a href="/farms/${encodeURIComponent(farm.farmId)}">${theirs(farm.name)}</a></h2>
${alarmBadge(language, farm, states.includes('online'))}</div>
<p class="quiet">${theirs(farm.commune)}, ${theirs(farm.province)}</p>
${farm.chainFaults > 0 ? html`<p><span class="badge bad">${sayChain(language, 'badge', { count: farm.chainFaults })}</span></p>` : null}
${
  farm.headline.length > 0
    ? html`<dl class="numbers">${farm.headline.map((series) => headline(language, series, nowMs))}</dl>`
    : html`<p class="quiet">${say(language, farm.boxes.length === 0 ? 'farmNoBox' : 'farmNoReadings')}</p>`
}
<div class="boxes">${farm.boxes.map((box, index) => boxLine(language, box, states[index] as BoxState, nowMs))}</div>
</article>`
}

/** "No alarms" is said only of a farm that would tell, and of which nothing else is wrong: a silent box raises none. */
function alarmBadge(
  language: Language,
  { openAlarms: open, chainFaults }: FarmCard,
  isHeard: boolean,
): Html | null {
  if (open > 0) return html`<p class="badge bad">${say(language, 'alarmsOpen', { count: open })}</p>`
  if (chainFaults > 0) return null
  return isHeard ? html`<p class="badge good">${say(language, 'alarmsNone')}</p>` : null
}

function headline(language: Language, series: SeriesCard, nowMs: number): Html {
  const { last } = series
  if (!last) return html``
  const value = valueText(language, { ...series, value: last.value })
  const stale = isStale(last.t, nowMs)
  return html`<div class="${stale ? 'stale' : ''}"><dt>${quantityName(language, series.quantity)}</dt>
<dd><span class="value">${value}</span> <span class="age">· ${age(language, last.t, nowMs)}</span>${stale ? html` <span class="mark">${say(language, 'stale')}</span>` : null}</dd></div>`
}

/** An age that the page keeps up to date by itself where there is script. */
export const age = (language: Language, t: number, nowMs: number): Html =>
  Math.abs(t) <= 8.64e15
    ? html`<time datetime="${new Date(t).toISOString()}" data-age="${t}">${ageOf(language, nowMs - t)}</time>`
    : html`?`

export function boxLine(language: Language, box: BoxCard, state: BoxState, nowMs: number): Html {
  const when = box.lastSeenAt === null ? null : age(language, box.lastSeenAt, nowMs)
  const key = (
    { online: 'boxOnline', offline: 'boxOffline', never: 'boxNever', suspended: 'boxSuspended' } as const
  )[state]
  // The age is an element of its own, so the sentence is cut where it stands.
  const [before = '', after = ''] = say(language, key, { code: box.boxCode }).split('{age}')
  return html`<p class="box ${state}"><span class="dot" aria-hidden="true"></span><span>${before}${when && before.length > 0 && (state === 'online' || state === 'offline') ? when : null}${after}</span></p>`
}

/** "ham thuan" finds Hàm Thuận: people type names without their marks. */
function isMatch(farm: FarmCard, query: string): boolean {
  const plain = (text: string): string =>
    text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll('đ', 'd')
  const wanted = plain(query).split(/\s+/).filter(Boolean)
  const text = plain(`${farm.name} ${farm.commune} ${farm.province}`)
  return wanted.every((word) => text.includes(word))
}
