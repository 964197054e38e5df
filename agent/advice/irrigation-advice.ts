import type { Language } from '#contract/ground/messages.ts'
import type { Advice } from './advice.ts'
import { adviceText } from './messages.ts'
import type { PlotFacts } from './plot-facts.ts'
import { advice, missingIn, numberIn, standing } from './speak.ts'

/** Water for the plot: how much, when, and why. */
export function irrigationAdvice(facts: PlotFacts): Advice[] {
  const { water, crop } = facts
  const { need, why, days } = water
  // Without these there is no balance at all; how it is watered and how many plants there are only sharpen it.
  const settings = why.missingSettings.filter((each) => !/irrigation|plantsPerHa/.test(each))
  if (!need && (why.missingSensors.length > 0 || settings.length > 0))
    return [
      advice('irrigation-missing', 'missing', (language) => [
        adviceText(language, 'irrigateMissing', { what: missingIn(language, why, settings) ?? '' }),
      ]),
    ]
  if (!need)
    return [
      advice('irrigation-not-begun', 'missing', (language) => [
        adviceText(language, 'irrigateNotBegun'),
        standing(language, why, facts),
      ]),
    ]
  const last = days.filter(({ isForecast }) => !isForecast).at(-1)
  const { dueInDays, grossMm, litresPerPlant, reasons } = need
  if (reasons.includes('state-unknown') || last?.drMm == null || last.rawMm === null)
    return [
      advice('irrigation-unknown', 'missing', (language) => [
        adviceText(language, 'irrigateUnknown'),
        standing(language, why, facts),
      ]),
    ]
  const { drMm, rawMm } = last
  const key =
    dueInDays === null
      ? 'irrigateNot'
      : dueInDays === 0
        ? 'irrigateNow'
        : dueInDays === 1
          ? 'irrigateToday'
          : 'irrigateLater'
  const litres = (language: Language) =>
    litresPerPlant === null || litresPerPlant === 0
      ? ''
      : adviceText(language, crop === 'dragon-fruit' ? 'litresAPost' : 'litresAPlant', {
          litres: numberIn(language, litresPerPlant, litresPerPlant < 10 ? 1 : 0),
        })
  const notes = (language: Language) =>
    [
      reasons.includes('rain-expected') ? 'rainCounted' : undefined,
      why.notes.includes('balance-assumed') ? 'assumedFull' : undefined,
      why.notes.includes('kc-from-estimate') ? 'kcEstimate' : undefined,
    ].map((note) => (note ? adviceText(language, note as 'rainCounted') : undefined))
  const at = (date: string) => Date.parse(`${date}T00:00:00Z`) - facts.utcOffsetH * 3_600_000
  return [
    advice(
      key === 'irrigateNow' ? 'irrigate-now' : key === 'irrigateToday' ? 'irrigate-soon' : 'irrigate-not-yet',
      key === 'irrigateNow' ? 'act' : key === 'irrigateToday' ? 'watch' : 'info',
      (language) => [
        adviceText(language, key, {
          gross: numberIn(language, grossMm ?? 0, 1),
          litres: litres(language),
          days: numberIn(language, dueInDays ?? 0),
          dr: numberIn(language, drMm, 1),
          raw: numberIn(language, rawMm, 1),
        }),
        ...notes(language),
        standing(language, why, facts),
      ],
      [
        facts.evidence('soil-water-depletion') ?? {
          ...{ what: 'soil-water-depletion', model: why.model, value: drMm, unit: 'mm', at: at(last.date) },
        },
        facts.evidence('readily-available-water') ?? {
          ...{
            what: 'readily-available-water',
            model: why.model,
            value: rawMm,
            unit: 'mm',
            at: at(last.date),
          },
        },
        facts.evidence('reference-evapotranspiration'),
        facts.evidence('rain-amount'),
      ],
    ),
  ]
}
