import { join } from 'node:path'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { decodeBlock, encodeBlock } from '../../../agent/journal/block-codec.ts'
import { JOURNAL_CALLS } from '../../../agent/journal/journal-core.ts'
import { JournalFile } from '../../../agent/journal/journal-file.ts'
import { type BootStamp, type PackedBlock, ROW } from '../../../agent/journal/packed.ts'
import { MIGRATIONS, migrate } from '../../../agent/journal/schema.ts'
import { seededRandom } from '../../world/seeded.ts'
import { journalFolder, openJournal, plot, reading, soilMoisture } from './journal-room.ts'

const T = Date.UTC(2026, 10, 27)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const BOOTS: readonly BootStamp[] = [
  { boot: '00000000000000a1', clock: 'synchronised' },
  { boot: '00000000000000a2', clock: 'unknown' },
]
const STAMP = { ...(BOOTS[0] as BootStamp), t: T }

const row = fc.record({
  stamp: fc.nat(1),
  seriesNo: fc.constantFrom(1, 2, 3, 40_000),
  t: fc.oneof(fc.integer({ min: T, max: T + HOUR_MS }), fc.integer({ min: -(2 ** 50), max: 2 ** 50 })),
  scaled: fc.oneof(fc.integer({ min: -500, max: 500 }), fc.integer({ min: -(2 ** 50), max: 2 ** 50 })),
  quality: fc.constantFrom(0, 0, 0, 1, 64, 0xffff),
  sourceT: fc.option(fc.integer({ min: T - 1000, max: T }), { nil: Number.NaN }),
})
interface Row {
  readonly stamp: number
  readonly seriesNo: number
  readonly t: number
  readonly scaled: number
  readonly quality: number
  readonly sourceT: number
}

const packed = (rows: readonly Row[]): PackedBlock => ({
  stamps: BOOTS,
  readings: Float64Array.from(
    rows.flatMap(({ stamp, seriesNo, t, scaled, quality, sourceT }) => [
      stamp,
      seriesNo,
      t,
      scaled,
      quality,
      sourceT,
    ]),
  ),
})

/** One line a reading, in the block's own order. */
function linesOf({ stamps, readings }: PackedBlock): string[] {
  const lines: string[] = []
  for (let at = 0; at < readings.length; at += ROW) {
    const [stampNo, ...rest] = readings.subarray(at, at + ROW) as unknown as number[]
    lines.push([stamps[stampNo as number]?.boot, ...rest].join(' '))
  }
  return lines
}

describe('a block', () => {
  it('gives back every reading, a series after another, each in the order in which it came', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 400 }), (rows) => {
        const ordered = [...rows.entries()]
          .sort(([a, one], [b, other]) => {
            const bootOf = (stamp: number) => rows.findIndex((each) => each.stamp === stamp)
            return bootOf(one.stamp) - bootOf(other.stamp) || one.seriesNo - other.seriesNo || a - b
          })
          .map(([, each]) => each)
        expect(linesOf(decodeBlock(encodeBlock(packed(rows), () => 1)))).toEqual(linesOf(packed(ordered)))
      }),
    )
  })

  it('cuts times down to the step, and once cut leaves them', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 50 }),
        fc.constantFrom(1, 1000, 60_000),
        (rows, step) => {
          const once = decodeBlock(encodeBlock(packed(rows), () => step))
          for (let at = 2; at < once.readings.length; at += ROW)
            expect(Math.abs((once.readings[at] as number) % step)).toBe(0)
          expect(linesOf(decodeBlock(encodeBlock(once, () => step)))).toEqual(linesOf(once))
        },
      ),
    )
  })

  it('of one reading each of twenty series takes less than seven bytes a reading', () => {
    const rows = Array.from({ length: 20 }, (_, index) => ({
      ...{
        stamp: 0,
        seriesNo: index + 1,
        t: T + index * 40,
        scaled: 250 + index,
        quality: 0,
        sourceT: Number.NaN,
      },
    }))
    expect(encodeBlock(packed(rows), () => 1000).length / 20).toBeLessThan(7)
  })

  it('with any bit of it flipped is not believed', () => {
    const bytes = encodeBlock(
      packed(
        Array.from({ length: 30 }, (_, index) => ({
          ...{ stamp: 0, seriesNo: 1, t: T + index },
          scaled: index * 37,
          quality: 0,
          sourceT: Number.NaN,
        })),
      ),
      () => 1,
    )
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const hit = bytes.slice()
      hit[bit >> 3] = (hit[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => decodeBlock(hit)).toThrow(expect.objectContaining({ code: 'SQLITE_CORRUPT' }))
    }
  })

  it('is never read beyond its end, whatever is in it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeBlock(bytes)).toThrow(expect.objectContaining({ code: 'SQLITE_CORRUPT' }))
      }),
    )
  })
})

