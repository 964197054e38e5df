import { readFileSync } from 'node:fs'
import { sql } from 'kysely'
import { afterEach, expect, test } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { openSignedEvent } from '#contract/trace/signed-event.ts'
import { doctorTokenPath } from '../../agent/data-folder.ts'
import { readPageCode } from '../../agent/page/people.ts'
import { brokenChains } from '../../gateway/insight/chain-faults.ts'
import { FormVisitor } from '../world/form-visitor.ts'
import { DEMO_GTIN, minutes, World } from '../world/world.ts'

/** The walk of a season: a spray, a harvest that has to wait, the reason why it did not, and all of it at the province. */
let world: World | undefined
afterEach(async () => {
  await world?.close()
  world = undefined
})

test('a spray keeps the plot closed; fruit that is picked all the same says so at the province', async () => {
  world = await World.open({ seed: 11 })
  const farm = await world.addFarm()
  await world.advance(minutes(6))
  const app = await farm.agent.page.serve()
  const visitor = new FormVisitor('http://192.168.1.20:8080', async ({ method, path, headers, body }) => {
    const payload = body === undefined ? {} : { payload: body }
    const answer = await app.inject({ method, url: path, headers, ...payload })
    return { status: answer.statusCode, headers: answer.headers as Record<string, string>, body: answer.body }
  })
  const code = readPageCode(farm.dataDir) ?? ''
  const first = await visitor.open('/people/first')
  await visitor.submit(first, '/people/first', { code, name: 'Cô Sáu', newPin: '273645', newAgain: '273645' })
  const { clock } = world
  const send = async (path: string, values: Record<string, string>) => {
    const page = await visitor.open(path)
    return clock.finish(visitor.submit(page, path.split('?')[0] ?? path, values))
  }

  const label = { product: 'Antracol 70WP', activeSubstance: 'Propineb', registrationNo: '1234/CNĐKT-BVTV' }
  const tank = { dose: '2,5', doseUnit: 'g/l', areaHa: '0,5', reason: 'Thán thư', phiDays: '7' }
  const sprayed = await send('/book/new/sprayed?plot=lo-a', { ...label, ...tank })
  expect(sprayed.html).toContain('Đã lưu vào sổ')
  const harvest = { gtin: DEMO_GTIN, mass: '120,5' }
  const refused = await send('/harvest?plot=lo-a', harvest)
  expect([refused.status, await farm.agent.farmBook.lots()]).toEqual([400, []])
  expect(refused.html).toContain('Antracol 70WP')
  const picked = await send('/harvest?plot=lo-a', { ...harvest, why: 'Mưa bão' })
  expect(picked.path).toContain('/lots/')

  // The holder of the code lets a packing house use it, by the command line's own door.
  const authorization = `Bearer ${readFileSync(doctorTokenPath(farm.dataDir), 'utf8')}`
  const words = 'area=9521234500018/VN-LDOR-0042&to=VN-LDPH-001&from=2026-01-01&until=2026-12-31'
  const ask = (headers: Record<string, string>) =>
    clock.finish(
      app.inject({
        method: 'POST',
        url: `/doctor/permissions?${words}`,
        headers: { host: 'localhost', ...headers },
      }),
    )
  expect((await ask({})).statusCode).toBe(404)
  expect((await ask({ authorization })).json()).toMatchObject({ permissionId: expect.any(String) })

  await world.advance(minutes(2))
  const { rows } = await sql<{ signed: Uint8Array; is_signature_valid: number; event_id: string }>`
    SELECT signed, is_signature_valid, event_id FROM event ORDER BY event_no`.execute(world.gateway.db)
  expect(rows.map(({ is_signature_valid }) => Number(is_signature_valid))).toEqual([1, 1])
  const events = rows.map(({ signed }) => openSignedEvent(new Uint8Array(signed)).event)
  expect(events.map((event) => eventHash(event, sha256))).toEqual(rows.map(({ event_id }) => event_id))
  expect(events).toMatchObject([
    { 'vuon:activity': 'sprayed', 'vuon:registrationNo': '1234/CNĐKT-BVTV', 'vuon:phiDays': 7 },
    { 'vuon:activity': 'harvested', 'vuon:phiVerdict': 'inside', 'vuon:why': 'Mưa bão' },
  ])
  // What the fruit grew in, from the probes that stand in the plot.
  const elements = events[1]?.['sensorElementList'] as { sensorReport: [{ 'vuon:quantity': string }] }[]
  expect(elements.map(({ sensorReport }) => sensorReport[0]['vuon:quantity'])).toContain('soil-moisture')
  // A box that chains its events as it should raises no alarm.
  const { rows: chained } = await sql`SELECT event_no FROM chain_link`.execute(world.gateway.db)
  expect([chained.length, await brokenChains(world.gateway.db)]).toEqual([2, []])
  const { rows: given } = await sql<{ given_to: string; is_signature_valid: number }>`
    SELECT given_to, is_signature_valid FROM permission`.execute(world.gateway.db)
  expect(given).toEqual([{ given_to: 'VN-LDPH-001', is_signature_valid: 1 }])
  const { rows: book } = await sql<{
    type: string
    why: string
  }>`SELECT type, why FROM activity ORDER BY at`.execute(world.gateway.db)
  expect(book).toEqual([
    { type: 'sprayed', why: '' },
    { type: 'harvested', why: 'Mưa bão' },
  ])
})
