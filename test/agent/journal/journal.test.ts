import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { Lane, RecordBody } from '#contract/wire/records.ts'
import type { Journal } from '../../../agent/journal/journal.ts'
import { MIGRATIONS, migrate } from '../../../agent/journal/schema.ts'
import { OffsetClock, PretendClock } from '../../world/pretend-clock.ts'
import {
  allScaled,
  copyAsAfterPowerCut,
  journalFolder,
  openJournal,
  plot,
  reading,
  soilMoisture,
} from './journal-room.ts'

const hash = (byte: number) => new Uint8Array(32).fill(byte)

/** Seals everything that a lane has, as the uplink does, with bytes that a test can recognise. */
async function sealAll(journal: Journal, lane: Lane, atMost = 1000): Promise<{ from: number; to: number }[]> {
  const sealed: { from: number; to: number }[] = []
  for (;;) {
    const next = await journal.unsealed(lane, { atMost })
    if (!next) return sealed
    const { from, to } = next
    await journal.saveSealed({ lane, from, to, hash: hash(to), bytes: new Uint8Array([from, to]) })
    sealed.push({ from, to })
  }
}

describe.each([
  ['in this thread', false],
  ['in a worker thread', true],
])('the journal %s', (_, isInWorker) => {
  const open = (path: string) => openJournal(path, { isInWorker })

  it('is a WAL file with synchronous=FULL', async () => {
    const path = join(journalFolder(), 'deep', 'journal.db')
    const journal = await open(path)
    expect((await journal.state()).synchronous).toBe(2)
    expect(existsSync(`${path}-wal`)).toBe(true)
    expect(await journal.verify()).toEqual([])
  })

  it('shares one commit among a burst', async () => {
    const journal = await open(join(journalFolder(), 'journal.db'))
    const { no } = await journal.declareSeries(soilMoisture)
    const before = (await journal.state()).commits
    await Promise.all(
      Array.from({ length: 500 }, (_, index) => journal.appendReadings([reading(no, index)], 'commit')),
    )
    const after = await journal.state()
    expect(after.commits - before).toBeLessThanOrEqual(2)
    expect(after.lanes.reading.lastSeq).toBe(500)
    expect(await allScaled(journal)).toEqual(Array.from({ length: 500 }, (_, index) => index))
  })

  it('numbers each lane by itself from 1 and goes on after a restart', async () => {
    const path = join(journalFolder(), 'journal.db')
    const first = await open(path)
    const { no } = await first.declareSeries(soilMoisture)
    await first.appendReadings([reading(no, 1), reading(no, 2)], 'commit')
    expect((await first.appendRecords([plot(1), plot(2)])).map(({ seq }) => seq)).toEqual([2, 3])
    await first.close()
    const second = await open(path)
    expect(second.epoch).toBe(first.epoch)
    expect(second.boot).not.toBe(first.boot)
    expect((await second.appendRecords([plot(3)]))[0]!.seq).toBe(4)
    await second.appendReadings([reading(no, 3)], 'commit')
    expect((await second.state()).lanes.reading.lastSeq).toBe(3)
  })

  it('declares a series once, and anew when unit, resolution or place changes', async () => {
    const path = join(journalFolder(), 'journal.db')
    const journal = await open(path)
    const first = await journal.declareSeries(soilMoisture)
    expect(await journal.declareSeries(soilMoisture)).toEqual(first)
    const moved = await journal.declareSeries({ ...soilMoisture, place: 'Lô B', resolution: 0.01 })
    expect([first.no, moved.no]).toEqual([1, 2])
    expect(moved.uuid).not.toBe(first.uuid)
    const entries = await journal.records('series', { limit: 10 })
    expect(entries.map(({ entry }) => entry)).toMatchObject([
      { no: 2, uuid: moved.uuid, continues: first.uuid },
      { no: 1, uuid: first.uuid },
    ])
    expect(journal.series()).toEqual([expect.objectContaining(moved)])

    await journal.appendReadings([reading(1, 312, 10_000), reading(2, 3120, 20_000)], 'commit')
    await journal.close()
    const again = await open(path)
    expect(again.series()).toEqual([expect.objectContaining(moved)])
    // What the old series measured keeps its own resolution.
    expect((await again.history(1, 0, 60_000, 1))[0]!.mean).toBe(31.2)
    expect((await again.history(2, 0, 60_000, 1))[0]!.mean).toBe(31.2)
    expect(again.stepOf(1)).toBe(1000)
  })

  it('spends a counter before it tells it', async () => {
    const path = join(journalFolder(), 'journal.db')
    const journal = await open(path)
    expect(await journal.takeCounter('lot 261123')).toBe(1)
    const cut = copyAsAfterPowerCut(path, join(journalFolder(), 'journal.db'))
    const after = await open(cut)
    expect(await after.takeCounter('lot 261123')).toBe(2)
    expect(await after.takeCounter('lot 261124')).toBe(1)
  })

  it('hands out what is unsealed in order, as segments of one boot and clock', async () => {
    const path = join(journalFolder(), 'journal.db')
    const journal = await open(path)
    const { no } = await journal.declareSeries(soilMoisture)
    await journal.appendReadings([reading(no, 1, 1000)], 'commit')
    journal.setTimeQuality('synchronised')
    await journal.appendReadings([{ ...reading(no, 2, 2000), sourceT: 1500 }], 'commit')
    const unsealed = await journal.unsealed('reading', { atMost: 10 })
    expect(unsealed).toEqual({
      epoch: journal.epoch,
      from: 1,
      to: 2,
      prev: null,
      entries: [],
      isLost: false,
      segments: [
        {
          boot: journal.boot,
          clock: 'unknown',
          readings: [{ seriesNo: no, t: 1000, scaled: 1, quality: 0 }],
        },
        {
          boot: journal.boot,
          clock: 'synchronised',
          readings: [{ seriesNo: no, t: 2000, scaled: 2, quality: 0, sourceT: 1500 }],
        },
      ],
    })
    const records = await journal.unsealed('record', { atMost: 10 })
    expect(records!.entries).toMatchObject([{ kind: 'series', boot: journal.boot, no }])
  })

  it('keeps readings back while they are young, unless a batch is full or their time is still to come', async () => {
    const journal = await open(join(journalFolder(), 'journal.db'))
    const { no } = await journal.declareSeries(soilMoisture)
    const now = journal.now()
    await journal.appendReadings([reading(no, 1, now - 500), reading(no, 2, now - 400)], 'commit')
    expect(await journal.unsealed('reading', { atMost: 10, notAfterT: now - 60_000 })).toBeNull()
    expect(await journal.unsealed('reading', { atMost: 2, notAfterT: now - 60_000 })).toMatchObject({ to: 2 })
    expect(await journal.unsealed('reading', { atMost: 10, notAfterT: now - 500 })).toMatchObject({ to: 2 })
    await sealAll(journal, 'reading')
    await journal.appendReadings([reading(no, 3, now + 3_600_000)], 'commit')
    expect(await journal.unsealed('reading', { atMost: 10, notAfterT: now - 60_000 })).toMatchObject({
      from: 3,
    })
  })

  it('keeps sealed bytes until they are acknowledged, and readings beyond that', async () => {
    const path = join(journalFolder(), 'journal.db')
    const journal = await open(path)
    const { no } = await journal.declareSeries(soilMoisture)
    await journal.appendReadings(
      Array.from({ length: 10 }, (_, index) => reading(no, index)),
      'commit',
    )
    expect(await sealAll(journal, 'reading', 4)).toEqual([
      { from: 1, to: 4 },
      { from: 5, to: 8 },
      { from: 9, to: 10 },
    ])
    expect(await journal.unsealed('reading', { atMost: 10 })).toBeNull()
    await journal.acknowledge('reading', 4)
    await journal.acknowledge('reading', 2)
    expect((await journal.state()).lanes.reading).toMatchObject({ sealedThrough: 10, durableThrough: 4 })
    expect(await journal.sealedRanges('reading')).toEqual([
      { from: 5, to: 8 },
      { from: 9, to: 10 },
    ])
    expect(await journal.sealedBytes('reading', 1)).toBeNull()
    await journal.close()
    const again = await open(path)
    expect(await again.sealedBytes('reading', 5)).toEqual(new Uint8Array([5, 8]))
    expect((await allScaled(again)).length).toBe(10)
    await again.appendReadings([reading(no, 99)], 'commit')
    expect((await again.unsealed('reading', { atMost: 10 }))!.prev).toEqual(hash(10))
  })

  it.each([
    ['leaves a gap', 3, 4],
    ['overlaps', 1, 2],
    ['goes beyond the end', 2, 9],
    ['ends before it begins', 2, 1],
  ])('refuses to seal a range that %s', async (_name, from, to) => {
    const journal = await open(join(journalFolder(), 'journal.db'))
    await journal.appendRecords([plot(1), plot(2), plot(3), plot(4)])
    await journal.saveSealed({ lane: 'record', from: 1, to: 1, hash: hash(1), bytes: new Uint8Array([1]) })
    await expect(
      journal.saveSealed({ lane: 'record', from, to, hash: hash(2), bytes: new Uint8Array([2]) }),
    ).rejects.toThrow()
    expect(await journal.sealedRanges('record')).toEqual([{ from: 1, to: 1 }])
  })

  it('lets old outlooks go once the province holds them, and nothing else of the record', async () => {
    const journal = await open(join(journalFolder(), 'journal.db'))
    const outlook = { kind: 'outlook', plot: 'lo-1' } as unknown as RecordBody
    await journal.appendRecords([plot(1), ...Array<RecordBody>(410).fill(outlook), plot(2), outlook])
    const count = async (kind: string) => (await journal.records(kind, { limit: 1000 })).length
    await sealAll(journal, 'record', 100)
    expect(await count('outlook')).toBe(411)
    await journal.acknowledge('record', 5)
    // Durable are four of them, though eleven are old.
    expect(await count('outlook')).toBe(407)
    await journal.acknowledge('record', 413)
    expect([await count('outlook'), await count('plot')]).toEqual([400, 2])
    expect(await journal.verify()).toEqual([])
  })

  it('refuses an acknowledgement of what was never sealed', async () => {
    const journal = await open(join(journalFolder(), 'journal.db'))
    await journal.appendRecords([plot(1)])
    await expect(journal.acknowledge('record', 1)).rejects.toThrow()
    expect((await journal.state()).lanes.record.durableThrough).toBe(0)
  })

  it('puts history into buckets of whole width', async () => {
    const journal = await open(join(journalFolder(), 'journal.db'))
    const { no } = await journal.declareSeries(soilMoisture)
    await journal.appendReadings(
      [
        { ...reading(no, 100, 0), quality: 0 },
        { ...reading(no, 300, 999), quality: 4 },
        reading(no, 200, 1000),
        reading(no, 500, 3999),
        reading(no, 900, 4000),
      ],
      'commit',
    )
    expect(await journal.history(no, 0, 4000, 4)).toEqual([
      { t: 0, min: 10, max: 30, mean: 20, count: 2, quality: 4 },
      { t: 1000, min: 20, max: 20, mean: 20, count: 1, quality: 0 },
      { t: 3000, min: 50, max: 50, mean: 50, count: 1, quality: 0 },
    ])
    expect(await journal.latest()).toEqual([{ seriesNo: no, t: 4000, value: 90, quality: 0 }])
  })

  it('refuses an entry that can not be encoded without failing others', async () => {
    const journal = await open(join(journalFolder(), 'journal.db'))
    const bad = { ...plot(1), name: (() => 1) as unknown as string }
    const [refused, kept] = await Promise.allSettled([
      journal.appendRecords([bad]),
      journal.appendRecords([plot(2)]),
    ])
    expect(refused.status).toBe('rejected')
    expect(kept).toMatchObject({ status: 'fulfilled', value: [{ seq: 1 }] })
  })

  it('answers calls after the close with an error and not with silence', async () => {
    const journal = await open(join(journalFolder(), 'journal.db'))
    await journal.close()
    await expect(journal.appendRecords([plot(1)])).rejects.toBeInstanceOf(VuonError)
    await journal.close()
  })

  it('says what is wrong with a file that it can not open', async () => {
    const folder = journalFolder()
    await expect(open(folder)).rejects.toMatchObject({ name: 'VuonError' })
    const path = join(folder, 'newer.db')
    const db = new Database(path)
    db.pragma('user_version = 99')
    db.close()
    await expect(open(path)).rejects.toThrow(/newer/)
  })
})

