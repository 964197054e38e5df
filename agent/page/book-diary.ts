import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import type { BookLine, DiaryScope } from './book-door.ts'
import { lineItem } from './book-entry.ts'
import { sayBook } from './book-messages.ts'
import { errorAt, type FieldError } from './layout.ts'
import type { PlotCard } from './page-sources.ts'
import type { Visit } from './visit.ts'

// A phone draws some hundreds of lines at once; the files hold everything.
export const DIARY_LINES = 300

/** The diary of a time: to look at, to print, to take along. */
export function diaryContent(
  visit: Visit,
  plots: readonly PlotCard[],
  scope: DiaryScope,
  table: Html,
  lines: { readonly shown: readonly BookLine[]; readonly dayOf: (ms: number) => string },
  errors: readonly FieldError[],
): Html {
  const { language } = visit
  const query = new URLSearchParams(
    Object.entries(scope).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  ).toString()
  const day = (name: 'from' | 'to', key: 'diary-from' | 'diary-to') =>
    html`<div class="field"><label for="${name}">${sayBook(language, key)}</label><input type="date" id="${name}" name="${name}" value="${scope[name] ?? ''}">${errorAt(errors, name)}</div>`
  return html`<form method="get" action="/book/diary" class="scope"><div class="field"><label for="plot">${sayBook(language, 'diary-plot')}</label><select id="plot" name="plot"><option value="">${sayBook(language, 'diary-all')}</option>${plots.map(({ id, name }) => html`<option value="${id}"${id === scope.plot && html` selected`}>${name}</option>`)}</select>${errorAt(errors, 'plot')}</div>
${day('from', 'diary-from')}${day('to', 'diary-to')}<p><button class="quiet">${sayBook(language, 'diary-show')}</button></p></form>
<p class="pair"><a class="button quiet" href="/book/diary.csv?${query}" download>${sayBook(language, 'diary-csv')}</a> <a class="button quiet" href="/book/diary.json?${query}" download>${sayBook(language, 'diary-epcis')}</a></p>
<p class="help">${sayBook(language, 'diary-print')}</p>
<div class="sheet">${table}</div>
${lines.shown.length > 0 && corrections(language, plots, lines)}`
}

const corrections = (
  language: Language,
  plots: readonly PlotCard[],
  { shown, dayOf }: { readonly shown: readonly BookLine[]; readonly dayOf: (ms: number) => string },
): Html =>
  html`<details class="field"><summary>${sayBook(language, 'diary-entries')}</summary>${shown.length >= DIARY_LINES && html`<p class="help">${sayBook(language, 'diary-first', { count: DIARY_LINES })}</p>`}<ul class="plain lots">${shown.map((line) => lineItem(language, plots, line, dayOf(line.activity.at)))}</ul></details>`
