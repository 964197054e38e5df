import { z } from 'zod'
import {
  OUTLOOK_BOUNDS,
  type OutlookEntry,
  RISK_LEVELS,
  RISK_QUALITIES,
  SPRAY_VERDICTS,
  WATER_TRUSTS,
} from '#contract/wire/outlook.ts'

/** An outlook as this gateway reads it. One that is longer than its bounds, or has a date that is none, is not one. */

const B = OUTLOOK_BOUNDS
const textOf = (most: number) =>
  z
    .string()
    .max(most)
    .refine((value) => !value.includes('\0'))
const text = textOf(B.text)
const sentence = textOf(B.sentence)
const words = z.array(text).max(B.notes)
// As the dates below: what is reckoned from a moment (hours, days, a time zone) must stay a date, too.
const moment = z.int().min(0).max(Date.UTC(2200))
const perhaps = moment.nullable()
// Every figure here is one of weather, soil, energy or money of a plot: a billion tenths is none of them.
const figure = z.int().min(-1e9).max(1e9)
const known = figure.nullable()
const money = z.int().min(0).max(1e13)
const placeIn = (list: readonly unknown[]) =>
  z
    .int()
    .min(0)
    .max(list.length - 1)
// Days and nights, and hours, since a beginning. A box shows 35 days and 16 ahead, but its clock may have been set wrong by
// years in between.
const since = z.int().min(-1000).max(10_000)
const hoursSince = z.int().min(-24_000).max(240_000)
const date = z.string().refine((value) => {
  if (!/^(20|21)\d\d-\d\d-\d\d$/.test(value)) return false
  const ms = Date.parse(`${value}T00:00:00Z`)
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(value)
})
const day = date.nullable()
const dates = z.object({ earliest: day, expected: day, latest: day })

const why = z.object({
  model: text,
  standing: z.enum(['equation', 'published-rule', 'index-not-validated']),
  source: text,
  notes: words,
  missingSensors: words,
  missingSettings: words,
  inputsThroughMs: perhaps,
})

const reasonsOfHour = z
  .array(
    z
      .int()
      .min(0)
      .max(B.reasons - 1),
  )
  .max(B.reasonsAnHour)
const verdict = placeIn(SPRAY_VERDICTS)
const hours = z.array(z.tuple([hoursSince, verdict, known, known, known, reasonsOfHour])).max(B.hours)
const spray = z.object({
  now: z
    .object({
      t: moment,
      verdict,
      deltaTTenthsC: known,
      windKmh: known,
      rainTenthsMm: known,
      reasons: reasonsOfHour,
    })
    .nullable(),
  fromMs: moment,
  past: hours,
  ahead: hours,
  windows: z.array(z.tuple([moment, moment, verdict])).max(B.windows),
  reasons: z
    .array(
      z.object({
        code: text,
        weight: z.enum(['avoid', 'marginal', 'missing', 'note']),
        limitTenths: known,
        unit: text,
      }),
    )
    .max(B.reasons),
  why,
})

const waterDay = z.tuple([since, known, known, known, known, known, known, figure, placeIn(WATER_TRUSTS)])
const water = z.object({
  from: date,
  past: z.array(waterDay).max(B.pastDays),
  ahead: z.array(waterDay).max(B.aheadDays),
  need: z
    .object({
      dueInDays: since.nullable(),
      netTenthsMm: known,
      grossTenthsMm: known,
      litresPerPlantTenths: known,
      reasons: words,
    })
    .nullable(),
  method: z.enum(['drip', 'sprinkler']).nullable(),
  why,
})

const period = z.tuple([
  hoursSince,
  hoursSince,
  figure,
  known,
  known,
  figure,
  z.union([z.literal(0), z.literal(1)]),
])
const riskDay = z.tuple([
  since,
  z.int().min(0).max(1000).nullable(),
  placeIn(RISK_LEVELS),
  placeIn(RISK_QUALITIES),
  z.array(period).max(B.periodsADay),
])
const risk = z.object({
  pathogen: text,
  species: text,
  disease: z.object({ vi: text, en: text }),
  from: date,
  past: z.array(riskDay).max(B.pastDays),
  ahead: z.array(riskDay).max(B.aheadDays),
  why,
})

const warmth = z.object({
  from: day,
  firstDay: date,
  lowerTenthsC: known,
  upperTenthsC: known,
  days: z.array(z.tuple([since, known, figure])).max(B.pastDays),
  sumTenths: known,
  targetTenths: known,
  expectedOn: day,
  guessedDays: since,
  why,
})

const lighting = z.object({
  plan: z
    .object({
      start: date,
      isBegun: z.boolean(),
      nights: z.array(z.tuple([since, figure, money])).max(B.nights),
      hoursANight: z.number().min(0).max(24),
      kwhTenths: money,
      vnd: money,
      neededNights: since,
      bud: dates,
      anthesis: dates,
      harvest: dates,
      warnings: words,
    })
    .nullable(),
  dayLengthTenthsH: known,
  why,
})

const harvest = z.object({
  stage: text.nullable(),
  progressPct: known,
  ripe: dates.nullable(),
  allowedFrom: day,
  isIntervalMissing: z.boolean(),
  pickable: z.array(z.tuple([date, date])).max(B.pickable),
  why,
})

const evidence = z.tuple([
  text,
  z.number().min(-1e15).max(1e15),
  text,
  moment,
  z
    .int()
    .min(0)
    .max(B.series - 1)
    .nullable(),
  text.nullable(),
  perhaps,
])

export const outlookShape = z.object({
  kind: z.literal('outlook'),
  form: z.literal(1),
  plot: text.min(1),
  madeAt: moment,
  today: date,
  // From Baker Island to the Line Islands.
  utcOffsetH: z.number().min(-12).max(14),
  everyS: z.number().min(1).max(1e8),
  forecast: z.object({
    state: z.enum(['off', 'waiting', 'fresh', 'stale']),
    fetchedAt: perhaps,
    throughMs: perhaps,
  }),
  spray,
  water,
  risks: z.array(risk).max(B.pathogens),
  warmth,
  lighting,
  harvest,
  advice: z
    .array(
      z.object({
        code: text,
        severity: z.enum(['act', 'watch', 'info', 'missing']),
        vi: sentence,
        en: sentence,
        evidence: z.array(evidence).max(B.evidence),
      }),
    )
    .max(B.advice),
  series: z.array(text.min(1)).max(B.series),
}) satisfies z.ZodType<OutlookEntry>
