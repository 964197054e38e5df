import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import type { FigureSeries, PlotFigures } from '../insight/plot-figures.ts'
import type { PlotLine, PlotOutlook } from '../insight/plot-outlook.ts'
import { theirs } from './app-frame.ts'
import { isLotMessage, sayPublic } from './lot-messages.ts'
import { adviceSection } from './plot-advice.ts'
import { sayPlot } from './plot-messages.ts'
import { sayOutlook } from './plot-outlook-messages.ts'
import { type PlotView, withAge } from './plot-parts.ts'
import { riskSection } from './plot-risk.ts'
import { harvestSection, lightingSection, warmthSection } from './plot-season.ts'
import { seriesSection } from './plot-series.ts'
import { spraySection } from './plot-spray.ts'
import { waterSection } from './plot-water.ts'
import { momentText, numberText } from './words.ts'

// A box says something new of each plot every day, for the day is new; then its own rest between two, and an hour.
const NEW_EVERY_MS = 25 * 3_600_000

/** On a farm's page: every plot of which something is known, each a link, with what its box advises first. */
export function plotLinks(view: PlotView, farmId: string, plots: readonly PlotLine[]): Html {
  const { language, nowMs } = view
  return html`<section aria-labelledby="plots-title"><h2 id="plots-title">${sayPlot(language, 'section')}</h2>${
    plots.some(({ outlook, hasFigures }) => outlook !== null || hasFigures)
      ? html`<ul class="plots">${plots.map(
          (line) =>
            html`<li class="card">${
              line.outlook === null && !line.hasFigures
                ? html`<span class="plot-link">${plotName(language, line)}</span><p class="quiet">${sayPlot(language, 'notYet')}</p>`
                : html`<a class="plot-link" href="/farms/${encodeURIComponent(farmId)}/plots/${encodeURIComponent(line.plot)}"><span>${plotName(language, line)}</span></a>`
            }${line.outlook?.first && !isOld(line.outlook, nowMs) && html`<p><strong>${sayOutlook(language, `severity-${line.outlook.first.severity}`)}</strong> ${theirs(line.outlook.first[language])}</p>`}${line.outlook && html`<p class="quiet">${isOld(line.outlook, nowMs) ? withAge(view, 'stale-short', line.outlook.madeAt) : withAge(view, 'made', line.outlook.madeAt)}</p>`}</li>`,
        )}</ul>`
      : html`<p class="notice">${sayPlot(language, 'sectionEmpty')}</p>`
  }</section>`
}

const plotName = (language: Language, { name, crop, areaHa }: PlotLine): Html =>
  html`${theirs(name)}${crop !== '' && html` · ${cropName(language, crop)}`}${areaHa !== null && ` · ${areaText(language, areaHa)}`}`

const cropName = (language: Language, crop: string): string =>
  isLotMessage(crop) ? sayPublic(language, crop) : crop

const areaText = (language: Language, areaHa: number): string =>
  `${numberText(language, areaHa, Number.isInteger(areaHa) ? 0 : 1)}\u00a0ha`

/** One plot: what the box thinks of it, then the series behind it; either may be all that there is. */
export function plotPage(
  view: PlotView,
  farmId: string,
  plot: { readonly outlook: PlotOutlook | null; readonly figures: PlotFigures | null },
): Html {
  const { language } = view
  const { outlook, figures } = plot
  const facts = outlook
    ? [cropName(language, outlook.crop), outlook.areaHa === null ? '' : areaText(language, outlook.areaHa)]
    : []
  return html`<nav class="crumbs"><a href="/farms/${encodeURIComponent(farmId)}">${sayPlot(language, 'back')}</a></nav>
<div class="head"><h1>${theirs(plotTitle(plot))}</h1><p class="quiet">${theirs(outlook?.farmName ?? figures?.farmName ?? '')}${facts.filter(Boolean).map((each) => ` · ${each}`)}</p></div>
${outlook ? html`${standing(view, outlook)}${outlookSections(view, outlook)}` : html`<p class="notice">${sayPlot(language, 'pastOnly')}</p>`}
${figures && seriesSections(view, figures, outlook !== null)}`
}

export const plotTitle = ({
  outlook,
  figures,
}: {
  readonly outlook: PlotOutlook | null
  readonly figures: PlotFigures | null
}): string => outlook?.plotName ?? figures?.plotName ?? ''

const isOld = ({ madeAt, everyS }: { madeAt: number; everyS: number }, nowMs: number): boolean =>
  nowMs - madeAt > NEW_EVERY_MS + everyS * 1000

/** How old it is, and how far its forecast goes. */
function standing(view: PlotView, outlook: PlotOutlook): Html {
  const { language, timeZone, nowMs } = view
  const { madeAt, forecast, isTimeSure } = outlook
  const through = forecast.throughMs === null ? '' : momentText(language, timeZone, forecast.throughMs)
  const isOver = forecast.state === 'fresh' && (forecast.throughMs ?? nowMs) <= nowMs
  const fetched = forecast.fetchedAt ?? madeAt
  const forecastLine = isOver
    ? html`<p class="notice bad">${sayOutlook(language, 'forecast-over', { through })}</p>`
    : forecast.state === 'fresh'
      ? html`<p class="quiet">${withAge(view, 'forecast-fresh', fetched, { through })}</p>`
      : forecast.state === 'stale'
        ? html`<p class="notice bad">${withAge(view, 'forecast-stale', fetched)}</p>`
        : html`<p class="notice">${sayOutlook(language, `forecast-${forecast.state}`)}</p>`
  return html`${
    isOld(outlook, nowMs)
      ? html`<p class="notice bad">${withAge(view, 'stale', madeAt)}</p>`
      : html`<p class="quiet">${withAge(view, 'made', madeAt)}</p>`
  }${!isTimeSure && html`<p class="notice bad">${sayOutlook(language, 'made-unsure')}</p>`}${forecastLine}`
}

const outlookSections = (view: PlotView, outlook: PlotOutlook): Html =>
  html`${adviceSection(view, outlook)}${spraySection(view, outlook)}${riskSection(view, outlook)}${waterSection(view, outlook)}${warmthSection(view, outlook)}${lightingSection(view, outlook)}${harvestSection(view, outlook)}`

/** Beside an outlook they are the way to each series and its history; without one they are all that there is. */
function seriesSections(view: PlotView, { series }: PlotFigures, isBeside: boolean): Html {
  const { language } = view
  const of = (quantity: string, channel?: string): FigureSeries[] =>
    series.filter((each) => each.quantity === quantity && (channel === undefined || each.channel === channel))
  const [depletion] = of('soil-water-depletion')
  const [raw] = of('readily-available-water')
  const past = [
    seriesSection(view, 'risk', of('infection-risk'), undefined, isBeside),
    seriesSection(view, 'water', depletion ? [depletion] : [], raw, isBeside),
    seriesSection(view, 'warmth', of('degree-days', 'day'), undefined, isBeside),
    seriesSection(view, 'et0', of('reference-evapotranspiration', 'day'), undefined, isBeside),
    seriesSection(view, 'spray', of('delta-t'), undefined, isBeside),
  ]
  if (!isBeside) return html`${past}`
  return html`<section aria-labelledby="series"><h2 id="series">${sayOutlook(language, 'series')}</h2><details><summary>${sayOutlook(language, 'series-open', { count: series.length })}</summary>${past}</details></section>`
}
