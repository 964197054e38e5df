import type { Language } from '#contract/ground/messages.ts'
import { quantityOf } from '#contract/wire/quantities.ts'
import type { AlarmCard } from '../insight/answers.ts'
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
    case 'cloned':
      return say(language, 'alarmCloned')
    default:
      return say(language, 'alarmOther', { name: name || rule, device: device || '–' })
  }
}

/** The severities that have a design; what a newer box calls something else is shown as a warning. */
export const severityOf = (alarm: AlarmCard): AlarmCard['severity'] =>
  alarm.severity === 'info' || alarm.severity === 'critical' ? alarm.severity : 'warning'

function factText(language: Language, { quantity, facts }: AlarmCard, fact: string): string | undefined {
  const value = facts?.[fact]
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  return valueText(language, { quantity, unit: quantityOf(quantity)?.unit ?? '', value })
}
