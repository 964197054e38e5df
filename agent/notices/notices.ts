import type { Clock } from '#contract/ground/clock.ts'
import type { Random } from '#contract/ground/random.ts'
import type { AlarmSeverity } from '#contract/wire/records.ts'
import {
  type Notice,
  type NoticeChannel,
  type NoticedAlarm,
  type NoticeState,
  type Outcome,
  oneMore,
  rankOf,
} from './channel.ts'
import { ChannelQueue, type ChannelState } from './channel-queue.ts'
import { isQuiet } from './quiet-hours.ts'

/**
 * Who is told what of which alarm:
 *
 *   open alarms (on disk) ─► what each channel was told ─► its queue (on disk) ─► deliver ─► off the disk
 *
 * It compares what stands open with what was told, instead of following events: so nothing is forgotten by a power cut
 * between an alarm and its telling, and nothing told twice by a restart. Of each alarm a channel hears once that it was
 * raised, once for each step that it was escalated, once that it was acknowledged, once that it was cleared. What can
 * be told twice is only the one notice that was under way when the power went, or whose answer got lost: nobody can
 * know whether it arrived. It carries the same key, by which the receiver drops it.
 */
export interface NoticesOptions {
  readonly channels: readonly ChannelPlan[]
  readonly store: NoticeStore
  readonly clock: Clock
  readonly random: Random
  /** On the box's clock. */
  readonly now: () => number
  /** Minute of the farm's day; null while nobody knows the time, and then nothing is held back. */
  readonly minuteOfDay: (ms: number) => number | null
  /** Such as 21:00-05:00. */
  readonly quietHours: readonly string[]
  /** After so long unacknowledged an alarm counts for one severity more, and after as long again for one more. */
  readonly escalateAfterMs: number | null
  readonly newId: () => string
  readonly onFault: (channel: string, code: string, detail: string) => void
}

export interface ChannelPlan {
  readonly channel: NoticeChannel
  readonly atLeast: AlarmSeverity
  /** It hears only of what nobody acknowledged for so long; 0: of everything, at once. */
  readonly afterMs: number
  readonly keepsQuiet: boolean
}

/** An open alarm, as the desk has it. */
export interface StandingAlarm extends NoticedAlarm {
  readonly acknowledged: { readonly at: number } | null
}

/** What has to outlive a restart. */
export interface SavedNotices {
  readonly told: Readonly<Record<string, Told>>
  readonly waiting: Readonly<Record<string, readonly Notice[]>>
  readonly dropped: Readonly<Record<string, number>>
}

export interface Told {
  readonly alarm: NoticedAlarm
  /** The severity as which each channel knows it. */
  readonly channels: Readonly<Record<string, AlarmSeverity>>
  readonly isAcknowledged: boolean
}

export interface NoticeStore {
  /** Null when there is nothing, or nothing readable. */
  load(): SavedNotices | null
  /** Resolves when it, or something newer, is on disk, or could not be written and was told. Never rejects. */
  keep(newest: () => SavedNotices): Promise<void>
}

// An alarm is open once for each rule and device; a thousand open at once is a broken box, not a farm.
const MOST_TOLD = 1000

export class Notices {
  readonly #options: NoticesOptions
  readonly #queues = new Map<string, ChannelQueue>()
  readonly #told = new Map<string, Told>()
  #open: readonly StandingAlarm[] = []

