// Decentlab DL-TRS11: soil moisture and temperature. Words of 16 bits, big end first, behind version, device and flags.
const signed = (word) => word - 32768
const permittivity = (counts) =>
  (0.000000002887 * counts ** 3 - 0.0000208 * counts ** 2 + 0.05276 * counts - 43.39) ** 2

// For each bit of the flags: how many words, and what they mean.
const GROUPS = [
  [
    2,
    [
      ['dielectric_permittivity', 'Dielectric permittivity', (x) => permittivity(x[0] / 10)],
      [
        'volumetric_water_content',
        'Volumetric water content',
        (x) => (x[0] / 10) * 0.0003879 - 0.6956,
        'm³⋅m⁻³',
      ],
      ['soil_temperature', 'Soil temperature', (x) => signed(x[1]) / 10, '°C'],
    ],
  ],
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
