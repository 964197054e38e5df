import { sql } from 'kysely'
import { compression } from '#contract/ground/node/compression.ts'
import { type EntryStamp, laneOf, type RecordEntry } from '#contract/wire/records.ts'
import { noteLoss } from '../log/log.ts'
import type { Tx } from '../store/open-store.ts'
import { statement } from '../store/statement.ts'
import { applyAcknowledgement } from './acknowledgements.ts'
import type { ProjectionOutside, VerifiedBatch } from './apply-batch.ts'
import { applyClock } from './clock-offsets.ts'
import { applyDownlinkOutcome } from './downlinks.ts'
import { type Known, type KnownEntry, knownEntry } from './entry-shapes.ts'
import { applyEvent } from './events.ts'
import { applyActivity, applyPermission, applyProduct } from './farm-book.ts'
import { applyFinding } from './findings.ts'
import { applyRotation } from './keys.ts'
import { applyModel } from './model-words.ts'
import { applyOutlook } from './outlooks.ts'
import { READER } from './reader.ts'
import { applyDeferred } from './readings.ts'

export { applyDecision } from './decisions.ts'

type Source = VerifiedBatch & EntryStamp & { readonly seq: number }

/**
 * One entry of the record or finding lane. What is malformed or unknown is counted; it stays in the log for a
 * later reader. Where two entries speak of one thing, which of them stands does not depend on which came first.
 */
export async function applyEntry(
  tx: Tx,
  batch: VerifiedBatch & { readonly seq: number },
  entry: RecordEntry,
  outside: ProjectionOutside,
): Promise<void> {
  // The finding lane's seqs are its own: each kind counts in its own lane only.
  const known = batch.lane === laneOf(entry.kind) ? knownEntry(entry) : undefined
  const { t, boot, clock } = entry
  if (known && (await applyKnown(tx, { ...batch, t, boot, clock }, known, outside))) return
  await sql`INSERT INTO unknown_entry VALUES (${batch.agent}, ${batch.epoch}, ${batch.lane}, ${batch.seq}, ${entry.kind.replaceAll('\0', '\uFFFD')}, ${READER})
    ON CONFLICT (agent, epoch, lane, seq) DO UPDATE SET reader = excluded.reader`.execute(tx)
}

async function applyKnown(
  tx: Tx,
  source: Source,
  entry: KnownEntry,
  outside: ProjectionOutside,
): Promise<boolean> {
  switch (entry.kind) {
    case 'series':
      return applySeries(tx, source, entry)
    case 'event':
      return applyEvent(tx, source, entry, outside)
    case 'alarm':
      await applyAlarm(tx, source, entry)
      return true
    case 'clock':
      await applyClock(tx, source, entry)
      return true
    case 'loss':
      await applyLoss(tx, source, entry)
      return true
    case 'lot':
      await applyLot(tx, source, entry)
      return true
    case 'activity':
      await applyActivity(tx, source, entry)
      return true
    case 'product':
      await applyProduct(tx, source, entry)
      return true
    case 'permission':
      return applyPermission(tx, source, entry)
    case 'plot': {
      const { plot, name, crop, areaHa } = entry
      // A farm may rename a plot or change its crop: the newest word stands.
      await sql`INSERT INTO plot VALUES (${source.agent}, ${plot}, ${name}, ${crop}, ${areaHa}, ${source.t}, ${source.epoch}, ${source.seq})
        ON CONFLICT (agent, plot) DO UPDATE SET name = excluded.name, crop = excluded.crop, area_ha = excluded.area_ha,
          stated_at = excluded.stated_at, epoch = excluded.epoch, seq = excluded.seq
        WHERE (excluded.stated_at, excluded.epoch, excluded.seq) > (plot.stated_at, plot.epoch, plot.seq)`.execute(
        tx,
      )
      return true
    }
    case 'finding':
      await applyFinding(tx, source, source, entry)
      return true
    case 'model':
      await applyModel(tx, source, entry)
      return true
    case 'outlook':
      await applyOutlook(tx, source, entry)
      return true
    case 'downlink':
      await applyDownlinkOutcome(tx, source, entry)
      return true
    case 'key-rotation':
      return applyRotation(tx, source, entry)
    case 'config':
    case 'model-change':
    case 'shadow-look':
      return true
  }
}

