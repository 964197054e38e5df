import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLotNumber } from '#contract/trace/lot-number.ts'
import { isSscc, newSscc, palletsOf } from '#contract/trace/sscc.ts'
import type { LotShare } from '#contract/wire/farm-book.ts'
import type { ActivityInput } from '../../../agent/farm-book/activity-input.ts'
import type { FarmBook } from '../../../agent/farm-book/farm-book.ts'
import { eventsIn, GTIN, MANGO_GTIN, openBook, PACKED_GTIN, TODAY } from './book-room.ts'

const OTHER_GTIN = '09528765432108'
const settings = {
  markets: [],
  ssccPrefix: '0952123456',
  packingHouse: { code: 'VN-LDPH-001', gln: '9521234500025' },
}

const packing = (
  inputs: readonly LotShare[],
  massKg: number,
  more: Partial<ActivityInput> = {},
): ActivityInput => ({
  ...{ type: 'packed', plot: '', day: TODAY, person: 'p1', inputs, details: { lossKg: 0, grade: '1' } },
  outputs: [{ gtin: PACKED_GTIN, massKg }],
  ...more,
})
const stacking = (inputs: readonly LotShare[]): ActivityInput => ({
  ...{ type: 'aggregated', plot: '', day: TODAY, person: 'p1', inputs, details: {} },
})
const sending = (details: Record<string, string>, inputs: readonly LotShare[] = []): ActivityInput => ({
  ...{ type: 'dispatched', plot: '', day: TODAY, person: 'p1', inputs },
  details: { consignee: 'Công ty Rồng Xanh', market: 'CN', ...details },
})
const receiving = (outputs: readonly LotShare[]): ActivityInput => ({
  ...{ type: 'received', plot: '', day: TODAY, person: 'p1', outputs, details: { from: 'Vườn Ba Tâm' } },
})
const leftOf = async (book: FarmBook, lot: string) =>
  (await book.stock()).find((each) => each.lot === lot)?.leftKg

