import { OUTLOOK_BOUNDS, type OutlookAdvice, type OutlookEntry } from '#contract/wire/outlook.ts'
import type { AdviceCard, FieldAnswer, LightingField, PlotField } from '../page/field-answer.ts'
import { daysFrom, tenths, whole, whyOf, words } from './outlook-figures.ts'
import { riskOf, sprayOf, warmthOf, waterOf } from './outlook-rows.ts'

/** The answer of the box's own page for one plot, as it travels to the province: rounded, cut to its bounds. */

const B = OUTLOOK_BOUNDS

export function outlookOf(answer: FieldAnswer, field: PlotField, everyS: number): OutlookEntry {
  const { nowMs, today, utcOffsetH, forecast } = answer
  const series = new SeriesList()
  const { plan } = field.lighting
  return {
    ...{ kind: 'outlook', form: 1, plot: field.plot, madeAt: Math.round(nowMs), today, utcOffsetH, everyS },
    forecast: {
      state: forecast.state,
      fetchedAt: whole(forecast.fetchedAt),
      throughMs: whole(forecast.throughMs),
    },
    spray: sprayOf(field.spray, nowMs),
    water: waterOf(field.water, today),
    risks: field.risks.slice(0, B.pathogens).map((risk) => riskOf(risk, answer)),
    warmth: warmthOf(field.warmth, today),
    lighting: {
      plan: plan && planOf(plan),
      dayLengthTenthsH: tenths(field.lighting.dayLengthH),
      why: whyOf(field.lighting.why),
    },
    harvest: {
      stage: field.harvest.stage,
      progressPct: whole(field.harvest.progressPct),
      ripe: field.harvest.ripe,
      allowedFrom: field.harvest.allowedFrom,
      isIntervalMissing: field.harvest.isIntervalMissing,
      pickable: field.harvest.pickable.slice(0, B.pickable).map(({ from, to }) => [from, to] as const),
      why: whyOf(field.harvest.why),
    },
    advice: field.advice.slice(0, B.advice).map((card) => adviceOf(card, series)),
    series: series.uuids,
  }
}

/** Whether the box knows anything of this plot beyond what it lacks. */
export const isAnythingKnown = ({ spray, water, risks, warmth, lighting, harvest }: PlotField): boolean =>
  spray.now !== null ||
  spray.hours.length > 0 ||
  water.days.some(({ drMm, et0Mm }) => drMm !== null || et0Mm !== null) ||
  risks.some(({ past, ahead }) => [...past, ...ahead].some(({ risk }) => risk !== null)) ||
  warmth.sum !== null ||
  lighting.plan !== null ||
  harvest.ripe !== null

/** The series of evidence, each once. */
class SeriesList {
  readonly uuids: string[] = []

  placeOf(uuid: string | undefined): number | null {
    if (uuid === undefined) return null
    const at = this.uuids.indexOf(uuid)
    if (at >= 0) return at
    return this.uuids.length < B.series ? this.uuids.push(uuid) - 1 : null
  }
}

const planOf = (plan: NonNullable<LightingField['plan']>): OutlookEntry['lighting']['plan'] => ({
  ...{ start: plan.start, isBegun: plan.isBegun, hoursANight: plan.hoursANight },
  nights: plan.nights
    .slice(0, B.nights)
    .map(({ date, kwh, vnd }) => [daysFrom(plan.start, date), tenths(kwh) ?? 0, Math.round(vnd)] as const),
  ...{ kwhTenths: tenths(plan.kwh) ?? 0, vnd: Math.round(plan.vnd), neededNights: plan.neededNights },
  ...{ bud: plan.bud, anthesis: plan.anthesis, harvest: plan.harvest, warnings: words(plan.warnings) },
})

const adviceOf = ({ code, severity, vi, en, evidence }: AdviceCard, series: SeriesList): OutlookAdvice => ({
  ...{ code: code.slice(0, B.text), severity },
  ...{ vi: vi.slice(0, B.sentence), en: en.slice(0, B.sentence) },
  evidence: evidence
    .slice(0, B.evidence)
    .map((each) => [
      ...([each.what.slice(0, B.text), Math.round(each.value * 100) / 100, each.unit] as const),
      ...([
        Math.round(each.at),
        series.placeOf(each.uuid),
        each.model ?? null,
        whole(each.untilMs ?? null),
      ] as const),
    ]),
})
