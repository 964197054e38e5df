import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { ACTIVITY_DETAILS } from '#contract/wire/farm-book.ts'
import { activityName, choiceName, detailName, detailsInOrder } from '#contract/wire/farm-book-words.ts'
import type { BookDoor, BookLine } from './book-door.ts'
import { sayBook } from './book-messages.ts'
import { described, errorAt, type FieldError, hiddenToken, mistakes, note } from './layout.ts'
import type { FarmBookDoor, PlotCard } from './page-sources.ts'
import type { Visit } from './visit.ts'
import { kilograms, number, writtenDay } from './wording.ts'

export interface EntryView {
  readonly line: BookLine
  readonly book: Pick<BookDoor, 'writtenAt' | 'whenOf'>
  readonly plots: FarmBookDoor['plots']
  /** Name of a person of this box; its id where nobody knows it any more. */
  readonly nameOf: (person: string) => string
  readonly hasPhoto: (sha256: string) => boolean
}

/** One entry: what it says, what became of it, and how to put it right. */
export function entryContent(visit: Visit, view: EntryView, isJustSaved: boolean): Html {
  const { language } = visit
  const { activity, isStanding, replacedBy } = view.line
  const { details } = activity
  const missing = Object.entries(ACTIVITY_DETAILS[activity.type])
    .filter(([name, { isNeeded }]) => isNeeded && !Object.hasOwn(details, name))
    .map(([name]) => detailName(language, name))
  return html`${isJustSaved && savedNote(language, view.line)}
${replacedBy && note('warning', sayBook(language, replacedBy.isWithdrawal ? 'entry-withdrawn' : 'entry-replaced', { why: replacedBy.why }), replacedBy.isWithdrawal ? undefined : html`<a href="/book/entry/${replacedBy.activityId}">${sayBook(language, 'entry-newer')}</a>`)}
${details['phiVerdict'] === 'inside' && isStanding && note('critical', sayBook(language, 'entry-inside', { until: writtenDay(String(details['phiUntil'] ?? '')) }))}
<dl class="facts${!isStanding && ' struck'}">${factsOf(language, view).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${missing.length > 0 && isStanding && html`<p class="todo">${sayBook(language, 'entry-missing', { names: missing.join(', ') })}</p>`}
${(activity.photos ?? []).map((hash) => view.hasPhoto(hash) && html`<figure><img class="photo" src="/photos/file/${hash}" alt="${sayBook(language, 'entry-photo')}" loading="lazy"></figure>`)}
${activity.corrects && html`<p><a href="/book/entry/${activity.corrects}">${sayBook(language, 'entry-older')}</a></p>`}
${isStanding && html`<p class="pair"><a class="button quiet" href="/book/entry/${activity.activityId}/correct">${sayBook(language, 'entry-correct')}</a> <a class="button quiet" href="/book/entry/${activity.activityId}/withdraw">${sayBook(language, 'entry-withdraw')}</a></p>`}
<p class="big"><a class="button" href="/book">${sayBook(language, 'back-to-book')}</a></p>`
}

function savedNote(language: Language, { activity: { details, outputs = [], type } }: BookLine): Html {
  const lot = type === 'packed' ? outputs[0]?.lot : undefined
  const sscc = type === 'aggregated' ? details['sscc'] : undefined
  const more =
    lot !== undefined
      ? html`<a href="/lots/${lot}">${sayBook(language, 'saved-lot', { lot })}</a>`
      : sscc !== undefined
        ? sayBook(language, 'saved-pallet', { sscc })
        : undefined
  return html`<div role="status">${note('good', sayBook(language, 'saved'), more)}</div>`
}

function factsOf(
  language: Language,
  { line, book, plots, nameOf }: EntryView,
): (readonly [string, string | Html])[] {
  const { activity, statedAt } = line
  const { plot, at, details, why, person, inputs = [], outputs = [] } = activity
  const shares = (key: 'entry-took' | 'entry-gave', list: typeof inputs) =>
    list.map(
      ({ lot, massKg }) =>
        [sayBook(language, key), html`<code>${lot}</code> – ${kilograms(language, massKg)}`] as const,
    )
  return [
    [sayBook(language, 'entry-day'), moment(book.whenOf(at))],
    ...(plot === '' ? [] : [[sayBook(language, 'entry-plot'), plotName(plots, plot)] as const]),
    ...detailsInOrder(activity.type, details)
      .filter(([name]) => name !== 'productId' && name !== 'findingId')
      .map(([name, value]) => [detailName(language, name), detailText(language, value)] as const),
    ...shares('entry-took', inputs),
    ...shares('entry-gave', outputs),
    ...(why ? [[sayBook(language, 'entry-why'), why] as const] : []),
    [sayBook(language, 'entry-person'), nameOf(person)],
    [sayBook(language, 'entry-stated'), moment(book.writtenAt(statedAt))],
  ]
}

