import type { Notice, NoticedAlarm } from './channel.ts'

/** An alarm in words: Vietnamese and English. */
export type NoticeWords = (notice: Notice) => { readonly vi: string; readonly en: string }

/** What stands beside every notice: which box of which farm. */
export interface NoticeSender {
  /** As topics call the box. */
  readonly box: string
  /** Empty while the box is not claimed. */
  readonly farm: string
}

/** A notice as programs read it; times are ISO 8601 UTC. Fields may be added, none changes its meaning. */
export function noticeJson(notice: Notice, sender: NoticeSender, words: NoticeWords) {
  const { key, state, at, alarm } = notice
  return {
    version: 1,
    key,
    state,
    isTest: state === 'test',
    at: iso(at),
    ...sender,
    alarm: alarmJson(alarm),
    text: words(notice),
  }
}

export function alarmJson({ alarmId, raisedAt, ...alarm }: NoticedAlarm) {
  const { severity, rule, name, device, quantity, facts } = alarm
  return { id: alarmId, severity, rule, name, device, quantity, facts, raisedAt: iso(raisedAt) }
}

// What a clock can say that is no date is said as the beginning of time instead of ending the program.
const iso = (ms: number): string => {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString()
}
