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
})
