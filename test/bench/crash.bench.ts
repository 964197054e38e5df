/**
 * Power cuts in the journal's work, on clones of its file and log with what was not synced lost, torn or turned over.
 *
 *   npm run bench -- crash [--out] [CUTS] [SEED]
 *
 * A life that breaks a promise is replayed with its own seed: `npm run bench -- crash 25 SEED`.
 */
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { liveFor } from '../crash/clones.ts'
import { sayFigure } from './figures.ts'

const [cuts = 15_000, seed = 1] = process.argv.slice(2).map(Number)
const folder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const PROGRESS_MS = 10_000

const startedMs = performance.now()
let toldMs = startedMs
let lastSeed = seed
const lives = await liveFor(cuts, {
  seed,
  folder,
  onLife: (soFar, life) => {
    lastSeed = life
    if (performance.now() - toldMs < PROGRESS_MS) return
    toldMs = performance.now()
    const perSecond = Math.round((soFar.cuts / (toldMs - startedMs)) * 1000)
    console.error(
      `${soFar.cuts} of ${cuts} power cuts, ${perSecond} a second, ${soFar.broken.length} promises broken`,
    )
  },
})
const seconds = (performance.now() - startedMs) / 1000
for (const sentence of lives.broken) console.error(`seed ${sentence}`)
sayFigure({
  bench: 'crash',
  what: 'promises broken by power cuts in the journal, on clones',
  figure: lives.broken.length,
  unit: 'promises',
  floor: 0,
  floorIs: 'none may be',
  cuts: lives.cuts,
  seeds: [seed, lastSeed],
  cutsPerSecond: Number((lives.cuts / seconds).toFixed(1)),
  readingsLookedFor: lives.promisedReadings,
  left: lives.kinds,
  during: lives.during,
  mendedAfterSyncedDataWasHit: lives.mended,
  broken: lives.broken.slice(0, 10),
})
process.exitCode = lives.broken.length > 0 ? 1 : 0
