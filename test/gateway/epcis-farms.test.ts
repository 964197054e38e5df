import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { documentOf, EpcisClient, eventsIn, idOf, observed } from './epcis-client.ts'
import { FARM, GTIN, harvest, LOTS, Orchard } from './orchard.ts'
import { ProvinceStore } from './province-store.ts'
import { SignedBox } from './signed-box.ts'

type Entry = Parameters<SignedBox['records']>[number]

async function twoFarms(): Promise<{ orchard: Orchard; boxes: [SignedBox, SignedBox] }> {
  const orchard = await Orchard.open()
  const boxes: [SignedBox, SignedBox] = [new SignedBox(1), new SignedBox(2)]
  await orchard.addFarm(FARM, 'Vườn Hai Lúa')
  await orchard.addFarm('f-2', 'Vườn Tám')
  await orchard.enrol(boxes[0], FARM, 'B0X1')
  await orchard.enrol(boxes[1], 'f-2', 'B0X2')
  return { orchard, boxes }
}

const send = (orchard: Orchard, box: SignedBox, lot: string, signedBy = box) =>
  orchard.send(box.records(...(harvest(box, lot, 0, { signedBy }) as Entry[])))

it("finds what farms signed beside what was captured, and shows a program its farms' events only", async () => {
  const { orchard, boxes } = await twoFarms()
  const [own, others] = [LOTS[0] as string, LOTS[1] as string]
  await send(orchard, boxes[0], own)
  await send(orchard, boxes[1], others)
  const all = await EpcisClient.at(orchard, 'so')
  const one = await EpcisClient.at(orchard, 'hop-tac-xa', ['epcis-read', 'epcis-capture'], [FARM])
  const lotOf = (lot: string) => `https://id.gs1.org/01/${GTIN}/10/${lot}`
  expect(await all.find({ MATCH_anyEPCClass: `${lotOf(own)}|${lotOf(others)}` })).toHaveLength(2)
  expect(
    await all.find({ EQ_bizStep: 'commissioning', GE_quantity_KGM: '320', EQ_action: 'ADD' }),
  ).toHaveLength(2)
  const [event] = eventsIn(await all.request('GET', `/events?EQ_ILMD_cbvmda%3AlotNumber=${own}`))
  expect(event).toMatchObject({ type: 'ObjectEvent', eventID: expect.stringMatching(/^ni:/) })
  // Another farm's lot does not exist for it, in the lists either.
  expect(await one.find('')).toHaveLength(1)
  const epcs = (await one.request('GET', '/epcs')).json().member as string[]
  expect(epcs).toEqual([lotOf(own)])
  expect((await one.request('GET', `/epcs/${encodeURIComponent(lotOf(others))}`)).statusCode).toBe(404)
  // It sees what it captured itself; a third one does not.
  await one.capture([observed(1)])
  expect(await one.find('')).toHaveLength(2)
  const none = await EpcisClient.at(orchard, 'khac', ['epcis-read'], ['f-2'])
  expect(await none.find({ EQ_eventID: idOf(1) })).toEqual([])
  const refused = orchard.gateway.newToken({ name: 'x', scopes: ['epcis-read'], farmIds: ['f-none'] })
  await expect(refused).rejects.toThrow('There is no farm f-none')
})

it('does not show an event whose signature is wrong, nor what a revoked key signed beyond its trust', async () => {
  const { orchard, boxes } = await twoFarms()
  const client = await EpcisClient.at(orchard, 'so')
  await send(orchard, boxes[0], LOTS[0] as string, boxes[1])
  expect(await client.find('')).toEqual([])
  await send(orchard, boxes[1], LOTS[1] as string)
  expect(await client.find('')).toHaveLength(1)
  await orchard.gateway.revokeKey({ agent: boxes[1].agent, reason: 'stolen', lastTrusted: { record: 0 } })
  expect(await client.find('')).toEqual([])
  const before = await rowsOf(orchard)
  await orchard.gateway.rebuild()
  expect(await rowsOf(orchard)).toEqual(before)
})

it('indexes at its first start what an older gateway had taken in', async () => {
  const { orchard, boxes } = await twoFarms()
  await send(orchard, boxes[0], LOTS[0] as string)
  const before = await rowsOf(orchard)
  const { db } = orchard.gateway
  for (const table of ['event_index', 'event_thing', 'event_word', 'event_figure', 'event_prefix'])
    await sql`DELETE FROM ${sql.table(table)}`.execute(db)
  await sql`INSERT INTO event_waiting SELECT agent, epoch, seq FROM event`.execute(db)
  await orchard.gateway.serve()
  expect(await rowsOf(orchard)).toEqual(before)
  const { rows } = await sql`SELECT * FROM event_waiting`.execute(db)
  expect(rows).toEqual([])
})

it('lets people of the Department read with the session of the screens, and capture nothing', async () => {
  const { orchard, boxes } = await twoFarms()
  await send(orchard, boxes[0], LOTS[0] as string)
  await orchard.addPerson({ role: 'department' })
  const cookies = { vuon_session: await orchard.signIn() }
  const ask = async () => {
    const read = await orchard.app.inject({ url: '/epcis/v2/events', cookies })
    const written = await orchard.app.inject({
      method: 'POST',
      url: '/epcis/v2/capture',
      cookies,
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify(documentOf([])),
    })
    return [read.statusCode, written.statusCode]
  }
  expect(await ask()).toEqual([200, 403])
  await sql`UPDATE person SET role = 'agronomist'`.execute(orchard.gateway.db)
  expect(await ask()).toEqual([403, 403])
})

async function rowsOf(orchard: Orchard): Promise<string[]> {
  const tables = ['event_index', 'event_thing', 'event_word', 'event_figure', 'event_prefix']
  const all = await Promise.all(
    tables.map((table) =>
      sql<Record<string, unknown>>`SELECT * FROM ${sql.table(table)}`.execute(orchard.gateway.db),
    ),
  )
  return all.flatMap(({ rows }) => rows.map((row) => JSON.stringify(row))).sort()
}

it('makes the same index whatever order the batches come in, and again from the log', async () => {
  const batches = (box: SignedBox) =>
    LOTS.map((lot, index) => box.records(...(harvest(box, lot, index) as Entry[])))
  const dumps: unknown[] = []
  for (const isReversed of [false, true]) {
    const box = new SignedBox(1)
    const province = await ProvinceStore.open()
    await province.enrol(box)
    const sent = batches(box)
    for (const batch of isReversed ? sent.toReversed() : sent) await province.take(batch)
    const before = await province.projections()
    await province.rebuild()
    expect(await province.projections()).toEqual(before)
    expect(before['event_index']).toHaveLength(2)
    dumps.push(['event_index', 'event_thing', 'event_word', 'event_figure'].map((table) => before[table]))
  }
  expect(dumps[1]).toEqual(dumps[0])
})
