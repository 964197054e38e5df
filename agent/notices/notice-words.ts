import type { Language } from '#contract/ground/messages.ts'
import type { Notice, NoticedAlarm } from './channel.ts'
import { say } from './messages.ts'
import type { NoticeWords } from './notice-json.ts'

/** `what` says an alarm as it was at a time (ms on the box's clock). */
export function noticeWords(
  box: string,
  what: (language: Language, alarm: NoticedAlarm, at: number) => string,
): NoticeWords {
  const inWords = (language: Language, { state, alarm, at }: Notice): string => {
    if (state === 'test') return say(language, 'test', { box })
    const key = state === 'raised' || state === 'escalated' ? (`${state}-${alarm.severity}` as const) : state
    return say(language, key, { what: what(language, alarm, at) })
  }
  return (notice) => ({ vi: inWords('vi', notice), en: inWords('en', notice) })
}
