import type { Clock } from '#contract/ground/clock.ts'
import { withoutTopicSecrets } from '../bus/capture-secrets.ts'
import { numbersIn } from './numbers-in.ts'
import { shortText } from './short-text.ts'

/**
 * What a scan heard on one bus: topics with counts and who understood them, devices with their last values. Everything
 * has a bound, and what did not fit is counted.
 */
export interface ScanDecoder {
  readonly kind: string
  /** Whether the bus of the config names it. */
  readonly isConfigured: boolean
  /** Guesses at what no other decoder of its own knows; what it finds nothing in stays nobody's. */
  readonly isLastResort: boolean
  readonly matches: (topic: string) => boolean
  readonly decode: (message: ScannedMessage) => ScanResult | Promise<ScanResult>
}

export interface ScannedMessage {
  readonly topic: string
  readonly payload: Uint8Array
  readonly isRetained: boolean
}

export interface ScanResult {
  readonly readings: readonly {
    readonly device: string
    readonly channel: string
    readonly quantity: string
    readonly value: number
    readonly unit: string
  }[]
  readonly ignored: boolean
  readonly errors: readonly { readonly code: string; readonly detail: string }[]
  readonly deviceSeen?: { readonly id: string }
}

export interface TopicSeen {
  readonly topic: string
  count: number
  bytes: number
  /** The decoder that read values or a device out of it; null when none did. */
  decoder: string | null
  /** `passed-over`: a decoder knows it and wants nothing of it; `nobody`: no decoder knows it. */
  state: 'readings' | 'device' | 'passed-over' | 'faulty' | 'nobody'
  /** What was wrong with the last faulty message. */
  fault: string
  /** The beginning of the last message, as text. */
  sample: string
  /** JSON pointers to the numbers in the last message that nobody understood; bounded. */
  numbersAt: readonly string[]
}

export interface ValueSeen {
  readonly quantity: string
  readonly channel: string
  readonly unit: string
  value: number
  count: number
}

export interface DeviceSeen {
  readonly device: string
  readonly decoder: string
  isConfiguredDecoder: boolean
  readonly values: Map<string, ValueSeen>
  /** Monotonic ms of each live message, the newest last. */
  heardAt: number[]
}

// A farm has tens of devices; the rest is somebody else's broker.
const MAX_TOPICS = 2000
const MAX_DEVICES = 500
const MAX_VALUES = 64
const MAX_HEARD = 64
const MAX_WAITING = 2000
const MAX_TOPIC_CHARS = 256
const MAX_SEARCHED_BYTES = 4096

export class ScanBook {
  readonly #decoders: readonly ScanDecoder[]
  readonly #clock: Clock
  readonly topics = new Map<string, TopicSeen>()
  readonly devices = new Map<string, DeviceSeen>()
  messages = 0
  /** Messages that were not looked at: too many waited, or no more topics fit. */
  notLookedAt = 0
  #waiting = 0
  #last: Promise<void> = Promise.resolve()

  /** `decoders` in the order in which they are asked; those of the config first. */
  constructor(decoders: readonly ScanDecoder[], clock: Clock) {
    this.#decoders = decoders
    this.#clock = clock
  }

