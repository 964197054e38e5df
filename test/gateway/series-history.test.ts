import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Reading } from '#contract/wire/records.ts'
import type { SeriesHistory } from '../../gateway/insight/answers.ts'
import { type HistoryQuestion, seriesHistory } from '../../gateway/insight/series-history.ts'
import { ProvinceStore } from './province-store.ts'
import { EVERYTHING } from './running-gateway.ts'
import { DAY, minutes, SignedBox, seriesEntry } from './signed-box.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY_MS = 24 * HOUR
const { uuid } = seriesEntry(1)
const RESOLUTION = 0.1

async function measured(...batches: (readonly Reading[])[]): Promise<ProvinceStore> {
  const gateway = await ProvinceStore.open()
  gateway.wallMs = DAY + 40 * DAY_MS
  const box = new SignedBox()
  await gateway.enrol(box)
  await gateway.take(box.records(seriesEntry(1, { resolution: RESOLUTION })))
  for (const readings of batches) if (readings.length > 0) await gateway.take(box.readings(readings))
  return gateway
}

async function ask(gateway: ProvinceStore, question: HistoryQuestion): Promise<SeriesHistory> {
  const history = await seriesHistory(gateway.store.db, EVERYTHING, uuid, question)
  if (!history) throw new Error('no such series')
  return history
}

/** What all buckets together say. */
const whole = ({ buckets }: SeriesHistory) => ({
  count: buckets.reduce((sum, { count }) => sum + count, 0),
  min: Math.min(...buckets.map(({ min }) => min)),
  max: Math.max(...buckets.map(({ max }) => max)),
  mean: Number(
    (
      buckets.reduce((sum, { mean, count }) => sum + mean * count, 0) /
      buckets.reduce((sum, { count }) => sum + count, 0)
    ).toFixed(6),
  ),
  quality: buckets.reduce((flags, { quality }) => flags | quality, 0),
})

// Eight days of readings at any minute, cut into batches anywhere.
const reading = fc.record({
  seriesNo: fc.constant(1),
  t: fc.integer({ min: 0, max: 8 * 24 * 60 - 1 }).map((minute) => DAY + minute * MINUTE),
  scaled: fc.integer({ min: -500, max: 2000 }),
  quality: fc.constantFrom(0, 0, 0, 1, 2, 16),
})
const span = { fromMs: DAY, toMs: DAY + 8 * DAY_MS }

