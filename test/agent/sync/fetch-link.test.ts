import { createServer, type RequestListener } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { FetchLink, type Patience } from '../../../agent/sync/fetch-link.ts'
import { freePort } from '../../world/real-services.ts'

async function server(answer: RequestListener, patience: Partial<Patience> = {}): Promise<FetchLink> {
  const made = createServer(answer)
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    made.closeAllConnections()
    made.close()
  })
  return new FetchLink(`http://127.0.0.1:${(made.address() as { port: number }).port}/`, { patience })
}

it('sends the bytes as they are and hands on status, headers and body', async () => {
  const received: Buffer[] = []
  const link = await server((request, response) => {
    request.on('data', (chunk: Buffer) => received.push(chunk))
    request.on('end', () => response.writeHead(429, { 'Retry-After': '7' }).end('later'))
  })
  const body = Uint8Array.from({ length: 70_000 }, (_, index) => index * 7)
  const answer = await link.request({ method: 'POST', path: '/sync/v1/batches', body })
  expect(new Uint8Array(Buffer.concat(received))).toEqual(body)
  expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '7' } })
  expect(new TextDecoder().decode(answer.body)).toBe('later')
})

it('follows no redirect: a sign-in page must not get the batch or the token', async () => {
  let followed = 0
  const link = await server((request, response) => {
    if (request.url === '/sign-in') followed++
    response.writeHead(302, { location: '/sign-in' }).end()
  })
  expect(await link.request({ method: 'GET', path: '/sync/v1/cursor' })).toMatchObject({ status: 302 })
  expect(followed).toBe(0)
})

it('does not read an answer without end', async () => {
  const link = await server((_request, response) => {
    response.writeHead(200)
    const more = () => {
      while (response.write(Buffer.alloc(65_536)));
      response.once('drain', more)
    }
    more()
  })
  await expect(link.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'link-refused' })
})

it.each([
  ['nobody listens', async () => new FetchLink(`http://127.0.0.1:${await freePort()}`)],
  ['the connection is cut in the middle', () => server((request) => void request.socket.destroy())],
  [
    'the answer is cut in the middle',
    () =>
      server((request, response) => {
        response.writeHead(200, { 'content-length': '1000' }).write('half')
        setImmediate(() => request.socket.destroy())
      }),
  ],
])('says that the link is down when %s', async (_, open) => {
  const link = await open()
  await expect(link.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'link-down' })
})

it('keeps the connection for the next request', async () => {
  const sockets = new Set()
  const link = await server((request, response) => {
    sockets.add(request.socket)
    response.end('ok')
  })
  for (let times = 0; times < 5; times++) await link.request({ method: 'GET', path: '/' })
  expect(sockets.size).toBe(1)
})

it('asks once more, over a new connection, when the kept one turns out to be closed', async () => {
  const asked: string[] = []
  const link = await server((request, response) => {
    asked.push(request.url ?? '')
    // A kept connection is closed without a word as soon as it is used again.
    if (request.url === '/second' && asked.filter((url) => url === '/second').length === 1)
      return void request.socket.destroy()
    response.end('ok')
  })
  await link.request({ method: 'GET', path: '/first' })
  expect(await link.request({ method: 'GET', path: '/second' })).toMatchObject({ status: 200 })
  expect(asked).toEqual(['/first', '/second', '/second'])
})

it('gives up a connection that takes everything and says nothing', async () => {
  const link = await server(() => {}, { silenceMs: 60 })
  const startedMs = performance.now()
  await expect(link.request({ method: 'GET', path: '/' })).rejects.toMatchObject({
    code: 'link-down',
    message: expect.stringContaining('silent'),
  })
  expect(performance.now() - startedMs).toBeLessThan(2000)
})

it('does not give up an answer that comes slowly but comes', async () => {
  const link = await server(
    (_request, response) => {
      response.writeHead(200)
      let left = 12
      const more = () => {
        response.write('x')
        if (--left === 0) return response.end()
        return setTimeout(more, 25)
      }
      more()
    },
    { silenceMs: 150 },
  )
  const { body } = await link.request({ method: 'GET', path: '/' })
  expect(body.length).toBe(12)
})

it('takes the answer of a server that does not wait for the end of the body', async () => {
  const link = await server((request, response) => {
    response.writeHead(413, { connection: 'close' }).end('too large', () => request.socket.destroySoon())
  })
  const answer = await link
    .request({ method: 'POST', path: '/', body: new Uint8Array(200_000) })
    .catch((error: { code: string }) => error)
  expect('status' in answer ? answer.status : answer.code).toSatisfy(
    (outcome: unknown) => outcome === 413 || outcome === 'link-down',
  )
})
