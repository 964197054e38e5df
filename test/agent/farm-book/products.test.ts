import { describe, expect, test } from 'vitest'
import { publicKeyFromRaw } from '#contract/ground/node/crypto.ts'
import { isPermissionSignedBy, openPermission } from '#contract/trace/code-permission.ts'
import type { PermissionEntry } from '#contract/wire/farm-book.ts'
import { intervalFor } from '../../../agent/farm-book/products.ts'
import { permit } from '../../../agent/permission-desk.ts'
import { AREA, identity, KEY, openBook, SPRAY, TODAY } from './book-room.ts'

const LABEL = {
  name: 'Antracol 70WP',
  productKind: 'pesticide' as const,
  activeSubstance: 'Propineb 70 %',
  registrationNo: '1234/CNĐKT-BVTV',
  intervals: [
    { crop: 'dragon-fruit', market: 'any', days: 7 },
    { crop: 'dragon-fruit', market: 'EU', days: 21 },
    { crop: 'mango', market: 'any', days: 10 },
  ],
}
const { product: _, activeSubstance: __, registrationNo: ___, phiDays: ____, ...TANK } = SPRAY

describe('the interval on a label', () => {
  const of = (markets: string[], crop = 'dragon-fruit', intervals = LABEL.intervals) =>
    intervalFor(intervals, crop, markets)
  test('is the strictest of the markets that the farm sells to', () => {
    expect(of(['CN'])).toEqual({ days: 7, market: 'any', unknownFor: [] })
    expect(of(['CN', 'EU'])).toEqual({ days: 21, market: 'EU', unknownFor: [] })
    expect(of(['EU'], 'mango')).toEqual({ days: 10, market: 'any', unknownFor: [] })
    expect(of([])).toEqual({ days: 21, market: 'EU', unknownFor: [] })
    expect(of(['CN'], 'chilli')).toBeNull()
  })
  test('that is shorter for one market holds there, and what it does not say is said', () => {
    const label = [
      { crop: 'chilli', market: 'any', days: 14 },
      { crop: 'chilli', market: 'CN', days: 3 },
    ]
    expect(of(['CN'], 'chilli', label)).toMatchObject({ days: 3, market: 'CN' })
    expect(of(['CN', 'US'], 'chilli', label)).toMatchObject({ days: 14, market: 'any' })
    expect(of(['CN', 'US'], 'chilli', label.slice(1))).toEqual({ days: 3, market: 'CN', unknownFor: ['US'] })
    expect(of(['US'], 'chilli', label.slice(1))).toBeNull()
  })
})

