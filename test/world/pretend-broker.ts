import type { BusMessage, MessageSource, SourceState } from '../../agent/bus/message-source.ts'
import type { PretendClock } from './pretend-clock.ts'

/**
 * A broker in pretend time. Like a real one it sends a QoS 1 message again until it is acknowledged, and keeps
 * what it could not deliver while the agent was away.
 */
export class PretendBroker {
  readonly #clock: PretendClock
  readonly #kept: Omit<BusMessage, 'bus'>[] = []
  #deliver: ((message: BusMessage) => Promise<void>) | undefined
  acknowledged = 0
  refused = 0

  constructor(clock: PretendClock) {
    this.#clock = clock
  }

  publish(topic: string, payload: unknown, qos: 0 | 1 = 1): void {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
    const message = { topic, payload: new TextEncoder().encode(text), qos, isRetained: false }
    if (this.#deliver) this.#send(message)
    else if (qos > 0) this.#kept.push(message)
  }

  /** The side that the agent sees; a new one after each of its starts. */
  source(bus: string): MessageSource {
    const since = this.#clock.wallMs()
    let isConnected = false
    return {
      start: async (deliver) => {
        isConnected = true
        const own = (message: BusMessage) => deliver({ ...message, bus })
        this.#deliver = own
        for (const message of this.#kept.splice(0)) this.#send(message)
      },
      stop: async () => {
        isConnected = false
        this.#deliver = undefined
      },
      state: (): SourceState => ({ isConnected, detail: 'pretend broker', since }),
    }
  }

  #send(message: Omit<BusMessage, 'bus'>): void {
    const deliver = this.#deliver
    if (!deliver) {
      if (message.qos > 0) this.#kept.push(message)
      return
    }
    deliver({ ...message, bus: '' }).then(
      () => this.acknowledged++,
      () => {
        this.refused++
        if (message.qos > 0) this.#clock.after(1000, () => this.#send(message))
      },
    )
  }
}
