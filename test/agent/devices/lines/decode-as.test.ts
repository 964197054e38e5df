import { describe, expect, test } from 'vitest'
import { createDecoder, decodeAs } from '../../../../agent/devices/decode-as.ts'
import { sentence } from './said.ts'

describe('decoding what a talker said', () => {
  test('a sentence, under the name that the topic gives', async () => {
    expect(await decodeAs('nmea', { topic: 'mast', payload: sentence('WIMTA,28.5,C') })).toEqual({
      readings: [{ device: 'mast', quantity: 'air-temperature', value: 28.5, unit: 'Cel' }],
      ignored: false,
      errors: [],
    })
  })

  test('several lines in one message, a bad one among them', async () => {
    const payload = `${sentence('WIMTA,28.5,C')}\r\n$WIMTA,99,C*00\r\n${sentence('YXMTW,24,C')}\r\n`
    const { readings, errors } = await decodeAs('nmea', { topic: '', payload })
    expect(readings.map(({ device, quantity }) => `${device} ${quantity}`)).toEqual([
      'nmea air-temperature',
      'nmea water-temperature',
    ])
    expect(errors.map(({ code }) => code)).toEqual(['checksum'])
  })

  test('an RG-15 that restarts between two lines of one stream', async () => {
    const decoder = createDecoder('rg15')
    const codes = async (payload: string) =>
      (await decodeAs('rg15', { topic: 'rain', payload }, decoder)).errors.map(({ code }) => code)
    expect(await codes('PwrDays 12')).toEqual([])
    expect(await codes('PwrDays 0')).toEqual(['restarted'])
  })

  test('what is no packet, no line, or nothing', async () => {
    const codes = async (kind: 'davis' | 'nmea' | 'rg15', payload: string, encoding = 'utf8') =>
      (await decodeAs(kind, { topic: 'x', payload, encoding })).errors.map(({ code }) => code)
    expect(await codes('davis', 'TE9P', 'base64')).toEqual(['wrong-reply'])
    expect(await codes('davis', `LOO${'x'.repeat(96)}`)).toEqual(['crc'])
    expect(await codes('nmea', 'hello')).toEqual(['line-format'])
    expect(await codes('rg15', 'x'.repeat(5000))).toEqual(['line-too-long'])
    expect(await decodeAs('rg15', { topic: 'x', payload: '' })).toEqual({
      readings: [],
      ignored: true,
      errors: [],
    })
  })
})
