import type { Language } from '#contract/ground/messages.ts'
import { say } from './messages.ts'
import type { AlarmCard, BoxOverview, ReadingCard } from './page-sources.ts'
import { ago, cropName, lasting, quantityName, valueWithUnit } from './wording.ts'

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
  overview: Pick<BoxOverview, 'devices'>,
  nowMs: number,
): AlarmSentence {
  const where = placeOf(alarm, overview)
  const reading = readingOf(alarm, overview)
  const seriesNo = reading?.seriesNo ?? null
  const { value, bound, perHour } = alarm.facts
  const isOfRate = alarm.rule === 'rising' || alarm.rule === 'falling'
  const told = isOfRate ? perHour : value
  if (isOfValue(alarm.rule) && typeof told === 'number') {
    const written = (each: number) => valueWithUnit(language, alarm.quantity, each, reading?.unit)
    const what = say(language, `alarm-${alarm.rule}`, {
      quantity: quantityName(language, alarm.quantity),
      where,
      value: written(isOfRate ? Math.abs(told) : told),
      bound: typeof bound === 'number' ? written(bound) : '?',
      crop: cropOf(language, alarm),
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
  if (
    alarm.rule === 'clock' ||
    alarm.rule === 'journal' ||
    alarm.rule === 'full' ||
    alarm.rule === 'cloned'
  ) {
    const todo = say(language, `alarm-${alarm.rule}-do`)
    return { what: say(language, `alarm-${alarm.rule}`), now: null, todo, seriesNo: null }
  }
  if (alarm.rule === 'infection' || alarm.rule === 'finding') return found(language, alarm, where)
  const facts = Object.entries(alarm.facts)
    .slice(0, 8)
    .map(([name, fact]) => `${name} = ${fact}`)
    .join(', ')
  const what = say(language, 'alarm-other', { name: alarm.name, rule: alarm.rule })
  return { what, now: facts || null, todo: null, seriesNo }
}

const OF_VALUE = ['above', 'below', 'rising', 'falling', 'heat-stress', 'vpd-stress'] as const

const isOfValue = (rule: string): rule is (typeof OF_VALUE)[number] =>
  (OF_VALUE as readonly string[]).includes(rule)

function cropOf(language: Language, { facts }: AlarmCard): string {
  const crop = facts['crop']
  return typeof crop === 'string' && crop !== '' ? cropName(language, crop) : say(language, 'alarm-the-crop')
}

/** What a model found: its own word for the disease, and how far it is to be trusted. */
function found(language: Language, alarm: AlarmCard, device: string): AlarmSentence {
  const { plot, probability, validated, hours } = alarm.facts
  const where = typeof plot === 'string' && plot !== '' ? plot : device
  const at = where === '' ? '' : say(language, 'alarm-at', { where })
  const crop = cropOf(language, alarm)
  if (alarm.rule === 'infection') {
    const what = say(language, 'alarm-infection', { name: alarm.name, crop, at })
    const now = typeof hours === 'number' ? say(language, 'alarm-infection-hours', { hours }) : null
    const doubt = validated === 'yes' ? null : say(language, 'alarm-infection-doubt')
    return { what, now, todo: doubt, seriesNo: null }
  }
  const isConfirmed = alarm.facts['confirmed'] === 'yes'
  const percent = typeof probability === 'number' ? Math.round(probability * 100) : null
  const now = isConfirmed
    ? say(language, 'alarm-finding-confirmed')
    : percent === null
      ? null
      : say(language, 'alarm-finding-sure', { percent })
  const what = say(language, 'alarm-finding', { name: foundName(language, alarm), crop, at })
  return { what, now, todo: say(language, 'alarm-finding-do'), seriesNo: null }
}

/** As the model calls what it found; its key where the model does not say. */
function foundName(language: Language, { name, facts }: AlarmCard): string {
  const said = facts[language === 'vi' ? 'nameVi' : 'nameEn']
  return typeof said === 'string' && said !== '' ? said : name
}

function placeOf(alarm: AlarmCard, overview: Pick<BoxOverview, 'devices'>): string {
  const place = overview.devices.find((device) => device.name === alarm.device)?.place
  return place ? `${place} (${alarm.device})` : alarm.device
}

function readingOf(alarm: AlarmCard, overview: Pick<BoxOverview, 'devices'>): ReadingCard | undefined {
  const device = overview.devices.find((each) => each.name === alarm.device)
  const ofQuantity = device?.readings.filter((each) => each.quantity === alarm.quantity) ?? []
  return ofQuantity.find((each) => each.channel === String(alarm.facts['channel'] ?? '')) ?? ofQuantity[0]
}
