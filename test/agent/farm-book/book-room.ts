import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { toHex } from '#contract/ground/bytes.ts'
import type { Clock, TimeQuality } from '#contract/ground/clock.ts'
import { publicKeyFromRaw, secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import type { EpcisEvent } from '#contract/trace/epcis.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { isEventSignedBy, openSignedEvent } from '#contract/trace/signed-event.ts'
import type { EventEntry } from '#contract/wire/records.ts'
import type { BookSettings } from '../../../agent/farm-book/activity-input.ts'
import { FarmBook, type FarmBookOptions, type FarmIdentity } from '../../../agent/farm-book/farm-book.ts'
import { Journal } from '../../../agent/journal/journal.ts'

/** Half past six in the morning in Vietnam: still the day before in Greenwich. */
export const MORNING = Date.parse('2026-11-23T06:30:00+07:00')
export const TODAY = '2026-11-23'
export const KEY = secretKeyFromSeed(new Uint8Array(32).fill(5))
export const GTIN = '09521234543213'
export const PACKED_GTIN = '09521234543220'
export const MANGO_GTIN = '09521234543206'
export const AREA = { gln: '9521234500018', code: 'VN-LDOR-0042' }

export const identity: FarmIdentity = {
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
      growingArea: AREA,
    },
    {
      gtin: PACKED_GTIN,
      crop: 'dragon-fruit',
      productVi: 'Thanh long thùng 5 kg',
      productEn: 'Box of 5 kg',
      growingArea: AREA,
    },
    { gtin: MANGO_GTIN, crop: 'mango', productVi: 'Xoài cát', productEn: 'Mango' },
  ],
}

export const SPRAY = {
  product: 'Antracol 70WP',
  activeSubstance: 'Propineb 70 %',
  registrationNo: '1234/CNĐKT-BVTV',
  dose: 2.5,
  doseUnit: 'g/l',
  areaHa: 0.8,
  reason: 'Thán thư',
  phiDays: 7,
}

class StandingClock implements Clock {
  ms = MORNING
  wallMs = (): number => this.ms
  monotonicMs = (): number => this.ms - MORNING
  after(_delayMs: number, run: () => void): () => void {
    const timer = setImmediate(run)
    return () => clearImmediate(timer)
  }
}

export interface BookWishes {
  readonly quality?: TimeQuality
  readonly settings?: BookSettings
  readonly identity?: FarmIdentity | null
  readonly conditions?: NonNullable<FarmBookOptions['conditions']>
  readonly findingModel?: NonNullable<FarmBookOptions['findingModel']>
  readonly isPhotoKept?: (sha256: string) => boolean
}

/** A farm book over a real journal in a folder that goes with the test. */
export async function openBook(wishes: BookWishes = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'vuon-book-'))
  let seed = 0
  let id = 0
  const clock = new StandingClock()
  const journal = await Journal.open({
    path: join(folder, 'journal.db'),
    clock,
    randomBytes: (length) => new Uint8Array(length).fill(++seed),
    lossWindowMs: 0,
    isInWorker: false,
  })
  onTestFinished(async () => {
    await journal.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const quality = wishes.quality ?? 'synchronised'
  journal.setTimeQuality(quality)
  const { settings, conditions, findingModel, isPhotoKept } = wishes
  const book = new FarmBook({
    journal,
    plots: [
      { id: 'lo-a', name: 'Lô A', crop: 'dragon-fruit', areaHa: 0.8 },
      { id: 'lo-b', name: 'Lô B', crop: 'dragon-fruit', areaHa: 0.5 },
      { id: 'lo-x', name: 'Lô xoài', crop: 'mango', areaHa: 0.2 },
    ],
    identity: () => (wishes.identity === undefined ? identity : wishes.identity),
    timeQuality: () => quality,
    zoneOffset: '+07:00',
    sha256,
    newId: () => `id-${String(++id).padStart(4, '0')}`,
    ...(settings ? { settings } : {}),
    ...(conditions ? { conditions } : {}),
    ...(findingModel ? { findingModel } : {}),
    ...(isPhotoKept ? { isPhotoKept } : {}),
  })
  const spray = (day: string, more: Record<string, string | number> = {}, why?: string) =>
    book.recordActivity({
      ...{ type: 'sprayed', plot: 'lo-a', day, person: 'p1', why },
      details: { ...SPRAY, ...more },
    })
  const harvest = (massKg: number, more: Partial<Parameters<FarmBook['recordHarvest']>[0]> = {}) =>
    book.recordHarvest({ plot: 'lo-a', gtin: GTIN, massKg, harvestedOn: TODAY, person: 'p1', ...more })
  return { book, journal, clock, folder, spray, harvest }
}

/** The events in order; each signed, in one chain, and named by the hash of what it says. */
export async function eventsIn(journal: Journal): Promise<EpcisEvent[]> {
  const entries = (await journal.records('event', { limit: 10_000 })).toReversed()
  let prev = ''
  return entries.map(({ entry }, index) => {
    const { signed, signature } = entry as unknown as EventEntry
    expect(isEventSignedBy({ signed, signature }, publicKeyFromRaw(KEY.publicRaw))).toBe(true)
    const statement = openSignedEvent(signed)
    expect(statement.eventNo).toBe(index + 1)
    expect(statement.prev).toBe(prev)
    expect(eventHash(statement.event, sha256)).toBe(statement.event.eventID)
    prev = toHex(sha256(signed))
    return statement.event
  })
}
