import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { isLocalPeer } from '../../../agent/bus/local-peer.ts'
import type { Notice } from '../../../agent/notices/channel.ts'
import { postOnce } from '../../../agent/notices/https-post.ts'
import { testNotice } from '../../../agent/notices/notices.ts'
import { Webhook } from '../../../agent/notices/webhook.ts'
import { mistakesIn } from '../../world/config-said.ts'
import { HookServer } from './hook-server.ts'
import { alarm, NOON } from './notice-room.ts'

const SECRET = 'sixteen letters and more'
const { acknowledged: _, ...ALARM } = alarm()
const NOTICE: Notice = { key: 'a1.raised.warning.htx', state: 'raised', at: NOON, alarm: ALARM }

const webhook = (url: string, patienceMs = 5000, isLocal = isLocalPeer) =>
  new Webhook({
    ...{ name: 'htx', url, secret: SECRET },
    sender: () => ({ box: 'box-1', farm: 'Vườn Hai Lúa' }),
    words: () => ({ vi: 'Nóng quá', en: 'Too hot' }),
    wallMs: () => NOON,
    post: (options) => postOnce(options, { clock: systemClock, isLocal, patienceMs }),
  })

const deliver = (url: string, notice = NOTICE, patienceMs?: number) =>
  webhook(url, patienceMs).deliver(notice, new AbortController().signal)