function fileWith(seriesCount: number): JournalFile {
  const file = new JournalFile(join(journalFolder(), 'journal.db'))
  onTestFinished(() => file.close())
  for (let index = 0; index < seriesCount; index++)
    JOURNAL_CALLS.declareSeries(file, { ...soilMoisture, device: `probe-${index}` }, STAMP)
  return file
}

const commit = (file: JournalFile, rows: readonly Row[]) =>
  JOURNAL_CALLS.commit(file, { ...packed(rows), records: [] })

/** Everything that anybody can ask, with no ids in it. */
function asked(file: JournalFile, seriesCount: number): unknown {
  const series = Array.from({ length: seriesCount }, (_, index) => index + 1)
  return {
    latest: JOURNAL_CALLS.latest(file),
    history: series.map((no) => JOURNAL_CALLS.history(file, no, T - DAY_MS, T + 3 * DAY_MS, 500)),
    exported: JOURNAL_CALLS.exportReadings(file, 0, 100_000)
      .map(({ uuid, t, value, quality }) => `${uuid} ${t} ${value} ${quality}`)
      .sort(),
    state: JOURNAL_CALLS.state(file).lanes,
  }
}

/** Seals what waits, as far as `atMost`, and says what was in it. */
function handOut(file: JournalFile, atMost: number): string[] {
  const next = JOURNAL_CALLS.unsealed(file, 'reading', atMost, null, STAMP)
  if (!next) return []
  const { from, to } = next
  JOURNAL_CALLS.saveSealed(file, {
    lane: 'reading',
    from,
    to,
    hash: new Uint8Array(32),
    bytes: new Uint8Array([1]),
  })
  return next.segments.flatMap(({ boot, readings }) =>
    readings.map(({ seriesNo, t, scaled, quality, sourceT }) =>
      [boot, seriesNo, t, scaled, quality, sourceT].join(' '),
    ),
  )
}

