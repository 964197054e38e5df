import { afterAll, describe, expect, test } from 'vitest'
import { hardDay, MUTATIONS } from './mutations.ts'

/** What the checker said of each, as a line for `test/bench/results/simulation.jsonl`. */
const said: Record<string, string> = {}
afterAll(() => console.log(JSON.stringify({ bench: 'simulation, parts broken on purpose', said })))

describe('the checker', () => {
  test('has nothing to say when nothing is broken', { timeout: 120_000 }, async () => {
    const report = await hardDay()
    expect(report.breaches).toEqual([])
    expect(Object.values(report.powerCuts).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(3)
    expect([report.lots > 0, report.photos > 0]).toEqual([true, true])
  })

  test.each(MUTATIONS)(
    'finds out who $who',
    { timeout: 120_000 },
    async ({ who, breakIt, sentence, rates }) => {
      const { breaches } = await hardDay(breakIt, rates)
      const found = breaches.filter((breach) => sentence.test(breach))
      said[who] = found[0] ?? 'nothing'
      expect(found, breaches.slice(0, 5).join('\n')).not.toEqual([])
    },
  )
})
