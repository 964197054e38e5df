import { sql } from 'kysely'
import type { Db } from '../../store/open-store.ts'
import type { FarmCalendar } from '../farm-calendar.ts'
import type { LotPart } from '../lot-tree.ts'
import { type CheckEvidence, type CheckVerdict, type LotCheck, worst } from './lot-check.ts'

const DAY_MS = 86_400_000
// A harvest is written down the same evening or the day after; a week later nobody remembers which day it was.
const LATE_DAYS = 3

/**
 * Whether a harvest can have happened when the book says. The order in which a box wrote is signed and chained, so what
 * was written before the harvest and says that it happened after it contradicts the harvest's date: that is how a
 * harvest is moved before the spray that would have closed it.
 */
export async function backDatingCheck(
  db: Db,
  parts: readonly LotPart[],
  calendar: FarmCalendar,
): Promise<LotCheck> {
  const { dayOf } = calendar
  const verdicts: CheckVerdict[] = []
  const evidence: CheckEvidence[] = []
  for (const part of parts) {
    const harvest = await writtenDown(db, part)
    const facts = { lot: part.lot, plot: part.plot, harvestedOn: dayOf(part.harvestedAt) }
    if (!harvest) {
      verdicts.push('cant-tell')
      evidence.push({ code: 'harvest-not-logged', facts })
      continue
    }
    const [clash] = await clashes(db, part, harvest)
    if (clash) {
      verdicts.push('fail')
      evidence.push({
        code: 'written-before-dated-after',
        facts: {
          ...facts,
          type: clash.type,
          at: dayOf(Number(clash.at)),
          writtenOn: dayOf(Number(clash.stated_at)),
        },
      })
    }
    const days = Math.floor((harvest.statedAt - part.harvestedAt) / DAY_MS)
    if (days > LATE_DAYS) {
      verdicts.push('cant-tell')
      evidence.push({ code: 'written-late', facts: { ...facts, days, writtenOn: dayOf(harvest.statedAt) } })
    } else if (!clash) {
      verdicts.push('pass')
      evidence.push({ code: 'written-in-time', facts: { ...facts, writtenOn: dayOf(harvest.statedAt) } })
    }
  }
  if (parts.length === 0)
    return { code: 'back-dating', verdict: 'cant-tell', evidence: [{ code: 'no-harvest', facts: {} }] }
  return { code: 'back-dating', verdict: worst(verdicts), evidence }
}

interface Written {
  readonly statedAt: number
  readonly epoch: string
  readonly seq: number
}

async function writtenDown(db: Db, { agent, activityId }: LotPart): Promise<Written | undefined> {
  const { rows } = await sql<{
    stated_at: number
    epoch: string
    seq: number
  }>`SELECT stated_at, epoch, seq FROM activity
    WHERE agent = ${agent} AND activity_id = ${activityId}`.execute(db)
  const row = rows[0]
  return row && { statedAt: Number(row.stated_at), epoch: row.epoch, seq: Number(row.seq) }
}

/** Within one epoch seqs tell the order; the day of the harvest itself is left out, for hours are rarely typed. */
async function clashes(
  db: Db,
  { agent, plot, harvestedAt }: LotPart,
  { epoch, seq }: Written,
): Promise<{ type: string; at: number; stated_at: number }[]> {
  const { rows } = await sql<{
    type: string
    at: number
    stated_at: number
  }>`SELECT type, at, stated_at FROM activity
    WHERE agent = ${agent} AND plot = ${plot} AND epoch = ${epoch} AND seq < ${seq} AND is_withdrawn = 0
      AND at > ${harvestedAt + DAY_MS} ORDER BY at LIMIT 1`.execute(db)
  return rows
}
