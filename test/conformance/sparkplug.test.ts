import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '@bufbuild/protobuf'
import { connectAsync } from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { QUALITY } from '#contract/wire/records.ts'
import { MqttSource } from '../../agent/bus/mqtt-client.ts'
import { SparkplugDecoder } from '../../agent/devices/sparkplug/decoder.ts'
import { hostPresence } from '../../agent/devices/sparkplug/host-state.ts'
import { parseSparkplugTopic } from '../../agent/devices/sparkplug/topic.ts'
import { readPayload } from '../../agent/devices/sparkplug/wire-payload.ts'
import { Cable, eventually, hasMosquitto, Store, startSource } from '../agent/bus/bus-room.ts'
import { PretendClock } from '../world/pretend-clock.ts'
import { mosquitto } from '../world/real-services.ts'
import {
  DATATYPE,
  type Datatype,
  engUnit,
  metric,
  NOON_MS,
  payloadBytes,
  quality,
  SparkplugNode,
  valueField,
} from '../world/sparkplug-node.ts'
import { vectors } from './vectors.ts'

/**
 * The requirements of the Sparkplug TCK that bind a host application as a receiver, by their ids; and the ones on
 * what it says of itself. The others bind edge nodes and MQTT servers.
 */
type Requirement = readonly [ids: readonly string[], run: () => void | Promise<void>]

const power = (alias: number, value = 1): JsonObject => metric('Power', 'Float', value, { alias })

/** An edge node with a device, both born; what the decoder asked. */
function born({ reorderMs = 0 } = {}) {
  const clock = new PretendClock(NOON_MS)
  const asked: { topic: string; payload: Uint8Array }[] = []
  const publish = (topic: string, payload: Uint8Array) => void asked.push({ topic, payload })
  const decoder = new SparkplugDecoder({ rebirth: { clock, publish, reorderMs } })
  const node = new SparkplugNode('group', 'edge', 3)
  const births = [decoder.decode(node.birth([power(1)])), decoder.decode(node.deviceBirth('dev', [power(2)]))]
  return { clock, asked, decoder, node, births }
}

