import { createServer, type RequestListener } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { FetchLink } from '../../../agent/sync/fetch-link.ts'
import { freePort } from '../../world/real-services.ts'

async function server(answer: RequestListener): Promise<FetchLink> {
  const made = createServer(answer)
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    made.closeAllConnections()
    made.close()
  })
  return new FetchLink(`http://127.0.0.1:${(made.address() as { port: number }).port}/`)
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
  await expect(link.request({ method: 'GET', path: '/sync/v1/cursor' })).rejects.toMatchObject({
    code: 'link-down',
  })
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
