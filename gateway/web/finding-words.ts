import type { Language } from '#contract/ground/messages.ts'
import type { FindingCard, LabelCard, ReviewCard } from '../insight/findings.ts'
import { sayFinding } from './finding-messages.ts'
import { sayReview } from './finding-review-messages.ts'
import { isLotMessage, sayPublic } from './lot-messages.ts'
import { numberText } from './words.ts'

/** What is on a photo, what the model says of it or why it does not, and what a person said, as sentences. */

const ORGANS: Readonly<Record<string, 'organStem' | 'organLeaf' | 'organFruit'>> = {
  stem: 'organStem',
  leaf: 'organLeaf',
  fruit: 'organFruit',
}

export const cropText = (language: Language, crop: string): string =>
  isLotMessage(crop) ? sayPublic(language, crop) : crop

/** "thanh long, lá"; what a newer box calls something else stands as it is. */
export function whatOf(language: Language, { crop, organ }: Pick<FindingCard, 'crop' | 'organ'>): string {
  const key = Object.hasOwn(ORGANS, organ) ? ORGANS[organ] : undefined
  return [cropText(language, crop), key ? sayFinding(language, key) : organ].filter(Boolean).join(', ') || '–'
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
export function saidOf(
  language: Language,
  finding: FindingCard,
): { readonly sentence: string; readonly detail: string } {
  const { model, verdict, abstained, labels, lesionShare } = finding
  const byModel = model ? sayFinding(language, 'model', { id: model.id, version: model.version }) : ''
  const hint = finding.screen?.[language] ?? sayFinding(language, finding.review ? 'screenHint' : 'hint')
  if (verdict !== null && abstained === null) {
    const said = labels.find(({ label }) => label === verdict)
    const label = said ? labelText(language, finding, said) : verdict
    const sentence =
      said === undefined
        ? sayFinding(language, 'verdictBare', { label })
        : sayFinding(language, 'verdict', { label, percent: percentText(language, said.probability) })
    return { sentence, detail: joined(lesionText(language, lesionShare), hint, byModel) }
  }
  if (abstained === 'uncertain' && isSurelyIll(finding)) {
    // Sure that something is there, and not of what: an agronomist wants to look at this one first.
    const likely = labels.slice(0, 2).map((each) => {
      const label = labelText(language, finding, each)
      return sayFinding(language, 'labelShare', { label, percent: percentText(language, each.probability) })
    })
    const detail = joined(...likely, lesionText(language, lesionShare), hint, byModel)
    return { sentence: sayFinding(language, 'lesionUnnamed'), detail }
  }
  if (abstained === 'uncertain' && model === null)
    return { sentence: sayFinding(language, 'noModel'), detail: '' }
  return { sentence: reasonText(language, abstained ?? 'uncertain'), detail: byModel }
}

/** A label is a name, and names begin sentences here. */
export const begun = (sentence: string): string =>
  sentence.replace(/^\p{Ll}/u, (first) => first.toUpperCase())

const joined = (...parts: readonly string[]): string => parts.filter(Boolean).join(' ')

/** Why a model says nothing. */
export const reasonText = (language: Language, reason: string): string =>
  Object.hasOwn(REASONS, reason)
    ? sayFinding(language, REASONS[reason as keyof typeof REASONS])
    : sayFinding(language, 'otherReason', { reason })

// What is left to "healthy" where two kinds of lesion share the rest.
const HARDLY_HEALTHY = 0.2

const isSurelyIll = ({ labels, lesionShare }: FindingCard): boolean =>
  (lesionShare ?? 0) > 0 &&
  (labels.find(({ label }) => label === 'healthy')?.probability ?? 1) < HARDLY_HEALTHY

export const percentText = (language: Language, share: number): string =>
  share > 0 && share < 0.005 ? '< 1' : numberText(language, share * 100, 0)

export const lesionText = (language: Language, share: number | null): string =>
  share === null || share === 0
    ? ''
    : sayFinding(language, 'lesion', { percent: percentText(language, share) })

/** In words, where the box has said them; with the crop where the model had to guess it. */
export function labelText(
  language: Language,
  { crop }: Pick<FindingCard, 'crop'>,
  { label, words }: Pick<LabelCard, 'label' | 'words'>,
): string {
  if (!words) return label
  if (words.crop === crop) return words[language]
  return sayFinding(language, 'ofCrop', { label: words[language], crop: cropText(language, words.crop) })
}

/** "Đã xác nhận: thối cành"; with the crop where the person named another one. */
export function reviewText(
  language: Language,
  { crop }: Pick<FindingCard, 'crop'>,
  review: ReviewCard,
): string {
  const { decision, vi, en } = review
  if (decision === 'not-usable') return sayReview(language, 'saidNotUsable')
  const words = language === 'en' && en !== '' ? en : vi
  const label =
    review.crop === crop || review.crop === ''
      ? words
      : `${words} (${cropText(language, review.crop).toLocaleLowerCase(language)})`
  const said = { confirmed: 'saidConfirmed', corrected: 'saidCorrected', other: 'saidOther' } as const
  return sayReview(language, said[decision], { label })
}

const ROLES = { agronomist: 'roleAgronomist', department: 'roleDepartment', admin: 'roleAdmin' } as const

export const roleText = (language: Language, role: string): string =>
  Object.hasOwn(ROLES, role) ? sayReview(language, ROLES[role as keyof typeof ROLES]) : role

/** Of a person by name where there is an account, by role where there is none any more. */
export const whoText = (
  language: Language,
  { personName, role }: { readonly personName: string | null; readonly role: string },
): string => (personName === null ? roleText(language, role) : `${personName} (${roleText(language, role)})`)
