/** Longitudinal check of Modbus ASCII: the two's complement of the sum of the bytes ("Modbus over Serial Line" V1.02, §6.2.1). */
export function lrc(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let sum = 0
  for (let at = from; at < to; at++) sum += bytes[at]!
  return -sum & 0xff
}
