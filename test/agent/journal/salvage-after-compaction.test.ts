import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { JOURNAL_CALLS } from '../../../agent/journal/journal-core.ts'
import { JournalFile } from '../../../agent/journal/journal-file.ts'
import { journalFolder, soilMoisture } from './journal-room.ts'

const T = Date.UTC(2026, 10, 27)
const STAMP = { boot: '00000000000000a1', clock: 'synchronised', t: T } as const

const commit = (file: JournalFile, readings: number[][]): void => {
  JOURNAL_CALLS.commit(file, {
    stamps: [STAMP],
    readings: Float64Array.from(readings.flatMap(([no, t, scaled]) => [0, no!, t!, scaled!, 0, Number.NaN])),
    records: [],
  })
}

describe('a page that rots after readings were put in order', () => {
  it('does not bring back from the ring a reading that has another number by now', () => {
    const path = join(journalFolder(), 'journal.db')
    const file = new JournalFile(path)
    const one = JOURNAL_CALLS.declareSeries(file, soilMoisture, STAMP).no
    const other = JOURNAL_CALLS.declareSeries(file, { ...soilMoisture, device: 'soil-b' }, STAMP).no
    // In order, the second of these comes first; the ring still shows them as they were written.
    commit(file, [[other, T, 22]])
    commit(file, [[one, T + 1000, 11]])
    commit(file, [[one, T + 2 * 3_600_000, 12]])
    while (JOURNAL_CALLS.compact(file, T + 3 * 3_600_000));
    expect(file.get('SELECT count(*) AS n FROM block')).toEqual({ n: 2 })
    file.close()

    const db = new Database(path)
    db.prepare('UPDATE block SET body = zeroblob(length(body)) WHERE from_id = 1').run()
    db.close()

    const mended = new JournalFile(path)
    onTestFinished(() => mended.close())
    expect(mended.salvage).toMatchObject({ isNewEpoch: false, lost: [{ lane: 'reading', from: 1, to: 1 }] })
    const kept = JOURNAL_CALLS.exportReadings(mended, 0, 10).map(({ id, value }) => [
      id,
      Math.round(value * 10),
    ])
    expect(kept).toEqual([
      [2, 22],
      [3, 12],
    ])
  })
})
