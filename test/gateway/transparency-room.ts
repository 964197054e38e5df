import { expect } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { type EpcisEvent, harvestEvent } from '#contract/trace/epcis.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { newLotNumber } from '#contract/trace/lot-number.ts'
import type { ProofBundle } from '#contract/trace/proof-bundle.ts'
import { signEvent } from '#contract/trace/signed-event.ts'
import type { GatewayConfig } from '../../gateway/config.ts'
import { FARM, RunningGateway } from './running-gateway.ts'
import { DAY, SignedBox } from './signed-box.ts'

export const GTIN = '09521234567899'

/** A farm with a box whose events follow one another as a box chains them, and a lot that it may give out. */
export class TransparencyRoom {
  readonly province: RunningGateway
  readonly box: SignedBox
  readonly lot: string
  readonly #last = new Map<SignedBox, { eventNo: number; prev: string }>()

  constructor(province: RunningGateway, box: SignedBox, lot: string) {
    this.province = province
    this.box = box
    this.lot = lot
  }

  static async open(
    options: { dataDir?: string; config?: Partial<GatewayConfig> } = {},
  ): Promise<TransparencyRoom> {
    const province = await RunningGateway.open({
      ...options,
      config: { publicUrl: 'https://vuon.example', ...options.config },
    })
    await province.addFarm()
    await province.gateway.allocate({
      kind: 'allocation',
      farmId: FARM,
      gtin: GTIN,
      crop: 'dragon-fruit',
      productVi: 'Thanh long ruột đỏ',
      productEn: 'Red dragon fruit',
    })
    const box = new SignedBox()
    const { boxCode } = await province.enrol(box)
    const lot = newLotNumber({ boxCode, yymmdd: '261123', counter: 0 })
    return new TransparencyRoom(province, box, lot)
  }

  get transparency() {
    return this.province.gateway.transparency
  }

  /** The next event of a box as an entry of its record lane: a harvest of `massKg` into the lot, or what is given. */
  event(
    massKg: number,
    {
      box = this.box,
      event = this.harvest(massKg),
      eventNo,
    }: { box?: SignedBox; event?: EpcisEvent; eventNo?: number } = {},
  ) {
    const last = this.#last.get(box) ?? { eventNo: 0, prev: '' }
    const statement = {
      agent: box.agent,
      key: box.keyId,
      epoch: box.epoch,
      eventNo: eventNo ?? last.eventNo + 1,
      prev: last.prev,
      capturedAt: '2026-11-23T00:00:00.000Z',
      clock: 'synchronised' as const,
      event: { ...event, eventID: eventHash(event, sha256) },
    }
    const { signed, signature, hash } = signEvent(statement, box.key, sha256)
    this.#last.set(box, { eventNo: statement.eventNo, prev: hash })
    return { kind: 'event', signed, signature, eventId: statement.event.eventID }
  }

  harvest(massKg: number): EpcisEvent {
    return harvestEvent({
      gtin: GTIN,
      lot: this.lot,
      massKg,
      harvestedAt: DAY,
      harvestedOn: '2026-11-23',
      zoneOffset: '+07:00',
      isFirstPick: true,
    })
  }

  /** `count` harvests arrive in one batch; returns their eventIDs. */
  async receive(count: number, firstKg = 1): Promise<string[]> {
    const events = Array.from({ length: count }, (_, index) => this.event(firstKg + index))
    await this.province.take(this.box.records(...events.map(({ eventId: _, ...entry }) => entry)))
    return events.map(({ eventId }) => eventId)
  }

  async text(url: string): Promise<string> {
    const answer = await this.province.app.inject({ url })
    expect(answer.statusCode, answer.body).toBe(200)
    return answer.body
  }

  async proofOfLot(): Promise<ProofBundle> {
    return JSON.parse(await this.text(`/01/${GTIN}/10/${this.lot}/proof.json`)) as ProofBundle
  }
}
