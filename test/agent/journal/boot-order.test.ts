import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inOrderOfBoots } from '../../../agent/journal/boot-order.ts'

describe('the order of boots', () => {
  it('is known from other series where a boot did not read the first', () => {
    expect(
      inOrderOfBoots([
        ['a', 'c'],
        ['a', 'b', 'c'],
        ['c', 'd'],
      ]),
    ).toEqual(['a', 'b', 'c', 'd'])
    expect(inOrderOfBoots([['b'], ['a', 'b']])).toEqual(['a', 'b'])
    expect(inOrderOfBoots([])).toEqual([])
  })

  it('names each once even where series disagree', () => {
    expect(
      inOrderOfBoots([
        ['a', 'b'],
        ['b', 'a'],
        ['b', 'c'],
      ]).sort(),
    ).toEqual(['a', 'b', 'c'])
  })

  it('is that of every series, whichever boots each has', () => {
    const boots = fc
      .array(fc.nat(99), { minLength: 1, maxLength: 12 })
      .map((all) => [...new Set(all)].map(String))
    fc.assert(
      fc.property(boots, fc.array(fc.array(fc.boolean(), { minLength: 12, maxLength: 12 })), (all, picks) => {
        const seen = picks.map((pick) => all.filter((_boot, index) => pick[index]))
        const order = inOrderOfBoots(seen)
        expect([...order].sort()).toEqual([...new Set(seen.flat())].sort())
        for (const some of seen) expect(order.filter((boot) => some.includes(boot))).toEqual(some)
      }),
    )
  })
})
