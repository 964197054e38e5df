import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { EmbeddedBroker } from '../../../agent/bus/embedded-broker.ts'
import { MAX_PAYLOAD_BYTES } from '../../../agent/bus/message-source.ts'
import { MqttSource, type MqttSourceOptions } from '../../../agent/bus/mqtt-client.ts'
import { findTool, freePort, type Mosquitto, mosquitto, temporaryFolder } from '../../world/real-services.ts'
import { journalFolder, openJournal, soilMoisture } from '../journal/journal-room.ts'
import { aWhile, Cable, eventually, Faults, hasMosquitto, Store, startSource } from './bus-room.ts'

async function broker(extra = '', port?: number): Promise<Mosquitto> {
  const started = await mosquitto(extra, port)
  onTestFinished(() => started.stop())
  return started
}

async function publisher(url: string): Promise<MqttClient> {
  const client = await connectAsync(url)
  onTestFinished(() => client.endAsync(true).catch(() => {}))
  return client
}

function source(url: string, options: Partial<MqttSourceOptions> = {}) {
  const faults = new Faults()
  const made = new MqttSource({
    bus: 'farm',
    url,
    clientId: 'vuon-test',
    topics: ['farm/#'],
    clock: systemClock,
    random: Math.random,
    onFault: faults.note,
    ...options,
  })
  return { source: made, faults }
}

async function connected(url: string, store: Store, options: Partial<MqttSourceOptions> = {}) {
  const made = source(url, options)
  await startSource(made.source, store)
  await eventually('the source is connected', () => made.source.state().isConnected)
  await aWhile(100)
  return made
}

