import { VuonError } from '#contract/ground/errors.ts'
import {
  allowedFrom,
  type DayRange,
  earliestHarvest,
  MAX_PHI_DAYS,
  ripeAfter,
  ripeHarvest,
  type Spray,
  sprayBy,
} from './harvest-window.ts'
import type { CropModel, ModelInput, ModelResult } from './model.ts'

export const HARVEST_WINDOW: CropModel = {
  name: 'harvest-window',
  summary: {
    vi: 'Ngày được phép thu hoạch theo thời gian cách ly, so với những ngày trái chín',
    en: 'days on which harvest is allowed by the pre-harvest intervals, against those on which fruit is ripe',
  },
  source:
    "the label's pre-harvest interval of each spray; 28 to 35 days from anthesis to ripe fruit in Vietnam",
  standing: 'published-rule',
  step: 'day',
  mayRepeat: true,
  params: [
    { name: 'as_of', describe: 'today; the last spray when not given', kind: 'date', isOptional: true },
    { name: 'ripe_from', describe: 'first ripe day', kind: 'date', isOptional: true },
    { name: 'ripe_to', describe: 'last ripe day', kind: 'date', isOptional: true },
    {
      name: 'anthesis',
      describe: 'in place of ripe_from and ripe_to: flowers were open, fruit is ripe 28 to 35 days later',
      kind: 'date',
      isOptional: true,
    },
  ],
  columns: [
    {
      name: 'phi_days',
      describe: "pre-harvest interval on the product's label for this crop, days",
      min: 0,
      max: MAX_PHI_DAYS,
      isRequired: true,
    },
  ],
  outputs: [
    { name: 'allowed_from', describe: 'first day that this spray allows', decimals: 0, isText: true },
    {
      name: 'blocks',
      describe: 'yes for the spray that decides earliest_harvest',
      decimals: 0,
      isText: true,
    },
    {
      name: 'spray_by',
      describe: 'last day to spray this if the first ripe day is to be picked',
      decimals: 0,
      isText: true,
    },
    {
      name: 'earliest_harvest',
      describe: 'first day from as_of that every spray allows',
      decimals: 0,
      isText: true,
    },
    { name: 'days_left', describe: 'from as_of to earliest_harvest', decimals: 0 },
    { name: 'ripe_from', describe: 'first ripe day', decimals: 0, isText: true },
    { name: 'ripe_to', describe: 'last ripe day', decimals: 0, isText: true },
    { name: 'ripe_allowed', describe: 'whole, part, none or unknown', decimals: 0, isText: true },
    { name: 'pick_from', describe: 'first ripe day that is allowed', decimals: 0, isText: true },
    { name: 'pick_to', describe: 'last day before a ripe day is forbidden', decimals: 0, isText: true },
  ],
  example: 'compute harvest-window --param anthesis=2026-12-01 --param as_of=2026-12-20 < sprays.csv',
  run,
}

interface SprayRow extends Spray {
  readonly row: number
}

/**
 * Quality: `gap` for a spray without its interval, `earliest-unknown` where such a one keeps the date from being
 * known; `as-of-last-spray`; `ripe-from-anthesis`.
 */
function run(input: ModelInput): ModelResult {
  const phi = input.column('phi_days')
  const sprays = input.dates.map((sprayedOn, row): SprayRow => {
    const days = phi[row] as number
    // Half a day of an interval is a day of it.
    return { row, sprayedOn, phiDays: Number.isNaN(days) ? undefined : Math.ceil(days) }
  })
  const asOf = input.date('as_of') ?? input.dates.at(-1)
  if (asOf === undefined) return { length: 0, columns: {}, quality: [] }
  const ripe = ripeIn(input)
  const earliest = earliestHarvest(sprays, asOf)
  const picking = ripe && ripeHarvest(sprays, ripe)
  const all = (text: string | undefined) => sprays.map(() => text ?? '')
  const words = [
    input.date('as_of') === undefined ? 'as-of-last-spray' : undefined,
    ripe && input.date('anthesis') !== undefined ? 'ripe-from-anthesis' : undefined,
    earliest.date === undefined ? 'earliest-unknown' : undefined,
  ].filter((word) => word !== undefined)
  return {
    length: sprays.length,
    columns: {
      allowed_from: sprays.map((spray) => allowedFrom(spray) ?? ''),
      blocks: sprays.map(({ row }) => (earliest.blockedBy?.row === row ? 'yes' : 'no')),
      spray_by: sprays.map(({ phiDays }) =>
        ripe && phiDays !== undefined ? sprayBy(phiDays, ripe.from) : '',
      ),
      earliest_harvest: all(earliest.date),
      days_left: sprays.map(() => earliest.daysLeft ?? Number.NaN),
      ripe_from: all(ripe?.from),
      ripe_to: all(ripe?.to),
      ripe_allowed: all(picking?.verdict),
      pick_from: all(picking?.pickable[0]?.from),
      pick_to: all(picking?.pickable[0]?.to),
    },
    quality: sprays.map(({ phiDays }) =>
      phiDays === undefined ? ['gap', ...words].join(' ') : words.join(' ') || 'ok',
    ),
  }
}

function ripeIn(input: ModelInput): DayRange | undefined {
  const [from, to, anthesis] = [input.date('ripe_from'), input.date('ripe_to'), input.date('anthesis')]
  const wrong = (what: string) =>
    new VuonError('input-invalid', what, {
      hint: 'Give ripe_from and ripe_to, or anthesis alone, or none of them.',
    })
  if (anthesis !== undefined) {
    if (from !== undefined || to !== undefined)
      throw wrong('anthesis and ripe days say the same thing twice.')
    return ripeAfter(anthesis)
  }
  if (from === undefined && to === undefined) return undefined
  if (from === undefined || to === undefined) throw wrong('Of the ripe days, only one end is given.')
  if (to < from) throw wrong(`ripe_to (${to}) is earlier than ripe_from (${from}).`)
  return { from, to }
}
