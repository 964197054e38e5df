import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CounterFile } from '../../../agent/counter-file.ts'
import { type Counter, type CounterState, counted } from '../../../agent/devices/modbus/running-total.ts'
import { temporaryFolder } from '../../world/real-services.ts'

/** Totals after each read. */
function totals(counter: Counter, raws: readonly number[], before?: CounterState): number[] {
  let state = before
  return raws.map((raw) => {
    state = counted(counter, state, raw).state
    return state.total
  })
}

describe('a running total', () => {
  test('begins at what the probe shows and rises by what it counts', () => {
    expect(totals({}, [120, 120, 125])).toEqual([120, 120, 125])
  })

  test('goes on over a wrap', () => {
    expect(totals({ modulus: 65_536 }, [65_530, 65_535, 4])).toEqual([65_530, 65_535, 65_540])
    expect(totals({ modulus: 65_536, restarts: true }, [65_530, 4])).toEqual([65_530, 65_540])
  })

  test('a probe that lost power counts from 0: what it shows is added', () => {
    expect(totals({ restarts: true }, [500, 3, 5])).toEqual([500, 503, 505])
    expect(totals({ modulus: 65_536, restarts: true }, [60_000, 3])).toEqual([60_000, 60_003])
    expect(counted({ restarts: true }, { raw: 500, total: 500 }, 3).doubt).toContain('500')
  })

  test('a count that falls and may not is taken as a changed probe: nothing is added', () => {
    expect(totals({}, [500, 20, 25])).toEqual([500, 500, 505])
    expect(totals({ modulus: 65_536 }, [40_000, 20_000, 20_001])).toEqual([40_000, 40_000, 40_001])
    expect(counted({}, { raw: 500, total: 500 }, 20).doubt).toBeDefined()
  })

  test('what came since the last read is summed', () => {
    expect(totals({ perRead: true }, [5, 0, 2])).toEqual([5, 5, 7])
  })

  test('goes on after the agent was away, with what fell meanwhile', () => {
    expect(totals({ modulus: 65_536 }, [10], { raw: 65_000, total: 200_000 })).toEqual([200_546])
    expect(totals({ perRead: true }, [12], { raw: 3, total: 400 })).toEqual([412])
  })

  test('never falls, and never rises by more than was counted', () => {
    const counters: Counter[] = [
      {},
      { modulus: 1000 },
      { restarts: true },
      { modulus: 65_536, restarts: true },
      { perRead: true },
    ]
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.nat({ max: 40 }).map((tips) => ({ tips, isRestart: false })) },
      { weight: 1, arbitrary: fc.constant({ tips: 0, isRestart: true }) },
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...counters),
        fc.nat({ max: 999 }),
        fc.array(step, { maxLength: 60 }),
        (counter, first, steps) => {
          let raw = first
          let state = counted(counter, undefined, raw).state
          const begun = state.total
          let fallen = 0
          for (const { tips, isRestart } of steps) {
            if (counter.perRead) raw = tips
            else if (isRestart && counter.restarts) raw = 0
            else raw = (raw + tips) % (counter.modulus ?? Infinity)
            fallen += tips
            const next = counted(counter, state, raw).state
            expect(next.total).toBeGreaterThanOrEqual(state.total)
            expect(next.total - begun).toBeLessThanOrEqual(fallen)
            state = next
          }
          // Where nothing restarts, nothing is missed either.
          if (!counter.restarts) expect(state.total - begun).toBe(fallen)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('the file of running totals', () => {
  const open = (path: string, faults: string[] = []) => new CounterFile(path, (code) => faults.push(code))

  test('a total is there again after a restart', async () => {
    const path = join(temporaryFolder(), 'data', 'counters.json')
    const first = open(path)
    first.keep('rain', { raw: 7, total: 65_543 })
    first.keep('rain', { raw: 9, total: 65_545 })
    await first.close()
    expect(open(path).recall('rain')).toEqual({ raw: 9, total: 65_545 })
  })

  test('a dry week writes nothing', async () => {
    const path = join(temporaryFolder(), 'counters.json')
    const file = open(path)
    file.keep('rain', { raw: 1, total: 1 })
    await file.close()
    writeFileSync(path, 'untouched')
    file.keep('rain', { raw: 1, total: 1 })
    await file.close()
    expect(readFileSync(path, 'utf8')).toBe('untouched')
  })

  test.each([
    '',
    '{',
    '[]',
    '{"version":1,"totals":{"a":{"raw":-1,"total":"x"}}}',
    '{"version":9}',
    '\u0000',
  ])('a damaged file (%j) is set aside and told, and the totals begin anew', (content) => {
    const path = join(temporaryFolder(), 'counters.json')
    writeFileSync(path, content)
    const faults: string[] = []
    expect(open(path, faults).recall('a')).toBeUndefined()
    expect(faults).toEqual(['counters-damaged'])
    expect(existsSync(`${path}.bad`)).toBe(true)
  })

  test('a folder that can not be written is a counted fault, and counting goes on', async () => {
    const faults: string[] = []
    const blocked = join(temporaryFolder(), 'a-file')
    writeFileSync(blocked, '')
    const file = open(join(blocked, 'counters.json'), faults)
    file.keep('rain', { raw: 1, total: 1 })
    await file.close()
    expect(file.recall('rain')).toEqual({ raw: 1, total: 1 })
    expect(faults).toEqual(['not-stored'])
  })
})
