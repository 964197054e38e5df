import { describe, expect, test } from 'vitest'
import { concatBytes, utf8 } from '#contract/ground/bytes.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { ByteLine, LineSettings } from '../../../agent/bus/byte-line.ts'
import { SerialLine } from '../../../agent/bus/serial-line.ts'
import { TcpLine } from '../../../agent/bus/tcp-line.ts'
import { asciiFraming, encodeAscii } from '../../../agent/devices/modbus/ascii-frame.ts'
import { framingOf, type ModbusProtocol } from '../../../agent/devices/modbus/framing-of.ts'
import { lrc } from '../../../agent/devices/modbus/lrc.ts'
import type { ProbeAnswer } from '../../../agent/devices/modbus/polled-probe.ts'
import { ModbusPoller } from '../../../agent/devices/modbus/poller.ts'
import { loadProfile } from '../../../agent/devices/modbus/profile.ts'
import { lineOf } from '../../../agent/inputs.ts'
import { findTool, freePort, hasPymodbus, socatPair } from '../../world/real-services.ts'
import { running } from '../../world/running.ts'
import { startPymodbusSlave } from '../../world/slaves/start-slave.ts'

const ask = (count = 2) => asciiFraming.ask({ unit: 1, function: 3, address: 0x10, count })
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const answer = (...body: number[]) => encodeAscii(Uint8Array.from(body))

describe('Modbus ASCII', () => {
  test('a question is a colon, hex in capitals, the check sum, CR LF', () => {
    // 01 + 03 + 00 + 10 + 00 + 02 = 16; 100 − 16 = EA.
    expect(text(ask().bytes)).toBe(':010300100002EA\r\n')
    expect(lrc(Uint8Array.of(0x01, 0x03, 0x00, 0x10, 0x00, 0x02))).toBe(0xea)
    expect(lrc(Uint8Array.of())).toBe(0)
  })

  test('its answer is found in any pieces', () => {
    const whole = answer(1, 3, 4, 0x01, 0x31, 0xff, 0x9b)
    for (let at = 1; at < whole.length; at++) {
      const question = ask()
      expect(question.push(whole.slice(0, at))).toBeUndefined()
      expect(question.push(whole.slice(at))).toEqual({
        kind: 'registers',
        words: [0x131, 0xff9b],
        strayBytes: 0,
      })
    }
  })

  test('small letters and a line that ends with LF alone are taken', () => {
    expect(
      ask(1).push(
        utf8(
          `${text(answer(1, 3, 2, 0xab, 0xcd))
            .trim()
            .toLowerCase()}\n`,
        ),
      ),
    ).toMatchObject({
      words: [0xabcd],
    })
  })

  test('an exception is told', () => {
    expect(ask().push(answer(1, 0x83, 2))).toEqual({ kind: 'exception', code: 2, strayBytes: 0 })
  })

  test('the echo of the question is no answer and not counted', () => {
    const question = ask(1)
    expect(question.push(concatBytes(question.bytes, answer(1, 3, 2, 0, 7)))).toMatchObject({
      words: [7],
      strayBytes: 0,
    })
    const alone = ask(1)
    expect(alone.push(alone.bytes)).toBeUndefined()
    expect(alone.giveUp()).toMatchObject({ code: 'timeout', detail: expect.stringContaining('echo') })
  })

  test('a colon begins a frame anew, whatever was before it', () => {
    const right = answer(1, 3, 2, 0, 7)
    expect(ask(1).push(concatBytes(utf8('noise:0103'), right))).toMatchObject({ words: [7], strayBytes: 10 })
  })

  test.each<[string, Uint8Array, string]>([
    ['nothing', utf8(''), 'timeout'],
    ['a wrong check sum', utf8(':0103020007F4\r\n'), 'crc'],
    ['an odd run of digits', utf8(':01030200070\r\n'), 'crc'],
    ['something that is no hex', utf8(':0103020G07F3\r\n'), 'crc'],
    ['the answer of another unit', answer(2, 3, 2, 0, 7), 'wrong-reply'],
    ['the answer of another function', answer(1, 4, 2, 0, 7), 'wrong-reply'],
    ['an answer of another length', answer(1, 3, 4, 0, 7, 0, 7), 'wrong-reply'],
    ['a length byte that lies', answer(1, 3, 2, 0, 7, 0), 'wrong-reply'],
    ['an answer that is cut off', answer(1, 3, 2, 0, 7).slice(0, -3), 'garbage'],
    ['the bytes of RTU', Uint8Array.of(1, 3, 2, 0, 7, 0xf9, 0x86), 'garbage'],
  ])('%s is a failure with its own code', (_, bytes, code) => {
    const question = ask(1)
    expect(question.push(bytes)).toBeUndefined()
    expect(question.giveUp()).toMatchObject({ kind: 'failure', code, strayBytes: bytes.length })
  })

  test('a frame that never ends is dropped and counted', () => {
    const question = ask(1)
    question.push(utf8(`:${'0'.repeat(5000)}`))
    expect(question.push(answer(1, 3, 2, 0, 7))).toMatchObject({ words: [7], strayBytes: 5001 })
  })

  test('a profile that is written for RTU is read at 7E1, one for ASCII as it says', () => {
    const rtu = loadProfile('xy-md02')
    expect(lineOf(rtu, 'rtu')).toEqual(rtu.line)
    expect(lineOf(rtu, 'ascii')).toEqual({ baudRate: 9600, parity: 'even', dataBits: 7, stopBits: 1 })
    expect(lineOf({ ...rtu, protocols: ['ascii', 'rtu'] }, 'ascii')).toEqual(rtu.line)
  })
})

