import type { IPublishPacket } from 'mqtt'
import { equalBytes } from '#contract/ground/bytes.ts'

/**
 * What came at QoS 1 and is not acknowledged yet. Acknowledgements leave in the order of arrival (MQTT-4.6.0-2),
 * each only after its message is stored; a commit that stores many lets them leave in one write.
 *
 *   take ─► deliver ─┐            commit resolves many
 *   PUBACK PUBACK ◄──┴────────────────────────────────┘
 */
export interface UnacknowledgedHooks {
  readonly deliver: (packet: IPublishPacket, payload: Uint8Array) => Promise<void>
  /** Writes bytes to the broker; false when there is no connection. */
  readonly write: (bytes: Uint8Array) => boolean
  readonly onStored: () => void
  /** `isWaitedFor`: the broker still waits for its acknowledgement on this connection. */
  readonly onNotStored: (error: unknown, isWaitedFor: boolean) => void
}

interface Held {
  readonly id: number
  readonly topic: string
  readonly payload: Uint8Array
  readonly delivered: Promise<void>
  isStored: boolean
}

// 2,000 messages of 300 bytes are 600 kB; a broker with a larger window waits in its own memory, not in ours.
export const MAX_IN_FLIGHT = 2000

export class Unacknowledged {
  readonly #hooks: UnacknowledgedHooks
  /** Messages of this connection in the order they came. */
  #queue: Held[] = []
  /** By packet id; lives over reconnects until the session ends, to know again what is sent again. */
  readonly #held = new Map<number, Held>()
  #inFlight = 0
  #waiting: (() => void)[] = []
  #isFlushDue = false

  constructor(hooks: UnacknowledgedHooks) {
    this.#hooks = hooks
  }

  /** `done` asks for the next packet: at once, unless too much is in flight. */
  take(packet: IPublishPacket, done: () => void): void {
    this.#receive(packet)
    if (this.#inFlight < MAX_IN_FLIGHT) done()
    else this.#waiting.push(done)
  }

  /** The broker knows nothing of an earlier session: its ids begin anew. */
  sessionEnded(): void {
    this.#held.clear()
  }

  /** What was not acknowledged comes again on the next connection. */
  connectionEnded(): void {
    this.#queue = []
    this.#wake()
  }

  get pending(): readonly Promise<void>[] {
    return this.#queue.map(({ delivered }) => delivered)
  }

  /** Acknowledges what is stored, as far as everything before it is. */
  flush(): void {
    let count = 0
    while (this.#queue[count]?.isStored) count++
    if (count === 0) return
    const bytes = new Uint8Array(count * 4)
    const acknowledgements = new DataView(bytes.buffer)
    const stored = this.#queue.slice(0, count)
    // PUBACK: type 4, two more bytes, the packet's id (MQTT 3.1.1 §3.4). In MQTT 5 the same four bytes mean
    // success without properties (§3.4.2.1).
    for (let index = 0; index < count; index++)
      acknowledgements.setUint32(index * 4, 0x40020000 + (stored[index]?.id ?? 0))
    if (!this.#hooks.write(bytes)) return
    this.#queue.splice(0, count)
    for (const held of stored) if (this.#held.get(held.id) === held) this.#held.delete(held.id)
  }

  #receive(packet: IPublishPacket): void {
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
    const id = packet.messageId
    const earlier = id === undefined || !packet.dup ? undefined : this.#held.get(id)
    if (earlier && earlier.topic === packet.topic && equalBytes(earlier.payload, payload)) {
      this.#queue.push(earlier)
      this.#flushSoon()
      return
    }
    const delivered = this.#hooks.deliver(packet, payload)
    this.#inFlight++
    const held: Held = { id: id ?? 0, topic: packet.topic, payload, delivered, isStored: false }
    if (id !== undefined) {
      this.#held.set(id, held)
      this.#queue.push(held)
    }
    delivered.then(
      () => {
        held.isStored = true
        this.#hooks.onStored()
        this.#settled()
      },
      (error: unknown) => {
        if (this.#held.get(held.id) === held) this.#held.delete(held.id)
        this.#settled()
        this.#hooks.onNotStored(error, id !== undefined && this.#queue.includes(held))
      },
    )
  }

  #settled(): void {
    this.#inFlight--
    this.#flushSoon()
    if (this.#inFlight < MAX_IN_FLIGHT) this.#wake()
  }

  #wake(): void {
    for (const done of this.#waiting.splice(0)) done()
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    setImmediate(() => {
      this.#isFlushDue = false
      this.flush()
    })
  }
}