describe('packing', () => {
  test('gives a lot of its own from shares of others, known here or not, as a transformation', async () => {
    const { book, journal, harvest } = await openBook({ settings })
    const own = await harvest(100)
    const shares = [
      { gtin: GTIN, lot: own.lot, massKg: 60 },
      { gtin: OTHER_GTIN, lot: 'KHAC-7', massKg: 40 },
    ]
    const { lot, activityId } = await book.recordActivity(
      packing(shares, 95, {
        details: { lossKg: 5, grade: '1' },
        outputs: [{ gtin: PACKED_GTIN, massKg: 95, count: 19 }],
      }),
    )
    expect(lot).toMatchObject({ gtin: PACKED_GTIN, massKg: 95, plot: '', productVi: 'Thanh long thùng 5 kg' })
    expect(isLotNumber(lot?.lot ?? '') && lot?.lot !== own.lot).toBe(true)
    expect(await leftOf(book, own.lot)).toBe(40)
    const event = (await eventsIn(journal)).at(-1)
    const named = (gtin: string, number: string, quantity: number) => ({
      epcClass: `https://id.gs1.org/01/${gtin}/10/${number}`,
      ...{ quantity, uom: 'KGM' },
    })
    expect(event).toMatchObject({
      type: 'TransformationEvent',
      inputQuantityList: [named(GTIN, own.lot, 60), named(OTHER_GTIN, 'KHAC-7', 40)],
      outputQuantityList: [named(PACKED_GTIN, lot?.lot ?? '', 95)],
      readPoint: { id: 'https://id.gs1.org/414/9521234500025' },
      'vuon:packingHouse': 'VN-LDPH-001',
      'vuon:activityId': activityId,
      ilmd: { 'cbvmda:lotNumber': lot?.lot, 'cbvmda:harvestStartDate': TODAY },
    })
  })

  test('never gives more than went in and is left, but for two per cent of the scales', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 10, max: 5000 }),
        fc.array(
          fc.record({
            take: fc.double({ min: 0.05, max: 1.2, noNaN: true }),
            out: fc.double({ min: 0.3, max: 1.3, noNaN: true }),
            loss: fc.double({ min: 0, max: 0.5, noNaN: true }),
          }),
          { minLength: 1, maxLength: 5 },
        ),
        async (picked, runs) => {
          const { book, harvest } = await openBook({ settings })
          const { lot } = await harvest(picked)
          const round = (kg: number) => Math.max(0.1, Math.round(kg * 10) / 10)
          let taken = 0
          for (const { take, out, loss } of runs) {
            const [massKg, outKg, lossKg] = [
              round(picked * take),
              round(picked * take * out),
              round(picked * take * loss),
            ]
            const isThere = taken + massKg <= picked + Math.max(0.5, picked * 0.02) + 1e-9
            const isBalanced = outKg + lossKg <= massKg + Math.max(0.5, massKg * 0.02) + 1e-9
            const tried = await book
              .recordActivity(packing([{ gtin: GTIN, lot, massKg }], outKg, { details: { lossKg } }))
              .catch((error: { reason: string }) => error.reason)
            if (!isThere) expect(tried).toBe('more-than-there-is')
            else if (!isBalanced) expect(tried).toBe('more-out-than-in')
            else {
              expect(tried).toMatchObject({ lot: { massKg: outKg } })
              taken += massKg
            }
          }
        },
      ),
      { numRuns: 10 },
    )
  })

  test.each<[string, string, string, object]>([
    ['more than the lot has', 'inputs', 'more-than-there-is', { massKg: 103 }],
    ['a lot of this box that it never gave', 'inputs', 'unknown-lot', { lot: 'B0X12611237FM' }],
    ['a lot number with a wrong check character', 'inputs', 'wrong-lot', { lot: 'K7M226112300A' }],
    ['a GTIN with a wrong check digit', 'inputs', 'wrong-gtin', { gtin: '09521234543214' }],
    ['a lot number that GS1 does not know', 'inputs', 'wrong-lot', { lot: 'lô số 1' }],
    ['a mass of nothing', 'inputs', 'out-of-bounds', { massKg: 0 }],
    ['half a box', 'inputs', 'not-whole', { count: 1.5 }],
  ])('of %s is refused', async (_, field, reason, wrong) => {
    const { book, harvest } = await openBook({ settings })
    const { lot } = await harvest(100)
    const share = { gtin: GTIN, lot, massKg: 50, ...wrong }
    await expect(book.recordActivity(packing([share], 10))).rejects.toMatchObject({ field, reason })
  })

  test.each<[string, string, string, (lot: string) => ActivityInput]>([
    ['of nothing', 'inputs', 'no-shares', () => packing([], 10)],
    [
      'of one lot twice',
      'inputs',
      'twice',
      (lot) =>
        packing(
          [
            { gtin: GTIN, lot, massKg: 1 },
            { gtin: GTIN, lot, massKg: 2 },
          ],
          3,
        ),
    ],
    [
      'that gives nothing',
      'outputs',
      'no-shares',
      (lot) => packing([{ gtin: GTIN, lot, massKg: 1 }], 1, { outputs: [] }),
    ],
    [
      'into a product of another crop',
      'gtin',
      'other-crop',
      (lot) => packing([{ gtin: GTIN, lot, massKg: 9 }], 9, { outputs: [{ gtin: MANGO_GTIN, massKg: 9 }] }),
    ],
    [
      'into a GTIN of somebody else',
      'gtin',
      'foreign-gtin',
      (lot) => packing([{ gtin: GTIN, lot, massKg: 9 }], 9, { outputs: [{ gtin: OTHER_GTIN, massKg: 9 }] }),
    ],
    [
      'whose boxes weigh something else',
      'count',
      'boxes-and-mass',
      (lot) =>
        packing([{ gtin: GTIN, lot, massKg: 50 }], 50, {
          details: { netKgEach: 5 },
          outputs: [{ gtin: PACKED_GTIN, massKg: 50, count: 20 }],
        }),
    ],
  ])('%s is refused', async (_, field, reason, input) => {
    const { book, harvest } = await openBook({ settings })
    const { lot } = await harvest(100)
    await expect(book.recordActivity(input(lot))).rejects.toMatchObject({ field, reason })
  })

  test('needs a packing house by name where the box has none', async () => {
    const { book, harvest } = await openBook()
    const { lot } = await harvest(100)
    await expect(book.recordActivity(packing([{ gtin: GTIN, lot, massKg: 9 }], 9))).rejects.toMatchObject({
      ...{ field: 'packingHouse', reason: 'missing' },
    })
  })

  test('keeps a harvest from shrinking below what was taken of it', async () => {
    const { book, harvest } = await openBook({ settings })
    const { lot } = await harvest(100)
    const [picked] = await book.activities()
    const id = picked?.activity.activityId ?? ''
    const packed = await book.recordActivity(packing([{ gtin: GTIN, lot, massKg: 90 }], 90))
    const again = { type: 'harvested' as const, plot: 'lo-a', day: TODAY, person: 'p1', why: 'Cân lại' }
    const to = (massKg: number) => book.correct(id, { ...again, details: { massKg, gtin: GTIN } })
    await expect(to(80)).rejects.toMatchObject({
      reason: 'taken-already',
      facts: { takenKg: 90, givenKg: 80 },
    })
    await expect(book.withdraw(id, { person: 'p1', why: 'x' })).rejects.toMatchObject({
      reason: 'taken-already',
    })
    await to(95)
    await book.withdraw(packed.activityId, { person: 'p1', why: 'Chưa đóng' })
    expect(await leftOf(book, lot)).toBe(95)
    expect(await book.lot(packed.lot?.lot ?? '')).toMatchObject({ massKg: 0 })
  })

  test('corrected keeps its number', async () => {
    const { book, harvest } = await openBook({ settings })
    const { lot } = await harvest(100)
    const packed = await book.recordActivity(packing([{ gtin: GTIN, lot, massKg: 90 }], 90))
    const again = await book.correct(
      packed.activityId,
      packing([{ gtin: GTIN, lot, massKg: 95 }], 94, { why: 'Cân lại' }),
    )
    expect(again.lot).toMatchObject({ lot: packed.lot?.lot, massKg: 94 })
    expect(await leftOf(book, lot)).toBe(5)
  })
})

