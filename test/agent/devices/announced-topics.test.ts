import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { MqttSource } from '../../../agent/bus/mqtt-client.ts'
import { loadAgentConfig } from '../../../agent/config.ts'
import type { Observation } from '../../../agent/devices/observation.ts'
import { Inputs } from '../../../agent/inputs.ts'
import { mosquitto, temporaryFolder } from '../../world/real-services.ts'
import { eventually, hasMosquitto } from '../bus/bus-room.ts'

describe.skipIf(!hasMosquitto)('announced devices on a real broker [needs mosquitto]', () => {
  it('a sensor that announces itself is listened to where it says it will speak', async () => {
    const broker = await mosquitto()
    onTestFinished(() => broker.stop())
    const node = await connectAsync(broker.url)
    onTestFinished(() => node.endAsync(true))
    const announcement = {
      stat_t: 'anywhere/at/all',
      dev_cla: 'temperature',
      unit_of_meas: '°F',
      dev: { name: 'Kho' },
    }
    const topic = 'homeassistant/sensor/kho/t/config'
    await node.publishAsync(topic, JSON.stringify(announcement), { retain: true, qos: 1 })
    await node.publishAsync('anywhere/at/all', '68', { retain: true, qos: 1 })

    const file = join(temporaryFolder(), 'box.yaml')
    writeFileSync(
      file,
      `buses: [{kind: mqtt, name: farm, url: "${broker.url}", decoders: [home-assistant]}]\n`,
    )
    const heard: Observation[] = []
    const inputs = new Inputs({
      buses: loadAgentConfig(file).buses,
      clock: systemClock,
      random: Math.random,
      openLine: () => {
        throw new Error('there is no line')
      },
      openSource: (bus, topics) =>
        new MqttSource({
          bus: bus.name,
          url: broker.url,
          clientId: 'vuon-announced',
          topics,
          clock: systemClock,
          random: Math.random,
        }),
      accept: async (_bus, observations) => void heard.push(...observations),
      takePhoto: async () => 'bad',
      onSeen: () => {},
      onFault: () => {},
    })
    onTestFinished(() => inputs.stop())
    await inputs.start()
    await eventually('the announced topic is heard', () => heard.length > 0)
    expect(heard[0]).toMatchObject({ device: 'Kho', quantity: 'air-temperature', value: 20 })
  })
})
