import type { FastifyReply } from 'fastify'
import { type Html, html, rawHtml } from '#contract/ground/html.ts'
import { LANGUAGES, type Language } from '#contract/ground/messages.ts'
import { maySeeRecalls } from '../accounts/viewer.ts'
import type { Assets } from './assets.ts'
import { sayReview } from './finding-review-messages.ts'
import { say } from './messages.ts'
import type { WebSources } from './sources.ts'
import type { Visit } from './visit.ts'
import { ageWords } from './words.ts'

/** What every page of the app stands on. */
export interface Site {
  readonly sources: WebSources
  readonly assets: Assets
  readonly isSecure: boolean
}

export interface AppPage {
  readonly title: string
  /** Path and query of this page: the language switch comes back to it. */
  readonly path: string
  readonly main: Html
  /** A page with a chart loads the plotter, too. */
  readonly hasChart?: boolean
  /** The address of a browser module that this page has for itself. */
  readonly script?: string
}

const LANGUAGE_NAMES: Record<Language, string> = { vi: 'Tiếng Việt', en: 'English' }

/** Text that a farm or a person wrote: set apart, so that a right-to-left name cannot turn our own words around. */
export const theirs = (text: string): Html => html`<bdi>${text}</bdi>`

export function sendAppPage(
  reply: FastifyReply,
  site: Site,
  visit: Visit,
  page: AppPage,
  status = 200,
): FastifyReply {
  const text = framed(site, visit, page).text
  return appHeaders(reply, site).status(status).type('text/html; charset=utf-8').send(text)
}

/** Nothing inline, nothing foreign, nothing kept in a shared cache. */
export function appHeaders(reply: FastifyReply, { isSecure }: Site): FastifyReply {
  reply
    .header(
      'content-security-policy',
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
    // Not no-referrer: browsers would then send our own forms with the origin "null".
    .header('referrer-policy', 'same-origin')
    .header('cross-origin-opener-policy', 'same-origin')
    .header('cache-control', 'no-store')
    .header('vary', 'Cookie, Accept-Language')
  if (isSecure) reply.header('strict-transport-security', 'max-age=31536000')
  return reply
}

function framed({ sources, assets }: Site, visit: Visit, page: AppPage): Html {
  const { language, viewer } = visit
  return html`${rawHtml('<!doctype html>')}
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${page.title} · ${say(language, 'appName')}</title>
<link rel="icon" type="image/svg+xml" href="${assets.icon}">
${page.hasChart ? html`<link rel="stylesheet" href="${assets.chartStyle}">` : null}
<link rel="stylesheet" href="${assets.style}">
${page.hasChart ? html`<script defer src="${assets.plot}"></script><script type="module" src="${assets.chart}"></script>` : null}
${page.script ? html`<script type="module" src="${page.script}"></script>` : null}
${viewer.kind === 'person' ? html`<script type="module" src="${assets.live}"></script>` : null}
</head>
<body data-now="${Math.round(sources.nowMs())}" data-age-words="${JSON.stringify(ageWords(language))}">
<a class="skip" href="#main">${say(language, 'skip')}</a>
<header class="top"><div class="bar">
<a class="brand" href="/"><img src="${assets.icon}" alt="" width="32" height="32"><span lang="vi">${say(language, 'appName')}</span></a>
<span class="province">${sources.province[language]}</span>
${viewer.kind === 'person' ? html`<nav aria-label="${say(language, 'menu')}"><a href="/farms">${say(language, 'farms')}</a> <a href="/findings">${sayReview(language, 'nav')}</a>${maySeeRecalls(viewer) && html` <a href="/recalls">${say(language, 'recalls')}</a>`}</nav>` : null}
</div></header>
<p id="offline" class="notice bad" role="status" hidden>${say(language, 'connectionLost')}</p>
<main id="main" tabindex="-1">${page.main}</main>
<footer class="foot"><div class="bar">
${languageSwitch(visit, page.path)}
${
  viewer.kind === 'person'
    ? html`<form method="post" action="/sign-out"><input type="hidden" name="csrf" value="${visit.csrf}">
<span class="quiet">${say(language, 'signedInAs', { name: '' })} ${theirs(viewer.name)}</span>
<button class="plain">${say(language, 'signOut')}</button></form>`
    : null
}
</div></footer>
</body>
</html>`
}

/** Kept with the person when somebody is signed in, in the address for everybody else. */
function languageSwitch({ viewer, csrf, language }: Visit, path: string): Html {
  const label = say(language, 'language')
  if (viewer.kind === 'person')
    return html`<form method="post" action="/language" class="languages" aria-label="${label}">
<input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="back" value="${path}">
${LANGUAGES.map((each) => html`<button class="plain" name="language" value="${each}" lang="${each}" ${each === language ? rawHtml('aria-pressed="true"') : rawHtml('aria-pressed="false"')}>${LANGUAGE_NAMES[each]}</button>`)}
</form>`
  return html`<nav class="languages" aria-label="${label}">${LANGUAGES.map(
    (each) =>
      html`<a href="${withLanguage(path, each)}" hreflang="${each}" lang="${each}" ${each === language ? rawHtml('aria-current="true"') : null}>${LANGUAGE_NAMES[each]}</a>`,
  )}</nav>`
}

function withLanguage(path: string, language: Language): string {
  const [page = '/', query = ''] = path.split('?', 2)
  const parameters = new URLSearchParams(query)
  parameters.set('lang', language)
  return `${page}?${parameters}`
}
