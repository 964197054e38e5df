// Dragino LHT65: air temperature and humidity, and an outside probe.
function word(bytes, at) {
  return bytes[at] * 256 + bytes[at + 1]
}

function signedWord(bytes, at) {
  const value = word(bytes, at)
  return value > 0x7fff ? value - 0x10000 : value
}

function decodeUplink(input) {
  const bytes = input.bytes
  if (input.fPort !== 2) return { errors: ['unknown FPort'] }
  if (bytes.length < 7) return { errors: ['the payload is cut short'] }
  const kind = bytes[6]
  // A reply from the node's memory has no battery and its own time: not a reading of now.
  if (kind & 0x40) return { data: {}, warnings: ['a reply from the memory of the node is not read'] }
  const data = {
    BatV: (word(bytes, 0) & 0x3fff) / 1000,
    TempC_SHT: signedWord(bytes, 2) / 100,
    Hum_SHT: word(bytes, 4) / 10,
  }
  const outside = bytes.length >= 9 ? signedWord(bytes, 7) : 0x7fff
  // 0x7FFF says that nothing is plugged in.
  if ((kind & 0x0f) === 1 && outside !== 0x7fff) data.TempC_DS = outside / 100
  if ((kind & 0x0f) === 5 && outside !== 0x7fff) data.ILL_lx = word(bytes, 7)
  return { data: data }
}
