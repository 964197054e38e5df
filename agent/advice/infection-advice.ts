import type { Advice } from './advice.ts'
import { adviceText } from './messages.ts'
import type { PlotFacts, RiskDayFacts, RiskFacts } from './plot-facts.ts'
import { advice, dateIn, numberIn, sensorsIn, standing, timeIn } from './speak.ts'

/** Infection by each disease: yesterday and today with the wet periods that drove it, then what the forecast brings. */
export const infectionAdvice = (facts: PlotFacts): Advice[] =>
  facts.risks.flatMap((risk) => [past(facts, risk), ...ahead(facts, risk)])

function past(facts: PlotFacts, { pathogen, disease, past: days, why }: RiskFacts): Advice {
  const wet = why.missingSensors.filter((sensor) => sensor !== 'leaf-wetness')
  if (wet.length > 0)
    return advice('infection-no-sensor', 'missing', (language) => [
      adviceText(language, 'riskMissing', {
        disease: disease[language],
        sensors: sensorsIn(language, wet),
      }),
    ])
  const recent = days.filter(({ date }) => date >= dayBefore(facts.today))
  const worst = recent.reduce<RiskDayFacts | undefined>(
    (found, day) => ((day.risk ?? -1) > (found?.risk ?? -1) ? day : found),
    undefined,
  )
  const guessed = why.notes.includes('wetness-from-humidity')
  if (!worst || worst.level === 'unknown')
    return advice('infection-unknown', 'missing', (language) => [
      adviceText(language, 'riskUnknown', { disease: disease[language] }),
      standing(language, why, facts),
    ])
  // The wet period that came furthest.
  const period = worst.periods.toSorted((a, b) => b.ratio - a.ratio)[0]
  const isLow = worst.level === 'none' || worst.level === 'low' || !period
  if (isLow)
    return advice(
      'infection-low',
      'info',
      (language) => [
        adviceText(language, 'riskLow', { disease: disease[language] }),
        standing(language, why, facts),
      ],
      [facts.evidence(`infection-risk ${pathogen}`)],
    )
  const isHigh = worst.level === 'high'
  return advice(
    isHigh ? 'infection-high' : 'infection-moderate',
    isHigh ? 'act' : 'watch',
    (language) => [
      adviceText(language, isHigh ? 'riskHigh' : 'riskModerate', {
        disease: disease[language],
        date: dateIn(language, worst.date),
        wet: numberIn(language, period.wetHours, Number.isInteger(period.wetHours) ? 0 : 1),
        from: timeIn(language, period.startMs, facts),
        to: timeIn(language, period.endMs, facts),
        temp: numberIn(language, period.meanTempC ?? 0, 1),
        needed:
          period.neededH === null ? adviceText(language, 'never') : numberIn(language, period.neededH, 1),
      }),
      guessed ? adviceText(language, 'wetGuessed') : undefined,
      standing(language, why, facts),
    ],
    [
      facts.evidence(`infection-risk ${pathogen}`),
      ...worst.periods.map(({ startMs, endMs, wetHours }) => ({
        ...{ what: 'wet-period', model: why.model, value: wetHours, unit: 'h', at: startMs, untilMs: endMs },
      })),
    ],
  )
}

function ahead(facts: PlotFacts, { disease, ahead: days, why }: RiskFacts): Advice[] {
  const first = days.find(({ level, date }) => level === 'high' && date >= facts.today)
  if (!first) return []
  return [
    advice(
      'infection-ahead',
      'watch',
      (language) => [
        adviceText(language, 'riskAhead', { disease: disease[language], date: dateIn(language, first.date) }),
        standing(language, { ...why, inputsThroughMs: null }, facts),
      ],
      first.periods.map(({ startMs, endMs, wetHours }) => ({
        ...{ what: 'wet-period', model: why.model, value: wetHours, unit: 'h', at: startMs, untilMs: endMs },
      })),
    ),
  ]
}

const dayBefore = (date: string): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10)
