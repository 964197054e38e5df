import { sql } from 'kysely'
import type { Db } from '../../store/open-store.ts'
import { PART_STANDS } from '../../store/standing.ts'
import type { FarmCalendar } from '../farm-calendar.ts'
import type { LotPart } from '../lot-tree.ts'
import { type CheckEvidence, type CheckVerdict, type LotCheck, worst } from './lot-check.ts'

/** May this farm mark fruit with this code: it holds the code, or its holder's box signed that it may. */
export async function codePermissionCheck(
  db: Db,
  parts: readonly LotPart[],
  calendar: FarmCalendar,
): Promise<LotCheck> {
  const verdicts: CheckVerdict[] = []
  const evidence: CheckEvidence[] = []
  const seen = new Set<string>()
  const say = (verdict: CheckVerdict, code: string, facts: CheckEvidence['facts']) => {
    verdicts.push(verdict)
    evidence.push({ code, facts })
  }
  for (const { gln, areaCode, farmId, harvestedAt, lot } of parts) {
    const day = calendar.dayOf(harvestedAt)
    const key = `${gln} ${areaCode} ${farmId} ${day}`
    if (seen.has(key)) continue
    seen.add(key)
    if (gln === null || areaCode === null) {
      say('cant-tell', 'no-area-code', { lot })
      continue
    }
    const facts = { code: areaCode, day }
    const area = await areaOf(db, gln, areaCode)
    if (!area) say('cant-tell', 'area-not-registered', facts)
    else if (area.is_withdrawn === 1 || isOutside(day, area.valid_from, area.valid_to))
      say('fail', 'area-not-valid', { ...facts, validFrom: area.valid_from, validTo: area.valid_to })
    else if (area.holder_farm_id === '') say('cant-tell', 'holder-unknown', facts)
    else if (area.holder_farm_id === farmId) say('pass', 'own-code', facts)
    else {
      const permission = await permissionOf(db, {
        gln,
        code: areaCode,
        farmId,
        day,
        holder: area.holder_farm_id,
      })
      if (!permission) say('fail', 'no-permission', facts)
      else {
        const { from_day: from, until_day: until, max_kg: maxKg } = permission
        const span = [calendar.startOf(from), calendar.startOf(until) + DAY_MS] as const
        const usedKg = maxKg === null ? 0 : await markedBy(db, { gln, code: areaCode, farmId }, span)
        if (maxKg !== null && usedKg > maxKg) say('fail', 'permission-exceeded', { ...facts, maxKg, usedKg })
        else say('pass', 'permitted', { ...facts, until })
      }
    }
  }
  if (parts.length === 0) say('cant-tell', 'no-harvest', {})
  return { code: 'code-permission', verdict: worst(verdicts), evidence }
}

const DAY_MS = 86_400_000

const isOutside = (day: string, from: string, to: string): boolean =>
  (from !== '' && day < from) || (to !== '' && day > to)

async function areaOf(db: Db, gln: string, code: string) {
  const { rows } = await sql<{
    holder_farm_id: string
    valid_from: string
    valid_to: string
    is_withdrawn: number
  }>`SELECT holder_farm_id, valid_from, valid_to, is_withdrawn FROM growing_area WHERE gln = ${gln} AND code = ${code}`.execute(
    db,
  )
  return rows[0]
}

/** The holder's newest word that covers the day, signed by a box of the holder's own; withdrawn from a day on, no longer. */
async function permissionOf(
  db: Db,
  asked: { gln: string; code: string; farmId: string; day: string; holder: string },
) {
  const { gln, code, farmId, day, holder } = asked
  const { rows } = await sql<{ from_day: string; until_day: string; max_kg: number | null }>`
    SELECT p.from_day, p.until_day, p.max_kg
    FROM permission p JOIN enrolment e ON e.agent = p.agent
    WHERE p.gln = ${gln} AND p.code = ${code} AND p.given_to = ${farmId} AND e.farm_id = ${holder} AND p.is_signature_valid = 1
      AND p.is_withdrawn = 0 AND p.from_day <= ${day} AND p.until_day >= ${day}
      AND NOT EXISTS (SELECT 1 FROM permission w WHERE w.agent = p.agent AND w.permission_id = p.permission_id AND w.is_withdrawn = 1
        AND w.is_signature_valid = 1 AND w.from_day <= ${day})
    ORDER BY p.until_day DESC, p.agent, p.epoch, p.seq LIMIT 1`.execute(db)
  return rows[0]
}

async function markedBy(
  db: Db,
  { gln, code, farmId }: { gln: string; code: string; farmId: string },
  [fromMs, toMs]: readonly [number, number],
): Promise<number> {
  const { rows } = await sql<{
    kg: number | null
  }>`SELECT sum(p.mass_kg) AS kg FROM lot_part p JOIN enrolment e ON e.agent = p.agent
    WHERE p.gln = ${gln} AND p.area_code = ${code} AND e.farm_id = ${farmId} AND p.harvested_at >= ${fromMs}
      AND p.harvested_at < ${toMs} AND ${PART_STANDS}`.execute(db)
  return Number((rows[0]?.kg ?? 0).toPrecision(12))
}