describe('a pallet', () => {
  test('has a number of its own, and what is sent with it is what is on it', async () => {
    const { book, journal, harvest } = await openBook({ settings })
    const { lot } = await harvest(100)
    const shares = [{ gtin: GTIN, lot, massKg: 80, count: 16 }]
    const { sscc = '' } = await book.recordActivity(stacking(shares))
    expect(isSscc(sscc) && sscc.startsWith('0952123456')).toBe(true)
    expect(await leftOf(book, lot)).toBe(20)
    await expect(book.recordActivity(sending({ sscc }, shares))).rejects.toMatchObject({
      reason: 'shares-not-taken',
    })
    await book.recordActivity(sending({ sscc, consigneeGln: '9521234500032', phytosanitaryNo: 'KD-7' }))
    expect((await book.activities())[0]?.activity.inputs).toEqual(shares)
    expect(await leftOf(book, lot)).toBe(20)
    await expect(book.recordActivity(sending({ sscc }))).rejects.toMatchObject({ reason: 'pallet-left' })
    const [, stacked, sent] = await eventsIn(journal)
    expect(stacked).toMatchObject({
      ...{ type: 'AggregationEvent', action: 'ADD', parentID: `https://id.gs1.org/00/${sscc}` },
      childQuantityList: [{ quantity: 80, uom: 'KGM' }],
    })
    expect(sent).toMatchObject({
      bizStep: 'shipping',
      epcList: [`https://id.gs1.org/00/${sscc}`],
      destinationList: [{ type: 'possessing_party', destination: 'https://id.gs1.org/417/9521234500032' }],
      'vuon:market': 'CN',
      'vuon:phytosanitaryNo': 'KD-7',
    })
    expect(JSON.stringify(sent)).not.toContain('Rồng Xanh')
  })

  test('that has left is not restacked', async () => {
    const { book, harvest } = await openBook({ settings })
    const { lot } = await harvest(100)
    const shares = [{ gtin: GTIN, lot, massKg: 80 }]
    const { sscc = '', activityId } = await book.recordActivity(stacking(shares))
    const sent = await book.recordActivity(sending({ sscc }))
    const by = { person: 'p1', why: 'nhầm' }
    await expect(book.withdraw(activityId, by)).rejects.toMatchObject({ reason: 'pallet-left' })
    await expect(book.correct(activityId, { ...stacking(shares), why: 'nhầm' })).rejects.toMatchObject({
      reason: 'pallet-left',
    })
    await book.withdraw(sent.activityId, by)
    expect(
      (await book.correct(activityId, { ...stacking([{ gtin: GTIN, lot, massKg: 70 }]), why: 'bớt' })).sscc,
    ).toBe(sscc)
    expect(await leftOf(book, lot)).toBe(30)
  })

  test('is not numbered without a prefix', async () => {
    const { book, harvest } = await openBook()
    const { lot } = await harvest(100)
    await expect(book.recordActivity(stacking([{ gtin: GTIN, lot, massKg: 1 }]))).rejects.toMatchObject({
      reason: 'no-sscc-prefix',
    })
  })

  test('is not numbered twice, and not beyond the prefix', async () => {
    const { book, journal, harvest } = await openBook({
      settings: { markets: [], ssccPrefix: '0952123456789' },
    })
    const { lot } = await harvest(100)
    const stack = () => book.recordActivity(stacking([{ gtin: GTIN, lot, massKg: 1 }]))
    expect((await stack()).sscc).not.toBe((await stack()).sscc)
    expect(palletsOf('0952123456789')).toBe(10_000)
    expect(() => newSscc('0952123456789', 10_000)).toThrow(RangeError)
    expect(newSscc('0952123456789', 9_999)).toMatch(/^09521234567899999\d$/)
    expect(await journal.takeCounter('sscc 0952123456789')).toBe(3)
  })
})

