// Decentlab DL-GMM: greenhouse climate. Words of 16 bits, big end first, behind version, device and flags.
const signed = (word) => word - 32768

// For each bit of the flags: how many words, and what they mean.
const GROUPS = [
  [
    7,
    [
      [
        'photosynthetically_active_radiation',
        'Photosynthetically active radiation',
        (x) => signed(x[0]) / 10,
        'µmol⋅m⁻²⋅s⁻¹',
      ],
      ['air_temperature', 'Air temperature', (x) => signed(x[1]) / 100, '°C'],
      ['air_humidity', 'Air humidity', (x) => signed(x[2]) / 10, '%'],
      ['co2_concentration', 'CO2 concentration', (x) => signed(x[3]), 'ppm'],
      ['atmospheric_pressure', 'Atmospheric pressure', (x) => signed(x[4]) / 100, 'kPa'],
      ['vapor_pressure_deficit', 'Vapor pressure deficit', (x) => signed(x[5]) / 100, 'kPa'],
      ['dew_point', 'Dew point', (x) => signed(x[6]) / 100, '°C'],
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
