import { sql } from 'kysely'
import { fromUtf8, toHex } from '#contract/ground/bytes.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { openBody, openEnvelope } from '#contract/wire/batch.ts'
import { decodeSegments } from '#contract/wire/columns-codec.ts'
import { decodeEntries, encodeEntry } from '#contract/wire/entries-codec.ts'
import type { FindingEntry } from '#contract/wire/finding.ts'
import type { OutlookEntry } from '#contract/wire/outlook.ts'
import { LANES, type Lane, type LossEntry, type RecordEntry } from '#contract/wire/records.ts'
import { outlookGist } from '../../agent/field/outlook-gist.ts'
import { PROJECTION_TABLES } from '../../gateway/projections/tables.ts'
import type { Db } from '../../gateway/store/open-store.ts'
import type { FarmLife } from './farm-life.ts'
import { POLL_NUMBERS } from './farm-life.ts'
import { hashOf, type KeptReading, signOf } from './ledger.ts'
import { chunkLines } from './older-gateway.ts'
import { hashOf as hashOfPhoto } from './pretend-camera.ts'
import type { ProvinceLife } from './province-life.ts'

/**
 * Holds what a farm was promised against what the province has, after everything has healed and drained:
 *
 *   acknowledged ⊆ stored   every line of the ledger stands in the log under its (agent, epoch, lane, seq), with its
 *                           own content, or in a declared loss; every acknowledged message and every lot is there
 *   nothing twice           each (agent, epoch, lane, seq) once in the log; each line in one epoch only; each answer of
 *                           a probe once; each QoS 1 message as often as the journal committed it, which is at most as
 *                           often as the broker delivered it (at least once is what QoS 1 means: a delivery whose
 *                           commit survived the power cut and whose acknowledgement did not comes again)
 *   order                   seqs count in the order in which the journal took; times rise within a boot and series, but of
 *                           what models say again of a day that has changed
 *   whole                   a harvest has its lot and its signed event, a photo its bytes and its finding
 *   declared                what the journal lost stands in a loss entry with its range and as many as the range
 *   projections = rebuild   and the chunks hold exactly the readings of the log
 *
 * Returns a sentence for each breach; none is good.
 */
export async function checkHistory(province: ProvinceLife, farms: readonly FarmLife[]): Promise<string[]> {
  const breaches = [...province.breaches]
  for (const farm of farms) {
    const own = [...farm.breaches, ...farm.ledger.breaches, ...(await checkFarm(province, farm))]
    breaches.push(...own.slice(0, MOST_OF_A_FARM).map((breach) => `${farm.farmId}: ${breach}`))
  }
  breaches.push(...(await checkOddities(province.gateway.db)))
  breaches.push(...(await checkRebuild(province)))
  return breaches
}

// One mistake shows in a thousand lines; the first ones tell it.
const MOST_OF_A_FARM = 12

interface LoggedRow {
  epoch: string
  lane: Lane
  form: string
  from_seq: number
  to_seq: number
  bytes: Uint8Array
}

/** A line's place in the order of the log. */
interface Placed {
  readonly epoch: string
  readonly lane: Lane
  readonly seq: number
}

async function checkFarm(province: ProvinceLife, farm: FarmLife): Promise<string[]> {
  const breaches: string[] = []
  const { db } = province.gateway
  const { rows } = await sql<LoggedRow>`SELECT epoch, lane, form, from_seq, to_seq, bytes FROM log_batch
    WHERE agent = ${farm.agentId} ORDER BY epoch, lane, from_seq`.execute(db)
  const log = readFarmLog(farm, rows, breaches)
  checkCoverage(farm, log, breaches)
  checkDropped(log, breaches)
  checkOrder(log.readings, breaches)
  checkNumbers(farm, log, breaches)
  checkBook(farm, log, breaches)
  checkPhotos(province, farm, log, breaches)
  breaches.push(...(await checkChunks(db, farm.agentId, log.readings)))
  return breaches
}