const SOIL = loadProfile('cwt-soil-7in1')
const REGISTERS = '1:0=225,0xFFF6,160,55,11,15,32'

async function readOnce(
  line: ByteLine,
  protocol: ModbusProtocol,
  settings: LineSettings,
): Promise<ProbeAnswer> {
  const poller = running(
    new ModbusPoller({
      line,
      framing: framingOf(protocol),
      probes: [],
      clock: systemClock,
      onReadings: async () => {},
      onFault: () => {},
    }),
  )
  poller.start()
  return poller.readOnce({ name: 'soil', unit: 1, profile: SOIL, everyMs: 1000, timeoutMs: 1000, settings })
}

const outside = { clock: systemClock, random: () => 0.5 }

describe('pymodbus as the slave [needs socat, pymodbus]', () => {
  test.skipIf(!findTool('socat') || !hasPymodbus())('Modbus ASCII on a serial line, 8N1', async () => {
    const pair = running(await socatPair())
    running(await startPymodbusSlave('--serial', pair.there, '--framer', 'ascii', '--holding', REGISTERS))
    const settings: LineSettings = { baudRate: 9600, parity: 'none', dataBits: 8, stopBits: 1 }
    const line = new SerialLine({ path: pair.here, settings, ...outside })
    const { readings, faults } = await readOnce(line, 'ascii', settings)
    expect(faults).toEqual([])
    expect(readings.map(({ value }) => value)).toEqual([22.5, -1, 160, 5.5, 11, 15, 32])
  })

  test.skipIf(!hasPymodbus())('Modbus RTU over TCP, as a cheap serial server passes it on', async () => {
    const port = await freePort()
    running(await startPymodbusSlave('--tcp', String(port), '--framer', 'rtu', '--holding', REGISTERS))
    const line = new TcpLine({ host: '127.0.0.1', port, ...outside })
    const { readings, faults, exchanges } = await readOnce(line, 'rtu', SOIL.line)
    expect(faults).toEqual([])
    expect(readings.map(({ value }) => value)).toEqual([22.5, -1, 160, 5.5, 11, 15, 32])
    expect(exchanges[0]?.request).toBe('0103000000070408')
  })
})
