import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import Database from 'better-sqlite3'
import { gatewayMigrations } from '../../gateway/gateway.ts'
import { migrate, openSqliteStore } from '../../gateway/store/open-store.ts'
import { recallCsv } from '../../gateway/trace/recall/recall-csv.ts'
import { recallReport } from '../../gateway/trace/recall/recall-report.ts'
import { sayFigure } from './figures.ts'

/**
 * A recall in a province with many events: back from a packed lot to plots, inputs and weather, forward to every lot and
 * consignee, as one report and one export. `npm run bench -- recall [EVENTS]`, a million by default.
 *
 * Of every ten events five are work on plots, two pickings, one a packing of two lots, one a repacking, one a dispatch.
 */
const EVENTS = Number(process.argv[2] ?? 1_000_000)
const ASKED = 200
const GTIN = '09521234567899'
const T0 = Date.UTC(2026, 0, 1)
const FARMS = 1000

const folder = mkdtempSync(join(tmpdir(), 'vuon-recall-'))
try {
  const path = join(folder, 'gateway.db')
  const store = await openSqliteStore(path)
  await migrate(store, gatewayMigrations)
  fill(path)
  const times: number[] = []
  let [lots, consignments] = [0, 0]
  for (let asked = 0; asked < ASKED; asked++) {
    // Spread over the whole, neither the first nor the last.
    const number = Math.floor(((asked + 0.5) / ASKED) * (EVENTS / 10))
    const started = performance.now()
    const report = await recallReport(store.db, { gtin: GTIN, lot: `P${number}` })
    const csv = recallCsv(report)
    times.push(performance.now() - started)
    if (report.origins.length !== 2 || report.consignments.length !== 1 || csv.length < 500)
      throw new Error(
        `lot P${number}: ${report.origins.length} origins, ${report.consignments.length} consignments`,
      )
    lots += report.forward.length + report.siblings.length
    consignments += report.consignments.length
  }
  times.sort((a, b) => a - b)
  for (const [what, share] of [
    ['median', 0.5],
    ['p99', 0.99],
    ['slowest', 1],
  ] as const)
    sayFigure({
      bench: 'recall',
      what: `report and export of one lot among ${EVENTS} events, ${what} of ${ASKED}`,
      figure: Number((times[Math.ceil(share * ASKED) - 1] as number).toFixed(2)),
      unit: 'ms',
      floor: 1000,
      floorIs: 'the bound: one second',
      lotsTold: lots,
      consignments,
    })
  await store.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function fill(path: string): void {
  const database = new Database(path)
  database.pragma('synchronous = OFF')
  const tens = EVENTS / 10
  const agent = (n: string) => `printf('a%06d', (${n}) % ${FARMS})`
  const numbers = (count: number) =>
    `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1})`
  const activity = (id: string, type: string, at: string, details: string) =>
    `INSERT INTO activity (agent, activity_id, type, plot, at, person, details, stated_at, received_at, epoch, seq)
     ${numbers(tens)} SELECT ${agent('i')}, printf('${id}%d', i), '${type}', printf('plot %d', i % 3), ${at}, 'p', '${details}', ${at}, ${at}, '00', i FROM n`
  const lot = (id: string, side: string, name: string, kg: number) =>
    `INSERT INTO activity_lot ${numbers(tens)} SELECT ${agent('i')}, printf('${id}%d', i), '${side}', '${GTIN}', ${name}, ${kg}, NULL FROM n`
  const at = `${T0} + i * 60000`
  const statements = [
    `INSERT INTO farm ${numbers(FARMS)} SELECT printf('f%d', i), printf('Vườn %d', i), 'Hàm Thuận', 'Lâm Đồng', 0 FROM n`,
    `INSERT INTO enrolment ${numbers(FARMS)} SELECT ${agent('i')}, printf('f%d', i), x'00', printf('H%03X', i), 0, NULL, NULL FROM n`,
    activity('s', 'sprayed', `${at} - 86400000`, '{"product":"x","phiDays":7}'),
    activity('t', 'fertilised', `${at} - 172800000`, '{"product":"y"}'),
    activity('i', 'irrigated', `${at} - 3600000`, '{"mm":5}'),
    activity('p', 'packed', `${at} + 3600000`, '{"packingHouse":"VN-LDPH-001"}'),
    activity('r', 'packed', `${at} + 7200000`, '{"packingHouse":"VN-LDPH-001"}'),
    activity('d', 'dispatched', `${at} + 9000000`, '{"consignee":"Công ty","market":"CN"}'),
    // A lot number begins with its box's code, as the two pickings of each ten do.
    ...['A', 'B'].map(
      (
        which,
      ) => `INSERT INTO lot_part ${numbers(tens)} SELECT '${GTIN}', printf('H%03X${which}%d', i % ${FARMS}, i), ${agent('i')}, printf('h${which}%d', i),
        'dragon-fruit', printf('plot %d', i % 3), ${at}, 100, '9521234567899', 'VN-LDOR-0017', ${at} FROM n`,
    ),
    lot('p', 'in', `printf('H%03XA%d', i % ${FARMS}, i)`, 100),
    lot('p', 'in', `printf('H%03XB%d', i % ${FARMS}, i)`, 100),
    lot('p', 'out', `printf('P%d', i)`, 200),
    lot('r', 'in', `printf('P%d', i)`, 200),
    lot('r', 'out', `printf('R%d', i)`, 200),
    lot('d', 'in', `printf('R%d', i)`, 200),
    ...(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const).map(
      (
        digit,
      ) => `INSERT INTO event ${numbers(tens)} SELECT ${agent('i')}, '00', i * 10 + ${digit}, printf('ni:///sha-256;%064x?ver=CBV2.0', i * 10 + ${digit}),
        i * 10 + ${digit}, '2026-01-01T00:00:00.000Z', 'packing', 'k', 1, zeroblob(600), zeroblob(64), '${GTIN}', printf('P%d', i) FROM n`,
    ),
  ]
  database.transaction(() => {
    for (const statement of statements) database.exec(statement)
  })()
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.exec('ANALYZE')
  database.close()
}
