import { crcCcitt } from './crc.ts'

/** A LOOP packet is 99 bytes, begins with LOO and ends with its CRC. */
export const PACKET_BYTES = 99
const START = [0x4c, 0x4f, 0x4f]

export type FoundPacket =
  | { readonly kind: 'packet'; readonly bytes: Uint8Array; readonly from: number }
  /** Keep what begins at `from`: it may become one. */
  | { readonly kind: 'incomplete'; readonly from: number; readonly hasBadCrc: boolean }

/** The first packet whose CRC holds; LOO inside of a damaged one is tried as a start too. */
export function findPacket(bytes: Uint8Array): FoundPacket {
  let hasBadCrc = false
  for (let from = 0; from < bytes.length; from++) {
    if (!START.every((byte, index) => from + index >= bytes.length || bytes[from + index] === byte)) continue
    if (from + PACKET_BYTES > bytes.length) return { kind: 'incomplete', from, hasBadCrc }
    const packet = bytes.slice(from, from + PACKET_BYTES)
    if (crcCcitt(packet) === 0) return { kind: 'packet', bytes: packet, from }
    hasBadCrc = true
  }
  return { kind: 'incomplete', from: bytes.length, hasBadCrc }
}