describe('a new epoch', () => {
  async function filled(path: string) {
    const journal = await openJournal(path)
    const { no } = await journal.declareSeries(soilMoisture)
    await journal.appendReadings(
      Array.from({ length: 10 }, (_, index) => reading(no, index)),
      'commit',
    )
    await sealAll(journal, 'record')
    await sealAll(journal, 'reading', 4)
    await journal.acknowledge('record', 1)
    await journal.acknowledge('reading', 4)
    return { journal, no }
  }

  it('begins chains at 1 again, declares the series, and names what was sealed and not acknowledged', async () => {
    const { journal, no } = await filled(join(journalFolder(), 'journal.db'))
    const old = journal.epoch
    await journal.newEpoch()
    expect(journal.epoch).not.toBe(old)
    const records = await journal.unsealed('record', { atMost: 10 })
    expect(records).toMatchObject({ from: 1, prev: null, epoch: journal.epoch })
    expect(records!.entries).toMatchObject([
      { kind: 'loss', lane: 'reading', from: 5, to: 10, count: 6, reason: 'unreadable' },
      { kind: 'series', no },
    ])
    expect(await journal.unsealed('reading', { atMost: 10 })).toBeNull()
    expect(await journal.sealedRanges('reading')).toEqual([])
    // Local history does not care for epochs.
    expect(await allScaled(journal)).toHaveLength(10)
    await journal.appendReadings([reading(no, 77)], 'commit')
    expect(await journal.unsealed('reading', { atMost: 10 })).toMatchObject({ from: 1, to: 1, prev: null })
  })

  it('takes along what was never sealed, for nobody else can have sent it', async () => {
    const { journal, no } = await filled(join(journalFolder(), 'journal.db'))
    await journal.appendReadings([reading(no, 50), reading(no, 51)], 'commit')
    await journal.appendRecords([plot(7)])
    await journal.newEpoch()
    const readings = await journal.unsealed('reading', { atMost: 10 })
    expect(readings).toMatchObject({ from: 1, to: 2 })
    expect(readings!.segments[0]!.readings.map(({ scaled }) => scaled)).toEqual([50, 51])
    expect((await journal.unsealed('record', { atMost: 10 }))!.entries[0]).toMatchObject({
      kind: 'plot',
      plot: 'lo-7',
    })
  })

  it('of a card restored from an image takes along what was measured since, and not what the image had', async () => {
    const folder = journalFolder()
    const path = join(folder, 'journal.db')
    const { journal: original, no } = await filled(path)
    await original.appendReadings([reading(no, 50)], 'commit')
    const copy = copyAsAfterPowerCut(path, join(folder, 'restored.db'))
    // Weeks without a link, with restarts, before the province is asked.
    for (const scaled of [60, 61, 62]) {
      const restored = await openJournal(copy)
      await restored.appendReadings([reading(no, scaled)], 'commit')
      await restored.close()
    }
    const restored = await openJournal(copy)
    await restored.newEpoch()
    const readings = await restored.unsealed('reading', { atMost: 10 })
    expect(readings!.segments.flatMap((segment) => segment.readings.map(({ scaled }) => scaled))).toEqual([
      60, 61, 62,
    ])
    expect(await restored.records('loss', { limit: 5 })).toMatchObject([
      { entry: { lane: 'reading', from: 5, to: 11, count: 7 } },
    ])
  })
})

