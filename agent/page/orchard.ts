import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { riskChart, sprayStrip, twice, warmthChart, waterChart } from './day-charts.ts'
import type { FieldAnswer, HarvestField, PlotField, RiskField, RiskPoint } from './field-answer.ts'
import { note } from './layout.ts'
import type { LightingTrial, ReadWish } from './lighting-trial.ts'
import { lightingSection } from './orchard-lights.ts'
import { type OrchardKey, sayOrchard } from './orchard-messages.ts'
import {
  adviceList,
  dayOrUnknown,
  dayRow,
  indexTag,
  missing,
  orUnknown,
  spreadText,
  table,
  whyNote,
} from './orchard-parts.ts'
import type { Visit } from './visit.ts'
import { ago, cropName, dayAndTime, number, timeOfDay, unitSymbol, writtenDay } from './wording.ts'

// Of a season the last weeks matter; the models' days before them are in the series.
const WATER_DAYS = 30
const TABLE_DAYS = 21
const STALE_MS = 3 * 3_600_000

/** Every plot with its advice, the weightiest first, and the way to its charts. */
export function orchardContent(visit: Visit, field: FieldAnswer | undefined): Html {
  const { language } = visit
  if (!field || field.plots.length === 0)
    return note('info', sayOrchard(language, 'off'), sayOrchard(language, 'off-more'))
  return html`${forecastLine(visit, field)}${field.plots.map(
    (
      plot,
    ) => html`<section aria-labelledby="plot-${plot.plot}"><h2 id="plot-${plot.plot}">${plotTitle(visit, plot)}</h2>
${states(visit, plot)}${adviceList(visit, plot.advice)}
<p class="big"><a class="button quiet" href="/orchard/${encodeURIComponent(plot.plot)}">${sayOrchard(language, 'show-plot', { plot: plot.name })}</a></p></section>`,
  )}`
}

/** One plot: what to do first, then each figure with its chart, its table and its why. */
export function plotContent(
  visit: Visit,
  field: FieldAnswer,
  plot: PlotField,
  asked: ReadWish,
  trial: LightingTrial | null,
): Html {
  return html`<p><a class="button quiet" href="/orchard">${sayOrchard(visit.language, 'back')}</a></p>
${forecastLine(visit, field)}${states(visit, plot)}${adviceList(visit, plot.advice)}
${spraySection(visit, field, plot)}${waterSection(visit, plot)}${riskSections(visit, field, plot)}${warmthSection(visit, plot)}${lightingSection(visit, field, plot, asked, trial)}${harvestSection(visit, plot)}${sensorSection(visit, plot)}`
}

export const plotTitle = ({ language }: Visit, { name, crop, areaHa }: PlotField): string =>
  `${name} · ${cropName(language, crop)} · ${number(language, areaHa, 1)} ha`

function forecastLine({ language, nowMs }: Visit, { forecast }: FieldAnswer): Html {
  const age = forecast.fetchedAt === null ? '' : ago(language, nowMs - forecast.fetchedAt)
  switch (forecast.state) {
    case 'fresh':
      return html`<p class="faint">${sayOrchard(language, 'forecast-fresh', { age })}</p>`
    case 'stale':
      return note(
        'warning',
        sayOrchard(language, 'forecast-stale', { age }),
        sayOrchard(language, 'forecast-waiting-more'),
      )
    case 'waiting':
      return note(
        'info',
        sayOrchard(language, 'forecast-waiting'),
        sayOrchard(language, 'forecast-waiting-more'),
      )
    case 'off':
      return html`<p class="faint">${sayOrchard(language, 'forecast-off')} ${sayOrchard(language, 'forecast-off-more')}</p>`
  }
}

/** What stands in the way of all figures at once. */
function states({ language, nowMs }: Visit, { sensors, spray }: PlotField): Html | false {
  if (sensors.every(({ series }) => series === null))
    return note('info', sayOrchard(language, 'no-weather'), sayOrchard(language, 'no-weather-more'))
  const through = spray.why.inputsThroughMs
  if (through === null || nowMs - through < STALE_MS) return false
  return note(
    'warning',
    sayOrchard(language, 'stale', { age: ago(language, nowMs - through) }),
    sayOrchard(language, 'stale-more'),
  )
}

