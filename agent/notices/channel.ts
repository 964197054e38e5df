import type { AlarmEntry, AlarmSeverity } from '#contract/wire/records.ts'

/**
 * A way by which people hear of alarms: the box's page, a topic, a webhook; SMS, Telegram, Zalo and push come later
 * behind the same four words. What is told when, and never twice, is not its matter.
 */
export interface NoticeChannel {
  /** How the config and people call it. */
  readonly name: string
  readonly kind: 'page' | 'mqtt' | 'webhook'
  /**
   * Tells one notice, within the channel's own patience. Never rejects. `delivered` only when the other side said that
   * it has it. After a lost answer the same notice comes again, with the same key and content.
   */
  deliver(notice: Notice, signal: AbortSignal): Promise<Outcome>
}

/** One telling of one alarm to one channel. */
export interface Notice {
  /** The same for ever, also after a restart: alarm, state, severity and channel. */
  readonly key: string
  /** `escalated`: nobody has acknowledged it for so long that it counts for more now. */
  readonly state: NoticeState
  /** When that was, ms on the box's clock. */
  readonly at: number
  readonly alarm: NoticedAlarm
}

export type NoticeState = 'raised' | 'escalated' | 'acknowledged' | 'cleared' | 'test'

export interface NoticedAlarm
  extends Pick<AlarmEntry, 'alarmId' | 'severity' | 'rule' | 'name' | 'device' | 'quantity' | 'facts'> {
  readonly raisedAt: number
}

export type Outcome =
  | { readonly kind: 'delivered'; readonly detail: string }
  /** The other side will never take this one; another one it may. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** It may go later, not before `retryAfterMs` where the other side named a wait. */
  | { readonly kind: 'failed'; readonly detail: string; readonly retryAfterMs?: number }

const SEVERITIES: readonly AlarmSeverity[] = ['info', 'warning', 'critical']

export const rankOf = (severity: AlarmSeverity): number => SEVERITIES.indexOf(severity)

export const oneMore = (severity: AlarmSeverity): AlarmSeverity =>
  SEVERITIES[rankOf(severity) + 1] ?? severity
