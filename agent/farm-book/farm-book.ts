import { toHex } from '#contract/ground/bytes.ts'
import type { TimeQuality } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { SecretKey, Sha256 } from '#contract/ground/signing.ts'
import { lotUri } from '#contract/trace/digital-link.ts'
import { harvestEvent, zoneOffsetMs } from '#contract/trace/epcis.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { LOTS_A_DAY, newLotNumber } from '#contract/trace/lot-number.ts'
import { openSignedEvent, signEvent } from '#contract/trace/signed-event.ts'
import type { ActivityEntry, EventEntry, LotEntry, RecordBody, RecordEntry } from '#contract/wire/records.ts'
import type { Allocation } from '#contract/wire/sync-protocol.ts'

/** What the farm book needs of the journal: entries on disk when the promise resolves, counters spent before they are told. */
export interface FarmJournal {
  readonly epoch: string
  now(): number
  appendRecords(bodies: readonly RecordBody[]): Promise<{ seq: number; t: number }[]>
  takeCounter(name: string): Promise<number>
  records(kind: string, options: { limit: number }): Promise<{ seq: number; entry: RecordEntry }[]>
}

export interface FarmIdentity {
  readonly agent: string
  readonly keyId: string
  readonly key: SecretKey
  readonly boxCode: string
  /** Where consumers reach the lot pages. */
  readonly publicUrl: string
  readonly allocations: readonly Allocation[]
}

export interface Plot {
  readonly id: string
  readonly name: string
  readonly crop: string
  readonly areaHa: number
}

export interface HarvestInput {
  readonly plot: string
  readonly gtin: string
  readonly massKg: number
  /** Day of the harvest, YYYY-MM-DD, on the farm's own calendar. */
  readonly harvestedOn: string
  /** Id of the person who enters it, never a name. */
  readonly person: string
  /** A person looked at the date and says it is right: then it may be signed although the clock is unknown. */
  readonly isDateConfirmed?: boolean
}

export interface Lot {
  readonly gtin: string
  readonly lot: string
  readonly plot: string
  readonly crop: string
  readonly productVi: string
  readonly productEn: string
  readonly harvestedAt: number
  readonly massKg: number
  readonly uri: string
}

// A truck carries thirty tonnes; one harvest of one plot beyond that is a slip of the comma.
const MAX_HARVEST_KG = 30_000
const MAX_DAYS_BACK = 30

