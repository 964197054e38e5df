import { fromUtf8 } from '#contract/ground/bytes.ts'
import { type Html, html, rawHtml } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import {
  LABEL_FORMATS,
  type LabelDoor,
  type LabelFile,
  type LabelFormat,
  type LabelRefused,
  type LabelSizeCard,
  type LabelWish,
  type PrinterCard,
  type PrintSaid,
} from './label-door.ts'
import { sayLabel } from './label-messages.ts'
import { hiddenToken, note } from './layout.ts'
import { say } from './messages.ts'
import type { LotCard } from './page-sources.ts'
import type { Visit } from './visit.ts'

/** What is shown: the label as it is wished, and what became of an order. */
export interface LabelShown {
  readonly lot: LotCard
  readonly wish: LabelWish
  readonly drawn: LabelFile | LabelRefused
  /** What was typed, or is proposed. */
  readonly printer: string
  readonly copies: string
  /** Names the next order. */
  readonly order: string
  readonly said?: PrintSaid | LabelRefused | undefined
}

/** Printed from the browser, only the label itself remains, on a page of exactly its size. */
export function labelContent(visit: Visit, door: LabelDoor, shown: LabelShown): Html {
  const { language } = visit
  const { lot, wish, drawn } = shown
  const isDrawn = !('refused' in drawn)
  return html`${shown.said && outcomeNote(language, shown.said)}
<nav class="choice" aria-label="${sayLabel(language, 'sizes')}">${door.sizes.map((size) =>
    choice(addressOf(lot, { ...wish, size: size.name }), sizeText(language, size), size.name === wish.size),
  )}</nav>
<nav class="choice" aria-label="${sayLabel(language, 'markets')}">${(['home', 'china'] as const).map(
    (market) =>
      choice(
        addressOf(lot, { ...wish, market }),
        sayLabel(language, `market-${market}`),
        market === wish.market,
      ),
  )}</nav>
${wish.market === 'china' && html`<p class="faint">${sayLabel(language, 'market-china-more')}</p>`}
${isDrawn ? labelSheet(drawn) : refusalNote(language, drawn)}
${isDrawn && html`${printForm(visit, door, shown)}${files(language, door, shown)}${fromBrowser(language, door, wish)}`}
<p><a class="button quiet" href="/lots/${lot.lot}">${say(language, 'lot-number', { lot: lot.lot })}</a></p>`
}

/** The label as a picture; its file is SVG that this box drew. */
export const labelSheet = ({ bytes }: LabelFile): Html =>
  html`<div class="label sheet">${rawHtml(fromUtf8(bytes))}</div>`

export const addressOf = (
  lot: LotCard,
  { size, market }: Pick<LabelWish, 'size' | 'market'>,
  file = '',
): string =>
  `/lots/${lot.lot}/label${file}?${new URLSearchParams({ size, ...(market === 'home' ? {} : { market }) })}`

export function refusalNote(language: Language, { refused, facts }: LabelRefused): Html {
  const key = `refused-${refused}`
  const sentence = isKey(key) ? sayLabel(language, key, facts) : sayLabel(language, 'refused-other')
  return html`<div role="alert">${note('critical', sayLabel(language, 'refused'), sentence)}</div>`
}

function outcomeNote(language: Language, said: PrintSaid | LabelRefused): Html {
  if ('refused' in said) return refusalNote(language, said)
  if (said.kind === 'taken')
    return html`<div role="status">${note('good', sayLabel(language, 'taken'), sayLabel(language, 'taken-more'))}</div>`
  const key = `${said.kind}-${said.reason}`
  const todo = sayLabel(language, isKey(key) ? key : 'not-sent-other')
  const detail = sayLabel(language, 'technical', { detail: said.detail })
  const kind = said.kind === 'unsure' ? 'warning' : 'critical'
  return html`<div class="note ${kind}" role="alert"><p class="what">${sayLabel(language, said.kind)}</p><p>${todo}</p><p class="faint">${detail}</p></div>`
}

type Key = Parameters<typeof sayLabel>[1]
const isKey = (key: string): key is Key => Object.hasOwn(sayLabel.tables.vi, key)

const choice = (address: string, name: string, isHere: boolean): Html =>
  html`<a href="${address}"${isHere && html` aria-current="true"`}>${name}</a>`

