import { sql } from 'kysely'
import type { Db } from '../store/open-store.ts'
import { STANDS } from '../store/standing.ts'

/** An activity of a farm book, as it stands: not withdrawn, and replaced by no later one of its box. */
export interface StandingActivity {
  readonly agent: string
  readonly activityId: string
  readonly type: string
  readonly plot: string
  readonly at: number
  readonly details: Readonly<Record<string, string | number>>
  readonly why: string
  /** When the box wrote it down, and when the province had it. */
  readonly statedAt: number
  readonly receivedAt: number
}

// A plot has some hundreds of activities a year; a diary of more than this is read by its newest part.
const MAX_ACTIVITIES = 5000

/** Of one plot between two moments, newest last. `types` empty: of every type. */
export async function standingOnPlot(
  db: Db,
  { agent, plot }: { readonly agent: string; readonly plot: string },
  [fromMs, toMs]: readonly [number, number],
  types: readonly string[] = [],
): Promise<StandingActivity[]> {
  const ofTypes = types.length > 0 ? sql`AND a.type IN (${sql.join(types)})` : sql``
  const { rows } =
    await sql<ActivityRow>`SELECT a.agent, a.activity_id, a.type, a.plot, a.at, a.details, a.why, a.stated_at, a.received_at
    FROM activity a WHERE a.agent = ${agent} AND a.plot = ${plot} AND a.at >= ${fromMs} AND a.at <= ${toMs} ${ofTypes} AND ${STANDS}
    ORDER BY a.at DESC, a.activity_id LIMIT ${MAX_ACTIVITIES}`.execute(db)
  return rows.map(activityOf).reverse()
}

export interface ActivityRow {
  agent: string
  activity_id: string
  type: string
  plot: string
  at: number
  details: string
  why: string
  stated_at: number
  received_at: number
}

export const activityOf = (row: ActivityRow): StandingActivity => ({
  agent: row.agent,
  activityId: row.activity_id,
  type: row.type,
  plot: row.plot,
  at: Number(row.at),
  details: JSON.parse(row.details) as StandingActivity['details'],
  why: row.why,
  statedAt: Number(row.stated_at),
  receivedAt: Number(row.received_at),
})
