import { VuonError } from '#contract/ground/errors.ts'
import { activityEvent, activityIdOf, declaredWrong } from '#contract/trace/activity-events.ts'
import type { GrowingCondition } from '#contract/trace/condition-elements.ts'
import { CANONICAL_BASE, lotUri } from '#contract/trace/digital-link.ts'
import type { EpcisEvent } from '#contract/trace/epcis.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import type { ActivityType } from '#contract/wire/farm-book.ts'
import type { LotEntry, RecordBody } from '#contract/wire/records.ts'
import type { ActivityInput, Draft, DraftDesk, FarmIdentity } from './activity-input.ts'
import type { BookEntries, KeptActivity } from './book-entries.ts'
import { type Lot, lotsOf } from './book-lots.ts'
import type { Calendar } from './calendar.ts'
import { checkedText } from './details.ts'
import type { EventChain } from './event-chain.ts'
import type { FarmBookOptions } from './farm-book.ts'
import { harvestDraft } from './harvest-draft.ts'
import { aggregationDraft, checkPalletIsHere, packingDraft } from './packing-draft.ts'
import { plainDraft } from './plain-draft.ts'
import { Refusal } from './refusal.ts'
import { checkStillCovered, stockOf } from './stock.ts'

/** What was written. */
export interface Recorded {
  readonly activityId: string
  /** The lot that it began or added to. */
  readonly lot?: Lot
  readonly sscc?: string
}

/** The growing conditions that a harvest tells: a season's last month, which is what the fruit grew in. */
const CONDITIONS_MS = 30 * 86_400_000

/** From a person's words to entries and signed events, each in one commit. */
export class BookWriter {
  readonly #options: FarmBookOptions
  readonly #calendar: Calendar
  readonly #entries: BookEntries
  readonly #chain: EventChain

  constructor(
    options: FarmBookOptions,
    parts: { calendar: Calendar; entries: BookEntries; chain: EventChain },
  ) {
    this.#options = options
    this.#calendar = parts.calendar
    this.#entries = parts.entries
    this.#chain = parts.chain
  }

  record(input: ActivityInput): Promise<Recorded> {
    return this.#write(input, undefined)
  }