describe.skipIf(!hasMosquitto)('a client of Mosquitto [needs mosquitto]', () => {
  it('hands on topic, payload, quality and the retained flag', async () => {
    const { url } = await broker()
    const client = await publisher(url)
    await client.publishAsync('farm/old', 'kept', { qos: 1, retain: true })
    const store = new Store()
    await connected(url, store)
    await client.publishAsync('farm/soil', '31.2', { qos: 1 })
    await client.publishAsync('farm/air', '29.5', { qos: 0 })
    await client.publishAsync('farm/twice', '2', { qos: 2 })
    await client.publishAsync('elsewhere', 'x', { qos: 1 })
    await eventually('four arrive', () => store.messages.length === 4)
    expect(
      store.messages.map(({ bus, topic, text, qos, isRetained }) => [bus, topic, text, qos, isRetained]),
    ).toEqual([
      ['farm', 'farm/old', 'kept', 1, true],
      ['farm', 'farm/soil', '31.2', 1, false],
      ['farm', 'farm/air', '29.5', 0, false],
      ['farm', 'farm/twice', '2', 1, false],
    ])
  })

  it('does not acknowledge before it is stored: a killed box gets it again, one that stored it does not', async () => {
    const { url, port } = await broker()
    const client = await publisher(url)
    const cable = await Cable.to(port)
    const first = new Store()
    first.isHolding = true
    await connected(cable.url, first)
    await client.publishAsync('farm/soil', 'one', { qos: 1 })
    await eventually('it arrives', () => first.messages.length === 1)
    await aWhile()
    cable.pull()

    const otherCable = await Cable.to(port)
    const second = new Store()
    await connected(otherCable.url, second)
    await eventually('it comes again', () => second.texts.includes('one'))
    await aWhile()
    otherCable.pull()

    const third = new Store()
    const again = await connected(url, third)
    await aWhile()
    expect(third.texts).toEqual([])
    expect(again.source.state().isConnected).toBe(true)
  })

  it('takes a burst at once, without waiting for each to be stored', async () => {
    const { url } = await broker('max_inflight_messages 0\nmax_queued_messages 0')
    const client = await publisher(url)
    const store = new Store()
    store.isHolding = true
    await connected(url, store)
    const expected = Array.from({ length: 500 }, (_, index) => `m${index}`)
    await Promise.all(expected.map((text) => client.publishAsync('farm/burst', text, { qos: 1 })))
    await eventually('all are in flight', () => store.messages.length === 500)
    expect(store.texts).toEqual(expected)
    store.release()
    await aWhile()
    expect(store.messages).toHaveLength(500)
  })

  it('acknowledges what was stored while the line was down when it comes again, and does not store it twice', async () => {
    const { url, port } = await broker()
    const client = await publisher(url)
    const cable = await Cable.to(port)
    const store = new Store()
    store.isHolding = true
    const box = await connected(cable.url, store)
    await client.publishAsync('farm/soil', 'slow disk', { qos: 1 })
    await eventually('it arrives', () => store.messages.length === 1)
    cable.pull()
    await eventually('the loss is told', () => box.faults.codes.includes('connection-lost'))
    store.release()
    cable.pushIn()
    await eventually('it is back', () => box.source.state().isConnected)
    await aWhile(500)
    expect(store.texts).toEqual(['slow disk'])
    // The broker has its acknowledgement: a new client under the same name gets nothing.
    await box.source.stop()
    const later = new Store()
    await connected(url, later)
    await aWhile()
    expect(later.texts).toEqual([])
  })

  it('asks for it again when it could not be stored', async () => {
    const { url } = await broker()
    const client = await publisher(url)
    const store = new Store()
    let isFull = true
    store.refuse = (text) => text === 'two' && isFull
    const { faults } = await connected(url, store)
    for (const text of ['one', 'two', 'three']) await client.publishAsync('farm/x', text, { qos: 1 })
    await eventually('the refusal is told', () => faults.codes.includes('not-stored'))
    isFull = false
    await eventually('it comes again', () => store.texts.filter((text) => text === 'two').length === 2)
    await eventually('the others are there', () => store.texts.includes('three'))
    expect(store.texts.filter((text) => text === 'one')).toHaveLength(1)
  })

  it('asks seldom while nothing can be stored', async () => {
    const { url } = await broker()
    const client = await publisher(url)
    const store = new Store()
    store.refuse = () => true
    const { faults } = await connected(url, store)
    await client.publishAsync('farm/x', 'one', { qos: 1 })
    await aWhile(4000)
    // Doubling from half a second: 0.5, 1, 2, 4 s; without it, some ten in four seconds.
    const refusals = faults.codes.filter((code) => code === 'not-stored').length
    expect(refusals).toBeGreaterThanOrEqual(2)
    expect(refusals).toBeLessThanOrEqual(8)
  }, 20_000)

  it('finds a broker again that was killed, and subscribes anew when the session is gone', async () => {
    const port = await freePort()
    const first = await broker('', port)
    const store = new Store()
    const { source: box, faults } = await connected(first.url, store)
    await first.kill()
    await eventually('the loss is told', () => faults.codes.includes('connection-lost'))
    expect(box.state()).toMatchObject({ isConnected: false })
    await broker('', port)
    await eventually('it is back', () => box.state().isConnected)
    await aWhile()
    const client = await publisher(first.url)
    await client.publishAsync('farm/soil', 'after', { qos: 1 })
    await eventually('it hears again', () => store.texts.includes('after'))
    expect(faults.codes.filter((code) => code === 'connection-lost')).toHaveLength(1)
  }, 30_000)

  it('starts before its broker does', async () => {
    const port = await freePort()
    const store = new Store()
    const { source: box } = source(`mqtt://127.0.0.1:${port}`)
    await startSource(box, store)
    await aWhile()
    expect(box.state().isConnected).toBe(false)
    expect(box.state().detail).toMatch(/ECONNREFUSED|connection/i)
    await broker('', port)
    await eventually('it is connected', () => box.state().isConnected)
  }, 30_000)

  it('gets what was sent while it was away', async () => {
    const { url } = await broker()
    const client = await publisher(url)
    const first = await connected(url, new Store())
    await first.source.stop()
    for (const text of ['a', 'b', 'c']) await client.publishAsync('farm/away', text, { qos: 1 })
    const store = new Store()
    await connected(url, store)
    await eventually('all come', () => store.messages.length === 3)
    expect(store.texts).toEqual(['a', 'b', 'c'])
  })

  it('stores what is on its way before it goes', async () => {
    const { url } = await broker()
    const client = await publisher(url)
    const store = new Store()
    store.isHolding = true
    const box = await connected(url, store)
    await client.publishAsync('farm/soil', 'last', { qos: 1 })
    await eventually('it arrives', () => store.messages.length === 1)
    const stopped = box.source.stop()
    await aWhile(50)
    store.release()
    await stopped
    const later = new Store()
    await connected(url, later)
    await aWhile()
    expect(later.texts).toEqual([])
  })

  it('says that the password is wrong, and goes on trying', async () => {
    const file = join(temporaryFolder(), 'passwords')
    writeFileSync(file, '')
    execFileSync(findTool('mosquitto_passwd') ?? 'mosquitto_passwd', ['-b', file, 'box', 'right'])
    // The later line counts.
    const { url } = await broker(`allow_anonymous false\npassword_file ${file}`)
    const { source: box, faults } = source(url, { username: 'box', password: 'wrong' })
    await startSource(box, new Store())
    await eventually(
      'it is refused twice',
      () => faults.codes.filter((code) => code === 'refused-by-broker').length >= 2,
    )
    expect(box.state().isConnected).toBe(false)
    expect(box.state().detail).toMatch(/not authorized|bad user/i)
    const right = source(url, { clientId: 'other', username: 'box', password: 'right' })
    await startSource(right.source, new Store())
    await eventually('the right one is let in', () => right.source.state().isConnected)
  })

  it('reads what it may where the broker keeps a topic from it', async () => {
    const file = join(temporaryFolder(), 'acl')
    writeFileSync(file, 'topic readwrite farm/#\ntopic write secret/#\n')
    const { url } = await broker(`acl_file ${file}`)
    const client = await publisher(url)
    const store = new Store()
    await connected(url, store, { topics: ['secret/#', 'farm/#'] })
    await client.publishAsync('secret/x', 'not for us', { qos: 1 })
    await client.publishAsync('farm/x', 'for us', { qos: 1 })
    await eventually('ours arrives', () => store.messages.length > 0)
    await aWhile()
    expect(store.texts).toEqual(['for us'])
  })

  it('acknowledges what is too large without storing it, and says so', async () => {
    const { url } = await broker()
    const client = await publisher(url)
    const store = new Store()
    const { faults } = await connected(url, store)
    await client.publishAsync('farm/huge', randomBytes(MAX_PAYLOAD_BYTES + 1), { qos: 1 })
    await client.publishAsync('farm/most', randomBytes(MAX_PAYLOAD_BYTES), { qos: 1 })
    await eventually('the largest that fits is there', () => store.messages.length === 1)
    expect(store.messages[0]!.topic).toBe('farm/most')
    expect(faults.told).toEqual([['message-too-large', `farm/huge: ${MAX_PAYLOAD_BYTES + 1} bytes`]])
  })

  it('stores a burst in commits that hundreds share, each message before its acknowledgement', async () => {
    const { url } = await broker('max_inflight_messages 0\nmax_queued_messages 0')
    const journal = await openJournal(join(journalFolder(), 'journal.db'), { isInWorker: true })
    const { no } = await journal.declareSeries(soilMoisture)
    const count = 30_000
    let stored = 0
    // The burst is at the broker before the box is: it comes as fast as a broker gives, not as fast as somebody publishes.
    const before = await connected(url, new Store())
    await before.source.stop()
    const pub = spawn(findTool('mosquitto_pub') ?? 'mosquitto_pub', [
      ...urlArgs(url),
      ...['-t', 'farm/soil', '-q', '1', '-l'],
    ])
    pub.stdin.write(
      Array.from({ length: count }, (_, v) => JSON.stringify({ v, name: 'soil-a', unit: '%' })).join('\n'),
    )
    pub.stdin.end()
    await once(pub, 'exit')
    const { source: box } = source(url)
    onTestFinished(() => box.stop())
    await box.start(({ payload }) => {
      const { v } = JSON.parse(new TextDecoder().decode(payload)) as { v: number }
      const reading = { seriesNo: no, t: journal.now(), scaled: v, quality: 0 }
      const committed = journal.appendReadings([reading], 'commit')
      void committed.then(() => stored++)
      return committed
    })
    await eventually('all are stored', () => stored === count, 50_000)
    const { commits, lanes } = await journal.state()
    expect(lanes.reading.lastSeq).toBe(count)
    expect(commits).toBeLessThan(count / 200)
    // Nobody waits at the broker any more.
    await box.stop()
    const later = new Store()
    await connected(url, later)
    await aWhile()
    expect(later.texts).toEqual([])
  })
})

it('says which topic a broker refuses it, and reads the others', async () => {
  // Mosquitto grants every subscription and delivers nothing; this one answers 0x80 for what is its own.
  const other = new EmbeddedBroker({ bus: 'other', host: '127.0.0.1', port: 0, clock: systemClock })
  await startSource(other, new Store())
  const url = `mqtt://127.0.0.1:${other.port}`
  const store = new Store()
  const { faults } = await connected(url, store, { topics: ['$SYS/#', 'farm/#'] })
  await eventually('the refusal is told', () => faults.codes.includes('refused-by-broker'))
  expect(faults.told[0]![1]).toContain('$SYS/#')
  await (await publisher(url)).publishAsync('farm/x', 'for us', { qos: 1 })
  await eventually('ours arrives', () => store.texts.includes('for us'))
})

const urlArgs = (url: string): string[] => ['-h', '127.0.0.1', '-p', new URL(url).port]
