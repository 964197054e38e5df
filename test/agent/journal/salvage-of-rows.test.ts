import { closeSync, copyFileSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { asBefore } from '../../simulation/older-box.ts'
import { seededRandom, seedFromEnvironment } from '../../world/seeded.ts'
import { allScaled, journalFolder, openJournal, plot, reading, soilMoisture } from './journal-room.ts'

const READINGS = 1500
const SEALED = 500
const PAGE = 512

/** What a Vuon that kept a row a reading left behind: 1,500 readings, of which 500 are sealed, and twenty plots. */
async function olderJournal(): Promise<string> {
  const path = join(journalFolder(), 'journal.db')
  const journal = await openJournal(path)
  const { no } = await journal.declareSeries(soilMoisture)
  for (let done = 0; done < READINGS; done += 300)
    await journal.appendReadings(
      Array.from({ length: 300 }, (_, index) => reading(no, done + index)),
      'commit',
    )
  await journal.appendRecords(Array.from({ length: 20 }, (_, index) => plot(index)))
  const batch = { lane: 'reading', hash: new Uint8Array(32), bytes: new Uint8Array([1]) } as const
  await journal.saveSealed({ ...batch, from: 1, to: SEALED })
  await journal.close()
  expect(asBefore(path)).toBe(true)
  return path
}

function pagesOf(path: string, filter: string): number[] {
  const db = new Database(path, { readonly: true })
  try {
    return db.prepare(`SELECT pageno FROM dbstat WHERE ${filter} ORDER BY path`).pluck().all() as number[]
  } finally {
    db.close()
  }
}

function ruin(path: string, page: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, new Uint8Array(PAGE).fill(0xa5), 0, PAGE, PAGE * (page - 1))
  closeSync(file)
}

describe('a journal of an older Vuon that is damaged when the new one first opens it', () => {
  it('keeps every reading but those of the page that is gone, and says which those were', async () => {
    const path = await olderJournal()
    const pages = pagesOf(path, `name = 'reading' AND pagetype = 'leaf'`)
    ruin(path, pages[Math.floor(pages.length * 0.7)] as number)
    const journal = await openJournal(path)
    const values = await allScaled(journal)
    const missing = Array.from({ length: READINGS }, (_, index) => index).filter(
      (each) => !values.includes(each),
    )
    expect(missing.length).toBeGreaterThan(0)
    // So many rows fit a page.
    expect(missing.length).toBeLessThan(60)
    expect(journal.salvage?.isNewEpoch).toBe(false)
    expect(journal.salvage?.kept.readings).toBe(READINGS - missing.length)
    expect(journal.salvage?.lost).toEqual([
      { lane: 'reading', from: (missing[0] as number) + 1, to: (missing.at(-1) as number) + 1 },
    ])
    expect(await journal.records('plot', { limit: 100 })).toHaveLength(20)
    // The sealed ones stay where their seqs say, the rest goes on behind them.
    expect((await journal.unsealed('reading', { atMost: 10_000 }))?.from).toBe(SEALED + 1)
  })

  const seed = seedFromEnvironment()
  it(`opens whichever page it is, and has no reading twice (VUON_SEED=${seed})`, {
    timeout: 60_000,
  }, async () => {
    const random = seededRandom(seed)
    const whole = await olderJournal()
    const pages = pagesOf(whole, 'pageno > 1')
    const inReadings = new Set(pagesOf(whole, `name = 'reading' AND pagetype = 'leaf'`))
    for (let each = 0; each < 12; each++) {
      const page = pages[Math.floor(random() * pages.length)] as number
      const path = join(journalFolder(), 'journal.db')
      copyFileSync(whole, path)
      ruin(path, page)
      const journal = await openJournal(path)
      const values = await allScaled(journal)
      expect(new Set(values).size, `page ${page}`).toBe(values.length)
      expect(values.every((value) => value >= 0 && value < READINGS)).toBe(true)
      if (inReadings.has(page)) expect(values.length).toBeGreaterThan(READINGS - 60)
      await journal.close()
    }
  })
})
