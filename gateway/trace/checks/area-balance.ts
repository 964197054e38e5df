import { sql } from 'kysely'
import type { Db } from '../../store/open-store.ts'
import { PART_STANDS } from '../../store/standing.ts'
import type { FarmCalendar } from '../farm-calendar.ts'
import type { LotPart } from '../lot-tree.ts'
import { type CheckEvidence, type CheckVerdict, type LotCheck, worst } from './lot-check.ts'

export interface AreaBalance {
  readonly season: string
  readonly fromMs: number
  readonly toMs: number
  /** All fruit marked with the code in that season, whoever marked it. */
  readonly markedKg: number
  /** Area × yield as registered; null where either is not. */
  readonly limitKg: number | null
}

/**
 * Fruit under a growing-area code in one season against what the area can give. Seasons are equal parts of the farm's
 * calendar year, as many as are registered: dragon fruit is lit to bear all year round.
 */
export async function areaBalance(
  db: Db,
  area: { readonly gln: string; readonly code: string },
  atMs: number,
  calendar: FarmCalendar,
): Promise<AreaBalance> {
  const { rows } = await sql<{
    area_ha: number
    yield_kg_per_ha: number
    seasons_per_year: number
  }>`SELECT area_ha, yield_kg_per_ha, seasons_per_year
    FROM growing_area WHERE gln = ${area.gln} AND code = ${area.code}`.execute(db)
  const registered = rows[0]
  const seasons = Math.min(12, Math.max(1, Number(registered?.seasons_per_year ?? 1)))
  const [year = 0, month = 1] = calendar.dayOf(atMs).split('-').map(Number)
  const part = Math.floor(((month - 1) * seasons) / 12)
  const edge = (index: number) => {
    const months = year * 12 + Math.ceil((index * 12) / seasons)
    return calendar.startOf(`${Math.floor(months / 12)}-${String((months % 12) + 1).padStart(2, '0')}-01`)
  }
  const [fromMs, toMs] = [edge(part), edge(part + 1)]
  const marked = await sql<{ kg: number | null }>`SELECT sum(p.mass_kg) AS kg FROM lot_part p
    WHERE p.gln = ${area.gln} AND p.area_code = ${area.code} AND p.harvested_at >= ${fromMs} AND p.harvested_at < ${toMs} AND ${PART_STANDS}`.execute(
    db,
  )
  const limit = registered ? registered.area_ha * registered.yield_kg_per_ha : 0
  return {
    season: seasons === 1 ? `${year}` : `${year}/${part + 1}`,
    fromMs,
    toMs,
    markedKg: Number((marked.rows[0]?.kg ?? 0).toPrecision(12)),
    limitKg: limit > 0 ? limit : null,
  }
}

/** kg under the code against area × yield, for every code that the fruit of a lot is marked with. */
export async function areaBalanceCheck(
  db: Db,
  parts: readonly LotPart[],
  calendar: FarmCalendar,
): Promise<LotCheck> {
  const verdicts: CheckVerdict[] = []
  const evidence: CheckEvidence[] = []
  const seen = new Set<string>()
  for (const { gln, areaCode, harvestedAt, lot } of parts) {
    if (gln === null || areaCode === null) {
      verdicts.push('cant-tell')
      evidence.push({ code: 'no-area-code', facts: { lot } })
      continue
    }
    const balance = await areaBalance(db, { gln, code: areaCode }, harvestedAt, calendar)
    const key = `${gln} ${areaCode} ${balance.season}`
    if (seen.has(key)) continue
    seen.add(key)
    const facts = { code: areaCode, season: balance.season, markedKg: balance.markedKg }
    if (balance.limitKg === null) {
      verdicts.push('cant-tell')
      evidence.push({ code: 'area-not-registered', facts })
      continue
    }
    const isOver = balance.markedKg > balance.limitKg
    verdicts.push(isOver ? 'fail' : 'pass')
    evidence.push({
      code: isOver ? 'area-over' : 'area-within',
      facts: {
        ...facts,
        limitKg: balance.limitKg,
        sharePct: Math.round((100 * balance.markedKg) / balance.limitKg),
      },
    })
  }
  if (parts.length === 0)
    return { code: 'mass-balance-area', verdict: 'cant-tell', evidence: [{ code: 'no-harvest', facts: {} }] }
  return { code: 'mass-balance-area', verdict: worst(verdicts), evidence }
}
