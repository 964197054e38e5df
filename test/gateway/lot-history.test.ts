import { describe, expect, it } from 'vitest'
import { toHex } from '#contract/ground/bytes.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { harvestEvent } from '#contract/trace/epcis.ts'
import { newLotNumber } from '#contract/trace/lot-number.ts'
import { signEvent } from '#contract/trace/signed-event.ts'
import { isKnownBoxCode, lotHistory } from '../../gateway/insight/lot-history.ts'
import { RunningGateway } from './running-gateway.ts'
import { DAY, minutes, SignedBox, seriesEntry } from './signed-box.ts'

const GTIN = '09521234567899'
const DAY_MS = 86_400_000

const pick = (lot: string, activityId: string, massKg: number, change: object = {}) => ({
  kind: 'lot',
  gtin: GTIN,
  lot,
  activityId,
  crop: 'dragon-fruit',
  plot: 'Lô A',
  harvestedAt: DAY,
  massKg,
  growingArea: { gln: '9521234567899', code: 'VN-BTHOR-0001' },
  ...change,
})

function harvest(box: SignedBox, lot: string, eventNo: number, by = box) {
  const event = harvestEvent({
    gtin: GTIN,
    lot,
    massKg: 100,
    harvestedAt: DAY,
    harvestedOn: '2026-11-23',
    zoneOffset: '+07:00',
    isFirstPick: eventNo === 1,
  })
  const statement = {
    agent: box.agent,
    key: box.keyId,
    epoch: box.epoch,
    eventNo,
    prev: '',
    capturedAt: '2026-11-23T00:00:00.000Z',
    clock: 'synchronised' as const,
    event,
  }
  const { signed, signature } = signEvent(statement, by.key, sha256)
  return { kind: 'event', signed, signature }
}

/** A farm whose box is claimed, and the number of a lot that it may give out. */
async function farm() {
  const province = await RunningGateway.open()
  await province.addFarm()
  await province.gateway.allocate({
    kind: 'allocation',
    farmId: 'f-1',
    gtin: GTIN,
    crop: 'dragon-fruit',
    productVi: 'Thanh long ruột đỏ',
    productEn: 'Red dragon fruit',
  })
  const box = new SignedBox()
  const { boxCode, allocations } = await province.enrol(box)
  const lot = newLotNumber({ boxCode, yymmdd: '261123', counter: 0 })
  return { province, box, boxCode, allocations, lot, db: province.gateway.db }
}

describe('the history of a lot', () => {
  it('tells what it is, where it grew, how much was picked, and what the farm signed', async () => {
    const { province, box, boxCode, allocations, lot, db } = await farm()
    expect(allocations).toMatchObject([{ gtin: GTIN, productVi: 'Thanh long ruột đỏ' }])
    const [first, second] = [harvest(box, lot, 1), harvest(box, lot, 2)]
    await province.take(box.records(pick(lot, 'h1', 100.1), first))
    await province.take(box.records(pick(lot, 'h2', 20.2, { harvestedAt: DAY + 3_600_000 }), second))
    const history = await lotHistory(db, GTIN, lot)
    expect(history).toMatchObject({
      gtin: GTIN,
      lot,
      productVi: 'Thanh long ruột đỏ',
      productEn: 'Red dragon fruit',
      crop: 'dragon-fruit',
      harvestedAt: DAY,
      massKg: 120.3,
      commune: 'Hàm Thuận',
      province: 'Lâm Đồng',
      growingArea: { gln: '9521234567899', code: 'VN-BTHOR-0001' },
      boxCode,
      receivedAt: province.nowMs,
    })
    expect(
      history?.events.map(({ bizStep, isSignatureValid, signedSha256 }) => [
        bizStep,
        isSignatureValid,
        signedSha256,
      ]),
    ).toEqual([
      ['commissioning', true, toHex(sha256(first.signed))],
      ['creating_class_instance', true, toHex(sha256(second.signed))],
    ])
    // The consumer learns the commune, never the farm's name.
    expect(JSON.stringify(history)).not.toContain('Vườn Tám')
  })

  it('shows an event that somebody else signed as what it is', async () => {
    const { province, box, lot, db } = await farm()
    await province.take(box.records(pick(lot, 'h1', 100), harvest(box, lot, 1, new SignedBox(7))))
    expect((await lotHistory(db, GTIN, lot))?.events).toMatchObject([{ isSignatureValid: false }])
  })

  it('sums the growing conditions of the thirty days before, of what says something to a consumer', async () => {
    const { province, box, lot, db } = await farm()
    await province.take(
      box.records(
        seriesEntry(1),
        // Another probe of the same quantity, with another resolution.
        seriesEntry(2, { resolution: 0.01 }),
        seriesEntry(3, { quantity: 'battery-voltage', unit: 'V' }),
        pick(lot, 'h1', 100),
      ),
    )
    await province.take(box.readings([...minutes(1, 7, DAY - 3 * DAY_MS, 300), ...minutes(3, 7, DAY, 120)]))
    await province.take(box.readings(minutes(2, 7, DAY - 2 * DAY_MS, 1000)))
    await province.take(box.readings(minutes(1, 7, DAY - 31 * DAY_MS, 900)))
    await province.take(box.readings(minutes(1, 7, DAY + 5 * DAY_MS, 900)))
    const conditions = (await lotHistory(db, GTIN, lot))?.conditions
    expect(conditions).toEqual([
      {
        quantity: 'soil-moisture',
        unit: '%',
        min: 10,
        max: 30.6,
        mean: 20.165,
        count: 14,
        fromMs: DAY - 3 * DAY_MS,
        toMs: DAY - DAY_MS,
      },
    ])
  })

  it('is not there for a number that nobody gave out, nor for a lot that another box claims', async () => {
    const { province, box, boxCode, lot, db } = await farm()
    const forger = new SignedBox(2)
    await province.addFarm('f-2', 'Vườn khác')
    await province.enrol(forger, 'f-2')
    await province.take(forger.records(pick(lot, 'h1', 100), harvest(forger, lot, 1)))
    expect(await lotHistory(db, GTIN, lot)).toBeNull()
    await province.take(box.records(pick(lot, 'h1', 100)))
    const history = await lotHistory(db, GTIN, lot)
    expect(history).toMatchObject({ agent: box.agent, massKg: 100, events: [] })
    expect(await lotHistory(db, '09521234567882', lot)).toBeNull()
    expect(await lotHistory(db, GTIN, "' OR 1=1 --")).toBeNull()
    expect(await isKnownBoxCode(db, newLotNumber({ boxCode, yymmdd: '261124', counter: 5 }))).toBe(true)
    expect(await isKnownBoxCode(db, lot.slice(0, -1))).toBe(false)
    expect(await isKnownBoxCode(db, newLotNumber({ boxCode: 'ZZZZ', yymmdd: '261124', counter: 5 }))).toBe(
      false,
    )
  })

  it('stays when the box is suspended afterwards: the fruit is in the shops', async () => {
    const { province, box, lot, db } = await farm()
    await province.take(box.records(pick(lot, 'h1', 100), harvest(box, lot, 1)))
    await province.gateway.decide([{ kind: 'suspension', agent: box.agent, reason: 'stolen' }])
    await province.gateway.rebuild()
    expect((await lotHistory(db, GTIN, lot))?.events).toMatchObject([{ isSignatureValid: true }])
  })
})
