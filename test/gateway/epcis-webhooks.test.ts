import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { EpcisClient, eventsIn, idOf, observed } from './epcis-client.ts'

/** A subscriber's own server: it keeps what it is sent, and answers what a test tells it. */
class Receiver {
  readonly got: { headers: IncomingHttpHeaders; body: string }[] = []
  status = 200
  url = ''

  static async open(): Promise<Receiver> {
    const receiver = new Receiver()
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const part of request) body += part
      if (receiver.status < 300) receiver.got.push({ headers: request.headers, body })
      response.writeHead(receiver.status, { location: 'http://127.0.0.1:1/' }).end()
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    onTestFinished(() => void server.close())
    receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
    return receiver
  }

  /** The eventIDs of each body. */
  get events(): string[][] {
    return this.got.map(({ body }) =>
      eventsIn({ json: () => JSON.parse(body) }).map((event) => String(event['eventID'])),
    )
  }
}

const PRIVATE_ALLOWED = { epcis: { companyPrefixes: [], webhooksMayReachPrivate: true } }

async function withQuery(config = {}): Promise<EpcisClient> {
  const client = await EpcisClient.open(config)
  const body = { name: 'gui-hang', query: { EQ_bizStep: ['shipping'] } }
  const made = await client.request('POST', '/queries', { body })
  expect([made.statusCode, made.headers.location]).toEqual([201, '/epcis/v2/queries/gui-hang'])
  return client
}

const shipped = (day: number) => observed(day, { bizStep: 'shipping' })

/** Moves the clock past the time in which a transaction may still commit, and lets the gateway tell what is due. */
async function round(client: EpcisClient, ms = 6000): Promise<void> {
  client.province.advance(ms)
  await client.province.gateway.notifySubscribers()
}

it('streams new events to a receiver, signed, each once; keeps trying while it is down', async () => {
  const receiver = await Receiver.open()
  const client = await withQuery(PRIVATE_ALLOWED)
  await client.capture([shipped(1)])
  client.province.advance(1000)
  const body = { dest: receiver.url, signatureToken: 'mật khẩu chung', stream: true }
  const made = await client.request('POST', '/queries/gui-hang/subscriptions', { body })
  expect(made.statusCode, made.body).toBe(201)
  expect(made.json()).toMatchObject({ queryName: 'gui-hang', stream: true, active: true })
  expect(made.body).not.toContain('mật khẩu')
  await round(client)
  expect(receiver.events).toEqual([])
  await client.capture([shipped(2), observed(3)])
  await round(client)
  expect(receiver.events).toEqual([[idOf(2)]])
  const [sent] = receiver.got
  const hmac = createHmac('sha256', 'mật khẩu chung')
    .update(sent?.body ?? '')
    .digest('hex')
  expect(sent?.headers).toMatchObject({
    'gs1-signature': `sha256=${hmac}`,
    'content-type': 'application/json',
  })
  expect(JSON.parse(sent?.body ?? '').epcisBody.queryResults).toMatchObject({
    subscriptionID: made.json().subscriptionID,
  })
  // It is down for a while: nothing is lost, and it is not asked more and more often.
  receiver.status = 503
  await client.capture([shipped(4)])
  await round(client)
  const told = async () => (await client.request('GET', String(made.headers.location))).json()
  expect(await told()).toMatchObject({ failures: 1, lastError: 'The receiver answered 503.' })
  receiver.status = 302
  await round(client, 30_000)
  expect(await told()).toMatchObject({ failures: 2, lastError: 'The receiver answered 302.' })
  receiver.status = 204
  await round(client, 1000)
  expect(receiver.events).toHaveLength(1)
  await round(client, 60_000)
  expect(receiver.events.slice(1)).toEqual([[idOf(4)]])
  expect(await told()).not.toHaveProperty('lastError')
  await round(client)
  expect(receiver.events).toHaveLength(2)
  // It ends with the query, and with the right to read.
  await client.capture([shipped(5)])
  await client.province.gateway.revokeToken('hop-tac-xa')
  await round(client)
  expect(receiver.events).toHaveLength(2)
  const [row] = await client.province.rows<{ last_error: string }>(
    'SELECT last_error FROM epcis_subscription',
  )
  expect(row?.last_error).toContain('may not read any longer')
})

