import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LinePace, type PacedBody } from '../../../agent/sync/line-pace.ts'

interface OnLine {
  readonly body: PacedBody
  leftBytes: number
  answerAtMs: number
}
const HEAD = 200

/**
 * Bodies of 8 KiB over a line of so many bytes a second, the next one each time when the pace says that the line is free.
 * `isShared`: what is on the line at one time shares it evenly, as connections do; otherwise one goes after the other.
 */
function drain(line: { bytesPerSecond: number; besideMs: number; isShared: boolean; bodies: number }) {
  const pace = new LinePace()
  const stepMs = 1
  let nowMs = 0
  let onLine: OnLine[] = []
  let carriedMs = 0
  let deepest = 0
  let left = line.bodies
  // A question first: it is from small ones that the way itself is known.
  const question = pace.begin(0, 0)
  nowMs = line.besideMs + (HEAD / line.bytesPerSecond) * 1000
  pace.answered(question, nowMs)
  const beganMs = nowMs
  while (left > 0 || onLine.length > 0) {
    if (left > 0 && onLine.length < 2 && nowMs >= pace.freeAtMs) {
      left--
      onLine.push({
        body: pace.begin(8192, nowMs),
        leftBytes: 8192 + HEAD,
        answerAtMs: Number.POSITIVE_INFINITY,
      })
    }
    const carried = onLine.filter(({ leftBytes }) => leftBytes > 0)
    deepest = Math.max(
      deepest,
      carried.reduce((sum, { leftBytes }) => sum + leftBytes, 0),
    )
    const share = line.isShared ? carried : carried.slice(0, 1)
    for (const each of share) {
      each.leftBytes -= (line.bytesPerSecond * stepMs) / 1000 / share.length
      if (each.leftBytes <= 0) each.answerAtMs = nowMs + stepMs + line.besideMs
    }
    if (carried.length > 0) carriedMs += stepMs
    nowMs += stepMs
    for (const each of onLine.filter(({ answerAtMs }) => answerAtMs <= nowMs)) pace.answered(each.body, nowMs)
    onLine = onLine.filter(({ answerAtMs }) => answerAtMs > nowMs)
  }
  return { tookMs: nowMs - beganMs, carriedMs, deepest }
}

describe('the pace of a line', () => {
  it('knows nothing of a large body before one was answered', () => {
    const pace = new LinePace()
    expect(pace.freeAtMs).toBe(Number.NEGATIVE_INFINITY)
    const body = pace.begin(8192, 0)
    expect(pace.freeAtMs).toBe(Number.POSITIVE_INFINITY)
    pace.answered(body, 1000)
    pace.begin(8192, 1000)
    expect(pace.freeAtMs).toBeCloseTo(2000, 0)
    const cut = pace.begin(8192, 1500)
    pace.lost(cut)
    expect(pace.freeAtMs).toBe(Number.POSITIVE_INFINITY)
  })

  it('keeps any line busy after the first body, and never lays up more than a body and a quarter on it', () => {
    fc.assert(
      fc.property(
        fc.record({
          bytesPerSecond: fc.integer({ min: 1000, max: 30_000 }),
          // An answer that is awaited for longer than a body takes would need a third one on its way.
          besideShare: fc.double({ min: 0.02, max: 0.9, noNaN: true }),
          isShared: fc.boolean(),
        }),
        ({ bytesPerSecond, besideShare, isShared }) => {
          const bodyMs = ((8192 + HEAD) / bytesPerSecond) * 1000
          const besideMs = besideShare * bodyMs
          const { tookMs, carriedMs, deepest } = drain({ bytesPerSecond, besideMs, isShared, bodies: 12 })
          // Two answers are waited for: to the first body and to the last.
          expect(tookMs - carriedMs - 2 * besideMs).toBeLessThan(0.05 * tookMs + 20)
          expect(deepest).toBeLessThan(1.25 * (8192 + HEAD))
        },
      ),
      { numRuns: 60 },
    )
  })
})
