import { type Html, html } from '#contract/ground/html.ts'
import type { ConditionBand } from '../insight/lot-history-bands.ts'
import type { LotStory } from '../insight/lot-history-story.ts'
import { isLotMessage, sayPublic } from './lot-messages.ts'
import { sayStory } from './lot-story-messages.ts'
import type { PublicView } from './public-frame.ts'
import { dateText, valueText } from './words.ts'

/** The thirty days before the harvest: lowest and highest in figures, and a band of each day. */
export function lotConditions({ language, timeZone }: PublicView, story: LotStory): Html {
  const t = (key: Parameters<typeof sayPublic>[1], parameters = {}): string =>
    sayPublic(language, key, parameters)
  const { conditions, harvestedAt, bands, isMixed } = story
  if (conditions.length === 0)
    return html`<section><h2>${t('conditions')}</h2><p class="quiet">${isMixed ? sayStory(language, 'conditionsMixed') : t('conditionsNone')}</p></section>`
  const fromMs = Math.min(...conditions.map((each) => each.fromMs))
  // The last day of measurements is summed as a whole; it ends, for the reader, with the harvest.
  const lastMs = Math.min(harvestedAt, Math.max(...conditions.map(({ toMs }) => toMs)) - 1)
  const [from, to] = [dateText(language, timeZone, fromMs), dateText(language, timeZone, lastMs)]
  return html`<section><h2>${t('conditions')}</h2><table class="bands"><thead><tr><th scope="col">${t('quantity')}</th><th scope="col">${t('lowest')}</th><th scope="col">${t('highest')}</th></tr></thead>${conditions.map(
    ({ quantity, unit, min, max }) => {
      const name = isLotMessage(quantity) ? t(quantity) : quantity
      const band = bands.find((each) => each.quantity === quantity && each.unit === unit)
      return html`<tbody><tr><th scope="row">${name}</th><td>${valueText(language, { quantity, unit, value: min })}</td><td>${valueText(language, { quantity, unit, value: max })}</td></tr>${
        band && band.days.length > 1
          ? html`<tr><td colspan="3">${chart(band, harvestedAt, sayStory(language, 'bandLabel', { quantity: name }))}</td></tr>`
          : null
      }</tbody>`
    },
  )}</table><p class="quiet">${t('conditionsNote', { from, to })}</p></section>`
}

// Units of the drawing, stretched to the width of the table: ten a day.
const DAYS = 30
const WIDTH = 300
const HEIGHT = 40
const DAY_MS = 86_400_000

/** The thirty days, a bar for each from its lowest to its highest, nothing where nothing was measured: one path. */
function chart({ days }: ConditionBand, harvestedAt: number, label: string): Html {
  const low = Math.min(...days.map(({ min }) => min))
  const high = Math.max(...days.map(({ max }) => max))
  const y = (value: number): number =>
    high === low ? HEIGHT / 2 : Math.round(HEIGHT - 1 - ((HEIGHT - 2) * (value - low)) / (high - low))
  const bars = days.map(({ t, min, max }) => {
    const before = Math.min(DAYS - 1, Math.max(0, Math.floor((harvestedAt - t) / DAY_MS)))
    // A day that did not change is still a day.
    return `M${WIDTH - 10 * before - 9} ${y(max)}h8v${Math.max(2, y(min) - y(max))}h-8z`
  })
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}"><path class="ground" d="M0 0h${WIDTH}v${HEIGHT}H0z"/><path d="${bars.join('')}"/></svg>`
}
