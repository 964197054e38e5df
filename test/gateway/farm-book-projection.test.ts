import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { type PermissionStatement, signPermission } from '#contract/trace/code-permission.ts'
import type { RecordBody } from '#contract/wire/records.ts'
import { ProvinceStore } from './province-store.ts'
import { DAY, SignedBox } from './signed-box.ts'

const activity = (activityId: string, more: Record<string, unknown> = {}) => ({
  kind: 'activity',
  activityId,
  type: 'sprayed',
  plot: 'A',
  at: DAY,
  person: 'p1',
  details: { product: 'Abamectin 1.8 EC', phiDays: 7 },
  ...more,
})

const share = (lot: string, massKg: number) => ({ gtin: '09521234567899', lot, massKg })

const product = (name: string, t: number) => ({
  kind: 'product',
  t,
  productId: 'x1',
  name,
  productKind: 'pesticide',
  activeSubstance: 'abamectin',
  registrationNo: '123/CNĐKT-BVTV',
  intervals: [{ crop: 'dragon-fruit', market: 'any', days: 7 }],
  isRetired: false,
})

async function enrolled() {
  const gateway = await ProvinceStore.open()
  const box = new SignedBox()
  await gateway.enrol(box)
  return { gateway, box }
}

describe('the farm book at the province', () => {
  it('says the same in any order of arrival, and after a rebuild', async () => {
    const batches = (box: SignedBox) => [
      box.records(activity('a1', { t: DAY })),
      box.records(activity('a2', { t: DAY + 1, corrects: 'a1', why: 'sai liều', details: { phiDays: 14 } })),
      // A second word under an id that has spoken: an edit that calls itself nothing of the kind.
      box.records(activity('a1', { t: DAY + 2, details: { phiDays: 0 } })),
      box.records(
        activity('p1', {
          type: 'packed',
          inputs: [share('L1', 60), share('L1', 40), share('L2', 5)],
          outputs: [share('L3', 104)],
        }),
      ),
      box.records(product('Tên cũ', DAY), product('Tên mới', DAY + 5)),
    ]
    const straight = await enrolled()
    for (const batch of batches(straight.box)) await straight.gateway.take(batch)
    const expected = await straight.gateway.projections()
    const rows = await straight.gateway.rows(
      `SELECT details FROM activity WHERE activity_id = 'a1' UNION ALL SELECT name FROM product
        UNION ALL SELECT CAST(mass_kg AS TEXT) FROM activity_lot WHERE lot = 'L1'`,
    )
    expect(rows.map((row) => Object.values(row)[0])).toEqual([
      '{"phiDays":7,"product":"Abamectin 1.8 EC"}',
      'Tên mới',
      '100.0',
    ])
    await straight.gateway.rebuild()
    expect(await straight.gateway.projections()).toEqual(expected)
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), async (order) => {
        const { gateway, box } = await enrolled()
        const all = batches(box)
        for (const number of order) await gateway.take(all[number]!)
        expect(await gateway.projections()).toEqual(expected)
      }),
      { numRuns: 6 },
    )
  })

  it('keeps what breaks its shape in the log, counted, and reads the rest', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(
      box.records(
        activity('a1', { inputs: [share('L1', -5)] }),
        activity('a2', { photos: ['not a hash'] }),
        activity('a3', { outputs: Array.from({ length: 101 }, (_, n) => share(`L${n}`, 1)) }),
        { ...product('x', DAY), intervals: [{ crop: 'mango', market: 'any', days: 366 }] },
        activity('a4'),
      ),
    )
    expect(await gateway.rows('SELECT activity_id FROM activity')).toEqual([{ activity_id: 'a4' }])
    expect(await gateway.rows('SELECT count(*) AS n FROM unknown_entry')).toEqual([{ n: 4 }])
  })

  it('holds a permission with whether its holder signed it', async () => {
    const { gateway, box } = await enrolled()
    const statement: PermissionStatement = {
      permissionId: 'q1',
      agent: box.agent,
      key: box.keyId,
      gln: '9521234567899',
      code: 'VN-LDOR-0017',
      to: 'f2',
      from: '2026-11-01',
      until: '2026-12-31',
      maxKg: 5000,
      isWithdrawn: false,
      issuedAt: '2026-11-01T00:00:00.000Z',
    }
    const own = signPermission(statement, box.key)
    const forged = signPermission({ ...statement, maxKg: null }, new SignedBox(2).key)
    await gateway.take(
      box.records(
        { kind: 'permission', ...own },
        { kind: 'permission', ...forged },
        { kind: 'permission', signed: new Uint8Array(10), signature: own.signature },
      ),
    )
    expect(await gateway.rows('SELECT max_kg, is_signature_valid FROM permission ORDER BY seq')).toEqual([
      { max_kg: 5000, is_signature_valid: 1 },
      { max_kg: null, is_signature_valid: 0 },
    ])
    expect(await gateway.rows('SELECT count(*) AS n FROM unknown_entry')).toEqual([{ n: 1 }])
  })

  it('takes decisions on codes, certificates, recalls and names, of which the last stands', async () => {
    const { gateway } = await enrolled()
    const area = {
      kind: 'growing-area',
      gln: '9521234567899',
      code: 'VN-LDOR-0017',
      areaKind: 'growing-area',
      issuer: 'Chi cục Trồng trọt',
      holderFarmId: 'f1',
      crop: 'dragon-fruit',
      variety: 'LĐ5',
      areaHa: 1.5,
      yieldKgPerHa: 25_000,
      seasonsPerYear: 2,
      markets: 'VN,CN',
      commune: 'Hàm Thuận',
      validFrom: '2026-01-01',
      validTo: '2028-12-31',
      isWithdrawn: false,
    } as const
    const recall = {
      kind: 'recall',
      recallId: 'r1',
      gtin: '09521234567899',
      lot: 'L1',
      reasonVi: 'Vượt dư lượng',
      reasonEn: 'Residue above the limit',
      state: 'recalled',
      isForward: true,
    } as const
    const more: RecordBody[] = [
      {
        kind: 'certificate',
        certificateNo: 'VG-1',
        body: 'VinaCert',
        scheme: 'VietGAP',
        farmId: 'f1',
        crop: 'dragon-fruit',
        validFrom: '2026-01-01',
        validTo: '2026-12-31',
        isWithdrawn: false,
      },
      { kind: 'holder', farmId: 'f1', field: 'name', commitment: sha256(new Uint8Array(40)) },
      { kind: 'consent', farmId: 'f1', purpose: 'public-name', state: 'given', form: 'paper' },
    ]
    await gateway.decide(area, recall, ...more)
    await gateway.decide({ ...area, isWithdrawn: true }, { ...recall, state: 'lifted' })
    await gateway.rebuild()
    expect(await gateway.rows('SELECT is_withdrawn, state FROM growing_area, recall')).toEqual([
      { is_withdrawn: 1, state: 'lifted' },
    ])
    expect(
      await gateway.rows(
        'SELECT scheme, c.state, length(commitment) AS n FROM certificate, holder, consent c',
      ),
    ).toEqual([{ scheme: 'VietGAP', state: 'given', n: 32 }])
  })
})
