import { describe, expect, it } from 'vitest'
import { type PermissionStatement, signPermission } from '#contract/trace/code-permission.ts'
import { newLotNumber } from '#contract/trace/lot-number.ts'
import type { LotCheck } from '../../gateway/trace/checks/lot-check.ts'
import { lotChecks } from '../../gateway/trace/checks/lot-checks.ts'
import { farmCalendar } from '../../gateway/trace/farm-calendar.ts'
import { DAY, SignedBox } from './signed-box.ts'
import { AREA, Book, calendar, GTIN, growingArea, LOT, share, spray } from './told-book.ts'

const codes = ({ evidence }: LotCheck) => evidence.map(({ code }) => code)

describe('the pre-harvest check', () => {
  it('computes the interval from the spray log', async () => {
    const book = await Book.open()
    await book.did('s1', 'sprayed', -7, spray(7))
    await book.harvest(100)
    expect(await book.check('pre-harvest')).toMatchObject({ verdict: 'pass' })
    await book.did('s2', 'sprayed', -6, spray(7))
    expect(await book.check('pre-harvest')).toMatchObject({
      verdict: 'fail',
      evidence: [{ code: 'phi-inside', facts: { product: 'Abamectin 1.8 EC', allowedFrom: '2026-11-24' } }],
    })
  })

  it("can't tell where nothing was logged or an interval is missing", async () => {
    const book = await Book.open()
    await book.harvest(100)
    expect(codes(await book.check('pre-harvest'))).toEqual(['phi-unlogged'])
    await book.did('s1', 'sprayed', -7, spray())
    expect(await book.check('pre-harvest')).toMatchObject({
      verdict: 'cant-tell',
      evidence: [{ code: 'phi-unknown' }],
    })
  })

  it('believes the longer interval of the product list, and tells a spray that was dropped after the harvest', async () => {
    const book = await Book.open()
    const listed = { ...spray(3), productId: 'x1' }
    await book.gateway.take(
      book.box.records({
        ...{
          kind: 'product',
          productId: 'x1',
          name: 'x',
          productKind: 'pesticide',
          activeSubstance: 'abamectin',
        },
        ...{
          registrationNo: '1',
          intervals: [{ crop: 'dragon-fruit', market: 'CN', days: 14 }],
          isRetired: false,
        },
      }),
    )
    await book.did('s1', 'sprayed', -7, listed)
    await book.harvest(100)
    expect(codes(await book.check('pre-harvest'))).toEqual(['phi-inside'])
    await book.did('w1', 'sprayed', -7, {}, { corrects: 's1', isWithdrawn: true, written: 1 })
    expect(await book.check('pre-harvest')).toMatchObject({ verdict: 'fail' })
    expect(codes(await book.check('pre-harvest'))).toContain('phi-changed-later')
  })

  it('takes a correction that was made before the harvest as the word that counts', async () => {
    const book = await Book.open()
    await book.did('s1', 'sprayed', -5, spray(14))
    await book.did('s2', 'sprayed', -15, spray(14), { corrects: 's1', written: -4 })
    await book.harvest(100)
    expect(await book.check('pre-harvest')).toMatchObject({ verdict: 'pass' })
  })
})

describe('the back-dating check', () => {
  it('finds a harvest that was written after, and dated before, the spray that would have closed it', async () => {
    const book = await Book.open()
    await book.did('s1', 'sprayed', 0, spray(7))
    await book.harvest(100, -3, { written: 1 })
    expect(await book.check('back-dating')).toMatchObject({ verdict: 'fail' })
  })

  it("can't tell of what was written a week later, and passes what was written the same day", async () => {
    const late = await Book.open()
    await late.harvest(100, 0, { written: 7 })
    expect(codes(await late.check('back-dating'))).toEqual(['written-late'])
    const timely = await Book.open()
    await timely.harvest(100)
    expect(await timely.check('back-dating')).toMatchObject({ verdict: 'pass' })
  })
})