describe('the clock of the journal', () => {
  const DAY = Date.UTC(2026, 10, 23)

  it('never shows 1970, not even after a boot without a battery', async () => {
    const clock = new PretendClock(0)
    const journal = await openJournal(join(journalFolder(), 'journal.db'), { clock })
    expect(journal.now()).toBeGreaterThanOrEqual(Date.UTC(2024, 0, 1))
  })

  it.each([
    ['1970', -56 * 365 * 86_400_000],
    ['last week', -7 * 86_400_000],
    ['2120', 94 * 365 * 86_400_000],
  ])('goes on after what is written when a boot begins in %s', async (_, offsetMs) => {
    const path = join(journalFolder(), 'journal.db')
    const time = new PretendClock(DAY)
    const first = await openJournal(path, { clock: time })
    const appended = first.appendRecords([plot(1)])
    await time.advance(10)
    const t = (await appended)[0]!.t
    await first.close()
    const second = await openJournal(path, { clock: new OffsetClock(time, offsetMs) })
    expect(second.now()).toBeGreaterThan(t)
    expect(second.now() - t).toBeLessThan(10_000)
  })

  it('takes a wall clock that is later, so that a night without power is no lie', async () => {
    const path = join(journalFolder(), 'journal.db')
    const time = new PretendClock(DAY)
    const first = await openJournal(path, { clock: time })
    const appended = first.appendRecords([plot(1)])
    await time.advance(10)
    await appended
    await first.close()
    const second = await openJournal(path, { clock: new OffsetClock(time, 8 * 3_600_000) })
    expect(second.now()).toBe(time.wallMs() + 8 * 3_600_000)
  })

  it('is monotone within a boot whatever the wall clock does', async () => {
    const clock = new PretendClock(DAY)
    const journal = await openJournal(join(journalFolder(), 'journal.db'), { clock })
    let last = journal.now()
    for (const step of [3_600_000, -7_200_000, -56 * 365 * 86_400_000, 1]) {
      clock.stepWall(step)
      await clock.advance(1000)
      expect(journal.now()).toBe(last + 1000)
      last = journal.now()
    }
  })

  it('is not held in 2099 for ever by one boot that began there', async () => {
    const path = join(journalFolder(), 'journal.db')
    const time = new PretendClock(DAY)
    const wrong = await openJournal(path, { clock: new OffsetClock(time, Date.UTC(2099, 0, 1) - DAY) })
    const before = wrong.appendRecords([plot(1)])
    await time.advance(10)
    await before
    await wrong.correctClock(DAY - Date.UTC(2099, 0, 1))
    const after = wrong.appendRecords([plot(2)])
    await time.advance(10)
    await after
    expect(wrong.now()).toBe(time.wallMs())
    await wrong.close()
    await time.advance(60_000)
    expect((await openJournal(path, { clock: time })).now()).toBe(time.wallMs())
  })

  it('keeps the boot id of what was appended before a correction and committed after it', async () => {
    const clock = new PretendClock(DAY)
    const journal = await openJournal(join(journalFolder(), 'journal.db'), { clock })
    const declared = await journal.declareSeries(soilMoisture)
    const boot = journal.boot
    const t = journal.now()
    const appended = journal.appendReadings([reading(declared.no, 1, t)], 'window')
    await journal.correctClock(3_600_000)
    expect(journal.boot).not.toBe(boot)
    await clock.advance(1000)
    await appended
    expect((await journal.unsealed('reading', { atMost: 5 }))!.segments).toMatchObject([
      { boot, readings: [{ t }] },
    ])
  })
})

