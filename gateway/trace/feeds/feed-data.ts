import { type RawBuilder, sql } from 'kysely'
import { VuonError } from '#contract/ground/errors.ts'
import { lotUri } from '#contract/trace/digital-link.ts'
import { type EventStatement, openSignedEvent } from '#contract/trace/signed-event.ts'
import type { Db } from '../../store/open-store.ts'
import { STANDS } from '../../store/standing.ts'
import type { FarmCalendar } from '../farm-calendar.ts'
import { type LotName, type LotPart, lotTree, partsOf } from '../lot-tree.ts'

/** Whose records, and of which days: both ends belong to it, YYYY-MM-DD. */
export interface FeedScope {
  readonly of:
    | { readonly kind: 'farm'; readonly farmId: string }
    | { readonly kind: 'area'; readonly gln: string; readonly code: string }
  readonly from: string
  readonly to: string
}

export interface FeedData {
  readonly scope: FeedScope
  readonly provinceName: string
  readonly calendar: FarmCalendar
  readonly lots: readonly FeedLot[]
  /** Treatments and fertiliser on the plots, in the order of time. */
  readonly inputs: readonly FeedActivity[]
  readonly areas: readonly FeedArea[]
}

export interface FeedLot extends LotName {
  /** The Digital Link that the label carries. */
  readonly link: string
  readonly productVi: string
  readonly productEn: string
  readonly crop: string
  readonly farmId: string
  readonly farmName: string
  readonly commune: string
  readonly province: string
  readonly massKg: number
  /** Of itself, or of the lots that it was packed from. */
  readonly parts: readonly LotPart[]
  /** Packing, stacking and dispatch that name it. */
  readonly steps: readonly FeedActivity[]
  /** sha256 of a photo of its harvest or packing; empty when nobody took one. */
  readonly picture: string
  /** Schemes and numbers that held when it was harvested. */
  readonly standards: readonly string[]
  readonly events: readonly EventStatement[]
}

export interface FeedActivity {
  readonly farmId: string
  readonly type: string
  readonly plot: string
  readonly at: number
  readonly details: Readonly<Record<string, string | number>>
  readonly photos: readonly string[]
}

export interface FeedArea {
  readonly gln: string
  readonly code: string
  readonly kind: string
  readonly issuer: string
  readonly commune: string
  readonly markets: readonly string[]
}

// A commune's season. More is asked for month by month, so that a file can still be opened.
const MAX_LOTS = 5000
const MAX_INPUTS = 50_000
const DAY_MS = 86_400_000

/** Throws `not-found` for a farm or an area that is not there, `input-invalid` for a period that is none or too full. */
export async function feedData(
  db: Db,
  scope: FeedScope,
  outside: { readonly calendar: FarmCalendar; readonly publicUrl: string; readonly provinceName: string },
): Promise<FeedData> {
  const { calendar, publicUrl, provinceName } = outside
  const [fromMs, toMs] = periodOf(scope, calendar)
  await checkKnown(db, scope)
  const names = await lotsIn(db, scope, fromMs, toMs)
  if (names.length > MAX_LOTS)
    throw new VuonError('input-invalid', `There are more than ${MAX_LOTS} lots in this period.`, {
      hint: 'Ask for a shorter one, such as a month.',
    })
  const lots: FeedLot[] = []
  for (const name of names) {
    const lot = await feedLot(db, name, publicUrl, calendar)
    if (lot) lots.push(lot)
  }
  return {
    scope,
    provinceName,
    calendar,
    lots,
    inputs: await inputsOf(db, scope, lots, fromMs, toMs),
    areas: await areasOf(db, lots),
  }
}

