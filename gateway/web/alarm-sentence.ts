import type { Language } from '#contract/ground/messages.ts'
import { quantityOf } from '#contract/wire/quantities.ts'
import type { AlarmCard } from '../insight/answers.ts'
import { isLotMessage, sayPublic } from './lot-messages.ts'
import { say } from './messages.ts'
import { seriesName, valueText } from './words.ts'

/** An alarm as a person would say it. Facts come from the farm: one that is missing or odd leaves a shorter sentence. */
export function alarmSentence(language: Language, alarm: AlarmCard): string {
  const { rule, name, device, facts } = alarm
  const channel = typeof facts?.['channel'] === 'string' ? facts['channel'] : ''
  const quantity = seriesName(language, { quantity: alarm.quantity, channel })
  switch (rule) {
    case 'above':
    case 'below': {
      const value = factText(language, alarm, 'value')
      const bound = factText(language, alarm, 'bound')
      const isAbove = rule === 'above'
      if (value === undefined || bound === undefined)
        return say(language, isAbove ? 'alarmAboveBare' : 'alarmBelowBare', { quantity, device })
      return say(language, isAbove ? 'alarmAbove' : 'alarmBelow', { quantity, device, value, bound })
    }
    case 'rising':
    case 'falling':
    case 'heat-stress':
    case 'vpd-stress':
      return limitSentence(language, alarm, rule, quantity)
    case 'infection':
    case 'finding': {
      const plot = facts?.['plot']
      const where = typeof plot === 'string' && plot !== '' ? plot : device
      const at = where === '' ? '' : say(language, 'alarmAt', { where })
      const crop = cropOf(language, alarm)
      if (rule === 'finding')
        return say(language, 'alarmFinding', { name: foundName(language, alarm), crop, at })
      const doubt = facts?.['validated'] === 'yes' ? '' : say(language, 'alarmInfectionDoubt')
      return `${say(language, 'alarmInfection', { name, crop, at })}${doubt}`
    }
    case 'silent': {
      const minutes = facts?.['minutes']
      return typeof minutes === 'number' && Number.isFinite(minutes)
        ? say(language, 'alarmSilent', { device, minutes: Math.round(minutes) })
        : say(language, 'alarmSilentBare', { device })
    }
    case 'clock':
      return say(language, 'alarmClock')
    case 'journal':
      return say(language, 'alarmJournal')
    case 'full':
      return say(language, 'alarmFull')
    case 'cloned':
      return say(language, 'alarmCloned')
    default:
      return say(language, 'alarmOther', { name: name || rule, device: device || '–' })
  }
}

/** As the model calls what it found; its key where nobody said. */
function foundName(language: Language, { name, facts }: AlarmCard): string {
  const said = facts?.[language === 'vi' ? 'nameVi' : 'nameEn']
  return typeof said === 'string' && said !== '' ? said : name
}

const LIMITS = {
  rising: ['alarmRising', 'alarmRisingBare'],
  falling: ['alarmFalling', 'alarmFallingBare'],
  'heat-stress': ['alarmHeatStress', 'alarmHeatStressBare'],
  'vpd-stress': ['alarmVpdStress', 'alarmVpdStressBare'],
} as const

function limitSentence(
  language: Language,
  alarm: AlarmCard,
  rule: keyof typeof LIMITS,
  quantity: string,
): string {
  const [whole, bare] = LIMITS[rule]
  const { device } = alarm
  const crop = cropOf(language, alarm)
  const isOfRate = rule === 'rising' || rule === 'falling'
  const value = factText(language, alarm, isOfRate ? 'perHour' : 'value', isOfRate)
  const bound = factText(language, alarm, 'bound')
  return value === undefined || bound === undefined
    ? say(language, bare, { quantity, device, crop })
    : say(language, whole, { quantity, device, crop, value, bound })
}

function cropOf(language: Language, { facts }: AlarmCard): string {
  const crop = facts?.['crop']
  if (typeof crop !== 'string' || crop === '') return say(language, 'alarmTheCrop')
  return isLotMessage(crop) ? sayPublic(language, crop) : crop
}

/** The severities that have a design; what a newer box calls something else is shown as a warning. */
export const severityOf = (alarm: AlarmCard): AlarmCard['severity'] =>
  alarm.severity === 'info' || alarm.severity === 'critical' ? alarm.severity : 'warning'

function factText(
  language: Language,
  { quantity, facts }: AlarmCard,
  fact: string,
  isSize = false,
): string | undefined {
  const value = facts?.[fact]
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  const unit = quantityOf(quantity)?.unit ?? ''
  return valueText(language, { quantity, unit, value: isSize ? Math.abs(value) : value })
}
