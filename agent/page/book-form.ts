import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import type { ActivityType, ProductEntry } from '#contract/wire/farm-book.ts'
import { choiceName, detailName } from '#contract/wire/farm-book-words.ts'
import type { BookDoor, BookLine, StockCard } from './book-door.ts'
import { FORMS, PRODUCT_DETAILS, shapeOf } from './book-forms.ts'
import { sayBook } from './book-messages.ts'
import { type BookTyped, LOTS_LISTED, OTHER_LOTS } from './book-typed.ts'
import { described, errorAt, type FieldError, hiddenToken, mistakes } from './layout.ts'
import type { FarmBookDoor, ProductCard } from './page-sources.ts'
import type { Visit } from './visit.ts'
import { cropName, kilograms, writtenDay } from './wording.ts'

/** What a form is drawn from. */
export interface FormView {
  readonly type: ActivityType
  readonly typed: BookTyped
  readonly errors: readonly FieldError[]
  readonly book: BookDoor
  readonly farm: Pick<FarmBookDoor, 'plots' | 'products' | 'today'>
  readonly products: readonly ProductEntry[]
  readonly stock: readonly StockCard[]
  /** Pallets that stand here: SSCC and what is on them. */
  readonly pallets: readonly BookLine[]
  readonly isClockUnknown: boolean
  readonly takesPhotos: boolean
  /** Photos whose finding a person may confirm, newest first. */
  readonly findings: readonly { readonly id: string; readonly name: string }[]
  /** The entry that is being corrected. */
  readonly corrected: BookLine | undefined
  /** Whether values of the last time stand in it. */
  readonly isProposed: boolean
}

/** One form, for a new entry and for a correction; works without script. */
export function bookForm(visit: Visit, view: FormView): Html {
  const { language } = visit
  const { type, typed, errors, corrected } = view
  const shape = FORMS[type]
  const action = corrected ? `/book/entry/${corrected.activity.activityId}/correct` : `/book/new/${type}`
  return html`${mistakes(visit, errors)}
${corrected && html`<p>${sayBook(language, 'correct-lead')}</p>`}
${shape.plot === 'needed' && !corrected && plotLinks(visit, view)}
${
  (shape.plot !== 'needed' || corrected || plotOf(view)) &&
  html`<form method="post" action="${action}" class="book" novalidate${view.takesPhotos && html` enctype="multipart/form-data"`}>${hiddenToken(visit)}
<input type="hidden" name="token" value="${typed['token'] ?? ''}">
${view.isProposed && html`<p class="help">${sayBook(language, 'last-values')}</p>`}
${plotField(visit, view)}${type === 'harvested' && html`<input type="hidden" name="gtin" value="${typed['gtin'] ?? ''}">`}
${shape.product !== undefined && productFields(visit, view)}
${shape.lots === 'takes' && takenLots(visit, view)}
${shape.givesLot && givenLot(visit, view)}
${shape.main.map((name) => detailField(visit, view, name))}
${shape.lots !== undefined && otherLots(visit, view)}
${dateFields(visit, view)}
${photoField(visit, view)}
${moreFields(visit, view)}
${corrected && whyField(visit, view)}
<p class="big"><button>${sayBook(language, corrected ? 'save-correct' : 'save')}</button></p></form>`
}`
}

const plotOf = ({ farm, typed }: FormView) => farm.plots.find(({ id }) => id === typed['plot'])

/** The plot first: it decides crop, interval and what is proposed. */
function plotLinks({ language }: Visit, { farm, type, typed }: FormView): Html {
  return html`<nav class="choice plots" id="plot" aria-label="${sayBook(language, 'choose-plot')}">${farm.plots.map(
    ({ id, name, crop }) =>
      html`<a href="/book/new/${type}?plot=${id}"${id === typed['plot'] && html` aria-current="true"`}>${name} – ${cropName(language, crop)}</a>`,
  )}</nav>`
}

function plotField({ language }: Visit, view: FormView): Html | false {
  const { type, typed, farm, errors, corrected } = view
  const { plot } = FORMS[type]
  if (plot === 'none') return false
  if (plot === 'needed' && !corrected)
    return html`<input type="hidden" name="plot" value="${typed['plot'] ?? ''}">`
  return html`<div class="field"><label for="plot">${sayBook(language, 'entry-plot')}</label><select id="plot" name="plot"${described(errors, 'plot')}>
${plot === 'free' && html`<option value="">${sayBook(language, 'no-plot')}</option>`}${farm.plots.map(({ id, name }) => html`<option value="${id}"${id === typed['plot'] && html` selected`}>${name}</option>`)}</select>${errorAt(errors, 'plot')}</div>`
}

