import { type Html, html } from '#contract/ground/html.ts'
import { growingAreaUri, isCset82, isGln, lotUri } from '#contract/trace/digital-link.ts'
import { PERSONAL_FIELDS } from '#contract/wire/province-decisions.ts'
import type { LotHistory } from '../insight/answers.ts'
import type { LotStory } from '../insight/lot-history-story.ts'
import type { LotCheck } from '../trace/checks/lot-check.ts'
import { theirs } from './app-frame.ts'
import { lotConditions } from './lot-conditions.ts'
import { lotSightings, lotTreatments } from './lot-diary.ts'
import { isLotMessage, type LotMessage, type PublicLanguage, sayPublic } from './lot-messages.ts'
import { lotPacking } from './lot-packing.ts'
import { lotExperts, lotSignature, lotVerify } from './lot-signature.ts'
import type { LotLogState } from './lot-sources.ts'
import { lotCertificates, lotChecksSection, lotRecallBanner } from './lot-standing.ts'
import { sayStory } from './lot-story-messages.ts'
import { type PublicView, publicFrame } from './public-frame.ts'
import { dateText, massText, momentText } from './words.ts'

/** What a consumer sees who scans a box of fruit, in the order in which he asks. */
export interface LotView extends PublicView {
  /** As the address says it; for a malformed one not yet checked. */
  readonly gtin: string
  readonly lot: string
  /** The browser module that checks signatures and log again; absent where there is none. */
  readonly verifier?: string | undefined
}

export interface LotFacts {
  readonly story: LotStory
  readonly checks: readonly LotCheck[]
  readonly logState: LotLogState | null
}

export function lotPage(view: LotView, { story, checks, logState }: LotFacts): string {
  const { language, timeZone, province } = view
  const t = (key: LotMessage, parameters: Record<string, string | number> = {}): string =>
    sayPublic(language, key, { province, ...parameters })
  const fact = (key: LotMessage, value: Html | string): Html => html`<dt>${t(key)}</dt><dd>${value}</dd>`
  const on = (ms: number): string => dateText(language, timeZone, ms)
  const [from, to] = [on(story.harvestedAt), on(story.harvestedUntil)]
  return publicFrame(view, {
    title: t('title', { lot: story.lot }),
    address: lotUri(view.publicUrl, view),
    script: story.events.length > 0 ? view.verifier : undefined,
    main: html`${lotRecallBanner(view, story)}<p class="lead">${t('lead')}</p><h1>${productName(language, story)}</h1>
${lotSignature(view, story)}
<dl class="facts">${fact('farm', html`<span lang="vi">${story.places.map(({ commune, province: of }, index) => html`${index > 0 ? '; ' : ''}${theirs(`${commune}, ${of}`)}`)}</span>`)}
${story.holders.map((holder) => html`<dt>${sayStory(language, 'producer')}</dt><dd>${lines(PERSONAL_FIELDS.flatMap((field) => holder[field] ?? []))}</dd>`)}
${fact('harvested', from === to ? from : sayStory(language, 'harvestedSpan', { from, to }))}
${fact('mass', massText(language, story.massKg))}
${story.areas.length > 0 ? fact('area', html`${story.areas.map((area, index) => html`${index > 0 ? ', ' : ''}${areaLink(language, area)}`)}`) : null}
${fact('lot', html`<code>${story.lot}</code>`)}
${fact('gtin', html`<code>${story.gtin}</code>`)}
${fact('received', momentText(language, timeZone, story.receivedAt))}</dl>
${lotChecksSection(view, checks)}
${lotTreatments(view, story)}
${lotConditions(view, story)}
${lotSightings(view, story)}
${lotCertificates(view, story)}
${lotPacking(view, story)}
${lotVerify(view, story, logState)}
${lotExperts(view, story)}`,
  })
}

/** What a holder agreed to have shown, a line each: name, address, telephone. */
const lines = (texts: readonly string[]): Html =>
  html`${texts.map((text, index) => html`${index > 0 ? html`<br>` : null}<span lang="vi">${theirs(text)}</span>`)}`

export type LotAbsence = 'unknown' | 'waiting' | 'malformed'

export function lotAbsencePage(view: LotView, absence: LotAbsence): string {
  const { language, province, lot } = view
  const t = (key: LotMessage): string => sayPublic(language, key, { province, lot: lot.slice(0, 60) })
  const more = { unknown: 'unknownFalse', waiting: 'waitingNext', malformed: null } as const
  const next = more[absence]
  return publicFrame(view, {
    title: t(`${absence}Title`),
    // A malformed address is not repeated in links.
    address: absence === 'malformed' ? null : lotUri(view.publicUrl, view),
    main: html`<p class="lead">${t('lead')}</p><h1>${t(`${absence}Title`)}</h1><div class="sign ${absence === 'waiting' ? 'wait' : 'none'}"><p>${t(`${absence}Body`)}</p></div>${next ? html`<p>${t(next)}</p>` : null}`,
  })
}

export function productName(
  language: PublicLanguage,
  { productVi, productEn, crop }: Pick<LotHistory, 'productVi' | 'productEn' | 'crop'>,
): Html {
  const named = language === 'vi' ? productVi || productEn : productEn || productVi
  const tag = named === productVi && named !== productEn ? 'vi' : 'en'
  if (language !== 'zh' && named) return html`<bdi lang="${tag}">${named}</bdi>`
  const cropName = isLotMessage(crop) ? sayPublic(language, crop) : crop
  // The register has no Chinese name: the crop in Chinese, the product as it is registered beside it.
  return html`${theirs(cropName)}${named ? html` <small><bdi lang="${tag}">${named}</bdi></small>` : null}`
}

/** A code that GS1's characters cannot write has no address of its own. */
function areaLink(language: PublicLanguage, area: { gln: string; code: string }): Html {
  if (!isGln(area.gln) || !isCset82(area.code, 20)) return theirs(area.code)
  return html`<a href="${growingAreaUri('', area)}?lang=${language}">${theirs(area.code)}</a>`
}
