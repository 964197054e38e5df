import { Gauge, type Registry } from '@prometheus-io/client'
import { sql } from 'kysely'
import { epochsOf, marksOf } from '../log/marks.ts'
import type { Db } from '../store/open-store.ts'
import { CHAIN_FAULT_KINDS, type ChainFaultCard, type ChainFaultKind } from './answers.ts'

// A chain that was forked and went on is wrong at every number since: the first ones say where to look.
const RANGES_SHOWN = 5
const NUMBERS_READ = 1000

/** What does not hold in the chain of a box's signed events, the worst first; nothing of most boxes. */
export async function chainFaultsOf(db: Db, agent: string): Promise<ChainFaultCard[]> {
  const { rows } = await sql<{ kind: ChainFaultKind; count: number }>`SELECT kind, count(*) AS count
    FROM chain_fault WHERE agent = ${agent} GROUP BY kind`.execute(db)
  if (rows.length === 0) return []
  const isStillSending = await hasHoles(db, agent)
  const cards = rows.map(async ({ kind, count }): Promise<ChainFaultCard> => {
    const numbers = await sql<{ event_no: number }>`SELECT event_no FROM chain_fault
      WHERE agent = ${agent} AND kind = ${kind} ORDER BY event_no LIMIT ${NUMBERS_READ}`.execute(db)
    const eventNos = rangesOf(numbers.rows.map((row) => Number(row.event_no))).slice(0, RANGES_SHOWN)
    return { kind, count: Number(count), eventNos, mayStillCome: kind === 'missing' && isStillSending }
  })
  const found = await Promise.all(cards)
  return found.sort((a, b) => CHAIN_FAULT_KINDS.indexOf(a.kind) - CHAIN_FAULT_KINDS.indexOf(b.kind))
}

/** How many numbers of these boxes' chains do not hold, without what is only under way. */
export async function chainFaultCount(db: Db, agents: readonly string[]): Promise<number> {
  if (agents.length === 0) return 0
  const { rows } = await sql<{ agent: string; missing: number; others: number }>`SELECT agent,
      sum(CASE WHEN kind = 'missing' THEN 1 ELSE 0 END) AS missing, sum(CASE WHEN kind = 'missing' THEN 0 ELSE 1 END) AS others
    FROM chain_fault WHERE agent IN (${sql.join(agents)}) GROUP BY agent`.execute(db)
  let count = 0
  for (const { agent, missing, others } of rows) {
    count += Number(others)
    if (Number(missing) > 0 && !(await hasHoles(db, agent))) count += Number(missing)
  }
  return count
}

export interface BoxChain {
  readonly agent: string
  readonly farm: string
  readonly faults: readonly ChainFaultCard[]
}

/** Every box whose chain does not hold, for whoever keeps the gateway. */
export async function brokenChains(db: Db): Promise<BoxChain[]> {
  const { rows } = await sql<{ agent: string; farm: string | null }>`SELECT DISTINCT c.agent, f.name AS farm
    FROM chain_fault c LEFT JOIN enrolment e ON e.agent = c.agent LEFT JOIN farm f ON f.farm_id = e.farm_id
    ORDER BY c.agent`.execute(db)
  return Promise.all(
    rows.map(async ({ agent, farm }) => ({
      agent,
      farm: farm ?? '',
      faults: await chainFaultsOf(db, agent),
    })),
  )
}

/** As a figure, asked when somebody reads the metrics. */
export function chainMetrics(registry: Registry, db: Db): void {
  new Gauge({
    name: 'vuon_gateway_chain_faults',
    help: "Numbers in boxes' chains of signed events that do not hold, by what is wrong",
    labelNames: ['kind'],
    registers: [registry],
    async collect() {
      const { rows } = await sql<{ kind: string; count: number }>`SELECT kind, count(*) AS count
        FROM chain_fault GROUP BY kind`.execute(db)
      for (const kind of CHAIN_FAULT_KINDS)
        this.set({ kind }, Number(rows.find((row) => row.kind === kind)?.count ?? 0))
    },
  })
}

/**
 * Whether entries are still to come in the epoch that the box is in: then what lies before a gap may be among them. An
 * epoch that is over takes nothing more.
 */
async function hasHoles(db: Db, agent: string): Promise<boolean> {
  const [epoch] = await epochsOf(db, agent)
  return epoch !== undefined && (await marksOf(db, agent, epoch)).record.missing.length > 0
}

/** Sorted numbers as runs, first and last inside. */
function rangesOf(numbers: readonly number[]): [first: number, last: number][] {
  const ranges: [number, number][] = []
  for (const number of numbers) {
    const run = ranges.at(-1)
    if (run && number === run[1] + 1) run[1] = number
    else ranges.push([number, number])
  }
  return ranges
}
