import { Duplex } from 'node:stream'
import type { Clock } from '#contract/ground/clock.ts'
import { MAX_PAYLOAD_BYTES } from './message-source.ts'
import type { MqttVersion } from './mqtt-connection.ts'

/**
 * The stream of a connection to a broker, with its PUBLISH packets taken out:
 *
 *   broker ─► PUBLISH at QoS 0 or 1 ─► onPublish
 *        └──► everything else ───────► mqtt.js (CONNACK, SUBACK, PINGRESP, ...)
 *   broker ◄── what is written
 *
 * A box gets thousands of PUBLISH packets for one of anything else, and in mqtt.js each goes through a list of buffers,
 * an object of its own, a queue, events and two turns: two thirds of the work of a message. What is not a PUBLISH as the
 * standard has it is handed on too, for mqtt.js to refuse.
 */
export interface Publish {
  readonly topic: string
  /** Empty when it was too large to be held. */
  readonly payload: Uint8Array
  /** As it was sent. */
  readonly sizeBytes: number
  /** 0 at QoS 0, which has none. */
  readonly messageId: number
  readonly isRetained: boolean
  /** The broker sends it once more: on an earlier connection nobody acknowledged it. */
  readonly isSentAgain: boolean
}

const PUBLISH = 0x30
const DUPLICATE = 0x08
const QOS_1 = 0x02
const RETAINED = 0x01
// What says that a packet is no PUBLISH at QoS 0 or 1: another type, or the upper bit of the QoS.
const OTHER = 0xf4
// A name, and as much again for what MQTT 5 puts before the payload. What is larger is passed over as it comes.
const HEAD_BYTES = 2 * 65_535
// A hundred messages a second are looked at twenty times then. Where so much comes that rests would hold it up, there is
// none for a while.
const REST_MS = 50
const OFTEN_MS = 70
const FEW_BYTES = 4096
const BUSY_MS = 1000

export class PublishStream extends Duplex {
  readonly #socket: Duplex
  readonly #version: MqttVersion
  readonly #onPublish: (publish: Publish) => void
  readonly #maxHeldBytes: number
  readonly #clock: Clock
  /** The beginning of a packet of which so much is wanted before it can be read. */
  #kept: Buffer[] = []
  #keptBytes = 0
  #wantedBytes = 0
  /** So many of the next bytes belong to a packet that is handed on, or that is too large. */
  #passingBytes = 0
  #skippingBytes = 0
  #isHeld = false
  #cancelRest: (() => void) | undefined
  #readMs = Number.NEGATIVE_INFINITY
  #noRestBeforeMs = Number.NEGATIVE_INFINITY
  #hasTold = false

