import { sha256 } from '#contract/ground/node/crypto.ts'
import { harvestEvent } from '#contract/trace/epcis.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { newLotNumber } from '#contract/trace/lot-number.ts'
import { signEvent } from '#contract/trace/signed-event.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import type { Orchard } from './orchard.ts'
import { SignedBox, seriesEntry } from './signed-box.ts'

type Entry = Record<string, unknown> & { kind: string }

// As in orchard.ts, which runs inside a test only; this also runs in a bench.
const FARM = 'f-hai-lua'
const GTIN = '09521234567899'
const HOUR = 3_600_000
const NOW = Date.UTC(2026, 10, 23, 8, 4)

const DAY_MS = 24 * HOUR
/** When the fruit of every lot here was picked. */
export const PICKED_AT = NOW - 30 * HOUR
export const AREA = { gln: '9521234567899', code: 'VN-BTHOR-0042' }
export const HOUSE = 'VN-BTHPH-011'

export const lotOf = (counter: number): string => newLotNumber({ boxCode: 'B0X1', yymmdd: '261122', counter })

/** What a farm is told to: a whole orchard, or the gateway of a bench. */
type TellableProvince = Pick<Orchard, 'addFarm' | 'enrol' | 'send'> & {
  readonly gateway: Pick<Gateway, 'decide'>
}

/** An entry of the farm book, so many days before the harvest. */
export const done = (
  activityId: string,
  type: string,
  daysBefore: number,
  details: Record<string, string | number>,
  more: Record<string, unknown> = {},
): Entry => ({
  kind: 'activity',
  activityId,
  type,
  plot: 'A',
  at: PICKED_AT - daysBefore * DAY_MS,
  person: 'p-1',
  details,
  ...more,
})

export const SCORE = {
  product: 'Score 250EC',
  activeSubstance: 'Difenoconazole',
  registrationNo: '1234/CNĐKT-BVTV',
  dose: 0.5,
  doseUnit: 'ml/l',
  areaHa: 0.8,
  reason: 'đốm nâu',
  phiDays: 7,
}

/** A picked lot with its growing area, as the box sends it: what it is, and the event that it signs. */
export function picked(box: SignedBox, lot: string, eventNo = 2, area = AREA): Entry[] {
  const unnamed = harvestEvent({
    gtin: GTIN,
    lot,
    massKg: 184.5,
    harvestedAt: PICKED_AT,
    harvestedOn: '2026-11-22',
    zoneOffset: '+07:00',
    growingArea: area,
    isFirstPick: true,
  })
  const statement = {
    agent: box.agent,
    key: box.keyId,
    epoch: box.epoch,
    eventNo,
    prev: '',
    capturedAt: '2026-11-22T02:04:00.000Z',
    clock: 'synchronised' as const,
    event: { ...unnamed, eventID: eventHash(unnamed, sha256) },
  }
  const { signed, signature } = signEvent(statement, box.key, sha256)
  const part = { gtin: GTIN, lot, activityId: `h-${lot}`, crop: 'dragon-fruit', plot: 'A', massKg: 184.5 }
  return [
    { kind: 'lot', ...part, harvestedAt: PICKED_AT, growingArea: area },
    { kind: 'event', signed, signature },
  ]
}

/**
 * A farm whose codes and certificates are registered and whose diary is kept: lot 0 was picked on plot A and packed into
 * lot 1, which was sent to China.
 */
export async function toldFarm(orchard: TellableProvince, box = new SignedBox(1)): Promise<SignedBox> {
  await orchard.addFarm(FARM, 'Vườn Hai Lúa')
  await orchard.enrol(box, FARM, 'B0X1')
  await orchard.gateway.decide([
    {
      kind: 'allocation',
      farmId: FARM,
      gtin: GTIN,
      crop: 'dragon-fruit',
      productVi: 'Thanh long ruột đỏ',
      productEn: 'Red dragon fruit',
      growingArea: AREA,
    },
    area(AREA.code, 'growing-area'),
    area(HOUSE, 'packing-house'),
    certificate('VietGAP', 'TT-13-01-0042', '2026-11-22'),
    certificate('GLOBALG.A.P.', 'GGN 4063061234567', '2027-02-28'),
  ])
  const [own, packed] = [lotOf(0), lotOf(1)]
  await orchard.send(
    box.records(
      seriesEntry(1, { quantity: 'air-temperature', unit: 'Cel' }) as never,
      done('s1', 'sprayed', 30, SCORE),
      done('f1', 'fertilised', 45, { product: 'NPK 20-20-15', amount: 50, amountUnit: 'kg', areaHa: 0.8 }),
      done('o1', 'scouted', 20, { what: 'Đốm nâu', severityPct: 3, findingId: 'f-9' }),
      done('t1', 'tested', 10, { what: 'residue', lab: 'Quatest 3', reportNo: 'KT3-00123', result: 'pass' }),
      done(`h-${own}`, 'harvested', 0, { massKg: 184.5, gtin: GTIN, lot: own }, { photos: ['a'.repeat(64)] }),
      ...picked(box, own),
      done(
        'p1',
        'packed',
        -0.5,
        { packingHouse: HOUSE, grade: '1' },
        {
          inputs: [{ gtin: GTIN, lot: own, massKg: 180 }],
          outputs: [{ gtin: GTIN, lot: packed, massKg: 175 }],
        },
      ),
      done(
        'd1',
        'dispatched',
        -0.8,
        { consignee: 'ACME', market: 'CN' },
        {
          inputs: [{ gtin: GTIN, lot: packed, massKg: 175 }],
        },
      ),
    ),
  )
  await orchard.send(
    box.readings(
      Array.from({ length: 30 }, (_, day) => ({
        seriesNo: 1,
        t: PICKED_AT - (29 - day) * DAY_MS,
        scaled: 250 + day,
        quality: 0,
      })),
    ),
  )
  return box
}

const area = (code: string, areaKind: 'growing-area' | 'packing-house') => ({
  kind: 'growing-area' as const,
  gln: AREA.gln,
  code,
  areaKind,
  issuer: 'Cục Trồng trọt và Bảo vệ thực vật',
  holderFarmId: FARM,
  crop: 'dragon-fruit',
  variety: 'LĐ1',
  areaHa: 1.6,
  yieldKgPerHa: 12_000,
  seasonsPerYear: 3,
  markets: 'CN,KR',
  commune: 'Hàm Thạnh',
  validFrom: '2025-01-01',
  validTo: '2027-12-31',
  isWithdrawn: false,
})

const certificate = (scheme: string, certificateNo: string, validTo: string) => ({
  kind: 'certificate' as const,
  certificateNo,
  body: 'Vinacert',
  scheme,
  farmId: FARM,
  crop: 'dragon-fruit',
  validFrom: '2025-11-01',
  validTo,
  isWithdrawn: false,
})