describe('the list of products', () => {
  test('gives a spray its label and its interval; other days only with a reason', async () => {
    const { book } = await openBook({ settings: { markets: ['CN', 'EU'] } })
    const { productId } = await book.saveProduct(LABEL)
    const spray = (more: object, why?: string) =>
      book.recordActivity({
        ...{
          type: 'sprayed',
          plot: 'lo-a',
          day: TODAY,
          person: 'p1',
          why,
          details: { ...TANK, productId, ...more },
        },
      })
    await spray({})
    expect((await book.activities())[0]?.activity.details).toMatchObject({
      ...{ product: LABEL.name, activeSubstance: LABEL.activeSubstance, phiDays: 21, phiMarket: 'EU' },
    })
    await expect(spray({ phiDays: 7 })).rejects.toMatchObject({
      field: 'phiDays',
      facts: { days: 21, market: 'EU' },
    })
    await expect(spray({ product: 'Thuốc khác' })).rejects.toMatchObject({ reason: 'differs-from-product' })
    await spray({ phiDays: 30 }, 'Nhãn mới ghi 30 ngày')
    const last = (await book.activities())[0]?.activity
    expect(last?.details['phiMarket']).toBeUndefined()
    expect([last?.details['phiDays'], last?.why]).toEqual([30, 'Nhãn mới ghi 30 ngày'])
  })

  test('changes by newer words; what was taken off is not sprayed, and what was sprayed can still be corrected', async () => {
    const { book } = await openBook()
    const { productId } = await book.saveProduct(LABEL)
    const input = {
      type: 'sprayed' as const,
      plot: 'lo-a',
      day: TODAY,
      person: 'p1',
      details: { ...TANK, productId },
    }
    const { activityId } = await book.recordActivity(input)
    await book.saveProduct({ ...LABEL, productId, name: 'Antracol 70 WP' })
    await book.retireProduct(productId, true)
    expect(await book.productList()).toMatchObject([{ productId, name: 'Antracol 70 WP', isRetired: true }])
    await expect(book.recordActivity(input)).rejects.toMatchObject({ reason: 'retired-product' })
    await expect(book.correct(activityId, { ...input, why: 'Ghi thiếu' })).resolves.toBeDefined()
    await book.retireProduct(productId, false)
    await expect(book.recordActivity(input)).resolves.toBeDefined()
  })

  test.each<[string, string, object]>([
    ['without a name', 'name', { name: ' ' }],
    ['that is a pesticide without its substance', 'activeSubstance', { activeSubstance: '' }],
    ['that is there already', 'name', { name: 'ANTRACOL 70wp' }],
    ['of a kind that is none', 'productKind', { productKind: 'magic' }],
    ['with a market that is none', 'intervals', { intervals: [{ crop: 'mango', market: 'china', days: 7 }] }],
    ['with half a day', 'intervals', { intervals: [{ crop: 'mango', market: 'CN', days: 0.5 }] }],
    [
      'with two intervals for one market',
      'intervals',
      { intervals: [LABEL.intervals[0], LABEL.intervals[0]] },
    ],
    ['with a crop that is none', 'intervals', { intervals: [{ crop: '<b>', market: 'CN', days: 5 }] }],
    ['that is to be changed but never was', 'productId', { productId: 'nope' }],
  ])('refuses one %s', async (_, field, wrong) => {
    const { book } = await openBook()
    await book.saveProduct(LABEL)
    await expect(book.saveProduct({ ...LABEL, name: 'Khác', ...wrong })).rejects.toMatchObject({ field })
    expect(await book.productList()).toHaveLength(1)
  })
})

describe('a permission', () => {
  const words = {
    area: `${AREA.gln}/${AREA.code}`,
    to: 'farm-2',
    from: TODAY,
    until: '2026-12-31',
    maxKg: '5000',
  }

  test('is signed by the box, and taken back by another word', async () => {
    const { book, journal } = await openBook()
    const given = await permit(book, words)
    expect(given).toMatchObject({ isOwnArea: true, permissionId: expect.any(String) })
    const permissionId = 'permissionId' in given ? given.permissionId : ''
    expect(await permit(book, { withdraw: permissionId })).toMatchObject({ permissionId })
    const rows = await journal.records('permission', { limit: 5 })
    const entries = rows.map(({ entry }) => entry as unknown as PermissionEntry)
    for (const each of entries) expect(isPermissionSignedBy(each, publicKeyFromRaw(KEY.publicRaw))).toBe(true)
    expect(entries.map(({ signed }) => openPermission(signed))).toMatchObject([
      { permissionId, isWithdrawn: true, from: TODAY },
      { ...AREA, permissionId, to: 'farm-2', maxKg: 5000, isWithdrawn: false, agent: identity.agent },
    ])
    expect(await permit(book, { withdraw: permissionId })).toMatchObject({ refused: { hint: 'withdraw' } })
    expect(await permit(book, { ...words, area: `${AREA.gln}/VN-LDOR-9` })).toMatchObject({
      isOwnArea: false,
    })
  })

  test.each<[string, object]>([
    ['area', { area: '9521234500019/VN-LDOR-0042' }],
    ['area', { area: AREA.gln }],
    ['to', { to: '  ' }],
    ['from', { from: '1/12/2026' }],
    ['until', { until: '2026-11-01' }],
    ['until', { until: '2046-11-01' }],
    ['maxKg', { maxKg: 'nhiều' }],
    ['maxKg', { maxKg: '-1' }],
    ['withdraw', { withdraw: 'nope' }],
  ])('is refused at %s when it says %j', async (field, wrong) => {
    const { book, journal } = await openBook()
    expect(await permit(book, { ...words, ...wrong })).toMatchObject({ refused: { hint: field } })
    expect(await journal.records('permission', { limit: 1 })).toEqual([])
  })
})
