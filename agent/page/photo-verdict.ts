import { toHex } from '#contract/ground/bytes.ts'
import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { affectedShare } from '#contract/wire/affected-share.ts'
import type { FindingEntry } from '#contract/wire/finding.ts'
import { labelWords, type ModelEntry } from '#contract/wire/model-words.ts'
import type { PhotoDoor } from './photo-door.ts'
import { isPhotoMessage, sayPhoto } from './photo-messages.ts'
import { cropName, number } from './wording.ts'

/** What the model said of a photo, or why not, as a sentence and what to do about it. */
export function wordOf(
  language: Language,
  door: Pick<PhotoDoor, 'modelWords'>,
  finding: FindingEntry,
): { readonly kind: 'info' | 'warning'; readonly what: string; readonly todo: string } {
  const { model, verdict, abstained, labels } = finding
  if (verdict !== null) {
    const probability = labels.find(({ label }) => label === verdict)?.probability ?? 0
    const label = labelText(language, door, finding, verdict)
    const what = sayPhoto(language, 'verdict', { label, percent: number(language, probability * 100) })
    return { kind: 'info', what, todo: screenText(language, door, finding) }
  }
  if (abstained === 'uncertain' && (finding.lesionShare ?? 0) > 0 && isSurelyIll(finding)) {
    const what = sayPhoto(language, 'lesion-unnamed')
    return { kind: 'info', what, todo: screenText(language, door, finding) }
  }
  const isWithoutModel = abstained === 'uncertain' && model === null
  const said = reasonText(language, isWithoutModel ? 'no-model' : (abstained ?? 'uncertain'))
  return { kind: abstained === 'uncertain' ? 'info' : 'warning', ...said }
}

// What is left to "healthy" where two kinds of lesion share the rest.
const HARDLY_HEALTHY = 0.2

const isSurelyIll = ({ labels }: FindingEntry): boolean =>
  (labels.find(({ label }) => label === 'healthy')?.probability ?? 1) < HARDLY_HEALTHY

/** How much of the plant, what else it may be, and which model said it; null where no model looked. */
export function detailsOf(
  language: Language,
  door: Pick<PhotoDoor, 'modelWords'>,
  finding: FindingEntry,
): Html | null {
  const { model, labels, lesionShare, abstained } = finding
  if (!model) return null
  const isRefused = abstained !== null && abstained !== 'uncertain'
  const percent = (share: number): string => (share < 0.005 ? '< 1' : number(language, share * 100))
  const affected = lesionShare === null ? affectedShare(finding.heat) : null
  return html`${lesionShare !== null && lesionShare > 0 && html`<p>${sayPhoto(language, 'lesion', { percent: percent(lesionShare) })}</p>`}
${affected !== null && affected > 0 && html`<p>${sayPhoto(language, 'affected', { percent: percent(affected) })}</p>`}
${
  !isRefused &&
  labels.length > 0 &&
  html`<h2>${sayPhoto(language, 'labels')}</h2><ul>${labels
    .slice(0, SHOWN_LABELS)
    .map(
      ({ label, probability }) =>
        html`<li>${sayPhoto(language, 'label-share', { label: labelText(language, door, finding, label), percent: percent(probability) })}</li>`,
    )}</ul>`
}
<p class="faint">${sayPhoto(language, 'by-model', { id: model.id, version: model.version, hash: toHex(model.sha256).slice(0, 12) })}</p>`
}

// Three, as people take in at once; the rest is near nothing.
const SHOWN_LABELS = 3

/** What the model says it is, in words; null where it says nothing. */
export const verdictText = (
  language: Language,
  door: Pick<PhotoDoor, 'modelWords'>,
  finding: FindingEntry,
): string | null => (finding.verdict === null ? null : labelText(language, door, finding, finding.verdict))

function labelText(
  language: Language,
  door: Pick<PhotoDoor, 'modelWords'>,
  finding: FindingEntry,
  label: string,
): string {
  const words = labelWords(entryOf(door, finding)?.labels ?? [], finding.crop, label)
  if (!words) return label
  const text = words[language]
  return words.crop === finding.crop
    ? text
    : sayPhoto(language, 'verdict-of-crop', { label: text, crop: cropName(language, words.crop) })
}

/** The model's own words for what it is not, where it has some. */
const screenText = (language: Language, door: Pick<PhotoDoor, 'modelWords'>, finding: FindingEntry): string =>
  entryOf(door, finding)?.screen?.[language] ?? sayPhoto(language, 'verdict-more')

const entryOf = (door: Pick<PhotoDoor, 'modelWords'>, { model }: FindingEntry): ModelEntry | undefined =>
  model ? door.modelWords?.(toHex(model.sha256)) : undefined

/** What is wrong with a photo, and what to do about it. */
export function reasonText(language: Language, reason: string): { what: string; todo: string } {
  const more = `${reason}-more`
  if (isPhotoMessage(reason) && isPhotoMessage(more))
    return { what: sayPhoto(language, reason), todo: sayPhoto(language, more) }
  const what = sayPhoto(language, 'other-reason', { reason: reason.slice(0, 60) })
  return { what, todo: sayPhoto(language, 'other-reason-more') }
}
