import type { OutlookEntry } from '#contract/wire/outlook.ts'
import { HOUR_MS } from './series-hours.ts'

/**
 * What a person would act on in an outlook, as one text: two outlooks that differ in it say different things. A tenth
 * of a degree is no news; another verdict, level, day, sentence or forecast is. Lists only: an entry that comes back from
 * the journal has its keys in another order.
 */
export const outlookGist = (entry: OutlookEntry): string => {
  const { today, forecast, spray, water, risks, warmth, lighting, harvest, advice } = entry
  const { plan } = lighting
  const { ripe } = harvest
  const sensors = [spray, water, warmth, lighting, harvest, ...risks].map(({ why }) => [
    why.missingSensors,
    why.missingSettings,
  ])
  return JSON.stringify([
    today,
    [forecast.state, forecast.fetchedAt],
    advice.map(({ code, severity }) => [code, severity]),
    spray.now && [spray.now.verdict, spray.now.reasons.map((at) => spray.reasons[at]?.code)],
    windowsOf(entry),
    [water.need?.dueInDays, water.need?.reasons, water.past.at(-1)?.[0], water.past.length > 0],
    risks.map(({ pathogen, past, ahead }) => [
      pathogen,
      past.at(-1)?.slice(0, 3).toSpliced(1, 1),
      ahead.map(([day, , level]) => [day, level]),
    ]),
    [warmth.expectedOn, warmth.targetTenths],
    plan && [plan.start, plan.nights.length, plan.kwhTenths, plan.vnd, plan.warnings],
    ripe && [ripe.earliest, ripe.expected, ripe.latest],
    [harvest.stage, harvest.allowedFrom, harvest.pickable],
    sensors,
  ])
}

/** A window that has begun gets shorter by the hour, and one that reaches the forecast's end longer: that is no news. */
function windowsOf({ spray, madeAt }: OutlookEntry): unknown {
  const endMs = spray.fromMs + ((spray.ahead.at(-1)?.[0] ?? 0) + 1) * HOUR_MS
  return spray.windows.map(([fromMs, toMs, verdict]) => [
    ...[fromMs <= madeAt + HOUR_MS ? 'begun' : fromMs, toMs >= endMs ? 'open' : toMs],
    verdict,
  ])
}
