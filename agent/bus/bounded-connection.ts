import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/**
 * A socket whose MQTT packets may not be larger than `maxPacketBytes`. The parser behind it keeps a packet
 * until its last byte; the length that the fixed header announces (up to 256 MiB) must therefore be looked at
 * as soon as it arrives.
 */
export class BoundedConnection extends Duplex {
  readonly #socket: Socket
  readonly #walker: PacketWalker

  constructor(socket: Socket, maxPacketBytes: number) {
    super({ allowHalfOpen: false })
    this.#socket = socket
    this.#walker = new PacketWalker(maxPacketBytes)
    socket.on('data', (bytes) => {
      const tooLarge = this.#walker.walk(bytes)
      if (tooLarge > 0) {
        this.destroy(new PacketTooLarge(tooLarge))
        return
      }
      if (!this.push(bytes)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(bytes: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done)
  }

  override _writev(
    chunks: { chunk: Uint8Array; encoding: string }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#socket.write(Buffer.concat(chunks.map((each) => each.chunk)), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}

export class PacketTooLarge extends Error {
  constructor(bytes: number) {
    super(`a packet of ${bytes} bytes was announced`)
    this.name = 'PacketTooLarge'
  }
}

/** Follows the packets of an MQTT stream by their fixed headers (MQTT 3.1.1 §2.2). */
class PacketWalker {
  readonly #maxBytes: number
  /** Bytes of the current packet's body still to come. */
  #bodyLeft = 0
  /** Header bytes of the current packet seen so far; 0 before its first. */
  #headerBytes = 0
  #length = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** 0 while all is well, else the length that was announced. */
  walk(bytes: Uint8Array): number {
    let at = 0
    while (at < bytes.length) {
      if (this.#bodyLeft > 0) {
        const step = Math.min(this.#bodyLeft, bytes.length - at)
        this.#bodyLeft -= step
        at += step
        continue
      }
      const byte = bytes[at++]!
      if (this.#headerBytes++ === 0) continue
      this.#length += (byte & 0x7f) * 128 ** (this.#headerBytes - 2)
      if (this.#length > this.#maxBytes) return this.#length
      if (byte & 0x80 && this.#headerBytes < 5) continue
      this.#bodyLeft = this.#length
      this.#length = 0
      this.#headerBytes = 0
    }
    return 0
  }
}
