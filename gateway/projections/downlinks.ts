import { sql } from 'kysely'
import { toHex } from '#contract/ground/bytes.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import {
  type DownlinkEntry,
  type DownlinkMessageEntry,
  type DownlinkOutcome,
  MAX_DOWNLINK_PAGE_BYTES,
  MAX_DOWNLINKS_A_PAGE,
  openDownlink,
  taskOf,
} from '#contract/wire/downlink.ts'
import type { Db, Migration, Tx } from '../store/open-store.ts'
import { statement } from '../store/statement.ts'

/**
 * What each box was told, and what it said became of it. Both are in the log (the province's own batches, the box's), so
 * a rebuild makes these tables again, and the numbers go on where they were.
 */
export const downlinkMigrations: readonly Migration[] = [
  {
    name: 'projections-downlink-1',
    statements: ({ integer, blob, tableOptions }) => [
      `CREATE TABLE downlink (agent TEXT NOT NULL, no ${integer} NOT NULL, kind TEXT NOT NULL, issued_at ${integer} NOT NULL,
        valid_until ${integer}, model_sha256 TEXT, hash ${blob} NOT NULL, bytes ${blob} NOT NULL,
        PRIMARY KEY (agent, no))${tableOptions}`,
      `CREATE TABLE downlink_outcome (agent TEXT NOT NULL, no ${integer} NOT NULL, epoch TEXT NOT NULL, seq ${integer} NOT NULL,
        t ${integer} NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, rank ${integer} NOT NULL,
        PRIMARY KEY (agent, no, epoch, seq))${tableOptions}`,
    ],
  },
]

/** A second message under one number breaks the key: the whole transaction then begins again with the next number. */
export async function applyDownlinkMessage(tx: Tx, { agent, bytes }: DownlinkMessageEntry): Promise<void> {
  const { no, kind, issuedAt, validUntil, body } = openDownlink(bytes).message
  const task = taskOf({ kind, body })
  const model = task.kind === 'model-offer' ? task.offer.sha256 : null
  await sql`INSERT INTO downlink VALUES (${agent}, ${no}, ${kind}, ${issuedAt}, ${validUntil ?? null}, ${model},
    ${sha256(bytes)}, ${bytes})`.execute(tx)
}

/**
 * How far an outcome is from the beginning. Batches may come in any order and a box's clock may be set back, but a message
 * goes one way only: refused as unbelievable or not understood, tried, done, taken back.
 */
const RANKS: Readonly<Record<DownlinkOutcome, number>> = {
  'not-understood': 1,
  'on-trial': 2,
  offered: 2,
  refused: 3,
  applied: 4,
  stored: 4,
  'rolled-back': 5,
}

export async function applyDownlinkOutcome(
  tx: Tx,
  { agent, epoch, seq, t }: { agent: string; epoch: string; seq: number; t: number },
  { no, of, outcome, reason }: Pick<DownlinkEntry, 'no' | 'of' | 'outcome' | 'reason'>,
): Promise<void> {
  await sql`INSERT INTO downlink_outcome VALUES (${agent}, ${no}, ${epoch}, ${seq}, ${t}, ${outcome}, ${reason},
    ${of === '' ? 0 : RANKS[outcome]})
    ON CONFLICT (agent, no, epoch, seq) DO NOTHING`.execute(tx)
}

/** The newest message for a box; no 0 while there is none. */
export async function lastDownlink(
  db: Db,
  agent: string,
): Promise<{ readonly no: number; readonly hash: Uint8Array | null }> {
  const { rows } = await sql<{ no: number; hash: Uint8Array }>`SELECT no, hash FROM downlink
    WHERE agent = ${agent} ORDER BY no DESC LIMIT 1`.execute(db)
  const row = rows[0]
  return row ? { no: row.no, hash: new Uint8Array(row.hash) } : { no: 0, hash: null }
}

