import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { parseLotPath } from '#contract/trace/digital-link.ts'
import type { AlarmCard, FarmDetail, LotCard, SeriesCard } from '../insight/answers.ts'
import type { FindingCard } from '../insight/findings.ts'
import type { PlotLine } from '../insight/plot-outlook.ts'
import { alarmSentence, severityOf } from './alarm-sentence.ts'
import { theirs } from './app-frame.ts'
import { chainNotice } from './chain-notice.ts'
import { age, boxLine } from './farms-page.ts'
import { findingsSection } from './findings-section.ts'
import { boxState, isStale } from './freshness.ts'
import { isLotMessage, sayPublic } from './lot-messages.ts'
import { say } from './messages.ts'
import { plotLinks } from './plot-page.ts'
import { markBadges, markLegend, marksOf } from './quality-marks.ts'
import { dateText, massText, momentText, numberText, seriesName, valueText } from './words.ts'

interface View {
  readonly language: Language
  readonly timeZone: string
  readonly nowMs: number
}

export function farmPage(
  view: View,
  detail: FarmDetail,
  findings: readonly FindingCard[] = [],
  plots: readonly PlotLine[] = [],
): Html {
  const { language } = view
  const { farm } = detail
  return html`<nav class="crumbs"><a href="/farms">${say(language, 'farms')}</a></nav>
<div class="head"><h1>${theirs(farm.name)}</h1><p class="quiet">${theirs(farm.commune)}, ${theirs(farm.province)}</p></div>
<div id="state" data-live>${state(view, detail)}</div>
<section aria-labelledby="alarms-title"><h2 id="alarms-title">${say(language, 'alarmsTitle')}</h2><div id="alarms" data-live>${alarms(view, detail)}</div></section>
<section aria-labelledby="readings-title"><h2 id="readings-title">${say(language, 'readingsTitle')}</h2><div id="readings" data-live>${readings(view, detail.series)}</div>
${legend(view, detail.series)}</section>
${plotLinks(view, farm.farmId, plots)}
${findingsSection(view, findings)}
<section aria-labelledby="lots-title"><h2 id="lots-title">${say(language, 'lotsTitle')}</h2>${lots(view, detail.lots)}</section>
${detail.boxes.length > 0 ? html`<section aria-labelledby="sync-title"><h2 id="sync-title">${say(language, 'syncTitle')}</h2><div id="sync" data-live>${detail.boxes.map((box) => sync(view, box))}</div></section>` : null}`
}

function state({ language, nowMs }: View, { boxes }: FarmDetail): Html {
  if (boxes.length === 0) return html`<p class="notice">${say(language, 'farmNoBox')}</p>`
  return html`${boxes.map((box) => {
    const now = boxState(box, nowMs)
    const { revokedFor, untrustedBatches, oldKeyBatches } = box.trust
    const suspended = revokedFor === null ? 'suspendedMeans' : 'revokedMeans'
    const means = now === 'offline' ? 'offlineMeans' : now === 'suspended' ? suspended : null
    const doubts = [
      ...(means ? [say(language, means)] : []),
      ...(untrustedBatches > 0 ? [say(language, 'untrustedMeans', { count: untrustedBatches })] : []),
      ...(oldKeyBatches > 0 ? [say(language, 'oldKeyMeans', { count: oldKeyBatches })] : []),
    ]
    return html`<div class="${doubts.length > 0 ? 'notice bad' : 'boxes'}">${boxLine(language, box, now, nowMs)}${doubts.map((doubt) => html`<p>${doubt}</p>`)}</div>`
  })}${chainNotice(language, boxes)}`
}

function alarms(view: View, { alarms: all, boxes }: FarmDetail): Html {
  const { language, nowMs } = view
  const isHeard = boxes.some((box) => boxState(box, nowMs) === 'online')
  const open = all.filter((alarm) => alarm.state === 'raised')
  const over = all.filter((alarm) => alarm.state === 'cleared')
  return html`${open.length === 0 ? html`<p class="notice ${isHeard ? 'good' : ''}">${say(language, isHeard ? 'alarmsAllClear' : 'alarmsUnknown')}</p>` : html`<ul class="alarms">${open.map((alarm) => openAlarm(view, alarm))}</ul>`}
${over.length > 0 ? html`<details id="alarms-over"><summary>${say(language, 'alarmsCleared', { count: over.length })}</summary><ul class="alarms over">${over.map((alarm) => overAlarm(view, alarm))}</ul></details>` : null}`
}

const SEVERITY = { info: 'severityInfo', warning: 'severityWarning', critical: 'severityCritical' } as const

function openAlarm({ language, nowMs }: View, alarm: AlarmCard): Html {
  const severity = severityOf(alarm)
  const [since = ''] = say(language, 'alarmSince').split('{age}')
  return html`<li class="alarm ${severity}"><p><strong class="severity">${say(language, SEVERITY[severity])}</strong> ${theirs(alarmSentence(language, alarm))}</p>
<p class="quiet">${since}${age(language, alarm.raisedAt, nowMs)}${alarm.name && alarm.name !== alarm.device && alarm.rule !== 'finding' ? html` · ${say(language, 'alarmRuleName', { name: '' })}${theirs(alarm.name)}` : null}${alarm.acknowledgedAt === null ? null : html` · ${say(language, 'alarmAcknowledged')}`}</p></li>`
}

