import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { toHex } from '#contract/ground/bytes.ts'
import type { Clock, TimeQuality } from '#contract/ground/clock.ts'
import { publicKeyFromRaw, secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { isLotNumber, LOTS_A_DAY } from '#contract/trace/lot-number.ts'
import { isEventSignedBy, openSignedEvent } from '#contract/trace/signed-event.ts'
import type { EventEntry } from '#contract/wire/records.ts'
import {
  FarmBook,
  type FarmIdentity,
  type FarmJournal,
  type HarvestInput,
} from '../../agent/farm-book/farm-book.ts'
import { Journal } from '../../agent/journal/journal.ts'

// Half past six in the morning of 23 November in Vietnam: still the 22nd in Greenwich.
const MORNING = Date.parse('2026-11-23T06:30:00+07:00')
const KEY = secretKeyFromSeed(new Uint8Array(32).fill(5))
const GTIN = '09521234543213'

const identity: FarmIdentity = {
  agent: 'abcdefgh12345678',
  keyId: '0011223344556677',
  key: KEY,
  boxCode: 'B0X1',
  publicUrl: 'https://vuon.example',
  allocations: [
    {
      gtin: GTIN,
      crop: 'dragon-fruit',
      productVi: 'Thanh long ruột đỏ',
      productEn: 'Red dragon fruit',
      growingArea: { gln: '9521234500018', code: 'VN-LDOR-0042' },
    },
    { gtin: '09521234543206', crop: 'mango', productVi: 'Xoài cát', productEn: 'Mango' },
  ],
}

const HARVEST: HarvestInput = {
  plot: 'lo-a',
  gtin: GTIN,
  massKg: 412.5,
  harvestedOn: '2026-11-23',
  person: 'p1',
}

class StandingClock implements Clock {
  ms: number
  constructor(ms: number) {
    this.ms = ms
  }
  wallMs(): number {
    return this.ms
  }
  monotonicMs(): number {
    return this.ms - MORNING
  }
  after(_delayMs: number, run: () => void): () => void {
    const timer = setImmediate(run)
    return () => clearImmediate(timer)
  }
}

interface BookOptions {
  path?: string
  at?: number
  quality?: TimeQuality
  identity?: FarmIdentity | null
  journal?: (real: Journal) => FarmJournal
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'vuon-book-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return join(made, 'journal.db')
}

/** A farm book over a real journal in a folder that goes with the test. */
async function openBook(options: BookOptions = {}) {
  let seed = 0
  const clock = new StandingClock(options.at ?? MORNING)
  const journal = await Journal.open({
    path: options.path ?? folder(),
    clock,
    randomBytes: (length) => new Uint8Array(length).fill(++seed),
    lossWindowMs: 0,
    isInWorker: false,
  })
  let isOpen = true
  const close = async () => {
    if (isOpen) await journal.close()
    isOpen = false
  }
  onTestFinished(close)
  const quality = options.quality ?? 'synchronised'
  journal.setTimeQuality(quality)
  const book = new FarmBook({
    journal: options.journal?.(journal) ?? journal,
    plots: [
      { id: 'lo-a', name: 'Lô A', crop: 'dragon-fruit', areaHa: 0.8 },
      { id: 'lo-x', name: 'Lô xoài', crop: 'mango', areaHa: 0.2 },
    ],
    identity: () => (options.identity === undefined ? identity : options.identity),
    timeQuality: () => quality,
    zoneOffset: '+07:00',
    sha256,
    newId: randomUUID,
  })
  return { book, journal, clock, close }
}

async function eventsOf(journal: Journal) {
  const entries = (await journal.records('event', { limit: 10_000 })).toReversed()
  return entries.map(({ entry }) => {
    const { signed, signature } = entry as unknown as EventEntry
    expect(isEventSignedBy({ signed, signature }, publicKeyFromRaw(KEY.publicRaw))).toBe(true)
    return { statement: openSignedEvent(signed), hash: toHex(sha256(signed)) }
  })
}

async function expectWholeChain(journal: Journal, count: number): Promise<void> {
  const events = await eventsOf(journal)
  expect(events.map(({ statement }) => statement.eventNo)).toEqual(events.map((_, index) => index + 1))
  expect(events).toHaveLength(count)
  for (const [index, { statement }] of events.entries())
    expect(statement.prev).toBe(index === 0 ? '' : events[index - 1]?.hash)
}

describe('a harvest', () => {
  test('becomes a lot, an activity and a signed event, all on disk when it is confirmed', async () => {
    const { book, journal } = await openBook()
    const lot = await book.recordHarvest(HARVEST)
    expect(lot).toMatchObject({
      gtin: GTIN,
      plot: 'lo-a',
      crop: 'dragon-fruit',
      productVi: 'Thanh long ruột đỏ',
      massKg: 412.5,
      harvestedAt: MORNING,
      uri: `https://vuon.example/01/${GTIN}/10/${lot.lot}`,
    })
    expect(isLotNumber(lot.lot)).toBe(true)
    expect(lot.lot.slice(0, 10)).toBe('B0X1261123')
    expect(await book.lot(lot.lot)).toEqual(lot)
    const [{ entry } = { entry: undefined }] = await journal.records('activity', { limit: 5 })
    expect(entry).toMatchObject({
      type: 'harvested',
      person: 'p1',
      details: { lot: lot.lot, gtin: GTIN, massKg: 412.5 },
    })
    const [event] = await eventsOf(journal)
    expect(event?.statement).toMatchObject({
      agent: identity.agent,
      epoch: journal.epoch,
      clock: 'synchronised',
      event: {
        eventTime: '2026-11-23T06:30:00.000+07:00',
        readPoint: { id: 'https://id.gs1.org/414/9521234500018/254/VN-LDOR-0042' },
        quantityList: [
          { epcClass: `https://id.gs1.org/01/${GTIN}/10/${lot.lot}`, quantity: 412.5, uom: 'KGM' },
        ],
        ilmd: { 'cbvmda:lotNumber': lot.lot, 'cbvmda:harvestStartDate': '2026-11-23' },
      },
    })
    const { eventID, ...unnamed } = event?.statement.event ?? {
      type: '',
      eventTime: '',
      eventTimeZoneOffset: '',
    }
    expect(eventID).toBe(eventHash(unnamed, sha256))
  })

  test('entered by many people at once keeps lot numbers apart and the chain whole', async () => {
    const { book, journal } = await openBook()
    const lots = await Promise.all(Array.from({ length: 40 }, () => book.recordHarvest(HARVEST)))
    expect(new Set(lots.map((lot) => lot.lot)).size).toBe(40)
    expect(await book.lots()).toHaveLength(40)
    await expectWholeChain(journal, 40)
  })

  test('goes on with numbers and chain after a restart', async () => {
    const path = folder()
    const numbers = new Set<string>()
    for (let start = 0; start < 4; start++) {
      const { book, journal, close } = await openBook({ path, at: MORNING + start * 1000 })
      for (const lot of await Promise.all([book.recordHarvest(HARVEST), book.recordHarvest(HARVEST)]))
        numbers.add(lot.lot)
      await expectWholeChain(journal, (start + 1) * 2)
      await close()
    }
    expect(numbers.size).toBe(8)
  })

  test('that the card refuses once costs a number, not the chain', async () => {
    // The first append fails, then the first look for the chain's end.
    const toFail = new Set(['append', 'event'])
    const failOnce = async (what: string, message: string): Promise<void> => {
      if (toFail.delete(what)) throw new Error(message)
    }
    const { book, journal } = await openBook({
      journal: (real) => ({
        epoch: real.epoch,
        now: () => real.now(),
        takeCounter: (name) => real.takeCounter(name),
        async records(kind, options) {
          if (kind === 'event' && !toFail.has('append')) await failOnce('event', 'I/O')
          return real.records(kind, options)
        },
        async appendRecords(bodies) {
          await failOnce('append', 'disk full')
          return real.appendRecords(bodies)
        },
      }),
    })
    await expect(book.recordHarvest(HARVEST)).rejects.toThrow('disk full')
    await expect(book.recordHarvest(HARVEST)).rejects.toThrow('I/O')
    const lots = [await book.recordHarvest(HARVEST), await book.recordHarvest(HARVEST)]
    expect(new Set(lots.map((lot) => lot.lot)).size).toBe(2)
    await expectWholeChain(journal, 2)
  })

  test('is refused when a day has no number left', async () => {
    const { book, journal } = await openBook()
    for (let each = 0; each < LOTS_A_DAY; each++) await journal.takeCounter('lot 261123')
    await expect(book.recordHarvest(HARVEST)).rejects.toMatchObject({ code: 'input-invalid' })
    expect(await book.recordHarvest({ ...HARVEST, harvestedOn: '2026-11-22' })).toMatchObject({
      massKg: 412.5,
    })
  })

  test('is refused while the box is not claimed', async () => {
    const { book } = await openBook({ identity: null })
    expect(book.products).toEqual([])
    await expect(book.recordHarvest(HARVEST)).rejects.toMatchObject({ code: 'not-claimed' })
  })

  test.each<[string, string, Partial<HarvestInput>]>([
    ['a plot that is not there', 'plot', { plot: 'lo-z' }],
    ['a GTIN of another farm', 'gtin', { gtin: '09521234543220' }],
    ['a GTIN of another crop', 'gtin', { gtin: '09521234543206' }],
    ['no mass', 'massKg', { massKg: 0 }],
    ['a negative mass', 'massKg', { massKg: -5 }],
    ['a mass that is no number', 'massKg', { massKg: Number.NaN }],
    ['more than a truck carries', 'massKg', { massKg: 30_000.5 }],
    ['a date that is none', 'harvestedOn', { harvestedOn: '23/11/2026' }],
    ['a day that no month has', 'harvestedOn', { harvestedOn: '2026-02-30' }],
    ['tomorrow', 'harvestedOn', { harvestedOn: '2026-11-24' }],
    ['thirty-one days ago', 'harvestedOn', { harvestedOn: '2026-10-23' }],
    ['last century', 'harvestedOn', { harvestedOn: '1926-11-23' }],
  ])('of %s is refused and names the field', async (_, field, change) => {
    const { book, journal } = await openBook()
    await expect(book.recordHarvest({ ...HARVEST, ...change })).rejects.toMatchObject({
      code: 'input-invalid',
      hint: field,
    })
    expect(await journal.records('lot', { limit: 1 })).toEqual([])
    expect(await journal.takeCounter('lot 261123')).toBe(1)
  })
})

describe('the date of a harvest', () => {
  test.each([
    ['2026-11-22T23:59:59.999+07:00', '2026-11-22'],
    ['2026-11-23T00:00:00.000+07:00', '2026-11-23'],
    ['2026-11-23T06:59:59.999+07:00', '2026-11-23'],
    ['2026-11-23T07:00:00.000+07:00', '2026-11-23'],
    ['2026-12-31T23:30:00.000+07:00', '2026-12-31'],
    ['2027-01-01T00:30:00.000+07:00', '2027-01-01'],
  ])('at %s on the farm, today is %s', async (moment, today) => {
    const { book } = await openBook({ at: Date.parse(moment) })
    expect(book.today()).toBe(today)
    const lot = await book.recordHarvest({ ...HARVEST, harvestedOn: today })
    expect(lot.harvestedAt).toBe(Date.parse(moment))
    expect(lot.lot.slice(4, 10)).toBe(today.slice(2).replaceAll('-', ''))
  })

  test('of an earlier day is its noon, up to thirty days back', async () => {
    const { book } = await openBook()
    for (const day of ['2026-11-22', '2026-10-24']) {
      const lot = await book.recordHarvest({ ...HARVEST, harvestedOn: day })
      expect(lot.harvestedAt).toBe(Date.parse(`${day}T12:00:00+07:00`))
    }
  })

  test('has to be confirmed by a person while the clock is unknown, and the event says so', async () => {
    const { book, journal } = await openBook({ quality: 'unknown' })
    await expect(book.recordHarvest(HARVEST)).rejects.toMatchObject({ code: 'clock-unknown' })
    await book.recordHarvest({ ...HARVEST, isDateConfirmed: true })
    const [event] = await eventsOf(journal)
    expect(event?.statement.clock).toBe('person')
  })

  test('that a person confirmed holds although the clock believes in 2024', async () => {
    const { book, journal } = await openBook({ quality: 'unknown', at: Date.parse('1970-01-01T00:10:00Z') })
    expect(book.today().slice(0, 4)).toBe('2024')
    await expect(book.recordHarvest(HARVEST)).rejects.toMatchObject({ code: 'clock-unknown' })
    const lot = await book.recordHarvest({ ...HARVEST, isDateConfirmed: true })
    expect(lot.harvestedAt).toBe(Date.parse('2026-11-23T12:00:00+07:00'))
    expect(lot.lot.slice(4, 10)).toBe('261123')
    const [event] = await eventsOf(journal)
    expect(event?.statement.event.eventTime).toBe('2026-11-23T12:00:00.000+07:00')
  })

  test('needs no confirmation in holdover', async () => {
    const { book } = await openBook({ quality: 'holdover' })
    await expect(book.recordHarvest(HARVEST)).resolves.toMatchObject({ massKg: 412.5 })
  })
})
