import { connectAsync, type MqttClient } from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { OpenAlarm } from '../../../agent/alarm-desk.ts'
import type { AnnouncedReading } from '../../../agent/announce/home-assistant.ts'
import type { MessageSource } from '../../../agent/bus/message-source.ts'
import { agentConfigSchema } from '../../../agent/config.ts'
import { HomeAssistantDecoder } from '../../../agent/devices/home-assistant/decoder.ts'
import { openMqttSource } from '../../../agent/mqtt-sources.ts'
import { NoticeDesk } from '../../../agent/notice-desk.ts'
import { freePort, mosquitto, temporaryFolder } from '../../world/real-services.ts'
import { eventually, hasMosquitto } from '../bus/bus-room.ts'

const T0 = Date.UTC(2026, 10, 23, 5)

const openAlarm = (change: Partial<OpenAlarm> = {}): OpenAlarm => ({
  ...{ kind: 'alarm', state: 'raised', alarmId: 'a1', severity: 'warning', rule: 'above', name: 'Nóng quá' },
  ...{ device: 'air-shed', quantity: 'air-temperature', facts: { value: 39, bound: 38 } },
  ...{ raisedAt: T0, acknowledged: null },
  ...change,
})

const temperature = (value: number, change: Partial<AnnouncedReading> = {}): AnnouncedReading => ({
  ...{ device: 'air-shed', channel: '', quantity: 'air-temperature', unit: 'Cel', resolution: 0.1 },
  ...{ place: 'Nhà đóng gói', value, quality: 0 },
  ...change,
})

/** Everything that a subscriber of the broker holds, as Home Assistant or a display would. */
class Subscriber {
  readonly messages: { topic: string; text: string; retain: boolean }[] = []
  readonly client: MqttClient

  static async at(url: string, topic: string): Promise<Subscriber> {
    const client = await connectAsync(url, { protocolVersion: 4 })
    onTestFinished(() => client.endAsync(true).catch(() => {}))
    const subscriber = new Subscriber(client)
    client.on('message', (heard, payload, { retain }) => {
      subscriber.messages.push({ topic: heard, text: payload.toString(), retain })
    })
    await client.subscribeAsync(topic, { qos: 1 })
    return subscriber
  }

  constructor(client: MqttClient) {
    this.client = client
  }

  last(topic: string): string | undefined {
    return this.messages.findLast((each) => each.topic === topic)?.text
  }

  json(topic: string) {
    return JSON.parse(this.last(topic) ?? 'null')
  }
}

/** A notice desk over a bus of the config, as the agent makes it. */
function desk(bus: Record<string, unknown>, further: Record<string, unknown> = {}) {
  const config = agentConfigSchema.parse({
    ...{ dataDir: temporaryFolder(), boxName: 'box-1', language: 'en', buses: [{ name: 'farm', ...bus }] },
    alarms: [{ name: 'Nóng quá', quantity: 'air-temperature', above: 38 }],
    notify: { channels: [{ kind: 'mqtt', name: 'nhà', bus: 'farm' }] },
    ...further,
  })
  const faults: string[] = []
  const open: OpenAlarm[] = []
  const made = new NoticeDesk({
    ...{ config, clock: systemClock, random: Math.random, program: 'vuon-agent test' },
    randomBytes: (length) => new Uint8Array(length).fill(7),
    openSource: (each, topics, onFault, presence) =>
      openMqttSource(each, topics, {
        ...{ clock: systemClock, random: Math.random, onFault, presence },
        clientIdOf: (name) => `vuon-test-${name}`,
      }),
    now: () => systemClock.wallMs(),
    isTimeKnown: () => true,
    farm: () => 'Vườn Hai Lúa',
    openAlarms: () => open,
    everyMsOf: () => 60_000,
    looksEveryMs: 100,
    onFault: (subject, code, detail) => faults.push(`${subject} ${code}: ${detail}`),
  })
  const openInput = made.openForInputs((each, topics, onFault) =>
    openMqttSource(each, topics, {
      ...{ clock: systemClock, random: Math.random, onFault },
      clientIdOf: (name) => `vuon-test-${name}`,
    }),
  )
  const inputs: MessageSource[] = []
  const heard: string[] = []
  return {
    ...{ desk: made, faults, open, heard },
    async start(): Promise<void> {
      const [own] = config.buses
      if (own?.kind === 'mqtt-broker') {
        const source = openInput(own, ['#'], () => {})
        inputs.push(source)
        await source.start(async ({ topic }) => void heard.push(topic))
      }
      await made.start()
      onTestFinished(async () => {
        await made.stop()
        for (const input of inputs) await input.stop()
      })
    },
  }
}

