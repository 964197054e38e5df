// SenseCAP S210x: frames of seven bytes (channel, what, value), then a checksum. All little end first.
function word(bytes, at) {
  return bytes[at] + bytes[at + 1] * 256
}

function hex(bytes) {
  return bytes.map((byte) => (byte < 16 ? '0' : '') + byte.toString(16).toUpperCase()).join('')
}

/** CRC-16/KERMIT over everything before it. */
function isIntact(bytes) {
  let crc = 0
  for (let at = 0; at < bytes.length - 2; at++) {
    crc ^= bytes[at]
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0x8408 : crc >> 1
  }
  return crc === word(bytes, bytes.length - 2)
}

function decodeUplink(input) {
  const bytes = input.bytes
  const data = { valid: true, err: 0, payload: hex(bytes), messages: [] }
  if (bytes.length < 9 || bytes.length % 7 !== 2) {
    data.valid = false
    data.err = -2
    return { data: data, errors: ['the payload is cut short'] }
  }
  if (!isIntact(bytes)) {
    data.valid = false
    data.err = -1
    return { data: data, errors: ['the checksum is wrong'] }
  }
  let sensorIdLow
  for (let at = 0; at < bytes.length - 2; at += 7) {
    const channel = bytes[at]
    const what = word(bytes, at + 1)
    const low = word(bytes, at + 3)
    const high = word(bytes, at + 5)
    if (what > 0x1000) {
      const value = (high * 65536 + low) | 0
      data.messages.push({ type: 'report_telemetry', measurementId: what, measurementValue: value / 1000 })
    } else if (what === 0) {
      data.messages.push({
        type: 'upload_version',
        hardwareVersion: bytes[at + 6] + '.' + bytes[at + 5],
        softwareVersion: bytes[at + 4] + '.' + bytes[at + 3],
      })
    } else if (what === 7) {
      data.messages.push({ type: 'upload_battery', battery: low })
      data.messages.push({ type: 'upload_interval', interval: high * 60 })
    } else if (what === 0x120) {
      data.messages.push({ type: 'report_remove_sensor', channel: channel })
    } else if (what === 2) {
      sensorIdLow = bytes.slice(at + 3, at + 7)
    } else if (what === 3 && sensorIdLow) {
      const id = bytes
        .slice(at + 3, at + 7)
        .reverse()
        .concat(sensorIdLow.slice().reverse())
      data.messages.push({ type: 'upload_sensor_id', channel: channel, sensorId: hex(id) })
    }
  }
  return { data: data }
}
