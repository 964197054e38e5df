import { sql } from 'kysely'
import { toHex } from '#contract/ground/bytes.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { openSignedEvent } from '#contract/trace/signed-event.ts'
import { isQuantityName } from '#contract/wire/quantities.ts'
import type {
  ActivityEntry,
  AlarmEntry,
  AllocationEntry,
  ClockEntry,
  EnrolmentEntry,
  EventEntry,
  FarmEntry,
  LossEntry,
  LotEntry,
  PlotEntry,
  RecordEntry,
  SeriesEntry,
  SuspensionEntry,
} from '#contract/wire/records.ts'
import type { Tx } from '../store/open-store.ts'
import type { ProjectionOutside, VerifiedBatch } from './apply-batch.ts'
import { applyDeferred } from './readings.ts'

type Source = VerifiedBatch & { readonly seq: number }

/** One entry of the record lane. What is malformed or unknown is counted; it stays in the log for a later reader. */
export async function applyEntry(
  tx: Tx,
  source: Source,
  entry: RecordEntry,
  outside: ProjectionOutside,
): Promise<void> {
  const isApplied = await applyKnown(tx, source, entry, outside)
  if (isApplied) return
  await sql`INSERT INTO unknown_entry VALUES (${source.agent}, ${source.epoch}, ${source.lane}, ${source.seq}, ${entry.kind})
    ON CONFLICT (agent, epoch, lane, seq) DO NOTHING`.execute(tx)
}

async function applyKnown(
  tx: Tx,
  source: Source,
  entry: RecordEntry,
  outside: ProjectionOutside,
): Promise<boolean> {
  switch (entry.kind) {
    case 'series':
      return applySeriesEntry(tx, source, entry as SeriesEntry & RecordEntry)
    case 'alarm':
      return applyAlarm(tx, source, entry as AlarmEntry & RecordEntry)
    case 'lot':
      return applyLot(tx, source, entry as LotEntry & RecordEntry)
    case 'event':
      return applyEvent(tx, source, entry as EventEntry & RecordEntry, outside)
    case 'activity': {
      const { activityId, type, plot, at, person, details } = entry as ActivityEntry & RecordEntry
      if (!areTexts(activityId, type, plot, person) || !isWhole(at)) return false
      await sql`INSERT INTO activity VALUES (${source.agent}, ${activityId}, ${type}, ${plot}, ${at}, ${person}, ${JSON.stringify(details ?? {})})
        ON CONFLICT (agent, activity_id) DO NOTHING`.execute(tx)
      return true
    }
    case 'plot': {
      const { plot, name, crop, areaHa } = entry as PlotEntry & RecordEntry
      if (!areTexts(plot, name, crop) || !Number.isFinite(areaHa)) return false
      await sql`INSERT INTO plot VALUES (${source.agent}, ${plot}, ${name}, ${crop}, ${areaHa}) ON CONFLICT (agent, plot) DO NOTHING`.execute(
        tx,
      )
      return true
    }
    case 'clock': {
      const { ofBoot, offsetMs, plusMinusMs, source: by } = entry as ClockEntry & RecordEntry
      if (!areTexts(ofBoot, by) || !isWhole(offsetMs) || !isWhole(plusMinusMs)) return false
      // The tightest answer stands, whichever came first.
      await sql`INSERT INTO clock_offset VALUES (${source.agent}, ${ofBoot}, ${offsetMs}, ${plusMinusMs}, ${by})
        ON CONFLICT (agent, boot) DO UPDATE SET offset_ms = excluded.offset_ms, plus_minus_ms = excluded.plus_minus_ms, source = excluded.source
        WHERE excluded.plus_minus_ms < clock_offset.plus_minus_ms`.execute(tx)
      return true
    }
    case 'loss': {
      const { lane, from, to, count, reason } = entry as LossEntry & RecordEntry
      if (!areTexts(lane, reason) || ![from, to, count].every(isWhole)) return false
      await sql`INSERT INTO loss VALUES (${source.agent}, ${source.epoch}, ${source.seq}, ${lane}, ${from}, ${to}, ${count}, ${reason})
        ON CONFLICT (agent, epoch, seq) DO NOTHING`.execute(tx)
      return true
    }
    case 'config':
      return true
    default:
      return false
  }
}

