import { describe, expect, test } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { QUALITY } from '#contract/wire/records.ts'
import { TtnDecoder } from '../../../agent/devices/ttn/decoder.ts'

const ids = { device_id: 'soil-1', application_ids: { application_id: 'farm' }, dev_eui: '0004A30B001C0530' }
const decode = (uplink: unknown, options: { decoder?: TtnDecoder; more?: object; kind?: string } = {}) =>
  (options.decoder ?? new TtnDecoder()).decode({
    topic: `v3/farm@ttn/devices/soil-1/${options.kind ?? 'up'}`,
    payload: utf8(
      JSON.stringify({ end_device_ids: ids, ...(uplink ? { uplink_message: uplink } : {}), ...options.more }),
    ),
  })
const rows = ({ readings }: Awaited<ReturnType<typeof decode>>) =>
  readings.map(({ channel, quantity, value }) => `${quantity}${channel === '' ? '' : `@${channel}`} ${value}`)

describe('an uplink of The Things Stack', () => {
  test('gives the decoded payload, the radio and the time at which the network heard it', async () => {
    const result = await decode({
      f_port: 1,
      frm_payload: 'AQI=',
      decoded_payload: { temperature: 21.5, relative_humidity_2: 60 },
      rx_metadata: [{ rssi: -35, channel_rssi: -35, snr: 5.2 }],
      received_at: '2026-02-02T09:40:00.5Z',
    })
    expect(rows(result)).toEqual([
      'signal-strength -35',
      'signal-noise 5.2',
      'air-humidity@2 60',
      'air-temperature 21.5',
    ])
    expect(result.readings[0]).toMatchObject({
      device: 'soil-1',
      sourceTimeMs: Date.parse('2026-02-02T09:40:00.5Z'),
    })
  })

  const both = {
    decoded_payload: { TempC_SHT: 99, Bat: 3.2 },
    normalized_payload: [
      { air: { temperature: 20, pressure: 1004 }, battery: 3 },
      { soil: { depth: 10, moisture: 12, ec: 0.5, pH: 6 } },
      { soil: { depth: 30, moisture: 15 }, time: '2026-02-02T09:00:00Z' },
    ],
  }

  test('takes the normalized payload first, in the units of its schema, and of the other what it lacks', async () => {
    const result = await decode(both)
    expect(rows(result)).toEqual([
      'air-temperature 20',
      'air-pressure 1004',
      'battery-voltage 3',
      'soil-moisture@10cm 12',
      'soil-conductivity@10cm 500',
      'soil-ph@10cm 6',
      'soil-moisture@30cm 15',
    ])
    expect(result.readings.at(-1)?.sourceTimeMs).toBe(Date.parse('2026-02-02T09:00:00Z'))
  })

  test('takes only the decoded one where the config prefers it', async () => {
    expect(rows(await decode(both, { decoder: new TtnDecoder({ prefers: 'decoded' }) }))).toEqual([
      'air-temperature@sht 99',
      'battery-voltage 3.2',
    ])
  })

  test('of bytes alone says that there is no codec', async () => {
    expect((await decode({ f_port: 1, frm_payload: 'AQI=' })).errors).toMatchObject([{ code: 'no-codec' }])
    expect(await decode({ frm_payload: '' })).toMatchObject({ ignored: true, deviceSeen: { id: 'soil-1' } })
  })

  test('that a person simulated at the console is marked', async () => {
    const { readings } = await decode({ decoded_payload: { humidity: 50 } }, { more: { simulated: true } })
    expect(readings[0]?.quality).toBe(QUALITY.estimated)
  })

  test('a join shows that the device is there; a message that is none is refused', async () => {
    expect(await decode(undefined, { kind: 'join' })).toMatchObject({
      ignored: true,
      deviceSeen: { id: 'soil-1' },
    })
    expect((await decode(undefined)).errors).toMatchObject([{ code: 'no-uplink' }])
    expect(await decode({}, { kind: 'down/sent' })).toMatchObject({ ignored: true })
  })
})
