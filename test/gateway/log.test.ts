import { join } from 'node:path'
import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { toHex } from '#contract/ground/bytes.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { publicKeyFromRaw, sha256 } from '#contract/ground/node/crypto.ts'
import { isBatchSignedBy, openBody, openEnvelope } from '#contract/wire/batch.ts'
import { decodeEntries } from '#contract/wire/entries-codec.ts'
import { batchBytes, laneMarks, marksOf, mergeRange, readLog } from '../../gateway/log/log.ts'
import { ProvinceStore, temporaryFolder } from './province-store.ts'
import { DAY, minutes, SignedBox, seriesEntry } from './signed-box.ts'

async function enrolled(): Promise<{ gateway: ProvinceStore; box: SignedBox }> {
  const gateway = await ProvinceStore.open()
  const box = new SignedBox()
  await gateway.enrol(box)
  return { gateway, box }
}

describe('the log', () => {
  it('keeps a batch byte for byte', async () => {
    const { gateway, box } = await enrolled()
    const batch = box.records(seriesEntry(1))
    expect(await gateway.take(batch)).toBe('stored')
    const stored = await batchBytes(gateway.store.db, box.agent, box.epoch, 'record', 1)
    expect(stored).toEqual({ bytes: batch.bytes, receivedAt: DAY })
  })

  it('is written with synchronous=FULL', async () => {
    const { gateway } = await enrolled()
    expect(await gateway.rows('PRAGMA synchronous')).toEqual([{ synchronous: 2 }])
    expect(await gateway.rows('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }])
  })

  it('stores a batch that is sent twice once', async () => {
    const { gateway, box } = await enrolled()
    const batch = box.records(seriesEntry(1))
    await gateway.take(batch)
    expect(await gateway.take(batch)).toBe('duplicate')
    expect(await gateway.rows(`SELECT * FROM log_batch WHERE agent = '${box.agent}'`)).toHaveLength(1)
  })

  it('accepts a gap and says what is missing, until it is filled', async () => {
    const { gateway, box } = await enrolled()
    const [first, second, third] = [1, 2, 3].map((no) => box.readings(minutes(no, 10)))
    await gateway.take(third!)
    await gateway.take(first!)
    const marks = await marksOf(gateway.store.db, box.agent, box.epoch)
    expect(marks.reading).toEqual({ durableThrough: 10, held: [[21, 30]], missing: [[11, 20]] })
    await gateway.take(second!)
    const filled = await marksOf(gateway.store.db, box.agent, box.epoch)
    expect(filled.reading).toEqual({ durableThrough: 30, held: [], missing: [] })
    expect(filled.record).toEqual({ durableThrough: 0, held: [], missing: [] })
  })

  it.each([
    ['the same range', 10],
    ['a range that begins alike and goes on further', 15],
    ['a range that ends earlier', 4],
  ])('sets aside %s with other bytes and stores none of it', async (_, count) => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.readings(minutes(1, 10)))
    const before = await gateway.projections()
    const forged = box.clone().readings(minutes(1, count, DAY, 900))
    expect(await gateway.take(forged)).toBe('equivocation')
    expect(await gateway.take(forged)).toBe('equivocation')
    expect(await gateway.projections()).toEqual(before)
    const aside = await gateway.rows<{ bytes: Uint8Array }>('SELECT bytes FROM log_aside')
    expect(aside.map((row) => toHex(row.bytes))).toEqual([toHex(forged.bytes)])
  })

  it('sees a broken chain from the successor and, when that came first, from the predecessor', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.readings(minutes(1, 10)))
    const other = box.clone()
    const foreignFirst = other.readings(minutes(1, 10, DAY, 900))
    const foreignSecond = other.readings(minutes(1, 10))
    expect(await gateway.take(foreignSecond)).toBe('equivocation')

    const late = await enrolled()
    await late.gateway.take(foreignSecond)
    const own = late.box.clone().readings(minutes(1, 10))
    expect(await late.gateway.take(own)).toBe('equivocation')
    expect(await late.gateway.take(foreignFirst)).toBe('stored')
  })

  it('tells apart lanes, epochs and agents', async () => {
    const { gateway, box } = await enrolled()
    const others = [new SignedBox(2), new SignedBox(1, 'aaaaaaaaaaaaaaaa')]
    for (const each of [box, ...others]) {
      expect(await gateway.take(each.records(seriesEntry(1)))).toBe('stored')
      expect(await gateway.take(each.readings(minutes(1, 3)))).toBe('stored')
    }
  })

  it('reads back every batch once, page after page', async () => {
    const { gateway, box } = await enrolled()
    for (let index = 0; index < 450; index++) await gateway.take(box.readings(minutes(1, 1)))
    const seen: number[] = []
    for await (const batch of readLog(gateway.store.db))
      if (batch.agent === box.agent) seen.push(batch.fromSeq)
    expect(seen).toEqual(Array.from({ length: 450 }, (_, index) => index + 1))
  })
})

