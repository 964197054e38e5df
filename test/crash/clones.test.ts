import { closeSync, existsSync, openSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { journalFolder, openJournal, plot, reading, soilMoisture } from '../agent/journal/journal-room.ts'
import { seedFromEnvironment } from '../world/seeded.ts'
import { live, liveFor, newLives } from './clones.ts'

/** `npm run bench -- crash` cuts the power thousands of times; README.md says what this shows and what it can't. */
const CUTS = 500
const folder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const seed = seedFromEnvironment()

describe('a journal whose power goes', () => {
  test(`has kept every promise after ${CUTS} cuts at any byte (VUON_SEED=${seed})`, async () => {
    const lives = await liveFor(CUTS, { seed, folder })
    expect(lives.broken).toEqual([])
    expect(lives.cuts).toBe(CUTS)
    // Each kind of cut, in each of the calls that write much.
    for (const kind of ['cut in the log', 'torn checkpoint', 'all written, nobody told'])
      expect(lives.kinds[kind], kind).toBeGreaterThan(5)
    for (const call of ['commit', 'saveSealed', 'acknowledge', 'opening'])
      expect(lives.during[call], call).toBeGreaterThan(0)
  }, 60_000)

  test(`is found out to have lost what a card only said to be synced (VUON_SEED=${seed})`, async () => {
    const lives = newLives()
    for (let life = 0; life < 4; life++) await live(seed + life, folder, 10, lives, { isLying: true })
    expect(lives.broken.filter((sentence) => sentence.includes('is gone'))).not.toEqual([])
  }, 60_000)

  test('starts, and starts again, when the log that mended a torn file is gone', async () => {
    const path = join(journalFolder(), 'journal.db')
    const journal = await openJournal(path)
    const { no } = await journal.declareSeries(soilMoisture)
    await journal.appendReadings(
      Array.from({ length: 2000 }, (_, index) => reading(no, (index * 7919) % 1000)),
      'commit',
    )
    await journal.appendRecords(Array.from({ length: 20 }, (_, index) => plot(index)))
    await journal.close()
    olderMarks(path)
    for (let start = 0; start < 3; start++) {
      const again = await openJournal(path)
      expect(again.setAside !== null).toBe(start === 0)
      await again.appendRecords([plot(100 + start)])
      expect(await again.records('plot', { limit: 100 })).toHaveLength(21 + start)
      await again.close()
    }
  })
})

/** The page of the marks is from before the last entries, and another page can't be read. */
function olderMarks(path: string): void {
  const db = new Database(path)
  db.prepare(`UPDATE mark SET last_id = last_id - 3 WHERE lane = 'record'`).run()
  const size = db.pragma('page_size', { simple: true }) as number
  const page = db
    .prepare(`SELECT pageno FROM dbstat WHERE name = 'block' ORDER BY path LIMIT 1`)
    .pluck()
    .get()
  db.close()
  const file = openSync(path, 'r+')
  writeSync(file, new Uint8Array(size).fill(0xa5), 0, size, ((page as number) - 1) * size)
  closeSync(file)
}
