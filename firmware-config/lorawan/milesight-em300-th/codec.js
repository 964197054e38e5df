// Milesight EM300-TH: air temperature and humidity, as channel, type and value one after another.
// By channel and type in hex.
const FIELDS = {
  '0175': {
    length: 1,
    read: (data, bytes, at) => {
      data.battery = bytes[at]
    },
  },
  '0367': {
    length: 2,
    read: (data, bytes, at) => {
      data.temperature = signedLittle(bytes, at) / 10
    },
  },
  '0468': {
    length: 1,
    read: (data, bytes, at) => {
      data.humidity = bytes[at] / 2
    },
  },
  '0500': {
    length: 1,
    read: (data, bytes, at) => {
      data.leakage_status = bytes[at] === 1 ? 'leak' : 'normal'
    },
  },
  ff03: {
    length: 2,
    read: (data, bytes, at) => {
      data.report_interval = little(bytes, at)
    },
  },
}

function byteName(byte) {
  return (byte < 16 ? '0' : '') + byte.toString(16)
}

function little(bytes, at) {
  return bytes[at] + bytes[at + 1] * 256
}

function signedLittle(bytes, at) {
  const value = little(bytes, at)
  return value > 0x7fff ? value - 0x10000 : value
}

function decodeUplink(input) {
  const bytes = input.bytes
  const data = {}
  for (let at = 0; at + 1 < bytes.length; ) {
    const kind = byteName(bytes[at]) + byteName(bytes[at + 1])
    const field = FIELDS[kind]
    at += 2
    if (!field) {
      return { data: data, warnings: ['left unread from channel ' + kind] }
    }
    if (at + field.length > bytes.length) return { data: data, errors: ['the payload is cut short'] }
    field.read(data, bytes, at)
    at += field.length
  }
  return { data: data }
}
