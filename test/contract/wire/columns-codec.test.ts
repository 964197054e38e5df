import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TimeQuality } from '#contract/ground/clock.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { MAX_BODY_BYTES } from '#contract/wire/batch.ts'
import { decodeSegments, encodeSegments, MAX_SCALED } from '#contract/wire/columns-codec.ts'
import type { Reading, ReadingSegment } from '#contract/wire/records.ts'
import { VarintWriter } from '#contract/wire/varint.ts'
import { peakGrowthBytes, readOrRefuse, wounded } from './mutations.ts'

const DAY = Date.UTC(2026, 10, 23)
const STEPS = [1, 7, 1000, 60_000]
const stepOf = (seriesNo: number): number => STEPS[seriesNo % STEPS.length] as number

const boot = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const clock = fc.constantFrom<TimeQuality>('synchronised', 'holdover', 'unknown')
const wallT = fc.oneof(
  fc.integer({ min: DAY, max: DAY + 86_400_000 }),
  fc.integer({ min: -(2 ** 49), max: 2 ** 49 }),
)
const reading: fc.Arbitrary<Reading> = fc
  .record({
    seriesNo: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 2 ** 31 })),
    t: wallT,
    scaled: fc.oneof(
      fc.integer({ min: -1000, max: 1000 }),
      fc.integer({ min: -MAX_SCALED, max: MAX_SCALED }),
    ),
    quality: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 63 }), fc.constant(0xffff)),
    sourceT: fc.option(wallT, { nil: undefined }),
  })
  .map(({ sourceT, ...rest }) => (sourceT === undefined ? rest : { ...rest, sourceT }))
const segment: fc.Arbitrary<ReadingSegment> = fc.record({
  boot,
  clock,
  readings: fc.array(reading, { maxLength: 60 }),
})

/** What a reader gets: readings by (series, arrival), times to their step, everything else to the digit. */
function canonical(segments: readonly ReadingSegment[], step: (no: number) => number): ReadingSegment[] {
  return segments.map((each) => ({
    ...each,
    readings: each.readings
      .map((one, index) => ({ one, index }))
      .sort((a, b) => a.one.seriesNo - b.one.seriesNo || a.index - b.index)
      .map(({ one }) => ({ ...one, t: Math.round(one.t / step(one.seriesNo)) * step(one.seriesNo) + 0 })),
  }))
}