describe('the history of a series', () => {
  it('says the same raw, in buckets, by the hour and by the day', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(reading, { minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 4 }),
        async (batches) => {
          const gateway = await measured(...batches)
          const all = batches.flat()
          const values = all.map(({ scaled }) => Number((scaled * RESOLUTION).toPrecision(12)))
          const expected = {
            count: all.length,
            min: Math.min(...values),
            max: Math.max(...values),
            mean: Number((values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(6)),
            quality: all.reduce((flags, { quality }) => flags | quality, 0),
          }
          const raw = await ask(gateway, { ...span, buckets: 2000 })
          expect([raw.isRaw, whole(raw)]).toEqual([true, expected])
          // 8 days in 7 buckets are more than a day each: daily sums; in 100, hourly; both only where raw are too many.
          for (const buckets of [200, 100, 8, 7, 1]) {
            const history = await ask(gateway, { ...span, buckets })
            expect(whole(history), `${buckets} buckets`).toEqual(expected)
            if (all.length > buckets) expect(history.isRaw).toBe(false)
          }
        },
      ),
      { numRuns: 25 },
    )
  })

  it('keeps the lowest and the highest value of every bucket', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(reading, { minLength: 1, maxLength: 150 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 0, max: 5 * DAY_MS }),
        fc.integer({ min: 1, max: 2 * DAY_MS }),
        async (readings, buckets, offset, lengthMs) => {
          const gateway = await measured(readings)
          const fromMs = DAY + offset
          const toMs = fromMs + lengthMs
          const history = await ask(gateway, { fromMs, toMs, buckets })
          expect(history.buckets.length).toBeLessThanOrEqual(buckets + 1)
          for (const bucket of history.buckets) {
            const inside = readings.filter(({ t }) =>
              history.isRaw
                ? t === bucket.t
                : t >= bucket.t && t < Math.min(bucket.t + history.bucketMs, toMs) && t >= fromMs,
            )
            const values = inside.map(({ scaled }) => Number((scaled * RESOLUTION).toPrecision(12)))
            if (history.isRaw) expect(values).toContain(bucket.mean)
            else
              expect([bucket.min, bucket.max, bucket.count]).toEqual([
                Math.min(...values),
                Math.max(...values),
                values.length,
              ])
          }
          const asked = readings.filter(({ t }) => t >= fromMs && t < toMs)
          expect(whole(history).count).toBe(asked.length)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('shows a gap as buckets that are not there', async () => {
    const gateway = await measured(minutes(1, 60, DAY), minutes(1, 60, DAY + 5 * HOUR))
    const { buckets, isRaw, bucketMs } = await ask(gateway, {
      fromMs: DAY,
      toMs: DAY + 6 * HOUR,
      buckets: 36,
    })
    expect([isRaw, bucketMs]).toEqual([false, 10 * MINUTE])
    expect(buckets.map(({ t }) => (t - DAY) / (10 * MINUTE))).toEqual([
      0, 1, 2, 3, 4, 5, 30, 31, 32, 33, 34, 35,
    ])
    expect(await ask(gateway, { fromMs: DAY + HOUR, toMs: DAY + 5 * HOUR, buckets: 100 })).toMatchObject({
      buckets: [],
    })
  })

  it('by the hour begins with the hour that the question begins in, and with no hour before it', async () => {
    // Three weeks of a reading a minute: more than buckets, and hours are what is asked for.
    const gateway = await measured(
      ...Array.from({ length: 21 }, (_, day) => minutes(1, 1440, DAY + day * DAY_MS)),
    )
    const aligned = await ask(gateway, { fromMs: DAY + DAY_MS, toMs: DAY + 2 * DAY_MS, buckets: 24 })
    expect(aligned.buckets).toHaveLength(24)
    expect(aligned.buckets[0]).toMatchObject({ t: DAY + DAY_MS, count: 60 })
    const between = await ask(gateway, { fromMs: DAY + DAY_MS + 1, toMs: DAY + 2 * DAY_MS, buckets: 23 })
    // The reading at midnight itself is before the question.
    expect(between.buckets[0]).toMatchObject({ t: DAY + DAY_MS, count: 119 })
  })

  it('never shows a date in 1970 or 2120, however it is asked', async () => {
    const strange = [0, Date.UTC(2120, 0, 1), -5000].flatMap((t) => minutes(1, 3, t))
    const gateway = await measured([...minutes(1, 3), ...strange])
    for (const buckets of [1, 100])
      for (const question of [
        { fromMs: 0, toMs: 8.64e15 },
        { fromMs: 0, toMs: HOUR },
        { fromMs: Date.UTC(2119, 0, 1), toMs: Date.UTC(2121, 0, 1) },
      ]) {
        const { buckets: shown } = await ask(gateway, { ...question, buckets })
        const count = shown.reduce((sum, bucket) => sum + bucket.count, 0)
        expect(count).toBe(question.fromMs === 0 && question.toMs > DAY ? 3 : 0)
      }
  })

  it('of a year at one reading a minute comes from daily sums, in bounded buckets', async () => {
    const gateway = await measured(
      ...Array.from({ length: 35 }, (_, day) => minutes(1, 1440, DAY + day * DAY_MS)),
    )
    const history = await ask(gateway, { fromMs: DAY, toMs: DAY + 35 * DAY_MS, buckets: 35 })
    expect(history.buckets.map(({ count }) => count)).toEqual(Array(35).fill(1440))
    expect(history.bucketMs).toBe(DAY_MS)
  })

  it('is asked of the store as one series when a replacement box goes on with it', async () => {
    const gateway = await measured(minutes(1, 30))
    const replacement = new SignedBox(2)
    await gateway.enrol(replacement, 'f1', 'B0X2')
    await gateway.take(replacement.records(seriesEntry(1, { resolution: RESOLUTION })))
    await gateway.take(replacement.readings(minutes(1, 30, DAY + HOUR, 900)))
    const { buckets, series } = await ask(gateway, { fromMs: DAY, toMs: DAY + 2 * HOUR, buckets: 100 })
    expect(buckets).toHaveLength(60)
    expect(series.last).toMatchObject({ t: DAY + HOUR + 29 * MINUTE, value: 90.1 })
  })
})
