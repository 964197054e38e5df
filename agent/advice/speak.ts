import { LANGUAGES, type Language } from '#contract/ground/messages.ts'
import type { Advice, AdviceEvidence, AdviceSeverity } from './advice.ts'
import { type AdviceKey, adviceText } from './messages.ts'
import type { PlotFacts, WhyFacts } from './plot-facts.ts'

/** Numbers, times and dates as people of a language write them, and sentences made of parts. */

/** 1.42 → 1,4 in Vietnamese, 1.4 in English; whole numbers in groups of three. */
export function numberIn(language: Language, value: number, decimals = 0): string {
  const [whole = '', fraction] = Math.abs(value).toFixed(decimals).split('.')
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, language === 'vi' ? '.' : ',')
  const text = fraction === undefined ? grouped : `${grouped}${language === 'vi' ? ',' : '.'}${fraction}`
  return value < 0 && Number(value.toFixed(decimals)) !== 0 ? `−${text}` : text
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** 27/11 or 27 Nov. */
export function dateIn(language: Language, date: string): string {
  const [, month = 1, day = 1] = date.split('-').map(Number)
  return language === 'vi' ? `${day}/${month}` : `${day} ${MONTHS[month - 1]}`
}

/** 14:05, with the date when it is not today's. */
export function timeIn(language: Language, ms: number, { today, utcOffsetH }: PlotFacts): string {
  const local = new Date(ms + utcOffsetH * 3_600_000).toISOString()
  const date = local.slice(0, 10)
  const time = local.slice(11, 16)
  return date === today ? time : `${time} ${dateIn(language, date)}`
}

/** What of the day it is: people plan a spraying by this, not by the hour. */
export function partOfDay({ nowMs, utcOffsetH }: PlotFacts): AdviceKey {
  const hour = new Date(nowMs + utcOffsetH * 3_600_000).getUTCHours()
  if (hour < 4 || hour >= 22) return 'night'
  if (hour < 11) return 'morning'
  return hour < 13 ? 'noon' : hour < 18 ? 'afternoon' : 'evening'
}

/** A sentence in each language; parts that are undefined fall away. */
export function advice(
  code: string,
  severity: AdviceSeverity,
  sentences: (language: Language) => readonly (string | undefined)[],
  evidence: readonly (AdviceEvidence | undefined)[] = [],
): Advice {
  const said = Object.fromEntries(
    LANGUAGES.map((language) => [
      language,
      sentences(language)
        .filter((sentence) => sentence !== undefined && sentence !== '')
        .join(' '),
    ]),
  ) as Record<Language, string>
  return { code, severity, ...said, evidence: evidence.filter((each) => each !== undefined) }
}

/** How old it is, and that it is an index where it is one: said beside every figure. */
export function standing(language: Language, why: WhyFacts, facts: PlotFacts): string {
  return [
    why.standing === 'index-not-validated' ? adviceText(language, 'index') : '',
    why.inputsThroughMs === null
      ? ''
      : adviceText(language, 'through', { at: timeIn(language, why.inputsThroughMs, facts) }),
  ]
    .filter((each) => each !== '')
    .join(' ')
}

export function sensorsIn(language: Language, sensors: readonly string[]): string {
  const names = sensors.map((sensor) => adviceText(language, sensor as AdviceKey))
  return [names.slice(0, -1).join(', '), names.at(-1)]
    .filter((each) => each)
    .join(adviceText(language, 'and'))
}

/** What has to be got or set before a figure can be computed; undefined when nothing is missing. */
export function missingIn(
  language: Language,
  why: WhyFacts,
  settings = why.missingSettings,
): string | undefined {
  const parts = [
    why.missingSensors.length > 0
      ? adviceText(language, 'sensor', { sensors: sensorsIn(language, why.missingSensors) })
      : '',
    settings.length > 0 ? adviceText(language, 'setting', { settings: settings.join(', ') }) : '',
  ].filter((each) => each !== '')
  return parts.length === 0 ? undefined : parts.join(adviceText(language, 'and'))
}

export const capital = (text: string): string => text.slice(0, 1).toLocaleUpperCase('vi') + text.slice(1)
