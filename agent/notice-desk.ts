import { randomUUID } from 'node:crypto'
import type { Clock } from '#contract/ground/clock.ts'
import { every } from '#contract/ground/clock.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { Random, RandomBytes } from '#contract/ground/random.ts'
import type { OpenAlarm } from './alarm-desk.ts'
import { alarmWords } from './alarm-words.ts'
import { statusTopicOf } from './announce/discovery.ts'
import { type AnnouncedReading, HomeAssistant } from './announce/home-assistant.ts'
import { boxMark } from './box-name.ts'
import { isLocalPeer } from './bus/local-peer.ts'
import type { AgentConfig } from './config.ts'
import { noticesPath } from './data-folder.ts'
import type { InputsOptions, MessageBus } from './inputs.ts'
import { localTimeIn } from './local-time.ts'
import { MqttPosts, type OpenSource } from './mqtt-posts.ts'
import { NoticeFile } from './notice-file.ts'
import type { NoticeChannel, Outcome } from './notices/channel.ts'
import type { ChannelState } from './notices/channel-queue.ts'
import { postOnce } from './notices/https-post.ts'
import { MqttTopic } from './notices/mqtt-topic.ts'
import type { NoticeSender } from './notices/notice-json.ts'
import { type ChannelPlan, Notices, testNotice } from './notices/notices.ts'
import { PageBoard } from './notices/page-board.ts'
import { topicPart } from './notices/topic-part.ts'
import { Webhook } from './notices/webhook.ts'

/**
 * From alarms to people and to Home Assistant, made from the config:
 *
 *   alarms on disk ─► notices ─┬─► the page
 *                              ├─► webhook
 *                              └─► topic ──┐
 *   readings ──────► Home Assistant ───────┴─► posts ─► brokers
 */
export interface NoticeDeskOptions {
  readonly config: AgentConfig
  readonly clock: Clock
  readonly random: Random
  readonly randomBytes: RandomBytes
  readonly openSource: OpenSource
  readonly program: string
  /** On the box's clock; `isTimeKnown` false while that is a guess. */
  readonly now: () => number
  readonly isTimeKnown: () => boolean
  readonly farm: () => string
  readonly openAlarms: () => readonly OpenAlarm[]
  /** How often quiet hours and escalation are looked at. */
  readonly looksEveryMs?: number | undefined
  readonly everyMsOf: (device: string) => number | undefined
  readonly onFault: (subject: string, code: string, detail: string) => void
}

// Home Assistant shows values as they come; the end of quiet hours can wait a little.
const TICK_MS = 1000
const LOOKS_EVERY_MS = 10_000
/** Alarms that no rule of the config names, as Home Assistant shows them. */
const OTHER_ALARMS = [
  ['silent', { vi: 'Thiết bị im lặng', en: 'Silent devices' }],
  ['finding', { vi: 'Bệnh trên ảnh', en: 'Disease on a photo' }],
  ['infection', { vi: 'Nguy cơ nhiễm bệnh', en: 'Infection risk' }],
  ['box', { vi: 'Hộp có chuyện', en: 'The box itself' }],
] as const

export class NoticeDesk {
  readonly #options: NoticeDeskOptions
  readonly #posts: MqttPosts
  readonly #board = new PageBoard()
  readonly #notices: Notices
  readonly #homeAssistant: HomeAssistant | undefined
  readonly #box: string
  #stopTicking = () => {}

