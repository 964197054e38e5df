import { type Html, html } from '#contract/ground/html.ts'
import type { Assets, LabelPaper, ScriptName } from './assets.ts'
import { type MessageKey, say } from './messages.ts'
import { type Visit, withQuery } from './visit.ts'

export interface Page {
  readonly title: string
  readonly body: Html
  readonly scripts?: readonly ScriptName[]
  /** A page that lives: without script the browser loads it anew after so many seconds. */
  readonly reloadS?: number
  readonly paper?: LabelPaper
  /** True for a page with charts of the orchard. */
  readonly isOrchard?: boolean
  /** True for a page of the farm book. */
  readonly isBook?: boolean
}

const NAVIGATION: readonly (readonly [path: string, key: MessageKey])[] = [
  ['/', 'nav-home'],
  ['/orchard', 'nav-orchard'],
  ['/book', 'nav-book'],
  ['/harvest', 'nav-harvest'],
  ['/lots', 'nav-lots'],
  ['/photos', 'nav-photos'],
  ['/devices', 'nav-devices'],
  ['/keeping', 'nav-keeping'],
  ['/people', 'nav-people'],
]

/** `farm` is the farm's name, where it is known and may be shown. */
export function layout(visit: Visit, assets: Assets, page: Page, farm: string): Html {
  const { language, person } = visit
  const other = language === 'vi' ? 'en' : 'vi'
  const here = visit.url.split('?')[0] ?? '/'
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${page.title} · ${say(language, 'box-page')}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${assets.style}">
${page.isOrchard && html`<link rel="stylesheet" href="${assets.orchardStyle}">`}
${page.isBook && html`<link rel="stylesheet" href="${assets.bookStyle}">`}
${page.paper && html`<link rel="stylesheet" href="${assets.paper(page.paper)}">`}
${page.reloadS && html`<noscript><meta http-equiv="refresh" content="${page.reloadS}"></noscript>`}
${(page.scripts ?? []).map((name) => html`<script type="module" src="${assets.script(name)}"></script>`)}
</head>
<body>
<a class="skip" href="#content">${say(language, 'skip')}</a>
<header>
<div class="top"><a class="name" href="/">${farm || say(language, 'box-page')}</a>
<a class="tongue" href="${withQuery(visit.url, { lang: other })}" lang="${other}" hreflang="${other}">${say(language, 'other-language')}</a></div>
<nav aria-label="${say(language, 'nav-label')}">${NAVIGATION.map(
    ([path, key]) =>
      html`<a href="${path}"${isHere(path, here) && html` aria-current="page"`}>${say(language, key)}</a>`,
  )}</nav>
</header>
<main id="content" tabindex="-1">
<h1>${page.title}</h1>
${page.body}
</main>
<footer>${
    person
      ? html`<form method="post" action="/sign-out">${hiddenToken(visit)}<span>${say(language, 'signed-in-as', { name: person.name })}</span> <button class="quiet">${say(language, 'sign-out')}</button></form>`
      : html`<a class="button quiet" href="/sign-in">${say(language, 'sign-in')}</a>`
  }</footer>
</body>
</html>
`
}

const isHere = (path: string, here: string): boolean =>
  path === '/' ? here === '/' || here.startsWith('/series/') : here === path || here.startsWith(`${path}/`)

export const hiddenToken = (visit: Visit): Html =>
  html`<input type="hidden" name="form" value="${visit.formToken()}">`

/** Something to know, with what to do about it. */
export const note = (
  kind: 'good' | 'info' | 'warning' | 'critical',
  what: string,
  todo?: string | Html,
): Html => html`<div class="note ${kind}"><p class="what">${what}</p>${todo && html`<p>${todo}</p>`}</div>`

export interface FieldError {
  readonly field: string
  readonly sentence: string
}

/** All mistakes of a form together, each a link to its field (WCAG 3.3.1). */
export const mistakes = (visit: Visit, errors: readonly FieldError[]): Html | false =>
  errors.length > 0 &&
  html`<div class="note critical" role="alert"><p class="what">${say(visit.language, 'errors-title')}</p><ul>${errors.map(
    (error) =>
      html`<li>${error.field ? html`<a href="#${error.field}">${error.sentence}</a>` : error.sentence}</li>`,
  )}</ul></div>`

export const errorAt = (errors: readonly FieldError[], name: string): Html | false => {
  const error = errors.find((each) => each.field === name)
  return error !== undefined && html`<p class="wrong" id="${name}-wrong">${error.sentence}</p>`
}

/** Ties an input to its help and its mistake, for those who hear the page. */
export function described(errors: readonly FieldError[], name: string, hasHelp = false): Html {
  const isWrong = errors.some((error) => error.field === name)
  const ids = [hasHelp && `${name}-help`, isWrong && `${name}-wrong`].filter(Boolean).join(' ')
  return html`${ids !== '' && html` aria-describedby="${ids}"`}${isWrong && html` aria-invalid="true"`}`
}

/** A way back after a form that could not be taken. */
export const linkTo = (visit: Visit, path: string, key: MessageKey): Html =>
  html`<a class="button" href="${path}">${say(visit.language, key)}</a>`
