import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { encodeEntry } from '#contract/wire/entries-codec.ts'
import type { OutlookEntry } from '#contract/wire/outlook.ts'
import type { RecordEntry } from '#contract/wire/records.ts'
import { agentConfigSchema } from '../../agent/config.ts'
import { isAnythingKnown, outlookOf } from '../../agent/field/outlook.ts'
import { outlookEveryS } from '../../agent/outlook-config.ts'
import { OutlookDesk, type OutlookJournal } from '../../agent/outlook-desk.ts'
import type { FieldAnswer, PlotField } from '../../agent/page/field-answer.ts'
import { outlookShape } from '../../gateway/projections/outlook-shape.ts'
import { FieldFarm } from './field/field-farm.ts'
import { bareField, fieldOfToday } from './page/field-of-today.ts'

const SECOND = 1000
const HOUR = 3_600_000

let today: FieldAnswer
let bare: FieldAnswer
beforeAll(async () => {
  ;[today, bare] = [await fieldOfToday(2), await bareField()]
})

let farm: FieldFarm | undefined
let desk: OutlookDesk | undefined
afterEach(async () => {
  if (farm && desk) await farm.clock.finish(desk.stop())
  await farm?.stop()
  farm = undefined
})

/** A desk over the real journal, whose models say what `said.now` is. */
async function newDesk(said: { now: FieldAnswer }, change: Partial<OutlookJournal> = {}) {
  if (!farm) {
    farm = await FieldFarm.open({ plots: [], startMs: today.nowMs })
    farm.journal.setTimeQuality('synchronised')
  }
  const { journal, clock } = farm
  const errors: unknown[] = []
  desk = new OutlookDesk({
    journal: {
      now: () => journal.now(),
      get timeQuality() {
        return journal.timeQuality
      },
      appendRecords: (bodies) => journal.appendRecords(bodies),
      records: (kind, options) => journal.records(kind, options),
      ...change,
    },
    clock,
    answer: () => said.now,
    ...{ plots: said.now.plots.length, everyS: 10_800, onError: (error) => errors.push(error) },
  })
  await clock.finish(desk.start())
  return { errors, advance: (ms: number) => clock.advance(ms) }
}

const written = async (): Promise<(OutlookEntry & RecordEntry)[]> => {
  const rows = (await farm?.clock.finish(farm.journal.records('outlook', { limit: 100 }))) ?? []
  return rows.map(({ entry }) => entry as OutlookEntry & RecordEntry).toReversed()
}
const plotOf = ({ plots }: FieldAnswer): PlotField => plots[0] as PlotField
const withPlot = (answer: FieldAnswer, change: Partial<PlotField>): FieldAnswer => ({
  ...answer,
  plots: [{ ...plotOf(answer), ...change }],
})
const newForecast = (answer: FieldAnswer, afterMs: number): FieldAnswer => ({
  ...answer,
  forecast: { ...answer.forecast, fetchedAt: (answer.forecast.fetchedAt ?? 0) + afterMs },
})

