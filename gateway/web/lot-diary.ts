import { type Html, html } from '#contract/ground/html.ts'
import type { SightingReview } from '../insight/lot-history-diary.ts'
import type { LotStory } from '../insight/lot-history-story.ts'
import { theirs } from './app-frame.ts'
import type { PublicLanguage } from './lot-messages.ts'
import { sayStory } from './lot-story-messages.ts'
import { inLanguage, type PublicView } from './public-frame.ts'
import { dateText, numberText } from './words.ts'

const DAY_MS = 86_400_000
type Story = Parameters<typeof sayStory>[1]

/** What was sprayed and when it might be picked after it; what nobody wrote down is said to be that. */
export function lotTreatments({ language, timeZone }: PublicView, story: LotStory): Html {
  const t = (key: Story, parameters = {}): string => sayStory(language, key, parameters)
  const { treatments, feeding, days, entries } = story.diary
  const on = (ms: number): string => dateText(language, timeZone, ms)
  const dayOf = (ms: number): number => Math.floor((ms + zoneMs(timeZone, ms)) / DAY_MS)
  const table = html`<table class="stack"><thead><tr><th scope="col">${t('product')}</th><th scope="col">${t('sprayedOn')}</th><th scope="col">${t('phiEnd')}</th></tr></thead><tbody>${treatments.map(
    ({ product, activeSubstance, at, phiDays }) => {
      const isOpen = phiDays !== null && dayOf(story.harvestedAt) < dayOf(at) + phiDays
      const end = phiDays === null ? t('phiUnknown') : on(at + phiDays * DAY_MS)
      return html`<tr><th scope="row">${inLanguage('vi', product || '?')}${activeSubstance ? html`<small>${theirs(activeSubstance)}</small>` : null}</th><td data-of="${t('sprayedOn')}">${on(at)}</td><td data-of="${t('phiEnd')}"${isOpen ? html` class="bad"` : null}>${end}${isOpen ? html`<small>${t('phiOpen')}</small>` : null}</td></tr>`
    },
  )}</tbody></table><p class="quiet">${t('treatmentsNote', { days })}</p>`
  const products = [...new Set(feeding.map(({ product }) => product).filter(Boolean))].slice(0, 6).join(', ')
  return html`<section><h2>${t('treatments')}</h2>${
    treatments.length > 0
      ? table
      : html`<p class="note">${t(entries > 0 ? 'treatmentsNone' : 'diaryNone', { days })}</p>`
  }${feeding.length > 0 ? html`<p class="quiet">${t('feeding', { count: feeding.length, products: products || '?' })}</p>` : null}</section>`
}

/** What people saw on the plots, and what laboratories said. A diary without entries has seen nothing. */
export function lotSightings({ language, timeZone }: PublicView, story: LotStory): Html | null {
  const t = (key: Story, parameters = {}): string => sayStory(language, key, parameters)
  const { sightings, tests, entries } = story.diary
  const on = (ms: number): string => dateText(language, timeZone, ms)
  if (entries === 0) return null
  const word = (prefix: 'test' | 'result', said: string): string => {
    const key = `${prefix}-${said}`
    return sayStory.has(key) ? t(key) : said
  }
  return html`<section><h2>${t('sightings')}</h2>${
    sightings.length === 0
      ? html`<p class="quiet">${t('sightingsNone')}</p>`
      : html`<ul>${sightings.map(({ what, organism, severityPct, isOfPhoto, at, review }) => {
          const percent = severityPct === null ? null : numberText(language, severityPct, 0)
          const more = [
            percent === null ? '' : t('severity', { percent }),
            isOfPhoto ? t('ofPhoto') : '',
            review === null ? '' : reviewText(language, review),
          ].filter(Boolean)
          return html`<li>${inLanguage('vi', what || organism || '?')} <small>${[on(at), ...more].join(' · ')}${review && organismLink(review.organism)}</small></li>`
        })}</ul>`
  }${
    tests.length > 0
      ? html`<h3>${t('tests')}</h3><ul>${tests.map(
          ({ what, lab, reportNo, result, at }) =>
            html`<li${result === 'fail' ? html` class="bad"` : null}>${word('test', what)}: <strong>${word('result', result)}</strong> <small>${on(at)} · ${theirs(lab)} ${theirs(reportNo)}</small></li>`,
        )}</ul>`
      : null
  }</section>`
}

function reviewText(language: PublicLanguage, { isConfirmed, vi, en }: SightingReview): string {
  if (isConfirmed) return sayStory(language, 'provinceConfirmed')
  return sayStory(language, 'provinceSays', { label: language !== 'vi' && en !== '' ? en : vi })
}

/** An organism is named where a person of the province has said that it is this one. */
const organismLink = (uri: string): Html | null =>
  uri === ''
    ? null
    : html` · <a href="${uri}" rel="noreferrer">${uri.replace(/^https?:\/\/(?:www\.)?/, '').replace('ncbi.nlm.nih.gov/taxonomy/', 'NCBI ')}</a>`

/** How far the zone's clock is ahead of UTC at a moment, ms. */
function zoneMs(timeZone: string, ms: number): number {
  const name = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'longOffset' })
    .formatToParts(Math.abs(ms) <= 8.64e15 ? ms : 0)
    .find((part) => part.type === 'timeZoneName')?.value
  const match = /([+-])(\d\d):(\d\d)/.exec(name ?? '')
  return match ? (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000 : 0
}
