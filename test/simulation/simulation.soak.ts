import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { seededRandom, seedFromEnvironment } from '../world/seeded.ts'
import { cutPower, readFiles, writeFiles } from './crash-clone.ts'
import { liveSeasons, type Season, SIMULATION_FOLDER } from './live-seeds.ts'
import type { Report } from './report.ts'
import { simulate } from './simulation.ts'

/**
 * Farms and their province under every fault that a seed brings, three hundred days of them; then the history is checked
 * (history-checker.ts says for what). `npm run simulate` lives longer.
 */
const folder = SIMULATION_FOLDER
const seed = seedFromEnvironment()

/** Twenty farm-days at full rate in parts that two processes can share, the longest first, and 280 sparse ones. */
function* seasons(): Generator<Season> {
  for (let part = 0; part < 10; part++) yield { seed: seed + part, hours: 24, farms: 2, pace: 'full' }
  for (let part = 0; part < 7; part++) yield { seed: seed + 10 + part, hours: 96, farms: 10, pace: 'sparse' }
}

const broken = (reports: readonly Report[]) =>
  reports.flatMap(({ seed, pace, breaches }) => breaches.map((breach) => `${pace}, seed ${seed}: ${breach}`))

describe('three hundred farm-days, twenty of them at full rate', () => {
  test(`keep every promise (VUON_SEED=${seed})`, { timeout: 900_000 }, async () => {
    const startedMs = performance.now()
    const reports = await liveSeasons(seasons(), { processes: 2, mayBegin: () => true })
    const cost = ['sparse', 'full'].map((pace) => {
      const own = reports.filter((report) => report.pace === pace)
      const days = own.reduce((sum, { farmDays }) => sum + farmDays, 0)
      const cpuMs = own.reduce((sum, report) => sum + report.cpuMs, 0)
      return `${days} ${pace} at ${(cpuMs / days / 1000).toFixed(2)} s of CPU`
    })
    console.log(
      `farm-days: ${cost.join(', ')}; ${Math.round((performance.now() - startedMs) / 1000)} s, VUON_SEED=${seed}`,
    )
    expect(broken(reports)).toEqual([])
    expect(reports.reduce((sum, { farmDays }) => sum + farmDays, 0)).toBe(300)
  })
})

describe('a card that rots', () => {
  test(`loses a page of readings at a power cut, and says which (VUON_SEED=${seed})`, async () => {
    const report = await simulate({ seed, hours: 24, farms: 2, folder, rates: { rot: 4, evictions: 0 } })
    expect(broken([report])).toEqual([])
    expect(report.salvages).toBeGreaterThan(0)
    expect(report.declaredLost).toBeGreaterThan(0)
  }, 60_000)
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