describe('the mass balances', () => {
  it('fail a code under which more was marked in a season than its area gives', async () => {
    const book = await Book.open()
    await book.harvest(9000)
    expect(await book.check('mass-balance-area')).toMatchObject({
      verdict: 'pass',
      evidence: [{ facts: { season: '2026/2', limitKg: 10_000, sharePct: 90 } }],
    })
    await book.harvest(1001, 0, { lot: newLotNumber({ boxCode: 'B0X1', yymmdd: '261123', counter: 1 }) })
    expect(await book.check('mass-balance-area')).toMatchObject({ verdict: 'fail' })
  })

  it('count a picking that was withdrawn no longer', async () => {
    const book = await Book.open()
    await book.harvest(10_500)
    expect((await book.check('mass-balance-area')).verdict).toBe('fail')
    await book.did('w1', 'harvested', 0, {}, { corrects: `h ${LOT}`, isWithdrawn: true, written: 1 })
    // Nothing of the lot is left.
    expect(codes(await book.check('mass-balance-area'))).toEqual(['no-harvest'])
  })

  it('count a season for itself, and judge nothing without a code or a yield', async () => {
    const book = await Book.open()
    await book.harvest(9000, -180)
    await book.harvest(9000, 0, { lot: newLotNumber({ boxCode: 'B0X1', yymmdd: '261123', counter: 1 }) })
    expect(await book.check('mass-balance-area')).toMatchObject({ verdict: 'pass' })
    await book.gateway.decide(growingArea({ yieldKgPerHa: 0 }))
    expect(codes(await book.check('mass-balance-area'))).toEqual(['area-not-registered'])
  })

  it('fail a packing that gives more than it takes, and a label that was used twice', async () => {
    const book = await Book.open()
    const packed = newLotNumber({ boxCode: 'B0X1', yymmdd: '261124', counter: 0 })
    await book.harvest(100)
    const run = { inputs: [share(100)], outputs: [share(95, packed)] }
    await book.did('p1', 'packed', 1, { packingHouse: 'VN-LDPH-001', lossKg: 5 }, run)
    expect(await book.check('mass-balance-packing', packed)).toMatchObject({ verdict: 'pass' })
    await book.did(
      'd1',
      'dispatched',
      2,
      { consignee: 'Công ty A', market: 'CN' },
      { inputs: [share(95, packed)] },
    )
    await book.did(
      'd2',
      'dispatched',
      3,
      { consignee: 'Công ty B', market: 'CN' },
      { inputs: [share(95, packed)] },
    )
    expect(codes(await book.check('mass-balance-packing', packed))).toContain('more-out-than-in')
    await book.did(
      'p2',
      'packed',
      1,
      { packingHouse: 'x' },
      { inputs: [share(1)], outputs: [share(50, packed)] },
    )
    expect(codes(await book.check('mass-balance-packing', packed))).toContain('packing-over')
  })

  it('end in a loop of lots that were packed into each other', async () => {
    const book = await Book.open()
    const other = newLotNumber({ boxCode: 'B0X1', yymmdd: '261124', counter: 0 })
    await book.harvest(100)
    const house = { packingHouse: 'x' }
    await book.did('p1', 'packed', 1, house, { inputs: [share(50)], outputs: [share(50, other)] })
    await book.did('p2', 'packed', 2, house, { inputs: [share(50, other)], outputs: [share(50)] })
    expect(await book.check('mass-balance-packing', other)).toMatchObject({ verdict: 'pass' })
  })
})

describe('the permission to use a code', () => {
  const permission = (book: Book, holder: SignedBox, more: Partial<PermissionStatement> = {}) => ({
    kind: 'permission',
    ...signPermission(
      {
        ...{
          permissionId: 'q1',
          agent: holder.agent,
          key: holder.keyId,
          ...AREA,
          to: 'f1',
          isWithdrawn: false,
        },
        ...{ from: '2026-11-01', until: '2026-11-30', maxKg: null, issuedAt: '2026-11-01T00:00:00.000Z' },
        ...more,
      },
      holder.key,
    ),
    t: DAY + book.box.key.publicRaw.length,
  })

  it("fails a borrowed code, passes the holder's own, and one that the holder signed for, as far as it goes", async () => {
    const book = await Book.open()
    await book.harvest(100)
    expect(codes(await book.check('code-permission'))).toEqual(['own-code'])
    const holder = new SignedBox(2)
    await book.gateway.enrol(holder, 'f2', 'B0X2')
    await book.gateway.decide(growingArea({ holderFarmId: 'f2' }))
    expect(codes(await book.check('code-permission'))).toEqual(['no-permission'])
    // Signed by the borrower himself: not the holder's word.
    await book.gateway.take(book.box.records(permission(book, book.box)))
    expect(codes(await book.check('code-permission'))).toEqual(['no-permission'])
    await book.gateway.take(holder.records(permission(book, holder, { maxKg: 150 })))
    expect(codes(await book.check('code-permission'))).toEqual(['permitted'])
    await book.harvest(100, 0, { lot: newLotNumber({ boxCode: 'B0X1', yymmdd: '261123', counter: 1 }) })
    expect(codes(await book.check('code-permission'))).toEqual(['permission-exceeded'])
    await book.gateway.take(
      holder.records(permission(book, holder, { isWithdrawn: true, from: '2026-11-20' })),
    )
    expect(codes(await book.check('code-permission'))).toEqual(['no-permission'])
  })

  it('fails a code that had run out on the day of the harvest', async () => {
    const book = await Book.open()
    await book.harvest(100)
    await book.gateway.decide(growingArea({ validTo: '2026-11-22' }))
    expect(codes(await book.check('code-permission'))).toEqual(['area-not-valid'])
  })
})