describe('putting in order', () => {
  it('is done at once for the commit of a burst, after what waited before it', () => {
    const file = fileWith(5)
    const rowAt = (index: number): Row => ({
      ...{ stamp: index < 3000 ? 0 : 1, seriesNo: 1 + ((index * 7) % 5), t: T + index * 10, scaled: index },
      ...{ quality: index % 900 === 0 ? 1 : 0, sourceT: Number.NaN },
    })
    const rowsFrom = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, at) => rowAt(from + at))
    commit(file, rowsFrom(0, 20))
    const handed = handOut(file, 13)
    commit(file, rowsFrom(20, 40))
    commit(file, rowsFrom(40, 10_040))
    expect(file.all('SELECT from_id FROM block WHERE series_no IS NULL')).toEqual([])
    expect(file.slots.blocks()).toEqual([])
    // Times are kept to the second, beside a block too: nothing of its first second may be missing from a chart.
    expect(file.all('SELECT from_id FROM block WHERE from_t % 1000 <> 0 OR to_t % 1000 <> 0')).toEqual([])
    expect(JOURNAL_CALLS.history(file, 1, T, T + 1, 1).map(({ count }) => count)).toEqual([20])
    expect(JOURNAL_CALLS.opening(file).lastT).toBe(T + 100_000)
    commit(file, rowsFrom(10_040, 10_050))
    for (let more = handOut(file, 777); more.length > 0; more = handOut(file, 777)) handed.push(...more)
    const scaledOf = (line: string) => Number(line.split(' ')[3])
    expect(handed.toSorted((a, b) => scaledOf(a) - scaledOf(b))).toEqual(
      linesOf(packed(rowsFrom(0, 10_050))).map((line) =>
        line.replace(' NaN', ' ').replace(/\b\d{13}\b/, (t) => String(Math.floor(Number(t) / 1000) * 1000)),
      ),
    )
    expect(JOURNAL_CALLS.latest(file).map(({ scaled }) => scaled)).toEqual(
      [1, 2, 3, 4, 5].map((no) =>
        Math.max(
          ...rowsFrom(10_000, 10_050)
            .filter(({ seriesNo }) => seriesNo === no)
            .map(({ scaled }) => scaled),
        ),
      ),
    )
    expect(file.verify()).toEqual([])
  })

  it('changes nothing that can be asked, and hands out every reading once', () => {
    const commits = fc.array(
      fc.array(
        row.map((each) => ({ ...each, seriesNo: 1 + (each.seriesNo % 3) })),
        { minLength: 1, maxLength: 20 },
      ),
      {
        minLength: 2,
        maxLength: 12,
      },
    )
    fc.assert(
      fc.property(commits, fc.nat(60), fc.nat(60), fc.boolean(), (all, sealed, more, isAcknowledged) => {
        const file = new JournalFile(join(journalFolder(), 'journal.db'))
        const other = new JournalFile(join(journalFolder(), 'other.db'))
        const handed: string[][] = [[], []]
        for (const [index, each] of [file, other].entries()) {
          for (let no = 0; no < 3; no++)
            JOURNAL_CALLS.declareSeries(
              each,
              { ...soilMoisture, device: `probe-${no}`, timeStepMs: 1 },
              STAMP,
            )
          for (const rows of all) commit(each, rows)
          handed[index]?.push(...handOut(each, sealed + 1))
          if (isAcknowledged) JOURNAL_CALLS.acknowledge(each, 'reading', each.mark('reading').sealedThrough)
        }
        const before = JSON.stringify(asked(file, 3))
        const strip = (text: string) =>
          text.replaceAll(/"uuid":"[^"]*"|[0-9a-f-]{36}/g, '').replaceAll(/"epoch":"[^"]*"/g, '')
        while (JOURNAL_CALLS.compact(file, T + 2 * DAY_MS));
        expect(JSON.parse(strip(JSON.stringify(asked(file, 3)))).history).toEqual(
          JSON.parse(strip(before)).history,
        )
        expect(strip(JSON.stringify((asked(file, 3) as { exported: string[] }).exported))).toBe(
          strip(JSON.stringify((JSON.parse(before) as { exported: string[] }).exported)),
        )
        commit(file, all[0] as Row[])
        commit(other, all[0] as Row[])
        handed[0]?.push(...handOut(file, more + 1))
        handed[1]?.push(...handOut(other, more + 1))
        while (JOURNAL_CALLS.compact(file, T + 3 * DAY_MS));
        for (const [index, each] of [file, other].entries())
          for (let part = handOut(each, 50); part.length > 0; part = handOut(each, 50))
            handed[index]?.push(...part)
        expect(handed[0]?.sort()).toEqual(handed[1]?.sort())
        expect(file.verify()).toEqual([])
        file.close()
        other.close()
      }),
      { numRuns: 25 },
    )
  })

  it('keeps a day of twenty series at one a minute in under three bytes a reading', () => {
    const file = fileWith(20)
    const values = Array.from({ length: 20 }, (_, index) => 250 + index * 10)
    let count = 0
    let random = 1
    const chance = () => {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
      return random / 2 ** 32
    }
    for (let minute = 0; minute < 24 * 60; minute++) {
      const rows = values.map((_, index) => {
        values[index] = (values[index] as number) + Math.round(3 * chance() - 1.5)
        const t = T + minute * 60_000 + Math.round((chance() - 0.5) * 600)
        return {
          stamp: 0,
          seriesNo: index + 1,
          t,
          scaled: values[index] as number,
          quality: 0,
          sourceT: Number.NaN,
        }
      })
      count += rows.length
      commit(file, rows)
      if (minute % 10 === 0) while (JOURNAL_CALLS.compact(file, T + minute * 60_000));
    }
    while (JOURNAL_CALLS.compact(file, T + 2 * DAY_MS));
    file.pragma('wal_checkpoint(TRUNCATE)')
    expect(file.usedBytes() / count).toBeLessThan(3)
    expect(JOURNAL_CALLS.exportReadings(file, 0, 100_000)).toHaveLength(count)
  })
})

