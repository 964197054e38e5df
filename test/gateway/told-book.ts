import { sha256 } from '#contract/ground/node/crypto.ts'
import { harvestEvent } from '#contract/trace/epcis.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { newLotNumber } from '#contract/trace/lot-number.ts'
import { signEvent } from '#contract/trace/signed-event.ts'
import type { LotShare } from '#contract/wire/farm-book.ts'
import type { GrowingAreaEntry } from '#contract/wire/province-decisions.ts'
import type { CheckCode, LotCheck } from '../../gateway/trace/checks/lot-check.ts'
import { lotChecks } from '../../gateway/trace/checks/lot-checks.ts'
import { farmCalendar } from '../../gateway/trace/farm-calendar.ts'
import { ProvinceStore } from './province-store.ts'
import { DAY, SignedBox } from './signed-box.ts'

const DAY_MS = 86_400_000
export const GTIN = '09521234567899'
export const AREA = { gln: '9521234567899', code: 'VN-LDOR-0017' }
export const LOT = newLotNumber({ boxCode: 'B0X1', yymmdd: '261123', counter: 0 })
export const calendar = farmCalendar('Asia/Ho_Chi_Minh')

/** A farm with one plot whose book is told entry by entry. */
export class Book {
  readonly gateway: ProvinceStore
  readonly box: SignedBox
  #no = 0
  #prev = ''
  #t = DAY - 200 * DAY_MS

  constructor(gateway: ProvinceStore, box: SignedBox) {
    this.gateway = gateway
    this.box = box
  }

  static async open(): Promise<Book> {
    const gateway = await ProvinceStore.open()
    const box = new SignedBox()
    await gateway.enrol(box)
    await gateway.decide(growingArea(), {
      kind: 'allocation',
      farmId: 'f1',
      gtin: GTIN,
      crop: 'dragon-fruit',
      productVi: 'Thanh long ruột đỏ loại 1',
      productEn: 'Red dragon fruit, grade 1',
    })
    return new Book(gateway, box)
  }

  /** Days are counted from 2026-11-23; written down on the evening of the day unless `written` says another. */
  async did(
    activityId: string,
    type: string,
    day: number,
    details: Record<string, string | number>,
    more: Record<string, unknown> & { written?: number } = {},
  ): Promise<void> {
    const { written = day, ...rest } = more
    this.#t = DAY + written * DAY_MS + 10 * 3_600_000
    const at = DAY + day * DAY_MS + 3_600_000
    const body = {
      kind: 'activity',
      t: this.#t,
      activityId,
      type,
      plot: 'A',
      at,
      person: 'p1',
      details,
      ...rest,
    }
    await this.gateway.take(this.box.records(body))
  }

  async harvest(
    massKg: number,
    day = 0,
    more: { written?: number; area?: boolean; lot?: string } = {},
  ): Promise<void> {
    const { written = day, area = true, lot = LOT } = more
    const at = DAY + day * DAY_MS + 3_600_000
    const place = area ? { growingArea: AREA } : {}
    await this.did(`h ${lot}`, 'harvested', day, { massKg, gtin: GTIN, lot }, { written })
    const event = harvestEvent({
      ...{ gtin: GTIN, lot, massKg, harvestedAt: at, zoneOffset: '+07:00', isFirstPick: true },
      harvestedOn: calendar.dayOf(at),
      ...place,
    })
    const statement = {
      agent: this.box.agent,
      key: this.box.keyId,
      epoch: this.box.epoch,
      eventNo: ++this.#no,
      prev: this.#prev,
      capturedAt: new Date(this.#t).toISOString(),
      clock: 'synchronised' as const,
      event: { ...event, eventID: eventHash(event, sha256) },
    }
    const { signed, signature, hash } = signEvent(statement, this.box.key, sha256)
    this.#prev = hash
    await this.gateway.take(
      this.box.records(
        {
          kind: 'lot',
          t: this.#t,
          ...{
            gtin: GTIN,
            lot,
            activityId: `h ${lot}`,
            crop: 'dragon-fruit',
            plot: 'A',
            harvestedAt: at,
            massKg,
          },
          ...place,
        },
        { kind: 'event', t: this.#t, signed, signature },
      ),
    )
  }

  async check(code: CheckCode, lot = LOT): Promise<LotCheck> {
    const checks = await lotChecks(this.gateway.store.db, { gtin: GTIN, lot }, calendar)
    return checks.find((each) => each.code === code) as LotCheck
  }
}

export const growingArea = (more: Partial<GrowingAreaEntry> = {}): GrowingAreaEntry => ({
  kind: 'growing-area',
  ...AREA,
  areaKind: 'growing-area',
  issuer: 'Chi cục Trồng trọt',
  holderFarmId: 'f1',
  crop: 'dragon-fruit',
  variety: 'LĐ5',
  areaHa: 1,
  yieldKgPerHa: 10_000,
  seasonsPerYear: 2,
  markets: 'VN,CN',
  commune: 'Hàm Thuận',
  validFrom: '2026-01-01',
  validTo: '2027-12-31',
  isWithdrawn: false,
  ...more,
})

export const spray = (phiDays?: number, product = 'Abamectin 1.8 EC') => ({
  product,
  ...{
    activeSubstance: 'abamectin',
    registrationNo: '123/CNĐKT',
    dose: 1,
    doseUnit: 'ml/l',
    areaHa: 1,
    reason: 'bọ trĩ',
  },
  ...(phiDays === undefined ? {} : { phiDays }),
})

export const share = (massKg: number, lot = LOT): LotShare => ({ gtin: GTIN, lot, massKg })