  constructor(options: NoticeDeskOptions) {
    this.#options = options
    const { config, clock, random, randomBytes, openSource, onFault, now } = options
    const { homeAssistant, notify } = config
    // Who tells nobody outside needs no name there.
    const isHeard = notify.channels.length > 0 || homeAssistant.isEnabled
    const ownName = () => `box-${boxMark(config.dataDir, randomBytes).slice(0, 6)}`
    this.#box = config.boxName ?? (isHeard ? ownName() : 'box')
    this.#posts = new MqttPosts({
      buses: busesOf(config),
      openSource,
      statusTopic: statusTopicOf(this.#box),
      hears:
        homeAssistant.isEnabled && homeAssistant.bus !== undefined
          ? new Map([
              [
                homeAssistant.bus,
                { topic: `${homeAssistant.prefix}/status`, hear: (payload) => this.#birth(payload) },
              ],
            ])
          : new Map(),
      clock,
      onFault,
    })
    const { quietHours, escalateAfterMin } = notify
    const local = localTimeIn(config.timeZone)
    this.#notices = new Notices({
      channels: this.#plans(),
      store: new NoticeFile(noticesPath(config.dataDir), (code, detail) => onFault('notices', code, detail)),
      ...{ clock, random, now, quietHours, newId: randomUUID, onFault },
      minuteOfDay: (ms) => (options.isTimeKnown() ? local(ms).minute : null),
      escalateAfterMs: escalateAfterMin === undefined ? null : escalateAfterMin * 60_000,
    })
    this.#homeAssistant = this.#newHomeAssistant()
  }

  /** What Inputs opens its sources by. */
  openForInputs(openSource: InputsOptions['openSource']): InputsOptions['openSource'] {
    return this.#posts.openForInputs(openSource)
  }

  async start(): Promise<void> {
    this.#notices.restore()
    await this.#posts.start()
    this.alarmsChanged()
    const looksEveryMs = this.#options.looksEveryMs ?? LOOKS_EVERY_MS
    const everyMs = this.#homeAssistant ? Math.min(TICK_MS, looksEveryMs) : looksEveryMs
    this.#stopTicking = every(this.#options.clock, everyMs, () => {
      this.#notices.tick()
      this.#homeAssistant?.tick()
    })
  }

  /** What is on disk of the alarms has changed. */
  alarmsChanged(): void {
    this.#notices.alarmsAre(this.#options.openAlarms())
  }

  observe(readings: readonly AnnouncedReading[]): void {
    this.#homeAssistant?.observe(readings)
  }

  /** Undefined when there is no channel of that name. */
  test(channel: string): Promise<Outcome | undefined> {
    return this.#notices.test(channel)
  }

  get states(): readonly ChannelState[] {
    return this.#notices.states()
  }

  /** When somebody last tried the page as a channel. */
  get testedAt(): number | null {
    return this.#board.notices.find(({ state }) => state === 'test')?.at ?? null
  }

  /** Before Inputs stops. */
  async stop(): Promise<void> {
    this.#stopTicking()
    await this.#notices.stop()
    await this.#posts.stop()
  }

  // --- made from the config ---

  #plans(): ChannelPlan[] {
    const { config, clock, openAlarms } = this.#options
    const sender = (): NoticeSender => ({ box: this.#box, farm: this.#options.farm() })
    const words = alarmWords(config, this.#box)
    const page: ChannelPlan = { channel: this.#board, atLeast: 'info', afterMs: 0, keepsQuiet: false }
    const others = config.notify.channels.map((wanted): ChannelPlan => {
      const channel: NoticeChannel =
        wanted.kind === 'webhook'
          ? webhookOf(wanted, sender, words, clock)
          : new MqttTopic({
              ...{ name: wanted.name, base: 'vuon', sender, words, clock, open: openAlarms },
              publish: (topic, payload, isRetained) =>
                this.#posts.to(wanted.bus).publish(topic, payload, { qos: 1, isRetained }),
            })
      const { atLeast, afterMin, keepsQuiet } = wanted
      return { channel, atLeast, afterMs: afterMin * 60_000, keepsQuiet }
    })
    return [page, ...others]
  }

  #newHomeAssistant(): HomeAssistant | undefined {
    const { config, clock, program, everyMsOf, onFault, farm } = this.#options
    const { isEnabled, bus, prefix, everyS } = config.homeAssistant
    if (!isEnabled || bus === undefined) return undefined
    const post = this.#posts.to(bus)
    const { factor, atLeastS } = config.silence
    const { language } = config
    return new HomeAssistant({
      box: () => ({ box: this.#box, title: farm() || `Vuon ${this.#box}`, prefix, program, language }),
      everyMs: everyS * 1000,
      silentAfterMs: (device) => {
        const everyMs = everyMsOf(device)
        return everyMs === undefined ? undefined : Math.max(everyMs * factor, atLeastS * 1000)
      },
      alarms: () => this.#alarmsByName(),
      publish: (topic, payload, isKept) =>
        post.publish(topic, new TextEncoder().encode(payload), { qos: isKept ? 1 : 0, isRetained: isKept }),
      connectedSince: () => {
        const { isConnected, since } = post.state()
        return isConnected ? since : null
      },
      monotonicMs: () => clock.monotonicMs(),
      onFault: (code, detail) => onFault(bus, code, detail),
    })
  }

  /** Every rule by its name, whether or not anything of it is open; then what no rule names. */
  #alarmsByName() {
    const { config, openAlarms } = this.#options
    const rules = [...new Set(config.alarms.map(({ name }) => name))]
    const known = new Set(rules)
    const open = openAlarms()
    const card = (topic: string, name: string, belongs: (alarm: OpenAlarm) => boolean) => ({
      topic,
      name,
      open: open.filter(belongs).map(({ device, severity, raisedAt }) => ({
        device,
        severity,
        since: new Date(raisedAt).toISOString(),
      })),
    })
    const others = OTHER_ALARMS.map(([kind, names]) =>
      card(`_${kind}`, names[config.language], (alarm) =>
        kind === 'box'
          ? alarm.device === '' &&
            !known.has(alarm.name) &&
            alarm.rule !== 'finding' &&
            alarm.rule !== 'infection'
          : alarm.rule === kind,
      ),
    )
    const isOfModel = ({ rule }: OpenAlarm) => OTHER_ALARMS.some(([kind]) => kind === rule)
    return [
      ...rules.map((name) =>
        card(topicPart(name), name, (alarm) => alarm.name === name && !isOfModel(alarm)),
      ),
      ...others,
    ]
  }

  #birth(payload: Uint8Array): void {
    this.#homeAssistant?.birth(new TextDecoder().decode(payload))
  }
}

type WebhookConfig = Extract<AgentConfig['notify']['channels'][number], { kind: 'webhook' }>

const webhookOf = (
  { name, url, secret }: WebhookConfig,
  sender: () => NoticeSender,
  words: ReturnType<typeof alarmWords>,
  clock: Clock,
): Webhook =>
  new Webhook({
    ...{ name, url, secret, sender, words },
    wallMs: () => clock.wallMs(),
    post: (options) => postOnce(options, { clock, isLocal: isLocalPeer }),
  })

/** Tries a webhook of the config without a running agent. Undefined for what is no webhook. */
export async function testWebhook(config: AgentConfig, name: string): Promise<Outcome | undefined> {
  const wanted = config.notify.channels.find((each) => each.name === name)
  if (wanted?.kind !== 'webhook') return undefined
  const clock = systemClock
  const box = config.boxName ?? 'box'
  const sender = () => ({ box, farm: '' })
  const webhook = webhookOf(wanted, sender, alarmWords(config, box), clock)
  return webhook.deliver(testNotice(randomUUID(), clock.wallMs()), new AbortController().signal)
}

/** Those that alarms or announcements are published to. */
function busesOf({ buses, notify, homeAssistant }: AgentConfig): MessageBus[] {
  const wanted = new Set(notify.channels.flatMap((channel) => (channel.kind === 'mqtt' ? [channel.bus] : [])))
  if (homeAssistant.isEnabled && homeAssistant.bus !== undefined) wanted.add(homeAssistant.bus)
  return buses.filter(
    (bus): bus is MessageBus => (bus.kind === 'mqtt' || bus.kind === 'mqtt-broker') && wanted.has(bus.name),
  )
}