describe('a copied diary', () => {
  const work = async (book: Book, from: number, every = 5) => {
    for (let index = 0; index < 8; index++)
      await book.did(`s${from}-${index}`, 'sprayed', from + index * every, spray(7, `Thuốc ${index}`))
  }

  it('is found by another farm that wrote the same on the same days', async () => {
    const book = await Book.open()
    await work(book, -60)
    await book.harvest(100)
    expect(codes(await book.check('diary-copy'))).toEqual(['diary-own'])
    const twin = new SignedBox(2)
    await book.gateway.enrol(twin, 'f2', 'B0X2')
    await work(new Book(book.gateway, twin), -60)
    expect(codes(await book.check('diary-copy'))).toEqual(['same-as-another-farm'])
  })

  it("is found by the plot's own season before, and by a season that was written in one evening", async () => {
    const book = await Book.open()
    await work(book, -200)
    await work(book, -60)
    await book.harvest(100)
    expect(codes(await book.check('diary-copy'))).toEqual(['same-as-season-before'])
    const evening = await Book.open()
    for (let index = 0; index < 8; index++)
      await evening.did(`s${index}`, 'sprayed', -60 + index * 5, spray(7, `Thuốc ${index}`), { written: 0 })
    await evening.harvest(100)
    expect(codes(await evening.check('diary-copy'))).toEqual(['written-at-once'])
  })

  it('is not judged where the diary is short', async () => {
    const book = await Book.open()
    await book.harvest(100)
    expect(codes(await book.check('diary-copy'))).toEqual(['diary-short'])
  })
})

describe('what a lot says of itself', () => {
  it('is complete with its names, codes, certificate and picture, and says what is missing', async () => {
    const book = await Book.open()
    await book.harvest(100)
    expect(codes(await book.check('completeness'))).toEqual(['items', 'item-picture', 'item-standard'])
    expect(await book.check('passport')).toMatchObject({ verdict: 'pass' })
    await book.gateway.decide({
      ...{ kind: 'certificate', certificateNo: 'VG-1', body: 'VinaCert', scheme: 'VietGAP', farmId: 'f1' },
      ...{ crop: 'dragon-fruit', validFrom: '2026-01-01', validTo: '2026-11-22', isWithdrawn: false },
    })
    // It had run out the day before.
    expect(codes(await book.check('completeness'))).toContain('item-standard')
    await book.did('s1', 'sprayed', -20, { product: 'Không rõ' })
    expect((await book.check('completeness')).evidence.at(-1)).toMatchObject({
      code: 'activity-vague',
      facts: { lacks: 'activeSubstance, registrationNo, dose, doseUnit, areaHa, reason, phiDays' },
    })
  })

  it('hangs on one chain of signed events; a lot that nobody told of has none', async () => {
    const book = await Book.open()
    await book.harvest(100)
    expect(await book.check('event-chain')).toMatchObject({ verdict: 'pass' })
    const unknown = await lotChecks(book.gateway.store.db, { gtin: GTIN, lot: 'NOBODY' }, calendar)
    expect(unknown.filter(({ verdict }) => verdict === 'pass')).toEqual([])
  })
})

describe('the calendar of farms', () => {
  it('begins days where the zone does, over a change of clocks too', () => {
    expect(calendar.startOf('2026-11-23')).toBe(Date.UTC(2026, 10, 22, 17))
    const dayOfChange = farmCalendar('Europe/Paris')
    expect(dayOfChange.startOf('2026-03-29')).toBe(Date.UTC(2026, 2, 28, 23))
    expect(dayOfChange.startOf('2026-03-30')).toBe(Date.UTC(2026, 2, 29, 22))
    expect(dayOfChange.dayOf(Date.UTC(2026, 2, 29, 22))).toBe('2026-03-30')
  })
})