/** Values that no compression helps with: what it takes is what the quota has to make room for. */
function wild(index: number): number {
  const mixed = Math.imul(index ^ (index >>> 7) ^ 0x5bd1e995, 2_654_435_761)
  return (Math.imul(mixed ^ (mixed >>> 13), 2_246_822_519) >>> 0) % 100_003
}

describe('the quota of the journal', () => {
  async function withReadings(path: string, count: number) {
    const journal = await openJournal(path)
    const { no } = await journal.declareSeries(soilMoisture)
    for (let done = 0; done < count; done += 5000) {
      await journal.appendReadings(
        Array.from({ length: 5000 }, (_, index) => reading(no, wild(done + index), done + index)),
        'commit',
      )
    }
    return { journal, no }
  }

  it('takes the oldest acknowledged readings, and the file with its log fits afterwards', async () => {
    const path = join(journalFolder(), 'journal.db')
    const { journal } = await withReadings(path, 60_000)
    await sealAll(journal, 'reading', 4000)
    await journal.acknowledge('reading', 40_000)
    const keepBytes = 120_000
    const { evicted } = await journal.makeRoom(keepBytes, { mayLose: false })
    expect(evicted).toBeGreaterThan(0)
    expect(evicted).toBeLessThanOrEqual(40_000)
    expect(await allScaled(journal)).toEqual(
      Array.from({ length: 60_000 - evicted }, (_, index) => wild(evicted + index)),
    )
    expect((await journal.makeRoom(keepBytes, { mayLose: false })).evicted).toBe(0)
    expect(statSync(`${path}-wal`).size).toBeLessThan(1_000_000)
    // The room is used again before the file grows.
    const before = statSync(path).size
    await journal.appendReadings(
      Array.from({ length: 5000 }, (_, index) => reading(1, index)),
      'commit',
    )
    expect((await journal.state()).sizeBytes).toBeLessThanOrEqual(before + 100_000)
  })

  it('without a link takes rows whose sealed batch stays, and never what is in no batch', async () => {
    const { journal, no } = await withReadings(join(journalFolder(), 'journal.db'), 20_000)
    await journal.acknowledge('record', 0)
    const ranges = await sealAll(journal, 'reading', 4000)
    await journal.appendReadings([reading(no, 7_777_777)], 'commit')
    await journal.appendRecords([plot(1)])
    expect((await journal.makeRoom(0, { mayLose: false })).evicted).toBe(20_000)
    expect(await journal.sealedRanges('reading')).toEqual(ranges)
    expect(await journal.unsealed('reading', { atMost: 10 })).toMatchObject({
      from: 20_001,
      to: 20_001,
      isLost: false,
    })
    expect(await journal.records('plot', { limit: 5 })).toHaveLength(1)
    expect((await journal.state()).lanes.reading.lastSeq).toBe(20_001)
  })
})