interface FarmLog {
  /** In the order of epochs and seqs. */
  readonly readings: (KeptReading &
    Placed & { readonly uuid: string; readonly quantity: string; readonly device: string })[]
  readonly entries: (Placed & { readonly entry: RecordEntry })[]
  /** Batches of which the journal said that it had to drop them. */
  readonly dropped: { readonly place: string; readonly from: number; readonly to: number }[]
  /** What is in the log, by epoch and lane. */
  readonly batches: Map<string, { readonly from: number; readonly to: number }[]>
  /** By lane and ledger id, how often the line is in the log. */
  readonly found: Record<Lane, Map<number, number>>
  /** Seqs of an epoch and lane that were said to be lost: `epoch lane` → ranges. */
  readonly declared: Map<string, (readonly [from: number, to: number])[]>
}

/** Every batch of a farm, unpacked, line by line beside the ledger. */
function readFarmLog(farm: FarmLife, rows: readonly LoggedRow[], breaches: string[]): FarmLog {
  const { ledger } = farm
  const log: FarmLog = {
    readings: [],
    entries: [],
    dropped: [],
    batches: new Map(),
    found: { record: new Map(), finding: new Map(), reading: new Map() },
    declared: new Map(),
  }
  const known = new Map(ledger.epochs.map((each) => [each.epoch, each]))
  const order = new Map(ledger.epochs.map(({ epoch }, index) => [epoch, index]))
  const series = new Map<string, { uuid: string; quantity: string; device: string }>()
  const ends = new Map<string, number>()
  const sorted = [...rows].sort(
    (a, b) =>
      (order.get(a.epoch) ?? -1) - (order.get(b.epoch) ?? -1) ||
      LANES.indexOf(a.lane) - LANES.indexOf(b.lane) ||
      a.from_seq - b.from_seq,
  )
  for (const { epoch, lane, form, from_seq: from, to_seq: to, bytes } of sorted) {
    const place = `${epoch} ${lane}`
    if (from <= (ends.get(place) ?? 0)) breaches.push(`${lane} ${from}–${to} overlaps what is there already`)
    ends.set(place, to)
    log.batches.set(place, [...(log.batches.get(place) ?? []), { from, to }])
    const body = openBody(openEnvelope(new Uint8Array(bytes)), compression)
    const base = known.get(epoch)?.bases[lane]
    if (base === undefined) {
      breaches.push(`the log has an epoch that the box never had: ${epoch}`)
      continue
    }
    const note = (id: number) => log.found[lane].set(id, (log.found[lane].get(id) ?? 0) + 1)
    if (form === 'loss-1') {
      log.declared.set(place, [...(log.declared.get(place) ?? []), [from, to]])
      checkReason(farm, lane, base, decodeEntries(body), breaches)
      continue
    }
    if (lane === 'reading') {
      const readings = decodeSegments(body).flatMap(({ boot, clock, readings }) =>
        readings.map((reading) => ({ ...reading, boot, clock })),
      )
      const sealed = ledger.sealed.get(epoch) ?? []
      const kept = Array.from({ length: to - from + 1 }, (_, index) => sealed[from + index - 1])
      const [one, other] = [
        readings.map(signOf).sort(),
        kept.map((each) => (each ? signOf(each) : '—')).sort(),
      ]
      if (one.length !== other.length || one.some((each, index) => each !== other[index]))
        breaches.push(
          `readings ${from}–${to} of the log are not those that were sealed: ${firstOther(one, other)}`,
        )
      for (let seq = from; seq <= to; seq++) note(base + seq)
      readings.forEach((reading, index) => {
        const named = series.get(`${epoch} ${reading.seriesNo}`) ?? { uuid: '', quantity: '', device: '' }
        log.readings.push({ ...reading, ...named, epoch, lane, seq: from + index })
      })
      continue
    }
    for (const [index, entry] of decodeEntries(body).entries()) {
      const seq = from + index
      if (hashOf(encodeEntry(entry)) !== ledger.entries[lane][base + seq - 1])
        breaches.push(`${lane} entry ${seq} (${entry.kind}) is not that of the journal`)
      note(base + seq)
      log.entries.push({ epoch, lane, seq, entry })
      if (entry.kind === 'series') {
        const { no, uuid, quantity, device } = entry as unknown as Record<string, string>
        series.set(`${epoch} ${no}`, { uuid: uuid!, quantity: quantity!, device: device! })
      }
      if (entry.kind === 'loss')
        noteLoss(log, entry as unknown as LossEntry, epoch, order, ledger.epochs, breaches)
    }
  }
  return log
}

