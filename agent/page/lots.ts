import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { note } from './layout.ts'
import { say } from './messages.ts'
import type { FarmBookDoor, LotCard } from './page-sources.ts'
import type { Visit } from './visit.ts'
import { cropName, fullDay, kilograms } from './wording.ts'

// What a phone scrolls in half a minute; older lots are found by their number.
export const LOTS_SHOWN = 100

export function lotsContent(visit: Visit, book: FarmBookDoor, lots: readonly LotCard[]): Html {
  const { language, timeZone } = visit
  if (lots.length === 0)
    return html`${note('info', say(language, 'lots-none'), say(language, 'lots-none-more'))}${anotherHarvest(language)}`
  return html`${anotherHarvest(language)}
<ul class="plain lots">${lots.map(
    (lot) =>
      html`<li><a href="/lots/${lot.lot}"><span class="quantity">${productName(language, lot)}</span> <span class="value">${kilograms(language, lot.massKg)}</span>
<span class="age">${fullDay(timeZone, lot.harvestedAt)} · ${lot.plot !== '' && `${plotName(book, lot)} · `}<code>${lot.lot}</code></span></a></li>`,
  )}</ul>
${lots.length >= LOTS_SHOWN && html`<p class="faint">${say(language, 'lots-first', { count: LOTS_SHOWN })}</p>`}`
}

/** One lot: its number large enough to copy onto a crate, what it is, its label, what was done to it. */
export function lotContent(
  visit: Visit,
  book: FarmBookDoor,
  lot: LotCard,
  label: Html | false,
  story: Html | false,
  isJustSaved: boolean,
): Html {
  const { language, timeZone } = visit
  const rows: (readonly [string, string | Html])[] = [
    [say(language, 'harvest-product'), productName(language, lot)],
    [say(language, 'lot-mass'), kilograms(language, lot.massKg)],
    ...(lot.plot === '' ? [] : [[say(language, 'lot-plot'), plotName(book, lot)] as const]),
    [say(language, 'lot-date'), fullDay(timeZone, lot.harvestedAt)],
    [say(language, 'lot-gtin'), html`<code>${lot.gtin}</code>`],
    [say(language, 'lot-link'), html`<code class="long">${lot.uri}</code>`],
  ]
  return html`${isJustSaved && note('good', say(language, 'lot-saved'), say(language, 'lot-saved-more'))}
<p class="huge"><code>${lot.lot}</code></p>
<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${
  label &&
  html`<h2>${say(language, 'lot-labels')}</h2>
${label}`
}
${story}
${anotherHarvest(language)}`
}

const anotherHarvest = (language: Language): Html =>
  html`<p class="big"><a class="button" href="/harvest">${say(language, 'harvest-title')}</a></p>`

const productName = (language: Language, lot: LotCard): string =>
  (language === 'en' && lot.productEn) || lot.productVi || cropName(language, lot.crop)

const plotName = (book: FarmBookDoor, lot: LotCard): string =>
  book.plots.find((plot) => plot.id === lot.plot)?.name ?? lot.plot
