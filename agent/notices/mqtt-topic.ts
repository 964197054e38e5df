import type { Clock } from '#contract/ground/clock.ts'
import { type Notice, type NoticeChannel, type NoticedAlarm, type Outcome, rankOf } from './channel.ts'
import { alarmJson, type NoticeSender, type NoticeWords, noticeJson } from './notice-json.ts'
import { topicPart } from './topic-part.ts'

export interface MqttTopicOptions {
  readonly name: string
  /** First level of the topic, such as vuon. */
  readonly base: string
  readonly sender: () => NoticeSender
  readonly words: NoticeWords
  /** Every alarm that is open now: what is kept at the broker must say how it stands, not what was told last. */
  readonly open: () => readonly NoticedAlarm[]
  /** Resolves when the broker has it, rejects while there is no connection. */
  readonly publish: (topic: string, payload: Uint8Array, isRetained: boolean) => Promise<void>
  readonly clock: Clock
}

// A broker on the farm's own network answers within milliseconds; over the internet, within a few round trips.
const PATIENCE_MS = 15_000
// A retained message that names every device of a dead bus still is one that a small display can read.
const MOST_OPEN_NAMED = 20

/**
 * Alarms as retained JSON, one topic for each name: `vuon/<box>/alarm/<name>`. It says whether any alarm of that name is
 * open, which they are, and what was told last. Telling it twice changes nothing for who comes later; who listens
 * drops the second by its key. A test goes to `vuon/<box>/alarm-test` and is not kept.
 */
export class MqttTopic implements NoticeChannel {
  readonly kind = 'mqtt'
  readonly name: string
  readonly #options: MqttTopicOptions

  constructor(options: MqttTopicOptions) {
    this.#options = options
    this.name = options.name
  }

  async deliver(notice: Notice, signal: AbortSignal): Promise<Outcome> {
    const { base, sender, publish, words } = this.#options
    const from = sender()
    const isTest = notice.state === 'test'
    const path = isTest ? 'alarm-test' : `alarm/${topicPart(notice.alarm.name)}`
    const topic = `${base}/${from.box}/${path}`
    const said = noticeJson(notice, from, words)
    const payload = JSON.stringify(isTest ? said : { ...this.#standing(notice), told: said })
    try {
      await this.#withinPatience(publish(topic, new TextEncoder().encode(payload), !isTest), signal)
      return { kind: 'delivered', detail: topic }
    } catch (error) {
      return { kind: 'failed', detail: `${topic}: ${(error as Error).message}` }
    }
  }

  #standing({ alarm, state }: Notice) {
    const open = this.#options
      .open()
      .filter(({ name }) => topicPart(name) === topicPart(alarm.name))
      .filter(({ alarmId }) => state !== 'cleared' || alarmId !== alarm.alarmId)
      .sort((a, b) => rankOf(b.severity) - rankOf(a.severity) || a.raisedAt - b.raisedAt)
    return {
      version: 1,
      name: alarm.name,
      state: open.length > 0 ? 'raised' : 'cleared',
      severity: open[0]?.severity ?? null,
      openCount: open.length,
      open: open.slice(0, MOST_OPEN_NAMED).map(alarmJson),
    }
  }

  async #withinPatience(published: Promise<void>, signal: AbortSignal): Promise<void> {
    let end = () => {}
    const tooLong = new Promise<never>((_, reject) => {
      const cancel = this.#options.clock.after(PATIENCE_MS, () =>
        reject(new Error(`the broker did not answer within ${PATIENCE_MS / 1000} s`)),
      )
      const aborted = () => reject(new Error('the program ends'))
      signal.addEventListener('abort', aborted)
      end = () => {
        cancel()
        signal.removeEventListener('abort', aborted)
      }
    })
    try {
      await Promise.race([published, tooLong])
    } finally {
      end()
    }
  }
}
