import { connect as connectTcp } from 'node:net'
import { describe, expect, it } from 'vitest'
import { BrokerUsers, maySubscribe, mayUse } from '../../../agent/bus/broker-users.ts'
import { isLocalPeer } from '../../../agent/bus/local-peer.ts'
import { hashPassword, isBrokenHash, isPassword } from '../../../agent/bus/password-hash.ts'
import { isTopicFilter } from '../../../agent/bus/topic-filter.ts'
import { hostPresence } from '../../../agent/devices/sparkplug/host-state.ts'
import { Authority, hasOpenssl } from '../../world/certificates.ts'
import {
  ownBroker as broker,
  brokerClient as client,
  eventually,
  hasMosquittoPub,
  Store,
  startTool,
} from './bus-room.ts'

const bytes = (length: number) => Uint8Array.from({ length }, (_, at) => at)

describe('users of the broker inside the agent', () => {
  it('each signs in with its own password, by hash or from a file, and uses its own topics', async () => {
    const store = new Store()
    const { url, faults } = await broker(store, {
      users: [
        { name: 'pump', password: await hashPassword('of the pump', bytes), topics: ['farm/pump/#'] },
        { name: 'reader', password: 'of the reader', topics: ['farm/+/state', 'zigbee2mqtt/#'] },
      ],
    })
    const pump = await client(url, { username: 'pump', password: 'of the pump' })
    const reader = await client(url, { username: 'reader', password: 'of the reader' })
    const heard: string[] = []
    reader.on('message', (_topic, payload) => heard.push(payload.toString()))
    await reader.subscribeAsync('farm/pump/state', { qos: 1 })
    await pump.publishAsync('farm/pump/state', 'on', { qos: 1 })
    await eventually('it is heard', () => heard.includes('on'))
    expect(store.texts).toEqual(['on'])

    for (const wrong of [
      {},
      { username: 'pump', password: 'of the reader' },
      { username: 'nobody', password: 'of the pump' },
    ])
      await expect(client(url, wrong)).rejects.toThrow()
    expect(faults.codes.filter((code) => code === 'wrong-password')).toHaveLength(3)

    await expect(reader.subscribeAsync('farm/#')).rejects.toThrow()
    let isClosed = false
    pump.on('close', () => {
      isClosed = true
    })
    pump.publish('farm/valve/state', 'open', { qos: 1 })
    await eventually('it is closed', () => isClosed)
    expect(faults.told.filter(([code]) => code === 'topic-not-allowed')).toEqual([
      ['topic-not-allowed', 'reader may not read farm/#'],
      ['topic-not-allowed', 'pump may not write farm/valve/state'],
    ])
    expect(store.texts).toEqual(['on'])
  })

  it('a will is bound to the topics of its user as well', async () => {
    const store = new Store()
    const { url, faults } = await broker(store, {
      users: [{ name: 'a', password: 'pw', topics: ['farm/a/#'] }],
    })
    const node = await client(url, {
      ...{ username: 'a', password: 'pw' },
      will: { topic: 'farm/b/LWT', payload: Buffer.from('x'), qos: 1, retain: false },
    })
    node.stream.destroy()
    await eventually('it is told', () => faults.codes.includes('topic-not-allowed'))
    expect(store.texts).toEqual([])
  })

  it('a flood of guesses is turned away, and who is known comes in meanwhile', async () => {
    const users = new BrokerUsers([
      { name: 'a', password: await hashPassword('right', bytes), topics: ['#'] },
    ])
    expect(await users.signIn('a', 'right')).toMatchObject({ kind: 'in' })
    const guesses = Array.from({ length: 120 }, (_, at) => users.signIn('a', `guess ${at}`))
    expect(await users.signIn('a', 'right')).toMatchObject({ kind: 'in' })
    expect(await guesses.at(-1)).toEqual({ kind: 'busy' })
    // The rest of them is not waited for.
    expect(await guesses[0]).toEqual({ kind: 'wrong' })
  })

  it.each([
    ['farm/#', 'farm/a/b', true, true],
    ['farm/#', 'farm', true, true],
    ['farm/+/x', 'farm/a/x', true, true],
    ['farm/+', 'farm/a/b', false, false],
    ['farm/+', 'farm/#', false, false],
    ['farm/a', 'farm/+', false, false],
    ['farm/+/#', 'farm/+/b', true, true],
    ['#', '#', true, true],
    ['farm/a', 'farm', false, false],
  ])('%s: %s may be used %s, subscribed %s', (filter, topic, isUsable, isReadable) => {
    const user = { name: 'a', password: 'p', topics: [filter] }
    if (!/[+#]/.test(topic)) expect(mayUse(user, topic)).toBe(isUsable)
    expect(maySubscribe(user, topic)).toBe(isReadable)
  })

  it('knows a hash from a password, and a broken one from both', async () => {
    const hash = await hashPassword('bí mật', bytes)
    expect(hash).toMatch(/^scrypt\$16384\$8\$1\$/)
    expect([await isPassword('bí mật', hash), await isPassword('bi mat', hash)]).toEqual([true, false])
    expect([await isPassword('plain', 'plain'), await isPassword('plain', 'other')]).toEqual([true, false])
    expect([hash, hash.slice(0, -3), 'scrypt$1$1$1$a$b', 'plain'].map(isBrokenHash)).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  it('knows topic filters', () => {
    expect(['#', 'a/+/b', 'a/#', '+'].every(isTopicFilter)).toBe(true)
    expect(['', 'a#', 'a/#/b', 'a+/b', 'a/b+'].some(isTopicFilter)).toBe(false)
  })
})

describe('the door of the broker inside the agent', () => {
  it.each([
    [
      true,
      [
        '127.0.0.1',
        '::1',
        '::ffff:192.168.1.7',
        '10.2.3.4',
        '172.31.0.1',
        '169.254.9.9',
        'fe80::1%eth0',
        'fd12::1',
      ],
    ],
    [
      false,
      ['8.8.8.8', '172.32.0.1', '100.64.0.1', '::ffff:1.2.3.4', '2001:db8::1', '192.169.0.1', undefined],
    ],
  ])('local is %s for %j', (isLocal, addresses) => {
    for (const address of addresses) expect(isLocalPeer(address), String(address)).toBe(isLocal)
  })

  it('turns strangers away unless the config lets them in', async () => {
    const isLocal = () => false
    const { broker: closed, faults } = await broker(new Store(), { isLocal })
    const stranger = connectTcp(closed.port, '127.0.0.1')
    let isTurnedAway = false
    stranger
      .on('error', () => {})
      .on('close', () => {
        isTurnedAway = true
      })
    await eventually('it is turned away', () => isTurnedAway)
    expect(faults.codes).toEqual(['stranger-refused'])
    const { url } = await broker(new Store(), { isLocal, allowInternet: true })
    await client(url)
  })

  it('tells a client that speaks MQTT 5 so in its own words', async () => {
    const { broker: own, faults } = await broker(new Store())
    await expect(client(`mqtt://127.0.0.1:${own.port}`, { protocolVersion: 5 })).rejects.toMatchObject({
      code: 132,
    })
    expect(faults.codes).toEqual(['mqtt-5-refused'])
    await client(`mqtt://127.0.0.1:${own.port}`, { protocolVersion: 4 })
    await client(`mqtt://127.0.0.1:${own.port}`, { protocolVersion: 3, protocolId: 'MQIsdp' })
  })

  it('keeps who is there for who comes later, and lets nobody say it for the box', async () => {
    const { broker: own, faults, url } = await broker(new Store(), { presence: hostPresence('vuon') })
    const node = await client(url)
    const heard: [string, boolean][] = []
    node.on('message', (_topic, payload, { retain }) => heard.push([payload.toString(), retain]))
    await node.subscribeAsync('spBv1.0/STATE/#')
    await eventually('it is there', () => heard.length === 1)
    expect(heard[0]).toEqual([expect.stringMatching(/^\{"online":true,"timestamp":\d+\}$/), true])
    await own.publish('spBv1.0/STATE/other', new TextEncoder().encode('{}'))
    await eventually('what the box sends is heard', () => heard.length === 2)
    const liar = await client(url)
    let isClosed = false
    liar.on('close', () => {
      isClosed = true
    })
    liar.publish('spBv1.0/STATE/vuon', '{"online":false}')
    await eventually('it is closed', () => isClosed)
    expect(faults.codes).toContain('topic-refused')
    await own.stop()
    await expect(own.publish('x', Uint8Array.of())).rejects.toMatchObject({ code: 'link-down' })
  })

  it.skipIf(!hasOpenssl || !hasMosquittoPub)(
    'speaks TLS with its own certificate, and nothing else then [needs openssl, mosquitto_pub]',
    async () => {
      const ca = new Authority('farm')
      const store = new Store()
      const { broker: own } = await broker(store, ca.issue('box', ['DNS:localhost']))
      startTool('mosquitto_pub', [
        ...['-h', 'localhost', '-p', String(own.port), '--cafile', ca.certFile],
        ...['-t', 'farm/x', '-q', '1', '-m', 'over TLS'],
      ])
      await eventually('it arrives', () => store.texts.includes('over TLS'))
      const plain = connectTcp(own.port, '127.0.0.1')
      let isClosed = false
      plain
        .on('error', () => {})
        .on('close', () => {
          isClosed = true
        })
      // A CONNECT without TLS.
      plain.write(Uint8Array.of(0x10, 13, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 1, 97))
      await eventually('it is closed', () => isClosed)
      expect(own.state().detail).toContain('with TLS')
    },
  )

  it('says which file of its certificate it can not read', async () => {
    const files = { certFile: '/nowhere/box.crt', keyFile: '/nowhere/box.key' }
    await expect(broker(new Store(), files)).rejects.toMatchObject({ code: 'file-unreadable' })
  })
})
