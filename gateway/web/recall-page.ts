import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import type { AppliedInput, Consignment, Origin, RecallReport } from '../trace/recall/recall-report.ts'
import type { RecallState } from '../trace/recall/recalls.ts'
import { theirs } from './app-frame.ts'
import { sayRecall } from './recall-messages.ts'
import { dateText, massText, numberText, quantityName, unitSymbol } from './words.ts'

export interface RecallView {
  readonly language: Language
  readonly timeZone: string
  readonly csrf: string
}

export interface FindForm {
  readonly gtin: string
  readonly lot: string
  readonly isWrong: boolean
}

export function recallsPage(view: RecallView, recalls: readonly RecallState[], form: FindForm): Html {
  const { language } = view
  return html`<div class="head"><h1>${sayRecall(language, 'title')}</h1><p class="quiet">${sayRecall(language, 'lead')}</p></div>
<section class="card"><h2>${sayRecall(language, 'findTitle')}</h2>
${form.isWrong && html`<p class="notice bad" role="alert">${sayRecall(language, 'malformed')}</p>`}
<form class="fields" action="/recalls"><label for="gtin">${sayRecall(language, 'gtin')}</label>
<input id="gtin" name="gtin" inputmode="numeric" maxlength="20" required value="${form.gtin}">
<label for="lot">${sayRecall(language, 'lot')}</label><input id="lot" name="lot" maxlength="40" autocapitalize="characters" required value="${form.lot}">
<button class="button">${sayRecall(language, 'find')}</button></form></section>
<section aria-labelledby="list"><h2 id="list">${sayRecall(language, 'listTitle')}</h2>${
    recalls.length === 0
      ? html`<p class="notice">${sayRecall(language, 'listEmpty')}</p>`
      : html`<ul class="recalls">${recalls.map((recall) => html`<li class="card"><p><a href="${lotPath(recall)}">${recall.lot}</a> ${state(view, recall)}</p><p>${reasonOf(language, recall)}</p><p class="quiet">${recall.gtin} · ${sayRecall(language, 'since', { date: dateText(language, view.timeZone, recall.recalledAt) })} · ${sayRecall(language, recall.isForward ? 'forward' : 'alone')}</p></li>`)}</ul>`
  }</section>`
}

export function recallLotPage(view: RecallView, report: RecallReport, isReasonWrong: boolean): Html {
  const { language, csrf } = view
  const { gtin, lot } = report.lot
  const open = report.recalls.filter((recall) => recall.state === 'recalled')
  const own = open.find((recall) => recall.gtin === gtin && recall.lot === lot)
  const path = lotPath(report.lot)
  return html`<nav class="crumbs"><a href="/recalls">${sayRecall(language, 'allRecalls')}</a></nav>
<div class="head"><h1>${lot}</h1><p class="quiet">GTIN ${gtin}</p></div>
${open.map((recall) => html`<p class="notice bad" role="status">${state(view, recall)} ${recall.lot === lot ? '' : recall.lot} ${sayRecall(language, 'since', { date: dateText(language, view.timeZone, recall.recalledAt) })}: ${reasonOf(language, recall)}</p>`)}
${report.isUnknown && html`<p class="notice">${sayRecall(language, 'unknown')}</p>`}
${report.isCut && html`<p class="notice bad">${sayRecall(language, 'cut')}</p>`}
<p class="row"><a class="button" href="${path}.csv" download>${sayRecall(language, 'export')}</a> <a href="/01/${gtin}/10/${encodeURIComponent(lot)}">${sayRecall(language, 'page')}</a></p>
<section aria-labelledby="ahead"><h2 id="ahead">${sayRecall(language, 'ahead')}</h2>${consignments(view, report.consignments)}
<details open><summary>${sayRecall(language, 'lots', { count: report.forward.length })}</summary>${names(report.forward)}</details>
${report.siblings.length > 0 && html`<details><summary>${sayRecall(language, 'siblings', { count: report.siblings.length })}</summary>${names(report.siblings)}</details>`}</section>
<section aria-labelledby="back"><h2 id="back">${sayRecall(language, 'back')}</h2>${report.origins.map((origin) => originCard(view, origin))}</section>
<section class="card" aria-labelledby="act"><h2 id="act">${sayRecall(language, own ? 'liftTitle' : 'declareTitle')}</h2>
${isReasonWrong && html`<p class="notice bad" role="alert">${sayRecall(language, 'reasonWrong')}</p>`}
<form class="fields" method="post" action="${path}"><input type="hidden" name="csrf" value="${csrf}">${own && html`<input type="hidden" name="recall" value="${own.recallId}">`}
<label for="reasonVi">${sayRecall(language, 'reasonVi')}</label><input id="reasonVi" name="reasonVi" lang="vi" maxlength="300" required>
<label for="reasonEn">${sayRecall(language, 'reasonEn')}</label><input id="reasonEn" name="reasonEn" lang="en" maxlength="300" required>
${!own && html`<label class="check"><input type="checkbox" name="forward" value="1" checked> ${sayRecall(language, 'alsoForward')}</label>`}
<button class="button">${sayRecall(language, own ? 'lift' : 'declare')}</button></form></section>`
}

