import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { describe, expect, it, onTestFinished } from 'vitest'
import { documentMistakes } from '#contract/trace/epcis-document.ts'
import { addFeedCommands } from '../../gateway/feed-command.ts'
import { farmCalendar } from '../../gateway/trace/farm-calendar.ts'
import { FEEDS } from '../../gateway/trace/feeds/adapters.ts'
import { csvOf } from '../../gateway/trace/feeds/feed-adapter.ts'
import { type FeedScope, feedData } from '../../gateway/trace/feeds/feed-data.ts'
import { FARM, GTIN, Orchard } from './orchard.ts'
import { SignedBox } from './signed-box.ts'
import { AREA, done, HOUSE, lotOf, picked, SCORE, toldFarm } from './told-farm.ts'

const BASE = 'https://vuon.example'
const OF_FARM: FeedScope = { of: { kind: 'farm', farmId: FARM }, from: '2026-10-01', to: '2026-11-30' }

async function told(): Promise<{ orchard: Orchard; box: SignedBox }> {
  const orchard = await Orchard.open({ publicUrl: BASE })
  return { orchard, box: await toldFarm(orchard) }
}

async function written(orchard: Orchard, name: string, scope = OF_FARM): Promise<string> {
  const data = await feedData(orchard.gateway.db, scope, {
    calendar: farmCalendar('Asia/Ho_Chi_Minh'),
    publicUrl: BASE,
    provinceName: 'Sở',
  })
  return FEEDS.find((each) => each.name === name)?.write(data) ?? ''
}

/** Rows of a CSV without quoted line breaks, by its header. */
function rowsOf(csv: string): Record<string, string>[] {
  const [header = '', ...lines] = csv.replace('\u{FEFF}', '').trim().split('\r\n')
  const cells = (line: string) =>
    [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, each = '']) =>
      each.startsWith('"') ? each.slice(1, -1).replaceAll('""', '"') : each,
    )
  const names = cells(header)
  return lines.map((line) => Object.fromEntries(cells(line).map((cell, at) => [names[at] ?? '', cell])))
}

describe('the feed for the portals', () => {
  it('has every item of the circular and the road map, a row a stage', async () => {
    const { orchard } = await told()
    const rows = rowsOf(await written(orchard, 'portal-csv'))
    const own = rows.filter(({ c8_brand_or_serial }) => c8_brand_or_serial === lotOf(0))
    expect(own.map(({ c5_stage }) => c5_stage)).toEqual(['harvested', 'packed'])
    expect(own[0]).toMatchObject({
      c1_product_name: 'Thanh long ruột đỏ',
      c2_picture_sha256: 'a'.repeat(64),
      c3_producer_name: 'Vườn Hai Lúa',
      c4_address: 'Hàm Thạnh, Lâm Đồng',
      c5_stage_product_code: `01:${GTIN} 10:${lotOf(0)}`,
      c5_stage_location_code: `414:${AREA.gln} 254:${AREA.code}`,
      c6_production_time: '2026-11-22',
      c7_product_trace_code: `01:${GTIN} 10:${lotOf(0)}`,
      c10_standards: 'GLOBALG.A.P. GGN 4063061234567; VietGAP TT-13-01-0042',
      r1_household_code: FARM,
      r3_stages: 'harvested > packed',
      r4_lookup_link: `${BASE}/01/${GTIN}/10/${lotOf(0)}`,
      mass_kg: '184.5',
    })
    expect(own[0]?.['format']).toContain('not published')
    const packed = rows.filter(({ c8_brand_or_serial }) => c8_brand_or_serial === lotOf(1))
    expect(packed.map(({ c5_stage }) => c5_stage)).toEqual(['harvested', 'packed', 'dispatched'])
    expect(packed[1]).toMatchObject({ r2_facility: HOUSE, mass_kg: '175', c5_stage_location_code: HOUSE })
  })

  it('gives the events as the farm signed them, with names as master data', async () => {
    const { orchard } = await told()
    const text = await written(orchard, 'portal-epcis')
    const document = JSON.parse(text) as {
      type: string
      epcisHeader: { epcisMasterData: { vocabularyList: unknown[] } }
      epcisBody: { eventList: { quantityList: { epcClass: string }[]; eventID: string }[] }
    }
    expect(documentMistakes(document)).toEqual([])
    expect(document.epcisBody.eventList.map(({ quantityList }) => quantityList[0]?.epcClass)).toEqual([
      `https://id.gs1.org/01/${GTIN}/10/${lotOf(0)}`,
    ])
    expect(document.epcisBody.eventList[0]?.eventID).toMatch(/^ni:\/\/\/sha-256;/)
    const names = JSON.stringify(document.epcisHeader)
    for (const said of ['Thanh long ruột đỏ', AREA.code, HOUSE, 'not published'])
      expect(names).toContain(said)
    // Asked again, it is the same file.
    expect(await written(orchard, 'portal-epcis')).toBe(text)
  })

  it('leaves out what does not count: a forged signature, a withdrawn spray, fruit of another farm or day', async () => {
    const { orchard, box } = await told()
    const forged = picked(box, lotOf(4))
    const thief = new SignedBox(9)
    await orchard.send(
      box.records(
        forged[0] as never,
        { ...(picked(thief, lotOf(4))[1] as object) } as never,
        done('s2', 'sprayed', 12, { ...SCORE, product: 'Antracol' }),
        done('s2b', 'sprayed', 12, {}, { corrects: 's2', isWithdrawn: true, why: 'không phun' }),
      ),
    )
    expect(await written(orchard, 'portal-epcis')).not.toContain(lotOf(4))
    const diary = rowsOf(await written(orchard, 'diary-csv'))
    expect(diary.map(({ product }) => product)).toEqual(['NPK 20-20-15', 'Score 250EC'])
    expect(diary[1]).toMatchObject({
      active_substance: 'Difenoconazole',
      registration_no: '1234/CNĐKT-BVTV',
      amount: '0.5',
      unit: 'ml/l',
      pre_harvest_days: '7',
    })
    const later = { ...OF_FARM, from: '2026-12-01', to: '2026-12-31' }
    expect(rowsOf(await written(orchard, 'portal-csv', later))).toEqual([])
  })

  it('is of a growing area too: what was picked there, and what was packed of it', async () => {
    const { orchard, box } = await told()
    await orchard.send(
      box.records(picked(box, lotOf(6), 2, { gln: AREA.gln, code: 'VN-OTHER-1' })[0] as never),
    )
    const scope: FeedScope = { ...OF_FARM, of: { kind: 'area', ...AREA } }
    const lots = new Set(
      rowsOf(await written(orchard, 'portal-csv', scope)).map((row) => row['c8_brand_or_serial']),
    )
    expect(lots).toEqual(new Set([lotOf(0), lotOf(1)]))
  })
})

