import { sql } from 'kysely'
import { LANES } from '#contract/wire/records.ts'
import { maySeeFarm, type Viewer } from '../accounts/viewer.ts'
import { epochsOf, marksOf } from '../log/marks.ts'
import type { Db } from '../store/open-store.ts'
import { PART_UNREPLACED } from '../store/standing.ts'
import type { AlarmCard, BoxTrust, FarmDetail, LotCard } from './answers.ts'
import { chainFaultsOf } from './chain-faults.ts'
import { boxesOf } from './farms-overview.ts'
import { namedFindings } from './finding-alarms.ts'
import { seriesCards } from './series-cards.ts'

/** Everything that one farm's page shows; null for a farm that is not there, or not the viewer's. */
export async function farmDetail(db: Db, viewer: Viewer, farmId: string): Promise<FarmDetail | null> {
  if (!maySeeFarm(viewer, farmId)) return null
  const { rows } = await sql<{ name: string; commune: string; province: string }>`
    SELECT name, commune, province FROM farm WHERE farm_id = ${farmId}`.execute(db)
  const farm = rows[0]
  if (!farm) return null
  const cards = await boxesOf(db, farmId)
  const agents = cards.map((box) => box.agent)
  const boxes = await Promise.all(
    cards.map(async (box) => {
      const [epoch] = await epochsOf(db, box.agent)
      const marks = epoch ? await marksOf(db, box.agent, epoch) : undefined
      const lanes = LANES.map((lane) => ({
        lane,
        durableThrough: marks?.[lane].durableThrough ?? 0,
        missing: (marks?.[lane].missing ?? []).reduce((sum, [from, to]) => sum + to - from + 1, 0),
      }))
      const trust = await trustOf(db, box.agent)
      const isShut = trust.revokedFor !== null || (await isSuspended(db, box.agent))
      return { ...box, lanes, isSuspended: isShut, trust }
    }),
  )
  const [series, alarms, lots] = await Promise.all([
    seriesCards(db, agents),
    alarmsOf(db, agents),
    lotsOf(db, agents),
  ])
  return { farm: { farmId, ...farm }, boxes, series, alarms, lots }
}

async function isSuspended(db: Db, agent: string): Promise<boolean> {
  const { rows } = await sql<{
    suspended_at: number | null
  }>`SELECT suspended_at FROM enrolment WHERE agent = ${agent}`.execute(db)
  return rows[0]?.suspended_at != null
}

async function trustOf(db: Db, agent: string): Promise<BoxTrust> {
  const { rows } = await sql<{ reason: string | null; untrusted: number; aside: number }>`SELECT
      (SELECT r.reason FROM key_revocation r WHERE r.agent = ${agent} AND (r.key =
          (SELECT k.key FROM box_key k WHERE k.agent = ${agent} ORDER BY k.no DESC LIMIT 1)
        OR NOT EXISTS (SELECT 1 FROM box_key k WHERE k.agent = ${agent})) LIMIT 1) AS reason,
      (SELECT count(*) FROM untrusted_batch WHERE agent = ${agent}) AS untrusted,
      (SELECT count(*) FROM log_aside WHERE agent = ${agent} AND reason = 'key-retired') AS aside`.execute(db)
  const [row] = rows
  return {
    revokedFor: row?.reason ?? null,
    untrustedBatches: Number(row?.untrusted ?? 0),
    oldKeyBatches: Number(row?.aside ?? 0),
    chainFaults: await chainFaultsOf(db, agent),
  }
}

async function alarmsOf(db: Db, agents: readonly string[]): Promise<AlarmCard[]> {
  if (agents.length === 0) return []
  const { rows } =
    await sql<AlarmRow>`SELECT alarm_id, severity, rule, name, device, quantity, facts, raised_at, cleared_at,
      (SELECT k.at FROM alarm_acknowledgement k WHERE k.agent = alarm.agent AND k.alarm_id = alarm.alarm_id) AS acknowledged_at
    FROM alarm WHERE agent IN (${sql.join(agents)}) AND raised_at IS NOT NULL
    ORDER BY CASE WHEN cleared_at IS NULL THEN 0 ELSE 1 END, raised_at DESC LIMIT 100`.execute(db)
  const cards = rows.map(
    (row): AlarmCard => ({
      alarmId: row.alarm_id,
      state: row.cleared_at === null ? 'raised' : 'cleared',
      severity: row.severity,
      rule: row.rule,
      name: row.name,
      device: row.device,
      quantity: row.quantity,
      facts: JSON.parse(row.facts) as Record<string, string | number>,
      raisedAt: row.raised_at,
      acknowledgedAt: row.acknowledged_at,
      clearedAt: row.cleared_at,
    }),
  )
  return namedFindings(db, agents, cards)
}

interface AlarmRow {
  alarm_id: string
  severity: AlarmCard['severity']
  rule: string
  name: string
  device: string
  quantity: string
  facts: string
  raised_at: number
  acknowledged_at: number | null
  cleared_at: number | null
}

async function lotsOf(db: Db, agents: readonly string[]): Promise<LotCard[]> {
  if (agents.length === 0) return []
  const { rows } = await sql<{
    gtin: string
    lot: string
    crop: string
    plot: string
    at: number
    mass: number
  }>`
    SELECT gtin, lot, min(crop) AS crop, min(plot) AS plot, min(harvested_at) AS at, sum(mass_kg) AS mass FROM lot_part p
    WHERE agent IN (${sql.join(agents)}) AND ${PART_UNREPLACED}
    GROUP BY gtin, lot ORDER BY at DESC, lot DESC LIMIT 200`.execute(db)
  return rows.map(({ at, mass, ...lot }) => ({ ...lot, harvestedAt: at, massKg: mass }))
}