export const lotPath = ({ gtin, lot }: { readonly gtin: string; readonly lot: string }): string =>
  `/recalls/${gtin}/${encodeURIComponent(lot)}`

const state = ({ language }: RecallView, recall: RecallState): Html =>
  html`<span class="badge ${recall.state === 'recalled' ? 'bad' : 'good'}">${sayRecall(language, recall.state)}</span>`

const reasonOf = (language: Language, { reasonVi, reasonEn }: RecallState): Html =>
  html`<span lang="${language}">${theirs(language === 'vi' ? reasonVi : reasonEn)}</span>`

const names = (lots: readonly { readonly gtin: string; readonly lot: string }[]): Html =>
  html`<ul>${lots.map((each) => html`<li><a href="${lotPath(each)}">${each.lot}</a> <span class="quiet">${each.gtin}</span></li>`)}</ul>`

function consignments({ language, timeZone }: RecallView, all: readonly Consignment[]): Html {
  if (all.length === 0) return html`<p class="notice">${sayRecall(language, 'consignmentsNone')}</p>`
  const total = all.reduce((sum, { massKg }) => sum + massKg, 0)
  const title = sayRecall(language, 'consignments', {
    count: all.length,
    mass: massText(language, Number(total.toPrecision(12))),
  })
  const heads = (['date', 'consignee', 'market', 'lot', 'mass', 'from'] as const).map((key) =>
    sayRecall(language, key),
  )
  return html`<h3>${title}</h3><div class="scroll" role="region" tabindex="0" aria-label="${title}"><table><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${all.map(
    (each) =>
      html`<tr><td>${dateText(language, timeZone, each.at)}</td><th scope="row" class="consignee">${theirs(each.consignee)}${each.consigneeGln && html` <span class="quiet">GLN ${each.consigneeGln}</span>`}</th><td>${theirs(each.market)}</td><td><a href="${lotPath(each)}">${each.lot}</a></td><td class="number">${massText(language, each.massKg)}</td><td>${theirs(each.farmName)}</td></tr>`,
  )}</tbody></table></div>`
}

function originCard(view: RecallView, origin: Origin): Html {
  const { language, timeZone } = view
  return html`<article class="card"><h3>${theirs(origin.farmName)} · ${theirs(origin.plotName)}</h3>
<p>${origin.lot}: ${sayRecall(language, 'harvested', { date: dateText(language, timeZone, origin.harvestedAt), mass: massText(language, origin.massKg) })}</p>
<p class="quiet">${theirs(origin.commune)} · ${origin.areaCode === null ? sayRecall(language, 'noArea') : sayRecall(language, 'area', { code: origin.areaCode })}</p>
${origin.inputs.length === 0 ? html`<p class="notice">${sayRecall(language, 'inputsNone')}</p>` : html`<details open><summary>${sayRecall(language, 'inputs', { count: origin.inputs.length })}</summary><ul>${origin.inputs.map((input) => html`<li>${inputLine(view, input)}</li>`)}</ul></details>`}
${origin.weather.length === 0 ? html`<p class="quiet">${sayRecall(language, 'weatherNone')}</p>` : weatherTable(language, origin)}</article>`
}

function inputLine({ language, timeZone }: RecallView, { type, at, details }: AppliedInput): Html {
  const known = ['sprayed', 'fertilised', 'irrigated', 'tested'] as const
  const word = known.find((each) => each === type)
  const { phiDays } = details
  // What was used first, then whatever else the book says of it, as it says it.
  const said = ['product', 'activeSubstance', 'registrationNo', 'what', 'result', 'lab', 'reportNo', 'reason']
    .map((key) => details[key])
    .filter((value) => value !== undefined && value !== '')
    .join(' · ')
  return html`${dateText(language, timeZone, at)} · <b>${word ? sayRecall(language, word) : type}</b> ${theirs(said)}${typeof phiDays === 'number' && html` · ${sayRecall(language, 'days', { n: phiDays })}`}`
}

function weatherTable(language: Language, { weather }: Origin): Html {
  const title = sayRecall(language, 'weather')
  const written = (value: number, unit: string) =>
    `${numberText(language, value, 1)}\u00a0${unitSymbol(language, unit)}`
  return html`<details><summary>${title}</summary><div class="scroll" role="region" tabindex="0" aria-label="${title}"><table><thead><tr>${(
    ['quantity', 'lowest', 'mean', 'highest'] as const
  ).map(
    (key) => html`<th scope="col">${sayRecall(language, key)}</th>`,
  )}</tr></thead><tbody>${weather.map(({ quantity, unit, min, mean, max }) => html`<tr><th scope="row">${quantityName(language, quantity)}</th>${[min, mean, max].map((value) => html`<td class="number">${written(value, unit)}</td>`)}</tr>`)}</tbody></table></div></details>`
}
