import { createHash } from 'node:crypto'
import { type Html, html, rawHtml } from '#contract/ground/html.ts'
import { readText } from './assets.ts'
import { type PublicLanguage, sayPublic } from './lot-messages.ts'
import { LANGUAGE_NAME, LANGUAGE_TAG, PUBLIC_LANGUAGES } from './public-language.ts'

/** What every public page stands in: one HTML response with everything in it, whole without script. */
const STYLE = readText('lot.css')
  .replaceAll(/\/\*[^*]*\*\//g, '')
  .replaceAll(/\s*\n\s*/g, ' ')
  .replaceAll(/\s*([{}:;,>])\s*/g, '$1')
  .replaceAll(';}', '}')
  .trim()
const ICON = `data:image/svg+xml,${encodeURIComponent(readText('icon.svg').trim())}`

/**
 * Our own stylesheet is named by its hash, the icon is inside the page; a script may come from here only and ask nobody
 * but us.
 */
export const PUBLIC_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

export interface PublicView {
  readonly language: PublicLanguage
  /** What the office is called, in the language of the page. */
  readonly province: string
  readonly publicUrl: string
  readonly timeZone: string
}

export function publicFrame(
  { language, province }: PublicView,
  page: {
    readonly title: string
    readonly main: Html
    /** The page's own address; null where it is malformed and not to be repeated. */
    readonly address: string | null
    /** A module that is fetched after the page has been painted. */
    readonly script?: string | undefined
  },
): string {
  const t = (key: 'by' | 'languages' | 'privacy'): string => sayPublic(language, key, { province })
  const { title, main, address, script } = page
  return html`${rawHtml('<!doctype html>')}
<html lang="${LANGUAGE_TAG[language]}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${title}</title>${
    address
      ? html`<link rel="canonical" href="${address}">${PUBLIC_LANGUAGES.map((each) => html`<link rel="alternate" hreflang="${LANGUAGE_TAG[each]}" href="${address}?lang=${each}">`)}<link rel="alternate" hreflang="x-default" href="${address}">`
      : null
  }<link rel="icon" href="${ICON}"><style>${rawHtml(STYLE)}</style></head>
<body><header><span class="by">${t('by')}</span><nav aria-label="${t('languages')}">${PUBLIC_LANGUAGES.map(
    (each) =>
      html`<a href="?lang=${each}" hreflang="${LANGUAGE_TAG[each]}" lang="${LANGUAGE_TAG[each]}"${each === language ? rawHtml(' aria-current="true"') : null}>${LANGUAGE_NAME[each]}</a>`,
  )}</nav></header><main>${main}</main><footer><p>${t('privacy')}</p></footer>${script ? html`<script type="module" src="${script}"></script>` : null}</body></html>`
    .text
}

/** Text in a language of its own inside a page of another. */
export const inLanguage = (language: PublicLanguage, text: string): Html =>
  html`<bdi lang="${LANGUAGE_TAG[language]}">${text}</bdi>`
