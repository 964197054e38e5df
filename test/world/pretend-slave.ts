/**
 * A Modbus RTU slave for the pretend world, written from the specification and sharing nothing with the agent:
 * its own CRC (bit by bit), its own frames. Real slaves answer in the tests over socat.
 */
export interface SlaveUnit {
  /** Register address → content as an unsigned 16-bit number; an address that is not there is an exception 02. */
  readonly holding: (address: number) => number | undefined
  readonly input: (address: number) => number | undefined
}

export class PretendSlaves {
  readonly #units: ReadonlyMap<number, SlaveUnit>
  asked = 0

  constructor(units: ReadonlyMap<number, SlaveUnit>) {
    this.#units = units
  }

  /** The answer to one request frame; undefined when no unit here answers it. */
  answer(request: Uint8Array): Uint8Array | undefined {
    if (request.length !== 8 || crcOf(request.subarray(0, 6)) !== (request[6]! | (request[7]! << 8)))
      return undefined
    const [unitNo = 0, code = 0, addressHigh = 0, addressLow = 0, countHigh = 0, countLow = 0] = request
    const unit = this.#units.get(unitNo)
    if (!unit) return undefined
    this.asked++
    const read = code === 3 ? unit.holding : code === 4 ? unit.input : undefined
    if (!read) return framed([unitNo, code | 0x80, 1])
    const first = addressHigh * 256 + addressLow
    const contents = Array.from({ length: countHigh * 256 + countLow }, (_, index) => read(first + index))
    if (contents.some((content) => content === undefined)) return framed([unitNo, code | 0x80, 2])
    const bytes = contents.flatMap((content) => [(content! >> 8) & 0xff, content! & 0xff])
    return framed([unitNo, code, bytes.length, ...bytes])
  }
}

function framed(body: readonly number[]): Uint8Array {
  const crc = crcOf(Uint8Array.from(body))
  return Uint8Array.from([...body, crc & 0xff, crc >> 8])
}

function crcOf(bytes: Uint8Array): number {
  let crc = 0xffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1
  }
  return crc
}

/** A probe that answers a fixed table; changing the table changes the weather. */
export const tableUnit = (table: {
  input?: Record<number, number>
  holding?: Record<number, number>
}): SlaveUnit => ({
  input: (address) => table.input?.[address],
  holding: (address) => table.holding?.[address],
})