  constructor(options: NoticesOptions) {
    this.#options = options
    const { clock, random, now, store, onFault } = options
    for (const { channel, keepsQuiet } of options.channels) {
      const queue = new ChannelQueue({
        ...{ channel, clock, random, now },
        mayGo: (notice) => !keepsQuiet || notice.alarm.severity === 'critical' || !this.#isQuietNow(),
        keep: () => store.keep(() => this.#saved()),
        onFault: (code, detail) => onFault(channel.name, code, detail),
      })
      this.#queues.set(channel.name, queue)
    }
  }

  /** Takes up what was told and what waited when the program stopped. */
  restore(): void {
    const { store, onFault } = this.#options
    const saved = store.load()
    if (!saved) return
    for (const [alarmId, told] of Object.entries(saved.told)) this.#told.set(alarmId, told)
    for (const [name, waiting] of Object.entries(saved.waiting)) {
      const queue = this.#queues.get(name)
      queue?.restore(waiting, saved.dropped[name] ?? 0)
      if (!queue && waiting.length > 0)
        onFault(name, 'notices-dropped', `${waiting.length} waited for a channel that is not there any more`)
    }
  }

  /** What stands open has changed. */
  alarmsAre(open: readonly StandingAlarm[]): void {
    this.#open = open
    this.tick()
  }

  /** Time passes: what nobody acknowledged goes further, quiet hours end. */
  tick(): void {
    const now = this.#options.now()
    const before = this.#told.size
    let isChanged = false
    for (const alarm of this.#open) isChanged = this.#tellOpen(alarm, now) || isChanged
    const openIds = new Set(this.#open.map(({ alarmId }) => alarmId))
    for (const [alarmId, told] of this.#told) {
      if (openIds.has(alarmId)) continue
      this.#told.delete(alarmId)
      for (const [name, severity] of Object.entries(told.channels))
        this.#put(name, 'cleared', now, { ...told.alarm, severity })
    }
    if (isChanged || this.#told.size !== before) void this.#options.store.keep(() => this.#saved())
    for (const queue of this.#queues.values()) queue.pump()
  }

  /** Sends a message that says that it is a test, past queue and quiet hours. Undefined when there is no such channel. */
  async test(name: string): Promise<Outcome | undefined> {
    const now = this.#options.now()
    const id = this.#options.newId()
    return this.#queues.get(name)?.test(testNotice(id, now))
  }

  states(): ChannelState[] {
    return [...this.#queues.values()].map((queue) => queue.state())
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.stop()))
  }

  /** True when somebody is told something. */
  #tellOpen(standing: StandingAlarm, now: number): boolean {
    const { acknowledged, ...alarm } = standing
    const told = this.#told.get(alarm.alarmId)
    if (!told && this.#told.size >= MOST_TOLD) return false
    const ageMs = now - alarm.raisedAt
    // An acknowledged one stays what it was.
    const severity = acknowledged ? alarm.severity : this.#escalated(alarm.severity, ageMs)
    const channels: Record<string, AlarmSeverity> = { ...told?.channels }
    let isChanged = false
    for (const { channel, atLeast, afterMs } of this.#options.channels) {
      const known = channels[channel.name]
      if (known === undefined) {
        const isDue =
          rankOf(severity) >= rankOf(atLeast) && (afterMs === 0 || (!acknowledged && ageMs >= afterMs))
        if (!isDue) continue
        this.#put(channel.name, 'raised', alarm.raisedAt, { ...alarm, severity })
      } else if (rankOf(severity) > rankOf(known))
        this.#put(channel.name, 'escalated', now, { ...alarm, severity })
      else continue
      channels[channel.name] = severity
      isChanged = true
    }
    const isAcknowledged = acknowledged !== null
    if (acknowledged && told && !told.isAcknowledged) {
      for (const [name, known] of Object.entries(told.channels))
        this.#put(name, 'acknowledged', acknowledged.at, { ...alarm, severity: known })
      isChanged = true
    }
    if (isChanged) this.#told.set(alarm.alarmId, { alarm: pick(alarm), channels, isAcknowledged })
    return isChanged
  }

  #escalated(severity: AlarmSeverity, ageMs: number): AlarmSeverity {
    const { escalateAfterMs } = this.#options
    if (escalateAfterMs === null || ageMs < escalateAfterMs) return severity
    return ageMs < 2 * escalateAfterMs ? oneMore(severity) : oneMore(oneMore(severity))
  }

  #put(name: string, state: NoticeState, at: number, alarm: NoticedAlarm): void {
    const key = [alarm.alarmId, state, alarm.severity, name].join('.')
    this.#queues.get(name)?.put({ key, state, at, alarm: pick(alarm) })
  }

  #isQuietNow(): boolean {
    const { quietHours, minuteOfDay, now } = this.#options
    const minute = quietHours.length === 0 ? null : minuteOfDay(now())
    return minute !== null && isQuiet(quietHours, minute)
  }

  #saved(): SavedNotices {
    const queues = [...this.#queues]
    return {
      told: Object.fromEntries(this.#told),
      waiting: Object.fromEntries(queues.map(([name, { waiting }]) => [name, waiting])),
      dropped: Object.fromEntries(queues.map(([name, { dropped }]) => [name, dropped])),
    }
  }
}

/** A message that says of itself that it is none. */
export const testNotice = (id: string, at: number): Notice => ({
  key: `test.${id}`,
  state: 'test',
  at,
  alarm: {
    ...{ alarmId: `test-${id}`, severity: 'info', rule: 'test', name: 'test', device: '', quantity: '' },
    ...{ facts: {}, raisedAt: at },
  },
})

/** Nothing that an alarm has beside it goes to disk or out of the house. */
const pick = ({
  alarmId,
  severity,
  rule,
  name,
  device,
  quantity,
  facts,
  raisedAt,
}: NoticedAlarm): NoticedAlarm => {
  const plain = Object.entries(facts).filter(([, fact]) => typeof fact === 'string' || Number.isFinite(fact))
  return { alarmId, severity, rule, name, device, quantity, facts: Object.fromEntries(plain), raisedAt }
}