describe('marks', () => {
  it('of any order of arrival are those of the whole', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (seqs) => {
        const ranges = seqs.reduce<ReturnType<typeof mergeRange>>(
          (held, seq) => mergeRange(held, seq, seq),
          [],
        )
        const { durableThrough, held, missing } = laneMarks(ranges)
        const inside = (list: typeof held, seq: number) => list.some(([a, b]) => seq >= a && seq <= b)
        for (let seq = 1; seq <= Math.max(...seqs); seq++) {
          expect(seq <= durableThrough || inside(held, seq)).toBe(seqs.includes(seq))
          expect(inside(missing, seq)).toBe(!seqs.includes(seq))
        }
        expect(seqs.includes(durableThrough + 1)).toBe(false)
      }),
    )
  })

  it('move past a range that the box says it has lost', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.readings(minutes(1, 10)))
    box.readings(minutes(1, 10)) // dropped by the quota before it could be sent
    await gateway.take(box.readings(minutes(1, 10)))
    await gateway.take(
      box.records({ kind: 'loss', lane: 'reading', from: 11, to: 20, count: 10, reason: 'quota' }),
    )
    const { reading } = await marksOf(gateway.store.db, box.agent, box.epoch)
    expect(reading).toEqual({ durableThrough: 30, held: [], missing: [] })
  })

  it('that moved past a loss still take the lost batch when it comes after all', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.readings(minutes(1, 10)))
    const late = box.readings(minutes(1, 10))
    await gateway.take(
      box.records({ kind: 'loss', lane: 'reading', from: 11, to: 25, count: 15, reason: 'damage' }),
    )
    expect(await gateway.take(late)).toBe('stored')
    const { reading } = await marksOf(gateway.store.db, box.agent, box.epoch)
    expect(reading).toEqual({ durableThrough: 25, held: [], missing: [] })
    // What was stored can't come in another version, what was only lost can.
    expect(await gateway.take(box.clone().readings(minutes(1, 15)))).toBe('equivocation')
    expect(await gateway.take(box.readings(minutes(1, 3)))).toBe('stored')
  })

  it('survive a box that says it has lost everything, in a thousand pieces', async () => {
    const { gateway, box } = await enrolled()
    const pieces = Array.from({ length: 1200 }, (_, index) => ({
      kind: 'loss',
      lane: 'reading',
      from: 2 * index + 1,
      to: 2 * index + 1,
      count: 1,
      reason: 'quota',
    }))
    expect(await gateway.take(box.records(...pieces))).toBe('stored')
    const { reading } = await marksOf(gateway.store.db, box.agent, box.epoch)
    expect(reading.durableThrough).toBe(1)
    expect([reading.held.length, reading.missing.length]).toEqual([100, 100])
    expect(await gateway.take(box.readings(minutes(1, 10)))).toBe('stored')
  })

  it('of a new epoch are not moved by losses of the epoch before', async () => {
    const { gateway, box } = await enrolled()
    // What the journal writes when it begins a new epoch: the seqs are those of the old one.
    await gateway.take(
      box.records({ kind: 'loss', lane: 'reading', from: 1, to: 500, count: 500, reason: 'unreadable' }),
    )
    const { reading } = await marksOf(gateway.store.db, box.agent, box.epoch)
    expect(reading.durableThrough).toBe(0)
  })
})

describe('the province', () => {
  it('writes its decisions as batches that its own key signed', async () => {
    const { gateway, box } = await enrolled()
    const first = await readLog(gateway.store.db).next()
    const envelope = openEnvelope(first.value!.bytes)
    expect(isBatchSignedBy(envelope, publicKeyFromRaw(gateway.province.key.publicRaw), sha256)).toBe(true)
    const entries = decodeEntries(openBody(envelope, compression))
    expect(entries).toMatchObject([{ kind: 'farm' }, { kind: 'enrolment', agent: box.agent }])
  })

  it('keeps one chain when two programs decide at the same time', async () => {
    const path = join(temporaryFolder(), 'gateway.sqlite')
    const [one, two] = [await ProvinceStore.open(path), await ProvinceStore.open(path)]
    // Two connections of one thread: neither may wait inside SQLite for the other.
    for (const { store } of [one, two]) await pragma(store, 'busy_timeout = 0')
    const farm = (farmId: string) => ({
      kind: 'farm' as const,
      farmId,
      name: farmId,
      commune: 'Hàm Thuận',
      province: 'Lâm Đồng',
    })
    const numbers = Array.from({ length: 20 }, (_, index) => index)
    await Promise.all(numbers.map((index) => (index % 2 ? one : two).decide(farm(`farm ${index}`))))
    const batches = await one.rows<{ from_seq: number; to_seq: number }>(
      `SELECT from_seq, to_seq FROM log_batch ORDER BY from_seq`,
    )
    expect(batches).toEqual(numbers.map((index) => ({ from_seq: index + 1, to_seq: index + 1 })))
    expect(await one.rows('SELECT farm_id FROM farm')).toHaveLength(20)
  })
})

describe('two gateways over one database', () => {
  it('store each batch once, whichever of them it reaches', async () => {
    const path = join(temporaryFolder(), 'gateway.sqlite')
    const [one, two] = [await ProvinceStore.open(path), await ProvinceStore.open(path)]
    for (const { store } of [one, two]) await pragma(store, 'busy_timeout = 0')
    const box = new SignedBox()
    await one.enrol(box)
    const batches = Array.from({ length: 15 }, () => box.readings(minutes(1, 4)))
    const answers = await Promise.all(batches.flatMap((batch) => [one.take(batch), two.take(batch)]))
    expect(answers.filter((answer) => answer === 'stored')).toHaveLength(15)
    expect(answers.filter((answer) => answer === 'duplicate')).toHaveLength(15)
    const { reading } = await marksOf(two.store.db, box.agent, box.epoch)
    expect(reading).toEqual({ durableThrough: 60, held: [], missing: [] })
  })
})

async function pragma({ db }: ProvinceStore['store'], text: string): Promise<void> {
  await sql.raw(`PRAGMA ${text}`).execute(db)
}
