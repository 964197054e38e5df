import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import type { FindingCard } from '../insight/findings.ts'
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
      : html`<ul class="findings">${findings.map((finding) => item(view, finding))}</ul>`
  }</div></section>`
}

function item(
  { language, timeZone, nowMs }: Parameters<typeof findingsSection>[0],
  finding: FindingCard,
): Html {
  const what = whatOf(language, finding)
  const date = momentText(language, timeZone, finding.at)
  const said = saidOf(language, finding)
  return html`<li class="finding">${thumbnail(language, finding, sayFinding(language, 'photoAlt', { what, date }))}
<div><p><strong>${theirs(what)}</strong></p><p>${said.sentence}</p>
${said.detail && html`<p class="quiet">${said.detail}</p>`}
<p class="quiet">${age(language, finding.at, nowMs)}${!finding.isTimeSure && html` · <span class="mark">${sayFinding(language, 'timeUnsure')}</span>`}${finding.plotName !== '' && html` · ${sayFinding(language, 'plot', { plot: '' })}${theirs(finding.plotName)}`}</p></div></li>`
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
    const probability = labels.find(({ label }) => label === verdict)?.probability
    const sentence =
      probability === undefined
        ? sayFinding(language, 'verdictBare', { label: verdict })
        : sayFinding(language, 'verdict', { label: verdict, percent: percent(probability) })
    const lesion =
      lesionShare === null ? '' : sayFinding(language, 'lesion', { percent: percent(lesionShare) })
    const detail = [lesion, sayFinding(language, 'hint'), byModel].filter(Boolean).join(' ')
    return { sentence: theirs(sentence), detail: html`${detail}` }
  }
  if (abstained === 'uncertain' && model === null)
    return { sentence: html`${sayFinding(language, 'noModel')}`, detail: null }
  const reason = abstained ?? 'uncertain'
  const sentence = Object.hasOwn(REASONS, reason)
    ? sayFinding(language, REASONS[reason as keyof typeof REASONS])
    : sayFinding(language, 'otherReason', { reason })
  return { sentence: theirs(sentence), detail: byModel ? html`${byModel}` : null }
}
