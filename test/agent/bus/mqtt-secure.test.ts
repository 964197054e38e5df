import { type AddressInfo, createServer } from 'node:net'
import { connectAsync } from 'mqtt'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { EmbeddedBroker } from '../../../agent/bus/embedded-broker.ts'
import { MqttSource, type MqttSourceOptions } from '../../../agent/bus/mqtt-client.ts'
import { MAX_IN_FLIGHT } from '../../../agent/bus/unacknowledged.ts'
import { Authority, hasOpenssl } from '../../world/certificates.ts'
import { freePort, mosquitto, temporaryFolder } from '../../world/real-services.ts'
import { aWhile, Cable, eventually, Faults, hasMosquitto, Store, startSource } from './bus-room.ts'

async function source(url: string, store: Store, options: Partial<MqttSourceOptions> = {}) {
  const faults = new Faults()
  const made = new MqttSource({
    ...{ bus: 'farm', url, clientId: 'vuon-test', topics: ['farm/#'] },
    ...{ clock: systemClock, random: Math.random, onFault: faults.note },
    ...options,
  })
  await startSource(made, store)
  return { source: made, faults }
}

async function broker(extra: string, port?: number) {
  const started = await mosquitto(extra, port)
  onTestFinished(() => started.stop())
  return started
}

async function publisher(url: string) {
  const client = await connectAsync(url)
  onTestFinished(() => client.endAsync(true).catch(() => {}))
  return client
}

describe.skipIf(!hasMosquitto || !hasOpenssl)('TLS to Mosquitto [needs mosquitto, openssl]', () => {
  it('connects with a client certificate, by the name in the broker’s', async () => {
    const ca = new Authority('farm')
    const { certFile, keyFile } = ca.issue('broker', ['DNS:localhost'])
    const { port } = await broker(
      `cafile ${ca.certFile}\ncertfile ${certFile}\nkeyfile ${keyFile}\nrequire_certificate true`,
    )
    const box = ca.issue('box')
    const store = new Store()
    const url = `mqtts://localhost:${port}`
    const good = await source(url, store, { caFile: ca.certFile, ...box })
    await eventually('it is connected', () => good.source.state().isConnected)
    await aWhile(100)
    await good.source.publish('farm/own', new TextEncoder().encode('round'))
    await eventually('what was sent comes back', () => store.texts.includes('round'))
    expect(good.faults.told).toEqual([])

    const bare = await source(url, new Store(), { clientId: 'bare', caFile: ca.certFile })
    await eventually('the broker asks for a certificate', () =>
      bare.faults.codes.includes('client-certificate'),
    )
    const foreign = new Authority('stranger').issue('box')
    const alien = await source(url, new Store(), { clientId: 'alien', caFile: ca.certFile, ...foreign })
    await eventually('a foreign one is not taken', () => alien.faults.codes.includes('client-certificate'))
    expect([bare, alien].map((each) => each.source.state().isConnected)).toEqual([false, false])
  })

  it('does not talk to a broker of another authority, of another name, or without TLS', async () => {
    const ca = new Authority('farm')
    const { certFile, keyFile } = ca.issue('broker', ['DNS:localhost'])
    const { port } = await broker(`certfile ${certFile}\nkeyfile ${keyFile}`)
    const plain = await broker('')
    for (const [url, caFile] of [
      [`mqtts://localhost:${port}`, new Authority('stranger').certFile],
      [`mqtts://localhost:${port}`, undefined],
      [`mqtts://127.0.0.1:${port}`, ca.certFile],
      [`mqtts://localhost:${plain.port}`, ca.certFile],
    ] as const) {
      const { source: box, faults } = await source(url, new Store(), { caFile })
      if (!url.includes(String(plain.port)))
        await eventually('it is told', () => faults.codes.includes('broker-certificate'))
      else await aWhile()
      expect(box.state().isConnected, url).toBe(false)
      await box.stop()
    }
  })

  it('says which file it can not read', async () => {
    await expect(
      source('mqtts://localhost:1', new Store(), { caFile: '/nowhere/ca.pem' }),
    ).rejects.toMatchObject({ code: 'file-unreadable' })
  })
})

