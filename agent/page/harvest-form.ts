import { type Html, html } from '#contract/ground/html.ts'
import type { PreHarvestAnswer } from '#contract/trace/pre-harvest.ts'
import { phiSentence } from './book-lot.ts'
import { sayBook } from './book-messages.ts'
import { described, errorAt, type FieldError, hiddenToken, mistakes, note } from './layout.ts'
import { say } from './messages.ts'
import type { BoxOverview, FarmBookDoor, LotCard, PlotCard, ProductCard } from './page-sources.ts'
import type { Visit } from './visit.ts'
import { cropName, fullDay, kilograms, number, writtenDay } from './wording.ts'

/** What stands in the form, exactly as it was typed. */
export interface HarvestTyped {
  readonly plot: string
  readonly gtin: string
  readonly mass: string
  readonly date: string
  readonly isConfirmed: boolean
  /** Why fruit is picked inside an interval. */
  readonly why: string
  /** The lot that it goes into; empty for a new one. */
  readonly into: string
  /** One form, one lot. */
  readonly token: string
}

// More than these as buttons would be a long walk for a thumb: then a list to choose from.
const MAX_PLOT_BUTTONS = 8
const MAX_LOTS_TO_ADD_TO = 8

/** The form of one harvest; the plot is chosen first, for it decides which products there are. */
export function harvestForm(
  visit: Visit,
  book: FarmBookDoor,
  box: Pick<BoxOverview, 'clock' | 'farm'>,
  typed: HarvestTyped,
  lots: readonly LotCard[],
  errors: readonly FieldError[],
  phi: PreHarvestAnswer | undefined,
): Html {
  const { language } = visit
  if (box.farm === null)
    return note('warning', say(language, 'harvest-unclaimed'), say(language, 'note-unclaimed-more'))
  if (book.plots.length === 0)
    return note('info', say(language, 'harvest-no-plots'), say(language, 'harvest-no-plots-more'))
  const plot = book.plots.find((each) => each.id === typed.plot)
  return html`${mistakes(visit, errors)}
${plotChoice(visit, book.plots, plot, typed.date)}
${plot && phi && phiNote(visit, phi)}
${plot && formOf(visit, book, box, plot, typed, lots, errors, phi)}`
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
  phi: PreHarvestAnswer | undefined,
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
${intoChoice(visit, book, typed, lots, errors)}${whyField(visit, typed, errors, phi)}
<p class="big"><button>${say(language, 'harvest-save')}</button></p></form>`
}

/** The pre-harvest rule before anything is saved: what keeps the plot closed, and until when. */
function phiNote({ language }: Visit, phi: PreHarvestAnswer): Html {
  const kind = phi.verdict === 'inside' ? 'critical' : phi.verdict === 'clear' ? 'good' : 'info'
  const more =
    phi.verdict === 'inside'
      ? 'phi-inside-more'
      : phi.verdict === 'unlogged'
        ? 'phi-unlogged-more'
        : 'phi-recheck'
  return note(kind, phiSentence(language, phi), sayBook(language, more))
}

function whyField(
  { language }: Visit,
  { why }: HarvestTyped,
  errors: readonly FieldError[],
  phi: PreHarvestAnswer | undefined,
): Html | false {
  if (phi?.verdict !== 'inside' && why === '') return false
  return html`<div class="field"><label for="why">${sayBook(language, 'phi-why')}</label><input id="why" name="why" maxlength="300" autocomplete="off" value="${why}"${described(errors, 'why')}>${errorAt(errors, 'why')}</div>`
}

/** More fruit of one day may go into a lot that was begun that day; nothing is added to one unasked. */
function intoChoice(
  { language, timeZone }: Visit,
  book: FarmBookDoor,
  typed: HarvestTyped,
  lots: readonly LotCard[],
  errors: readonly FieldError[],
): Html | false {
  const day = writtenDay(typed.date || book.today())
  const begun = lots.filter(
    (lot) => lot.plot === typed.plot && lot.massKg > 0 && fullDay(timeZone, lot.harvestedAt) === day,
  )
  const isShown = begun.length > 0 && begun.length <= MAX_LOTS_TO_ADD_TO
  if (!isShown) return false
  const choice = (value: string, name: string) =>
    html`<label class="tick"><input type="radio" name="into" value="${value}"${value === typed.into && html` checked`}> <span>${name}</span></label>`
  return html`<fieldset id="into"${described(errors, 'into')}><legend>${sayBook(language, 'into')}</legend>${errorAt(errors, 'into')}${choice('', sayBook(language, 'into-new'))}${begun.map((lot) => choice(lot.lot, sayBook(language, 'into-lot', { lot: lot.lot, mass: kilograms(language, lot.massKg) })))}</fieldset>`
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