describe('a figure that was computed again', () => {
  it('counts once in a chart, as it was computed last, and a measured one of the same time twice', () => {
    const file = fileWith(0)
    for (const origin of ['measured', 'derived et0-1'])
      JOURNAL_CALLS.declareSeries(file, { ...soilMoisture, device: origin, origin }, STAMP)
    const at = (t: number, scaled: number) =>
      [1, 2].map((seriesNo) => ({ stamp: 0, seriesNo, t, scaled, quality: 0, sourceT: Number.NaN }))
    const asked = () => [1, 2].map((no) => JOURNAL_CALLS.history(file, no, T, T + 2 * HOUR_MS, 2))
    commit(file, [...at(T, 10), ...at(T + HOUR_MS, 50)])
    commit(file, at(T, 30))
    const expected = [
      [
        { min: 10, max: 30, mean: 20, count: 2 },
        { min: 50, count: 1 },
      ],
      [
        { min: 30, max: 30, mean: 30, count: 1 },
        { min: 50, count: 1 },
      ],
    ]
    expect(asked()).toMatchObject(expected)
    commit(file, at(T + 3 * HOUR_MS, 0))
    while (JOURNAL_CALLS.compact(file, T + 2 * DAY_MS));
    expect(asked()).toMatchObject(expected)
  })
})

describe('a card that is full', () => {
  it('thins what is in no batch, then drops the oldest batches, and enters each loss with its times', async () => {
    const path = join(journalFolder(), 'journal.db')
    const journal = await openJournal(path)
    const { no } = await journal.declareSeries(soilMoisture)
    await journal.acknowledge('record', 0)
    // More than the ring of slots takes.
    const wild = seededRandom(1)
    const minutes = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) =>
        reading(no, Math.floor(wild() * 2 ** 40), T + (from + index) * 1000),
      )
    for (let part = 0; part < 4; part++) {
      await journal.appendReadings(minutes(part * 1000, 1000), 'commit')
      const { from, to } = (await journal.unsealed('reading', { atMost: 1000 }))!
      const times = { fromT: T + (from - 1) * 1000, toT: T + (to - 1) * 1000 }
      await journal.saveSealed({
        lane: 'reading',
        from,
        to,
        hash: new Uint8Array(32).fill(part),
        bytes: new Uint8Array(20_000),
        ...times,
      })
    }
    await journal.appendReadings(minutes(4000, 1000), 'commit')
    await journal.appendRecords([plot(1)])
    const { evicted, thinned, dropped } = await journal.makeRoom(100_000, { mayLose: true })
    expect(evicted).toBe(4000)
    expect(thinned).toBe(996)
    expect(dropped).toBeGreaterThan(0)
    expect(dropped).toBeLessThan(4000)
    const losses = (await journal.records('loss', { limit: 50 })).map(({ entry }) => entry).reverse()
    expect(losses).toHaveLength(dropped / 1000)
    expect(losses[0]).toMatchObject({
      ...{ lane: 'reading', from: 1, to: 1000, count: 1000, reason: 'quota', fromT: T, toT: T + 999_000 },
      batchHash: new Uint8Array(32).fill(0),
    })
    // What stayed of the newest goes first, then the hole, sealed as lost with its times.
    const kept = (await journal.unsealed('reading', { atMost: 1000 }))!
    expect(kept).toMatchObject({ from: 4001, to: 4004, isLost: false })
    expect(kept.segments[0]?.readings.map(({ t }) => (t - T) / 1000)).toEqual([4000, 4300, 4600, 4900])
    await journal.saveSealed({
      lane: 'reading',
      from: 4001,
      to: 4004,
      hash: new Uint8Array(32),
      bytes: new Uint8Array(1),
    })
    expect(await journal.unsealed('reading', { atMost: 1000 })).toMatchObject({
      ...{ from: 4005, to: 5000, isLost: true },
      entries: [{ kind: 'loss', count: 996, reason: 'quota', fromT: T + 4_001_000, toT: T + 4_999_000 }],
    })
    // Drained, it takes readings again and loses nothing more.
    await journal.saveSealed({
      lane: 'reading',
      from: 4005,
      to: 5000,
      hash: new Uint8Array(32),
      bytes: new Uint8Array(1),
    })
    await journal.acknowledge('reading', 5000)
    await journal.appendReadings(minutes(5000, 10), 'commit')
    expect(await journal.makeRoom(100_000, { mayLose: true })).toMatchObject({ thinned: 0, dropped: 0 })
    expect(await journal.unsealed('reading', { atMost: 1000 })).toMatchObject({
      from: 5001,
      to: 5010,
      isLost: false,
    })
    expect(await journal.records('plot', { limit: 5 })).toHaveLength(1)
  })
})

