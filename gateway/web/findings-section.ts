import { fromBase64 } from '#contract/ground/bytes.ts'
import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { heatPicture } from '#contract/wire/heat-picture.ts'
import type { FindingCard, LabelCard } from '../insight/findings.ts'
import { theirs } from './app-frame.ts'
import { age } from './farms-page.ts'
import { sayFinding } from './finding-messages.ts'
import { isLotMessage, sayPublic } from './lot-messages.ts'
import { momentText, numberText } from './words.ts'

/** Photos of a farm: what was seen on each, or why nothing is said, and how old it is. */
export function findingsSection(
  view: { readonly language: Language; readonly timeZone: string; readonly nowMs: number },
  findings: readonly FindingCard[],
): Html {
  const { language } = view
  return html`<section aria-labelledby="findings-title"><h2 id="findings-title">${sayFinding(language, 'title')}</h2>
<div id="findings" data-live>${
    findings.length === 0
      ? html`<p class="notice">${sayFinding(language, 'empty')}</p>`
      : html`<ul class="findings">${findings.map((finding, at) => item(view, finding, at))}</ul>`
  }</div></section>`
}

function item(
  { language, timeZone, nowMs }: Parameters<typeof findingsSection>[0],
  finding: FindingCard,
  at: number,
): Html {
  const what = whatOf(language, finding)
  const date = momentText(language, timeZone, finding.at)
  const said = saidOf(language, finding)
  return html`<li class="finding">${thumbnail(language, finding, sayFinding(language, 'photoAlt', { what, date }))}
<div><p><strong>${theirs(what)}</strong></p><p>${said.sentence}</p>
${said.detail && html`<p class="quiet">${said.detail}</p>`}
${heatOf(language, finding, at)}
<p class="quiet">${age(language, finding.at, nowMs)}${!finding.isTimeSure && html` · <span class="mark">${sayFinding(language, 'timeUnsure')}</span>`}${finding.plotName !== '' && html` · ${sayFinding(language, 'plot', { plot: '' })}${theirs(finding.plotName)}`}</p></div></li>`
}

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

function thumbnail(language: Language, { photo, thumbnail: small }: FindingCard, alt: string): Html {
  if (small.state !== 'here') {
    const why = small.state === 'erased' ? 'photoErased' : 'thumbnailComing'
    return html`<p class="no-photo quiet">${sayFinding(language, why)}</p>`
  }
  const picture = html`<img src="/api/v1/photos/${small.sha256}" alt="${alt}" width="160" loading="lazy">`
  if (photo.state === 'here')
    return html`<a href="/api/v1/photos/${photo.sha256}" title="${sayFinding(language, 'photoOpen')}">${picture}</a>`
  return html`<figure>${picture}<figcaption class="quiet">${sayFinding(language, photo.state === 'erased' ? 'photoErased' : 'photoComing')}</figcaption></figure>`
}

const ORGANS: Readonly<Record<string, 'organStem' | 'organLeaf' | 'organFruit'>> = {
  stem: 'organStem',
  leaf: 'organLeaf',
  fruit: 'organFruit',
}

/** "thanh long, lá"; what a newer box calls something else stands as it is. */
function whatOf(language: Language, { crop, organ }: FindingCard): string {
  const cropName = isLotMessage(crop) ? sayPublic(language, crop) : crop
  const key = Object.hasOwn(ORGANS, organ) ? ORGANS[organ] : undefined
  return [cropName, key ? sayFinding(language, key) : organ].filter(Boolean).join(', ') || '–'
}

const REASONS = {
  uncertain: 'uncertain',
  'not-this-plant': 'notThisPlant',
  blurred: 'blurred',
  'too-dark': 'tooDark',
  'too-bright': 'tooBright',
  'too-far': 'tooFar',
  'too-small': 'tooSmall',
} as const

/** What the model said, or why not; a model's word is always shown as the hint that it is. */
function saidOf(language: Language, finding: FindingCard): { sentence: Html; detail: Html | null } {
  const { model, verdict, abstained, labels, lesionShare } = finding
  const percent = (share: number): string => numberText(language, share * 100, 0)
  const byModel = model && sayFinding(language, 'model', { id: model.id, version: model.version })
  if (verdict !== null && abstained === null) {
    const said = labels.find(({ label }) => label === verdict)
    const label = said ? labelText(language, finding, said) : verdict
    const sentence =
      said === undefined
        ? sayFinding(language, 'verdictBare', { label })
        : sayFinding(language, 'verdict', { label, percent: percent(said.probability) })
    const hint = finding.screen?.[language] ?? sayFinding(language, 'hint')
    const detail = [lesionText(language, lesionShare), hint, byModel].filter(Boolean).join(' ')
    return { sentence: theirs(sentence), detail: html`${theirs(detail)}` }
  }
  if (abstained === 'uncertain' && isSurelyIll(finding)) {
    // Sure that something is there, and not of what: an agronomist wants to look at this one first.
    const likely = labels.slice(0, 2).map((each) => {
      const label = labelText(language, finding, each)
      return sayFinding(language, 'labelShare', { label, percent: percent(each.probability) })
    })
    const hint = finding.screen?.[language] ?? sayFinding(language, 'hint')
    const detail = [...likely, lesionText(language, lesionShare), hint, byModel].filter(Boolean).join(' ')
    return { sentence: html`${sayFinding(language, 'lesionUnnamed')}`, detail: html`${theirs(detail)}` }
  }
  if (abstained === 'uncertain' && model === null)
    return { sentence: html`${sayFinding(language, 'noModel')}`, detail: null }
  const reason = abstained ?? 'uncertain'
  const sentence = Object.hasOwn(REASONS, reason)
    ? sayFinding(language, REASONS[reason as keyof typeof REASONS])
    : sayFinding(language, 'otherReason', { reason })
  return { sentence: theirs(sentence), detail: byModel ? html`${byModel}` : null }
}

// What is left to "healthy" where two kinds of lesion share the rest.
const HARDLY_HEALTHY = 0.2

const isSurelyIll = ({ labels, lesionShare }: FindingCard): boolean =>
  (lesionShare ?? 0) > 0 &&
  (labels.find(({ label }) => label === 'healthy')?.probability ?? 1) < HARDLY_HEALTHY

function lesionText(language: Language, share: number | null): string {
  if (share === null || share === 0) return ''
  return sayFinding(language, 'lesion', {
    percent: share < 0.005 ? '< 1' : numberText(language, share * 100, 0),
  })
}

/** In words, where the box has said them; with the crop where the model had to guess it. */
function labelText(language: Language, { crop }: FindingCard, { label, words }: LabelCard): string {
  if (!words) return label
  if (words.crop === crop) return words[language]
  const cropName = isLotMessage(words.crop) ? sayPublic(language, words.crop) : words.crop
  return sayFinding(language, 'ofCrop', { label: words[language], crop: cropName })
}
