import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { TasmotaDecoder } from '../../agent/devices/tasmota/decoder.ts'
import { vectors } from './vectors.ts'

interface Sample {
  path: string
  line: number
  topic: string
  raw: string
  validJson: boolean
}

describe("samples in Tasmota's documentation", () => {
  const folder = vectors('tasmota', 228)
  if (!folder) return
  const decoder = new TasmotaDecoder()
  const samples = readFileSync(join(folder, 'samples.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Sample)
    .map((sample) => ({
      ...sample,
      result: decoder.decode({ topic: sample.topic, payload: utf8(sample.raw) }),
    }))
  const count = (isSo: (each: (typeof samples)[number]) => boolean) => samples.filter(isSo).length
  console.log(
    `tasmota: ${samples.length} samples; ${count(({ result }) => result.readings.length > 0)} give readings, ` +
      `${count(({ result }) => result.ignored)} hold nothing for us, ` +
      `${count(({ result }) => result.readings.length === 0 && result.errors.length > 0)} are refused with a reason`,
  )

  test('each is read, ignored, or refused with a reason', () => {
    for (const { path, line, raw, result } of samples) {
      const isAnswered = result.readings.length > 0 || result.errors.length > 0
      expect(isAnswered, `${path}:${line} ${raw}`).toBe(!result.ignored)
    }
  })

  test.each(samples.filter(({ validJson }) => !validJson))(
    '$path:$line is not JSON and refused',
    ({ result }) => {
      expect(result).toMatchObject({ readings: [], errors: [{ code: 'not-json' }] })
    },
  )

  test('every temperature, humidity, light and power of a sensor comes out as it was stated', () => {
    let checked = 0
    for (const { topic, raw, validJson, result, path, line } of samples) {
      if (!validJson || !/\/(?:SENSOR|STATUS8|STATUS10)$/.test(topic)) continue
      const payload = JSON.parse(raw) as Record<string, unknown>
      const values = result.readings.map(({ value }) => value)
      for (const stated of plainValuesIn(payload['StatusSNS'] ?? payload)) {
        expect(values, `${path}:${line}`).toContain(stated)
        checked++
      }
      for (const { quantity, unit, value } of result.readings) {
        expect(unit).toBe(QUANTITIES[quantity].unit)
        expect(Number.isFinite(value)).toBe(true)
      }
    }
    console.log(`tasmota: ${checked} stated values found again`)
    expect(checked).toBeGreaterThan(0)
  })

  test('what says nothing of a farm gives no readings', () => {
    for (const { raw, result } of samples)
      if (/IrReceived|RfReceived|RfRaw|ModbusReceived|SerialReceived|"Shutter|TLSKey|ZbState/.test(raw))
        expect(result.readings, raw).toEqual([])
  })
})

/** The values of sensors one level deep, under names that mean one thing only. */
function plainValuesIn(sensors: unknown): number[] {
  return Object.entries(sensors as Record<string, unknown>)
    .filter(
      ([sensor, fields]) => !/^(?:Zb|Lw|ESP32)/.test(sensor) && typeof fields === 'object' && fields !== null,
    )
    .flatMap(([, fields]) => Object.entries(fields as Record<string, unknown>))
    .filter(([name]) =>
      ['Temperature', 'Humidity', 'Illuminance', 'Power', 'Voltage', 'Total'].includes(name),
    )
    .flatMap(([, value]) => (typeof value === 'number' ? [value] : []))
}