/** What was done on the farm, entered at the box, signed here; works with no uplink. */
export class FarmBook {
  readonly #journal: FarmJournal
  readonly #plots: readonly Plot[]
  readonly #identity: () => FarmIdentity | null
  readonly #timeQuality: () => TimeQuality
  readonly #zoneOffset: string
  readonly #sha256: Sha256
  readonly #newId: () => string
  /** Where the chain of signed events ends; undefined until it is read from the journal. */
  #chain: ChainEnd | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: {
    journal: FarmJournal
    plots: readonly Plot[]
    identity: () => FarmIdentity | null
    timeQuality: () => TimeQuality
    zoneOffset: string
    sha256: Sha256
    newId: () => string
  }) {
    this.#journal = options.journal
    this.#plots = options.plots
    this.#identity = options.identity
    this.#timeQuality = options.timeQuality
    this.#zoneOffset = options.zoneOffset
    this.#sha256 = options.sha256
    this.#newId = options.newId
  }

  get plots(): readonly Plot[] {
    return this.#plots
  }

  get products(): readonly Allocation[] {
    return this.#identity()?.allocations ?? []
  }

  /** Today on the farm's calendar. */
  today(): string {
    return this.#dayOf(this.#journal.now())
  }

  /** One after the other: the chain of events has no two ends. Throws `input-invalid`, `not-claimed` or `clock-unknown`. */
  recordHarvest(input: HarvestInput): Promise<Lot> {
    const result = this.#turn.then(() => this.#recordHarvest(input))
    this.#turn = result.catch(() => undefined)
    return result
  }

  /** Newest first. Picks into one lot are added up. */
  async lots(limit = 200): Promise<Lot[]> {
    const lots = new Map<string, Lot>()
    for (const { entry } of await this.#journal.records('lot', { limit })) {
      const { gtin, lot, plot, crop, harvestedAt, massKg } = entry as LotEntry & RecordEntry
      const product = this.products.find((each) => each.gtin === gtin)
      const before = lots.get(lot)
      lots.set(lot, {
        gtin,
        lot,
        plot,
        crop,
        harvestedAt: Math.min(harvestedAt, before?.harvestedAt ?? harvestedAt),
        massKg: Number((massKg + (before?.massKg ?? 0)).toPrecision(12)),
        productVi: product?.productVi ?? '',
        productEn: product?.productEn ?? '',
        uri: lotUri(this.#identity()?.publicUrl ?? '', { gtin, lot }),
      })
    }
    return [...lots.values()]
  }

  async lot(number: string): Promise<Lot | undefined> {
    return (await this.lots(10_000)).find((each) => each.lot === number)
  }

  async #recordHarvest(input: HarvestInput): Promise<Lot> {
    const identity = this.#identity()
    if (!identity) throw new VuonError('not-claimed')
    const quality = this.#timeQuality()
    const { plot, product, harvestedAt } = this.#check(input, quality)
    const yymmdd = input.harvestedOn.slice(2).replaceAll('-', '')
    // Spent before it is printed: a number that a crash ate is never given twice.
    const counter = (await this.#journal.takeCounter(`lot ${yymmdd}`)) - 1
    if (counter >= LOTS_A_DAY)
      throw new VuonError('input-invalid', `More than ${LOTS_A_DAY} lots on one day.`)
    const lot = newLotNumber({ boxCode: identity.boxCode, yymmdd, counter })
    const { gtin, massKg, harvestedOn, person } = input
    const area = product.growingArea
      ? { growingArea: { gln: product.growingArea.gln, code: product.growingArea.code } }
      : {}
    const unnamed = harvestEvent({
      gtin,
      lot,
      massKg,
      harvestedAt,
      harvestedOn,
      zoneOffset: this.#zoneOffset,
      isFirstPick: true,
      ...area,
    })
    const event = { ...unnamed, eventID: eventHash(unnamed, this.#sha256) }
    const { eventNo, prev } = await this.#chainEnd()
    const statement = {
      agent: identity.agent,
      key: identity.keyId,
      epoch: this.#journal.epoch,
      eventNo,
      prev,
      capturedAt: new Date(this.#journal.now()).toISOString(),
      clock: quality === 'unknown' ? ('person' as const) : quality,
      event,
    }
    const signed = signEvent(statement, identity.key, this.#sha256)
    const activityId = this.#newId()
    const activity: ActivityEntry = {
      kind: 'activity',
      activityId,
      type: 'harvested',
      plot: plot.id,
      at: harvestedAt,
      person,
      details: { massKg, gtin, lot },
    }
    const lotEntry: LotEntry = {
      kind: 'lot',
      gtin,
      lot,
      activityId,
      crop: plot.crop,
      plot: plot.id,
      harvestedAt,
      massKg,
      ...area,
    }
    const eventEntry: EventEntry = { kind: 'event', signed: signed.signed, signature: signed.signature }
    // Whether a failed append is on the disk after all, the journal knows: the end is read from it again.
    this.#chain = undefined
    await this.#journal.appendRecords([activity, lotEntry, eventEntry])
    this.#chain = { eventNo: eventNo + 1, prev: signed.hash }
    const { productVi, productEn } = product
    return {
      gtin,
      lot,
      plot: plot.id,
      crop: plot.crop,
      productVi,
      productEn,
      harvestedAt,
      massKg,
      uri: lotUri(identity.publicUrl, { gtin, lot }),
    }
  }

  #check(
    input: HarvestInput,
    quality: TimeQuality,
  ): { plot: Plot; product: Allocation; harvestedAt: number } {
    const wrong = (field: string, what: string): VuonError =>
      new VuonError('input-invalid', what, { hint: field })
    const plot = this.#plots.find((each) => each.id === input.plot)
    if (!plot) throw wrong('plot', 'There is no such plot.')
    const product = this.products.find((each) => each.gtin === input.gtin)
    if (!product) throw wrong('gtin', 'This farm may not use this GTIN.')
    if (product.crop !== plot.crop)
      throw wrong('gtin', `This product is ${product.crop}, but the plot grows ${plot.crop}.`)
    if (!Number.isFinite(input.massKg) || input.massKg < 0.1 || input.massKg > MAX_HARVEST_KG) {
      throw wrong('massKg', `The mass must be from 0.1 to ${MAX_HARVEST_KG} kg.`)
    }
    const day = input.harvestedOn
    if (typeof day !== 'string' || !isDay(day)) throw wrong('harvestedOn', 'The date is not a date.')
    const isClockKnown = quality !== 'unknown'
    if (!isClockKnown && !input.isDateConfirmed) throw new VuonError('clock-unknown')
    // A clock that knows nothing is no judge of a date that a person looked at and confirmed.
    const today = this.today()
    if (isClockKnown && day > today) throw wrong('harvestedOn', 'The date lies in the future.')
    if (isClockKnown && daysBetween(day, today) > MAX_DAYS_BACK)
      throw wrong('harvestedOn', `The date lies more than ${MAX_DAYS_BACK} days back.`)
    return { plot, product, harvestedAt: this.#momentOf(day) }
  }

  /** Today: this moment. Another day: its noon on the farm's clock, for nobody said the hour. */
  #momentOf(day: string): number {
    return day === this.today() ? this.#journal.now() : Date.parse(`${day}T12:00:00${this.#zoneOffset}`)
  }

  #dayOf(ms: number): string {
    return new Date(ms + zoneOffsetMs(this.#zoneOffset)).toISOString().slice(0, 10)
  }

  /** From the journal at first: the chain goes on after a restart. */
  async #chainEnd(): Promise<ChainEnd> {
    if (this.#chain) return this.#chain
    const [last] = await this.#journal.records('event', { limit: 1 })
    if (!last) return { eventNo: 1, prev: '' }
    const { signed } = last.entry as EventEntry & RecordEntry
    return { eventNo: openSignedEvent(signed).eventNo + 1, prev: toHex(this.#sha256(signed)) }
  }
}

interface ChainEnd {
  /** Number and predecessor of the event to come. */
  readonly eventNo: number
  readonly prev: string
}

const isDay = (text: string): boolean =>
  /^20[2-9]\d-\d\d-\d\d$/.test(text) &&
  new Date(`${text}T00:00:00Z`).getTime() > 0 &&
  new Date(`${text}T00:00:00Z`).toISOString().startsWith(text)

const daysBetween = (earlier: string, later: string): number =>
  (Date.parse(`${later}T00:00:00Z`) - Date.parse(`${earlier}T00:00:00Z`)) / 86_400_000