const homeAssistant = { homeAssistant: { isEnabled: true, bus: 'farm', everyS: 1 } }

describe.skipIf(!hasMosquitto)('with Mosquitto as the broker [needs mosquitto]', () => {
  const broker = async (port?: number) => {
    const started = await mosquitto('', port)
    onTestFinished(() => started.stop())
    return started
  }

  test('an alarm is kept under its name, says how it stands, and is told once', async () => {
    const { url } = await broker()
    const room = desk({ kind: 'mqtt', url })
    await room.start()
    const [a, b] = [openAlarm(), openAlarm({ alarmId: 'a2', device: 'kho', severity: 'critical' })]
    room.open.push(a, b)
    room.desk.alarmsChanged()
    await eventually('both are delivered', () => room.desk.states[1]?.delivered === 2)
    room.open.splice(0, 1)
    room.desk.alarmsChanged()
    await eventually('the end of one is delivered', () => room.desk.states[1]?.delivered === 3)
    const late = await Subscriber.at(url, 'vuon/#')
    await eventually('it was kept', () => late.last('vuon/box-1/alarm/nong-qua') !== undefined)
    expect(late.json('vuon/box-1/alarm/nong-qua')).toMatchObject({
      ...{ name: 'Nóng quá', state: 'raised', severity: 'critical', openCount: 1 },
      open: [{ id: 'a2', device: 'kho' }],
      told: {
        state: 'cleared',
        key: 'a1.cleared.warning.nhà',
        text: { en: expect.stringContaining('Over: ') },
      },
    })
    room.open.length = 0
    room.desk.alarmsChanged()
    await eventually('all is over', () => late.json('vuon/box-1/alarm/nong-qua')?.state === 'cleared')
    expect(late.last('vuon/box-1/status')).toBe('online')
    expect(room.faults).toEqual([])
  })

  test('a test message arrives, says what it is, and is not kept', async () => {
    const { url } = await broker()
    const listener = await Subscriber.at(url, 'vuon/#')
    const room = desk({ kind: 'mqtt', url })
    await room.start()
    await eventually('the broker is there', () => listener.last('vuon/box-1/status') === 'online')
    expect(await room.desk.test('nhà')).toEqual({ kind: 'delivered', detail: 'vuon/box-1/alarm-test' })
    await eventually('it arrived', () => listener.last('vuon/box-1/alarm-test') !== undefined)
    expect(listener.json('vuon/box-1/alarm-test')).toMatchObject({ isTest: true, state: 'test' })
    const late = await Subscriber.at(url, 'vuon/#')
    await eventually('what is kept was read', () => late.last('vuon/box-1/status') !== undefined)
    expect(late.last('vuon/box-1/alarm-test')).toBeUndefined()
  })

  test('what happened while the broker was away is told when it is back, once', async () => {
    const port = await freePort()
    const room = desk({ kind: 'mqtt', url: `mqtt://127.0.0.1:${port}` })
    await room.start()
    room.open.push(openAlarm())
    room.desk.alarmsChanged()
    await eventually('a try failed', () => (room.desk.states[1]?.failures ?? 0) > 0)
    expect(await room.desk.test('nhà')).toMatchObject({ kind: 'failed' })
    const { url } = await broker(port)
    const listener = await Subscriber.at(url, 'vuon/+/alarm/#')
    await eventually('it is told', () => room.desk.states[1]?.delivered === 1)
    await eventually('it arrived', () => listener.messages.length > 0)
    expect(listener.messages).toHaveLength(1)
  })

  test('Home Assistant is told of series and alarms, hears values, and is told again after its start', async () => {
    const { url } = await broker()
    const there = await Subscriber.at(url, '#')
    const room = desk({ kind: 'mqtt', url }, homeAssistant)
    await room.start()
    room.desk.observe([
      temperature(29.53),
      temperature(1, { quantity: 'water-leak', unit: '1', resolution: 1 }),
    ])
    room.desk.observe([temperature(99, { quality: 1 })])
    const config = 'homeassistant/sensor/vuon_box-1/air-shed_air-temperature/config'
    const state = 'vuon/box-1/series/air-shed_air-temperature'
    const leak = 'homeassistant/binary_sensor/vuon_box-1/air-shed_water-leak/config'
    const hot = 'homeassistant/binary_sensor/vuon_box-1/alarm_nong-qua/config'
    const isHot = 'vuon/box-1/alarm-state/nong-qua'
    await eventually('the values and what they are is there', () =>
      [state, config, leak, hot, isHot].every((topic) => there.last(topic) !== undefined),
    )
    expect(there.json(config)).toMatchObject({
      ...{ unique_id: 'vuon_box-1_air-shed_air-temperature', state_topic: state, name: 'Air temperature' },
      ...{ device_class: 'temperature', unit_of_measurement: '°C', state_class: 'measurement' },
      ...{ suggested_display_precision: 1, expire_after: 900, availability_topic: 'vuon/box-1/status' },
      device: { name: 'air-shed', suggested_area: 'Nhà đóng gói', via_device: 'vuon_box-1' },
      origin: { name: 'Vuon' },
    })
    expect(there.last(state)).toBe('29.5')
    expect(there.json(leak)).toMatchObject({ device_class: 'moisture', payload_on: '1', payload_off: '0' })
    expect(there.json(hot)).toMatchObject({ device_class: 'problem', name: 'Nóng quá' })
    expect(there.json(isHot)).toEqual({ state: 'OFF', count: 0, open: [] })
    room.open.push(openAlarm())
    await eventually('the alarm is on', () => there.json(isHot)?.state === 'ON')
    const late = await Subscriber.at(url, '#')
    await eventually(
      'what is kept was read',
      () => late.last(config) !== undefined && late.last(hot) !== undefined,
    )
    // A value of yesterday must not look like one of now.
    expect(late.last(state)).toBeUndefined()
    there.messages.length = 0
    await there.client.publishAsync('homeassistant/status', 'online')
    await eventually(
      'all is said again',
      () => there.last(config) !== undefined && there.last(state) === '29.5',
    )
    expect(room.faults).toEqual([])
  })

  test('the broker says that the box is gone, when it is gone without a word', async () => {
    const { url } = await broker()
    const listener = await Subscriber.at(url, 'vuon/+/status')
    const room = desk({ kind: 'mqtt', url }, homeAssistant)
    await room.start()
    await eventually('the box is there', () => listener.last('vuon/box-1/status') === 'online')
    // Another with the same name throws it out without an orderly end, as a cut line does: the will is told.
    const other = await connectAsync(url, {
      clientId: 'vuon-test-farm-notices',
      protocolVersion: 4,
      reconnectPeriod: 0,
    })
    onTestFinished(() => other.endAsync(true).catch(() => {}))
    await eventually('its absence is told', () => listener.messages.some(({ text }) => text === 'offline'))
    await eventually('it is back', () => listener.last('vuon/box-1/status') === 'online')
  })
})

