import { VuonError } from '#contract/ground/errors.ts'
import {
  type ElectricityPrice,
  PRICES_VND,
  THREE_RATE_HOURS,
  type ThreeRateHours,
} from './electricity-price.ts'
import { centredFromH, coversCore, lightingPlan, NATURAL_DAY_H, practiceMinC } from './lighting-plan.ts'
import type { CropModel, ModelInput, ModelParam, ModelResult } from './model.ts'

type Bounds = { readonly min: number; readonly max: number }
const optional = (name: string, unit: string, bounds: Bounds, describe: string): ModelParam => ({
  name,
  describe,
  kind: 'number',
  unit,
  ...bounds,
  isOptional: true,
})
const defaulted = (
  name: string,
  unit: string,
  bounds: Bounds,
  byDefault: number,
  describe: string,
): ModelParam => ({
  name,
  describe,
  kind: 'number',
  unit,
  ...bounds,
  default: byDefault,
})

const AIR = { min: -10, max: 45 }
// A farm of 200 ha at 5,000 bulbs each.
const BULBS = { min: 1, max: 1_000_000 }
const PRICE = { min: 0, max: 100_000 }

export const LIGHTING_PLAN: CropModel = {
  name: 'lighting-plan',
  summary: {
    vi: 'Kế hoạch chong đèn thanh long: số đêm, số giờ, kWh, tiền điện và ngày dự kiến (chỉ số, chưa kiểm chứng)',
    en: 'night lighting of dragon fruit: nights, hours, kWh, VND and expected dates (an index, not validated)',
  },
  source:
    'Jiang et al. 2012, HortScience 47:1063; practice of Bình Thuận; prices of Decision 1279/QĐ-BCT; see lighting-plan.ts',
  standing: 'index-not-validated',
  step: 'row',
  params: [
    { name: 'start', describe: 'first evening', kind: 'date' },
    optional('bulbs', '', BULBS, 'how many; else one a post, else by area'),
    optional('posts', '', BULBS, 'one bulb a post'),
    optional('area_ha', 'ha', { min: 0.01, max: 1000 }, 'with bulbs_per_ha'),
    defaulted('bulbs_per_ha', '/ha', { min: 1, max: 5000 }, 1000, 'bulbs on a hectare'),
    defaulted(
      'watts',
      'W',
      { min: 1, max: 500 },
      20,
      'of one bulb; 20 W compact lamps do what 60 W incandescent do',
    ),
    defaulted('hours_h', 'h', { min: 0.5, max: 14 }, 8, 'a night; must cover 22:00 to 02:00'),
    optional(
      'from_h',
      'h',
      { min: 12, max: 24 },
      'lights on, hours after midnight; else as many before midnight as after',
    ),
    optional('nights', '', { min: 1, max: 120 }, 'else as many as the expected minimum asks for'),
    optional(
      'expected_tmin_c',
      '°C',
      AIR,
      'of the lit nights; else the mean of tmin_c, else what local practice amounts to',
    ),
    optional(
      'expected_tmean_c',
      '°C',
      AIR,
      'until harvest; else the mean of tmean_c, else 4 above the minimum',
    ),
    {
      name: 'tariff',
      describe:
        'one price, or three by the hour: hours on bills since 2014, or of Decision 963/QĐ-BCT of 2026',
      kind: 'choice',
      choices: ['one-price', 'three-price-2014', 'three-price-2026'],
      default: 'one-price',
    },
    defaulted(
      'price_vnd_kwh',
      'VND/kWh',
      PRICE,
      PRICES_VND.normal,
      'one price, or that of normal hours, before VAT',
    ),
    defaulted('low_vnd_kwh', 'VND/kWh', PRICE, PRICES_VND.low, 'low hours, with a three-price tariff'),
    defaulted('peak_vnd_kwh', 'VND/kWh', PRICE, PRICES_VND.peak, 'peak hours, with a three-price tariff'),
    defaulted('lat', '°', { min: -30, max: 30 }, 11, 'latitude, north positive; 11 is Bình Thuận'),
    defaulted(
      'natural_day_h',
      'h',
      { min: 11, max: 14 },
      NATURAL_DAY_H,
      'day length from which plants flower by themselves',
    ),
    defaulted('batches_before', '', { min: 0, max: 24 }, 0, 'lit batches directly before this one'),
  ],
  columns: [
    { name: 'tmin_c', describe: 'minima of recent nights, °C', ...AIR, isRequired: false },
    { name: 'tmean_c', describe: 'means of recent days, °C', ...AIR, isRequired: false },
  ],
  outputs: [
    { name: 'date', describe: 'of the evening', decimals: 0, isText: true },
    { name: 'night_no', describe: 'from 1', decimals: 0 },
    { name: 'from', describe: 'lights on', decimals: 0, isText: true },
    { name: 'to', describe: 'lights off, the next morning', decimals: 0, isText: true },
    { name: 'kwh', describe: 'of the night', decimals: 2 },
    { name: 'vnd', describe: 'of the night', decimals: 0 },
    { name: 'kwh_sum', describe: 'so far', decimals: 2 },
    { name: 'vnd_sum', describe: 'so far', decimals: 0 },
    { name: 'day_length_h', describe: 'sunrise to sunset, h', decimals: 2 },
    {
      name: 'note',
      describe: 'natural-season (no light needed), over-use, fewer-nights-than-needed, cold-nights',
      decimals: 0,
      isText: true,
    },
    ...['bud_date', 'anthesis_date', 'harvest_date', 'harvest_earliest', 'harvest_latest'].map((name) => ({
      name,
      describe: 'expected, of the whole plan',
      decimals: 0,
      isText: true,
    })),
  ],
  givesOwnRows: true,
  example: 'compute lighting-plan --param start=2026-11-01 --param area_ha=1 --param watts=20 < /dev/null',
  run,
}

