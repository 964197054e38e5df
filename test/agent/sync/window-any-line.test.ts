import fc from 'fast-check'
import { expect, it } from 'vitest'
import { seedFromEnvironment } from '../../world/seeded.ts'
import { backlogOn, expectComplete, type SharedLine, type SharedLineFaults } from './shared-line.ts'
import { type Box, expectGrowing, expectSealedOnce, minutes, seconds } from './sync-room.ts'

const faults: fc.Arbitrary<SharedLineFaults> = fc.record({
  isUp: fc.constantFrom(true, true, true, true, false),
  bytesPerSecond: fc.constantFrom(1200, 8000, 8000, 100_000),
  latencyMs: fc.constantFrom(5, 150, 700),
  cutBody: fc.constantFrom(0, 0, 0.15),
  loseRequest: fc.constantFrom(0, 0, 0.15),
  loseAnswer: fc.constantFrom(0, 0.1, 0.2),
  lateAnswerMs: fc.constantFrom(0, 2500),
})
/** What each run begins with: slow, far, and every other exchange goes wrong in one way or another. */
const BAD_LINE: SharedLineFaults = {
  ...{ isUp: true, bytesPerSecond: 4000, latencyMs: 300 },
  ...{ cutBody: 0.2, loseRequest: 0.3, loseAnswer: 0.15, lateAnswerMs: 2500 },
}
type Step =
  | { readonly kind: 'line'; readonly faults: SharedLineFaults }
  | { readonly kind: 'measure'; readonly count: number }
  | { readonly kind: 'register' | 'restart' | 'cut-power' }
  | { readonly kind: 'wait'; readonly ms: number }
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('line' as const), faults }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('measure' as const),
      count: fc.integer({ min: 1, max: 12_000 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 100, max: 20_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('register' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('restart' as const, 'cut-power' as const) }) },
)

async function take(box: Box, line: SharedLine, each: Step): Promise<void> {
  switch (each.kind) {
    case 'line':
      line.faults = each.faults
      return
    case 'measure':
      return box.measure(each.count, { isUneven: true })
    case 'register':
      await box.register()
      return
    case 'wait':
      return box.clock.advance(each.ms)
    case 'restart':
      return box.restart()
    case 'cut-power':
      return box.cutPower()
  }
}

it('loses nothing, doubles nothing and keeps every lane in order with two bodies on their way, over any line', async () => {
  const seed = seedFromEnvironment()
  console.log(`window-any-line: VUON_SEED=${seed}`)
  const seen = { runs: 0, wide: 0, overtaken: 0, resent: 0 }
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 20 }),
      fc.integer({ min: 1, max: 1e6 }),
      async (steps, chance) => {
        const { province, box, line } = await backlogOn({ seed: chance })
        line.faults = BAD_LINE
        // It tries at once, and not only when its rest is over.
        await box.restart()
        await box.clock.advance(minutes(3))
        await expectGrowing(box, steps, (each) => take(box, line, each))
        const { cutBody, loseRequest, loseAnswer, lateAnswerMs } = line.faults
        line.faults = {
          ...line.faults,
          isUp: true,
          cutBody: 0,
          loseRequest: 0,
          loseAnswer: 0,
          lateAnswerMs: 0,
        }
        await box.clock.advance(seconds(10))
        expect(await box.drained(), JSON.stringify({ cutBody, loseRequest, loseAnswer, lateAnswerMs })).toBe(
          true,
        )
        await expectComplete(province, box)
        // Never more than what is bounded, and of records one after the other.
        expect(line.most.reading).toBeLessThanOrEqual(2)
        expect(line.most.record).toBeLessThanOrEqual(1)
        expectSealedOnce(box)
        seen.runs++
        seen.wide += line.most.reading === 2 ? 1 : 0
        seen.overtaken += line.overtaken
        seen.resent +=
          line.batches.length - new Set(line.batches.map(({ lane, from }) => `${lane} ${from}`)).size
        await box.stop()
      },
    ),
    { numRuns: 5, seed },
  )
  console.log(`window-any-line: ${JSON.stringify(seen)}`)
  // The test has met what it is about.
  expect(seen.wide).toBeGreaterThan(0)
  expect(seen.resent).toBeGreaterThan(0)
}, 180_000)
