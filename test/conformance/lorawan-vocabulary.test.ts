import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { ChirpStackDecoder } from '../../agent/devices/chirpstack/decoder.ts'
import { TtnDecoder } from '../../agent/devices/ttn/decoder.ts'
import { vectors } from './vectors.ts'

interface Example {
  kind: string
  codec?: string
  path: string
  output?: { data?: unknown }
  expected?: { data?: unknown }
}

// Names that mean one thing in every codec, and what they are, as the vendors' codecs write them.
const PLAIN: Readonly<Record<string, readonly [quantity: string, factor: number]>> = {
  humidity: ['air-humidity', 1],
  Humidity: ['air-humidity', 1],
  Humi: ['air-humidity', 1],
  Hum_SHT: ['air-humidity', 1],
  TempC_SHT: ['air-temperature', 1],
  temp_SOIL: ['soil-temperature', 1],
  water_SOIL: ['soil-moisture', 1],
  conduct_SOIL: ['soil-conductivity', 1],
  BatV: ['battery-voltage', 1],
  CO2: ['carbon-dioxide', 1],
  co2: ['carbon-dioxide', 1],
  light: ['light', 1],
  Illuminance: ['light', 1],
}

describe.each([
  ['lorawan', 392],
  ['lorawan-chirpstack', 78],
])('what the codecs of %s decode', (set, cases) => {
  const folder = vectors(set, cases)
  if (!folder) return
  const objects = readFileSync(join(folder, 'examples.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Example)
    .filter(({ kind }) => kind === 'uplinkDecoder' || kind === 'decode')
    .flatMap(({ codec, path, output, expected }) => {
      const data = (output ?? expected)?.data
      return data === undefined || data === null ? [] : [{ codec: codec ?? path, data }]
    })
  const chirpstack = new ChirpStackDecoder()
  const ttn = new TtnDecoder()

  test('is the same from either network server: readings, or fields that are left, never an exception', async () => {
    let withReadings = 0
    let checked = 0
    for (const { codec, data } of objects) {
      const up = await chirpstack.decode({
        topic: 'application/1/device/0101010101010101/event/up',
        payload: utf8(JSON.stringify({ deviceInfo: { deviceName: 'd' }, object: data })),
      })
      const other = await ttn.decode({
        topic: 'v3/a@t/devices/d/up',
        payload: utf8(JSON.stringify({ uplink_message: { decoded_payload: data } })),
      })
      expect(other.readings, codec).toEqual(up.readings)
      for (const { quantity, unit, value } of up.readings) {
        expect(unit).toBe(QUANTITIES[quantity].unit)
        expect(Number.isFinite(value), codec).toBe(true)
      }
      if (up.readings.length > 0) withReadings++
      for (const [name, stated] of Object.entries(data as Record<string, unknown>)) {
        const [quantity, factor] = Object.hasOwn(PLAIN, name) ? PLAIN[name]! : []
        if (quantity === undefined || (typeof stated !== 'number' && typeof stated !== 'string')) continue
        const number = Number(stated)
        if (!Number.isFinite(number)) continue
        const values = up.readings.filter((each) => each.quantity === quantity).map(({ value }) => value)
        expect(values, `${codec} ${name}`).toContain(number * factor!)
        checked++
      }
    }
    console.log(
      `${set}: ${withReadings} of ${objects.length} decoded objects hold a quantity of ours; ${checked} plainly named values found again`,
    )
    expect(checked).toBeGreaterThan(0)
  })
})
