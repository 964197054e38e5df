/**
 * One server of the bench `lot-page`, in a process of its own: `gateway` is a real one with a farm in it, `node` sends
 * the bytes of a file with bare node:http. Says its address on standard output and serves until it is stopped.
 */
import { mkdtempSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { BATCH_TYPE } from '#contract/wire/batch.ts'
import { gatewayConfigSchema } from '../../gateway/config.ts'
import { Gateway } from '../../gateway/gateway.ts'
import { lotOf, toldFarm } from '../gateway/told-farm.ts'

const [kind, file = ''] = process.argv.slice(2)
if (kind === 'node') {
  const body = readFileSync(file)
  const headers = JSON.parse(readFileSync(`${file}.headers`, 'utf8')) as Record<string, string>
  const server = createServer((_request, response) => response.writeHead(200, headers).end(body))
  server.listen(0, '127.0.0.1', () =>
    console.log(
      JSON.stringify({ address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, path: '/' }),
    ),
  )
} else {
  let drawn = 0
  const gateway = new Gateway(
    gatewayConfigSchema.parse({
      dataDir: mkdtempSync(join(tmpdir(), 'vuon-bench-')),
      log: 'silent',
      listen: { port: 0 },
    }),
    {
      clock: systemClock,
      random: Math.random,
      randomBytes: (length) => sha256(new TextEncoder().encode(`bench ${drawn++}`)).subarray(0, length),
    },
  )
  const app = await gateway.serve()
  await toldFarm({
    gateway,
    addFarm: (farmId, name, commune = 'Hàm Thạnh', province = 'Lâm Đồng') =>
      gateway.decide([{ kind: 'farm', farmId, name, commune, province }]),
    enrol: ({ agent, key }, farmId, boxCode) =>
      gateway.decide([{ kind: 'enrolment', agent, publicKey: key.publicRaw, boxCode, farmId }]),
    async send({ bytes }) {
      const answer = await app.inject({
        method: 'POST',
        url: '/sync/v1/batches',
        headers: { 'content-type': BATCH_TYPE },
        payload: Buffer.from(bytes),
      })
      if (answer.statusCode !== 200) throw new Error(`batch refused: ${answer.body}`)
    },
  })
  const address = await gateway.listen()
  console.log(JSON.stringify({ address, path: `/01/09521234567899/10/${lotOf(0)}` }))
}