function spraySection(visit: Visit, { utcOffsetH }: FieldAnswer, { spray }: PlotField): Html {
  const { language, timeZone, nowMs } = visit
  const dayOf = (t: number) => {
    const local = new Date(t + utcOffsetH * 3_600_000).toISOString()
    return { date: local.slice(0, 10), hour: Number(local.slice(11, 13)) }
  }
  const sameDay = (from: number, to: number) => dayOf(from).date === dayOf(to).date
  const name = sayOrchard(language, 'spray-chart')
  const hasForecast = spray.hours.some(({ isForecast }) => isForecast)
  return html`<section aria-labelledby="spray"><h2 id="spray">${sayOrchard(language, 'spray-title')}</h2>
${spray.now && html`<p><strong>${sayOrchard(language, 'spray-now', { verdict: sayOrchard(language, `verdict-${spray.now.verdict}`) })}</strong> Delta-T ${orUnknown(language, spray.now.deltaTC, 1, '°C')} · ${sayOrchard(language, 'wind')} ${orUnknown(language, spray.now.windKmh, 0, 'km/h')} · ${ago(language, nowMs - spray.now.t)}</p>`}
${missing(language, spray.why)}
${spray.windows.length > 0 && html`<ul>${spray.windows.slice(0, 6).map(({ fromMs, toMs, verdict }) => html`<li>${sayOrchard(language, `window-${verdict}`, { from: sameDay(fromMs, toMs) ? timeOfDay(timeZone, fromMs) : dayAndTime(timeZone, fromMs), to: dayAndTime(timeZone, toMs) })}</li>`)}</ul>`}
${hasForecast && spray.windows.length === 0 && html`<p>${sayOrchard(language, 'no-window')}</p>`}
${
  spray.hours.length === 0
    ? html`<p>${sayOrchard(language, 'spray-none')}</p>`
    : html`<figure>${twice((size) => sprayStrip({ ...size, language, name, id: `spray-${size.className}` }, spray.hours, dayOf))}<figcaption class="faint">${sayOrchard(language, 'spray-key')}</figcaption></figure>
${table(
  language,
  sayOrchard(language, 'spray-title'),
  [
    sayOrchard(language, 'hour'),
    sayOrchard(language, 'verdict'),
    'Delta-T (°C)',
    `${sayOrchard(language, 'wind')} (km/h)`,
    `${sayOrchard(language, 'rain')} (mm)`,
  ],
  spray.hours.map(
    (hour) =>
      html`<tr><th scope="row">${dayAndTime(timeZone, hour.t)}${hour.isForecast && html` <span class="tag">${sayOrchard(language, 'forecast')}</span>`}</th><td>${sayOrchard(language, `verdict-${hour.verdict}`)}</td><td>${orUnknown(language, hour.deltaTC)}</td><td>${orUnknown(language, hour.windKmh, 0)}</td><td>${orUnknown(language, hour.rainMm)}</td></tr>`,
  ),
)}`
}${whyNote(visit, spray.why)}</section>`
}

