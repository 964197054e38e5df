import { connect as connectTcp } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { MAX_PAYLOAD_BYTES } from '../../../agent/bus/message-source.ts'
import { freePort } from '../../world/real-services.ts'
import {
  aWhile,
  ownBroker as broker,
  brokerClient as client,
  eventually,
  hasMosquittoPub,
  Store,
  startTool,
} from './bus-room.ts'

describe('the broker inside the agent', () => {
  it('hands on what a node sends, at every quality of service', async () => {
    const store = new Store()
    const { url } = await broker(store)
    const node = await client(url)
    for (const qos of [0, 1, 2] as const) await node.publishAsync('farm/soil', `q${qos}`, { qos })
    await eventually('all three are there', () => store.messages.length === 3)
    expect(
      store.messages.map(({ bus, topic, text, qos, isRetained }) => [bus, topic, text, qos, isRetained]),
    ).toEqual([
      ['own', 'farm/soil', 'q0', 0, false],
      ['own', 'farm/soil', 'q1', 1, false],
      ['own', 'farm/soil', 'q2', 2, false],
    ])
  })

  it.each([1, 2] as const)('acknowledges quality %i only after it is stored', async (qos) => {
    const store = new Store()
    store.isHolding = true
    const { url } = await broker(store)
    const node = await client(url)
    let isAcknowledged = false
    const sent = node.publishAsync('farm/soil', 'x', { qos }).then(() => {
      isAcknowledged = true
    })
    await eventually('it arrives', () => store.messages.length === 1)
    await aWhile()
    expect(isAcknowledged).toBe(false)
    store.release()
    await sent
    expect(store.messages).toHaveLength(1)
  })

  it('takes many in flight from one node', async () => {
    const store = new Store()
    store.isHolding = true
    const { url } = await broker(store)
    const node = await client(url)
    const sent = Array.from({ length: 50 }, (_, index) => node.publishAsync('farm/x', `${index}`, { qos: 1 }))
    await eventually('all are in flight', () => store.messages.length === 50)
    store.release()
    await Promise.all(sent)
  })

  it('closes the connection when it could not be stored, and the node sends it again', async () => {
    const store = new Store()
    let isFull = true
    store.refuse = () => isFull
    const { url, faults } = await broker(store)
    const node = await client(url, { reconnectPeriod: 100 })
    const sent = node.publishAsync('farm/x', 'one', { qos: 1 })
    await eventually('the refusal is told', () => faults.codes.includes('not-stored'))
    isFull = false
    await sent
    expect(store.texts.filter((text) => text === 'one').length).toBeGreaterThanOrEqual(2)
  })

  it('asks for user name and password when they are set', async () => {
    const store = new Store()
    const { url, faults } = await broker(store, {
      users: [{ name: 'node', password: 'bí mật', topics: ['#'] }],
    })
    for (const wrong of [
      {},
      { username: 'node', password: 'wrong' },
      { username: 'node', password: 'bí mật!' },
      { username: 'other', password: 'bí mật' },
    ]) {
      await expect(client(url, wrong)).rejects.toThrow()
    }
    expect(faults.codes.filter((code) => code === 'wrong-password')).toHaveLength(4)
    const node = await client(url, { username: 'node', password: 'bí mật' })
    await node.publishAsync('farm/x', 'in', { qos: 1 })
    expect(store.texts).toEqual(['in'])
  })

  it('closes on a packet that announces more than anything on a farm sends, before it is in memory', async () => {
    const store = new Store()
    const { broker: own, faults, url } = await broker(store)
    const socket = connectTcp(own.port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let isClosed = false
    socket.on('close', () => {
      isClosed = true
    })
    socket.on('error', () => {})
    // CONNECT, then a PUBLISH whose fixed header says 256 MiB − 1 (MQTT 3.1.1 §2.2.3).
    socket.write(new Uint8Array([0x10, 13, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 1, 97]))
    socket.write(new Uint8Array([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 97]))
    await eventually('it is closed', () => isClosed)
    expect(faults.codes).toContain('message-too-large')
    // Others are not disturbed.
    const node = await client(url)
    await node.publishAsync('farm/x', 'still here', { qos: 1 })
    expect(store.texts).toEqual(['still here'])
  })

  it('acknowledges a payload that is a little too large without storing it', async () => {
    const store = new Store()
    const { url, faults } = await broker(store)
    const node = await client(url)
    await node.publishAsync('farm/x', Buffer.alloc(MAX_PAYLOAD_BYTES + 1), { qos: 1 })
    await node.publishAsync('farm/x', Buffer.alloc(MAX_PAYLOAD_BYTES), { qos: 1 })
    expect(store.messages.map(({ payload }) => payload.length)).toEqual([MAX_PAYLOAD_BYTES])
    expect(faults.told).toEqual([['message-too-large', `farm/x: ${MAX_PAYLOAD_BYTES + 1} bytes`]])
  })

  it('turns away more clients than it has room for, and takes one when one goes', async () => {
    const { broker: own, url, faults } = await broker(new Store(), { maxClients: 3 })
    const nodes = [await client(url), await client(url), await client(url)]
    const stranger = connectTcp(own.port, '127.0.0.1')
    stranger.on('error', () => {})
    let isTurnedAway = false
    stranger.on('close', () => {
      isTurnedAway = true
    })
    await eventually('the stranger is turned away', () => isTurnedAway)
    expect(faults.codes).toContain('too-many-clients')
    await nodes[0]!.endAsync()
    await aWhile(100)
    await client(url)
  })

  it('keeps retained messages for who comes later, up to its bound', async () => {
    const store = new Store()
    const { url, faults } = await broker(store)
    const node = await client(url)
    await Promise.all(
      Array.from({ length: 1000 }, (_, index) =>
        node.publishAsync(`farm/state/${index}`, `${index}`, { qos: 1, retain: true }),
      ),
    )
    await node.publishAsync('farm/state/more', 'x', { qos: 1, retain: true })
    expect(faults.told).toEqual([['too-many-retained', 'farm/state/more']])
    expect(store.messages).toHaveLength(1001)
    // Deleting one makes room for one.
    await node.publishAsync('farm/state/0', '', { qos: 1, retain: true })
    await node.publishAsync('farm/state/more', 'y', { qos: 1, retain: true })
    const late = await client(url)
    const got: string[] = []
    late.on('message', (topic, payload, packet) => {
      if (packet.retain) got.push(`${topic} ${payload}`)
    })
    await late.subscribeAsync('farm/state/#')
    await eventually('they come', () => got.length === 1000)
    expect(got).toContain('farm/state/more y')
    expect(got).not.toContain('farm/state/0 0')
  })

  it('refuses topics of the broker itself and ones without end', async () => {
    const store = new Store()
    const { url, faults } = await broker(store)
    for (const topic of ['$SYS/x', 'farm/'.padEnd(600, 'x')]) {
      const node = await client(url)
      let isClosed = false
      node.on('close', () => {
        isClosed = true
      })
      void node.publishAsync(topic, 'x', { qos: 1 }).catch(() => {})
      await eventually('it is closed', () => isClosed)
    }
    expect(store.messages).toEqual([])
    expect(faults.codes.filter((code) => code === 'topic-refused')).toHaveLength(2)
  })

  it('lets nodes hear each other', async () => {
    const { url } = await broker(new Store())
    const [one, other] = [await client(url), await client(url)]
    const got: string[] = []
    other.on('message', (_topic, payload) => got.push(payload.toString()))
    await other.subscribeAsync('valve/#', { qos: 1 })
    await one.publishAsync('valve/1', 'open', { qos: 1 })
    await eventually('it is heard', () => got.length === 1)
    expect(got).toEqual(['open'])
  })

  it('survives bytes that are no MQTT', async () => {
    const store = new Store()
    const { broker: own, url } = await broker(store)
    for (const noise of ['GET / HTTP/1.1\r\n\r\n', '\0\0\0\0', '\xff'.repeat(100)]) {
      const socket = connectTcp(own.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(Buffer.from(noise, 'latin1'))
      await aWhile(50)
      socket.destroy()
    }
    const node = await client(url)
    await node.publishAsync('farm/x', 'fine', { qos: 1 })
    expect(store.texts).toEqual(['fine'])
  })

  it('says that its port is taken', async () => {
    const port = await freePort()
    await broker(new Store(), { port })
    await expect(broker(new Store(), { port })).rejects.toMatchObject({ name: 'VuonError' })
  })

  it('frees its port when it stops, with clients connected', async () => {
    const { broker: own, url } = await broker(new Store())
    const { port } = own
    const node = await client(url)
    await own.stop()
    expect(own.state().isConnected).toBe(false)
    await eventually('the node is told', () => !node.connected)
    await broker(new Store(), { port })
  })

  it.skipIf(!hasMosquittoPub)(
    'takes what mosquitto_pub sends [needs mosquitto_pub]',
    async () => {
      const store = new Store()
      const { broker: own } = await broker(store, {
        users: [{ name: 'node', password: 'pw', topics: ['#'] }],
      })
      const to = ['-h', '127.0.0.1', '-p', String(own.port), '-u', 'node', '-P', 'pw', '-t', 'farm/x']
      for (const qos of ['0', '1', '2']) startTool('mosquitto_pub', [...to, '-q', qos, '-m', `pub ${qos}`])
      await eventually('all three are there', () => store.messages.length === 3)
      expect([...store.texts].sort()).toEqual(['pub 0', 'pub 1', 'pub 2'])
      const lines = startTool('mosquitto_pub', [...to, '-q', '1', '-l'])
      lines.stdin.write(Array.from({ length: 2000 }, (_, index) => `line ${index}`).join('\n'))
      lines.stdin.end()
      await eventually('every line is there', () => store.messages.length === 2003)
      expect(store.texts.slice(3)).toEqual(Array.from({ length: 2000 }, (_, index) => `line ${index}`))
    },
    30_000,
  )
})
