import type { BusMessage, MessageSource, SourceState } from '../../agent/bus/message-source.ts'
import type { PretendClock } from './pretend-clock.ts'

const FIRST_REST_MS = 1000
const LONGEST_REST_MS = 600_000

/** What a broker did with one message, for those who keep account of it. */
export interface BrokerWitness {
  readonly onDelivery: (message: Omit<BusMessage, 'bus'>) => void
  readonly onAcknowledged: (message: Omit<BusMessage, 'bus'>) => void
}

/**
 * A broker in pretend time. Like a real one it sends a QoS 1 message again until it is acknowledged: after each new
 * connection in the order in which they were published, also what came while the agent was away; and after a refusal,
 * which is a connection lost: the oldest first, after ever longer a rest, and the others when that one was taken.
 */
export class PretendBroker {
  readonly #clock: PretendClock
  readonly #witness: BrokerWitness | undefined
  /** In the order of publishing. */
  readonly #unacknowledged = new Set<Omit<BusMessage, 'bus'>>()
  #deliver: ((message: BusMessage) => Promise<void>) | undefined
  /** Between a refusal and the next try: as with a connection that is gone, nothing is sent. */
  #isResting = false
  #restMs = FIRST_REST_MS
  acknowledged = 0
  refused = 0

  constructor(clock: PretendClock, witness?: BrokerWitness) {
    this.#clock = clock
    this.#witness = witness
  }

  /** How many QoS 1 messages nobody has acknowledged yet. */
  get waiting(): number {
    return this.#unacknowledged.size
  }

  publish(topic: string, payload: unknown, qos: 0 | 1 = 1): void {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
    const message = { topic, payload: new TextEncoder().encode(text), qos, isRetained: false }
    if (qos > 0) this.#unacknowledged.add(message)
    this.#send(message)
  }

  /** The agent is gone without a word: its power went. */
  lose(): void {
    this.#deliver = undefined
  }

  /** The side that the agent sees; a new one after each of its starts. */
  source(bus: string): MessageSource {
    const since = this.#clock.wallMs()
    let own: ((message: BusMessage) => Promise<void>) | undefined
    return {
      start: async (deliver) => {
        own = (message) => deliver({ ...message, bus })
        this.#deliver = own
        this.#isResting = false
        this.#sendAll()
      },
      stop: async () => {
        if (this.#deliver === own) this.#deliver = undefined
        own = undefined
      },
      state: (): SourceState => ({ isConnected: own !== undefined, detail: 'pretend broker', since }),
    }
  }

  #send(message: Omit<BusMessage, 'bus'>): void {
    const deliver = this.#deliver
    if (!deliver || this.#isResting) return
    this.#witness?.onDelivery(message)
    deliver({ ...message, bus: '' }).then(
      () => {
        if (message.qos > 0 && !this.#unacknowledged.delete(message)) return
        this.acknowledged++
        this.#witness?.onAcknowledged(message)
        // What was refused before and what came meanwhile follows the one that was taken.
        if (deliver === this.#deliver && this.#restMs > FIRST_REST_MS) this.#sendAll()
      },
      () => {
        this.refused++
        if (message.qos > 0 && deliver === this.#deliver && !this.#isResting) this.#rest(deliver)
      },
    )
  }

  #sendAll(): void {
    this.#restMs = FIRST_REST_MS
    for (const message of [...this.#unacknowledged]) this.#send(message)
  }

  /** A card that is full for hours: a broker that sent all of it each second would be the load. */
  #rest(deliver: (message: BusMessage) => Promise<void>): void {
    this.#isResting = true
    const restMs = this.#restMs
    this.#restMs = Math.min(LONGEST_REST_MS, restMs * 2)
    this.#clock.after(restMs, () => {
      // After a new connection all were sent.
      if (this.#deliver !== deliver) return
      this.#isResting = false
      const [oldest] = this.#unacknowledged
      if (oldest) this.#send(oldest)
    })
  }
}
