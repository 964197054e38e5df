/** One case of the flash bench in a process of its own: /proc/self/io counts what this one has written. */
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Reading } from '#contract/wire/records.ts'
import { Journal } from '../../agent/journal/journal.ts'
import { InlineThread } from '../../agent/journal/journal-thread.ts'
import { PretendClock } from '../world/pretend-clock.ts'
import { seededBytes, seededRandom } from '../world/seeded.ts'

export interface FlashCase {
  readonly form: 'journal' | 'rows'
  readonly folder: string
  readonly series: number
  readonly everyMs: number
  readonly windowMs: number
  readonly hours: number
}

export interface FlashCount {
  readonly readings: number
  readonly commits: number
  readonly writtenBytes: number
  /** In use in the file afterwards, its log copied in. */
  readonly keptBytes: number
  /** Seven days of one series, cold: in a file opened for it. */
  readonly drawMs: number
}

const START = Date.UTC(2026, 10, 16)
const BUCKETS = 300

const writtenBytes = (): number =>
  Number(/^write_bytes: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])

/** Each probe at its own moment of the second, 300 ms early or late; the value wanders by a tenth or two. */
function* arrivals({ series, everyMs, hours }: FlashCase): Generator<Reading[]> {
  const random = seededRandom(1)
  const phases = Array.from({ length: series }, () => Math.floor(random() * everyMs))
  const scaled = Array.from({ length: series }, () => Math.round(200 + 600 * random()))
  for (let at = START; at < START + hours * 3_600_000; at += everyMs) {
    const round = phases.map((phase, index) => {
      scaled[index] = (scaled[index] ?? 0) + Math.round(3 * random() - 1.5)
      const t = Math.round(at + phase + 600 * random() - 300)
      return { seriesNo: index + 1, t, scaled: scaled[index] ?? 0, quality: 0 }
    })
    yield round.sort((a, b) => a.t - b.t)
  }
}

/** What arrives within one loss window of the first shares its commit. */
function* windows(asked: FlashCase): Generator<Reading[]> {
  let waiting: Reading[] = []
  for (const round of arrivals(asked)) {
    for (const reading of round) {
      if (waiting[0] && reading.t >= waiting[0].t + asked.windowMs) {
        yield waiting
        waiting = []
      }
      waiting.push(reading)
    }
  }
  if (waiting.length > 0) yield waiting
}

async function journal(asked: FlashCase): Promise<FlashCount> {
  const path = join(asked.folder, 'journal.db')
  const clock = new PretendClock(START)
  const thread = new InlineThread(path)
  const opened = await Journal.open({
    ...{ path, clock, randomBytes: seededBytes(seededRandom(1)), lossWindowMs: 1, isInWorker: false },
    openThread: () => thread,
  })
  for (let index = 0; index < asked.series; index++) {
    const device = `probe-${index}`
    const rest = { quantity: 'soil-moisture', unit: '%', resolution: 0.1, timeStepMs: 1000 } as const
    await opened.declareSeries({ ...rest, device, channel: '', place: '', origin: 'measured' })
  }
  const before = writtenBytes()
  let readings = 0
  let commits = 0
  for (const window of windows(asked)) {
    const nowT = (window.at(-1) as Reading).t
    const stored = opened.appendReadings(window, 'commit')
    await clock.advance(Math.max(0, nowT - clock.wallMs()))
    await stored
    readings += window.length
    commits++
  }
  while (await thread.call('compact', clock.wallMs() + 86_400_000));
  await opened.close()
  const written = writtenBytes() - before
  const keptBytes = usedBytes(path)
  const reader = new InlineThread(path, { isReader: true })
  await reader.call('latest')
  const begun = performance.now()
  const week = await reader.call('history', 1, START, START + 7 * 86_400_000, BUCKETS)
  const drawMs = performance.now() - begun
  if (week.length === 0) throw new Error('nothing was drawn')
  await reader.stop()
  remove(path)
  return { readings, commits, writtenBytes: written, keptBytes, drawMs }
}

async function rows(asked: FlashCase): Promise<FlashCount> {
  const path = join(asked.folder, 'rows.db')
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec(`CREATE TABLE reading (id INTEGER PRIMARY KEY, series_no INTEGER NOT NULL, t INTEGER NOT NULL,
    scaled INTEGER NOT NULL, quality INTEGER NOT NULL) STRICT;
    CREATE INDEX reading_of_series ON reading (series_no, t, scaled, quality);`)
  db.pragma('synchronous = FULL')
  const insert = db.prepare('INSERT INTO reading VALUES (NULL, ?, ?, ?, ?)')
  const store = db.transaction((window: readonly Reading[]) => {
    for (const { seriesNo, t, scaled, quality } of window) insert.run(seriesNo, t, scaled, quality)
  })
  const before = writtenBytes()
  let readings = 0
  let commits = 0
  for (const window of windows(asked)) {
    store(window)
    readings += window.length
    commits++
  }
  db.close()
  const written = writtenBytes() - before
  const keptBytes = usedBytes(path)
  const reader = new Database(path, { readonly: true })
  const width = (7 * 86_400_000) / BUCKETS
  const begun = performance.now()
  reader
    .prepare(
      `SELECT (t - CAST(? AS INTEGER)) / CAST(? AS INTEGER) AS bucket, min(scaled), max(scaled), avg(scaled), count(*),
         max(quality) FROM reading WHERE series_no = 1 AND t >= ? AND t < ? GROUP BY bucket ORDER BY bucket`,
    )
    .all(START, width, START, START + 7 * 86_400_000)
  const drawMs = performance.now() - begun
  reader.close()
  remove(path)
  return { readings, commits, writtenBytes: written, keptBytes, drawMs }
}

function usedBytes(path: string): number {
  const db = new Database(path, { readonly: true })
  const pages =
    (db.pragma('page_count', { simple: true }) as number) -
    (db.pragma('freelist_count', { simple: true }) as number)
  const bytes = pages * (db.pragma('page_size', { simple: true }) as number)
  db.close()
  if (bytes > statSync(path).size) throw new Error('more in use than there is')
  return bytes
}

function remove(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
}

const asked = JSON.parse(process.argv[2] ?? '') as FlashCase
console.log(JSON.stringify(await (asked.form === 'journal' ? journal(asked) : rows(asked))))
