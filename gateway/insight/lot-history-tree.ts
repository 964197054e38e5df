import { sql } from 'kysely'
import { boxCodeOf } from '#contract/trace/lot-number.ts'
import type { Db } from '../store/open-store.ts'
import { STANDS } from '../store/standing.ts'

/** A lot beside the one that was asked for. */
export interface LotRef {
  readonly gtin: string
  readonly lot: string
  readonly massKg: number
}

/** What was done with a lot as a whole, newest word only. Whom it was sold to is nobody's business but theirs. */
export interface LotStep {
  readonly type: string
  readonly at: number
  readonly packingHouse: string
  readonly grade: string
  readonly market: string
  readonly lots: readonly LotRef[]
}

export interface LotTree {
  /** The packing runs that it came out of, with the lots that went in. */
  readonly madeFrom: readonly LotStep[]
  /** What it went into: other lots, pallets, lorries. */
  readonly wentInto: readonly LotStep[]
}

// A page for people: what is beyond these is in the EPCIS answers.
const MAX_STEPS = 20
const MAX_LOTS = 60
// Packed, packed again, mixed: three levels are many; a ring that somebody wrote must end.
const MAX_LEVELS = 12
const MAX_ORIGINS = 200

interface StepRow {
  agent: string
  activity_id: string
  type: string
  at: number
  details: string
}

/** One step back and one step on. Only the box whose code a lot bears can say what it was made from. */
export async function lotTree(db: Db, gtin: string, lot: string): Promise<LotTree> {
  const made = await sql<StepRow>`SELECT a.agent, a.activity_id, a.type, a.at, a.details
    FROM activity_lot l JOIN activity a ON a.agent = l.agent AND a.activity_id = l.activity_id
      JOIN enrolment e ON e.agent = a.agent
    WHERE l.gtin = ${gtin} AND l.lot = ${lot} AND l.side = 'out' AND a.type = 'packed' AND e.box_code = ${boxCodeOf(lot)} AND ${STANDS}
    ORDER BY a.at LIMIT ${MAX_STEPS}`.execute(db)
  const went = await sql<StepRow>`SELECT a.agent, a.activity_id, a.type, a.at, a.details
    FROM activity_lot l JOIN activity a ON a.agent = l.agent AND a.activity_id = l.activity_id
    WHERE l.gtin = ${gtin} AND l.lot = ${lot} AND l.side = 'in' AND a.type IN ('packed', 'aggregated', 'dispatched') AND ${STANDS}
    ORDER BY a.at LIMIT ${MAX_STEPS}`.execute(db)
  return {
    madeFrom: await Promise.all(made.rows.map((row) => stepOf(db, row, 'in'))),
    wentInto: await Promise.all(went.rows.map((row) => stepOf(db, row, 'out'))),
  }
}

/**
 * Every lot that a lot was made from, itself first, by breadth: at most 200 lots, however they are tangled.
 */
export async function withOrigins(
  db: Db,
  gtin: string,
  lot: string,
): Promise<{ readonly gtin: string; readonly lot: string }[]> {
  const found = [{ gtin, lot }]
  const known = new Set([`${gtin} ${lot}`])
  let level = [...found]
  for (let depth = 0; depth < MAX_LEVELS && level.length > 0; depth++) {
    const next: typeof level = []
    for (const each of level) {
      const { rows } = await sql<{ gtin: string; lot: string }>`SELECT DISTINCT i.gtin, i.lot
        FROM activity_lot o JOIN activity a ON a.agent = o.agent AND a.activity_id = o.activity_id
          JOIN enrolment e ON e.agent = a.agent
          JOIN activity_lot i ON i.agent = o.agent AND i.activity_id = o.activity_id AND i.side = 'in'
        WHERE o.gtin = ${each.gtin} AND o.lot = ${each.lot} AND o.side = 'out' AND a.type = 'packed'
          AND e.box_code = ${boxCodeOf(each.lot)} AND ${STANDS}
        ORDER BY i.gtin, i.lot LIMIT ${MAX_ORIGINS}`.execute(db)
      for (const row of rows) {
        const key = `${row.gtin} ${row.lot}`
        if (known.has(key) || found.length >= MAX_ORIGINS) continue
        known.add(key)
        found.push(row)
        next.push(row)
      }
    }
    level = next
  }
  return found
}

async function stepOf(db: Db, row: StepRow, side: 'in' | 'out'): Promise<LotStep> {
  const { rows } = await sql<{
    gtin: string
    lot: string
    mass_kg: number
  }>`SELECT gtin, lot, mass_kg FROM activity_lot
    WHERE agent = ${row.agent} AND activity_id = ${row.activity_id} AND side = ${side} ORDER BY gtin, lot LIMIT ${MAX_LOTS}`.execute(
    db,
  )
  const details = JSON.parse(row.details) as Record<string, unknown>
  const text = (key: string): string => (typeof details[key] === 'string' ? details[key] : '')
  return {
    type: row.type,
    at: row.at,
    packingHouse: text('packingHouse'),
    grade: text('grade'),
    market: text('market'),
    lots: rows.map(({ gtin, lot, mass_kg }) => ({ gtin, lot, massKg: mass_kg })),
  }
}
