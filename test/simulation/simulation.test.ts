import { describe, expect, test } from 'vitest'
import { seedFromEnvironment } from '../world/seeded.ts'
import { doubling, hasty } from './broken-parts.ts'
import type { FarmLife } from './farm-life.ts'
import { liveSeason, liveSeasons, type Season, SIMULATION_FOLDER } from './live-seeds.ts'
import type { ProvinceLife } from './province-life.ts'
import type { Report } from './report.ts'
import { simulate } from './simulation.ts'

/**
 * As many farm-days as fit into the time, the same seeds each time and one that changes with the sources (`VUON_SEED=…` lives
 * it again). `npm run soak` and `npm run simulate` live longer.
 */
const seed = seedFromEnvironment()
const FOR_MS = 75_000

/** Twenty farm-days at full rate in parts that two processes can share, and 280 sparse ones. */
function* seasons(): Generator<Season> {
  const sparse = { hours: 48, farms: 10, pace: 'sparse' as const }
  yield { seed, ...sparse, hours: 24 }
  for (let part = 0; part < 10; part++) yield { seed: 101 + part, hours: 24, farms: 2, pace: 'full' }
  for (let fixed = 1; fixed < 14; fixed++) yield { seed: fixed, ...sparse }
  yield { seed: 14, ...sparse, hours: 24 }
}

declare module 'vitest' {
  interface TaskMeta {
    /** For the closing lines of `npm test`. */
    done?: string
  }
}

const broken = (reports: readonly Report[]): string[] =>
  reports.flatMap(({ seed, pace, farms, hours, breaches }) =>
    breaches.map((breach) => `seed ${seed}, ${farms} farms, ${hours} h, ${pace}: ${breach}`),
  )

describe('farms under every fault that a seed brings', () => {
  test(`keep every promise, as many days as fit (VUON_SEED=${seed})`, { timeout: 600_000 }, async ({
    task,
  }) => {
    const startedMs = performance.now()
    const mayBegin = () => performance.now() - startedMs < FOR_MS
    const reports = await liveSeasons(seasons(), { processes: 2, mayBegin })
    const days = (pace: string) =>
      reports.reduce((sum, each) => sum + (each.pace === pace ? each.farmDays : 0), 0)
    const seconds = Math.round((performance.now() - startedMs) / 1000)
    task.meta.done = `simulated ${days('sparse')} sparse farm-days and ${days('full')} at full rate in ${seconds} s, VUON_SEED=${seed}`
    expect(broken(reports)).toEqual([])
    expect(reports.length).toBeGreaterThan(0)
  })

  test(`have each loss for want of room declared (VUON_SEED=${seed})`, { timeout: 180_000 }, async () => {
    const rates = { shortages: 12, bursts: 6, rot: 0 }
    const report = await liveSeason({ seed: 3, hours: 24, farms: 2, rates })
    expect(report.breaches).toEqual([])
    expect(report.thinned + report.dropped).toBeGreaterThan(0)
  })

  test('are upgraded in the middle with every reading, as their province is, and refuse an older program', {
    timeout: 180_000,
  }, async () => {
    const report = await liveSeason({
      seed: 1,
      hours: 24,
      farms: 2,
      rates: { upgrades: 8, rot: 0, provinceUpgrades: 4 },
    })
    expect(report.breaches).toEqual([])
    expect(report.upgrades).toBeGreaterThan(0)
    expect(report.refusedDowngrades).toBeGreaterThan(0)
    expect(report.provinceUpgrades).toBeGreaterThan(0)
  })
})

describe('the checker', () => {
  test.each([
    [
      'acknowledges before the commit',
      ({ farms }: { farms: readonly FarmLife[] }) => {
        for (const farm of farms) farm.breakDisk = hasty
      },
      /was acknowledged and is not at the province/,
    ],
    [
      'applies a batch twice',
      ({ province }: { province: ProvinceLife }) => doubling(province),
      /times too many/,
    ],
  ] as const)('finds out who %s', { timeout: 180_000 }, async (_who, breakIt, sentence) => {
    const { breaches } = await simulate({
      seed: 1,
      hours: 18,
      farms: 1,
      folder: SIMULATION_FOLDER,
      rates: {
        powerCuts: 24,
        provinceCuts: 0,
        fullDisks: 0,
        clockSteps: 0,
        shortages: 0,
        upgrades: 0,
        rot: 0,
      },
      breakIt: (parts) => {
        for (const farm of parts.farms) farm.longestOffMs = 60_000
        breakIt(parts)
      },
    })
    expect(breaches.filter((breach) => sentence.test(breach))).not.toEqual([])
  })
})