/** What was lost before it was in a batch is said to be lost for the reason that it was. */
function checkReason(
  { ledger }: FarmLife,
  lane: Lane,
  base: number,
  entries: readonly RecordEntry[],
  breaches: string[],
): void {
  const damaged = new Set(ledger.lost.flatMap((each) => (each.lane === lane ? [each.id] : [])))
  for (const entry of entries) {
    const { from, to, reason, count } = entry as unknown as LossEntry
    const ids = Array.from({ length: to - from + 1 }, (_, index) => base + from + index)
    const thinned = lane === 'reading' ? ids.filter((id) => ledger.thinned.has(id)) : []
    const isExplained = ids.every((id) => ledger.thinned.has(id) || damaged.has(id))
    if (count !== ids.length || !isExplained || (reason === 'quota') !== thinned.length > 0)
      breaches.push(
        `${lane} ${from}–${to} are said to be ${count} lost for ${reason}; ${thinned.length} were thinned out`,
      )
  }
}

function noteLoss(
  log: FarmLog,
  loss: LossEntry,
  epoch: string,
  order: ReadonlyMap<string, number>,
  epochs: readonly { epoch: string }[],
  breaches: string[],
): void {
  const { lane, from, to, count, reason } = loss
  if (count !== to - from + 1) breaches.push(`a loss of ${from}–${to} says that it is ${count}`)
  // What could no longer be read of the epoch before is told in the new one, in the old one's seqs.
  const of = reason === 'unreadable' ? epochs[(order.get(epoch) ?? 0) - 1]?.epoch : epoch
  const place = `${of} ${lane}`
  log.declared.set(place, [...(log.declared.get(place) ?? []), [from, to]])
  // A batch that was on its way when it was dropped may be there all the same, and then it is there whole.
  if (reason === 'quota') log.dropped.push({ place, from, to })
}

function checkDropped({ dropped, batches }: FarmLog, breaches: string[]): void {
  for (const { place, from, to } of dropped) {
    const there = (batches.get(place) ?? []).filter((each) => each.from <= to && each.to >= from)
    if (there.some((each) => each.from !== from || each.to !== to))
      breaches.push(`of the dropped batch ${from}–${to} a part is in the log`)
  }
}

/** Each line of the ledger once, or declared; nothing that the ledger does not know. */
function checkCoverage({ ledger }: FarmLife, { found, declared }: FarmLog, breaches: string[]): void {
  const lost = new Set(ledger.lost.map(({ lane, id }) => `${lane} ${id}`))
  for (const lane of LANES) {
    for (const [id, times] of found[lane]) {
      if (times > 1) breaches.push(`${lane} line ${id} is in the log ${times} times`)
      if (id > ledger.countOf(lane)) breaches.push(`${lane} line ${id} was never written`)
    }
    for (let id = 1; id <= ledger.countOf(lane); id++) {
      if (found[lane].has(id)) continue
      const isDeclared = ledger.epochs.some(({ epoch, bases }) =>
        (declared.get(`${epoch} ${lane}`) ?? []).some(
          ([from, to]) => id - bases[lane] >= from && id - bases[lane] <= to,
        ),
      )
      if (!isDeclared)
        breaches.push(
          `${lane} line ${id} was acknowledged and is not in the log${lost.has(`${lane} ${id}`) ? ' (the card lost it, nobody was told)' : ''}`,
        )
    }
  }
}

function checkOrder(readings: FarmLog['readings'], breaches: string[]): void {
  const last = new Map<string, number>()
  for (const { epoch, boot, uuid, device, t } of readings) {
    if (device.startsWith('plot/')) continue
    const key = `${epoch} ${boot} ${uuid}`
    if (t < (last.get(key) ?? 0)) breaches.push(`a reading of ${uuid} at ${t} comes after a later one`)
    last.set(key, t)
  }
}