const RECEIVER: readonly Requirement[] = [
  [
    [
      'operational-behavior-edge-node-termination-host-action-ndeath-node-offline',
      'operational-behavior-edge-node-termination-host-action-ndeath-devices-offline',
    ],
    () => {
      const { decoder, node } = born()
      expect(decoder.decode(node.death())).toMatchObject({
        deviceSeen: { id: 'edge', availability: 'offline' },
        devicesGone: ['edge/dev'],
      })
    },
  ],
  [
    [
      'operational-behavior-edge-node-termination-host-action-ndeath-node-tags-stale',
      'operational-behavior-edge-node-termination-host-action-ndeath-devices-tags-stale',
    ],
    () => {
      const { decoder, node } = born()
      decoder.decode(node.death())
      for (const data of [
        node.data(undefined, [{ alias: 1, floatValue: 2 }]),
        node.data('dev', [{ alias: 2, floatValue: 2 }]),
      ])
        expect(decoder.decode(data)).toMatchObject({ readings: [], errors: [{ code: 'before-birth' }] })
    },
  ],
  [
    [
      'operational-behavior-edge-node-termination-host-action-ddeath-devices-offline',
      'operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale',
      'payloads-ddeath-seq-number',
    ],
    () => {
      const { decoder, node, asked } = born()
      expect(decoder.decode(node.deviceDeath('dev')).deviceSeen).toEqual({
        id: 'edge/dev',
        availability: 'offline',
      })
      expect(decoder.decode(node.data(undefined, [{ alias: 1, floatValue: 2 }])).readings).toHaveLength(1)
      expect(asked).toEqual([])
      expect(decoder.decode(node.data('dev', [{ alias: 2, floatValue: 2 }])).readings).toEqual([])
    },
  ],
  [
    [
      'topics-nbirth-bdseq-matching',
      'payloads-nbirth-bdseq',
      'payloads-ndeath-bdseq',
      'topics-ndeath-payload',
    ],
    () => {
      const { decoder, node } = born()
      expect(decoder.decode(node.death(2)).deviceSeen).toEqual({ id: 'edge' })
      expect(decoder.decode(node.death(3)).deviceSeen).toEqual({ id: 'edge', availability: 'offline' })
    },
  ],
  [
    [
      'operational-behavior-host-reordering-param',
      'operational-behavior-host-reordering-start',
      'operational-behavior-host-reordering-rebirth',
    ],
    async () => {
      const { decoder, node, asked, clock } = born({ reorderMs: 2000 })
      node.next()
      decoder.decode(node.data(undefined, []))
      await clock.advance(1900)
      expect(asked).toEqual([])
      await clock.advance(200)
      expect(asked.map(({ topic }) => topic)).toEqual(['spBv1.0/group/NCMD/edge'])
    },
  ],
  [
    ['operational-behavior-host-reordering-success'],
    async () => {
      const { decoder, node, asked, clock } = born({ reorderMs: 2000 })
      const late = node.data(undefined, [{ alias: 1, floatValue: 4 }])
      decoder.decode(node.data(undefined, []))
      expect(decoder.decode(late).readings).toMatchObject([{ value: 4 }])
      await clock.advance(10_000)
      expect(asked).toEqual([])
    },
  ],
  [
    [
      'operational-behavior-data-commands-ncmd-rebirth-verb',
      'operational-behavior-data-commands-ncmd-rebirth-name',
      'operational-behavior-data-commands-ncmd-rebirth-value',
      'operational-behavior-data-commands-ncmd-verb',
      'operational-behavior-data-commands-ncmd-metric-name',
      'operational-behavior-data-commands-ncmd-metric-value',
      'topics-ncmd-topic',
      'topics-ncmd-timestamp',
      'topics-ncmd-payload',
      'payloads-ncmd-timestamp',
      'payloads-ncmd-seq',
      'payloads-name-cmd-requirement',
    ],
    () => {
      const { decoder, node, asked } = born()
      decoder.decode(node.data('stranger', []))
      expect(asked.map(({ topic }) => topic)).toEqual(['spBv1.0/group/NCMD/edge'])
      const command = readPayload(asked[0]!.payload)
      expect(command).not.toHaveProperty('seq')
      expect(command).toMatchObject({
        timestamp: NOON_MS,
        metrics: [{ name: 'Node Control/Rebirth', datatype: 11, value: { kind: 'boolean', value: true } }],
      })
    },
  ],
  [
    [
      'payloads-sequence-num-always-included',
      'payloads-sequence-num-incrementing',
      'topics-ndata-seq-num',
      'topics-ddata-seq-num',
      'topics-dbirth-seq',
      'topics-ddeath-seq-num',
      'payloads-ndata-seq-inc',
      'payloads-ddata-seq-inc',
      'payloads-dbirth-seq-inc',
      'payloads-ddeath-seq-inc',
    ],
    () => {
      const { decoder, node, asked } = born()
      for (let times = 0; times < 130; times++) {
        decoder.decode(node.data(undefined, []))
        decoder.decode(node.data('dev', []))
        decoder.decode(node.deviceBirth('dev', [power(2)]))
        expect(decoder.decode(node.deviceDeath('dev')).errors).toEqual([])
        decoder.decode(node.deviceBirth('dev', [power(2)]))
      }
      expect(asked).toEqual([])
      const without = { topic: node.topic('NDATA'), payload: payloadBytes({ metrics: [] }) }
      expect(decoder.decode(without).errors).toMatchObject([{ code: 'seq-gap' }])
      expect(asked).toHaveLength(1)
    },
  ],
  [
    ['payloads-sequence-num-req-nbirth', 'payloads-nbirth-seq', 'topics-nbirth-seq-num'],
    () => {
      const node = new SparkplugNode()
      for (const seq of [0, 17, 255]) {
        const decoder = new SparkplugDecoder()
        const birth = {
          ...node.birth(),
          payload: payloadBytes({ seq, metrics: [metric('bdSeq', 'Int64', 0)] }),
        }
        expect(decoder.decode(birth).errors).toEqual([])
        const next = payloadBytes({ seq: (seq + 1) % 256 })
        expect(decoder.decode({ topic: node.topic('NDATA'), payload: next }).errors).toEqual([])
      }
      const wrong = payloadBytes({ seq: 256, metrics: [metric('bdSeq', 'Int64', 0)] })
      expect(
        new SparkplugDecoder().decode({ topic: node.topic('NBIRTH'), payload: wrong }).errors,
      ).toMatchObject([{ code: 'birth-incomplete' }])
    },
  ],
  [
    [
      'message-flow-device-birth-publish-nbirth-wait',
      'payloads-dbirth-order',
      'payloads-ndata-order',
      'payloads-ddata-order',
      'principles-birth-certificates-order',
    ],
    () => {
      for (const type of ['DBIRTH', 'DDATA', 'DDEATH', 'NDATA'] as const) {
        const node = new SparkplugNode()
        const topic = node.topic(type, type.startsWith('D') ? 'dev' : undefined)
        const result = new SparkplugDecoder().decode({
          topic,
          payload: payloadBytes({ seq: 1, metrics: [power(1)] }),
        })
        expect(result).toMatchObject({ readings: [], errors: [{ code: 'before-birth' }] })
      }
    },
  ],
  [
    [
      'payloads-name-requirement',
      'payloads-alias-birth-requirement',
      'payloads-alias-data-cmd-requirement',
      'payloads-metric-datatype-not-req',
      'topics-ndata-payload',
      'topics-ddata-payload',
    ],
    () => {
      const { decoder, node } = born()
      expect(decoder.decode(node.data(undefined, [{ alias: 1, floatValue: 5 }])).readings).toMatchObject([
        { device: 'edge', value: 5 },
      ])
      expect(decoder.decode(node.data('dev', [{ alias: 2, floatValue: 6 }])).readings).toMatchObject([
        { device: 'edge/dev', value: 6 },
      ])
      expect(decoder.decode(node.data('dev', [{ name: 'Power', floatValue: 7 }])).readings).toMatchObject([
        { device: 'edge/dev', value: 7 },
      ])
    },
  ],
  [
    ['payloads-alias-uniqueness'],
    () => {
      const { decoder, node } = born()
      expect(decoder.decode(node.deviceBirth('other', [power(2)])).errors).toMatchObject([
        { code: 'birth-incomplete' },
      ])
    },
  ],
  [
    ['payloads-metric-datatype-value-type', 'payloads-metric-datatype-value', 'payloads-metric-datatype-req'],
    () => {
      const read = (content: JsonObject) =>
        new SparkplugDecoder().decode(new SparkplugNode().birth([{ name: 'Power', ...content }]))
      for (const datatype of Object.keys(DATATYPE).slice(0, 10) as Datatype[])
        expect(read(metric('Power', datatype, 7)).readings, datatype).toMatchObject([{ value: 7 }])
      expect(read({ intValue: 7 }).errors).toMatchObject([{ code: 'not-a-number' }])
      expect(read({ datatype: 35, intValue: 7 }).errors).toMatchObject([{ code: 'not-a-number' }])
    },
  ],
  [
    [
      'operational-behavior-data-publish-nbirth-values',
      'operational-behavior-data-publish-dbirth-values',
      'topics-nbirth-metrics',
      'topics-dbirth-metrics',
    ],
    () => {
      const { births } = born()
      expect(births.map(({ readings }) => readings.length)).toEqual([1, 1])
      const isNull = { name: 'Power', datatype: 9, isNull: true, alias: 9 }
      const node = new SparkplugNode()
      const decoder = new SparkplugDecoder()
      expect(decoder.decode(node.birth([isNull]))).toMatchObject({ readings: [], errors: [] })
      expect(decoder.decode(node.data(undefined, [{ alias: 9, floatValue: 1 }])).readings).toHaveLength(1)
    },
  ],
  [
    [
      'operational-behavior-data-publish-nbirth-order',
      'operational-behavior-data-publish-dbirth-order',
      'payloads-name-birth-data-requirement',
      'payloads-metric-timestamp-in-',
      'payloads-timestamp-in-',
    ],
    () => {
      const { decoder, node } = born()
      const { readings } = decoder.decode(
        node.data(undefined, [
          { alias: 1, floatValue: 1, timestamp: NOON_MS + 1 },
          { alias: 1, floatValue: 2, timestamp: NOON_MS + 2 },
          { alias: 1, floatValue: 0, timestamp: NOON_MS - 9, isHistorical: true },
        ]),
      )
      expect(readings.map(({ sourceTimeMs, quality: flags }) => [sourceTimeMs, flags])).toEqual([
        [NOON_MS + 1, QUALITY.good],
        [NOON_MS + 2, QUALITY.good],
        [NOON_MS - 9, QUALITY.historical],
      ])
    },
  ],
  [
    ['payloads-propertyset-quality-value-type', 'payloads-propertyset-quality-value-value'],
    () => {
      const flags = [0, 192, 500].map(
        (code) =>
          new SparkplugDecoder().decode(
            new SparkplugNode().birth([metric('Power', 'Float', 1, quality(code))]),
          ).readings[0]?.quality,
      )
      expect(flags).toEqual([QUALITY.doubted, QUALITY.good, QUALITY.historical])
    },
  ],
  [
    [
      'payloads-propertyset-keys-array-size',
      'payloads-propertyset-values-array-size',
      'payloads-metric-propertyvalue-type-type',
    ],
    () => {
      const birth = (properties: JsonObject) =>
        new SparkplugDecoder().decode(new SparkplugNode().birth([metric('Power', 'Float', 2, properties)]))
          .readings
      expect(birth(engUnit('kW'))).toMatchObject([{ value: 2000 }])
      expect(birth({ properties: { keys: ['engUnit', 'x'], values: [{ type: 12, stringValue: 'kW' }] } }))
        // Which value belongs to which key can't be told, so the unit is not known.
        .toMatchObject([{ value: 2 }])
    },
  ],
  [
    [
      'payloads-dataset-column-size',
      'payloads-template-is-definition',
      'payloads-template-definition-nbirth-only',
    ],
    () => {
      const metrics = [
        { name: 'Power', datatype: 16, datasetValue: { numOfColumns: '1', columns: ['a'], types: [3] } },
        { name: 'Energy', datatype: 19, templateValue: { isDefinition: true, metrics: [power(8)] } },
      ]
      const result = new SparkplugDecoder().decode(new SparkplugNode().birth(metrics))
      expect(result).toMatchObject({ readings: [], errors: [], ignoredFields: 4 })
    },
  ],
  [
    [
      'topic-structure',
      'topic-structure-namespace-a',
      'topic-structure-namespace-valid-group-id',
      'topic-structure-namespace-valid-edge-node-id',
      'topic-structure-namespace-valid-device-id',
      'topic-structure-namespace-device-id-associated-message-types',
      'topic-structure-namespace-device-id-non-associated-message-types',
      'topics-nbirth-topic',
      'topics-ndata-topic',
      'topics-ndeath-topic',
      'topics-dbirth-topic',
      'topics-ddata-topic',
      'topics-ddeath-topic',
    ],
    () => {
      const kindOf = (topic: string) => parseSparkplugTopic(topic).kind
      for (const type of ['NBIRTH', 'NDEATH', 'NDATA']) {
        expect(kindOf(`spBv1.0/Vườn/${type}/nhà kho`)).toBe('node')
        expect(kindOf(`spBv1.0/g/${type}/e/d`)).toBe('refused')
      }
      for (const type of ['DBIRTH', 'DDEATH', 'DDATA']) {
        expect(kindOf(`spBv1.0/g/${type}/e/d`)).toBe('device')
        expect(kindOf(`spBv1.0/g/${type}/e`)).toBe('refused')
      }
      for (const topic of ['spAv1.0/g/NDATA/e', 'spBv1.0/+/NDATA/e', 'spBv1.0/g/NDATA/#', 'spBv1.0//NDATA/e'])
        expect(kindOf(topic), topic).toBe('refused')
    },
  ],
  [
    ['topic-structure-namespace-unique-edge-node-descriptor', 'payloads-nbirth-edge-node-descriptor'],
    () => {
      const { decoder } = born()
      expect(decoder.decode(new SparkplugNode('other', 'edge').birth()).errors).toMatchObject([
        { code: 'edge-name-twice' },
      ])
    },
  ],
  [
    ['topic-structure-namespace-duplicate-device-id-across-edge-node'],
    () => {
      const { decoder } = born()
      const second = new SparkplugNode('group', 'second')
      decoder.decode(second.birth())
      expect(decoder.decode(second.deviceBirth('dev', [power(1)])).readings).toMatchObject([
        { device: 'second/dev' },
      ])
    },
  ],
  [
    [
      'topics-nbirth-mqtt',
      'topics-dbirth-mqtt',
      'topics-ndata-mqtt',
      'topics-ddata-mqtt',
      'payloads-nbirth-retain',
      'payloads-dbirth-retain',
      'payloads-ndata-retain',
      'payloads-ddata-retain',
    ],
    () => {
      const { decoder, node } = born()
      for (const message of [node.birth(), node.data(undefined, [])])
        expect(decoder.decode({ ...message, isRetained: true }).errors).toMatchObject([
          { code: 'retained-session' },
        ])
    },
  ],
]