export function sizeText(language: Language, { name, widthMm, heightMm }: LabelSizeCard): string {
  if (heightMm === null) return sayLabel(language, 'size-roll', { mm: name.replace(/\D/g, '') })
  return `${widthMm} × ${heightMm} mm`
}

const sizeNamed = (language: Language, door: LabelDoor, name: string): string => {
  const size = door.sizes.find((each) => each.name === name)
  return size ? sizeText(language, size) : name
}

function printForm(visit: Visit, door: LabelDoor, shown: LabelShown): Html {
  const { language } = visit
  const { lot, wish } = shown
  const heading = html`<h2>${sayLabel(language, 'print-title')}</h2>`
  if (door.printers.length === 0)
    return html`${heading}${note('info', sayLabel(language, 'printers-none'), sayLabel(language, 'printers-none-more'))}`
  const fitting = door.printers.filter(({ fits }) => fits.includes(wish.size))
  if (fitting.length === 0) {
    const sizes = [...new Set(door.printers.flatMap(({ fits }) => fits))].map((name) =>
      sizeNamed(language, door, name),
    )
    const more = sayLabel(language, 'printers-unfit-more', { sizes: sizes.join(', ') })
    return html`${heading}${note('info', sayLabel(language, 'printers-unfit'), more)}`
  }
  const chosen = fitting.some(({ name }) => name === shown.printer) ? shown.printer : fitting[0]?.name
  const radio = (printer: PrinterCard): Html => {
    const { name, dpi } = printer
    const says = sayLabel(language, 'printer-at', { name, dpi, language: LANGUAGE_NAMES[printer.language] })
    const other =
      printer.size !== wish.size &&
      sayLabel(language, 'printer-other-size', { size: sizeNamed(language, door, printer.size) })
    const help = other && html`<br><span class="help">${other}</span>`
    return html`<label class="tick"><input type="radio" name="printer" value="${name}"${name === chosen && html` checked`}> <span>${says}${help}</span></label>`
  }
  const hidden = Object.entries({ order: shown.order, size: wish.size, market: wish.market }).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  return html`${heading}<form method="post" action="/lots/${lot.lot}/print">${hiddenToken(visit)}${hidden}
<fieldset><legend>${sayLabel(language, 'printer')}</legend>${fitting.map(radio)}</fieldset>
<div class="field"><label for="copies">${sayLabel(language, 'copies')}</label>
<input id="copies" name="copies" type="number" inputmode="numeric" min="1" max="${door.mostCopies}" step="1" required value="${shown.copies}" aria-describedby="copies-help">
<p class="help" id="copies-help">${sayLabel(language, 'copies-help', { most: door.mostCopies })}</p></div>
<p class="big"><button>${visit.person ? sayLabel(language, 'print', { size: sizeNamed(language, door, wish.size) }) : sayLabel(language, 'print-sign-in')}</button></p></form>`
}

const LANGUAGE_NAMES = { zpl: 'ZPL', tspl: 'TSPL', escpos: 'ESC/POS' }

function files(language: Language, door: LabelDoor, { lot, wish }: LabelShown): Html {
  const isRoll = door.sizes.find(({ name }) => name === wish.size)?.heightMm === null
  const link = (format: LabelFormat): Html =>
    html`<a class="button quiet" href="${addressOf(lot, wish, `.${format}`)}&amp;dpi=${wish.dpi}" download="${lot.lot}-${wish.size}.${format}">${format === 'escpos' ? 'ESC/POS' : format.toUpperCase()}</a> `
  const forPrinters = LABEL_FORMATS.filter((format) =>
    isRoll ? format === 'escpos' : format === 'zpl' || format === 'tspl',
  )
  return html`<h2>${sayLabel(language, 'files-title')}</h2><p>${sayLabel(language, 'files-more')}</p>
<p class="files">${(['pdf', 'png', 'svg'] as const).map(link)}</p>
<p>${sayLabel(language, 'files-printer', { dpi: wish.dpi })}</p><p class="files">${forPrinters.map(link)}</p>`
}

function fromBrowser(language: Language, door: LabelDoor, wish: LabelWish): Html {
  const size = sizeNamed(language, door, wish.size)
  return html`<h2>${sayLabel(language, 'browser-title')}</h2>
<p class="big" data-print-area><button type="button" class="quiet" data-print hidden>${sayLabel(language, 'browser-print')}</button><span data-print-menu>${sayLabel(language, 'browser-menu')}</span></p>
<p>${sayLabel(language, 'browser-how', { size })}</p>`
}
