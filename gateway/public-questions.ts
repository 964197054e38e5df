import { sql } from 'kysely'
import { boxCodeOf } from '#contract/trace/lot-number.ts'
import { growingArea } from './insight/growing-area.ts'
import { lotStory } from './insight/lot-history-story.ts'
import type { Db } from './store/open-store.ts'
import { statement } from './store/statement.ts'
import { lotChecks } from './trace/checks/lot-checks.ts'
import { farmCalendar } from './trace/farm-calendar.ts'
import { lotInLog } from './trace/proof/prove-events.ts'
import { knownItem } from './trace/resolver/known-things.ts'
import { descriptionFile, resolve } from './trace/resolver/resolve.ts'
import type { ProductLink } from './trace/resolver/thing-levels.ts'
import type { LotSources } from './web/lot-sources.ts'

/** What the public pages ask, and whom. */
export function publicQuestions(outside: {
  readonly db: Db
  readonly nowMs: () => number
  readonly provinceAgent: string
  readonly publicUrl: string
  readonly provinceName: string
  readonly timeZone: string
  readonly productLinks: readonly ProductLink[]
  readonly onScan: LotSources['onScan']
}): LotSources {
  const { db, nowMs, provinceAgent, timeZone, productLinks } = outside
  const publicUrl = outside.publicUrl.replace(/\/+$/, '')
  const calendar = farmCalendar(timeZone)
  const dayOf = (ms: number): string => calendar.dayOf(ms)
  return {
    lotStory: (gtin, lot) => lotStory(db, gtin, lot, { nowMs: nowMs(), dayOf }),
    lotChecks: (gtin, lot) => lotChecks(db, { gtin, lot }, calendar),
    lotLogState: (gtin, lot) => lotInLog(db, { gtin, lot, boxCode: boxCodeOf(lot) }),
    arrivals: () => arrivals(db),
    arrivalsOf: (boxes) => arrivalsOf(db, [...boxes, provinceAgent]),
    onScan: outside.onScan,
    knownItem: (gtin) => knownItem(db, gtin),
    growingArea: (gln, code, page) => growingArea(db, gln, code, { page, nowMs: nowMs(), dayOf }),
    resolve: (request) => resolve({ db, publicUrl, productLinks }, request),
    resolverDescription: descriptionFile(publicUrl, outside.provinceName),
  }
}

// Asked with every scan, so it is put together once.
const sumOfArrivals = statement<{ arrivals: number | null }>('SELECT sum(arrivals) AS arrivals FROM log_head')

const arrivals = async (db: Db): Promise<number> => Number((await sumOfArrivals(db))[0]?.arrivals ?? 0)

async function arrivalsOf(db: Db, agents: readonly string[]): Promise<number> {
  const { rows } = await sql<{ last: number | null }>`SELECT max(last_arrival) AS last FROM log_mark
    WHERE agent IN (${sql.join(agents)})`.execute(db)
  return Number(rows[0]?.last ?? 0)
}
