/** CRC-CCITT as Davis uses it: polynomial 0x1021, start 0. Over a packet with its own two check bytes it is 0. */
export function crcCcitt(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) crc = (TABLE[(crc >> 8) ^ byte]! ^ (crc << 8)) & 0xffff
  return crc
}

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff
  return crc
})
