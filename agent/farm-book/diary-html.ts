import { type Html, html, rawHtml } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { activityName, choiceName, detailName, detailsInOrder } from '#contract/wire/farm-book-words.ts'
import type { DiaryLine, DiaryScope } from './diary.ts'
import { stateOf } from './diary-csv.ts'
import { sayBook } from './messages.ts'

export interface DiaryHead {
  readonly farm: { readonly name: string; readonly commune: string; readonly province: string } | null
  readonly scope: DiaryScope
  /** YYYY-MM-DD HH:MM. */
  readonly printedAt: string
  /** True when older lines were left out, for a page holds no more. */
  readonly isCut?: boolean
}

/** The diary as a table: the box's page shows it, and `diary --format html` prints it. */
export function diaryTable(language: Language, lines: readonly DiaryLine[], head: DiaryHead): Html {
  const { farm, scope } = head
  const said = (key: Parameters<typeof sayBook>[1]) => sayBook(language, key)
  const plots = [...new Set(lines.map(({ plotName }) => plotName).filter(Boolean))].join(', ')
  const codes = [...new Set(lines.flatMap(({ area }) => area?.code ?? []))].join(', ')
  const facts: readonly (readonly [string, string])[] = [
    [said('farm'), farm ? `${farm.name}, ${farm.commune}, ${farm.province}` : ''],
    [said('plot'), plots],
    [said('area-code'), codes],
    [said('period'), periodOf(lines, scope)],
    [said('printed-at'), writtenMoment(head.printedAt)],
  ]
  return html`<section class="diary"><p class="print-title">${said('diary-title')}</p>
<dl class="facts">${facts.filter(([, value]) => value !== '').map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${
  lines.length === 0
    ? html`<p>${said('diary-empty')}</p>`
    : html`${head.isCut && html`<p class="todo">${sayBook(language, 'diary-cut', { count: lines.length })}</p>`}<div class="scroll" tabindex="0" role="region" aria-label="${said('diary-title')}"><table><thead><tr><th scope="col">${said('day')}</th><th scope="col">${said('plot')}</th><th scope="col">${said('activity')}</th><th scope="col">${said('content')}</th><th scope="col">${said('state')}</th></tr></thead>
<tbody>${lines.map((line) => row(language, line))}</tbody></table></div>`
}
<p class="sign">${said('signature')}</p></section>`
}

function row(language: Language, line: DiaryLine): Html {
  const { activity, replacedBy, isStanding } = line.kept
  const whys = [activity.why, replacedBy?.why].filter(Boolean).join('; ')
  const words = contentOf(language, line)
  const missing = line.missing.map((name) => detailName(language, name)).join(', ')
  return html`<tr${!isStanding && html` class="struck"`}><th scope="row">${writtenDay(line.day)}<br><span class="faint">${line.hour}</span></th><td>${line.plotName}</td><td>${activityName(language, activity.type)}</td>
<td>${isStanding ? words : html`<s>${words}</s>`}${missing !== '' && isStanding && html`<br><span class="faint">${sayBook(language, 'missing')}: ${missing}</span>`}</td><td>${stateOf(language, line)}${whys !== '' && html`<br><span class="faint">${whys}</span>`}</td></tr>`
}

/** Everything that an entry says, in the order in which it was said. */
function contentOf(language: Language, { kept: { activity } }: DiaryLine): string {
  const { details, inputs = [], outputs = [], photos = [] } = activity
  const words = detailsInOrder(activity.type, details)
    .filter(([name]) => name !== 'productId')
    .map(([name, value]) => `${detailName(language, name)}: ${writtenValue(language, value)}`)
  const shares = (key: 'taken' | 'given', list: typeof inputs) =>
    list.map(({ lot, massKg }) => `${sayBook(language, key)}: ${lot}, ${writtenValue(language, massKg)} kg`)
  const label = photos.length > 0 ? [sayBook(language, 'photos', { count: photos.length })] : []
  return [...words, ...shares('taken', inputs), ...shares('given', outputs), ...label].join(' · ')
}

function writtenValue(language: Language, value: string | number): string {
  if (typeof value === 'number')
    return value.toLocaleString(language === 'vi' ? 'vi-VN' : 'en-GB', { maximumFractionDigits: 4 })
  return /^20\d\d-\d\d-\d\d$/.test(value) ? writtenDay(value) : choiceName(language, value)
}

const writtenDay = (day: string): string => day.split('-').reverse().join('/')

function writtenMoment(text: string): string {
  const [day = '', hour = ''] = text.split(' ')
  return `${hour} ${writtenDay(day)}`.trim()
}

function periodOf(lines: readonly DiaryLine[], { from, to }: DiaryScope): string {
  const [first, last] = [from ?? lines[0]?.day, to ?? lines.at(-1)?.day]
  return first && last ? `${writtenDay(first)} – ${writtenDay(last)}` : ''
}

// A4 on its side: five columns of words.
const PRINT_STYLE = `@page{size:A4 landscape;margin:12mm}body{font:11pt/1.4 system-ui,"Noto Sans",sans-serif;margin:1rem}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #444;padding:.25rem .4rem;text-align:left;vertical-align:top}
thead{display:table-header-group}tr{break-inside:avoid}tbody th{font-weight:400;white-space:nowrap}.faint{color:#444;font-size:.9em}
.facts div{display:flex;gap:1rem}.facts dt{min-width:11rem;color:#444}dl,dd{margin:0}.print-title{display:none}.sign{margin-top:2rem;break-inside:avoid}`

/** A whole document that prints by itself. */
export const diaryDocument = (language: Language, lines: readonly DiaryLine[], head: DiaryHead): string =>
  html`<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${sayBook(language, 'diary-title')}</title><style>${rawHtml(PRINT_STYLE)}</style></head>
<body><main><h1>${sayBook(language, 'diary-title')}</h1>${diaryTable(language, lines, head)}</main></body></html>
`.text