/** False when the uuid means something else already: then its readings wait instead of being given a wrong unit. */
async function applySeries(tx: Tx, { agent, epoch }: Source, entry: Known<'series'>): Promise<boolean> {
  const { no, uuid, device, channel, quantity, unit, resolution, timeStepMs, place, origin } = entry
  const [known] = await selectSeries(tx, agent, uuid)
  const isOther =
    known && (known.quantity !== quantity || known.unit !== unit || known.resolution !== resolution)
  if (isOther) return false
  const ordinal = known?.ordinal ?? Number((await selectNextOrdinal(tx, agent))[0]?.next)
  if (!known) {
    const meaning = [device, channel, quantity, unit, resolution, timeStepMs, place, origin]
    await insertSeries(tx, agent, uuid, ...meaning, entry.continues ?? null, ordinal)
  }
  await insertNumber(tx, agent, epoch, no, uuid, timeStepMs, ordinal)
  await applyDeferred(tx, agent, epoch, no, compression)
  return true
}

const insertSeries = statement('INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
const selectNextOrdinal = statement<{ next: number }>(
  'SELECT coalesce(max(ordinal), 0) + 1 AS next FROM series WHERE agent = ?',
)
const selectSeries = statement<{ quantity: string; unit: string; resolution: number; ordinal: number }>(
  'SELECT quantity, unit, resolution, ordinal FROM series WHERE agent = ? AND uuid = ?',
)
const insertNumber = statement(`INSERT INTO series_number VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (agent, epoch, no) DO NOTHING`)

/** Raised, acknowledged and cleared may come in any order; what an alarm is about is what it was raised for. */
async function applyAlarm(tx: Tx, { agent, t }: Source, entry: Known<'alarm'>): Promise<void> {
  const { alarmId, state, severity, rule, name, device, quantity, facts } = entry
  if (state === 'acknowledged') {
    const { person = '' } = facts
    await applyAcknowledgement(tx, { agent, alarmId, at: t, person: String(person) })
    return
  }
  const raisedAt = state === 'raised' ? t : null
  const clearedAt = state === 'cleared' ? t : null
  const isAboutRaising = sql`excluded.raised_at IS NOT NULL AND alarm.raised_at IS NULL`
  const chosen = (column: string) =>
    sql`CASE WHEN ${isAboutRaising} THEN ${sql.raw(`excluded.${column} ELSE alarm.${column}`)} END`
  await sql`INSERT INTO alarm VALUES (${agent}, ${alarmId}, ${severity}, ${rule}, ${name}, ${device}, ${quantity}, ${JSON.stringify(facts)},
    ${raisedAt}, ${clearedAt}) ON CONFLICT (agent, alarm_id) DO UPDATE
    SET severity = ${chosen('severity')}, rule = ${chosen('rule')}, name = ${chosen('name')}, device = ${chosen('device')},
        quantity = ${chosen('quantity')}, facts = ${chosen('facts')},
        raised_at = coalesce(alarm.raised_at, excluded.raised_at), cleared_at = coalesce(alarm.cleared_at, excluded.cleared_at)`.execute(
    tx,
  )
}

async function applyLoss(tx: Tx, source: Source, entry: Known<'loss'>): Promise<void> {
  const { agent, epoch, seq } = source
  const { lane, from, to, count, reason } = entry
  await sql`INSERT INTO loss VALUES (${agent}, ${epoch}, ${seq}, ${lane}, ${from}, ${to}, ${count}, ${reason})
    ON CONFLICT (agent, epoch, seq) DO NOTHING`.execute(tx)
  // A box that begins a new epoch says in it what it can no longer read of the one before: those seqs are not ours.
  if (reason !== 'unreadable') await noteLoss(tx, { agent, epoch, lane }, [from, to])
}

async function applyLot(tx: Tx, { agent, receivedAt }: Source, entry: Known<'lot'>): Promise<void> {
  const { gtin, lot, activityId, crop, plot, harvestedAt, massKg, growingArea } = entry
  await sql`INSERT INTO lot_part VALUES (${gtin}, ${lot}, ${agent}, ${activityId}, ${crop}, ${plot}, ${harvestedAt}, ${massKg},
    ${growingArea?.gln ?? null}, ${growingArea?.code ?? null}, ${receivedAt})
    ON CONFLICT (gtin, lot, agent, activity_id) DO NOTHING`.execute(tx)
}