/** What it says of itself, with a real broker. */
const STATE_IDS = [
  'conformance-primary-host',
  'intro-sparkplug-host-state',
  'components-ph-state',
  'host-topic-phid-birth-message',
  'host-topic-phid-birth-qos',
  'host-topic-phid-birth-retain',
  'host-topic-phid-birth-topic',
  'host-topic-phid-birth-sub-required',
  'host-topic-phid-birth-required',
  'host-topic-phid-birth-payload',
  'host-topic-phid-birth-payload-timestamp',
  'host-topic-phid-death-qos',
  'host-topic-phid-death-retain',
  'host-topic-phid-death-topic',
  'host-topic-phid-death-required',
  'host-topic-phid-death-payload',
  'host-topic-phid-death-payload-timestamp-connect',
  'host-topic-phid-death-payload-timestamp-disconnect-clean',
  'message-flow-phid-sparkplug-subscription',
  'message-flow-phid-sparkplug-state-publish',
  'message-flow-phid-sparkplug-state-publish-payload',
  'message-flow-phid-sparkplug-state-publish-payload-timestamp',
  'message-flow-hid-sparkplug-state-message-delivered',
  'message-flow-phid-sparkplug-clean-session-50',
  'operational-behavior-host-application-connect-will',
  'operational-behavior-host-application-connect-will-topic',
  'operational-behavior-host-application-connect-will-payload',
  'operational-behavior-host-application-connect-will-qos',
  'operational-behavior-host-application-connect-will-retained',
  'operational-behavior-host-application-connect-birth',
  'operational-behavior-host-application-connect-birth-topic',
  'operational-behavior-host-application-connect-birth-payload',
  'operational-behavior-host-application-connect-birth-qos',
  'operational-behavior-host-application-connect-birth-retained',
  'operational-behavior-host-application-termination',
  'operational-behavior-host-application-death-topic',
  'operational-behavior-host-application-death-payload',
  'operational-behavior-host-application-death-qos',
  'operational-behavior-host-application-death-retained',
  'payloads-state-will-message',
  'payloads-state-will-message-qos',
  'payloads-state-will-message-retain',
  'payloads-state-will-message-payload',
  'payloads-state-subscribe',
  'payloads-state-birth',
  'payloads-state-birth-payload',
  'topics-ncmd-mqtt',
  'payloads-ncmd-qos',
  'payloads-ncmd-retain',
]

