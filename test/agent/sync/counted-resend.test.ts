import { createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { countedLink } from '../../../agent/sync/counted-link.ts'
import { FetchLink } from '../../../agent/sync/fetch-link.ts'

const BODY_BYTES = 8000
const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** Answers the first request, resets the kept connection in the middle of the second, answers what comes after. */
async function forgetfulMast(): Promise<{ url: string; received: () => number }> {
  let received = 0
  let answered = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    let here = 0
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      received += bytes.length
      here += bytes.length
      const isSecondOfFirst = answered === 1 && sockets.size === 1
      if (isSecondOfFirst && here > 1.9 * BODY_BYTES) socket.resetAndDestroy()
      else if (!isSecondOfFirst && here >= BODY_BYTES + 100) {
        answered++
        socket.write(ANSWER)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return { url: `http://127.0.0.1:${port}`, received: () => received }
}

it('a batch that goes out twice, because a kept connection was reset under it, is counted twice', async () => {
  const { url, received } = await forgetfulMast()
  let counted = 0
  const link = countedLink(new FetchLink(url), {
    isTls: false,
    clock: systemClock,
    onBytes: (bytes) => {
      counted += bytes
    },
  })
  const batch = { method: 'POST', path: '/sync/v1/batches', body: new Uint8Array(BODY_BYTES) } as const
  expect(await link.request(batch)).toMatchObject({ status: 200 })
  expect(await link.request(batch)).toMatchObject({ status: 200, resends: 1 })
  expect(received()).toBeGreaterThan(2.5 * BODY_BYTES)
  expect(counted).toBeGreaterThanOrEqual(received())
})
