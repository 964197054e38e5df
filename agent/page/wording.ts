import type { Language } from '#contract/ground/messages.ts'
import { quantityOf, UNITS } from '#contract/wire/quantities.ts'
import { type MessageKey, say } from './messages.ts'

/** How numbers, ages, times and places are written for a person. */

const LOCALE: Record<Language, string> = { vi: 'vi-VN', en: 'en-GB' }

export const number = (language: Language, value: number, decimals = 0): string =>
  value.toLocaleString(LOCALE[language], {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  })

/** At most three decimals, none that say nothing: 120,5 kg. */
export const kilograms = (language: Language, massKg: number): string =>
  `${massKg.toLocaleString(LOCALE[language], { maximumFractionDigits: 3 })} kg`

export function unitSymbol(language: Language, unit: string): string {
  if (unit === 'L/min') return language === 'vi' ? 'L/phút' : 'L/min'
  return Object.hasOwn(UNITS, unit) ? UNITS[unit as keyof typeof UNITS].symbol : unit
}

export const quantityName = (language: Language, quantity: string): string =>
  quantityOf(quantity)?.[language] ?? quantity

/** A value with its unit, or the word for what has only two states. */
export function valueWithUnit(
  language: Language,
  quantity: string,
  value: number,
  unit = quantityOf(quantity)?.unit ?? '',
): string {
  const word = Object.hasOwn(WORDS, quantity) ? WORDS[quantity] : undefined
  if (word && (value === 0 || value === 1)) return say(language, word[value])
  const known = quantityOf(quantity)
  const written = known
    ? number(language, value, known.decimals)
    : value.toLocaleString(LOCALE[language], { maximumFractionDigits: 3 })
  const symbol = unitSymbol(language, unit)
  if (quantity === 'wind-direction' && Number.isFinite(value))
    return `${compass(language, value)} (${written}${symbol})`
  if (unit === '[pH]') return written
  if (symbol === '' || symbol === '°') return written + symbol
  return `${written} ${symbol}`
}

const WORDS: Record<string, readonly [MessageKey, MessageKey]> = {
  switch: ['off-word', 'on-word'],
  // Zigbee says contact = 1 while the door is closed.
  contact: ['open-word', 'closed-word'],
  'water-leak': ['dry-word', 'leak-word'],
  occupancy: ['nobody-word', 'somebody-word'],
}

function compass(language: Language, degrees: number): string {
  const names = say(language, 'compass-words').split(',')
  return names[((Math.round(degrees / 45) % 8) + 8) % 8] as string
}

/** "4 phút trước". */
export function ago(language: Language, ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 10) return say(language, 'just-now')
  if (seconds < 60) return say(language, 'seconds-ago', { count: Math.floor(seconds / 10) * 10 })
  if (seconds < 3600) return say(language, 'minutes-ago', { count: Math.floor(seconds / 60) })
  if (seconds < 48 * 3600) return say(language, 'hours-ago', { count: Math.floor(seconds / 3600) })
  return say(language, 'days-ago', { count: number(language, Math.floor(seconds / 86_400)) })
}

/** "4 phút", rounded up: what to wait, how long something lasts. */
export function lasting(language: Language, ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000))
  const [key, count] =
    seconds < 120
      ? (['second', seconds] as const)
      : seconds < 7200
        ? (['minute', Math.ceil(seconds / 60)] as const)
        : seconds < 48 * 3600
          ? (['hour', Math.ceil(seconds / 3600)] as const)
          : (['day', Math.ceil(seconds / 86_400)] as const)
  if (count === 60 && key === 'second') return say(language, 'for-minute')
  if (count === 60 && key === 'minute') return say(language, 'for-hour')
  return count === 1
    ? say(language, `for-${key}`)
    : say(language, `for-${key}s`, { count: number(language, count) })
}

export function bytes(language: Language, size: number): string {
  for (const [unit, bound] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const)
    if (size >= bound) return `${number(language, size / bound, size / bound < 10 ? 1 : 0)} ${unit}`
  return `${number(language, size)} B`
}

export const timeOfDay = (timeZone: string, t: number): string =>
  written(timeZone, t, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

export const dayAndMonth = (timeZone: string, t: number): string =>
  written(timeZone, t, { day: '2-digit', month: '2-digit' })

export const dayAndTime = (timeZone: string, t: number): string =>
  `${timeOfDay(timeZone, t)}, ${dayAndMonth(timeZone, t)}`

export const fullDay = (timeZone: string, t: number): string =>
  written(timeZone, t, { day: '2-digit', month: '2-digit', year: 'numeric' })

/** YYYY-MM-DD as people here write it. */
export const writtenDay = (day: string): string => day.split('-').reverse().join('/')

export function cropName(language: Language, crop: string): string {
  const key = `crop-${crop}` as MessageKey
  return Object.hasOwn(say.tables.vi, key) ? say(language, key) : crop
}

/** How far the zone's clocks are ahead of UTC at a moment, ms. */
export function zoneOffsetAt(timeZone: string, t: number): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(t)
  const match = /GMT([+-])(\d\d):(\d\d)/.exec(parts.find((part) => part.type === 'timeZoneName')?.value ?? '')
  if (!match) return 0
  const minutes = Number(match[2]) * 60 + Number(match[3])
  return (match[1] === '-' ? -minutes : minutes) * 60_000
}

const formats = new Map<string, Intl.DateTimeFormat>()

/**
 * Days are 23/11/2026 in both languages (Intl's Vietnamese writes 23-11, people don't). Making a formatter costs a
 * millisecond on a box; there are a handful of kinds.
 */
function written(timeZone: string, t: number, options: Intl.DateTimeFormatOptions): string {
  const key = JSON.stringify([timeZone, options])
  const format = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { timeZone, ...options })
  formats.set(key, format)
  return format.format(t)
}
