import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { LANES } from '#contract/wire/records.ts'
import type { Journal } from '../../../agent/journal/journal.ts'
import { InlineThread } from '../../../agent/journal/journal-thread.ts'
import type { Salvage } from '../../../agent/journal/salvage.ts'
import { OffsetClock, PretendClock } from '../../world/pretend-clock.ts'
import { seededRandom } from '../../world/seeded.ts'
import { allScaled, journalFolder, openJournal, plot, reading, soilMoisture } from './journal-room.ts'

const PAGE = 512
// With values that nothing makes smaller, more than the ring of slots takes: each commit is a row of its own.
const COMMIT = 1000
const wild = seededRandom(1)

/** A season in small: 4,000 readings (3,000 of them sealed, 2,000 acknowledged), 60 plots, closed in good order. */
async function season(path: string): Promise<void> {
  const journal = await openJournal(path)
  const { no } = await journal.declareSeries(soilMoisture)
  await journal.takeCounter('lot 261123')
  for (let done = 0; done < 4000; done += COMMIT) {
    await journal.appendReadings(
      Array.from({ length: COMMIT }, () => reading(no, Math.floor(wild() * 2 ** 49))),
      'commit',
    )
  }
  await journal.appendRecords(Array.from({ length: 60 }, (_, index) => plot(index)))
  for (let part = 0; part < 3; part++) {
    const { from, to } = (await journal.unsealed('reading', { atMost: 1000 }))!
    await journal.saveSealed({
      lane: 'reading',
      from,
      to,
      hash: new Uint8Array(32).fill(to),
      bytes: new Uint8Array([to]),
    })
  }
  await journal.acknowledge('reading', 2000)
  await journal.close()
}

function overwrite(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, at)
  closeSync(file)
}

/** The pages of a table or index, by SQLite's own account, first to last, a commit of the season after another. */
function pagesOf(path: string, name: string, type: 'leaf' | 'internal' | 'overflow'): number[] {
  const db = new Database(path, { readonly: true })
  try {
    return db
      .prepare('SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY path')
      .pluck()
      .all(name, type) as number[]
  } finally {
    db.close()
  }
}

const hasDbstat = (() => {
  const db = new Database(':memory:')
  try {
    db.prepare('SELECT count(*) FROM dbstat').get()
    return true
  } catch {
    return false
  } finally {
    db.close()
  }
})()

async function works(journal: Journal): Promise<void> {
  const { no } = await journal.declareSeries(soilMoisture)
  await journal.appendReadings([reading(no, 123_456)], 'commit')
  await journal.appendRecords([plot(999)])
  expect((await allScaled(journal)).at(-1)).toBe(123_456)
  expect(await journal.verify()).toEqual([])
}

/** Every seq of every lane comes out of `unsealed` once, as an entry or as lost. */
async function drains(journal: Journal): Promise<void> {
  for (const lane of LANES) {
    let { sealedThrough } = (await journal.state()).lanes[lane]
    const { lastSeq } = (await journal.state()).lanes[lane]
    for (;;) {
      const next = await journal.unsealed(lane, { atMost: 500 })
      if (!next) break
      expect(next.from).toBe(sealedThrough + 1)
      const count = next.to - next.from + 1
      if (next.isLost) expect(next.entries).toMatchObject([{ kind: 'loss', lane, count }])
      else if (lane === 'record') expect(next.entries).toHaveLength(count)
      else expect(next.segments.reduce((sum, { readings }) => sum + readings.length, 0)).toBe(count)
      sealedThrough = next.to
      await journal.saveSealed({
        lane,
        from: next.from,
        to: next.to,
        hash: new Uint8Array(32),
        bytes: new Uint8Array(1),
      })
    }
    expect(sealedThrough).toBe(lastSeq)
  }
}