/** What a probe and a node remember of their own numbers. */
function checkNumbers(farm: FarmLife, { readings, found }: FarmLog, breaches: string[]): void {
  const polls = new Map<string, number[]>()
  const copies = new Map<number, number>()
  for (const { quantity, device, scaled } of readings) {
    if (quantity === 'soil-conductivity') polls.set(device, [...(polls.get(device) ?? []), scaled])
    if (quantity === 'light' && device === 'lá 1') copies.set(scaled, (copies.get(scaled) ?? 0) + 1)
  }
  for (const [device, numbers] of polls) {
    if (farm.polls >= POLL_NUMBERS) continue
    numbers.forEach((number, index) => {
      const before = numbers[index - 1]
      if (before === undefined || number > before) return
      breaches.push(
        number === before
          ? `answer ${number} of ${device} is there twice`
          : `answer ${number} of ${device} comes after ${before}`,
      )
    })
  }
  const committed = new Map<number, { times: number; lost: number }>()
  const lightNos = new Set(
    readings
      .filter(({ quantity, device }) => quantity === 'light' && device === 'lá 1')
      .map(({ seriesNo }) => seriesNo),
  )
  for (let id = 1; id <= farm.ledger.readings.length; id++) {
    // A batch keeps what stood there when it was sealed, and is lost with that.
    const { seriesNo, scaled } = sealedAs(farm.ledger, id) ?? (farm.ledger.readings[id - 1] as KeptReading)
    if (!lightNos.has(seriesNo)) continue
    const { times, lost } = committed.get(scaled) ?? { times: 0, lost: 0 }
    // That each of those is declared is looked at line by line.
    committed.set(scaled, { times: times + 1, lost: lost + (found.reading.has(id) ? 0 : 1) })
  }
  for (const [number, { deliveries, isAcknowledged }] of farm.messages) {
    const stored = copies.get(number) ?? 0
    const { times, lost } = committed.get(number) ?? { times: 0, lost: 0 }
    if (isAcknowledged && stored + lost === 0)
      breaches.push(`message ${number} was acknowledged and is not at the province`)
    if (stored > deliveries)
      breaches.push(`message ${number} came ${deliveries} times and is there ${stored} times`)
    if (stored !== times - lost)
      breaches.push(
        `message ${number} was committed ${times} times, ${lost} of them lost, and is there ${stored} times`,
      )
  }
}

/** The reading that a batch has under this id, whichever stands there on the card by now. */
function sealedAs({ epochs, sealed }: FarmLife['ledger'], id: number): KeptReading | undefined {
  const known = epochs.findLast(({ bases }) => id > bases.reading)
  return known && sealed.get(known.epoch)?.[id - known.bases.reading - 1]
}

/** What a person was told is saved, whole and once: the harvest, its lot, what was signed of it; and each new outlook. */
function checkBook(farm: FarmLife, { entries, found }: FarmLog, breaches: string[]): void {
  const lots: string[] = []
  const events: string[] = []
  const outlooks = new Map<string, string>()
  for (const { entry } of entries) {
    const { kind } = entry
    if (kind === 'lot') lots.push(String((entry as { lot?: unknown }).lot))
    else if (kind === 'event') events.push(fromUtf8((entry as unknown as { signed: Uint8Array }).signed))
    else if (kind === 'outlook') {
      const outlook = entry as unknown as OutlookEntry
      const gist = outlookGist(outlook)
      if (outlooks.get(outlook.plot) === gist) breaches.push(`an outlook of ${outlook.plot} is there twice`)
      outlooks.set(outlook.plot, gist)
    }
  }
  if (new Set(lots).size !== lots.length) breaches.push('two harvests have one lot number')
  for (const lot of farm.lots)
    if (!lots.includes(lot) && !isDeclared(farm, 'record', lot, found))
      breaches.push(`lot ${lot} was said to be saved and is not at the province`)
  for (const lot of lots) {
    const signed = events.filter((text) => text.includes(lot)).length
    if (signed !== 1) breaches.push(`lot ${lot} has ${signed} signed events`)
  }
}

/** A card that loses an entry says so, which is looked at line by line; what hung on the entry is lost with it. */
function isDeclared({ ledger }: FarmLife, lane: Lane, name: string, found: FarmLog['found']): boolean {
  const id = ledger.idsByName.get(name)
  return id !== undefined && !found[lane].has(id)
}