describe('the schema', () => {
  it('comes from nothing, one step after another, and is left alone when it is new', () => {
    const db = new Database(':memory:')
    migrate(db, MIGRATIONS.slice(0, 1))
    expect(db.pragma('user_version', { simple: true })).toBe(1)
    db.prepare('INSERT INTO counter VALUES (?, ?)').run('lot 261123', 4)
    migrate(db)
    expect(db.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length)
    migrate(db)
    expect(db.prepare('SELECT * FROM counter').all()).toEqual([{ name: 'lot 261123', value: 4 }])
    db.close()
  })

  it('leaves the old version untouched when a step fails in the middle', () => {
    const db = new Database(':memory:')
    migrate(db)
    const broken = [...MIGRATIONS, { name: 'broken', sql: 'CREATE TABLE half (a); CREATE TABLE half (a);' }]
    expect(() => migrate(db, broken)).toThrow()
    expect(db.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length)
    expect(db.prepare(`SELECT name FROM sqlite_schema WHERE name = 'half'`).all()).toEqual([])
    db.close()
  })
})

describe('two programs on one journal', () => {
  it('number their entries without a gap or a double', async () => {
    const path = join(journalFolder(), 'journal.db')
    const options = { clock: systemClock, isInWorker: true }
    const [one, other] = [await openJournal(path, options), await openJournal(path, options)]
    const seqs: number[] = []
    await Promise.all(
      [one, other].map(async (journal) => {
        for (let index = 0; index < 40; index++) {
          for (const { seq } of await journal.appendRecords([plot(index), plot(index)])) seqs.push(seq)
        }
      }),
    )
    expect(seqs.sort((a, b) => a - b)).toEqual(Array.from({ length: 160 }, (_, index) => index + 1))
    expect(await one.verify()).toEqual([])
  })
})
