import { sql } from 'kysely'
import type { OutlookEntry } from '#contract/wire/outlook.ts'
import { maySeeFarm, type Viewer } from '../accounts/viewer.ts'
import type { Db } from '../store/open-store.ts'
import type { OpenOutlook } from './plot-outlook-answer.ts'
import { openOutlook } from './plot-outlook-rows.ts'

/** What the box of a farm last said of one plot: now, by its forecast, and why. */
export interface PlotOutlook extends OpenOutlook {
  readonly farmName: string
  readonly plot: string
  readonly plotName: string
  readonly crop: string
  /** Null while the farm has not registered the plot. */
  readonly areaHa: number | null
  /** ms UTC, set right where the box's clock was not. */
  readonly madeAt: number
  readonly isTimeSure: boolean
}

/** A plot as a farm's page lists it: registered, told of by its box, or both. */
export interface PlotLine {
  readonly plot: string
  readonly name: string
  readonly crop: string
  readonly areaHa: number | null
  /** Null while no outlook has come. */
  readonly outlook: {
    readonly madeAt: number
    readonly everyS: number
    /** The weightiest sentence that is more than "something is missing". */
    readonly first: Pick<OutlookEntry['advice'][number], 'severity' | 'vi' | 'en'> | null
  } | null
  readonly hasFigures: boolean
}

/** The newest of the plot; null for a farm or plot that is not there, of which nothing was said, or not the viewer's. */
export async function plotOutlook(
  db: Db,
  viewer: Viewer,
  farmId: string,
  plot: string,
  nowMs: number,
): Promise<PlotOutlook | null> {
  if (!maySeeFarm(viewer, farmId)) return null
  const newest = (await newestOutlooks(db, farmId, nowMs, plot)).get(plot)
  if (!newest) return null
  const [line] = await registered(db, farmId, plot)
  return {
    farmName: newest.farm_name,
    plot,
    plotName: line?.name || plot,
    crop: line?.crop ?? '',
    areaHa: line?.area_ha ?? null,
    madeAt: newest.madeAt,
    isTimeSure: newest.isTimeSure,
    ...openOutlook(JSON.parse(newest.body) as OutlookEntry),
  }
}

/** Every plot of the farm of which something is known, by name; null for a farm that is not there, or not the viewer's. */
export async function plotsOfFarm(
  db: Db,
  viewer: Viewer,
  farmId: string,
  nowMs: number,
): Promise<PlotLine[] | null> {
  if (!maySeeFarm(viewer, farmId)) return null
  const farms = await sql`SELECT 1 FROM farm WHERE farm_id = ${farmId}`.execute(db)
  if (farms.rows.length === 0) return null
  const lines = new Map((await registered(db, farmId)).map((row) => [row.plot, row]))
  const newest = await newestOutlooks(db, farmId, nowMs)
  const derived = new Map(
    (
      await sql<{ device: string; place: string }>`SELECT s.device, max(s.place) AS place FROM enrolment e
        JOIN series s ON s.agent = e.agent
        WHERE e.farm_id = ${farmId} AND s.device LIKE 'plot/%' AND s.origin LIKE 'derived %' GROUP BY s.device`.execute(
        db,
      )
    ).rows.map(({ device, place }) => [device.slice('plot/'.length), place]),
  )
  return [...new Set([...lines.keys(), ...newest.keys(), ...derived.keys()])]
    .map((plot): PlotLine => {
      const line = lines.get(plot)
      const said = newest.get(plot)
      const entry = said && (JSON.parse(said.body) as OutlookEntry)
      const first = entry?.advice.find(({ severity }) => severity !== 'missing')
      return {
        plot,
        name: line?.name || derived.get(plot) || plot,
        crop: line?.crop ?? '',
        areaHa: line?.area_ha ?? null,
        outlook:
          said && entry
            ? {
                madeAt: said.madeAt,
                everyS: entry.everyS,
                first: first ? { severity: first.severity, vi: first.vi, en: first.en } : null,
              }
            : null,
        hasFigures: derived.has(plot),
      }
    })
    .toSorted((a, b) => a.name.localeCompare(b.name, 'vi') || (a.plot < b.plot ? -1 : 1))
}

interface OutlookRow {
  agent: string
  plot: string
  epoch: string
  boot: string
  clock: string
  made_at: number
  body: string
  offset_ms: number | null
  farm_name: string
}
type Newest = OutlookRow & { readonly madeAt: number; readonly isTimeSure: boolean }

// As for readings: a box's clock may run ahead a little, not by a day.
const AHEAD_MS = 86_400_000

/**
 * Of a plot what was said last, by whichever box and in whichever of its epochs. What claims to be of tomorrow comes
 * from a clock that was wrong: it stands only where there is nothing else, and its time is not sure.
 */
async function newestOutlooks(
  db: Db,
  farmId: string,
  nowMs: number,
  plot?: string,
): Promise<Map<string, Newest>> {
  const { rows } = await sql<OutlookRow>`SELECT o.agent, o.plot, o.epoch, o.boot, o.clock, o.made_at, o.body,
      c.offset_ms, f.name AS farm_name
    FROM enrolment e JOIN outlook o ON o.agent = e.agent JOIN farm f ON f.farm_id = e.farm_id
      LEFT JOIN clock_offset c ON c.agent = o.agent AND c.boot = o.boot
    WHERE e.farm_id = ${farmId} ${plot === undefined ? sql`` : sql`AND o.plot = ${plot}`}
    ORDER BY o.agent, o.epoch`.execute(db)
  const newest = new Map<string, Newest>()
  for (const row of rows) {
    const isCorrected = row.clock === 'unknown' && row.offset_ms !== null
    const madeAt = row.made_at + (isCorrected ? (row.offset_ms ?? 0) : 0)
    const isTimeSure = (row.clock !== 'unknown' || isCorrected) && madeAt <= nowMs + AHEAD_MS
    const before = newest.get(row.plot)
    if (before && (before.isTimeSure === isTimeSure ? before.madeAt > madeAt : before.isTimeSure)) continue
    newest.set(row.plot, { ...row, madeAt, isTimeSure })
  }
  return newest
}

interface PlotRow {
  plot: string
  name: string
  crop: string
  area_ha: number
}

/** As the farm last registered them. */
async function registered(db: Db, farmId: string, plot?: string): Promise<PlotRow[]> {
  const { rows } = await sql<PlotRow>`SELECT p.plot, p.name, p.crop, p.area_ha FROM enrolment e
    JOIN plot p ON p.agent = e.agent
    WHERE e.farm_id = ${farmId} ${plot === undefined ? sql`` : sql`AND p.plot = ${plot}`}
    ORDER BY p.stated_at DESC, p.agent LIMIT 1000`.execute(db)
  // A replacement box registers the same plots again.
  return [...new Map(rows.toReversed().map((row) => [row.plot, row])).values()]
}
