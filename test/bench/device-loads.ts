import { BinaryReader } from '@bufbuild/protobuf/wire'
import { utf8 } from '#contract/ground/bytes.ts'
import { createDecoder } from '../../agent/devices/decode-as.ts'
import { DECODE_KINDS, type DecoderKind } from '../../agent/devices/decode-kinds.ts'
import { crcCcitt } from '../../agent/devices/lines/davis/crc.ts'
import { LineSplitter } from '../../agent/devices/lines/line-splitter.ts'
import { PatternFormat } from '../../agent/devices/lines/patterns/format.ts'
import { crc16, withCrc } from '../../agent/devices/modbus/crc.ts'
import { rtuFraming } from '../../agent/devices/modbus/rtu-frame.ts'
import { DEVICE_MESSAGES, type Message } from '../world/device-messages.ts'

/** One kind of work that messages make, over and over. */
export interface DeviceLoad {
  readonly name: string
  /** Mean size of a message. */
  readonly bytes: number
  /** Messages that must be taken together: a round of all samples. */
  readonly round: number
  /** Takes a round of messages; answers how many readings came of it. */
  readonly create: () => () => number | Promise<number>
  /** The least that anybody would do with the same bytes, a round of it. */
  readonly floor: { readonly what: string; readonly run: () => unknown }
}

const text = new TextDecoder()

/** Zigbee2MQTT, Home Assistant …: text of JSON, if only a number. */
const parsedAsJson = (messages: readonly Message[]): DeviceLoad['floor'] => ({
  what: 'JSON.parse',
  run: () => {
    let last: unknown
    for (const { payload } of messages) {
      const said = text.decode(payload)
      last = /^[[{"\d-]/.test(said) ? JSON.parse(said) : said
    }
    return last
  },
})

const splitAtCommas = (messages: readonly Message[]): DeviceLoad['floor'] => ({
  what: 'decode and split at commas',
  run: () => {
    let fields = 0
    for (const { payload } of messages) fields += text.decode(payload).split(',').length
    return fields
  },
})

const FLOORS: Partial<Record<DecoderKind, (messages: readonly Message[]) => DeviceLoad['floor']>> = {
  nmea: splitAtCommas,
  rg15: splitAtCommas,
  davis: (messages) => ({
    what: 'check sum',
    run: () => messages.reduce((sum, { payload }) => sum ^ crcCcitt(payload), 0),
  }),
  sparkplug: (messages) => ({
    what: 'protobuf, every field of every metric',
    run: () => {
      let fields = 0
      for (const { payload } of messages) fields += fieldsIn(payload)
      return fields
    },
  }),
}

function fieldsIn(payload: Uint8Array): number {
  const reader = new BinaryReader(payload)
  let fields = 0
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag()
    fields++
    if (number !== 2) {
      reader.skip(wireType)
      continue
    }
    const metric = new BinaryReader(reader.bytes())
    while (metric.pos < metric.len) {
      const [, type] = metric.tag()
      metric.skip(type)
      fields++
    }
  }
  return fields
}

function decoderLoad(kind: DecoderKind): DeviceLoad {
  const { first, daily } = DEVICE_MESSAGES[kind]!
  return {
    name: kind,
    bytes: meanBytes(daily),
    round: daily.length,
    create: () => {
      const decoder = createDecoder(kind)
      for (const message of first) void decoder.decode(message)
      const [sample] = daily
      if (!sample || !(decoder.decode(sample) instanceof Promise))
        return () => {
          let readings = 0
          for (const message of daily) {
            const result = decoder.decode(message)
            if (!(result instanceof Promise)) readings += result.readings.length
          }
          return readings
        }
      return async () => {
        let readings = 0
        for (const message of daily) readings += (await decoder.decode(message)).readings.length
        return readings
      }
    },
    floor: (FLOORS[kind] ?? parsedAsJson)(daily),
  }
}

const meanBytes = (messages: readonly { payload: Uint8Array }[]): number =>
  Math.round(messages.reduce((sum, { payload }) => sum + payload.length, 0) / messages.length)

/** A question to seven registers and its answer in two pieces. */
function modbusLoad(): DeviceLoad {
  const request = { unit: 1, function: 3, address: 0, count: 7 } as const
  const answer = withCrc(Uint8Array.from([1, 3, 14, ...Array.from({ length: 14 }, (_, at) => at * 17)]))
  const pieces = [answer.subarray(0, 11), answer.subarray(11)]
  return {
    name: 'modbus-rtu',
    bytes: answer.length,
    round: 100,
    create: () => () => {
      let words = 0
      for (let at = 0; at < 100; at++) {
        const question = rtuFraming.ask(request)
        for (const piece of pieces) {
          const reply = question.push(piece)
          if (reply?.kind === 'registers') words += reply.words.length
        }
      }
      return words
    },
    floor: {
      what: 'check sums of question and answer',
      run: () => {
        let sum = 0
        for (let at = 0; at < 100; at++) sum ^= crc16(answer) ^ crc16(answer, 0, 6)
        return sum
      },
    },
  }
}

/** Lines of an Arduino, out of a stream in pieces of 16 bytes. */
function linesLoad(): DeviceLoad {
  const lines = Array.from(
    { length: 100 },
    (_, at) => `${(20 + at / 10).toFixed(1)},${50 + (at % 40)},${at}\r\n`,
  )
  const stream = utf8(lines.join(''))
  const messages = lines.map((line) => ({ topic: '', payload: utf8(line) }))
  return {
    name: 'lines',
    bytes: meanBytes(messages),
    round: lines.length,
    create: () => {
      const format = new PatternFormat('uno', {
        ...{ format: 'csv', decimalComma: false, comments: ['#'], hasChecksum: false },
        values: [
          { from: 1, quantity: 'air-temperature', channel: '', scale: 1, offset: 0 },
          { from: 2, quantity: 'air-humidity', channel: '', scale: 1, offset: 0 },
        ],
      })
      const splitter = new LineSplitter(512)
      return () => {
        let readings = 0
        for (let at = 0; at < stream.length; at += 16)
          for (const piece of splitter.push(stream.subarray(at, at + 16)))
            if (piece.kind === 'line') readings += format.decode(piece.bytes).readings.length
        return readings
      }
    },
    floor: splitAtCommas(messages),
  }
}

export const DEVICE_LOADS: readonly DeviceLoad[] = [
  ...DECODE_KINDS.map(decoderLoad),
  linesLoad(),
  modbusLoad(),
]

/** Only those that the command line names, or all. */
export const chosenLoads = (names: readonly string[]): readonly DeviceLoad[] =>
  names.length === 0 ? DEVICE_LOADS : DEVICE_LOADS.filter(({ name }) => names.includes(name))