function productFields(visit: Visit, view: FormView): Html {
  const { language } = visit
  const { type, typed, errors, products, book } = view
  const kind = FORMS[type].product
  const chosen = typed['productId'] ?? ''
  // One that was taken off the list is still what an old entry says.
  const offered = products.filter(
    (each) => each.productKind === kind && (!each.isRetired || each.productId === chosen),
  )
  const byHand = PRODUCT_DETAILS.filter(
    (name) => shapeOf(type, name).is === 'text' && !(type === 'fertilised' && name === 'activeSubstance'),
  )
  const isByHand =
    offered.length === 0 ||
    byHand.some((name) => (typed[name] ?? '') !== '' || errors.some(({ field }) => field === name))
  const interval = (product: ProductEntry): string => {
    const found = book.interval(product, typed['plot'] ?? '')
    if (!found) return kind === 'pesticide' ? ` – ${sayBook(language, 'interval-none')}` : ''
    return ` – ${sayBook(language, 'interval-of', { days: found.days, market: choiceName(language, found.market) })}`
  }
  const chosenProduct = offered.find(({ productId }) => productId === chosen)
  const unknown = chosenProduct ? (book.interval(chosenProduct, typed['plot'] ?? '')?.unknownFor ?? []) : []
  return html`${
    offered.length > 0 &&
    html`<div class="field"><label for="productId">${sayBook(language, 'product')}</label><select id="productId" name="productId"${described(errors, 'productId')}>
<option value="">${sayBook(language, 'product-none')}</option>${offered.map((product) => html`<option value="${product.productId}"${product.productId === chosen && html` selected`}>${product.name}${interval(product)}</option>`)}</select>${errorAt(errors, 'productId')}
${unknown.length > 0 && html`<p class="todo">${sayBook(language, 'interval-unknown-for', { markets: unknown.join(', ') })}</p>`}</div>`
  }
<details class="field"${isByHand && html` open`}><summary>${sayBook(language, 'product-by-hand')}</summary><p class="help">${sayBook(language, 'product-by-hand-help')} <a href="/book/products">${sayBook(language, 'product-list-link')}</a></p>
${byHand.map((name) => detailField(visit, view, name))}${type === 'sprayed' && offered.length === 0 && detailField(visit, view, 'phiDays')}</details>`
}

/** One detail of the activity: a few choices as ticks, a number with its keys, a line of text. */
function detailField({ language }: Visit, view: FormView, name: string): Html | false {
  const { type, typed, errors, products, findings } = view
  if (name === 'findingId' && findings.length === 0) return false
  const shape = shapeOf(type, name)
  const label = detailName(language, name)
  const value = typed[name] ?? ''
  const hasHelp = name === 'phiDays' && products.length > 0
  const more = hasHelp && html`<p class="help" id="${name}-help">${sayBook(language, 'interval-help')}</p>`
  const choices =
    name === 'findingId'
      ? findings.map(({ id, name }) => [id, name] as const)
      : shape.of?.map((choice) => [choice, choiceName(language, choice)] as const)
  if (choices)
    return html`<div class="field"><label for="${name}">${label}</label><select id="${name}" name="${name}"${described(errors, name)}>
<option value="">${sayBook(language, 'choose-one')}</option>${choices.map(([choice, said]) => html`<option value="${choice}"${choice === value && html` selected`}>${said}</option>`)}</select>${errorAt(errors, name)}</div>`
  return html`<div class="field"><label for="${name}">${label}</label>
<input id="${name}" name="${name}" maxlength="300" autocomplete="off"${shape.is === 'number' && html` inputmode="decimal"`} value="${value}"${described(errors, name, hasHelp)}>${errorAt(errors, name)}${more}</div>`
}

