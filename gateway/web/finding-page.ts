import { type Html, html } from '#contract/ground/html.ts'
import type { FindingDetail } from '../insight/finding-detail.ts'
import type { FindingCard, ReviewCard } from '../insight/findings.ts'
import { theirs } from './app-frame.ts'
import { age } from './farms-page.ts'
import { type FindingTyped, type FormRefused, findingForm } from './finding-form.ts'
import { sayFinding } from './finding-messages.ts'
import { by, findingPhoto, photoState } from './finding-photo.ts'
import { sayReview } from './finding-review-messages.ts'
import {
  begun,
  labelText,
  lesionText,
  percentText,
  reasonText,
  reviewText,
  saidOf,
  whatOf,
} from './finding-words.ts'
import { type FindingView, findingPath, photoAlt } from './findings-section.ts'
import { momentText } from './words.ts'

export interface FindingShown {
  readonly csrf: string
  readonly refused: { readonly typed: FindingTyped; readonly why: FormRefused } | null
  /** Just decided: and what waits next, if anything does. */
  readonly saved: { readonly next: FindingCard | null } | null
}

/** One photo: what the machine says of it, what people said, and the form to say something. */
export function findingPage(view: FindingView, detail: FindingDetail, shown: FindingShown): Html {
  const { language } = view
  const { finding } = detail
  return html`<nav class="crumbs"><a href="/findings">${sayReview(language, 'back')}</a></nav>
${shown.saved && savedNotice(view, shown.saved.next)}
<div class="head"><h1>${theirs(whatOf(language, finding))}</h1>
<p class="quiet"><a href="/farms/${encodeURIComponent(finding.farmId)}">${theirs(finding.farmName)}</a>${finding.plotName !== '' && html` · ${sayFinding(language, 'plot', { plot: '' })}${theirs(finding.plotName)}`}</p>
<p class="quiet">${received(view, finding)}</p></div>
<div class="beside"><div>${findingPhoto(view, detail)}${photoState(view, shown.csrf, detail)}</div>
<div>${machine(view, detail)}${findingForm(view, shown.csrf, detail, shown.refused)}${plantSection(view, detail)}${historySection(view, detail)}</div></div>`
}

const savedNotice = ({ language }: FindingView, next: FindingCard | null): Html =>
  html`<p class="notice good" role="status">${sayReview(language, 'saved')} ${
    next
      ? html`<a href="${findingPath(next)}">${sayReview(language, 'nextWaiting')}</a>`
      : sayReview(language, 'allSeen')
  }</p>`

function received(
  { language, timeZone, nowMs }: FindingView,
  { at, takenAt, isTimeSure }: FindingCard,
): Html {
  const [before = '', after = ''] = sayReview(language, 'received').split('{age}')
  const taken =
    takenAt !== null && sayReview(language, 'taken', { time: momentText(language, timeZone, takenAt) })
  return html`${before}${age(language, at, nowMs)}${after} (${momentText(language, timeZone, at)})${!isTimeSure && html` <span class="mark">${sayFinding(language, 'timeUnsure')}</span>`}${taken && html` · ${taken}`}`
}

/** Verdict or the reason why there is none, each label with its probability, and which model it was. */
function machine({ language }: FindingView, { finding }: FindingDetail): Html {
  const { sentence } = saidOf(language, finding)
  const { model, labels, lesionShare, screen, verdict } = finding
  const lesion = lesionText(language, lesionShare)
  return html`<section aria-labelledby="machine"><h2 id="machine">${sayReview(language, 'machine')}</h2>
<p class="summary"><strong>${theirs(begun(sentence))}</strong></p>${lesion !== '' && html`<p>${lesion}</p>`}
${
  labels.length > 0 &&
  html`<table class="shares"><caption>${sayReview(language, 'probability')}</caption><tbody>${labels.map(
    (each) =>
      html`<tr${each.label === verdict && html` class="chosen"`}><th scope="row">${theirs(labelText(language, finding, each))}</th><td><meter min="0" max="1" value="${each.probability}" aria-hidden="true"></meter></td><td class="number">${percentText(language, each.probability)} %</td></tr>`,
  )}</tbody></table>`
}
${verdict !== null && html`<p class="quiet">${theirs(screen?.[language] ?? sayFinding(language, 'screenHint'))}</p>`}
${model && html`<p class="quiet">${theirs(sayReview(language, 'modelLine', { id: model.id, version: model.version, hash: model.sha256.slice(0, 12) }))}</p>`}</section>`
}

/** What the photos of one plant say together: several photos of one plant are judged better than one. */
function plantSection(view: FindingView, { finding, plant }: FindingDetail): Html | null {
  if (!plant) return null
  const { language } = view
  const { others, verdict: all } = plant
  const labels = [finding, ...others].flatMap((each) => each.labels)
  const said = all.verdict === null ? undefined : labels.find(({ label }) => label === all.verdict)
  const sentence =
    all.verdict !== null
      ? sayReview(language, 'plantVerdict', {
          label: said ? labelText(language, finding, said) : all.verdict,
          counted: all.counted,
        })
      : all.counted > 0
        ? sayReview(language, 'plantSplit', { counted: all.counted })
        : reasonText(language, all.abstained ?? 'uncertain')
  return html`<section aria-labelledby="plant"><h2 id="plant">${sayReview(language, 'plant', { count: others.length + 1 })}</h2><p>${theirs(sentence)}</p>
<ul class="findings">${others.map(
    (each) =>
      html`<li class="finding">${each.thumbnail.state === 'here' ? html`<img src="/api/v1/photos/${each.thumbnail.sha256}" alt="${photoAlt(view, each)}" width="160" loading="lazy">` : html`<p class="no-photo quiet">${sayFinding(language, each.thumbnail.state === 'erased' ? 'photoErased' : 'thumbnailComing')}</p>`}
<div><p><a class="plot-link" href="${findingPath(each)}">${theirs(begun(saidOf(language, each).sentence))}</a></p>${each.review && html`<p>${theirs(reviewText(language, each, each.review))}</p>`}</div></li>`,
  )}</ul></section>`
}

/** Who decided what and when; what was replaced stays. */
function historySection(view: FindingView, { finding, history }: FindingDetail): Html {
  const { language } = view
  return html`<section aria-labelledby="history"><h2 id="history">${sayReview(language, 'history')}</h2>${
    history.length === 0
      ? html`<p class="quiet">${sayReview(language, 'historyNone')}</p>`
      : html`<ol class="history">${history.map((review, at) => pastWord(view, finding, review, at === 0))}</ol>`
  }</section>`
}

function pastWord(view: FindingView, finding: FindingCard, review: ReviewCard, isStanding: boolean): Html {
  const { language } = view
  const { note, organism, eventId } = review
  return html`<li><p><strong>${theirs(reviewText(language, finding, review))}</strong> <span class="${isStanding ? 'badge good' : 'mark'}">${sayReview(language, isStanding ? 'stands' : 'replaced')}</span></p>
<p class="quiet">${by(view, review)}</p>${note !== '' && html`<p>${theirs(note)}</p>`}
${organism !== '' && html`<p class="quiet">${sayReview(language, 'organismSaid', { uri: '' })}<a href="${organism}" rel="noreferrer">${organism}</a></p>`}
${eventId !== '' && html`<details><summary>${sayReview(language, 'onRecordAs')}</summary><code>${eventId}</code></details>`}</li>`
}
