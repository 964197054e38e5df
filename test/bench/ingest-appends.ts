/**
 * Appends a second in batches of 1,000, beside the shortest way there is for the same rows: one prepared INSERT, one
 * FULL commit a batch, no index, no promise.
 *
 *   node ingest-appends.ts FOLDER bare|inline|worker
 */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { Journal } from '../../agent/journal/journal.ts'
import { seededBytes, seededRandom } from '../world/seeded.ts'

const BATCH = 1000
const BATCHES = 200
const SERIES = 20
const START = Date.UTC(2026, 10, 23)

const [folder = '', way = 'bare'] = process.argv.slice(2)
console.log(JSON.stringify({ rowsPerS: way === 'bare' ? bare() : await journal(way === 'worker') }))
process.exit(0)

function bare(): number {
  const db = new Database(join(folder, 'bare.db'))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec(`CREATE TABLE reading (id INTEGER PRIMARY KEY, series_no INTEGER NOT NULL, t INTEGER NOT NULL,
    scaled INTEGER NOT NULL, quality INTEGER NOT NULL) STRICT`)
  const insert = db.prepare('INSERT INTO reading VALUES (NULL, ?, ?, ?, ?)')
  const store = db.transaction((batch: number) => {
    for (let row = 0; row < BATCH; row++)
      insert.run((row % SERIES) + 1, START + (batch * BATCH + row) * 50, row, 0)
  })
  const begun = performance.now()
  for (let batch = 0; batch < BATCHES; batch++) store(batch)
  return (BATCH * BATCHES * 1000) / (performance.now() - begun)
}

async function journal(isInWorker: boolean): Promise<number> {
  const opened = await Journal.open({
    ...{ path: join(folder, `journal-${isInWorker}.db`), clock: systemClock, lossWindowMs: 1000, isInWorker },
    randomBytes: seededBytes(seededRandom(1)),
  })
  for (let index = 0; index < SERIES; index++)
    await opened.declareSeries({
      ...{ device: `probe-${index}`, channel: '', quantity: 'soil-moisture', unit: '%', resolution: 0.1 },
      ...{ timeStepMs: 1000, place: '', origin: 'measured' },
    })
  const begun = performance.now()
  for (let batch = 0; batch < BATCHES; batch++)
    await opened.appendReadings(
      Array.from({ length: BATCH }, (_, row) => ({
        ...{ seriesNo: (row % SERIES) + 1, t: START + (batch * BATCH + row) * 50, scaled: row, quality: 0 },
      })),
      'commit',
    )
  return (BATCH * BATCHES * 1000) / (performance.now() - begun)
}
