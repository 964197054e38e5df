import { type Html, html } from '#contract/ground/html.ts'
import type { ActivityType } from '#contract/wire/farm-book.ts'
import { activityName } from '#contract/wire/farm-book-words.ts'
import type { BookDoor, BookLine } from './book-door.ts'
import { lineItem } from './book-entry.ts'
import { OFTEN, SELDOM } from './book-forms.ts'
import { sayBook } from './book-messages.ts'
import { note } from './layout.ts'
import { say } from './messages.ts'
import type { BoxOverview, PlotCard } from './page-sources.ts'
import type { Visit } from './visit.ts'

const LATEST = 8

/** Big buttons for what is done every week, and what was written last. */
export function startContent(
  visit: Visit,
  book: BookDoor,
  plots: readonly PlotCard[],
  box: Pick<BoxOverview, 'farm'>,
  lines: readonly BookLine[],
): Html {
  const { language } = visit
  const shown = lines.filter(({ activity }) => !activity.isWithdrawn).slice(0, LATEST)
  const buttons = (types: readonly ActivityType[]) =>
    types
      .filter((type) => type !== 'aggregated' || book.canStack)
      .map(
        (type) =>
          html`<a href="${type === 'harvested' ? '/harvest' : `/book/new/${type}`}">${activityName(language, type)}</a>`,
      )
  return html`${box.farm === null && note('warning', sayBook(language, 'unclaimed'), say(language, 'note-unclaimed-more'))}
<p>${sayBook(language, 'start-lead')}</p>
<nav class="tasks" aria-label="${sayBook(language, 'start-lead')}">${buttons(OFTEN)}</nav>
<h2>${sayBook(language, 'start-more')}</h2>
<nav class="tasks few" aria-label="${sayBook(language, 'start-more')}">${buttons(SELDOM)}</nav>
<h2>${sayBook(language, 'start-latest')}</h2>
${shown.length === 0 ? html`<p class="faint">${sayBook(language, 'start-none')}</p>` : html`<ul class="plain lots">${shown.map((line) => lineItem(language, plots, line, book.dayOf(line.activity.at)))}</ul>`}
<p class="pair"><a class="button quiet" href="/book/diary">${sayBook(language, 'start-diary')}</a> <a class="button quiet" href="/book/products">${sayBook(language, 'start-products')}</a></p>`
}
