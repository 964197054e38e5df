import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import type { FieldAnswer, PlotField } from './field-answer.ts'
import {
  firstWish,
  isWhole,
  type LightingTrial,
  type LightingWish,
  type ReadWish,
  WISH_BOUNDS,
  WISH_FIELDS,
  type WishField,
} from './lighting-trial.ts'
import { sayOrchard } from './orchard-messages.ts'
import { dayRow, indexTag, keyed, missing, spreadText, table, whyNote } from './orchard-parts.ts'
import type { Visit } from './visit.ts'
import { number, writtenDay } from './wording.ts'

const LABELS = {
  bulbs: 'try-bulbs',
  watts: 'try-watts',
  hours: 'try-hours',
  nights: 'try-nights',
  vndPerKwh: 'try-price',
} as const satisfies Record<WishField, string>

/** The lighting plan of the config and a form that tries other lights; nothing of it is saved. */
export function lightingSection(
  visit: Visit,
  field: FieldAnswer,
  { crop, lighting }: PlotField,
  asked: ReadWish,
  trial: LightingTrial | null,
): Html | false {
  const { language } = visit
  if (crop !== 'dragon-fruit') return false
  const { plan, why } = lighting
  return html`<section aria-labelledby="lights"><h2 id="lights">${sayOrchard(language, 'lights-title')} ${indexTag(language, why)}</h2>
${plan ? planFacts(language, { ...plan, hours: plan.hoursANight }) : html`<p>${sayOrchard(language, 'lights-none')}</p>${missing(language, why)}`}
${lighting.dayLengthH !== null && html`<p class="faint">${sayOrchard(language, 'day-length')}: ${number(language, lighting.dayLengthH, 1)} h</p>`}
${whyNote(visit, why)}
<h3 id="try">${sayOrchard(language, 'try-title')}</h3>
${field.site === null ? html`<p class="todo">${sayOrchard(language, 'try-no-site')}</p>` : form(language, asked, firstWish(lighting))}
<div id="tried">${trial && asked.kind === 'asked' && html`<h3>${sayOrchard(language, 'try-result')}</h3>${planFacts(language, { ...trial, hours: asked.wish.hours })}`}</div></section>`
}

function planFacts(language: Language, plan: LightingTrial & { readonly hours: number }): Html {
  const fact = (name: string, value: string) =>
    html`<div><dt>${name}</dt><dd><strong>${value}</strong></dd></div>`
  return html`<p class="what">${sayOrchard(language, 'lights-plan', { start: writtenDay(plan.start), nights: plan.nights.length, hours: number(language, plan.hours, Number.isInteger(plan.hours) ? 0 : 1) })}</p>
${plan.warnings.map((each) => html`<p class="todo">${keyed(language, `warn-${each}`, each)}</p>`)}
<dl class="facts">${fact(sayOrchard(language, 'lights-energy'), `${number(language, plan.kwh)} kWh`)}${fact(sayOrchard(language, 'lights-cost'), vnd(language, plan.vnd))}${fact(sayOrchard(language, 'lights-needed'), sayOrchard(language, 'lights-nights', { count: plan.neededNights }))}${fact(sayOrchard(language, 'bud'), spreadText(language, plan.bud))}${fact(sayOrchard(language, 'anthesis'), spreadText(language, plan.anthesis))}${fact(sayOrchard(language, 'harvest'), spreadText(language, plan.harvest))}</dl>
${table(
  language,
  sayOrchard(language, 'lights-title'),
  [sayOrchard(language, 'night'), 'kWh', language === 'vi' ? 'đồng' : 'VND'],
  plan.nights.map(({ date, kwh, vnd }) =>
    dayRow(language, date, false, [number(language, kwh, 1), number(language, vnd)]),
  ),
)}`
}

function form(language: Language, asked: ReadWish, first: LightingWish): Html {
  const wish = asked.kind === 'asked' ? asked.wish : first
  const wrong = asked.kind === 'wrong' ? asked.field : null
  return html`<p class="faint">${sayOrchard(language, 'try-note')}</p><form method="get" action="#tried">${WISH_FIELDS.map(
    (name) => {
      const [low, high] = WISH_BOUNDS[name]
      const isWrong = name === wrong
      return html`<div class="field"><label for="${name}">${sayOrchard(language, LABELS[name])}</label>${isWrong && html`<p class="wrong" id="${name}-wrong" role="alert">${sayOrchard(language, isWhole(name) ? 'try-wrong' : 'try-wrong-part', { name: sayOrchard(language, LABELS[name]), low: number(language, low), high: number(language, high) })}</p>`}<input id="${name}" name="${name}" inputmode="${isWhole(name) ? 'numeric' : 'decimal'}" maxlength="9" autocomplete="off" value="${typedNumber(language, wish[name])}"${isWrong && html` aria-invalid="true" aria-describedby="${name}-wrong"`}></div>`
    },
  )}<p><button>${sayOrchard(language, 'try-do')}</button></p></form>`
}

/** As a person of this language would type it. */
const typedNumber = (language: Language, value: number): string =>
  language === 'vi' ? `${value}`.replace('.', ',') : `${value}`

const vnd = (language: Language, amount: number): string =>
  `${number(language, amount)} ${language === 'vi' ? 'đồng' : 'VND'}`
