import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { diaryCsv } from '../../../agent/farm-book/diary-csv.ts'
import { diaryDocument } from '../../../agent/farm-book/diary-html.ts'
import { Journal } from '../../../agent/journal/journal.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { openBook, SPRAY, TODAY } from './book-room.ts'

/** RFC 4180, as a spreadsheet reads it. */
function cellsOf(csv: string): string[][] {
  expect(csv.startsWith('\uFEFF')).toBe(true)
  const rows: string[][] = [[]]
  for (const [, quoted, plain, end] of csv.slice(1).matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
    if (end === '\r\n') rows.push([])
  }
  return rows.slice(0, -1)
}

async function season() {
  const room = await openBook()
  const { book, spray, harvest } = room
  const first = await spray('2026-11-01', {
    reason: '=HYPERLINK("http://x.example";"Thán thư")',
    note: 'Một, hai',
  })
  const details = { ...SPRAY, dose: 1.5, reason: '@SUM(1)' }
  const input = { type: 'sprayed' as const, plot: 'lo-a', day: '2026-11-02', person: 'p1', details }
  await book.correct(first.activityId, { ...input, why: 'Ghi "nhầm" ngày' })
  const second = await spray('2026-11-05')
  await book.withdraw(second.activityId, { person: 'p1', why: 'Trời mưa' })
  await book.recordActivity({
    ...input,
    type: 'irrigated',
    plot: 'lo-b',
    day: '2026-11-10',
    details: { m3: 12.5 },
  })
  const lot = await harvest(120.5)
  return { ...room, lot }
}

describe('the diary of a season', () => {
  test('is every line in order, with what was corrected and withdrawn and why', async () => {
    const { book } = await season()
    const lines = await book.diary({})
    expect(lines.map(({ day, kept }) => [day, kept.activity.type, kept.isStanding])).toEqual([
      ['2026-11-01', 'sprayed', false],
      ['2026-11-02', 'sprayed', true],
      ['2026-11-05', 'sprayed', false],
      ['2026-11-10', 'irrigated', true],
      [TODAY, 'harvested', true],
    ])
    expect(await book.diary({ plot: 'lo-b' })).toHaveLength(1)
    expect(await book.diary({ from: '2026-11-02', to: '2026-11-05' })).toHaveLength(2)
    for (const wrong of [{ plot: 'lo-z' }, { from: 'hôm qua' }, { from: '2026-11-02', to: '2026-11-01' }])
      await expect(book.diary(wrong)).rejects.toMatchObject({ code: 'input-invalid' })
  })

  test('opens in a spreadsheet in Vietnamese, and nothing in it is run as a formula', async () => {
    const { book, lot } = await season()
    const rows = cellsOf(diaryCsv('vi', await book.diary({})))
    const [head = [], ...lines] = rows
    expect(new Set(rows.map((row) => row.length)).size).toBe(1)
    const at = (line: number, name: string) => lines[line]?.[head.indexOf(name)]
    expect(at(0, 'Công việc')).toBe('Phun thuốc')
    expect(at(0, 'Lý do (sâu, bệnh, thiếu chất)')).toBe(`'=HYPERLINK("http://x.example";"Thán thư")`)
    expect(at(1, 'Lý do (sâu, bệnh, thiếu chất)')).toBe("'@SUM(1)")
    expect(at(1, 'Mã số vùng trồng')).toBe('VN-LDOR-0042')
    expect(at(0, 'Tình trạng')).toBe('Đã được sửa')
    expect(at(2, 'Tình trạng')).toBe('Đã rút, không có việc này')
    expect(at(3, 'Còn thiếu')).toBe('Nguồn')
    expect(at(4, 'Số lô')).toBe(lot.lot)
    expect(at(4, 'Khối lượng (kg)')).toBe('120.5')
  })

  test('prints with its corrections struck through, and what people typed is text', async () => {
    const { book } = await season()
    const scope = { from: '2026-11-01', to: '2026-11-30' }
    const farm = { name: 'Vườn <b>Hai Lúa</b>', commune: 'Hàm Thạnh', province: 'Lâm Đồng' }
    const page = diaryDocument('vi', await book.diary(scope), { farm, scope, printedAt: '2026-11-23 06:30' })
    expect(page).toContain('01/11/2026 – 30/11/2026')
    expect(page.match(/<s>/g)).toHaveLength(2)
    expect(page).toContain('Trời mưa')
    expect(page).not.toContain('<b>')
    expect(diaryDocument('en', [], { farm: null, scope, printedAt: '' })).toContain('There is no entry')
  })

  test('is its signed events as one document, each with its last word', async () => {
    const { book } = await season()
    const document = await book.diaryEpcis(await book.diary({}))
    const { eventList } = document['epcisBody'] as { eventList: Record<string, unknown>[] }
    expect(eventList.map((event) => [event['bizStep'], event['errorDeclaration'] !== undefined])).toEqual([
      ['other', true],
      ['other', false],
      ['other', true],
      ['sensor_reporting', false],
      ['commissioning', false],
    ])
    const ofPlot = await book.diaryEpcis(await book.diary({ plot: 'lo-b' }))
    expect((ofPlot['epcisBody'] as { eventList: unknown[] }).eventList).toHaveLength(1)
  })

  test('comes out of the command line, from the journal alone', async () => {
    const folder = temporaryFolder()
    const dataDir = join(folder, 'box')
    mkdirSync(join(dataDir, 'journal'), { recursive: true })
    const journal = await Journal.open({
      ...{
        path: join(dataDir, 'journal', 'journal.db'),
        clock: systemClock,
        lossWindowMs: 0,
        isInWorker: false,
      },
      randomBytes: (length) => new Uint8Array(length).fill(7),
    })
    const at = Date.parse('2026-11-20T08:00:00+07:00')
    const entry = {
      kind: 'activity' as const,
      activityId: 'a1',
      type: 'pruned',
      plot: 'lo-a',
      at,
      person: 'p1',
    }
    await journal.appendRecords([{ ...entry, details: { what: 'Tỉa cành' } }])
    await journal.close()
    const config = join(folder, 'box.yaml')
    const plots = [{ id: 'lo-a', name: 'Lô A', crop: 'mango', areaHa: 1 }]
    writeFileSync(config, JSON.stringify({ dataDir, plots }))
    const run = (...words: string[]) =>
      new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
        const child = spawn(join(import.meta.dirname, '../../../bin/vuon-agent'), [
          '--config',
          config,
          ...words,
        ])
        let [out, err] = ['', '']
        child.stdout.on('data', (part: Buffer) => {
          out += part
        })
        child.stderr.on('data', (part: Buffer) => {
          err += part
        })
        child.once('exit', (code) => resolve({ code, out, err }))
      })
    const csv = await run('diary', '--plot', 'lo-a', '--from', '2026-11-01', '--to', '2026-11-30')
    expect(csv.code).toBe(0)
    expect(cellsOf(`${csv.out.trimEnd()}\r\n`)[1]?.slice(0, 5)).toEqual([
      '2026-11-20',
      '08:00',
      'Lô A',
      '',
      'Tỉa cành',
    ])
  }, 20_000)
})
