import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../world/real-services.ts'
import { seedFromEnvironment } from '../world/seeded.ts'
import { buildShim, cutJournal, hasGcc, newCuts } from './power-cut.ts'

/** `npm run bench -- powercut` does it hundreds of times, and under the whole program with a real broker. */
const CUTS = 5
const seed = seedFromEnvironment()

describe.skipIf(!hasGcc())('a process whose power goes [needs gcc]', () => {
  const folder = temporaryFolder()
  const shim = hasGcc() ? buildShim(folder) : ''

  test(`has kept every promise of its journal after ${CUTS} cuts (VUON_SEED=${seed})`, async () => {
    const cuts = newCuts()
    await cutJournal(CUTS, { seed, folder, shim, cuts })
    expect(cuts.broken).toEqual([])
    expect(cuts.cuts).toBe(CUTS)
  }, 60_000)

  test(`is found out when its card forgets what it said to be synced (VUON_SEED=${seed})`, async () => {
    const cuts = newCuts()
    await cutJournal(20, { seed, folder, shim, cuts, isLying: true })
    expect(cuts.broken).not.toEqual([])
  }, 60_000)
})
