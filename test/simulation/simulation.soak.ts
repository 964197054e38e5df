import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { seededRandom, seedFromEnvironment } from '../world/seeded.ts'
import { doubling, forgetful, hasty, restored, stuttering, summingTwice } from './broken-parts.ts'
import { cutPower, readFiles, writeFiles } from './crash-clone.ts'
import type { FarmLife, Pace } from './farm-life.ts'
import type { ProvinceLife } from './province-life.ts'
import type { Report } from './report.ts'
import { simulate } from './simulation.ts'

/**
 * Farms and their province under every fault that a seed brings, for as many days as the time allows; then the
 * history is checked (history-checker.ts says for what). `npm run simulate` lives longer.
 */
const folder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const seed = seedFromEnvironment()

/** Run after run with the next seed, until the time is over; the last one is finished. */
async function live(pace: Pace, farms: number, hours: number, forMs: number): Promise<Report[]> {
  const reports: Report[] = []
  const startedMs = performance.now()
  do reports.push(await simulate({ seed: seed + reports.length, hours, farms, pace, folder }))
  while (performance.now() - startedMs < forMs && reports.at(-1)?.breaches.length === 0)
  const days = reports.reduce((sum, { farmDays }) => sum + farmDays, 0)
  const cpuMs = reports.reduce((sum, report) => sum + report.cpuMs, 0)
  console.log(
    `${pace}: ${days} farm-days in ${Math.round((performance.now() - startedMs) / 1000)} s (${Math.round(cpuMs / days)} ms of CPU each), VUON_SEED=${seed}`,
  )
  return reports
}

const broken = (reports: readonly Report[]) =>
  reports.flatMap(({ seed, breaches }) => breaches.map((breach) => `seed ${seed}: ${breach}`))

describe('a simulated season', () => {
  test(`of ten sparse farms keeps every promise (VUON_SEED=${seed})`, async () => {
    const reports = await live('sparse', 10, 24, SPARSE_MS)
    expect(broken(reports)).toEqual([])
  }, 240_000)

  test(`of farms at full rate keeps every promise (VUON_SEED=${seed})`, async () => {
    const reports = await live('full', 2, 12, FULL_MS)
    expect(broken(reports)).toEqual([])
  }, 240_000)
})

describe('a card that rots', () => {
  test(`loses a page of readings at a power cut, and says which (VUON_SEED=${seed})`, async () => {
    const report = await simulate({ seed, hours: 24, farms: 2, folder, rates: { rot: 4, evictions: 0 } })
    expect(broken([report])).toEqual([])
    expect(report.salvages).toBeGreaterThan(0)
    expect(report.declaredLost).toBeGreaterThan(0)
  }, 60_000)
})

// Together with what is below about a minute.
const SPARSE_MS = 25_000
const FULL_MS = 15_000

/** Most of a day of a farm whose power goes every hour. */
const hard = (breakIt: (parts: { province: ProvinceLife; farms: readonly FarmLife[] }) => void) =>
  simulate({
    seed: 1,
    hours: 18,
    farms: 1,
    pace: 'sparse',
    folder,
    rates: { powerCuts: 24, provinceCuts: 0, fullDisks: 0, clockSteps: 0, shortages: 0, upgrades: 0, rot: 0 },
    breakIt: (parts) => {
      for (const farm of parts.farms) farm.longestOffMs = 60_000
      breakIt(parts)
    },
  })

describe('the checker', () => {
  const disk = (part: typeof hasty) => (parts: { farms: readonly FarmLife[] }) => {
    for (const farm of parts.farms) farm.breakDisk = part
  }
  const gateway = (part: (province: ProvinceLife) => void) => (parts: { province: ProvinceLife }) =>
    part(parts.province)

  test('has nothing to say when nothing is broken', async () => {
    const report = await hard(() => {})
    expect(report.breaches).toEqual([])
    expect(Object.values(report.powerCuts).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(3)
  }, 60_000)

  test.each([
    ['acknowledges before the commit', disk(hasty), /was acknowledged and is not at the province/],
    ['commits twice', disk(stuttering), /is there twice|came \d+ times and is there/],
    ['loses a batch that it acknowledged', gateway(forgetful), /was acknowledged and is not in the log/],
    ['applies a batch twice', gateway(doubling), /times too many/],
    ['sums a batch twice', gateway(summingTwice), /a rebuild of rollup/],
    ['forgets what it held', gateway(restored), /the mark of reading went back/],
  ] as const)('finds out who %s', { timeout: 60_000 }, async (_what, breakIt, sentence) => {
    const { breaches } = await hard(breakIt)
    expect(breaches.filter((breach) => sentence.test(breach))).not.toEqual([])
  })
})

describe('a power cut', () => {
  test(`leaves what was synced, and of the last commit all or nothing (VUON_SEED=${seed})`, () => {
    const random = seededRandom(seed)
    const room = mkdtempSync(join(folder, 'vuon-cut-'))
    const seen = new Map<string, number>()
    let path = join(room, '0.db')
    let rows = 0
    for (let cut = 0; cut < 120; cut++) {
      const db = open(path)
      const insert = db.prepare('INSERT INTO line (text) VALUES (?)')
      for (let each = Math.floor(random() * 20); each > 0; each--, rows++)
        insert.run('x'.repeat(random() * 900))
      const before = readFiles(path)
      insert.run('y'.repeat(random() * 3000))
      const { files, cut: kind } = cutPower(before, readFiles(path), random)
      seen.set(kind, (seen.get(kind) ?? 0) + 1)
      path = join(room, `${cut + 1}.db`)
      writeFiles(path, files)
      db.close()
      const after = open(path)
      const { n } = after.prepare('SELECT count(*) AS n FROM line').get() as { n: number }
      expect([rows, rows + 1], `cut ${cut}, ${kind}`).toContain(n)
      expect(after.pragma('integrity_check', { simple: true })).toBe('ok')
      rows = n
      after.close()
    }
    expect(seen.get('cut in the log')).toBeGreaterThan(20)
    rmSync(room, { recursive: true })
  })
})

function open(path: string): Database.Database {
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.pragma('wal_autocheckpoint = 30')
  db.exec('CREATE TABLE IF NOT EXISTS line (id INTEGER PRIMARY KEY, text TEXT)')
  return db
}