function takenLots(visit: Visit, view: FormView): Html {
  const { language } = visit
  const { typed, errors, pallets, type } = view
  const stock = listedStock(view)
  return html`${
    FORMS[type].hasPallet &&
    pallets.length > 0 &&
    html`<div class="field"><label for="sscc">${sayBook(language, 'pallet')}</label><select id="sscc" name="sscc"${described(errors, 'sscc')}><option value="">${sayBook(language, 'pallet-none')}</option>${pallets.map(
      ({ activity: { details, inputs = [] } }) =>
        html`<option value="${details['sscc'] ?? ''}"${details['sscc'] === typed['sscc'] && html` selected`}>${details['sscc'] ?? ''} – ${kilograms(
          language,
          inputs.reduce((sum, { massKg }) => sum + massKg, 0),
        )}</option>`,
    )}</select>${errorAt(errors, 'sscc')}</div>`
  }
<fieldset id="lots"${described(errors, 'lots')}><legend>${sayBook(language, 'lots')}</legend>${errorAt(errors, 'lots')}
${stock.length === 0 && html`<p class="help">${sayBook(language, 'lots-none')}</p>`}${stock.map(
  (each, at) => {
    const name = `kg-${at}`
    return html`<div class="share"><input type="hidden" name="lot-${at}" value="${each.gtin} ${each.lot}"><label for="${name}"><code>${each.lot}</code><br><span class="faint">${productName(language, view, each.gtin)} · ${sayBook(language, 'lot-left', { mass: kilograms(language, each.leftKg) })}</span></label>
<input id="${name}" name="${name}" inputmode="decimal" autocomplete="off" maxlength="20" value="${typed[name] ?? ''}"${described(errors, name)}><span aria-hidden="true">kg</span>${errorAt(errors, name)}</div>`
  },
)}</fieldset>`
}

// More than these are added line by line.
const ROWS_SHOWN = 3

/** What the entry that is corrected took, then what has fruit left. */
export function listedStock({
  stock,
  corrected,
}: Pick<FormView, 'stock' | 'corrected'>): readonly StockCard[] {
  const inputs = corrected?.activity.inputs ?? []
  const isTaken = ({ gtin, lot }: StockCard): boolean =>
    inputs.some((share) => share.gtin === gtin && share.lot === lot)
  const left = stock.filter((each) => each.leftKg > 0 && each.givenBy.length > 0 && !isTaken(each))
  return [...stock.filter(isTaken), ...left].slice(0, LOTS_LISTED)
}

function otherLots({ language }: Visit, { type, typed, errors }: FormView): Html {
  const isComing = FORMS[type].lots === 'comes'
  const filled = (at: number): boolean => `${typed[`scan-${at}`] ?? ''}${typed[`scankg-${at}`] ?? ''}` !== ''
  const all = Array.from({ length: OTHER_LOTS }, (_, at) => at)
  const rows = all.slice(0, Math.max(ROWS_SHOWN, all.findLastIndex(filled) + 2))
  const isOpen = isComing || rows.some(filled)
  const fields = rows.map((at) => {
    const [scan, mass] = [`scan-${at}`, `scankg-${at}`]
    return html`<div class="share wide-share"><div><label for="${scan}">${sayBook(language, 'other-lot', { no: at + 1 })}</label><input id="${scan}" name="${scan}" autocomplete="off" maxlength="400" value="${typed[scan] ?? ''}"${described(errors, scan)}>${errorAt(errors, scan)}</div>
<div><label for="${mass}">${sayBook(language, 'other-kg', { no: at + 1 })}</label><input id="${mass}" name="${mass}" inputmode="decimal" autocomplete="off" maxlength="20" value="${typed[mass] ?? ''}"${described(errors, mass)}>${errorAt(errors, mass)}</div></div>`
  })
  const help = html`<p class="help">${sayBook(language, 'other-lots-help')}</p>`
  if (isComing)
    return html`<fieldset id="gives"${described(errors, 'gives')}><legend>${sayBook(language, 'came-lots')}</legend>${errorAt(errors, 'gives')}${help}${fields}</fieldset>`
  return html`<details class="field"${isOpen && html` open`}><summary>${sayBook(language, 'other-lots')}</summary>${help}${fields}</details>`
}

function givenLot(visit: Visit, view: FormView): Html {
  const { language } = visit
  const { typed, errors, farm, corrected } = view
  const offered = corrected ? farm.products.filter(({ gtin }) => gtin === typed['givesGtin']) : farm.products
  const number = (name: string, key: 'gives-kg' | 'gives-count') =>
    html`<div class="field"><label for="${name}">${sayBook(language, key)}</label><input id="${name}" name="${name}" inputmode="decimal" autocomplete="off" maxlength="20" value="${typed[name] ?? ''}"${described(errors, name)}>${errorAt(errors, name)}</div>`
  return html`<fieldset id="gives"${described(errors, 'gives')}><legend>${sayBook(language, 'gives')}</legend><div id="gtin">${errorAt(errors, 'gtin')}${errorAt(errors, 'gives')}${offered.map(
    (product) =>
      html`<label class="tick"><input type="radio" name="givesGtin" value="${product.gtin}"${product.gtin === typed['givesGtin'] && html` checked`}> <span>${nameIn(language, product)}<br><span class="faint">${product.gtin}</span></span></label>`,
  )}</div></fieldset>${number('givesKg', 'gives-kg')}${number('givesCount', 'gives-count')}`
}