describe.skipIf(!hasMosquitto).each([4, 5] as const)(
  'MQTT protocol level %i [needs mosquitto]',
  (protocol) => {
    it('goes on with its session after the broker was restarted, and stores nothing twice', async () => {
      const persistence = `persistence true\npersistence_location ${temporaryFolder()}/`
      const port = await freePort()
      const first = await broker(persistence, port)
      const store = new Store()
      store.isHolding = true
      const { source: box } = await source(first.url, store, { protocol })
      await eventually('it is connected', () => box.state().isConnected)
      await aWhile(100)
      const sender = await publisher(first.url)
      await sender.publishAsync('farm/soil', 'held', { qos: 1 })
      await eventually('it arrives', () => store.messages.length === 1)
      await first.stop()
      await broker(persistence, port)
      await eventually('it is back', () => box.state().isConnected)
      store.release()
      const again = await publisher(first.url)
      // Without a new subscription, because the broker still has the session.
      await again.publishAsync('farm/soil', 'after', { qos: 1 })
      await eventually('the next arrives', () => store.texts.includes('after'))
      await aWhile()
      expect(store.texts).toEqual(['held', 'after'])
      // Both are acknowledged: a client of the same name gets nothing more.
      await box.stop()
      const later = new Store()
      await source(first.url, later, { protocol })
      await aWhile()
      expect(later.texts).toEqual([])
    }, 30_000)

    it('gets again what was not stored when the line broke', async () => {
      const { url, port } = await broker('')
      const cable = await Cable.to(port)
      const store = new Store()
      store.isHolding = true
      const { source: box } = await source(cable.url, store, { protocol })
      await eventually('it is connected', () => box.state().isConnected)
      await aWhile(100)
      const sender = await publisher(url)
      for (const text of ['a', 'b', 'c']) await sender.publishAsync('farm/x', text, { qos: 1 })
      await eventually('they arrive', () => store.messages.length === 3)
      cable.pull()
      await aWhile(100)
      const second = new Store()
      await source(url, second, { protocol })
      await eventually('they come again', () => second.messages.length === 3)
      expect(second.texts).toEqual(['a', 'b', 'c'])
    })
  },
)

describe.skipIf(!hasMosquitto)('MQTT 5 [needs mosquitto]', () => {
  it('has no more in flight than it said it takes', async () => {
    const { url } = await broker('max_inflight_messages 0\nmax_queued_messages 0')
    const store = new Store()
    store.isHolding = true
    const { source: box } = await source(url, store, { protocol: 5 })
    await eventually('it is connected', () => box.state().isConnected)
    await aWhile(100)
    const sender = await publisher(url)
    await Promise.all(
      Array.from({ length: MAX_IN_FLIGHT + 300 }, (_, at) =>
        sender.publishAsync('farm/x', `${at}`, { qos: 1 }),
      ),
    )
    await aWhile()
    expect(store.messages).toHaveLength(MAX_IN_FLIGHT)
    store.release()
    await eventually('the rest comes', () => store.messages.length === MAX_IN_FLIGHT + 300)
    expect(store.texts).toEqual(Array.from({ length: MAX_IN_FLIGHT + 300 }, (_, at) => `${at}`))
  })

  it('a wrong user name is told, and tried on with', async () => {
    const { url } = await broker('allow_anonymous false')
    const { source: box, faults } = await source(url, new Store(), { username: 'nobody', password: 'x' })
    await eventually('it is refused twice', () => faults.codes.length >= 2)
    expect(new Set(faults.codes)).toEqual(new Set(['refused-by-broker']))
    expect(box.state().detail).toMatch(/not authorized|bad user/i)
  })
})

it('tells why a broker ended the connection', async () => {
  // CONNACK, then DISCONNECT with reason 142, as when somebody else comes under our name (MQTT 5 §3.14.2.1).
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.write(Uint8Array.of(0x20, 3, 0, 0, 0, 0xe0, 2, 142, 0)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const { faults } = await source(`mqtt://127.0.0.1:${port}`, new Store())
  await eventually('it is told', () =>
    faults.told.some(([code, detail]) => code === 'refused-by-broker' && detail.includes('142')),
  )
})

describe('a broker that does not speak MQTT 5', () => {
  async function old() {
    const own = new EmbeddedBroker({ bus: 'old', host: '127.0.0.1', port: 0, clock: systemClock })
    const heard = new Store()
    await startSource(own, heard)
    return { url: `mqtt://127.0.0.1:${own.port}`, heard }
  }

  it('is spoken to in 3.1.1 after its refusal, without a fault', async () => {
    const { url, heard } = await old()
    const { source: box, faults } = await source(url, new Store())
    await eventually('it is connected', () => box.state().isConnected)
    expect(box.state().detail).toContain('3.1.1')
    await box.publish('farm/x', new TextEncoder().encode('hello'))
    await eventually('it is heard', () => heard.texts.includes('hello'))
    expect(faults.codes).not.toContain('refused-by-broker')
  })

  it('is not spoken to at all when the config insists on 5', async () => {
    const { url } = await old()
    const { source: box, faults } = await source(url, new Store(), { protocol: 5 })
    await eventually('it is told', () => faults.codes.includes('refused-by-broker'))
    expect(box.state()).toMatchObject({ isConnected: false })
    expect(box.state().detail).toMatch(/protocol version/i)
  })
})
