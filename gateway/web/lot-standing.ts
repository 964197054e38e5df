import { type Html, html } from '#contract/ground/html.ts'
import type { LotStory } from '../insight/lot-history-story.ts'
import type { LotCheck } from '../trace/checks/lot-check.ts'
import { theirs } from './app-frame.ts'
import { sayCheck } from './lot-check-messages.ts'
import { sayStory } from './lot-story-messages.ts'
import { inLanguage, type PublicView } from './public-frame.ts'
import { dateText, numberText } from './words.ts'

type Story = Parameters<typeof sayStory>[1]

/** The first thing on the page of a lot that is called back: that it is, why, and what to do. */
export function lotRecallBanner({ language, timeZone, province }: PublicView, story: LotStory): Html | null {
  const { recall } = story
  if (!recall) return null
  const t = (key: Story, parameters = {}): string => sayStory(language, key, { province, ...parameters })
  const [own, other] =
    language === 'vi' ? [recall.reasonVi, recall.reasonEn] : [recall.reasonEn, recall.reasonVi]
  const reason = own || other
  const title = recall.of ? t('recalledOf', { lot: recall.of.lot }) : t('recalled')
  return html`<section class="recall" role="alert"><h2>${title}</h2>${reason ? html`<p>${t('recalledWhy', { reason })}</p>` : null}<p><strong>${t('recalledDo')}</strong></p><p><small>${t('recalledOn', { date: dateText(language, timeZone, recall.recalledAt) })}</small></p></section>`
}

/** Certificates with what they are worth today, and on the day of harvest. */
export function lotCertificates(view: PublicView, story: LotStory): Html {
  return certificateSection(view, story.certificates)
}

export function certificateSection({ language }: PublicView, certificates: LotStory['certificates']): Html {
  const t = (key: Story, parameters = {}): string => sayStory(language, key, parameters)
  if (certificates.length === 0)
    return html`<section><h2>${t('certificates')}</h2><p class="quiet">${t('certificatesNone')}</p></section>`
  return html`<section><h2>${t('certificates')}</h2><ul class="cards">${certificates.map(
    ({ scheme, certificateNo, body, validFrom, validTo, state, heldAtHarvest }) => {
      const span = [
        validFrom ? t('from', { date: dayText(language, validFrom) }) : '',
        validTo ? t('until', { date: dayText(language, validTo) }) : '',
      ].filter(Boolean)
      return html`<li><strong>${theirs(scheme)}</strong> <span class="tag ${state === 'valid' ? 'pass' : 'fail'}">${t(`state-${state}`)}</span><small>${theirs(certificateNo)} · ${inLanguage('vi', body)}</small><small>${[...span, state !== 'valid' && heldAtHarvest ? t('heldThen') : ''].filter(Boolean).join(' · ')}</small></li>`
    },
  )}</ul></section>`
}

// What speaks for a verdict is said once each; a list of forty lots says no more.
const MAX_EVIDENCE = 4
// Names of things that are nobody's business, or say nothing to a reader, stay out.
const FACTS = [
  'product',
  'appliedOn',
  'allowedFrom',
  'harvestedOn',
  'writtenOn',
  'season',
  'markedKg',
  'limitKg',
  'inKg',
  'outKg',
  'lossKg',
  'maxKg',
  'usedKg',
  'until',
  'same',
  'days',
] as const

/** Each check with its verdict in a word and what speaks for it. */
export function lotChecksSection({ language }: PublicView, checks: readonly LotCheck[]): Html | null {
  if (checks.length === 0) return null
  const t = (key: Story): string => sayStory(language, key)
  return html`<section><h2>${t('checks')}</h2><ul class="cards checks">${checks.map(
    ({ code, verdict, evidence }) => {
      const name = `check-${code}`
      const said = [...new Map(evidence.map((each) => [each.code, each])).values()].slice(0, MAX_EVIDENCE)
      return html`<li><strong>${sayCheck.has(name) ? sayCheck(language, name) : code}</strong> <span class="tag ${verdict}">${t(verdict)}</span>${said.map((each) => html`<small>${evidenceText(language, each)}</small>`)}</li>`
    },
  )}</ul><p class="quiet">${t('checksNote')}</p></section>`
}

function evidenceText(
  language: PublicView['language'],
  { code, facts }: LotCheck['evidence'][number],
): string {
  const sentence = sayCheck.has(code) ? sayCheck(language, code, facts) : code
  const known = FACTS.flatMap((key) => {
    const value = Object.hasOwn(facts, key) ? facts[key] : undefined
    if (value === undefined || value === '') return []
    const isDay = typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value)
    const shown = isDay
      ? dayText(language, value)
      : typeof value === 'number'
        ? numberText(language, value, Number.isInteger(value) ? 0 : 1)
        : value
    return [sayCheck(language, `fact-${key}`, { value: shown })]
  })
  return known.length > 0 ? `${sentence.replace(/[.。]$/, '')} (${known.join(', ')}).` : sentence
}

/** A day YYYY-MM-DD as people write it; it is the same day in every zone. */
export const dayText = (language: PublicView['language'], day: string): string =>
  /^\d{4}-\d\d-\d\d$/.test(day) ? dateText(language, 'UTC', Date.parse(`${day}T00:00:00Z`)) : day