describe('with the broker inside the agent', () => {
  test('alarms, announcements and the start of Home Assistant go the same way, and no device is made of them', async () => {
    const port = await freePort()
    const room = desk({ kind: 'mqtt-broker', host: '127.0.0.1', port }, homeAssistant)
    await room.start()
    const there = await Subscriber.at(`mqtt://127.0.0.1:${port}`, '#')
    room.open.push(openAlarm())
    room.desk.alarmsChanged()
    room.desk.observe([temperature(29.5)])
    const config = 'homeassistant/sensor/vuon_box-1/air-shed_air-temperature/config'
    await eventually(
      'all is there',
      () => there.last(config) !== undefined && there.last('vuon/box-1/alarm/nong-qua') !== undefined,
    )
    there.messages.length = 0
    await there.client.publishAsync('homeassistant/status', 'online', { qos: 1 })
    await there.client.publishAsync('farm/soil', '31', { qos: 1 })
    await eventually('it is said again', () => there.last(config) !== undefined)
    expect(room.heard).toEqual(['farm/soil'])
    expect(room.faults).toEqual([])
  })
})

test('what a Vuon box announces is read by none as a device of its own', () => {
  const decoder = new HomeAssistantDecoder()
  const config = {
    ...{
      unique_id: 'x',
      state_topic: 'vuon/box-1/series/x',
      device_class: 'temperature',
      unit_of_measurement: '°C',
    },
    device: { name: 'air-shed' },
  }
  const announce = (id: string, origin: object) =>
    decoder.decode({
      topic: `homeassistant/sensor/vuon_box-1/${id}/config`,
      payload: new TextEncoder().encode(JSON.stringify({ ...config, ...origin })),
      isRetained: true,
    })
  announce('a', { origin: { name: 'Vuon' } })
  announce('b', { o: { name: 'Vuon' } })
  expect(decoder.takeNewTopics()).toEqual([])
  announce('c', { origin: { name: 'Zigbee2MQTT' } })
  expect(decoder.takeNewTopics()).toContain('vuon/box-1/series/x')
})
