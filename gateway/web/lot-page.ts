import { createHash } from 'node:crypto'
import { type Html, html, rawHtml } from '#contract/ground/html.ts'
import { lotUri } from '#contract/trace/digital-link.ts'
import type { LotHistory } from '../insight/answers.ts'
import { theirs } from './app-frame.ts'
import { readText } from './assets.ts'
import { isLotMessage, type LotMessage, type PublicLanguage, sayPublic } from './lot-messages.ts'
import { LANGUAGE_NAME, LANGUAGE_TAG, PUBLIC_LANGUAGES } from './public-language.ts'
import { dateText, massText, momentText, valueText } from './words.ts'

/** What a consumer sees who scans a box of fruit: one HTML response with everything in it, and no script at all. */

const STYLE = readText('lot.css')
  .replaceAll(/\s*\n\s*/g, ' ')
  .trim()
const ICON = `data:image/svg+xml,${encodeURIComponent(readText('icon.svg').trim())}`

/** Nothing may be loaded; our own stylesheet is named by its hash, and the icon is inside the page. */
export const LOT_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

export interface LotView {
  readonly language: PublicLanguage
  readonly province: string
  readonly publicUrl: string
  readonly timeZone: string
  /** As the address says it; for a malformed one not yet checked. */
  readonly gtin: string
  readonly lot: string
}

export function lotPage(view: LotView, history: LotHistory): string {
  const { language, timeZone, province } = view
  const t = (key: LotMessage, parameters: Record<string, string | number> = {}): string =>
    sayPublic(language, key, { province, ...parameters })
  const fact = (key: LotMessage, value: Html | string): Html => html`<dt>${t(key)}</dt><dd>${value}</dd>`
  return framed(
    view,
    t('title', { lot: history.lot }),
    html`<p class="lead">${t('lead')}</p><h1>${product(language, history)}</h1>
${signature(view, history)}
<dl class="facts">${fact('farm', html`<span lang="vi">${theirs(`${history.commune}, ${history.province}`)}</span>`)}
${fact('harvested', dateText(language, timeZone, history.harvestedAt))}
${fact('mass', massText(language, history.massKg))}
${history.growingArea ? fact('area', theirs(history.growingArea.code)) : null}
${fact('lot', html`<code>${history.lot}</code>`)}
${fact('gtin', html`<code>${history.gtin}</code>`)}
${fact('received', momentText(language, timeZone, history.receivedAt))}</dl>
${conditions(view, history)}
${experts(view, history)}`,
  )
}

export type LotAbsence = 'unknown' | 'waiting' | 'malformed'

export function lotAbsencePage(view: LotView, absence: LotAbsence): string {
  const { language, province, lot } = view
  const t = (key: LotMessage): string => sayPublic(language, key, { province, lot: lot.slice(0, 60) })
  const more = { unknown: 'unknownFalse', waiting: 'waitingNext', malformed: null } as const
  const next = more[absence]
  return framed(
    view,
    t(`${absence}Title`),
    html`<p class="lead">${t('lead')}</p><h1>${t(`${absence}Title`)}</h1><div class="sign ${absence === 'waiting' ? 'wait' : 'none'}"><p>${t(`${absence}Body`)}</p></div>${next ? html`<p>${t(next)}</p>` : null}`,
    absence === 'malformed',
  )
}

function framed(view: LotView, title: string, main: Html, isMalformed = false): string {
  const { language, province, publicUrl, gtin, lot } = view
  const t = (key: LotMessage): string => sayPublic(language, key, { province })
  // A malformed address is not repeated in links.
  const page = isMalformed ? null : lotUri(publicUrl, { gtin, lot })
  return html`${rawHtml('<!doctype html>')}
<html lang="${LANGUAGE_TAG[language]}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${title}</title>${
    page
      ? html`<link rel="canonical" href="${page}">${PUBLIC_LANGUAGES.map((each) => html`<link rel="alternate" hreflang="${LANGUAGE_TAG[each]}" href="${page}?lang=${each}">`)}<link rel="alternate" hreflang="x-default" href="${page}">`
      : null
  }<link rel="icon" href="${ICON}"><style>${rawHtml(STYLE)}</style></head>
<body><header><span class="by">${t('by')}</span><nav aria-label="${t('languages')}">${PUBLIC_LANGUAGES.map(
    (each) =>
      html`<a href="?lang=${each}" hreflang="${LANGUAGE_TAG[each]}" lang="${LANGUAGE_TAG[each]}"${each === language ? rawHtml(' aria-current="true"') : null}>${LANGUAGE_NAME[each]}</a>`,
  )}</nav></header><main>${main}</main><footer><p>${t('privacy')}</p></footer></body></html>`.text
}

