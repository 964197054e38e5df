import { sql } from 'kysely'
import type { Db } from '../../store/open-store.ts'
import { STANDS } from '../../store/standing.ts'
import type { FarmCalendar } from '../farm-calendar.ts'
import type { LotPart } from '../lot-tree.ts'
import { type StandingActivity, standingOnPlot } from '../standing.ts'
import { type CheckEvidence, type CheckVerdict, type LotCheck, worst } from './lot-check.ts'

const DAY_MS = 86_400_000
// From flower to fruit and the work before it.
const SEASON_DAYS = 120
// Two farms may well spray the same thing on one day; six such days in a season are one diary.
const FEW = 6
const MOST_SHARE = 0.8
// A diary that was written in one evening: so many activities within an hour, weeks after they are said to have been.
const BATCH = 5
const LATE_DAYS = 14
const HOUR_MS = 3_600_000

/**
 * Whether the diary behind a lot looks copied or made up afterwards: the same work with the same words on the same
 * days as another farm's, the same as this plot's own season before, or a season written down in one evening. What is
 * too short to judge is not judged.
 */
export async function diaryCopyCheck(
  db: Db,
  parts: readonly LotPart[],
  calendar: FarmCalendar,
): Promise<LotCheck> {
  const verdicts: CheckVerdict[] = []
  const evidence: CheckEvidence[] = []
  const plots = new Map(parts.map((part) => [`${part.agent} ${part.plot}`, part]))
  for (const part of plots.values()) {
    const until = part.harvestedAt
    const since = until - SEASON_DAYS * DAY_MS
    const diary = (await standingOnPlot(db, part, [since, until])).filter(({ type }) => type !== 'harvested')
    const facts = { plot: part.plot, lot: part.lot, activities: diary.length }
    if (diary.length < FEW) {
      verdicts.push('cant-tell')
      evidence.push({ code: 'diary-short', facts })
      continue
    }
    const found = [
      await copiedFrom(db, part, diary, calendar),
      await repeated(db, part, diary, since, calendar),
      writtenAtOnce(diary),
    ].flatMap((each) => each ?? [])
    verdicts.push(found.length > 0 ? 'fail' : 'pass')
    if (found.length === 0) evidence.push({ code: 'diary-own', facts })
    for (const { code, facts: more } of found) evidence.push({ code, facts: { ...facts, ...more } })
  }
  if (parts.length === 0)
    return { code: 'diary-copy', verdict: 'cant-tell', evidence: [{ code: 'no-harvest', facts: {} }] }
  return { code: 'diary-copy', verdict: worst(verdicts), evidence }
}

/** The farm, if one, whose book has nearly all of this on the same days in the same words. */
async function copiedFrom(
  db: Db,
  { farmId }: LotPart,
  diary: readonly StandingActivity[],
  calendar: FarmCalendar,
): Promise<CheckEvidence | undefined> {
  const days = new Map<string, number>()
  for (const { type, at, details } of diary.slice(-MAX_COMPARED)) {
    const begins = calendar.startOf(calendar.dayOf(at))
    const { rows } = await sql<{ farm_id: string; details: string }>`SELECT DISTINCT e.farm_id, a.details
      FROM activity a JOIN enrolment e ON e.agent = a.agent
      WHERE a.type = ${type} AND a.at >= ${begins} AND a.at < ${begins + DAY_MS} AND e.farm_id <> ${farmId} AND ${STANDS}
      LIMIT ${MAX_OTHERS}`.execute(db)
    const same = new Set(
      rows.filter((row) => sameWords(details, JSON.parse(row.details))).map((row) => row.farm_id),
    )
    for (const other of same) days.set(other, (days.get(other) ?? 0) + 1)
  }
  const [most] = [...days].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  const compared = Math.min(diary.length, MAX_COMPARED)
  if (!most || most[1] < FEW || most[1] < MOST_SHARE * compared) return undefined
  // Which farm it is, the Department can ask for; a consumer is told that there is one.
  return { code: 'same-as-another-farm', facts: { same: most[1], of: compared } }
}

// Activities that are compared, the newest; farms of a province that did one kind of work on one day.
const MAX_COMPARED = 60
const MAX_OTHERS = 2000

/** What says what was done, without what differs from plot to plot by its size. */
function sameWords(mine: StandingActivity['details'], other: StandingActivity['details']): boolean {
  const words = (details: StandingActivity['details']) =>
    JSON.stringify(
      Object.entries(details)
        .filter(([key]) => key !== 'productId' && key !== 'areaHa')
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    )
  const said = words(mine)
  return said !== '[]' && said === words(other)
}

/** The season before on the same plot, word for word and with the same days between. */
async function repeated(
  db: Db,
  part: LotPart,
  diary: readonly StandingActivity[],
  since: number,
  calendar: FarmCalendar,
): Promise<CheckEvidence | undefined> {
  const earlier = await standingOnPlot(db, part, [since - 3 * SEASON_DAYS * DAY_MS, since - 1])
  const work = earlier.filter(({ type }) => type !== 'harvested')
  const day = ({ at }: StandingActivity) => calendar.startOf(calendar.dayOf(at)) / DAY_MS
  // By how many days the earlier one has to be moved so that it falls together with the later.
  const shifts = new Map<number, number>()
  for (const now of diary)
    for (const then of work)
      if (now.type === then.type && sameWords(now.details, then.details)) {
        const shift = Math.round(day(now) - day(then))
        shifts.set(shift, (shifts.get(shift) ?? 0) + 1)
      }
  const most = Math.max(0, ...shifts.values())
  if (most < FEW || most < MOST_SHARE * diary.length) return undefined
  const [shift = 0] = [...shifts].find(([, count]) => count === most) ?? []
  return { code: 'same-as-season-before', facts: { same: most, of: diary.length, days: shift } }
}

function writtenAtOnce(diary: readonly StandingActivity[]): CheckEvidence | undefined {
  const late = diary
    .filter(({ at, statedAt }) => statedAt - at > LATE_DAYS * DAY_MS)
    .map(({ statedAt }) => statedAt)
    .toSorted((a, b) => a - b)
  let most = 0
  for (let first = 0, last = 0; last < late.length; last++) {
    while ((late[last] as number) - (late[first] as number) > HOUR_MS) first++
    most = Math.max(most, last - first + 1)
  }
  return most >= BATCH ? { code: 'written-at-once', facts: { same: most, of: diary.length } } : undefined
}
