import type { Language } from '#contract/ground/messages.ts'
import { quantityOf, UNITS } from '#contract/wire/quantities.ts'
import { type AgeWords, ageText } from './browser/age.ts'
import { say } from './messages.ts'

/** Numbers, times and names as a person reads them. */

const LOCALE = { vi: 'vi-VN', en: 'en-GB', zh: 'zh-CN' } as const
type AnyLanguage = keyof typeof LOCALE

const numberFormats = new Map<string, Intl.NumberFormat>()
const dateFormats = new Map<string, Intl.DateTimeFormat>()

export function numberText(language: AnyLanguage, value: number, decimals: number): string {
  const key = `${language} ${decimals}`
  let format = numberFormats.get(key)
  if (!format) {
    format = new Intl.NumberFormat(LOCALE[language], {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    })
    numberFormats.set(key, format)
  }
  // −0.04 rounds to "-0"; nobody means that.
  return format.format(value).replace(/^-(?=[0.,]*$)/, '')
}

/** As many decimals as the unit needs: 1.5 kg, 320 kg. */
export const massText = (language: AnyLanguage, massKg: number): string =>
  `${numberText(language, massKg, Number.isInteger(massKg) ? 0 : 1)} kg`

export function unitSymbol(language: AnyLanguage, unit: string): string {
  if (unit === 'L/min' && language !== 'vi') return say('en', 'litresPerMinute')
  return Object.hasOwn(UNITS, unit) ? UNITS[unit as keyof typeof UNITS].symbol : unit
}

export const decimalsOf = (quantity: string): number => quantityOf(quantity)?.decimals ?? 2

/** "18,4 °C". Quantities that are on or off are said in words; pH carries its unit in its name. */
export function valueText(
  language: AnyLanguage,
  reading: { quantity: string; unit: string; value: number },
): string {
  const { quantity, unit, value } = reading
  if (language !== 'zh' && (value === 0 || value === 1)) {
    if (quantity === 'switch') return say(language, value ? 'on' : 'off')
    if (quantity === 'water-leak' || quantity === 'occupancy') return say(language, value ? 'yes' : 'no')
  }
  const number = numberText(language, value, decimalsOf(quantity))
  const symbol = unit === '[pH]' ? '' : unitSymbol(language, unit)
  return symbol ? `${number}\u00a0${symbol}` : number
}

export const quantityName = (language: Language, quantity: string): string =>
  quantityOf(quantity)?.[language] ?? quantity

/** With the channel where one device measures a quantity twice. */
export const seriesName = (
  language: Language,
  series: { readonly quantity: string; readonly channel: string },
): string => quantityName(language, series.quantity) + (series.channel ? ` (${series.channel})` : '')

export const ageWords = (language: Language): AgeWords => ({
  now: say(language, 'ageNow'),
  minutes: say(language, 'ageMinutes'),
  hours: say(language, 'ageHours'),
  days: say(language, 'ageDays'),
  ahead: say(language, 'ageAhead'),
})

export const ageOf = (language: Language, ageMs: number): string => ageText(ageWords(language), ageMs)

export function spanText(language: Language, ms: number): string {
  if (ms < 90 * 60_000) return say(language, 'spanMinutes', { n: Math.max(1, Math.round(ms / 60_000)) })
  if (ms < 48 * 3_600_000) {
    const hours = Math.round(ms / 360_000) / 10
    return say(language, 'spanHours', { n: numberText(language, hours, Number.isInteger(hours) ? 0 : 1) })
  }
  return say(language, 'spanDays', { n: Math.round(ms / 86_400_000) })
}

export const dateText = (language: AnyLanguage, timeZone: string, ms: number): string =>
  formatTime(language, timeZone, ms, {
    day: 'numeric',
    month: language === 'en' ? 'long' : 'numeric',
    year: 'numeric',
  })

export const momentText = (language: AnyLanguage, timeZone: string, ms: number): string =>
  formatTime(language, timeZone, ms, {
    day: '2-digit',
    month: language === 'en' ? 'short' : '2-digit',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  })

/** Without the year, for axes and rows of one chart. */
export const shortMomentText = (language: AnyLanguage, timeZone: string, ms: number): string =>
  formatTime(language, timeZone, ms, {
    day: '2-digit',
    month: language === 'en' ? 'short' : '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  })

export const clockText = (language: AnyLanguage, timeZone: string, ms: number): string =>
  formatTime(language, timeZone, ms, { hour: '2-digit', minute: '2-digit' })

function formatTime(
  language: AnyLanguage,
  timeZone: string,
  ms: number,
  options: Intl.DateTimeFormatOptions,
): string {
  // A farm's box may claim any integer as a time; Date ends at 8.64e15.
  if (!(Math.abs(ms) <= 8.64e15)) return '?'
  const key = `${language} ${timeZone} ${JSON.stringify(options)}`
  let format = dateFormats.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat(LOCALE[language], { ...options, timeZone, hourCycle: 'h23' })
    dateFormats.set(key, format)
  }
  const text = format.format(ms)
  // Without a year ICU writes 23-11 in Vietnamese; people here write 23/11, as with the year.
  return language === 'vi' ? text.replace('-', '/') : text
}

/** Such as GMT+7. */
export const zoneText = (timeZone: string, ms: number): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'shortOffset' })
    .formatToParts(ms)
    .find((part) => part.type === 'timeZoneName')?.value ?? timeZone