function product(language: PublicLanguage, { productVi, productEn, crop }: LotHistory): Html {
  const named = language === 'vi' ? productVi || productEn : productEn || productVi
  const tag = named === productVi && named !== productEn ? 'vi' : 'en'
  if (language !== 'zh' && named) return html`<bdi lang="${tag}">${named}</bdi>`
  const cropName = isLotMessage(crop) ? sayPublic(language, crop) : crop
  // The register has no Chinese name: the crop in Chinese, the product as it is registered beside it.
  return html`${theirs(cropName)}${named ? html` <small><bdi lang="${tag}">${named}</bdi></small>` : null}`
}

function signature({ language, province }: LotView, { events }: LotHistory): Html {
  const t = (key: LotMessage): string => sayPublic(language, key, { province })
  const state =
    events.length === 0
      ? 'None'
      : !events.every((event) => event.isTrusted)
        ? 'Revoked'
        : events.every((event) => event.isSignatureValid)
          ? 'Good'
          : 'Bad'
  return html`<section class="sign ${state === 'Revoked' ? 'bad' : state.toLowerCase()}"><h2>${t(`signature${state}`)}</h2><p>${t(`signature${state}Means`)}</p>${state === 'Good' ? html`<p class="quiet">${t('signatureLimits')}</p>` : null}</section>`
}

function conditions({ language, timeZone }: LotView, { conditions: all, harvestedAt }: LotHistory): Html {
  const t = (key: LotMessage, parameters = {}): string => sayPublic(language, key, parameters)
  if (all.length === 0)
    return html`<section><h2>${t('conditions')}</h2><p class="quiet">${t('conditionsNone')}</p></section>`
  const from = dateText(language, timeZone, Math.min(...all.map(({ fromMs }) => fromMs)))
  // The last day of measurements is summed as a whole; it ends, for the reader, with the harvest.
  const lastMs = Math.min(harvestedAt, Math.max(...all.map(({ toMs }) => toMs)) - 1)
  const to = dateText(language, timeZone, lastMs)
  return html`<section><h2>${t('conditions')}</h2><table><thead><tr><th scope="col">${t('quantity')}</th><th scope="col">${t('lowest')}</th><th scope="col">${t('highest')}</th></tr></thead><tbody>${all.map(
    ({ quantity, unit, min, max }) =>
      html`<tr><th scope="row">${isLotMessage(quantity) ? t(quantity) : quantity}</th><td>${valueText(language, { quantity, unit, value: min })}</td><td>${valueText(language, { quantity, unit, value: max })}</td></tr>`,
  )}</tbody></table><p class="quiet">${t('conditionsNote', { from, to })}</p></section>`
}

// A lot picked on many days has an event a day; a page for people shows the first ones.
const MAX_EVENTS = 20

function experts({ language }: LotView, { events, agent, boxCode }: LotHistory): Html {
  const t = (key: LotMessage, parameters = {}): string => sayPublic(language, key, parameters)
  return html`<details><summary>${t('experts')}</summary>${events
    .slice(0, MAX_EVENTS)
    .map(
      (event, index) =>
        html`<h3>${t('event', { number: index + 1 })}</h3><dl><dt>${t('eventId')}</dt><dd><code>${event.eventId}</code></dd><dt>${t('eventTime')}</dt><dd><code>${event.eventTime}</code></dd><dt>${t('eventStep')}</dt><dd><code>${event.bizStep}</code></dd><dt>${t('eventHash')}</dt><dd><code>${event.signedSha256}</code></dd><dt>${t('eventKey')}</dt><dd><code>${event.key}</code></dd><dt>${t('eventSignature')}</dt><dd>${t(!event.isTrusted ? 'revoked' : event.isSignatureValid ? 'holds' : 'fails')}</dd></dl>`,
    )}<dl><dt>${t('box')}</dt><dd><code>${boxCode} · ${agent}</code></dd></dl></details>`
}