/** Quality: `tmin-from-practice`, `tmean-from-tmin` where no temperature was given. */
function run(input: ModelInput): ModelResult {
  const start = input.date('start') as string
  const hours = input.number('hours_h')
  const fromH = given(input.number('from_h')) ?? centredFromH(hours)
  if (!coversCore(fromH, hours))
    throw new VuonError(
      'input-invalid',
      `Lights from ${clockTime(fromH)} to ${clockTime(fromH + hours)} do not cover 22:00 to 02:00.`,
      {
        hint: 'Only light in the middle of the night makes buds: change from_h, or hours_h.',
      },
    )
  const knownMinC = given(input.number('expected_tmin_c')) ?? meanOf(input.column('tmin_c'))
  const knownMeanC = given(input.number('expected_tmean_c')) ?? meanOf(input.column('tmean_c'))
  const minC = knownMinC ?? practiceMinC(start)
  const nights = given(input.number('nights'))
  const plan = lightingPlan({
    start,
    bulbs: bulbsIn(input),
    watts: input.number('watts'),
    fromH,
    hours,
    nights: nights === undefined ? undefined : Math.round(nights),
    price: priceIn(input),
    minC,
    // On that coast a day's mean lies about 4 °C above its minimum, the half of a range of 8: judgement.
    meanC: knownMeanC ?? minC + 4,
    latDeg: input.number('lat'),
    naturalDayH: input.number('natural_day_h'),
    batchesBefore: input.number('batches_before'),
  })
  const ofAll = plan.warnings.filter((warning) => warning !== 'natural-season')
  const all = (text: string | undefined) => plan.nights.map(() => text ?? '')
  const words = [
    knownMinC === undefined ? 'tmin-from-practice' : '',
    knownMeanC === undefined ? 'tmean-from-tmin' : '',
  ].filter(Boolean)
  return {
    length: plan.nights.length,
    columns: {
      date: plan.nights.map(({ date }) => date),
      night_no: plan.nights.map(({ nightNo }) => nightNo),
      from: all(clockTime(fromH)),
      to: all(clockTime(fromH + hours)),
      kwh: plan.nights.map(({ kwh }) => kwh),
      vnd: plan.nights.map(({ vnd }) => vnd),
      kwh_sum: plan.nights.map(({ kwhSoFar }) => kwhSoFar),
      vnd_sum: plan.nights.map(({ vndSoFar }) => vndSoFar),
      day_length_h: plan.nights.map(({ dayLengthH }) => dayLengthH),
      note: plan.nights.map(({ isNaturalSeason }) =>
        [...(isNaturalSeason ? ['natural-season'] : []), ...ofAll].join(' '),
      ),
      bud_date: all(plan.bud.expected),
      anthesis_date: all(plan.anthesis.expected),
      harvest_date: all(plan.harvest.expected),
      harvest_earliest: all(plan.harvest.earliest),
      harvest_latest: all(plan.harvest.latest),
    },
    quality: all(words.join(' ') || 'ok'),
  }
}

const given = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value)

function meanOf(column: Float64Array): number | undefined {
  const known = column.filter((value) => !Number.isNaN(value))
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length
}

function bulbsIn(input: ModelInput): number {
  const bulbs = given(input.number('bulbs')) ?? given(input.number('posts'))
  const areaHa = given(input.number('area_ha'))
  if (bulbs !== undefined) return bulbs
  if (areaHa !== undefined) return Math.round(areaHa * input.number('bulbs_per_ha'))
  throw new VuonError('input-invalid', 'How many bulbs is not said.', {
    hint: 'Add --param bulbs=…, or posts=…, or area_ha=….',
  })
}

function priceIn(input: ModelInput): ElectricityPrice {
  const normal = input.number('price_vnd_kwh')
  const hours = Object.keys(THREE_RATE_HOURS)
    .map((year) => Number(year) as ThreeRateHours)
    .find((year) => input.choice('tariff') === `three-price-${year}`)
  if (hours === undefined) return { kind: 'one', vndPerKwh: normal }
  return {
    kind: 'three',
    hours,
    normal,
    low: input.number('low_vnd_kwh'),
    peak: input.number('peak_vnd_kwh'),
  }
}

/** 26.5 is 02:30. */
function clockTime(hours: number): string {
  const minutes = Math.round(hours * 60) % (24 * 60)
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}
