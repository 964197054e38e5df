import { newSscc, palletsOf } from '#contract/trace/sscc.ts'
import type { LotShare } from '#contract/wire/farm-book.ts'
import type { ActivityInput, Draft, DraftDesk } from './activity-input.ts'
import { lotsOf, sourcesOf } from './book-lots.ts'
import { checkedDetails } from './details.ts'
import { allocated, nextLotNumber } from './harvest-draft.ts'
import { begun } from './plain-draft.ts'
import { Refusal } from './refusal.ts'
import {
  checkAvailable,
  checkedShares,
  checkMass,
  lotKey,
  palletOf,
  rounded,
  stockOf,
  toleranceKg,
} from './stock.ts'

/**
 * Fruit of one or more lots, of this farm or of others, packed into a new lot with a GTIN of its own. What comes out,
 * with what was sorted out, is no more than what went in, but for the scales.
 */
export async function packingDraft(desk: DraftDesk, input: ActivityInput): Promise<Draft> {
  const { activity } = begun(desk, input)
  const stock = stockOf(desk.standing)
  const { boxCode } = desk.identity
  const inputs = checkedShares('inputs', input.inputs ?? [], { stock, boxCode, isGiving: false })
  checkAvailable(inputs, stock)
  const [given, ...others] = input.outputs ?? []
  if (!given || others.length > 0)
    throw new Refusal('outputs', 'no-shares', 'One packing gives one lot; name its product and mass.')
  const before = desk.corrected?.activity.outputs?.[0]
  const sources = await knownSources(desk, inputs, activity.at)
  const product = allocated(desk, given.gtin, sources.crop)
  if (before && before.gtin !== product.gtin)
    throw new Refusal(
      'gtin',
      'other-product',
      'The lot keeps its GTIN; withdraw the entry and make a new one.',
    )
  const details = checkedDetails('packed', withHouse(desk, input.details))
  checkBoxes(given, details['netKgEach'])
  const { massKg, count } = given
  checkMass('outputs', given)
  checkBalance(inputs, massKg, Number(details['lossKg'] ?? 0))
  const share = (lot: string) => ({
    gtin: product.gtin,
    lot,
    massKg,
    ...(count === undefined ? {} : { count }),
  })
  const lot = before?.lot ?? (await nextLotNumber(desk, input.day))
  return {
    activity: { ...activity, details, inputs, outputs: [share(lot)] },
    told: {
      packingHouseGln: desk.settings.packingHouse?.gln,
      ...(sources.harvestedAt === undefined ? {} : { harvestedOn: desk.calendar.dayOf(sources.harvestedAt) }),
    },
  }
}

/** Lots, or parts of them, on one pallet with a number of its own. */
export async function aggregationDraft(desk: DraftDesk, input: ActivityInput): Promise<Draft> {
  const { activity } = begun(desk, input)
  const stock = stockOf(desk.standing)
  const inputs = checkedShares('inputs', input.inputs ?? [], {
    stock,
    boxCode: desk.identity.boxCode,
    isGiving: false,
  })
  checkAvailable(inputs, stock)
  if ((input.outputs ?? []).length > 0)
    throw new Refusal('outputs', 'shares-not-taken', 'A pallet holds lots and gives none.')
  const before = desk.corrected?.activity.details['sscc']
  if (before !== undefined) checkPalletIsHere(desk, String(before))
  const sscc = before === undefined ? await nextSscc(desk) : String(before)
  return {
    activity: { ...activity, details: checkedDetails('aggregated', { ...input.details, sscc }), inputs },
    told: { packingHouseGln: desk.settings.packingHouse?.gln },
  }
}

/** Refuses a word on a pallet that has left with what it said before. */
export function checkPalletIsHere({ standing }: Pick<DraftDesk, 'standing'>, sscc: string): void {
  const left = standing.some(
    ({ activity }) => activity.type === 'dispatched' && activity.details['sscc'] === sscc,
  )
  if (left || palletOf(standing, sscc)?.leftBy)
    throw new Refusal('sscc', 'pallet-left', `Pallet ${sscc} has left already; correct the dispatch first.`, {
      sscc,
    })
}

function checkBalance(inputs: readonly LotShare[], outKg: number, lossKg: number): void {
  const inKg = rounded(inputs.reduce((sum, { massKg }) => sum + massKg, 0))
  if (outKg + lossKg <= inKg + toleranceKg(inKg)) return
  throw new Refusal(
    'outputs',
    'more-out-than-in',
    `${outKg} kg packed and ${lossKg} kg sorted out are more than the ${inKg} kg that went in.`,
    { ...{ inKg, outKg, lossKg }, toleranceKg: rounded(toleranceKg(inKg)) },
  )
}

/** Boxes × net mass is what was packed, but for the scales. */
function checkBoxes(
  { massKg, count }: { massKg: number; count?: number | undefined },
  each: string | number | undefined,
): void {
  if (count === undefined || count === 0 || typeof each !== 'number') return
  const boxesKg = rounded(count * each)
  if (Math.abs(boxesKg - massKg) <= toleranceKg(massKg)) return
  throw new Refusal(
    'count',
    'boxes-and-mass',
    `${count} boxes of ${each} kg are ${boxesKg} kg, not ${massKg} kg.`,
    {
      ...{ count, each, boxesKg, massKg },
    },
  )
}

/** What the lots that went in have in common, as far as this box knows them. Throws Refusal for two crops in one lot. */
async function knownSources(
  { entries, identity, plots }: DraftDesk,
  inputs: readonly LotShare[],
  packedAt: number,
) {
  const { publicUrl, allocations } = identity
  const lots = lotsOf(await entries.activities(), { publicUrl, allocations, plots })
  const sources = sourcesOf(inputs, new Map(lots.map((lot) => [lotKey(lot), lot])), packedAt)
  const [crop, other] = sources.crops
  if (other !== undefined)
    throw new Refusal('inputs', 'other-crop', `One lot is of one crop, not of ${crop} and ${other}.`, {
      ...{ crop: crop ?? '', productCrop: other },
    })
  return { ...sources, crop }
}

const withHouse = ({ settings }: DraftDesk, details: ActivityInput['details']) =>
  settings.packingHouse && (details['packingHouse'] ?? '') === ''
    ? { ...details, packingHouse: settings.packingHouse.code }
    : details

/** Spent before it is printed, like a lot number. */
async function nextSscc({ journal, settings }: DraftDesk): Promise<string> {
  const { ssccPrefix } = settings
  if (ssccPrefix === undefined)
    throw new Refusal(
      'sscc',
      'no-sscc-prefix',
      'The box has no prefix for pallet numbers; set farmBook.ssccPrefix.',
    )
  const serial = (await journal.takeCounter(`sscc ${ssccPrefix}`)) - 1
  if (serial >= palletsOf(ssccPrefix))
    throw new Refusal(
      'sscc',
      'no-number-left',
      'All pallet numbers of this prefix are used; set another one.',
      {
        count: palletsOf(ssccPrefix),
      },
    )
  return newSscc(ssccPrefix, serial)
}
