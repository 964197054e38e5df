import { type Html, html } from '#contract/ground/html.ts'
import { growingAreaUri, lotUri } from '#contract/trace/digital-link.ts'
import type { GrowingAreaView } from '../insight/growing-area.ts'
import { theirs } from './app-frame.ts'
import { sayArea } from './area-messages.ts'
import { isLotMessage, sayPublic } from './lot-messages.ts'
import { certificateSection, dayText } from './lot-standing.ts'
import { sayStory } from './lot-story-messages.ts'
import { inLanguage, type PublicView, publicFrame } from './public-frame.ts'
import { dateText, massText, numberText } from './words.ts'

type Message = Parameters<typeof sayArea>[1]

/** `/414/{gln}/254/{code}`: what a code is, who stands behind it, and whether the fruit that bears it can come from there. */
export function areaPage(view: PublicView, area: GrowingAreaView): string {
  const { language } = view
  const t = (key: Message, parameters = {}): string => sayArea(language, key, parameters)
  const isHouse = area.registered?.kind === 'packing-house'
  return publicFrame(view, {
    title: t('title', { code: area.code }),
    address: growingAreaUri(view.publicUrl, area),
    main: html`<p class="lead">${t(isHouse ? 'leadHouse' : 'leadArea')}</p><h1>${theirs(area.code)}</h1>
${registration(view, area)}
${isHouse ? null : seasonSection(view, area)}
${area.registered ? certificateSection(view, area.certificates) : null}
${isHouse ? null : lotsSection(view, area)}
<p class="quiet">${t('privacy')}</p>`,
  })
}

function registration({ language }: PublicView, { gln, registered }: GrowingAreaView): Html {
  const t = (key: Message, parameters = {}): string => sayArea(language, key, parameters)
  if (!registered)
    return html`<div class="sign wait"><p>${t('unregistered')}</p></div><dl class="facts"><dt>${t('gln')}</dt><dd><code>${gln}</code></dd></dl>`
  const { kind, state, issuer, crop, variety, areaHa, markets, commune, validFrom, validTo } = registered
  const fact = (key: Message, value: Html | string | null): Html | null =>
    value === null ? null : html`<dt>${t(key)}</dt><dd>${value}</dd>`
  const span = [
    validFrom ? sayStory(language, 'from', { date: dayText(language, validFrom) }) : '',
    validTo ? sayStory(language, 'until', { date: dayText(language, validTo) }) : '',
  ].filter(Boolean)
  const cropName = isLotMessage(crop) ? sayPublic(language, crop) : crop
  return html`<p>${t(kind === 'packing-house' ? 'meansHouse' : 'means')}</p>
<dl class="facts">${fact('state', html`<span class="tag ${state === 'valid' ? 'pass' : 'fail'}">${sayStory(language, `state-${state}`)}</span>`)}
${fact('issuer', inLanguage('vi', issuer))}
${fact('validity', span.join(' ') || t('unstated'))}
${crop ? fact('crop', html`${theirs(cropName)}${variety ? html` · ${inLanguage('vi', variety)}` : null}`) : null}
${areaHa > 0 ? fact('area', `${numberText(language, areaHa, areaHa < 10 ? 2 : 1)}\u00a0ha`) : null}
${markets.length > 0 ? fact('markets', theirs(markets.join(', '))) : null}
${commune ? fact('commune', inLanguage('vi', commune)) : null}
${fact('gln', html`<code>${gln}</code>`)}</dl>`
}

/** How much was marked with the code, and whether so much can grow there. */
function seasonSection({ language }: PublicView, { season, registered }: GrowingAreaView): Html {
  const t = (key: Message, parameters = {}): string => sayArea(language, key, parameters)
  const capacityKg = registered?.capacityKg ?? null
  const share = capacityKg ? (100 * season.massKg) / capacityKg : null
  const sentence =
    share === null
      ? t('cannotTell')
      : share > 100
        ? t('over')
        : t('within', { percent: numberText(language, share, share < 10 ? 1 : 0) })
  return html`<section><h2>${t('season', { days: season.days })}</h2><p class="figure">${t('seasonLots', { mass: massText(language, season.massKg), lots: season.lots })}</p>${
    capacityKg
      ? html`<p>${t('capacity')}: <strong>${massText(language, capacityKg)}</strong></p><meter min="0" max="${Math.max(capacityKg, season.massKg)}" value="${season.massKg}" aria-label="${sentence}"></meter>`
      : null
  }<p${share !== null && share > 100 ? html` class="note bad"` : html` class="quiet"`}>${sentence}</p></section>`
}

function lotsSection({ language, timeZone }: PublicView, area: GrowingAreaView): Html {
  const t = (key: Message, parameters = {}): string => sayArea(language, key, parameters)
  const { lots, page, pages } = area
  if (lots.length === 0)
    return html`<section><h2>${t('lots')}</h2><p class="quiet">${t('lotsNone')}</p></section>`
  const turn = (to: number, key: 'newer' | 'older'): Html | null =>
    to >= 1 && to <= pages
      ? html`<a href="?lang=${language}&amp;page=${to}" rel="${key === 'newer' ? 'prev' : 'next'}">${t(key)}</a>`
      : null
  return html`<section><h2>${t('lots')}</h2><table><thead><tr><th scope="col">${t('lot')}</th><th scope="col">${t('harvested')}</th><th scope="col">${t('mass')}</th></tr></thead><tbody>${lots.map(
    ({ gtin, lot, massKg, harvestedAt, isRecalled }) =>
      html`<tr><th scope="row"><a href="${lotUri('', { gtin, lot })}?lang=${language}"><code>${lot}</code></a>${isRecalled ? html` <span class="tag fail">${t('recalled')}</span>` : null}</th><td>${dateText(language, timeZone, harvestedAt)}</td><td>${massText(language, massKg)}</td></tr>`,
  )}</tbody></table>${pages > 1 ? html`<p class="turn">${turn(page - 1, 'newer')} <span class="quiet">${t('pages', { page, pages })}</span> ${turn(page + 1, 'older')}</p>` : null}</section>`
}

export function areaAbsencePage(view: PublicView, code: string, absence: 'unknown' | 'malformed'): string {
  const { language } = view
  const t = (key: Message): string => sayArea(language, key, { code: code.slice(0, 60) })
  return publicFrame(view, {
    title: t(`${absence}Title`),
    address: null,
    main: html`<p class="lead">${t('leadArea')}</p><h1>${t(`${absence}Title`)}</h1><div class="sign none"><p>${t(`${absence}Body`)}</p></div>`,
  })
}

/** `/01/{gtin}`: a product without a lot. `named` is what the register calls it, null for a code that it does not have. */
export function itemPage(
  view: PublicView,
  gtin: string,
  named: { readonly productVi: string; readonly productEn: string; readonly crop: string } | null,
): string {
  const { language } = view
  const t = (key: Message): string => sayArea(language, key, { gtin })
  const crop = named && isLotMessage(named.crop) ? sayPublic(language, named.crop) : (named?.crop ?? '')
  const own = language === 'vi' ? named?.productVi || named?.productEn : named?.productEn || named?.productVi
  return publicFrame(view, {
    title: t(named ? 'itemTitle' : 'itemUnknownTitle'),
    address: named ? `${view.publicUrl.replace(/\/+$/, '')}/01/${gtin}` : null,
    main: html`<p class="lead">${t('itemLead')} <code>${gtin}</code></p><h1>${named ? theirs(language === 'zh' ? crop : own || crop) : t('itemUnknownTitle')}</h1><p>${t(named ? 'itemBody' : 'itemUnknownBody')}</p>`,
  })
}