  /** Takes a message; it is looked at when those before it are done. Never rejects. */
  hear(message: ScannedMessage): Promise<void> {
    this.messages++
    if (this.#waiting >= MAX_WAITING) {
      this.notLookedAt++
      return Promise.resolve()
    }
    const atMs = this.#clock.monotonicMs()
    this.#waiting++
    this.#last = this.#last
      .then(() => this.#look(message, atMs))
      .catch((error: unknown) => this.#noteFault(message.topic, String(error)))
      .finally(() => this.#waiting--)
    return this.#last
  }

  /** Resolves when everything heard was looked at. */
  settled(): Promise<void> {
    return this.#last
  }

  async #look(message: ScannedMessage, atMs: number): Promise<void> {
    const seen = this.#topic(message)
    if (!seen) return
    let isTaken = false
    let isKnown = false
    for (const decoder of this.#decoders) {
      if (!decoder.matches(message.topic)) continue
      if (decoder.isLastResort && isKnown) continue
      isKnown ||= !decoder.isLastResort
      // Every decoder hears everything that it asks for: device lists count for what follows them.
      const result = await decoder.decode(message)
      if (isTaken) continue
      if (decoder.isLastResort && result.readings.length === 0) continue
      const { readings, errors, deviceSeen } = result
      if (readings.length > 0) {
        isTaken = true
        seen.decoder = decoder.kind
        seen.state = 'readings'
        for (const reading of readings) this.#value(decoder, reading)
        for (const device of new Set(readings.map((each) => each.device)))
          this.#device(decoder, device, message.isRetained ? undefined : atMs)
      } else if (errors.length > 0) {
        if (deviceSeen) this.#device(decoder, deviceSeen.id, message.isRetained ? undefined : atMs)
        this.#state(seen, 'faulty', decoder.kind)
        seen.fault = errors[0] ? `${errors[0].code}: ${shortText(errors[0].detail, 120)}` : ''
      } else if (deviceSeen) {
        this.#device(decoder, deviceSeen.id, message.isRetained ? undefined : atMs)
        this.#state(seen, 'device', decoder.kind)
      } else if (result.ignored) this.#state(seen, 'passed-over', decoder.kind)
    }
    if (seen.state === 'nobody') seen.numbersAt = numbersIn(message.payload)
  }

  #topic({ topic, payload }: ScannedMessage): TopicSeen | undefined {
    let seen = this.topics.get(topic)
    if (!seen) {
      if (this.topics.size >= MAX_TOPICS || topic.length > MAX_TOPIC_CHARS) {
        this.notLookedAt++
        return undefined
      }
      seen = {
        topic,
        count: 0,
        bytes: 0,
        decoder: null,
        state: 'nobody',
        fault: '',
        sample: '',
        numbersAt: [],
      }
      this.topics.set(topic, seen)
    }
    seen.count++
    seen.bytes += payload.length
    // A person may send the answer to somebody; what is bound to be longer than a sample is cut before it is searched.
    const { payload: kept } = withoutTopicSecrets(topic, payload.subarray(0, MAX_SEARCHED_BYTES))
    if (payload.length > 0) seen.sample = shortText(lenient.decode(kept.subarray(0, 400)), 160)
    return seen
  }

  /** A better answer of another decoder or message is not overwritten by a worse one. */
  #state(seen: TopicSeen, state: TopicSeen['state'], decoder: string): void {
    if (RANK[state] <= RANK[seen.state]) return
    seen.state = state
    seen.decoder = decoder
  }

  #noteFault(topic: string, fault: string): void {
    const seen = this.topics.get(topic)
    if (!seen) return
    this.#state(seen, 'faulty', '')
    seen.fault = shortText(fault, 120)
  }

  #device(decoder: ScanDecoder, device: string, atMs: number | undefined): DeviceSeen | undefined {
    let seen = this.devices.get(device)
    if (!seen) {
      if (this.devices.size >= MAX_DEVICES) return undefined
      const { kind, isConfigured } = decoder
      seen = { device, decoder: kind, isConfiguredDecoder: isConfigured, values: new Map(), heardAt: [] }
      this.devices.set(device, seen)
    }
    if (atMs !== undefined && seen.heardAt.at(-1) !== atMs)
      seen.heardAt = [...seen.heardAt.slice(1 - MAX_HEARD), atMs]
    return seen
  }

  #value(decoder: ScanDecoder, reading: ScanResult['readings'][number]): void {
    const { device, channel, quantity, unit, value } = reading
    const seen = this.#device(decoder, device, undefined)
    if (!seen) return
    const key = JSON.stringify([quantity, channel])
    const known = seen.values.get(key)
    if (known) {
      known.value = value
      known.count++
    } else if (seen.values.size < MAX_VALUES)
      seen.values.set(key, { quantity, channel, unit, value, count: 1 })
  }
}

const RANK: Readonly<Record<TopicSeen['state'], number>> = {
  nobody: 0,
  'passed-over': 1,
  faulty: 2,
  device: 3,
  readings: 4,
}

const lenient = new TextDecoder()