function dateFields({ language }: Visit, { typed, errors, farm, isClockUnknown, type }: FormView): Html {
  const today = farm.today()
  const isTimed = type === 'irrigated' || type === 'sprayed'
  return html`<div class="field"><label for="day">${sayBook(language, 'day')}</label>
<input type="date" id="day" name="day" required${!isClockUnknown && html` max="${today}"`} value="${typed['day'] ?? ''}"${described(errors, 'day', true)}>${errorAt(errors, 'day')}<p class="help" id="day-help">${sayBook(language, 'day-help', { today: writtenDay(today) })}</p></div>
${isTimed && html`<div class="field"><label for="time">${sayBook(language, 'time')}</label><input type="time" id="time" name="time" value="${typed['time'] ?? ''}"${described(errors, 'time')}>${errorAt(errors, 'time')}</div>`}
${
  isClockUnknown &&
  html`<div class="field note warning"><p>${sayBook(language, 'confirm-why', { today: writtenDay(today) })}</p>
<label class="tick"><input type="checkbox" id="confirm" name="confirm" value="1"${typed['confirm'] === '1' && html` checked`}${described(errors, 'confirm')}> <span>${sayBook(language, 'confirm')}</span></label>${errorAt(errors, 'confirm')}</div>`
}`
}

/** The file comes last of what the server has to know before it. */
function photoField({ language }: Visit, { typed, errors, takesPhotos }: FormView): Html | false {
  const kept = (typed['photoKept'] ?? '').split(',').filter(Boolean)
  if (!takesPhotos && kept.length === 0) return false
  return html`<div class="field">${kept.length > 0 && html`<input type="hidden" name="photoKept" value="${kept.join(',')}"><p class="help">${sayBook(language, 'photo-kept', { count: kept.length })}</p>`}
${takesPhotos && html`<label for="photo">${sayBook(language, 'photo')}</label><input type="file" id="photo" name="photo" accept="image/*" capture="environment"${described(errors, 'photo', true)}>${errorAt(errors, 'photo')}<p class="help" id="photo-help">${sayBook(language, 'photo-help')}</p>`}</div>`
}

function moreFields(visit: Visit, view: FormView): Html {
  const { type, typed, errors, products } = view
  const { more, product } = FORMS[type]
  const isShownAbove =
    product === 'pesticide' &&
    !products.some(({ productKind, isRetired }) => productKind === product && !isRetired)
  const shown = more.filter((name) => !(name === 'phiDays' && isShownAbove))
  const isWhyAsked = errors.some(({ field }) => field === 'why') || (typed['why'] ?? '') !== ''
  const isOpen =
    isWhyAsked ||
    shown.some(
      (name) => errors.some(({ field }) => field === name) || (view.corrected && (typed[name] ?? '') !== ''),
    )
  return html`<details class="field"${isOpen && html` open`}><summary>${sayBook(visit.language, 'more')}</summary>${shown.map((name) => detailField(visit, view, name))}${!view.corrected && whyField(visit, view)}</details>`
}

/** Why: always of a correction; of a new entry where the interval was typed otherwise. */
function whyField({ language }: Visit, { type, typed, errors, corrected }: FormView): Html | false {
  if (!corrected && FORMS[type].product === undefined) return false
  const label = sayBook(language, corrected ? 'why-correct' : 'why')
  return html`<div class="field"><label for="why">${label}</label><input id="why" name="why" maxlength="300" autocomplete="off" value="${typed['why'] ?? ''}"${described(errors, 'why', !corrected)}>${errorAt(errors, 'why')}${!corrected && html`<p class="help" id="why-help">${sayBook(language, 'why-help')}</p>`}</div>`
}

const nameIn = (language: Language, product: ProductCard): string =>
  (language === 'en' && product.productEn) || product.productVi

const productName = (language: Language, { farm }: FormView, gtin: string): string => {
  const product = farm.products.find((each) => each.gtin === gtin)
  return product ? nameIn(language, product) : gtin
}