  async correct(activityId: string, input: ActivityInput): Promise<Recorded> {
    const corrected = await this.#standing(activityId)
    if (corrected.activity.type !== input.type)
      throw new Refusal(
        'type',
        'other-type',
        'A correction is of the same type; withdraw the entry and make a new one.',
      )
    if (checkedText('why', input.why ?? '') === '')
      throw new Refusal('why', 'missing', 'Say why it is corrected.')
    if (input.type === 'aggregated')
      checkPalletIsHere(
        { standing: await this.#entries.standing() },
        String(corrected.activity.details['sscc']),
      )
    return this.#write(input, corrected)
  }

  async withdraw(
    activityId: string,
    by: { readonly person: string; readonly why: string; readonly isDateConfirmed?: boolean | undefined },
  ): Promise<Recorded> {
    const corrected = await this.#standing(activityId)
    const { type, plot, at, details } = corrected.activity
    const why = checkedText('why', by.why)
    if (why === '') throw new Refusal('why', 'missing', 'Say why it is withdrawn.')
    const identity = this.#claimed()
    const clock = this.#calendar.vouchedBy(by.isDateConfirmed)
    const standing = await this.#standingWithout(corrected)
    if (type === 'aggregated') checkPalletIsHere({ standing }, String(details['sscc']))
    checkStillCovered(lotsGivenBy(corrected), stockOf(standing))
    const withdrawal = {
      kind: 'activity' as const,
      ...{ activityId: this.#options.newId(), type, plot, at, person: by.person, details: {} },
      ...{ corrects: activityId, isWithdrawn: true, why },
    }
    await this.#chain.append(identity, clock, [withdrawal], await this.#declaredWrong(corrected, []))
    return { activityId: withdrawal.activityId }
  }

  async #write(input: ActivityInput, corrected: KeptActivity | undefined): Promise<Recorded> {
    const identity = this.#claimed()
    const clock = this.#calendar.vouchedBy(input.isDateConfirmed)
    const standing = await this.#standingWithout(corrected)
    const draft = await this.#draft(input, identity, standing, corrected)
    const { activity } = draft
    const kept: KeptActivity = { activity, statedAt: 0, replacedBy: null, isStanding: true }
    if (corrected) checkStillCovered(lotsGivenBy(corrected), stockOf([kept, ...standing]))
    const event = await this.#event(draft)
    const events = [...(event ? [event] : [])]
    if (corrected)
      events.push(...(await this.#declaredWrong(corrected, event ? [String(event.eventID)] : [])))
    const bodies: RecordBody[] = [activity]
    if (draft.lot)
      bodies.push({ kind: 'lot', activityId: activity.activityId, ...draft.lot } satisfies LotEntry)
    await this.#chain.append(identity, clock, bodies, events)
    const { sscc } = activity.details
    const lot = await this.#lot(identity, lotsGivenBy(kept)[0], activity.type)
    return {
      activityId: activity.activityId,
      ...(lot ? { lot } : {}),
      ...(typeof sscc === 'string' ? { sscc } : {}),
    }
  }

  #draft(
    input: ActivityInput,
    identity: FarmIdentity,
    standing: readonly KeptActivity[],
    corrected: KeptActivity | undefined,
  ): Promise<Draft> {
    const { plots, journal, newId, settings = { markets: [] } } = this.#options
    const desk: DraftDesk = {
      ...{ calendar: this.#calendar, entries: this.#entries, activityId: newId() },
      ...{ plots, journal, settings, identity, standing, corrected },
      isPhotoKept: this.#options.isPhotoKept ?? (() => false),
      findingModel: this.#options.findingModel ?? (async () => undefined),
    }
    switch (input.type) {
      case 'harvested':
        return harvestDraft(desk, input)
      case 'packed':
        return packingDraft(desk, input)
      case 'aggregated':
        return aggregationDraft(desk, input)
      default:
        return plainDraft(desk, input)
    }
  }

  async #event({ activity, told }: Draft): Promise<EpcisEvent | undefined> {
    const conditions: readonly GrowingCondition[] =
      activity.type === 'harvested'
        ? ((await this.#options.conditions?.(activity.plot, activity.at - CONDITIONS_MS, activity.at)) ?? [])
        : []
    const event = activityEvent({
      ...told,
      activity,
      day: this.#calendar.dayOf(activity.at),
      zoneOffset: this.#calendar.zoneOffset,
      conditions,
    })
    return event && { ...event, eventID: eventHash(event, this.#options.sha256) }
  }

  /** The event of an entry, taken back; none where the entry never had one. */
  async #declaredWrong({ activity }: KeptActivity, instead: readonly string[]): Promise<EpcisEvent[]> {
    const now = new Date(this.#calendar.now()).toISOString()
    const events = (await this.#entries.events()).map(({ event }) => event)
    const old =
      events.find((event) => activityIdOf(event) === activity.activityId) ??
      (activity.type === 'harvested'
        ? events.find((event) => isHarvestOf(event, activity.details))
        : undefined)
    return old ? [declaredWrong(old, now, instead)] : []
  }

  async #standing(activityId: string): Promise<KeptActivity> {
    const found = (await this.#entries.activities()).find(
      ({ activity }) => activity.activityId === activityId,
    )
    if (!found || found.activity.isWithdrawn)
      throw new Refusal('activityId', 'unknown-activity', 'The book has no such entry.')
    if (found.replacedBy?.isWithdrawal)
      throw new Refusal('activityId', 'withdrawn-already', 'This entry was withdrawn already.')
    if (found.replacedBy)
      throw new Refusal(
        'activityId',
        'replaced-already',
        'This entry was corrected already; correct the newer one.',
      )
    return found
  }

  async #standingWithout(corrected: KeptActivity | undefined): Promise<KeptActivity[]> {
    const standing = await this.#entries.standing()
    const id = corrected?.activity.activityId
    return standing.filter(({ activity }) => activity.activityId !== id)
  }

  async #lot(
    { publicUrl, allocations }: FarmIdentity,
    given: { gtin: string; lot: string } | undefined,
    type: ActivityType,
  ) {
    // What is received is a lot of somebody else.
    if (!given || type === 'received') return undefined
    const lots = lotsOf(await this.#entries.activities(), {
      publicUrl,
      allocations,
      plots: this.#options.plots,
    })
    return lots.find(({ gtin, lot }) => gtin === given.gtin && lot === given.lot)
  }

  #claimed(): FarmIdentity {
    const identity = this.#options.identity()
    if (!identity) throw new VuonError('not-claimed')
    return identity
  }
}

function lotsGivenBy({
  activity: { type, details, outputs = [] },
}: KeptActivity): { gtin: string; lot: string }[] {
  if (type === 'harvested') return [{ gtin: String(details['gtin']), lot: String(details['lot']) }]
  return outputs.map(({ gtin, lot }) => ({ gtin, lot }))
}

/** An event of before they named their activity: the first pick of its lot. */
function isHarvestOf(event: EpcisEvent, { gtin, lot }: KeptActivity['activity']['details']): boolean {
  if (activityIdOf(event) !== undefined || event['bizStep'] !== 'commissioning') return false
  const [first] = Array.isArray(event['quantityList']) ? event['quantityList'] : []
  const name = lotUri(CANONICAL_BASE, { gtin: String(gtin), lot: String(lot) })
  return (first as { epcClass?: unknown } | undefined)?.epcClass === name
}
