import { type Html, html, rawHtml } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import {
  FINDING_ORDERS,
  type FindingFilter,
  type FindingList,
  REVIEW_STATES,
  type ReviewState,
} from '../insight/finding-list.ts'
import type { FindingCard } from '../insight/findings.ts'
import { theirs } from './app-frame.ts'
import { sayFinding } from './finding-messages.ts'
import { sayReview } from './finding-review-messages.ts'
import { begun, cropText, reviewText, saidOf, whatOf } from './finding-words.ts'
import { type FindingView, findingPath, photoAlt, whenAndWhere } from './findings-section.ts'
import { numberText } from './words.ts'

export const STATE_WORDS = {
  waiting: 'stateWaiting',
  confirmed: 'stateConfirmed',
  corrected: 'stateCorrected',
  'not-usable': 'stateNotUsable',
  all: 'stateAll',
} as const

/** Every photo of the viewer's farms, what waits for a person first. */
export function findingsPage(view: FindingView, list: FindingList, filter: FindingFilter): Html {
  const { language } = view
  return html`<div class="head"><h1>${sayReview(language, 'title')}</h1><p class="quiet">${sayReview(language, 'lead')}</p></div>
<nav class="ranges" aria-label="${sayReview(language, 'state')}">${REVIEW_STATES.map((state) => stateLink(language, list, filter, state))}</nav>
${filterForm(language, list, filter)}
<div id="finding-list" data-live>${
    list.findings.length === 0
      ? html`<section class="card empty"><p>${sayReview(language, filter.state === 'waiting' ? 'emptyWaiting' : 'emptyOther')}</p><p class="quiet">${sayReview(language, 'emptyHint')}</p></section>`
      : html`<ul class="shots">${list.findings.map((finding) => html`<li>${shot(view, finding)}</li>`)}</ul>`
  }
${list.pages > 1 && turning(language, list, filter)}</div>`
}

/** The address of a list; what stands at its default is left out. */
export function listPath(filter: FindingFilter): string {
  const { farmId, crop, verdict, state, order, page } = filter
  const query = new URLSearchParams(
    Object.entries({
      ...{ farm: farmId, crop, verdict },
      state: state === 'waiting' ? '' : state,
      order: order === 'unsure' ? '' : order,
      page: page > 1 ? String(page) : '',
    }).filter(([, value]) => value !== ''),
  ).toString()
  return query === '' ? '/findings' : `/findings?${query}`
}

function stateLink(
  language: Language,
  { counts }: FindingList,
  filter: FindingFilter,
  state: ReviewState,
): Html {
  const isHere = filter.state === state
  return html`<a href="${listPath({ ...filter, state, page: 1 })}"${isHere && rawHtml(' aria-current="page"')}>${sayReview(language, STATE_WORDS[state])} ${numberText(language, counts[state], 0)}</a>`
}

interface Choice {
  readonly value: string
  readonly name: string
}

function filterForm(language: Language, list: FindingList, filter: FindingFilter): Html {
  const { farms, crops, verdicts } = list
  const all = { value: '', name: sayReview(language, 'all') }
  const isFiltered = filter.farmId !== '' || filter.crop !== '' || filter.verdict !== ''
  return html`<details class="filter" ${isFiltered && rawHtml('open')}><summary>${sayReview(language, 'filter')}</summary>
<form class="filters" action="/findings">${filter.state !== 'waiting' && html`<input type="hidden" name="state" value="${filter.state}">`}
${choice('farm', sayReview(language, 'farm'), filter.farmId, [all, ...farms.map(({ farmId, name }) => ({ value: farmId, name }))])}
${choice('crop', sayReview(language, 'crop'), filter.crop, [all, ...crops.map((crop) => ({ value: crop, name: cropText(language, crop) }))])}
${choice('verdict', sayReview(language, 'verdict'), filter.verdict, [
  all,
  ...verdicts.map(({ verdict, words }) => ({ value: verdict, name: words?.[language] ?? verdict })),
  { value: 'none', name: sayReview(language, 'verdictNone') },
])}
${choice(
  'order',
  sayReview(language, 'order'),
  filter.order,
  FINDING_ORDERS.map((order) => ({
    value: order,
    name: sayReview(language, order === 'unsure' ? 'orderUnsure' : 'orderNewest'),
  })),
)}
<button class="button">${sayReview(language, 'apply')}</button></form></details>`
}

const choice = (name: string, label: string, chosen: string, choices: readonly Choice[]): Html =>
  html`<div><label for="${name}">${label}</label><select id="${name}" name="${name}">${choices.map(
    (each) =>
      html`<option value="${each.value}"${each.value === chosen && rawHtml(' selected')}>${each.name}</option>`,
  )}</select></div>`

function shot(view: FindingView, finding: FindingCard): Html {
  const { language } = view
  const { thumbnail, review } = finding
  const missing = thumbnail.state === 'erased' ? 'photoErased' : 'thumbnailComing'
  return html`<article class="card shot">${
    thumbnail.state === 'here'
      ? html`<img src="/api/v1/photos/${thumbnail.sha256}" alt="${photoAlt(view, finding)}" width="${finding.photo.widthPx}" height="${finding.photo.heightPx}" loading="lazy">`
      : html`<p class="no-shot quiet">${sayFinding(language, missing)}</p>`
  }
<div><p class="shot-state">${
    review
      ? html`<span class="badge ${review.decision === 'confirmed' ? 'good' : 'mark'}">${theirs(reviewText(language, finding, review))}</span>`
      : html`<span class="badge bad">${sayReview(language, 'waiting')}</span>`
  }</p>
<h2><a href="${findingPath(finding)}">${theirs(begun(saidOf(language, finding).sentence))}</a></h2>
<p>${theirs(whatOf(language, finding))} · ${theirs(finding.farmName)}</p>
${whenAndWhere(view, finding)}</div></article>`
}

const turning = (language: Language, { page, pages }: FindingList, filter: FindingFilter): Html =>
  html`<nav class="ranges" aria-label="${sayReview(language, 'pages')}">${page > 1 && html`<a rel="prev" href="${listPath({ ...filter, page: page - 1 })}">${sayReview(language, 'previous')}</a>`}
<span class="off">${sayReview(language, 'page', { page, pages })}</span>
${page < pages && html`<a rel="next" href="${listPath({ ...filter, page: page + 1 })}">${sayReview(language, 'next')}</a>`}</nav>`