function waterSection(visit: Visit, { water }: PlotField): Html {
  const { language } = visit
  const past = water.days.filter(({ isForecast }) => !isForecast).slice(-WATER_DAYS)
  const days = [...past, ...water.days.filter(({ isForecast }) => isForecast)]
  const last = past.at(-1)
  const name = sayOrchard(language, 'water-chart')
  const isKnown = days.some(({ drMm }) => drMm !== null)
  const { need } = water
  const gross = orUnknown(language, need?.grossMm ?? null)
  return html`<section aria-labelledby="water"><h2 id="water">${sayOrchard(language, 'water-title')}</h2>
${last && last.drMm !== null && html`<p><strong>${sayOrchard(language, 'water-now', { date: writtenDay(last.date), dr: orUnknown(language, last.drMm), raw: orUnknown(language, last.rawMm) })}</strong> ${last.trust === 'assumed' && sayOrchard(language, 'water-assumed')}</p>`}
${need && need.dueInDays !== null && html`<p>${need.dueInDays === 0 ? sayOrchard(language, 'water-due-today', { gross }) : sayOrchard(language, 'water-due', { days: number(language, need.dueInDays), gross })}</p>`}
${!isKnown && html`<p>${sayOrchard(language, 'water-none')}</p>`}${missing(language, water.why)}
${
  isKnown &&
  html`<figure>${twice((size) => waterChart({ ...size, language, name, id: `water-${size.className}` }, days))}<figcaption class="faint">${sayOrchard(language, 'water-key')}</figcaption></figure>
${table(
  language,
  sayOrchard(language, 'water-title'),
  [
    sayOrchard(language, 'date'),
    `${sayOrchard(language, 'dr')} (mm)`,
    'RAW (mm)',
    'ET0 (mm)',
    'ETc (mm)',
    `${sayOrchard(language, 'rain')} (mm)`,
    `${sayOrchard(language, 'irrigation')} (mm)`,
  ],
  days
    .toReversed()
    .slice(0, TABLE_DAYS)
    .map((day) =>
      dayRow(
        language,
        day.date,
        day.isForecast,
        [day.drMm, day.rawMm, day.et0Mm, day.etcMm, day.rainMm, day.irrigationMm].map((mm) =>
          orUnknown(language, mm),
        ),
      ),
    ),
)}`
}${whyNote(visit, water.why)}</section>`
}

const riskSections = (visit: Visit, field: FieldAnswer, { risks }: PlotField): Html =>
  html`<section aria-labelledby="risk"><h2 id="risk">${sayOrchard(visit.language, 'risk-title')}</h2>${
    risks.length === 0
      ? html`<p>${sayOrchard(visit.language, 'risk-none')}</p>`
      : risks.map((risk) => riskSection(visit, field, risk))
  }</section>`

function riskSection(visit: Visit, { today }: FieldAnswer, risk: RiskField): Html {
  const { language, timeZone } = visit
  const disease = risk.disease[language]
  const name = sayOrchard(language, 'risk-chart', { disease })
  const worst = (points: readonly RiskPoint[]) =>
    points.reduce<RiskPoint | undefined>(
      (found, each) => ((each.risk ?? -1) > (found?.risk ?? -1) ? each : found),
      undefined,
    )
  const said = (key: OrchardKey, point: RiskPoint | undefined) =>
    point &&
    sayOrchard(language, key, {
      day: point.date === today ? sayOrchard(language, 'today') : writtenDay(point.date),
      date: writtenDay(point.date),
      risk: orUnknown(language, point.risk, 2),
      level: sayOrchard(language, `level-${point.level}`),
    })
  const last = said('risk-now', risk.past.at(-1))
  const points = [...risk.past, ...risk.ahead]
  return html`<h3>${disease} <i lang="la">${risk.species}</i> ${indexTag(language, risk.why)}</h3>
<p><strong>${last && last.slice(0, 1).toLocaleUpperCase('vi') + last.slice(1)}</strong> ${said('risk-worst', worst(risk.past.slice(0, -1)))} ${said('risk-ahead', worst(risk.ahead))}</p>${missing(language, risk.why)}
${
  points.length > 0 &&
  html`<figure>${twice((size) => riskChart({ ...size, language, name, id: `risk-${risk.pathogen}-${size.className}` }, risk.past, risk.ahead))}<figcaption class="faint">${sayOrchard(language, 'risk-key')}</figcaption></figure>
${table(
  language,
  disease,
  [
    sayOrchard(language, 'date'),
    sayOrchard(language, 'risk'),
    sayOrchard(language, 'level'),
    sayOrchard(language, 'wet'),
  ],
  points
    .toReversed()
    .slice(0, TABLE_DAYS)
    .map((point) =>
      dayRow(language, point.date, point.isForecast, [
        orUnknown(language, point.risk, 2),
        sayOrchard(language, `level-${point.level}`),
        html`${point.periods.map((period) => html`${sayOrchard(language, 'period', { from: dayAndTime(timeZone, period.startMs), to: timeOfDay(timeZone, period.endMs), wet: number(language, period.wetHours), temp: orUnknown(language, period.meanTempC), needed: orUnknown(language, period.neededH) })}<br>`)}`,
      ]),
    ),
)}`
}${whyNote(visit, risk.why)}`
}

