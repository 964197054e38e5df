/** CRC-16/MODBUS: polynomial 0x8005 reflected (0xA001), start 0xFFFF ("Modbus over Serial Line" V1.02, §6.2.2). */
export function crc16(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = 0xffff
  for (let at = from; at < to; at++) crc = (crc >> 8) ^ TABLE[(crc ^ bytes[at]!) & 0xff]!
  return crc
}

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1
  return crc
})

/** The frame with its two check bytes, low byte first. */
export function withCrc(frame: Uint8Array): Uint8Array {
  const whole = new Uint8Array(frame.length + 2)
  whole.set(frame)
  const crc = crc16(frame)
  whole[frame.length] = crc & 0xff
  whole[frame.length + 1] = crc >> 8
  return whole
}

/** Whether the last two bytes of [from, to) are the CRC of those before them. */
export const hasRightCrc = (bytes: Uint8Array, from = 0, to = bytes.length): boolean =>
  to - from >= 4 && crc16(bytes, from, to - 2) === (bytes[to - 2]! | (bytes[to - 1]! << 8))
