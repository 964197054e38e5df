import { join } from 'node:path'
import { NoticeFile } from '../../../agent/notice-file.ts'
import type { Notice, NoticeChannel, Outcome } from '../../../agent/notices/channel.ts'
import {
  type ChannelPlan,
  Notices,
  type NoticesOptions,
  type StandingAlarm,
} from '../../../agent/notices/notices.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { seededRandom } from '../../world/seeded.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
/** Noon on the farm, seven hours before UTC. */
export const NOON = Date.UTC(2026, 10, 23, 5)

/** A channel that remembers what it was told, and answers as the test wants. */
export class Listener implements NoticeChannel {
  readonly kind = 'webhook'
  readonly name: string
  readonly attempts: Notice[] = []
  /** In the order of attempts; then everything is delivered. */
  readonly answers: Outcome[] = []

  constructor(name: string) {
    this.name = name
  }

  async deliver(notice: Notice): Promise<Outcome> {
    this.attempts.push(notice)
    return this.answers.shift() ?? { kind: 'delivered', detail: 'ok' }
  }

  /** State and name of what was tried. */
  get told(): string[] {
    return this.attempts.map(({ state, alarm }) => `${state} ${alarm.name} ${alarm.severity}`)
  }
}

export const FAILED: Outcome = { kind: 'failed', detail: 'HTTP 500' }

export const alarm = (change: Partial<StandingAlarm> = {}): StandingAlarm => ({
  ...{ alarmId: 'a1', severity: 'warning', rule: 'above', name: 'Nóng', device: 'air-shed' },
  ...{ quantity: 'air-temperature', facts: { value: 39, bound: 38 }, raisedAt: NOON, acknowledged: null },
  ...change,
})

export interface Desk {
  readonly notices: Notices
  readonly clock: PretendClock
  readonly faults: string[]
  readonly folder: string
  /** Time passes, with the ticks that the agent gives; what goes to disk is waited for. */
  pass(ms: number): Promise<void>
}

/** Notices over a real file and pretend time. With `folder` and `clock` those of before go on. */
export function desk(
  listeners: readonly (NoticeChannel | (Partial<ChannelPlan> & Pick<ChannelPlan, 'channel'>))[],
  change: Partial<NoticesOptions> & { folder?: string; clock?: PretendClock } = {},
): Desk {
  const { folder = temporaryFolder(), clock = new PretendClock(NOON, { quietTurns: 2 }), ...options } = change
  const faults: string[] = []
  const file = new NoticeFile(join(folder, 'notices.json'), (code, detail) =>
    faults.push(`${code}: ${detail}`),
  )
  const channels = listeners.map((each): ChannelPlan => {
    const plan = 'channel' in each ? each : { channel: each }
    return { atLeast: 'info', afterMs: 0, keepsQuiet: true, ...plan }
  })
  const notices = new Notices({
    channels,
    store: { load: () => file.load(), keep: (newest) => clock.hold(file.keep(newest)) },
    clock,
    random: seededRandom(7),
    now: () => clock.wallMs(),
    minuteOfDay: (ms) => Math.floor((ms + 7 * HOUR) / MINUTE) % 1440,
    quietHours: [],
    escalateAfterMs: null,
    newId: () => 'id',
    onFault: (channel, code, detail) => faults.push(`${channel} ${code}: ${detail}`),
    ...options,
  })
  notices.restore()
  return {
    ...{ notices, clock, faults, folder },
    async pass(ms) {
      await clock.settle()
      for (let left = ms; left > 0; left -= 30_000) {
        await clock.advance(Math.min(left, 30_000))
        notices.tick()
        await clock.settle()
      }
    },
  }
}
