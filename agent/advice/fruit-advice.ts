import type { Language } from '#contract/ground/messages.ts'
import type { Advice } from './advice.ts'
import { adviceText } from './messages.ts'
import type { PlotFacts } from './plot-facts.ts'
import { advice, dateIn, missingIn, numberIn, standing } from './speak.ts'

/** Warmth so far, lights, and the days on which fruit may be picked. */

/** None while the crop has no threshold or nobody set a beginning: few farms count degree days. */
export function warmthAdvice(facts: PlotFacts): Advice[] {
  const { from, sum, target, expectedOn, guessedDays, why } = facts.warmth
  if (from === null || sum === null) return []
  const isReached = target !== null && sum >= target
  const key = isReached ? 'warmthReached' : target !== null && expectedOn !== null ? 'warmthTarget' : 'warmth'
  return [
    advice(
      isReached ? 'warmth-reached' : 'warmth',
      isReached ? 'watch' : 'info',
      (language) => [
        adviceText(language, key, {
          from: dateIn(language, from),
          sum: numberIn(language, sum),
          target: numberIn(language, target ?? 0),
          share: numberIn(language, target ? Math.min(100, (100 * sum) / target) : 0),
          date: expectedOn === null ? '' : dateIn(language, expectedOn),
        }),
        guessedDays > 0
          ? adviceText(language, 'warmthGuessed', { days: numberIn(language, guessedDays) })
          : undefined,
        standing(language, why, facts),
      ],
      [
        { what: 'degree-days-sum', model: why.model, value: sum, unit: '°C·d', at: facts.nowMs },
        facts.evidence('degree-days'),
      ],
    ),
  ]
}

export function lightingAdvice(facts: PlotFacts): Advice[] {
  const { plan, why } = facts.lighting
  if (why.notes.includes('not-this-crop')) return []
  if (!plan) {
    const what = (language: Language) => missingIn(language, { ...why, missingSensors: [] })
    if (what('vi') === undefined) return []
    return [
      advice('lighting-missing', 'missing', (language) => [
        adviceText(language, 'lightsMissing', { what: what(language) ?? '' }),
      ]),
    ]
  }
  if (!plan.isBegun && plan.warnings.includes('natural-season'))
    return [
      advice('lighting-natural-season', 'info', (language) => [
        adviceText(language, 'lightsNatural'),
        standing(language, { ...why, inputsThroughMs: null }, facts),
      ]),
    ]
  const date = (language: Language, day: string | null) =>
    day === null ? adviceText(language, 'never') : dateIn(language, day)
  return [
    advice(
      plan.isBegun ? 'lighting-begun' : 'lighting-plan',
      plan.warnings.includes('over-use') ? 'watch' : 'info',
      (language) => [
        adviceText(language, plan.isBegun ? 'lightsBegun' : 'lightsPlan', {
          start: dateIn(language, plan.start),
          nights: numberIn(language, plan.nights.length),
          hours: numberIn(language, plan.hoursANight, Number.isInteger(plan.hoursANight) ? 0 : 1),
          kwh: numberIn(language, plan.kwh),
          vnd: numberIn(language, Math.round(plan.vnd / 1000) * 1000),
          bud: date(language, plan.bud.expected),
          earliest: date(language, plan.harvest.earliest),
          latest: date(language, plan.harvest.latest),
        }),
        plan.warnings.includes('over-use') ? adviceText(language, 'lightsOveruse') : undefined,
        plan.warnings.includes('cold-nights') ? adviceText(language, 'lightsCold') : undefined,
        standing(language, why, facts),
      ],
      [
        { what: 'lighting-energy', model: why.model, value: plan.kwh, unit: 'kWh', at: facts.nowMs },
        { what: 'lighting-cost', model: why.model, value: plan.vnd, unit: 'VND', at: facts.nowMs },
      ],
    ),
  ]
}

export function harvestAdvice(facts: PlotFacts): Advice[] {
  const { ripe, allowedFrom, isIntervalMissing, pickable, why } = facts.harvest
  const interval = isIntervalMissing
    ? [advice('harvest-interval-missing', 'act', (language) => [adviceText(language, 'harvestInterval')])]
    : []
  if (!ripe) {
    if (why.missingSettings.length + why.missingSensors.length === 0) return interval
    return [
      ...interval,
      advice('harvest-no-date', 'missing', (language) => [
        adviceText(language, 'harvestNoDate', { what: missingIn(language, why) ?? '' }),
      ]),
    ]
  }
  if (isIntervalMissing || allowedFrom === null) return interval
  // An empty spray log allows nothing: it may be that nobody keeps it.
  const hasSprays = !why.notes.includes('no-spray-in-the-farm-book')
  const isBlocked = ripe.earliest !== null && allowedFrom > ripe.earliest
  const date = (language: Language, day: string | null) =>
    day === null ? adviceText(language, 'never') : dateIn(language, day)
  return [
    advice(
      isBlocked ? 'harvest-blocked' : 'harvest-window',
      isBlocked ? 'watch' : 'info',
      (language) => [
        adviceText(language, isBlocked ? 'harvestBlocked' : hasSprays ? 'harvestRipe' : 'harvestRipeOnly', {
          earliest: date(language, ripe.earliest),
          latest: date(language, ripe.latest),
          allowed: dateIn(language, isBlocked ? allowedFrom : (pickable[0]?.from ?? allowedFrom)),
        }),
        hasSprays ? undefined : adviceText(language, 'noSprays'),
        standing(language, why, facts),
      ],
      pickable.map(({ from, to }) => ({
        what: 'pickable-days',
        model: why.model,
        value: Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1,
        unit: 'd',
        at: Date.parse(`${from}T00:00:00Z`) - facts.utcOffsetH * 3_600_000,
      })),
    ),
  ]
}
