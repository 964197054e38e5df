import { sql } from 'kysely'
import { publicKeyFromRaw } from '#contract/ground/node/crypto.ts'
import { isPermissionSignedBy, openPermission } from '#contract/trace/code-permission.ts'
import type { Migration, Tx } from '../store/open-store.ts'
import type { Known } from './entry-shapes.ts'
import { keysOfAgent } from './keys.ts'

/**
 * What the farm book says: activities with the lots that they take and give, products, permissions. A correction is an
 * activity of its own that names the one it replaces: an activity stands that is not withdrawn and that no later one of
 * its box replaces.
 */
export const farmBookMigrations: readonly Migration[] = [
  {
    // What an activity of the first schema did not say.
    name: 'projections-3',
    statements: ({ integer }) => [
      `ALTER TABLE activity ADD COLUMN corrects TEXT NOT NULL DEFAULT ''`,
      `ALTER TABLE activity ADD COLUMN is_withdrawn ${integer} NOT NULL DEFAULT 0`,
      `ALTER TABLE activity ADD COLUMN why TEXT NOT NULL DEFAULT ''`,
      `ALTER TABLE activity ADD COLUMN photos TEXT NOT NULL DEFAULT '[]'`,
      // When the box wrote it down, and when it came: a diary that is written in one evening shows by these.
      `ALTER TABLE activity ADD COLUMN stated_at ${integer} NOT NULL DEFAULT 0`,
      `ALTER TABLE activity ADD COLUMN received_at ${integer} NOT NULL DEFAULT 0`,
      `ALTER TABLE activity ADD COLUMN epoch TEXT NOT NULL DEFAULT ''`,
      `ALTER TABLE activity ADD COLUMN seq ${integer} NOT NULL DEFAULT 0`,
      `CREATE INDEX activity_corrects ON activity (agent, corrects) WHERE corrects <> ''`,
      `CREATE INDEX activity_plot ON activity (agent, plot, at)`,
      // Who else wrote the same on the same day.
      `CREATE INDEX activity_type ON activity (type, at)`,
      `CREATE INDEX event_number ON event (agent, event_no)`,
    ],
  },
  {
    name: 'projections-farm-book-1',
    statements: ({ integer, real, blob, tableOptions }) => [
      // Which lots an activity took (\`in\`) and gave (\`out\`): the tree that a recall climbs.
      `CREATE TABLE activity_lot (agent TEXT NOT NULL, activity_id TEXT NOT NULL, side TEXT NOT NULL, gtin TEXT NOT NULL, lot TEXT NOT NULL,
        mass_kg ${real} NOT NULL, count ${integer}, PRIMARY KEY (agent, activity_id, side, gtin, lot))${tableOptions}`,
      `CREATE INDEX activity_lot_lot ON activity_lot (gtin, lot, side)`,
      `CREATE TABLE product (agent TEXT NOT NULL, product_id TEXT NOT NULL, name TEXT NOT NULL, product_kind TEXT NOT NULL,
        active_substance TEXT NOT NULL, registration_no TEXT NOT NULL, intervals TEXT NOT NULL, is_retired ${integer} NOT NULL,
        stated_at ${integer} NOT NULL, epoch TEXT NOT NULL, seq ${integer} NOT NULL, PRIMARY KEY (agent, product_id))${tableOptions}`,
      `CREATE TABLE permission (agent TEXT NOT NULL, epoch TEXT NOT NULL, seq ${integer} NOT NULL, permission_id TEXT NOT NULL, gln TEXT NOT NULL,
        code TEXT NOT NULL, given_to TEXT NOT NULL, from_day TEXT NOT NULL, until_day TEXT NOT NULL, max_kg ${real}, is_withdrawn ${integer} NOT NULL,
        is_signature_valid ${integer} NOT NULL, signed ${blob} NOT NULL, signature ${blob} NOT NULL, PRIMARY KEY (agent, epoch, seq))${tableOptions}`,
      `CREATE INDEX permission_code ON permission (gln, code, given_to)`,
    ],
  },
]

export const FARM_BOOK_TABLES = ['activity_lot', 'product', 'permission'] as const

interface Source {
  readonly agent: string
  readonly epoch: string
  readonly seq: number
  readonly t: number
  readonly receivedAt: number
}

