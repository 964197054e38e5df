import { QUALITY } from '#contract/wire/records.ts'
import {
  type AnnouncedSeries,
  type Announcement,
  type AnnouncingBox,
  alarmAnnouncement,
  decimalsOf,
  seriesAnnouncement,
  statusTopicOf,
} from './discovery.ts'

/** A reading that is on disk. */
export interface AnnouncedReading extends AnnouncedSeries {
  readonly value: number
  readonly quality: number
}

/** An alarm's name with all that is open of it. */
export interface AnnouncedAlarm {
  /** One level of a topic. */
  readonly topic: string
  readonly name: string
  readonly open: readonly { readonly device: string; readonly severity: string; readonly since: string }[]
}

export interface HomeAssistantOptions {
  readonly box: () => AnnouncingBox
  readonly everyMs: number
  /** How often a device is expected to speak, and after how long it counts as silent; undefined while nobody knows. */
  readonly silentAfterMs: (device: string) => number | undefined
  readonly alarms: () => readonly AnnouncedAlarm[]
  /** `isKept`: at QoS 1, retained. Rejects while there is no connection. */
  readonly publish: (topic: string, payload: string, isKept: boolean) => Promise<void>
  /** Since when the broker is connected, ms; null while it is not. */
  readonly connectedSince: () => number | null
  readonly monotonicMs: () => number
  readonly onFault: (code: 'not-announced' | 'too-many-series', detail: string) => void
}

// What a broker inside the agent keeps is bounded at 1000 topics: series, alarms, status.
const MOST_SERIES = 400
// A restart of Home Assistant must not be met by 400 messages at once, each of which it turns into an entity.
const MOST_AT_ONCE = 50
// What a broker had kept, what cannot have been, and what was computed from that, is not how it is now.
const SAYS_NOTHING_OF_NOW =
  QUALITY.outOfRange | QUALITY.spike | QUALITY.fromMarked | QUALITY.historical | QUALITY.doubted

interface Known {
  readonly series: AnnouncedSeries
  announcedExpireS: number | undefined
  isAnnounced: boolean
  value: number | null
  observedAt: number
  isNew: boolean
  publishedAt: number
}

/**
 * The box's series and alarms in Home Assistant. Announcements and alarms are retained; values are not, so that a value
 * of yesterday never looks like one of now (`expire_after` would begin anew with each retained one). After a new
 * connection, and when Home Assistant says that it has started, all is said again, a few at a time.
 */
export class HomeAssistant {
  readonly #options: HomeAssistantOptions
  readonly #series = new Map<string, Known>()
  readonly #alarms = new Map<string, { config: string; state: string }>()
  #connectedSince: number | null = null
  #isFull = false

  constructor(options: HomeAssistantOptions) {
    this.#options = options
  }

  observe(readings: readonly AnnouncedReading[]): void {
    for (const { value, quality, ...series } of readings) {
      if ((quality & SAYS_NOTHING_OF_NOW) !== 0 || !Number.isFinite(value)) continue
      const known = this.#known(series)
      if (!known) continue
      known.value = value
      known.observedAt = this.#options.monotonicMs()
      known.isNew = true
    }
  }

  /** Home Assistant has started: it has forgotten what it was told and not retained. */
  birth(payload: string): void {
    if (payload === 'online') this.#sayAllAgain()
  }

  /** Every second or so. Says what is new since the last time, at most once in `everyMs` for each series. */
  tick(): void {
    const { connectedSince } = this.#options
    const since = connectedSince()
    if (since === null) {
      this.#connectedSince = null
      return
    }
    if (since !== this.#connectedSince) {
      this.#connectedSince = since
      this.#sayAllAgain()
      this.#say(statusTopicOf(this.#options.box().box), 'online', true)
    }
    let left = MOST_AT_ONCE
    for (const known of this.#series.values()) {
      if (left <= 0) break
      left -= this.#tellSeries(known)
    }
    this.#tellAlarms()
  }