describe('a host application by the Sparkplug TCK', () => {
  test.each(RECEIVER.map(([ids, run]) => ({ name: ids.join(', '), run })))('$name', ({ run }) => run())
})

test.skipIf(!hasMosquitto)(
  `says of itself what the TCK asks: ${STATE_IDS.length} ids [needs mosquitto]`,
  async () => {
    const broker = await mosquitto()
    onTestFinished(() => broker.stop())
    const topic = 'spBv1.0/STATE/vuon'
    const watcher = await connectAsync(broker.url, { protocolVersion: 5 })
    onTestFinished(() => watcher.endAsync(true).catch(() => {}))
    const heard: { topic: string; qos: number; retain: boolean; text: string }[] = []
    watcher.on('message', (to, payload, { qos, retain }) =>
      heard.push({ topic: to, qos, retain, text: payload.toString('latin1') }),
    )
    // Retain as published: what we see is what was sent.
    await watcher.subscribeAsync({ 'spBv1.0/#': { qos: 1, rap: true } })
    const cable = await Cable.to(broker.port)
    const source = new MqttSource({
      ...{ bus: 'b', url: cable.url, clientId: 'vuon-host', topics: new SparkplugDecoder().topicFilters },
      ...{ clock: systemClock, random: Math.random, presence: hostPresence('vuon') },
    })
    await startSource(source, new Store())
    const states = () => heard.filter((each) => each.topic === topic).map(({ text }) => JSON.parse(text))
    await eventually('it says that it is there', () => states().length === 1)
    expect(heard[0]).toMatchObject({ topic, qos: 1, retain: true })
    expect(Object.keys(states()[0])).toEqual(['online', 'timestamp'])
    const { timestamp } = states()[0]

    // An old will comes late.
    await watcher.publishAsync(topic, JSON.stringify({ online: false, timestamp: 1 }), {
      qos: 1,
      retain: true,
    })
    await eventually('it is put right', () => states().length === 3)
    expect(states()[2]).toEqual({ online: true, timestamp })

    cable.pull()
    await eventually('its will is told, with the time of its connection', () => states().length === 4)
    expect(states()[3]).toEqual({ online: false, timestamp })
    expect(heard[3]).toMatchObject({ topic, qos: 1, retain: true })
    cable.pushIn()
    // The broker shows it its own kept will once more, which it puts right as well.
    await eventually('it is there again', () => states().at(-1).online)
    expect(states().at(-1).timestamp).toBeGreaterThan(timestamp)

    await source.publish('spBv1.0/g/NCMD/e', Uint8Array.of(1))
    const command = () => heard.find((each) => each.topic.includes('NCMD'))
    await eventually('the command is heard', () => command() !== undefined)
    expect(command()).toMatchObject({ topic: 'spBv1.0/g/NCMD/e', qos: 0, retain: false })

    const before = states().at(-1).timestamp
    await source.stop()
    await eventually('it says that it goes', () => !states().at(-1).online)
    expect(states().at(-1).timestamp).toBeGreaterThanOrEqual(before)
  },
)