function warmthSection(visit: Visit, { warmth }: PlotField): Html {
  const { language } = visit
  const { from, sum, target, days, lowerC } = warmth
  const name = sayOrchard(language, 'warmth-chart')
  const share = sum === null || target === null ? null : Math.round((sum / target) * 100)
  return html`<section aria-labelledby="warmth"><h2 id="warmth">${sayOrchard(language, 'warmth-title')}</h2>
${
  sum === null || from === null
    ? html`<p>${sayOrchard(language, 'warmth-none')}</p>`
    : html`<p><strong>${sayOrchard(language, 'warmth-now', { from: writtenDay(from), sum: number(language, sum) })}</strong> ${share !== null && sayOrchard(language, 'warmth-target', { share, target: number(language, target ?? 0) })} ${warmth.expectedOn !== null && sayOrchard(language, 'warmth-on', { date: writtenDay(warmth.expectedOn) })} ${warmth.guessedDays > 0 && sayOrchard(language, 'warmth-guessed', { days: warmth.guessedDays })} ${lowerC !== null && sayOrchard(language, 'warmth-limits', { lower: number(language, lowerC) })}</p>
${share !== null && html`<progress max="100" value="${Math.min(100, share)}" aria-label="${sayOrchard(language, 'warmth-target', { share, target: number(language, target ?? 0) })}">${share} %</progress>`}`
}${missing(language, warmth.why)}
${
  days.length > 0 &&
  html`<figure>${twice((size) => warmthChart({ ...size, language, name, id: `warmth-${size.className}` }, days, target))}</figure>
${table(
  language,
  sayOrchard(language, 'warmth-title'),
  [
    sayOrchard(language, 'date'),
    `${sayOrchard(language, 'day')} (°C·d)`,
    `${sayOrchard(language, 'sum')} (°C·d)`,
  ],
  days
    .toReversed()
    .slice(0, TABLE_DAYS)
    .map((day) =>
      dayRow(language, day.date, false, [orUnknown(language, day.degreeDays), number(language, day.sum)]),
    ),
)}`
}${whyNote(visit, warmth.why)}</section>`
}

function harvestSection(visit: Visit, { harvest }: PlotField): Html {
  const { language } = visit
  return html`<section aria-labelledby="ripe"><h2 id="ripe">${sayOrchard(language, 'harvest-title')} ${indexTag(language, harvest.why)}</h2>
<p>${harvest.ripe ? sayOrchard(language, 'harvest-ripe', { earliest: dayOrUnknown(language, harvest.ripe.earliest), latest: dayOrUnknown(language, harvest.ripe.latest) }) : sayOrchard(language, 'harvest-no-date')} ${pickingText(language, harvest)}</p>
${harvest.pickable.length > 0 && html`<ul>${harvest.pickable.map(({ from, to }) => html`<li>${spreadText(language, { earliest: from, expected: null, latest: to })}</li>`)}</ul>`}${missing(language, harvest.why)}${whyNote(visit, harvest.why)}</section>`
}

/** An empty spray log allows nothing: it may be that nobody keeps it. */
function pickingText(language: Language, { why, isIntervalMissing, allowedFrom }: HarvestField): string {
  if (why.notes.includes('no-spray-in-the-farm-book')) return sayOrchard(language, 'harvest-no-sprays')
  if (isIntervalMissing || allowedFrom === null) return sayOrchard(language, 'harvest-interval')
  return sayOrchard(language, 'harvest-allowed', { date: writtenDay(allowedFrom) })
}

const sensorSection = ({ language, nowMs }: Visit, { sensors }: PlotField): Html =>
  html`<section aria-labelledby="sensors"><h2 id="sensors">${sayOrchard(language, 'sensors-title')}</h2><dl class="facts">${sensors.map(
    ({ input, series, last }) =>
      html`<div><dt>${sayOrchard(language, `input-${input}`)}</dt><dd>${series === null ? sayOrchard(language, 'sensor-none') : html`<a class="reach" href="/series/${series.no}">${series.device}</a>${last && html` · <strong>${number(language, last.value, 1)} ${unitSymbol(language, last.unit)}</strong> · ${ago(language, nowMs - last.t)}`}`}</dd></div>`,
  )}</dl></section>`
