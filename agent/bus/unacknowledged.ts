import { crc32 } from 'node:zlib'
import { MAX_PAYLOAD_BYTES } from './message-source.ts'
import type { Publish } from './publish-stream.ts'

/**
 * What came at QoS 1 and is not acknowledged yet. Acknowledgements leave in the order of arrival (MQTT-4.6.0-2),
 * each only after its message is stored; a commit that stores many lets them leave in one write.
 *
 *   take ─► deliver ─┐            commit resolves many
 *   PUBACK PUBACK ◄──┴────────────────────────────────┘
 *
 * Messages that share a commit share its promise, which is listened to once: there are thousands a second.
 */
export interface UnacknowledgedHooks {
  readonly deliver: (publish: Publish) => Promise<void>
  /** Writes bytes to the broker; false when there is no connection. */
  readonly write: (bytes: Uint8Array) => boolean
  readonly onStored: () => void
  /** `isWaitedFor`: the broker still waits for an acknowledgement of it on this connection. */
  readonly onNotStored: (error: unknown, isWaitedFor: boolean) => void
  /** There is room again, after `take` said that there is none. */
  readonly onRoom: () => void
}

/** Messages that are stored, or not, together. */
interface Delivery {
  readonly delivered: Promise<void>
  state: 'on its way' | 'stored' | 'failed'
  count: number
  bytes: number
}

/** What is known of a message by which it is known again: not its bytes, which may be megabytes of them. */
interface Left {
  readonly sign: number
  readonly delivery: Delivery
}

// Three commits of a burst: one on its way to the disk, one gathering, one whose acknowledgements are on the line.
// Of 300 bytes they are 2.4 MB; a broker with a larger window waits in its own memory, not in ours.
export const MAX_IN_FLIGHT = 8000
// The same for messages as large as they may be.
const MAX_BYTES_IN_FLIGHT = 32 * MAX_PAYLOAD_BYTES

export class Unacknowledged {
  readonly #hooks: UnacknowledgedHooks
  /** Messages of this connection in the order they came: a number in each column, for there are thousands of them. */
  #ids: number[] = []
  #signs: number[] = []
  /** Of which delivery they are: so many of the first, then so many of the next. */
  #runs: { readonly delivery: Delivery; count: number }[] = []
  /** What earlier connections left, by packet id, until the session ends: to know again what is sent again. */
  readonly #left = new Map<number, Left>()
  #latest: Delivery | undefined
  #inFlight = 0
  #bytesInFlight = 0
  #isFull = false
  #isFlushDue = false

  constructor(hooks: UnacknowledgedHooks) {
    this.#hooks = hooks
  }

  /** False when no more should come before `onRoom`. */
  take(publish: Publish): boolean {
    const { messageId } = publish
    if (messageId > 0 && this.#left.size > 0 && this.#isKnown(publish)) return !this.#isFull
    const delivery = this.#deliver(publish)
    if (messageId > 0) this.#hold(messageId, signOf(publish), delivery)
    this.#isFull = !this.#hasRoom()
    return !this.#isFull
  }

  /** The broker knows nothing of an earlier session: its ids begin anew. */
  sessionEnded(): void {
    this.#left.clear()
  }

  /** What was not acknowledged comes again on the next connection. */
  connectionEnded(): void {
    let at = 0
    for (const { delivery, count } of this.#runs) {
      for (const end = at + count; at < end; at++)
        if (delivery.state !== 'failed')
          this.#left.set(this.#ids[at] as number, { sign: this.#signs[at] as number, delivery })
    }
    this.#ids = []
    this.#signs = []
    this.#runs = []
    this.#wake()
  }

  get pending(): readonly Promise<void>[] {
    return [...new Set(this.#runs.map(({ delivery }) => delivery.delivered))]
  }

  /** Acknowledges what is stored, as far as everything before it is. */
  flush(): void {
    let runs = 0
    let count = 0
    for (; this.#runs[runs]?.delivery.state === 'stored'; runs++) count += this.#runs[runs]?.count ?? 0
    if (count === 0) return
    const bytes = new Uint8Array(count * 4)
    const acknowledgements = new DataView(bytes.buffer)
    // PUBACK: type 4, two more bytes, the packet's id (MQTT 3.1.1 §3.4). In MQTT 5 the same four bytes mean
    // success without properties (§3.4.2.1).
    for (let index = 0; index < count; index++)
      acknowledgements.setUint32(index * 4, 0x40020000 + (this.#ids[index] as number))
    if (!this.#hooks.write(bytes)) return
    this.#ids = this.#ids.slice(count)
    this.#signs = this.#signs.slice(count)
    this.#runs.splice(0, runs)
  }

  #hold(messageId: number, sign: number, delivery: Delivery): void {
    this.#ids.push(messageId)
    this.#signs.push(sign)
    const last = this.#runs.at(-1)
    if (last?.delivery === delivery) last.count++
    else this.#runs.push({ delivery, count: 1 })
    if (delivery.state === 'stored') this.#flushSoon()
  }

  /** Whether it is what an earlier connection left; an id that means something else now is forgotten. */
  #isKnown(publish: Publish): boolean {
    const left = this.#left.get(publish.messageId)
    if (!left) return false
    this.#left.delete(publish.messageId)
    if (!publish.isSentAgain || left.sign !== signOf(publish)) return false
    this.#hold(publish.messageId, left.sign, left.delivery)
    return true
  }

  #deliver(publish: Publish): Delivery {
    const delivered = this.#hooks.deliver(publish)
    let delivery = this.#latest
    if (delivery?.delivered !== delivered) {
      delivery = { delivered, state: 'on its way', count: 0, bytes: 0 }
      this.#latest = delivery
      this.#listenTo(delivery)
    }
    if (delivery.state === 'on its way') {
      const { length } = publish.payload
      delivery.count++
      delivery.bytes += length
      this.#inFlight++
      this.#bytesInFlight += length
    }
    return delivery
  }

  #listenTo(delivery: Delivery): void {
    delivery.delivered.then(
      () => {
        this.#settled(delivery, 'stored')
        this.#hooks.onStored()
      },
      (error: unknown) => {
        for (const [id, left] of this.#left) if (left.delivery === delivery) this.#left.delete(id)
        this.#settled(delivery, 'failed')
        this.#hooks.onNotStored(
          error,
          this.#runs.some((run) => run.delivery === delivery),
        )
      },
    )
  }

  #settled(delivery: Delivery, state: Delivery['state']): void {
    delivery.state = state
    this.#inFlight -= delivery.count
    this.#bytesInFlight -= delivery.bytes
    this.#flushSoon()
    if (this.#hasRoom()) this.#wake()
  }

  #hasRoom(): boolean {
    return this.#inFlight < MAX_IN_FLIGHT && this.#bytesInFlight < MAX_BYTES_IN_FLIGHT
  }

  #wake(): void {
    if (!this.#isFull) return
    this.#isFull = false
    this.#hooks.onRoom()
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

/**
 * CRC-32 of topic and payload, and the payload's length, in one number. A message counts as one that came before when its
 * packet id is that one's in the same session, the broker says itself that it sends it again, and this is the same.
 */
const signOf = ({ topic, payload }: Publish): number =>
  crc32(payload, crc32(topic)) * LENGTHS + (payload.length % LENGTHS)

// What a double holds exactly beside 32 bits.
const LENGTHS = 2 ** 21
