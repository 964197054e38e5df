import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { Zigbee2MqttDecoder } from '../../agent/devices/zigbee2mqtt/decoder.ts'
import { vectors } from './vectors.ts'

interface Published {
  topic: string
  payload: Record<string, unknown>
}

// What the payloads state, under Zigbee2MQTT's own names, and the factor to the table's unit.
const PLAIN: Readonly<Record<string, string>> = {
  temperature: 'air-temperature',
  humidity: 'air-humidity',
  pressure: 'air-pressure',
  battery: 'battery',
  linkquality: 'link-quality',
  power: 'power',
  energy: 'energy',
  current: 'current',
}

describe('payloads that Zigbee2MQTT publishes', () => {
  const folder = vectors('zigbee2mqtt', 156)
  if (!folder) return
  const published = readFileSync(join(folder, 'published_payloads.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Published)
  const results = published.map(({ topic, payload }) => ({
    topic,
    payload,
    result: new Zigbee2MqttDecoder().decode({
      topic,
      payload: utf8(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    }),
  }))
  const count = (isSo: (each: (typeof results)[number]) => boolean) => results.filter(isSo).length
  console.log(
    `zigbee2mqtt: ${results.length} payloads; ${count(({ result }) => result.readings.length > 0)} give readings, ` +
      `${count(({ result }) => result.ignored)} hold nothing for us, ` +
      `${count(({ result }) => result.errors.length > 0)} are refused with a reason`,
  )

  test('each is read, ignored, or refused with a reason', () => {
    for (const { topic, payload, result } of results) {
      const outcomes = [result.readings.length > 0, result.ignored, result.errors.length > 0]
      expect(outcomes.filter(Boolean).length, `${topic} ${JSON.stringify(payload)}`).toBe(1)
    }
  })

  test('commands, bridge requests and availability are no measurements', () => {
    const others = results.filter(({ topic }) =>
      /\/(?:bridge\/.*|set|get|availability)$|\/bridge\//.test(topic),
    )
    expect(others.length).toBeGreaterThan(50)
    for (const { topic, result } of others) expect(result.readings, topic).toEqual([])
  })

  test('every number under a known name comes out as it was stated, and nothing else does', () => {
    let checked = 0
    for (const { topic, payload, result } of results) {
      if (result.readings.length === 0) continue
      for (const { device, quantity, unit, value } of result.readings) {
        expect(topic).toBe(`zigbee2mqtt/${device}`)
        expect(unit).toBe(QUANTITIES[quantity].unit)
        expect(Number.isFinite(value)).toBe(true)
      }
      for (const [property, quantity] of Object.entries(PLAIN)) {
        const stated = payload[property]
        const found = result.readings.find((each) => each.quantity === quantity && each.channel === '')
        expect(found?.value, `${topic} ${property}`).toBe(typeof stated === 'number' ? stated : undefined)
        if (typeof stated === 'number') checked++
      }
    }
    expect(checked).toBeGreaterThan(0)
  })

  test('a state that is ON or OFF is a switch, with its endpoint', () => {
    for (const { payload, result } of results) {
      if (result.readings.length === 0) continue
      const stated = Object.entries(payload).filter(([, value]) => value === 'ON' || value === 'OFF')
      const switches = result.readings.filter(({ quantity }) => quantity === 'switch')
      expect(switches.map(({ channel, value }) => [channel, value])).toEqual(
        stated
          .filter(([property]) => /^state(?:_|$)/.test(property))
          .map(([property, value]) => [property.slice('state_'.length), value === 'ON' ? 1 : 0]),
      )
    }
  })
})