function periodOf({ from, to }: FeedScope, calendar: FarmCalendar): [number, number] {
  const isDay = (text: string): boolean =>
    /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`))
  if (!isDay(from) || !isDay(to) || from > to)
    throw new VuonError('input-invalid', `${from} to ${to} is no period.`, {
      hint: 'Give --from and --to as days, YYYY-MM-DD, the earlier first; both belong to it.',
    })
  return [calendar.startOf(from), calendar.startOf(to) + DAY_MS]
}

async function checkKnown(db: Db, { of }: FeedScope): Promise<void> {
  const { rows } =
    of.kind === 'farm'
      ? await sql`SELECT 1 AS found FROM farm WHERE farm_id = ${of.farmId}`.execute(db)
      : await sql`SELECT 1 AS found FROM growing_area WHERE gln = ${of.gln} AND code = ${of.code}
          UNION SELECT 1 FROM allocation WHERE gln = ${of.gln} AND area_code = ${of.code}`.execute(db)
  if (rows.length > 0) return
  throw of.kind === 'farm'
    ? new VuonError('not-found', `There is no farm ${of.farmId}.`, {
        hint: 'vuon-gateway farm list shows them.',
      })
    : new VuonError('not-found', `There is no growing area ${of.code} under ${of.gln}.`, {
        hint: 'Register it with vuon-gateway area register.',
      })
}

/** Picked in the period, or packed in it from fruit of the scope. */
async function lotsIn(db: Db, { of }: FeedScope, fromMs: number, toMs: number): Promise<LotName[]> {
  const [ofPart, ofFruit]: [RawBuilder<unknown>, RawBuilder<unknown>] =
    of.kind === 'farm'
      ? [sql`e.farm_id = ${of.farmId}`, sql`e.farm_id = ${of.farmId}`]
      : [
          sql`p.gln = ${of.gln} AND p.area_code = ${of.code}`,
          sql`EXISTS (SELECT 1 FROM activity_lot i JOIN lot_part p ON p.gtin = i.gtin AND p.lot = i.lot
            WHERE i.agent = a.agent AND i.activity_id = a.activity_id AND i.side = 'in'
              AND p.gln = ${of.gln} AND p.area_code = ${of.code})`,
        ]
  const { rows } =
    await sql<LotName>`SELECT p.gtin, p.lot FROM lot_part p JOIN enrolment e ON e.agent = p.agent
      WHERE ${ofPart} AND p.harvested_at >= ${fromMs} AND p.harvested_at < ${toMs}
    UNION SELECT o.gtin, o.lot FROM activity a JOIN enrolment e ON e.agent = a.agent
      JOIN activity_lot o ON o.agent = a.agent AND o.activity_id = a.activity_id AND o.side = 'out'
      WHERE a.type = 'packed' AND a.at >= ${fromMs} AND a.at < ${toMs} AND ${ofFruit} AND ${STANDS}
    ORDER BY 1, 2 LIMIT ${MAX_LOTS + 1}`.execute(db)
  return rows
}

async function feedLot(
  db: Db,
  name: LotName,
  publicUrl: string,
  calendar: FarmCalendar,
): Promise<FeedLot | undefined> {
  const own = await partsOf(db, [name])
  const parts = own.length > 0 ? own : await partsOf(db, (await lotTree(db, name, 'back')).lots)
  const [first] = parts
  // A number that no box of its own code vouches for is no lot.
  if (!first) return undefined
  const steps = await stepsOf(db, name)
  const { rows } = await sql<{ name: string; commune: string; province: string }>`
    SELECT name, commune, province FROM farm WHERE farm_id = ${first.farmId}`.execute(db)
  const product = await sql<{
    product_vi: string
    product_en: string
  }>`SELECT product_vi, product_en FROM allocation
    WHERE gtin = ${name.gtin} ORDER BY decided_at DESC LIMIT 1`.execute(db)
  const packed = steps.filter(({ type, isOut }) => type === 'packed' && isOut)
  const massKg =
    own.length > 0
      ? own.reduce((sum, part) => sum + part.massKg, 0)
      : packed.reduce((sum, step) => sum + step.massKg, 0)
  const harvests = await photosOf(db, parts)
  return {
    ...name,
    link: lotUri(publicUrl, name),
    productVi: product.rows[0]?.product_vi ?? '',
    productEn: product.rows[0]?.product_en ?? '',
    crop: first.crop,
    farmId: first.farmId,
    farmName: rows[0]?.name ?? '',
    commune: rows[0]?.commune ?? '',
    province: rows[0]?.province ?? '',
    massKg: Number(massKg.toPrecision(12)),
    parts,
    steps,
    picture: [...harvests, ...packed.flatMap(({ photos }) => photos)][0] ?? '',
    standards: await standardsOf(db, first.farmId, first.crop, calendar.dayOf(first.harvestedAt)),
    events: await eventsOf(db, name),
  }
}

interface ActivityRow {
  farm_id: string
  type: string
  plot: string
  at: number
  details: string
  photos: string
}

const activityOf = (row: ActivityRow): FeedActivity => ({
  farmId: row.farm_id,
  type: row.type,
  plot: row.plot,
  at: row.at,
  details: JSON.parse(row.details) as FeedActivity['details'],
  photos: JSON.parse(row.photos) as string[],
})

async function stepsOf(
  db: Db,
  { gtin, lot }: LotName,
): Promise<(FeedActivity & { readonly isOut: boolean; readonly massKg: number })[]> {
  const { rows } = await sql<ActivityRow & { side: string; mass_kg: number }>`
    SELECT e.farm_id, a.type, a.plot, a.at, a.details, a.photos, l.side, l.mass_kg
    FROM activity_lot l JOIN activity a ON a.agent = l.agent AND a.activity_id = l.activity_id JOIN enrolment e ON e.agent = a.agent
    WHERE l.gtin = ${gtin} AND l.lot = ${lot} AND a.type IN ('packed', 'aggregated', 'dispatched', 'received')
      AND (l.side = 'in' OR e.box_code = substr(${lot}, 1, 4)) AND ${STANDS}
    ORDER BY a.at, a.activity_id LIMIT 100`.execute(db)
  return rows.map((row) => ({ ...activityOf(row), isOut: row.side === 'out', massKg: row.mass_kg }))
}

async function photosOf(db: Db, parts: readonly LotPart[]): Promise<string[]> {
  const found: string[] = []
  for (const { agent, activityId } of parts.slice(0, 20)) {
    const { rows } = await sql<{ photos: string }>`SELECT a.photos FROM activity a
      WHERE a.agent = ${agent} AND a.activity_id = ${activityId} AND ${STANDS}`.execute(db)
    for (const { photos } of rows) found.push(...(JSON.parse(photos) as string[]))
  }
  return found
}

async function standardsOf(db: Db, farmId: string, crop: string, day: string): Promise<string[]> {
  const { rows } = await sql<{
    scheme: string
    certificate_no: string
  }>`SELECT scheme, certificate_no FROM certificate
    WHERE farm_id = ${farmId} AND (crop = '' OR crop = ${crop}) AND is_withdrawn = 0
      AND (valid_from = '' OR valid_from <= ${day}) AND (valid_to = '' OR valid_to >= ${day})
    ORDER BY scheme, certificate_no`.execute(db)
  return rows.map((row) => `${row.scheme} ${row.certificate_no}`)
}

/** Only what its farm really signed, under a key that is trusted. */
async function eventsOf(db: Db, { gtin, lot }: LotName): Promise<EventStatement[]> {
  const { rows } = await sql<{
    signed: Uint8Array
  }>`SELECT e.signed FROM event e JOIN enrolment b ON b.agent = e.agent
    WHERE e.gtin = ${gtin} AND e.lot = ${lot} AND e.is_signature_valid = 1 AND b.box_code = substr(${lot}, 1, 4)
      AND NOT EXISTS (SELECT 1 FROM untrusted_batch u WHERE u.agent = e.agent AND u.epoch = e.epoch AND u.lane = 'record'
        AND e.seq >= u.from_seq AND e.seq <= u.to_seq)
    ORDER BY e.event_no LIMIT 500`.execute(db)
  return rows.map(({ signed }) => openSignedEvent(new Uint8Array(signed)))
}

/** What was put on the plots from which the lots came, in the period; of a farm, on all of its plots. */
async function inputsOf(
  db: Db,
  { of }: FeedScope,
  lots: readonly FeedLot[],
  fromMs: number,
  toMs: number,
): Promise<FeedActivity[]> {
  const plots = new Set(lots.flatMap(({ parts }) => parts.map(({ farmId, plot }) => `${farmId} ${plot}`)))
  const farms =
    of.kind === 'farm'
      ? [of.farmId]
      : [...new Set(lots.flatMap(({ parts }) => parts.map(({ farmId }) => farmId)))]
  const found: FeedActivity[] = []
  for (const farmId of farms) {
    const { rows } = await sql<ActivityRow>`SELECT e.farm_id, a.type, a.plot, a.at, a.details, a.photos
      FROM enrolment e JOIN activity a ON a.agent = e.agent
      WHERE e.farm_id = ${farmId} AND a.type IN ('sprayed', 'fertilised') AND a.at >= ${fromMs} AND a.at < ${toMs} AND ${STANDS}
      ORDER BY a.at, a.activity_id LIMIT ${MAX_INPUTS - found.length}`.execute(db)
    found.push(
      ...rows.filter((row) => of.kind === 'farm' || plots.has(`${row.farm_id} ${row.plot}`)).map(activityOf),
    )
  }
  return found.sort((a, b) => a.at - b.at)
}

async function areasOf(db: Db, lots: readonly FeedLot[]): Promise<FeedArea[]> {
  const codes = new Map<string, { gln: string; code: string }>()
  for (const { parts, steps } of lots) {
    for (const { gln, areaCode } of parts)
      if (gln && areaCode) codes.set(`${gln} ${areaCode}`, { gln, code: areaCode })
    for (const { details } of steps) {
      const house = details['packingHouse']
      if (typeof house === 'string' && house !== '') codes.set(` ${house}`, { gln: '', code: house })
    }
  }
  const found: FeedArea[] = []
  for (const { gln, code } of codes.values()) {
    const { rows } = await sql<{
      gln: string
      area_kind: string
      issuer: string
      commune: string
      markets: string
    }>`SELECT gln, area_kind, issuer, commune, markets FROM growing_area
      WHERE code = ${code} AND ${gln === '' ? sql`area_kind = 'packing-house'` : sql`gln = ${gln}`} ORDER BY gln LIMIT 1`.execute(
      db,
    )
    const [row] = rows
    found.push({
      gln: row?.gln ?? gln,
      code,
      kind: row?.area_kind ?? (gln === '' ? 'packing-house' : 'growing-area'),
      issuer: row?.issuer ?? '',
      commune: row?.commune ?? '',
      markets: (row?.markets ?? '').split(',').filter(Boolean),
    })
  }
  return found
}
