import { type Html, html } from '#contract/ground/html.ts'
import { described, errorAt, type FieldError, hiddenToken, mistakes, note } from './layout.ts'
import { say } from './messages.ts'
import type { BoxOverview, FarmBookDoor, LotCard, PlotCard, ProductCard } from './page-sources.ts'
import type { Visit } from './visit.ts'
import { cropName, kilograms, number, writtenDay } from './wording.ts'

/** What stands in the form, exactly as it was typed. */
export interface HarvestTyped {
  readonly plot: string
  readonly gtin: string
  readonly mass: string
  readonly date: string
  readonly isConfirmed: boolean
  /** One form, one lot. */
  readonly token: string
}

// More than these as buttons would be a long walk for a thumb: then a list to choose from.
const MAX_PLOT_BUTTONS = 8

/** The form of one harvest; the plot is chosen first, for it decides which products there are. */
export function harvestForm(
  visit: Visit,
  book: FarmBookDoor,
  box: Pick<BoxOverview, 'clock' | 'farm'>,
  typed: HarvestTyped,
  lots: readonly LotCard[],
  errors: readonly FieldError[],
): Html {
  const { language } = visit
  if (box.farm === null)
    return note('warning', say(language, 'harvest-unclaimed'), say(language, 'note-unclaimed-more'))
  if (book.plots.length === 0)
    return note('info', say(language, 'harvest-no-plots'), say(language, 'harvest-no-plots-more'))
  const plot = book.plots.find((each) => each.id === typed.plot)
  return html`${mistakes(visit, errors)}
${plotChoice(visit, book.plots, plot, typed.date)}
${plot && formOf(visit, book, box, plot, typed, lots, errors)}`
}

function plotChoice(
  visit: Visit,
  plots: readonly PlotCard[],
  chosen: PlotCard | undefined,
  date: string,
): Html {
  const { language } = visit
  const title = say(language, 'harvest-choose-plot')
  const name = (plot: PlotCard) => `${plot.name} – ${cropName(language, plot.crop)}`
  if (plots.length <= MAX_PLOT_BUTTONS)
    return html`<nav class="choice plots" id="plot" aria-label="${title}">${plots.map(
      (plot) =>
        html`<a href="/harvest?${new URLSearchParams({ plot: plot.id, date }).toString()}"${plot === chosen && html` aria-current="true"`}>${name(plot)}</a>`,
    )}</nav>`
  return html`<form method="get" action="/harvest" class="row"><label for="plot">${title}</label>
<select id="plot" name="plot">${plots.map((plot) => html`<option value="${plot.id}"${plot === chosen && html` selected`}>${name(plot)}</option>`)}</select>
<button class="quiet">${say(language, 'harvest-show-plot')}</button></form>`
}

function formOf(
  visit: Visit,
  book: FarmBookDoor,
  box: Pick<BoxOverview, 'clock'>,
  plot: PlotCard,
  typed: HarvestTyped,
  lots: readonly LotCard[],
  errors: readonly FieldError[],
): Html {
  const { language } = visit
  const crop = cropName(language, plot.crop)
  const products = productsOf(book, plot)
  if (products.length === 0)
    return note(
      'info',
      say(language, 'harvest-no-product', { crop }),
      say(language, 'harvest-no-product-more'),
    )
  const today = writtenDay(book.today())
  return html`<form method="post" action="/harvest" class="harvest" novalidate>${hiddenToken(visit)}
<input type="hidden" name="token" value="${typed.token}"><input type="hidden" name="plot" value="${plot.id}">
<fieldset id="gtin"${described(errors, 'gtin')}><legend>${say(language, 'harvest-product')}</legend>${products.map((product) => productChoice(visit, product, typed.gtin))}${errorAt(errors, 'gtin')}</fieldset>
<div class="field"><label for="mass">${say(language, 'harvest-mass')}</label>
<input class="huge" id="mass" name="mass" inputmode="decimal" autocomplete="off" required maxlength="20" value="${typed.mass}"${described(errors, 'mass', true)}>
${errorAt(errors, 'mass')}
<p class="help" id="mass-help">${say(language, 'harvest-mass-help')}</p>${lastMass(visit, plot, typed.gtin, lots)}
<div class="keypad" data-keypad="mass" role="group" aria-label="${say(language, 'keypad-label')}" hidden>${['1', '2', '3', '4', '5', '6', '7', '8', '9'].map((key) => html`<button type="button" data-key="${key}">${key}</button>`)}<button type="button" data-key="${language === 'vi' ? ',' : '.'}">${language === 'vi' ? ',' : '.'}</button><button type="button" data-key="0">0</button><button type="button" data-key="erase" aria-label="${say(language, 'key-erase')}">⌫</button></div></div>
<div class="field"><label for="date">${say(language, 'harvest-date')}</label>
<input type="date" id="date" name="date" required${box.clock !== 'unknown' && html` max="${book.today()}"`} value="${typed.date}"${described(errors, 'date', true)}>
${errorAt(errors, 'date')}<p class="help" id="date-help">${say(language, box.clock === 'unknown' ? 'harvest-date-calendar' : 'harvest-date-help', { today })}</p></div>
${
  box.clock === 'unknown' &&
  html`<div class="field note warning"><p>${say(language, 'harvest-confirm-why', { today })}</p>
<label class="tick"><input type="checkbox" id="confirm" name="confirm" value="1"${typed.isConfirmed && html` checked`}${described(errors, 'confirm')}> <span>${say(language, 'harvest-confirm')}</span></label>${errorAt(errors, 'confirm')}</div>`
}
<p class="big"><button>${say(language, 'harvest-save')}</button></p></form>`
}

const productChoice = ({ language }: Visit, product: ProductCard, chosen: string): Html =>
  html`<label class="tick"><input type="radio" name="gtin" value="${product.gtin}"${product.gtin === chosen && html` checked`}> <span>${language === 'vi' ? product.productVi : product.productEn || product.productVi}<br><span class="faint">${product.gtin}</span></span></label>`

/** What was last brought in from this plot: a proposal that a thumb can take, never filled in unasked. */
function lastMass({ language }: Visit, plot: PlotCard, gtin: string, lots: readonly LotCard[]): Html | false {
  const ofPlot = lots.filter((lot) => lot.plot === plot.id)
  const last = ofPlot.find((lot) => lot.gtin === gtin) ?? ofPlot[0]
  if (!last) return false
  const plain = number(language, last.massKg, 3)
    .replaceAll(language === 'vi' ? '.' : ',', '')
    .replace(/[.,]?0+$/, '')
  return html`<p><button type="button" class="quiet" data-fill="mass" data-value="${plain}">${say(language, 'harvest-last', { mass: kilograms(language, last.massKg) })}</button></p>`
}

export const productsOf = (book: FarmBookDoor, plot: PlotCard): readonly ProductCard[] =>
  book.products.filter((product) => product.crop === plot.crop)