export async function applyActivity(tx: Tx, source: Source, entry: Known<'activity'>): Promise<void> {
  const { agent, epoch, seq, t, receivedAt } = source
  const { activityId, type, plot, at, person, details, corrects, isWithdrawn, why, photos } = entry
  // Nothing corrects itself, and a correction is written after what it corrects.
  const replaced = corrects === activityId ? '' : corrects
  // An id says what it said first: a second entry of one id changes nothing, in whatever order the two arrive.
  const { rows } = await sql<Said>`SELECT stated_at, epoch, seq FROM activity
    WHERE agent = ${agent} AND activity_id = ${activityId}`.execute(tx)
  const before = rows[0]
  if (before && !isEarlier({ stated_at: t, epoch, seq }, before)) return
  if (before)
    for (const table of ['activity', 'activity_lot'])
      await sql`DELETE FROM ${sql.table(table)} WHERE agent = ${agent} AND activity_id = ${activityId}`.execute(
        tx,
      )
  await sql`INSERT INTO activity (agent, activity_id, type, plot, at, person, details,
      corrects, is_withdrawn, why, photos, stated_at, received_at, epoch, seq)
    VALUES (${agent}, ${activityId}, ${type}, ${plot}, ${at}, ${person}, ${JSON.stringify(details)}, ${replaced},
      ${isWithdrawn ? 1 : 0}, ${why}, ${JSON.stringify(photos)}, ${t}, ${receivedAt}, ${epoch}, ${seq})`.execute(
    tx,
  )
  for (const [side, shares] of [
    ['in', entry.inputs],
    ['out', entry.outputs],
  ] as const)
    for (const share of summed(shares))
      await sql`INSERT INTO activity_lot VALUES (${agent}, ${activityId}, ${side}, ${share.gtin}, ${share.lot}, ${share.massKg},
        ${share.count ?? null}) ON CONFLICT (agent, activity_id, side, gtin, lot) DO NOTHING`.execute(tx)
}

interface Said {
  readonly stated_at: number
  readonly epoch: string
  readonly seq: number
}

function isEarlier(a: Said, b: Said): boolean {
  if (a.stated_at !== b.stated_at) return a.stated_at < b.stated_at
  return a.epoch === b.epoch ? a.seq < b.seq : a.epoch < b.epoch
}

type Share = Known<'activity'>['inputs'][number]

/** One share a lot: a lot that was named twice counts with both masses. */
function summed(shares: Known<'activity'>['inputs']): Share[] {
  const byLot = new Map<string, Share>()
  for (const share of shares) {
    const key = `${share.gtin} ${share.lot}`
    const before = byLot.get(key)
    const count = (before?.count ?? 0) + (share.count ?? 0)
    byLot.set(key, { ...share, massKg: share.massKg + (before?.massKg ?? 0), count: count || undefined })
  }
  return [...byLot.values()]
}

/** The newest word on a product stands. */
export async function applyProduct(tx: Tx, source: Source, entry: Known<'product'>): Promise<void> {
  const { productId, name, productKind, activeSubstance, registrationNo, intervals, isRetired } = entry
  await sql`INSERT INTO product VALUES (${source.agent}, ${productId}, ${name}, ${productKind}, ${activeSubstance}, ${registrationNo},
      ${JSON.stringify(intervals)}, ${isRetired ? 1 : 0}, ${source.t}, ${source.epoch}, ${source.seq})
    ON CONFLICT (agent, product_id) DO UPDATE SET name = excluded.name, product_kind = excluded.product_kind,
      active_substance = excluded.active_substance, registration_no = excluded.registration_no, intervals = excluded.intervals,
      is_retired = excluded.is_retired, stated_at = excluded.stated_at, epoch = excluded.epoch, seq = excluded.seq
    WHERE (excluded.stated_at, excluded.epoch, excluded.seq) > (product.stated_at, product.epoch, product.seq)`.execute(
    tx,
  )
}

/** Kept whether its signature holds or not, like an event; false when it says nothing that can be read. */
export async function applyPermission(
  tx: Tx,
  { agent, epoch, seq }: Source,
  entry: Known<'permission'>,
): Promise<boolean> {
  const statement = openPermission(entry.signed)
  if (!statement) return false
  const named = (await keysOfAgent(tx, agent)).find(({ key }) => key === statement.key)
  const isSignatureValid =
    named !== undefined &&
    statement.agent === agent &&
    isPermissionSignedBy(entry, publicKeyFromRaw(named.publicRaw))
  const { permissionId, gln, code, to, from, until, maxKg, isWithdrawn } = statement
  await sql`INSERT INTO permission VALUES (${agent}, ${epoch}, ${seq}, ${permissionId}, ${gln}, ${code}, ${to}, ${from}, ${until},
      ${maxKg}, ${isWithdrawn ? 1 : 0}, ${isSignatureValid ? 1 : 0}, ${entry.signed}, ${entry.signature})
    ON CONFLICT (agent, epoch, seq) DO NOTHING`.execute(tx)
  return true
}