/** What only the province's own batches may say. */
export async function applyDecision(tx: Tx, entry: RecordEntry): Promise<void> {
  switch (entry.kind) {
    case 'farm': {
      const { farmId, name, commune, province } = entry as FarmEntry & RecordEntry
      await sql`INSERT INTO farm VALUES (${farmId}, ${name}, ${commune}, ${province}, ${entry.t}) ON CONFLICT (farm_id) DO UPDATE
        SET name = excluded.name, commune = excluded.commune, province = excluded.province, decided_at = excluded.decided_at
        WHERE excluded.decided_at > farm.decided_at`.execute(tx)
      return
    }
    case 'enrolment': {
      const { agent, publicKey, boxCode, farmId } = entry as EnrolmentEntry & RecordEntry
      await sql`INSERT INTO enrolment VALUES (${agent}, ${farmId}, ${publicKey}, ${boxCode}, ${entry.t}, NULL, NULL)
        ON CONFLICT (agent) DO UPDATE SET farm_id = excluded.farm_id, decided_at = excluded.decided_at, suspended_at = NULL, suspended_for = NULL
        WHERE excluded.decided_at > enrolment.decided_at`.execute(tx)
      return
    }
    case 'suspension': {
      const { agent, reason } = entry as SuspensionEntry & RecordEntry
      await sql`UPDATE enrolment SET suspended_at = ${entry.t}, suspended_for = ${reason} WHERE agent = ${agent} AND decided_at <= ${entry.t}`.execute(
        tx,
      )
      return
    }
    case 'allocation': {
      const { farmId, gtin, crop, productVi, productEn, growingArea } = entry as AllocationEntry & RecordEntry
      await sql`INSERT INTO allocation VALUES (${farmId}, ${gtin}, ${crop}, ${productVi}, ${productEn}, ${growingArea?.gln ?? null},
        ${growingArea?.code ?? null}, ${growingArea?.validTo ?? null}, ${entry.t}) ON CONFLICT (farm_id, gtin) DO UPDATE
        SET crop = excluded.crop, product_vi = excluded.product_vi, product_en = excluded.product_en, gln = excluded.gln,
            area_code = excluded.area_code, valid_to = excluded.valid_to, decided_at = excluded.decided_at
        WHERE excluded.decided_at > allocation.decided_at`.execute(tx)
      return
    }
  }
}

async function applySeriesEntry(
  tx: Tx,
  { agent, epoch }: Source,
  entry: SeriesEntry & RecordEntry,
): Promise<boolean> {
  const { no, uuid, device, channel, quantity, unit, resolution, timeStepMs, place, origin, continues } =
    entry
  const isUsable =
    isWhole(no) &&
    areTexts(uuid, device, unit) &&
    isQuantityName(quantity) &&
    resolution > 0 &&
    Number.isFinite(resolution) &&
    isWhole(timeStepMs) &&
    timeStepMs > 0
  if (!isUsable) return false
  await sql`INSERT INTO series VALUES (${agent}, ${uuid}, ${device}, ${channel ?? ''}, ${quantity}, ${unit}, ${resolution}, ${timeStepMs},
    ${place ?? ''}, ${origin ?? 'measured'}, ${continues ?? null}) ON CONFLICT DO NOTHING`.execute(tx)
  await sql`INSERT INTO series_number VALUES (${agent}, ${epoch}, ${no}, ${uuid}) ON CONFLICT (agent, epoch, no) DO NOTHING`.execute(
    tx,
  )
  await applyDeferred(tx, agent, epoch, no, compression)
  return true
}