describe('a damaged journal', () => {
  it.each([
    ['text', () => new TextEncoder().encode('this is no database '.repeat(500))],
    ['zeros', () => new Uint8Array(50_000)],
  ])('that is nothing but %s is set aside and a new one begun', async (_, content) => {
    const path = join(journalFolder(), 'journal.db')
    writeFileSync(path, content())
    const told: Salvage[] = []
    const journal = await openJournal(path, { onSalvage: (salvage) => told.push(salvage) })
    await works(journal)
    expect(journal.setAside).toBe(`${path}.damaged-1`)
    expect(statSync(`${path}.damaged-1`).size).toBe(content().length)
    expect(told).toMatchObject([{ kept: { readings: 0, entries: 0 }, isNewEpoch: true }])
    await journal.close()
    const again = await openJournal(path)
    expect(again.setAside).toBeNull()
    expect(await again.records('plot', { limit: 5 })).toHaveLength(1)
  })

  it('that is empty is simply new', async () => {
    const path = join(journalFolder(), 'journal.db')
    writeFileSync(path, '')
    const journal = await openJournal(path)
    expect(journal.setAside).toBeNull()
    await works(journal)
  })

  it('whose end was never written keeps what stands before', async () => {
    const path = join(journalFolder(), 'journal.db')
    await season(path)
    truncateSync(path, Math.floor(statSync(path).size * 0.75))
    const journal = await openJournal(path)
    expect(journal.setAside).toBe(`${path}.damaged-1`)
    expect((await allScaled(journal)).length).toBeGreaterThanOrEqual(1000)
    await works(journal)
    await drains(journal)
  })

  describe.skipIf(!hasDbstat)('with one page in the middle gone', () => {
    it('keeps every other reading, the epoch and the chain when the page was acknowledged', async () => {
      const path = join(journalFolder(), 'journal.db')
      await season(path)
      const before = new Database(path, { readonly: true })
      const epoch = before.prepare(`SELECT value FROM meta WHERE name = 'epoch'`).pluck().get()
      before.close()
      const pages = pagesOf(path, 'block', 'overflow')
      overwrite(
        path,
        ((pages[Math.floor(pages.length * 0.4)] as number) - 1) * PAGE,
        new Uint8Array(PAGE).fill(0xa5),
      )
      const journal = await openJournal(path)
      expect(journal.salvage).toMatchObject({ isNewEpoch: false, lost: [] })
      expect(journal.epoch).toBe(epoch)
      const kept = await allScaled(journal)
      expect(kept).toHaveLength(3000)
      expect(await journal.sealedRanges('reading')).toEqual([{ from: 2001, to: 3000 }])
      expect(await journal.records('plot', { limit: 100 })).toHaveLength(60)
      expect(await journal.takeCounter('lot 261123')).toBe(2)
      await works(journal)
      await drains(journal)
    })

    it('names what the province will never get, fills its seqs, and goes on in the same epoch', async () => {
      const path = join(journalFolder(), 'journal.db')
      await season(path)
      const pages = pagesOf(path, 'block', 'overflow')
      overwrite(
        path,
        ((pages[Math.floor(pages.length * 0.9)] as number) - 1) * PAGE,
        new Uint8Array(PAGE).fill(0xa5),
      )
      const journal = await openJournal(path)
      expect(journal.salvage!.isNewEpoch).toBe(false)
      const [lost] = journal.salvage!.lost
      expect(journal.salvage!.lost).toHaveLength(1)
      expect(lost!.from).toBeGreaterThan(3000)
      const count = lost!.to - lost!.from + 1
      expect(await allScaled(journal)).toHaveLength(4000 - count)
      expect(await journal.records('loss', { limit: 5 })).toMatchObject([
        { entry: { kind: 'loss', ...lost, count, reason: 'damage' } },
      ])
      await works(journal)
      await drains(journal)
      await journal.close()
      // Told once, not at each start.
      expect(await (await openJournal(path)).records('loss', { limit: 5 })).toHaveLength(1)
    })

    it('begins a new epoch when the sealed batches are hit, with what was never sealed', async () => {
      const path = join(journalFolder(), 'journal.db')
      await season(path)
      overwrite(
        path,
        ((pagesOf(path, 'sealed', 'leaf')[0] as number) - 1) * PAGE,
        new Uint8Array(PAGE).fill(0xa5),
      )
      const journal = await openJournal(path)
      expect(journal.salvage).toMatchObject({
        isNewEpoch: true,
        lost: [{ lane: 'reading', from: 2001, to: 3000 }],
      })
      expect(await allScaled(journal)).toHaveLength(4000)
      const first = await journal.unsealed('reading', { atMost: 5000 })
      expect(first).toMatchObject({ from: 1, to: 1000, prev: null, isLost: false })
      expect((await journal.records('loss', { limit: 5 }))[0]!.entry).toMatchObject({
        reason: 'unreadable',
        count: 1000,
      })
      await works(journal)
      await drains(journal)
    })

    it('mends itself while it runs: the append that met the damage is stored', async () => {
      const path = join(journalFolder(), 'journal.db')
      await season(path)
      const told: Salvage[] = []
      const journal = await openJournal(path, { onSalvage: (salvage) => told.push(salvage) })
      const { no } = await journal.declareSeries(soilMoisture)
      // Another program's commit makes SQLite read the pages anew.
      const other = new Database(path)
      other.prepare(`INSERT INTO meta VALUES ('other', 'program')`).run()
      for (const [name, type] of [
        ['block', 'overflow'],
        ['entry', 'leaf'],
      ] as const) {
        for (const page of pagesOf(path, name, type).slice(2, 5))
          overwrite(path, (page - 1) * PAGE, new Uint8Array(PAGE).fill(0xa5))
      }
      other.close()
      expect((await journal.exportReadings(0, 4000)).length).toBeGreaterThan(2000)
      expect(journal.series().map((row) => row.no)).toEqual([no])
      expect(told).toHaveLength(1)
      await works(journal)
      await drains(journal)
      expect(journal.setAside).toBe(`${path}.damaged-1`)
    })
  })

  it('wherever it is hit: starts, says so, works, and hands out every seq once', async () => {
    const folder = journalFolder()
    const whole = join(folder, 'whole.db')
    await season(whole)
    const pages = Math.floor(statSync(whole).size / PAGE)
    let number = 0
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: pages - 1 }),
        fc.integer({ min: 1, max: 8 }),
        fc.uint8Array({ minLength: 16, maxLength: 64 }),
        async (page, count, noise) => {
          const path = join(folder, `hit-${++number}.db`)
          copyFileSync(whole, path)
          const garbage = new Uint8Array(PAGE * Math.min(count, pages - page))
          garbage.forEach((_, index) => {
            garbage[index] = noise[index % noise.length]! ^ (index * 31)
          })
          overwrite(path, page * PAGE, garbage)
          const journal = await openJournal(path)
          if (journal.setAside === null) expect(await allScaled(journal)).toHaveLength(4000)
          await works(journal)
          await drains(journal)
          await journal.close()
          const again = await openJournal(path)
          expect(again.setAside).toBeNull()
          await again.close()
        },
      ),
      { numRuns: 40 },
    )
  }, 60_000)

  it('that is damaged again and again leaves three remains, not a full card', async () => {
    const path = join(journalFolder(), 'journal.db')
    for (let round = 1; round <= 6; round++) {
      writeFileSync(path, `no database ${round}`.repeat(100))
      await (await openJournal(path)).close()
    }
    const remains = readdirSync(dirname(path)).filter((name) => name.includes('damaged'))
    expect(remains.sort()).toEqual(['journal.db.damaged-4', 'journal.db.damaged-5', 'journal.db.damaged-6'])
  })

  it('is taken up where the power went while it was mended', async () => {
    const path = join(journalFolder(), 'journal.db')
    await season(path)
    // Between the two renames: the old file is set aside, the copy has not its name yet.
    copyFileSync(path, `${path}.salvage`)
    writeFileSync(`${path}-wal`, 'the log of the damaged file')
    copyFileSync(path, `${path}.damaged-1`)
    rmSync(path)
    const journal = await openJournal(path)
    expect(await allScaled(journal)).toHaveLength(4000)
    expect(existsSync(`${path}.damaged-1-wal`)).toBe(true)
    await journal.close()
    // Before the first rename: the copy may be half, and is made again.
    writeFileSync(`${path}.salvage`, 'half')
    expect(await allScaled(await openJournal(path))).toHaveLength(4000)
    expect(existsSync(`${path}.salvage`)).toBe(false)
  })

  it('is left alone by commands that only look', async () => {
    const path = join(journalFolder(), 'journal.db')
    writeFileSync(path, 'no database '.repeat(100))
    const reader = new InlineThread(path, { isReader: true })
    await expect(reader.call('verify')).rejects.toMatchObject({ code: 'journal-damaged' })
    await reader.stop()
    expect(readdirSync(dirname(path)).filter((name) => name.includes('damaged-'))).toEqual([])
    await expect(new InlineThread(`${path}-none`, { isReader: true }).call('state')).rejects.toMatchObject({
      code: 'file-unreadable',
    })
  })

  it('can be read by a command while the agent writes', async () => {
    const path = join(journalFolder(), 'journal.db')
    const journal = await openJournal(path)
    await journal.appendRecords([plot(1)])
    const reader = new InlineThread(path, { isReader: true })
    expect((await reader.call('state')).lanes.record.lastSeq).toBe(1)
    await journal.appendRecords([plot(2)])
    expect((await reader.call('state')).lanes.record.lastSeq).toBe(2)
    await expect(reader.call('takeCounter', 'lot')).rejects.toThrow()
    await reader.stop()
  })

  it('does not keep the farm from its time: what is written after the mending is later', async () => {
    const path = join(journalFolder(), 'journal.db')
    await season(path)
    truncateSync(path, Math.floor(statSync(path).size * 0.8))
    const journal = await openJournal(path, { clock: new OffsetClock(new PretendClock(0)) })
    expect(journal.now()).toBeGreaterThan(systemClock.wallMs() - 3_600_000)
  })
})
