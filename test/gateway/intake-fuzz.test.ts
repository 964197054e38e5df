import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '#contract/ground/bytes.ts'
import { encodeSegments } from '#contract/wire/columns-codec.ts'
import { RunningGateway } from './running-gateway.ts'
import { BOOT, minutes, seriesEntry } from './signed-box.ts'

const { withBox } = RunningGateway

describe('two thousand mutations of a good batch', () => {
  it('are answered with 2xx or 4xx, and leave the store as it was or with the good batch', async () => {
    const { province, box } = await withBox()
    await province.take(box.records(seriesEntry(1)))
    const good = box.readings(minutes(1, 30))
    const empty = await province.stored()
    let whole: string | undefined
    const mutation = fc.oneof(
      fc.record({ kind: fc.constant('flip'), at: fc.nat(), bits: fc.integer({ min: 1, max: 255 }) }),
      fc.record({ kind: fc.constant('cut'), at: fc.nat() }),
      fc.record({ kind: fc.constant('insert'), at: fc.nat(), bytes: fc.uint8Array({ maxLength: 20 }) }),
      fc.record({ kind: fc.constant('drop'), at: fc.nat(), count: fc.integer({ min: 1, max: 40 }) }),
      fc.record({
        kind: fc.constant('copy'),
        at: fc.nat(),
        from: fc.nat(),
        count: fc.integer({ min: 1, max: 40 }),
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        const bytes = mutations.reduce((before, each) => mutate(before, each as Mutation), good.bytes)
        const answer = await province.send({ bytes })
        expect(answer.statusCode).toBeGreaterThanOrEqual(200)
        expect(answer.statusCode).toBeLessThan(500)
        expect([2, 4]).toContain(Math.floor(answer.statusCode / 100))
        if (answer.statusCode < 300) {
          expect(toHex(bytes)).toBe(toHex(good.bytes))
          whole ??= await province.stored()
        }
      }),
      { numRuns: 2000 },
    )
    expect(await province.stored()).toBe(whole ?? empty)
    expect((await province.take(good)).lanes.reading.durableThrough).toBe(30)
  })

  it('that the box itself signed are never a failure of the gateway', async () => {
    const { province, box } = await withBox()
    await province.take(box.records(seriesEntry(1)))
    const body = encodeSegments([{ boot: BOOT, clock: 'unknown', readings: minutes(1, 30) }], () => 1000)
    let sent = 1
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('record', 'finding', 'reading'),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        fc.uint8Array({ maxLength: 12 }),
        async (lane, at, byte, tail) => {
          const bent = new Uint8Array([...body.with(at % body.length, byte), ...tail])
          const batch = box.seal(lane, bent, 30)
          expect((await province.send(batch)).statusCode).toBe(200)
          sent++
        },
      ),
      { numRuns: 300 },
    )
    expect(await province.rows(`SELECT arrival FROM log_batch WHERE agent = '${box.agent}'`)).toHaveLength(
      sent,
    )
    const live = await province.stored()
    await province.gateway.rebuild()
    expect(await province.stored()).toBe(live)
  })
})

interface Mutation {
  kind: 'flip' | 'cut' | 'insert' | 'drop' | 'copy'
  at: number
  bits: number
  from: number
  count: number
  bytes: Uint8Array
}

function mutate(before: Uint8Array, { kind, at, bits, from, count, bytes }: Mutation): Uint8Array {
  const place = before.length === 0 ? 0 : at % before.length
  switch (kind) {
    case 'flip':
      return before.length === 0 ? before : before.with(place, before[place]! ^ bits)
    case 'cut':
      return before.slice(0, place)
    case 'insert':
      return new Uint8Array([...before.slice(0, place), ...bytes, ...before.slice(place)])
    case 'drop':
      return new Uint8Array([...before.slice(0, place), ...before.slice(place + count)])
    case 'copy': {
      const start = before.length === 0 ? 0 : from % before.length
      return new Uint8Array([
        ...before.slice(0, place),
        ...before.slice(start, start + count),
        ...before.slice(place + count),
      ])
    }
  }
}