describe('the published requirements and examples', () => {
  const folder = vectors('sparkplug', 309)
  if (!folder) return
  const lines = (file: string) =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, string>)

  test('each id that is tested is one of them', () => {
    const known = new Set(lines('tck-requirements.jsonl').map(({ id }) => id))
    const tested = [...RECEIVER.flatMap(([ids]) => ids), ...STATE_IDS]
    expect(tested.filter((id) => !known.has(`tck-id-${id}`))).toEqual([])
    expect(new Set(tested).size).toBe(tested.length)
    console.log(
      `sparkplug: ${tested.length} of ${known.size} TCK requirements are tested; the others bind edge nodes, servers, and hosts of several servers`,
    )
  })

  test('the example payloads are read', () => {
    let read = 0
    for (const { json = '' } of lines('spec-example-payloads.jsonl')) {
      const example = exampleOf(json)
      if (!example) continue
      const { metrics = [] } = readPayload(payloadBytes(example))
      expect(metrics).toHaveLength((example['metrics'] as unknown[] | undefined)?.length ?? 0)
      const node = new SparkplugNode()
      const result = new SparkplugDecoder().decode({
        topic: node.topic('NBIRTH'),
        payload: payloadBytes(example),
      })
      expect(result.errors.filter(({ code }) => code !== 'birth-incomplete')).toEqual([])
      const voltage = metrics.some(({ name }) => name === 'Supply Voltage')
      expect(result.readings.map(({ quantity }) => quantity)).toEqual(voltage ? ['voltage'] : [])
      read++
    }
    console.log(`sparkplug: ${read} example payloads read`)
    expect(read).toBeGreaterThan(0)
  })
})

/** An example of the standard, whose JSON has missing commas and names of datatypes, as a payload; undefined for its templates. */
function exampleOf(json: string): JsonObject | undefined {
  if (json.includes('<')) return undefined
  const mended = json.replaceAll('\u00a0', ' ').replaceAll(/([}"\d])\s*\n(\s*")/g, '$1,\n$2')
  let stated: { metrics?: Record<string, unknown>[] } & JsonObject
  try {
    stated = JSON.parse(mended.replaceAll(/,\s*([}\]])/g, '$1'))
  } catch {
    return undefined
  }
  const metrics = (stated.metrics ?? []).map(({ name, alias, timestamp, dataType, value }) => ({
    name: name as string,
    timestamp: timestamp as number,
    ...(alias === undefined ? {} : { alias: alias as number }),
    datatype: DATATYPE[dataType as Datatype],
    ...valueField(dataType as Datatype, value as number),
  }))
  return { ...stated, metrics }
}