/** A photo that was said to be kept is at the province as it was, and one finding names it. */
function checkPhotos(
  province: ProvinceLife,
  farm: FarmLife,
  { entries, found }: FarmLog,
  breaches: string[],
): void {
  const named = entries.flatMap(({ entry }) => {
    if (entry.kind !== 'finding') return []
    const { photo } = entry as unknown as FindingEntry
    return [toHex(photo.sha256), toHex(photo.thumbnail.sha256)]
  })
  for (const hash of farm.photos) {
    if (isDeclared(farm, 'finding', hash, found)) continue
    const bytes = province.photo(farm.agentId, hash)
    const findings = named.filter((each) => each === hash).length
    if (!bytes) breaches.push(`photo ${hash} was said to be kept and is not at the province`)
    else if (hashOfPhoto(bytes) !== hash) breaches.push(`photo ${hash} is another one at the province`)
    if (findings !== 1) breaches.push(`photo ${hash} has ${findings} findings`)
  }
}

/** The chunks, from which every chart is drawn, hold the readings of the log, each once. */
async function checkChunks(db: Db, agent: string, readings: FarmLog['readings']): Promise<string[]> {
  const { rows } = await sql<{
    epoch: string
    data: Uint8Array
  }>`SELECT epoch, data FROM chunk WHERE agent = ${agent}`.execute(db)
  const counts = new Map<string, number>()
  for (const { epoch, seriesNo, t, scaled, quality } of readings) {
    const sign = `${epoch} ${seriesNo} ${t} ${scaled} ${quality}`
    counts.set(sign, (counts.get(sign) ?? 0) + 1)
  }
  for (const { epoch, data } of rows) {
    for (const { readings } of decodeSegments(new Uint8Array(data))) {
      for (const { seriesNo, t, scaled, quality } of readings) {
        const sign = `${epoch} ${seriesNo} ${t} ${scaled} ${quality}`
        counts.set(sign, (counts.get(sign) ?? 0) - 1)
      }
    }
  }
  return [...counts].flatMap(([sign, count]) =>
    count === 0
      ? []
      : [`the chunks hold ${sign} ${count > 0 ? `${count} times too few` : `${-count} times too many`}`],
  )
}

/** No box was taken for a clone, and nothing was left unread. */
async function checkOddities(db: Db): Promise<string[]> {
  const found: string[] = []
  for (const table of ['log_aside', 'unread_batch', 'deferred', 'unknown_entry', 'chain_fault']) {
    const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM ${sql.raw(table)}`.execute(db)
    if (Number(rows[0]?.n) > 0) found.push(`${table} has ${rows[0]?.n} rows`)
  }
  const { rows } = await sql<{
    agent: string
    suspended_for: string
  }>`SELECT agent, suspended_for FROM enrolment
    WHERE suspended_at IS NOT NULL`.execute(db)
  for (const { agent, suspended_for } of rows) found.push(`${agent} is suspended for ${suspended_for}`)
  return found
}

async function checkRebuild(province: ProvinceLife): Promise<string[]> {
  const fresh = await province.copy()
  try {
    await fresh.rebuild()
    const breaches: string[] = []
    for (const table of [...PROJECTION_TABLES, 'log_mark']) {
      const [live, rebuilt] = [await dump(province.gateway.db, table), await dump(fresh.db, table)]
      const missing = live.filter((row) => !rebuilt.has(row))
      if (missing.size + rebuilt.size !== live.size || missing.size > 0)
        breaches.push(
          `a rebuild of ${table} has ${rebuilt.size} rows, the projection ${live.size}; first: ${[...missing][0] ?? ''}`,
        )
    }
    return breaches
  } finally {
    await fresh.stop()
  }
}

async function dump(db: Db, table: string): Promise<RowSet> {
  // What an older program wrote is cut otherwise, and holds the same.
  if (table === 'chunk') return new RowSet(await chunkLines(db))
  const { rows } = await sql<Record<string, unknown>>`SELECT * FROM ${sql.raw(table)}`.execute(db)
  return new RowSet(
    rows.map((row) =>
      JSON.stringify(row, (_key, value) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
      ),
    ),
  )
}

class RowSet extends Set<string> {
  filter(keep: (row: string) => boolean): RowSet {
    return new RowSet([...this].filter(keep))
  }
}

/** The first on each side that the other has not. */
const firstOther = (one: readonly string[], other: readonly string[]): string =>
  `${one.find((each) => !other.includes(each))} for ${other.find((each) => !one.includes(each))}`
