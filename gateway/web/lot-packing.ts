import { type Html, html } from '#contract/ground/html.ts'
import { lotUri, parseLotPath } from '#contract/trace/digital-link.ts'
import type { LotStory } from '../insight/lot-history-story.ts'
import type { LotStep } from '../insight/lot-history-tree.ts'
import { theirs } from './app-frame.ts'
import { sayStory } from './lot-story-messages.ts'
import type { PublicView } from './public-frame.ts'
import { dateText, massText } from './words.ts'

type Story = Parameters<typeof sayStory>[1]

// A packing run of a hundred lots is a list for the EPCIS answer, not for a phone.
const MAX_LOTS = 12

/** From which lots it was packed and where it went on; to whom it was sold is not told. */
export function lotPacking(view: PublicView, { tree }: LotStory): Html {
  const { language, timeZone } = view
  const t = (key: Story, parameters = {}): string => sayStory(language, key, parameters)
  const steps = [
    ...tree.madeFrom.map((step) => ({ step, key: 'madeFrom' as const })),
    ...tree.wentInto.map((step) => ({ step, key: keyOf(step) })),
  ].sort((a, b) => a.step.at - b.step.at)
  if (steps.length === 0)
    return html`<section><h2>${t('packing')}</h2><p class="quiet">${t('packingNone')}</p></section>`
  return html`<section><h2>${t('packing')}</h2><ol class="way">${steps.map(({ step, key }) => {
    const { packingHouse, grade, market, lots } = step
    const house = [
      packingHouse ? t('packingHouse', { code: packingHouse }) : '',
      grade ? t('grade', { grade }) : '',
    ].filter(Boolean)
    const date = dateText(language, timeZone, step.at)
    return html`<li>${t(key, { date, market })}${house.length > 0 ? html`<small>${house.join(' · ')}</small>` : null}${lotList(view, lots)}</li>`
  })}</ol></section>`
}

function keyOf({ type, market }: LotStep): 'packedInto' | 'aggregated' | 'dispatched' | 'dispatchedTo' {
  if (type === 'packed') return 'packedInto'
  if (type === 'aggregated') return 'aggregated'
  return market ? 'dispatchedTo' : 'dispatched'
}

function lotList({ language }: PublicView, lots: LotStep['lots']): Html | null {
  if (lots.length === 0) return null
  const rest = lots.length - MAX_LOTS
  return html`<ul>${lots.slice(0, MAX_LOTS).map(({ gtin, lot, massKg }) => {
    const path = parseLotPath(gtin, lot)
    const name = html`<code>${lot}</code>`
    return html`<li>${path ? html`<a href="${lotUri('', path)}?lang=${language}">${name}</a>` : theirs(lot)} <small>${massText(language, massKg)}</small></li>`
  })}${rest > 0 ? html`<li><small>${sayStory(language, 'andMore', { count: rest })}</small></li>` : null}</ul>`
}