describe('fruit of others', () => {
  test('that came in is known from then on, with its mass', async () => {
    const { book, journal } = await openBook({ settings })
    const theirs = { gtin: OTHER_GTIN, lot: 'K7M2261123005', massKg: 50 }
    await expect(book.recordActivity(receiving([theirs]))).rejects.toMatchObject({ reason: 'wrong-lot' })
    const share = { ...theirs, lot: 'KHAC-7' }
    await book.recordActivity(receiving([share]))
    await expect(book.recordActivity(packing([{ ...share, massKg: 60 }], 50))).rejects.toMatchObject({
      reason: 'more-than-there-is',
    })
    await book.recordActivity(packing([share], 49))
    expect(await leftOf(book, 'KHAC-7')).toBe(0)
    expect((await eventsIn(journal))[0]).toMatchObject({
      bizStep: 'receiving',
      quantityList: [{ quantity: 50 }],
    })
  })

  test.each<[string, string, ActivityInput]>([
    [
      'without a market',
      'market',
      { ...sending({}, [{ gtin: OTHER_GTIN, lot: 'A', massKg: 1 }]), details: { consignee: 'X' } },
    ],
    ['of nothing', 'inputs', sending({})],
    [
      'to a GLN that is none',
      'consigneeGln',
      sending({ consigneeGln: '9521234500033' }, [{ gtin: OTHER_GTIN, lot: 'A', massKg: 1 }]),
    ],
    ['on a pallet whose number is none', 'sscc', sending({ sscc: '123' })],
  ])('is not sent %s', async (_, field, input) => {
    const { book } = await openBook({ settings })
    await expect(book.recordActivity(input)).rejects.toMatchObject({ field })
  })
})
