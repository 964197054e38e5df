import { LOTS_A_DAY, newLotNumber } from '#contract/trace/lot-number.ts'
import type { PreHarvestAnswer } from '#contract/trace/pre-harvest.ts'
import type { Allocation } from '#contract/wire/sync-protocol.ts'
import type { ActivityInput, Draft, DraftDesk } from './activity-input.ts'
import { checkedDetails } from './details.ts'
import { begun } from './plain-draft.ts'
import { Refusal } from './refusal.ts'
import { preHarvestOf } from './treatments.ts'

// A truck carries thirty tonnes; one harvest of one plot beyond that is a slip of the comma.
const MAX_HARVEST_KG = 30_000
const MIN_HARVEST_KG = 0.1
// A month later nobody remembers the kilograms.
const MAX_DAYS_BACK = 30

/**
 * Fruit picked from a plot: a new lot, or more of one that was begun on the same day. The pre-harvest rule is computed
 * from the book; inside an interval the entry is refused, or taken with the person's reason and marked with both.
 */
export async function harvestDraft(desk: DraftDesk, input: ActivityInput): Promise<Draft> {
  const plot = desk.plots.find(({ id }) => id === input.plot)
  if (!plot) throw new Refusal('plot', 'unknown-plot', 'There is no such plot.')
  const before = desk.corrected?.activity.details
  const product = allocated(desk, String(input.details['gtin'] ?? ''), plot.crop)
  if (before && before['gtin'] !== product.gtin)
    throw new Refusal(
      'gtin',
      'other-product',
      'The lot keeps its GTIN; withdraw the entry and make a new one.',
    )
  const massKg = input.details['massKg']
  if (typeof massKg !== 'number' || !(massKg >= MIN_HARVEST_KG && massKg <= MAX_HARVEST_KG))
    throw new Refusal(
      'massKg',
      'out-of-bounds',
      `The mass must be from ${MIN_HARVEST_KG} to ${MAX_HARVEST_KG} kg.`,
      {
        ...{ low: MIN_HARVEST_KG, high: MAX_HARVEST_KG },
      },
    )
  const { activity: begunActivity, why } = begun(desk, input, desk.corrected ? 366 : MAX_DAYS_BACK)
  const dayOf = (ms: number) => desk.calendar.dayOf(ms)
  const answer = preHarvestOf(desk.standing, plot.id, input.day, dayOf)
  if (answer.verdict === 'inside' && why === '') throw insideInterval(answer)
  const activity = { ...begunActivity, ...pickedBecause(desk, why, answer) }
  const begunLot = before ? String(before['lot']) : input.intoLot && lotToAddTo(desk, input, input.intoLot)
  const lot = begunLot || (await nextLotNumber(desk, input.day))
  const details = checkedDetails('harvested', {
    ...without(input.details, ['phiVerdict', 'phiUntil']),
    ...{ gtin: product.gtin, lot, massKg, phiVerdict: answer.verdict },
    ...(answer.allowedFrom === null ? {} : { phiUntil: answer.allowedFrom }),
  })
  const area = product.growingArea
  const growingArea = area && { gln: area.gln, code: area.code }
  return {
    activity: { ...activity, details },
    lot: {
      ...{ gtin: product.gtin, lot, crop: plot.crop, plot: plot.id, harvestedAt: activity.at, massKg },
      ...(growingArea ? { growingArea } : {}),
    },
    told: { growingArea, isFirstPick: !begunLot || (before !== undefined && isFirstPick(desk, lot)) },
  }
}

/** The product that this farm may mark fruit of a crop with. Throws Refusal. */
export function allocated({ identity }: DraftDesk, gtin: string, crop: string | undefined): Allocation {
  const product = identity.allocations.find((each) => each.gtin === gtin)
  if (!product) throw new Refusal('gtin', 'foreign-gtin', 'This farm may not use this GTIN.')
  if (crop !== undefined && product.crop !== crop)
    throw new Refusal('gtin', 'other-crop', `This product is ${product.crop}, but the fruit is ${crop}.`, {
      ...{ crop, productCrop: product.crop },
    })
  return product
}

/** Spent before it is printed: a number that a crash ate is never given twice. */
export async function nextLotNumber({ journal, identity }: DraftDesk, day: string): Promise<string> {
  const yymmdd = day.slice(2).replaceAll('-', '')
  const counter = (await journal.takeCounter(`lot ${yymmdd}`)) - 1
  if (counter >= LOTS_A_DAY)
    throw new Refusal('', 'no-number-left', `More than ${LOTS_A_DAY} lots on one day.`, { count: LOTS_A_DAY })
  return newLotNumber({ boxCode: identity.boxCode, yymmdd, counter })
}

/** Why it was picked inside an interval stands also in the entry that corrects its mass. */
function pickedBecause(
  { corrected }: DraftDesk,
  why: string,
  { verdict }: PreHarvestAnswer,
): { why?: string } {
  const before = corrected?.activity
  const wasInside = before?.details['phiVerdict'] === 'inside'
  if (verdict !== 'inside' || !wasInside || !before?.why || why.includes(before.why)) return {}
  return { why: `${why}; ${before.why}`.slice(0, MAX_WHY) }
}

// As every text of an entry.
const MAX_WHY = 300

function insideInterval({ because, allowedFrom }: PreHarvestAnswer): Refusal {
  const products = [...new Set(because.map(({ product }) => product).filter(Boolean))].join(', ')
  return new Refusal(
    'why',
    'inside-interval',
    `Fruit of this plot may be picked from ${allowedFrom} on: ${products || 'a treatment'} was applied. Wait, or say why it is picked now.`,
    { products, until: allowedFrom ?? '' },
  )
}

/** More fruit of the same plot, product and day. */
function lotToAddTo(desk: DraftDesk, { plot, day, details }: ActivityInput, lot: string): string {
  const first = picksInto(desk, lot)[0]
  if (!first)
    throw new Refusal('intoLot', 'unknown-lot', `There is no lot ${lot.slice(0, 20)} to add to.`, {
      lot: lot.slice(0, 20),
    })
  const isSame = first.plot === plot && first.details['gtin'] === details['gtin']
  if (!isSame) throw new Refusal('intoLot', 'other-lot', `Lot ${lot} is of another plot or product.`, { lot })
  if (desk.calendar.dayOf(first.at) !== day)
    throw new Refusal('intoLot', 'other-day', `Lot ${lot} is of another day.`, { lot })
  return lot
}

/** Oldest first. */
const picksInto = ({ standing }: DraftDesk, lot: string) =>
  standing
    .map(({ activity }) => activity)
    .filter(({ type, details }) => type === 'harvested' && details['lot'] === lot)
    .reverse()

const isFirstPick = (desk: DraftDesk, lot: string): boolean => {
  const corrected = desk.corrected?.activity
  return picksInto(desk, lot).every(({ at }) => corrected !== undefined && corrected.at <= at)
}

const without = <Value>(
  record: Readonly<Record<string, Value>>,
  names: readonly string[],
): Record<string, Value> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)))