/** 0 while there is none. Asked with every batch: one look into the key. */
export async function highestDownlink(db: Db, agent: string): Promise<number> {
  return (await newestNo(db, agent))[0]?.no ?? 0
}

const newestNo = statement<{ no: number }>('SELECT no FROM downlink WHERE agent = ? ORDER BY no DESC LIMIT 1')

/** Messages after a number, as many as go into one answer. */
export async function downlinksAfter(db: Db, agent: string, after: number): Promise<Uint8Array[]> {
  const { rows } = await sql<{ bytes: Uint8Array }>`SELECT bytes FROM downlink
    WHERE agent = ${agent} AND no > ${after} ORDER BY no LIMIT ${MAX_DOWNLINKS_A_PAGE}`.execute(db)
  let sizeBytes = 0
  return rows
    .map((row) => new Uint8Array(row.bytes))
    .filter((bytes, index) => {
      sizeBytes += bytes.length
      return index === 0 || sizeBytes <= MAX_DOWNLINK_PAGE_BYTES
    })
}

/** Whether a box was offered this model: it may then fetch the file. */
export async function isModelOffered(db: Db, agent: string, sha256: string): Promise<boolean> {
  const { rows } =
    await sql`SELECT 1 AS found FROM downlink WHERE agent = ${agent} AND model_sha256 = ${sha256}
    LIMIT 1`.execute(db)
  return rows.length > 0
}

/** One message and how far it has come. */
export interface DownlinkLine {
  readonly agent: string
  readonly no: number
  readonly kind: string
  readonly issuedAt: number
  readonly validUntil: number | null
  readonly sha256: string
  /** `issued` until the box has fetched it, then `fetched`, then what the box says. */
  readonly state: 'issued' | 'fetched' | DownlinkOutcome
  readonly reason: string
  /** When the box said so, by its clock; null while it has said nothing. */
  readonly at: number | null
  readonly body: Readonly<Record<string, unknown>>
}

/**
 * Newest first. `handedThrough` says how far a box has fetched: it stands with intake, for a duplicate answer is a sign of
 * life and no decision.
 */
export async function downlinkLines(
  db: Db,
  options: { agent?: string; limit: number; handedThrough: (agent: string) => Promise<number> },
): Promise<DownlinkLine[]> {
  const ofAgent = options.agent === undefined ? sql`` : sql`WHERE agent = ${options.agent}`
  const { rows } = await sql<{
    agent: string
    no: number
    kind: string
    issued_at: number
    valid_until: number | null
    hash: Uint8Array
    bytes: Uint8Array
  }>`SELECT agent, no, kind, issued_at, valid_until, hash, bytes FROM downlink ${ofAgent}
    ORDER BY issued_at DESC, agent, no DESC LIMIT ${options.limit}`.execute(db)
  const lines: DownlinkLine[] = []
  for (const row of rows) {
    const said = await lastOutcome(db, row.agent, row.no)
    const isFetched = row.no <= (await options.handedThrough(row.agent))
    lines.push({
      agent: row.agent,
      no: row.no,
      kind: row.kind,
      issuedAt: row.issued_at,
      validUntil: row.valid_until,
      sha256: toHex(new Uint8Array(row.hash)),
      state: said?.outcome ?? (isFetched ? 'fetched' : 'issued'),
      reason: said?.reason ?? '',
      at: said?.t ?? null,
      body: openDownlink(new Uint8Array(row.bytes)).message.body,
    })
  }
  return lines
}

/** The furthest that a box said. */
async function lastOutcome(
  db: Db,
  agent: string,
  no: number,
): Promise<{ outcome: DownlinkOutcome; reason: string; t: number } | undefined> {
  const { rows } = await sql<{
    outcome: DownlinkOutcome
    reason: string
    t: number
  }>`SELECT outcome, reason, t FROM downlink_outcome
    WHERE agent = ${agent} AND no = ${no} ORDER BY rank DESC, t DESC, epoch, seq DESC LIMIT 1`.execute(db)
  return rows[0]
}
