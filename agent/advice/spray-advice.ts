import type { Language } from '#contract/ground/messages.ts'
import type { Advice } from './advice.ts'
import { type AdviceKey, adviceText } from './messages.ts'
import type { PlotFacts, SprayHourFacts } from './plot-facts.ts'
import { advice, capital, numberIn, partOfDay, sensorsIn, standing, timeIn } from './speak.ts'

/** Whether to spray now, and when next. */
export const sprayAdvice = (facts: PlotFacts): Advice[] => [sprayNow(facts), sprayNext(facts)]

function sprayNow(facts: PlotFacts): Advice {
  const { spray } = facts
  const { now, why } = spray
  if (why.missingSensors.length > 0 && (!now || now.verdict === 'unknown'))
    return advice('spray-no-sensor', 'missing', (language) => [
      adviceText(language, 'sprayNoSensor', { sensors: sensorsIn(language, why.missingSensors) }),
    ])
  if (!now)
    return advice('spray-stale', 'missing', (language) => [
      adviceText(language, 'sprayStale'),
      standing(language, why, facts),
    ])
  const when = partOfDay(facts)
  const evidence = [
    now.deltaTC === null
      ? undefined
      : {
          ...{ what: 'delta-t', model: why.model, value: now.deltaTC, unit: '°C', at: now.t },
          ...seriesOf(facts, 'delta-t'),
        },
    ...['air-temperature', 'air-humidity', 'wind-speed', 'wind-gust', 'rain-amount'].map((what) =>
      facts.evidence(what),
    ),
  ]
  const reasons = (language: Language) => reasonsIn(language, now)
  const word = (language: Language) => adviceText(language, when)
  switch (now.verdict) {
    case 'avoid':
      return advice(
        'spray-avoid',
        'act',
        (language) => [
          adviceText(language, 'sprayAvoid', { when: word(language), reasons: reasons(language) }),
          standing(language, why, facts),
        ],
        evidence,
      )
    case 'marginal':
      return advice(
        'spray-marginal',
        'watch',
        (language) => [
          adviceText(language, 'sprayMarginal', { when: word(language), reasons: reasons(language) }),
          standing(language, why, facts),
        ],
        evidence,
      )
    case 'good':
      return advice(
        'spray-good',
        'info',
        (language) => [
          adviceText(language, 'sprayGood', {
            When: capital(word(language)),
            deltaT: numberIn(language, now.deltaTC ?? 0, 1),
            wind: numberIn(language, now.windKmh ?? 0),
          }),
          standing(language, why, facts),
        ],
        evidence,
      )
    case 'unknown':
      return advice(
        'spray-unknown',
        'missing',
        (language) => [
          adviceText(language, 'sprayUnknown', { when: word(language), reasons: reasons(language) }),
          standing(language, why, facts),
        ],
        evidence,
      )
  }
}

/** The weightiest kind of reason only: what is marginal does not matter where something forbids it. */
function reasonsIn(language: Language, { verdict, reasons, deltaTC, windKmh }: SprayHourFacts): string {
  const weight = verdict === 'unknown' ? 'missing' : verdict
  const told = reasons
    .filter((reason) => reason.weight === weight)
    .map(({ code, value, limit }) =>
      adviceText(language, code as AdviceKey, {
        value: numberIn(language, value ?? 0, decimalsOf(code)),
        limit: numberIn(language, limit ?? 0),
      }),
    )
  const has = (start: string) => reasons.some((each) => each.weight === weight && each.code.startsWith(start))
  // The two numbers that people ask for stand in every sentence.
  if (deltaTC !== null && !has('delta-t')) told.push(`delta-T ${numberIn(language, deltaTC, 1)}`)
  if (windKmh !== null && !has('wind') && !has('inversion'))
    told.push(adviceText(language, 'wind-high', { value: numberIn(language, windKmh) }))
  return told.join('; ')
}

const decimalsOf = (code: string): number =>
  code.startsWith('delta-t') || code.startsWith('rain') ? 1 : code === 'hot' ? 1 : 0

function seriesOf(facts: PlotFacts, what: string) {
  const found = facts.evidence(what)
  return found?.uuid === undefined ? {} : { uuid: found.uuid, seriesNo: found.seriesNo ?? 0 }
}

const FORECAST_KEYS = { off: 'forecastOff', waiting: 'forecastWaiting', stale: 'forecastStale' } as const

function sprayNext(facts: PlotFacts): Advice {
  const { spray, forecast } = facts
  if (forecast !== 'fresh')
    return advice('spray-no-forecast', 'missing', (language) => [
      adviceText(language, 'sprayNoForecast', { forecast: adviceText(language, FORECAST_KEYS[forecast]) }),
    ])
  const [next] = spray.windows
  if (!next) return advice('spray-no-window', 'info', (language) => [adviceText(language, 'sprayNoWindow')])
  const { fromMs, toMs, verdict } = next
  return advice(
    verdict === 'good' ? 'spray-window' : 'spray-window-marginal',
    'info',
    (language) => [
      adviceText(language, verdict === 'good' ? 'sprayWindow' : 'sprayWindowMarginal', {
        from: timeIn(language, fromMs, facts),
        to: timeIn(language, toMs, facts),
      }),
    ],
    [
      {
        ...{ what: 'spray-window', model: spray.why.model, value: (toMs - fromMs) / 3_600_000, unit: 'h' },
        ...{ at: fromMs, untilMs: toMs },
      },
    ],
  )
}
