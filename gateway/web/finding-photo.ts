import { fromBase64 } from '#contract/ground/bytes.ts'
import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { heatPicture } from '#contract/wire/heat-picture.ts'
import { MAX_REGION_POINTS, MAX_REGIONS, type PhotoRegion } from '#contract/wire/province-decisions.ts'
import type { FindingDetail } from '../insight/finding-detail.ts'
import { mayAskAgain } from '../insight/finding-word.ts'
import type { FindingCard } from '../insight/findings.ts'
import { theirs } from './app-frame.ts'
import { age } from './farms-page.ts'
import { sayFinding } from './finding-messages.ts'
import { sayReview } from './finding-review-messages.ts'
import { whoText } from './finding-words.ts'
import { type FindingView, findingPath, photoAlt } from './findings-section.ts'

/**
 * The photo, or as long as it has not come its thumbnail, with what lies over it: where the machine suspects a lesion and
 * where people drew. Both can be taken away without script, so that the leaf itself is seen.
 */
export function findingPhoto(view: FindingView, detail: FindingDetail): Html {
  const { language } = view
  const { finding, history } = detail
  const { photo, thumbnail } = finding
  const shown = photo.state === 'here' ? photo : thumbnail
  const regions = history[0]?.regions ?? []
  const heat = shown.state === 'here' ? heatLayer(view, finding, shown.sha256) : null
  return html`<section aria-labelledby="photo-title"><h2 id="photo-title">${sayReview(language, 'photo')}</h2>${
    shown.state === 'here'
      ? html`<div class="sight">${heat && shownBox('show-heat', sayReview(language, 'heatShown'))}${regions.length > 0 && shownBox('show-regions', sayReview(language, 'regionsShown'))}
<div class="layers"><img src="/api/v1/photos/${shown.sha256}" alt="${photoAlt(view, finding)}" width="${photo.widthPx}" height="${photo.heightPx}">${heat}
<svg id="drawing" class="regions-layer" viewBox="0 0 ${photo.widthPx} ${photo.heightPx}" role="img" aria-label="${sayReview(language, 'regionsShown')}">${regions.map((region) => regionShape(region, photo))}</svg></div>${drawingTools(language)}</div>`
      : html`<p class="no-shot quiet">${sayReview(language, shown.state === 'erased' ? 'erased' : 'noPhoto')}</p>`
  }
${photo.state === 'here' && html`<p><a class="plot-link" href="/api/v1/photos/${photo.sha256}">${sayReview(language, 'large')}</a></p>`}</section>`
}

/** They show themselves where the browser module runs; what is drawn goes into the form's hidden field. */
function drawingTools(language: Language): Html {
  const tool = (name: 'box' | 'polygon'): Html =>
    html`<button type="button" class="tool" data-tool="${name}" aria-pressed="false">${sayReview(language, name)}</button>`
  const act = (name: 'close' | 'undo' | 'clear'): Html =>
    html`<button type="button" class="tool" data-act="${name}">${sayReview(language, name)}</button>`
  return html`<fieldset id="draw-tools" class="draw-tools" hidden data-max-regions="${MAX_REGIONS}" data-max-points="${MAX_REGION_POINTS}" data-count="${sayReview(language, 'drawn')}"><legend>${sayReview(language, 'draw')}</legend>
<p class="quiet">${sayReview(language, 'drawHelp')}</p>
<p class="row">${tool('box')}${tool('polygon')}${act('close')}${act('undo')}${act('clear')}</p><p class="quiet" id="drawn" role="status"></p></fieldset>`
}

/** Whether the full photo is here, was asked for, or can be; refreshed by itself, for a photo takes its time. */
export function photoState(view: FindingView, csrf: string, { finding, request }: FindingDetail): Html {
  const { language, nowMs } = view
  if (finding.photo.state !== 'coming') return html`<div id="photo-state" data-live></div>`
  const said = request && {
    ...{ asked: html`<p>${sayReview(language, 'asked')}</p>` },
    ...{ promised: html`<p>${sayReview(language, 'promised')}</p>` },
    refused: html`<p>${sayReview(language, 'refused')} ${whyRefused(view, request.reason)}</p>`,
  }
  return html`<div id="photo-state" data-live><div class="notice">${finding.thumbnail.state === 'here' && html`<p>${sayReview(language, 'small')}</p>`}
${request && said && html`${said[request.state]}<p class="quiet">${by(view, request)}</p>`}
${
  mayAskAgain(request, nowMs) &&
  html`<form method="post" action="${findingPath(finding)}/photo"><input type="hidden" name="csrf" value="${csrf}">
<button class="button">${sayReview(language, 'ask')}</button></form>`
}</div></div>`
}

/** "Nguyễn Thị Lan (cán bộ nông nghiệp), 2 giờ trước": the age is an element of its own. */
export function by(
  { language, nowMs }: FindingView,
  { at, ...who }: { readonly at: number; readonly personName: string | null; readonly role: string },
): Html {
  const [before = '', after = ''] = sayReview(language, 'requestBy', { who: '{who}' }).split('{age}')
  const [first = '', second = ''] = before.split('{who}')
  return html`${first}${theirs(whoText(language, who))}${second}${age(language, at, nowMs)}${after}`
}

// What a box says is English and for its log; the two reasons that it has are said as a person would.
const whyRefused = ({ language }: FindingView, reason: string): Html =>
  reason.includes('no such photo')
    ? html`${sayReview(language, 'refusedAbsent')}`
    : reason.includes('none')
      ? html`${sayReview(language, 'refusedNone')}`
      : theirs(reason)

const shownBox = (id: string, label: string): Html =>
  html`<label class="check"><input type="checkbox" id="${id}" checked autocomplete="off"> ${label}</label>`

function heatLayer({ language }: FindingView, { heat, photo }: FindingCard, sha256: string): Html | null {
  if (!heat) return null
  const { widthPx, heightPx } = photo
  return heatPicture({
    ...{ heat: { ...heat, values: fromBase64(heat.values) }, widthPx, heightPx },
    ...{ caption: sayFinding(language, 'heat'), src: `/api/v1/photos/${sha256}` },
    ...{ id: 'heat-map', className: 'heat-layer' },
  })
}

/** In pixels of the photo; the browser module draws the same shapes anew. */
function regionShape(
  { shape, points }: PhotoRegion,
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
): Html {
  const inPx = points.map(([x, y]) => [Math.round(x * widthPx), Math.round(y * heightPx)] as const)
  const [first, second] = inPx
  if (shape === 'box' && first && second)
    return html`<rect x="${Math.min(first[0], second[0])}" y="${Math.min(first[1], second[1])}" width="${Math.abs(second[0] - first[0])}" height="${Math.abs(second[1] - first[1])}"/>`
  return html`<polygon points="${inPx.map((point) => point.join(',')).join(' ')}"/>`
}
