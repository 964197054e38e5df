import type { AgentConfig } from './config.ts'
import { notesOf } from './known-devices.ts'
import type { NoticedAlarm } from './notices/channel.ts'
import type { NoticeWords } from './notices/notice-json.ts'
import { noticeWords } from './notices/notice-words.ts'
import { alarmSentence } from './page/alarm-sentence.ts'

/** Notices say of an alarm what the box's page says, in both languages. */
export const alarmWords = (config: AgentConfig, box: string): NoticeWords =>
  noticeWords(box, (language, alarm, at) => {
    const { what, now, todo } = alarmSentence(language, alarm, { devices: [deviceOf(config, alarm)] }, at)
    return [what, now, todo].filter((part) => part !== null).join(' ')
  })

/** Of the device only its place is said: what it measures by now is not what the alarm was raised for. */
const deviceOf = (config: AgentConfig, { device }: NoticedAlarm) => ({
  name: device,
  place: notesOf(config, device).place,
  bus: '',
  everyMs: null,
  lastHeardAt: null,
  status: 'fresh' as const,
  faults: [],
  readings: [],
})
