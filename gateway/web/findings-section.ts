import { fromBase64 } from '#contract/ground/bytes.ts'
import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { heatPicture } from '#contract/wire/heat-picture.ts'
import type { FindingCard } from '../insight/findings.ts'
import { theirs } from './app-frame.ts'
import { age } from './farms-page.ts'
import { sayFinding } from './finding-messages.ts'
import { sayReview } from './finding-review-messages.ts'
import { reviewText, saidOf, whatOf } from './finding-words.ts'
import { momentText } from './words.ts'

export interface FindingView {
  readonly language: Language
  readonly timeZone: string
  readonly nowMs: number
}

/** Photos of a farm: what was seen on each, or why nothing is said, and how old it is. */
export function findingsSection(view: FindingView, findings: readonly FindingCard[]): Html {
  const { language } = view
  const [first] = findings
  return html`<section aria-labelledby="findings-title"><h2 id="findings-title">${sayFinding(language, 'title')}</h2>
${first && html`<p><a class="plot-link" href="/findings?farm=${encodeURIComponent(first.farmId)}">${sayReview(language, 'seeAll')}</a></p>`}
<div id="findings" data-live>${
    findings.length === 0
      ? html`<p class="notice">${sayFinding(language, 'empty')}</p>`
      : html`<ul class="findings">${findings.map((finding, at) => item(view, finding, at))}</ul>`
  }</div></section>`
}

export const findingPath = ({ agent, findingId }: Pick<FindingCard, 'agent' | 'findingId'>): string =>
  `/findings/${agent}/${encodeURIComponent(findingId)}`

function item(view: FindingView, finding: FindingCard, at: number): Html {
  const { language } = view
  const what = whatOf(language, finding)
  const { sentence, detail } = saidOf(language, finding)
  return html`<li class="finding">${thumbnail(view, finding)}
<div><p><a class="plot-link" href="${findingPath(finding)}"><strong>${theirs(what)}</strong></a></p><p>${theirs(sentence)}</p>
${finding.review && html`<p><strong>${theirs(reviewText(language, finding, finding.review))}</strong></p>`}
${detail !== '' && html`<p class="quiet">${theirs(detail)}</p>`}
${heatOf(language, finding, at)}
${whenAndWhere(view, finding)}</div></li>`
}

/** How old it is, on the clock of the box, and from which plot. */
export const whenAndWhere = ({ language, nowMs }: FindingView, finding: FindingCard): Html =>
  html`<p class="quiet">${age(language, finding.at, nowMs)}${!finding.isTimeSure && html` · <span class="mark">${sayFinding(language, 'timeUnsure')}</span>`}${finding.plotName !== '' && html` · ${sayFinding(language, 'plot', { plot: '' })}${theirs(finding.plotName)}`}</p>`

/** Behind a click: thirty photos with their maps would be a page of pink. */
function heatOf(language: Language, { heat, photo, thumbnail: small }: FindingCard, at: number): Html | null {
  const shown = photo.state === 'here' ? photo : small
  if (!heat || shown.state !== 'here') return null
  const { widthPx, heightPx } = photo
  const caption = sayFinding(language, 'heat')
  const picture = heatPicture({
    ...{ heat: { ...heat, values: fromBase64(heat.values) }, widthPx, heightPx, caption },
    ...{ src: `/api/v1/photos/${shown.sha256}`, id: `heat-${at}`, className: 'heat' },
  })
  return picture && html`<details><summary>${caption}</summary>${picture}</details>`
}

export const photoAlt = ({ language, timeZone }: FindingView, finding: FindingCard): string =>
  sayFinding(language, 'photoAlt', {
    what: whatOf(language, finding),
    date: momentText(language, timeZone, finding.at),
  })

function thumbnail(view: FindingView, finding: FindingCard): Html {
  const { language } = view
  const { photo, thumbnail: small } = finding
  if (small.state !== 'here') {
    const why = small.state === 'erased' ? 'photoErased' : 'thumbnailComing'
    return html`<p class="no-photo quiet">${sayFinding(language, why)}</p>`
  }
  const picture = html`<img src="/api/v1/photos/${small.sha256}" alt="${photoAlt(view, finding)}" width="160" loading="lazy">`
  if (photo.state === 'here')
    return html`<a href="/api/v1/photos/${photo.sha256}" title="${sayFinding(language, 'photoOpen')}">${picture}</a>`
  return html`<figure>${picture}<figcaption class="quiet">${sayFinding(language, photo.state === 'erased' ? 'photoErased' : 'photoComing')}</figcaption></figure>`
}