  get seriesCount(): number {
    return this.#series.size
  }

  #known(series: AnnouncedSeries): Known | undefined {
    const key = JSON.stringify([series.device, series.channel, series.quantity])
    const known = this.#series.get(key)
    if (known && known.series.unit === series.unit && known.series.place === series.place) return known
    if (!known && this.#series.size >= MOST_SERIES) {
      if (!this.#isFull)
        this.#options.onFault('too-many-series', `more than ${MOST_SERIES} are not announced`)
      this.#isFull = true
      return undefined
    }
    const { device, channel, quantity, unit, resolution, place } = series
    const made: Known = {
      series: { device, channel, quantity, unit, resolution, place },
      announcedExpireS: undefined,
      ...{ isAnnounced: false, value: null, isNew: false },
      ...{ observedAt: Number.NEGATIVE_INFINITY, publishedAt: Number.NEGATIVE_INFINITY },
    }
    this.#series.set(key, made)
    return made
  }

  /** How many messages it was. */
  #tellSeries(known: Known): number {
    const { box, everyMs, monotonicMs } = this.#options
    const expireS = this.#expireS(known.series.device)
    const isDue = known.isNew && monotonicMs() - known.publishedAt >= everyMs
    const isOther = isFarOff(expireS, known.announcedExpireS)
    if (known.isAnnounced && !isOther && !isDue) return 0
    const { configTopic, stateTopic, config } = seriesAnnouncement(known.series, box(), expireS)
    let said = 0
    if (!known.isAnnounced || isOther) {
      known.isAnnounced = true
      known.announcedExpireS = expireS
      this.#say(configTopic, JSON.stringify(config), true)
      said++
    }
    if (isDue && known.value !== null) {
      known.isNew = false
      known.publishedAt = monotonicMs()
      this.#say(stateTopic, known.value.toFixed(decimalsOf(known.series.resolution)), false)
      said++
    }
    return said
  }

  /** Three times what is published, at least: one lost message is no silence. */
  #expireS(device: string): number | undefined {
    const { silentAfterMs, everyMs } = this.#options
    const silentMs = silentAfterMs(device)
    return silentMs === undefined ? undefined : Math.ceil(Math.max(silentMs, 3 * everyMs) / 1000)
  }

  #tellAlarms(): void {
    for (const { topic, name, open } of this.#options.alarms()) {
      const announcement: Announcement = alarmAnnouncement(topic, name, this.#options.box())
      const config = JSON.stringify(announcement.config)
      const state = JSON.stringify({
        state: open.length > 0 ? 'ON' : 'OFF',
        count: open.length,
        open: open.slice(0, 20),
      })
      const said = this.#alarms.get(topic)
      if (said?.config !== config) this.#say(announcement.configTopic, config, true)
      if (said?.state !== state) this.#say(announcement.stateTopic, state, true)
      this.#alarms.set(topic, { config, state })
    }
  }

  #sayAllAgain(): void {
    this.#alarms.clear()
    for (const known of this.#series.values()) {
      known.isAnnounced = false
      // A value of a device that is falling silent must not look like a new one.
      const silentMs = this.#options.silentAfterMs(known.series.device) ?? Number.POSITIVE_INFINITY
      const ageMs = this.#options.monotonicMs() - known.observedAt
      known.isNew = known.value !== null && ageMs < silentMs / 2
      known.publishedAt = Number.NEGATIVE_INFINITY
    }
  }

  #say(topic: string, payload: string, isKept: boolean): void {
    this.#options.publish(topic, payload, isKept).catch((error: Error) => {
      // A connection that breaks is seen at the next tick, and then all is said again.
      this.#options.onFault('not-announced', `${topic}: ${error.message}`)
    })
  }
}

/** A learnt rhythm wavers; what differs by half is another one. */
function isFarOff(one: number | undefined, other: number | undefined): boolean {
  if (one === undefined || other === undefined) return one !== other
  return one > other * 1.5 || one < other / 1.5
}
