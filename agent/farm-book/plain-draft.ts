import type { ActivityType } from '#contract/wire/farm-book.ts'
import { type ActivityInput, type Draft, type DraftDesk, growingAreaOf, type Plot } from './activity-input.ts'
import { checkedDetails, checkedPhotos, checkedText, type Details } from './details.ts'
import { Refusal } from './refusal.ts'
import { checkAvailable, checkedShares, palletOf, stockOf } from './stock.ts'
import { fromProductList, phiUntil } from './treatments.ts'

const AT_A_PLOT: ReadonlySet<ActivityType> = new Set([
  'planted',
  'sprayed',
  'fertilised',
  'irrigated',
  'lit',
  'pruned',
  'scouted',
  'harvested',
])

/** A diary is written up within days; a year back is what an audit asks to be completed. */
const MAX_DAYS_BACK = 366
// A durian bears for forty years.
const MAX_YEARS_PLANTED = 60
// Between measuring a plot on the phone and on the paper.
const AREA_TOLERANCE = 1.1

/** What every entry has, checked: plot, moment, photos, reason. Throws Refusal, `clock-unknown`. */
export function begun(desk: DraftDesk, input: ActivityInput, maxDaysBack = MAX_DAYS_BACK) {
  const { type, day, time, person, isDateConfirmed } = input
  const plot = plotOf(desk, input)
  const field = type === 'harvested' ? 'harvestedOn' : 'day'
  const days = type === 'planted' ? MAX_YEARS_PLANTED * 366 : maxDaysBack
  const before = desk.corrected?.activity
  // A corrected entry of a day keeps its hour where nobody says another.
  const isSameDay = before !== undefined && desk.calendar.dayOf(before.at) === day && time === undefined
  const moment = desk.calendar.momentOf(day, { field, maxDaysBack: days, isConfirmed: isDateConfirmed, time })
  const photos = checkedPhotos(input.photos ?? [], desk.isPhotoKept)
  const why = checkedText('why', input.why ?? '')
  const activity = {
    kind: 'activity' as const,
    activityId: desk.activityId,
    type,
    plot: plot?.id ?? '',
    at: isSameDay ? before.at : moment,
    person,
    ...(why === '' ? {} : { why }),
    ...(photos.length === 0 ? {} : { photos }),
    ...(before ? { corrects: before.activityId } : {}),
  }
  return { plot, activity, why }
}

function plotOf({ plots }: DraftDesk, { type, plot }: ActivityInput): Plot | undefined {
  const found = plots.find(({ id }) => id === plot)
  if (!found && (plot !== '' || AT_A_PLOT.has(type)))
    throw new Refusal('plot', 'unknown-plot', 'There is no such plot.')
  return found
}

/** Everything that makes no lot and numbers no pallet. */
export async function plainDraft(desk: DraftDesk, input: ActivityInput): Promise<Draft> {
  const { type, day } = input
  const { plot, activity, why } = begun(desk, input)
  const fromList =
    type === 'sprayed' || type === 'fertilised'
      ? fromProductList(input.details, await desk.entries.products(), {
          ...{ crop: plot?.crop ?? '', markets: desk.settings.markets, why },
          isNew: desk.corrected === undefined,
        })
      : input.details
  const details = checkedDetails(type, fromList)
  checkArea(details, plot)
  const model = await confirmedModel(desk, type, details)
  const shares = sharesOf(desk, input, details)
  return {
    activity: { ...activity, details, ...shares },
    told: {
      growingArea: growingAreaOf(desk.plots, desk.identity.allocations, activity.plot),
      packingHouseGln: desk.settings.packingHouse?.gln,
      phiUntil: phiUntil(day, details),
      model,
    },
  }
}

function checkArea({ areaHa }: Details, plot: Plot | undefined): void {
  if (typeof areaHa !== 'number' || !plot || areaHa <= plot.areaHa * AREA_TOLERANCE) return
  throw new Refusal('areaHa', 'area-beyond-plot', `${plot.name} has ${plot.areaHa} ha, not ${areaHa} ha.`, {
    ...{ plot: plot.name, plotHa: plot.areaHa, areaHa },
  })
}

/** A finding that a person confirms here is one of this box's own. */
async function confirmedModel(desk: DraftDesk, type: ActivityType, { findingId }: Details) {
  if (type !== 'scouted' || findingId === undefined) return undefined
  const finding = await desk.findingModel(String(findingId))
  if (!finding) throw new Refusal('findingId', 'unknown-finding', 'The box has no such finding.')
  return finding.model ?? undefined
}

function sharesOf(desk: DraftDesk, { type, inputs = [], outputs = [] }: ActivityInput, details: Details) {
  const stock = stockOf(desk.standing)
  const { boxCode } = desk.identity
  if (type === 'received') {
    if (inputs.length > 0) throw new Refusal('inputs', 'shares-not-taken', 'What is received takes no lots.')
    const named = outputs.map(({ lot = '', ...rest }) => ({ ...rest, lot }))
    return { outputs: checkedShares('outputs', named, { stock, boxCode, isGiving: true }) }
  }
  if (outputs.length > 0) throw new Refusal('outputs', 'shares-not-taken', `${type} gives no lots.`)
  if (type !== 'dispatched') {
    if (inputs.length > 0) throw new Refusal('inputs', 'shares-not-taken', `${type} takes no lots.`)
    return {}
  }
  const { sscc } = details
  const pallet = sscc === undefined ? undefined : palletOf(desk.standing, String(sscc))
  if (pallet?.leftBy)
    throw new Refusal('sscc', 'pallet-left', `Pallet ${pallet.sscc} has left already.`, { sscc: pallet.sscc })
  if (pallet) {
    // What is on it was said when it was stacked.
    if (inputs.length > 0)
      throw new Refusal('inputs', 'shares-not-taken', 'The pallet says which lots are on it; name no others.')
    return { inputs: pallet.shares }
  }
  if (sscc !== undefined && inputs.length === 0) return {}
  const checked = checkedShares('inputs', inputs, { stock, boxCode, isGiving: false })
  checkAvailable(checked, stock)
  return { inputs: checked }
}