describe('columns-1', () => {
  test('any segments of any boots come back, in canonical order, times to their step', () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 4 }), (segments) => {
        const body = encodeSegments(segments, stepOf)
        const read = decodeSegments(body)
        expect(read).toEqual(canonical(segments, stepOf))
        expect(encodeSegments(read, stepOf)).toEqual(body)
      }),
      { numRuns: 500 },
    )
  })

  test('the order in which series are mixed changes nothing, the order within a series is kept', () => {
    const one = (seriesNo: number, scaled: number): Reading => ({ seriesNo, t: DAY, scaled, quality: 0 })
    const body = (readings: Reading[]) =>
      encodeSegments([{ boot: '00'.repeat(8), clock: 'holdover', readings }], () => 1)
    expect(body([one(2, 1), one(1, 5), one(2, 0)])).toEqual(body([one(1, 5), one(2, 1), one(2, 0)]))
    expect(body([one(2, 0), one(2, 1)])).not.toEqual(body([one(2, 1), one(2, 0)]))
  })

  test('a wounded body is refused or read, quickly, and what is read can be encoded again with any step', () => {
    const valid = fc
      .sample(fc.array(segment, { minLength: 1, maxLength: 3 }), { numRuns: 40, seed: 7 })
      .map((segments) => encodeSegments(segments, stepOf))
    let taken = 0
    fc.assert(
      fc.property(wounded(valid), fc.constantFrom(1, 1000, 86_400_000), (bytes, step) => {
        const read = readOrRefuse(() => decodeSegments(bytes))
        if (read === undefined) return
        taken++
        expect(decodeSegments(encodeSegments(read, () => step)).length).toBe(read.length)
      }),
      { numRuns: 20_000 },
    )
    expect(taken).toBeGreaterThan(100)
  })

  test('at the edge of time, a coarser step rounds towards what a reader takes', () => {
    const readings = [{ seriesNo: 1, t: 2 ** 50, scaled: -MAX_SCALED, quality: 0, sourceT: -(2 ** 50) }]
    const read = decodeSegments(
      encodeSegments([{ boot: 'ab'.repeat(8), clock: 'unknown', readings }], () => 1),
    )
    expect(read[0]?.readings).toEqual(readings)
    expect(() => decodeSegments(encodeSegments(read, () => 86_400_000))).not.toThrow()
  })

  describe('a sender who promises more than there is', () => {
    const head = (count: number): Uint8Array => {
      const out = new VarintWriter()
      out.byte(1)
      out.unsigned(1)
      out.bytes(new Uint8Array(8))
      out.byte(0)
      out.unsigned(1)
      out.unsigned(1)
      out.unsigned(count)
      out.unsigned(1000)
      return out.finish()
    }

    test('gets no memory for 2^40 readings', () => {
      const grown = peakGrowthBytes(() => {
        for (const count of [2 ** 31, 2 ** 40, 2 ** 53])
          expect(() => decodeSegments(head(count))).toThrow(
            expect.objectContaining({ code: 'batch-malformed' }),
          )
      })
      expect(grown).toBeLessThan(64 * 1024 * 1024)
    })

    test('is refused for eight megabytes of zeros, which deflate to nothing, before they become objects', () => {
      const start = head(4_000_000)
      const body = new Uint8Array(MAX_BODY_BYTES)
      body.set(start)
      expect(deflateRawSync(body).length).toBeLessThan(10_000)
      const grown = peakGrowthBytes(() =>
        expect(() => decodeSegments(body)).toThrow(expect.objectContaining({ code: 'batch-too-large' })),
      )
      expect(grown).toBeLessThan(64 * 1024 * 1024)
    })
  })

  test.each([
    { minutes: 15, atMost: 1.3 },
    { minutes: 60, atMost: 0.9 },
  ])(
    'twenty probes a minute, jittered, take at most $atMost bytes a reading in $minutes minutes',
    ({ minutes, atMost }) => {
      const sizes = Array.from({ length: 24 }, (_, index) => {
        const readings = farm(minutes, DAY + index * minutes * 60_000, index + 1)
        const body = encodeSegments(
          [{ boot: '00000000000000b1', clock: 'synchronised', readings }],
          () => 1000,
        )
        return compression.deflate(body).length / readings.length
      })
      const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length
      console.log(`columns-1, ${minutes} min × 20 series: ${mean.toFixed(3)} bytes a reading`)
      expect(mean).toBeLessThan(atMost)
      expect(mean).toBeGreaterThan(0.3)
    },
  )
})

/**
 * Twenty series once a minute, ±300 ms: five each of air temperature (0.1 °C), humidity (1 %), soil moisture (0.1 %)
 * and light or power, which moves more; a slow day's curve with a little noise.
 */
function farm(minutes: number, fromT: number, seed: number): Reading[] {
  let state = seed >>> 0
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const readings: Reading[] = []
  const level = Array.from({ length: 20 }, () => random() * 300 + 200)
  for (let minute = 0; minute < minutes; minute++) {
    for (let no = 1; no <= 20; no++) {
      const kind = no % 4
      const step = kind === 3 ? 3 : kind === 2 ? 0.4 : 0.8
      level[no - 1] = (level[no - 1] ?? 0) + (random() - 0.5) * step * 2
      const t = fromT + minute * 60_000 + no * 137 + Math.round((random() - 0.5) * 600)
      readings.push({ seriesNo: no, t, scaled: Math.round(level[no - 1] ?? 0), quality: 0 })
    }
  }
  return readings
}