function overAlarm({ language, timeZone }: View, alarm: AlarmCard): Html {
  const from = momentText(language, timeZone, alarm.raisedAt)
  const to = momentText(language, timeZone, alarm.clearedAt ?? alarm.raisedAt)
  return html`<li class="alarm"><p>${theirs(alarmSentence(language, alarm))}</p><p class="quiet">${say(language, 'alarmOver', { from, to })}</p></li>`
}

/** Grouped by place and device, in the order that insight gives. */
function readings(view: View, series: readonly SeriesCard[]): Html {
  const { language } = view
  if (series.length === 0) return html`<p class="notice">${say(language, 'readingsEmpty')}</p>`
  const places = Map.groupBy(series, (card) => card.place)
  return html`${[...places].map(
    ([
      place,
      here,
    ]) => html`<section class="place"><h3>${place ? theirs(place) : say(language, 'noPlace')}</h3>
${[...Map.groupBy(here, (card) => card.device)].map(
  ([device, cards]) =>
    html`<h4>${theirs(device)}</h4><ul class="tiles">${cards.map((card) => tile(view, card))}</ul>`,
)}</section>`,
  )}`
}

function tile({ language, nowMs }: View, card: SeriesCard): Html {
  const { last } = card
  const stale = last ? isStale(last.t, nowMs) : false
  const marks = last ? marksOf(last.quality, last.clock === 'unknown') : []
  return html`<li class="tile ${stale || !last ? 'stale' : ''}"><a href="/series/${encodeURIComponent(card.uuid)}">
<span class="name">${theirs(seriesName(language, card))}</span>
${
  last
    ? html`<span class="value">${valueText(language, { ...card, value: last.value })}</span><span class="age">${age(language, last.t, nowMs)}</span>`
    : html`<span class="age">${say(language, 'noReadingYet')}</span>`
}
${stale || marks.length > 0 || card.origin !== 'measured' ? html`<span class="marks">${stale ? html`<span class="mark">${say(language, 'stale')}</span>` : null}${card.origin !== 'measured' ? html`<span class="mark calm">${say(language, 'derived')}</span>` : null}${markBadges(language, marks)}</span>` : null}
</a></li>`
}

function legend({ language, nowMs }: View, series: readonly SeriesCard[]): Html {
  const lasts = series.flatMap(({ last }) => (last ? [last] : []))
  const marks = lasts.flatMap((last) => marksOf(last.quality, last.clock === 'unknown'))
  return html`${lasts.some(({ t }) => isStale(t, nowMs)) ? html`<p class="quiet">${say(language, 'freshnessNote')}</p>` : null}${markLegend(language, marks)}`
}

function lots({ language, timeZone }: View, all: readonly LotCard[]): Html {
  if (all.length === 0) return html`<p class="notice">${say(language, 'lotsEmpty')}</p>`
  const fact = (key: Parameters<typeof say>[1], value: Html | string): Html =>
    html`<div><dt>${say(language, key)}</dt><dd>${value}</dd></div>`
  return html`<p class="quiet">${say(language, 'lotsNote')}</p><ul class="lots">${all.map(
    (lot) => html`<li class="card">${lotLink(language, lot)}<dl>
${fact('lotCrop', cropName(language, lot.crop))}${fact('lotPlot', theirs(lot.plot))}
${fact('lotHarvested', dateText(language, timeZone, lot.harvestedAt))}${fact('lotMass', massText(language, lot.massKg))}</dl></li>`,
  )}</ul>`
}

/** Only a number that GS1's rules allow becomes an address; what else a box sends stays text. */
function lotLink(language: Language, { gtin, lot }: LotCard): Html {
  if (!parseLotPath(gtin, lot) || lot === '.' || lot === '..')
    return html`<span class="lot">${theirs(lot)}</span>`
  return html`<a class="lot" href="/01/${gtin}/10/${encodeURIComponent(lot)}?lang=${language}">${say(language, 'lotPage', { lot })}</a>`
}

export const cropName = (language: Language, crop: string): string =>
  isLotMessage(crop) ? sayPublic(language, crop) : crop

const LANE = { record: 'laneRecord', finding: 'laneFinding', reading: 'laneReading' } as const

function sync({ language }: View, box: FarmDetail['boxes'][number]): Html {
  return html`<table class="lanes"><caption>${say(language, 'syncCaption', { code: box.boxCode })}</caption>
<thead><tr><th scope="col">${say(language, 'lane')}</th><th scope="col" class="number">${say(language, 'laneThrough')}</th><th scope="col">${say(language, 'laneState')}</th></tr></thead>
<tbody>${box.lanes.map(
    ({ lane, durableThrough, missing }) =>
      html`<tr><th scope="row">${say(language, LANE[lane])}</th><td class="number">${numberText(language, durableThrough, 0)}</td><td>${
        missing > 0
          ? html`<span class="badge bad">${say(language, 'laneMissing', { count: missing })}</span>`
          : say(language, durableThrough > 0 ? 'laneComplete' : 'laneNothing')
      }</td></tr>`,
  )}</tbody></table>`
}
