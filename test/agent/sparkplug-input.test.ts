import { connectAsync } from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '#contract/ground/config-declaration.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { EmbeddedBroker } from '../../agent/bus/embedded-broker.ts'
import { agentConfigSchema } from '../../agent/config.ts'
import type { Observation } from '../../agent/devices/observation.ts'
import { readPayload } from '../../agent/devices/sparkplug/wire-payload.ts'
import { Inputs } from '../../agent/inputs.ts'
import { openMqttSource } from '../../agent/mqtt-sources.ts'
import { metric, SparkplugNode } from '../world/sparkplug-node.ts'
import { eventually } from './bus/bus-room.ts'

test('an edge node on the box’s own broker is asked for its birth, explains itself, and goes', async () => {
  const { buses } = parseConfig(
    agentConfigSchema,
    'buses:\n  - {kind: mqtt-broker, name: b, host: 127.0.0.1, port: 0, decoders: [sparkplug], sparkplug: {hostId: vuon}}\n',
    'box.yaml',
  )
  const stored: Observation[] = []
  const faults: string[] = []
  const gone: string[] = []
  const seen = new Set<string>()
  let broker: EmbeddedBroker | undefined
  const inputs = new Inputs({
    ...{ buses, clock: systemClock, random: Math.random },
    openLine: () => {
      throw new Error('no lines here')
    },
    openSource: (bus, topics, onFault) => {
      const clientIdOf = () => 'box'
      const outside = { clock: systemClock, random: Math.random, clientIdOf, onFault }
      broker = openMqttSource(bus, topics, outside) as EmbeddedBroker
      return broker
    },
    accept: async (_bus, observations) => void stored.push(...observations),
    takePhoto: async () => 'bad',
    onSeen: (device) => void seen.add(device),
    onGone: (device) => void gone.push(device),
    onFault: (_subject, code) => void faults.push(code),
  })
  await inputs.start()
  onTestFinished(() => inputs.stop())
  const node = new SparkplugNode('orchard', 'shed')
  const { topic, payload } = node.death()
  const client = await connectAsync(`mqtt://127.0.0.1:${broker!.port}`, {
    will: { topic, payload: Buffer.from(payload), qos: 1, retain: false },
  })
  onTestFinished(() => client.endAsync(true).catch(() => {}))
  const send = (message: { topic: string; payload: Uint8Array }) =>
    client.publishAsync(message.topic, Buffer.from(message.payload))
  const heard: { topic: string; payload: Uint8Array }[] = []
  client.on('message', (to, bytes) => heard.push({ topic: to, payload: bytes }))
  await client.subscribeAsync([node.topic('NCMD'), 'spBv1.0/STATE/vuon'])
  await eventually('its host is there', () => heard.length === 1)

  await send(node.data('bed', [{ alias: 1, floatValue: 31 }]))
  await eventually('it is asked', () => heard.length === 2)
  expect(heard[1]!.topic).toBe('spBv1.0/orchard/NCMD/shed')
  expect(readPayload(heard[1]!.payload).metrics[0]).toMatchObject({ name: 'Node Control/Rebirth' })
  expect(faults).toEqual(['before-birth'])

  await send(node.birth())
  await send(node.deviceBirth('bed', [metric('Soil/Moisture', 'Float', 30, { alias: 1 })]))
  await send(node.data('bed', [{ alias: 1, floatValue: 31 }]))
  await eventually('its values are stored', () => stored.length === 2)
  expect(stored.map(({ device, quantity, value }) => [device, quantity, value])).toEqual([
    ['shed/bed', 'soil-moisture', 30],
    ['shed/bed', 'soil-moisture', 31],
  ])
  expect([...seen].sort()).toEqual(['shed', 'shed/bed'])
  // The line breaks, and the broker says what the node left behind.
  client.stream.destroy()
  await eventually('both are gone', () => gone.length === 2)
  expect(gone).toEqual(['shed', 'shed/bed'])
})
