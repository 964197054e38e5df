import { describe, expect, it } from 'vitest'
import { newLotNumber } from '#contract/trace/lot-number.ts'
import type { RecallEntry } from '#contract/wire/province-decisions.ts'
import { recallCsv } from '../../gateway/trace/recall/recall-csv.ts'
import { recallReport } from '../../gateway/trace/recall/recall-report.ts'
import { believableFarm, GTIN as FRUIT, LOTS, Orchard } from './orchard.ts'
import { Book, GTIN, LOT, share, spray } from './told-book.ts'

const numbered = (counter: number) => newLotNumber({ boxCode: 'B0X1', yymmdd: '261124', counter })
const [PACKED, REPACKED] = [numbered(0), numbered(1)]

/** Two plots' fruit of one plot into a packed lot, of which one part is repacked; both are sent. */
async function sentAway(): Promise<Book> {
  const book = await Book.open()
  await book.did('s1', 'sprayed', -20, spray(7, '=cmd|calc'))
  await book.harvest(100)
  await book.harvest(50, 2, { lot: numbered(9) })
  const house = { packingHouse: 'VN-LDPH-001' }
  await book.did('p1', 'packed', 1, house, { inputs: [share(100)], outputs: [share(100, PACKED)] })
  await book.did('p2', 'packed', 2, house, { inputs: [share(40, PACKED)], outputs: [share(40, REPACKED)] })
  const to = (consignee: string) => ({ consignee, market: 'CN' })
  await book.did('d1', 'dispatched', 3, to('Công ty A'), { inputs: [share(60, PACKED)] })
  await book.did('d2', 'dispatched', 3, to('Công ty B'), { inputs: [share(40, REPACKED)] })
  await book.did('d3', 'dispatched', 3, to('Công ty C'), { inputs: [share(10, REPACKED)] })
  await book.did('w3', 'dispatched', 4, {}, { corrects: 'd3', isWithdrawn: true })
  return book
}

describe('a recall', () => {
  it('goes back to plots and what was put on them, forward to every lot and consignee, and to the lots beside', async () => {
    const { gateway } = await sentAway()
    const report = await recallReport(gateway.store.db, { gtin: GTIN, lot: PACKED })
    expect(report.origins.map(({ lot, plot, massKg, inputs }) => [lot, plot, massKg, inputs.length])).toEqual(
      [[LOT, 'A', 100, 1]],
    )
    expect(report.forward.map(({ lot }) => lot)).toEqual([PACKED, REPACKED])
    // What was withdrawn was never sent.
    expect(report.consignments.map(({ lot, consignee, massKg }) => [lot, consignee, massKg])).toEqual([
      [PACKED, 'Công ty A', 60],
      [REPACKED, 'Công ty B', 40],
    ])
    expect(report.siblings.map(({ lot }) => lot)).toEqual([numbered(9)])
  })

  it('of one lot is told by everything that was made from it, until it is lifted', async () => {
    const { gateway } = await sentAway()
    const recall: RecallEntry = {
      ...{ kind: 'recall', recallId: 'r1', gtin: GTIN, lot: LOT, isForward: true, state: 'recalled' },
      ...{ reasonVi: 'Vượt dư lượng', reasonEn: 'Residue' },
    }
    await gateway.decide(recall)
    const openOn = async (lot: string) =>
      (await recallReport(gateway.store.db, { gtin: GTIN, lot })).recalls.filter(
        ({ state }) => state === 'recalled',
      ).length
    expect([await openOn(REPACKED), await openOn(numbered(9))]).toEqual([1, 0])
    await gateway.decide({ ...recall, isForward: false })
    expect([await openOn(REPACKED), await openOn(LOT)]).toEqual([0, 1])
    await gateway.decide({ ...recall, state: 'lifted' })
    expect(await openOn(LOT)).toBe(0)
  })

  it('is exported as one table in which nothing is a formula', async () => {
    const { gateway } = await sentAway()
    const csv = recallCsv(await recallReport(gateway.store.db, { gtin: GTIN, lot: LOT }))
    const parts = csv.split('\r\n').map((line) => line.split(',')[0])
    expect(parts).toEqual([
      '\ufeffpart',
      'harvest',
      'input',
      'lot',
      'lot',
      'lot',
      'consignment',
      'consignment',
      'same plots',
      '',
    ])
    expect(csv).not.toMatch(/(^|,)"?[=+@-]/m)
  })

  it('of a lot that nobody has told of says so', async () => {
    const book = await Book.open()
    expect(await recallReport(book.gateway.store.db, { gtin: GTIN, lot: 'NOBODY' })).toMatchObject({
      isUnknown: true,
      origins: [],
      consignments: [],
    })
  })
})

describe('the recall screens', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const [lot = ''] = LOTS
  const path = `/recalls/${FRUIT}/${lot}`

  async function department() {
    const orchard = await Orchard.open()
    await believableFarm(orchard)
    await orchard.addPerson({ role: 'department', farmIds: 'all', email: 'so@tinh.example' })
    await orchard.addPerson()
    const cookies = { vuon_session: await orchard.signIn('so@tinh.example') }
    const get = (url: string) => orchard.app.inject({ url, cookies })
    const post = (url: string, fields: Record<string, string>) =>
      orchard.app.inject({
        method: 'POST',
        url,
        cookies,
        headers: form,
        payload: new URLSearchParams(fields).toString(),
      })
    return { orchard, get, post }
  }

  it('declare and lift a recall, with a reason in both languages', async () => {
    const { orchard, get, post } = await department()
    expect((await get(`/recalls?gtin=${FRUIT}&lot=${lot}`)).headers.location).toBe(path)
    const page = (await get(path)).body
    const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
    const reasons = { reasonVi: 'Vượt <b>dư lượng</b>', reasonEn: 'Residue' }
    expect((await post(path, { csrf, ...reasons, reasonEn: ' ' })).statusCode).toBe(400)
    expect((await post(path, { csrf: 'x'.repeat(24), ...reasons })).statusCode).toBe(403)
    expect((await post(path, { csrf, ...reasons, forward: '1' })).statusCode).toBe(303)
    const recalled = (await get(path)).body
    expect(recalled).toContain('Vượt &#60;b&#62;dư lượng&#60;/b&#62;')
    const recall = /name="recall" value="([^"]+)"/.exec(recalled)?.[1] ?? ''
    expect((await get('/recalls')).body).toContain(lot)
    // It survives a rebuild: a recall is a decision of the province.
    await orchard.gateway.rebuild()
    expect((await post(path, { csrf, ...reasons, recall })).statusCode).toBe(303)
    expect((await get(path)).body).toContain('name="forward"')
    expect((await post(path, { csrf, ...reasons, recall: 'r-none' })).statusCode).toBe(404)
    expect((await get(`${path}.csv`)).headers['content-type']).toContain('text/csv')
  })

  it('do not exist for an agronomist, and ask everybody else to sign in', async () => {
    const { orchard, get } = await department()
    const cookies = { vuon_session: await orchard.signIn() }
    for (const url of ['/recalls', path, `${path}.csv`])
      expect((await orchard.app.inject({ url, cookies })).statusCode, url).toBe(404)
    expect((await orchard.app.inject({ url: path })).headers.location).toContain('/sign-in')
    expect((await get('/recalls?gtin=1&lot=2')).statusCode).toBe(400)
    expect((await get(`/recalls/09521234567890/${lot}`)).statusCode).toBe(404)
  })
})
