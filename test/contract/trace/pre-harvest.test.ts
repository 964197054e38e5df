import { describe, expect, it } from 'vitest'
import { preHarvest, type Treatment } from '#contract/trace/pre-harvest.ts'

const treated = (appliedOn: string, phiDays?: number, product = 'x'): Treatment => ({
  activityId: `${appliedOn} ${product}`,
  appliedOn,
  phiDays,
  product,
})

describe('the pre-harvest rule', () => {
  it('closes the harvest for as many days as the label says, counted from the day of treatment', () => {
    const seven = [treated('2026-11-01', 7)]
    expect(preHarvest(seven, '2026-11-07')).toMatchObject({ verdict: 'inside', allowedFrom: '2026-11-08' })
    expect(preHarvest(seven, '2026-11-08')).toMatchObject({ verdict: 'clear', allowedFrom: '2026-11-08' })
    expect(preHarvest([treated('2026-11-08', 0)], '2026-11-08').verdict).toBe('clear')
  })

  it('lets no earlier short interval hide a later long one', () => {
    const answer = preHarvest([treated('2026-11-05', 3), treated('2026-10-20', 30, 'y')], '2026-11-10')
    expect(answer.verdict).toBe('inside')
    expect(answer.because.map(({ product }) => product)).toEqual(['y'])
    expect(answer.allowedFrom).toBe('2026-11-19')
  })

  it('takes a missing interval for unknown, and no treatment for unlogged, never for clear', () => {
    expect(preHarvest([treated('2026-11-01'), treated('2026-10-01', 7)], '2026-11-20').verdict).toBe(
      'unknown',
    )
    expect(preHarvest([], '2026-11-20').verdict).toBe('unlogged')
    expect(preHarvest([treated('2026-11-21', 7)], '2026-11-20').verdict).toBe('unlogged')
    expect(preHarvest([treated('2026-11-01', 7.5)], '2026-11-20').verdict).toBe('unknown')
  })

  it('counts over the end of a month and of a leap February', () => {
    expect(preHarvest([treated('2028-02-25', 5)], '2028-02-29').verdict).toBe('inside')
    expect(preHarvest([treated('2028-02-25', 5)], '2028-03-01').verdict).toBe('clear')
  })
})
