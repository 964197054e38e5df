// Elsys (ERS, ELT, EMS and others): type and value one after another, big end first.
function signedByte(bytes, at) {
  return bytes[at] > 127 ? bytes[at] - 256 : bytes[at]
}

function word(bytes, at) {
  return bytes[at] * 256 + bytes[at + 1]
}

function signedWord(bytes, at) {
  const value = word(bytes, at)
  return value > 0x7fff ? value - 0x10000 : value
}

function long(bytes, at) {
  return word(bytes, at) * 65536 + word(bytes, at + 2)
}

function coordinate(bytes, at) {
  const value = bytes[at] + bytes[at + 1] * 256 + bytes[at + 2] * 65536
  return (value > 0x7fffff ? value - 0x1000000 : value) / 10000
}

// For each type, in hex: how many bytes, and what they say.
const TYPES = {
  '01': [2, (data, bytes, at) => (data.temperature = signedWord(bytes, at) / 10)],
  '02': [1, (data, bytes, at) => (data.humidity = bytes[at])],
  '03': [
    3,
    (data, bytes, at) => {
      data.x = signedByte(bytes, at)
      data.y = signedByte(bytes, at + 1)
      data.z = signedByte(bytes, at + 2)
    },
  ],
  '04': [2, (data, bytes, at) => (data.light = word(bytes, at))],
  '05': [1, (data, bytes, at) => (data.motion = bytes[at])],
  '06': [2, (data, bytes, at) => (data.co2 = word(bytes, at))],
  '07': [2, (data, bytes, at) => (data.vdd = word(bytes, at))],
  '08': [2, (data, bytes, at) => (data.analog1 = word(bytes, at))],
  '09': [
    6,
    (data, bytes, at) => {
      data.lat = coordinate(bytes, at)
      data.long = coordinate(bytes, at + 3)
    },
  ],
  '0a': [2, (data, bytes, at) => (data.pulse1 = word(bytes, at))],
  '0b': [4, (data, bytes, at) => (data.pulseAbs = long(bytes, at))],
  '0c': [2, (data, bytes, at) => (data.externalTemperature = signedWord(bytes, at) / 10)],
  '0d': [1, (data, bytes, at) => (data.digital = bytes[at])],
  '0e': [2, (data, bytes, at) => (data.distance = word(bytes, at))],
  '0f': [1, (data, bytes, at) => (data.accMotion = bytes[at])],
  10: [
    4,
    (data, bytes, at) => {
      data.irInternalTemperature = signedWord(bytes, at) / 10
      data.irExternalTemperature = signedWord(bytes, at + 2) / 10
    },
  ],
  11: [1, (data, bytes, at) => (data.occupancy = bytes[at])],
  12: [1, (data, bytes, at) => (data.waterleak = bytes[at])],
  14: [4, (data, bytes, at) => (data.pressure = long(bytes, at) / 1000)],
  15: [
    2,
    (data, bytes, at) => {
      data.soundPeak = bytes[at]
      data.soundAvg = bytes[at + 1]
    },
  ],
  16: [2, (data, bytes, at) => (data.pulse2 = word(bytes, at))],
  17: [4, (data, bytes, at) => (data.pulseAbs2 = long(bytes, at))],
  18: [2, (data, bytes, at) => (data.analog2 = word(bytes, at))],
  19: [
    2,
    (data, bytes, at) => {
      // A string of probes sends this once for each.
      const value = signedWord(bytes, at) / 10
      const before = data.externalTemperature2
      data.externalTemperature2 = before === undefined ? value : [].concat(before, value)
    },
  ],
  '1a': [1, (data, bytes, at) => (data.digital2 = bytes[at])],
  '1b': [4, (data, bytes, at) => (data.analogUv = long(bytes, at) | 0)],
  '1c': [2, (data, bytes, at) => (data.tvoc = word(bytes, at))],
}

function decodeUplink(input) {
  const bytes = input.bytes
  const data = {}
  for (let at = 0; at < bytes.length; ) {
    const name = (bytes[at] < 16 ? '0' : '') + bytes[at].toString(16)
    const type = TYPES[name]
    if (!type) return { data: data, warnings: ['left unread from type ' + name] }
    if (at + 1 + type[0] > bytes.length) return { data: data, errors: ['the payload is cut short'] }
    type[1](data, bytes, at + 1)
    at += 1 + type[0]
  }
  return { data: data }
}