/** The few words that a list shows of an entry. */
export function entryGist(
  language: Language,
  { activity: { details, inputs = [], outputs = [] } }: BookLine,
): string {
  const { product, dose, doseUnit, amount, amountUnit, massKg, lot, what, m3, litres, mm, minutes, hours } =
    details
  const amountOf = (value: string | number | undefined, unit: string) =>
    typeof value === 'number' ? `${detailText(language, value)} ${unit}` : undefined
  const shares = (list: typeof inputs) =>
    list.map((share) => `${share.lot} ${kilograms(language, share.massKg)}`)
  return [
    product,
    amountOf(dose, choiceName(language, String(doseUnit ?? ''))),
    amountOf(amount, choiceName(language, String(amountUnit ?? ''))),
    amountOf(massKg, 'kg'),
    amountOf(m3, 'm³'),
    amountOf(litres, 'l'),
    amountOf(mm, 'mm'),
    amountOf(minutes, language === 'vi' ? 'phút' : 'min'),
    amountOf(hours, 'h'),
    what === undefined ? undefined : choiceName(language, String(what)),
    lot,
    ...shares(outputs.length > 0 ? outputs : inputs),
    details['consignee'],
  ]
    .filter((part) => part !== undefined && part !== '')
    .join(' · ')
}

/** Says once more what is withdrawn, and asks why. */
export function withdrawContent(
  visit: Visit,
  view: EntryView,
  typed: { readonly why: string; readonly isClockUnknown: boolean; readonly isConfirmed: boolean },
  errors: readonly FieldError[],
): Html {
  const { language } = visit
  const { activity } = view.line
  return html`${mistakes(visit, errors)}<p>${sayBook(language, 'withdraw-lead')}</p>
<dl class="facts">${factsOf(language, view).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
<form method="post" action="/book/entry/${activity.activityId}/withdraw" class="book" novalidate>${hiddenToken(visit)}
<div class="field"><label for="why">${sayBook(language, 'why-withdraw')}</label><input id="why" name="why" maxlength="300" autocomplete="off" required value="${typed.why}"${described(errors, 'why')}>${errorAt(errors, 'why')}</div>
${typed.isClockUnknown && html`<label class="tick"><input type="checkbox" id="confirm" name="confirm" value="1"${typed.isConfirmed && html` checked`}${described(errors, 'confirm')}> <span>${sayBook(language, 'confirm')}</span></label>${errorAt(errors, 'confirm')}`}
<p class="big"><button class="danger">${sayBook(language, 'save-withdraw')}</button></p></form>
<p><a class="button quiet" href="/book/entry/${activity.activityId}">${sayBook(language, 'back-to-book')}</a></p>`
}

/** A line of a list: day, work, plot, gist; struck through where it does not stand. */
export function lineItem(language: Language, plots: readonly PlotCard[], line: BookLine, day: string): Html {
  const { activity, isStanding } = line
  const gist = entryGist(language, line)
  return html`<li${!isStanding && html` class="struck"`}><a href="/book/entry/${activity.activityId}"><span class="quantity">${activityName(language, activity.type)}</span> <span class="when">${writtenDay(day)}</span>
<span class="age">${[plotName(plots, activity.plot), gist].filter(Boolean).join(' · ')}</span></a></li>`
}

const plotName = (plots: readonly PlotCard[], plot: string): string =>
  plots.find(({ id }) => id === plot)?.name ?? plot

function detailText(language: Language, value: string | number): string {
  if (typeof value === 'number')
    return Number.isInteger(value)
      ? number(language, value)
      : number(language, value, 4).replace(/[.,]?0+$/, '')
  return /^20\d\d-\d\d-\d\d$/.test(value) ? writtenDay(value) : choiceName(language, value)
}

function moment(text: string): string {
  const [day = '', hour = ''] = text.split(' ')
  return `${writtenDay(day)} ${hour}`.trim()
}