async function applyAlarm(tx: Tx, { agent }: Source, entry: AlarmEntry & RecordEntry): Promise<boolean> {
  const { alarmId, state, severity, rule, name, device, quantity, facts, t } = entry
  if (!areTexts(alarmId, severity, rule, name, device, quantity)) return false
  const raisedAt = state === 'raised' ? t : null
  const clearedAt = state === 'cleared' ? t : null
  await sql`INSERT INTO alarm VALUES (${agent}, ${alarmId}, ${severity}, ${rule}, ${name}, ${device}, ${quantity}, ${JSON.stringify(facts ?? {})},
    ${raisedAt}, ${clearedAt}) ON CONFLICT (agent, alarm_id) DO UPDATE
    SET raised_at = coalesce(alarm.raised_at, excluded.raised_at), cleared_at = coalesce(alarm.cleared_at, excluded.cleared_at),
        facts = CASE WHEN excluded.raised_at IS NULL THEN alarm.facts ELSE excluded.facts END`.execute(tx)
  return true
}

async function applyLot(
  tx: Tx,
  { agent, receivedAt }: Source,
  entry: LotEntry & RecordEntry,
): Promise<boolean> {
  const { gtin, lot, activityId, crop, plot, harvestedAt, massKg, growingArea } = entry
  if (!areTexts(gtin, lot, activityId, crop, plot) || !isWhole(harvestedAt) || !(massKg > 0)) return false
  await sql`INSERT INTO lot_part VALUES (${gtin}, ${lot}, ${agent}, ${activityId}, ${crop}, ${plot}, ${harvestedAt}, ${massKg},
    ${growingArea?.gln ?? null}, ${growingArea?.code ?? null}, ${receivedAt})
    ON CONFLICT (gtin, lot, agent, activity_id) DO NOTHING`.execute(tx)
  return true
}

const LOT_URI = /\/01\/(\d{14})\/10\/([^/?#]+)/

async function applyEvent(
  tx: Tx,
  { agent, epoch, seq }: Source,
  entry: EventEntry & RecordEntry,
  outside: ProjectionOutside,
): Promise<boolean> {
  if (!(entry.signed instanceof Uint8Array) || !(entry.signature instanceof Uint8Array)) return false
  let statement: ReturnType<typeof openSignedEvent>
  try {
    statement = openSignedEvent(entry.signed)
  } catch {
    return false
  }
  const { rows } = await sql<{
    public_key: Uint8Array
  }>`SELECT public_key FROM enrolment WHERE agent = ${agent}`.execute(tx)
  const publicKey = rows[0]?.public_key
  // A farm signs for itself only: a statement that names another box proves nothing here.
  const isSignatureValid =
    publicKey !== undefined &&
    statement.agent === agent &&
    outside.verifyEvent(new Uint8Array(publicKey), entry)
  const { event } = statement
  const lot = LOT_URI.exec(JSON.stringify(event['quantityList'] ?? event['epcList'] ?? ''))
  const eventId = String(event.eventID ?? `urn:sha256:${toHex(outside.sha256(entry.signed))}`)
  await sql`INSERT INTO event VALUES (${agent}, ${epoch}, ${seq}, ${eventId}, ${statement.eventNo}, ${event.eventTime},
    ${String(event['bizStep'] ?? '')}, ${statement.key}, ${isSignatureValid ? 1 : 0}, ${entry.signed}, ${entry.signature},
    ${lot?.[1] ?? null}, ${decodeSegment(lot?.[2])}) ON CONFLICT (agent, epoch, seq) DO NOTHING`.execute(tx)
  return true
}

function decodeSegment(text: string | undefined): string | null {
  try {
    return text === undefined ? null : decodeURIComponent(text)
  } catch {
    return null
  }
}

const areTexts = (...values: unknown[]): boolean =>
  values.every((value) => typeof value === 'string' && value.length <= 300)

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)
