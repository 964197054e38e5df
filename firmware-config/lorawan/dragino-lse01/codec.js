// Dragino LSE01: soil moisture, temperature and conductivity; an outside DS18B20 may be plugged in.
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
  if (bytes.length < 10) return { errors: ['the payload is cut short'] }
  const data = {
    // The two highest bits are flags of the battery's state.
    Bat: (word(bytes, 0) & 0x3fff) / 1000,
    TempC_DS18B20: signedWord(bytes, 2) / 10,
    water_SOIL: word(bytes, 4) / 100,
    temp_SOIL: signedWord(bytes, 6) / 100,
    conduct_SOIL: word(bytes, 8),
  }
  // 327.6 °C is no outside probe.
  if (data.TempC_DS18B20 > 125) delete data.TempC_DS18B20
  return { data: data }
}
