import { connect as connectSocket, type Socket } from 'node:net'
import { connectAsync } from 'mqtt'

/** What nodes send in the ingest bench, and how a broker gets it to keep for whoever is measured. */
export interface IngestLoad {
  readonly name: string
  /** What the messages' subscriber asks for. */
  readonly topic: string
  /** Of the bus, in the agent's config. */
  readonly bus: Readonly<Record<string, unknown>>
  /** What stands in the payload; none for a bare number. */
  readonly fields: readonly string[]
  /** What is kept of each message. */
  readonly rows: number
  message(index: number): { readonly topic: string; readonly payload: string }
}

const NODES = 50
// Values wander, so that no message is the same as the one before.
const wave = (index: number, around: number, by: number): number =>
  Number((around + by * Math.sin(index / 37)).toFixed(1))

const zigbee = (index: number, values: object): { topic: string; payload: string } => ({
  topic: `zigbee2mqtt/node-${index % NODES}`,
  // What a bridge puts beside the values, up to some 200 bytes.
  payload: JSON.stringify({
    ...values,
    tamper: false,
    last_seen: new Date(1_795_000_000_000 + index * 20).toISOString(),
    update: { installed_version: 16777241, latest_version: 16777241, state: 'idle' },
  }),
})

export type LoadName = 'soil' | 'air' | 'value'

export const LOADS: Readonly<Record<LoadName, IngestLoad>> = {
  soil: {
    name: '200-byte Zigbee2MQTT payloads of four readings',
    topic: 'zigbee2mqtt/#',
    bus: { decoders: ['zigbee2mqtt'] },
    fields: ['battery', 'linkquality', 'soil_moisture', 'temperature'],
    rows: 4,
    message: (index) =>
      zigbee(index, {
        battery: 40 + (index % 60),
        linkquality: 60 + (index % 90),
        soil_moisture: wave(index, 31, 8),
        temperature: wave(index, 27, 5),
      }),
  },
  air: {
    name: '200-byte Zigbee2MQTT payloads of four readings, of which a fifth (vapour pressure deficit) is derived',
    topic: 'zigbee2mqtt/#',
    bus: { decoders: ['zigbee2mqtt'] },
    fields: ['battery', 'humidity', 'linkquality', 'temperature'],
    rows: 5,
    message: (index) =>
      zigbee(index, {
        battery: 40 + (index % 60),
        humidity: wave(index, 78, 15),
        linkquality: 60 + (index % 90),
        temperature: wave(index, 27, 5),
      }),
  },
  value: {
    name: 'one-value payloads',
    topic: 'farm/+/soil-moisture',
    bus: {
      decoders: ['json'],
      mappings: [
        { topic: 'farm/+/soil-moisture', readings: [{ pointer: '', quantity: 'soil-moisture', unit: '%' }] },
      ],
    },
    fields: [],
    rows: 1,
    message: (index) => ({
      topic: `farm/node-${index % NODES}/soil-moisture`,
      payload: String(wave(index, 31, 8)),
    }),
  },
}

/** Makes the broker keep messages for this client from now on, while it is away. */
export async function openSession(url: string, clientId: string, { topic }: IngestLoad): Promise<void> {
  const client = await connectAsync(url, {
    ...{ clientId, clean: false, protocolVersion: 5 },
    properties: { sessionExpiryInterval: 86_400 },
  })
  await client.subscribeAsync(topic, { qos: 1 })
  await client.endAsync()
}

/** Publishes at QoS 1, as fast as the broker takes it; resolves when it has acknowledged all of them. */
export async function preload(port: number, load: IngestLoad, messages: number): Promise<void> {
  const socket = await openPublisher(port)
  await publishAll(socket, load, 0, messages)
  socket.destroy()
}

/** A connection to the broker that only publishes. */
export async function openPublisher(port: number): Promise<Socket> {
  const socket = connectSocket(port, '127.0.0.1')
  socket.write(packet(0x10, [text('MQTT'), Buffer.from([4, 2, 0, 0]), text('')]))
  await received(socket, 4)
  return socket
}

/** Messages from..to of a load at QoS 1; resolves when the broker has acknowledged all of them. */
export async function publishAll(socket: Socket, load: IngestLoad, from: number, to: number): Promise<void> {
  const acknowledged = received(socket, 4 * (to - from))
  for (let index = from; index < to; ) {
    const packets: Buffer[] = []
    for (const end = Math.min(to, index + 500); index < end; index++) {
      const { topic, payload } = load.message(index)
      const id = Buffer.alloc(2)
      id.writeUInt16BE((index % 65_535) + 1)
      packets.push(packet(0x32, [text(topic), id, Buffer.from(payload)]))
    }
    if (!socket.write(Buffer.concat(packets)))
      await new Promise<void>((resolve) => socket.once('drain', resolve))
  }
  await acknowledged
}

/** Resolves after so many further bytes; CONNACK and PUBACK have four each in MQTT 3.1.1. */
function received(socket: Socket, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let count = 0
    const take = (chunk: Buffer): void => {
      count += chunk.length
      if (count < bytes) return
      socket.off('data', take)
      socket.off('error', reject)
      resolve()
    }
    socket.on('data', take)
    socket.once('error', reject)
  })
}

/** MQTT 3.1.1 §2.2 and §1.5.3. */
function packet(first: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const length: number[] = []
  let left = body.length
  do {
    length.push((left % 128) + (left >= 128 ? 128 : 0))
    left = Math.floor(left / 128)
  } while (left > 0)
  return Buffer.concat([Buffer.from([first, ...length]), body])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
}

/** What a child that was measured says of itself. */
export interface Ingested {
  readonly messages: number
  readonly rows: number
  /** From the first message to the acknowledgement of the last. */
  readonly ms: number
  /** Of all threads of the process, in that time. */
  readonly cpuMs: number
  /** Of its main thread. */
  readonly threadCpuMs: number
  readonly commits: number
}

export const msOf = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000