describe('labels for China', () => {
  it('say fruit, country, orchard and packing house of what is packed, and whether both are registered for it', async () => {
    const { orchard } = await told()
    const { labels } = JSON.parse(await written(orchard, 'gacc-label-json')) as { labels: object[] }
    expect(labels).toMatchObject([
      {
        fruitEn: 'Dragon fruit',
        fruitZh: '火龙果',
        country: 'Viet Nam',
        orchardCode: AREA.code,
        packingHouseCode: HOUSE,
        packedOn: '2026-11-22',
        lot: lotOf(1),
        isRegisteredForChina: 'yes',
      },
    ])
    const [row] = rowsOf(await written(orchard, 'gacc-label-csv'))
    expect(row).toMatchObject({
      lot: lotOf(1),
      statement: expect.stringContaining("People's Republic of China"),
    })
  })
})

describe('a feed', () => {
  it('is no way for a formula into a spreadsheet', () => {
    const csv = csvOf(
      ['a'],
      [{ a: '=HYPERLINK("x")' }, { a: '+1' }, { a: '@x' }, { a: '-2' }, { a: -2 }, { a: 'x,"y"\n' }],
    )
    expect(csv).toBe('\u{FEFF}a\r\n"\'=HYPERLINK(""x"")"\r\n\'+1\r\n\'@x\r\n\'-2\r\n-2\r\n"x,""y""\n"\r\n')
  })

  it('is written by a command, which refuses what is none and says what to do', async () => {
    const { orchard } = await told()
    const said: unknown[] = []
    const folder = mkdtempSync(join(tmpdir(), 'vuon-feed-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const run = (...args: string[]) => {
      const program = new Command().exitOverride().configureOutput({ writeErr: () => {} })
      addFeedCommands(program, {
        withGateway: (work) => work(orchard.gateway),
        say: (value) => void said.push(value),
      })
      return program.parseAsync(['node', 'vuon-gateway', 'feed', ...args])
    }
    const period = ['--from', '2026-11-01', '--to', '2026-11-30']
    const out = join(folder, 'feed.csv')
    await run('export', 'portal-csv', '--farm', FARM, ...period, '--out', out)
    expect(said.at(-1)).toMatchObject({ lots: 2, out, note: expect.stringContaining('not published') })
    expect(readFileSync(out, 'utf8')).toContain(lotOf(0))
    await run('list')
    expect(said.at(-1)).toMatchObject({
      feeds: expect.arrayContaining([expect.objectContaining({ name: 'diary-csv' })]),
    })
    for (const [args, code] of [
      [['nothing', '--farm', FARM, ...period], 'input-invalid'],
      [['portal-csv', ...period], 'input-invalid'],
      [['portal-csv', '--farm', FARM, '--area', '1/2', ...period], 'input-invalid'],
      [['portal-csv', '--area', '123/X', ...period], 'input-invalid'],
      [['portal-csv', '--farm', 'f-none', ...period], 'not-found'],
      [['portal-csv', '--area', `${AREA.gln}/VN-NONE`, ...period], 'not-found'],
      [['portal-csv', '--farm', FARM, '--from', '2026-12-01', '--to', '2026-11-01'], 'input-invalid'],
      [['portal-csv', '--farm', FARM, '--from', '1/1/2026', '--to', '2026-11-01'], 'input-invalid'],
      [['portal-csv', '--farm', FARM, ...period, '--out', join(folder, 'no', 'x')], 'file-unreadable'],
    ] as const)
      await expect(run('export', ...args), args.join(' ')).rejects.toMatchObject({ code })
  })
})
