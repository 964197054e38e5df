import { renameSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { blocksWithin, readingsOf } from '../../agent/journal/blocks.ts'
import { JournalFile } from '../../agent/journal/journal-file.ts'
import { type PackedBlock, ROW } from '../../agent/journal/packed.ts'
import { MIGRATIONS, migrate } from '../../agent/journal/schema.ts'

/** What only the journal of today knows of itself. */
const NEW_METAS = ['left_through', 'compacted_through', 'merged_through', 'opened']

/**
 * Leaves the journal at `path` as the first Vuon would have left it: a row a reading, no checksums, every id where it
 * is. False, and nothing is changed, where it holds what that one could not say (readings dropped, a salvage untold).
 */
export function asBefore(path: string): boolean {
  const older = `${path}.older`
  const file = new JournalFile(path)
  let blocks: [fromId: number, PackedBlock][]
  let lastId: number
  try {
    if (file.salvage || file.meta('untold') !== undefined || file.get('SELECT 1 FROM dropped')) return false
    blocks = blocksWithin(file, 1, Number.MAX_SAFE_INTEGER).map((block) => [
      block.fromId,
      readingsOf(file, block),
    ])
    lastId = file.mark('reading').lastId
  } finally {
    file.close()
  }
  rmSync(older, { force: true })
  const db = new Database(older)
  db.pragma('page_size = 512')
  migrate(db, MIGRATIONS.slice(0, 1))
  db.prepare('ATTACH ? AS now').run(path)
  db.transaction(() => {
    const metas = NEW_METAS.map((name) => `'${name}'`).join(', ')
    db.exec(`
      INSERT INTO meta SELECT * FROM now.meta WHERE name NOT IN (${metas});
      INSERT INTO counter SELECT * FROM now.counter;
      INSERT INTO series SELECT * FROM now.series;
      INSERT INTO entry SELECT lane, id, kind, t, body FROM now.entry;
      INSERT INTO sealed SELECT lane, from_seq, to_seq, hash, bytes FROM now.sealed;
      DELETE FROM mark;
      INSERT INTO mark SELECT * FROM now.mark;
    `)
    db.prepare(`UPDATE mark SET last_id = ? WHERE lane = 'reading'`).run(lastId)
    for (const [fromId, block] of blocks) insertRows(db, fromId, block)
  })()
  db.exec('DETACH now')
  db.close()
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  renameSync(older, path)
  return true
}

function insertRows(db: Database.Database, fromId: number, { stamps, readings }: PackedBlock): void {
  const stamp = db.prepare('INSERT OR IGNORE INTO stamp (boot, clock) VALUES (?, ?)')
  for (const { boot, clock } of stamps) stamp.run(boot, clock)
  const insert = db.prepare(
    'INSERT INTO reading SELECT ?, no, ?, ?, ?, ?, ? FROM stamp WHERE boot = ? AND clock = ?',
  )
  for (let at = 0; at < readings.length; at += ROW) {
    const [stampNo, seriesNo, t, scaled, quality, sourceT] = readings.subarray(at, at + ROW)
    const { boot, clock } = stamps[stampNo as number] as PackedBlock['stamps'][number]
    const source = Number.isNaN(sourceT) ? null : sourceT
    insert.run(fromId + at / ROW, seriesNo, t, scaled, quality, source, boot, clock)
  }
}

/** As a Vuon of tomorrow would leave it: one schema further than this one knows. */
export const markNewer = (path: string): void => setVersion(path, MIGRATIONS.length + 1)

export const markOwn = (path: string): void => setVersion(path, MIGRATIONS.length)

function setVersion(path: string, version: number): void {
  const db = new Database(path)
  db.pragma(`user_version = ${version}`)
  db.close()
}
