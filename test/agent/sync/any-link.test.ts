import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { LinkRequest } from '../../../agent/sync/link.ts'
import { BAD_LINK, GOOD_LINK } from '../../world/pretend-link.ts'
import { seedFromEnvironment } from '../../world/seeded.ts'
import {
  Box,
  expectGrowing,
  expectSealedOnce,
  html,
  json,
  minutes,
  onlyMeasured,
  Province,
  seconds,
} from './sync-room.ts'

/**
 * Whatever the link does (delays, losses of request or answer, repeats, late repeats out of order, cuts, portals,
 * overload) and whatever the box does meanwhile (restarts, power cuts): when it is good again, everything that was
 * acknowledged at the farm is at the province once, and the marks only ever grew.
 */
type Happening =
  | { readonly kind: 'measure'; readonly count: number }
  | { readonly kind: 'register' | 'wake' | 'restart' | 'cut-power' | 'gateway-restarts' | 'late-repeat' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'link'; readonly state: 'good' | 'bad' | 'down' | 'portal' | 'overload' }

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('measure' as const), count: fc.integer({ min: 1, max: 60 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'measure' as const, count: 4500 }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: minutes(4) }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('link' as const),
      state: fc.constantFrom(
        'good' as const,
        'bad' as const,
        'bad' as const,
        'down' as const,
        'portal' as const,
        'overload' as const,
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('register' as const, 'wake' as const, 'late-repeat' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('restart' as const, 'cut-power' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('gateway-restarts' as const) }) },
)

async function happen(box: Box, province: Province, what: Happening): Promise<void> {
  switch (what.kind) {
    case 'measure':
      return box.measure(what.count)
    case 'register':
      await box.register()
      return
    case 'wake':
      return box.uplink.wake()
    case 'wait':
      return box.clock.advance(what.ms)
    case 'restart':
      return box.restart()
    case 'cut-power':
      return box.cutPower()
    case 'gateway-restarts':
      return province.restart()
    case 'late-repeat': {
      // A batch of long ago arrives once more, by whatever way it took.
      const bodies = box.batchRequests
      const body = bodies[Math.floor(province.random() * bodies.length)]
      if (body) await province.handle(batchRequest(body))
      return
    }
    case 'link':
      box.pretendLink.faults = {
        ...(what.state === 'bad' ? BAD_LINK : GOOD_LINK),
        isUp: what.state !== 'down',
      }
      box.interfere =
        what.state === 'portal'
          ? () => html(200)
          : what.state === 'overload'
            ? () => json(429, {}, { 'retry-after': '30' })
            : () => undefined
  }
}

const batchRequest = (body: Uint8Array): LinkRequest => ({
  method: 'POST',
  path: '/sync/v1/batches',
  headers: { 'content-type': 'application/vnd.vuon.batch' },
  body,
})

it('brings everything to the province once, over any link', async () => {
  const seed = seedFromEnvironment()
  console.log(`any-link: VUON_SEED=${seed}`)
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { minLength: 5, maxLength: 40 }),
      fc.integer({ min: 1, max: 1e6 }),
      async (happenings, chance) => {
        const province = await Province.open(chance)
        const box = await Box.open(province)
        await expectGrowing(box, happenings, (what) => happen(box, province, what))
        await happen(box, province, { kind: 'link', state: 'good' })
        await box.clock.advance(seconds(10))
        expect(await box.drained()).toBe(true)
        const names = onlyMeasured(await province.names(box.agent))
        expect(names).toEqual(onlyMeasured(box.acked))
        expect(await province.charted(box.agent)).toBe(
          box.acked.filter((name) => name.startsWith('r')).length,
        )
        expect(box.equivocations).toBe(0)
        expectSealedOnce(box)
        await box.stop()
      },
    ),
    { numRuns: 25, seed },
  )
}, 180_000)
