import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seriesHistory } from '../../gateway/insight/series-history.ts'
import { ProvinceStore } from './province-store.ts'
import { EVERYTHING } from './running-gateway.ts'
import { DAY, minutes, SignedBox, seriesEntry } from './signed-box.ts'

const HOUR = 3_600_000
const DAY_MS = 24 * HOUR
const YEAR_2021 = Date.UTC(2021, 0, 1)
const LOST = '00000000000000c1'
const { uuid } = seriesEntry(1)

const clock = (offsetMs: number, plusMinusMs: number, change: object = {}) => ({
  kind: 'clock',
  ofBoot: LOST,
  offsetMs,
  plusMinusMs,
  source: 'ntp',
  ...change,
})

async function enrolled() {
  const gateway = await ProvinceStore.open()
  const box = new SignedBox()
  await gateway.enrol(box)
  gateway.wallMs = DAY + 10 * DAY_MS
  return { gateway, box }
}

/** Times of what is charted around a moment, by every way in which a chart is answered. */
async function charted(gateway: ProvinceStore, around: number) {
  const ask = async (days: number, buckets: number) => {
    const question = { fromMs: around - days * DAY_MS, toMs: around + days * DAY_MS, buckets }
    const history = await seriesHistory(gateway.store.db, EVERYTHING, uuid, question)
    return history!.buckets.map(({ t, count }) => [t, count])
  }
  return { raw: await ask(2, 2000), hours: await ask(1, 48), days: await ask(2, 4) }
}

describe('readings of a boot that did not know the time', () => {
  it.each(['before', 'after'])('move to their true time when it is learnt %s they came', async (when) => {
    const { gateway, box } = await enrolled()
    const series = box.records(seriesEntry(1))
    const known = box.records(clock(DAY - YEAR_2021, 50))
    const readings = box.readings(minutes(1, 90, YEAR_2021), { boot: LOST, clock: 'unknown' })
    await gateway.take(series)
    for (const batch of when === 'before' ? [known, readings] : [readings, known]) await gateway.take(batch)
    const { raw, hours, days } = await charted(gateway, DAY)
    expect(raw).toEqual(minutes(1, 90).map(({ t }) => [t, 1]))
    expect(hours).toEqual([
      [DAY, 60],
      [DAY + HOUR, 30],
    ])
    expect(days).toEqual([[DAY, 90]])
    expect(await charted(gateway, YEAR_2021)).toEqual({ raw: [], hours: [], days: [] })
    expect(await gateway.rows('SELECT t FROM latest')).toEqual([{ t: DAY + 89 * 60_000 }])
  })

  it('appear when the guess was 1970, which no chart shows', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.records(seriesEntry(1)))
    await gateway.take(box.readings(minutes(1, 30, 5000), { boot: LOST, clock: 'unknown', step: 1 }))
    expect(await gateway.rows('SELECT t FROM latest')).toEqual([])
    await gateway.take(box.records(clock(DAY - 5000, 50)))
    expect((await charted(gateway, DAY)).days).toEqual([[DAY, 30]])
    expect(await gateway.rows('SELECT count(*) AS rows FROM latest')).toEqual([{ rows: 1 }])
  })

  it('disappear from the charts when what was believed proves impossible', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.records(seriesEntry(1)))
    await gateway.take(box.readings(minutes(1, 5, DAY - 20 * DAY_MS, 100)))
    await gateway.take(box.readings(minutes(1, 30), { boot: LOST, clock: 'unknown' }))
    await gateway.take(box.records(clock(200 * 365 * DAY_MS, 50)))
    expect(await charted(gateway, DAY)).toEqual({ raw: [], hours: [], days: [] })
    // The newest that is left, not the newest that was shown.
    expect(await gateway.rows('SELECT scaled FROM latest')).toEqual([{ scaled: 104 }])
  })

  it('follow the tightest answer, and of two equally tight ones the later', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.records(seriesEntry(1)))
    await gateway.take(box.readings(minutes(1, 10), { boot: LOST, clock: 'unknown' }))
    const shown = async () => (await charted(gateway, DAY)).raw[0]?.[0]
    for (const [offset, plusMinus, expected] of [
      [HOUR, 500, HOUR],
      [2 * HOUR, 900, HOUR],
      [3 * HOUR, 100, 3 * HOUR],
      [4 * HOUR, 100, 4 * HOUR],
    ] as const) {
      await gateway.take(box.records(clock(offset, plusMinus)))
      expect(await shown()).toBe(DAY + expected)
    }
  })

  it('are never moved by what is said of another boot, nor when their clock was known', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.records(seriesEntry(1)))
    await gateway.take(box.readings(minutes(1, 10)))
    await gateway.take(box.readings(minutes(1, 10, DAY + HOUR), { boot: LOST, clock: 'holdover' }))
    const before = await gateway.projections()
    await gateway.take(box.records(clock(HOUR, 1), clock(HOUR, 1, { ofBoot: '00000000000000c2' })))
    expect({ ...(await gateway.projections()), clock_offset: [] }).toEqual({ ...before, clock_offset: [] })
  })

  it('end in the same place whatever came first, live and in a rebuild', async () => {
    const batches = () => {
      const box = new SignedBox()
      const lost = { boot: LOST, clock: 'unknown' as const }
      return [
        box.records(seriesEntry(1), seriesEntry(2)),
        box.readings([...minutes(1, 40, YEAR_2021), ...minutes(2, 40, YEAR_2021)], lost),
        box.records(clock(DAY - YEAR_2021 - 7000, 900)),
        box.readings(minutes(1, 40, DAY + 30 * 60_000)),
        box.readings(minutes(1, 40, YEAR_2021 + 90 * 60_000), lost),
        box.records(clock(DAY - YEAR_2021, 50)),
        box.records(clock(DAY - YEAR_2021 + DAY_MS, 50, { ofBoot: '00000000000000c2' })),
        box.readings(minutes(2, 10, YEAR_2021), { boot: '00000000000000c2', clock: 'unknown' }),
      ]
    }
    const straight = await enrolled()
    for (const batch of batches()) await straight.gateway.take(batch)
    const expected = await straight.gateway.projections()
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 })
    await fc.assert(
      fc.asyncProperty(order, async (numbers) => {
        const { gateway } = await enrolled()
        const all = batches()
        for (const number of numbers) await gateway.take(all[number]!)
        expect(await gateway.projections()).toEqual(expected)
        await gateway.rebuild()
        expect(await gateway.projections()).toEqual(expected)
      }),
      { numRuns: 12 },
    )
  })
})