it('sends a scheduled answer at its time, also when it is empty if that was asked', async () => {
  const receiver = await Receiver.open()
  const client = await withQuery(PRIVATE_ALLOWED)
  // The clock of the test stands at noon.
  const body = { dest: receiver.url, schedule: { hour: '13', minute: '5' }, reportIfEmpty: true }
  const made = await client.request('POST', '/queries/gui-hang/subscriptions', { body })
  expect(made.statusCode, made.body).toBe(201)
  await client.capture(
    Array.from(
      { length: 130 },
      (_, index) => shipped(1 + index).eventID && { ...shipped(1), eventID: `urn:x:${index}` },
    ),
  )
  await round(client, 3_600_000)
  expect(receiver.events).toEqual([])
  await round(client, 6 * 60_000)
  expect(receiver.events.map((events) => events.length)).toEqual([100, 30])
  await round(client, 24 * 3_600_000)
  expect(receiver.events.slice(2)).toEqual([[]])
  const list = await client.request('GET', '/queries/gui-hang/subscriptions')
  expect(list.json()).toMatchObject([{ schedule: { hour: '13', minute: '5' }, reportIfEmpty: true }])
  expect((await client.request('DELETE', String(made.headers.location))).statusCode).toBe(204)
  expect((await client.request('GET', String(made.headers.location))).statusCode).toBe(404)
})

it('refuses what can not be carried out, and never reaches into the private network', async () => {
  const client = await withQuery()
  const dest = 'https://hook.example.org/x'
  for (const [body, said] of [
    [{}, 'dest is not an address'],
    [{ dest: 'ftp://hook.example.org', stream: true }, 'neither https nor http'],
    [{ dest: 'https://a:b@hook.example.org', stream: true }, 'name or password'],
    [{ dest }, 'either "stream": true or a schedule'],
    [{ dest, stream: true, schedule: { hour: '1' } }, 'either "stream": true or a schedule'],
    [{ dest, schedule: {} }, 'at least one of'],
    [{ dest, schedule: { hour: '24' } }, 'hour is "24"'],
    [{ dest, schedule: { dayOfMonth: '31', month: '2' } }, 'never comes'],
    [{ dest, stream: true, signatureToken: '' }, 'signatureToken'],
    [{ dest, stream: true, query: {} }, '"query"'],
    [{ dest, stream: true, initialRecordTime: 'now' }, 'initialRecordTime'],
    ...[
      'http://localhost/',
      'http://127.0.0.1/',
      'http://2130706433/',
      'http://0x7f.1/',
      'http://10.1.2.3:9/',
      'http://192.168.0.9/',
      'http://169.254.169.254/latest',
      'http://100.64.0.1/',
      'http://[::1]/',
      'http://[::ffff:10.0.0.1]/',
      'http://[fd00::1]/',
      'http://gateway/',
      'http://db.internal/',
    ].map((each) => [{ dest: each, stream: true }, 'private network'] as const),
  ] as const) {
    const answer = await client.request('POST', '/queries/gui-hang/subscriptions', { body })
    expect([answer.statusCode, answer.json().detail], JSON.stringify(body)).toEqual([
      400,
      expect.stringContaining(said),
    ])
    expect(answer.json().type).toBe('epcisException:SubscriptionControlsException')
  }
  // One that was stored while it was allowed, or whose name has moved since, is not reached either.
  const made = await client.request('POST', '/queries/gui-hang/subscriptions', {
    body: { dest, stream: true },
  })
  await client.province.gateway.db
    .updateTable('epcis_subscription' as never)
    .set({ dest: 'http://127.0.0.1:9/' } as never)
    .execute()
  await client.capture([shipped(1)])
  await round(client)
  const told = await client.request('GET', String(made.headers.location))
  expect(told.json().lastError).toContain('private network')
})

it('keeps named queries for their owner', async () => {
  const client = await withQuery()
  await client.capture([shipped(1), observed(2)])
  const events = await client.request('GET', '/queries/gui-hang/events?EQ_action=OBSERVE')
  expect(eventsIn(events).map((event) => event['eventID'])).toEqual([idOf(1)])
  expect(events.json().epcisBody.queryResults.queryName).toBe('gui-hang')
  expect((await client.request('GET', '/queries')).json()).toMatchObject([
    { name: 'gui-hang', query: { EQ_bizStep: ['shipping'] } },
  ])
  const other = await EpcisClient.at(client.province, 'khac')
  expect((await other.request('GET', '/queries/gui-hang')).statusCode).toBe(404)
  for (const [body, status, said] of [
    [{ name: 'gui-hang', query: {} }, 409, 'already'],
    [{ name: 'a b', query: {} }, 400, 'needs a name'],
    [{ name: 'x' }, 400, 'needs a query'],
    [{ name: 'x', query: { EQ_nothing: ['1'] } }, 400, 'EQ_nothing'],
    [{ name: 'x', query: { perPage: 5 } }, 400, 'belongs to a page'],
    [{ name: 'x', query: {}, dest: 'y' }, 400, '"dest"'],
    [[], 400, 'not an object'],
  ] as const) {
    const answer = await client.request('POST', '/queries', { body })
    expect([answer.statusCode, answer.json().detail]).toEqual([status, expect.stringContaining(said)])
  }
  expect((await client.request('DELETE', '/queries/gui-hang')).statusCode).toBe(204)
  expect((await client.request('GET', '/queries/gui-hang/events')).json()).toMatchObject({
    type: 'epcisException:NoSuchNameException',
    status: 404,
  })
})