  constructor(
    socket: Duplex,
    version: MqttVersion,
    onPublish: (publish: Publish) => void,
    { clock, maxPayloadBytes = MAX_PAYLOAD_BYTES }: { clock: Clock; maxPayloadBytes?: number | undefined },
  ) {
    super()
    this.#clock = clock
    this.#maxHeldBytes = maxPayloadBytes + HEAD_BYTES
    this.#socket = socket
    this.#version = version
    this.#onPublish = onPublish
    socket.on('data', (bytes: Buffer) => {
      this.#hasTold = false
      this.#take(bytes)
      if (this.#hasTold) this.#restAfter(bytes.length)
    })
    socket.once('end', () => this.push(null))
    socket.once('error', (error) => this.destroy(error))
    socket.once('close', () => this.destroy())
  }

  /** Leaves what the broker sends in the network until `goOn`. */
  hold(): void {
    this.#isHeld = true
    this.#socket.pause()
  }

  goOn(): void {
    this.#isHeld = false
    if (!this.#cancelRest) this.#socket.resume()
  }

  /** Where messages come one by one and often, each would go all the way by itself: some are taken together. */
  #restAfter(readBytes: number): void {
    const nowMs = this.#clock.monotonicMs()
    const isOften = nowMs - this.#readMs < OFTEN_MS
    this.#readMs = nowMs
    if (readBytes > FEW_BYTES) this.#noRestBeforeMs = nowMs + BUSY_MS
    if (!isOften || nowMs < this.#noRestBeforeMs || this.#cancelRest || this.#isHeld) return
    this.#socket.pause()
    this.#cancelRest = this.#clock.after(REST_MS, () => this.#goOnAfterRest())
  }

  #goOnAfterRest(): void {
    this.#cancelRest = undefined
    if (this.#isHeld) return
    // All that came meanwhile, as one piece of data; flowing, each would be a piece of its own again.
    this.#socket.read()
    if (!this.#cancelRest && !this.#isHeld) this.#socket.resume()
  }

  override _read(): void {
    // What is handed on is small and taken at once.
  }

  override _write(bytes: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // The socket tells of an error by itself, and knows better which: a broker that wants a certificate says so.
    this.#socket.write(bytes, encoding, () => done())
  }

  /**
   * mqtt.js writes a packet in pieces. As one they leave in one segment: a later piece that met the end of the connection
   * would be an error of its own, before the reason that the broker gave for it (a certificate that it asks for) is read.
   */
  override _writev(pieces: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(pieces.map(({ chunk }) => chunk)), () => done())
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done())
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#cancelRest?.()
    this.#socket.destroy()
    done(error)
  }

  #take(bytes: Buffer): void {
    let rest = bytes
    while (this.#keptBytes > 0 && this.#keptBytes + rest.length >= this.#wantedBytes) {
      const missing = this.#wantedBytes - this.#keptBytes
      const whole = Buffer.concat([...this.#kept, rest.subarray(0, missing)])
      this.#kept = []
      this.#keptBytes = 0
      this.#read(whole)
      rest = rest.subarray(missing)
    }
    if (this.#keptBytes === 0) this.#read(rest)
    else if (rest.length > 0) this.#keep(rest, this.#wantedBytes)
  }

  #keep(bytes: Buffer, wantedBytes: number): void {
    this.#kept.push(bytes)
    this.#keptBytes += bytes.length
    this.#wantedBytes = wantedBytes
  }

  #read(bytes: Buffer): void {
    const length = bytes.length
    for (let at = 0; at < length; ) {
      if (this.#passingBytes + this.#skippingBytes > 0) {
        at = this.#goPast(bytes, at)
        continue
      }
      const first = bytes[at] as number
      const said = sizeAt(bytes, at + 1, length)
      if (said === CUT_OFF) {
        this.#keep(bytes.subarray(at), length - at + 1)
        return
      }
      const begin = at + 1 + (said & SIZE_BYTES)
      const size = Math.floor(said / SIZE_STEP)
      const end = begin + size
      const isPublish = ((first ^ PUBLISH) & OTHER) === 0
      if (isPublish && size > this.#maxHeldBytes) {
        const head = this.#headOf(bytes, first, begin, length)
        if (!head) {
          this.#keep(bytes.subarray(at), length - at + MAX_NAME_BYTES)
          return
        }
        this.#tell(first, head, NO_BYTES, end - head.end)
        this.#skippingBytes = end - at
      } else if (isPublish && end > length) {
        this.#keep(bytes.subarray(at), end - at)
        return
      } else if (isPublish && this.#publish(bytes, first, begin, end)) at = end
      else this.#passingBytes = end - at
    }
  }

  #goPast(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + this.#passingBytes + this.#skippingBytes)
    if (this.#passingBytes > 0) {
      this.#passingBytes -= end - from
      this.push(bytes.subarray(from, end))
    } else this.#skippingBytes -= end - from
    return end
  }

  /** False when it is not as the standard has it. */
  #publish(bytes: Buffer, first: number, begin: number, end: number): boolean {
    const head = this.#headOf(bytes, first, begin, end)
    if (!head || head.topic === '') return false
    let from = head.end
    if (this.#version === 5) {
      // What MQTT 5 says beside it (§3.3.2.3) is not looked at.
      const said = sizeAt(bytes, from, end)
      if (said === CUT_OFF) return false
      from += (said & SIZE_BYTES) + Math.floor(said / SIZE_STEP)
    }
    if (from > end || ((first & QOS_1) !== 0 && head.messageId === 0)) return false
    this.#tell(first, head, bytes.subarray(from, end), end - from)
    return true
  }

  /** Topic and id; undefined when `bytes` end before. */
  #headOf(bytes: Buffer, first: number, begin: number, end: number): Head | undefined {
    const topicFrom = begin + 2
    if (topicFrom > end) return undefined
    const topicEnd = topicFrom + bytes.readUInt16BE(begin)
    const hasId = (first & QOS_1) !== 0
    const headEnd = topicEnd + (hasId ? 2 : 0)
    if (headEnd > end) return undefined
    return {
      topic: bytes.toString('utf8', topicFrom, topicEnd),
      messageId: hasId ? bytes.readUInt16BE(topicEnd) : 0,
      end: headEnd,
    }
  }

  #tell(first: number, { topic, messageId }: Head, payload: Uint8Array, sizeBytes: number): void {
    this.#hasTold = true
    this.#onPublish({
      topic,
      payload,
      sizeBytes,
      messageId,
      isRetained: (first & RETAINED) !== 0,
      isSentAgain: (first & DUPLICATE) !== 0,
    })
  }
}

interface Head {
  readonly topic: string
  readonly messageId: number
  /** Where it ends in the bytes. */
  readonly end: number
}

// Two bytes that say its length, the name, and an id.
const MAX_NAME_BYTES = 2 + 65_535 + 2
const NO_BYTES = new Uint8Array(0)

/**
 * A variable byte integer, of one byte to four (MQTT 5 §1.5.5), with the number of its bytes in the lowest three bits:
 * two numbers a packet, without an object. CUT_OFF when `bytes` end before it does.
 */
function sizeAt(bytes: Buffer, at: number, end: number): number {
  let size = 0
  for (let index = 0, scale = 1; index < 4; index++, scale *= MORE) {
    if (at + index >= end) return CUT_OFF
    const byte = bytes[at + index] as number
    size += (byte % MORE) * scale
    if (byte < MORE || index === 3) return size * SIZE_STEP + index + 1
  }
  return CUT_OFF
}

const MORE = 0x80
const SIZE_STEP = 8
const SIZE_BYTES = 7
const CUT_OFF = 0
