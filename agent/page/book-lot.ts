import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import type { PreHarvestAnswer } from '#contract/trace/pre-harvest.ts'
import { choiceName } from '#contract/wire/farm-book-words.ts'
import type { BookDoor, BookLine } from './book-door.ts'
import { lineItem } from './book-entry.ts'
import { sayBook } from './book-messages.ts'
import { note } from './layout.ts'
import type { LotCard, PlotCard } from './page-sources.ts'
import { kilograms, writtenDay } from './wording.ts'

// A dragon fruit hangs six weeks, a durian four months: what was done in this time was done to the fruit.
const DAYS_BEFORE = 120
const DAY_MS = 86_400_000

/** What was done before the fruit was picked, what the pre-harvest rule says of it, and where it went. */
export async function lotStory(
  language: Language,
  book: BookDoor,
  plots: readonly PlotCard[],
  lot: LotCard,
): Promise<Html> {
  const lines = (await book.activities()).filter(({ isStanding }) => isStanding)
  const isThis = (share: { gtin: string; lot: string }) => share.gtin === lot.gtin && share.lot === lot.lot
  const picks = lines.filter(
    ({ activity: { type, details } }) =>
      type === 'harvested' && isThis({ gtin: String(details['gtin']), lot: String(details['lot']) }),
  )
  const packing = lines.find(
    ({ activity }) => activity.type === 'packed' && (activity.outputs ?? []).some(isThis),
  )
  const uses = lines.filter(({ activity }) => (activity.inputs ?? []).some(isThis))
  const left = (await book.stock()).find(isThis)
  if (picks.length === 0 && !packing) return html`${note('warning', sayBook(language, 'lot-gone'))}`
  const rows: (readonly [string, string | Html])[] = [
    ...(left ? [[sayBook(language, 'lot-left-mass'), kilograms(language, left.leftKg)] as const] : []),
    ...shares(sayBook(language, 'lot-packed-from'), language, packing?.activity.inputs ?? []),
    ...shares(
      sayBook(language, 'lot-packed-into'),
      language,
      uses.flatMap(({ activity }) => activity.outputs ?? []),
    ),
  ]
  return html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${uses.length > 0 && html`<ul class="plain lots">${uses.map((line) => lineItem(language, plots, line, book.dayOf(line.activity.at)))}</ul>`}
${picks.length > 0 && (await growing(language, book, plots, lot, picks, lines))}`
}

async function growing(
  language: Language,
  book: BookDoor,
  plots: readonly PlotCard[],
  lot: LotCard,
  picks: readonly BookLine[],
  lines: readonly BookLine[],
): Promise<Html> {
  const last = Math.max(...picks.map(({ activity }) => activity.at))
  const before = lines.filter(
    ({ activity: { plot, type, at } }) =>
      plot === lot.plot && type !== 'harvested' && at <= last && at > last - DAYS_BEFORE * DAY_MS,
  )
  const answers = await Promise.all(
    picks.map(({ activity }) => book.preHarvest(activity.plot, book.dayOf(activity.at))),
  )
  return html`<h2>${sayBook(language, 'lot-phi')}</h2>${picks.map((pick, at) => verdict(language, pick, answers[at]))}
<h2>${sayBook(language, 'lot-done')}</h2>
${before.length === 0 ? html`<p>${sayBook(language, 'lot-done-none', { days: DAYS_BEFORE })}</p>` : html`<ul class="plain lots">${before.map((line) => lineItem(language, plots, line, book.dayOf(line.activity.at)))}</ul>`}`
}

/** What the rule said when the pick was entered, and what it says now: a spray may have been written down later. */
function verdict(language: Language, { activity }: BookLine, now: PreHarvestAnswer | undefined): Html {
  const then = String(activity.details['phiVerdict'] ?? '')
  const shown = now?.verdict ?? then
  const kind = shown === 'inside' ? 'critical' : shown === 'clear' ? 'good' : 'info'
  const what = now ? phiSentence(language, now, 'picked') : choiceName(language, then)
  const lines = [
    then !== '' &&
      then !== shown &&
      sayBook(language, 'lot-phi-then', { verdict: choiceName(language, then) }),
    then !== '' &&
      then !== shown &&
      sayBook(language, 'lot-phi-now', { verdict: choiceName(language, shown) }),
    activity.why && `${sayBook(language, 'entry-why')}: ${activity.why}`,
  ].filter((line) => typeof line === 'string' && line !== '')
  return note(kind, what, lines.length > 0 ? html`${lines.map((line) => html`${line}<br>`)}` : undefined)
}

/** Whether fruit may be picked, or might be when it was, in one sentence. */
export function phiSentence(
  language: Language,
  { verdict, allowedFrom, because }: PreHarvestAnswer,
  when: 'now' | 'picked' = 'now',
): string {
  const products = [...new Set(because.map(({ product }) => product).filter(Boolean))].join(', ') || '–'
  switch (verdict) {
    case 'inside':
      return sayBook(language, when === 'now' ? 'phi-inside' : 'lot-inside', {
        until: writtenDay(allowedFrom ?? ''),
        products,
      })
    case 'unknown':
      return sayBook(language, 'phi-unknown', { products })
    case 'unlogged':
      return sayBook(language, 'phi-unlogged')
    case 'clear':
      return sayBook(language, when === 'now' ? 'phi-clear' : 'lot-clear')
  }
}

const shares = (
  name: string,
  language: Language,
  list: readonly { lot: string; massKg: number }[],
): (readonly [string, Html])[] =>
  list.map(({ lot, massKg }) => [
    name,
    html`<a href="/lots/${lot}"><code>${lot}</code></a> – ${kilograms(language, massKg)}`,
  ])