describe('a webhook', () => {
  test('posts what happened, signed over timestamp and body, with a key of its own', async () => {
    const hook = await HookServer.start()
    expect(await deliver(hook.url)).toMatchObject({
      kind: 'delivered',
      detail: expect.stringContaining('HTTP 204'),
    })
    const [{ headers, body } = { headers: {}, body: '' }] = hook.received
    expect(JSON.parse(body)).toMatchObject({
      ...{ version: 1, key: NOTICE.key, state: 'raised', isTest: false, box: 'box-1', farm: 'Vườn Hai Lúa' },
      at: '2026-11-23T05:00:00.000Z',
      alarm: { id: 'a1', severity: 'warning', raisedAt: '2026-11-23T05:00:00.000Z', facts: { value: 39 } },
      text: { vi: 'Nóng quá' },
    })
    const timestamp = String(headers['x-vuon-timestamp'])
    const signature = createHmac('sha256', SECRET).update(`${timestamp}.${body}`).digest('hex')
    expect(timestamp).toBe(String(NOON / 1000))
    expect(headers['x-vuon-signature']).toBe(`sha256=${signature}`)
    expect(headers['idempotency-key']).toBe(NOTICE.key)
    expect(`${body}${JSON.stringify(headers)}`).not.toContain(SECRET)
  })

  test('says of a test that it is one', async () => {
    const hook = await HookServer.start()
    await deliver(hook.url, testNotice('x', NOON))
    expect(JSON.parse(hook.received[0]?.body ?? '{}')).toMatchObject({ isTest: true, state: 'test' })
  })

  test.each([
    [500, {}, 'failed', undefined],
    [503, { 'retry-after': '120' }, 'failed', 120_000],
    [429, { 'retry-after': new Date(NOON + 90_000).toUTCString() }, 'failed', 90_000],
    [429, { 'retry-after': 'soon' }, 'failed', undefined],
    [401, {}, 'failed', undefined],
    [409, {}, 'failed', undefined],
    [422, {}, 'refused', undefined],
    [201, {}, 'delivered', undefined],
  ] as const)('that answers %i %o is %s', async (status, headers, kind, retryAfterMs) => {
    const hook = await HookServer.start()
    hook.answer = (response) => response.writeHead(status, headers).end('{}')
    const outcome = await deliver(hook.url)
    expect(outcome.kind).toBe(kind)
    expect('retryAfterMs' in outcome ? outcome.retryAfterMs : undefined).toBe(retryAfterMs)
  })

  test('is not followed to another place: what is signed goes where the farm said, nowhere else', async () => {
    const [hook, other] = [await HookServer.start(), await HookServer.start()]
    hook.answer = (response) => response.writeHead(307, { location: other.url }).end()
    expect(await deliver(hook.url)).toMatchObject({
      kind: 'failed',
      detail: expect.stringContaining('not followed'),
    })
    expect(other.received).toEqual([])
  })

  test('that says nothing is given up after its time', async () => {
    const hook = await HookServer.start()
    hook.answer = () => {}
    expect(await deliver(hook.url, NOTICE, 100)).toMatchObject({
      kind: 'failed',
      detail: expect.stringContaining('no answer'),
    })
  })

  test('that trickles an answer for ever is given up too, and one without end is cut', async () => {
    const hook = await HookServer.start()
    hook.answer = (response) => void response.writeHead(200).write('x')
    expect(await deliver(hook.url, NOTICE, 150)).toMatchObject({ kind: 'failed' })
    hook.answer = (response) => {
      response.writeHead(200)
      const pour = (): void => {
        if (!response.destroyed && response.write('x'.repeat(65_536))) setImmediate(pour)
      }
      pour()
    }
    expect(await deliver(hook.url, NOTICE, 3000)).toMatchObject({ kind: 'delivered' })
  })

  test('whose answer is lost hears the same again: one key, one body, so that it can drop the second', async () => {
    const hook = await HookServer.start()
    hook.answer = (response, number) =>
      number === 1 ? void response.socket?.destroy() : void response.writeHead(200).end()
    expect(await deliver(hook.url)).toMatchObject({ kind: 'failed' })
    expect(await deliver(hook.url)).toMatchObject({ kind: 'delivered' })
    expect(hook.received).toHaveLength(2)
    expect(hook.kept).toEqual([NOTICE.key])
    expect(hook.received[0]?.body).toBe(hook.received[1]?.body)
  })

  test('where nobody listens says so', async () => {
    const hook = await HookServer.start()
    await hook.stop()
    expect(await deliver(hook.url)).toMatchObject({
      kind: 'failed',
      detail: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test('over plain http goes to no address beyond the farm, whatever a name resolves to', async () => {
    const hook = await HookServer.start()
    expect(await deliver('http://203.0.113.7/x')).toMatchObject({
      kind: 'failed',
      detail: expect.stringContaining('https'),
    })
    const named = hook.url.replace('127.0.0.1', 'localhost')
    const nothingIsLocal = webhook(named, 5000, () => false)
    expect(await nothingIsLocal.deliver(NOTICE, new AbortController().signal)).toMatchObject({
      kind: 'failed',
      detail: expect.stringContaining('https'),
    })
    expect(hook.received).toEqual([])
  })
})

describe('the config of a webhook', () => {
  const said = (fields: string) =>
    mistakesIn(`notify: {channels: [{kind: webhook, name: htx, secret: "0123456789abcdef", ${fields}}]}`)

  test('takes https, and http only where it is asked for and stays on the farm', () => {
    expect(said('url: "https://htx.example/a"')).toEqual([])
    expect(said('url: "http://192.168.1.5/a"')[0]?.remedy).toContain('allowHttp')
    expect(said('url: "http://192.168.1.5/a", allowHttp: true')).toEqual([])
    expect(said('url: "http://203.0.113.7/a", allowHttp: true')[0]?.remedy).toContain('https')
    expect(said('url: "ftp://x/a"')).toHaveLength(1)
    expect(said('url: "https://user:pass@htx.example/a"')[0]?.problem).toContain('password')
  })

  test('names a channel once, and a bus that is there', () => {
    const two = '{kind: mqtt, name: page, bus: nowhere}'
    const mistakes = mistakesIn(`buses: [{kind: mqtt-broker, name: own}]\nnotify: {channels: [${two}]}`)
    expect(mistakes.map(({ key }) => key)).toEqual(['notify.channels[0].name', 'notify.channels[0].bus'])
    expect(mistakes[1]?.remedy).toContain('own')
    expect(mistakesIn('homeAssistant: {isEnabled: true}')[0]?.key).toBe('homeAssistant.bus')
  })
})
