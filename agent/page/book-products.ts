import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import {
  PRODUCT_KINDS,
  type PreHarvestInterval,
  type ProductEntry,
  type ProductKind,
} from '#contract/wire/farm-book.ts'
import { choiceName, detailName } from '#contract/wire/farm-book-words.ts'
import type { BookDoor, ProductWords } from './book-door.ts'
import { type BookMessage, sayBook } from './book-messages.ts'
import type { BookTyped } from './book-typed.ts'
import { described, errorAt, type FieldError, hiddenToken, mistakes } from './layout.ts'
import type { PlotCard } from './page-sources.ts'
import { typedMass } from './typed-mass.ts'
import type { Visit } from './visit.ts'
import { cropName } from './wording.ts'

const KIND: Readonly<Record<ProductKind, BookMessage>> = {
  pesticide: 'kind-pesticide',
  fertiliser: 'kind-fertiliser',
  other: 'kind-other',
}

/** The list as it stands, what was taken off it, and the way to one more. */
export function productsContent(visit: Visit, products: readonly ProductEntry[], canWrite: boolean): Html {
  const { language } = visit
  const [used, retired] = [
    products.filter((each) => !each.isRetired),
    products.filter((each) => each.isRetired),
  ]
  return html`<p class="big"><a class="button" href="/book/products/new">${sayBook(language, 'products-add')}</a></p>
${used.length === 0 ? html`<p>${sayBook(language, 'products-none')}</p>` : html`<ul class="plain cards">${used.map((each) => card(visit, each, canWrite))}</ul>`}
${retired.length > 0 && html`<h2>${sayBook(language, 'products-retired')}</h2><ul class="plain cards">${retired.map((each) => card(visit, each, canWrite))}</ul>`}`
}

function card(visit: Visit, product: ProductEntry, canWrite: boolean): Html {
  const { language } = visit
  const { productId, name, activeSubstance, registrationNo, intervals, isRetired, productKind } = product
  const said = intervals.map(
    ({ crop, market, days }) =>
      `${cropName(language, crop)}: ${sayBook(language, 'interval-of', { days, market: choiceName(language, market) })}`,
  )
  return html`<li class="card${isRetired && ' struck-none'}">${isRetired ? html`<h3>${name}</h3>` : html`<h2>${name}</h2>`}<p>${[sayBook(language, KIND[productKind]), activeSubstance, registrationNo].filter(Boolean).join(' · ')}</p>
${said.length > 0 && html`<ul>${said.map((each) => html`<li>${each}</li>`)}</ul>`}
<div class="pair"><a class="button quiet" href="/book/products/${productId}">${sayBook(language, 'products-change')}</a>${
    canWrite &&
    html` <form method="post" action="/book/products/${productId}/retire">${hiddenToken(visit)}<input type="hidden" name="isRetired" value="${isRetired ? '0' : '1'}"><button class="quiet">${sayBook(language, isRetired ? 'products-restore' : 'products-retire')}</button></form>`
  }</div></li>`
}

/** Crops of the farm, each with the markets that it sells to and every other one. */
function cells(
  plots: readonly PlotCard[],
  book: Pick<BookDoor, 'markets'>,
  said: readonly PreHarvestInterval[],
) {
  const crops = [...new Set([...plots.map(({ crop }) => crop), ...said.map(({ crop }) => crop)])]
  const markets = [...new Set(['any', ...book.markets, ...said.map(({ market }) => market)])]
  return crops.flatMap((crop) => markets.map((market) => ({ crop, market, name: `phi-${crop}-${market}` })))
}

export function productForm(
  visit: Visit,
  book: Pick<BookDoor, 'markets'>,
  plots: readonly PlotCard[],
  product: ProductEntry | undefined,
  typed: BookTyped,
  errors: readonly FieldError[],
): Html {
  const { language } = visit
  const text = (name: string, label: string) =>
    html`<div class="field"><label for="${name}">${label}</label><input id="${name}" name="${name}" maxlength="300" autocomplete="off" value="${typed[name] ?? ''}"${described(errors, name)}>${errorAt(errors, name)}</div>`
  return html`${mistakes(visit, errors)}<form method="post" action="/book/products/${product?.productId ?? 'new'}" class="book" novalidate>${hiddenToken(visit)}<input type="hidden" name="token" value="${typed['token'] ?? ''}">
<fieldset id="productKind"${described(errors, 'productKind')}><legend>${sayBook(language, 'product-kind')}</legend>${PRODUCT_KINDS.map((kind) => html`<label class="tick"><input type="radio" name="productKind" value="${kind}"${kind === typed['productKind'] && html` checked`}> <span>${sayBook(language, KIND[kind])}</span></label>`)}${errorAt(errors, 'productKind')}</fieldset>
${text('name', sayBook(language, 'product-name'))}${text('activeSubstance', detailName(language, 'activeSubstance'))}${text('registrationNo', detailName(language, 'registrationNo'))}
<fieldset id="intervals"${described(errors, 'intervals')}><legend>${sayBook(language, 'product-intervals')}</legend><p class="help">${sayBook(language, 'product-intervals-help')}</p>${errorAt(errors, 'intervals')}${cells(
    plots,
    book,
    product?.intervals ?? [],
  ).map(
    ({ crop, market, name }) =>
      html`<div class="share"><label for="${name}">${sayBook(language, 'interval-cell', { crop: cropName(language, crop), market: choiceName(language, market) })}</label><input id="${name}" name="${name}" inputmode="numeric" autocomplete="off" maxlength="5" value="${typed[name] ?? ''}"${described(errors, name)}>${errorAt(errors, name)}</div>`,
  )}</fieldset>
<p class="big"><button>${sayBook(language, 'save-product')}</button></p></form>`
}

export const typedProduct = (product: ProductEntry | undefined, token: string): BookTyped => ({
  productKind: product?.productKind ?? 'pesticide',
  name: product?.name ?? '',
  activeSubstance: product?.activeSubstance ?? '',
  registrationNo: product?.registrationNo ?? '',
  ...Object.fromEntries(
    (product?.intervals ?? []).map(({ crop, market, days }) => [`phi-${crop}-${market}`, String(days)]),
  ),
  token,
})

/** The words of a product's form; the book judges them. */
export function productWords(
  language: Language,
  typed: BookTyped,
  farm: { readonly plots: readonly PlotCard[]; readonly book: Pick<BookDoor, 'markets'> },
  product: ProductEntry | undefined,
): { words: ProductWords; errors: FieldError[] } {
  const errors: FieldError[] = []
  const intervals = cells(farm.plots, farm.book, product?.intervals ?? []).flatMap(
    ({ crop, market, name }) => {
      const text = (typed[name] ?? '').trim()
      if (text === '') return []
      const value = typedMass(text)
      if ('kg' in value) return [{ crop, market, days: value.kg }]
      const label = sayBook(language, 'interval-cell', {
        crop: cropName(language, crop),
        market: choiceName(language, market),
      })
      errors.push({
        field: name,
        sentence: sayBook(language, 'wrong-number', { name: label, typed: text.slice(0, 20) }),
      })
      return []
    },
  )
  const text = (name: string): string => typed[name] ?? ''
  return {
    words: {
      productId: product?.productId,
      name: text('name'),
      productKind: text('productKind') as ProductKind,
      activeSubstance: text('activeSubstance'),
      registrationNo: text('registrationNo'),
      intervals,
    },
    errors,
  }
}
