import { describe, expect, it } from 'vitest'
import { SendingOrder } from '../../../agent/sync/sending-order.ts'

const batch = (from: number, to: number) => ({ lane: 'reading' as const, from, to })
const marks = (durableThrough: number) => ({ durableThrough, held: [], missing: [] })

describe('the order of sending', () => {
  it('takes a mark beyond a batch that was sent and whose answer never came', () => {
    const order = new SendingOrder()
    order.add('reading', batch(1, 10))
    order.add('reading', batch(11, 20))
    order.tried(batch(1, 10))
    // Cut three times, then it came there whole and its answer was lost: now it waits behind all others.
    for (let times = 0; times < 3; times++) order.refused(batch(1, 10))
    expect(order.next()).toMatchObject(batch(11, 20))
    order.tried(batch(11, 20))
    order.sent(batch(11, 20))
    expect(order.apply('reading', marks(20))).toEqual({ through: 20, again: 0 })
    expect(order.next() ?? order.stuck()).toBeUndefined()
  })

  it('does not take a mark beyond a batch that was never on its way: somebody else writes under its numbers', () => {
    const order = new SendingOrder()
    order.add('reading', batch(1, 10))
    order.add('reading', batch(11, 20))
    order.tried(batch(11, 20))
    order.sent(batch(11, 20))
    expect(order.apply('reading', marks(20))).toEqual({ through: 0, again: 1 })
    expect(order.isUnsent(batch(11, 20))).toBe(true)
  })

  it('takes an answer that is older than what is known for what it is', () => {
    const order = new SendingOrder()
    for (const each of [batch(1, 10), batch(11, 20), batch(21, 30)]) order.add('reading', each)
    const [first, second] = [batch(1, 10), batch(11, 20)]
    const asked = { batch: first, since: order.tried(first) }
    order.tried(second)
    // While both are on their way, neither is offered again.
    expect(order.next()).toMatchObject(batch(21, 30))
    order.sent(second)
    expect(order.apply('reading', { ...marks(0), held: [[11, 20]], missing: [[1, 10]] })).toMatchObject({
      again: 0,
    })
    // Given before the second came there, and held somewhere since.
    order.sent(first)
    expect(order.apply('reading', marks(10), asked)).toEqual({ through: 10, again: 0 })
    expect(order.isUnsent(second)).toBe(false)
    // The next answer is of now: what it does not name is not there.
    const third = batch(21, 30)
    const later = { batch: third, since: order.tried(third) }
    order.sent(third)
    expect(order.apply('reading', { ...marks(10), held: [[21, 30]], missing: [[11, 20]] }, later)).toEqual({
      ...{ through: 10, again: 1 },
    })
    expect(order.next()).toMatchObject(second)
  })

  it('does not take its own answer for an old one', () => {
    const order = new SendingOrder()
    order.add('reading', batch(1, 10))
    const asked = { batch: batch(1, 10), since: order.tried(batch(1, 10)) }
    order.sent(batch(1, 10))
    expect(order.apply('reading', marks(0), asked)).toEqual({ through: 0, again: 1 })
    expect(order.isUnsent(batch(1, 10))).toBe(true)
  })
})
