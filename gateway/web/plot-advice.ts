import { type Html, html } from '#contract/ground/html.ts'
import { quantityOf } from '#contract/wire/quantities.ts'
import type { PlotOutlook } from '../insight/plot-outlook.ts'
import type { AdviceCard } from '../insight/plot-outlook-answer.ts'
import { theirs } from './app-frame.ts'
import { age } from './farms-page.ts'
import { sayOutlook } from './plot-outlook-messages.ts'
import { type PlotView, worded } from './plot-parts.ts'
import { momentText, numberText, quantityName, unitSymbol, valueText } from './words.ts'

/** What the box advises, the weightiest first, each with the numbers that it rests on one tap away. */
export function adviceSection(view: PlotView, { advice }: PlotOutlook): Html {
  const { language } = view
  const said = advice.filter(({ severity }) => severity !== 'missing')
  const missing = advice.filter(({ severity }) => severity === 'missing')
  return html`<section aria-labelledby="advice"><h2 id="advice">${sayOutlook(language, 'advice-title')}</h2>${
    said.length > 0
      ? html`<ul class="alarms">${said.map((card) => item(view, card))}</ul>`
      : html`<p class="notice">${sayOutlook(language, 'advice-none')}</p>`
  }${missing.length > 0 && html`<details><summary>${sayOutlook(language, 'unanswered', { count: missing.length })}</summary><ul class="alarms">${missing.map((card) => item(view, card))}</ul></details>`}</section>`
}

const LOOK = { act: 'critical', watch: '', info: 'info', missing: 'info' } as const

function item(view: PlotView, card: AdviceCard): Html {
  const { language } = view
  return html`<li class="alarm ${LOOK[card.severity]}"><p><strong class="severity">${sayOutlook(language, `severity-${card.severity}`)}</strong> ${theirs(card[language])}</p>${
    card.evidence.length > 0 &&
    html`<details><summary>${sayOutlook(language, 'evidence')}</summary><ul class="evidence">${card.evidence.map((each) => html`<li>${evidence(view, each)}</li>`)}</ul></details>`
  }</li>`
}

function evidence({ language, timeZone, nowMs }: PlotView, each: AdviceCard['evidence'][number]): Html {
  const { what, value, unit, at, untilMs, series, model } = each
  const quantity = quantityOf(what)
  const name = quantity ? quantityName(language, what) : worded(language, `what-${what}`, what)
  const number = quantity
    ? valueText(language, { quantity: what, unit, value })
    : `${numberText(language, value, Number.isInteger(value) ? 0 : 1)}\u00a0${unitSymbol(language, unit)}`
  const when =
    untilMs !== null
      ? sayOutlook(language, 'spread', {
          from: momentText(language, timeZone, at),
          to: momentText(language, timeZone, untilMs),
        })
      : at > nowMs
        ? momentText(language, timeZone, at)
        : age(language, at, nowMs)
  const said = html`<span>${theirs(name)}: <strong>${number}</strong></span>`
  return html`${series === null ? said : html`<a class="plot-link" href="/series/${encodeURIComponent(series)}">${said}</a>`} · ${when}${model !== null && html` · ${theirs(model)}`}`
}
