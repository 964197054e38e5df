// Decentlab DL-LWS: leaf wetness. Words of 16 bits, big end first, behind version, device and flags.
const signed = (word) => word - 32768

// For each bit of the flags: how many words, and what they mean.
const GROUPS = [
  [2, [['leaf_wetness_index', 'Leaf wetness index', (x) => (x[0] + x[1] * 65536) / 8388608 - 1]]],
  [1, [['battery_voltage', 'Battery voltage', (x) => x[0] / 1000, 'V']]],
]

function decodeUplink(input) {
  const bytes = input.bytes
  const word = (at) => bytes[at] * 256 + bytes[at + 1]
  if (bytes.length < 5 || bytes[0] !== 2) return { errors: [`protocol version ${bytes[0]}, not 2`] }
  const data = { protocol_version: 2, device_id: word(1) }
  const flags = word(3)
  let at = 5
  for (let group = 0; group < GROUPS.length; group++) {
    if (((flags >> group) & 1) === 0) continue
    const words = GROUPS[group][0]
    const fields = GROUPS[group][1]
    if (bytes.length < at + 2 * words) return { data, errors: ['the payload is cut short'] }
    const x = []
    for (let index = 0; index < words; index++, at += 2) x.push(word(at))
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index]
      const stated = { displayName: field[1], value: field[2](x) }
      if (field[3]) stated.unit = field[3]
      data[field[0]] = stated
    }
  }
  return { data }
}
