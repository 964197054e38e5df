import type { Language } from '#contract/ground/messages.ts'
import { say } from './messages.ts'
import type { AlarmCard, BoxOverview, ReadingCard } from './page-sources.ts'
import { ago, lasting, quantityName, valueWithUnit } from './wording.ts'

export interface AlarmSentence {
  readonly what: string
  /** How it is by now, where the device still speaks. */
  readonly now: string | null
  readonly todo: string | null
  readonly seriesNo: number | null
}

/** An alarm as a person would say it. */
export function alarmSentence(
  language: Language,
  alarm: AlarmCard,
  overview: BoxOverview,
  nowMs: number,
): AlarmSentence {
  const where = placeOf(alarm, overview)
  const reading = readingOf(alarm, overview)
  const seriesNo = reading?.seriesNo ?? null
  const { value, bound } = alarm.facts
  if ((alarm.rule === 'above' || alarm.rule === 'below') && typeof value === 'number') {
    const written = (each: number) => valueWithUnit(language, alarm.quantity, each, reading?.unit)
    const what = say(language, `alarm-${alarm.rule}`, {
      quantity: quantityName(language, alarm.quantity),
      where,
      value: written(value),
      bound: typeof bound === 'number' ? written(bound) : '?',
    })
    const now =
      reading &&
      say(language, 'alarm-now', { value: written(reading.value), age: ago(language, nowMs - reading.t) })
    return { what, now: now ?? null, todo: null, seriesNo }
  }
  if (alarm.rule === 'silent') {
    const lastHeardAt = alarm.facts['lastHeardAt']
    const device = overview.devices.find((each) => each.name === alarm.device)
    const heardAt = device?.lastHeardAt ?? (typeof lastHeardAt === 'number' ? lastHeardAt : null)
    const what =
      device?.status === 'never' || heardAt === null
        ? say(language, 'alarm-silent-never', { where })
        : say(language, 'alarm-silent', { where, silent: lasting(language, nowMs - heardAt) })
    return { what, now: null, todo: say(language, 'alarm-silent-do'), seriesNo: null }
  }
  if (alarm.rule === 'clock' || alarm.rule === 'journal' || alarm.rule === 'cloned') {
    const todo = say(language, `alarm-${alarm.rule}-do`)
    return { what: say(language, `alarm-${alarm.rule}`), now: null, todo, seriesNo: null }
  }
  const facts = Object.entries(alarm.facts)
    .slice(0, 8)
    .map(([name, fact]) => `${name} = ${fact}`)
    .join(', ')
  const what = say(language, 'alarm-other', { name: alarm.name, rule: alarm.rule })
  return { what, now: facts || null, todo: null, seriesNo }
}

function placeOf(alarm: AlarmCard, overview: BoxOverview): string {
  const place = overview.devices.find((device) => device.name === alarm.device)?.place
  return place ? `${place} (${alarm.device})` : alarm.device
}

function readingOf(alarm: AlarmCard, overview: BoxOverview): ReadingCard | undefined {
  const device = overview.devices.find((each) => each.name === alarm.device)
  const ofQuantity = device?.readings.filter((each) => each.quantity === alarm.quantity) ?? []
  return ofQuantity.find((each) => each.channel === String(alarm.facts['channel'] ?? '')) ?? ofQuantity[0]
}