describe('a journal that kept a row a reading', () => {
  it('is carried over whole, with its holes and marks', () => {
    const path = join(journalFolder(), 'journal.db')
    const old = new Database(path)
    migrate(old, MIGRATIONS.slice(0, 1))
    old.exec(`INSERT INTO meta VALUES ('epoch', '00000000000000e1'), ('since_contact', '{"reading":3100}');
      INSERT INTO counter VALUES ('series', 2);
      INSERT INTO stamp VALUES (1, '00000000000000a1', 'synchronised'), (2, '00000000000000a2', 'unknown');
      INSERT INTO series VALUES (1, 'u1', 'a', '', 'air-temperature', '°C', 0.1, 1000, 'p', 'measured', NULL, 1),
        (2, 'u2', 'b', '', 'air-temperature', '°C', 0.1, 1, 'p', 'measured', NULL, 1);
      UPDATE mark SET base_id = 100, last_id = 5000, sealed_through = 2500, durable_through = 1500 WHERE lane = 'reading'`)
    old.exec('BEGIN')
    const insert = old.prepare('INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?, ?)')
    const expected: string[] = []
    for (let id = 50; id <= 5000; id++) {
      if (id >= 4000 && id < 4010) continue
      const no = 1 + (id % 2)
      insert.run(
        id,
        id < 3000 ? 1 : 2,
        no,
        T + id * 1000,
        id,
        id % 50 === 0 ? 64 : 0,
        id % 9 === 0 ? T : null,
      )
      expected.push(`u${no} ${T + id * 1000} ${id} ${id % 50 === 0 ? 64 : 0}`)
    }
    old.exec('COMMIT')
    old.close()
    const file = new JournalFile(path)
    onTestFinished(() => file.close())
    expect(file.epoch).toBe('00000000000000e1')
    const exported = JOURNAL_CALLS.exportReadings(file, 0, 10_000)
    expect(
      exported
        .map(({ uuid, t, value, quality }) => `${uuid} ${t} ${Math.round(value * 10)} ${quality}`)
        .sort(),
    ).toEqual(expected.sort())
    expect(JOURNAL_CALLS.state(file).lanes.reading).toMatchObject({ lastSeq: 4900, sealedThrough: 2500 })
    const handed: { from: number; to: number; isLost: boolean; count: number }[] = []
    for (;;) {
      const next = JOURNAL_CALLS.unsealed(file, 'reading', 700, null, STAMP)
      if (!next) break
      const { from, to, isLost } = next
      handed.push({
        from,
        to,
        isLost,
        count: next.segments.reduce((sum, { readings }) => sum + readings.length, 0),
      })
      JOURNAL_CALLS.saveSealed(file, {
        lane: 'reading',
        from,
        to,
        hash: new Uint8Array(32),
        bytes: new Uint8Array(1),
      })
    }
    expect(handed[0]?.from).toBe(2501)
    expect(handed.at(-1)?.to).toBe(4900)
    expect(handed.filter(({ isLost }) => isLost)).toMatchObject([{ from: 3900, to: 3909 }])
    for (const { from, to, isLost, count } of handed) expect(count).toBe(isLost ? 0 : to - from + 1)
    expect(file.verify()).toEqual([])
  })
})

describe('a bit that the card flipped', () => {
  it.each([
    ['in readings', 'slot', 'bytes'],
    ['in an entry', 'entry', 'body'],
  ])('%s is found at the next start and never handed out', async (_, table, column) => {
    const path = join(journalFolder(), 'journal.db')
    const journal = await openJournal(path)
    const { no } = await journal.declareSeries(soilMoisture)
    for (let index = 0; index < 10; index++) await journal.appendReadings([reading(no, index)], 'commit')
    for (let index = 0; index < 10; index++) await journal.appendRecords([plot(index)])
    await journal.close()
    // Through SQLite, so that its pages are in order and only the value is wrong.
    const db = new Database(path)
    const id = table === 'slot' ? 'no' : 'id'
    const rows = db.prepare(`SELECT ${id} AS id, ${column} AS body FROM ${table} ORDER BY ${id}`).all() as {
      id: number
      body: Buffer
    }[]
    const hit = rows[5] as { id: number; body: Buffer }
    hit.body[2] = (hit.body[2] as number) ^ 4
    db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${id} = ?`).run(hit.body, hit.id)
    db.close()
    const again = await openJournal(path)
    expect(again.salvage).toMatchObject({ lost: [{ from: hit.id, to: hit.id }], isNewEpoch: false })
    expect(await again.verify()).toEqual([])
    expect((await again.records('loss', { limit: 5 }))[0]?.entry).toMatchObject({
      reason: 'damage',
      count: 1,
    })
  })
})