describe('what the province is told of a plot', () => {
  it('is told within a minute of the start, and again when it says something else, once in three hours', async () => {
    const said = { now: today }
    const { advance } = await newDesk(said)
    await advance(59 * SECOND)
    expect((await written()).map(({ plot }) => plot)).toEqual(['lo-a'])
    // Nothing new for half a day: a tenth of a degree is none, nor is an hour that is over.
    const { spray } = plotOf(today)
    const [window, ...windows] = spray.windows
    if (!spray.now || !window) throw new Error('the models are silent')
    expect(window.fromMs).toBeLessThanOrEqual(today.nowMs + HOUR)
    const now = { ...spray.now, deltaTC: (spray.now.deltaTC ?? 0) - 0.1 }
    const shorter = [{ ...window, fromMs: window.fromMs + HOUR }, ...windows]
    said.now = withPlot(
      { ...today, nowMs: today.nowMs + HOUR },
      { spray: { ...spray, now, windows: shorter } },
    )
    await advance(12 * HOUR)
    expect(await written()).toHaveLength(1)
    for (let at = 1; at <= 6; at++) {
      said.now = newForecast(today, at * HOUR)
      await advance(HOUR)
    }
    const times = (await written()).map(({ t }) => t)
    expect(times).toHaveLength(3)
    for (const [at, t] of times.slice(1).entries())
      expect(t - (times[at] ?? 0)).toBeGreaterThanOrEqual(3 * HOUR)
    expect((await written()).at(-1)?.forecast.fetchedAt).toBeGreaterThan(
      (today.forecast.fetchedAt ?? 0) + HOUR,
    )
  })

  it.each<[string, (answer: FieldAnswer) => FieldAnswer]>([
    ['a new day', (answer) => ({ ...answer, today: '2026-12-24' })],
    [
      'a forecast that is too old',
      (answer) => ({ ...answer, forecast: { ...answer.forecast, state: 'stale' } }),
    ],
    ['advice that is gone', (answer) => withPlot(answer, { advice: plotOf(answer).advice.slice(1) })],
    [
      'another verdict on spraying',
      (answer) => {
        const { spray } = plotOf(answer)
        return withPlot(answer, {
          spray: {
            ...spray,
            now: spray.now && { ...spray.now, verdict: spray.now.verdict === 'good' ? 'avoid' : 'good' },
          },
        })
      },
    ],
    [
      'a level of risk ahead',
      (answer) => {
        const { risks } = plotOf(answer)
        return withPlot(answer, {
          risks: risks.map((risk) => ({
            ...risk,
            ahead: risk.ahead.map((day) => ({ ...day, level: 'low' as const })),
          })),
        })
      },
    ],
    [
      'irrigation that is due',
      (answer) => {
        const { water } = plotOf(answer)
        return withPlot(answer, { water: { ...water, need: water.need && { ...water.need, dueInDays: 0 } } })
      },
    ],
  ])('is told anew for %s', async (_, change) => {
    const said = { now: today }
    const { advance } = await newDesk(said)
    await advance(59 * SECOND)
    said.now = change(today)
    await advance(3 * HOUR + 300 * SECOND)
    expect(await written()).toHaveLength(2)
  })

  it('is remembered across restarts: neither what was said nor how long ago it was is forgotten', async () => {
    const said = { now: today }
    await (await newDesk(said)).advance(59 * SECOND)
    await farm?.clock.finish(desk?.stop() as Promise<void>)
    await farm?.restart()
    farm?.journal.setTimeQuality('synchronised')
    said.now = newForecast(today, HOUR)
    const { advance } = await newDesk(said)
    await advance(2 * HOUR)
    expect(await written()).toHaveLength(1)
    await advance(HOUR + 300 * SECOND)
    expect(await written()).toHaveLength(2)
    await farm?.clock.finish(desk?.stop() as Promise<void>)
    await (await newDesk(said)).advance(6 * HOUR)
    expect(await written()).toHaveLength(2)
  })

  it('is nothing while nothing is known, or while nobody knows the time', async () => {
    const said = { now: { ...bare, nowMs: today.nowMs } }
    expect(isAnythingKnown(plotOf(bare))).toBe(false)
    const { advance } = await newDesk(said)
    await advance(4 * HOUR)
    expect(await written()).toEqual([])
    farm?.journal.setTimeQuality('unknown')
    said.now = today
    await advance(4 * HOUR)
    expect(await written()).toEqual([])
    farm?.journal.setTimeQuality('holdover')
    await advance(300 * SECOND)
    expect(await written()).toHaveLength(1)
  })

  it('waits a moment for a forecast that is on its way, and speaks within the minute without it', async () => {
    const waiting = {
      ...today,
      forecast: { state: 'waiting' as const, fetchedAt: null, throughMs: null, lastError: null },
    }
    const said = { now: waiting as FieldAnswer }
    const { advance } = await newDesk(said)
    await advance(45 * SECOND)
    expect(await written()).toEqual([])
    await advance(16 * SECOND)
    expect((await written()).map(({ forecast }) => forecast.state)).toEqual(['waiting'])
  })

  it('is tried again when the disk refused it, and the refusal is told', async () => {
    let refusals = 0
    const { errors, advance } = await newDesk(
      { now: today },
      {
        appendRecords: (bodies) =>
          refusals++ === 0
            ? Promise.reject(new Error('disk full'))
            : (farm as FieldFarm).journal.appendRecords(bodies),
      },
    )
    await advance(30 * SECOND)
    expect([errors.length, (await written()).length]).toEqual([1, 0])
    await advance(30 * SECOND)
    expect(await written()).toHaveLength(1)
  })

  it('comes at most every three hours, twelve on a metered line, and less often of many plots', () => {
    const everyS = (config: object) => outlookEveryS(agentConfigSchema.parse(config))
    const plots = (count: number) =>
      Array.from({ length: count }, (_, at) => ({ id: `p${at}`, name: 'x', crop: 'mango', areaHa: 1 }))
    expect(everyS({})).toBe(10_800)
    expect(everyS({ sync: { budget: { metered: true } } })).toBe(43_200)
    expect(everyS({ plots: plots(24) })).toBe(43_200)
    expect(everyS({ plots: plots(24), outlook: { everyS: 60 } })).toBe(60)
    expect(() => everyS({ outlook: { everyS: 1 } })).toThrow()
  })
})

describe('an outlook', () => {
  it('of a farm with every sensor takes some 10 kB, and is what the province reads', () => {
    const entry = outlookOf(today, plotOf(today), 10_800)
    expect(encodeEntry({ t: 0, boot: '0'.repeat(16), clock: 'synchronised', ...entry }).length).toBeLessThan(
      12_000,
    )
    expect(outlookShape.parse(entry)).toEqual(entry)
  })

  it('is cut to its bounds, whatever the models say', () => {
    const plot = plotOf(today)
    const many = <T>(list: readonly T[], count: number): T[] =>
      Array.from({ length: count }, (_, at) => list[at % list.length] as T)
    const long = 'dài '.repeat(500)
    const [risk] = plot.risks
    const [card] = plot.advice
    if (!risk || !card) throw new Error('the models are silent')
    const periods = many(
      risk.past.flatMap((day) => day.periods),
      40,
    )
    const much: PlotField = {
      ...plot,
      spray: {
        ...plot.spray,
        hours: many(plot.spray.hours, 2000),
        why: { ...plot.spray.why, notes: many([long], 99) },
      },
      water: { ...plot.water, days: many(plot.water.days, 400) },
      risks: many([{ ...risk, past: many(risk.past, 300).map((day) => ({ ...day, periods })) }], 40),
      warmth: { ...plot.warmth, days: many(plot.warmth.days, 400) },
      lighting: {
        ...plot.lighting,
        plan: plot.lighting.plan && { ...plot.lighting.plan, nights: many(plot.lighting.plan.nights, 400) },
      },
      advice: many([{ ...card, vi: long, en: long, evidence: many(card.evidence, 90) }], 90),
    }
    const entry = outlookOf(today, much, 10_800)
    const read = outlookShape.safeParse(entry)
    expect(read.error?.issues).toBeUndefined()
    expect(encodeEntry({ t: 0, boot: '0'.repeat(16), clock: 'synchronised', ...entry }).length).toBeLessThan(
      250_000,
    )
  })
})
