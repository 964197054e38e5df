import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { sayArea } from '../../gateway/web/area-messages.ts'
import { sayCheck } from '../../gateway/web/lot-check-messages.ts'
import { sayStory } from '../../gateway/web/lot-story-messages.ts'
import { FARM, GTIN, Orchard } from './orchard.ts'
import { SignedBox } from './signed-box.ts'
import { done, lotOf, picked, SCORE, toldFarm } from './told-farm.ts'

const urlOf = (lot: string): string => `/01/${GTIN}/10/${lot}`

/** The text of a page, tags and repeated spaces taken out. */
const textOf = (body: string): string =>
  body
    .replaceAll(/<style>.*?<\/style>/gs, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll(/[\s\u00a0]+/g, ' ')

async function pageOf(orchard: Orchard, lot: string, query = ''): Promise<string> {
  const answer = await orchard.app.inject({ url: `${urlOf(lot)}${query}` })
  expect(answer.statusCode).toBe(200)
  return answer.body
}

async function told(): Promise<{ orchard: Orchard; box: SignedBox }> {
  const orchard = await Orchard.open()
  return { orchard, box: await toldFarm(orchard) }
}

describe('the story of a lot', () => {
  it('tells what was sprayed, seen, tested, certified and packed, in three languages', async () => {
    const { orchard } = await told()
    const text = textOf(await pageOf(orchard, lotOf(0)))
    for (const said of [
      'Score 250EC Difenoconazole 23/10/2026 30/10/2026',
      'Bón phân 1 lần (NPK 20-20-15)',
      'Đốm nâu 2/11/2026 · mức 3 % · xác nhận trên ảnh',
      'Dư lượng thuốc: đạt 12/11/2026 · Quatest 3 KT3-00123',
      'GLOBALG.A.P. còn hạn',
      'VietGAP đã hết hạn',
      'còn hạn hôm thu hoạch',
      `Đóng vào lô khác ngày 22/11/2026: Cơ sở đóng gói VN-BTHPH-011 · loại 1 ${lotOf(1)} 175 kg`,
      'Được phép dùng mã số vùng trồng Đạt',
      'Hái sau thời gian cách ly Đạt',
    ])
      expect(text).toContain(said)
    // Neither the buyer nor the parcel nor the person is anybody's business.
    for (const kept of ['ACME', 'p-1', 'Vườn Hai Lúa']) expect(text).not.toContain(kept)
    for (const lang of ['en', 'zh'])
      expect(textOf(await pageOf(orchard, lotOf(0), `?lang=${lang}`))).not.toMatch(/undefined|\{\w+\}/)
  })

  it('of packed fruit is that of the lots it was packed from', async () => {
    const { orchard } = await told()
    const text = textOf(await pageOf(orchard, lotOf(1)))
    expect(text).toContain('175 kg')
    expect(text).toContain('Hàm Thạnh, Lâm Đồng')
    expect(text).toContain('Score 250EC')
    expect(text).toContain(
      `Đóng gói ngày 22/11/2026 từ: Cơ sở đóng gói VN-BTHPH-011 · loại 1 ${lotOf(0)} 180 kg`,
    )
    expect(text).toContain('Gửi đi ngày 23/11/2026, thị trường CN.')
  })

  it('draws thirty days of a quantity as one bar a day', async () => {
    const { orchard } = await told()
    const body = await pageOf(orchard, lotOf(0))
    const [, drawn = ''] = /<svg[^>]*>.*?<path d="([^"]*)"/.exec(body) ?? []
    expect(drawn.match(/M/g)).toHaveLength(30)
    expect(new Set([...drawn.matchAll(/M(\d+) /g)].map(([, x]) => x)).size).toBe(30)
  })

  it('does not take silence for innocence', async () => {
    const orchard = await Orchard.open()
    const box = new SignedBox(1)
    await orchard.addFarm(FARM, 'Vườn Hai Lúa')
    await orchard.enrol(box, FARM, 'B0X1')
    await orchard.send(box.records(...picked(box, lotOf(0))))
    expect(textOf(await pageOf(orchard, lotOf(0)))).toContain('Không biết đã phun gì hay chưa')
    await orchard.send(box.records(done('w', 'irrigated', 3, { source: 'well', mm: 5 })))
    const text = textOf(await pageOf(orchard, lotOf(0)))
    expect(text).toContain('Không có ghi chép không có nghĩa là không phun')
    expect(text).toContain('Tỉnh không có chứng nhận nào')
  })

  it('follows corrections: what was replaced or withdrawn is not told, nor what met other fruit', async () => {
    const { orchard, box } = await told()
    await orchard.send(
      box.records(
        done(
          's1b',
          'sprayed',
          4,
          { ...SCORE, product: 'Ridomil Gold' },
          { corrects: 's1', why: 'nhầm ngày' },
        ),
        done('s2', 'sprayed', 20, { ...SCORE, product: 'Antracol' }),
        done('s2b', 'sprayed', 20, {}, { corrects: 's2', isWithdrawn: true, why: 'không phun' }),
        done('s3', 'sprayed', 200, { ...SCORE, product: 'Aliette' }),
        done('s4', 'sprayed', 9, { ...SCORE, product: 'Bordeaux' }, { plot: 'B' }),
        done('s5', 'sprayed', 9, { product: 'SK Enspray', activeSubstance: 'dầu khoáng' }),
      ),
    )
    const text = textOf(await pageOf(orchard, lotOf(0)))
    expect(text).toContain('Ridomil Gold Difenoconazole 18/11/2026 25/11/2026 hái trước hạn')
    expect(text).toContain('SK Enspray dầu khoáng 13/11/2026 không ghi')
    for (const gone of ['Score', 'Antracol', 'Aliette', 'Bordeaux']) expect(text).not.toContain(gone)
  })
})

describe('a recalled lot', () => {
  it('says so at the top at once, with the reason and what to do, and so does what was packed from it', async () => {
    const { orchard } = await told()
    // Both pages are kept ready before the recall.
    for (const lot of [lotOf(0), lotOf(1)]) await pageOf(orchard, lot)
    const recallId = await orchard.gateway.declareRecall({
      lot: { gtin: GTIN, lot: lotOf(0) },
      reasonVi: 'Dư lượng carbendazim',
      reasonEn: 'Carbendazim residue',
      isForward: true,
    })
    const body = await pageOf(orchard, lotOf(0))
    expect(body.indexOf('Lô này đang bị thu hồi')).toBeGreaterThan(0)
    expect(body.indexOf('Lô này đang bị thu hồi')).toBeLessThan(body.indexOf('<h1>'))
    expect(textOf(body)).toContain('Lý do: Dư lượng carbendazim')
    expect(textOf(body)).toContain('Đừng ăn, đừng bán')
    expect(textOf(await pageOf(orchard, lotOf(0), '?lang=en'))).toContain('Reason: Carbendazim residue')
    expect(textOf(await pageOf(orchard, lotOf(1)))).toContain(`trái của lô ${lotOf(0)} đang bị thu hồi`)
    await orchard.gateway.liftRecall({ recallId, reasonVi: 'Kiểm nghiệm lại đạt', reasonEn: 'Cleared' })
    expect(await pageOf(orchard, lotOf(0))).not.toContain('thu hồi</h2>')
  })

  it('does not put another box into the history of a lot', async () => {
    const { orchard } = await told()
    const forger = new SignedBox(5)
    await orchard.addFarm('f-2', 'Vườn Khác')
    await orchard.enrol(forger, 'f-2', 'F0RG')
    const bad = lotOf(9)
    await orchard.send(
      forger.records(
        done(
          'x',
          'packed',
          -0.5,
          { packingHouse: 'X' },
          {
            inputs: [{ gtin: GTIN, lot: bad, massKg: 10 }],
            outputs: [{ gtin: GTIN, lot: lotOf(0), massKg: 10 }],
          },
        ),
      ),
    )
    await orchard.gateway.declareRecall({
      lot: { gtin: GTIN, lot: bad },
      reasonVi: 'x',
      reasonEn: 'x',
      isForward: true,
    })
    const text = textOf(await pageOf(orchard, lotOf(0)))
    expect(text).not.toContain('đang bị thu hồi')
    expect(text).not.toContain(bad)
  })
})

describe('a lot page that is kept ready', () => {
  it('is the same bytes in every coding, and another page after anything of its farm arrived', async () => {
    const { orchard, box } = await told()
    const ask = (encoding: string) =>
      orchard.app.inject({ url: urlOf(lotOf(0)), headers: { 'accept-encoding': encoding } })
    const plain = await ask('identity')
    const [br, gzip] = [await ask('gzip, br'), await ask('br;q=0, gzip')]
    expect([br.headers['content-encoding'], gzip.headers['content-encoding']]).toEqual(['br', 'gzip'])
    expect(brotliDecompressSync(br.rawPayload).toString()).toBe(plain.body)
    expect(gunzipSync(gzip.rawPayload).toString()).toBe(plain.body)
    expect(br.headers.etag).toBe(plain.headers.etag)
    await orchard.send(box.records(done('s9', 'sprayed', 12, { ...SCORE, product: 'Mới thêm' })))
    const after = await ask('identity')
    expect(after.body).toContain('Mới thêm')
    expect(after.headers.etag).not.toBe(plain.headers.etag)
  })

  it('says when a certificate has ended with its day, though nothing arrived', async () => {
    const { orchard } = await told()
    expect(textOf(await pageOf(orchard, lotOf(0)))).toContain('GLOBALG.A.P. còn hạn')
    orchard.advance(120 * 24 * 3_600_000)
    expect(textOf(await pageOf(orchard, lotOf(0)))).toContain('GLOBALG.A.P. đã hết hạn')
  })

  it('stays below 14 kB compressed with a diary, certificates and checks of a whole season', async () => {
    const { orchard, box } = await told()
    const name = (no: number) => `Thuốc trừ bệnh số ${no} ${Math.imul(no, 2654435761) >>> 0}`
    await orchard.send(
      box.records(
        ...Array.from({ length: 60 }, (_, no) =>
          done(`m${no}`, 'sprayed', 2 + (no % 80), { ...SCORE, product: name(no) }),
        ),
        ...Array.from({ length: 30 }, (_, no) => done(`n${no}`, 'scouted', 2 + no, { what: name(no) })),
      ),
    )
    for (const lang of ['vi', 'en', 'zh']) {
      const { rawPayload } = await orchard.app.inject({
        url: `${urlOf(lotOf(0))}?lang=${lang}`,
        headers: { 'accept-encoding': 'br' },
      })
      expect(rawPayload.length).toBeLessThan(13_000)
    }
  })
})

it('the public pages say the same, with the same holes, in three languages', () => {
  const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort()
  for (const { tables } of [sayStory, sayCheck, sayArea])
    for (const [key, vi] of Object.entries(tables.vi))
      for (const language of ['en', 'zh'] as const) {
        const other = (tables[language] as Record<string, string>)[key] ?? ''
        expect(other, key).not.toBe('')
        expect([...new Set(holes(other))], `${key} ${language}`).toEqual([...new Set(holes(vi))])
      }
})

describe('a lot that is scanned again and again', () => {
  it('gets the very same answer past the framework, is counted, and still hears of a recall at once', async () => {
    const { orchard } = await told()
    const address = await orchard.listen()
    const scan = async (headers: Record<string, string> = {}) => {
      const answer = await fetch(`${address}${urlOf(lotOf(0))}`, {
        headers: { accept: 'text/html', ...headers },
      })
      const { date: _, ...rest } = Object.fromEntries(answer.headers)
      return { status: answer.status, headers: rest, body: await answer.text() }
    }
    const [first, second] = [await scan(), await scan()]
    expect(second).toEqual(first)
    expect(second.headers['x-content-type-options']).toBe('nosniff')
    const english = await scan({ 'accept-language': 'en' })
    expect(english.body).toContain('<html lang="en">')
    expect((await scan({ 'accept-language': 'en' })).body).toBe(english.body)
    expect((await scan({ 'if-none-match': String(first.headers['etag']) })).status).toBe(304)
    expect((await scan({ accept: 'application/linkset+json' })).headers['content-type']).toBe(
      'application/linkset+json',
    )
    const metrics = (await orchard.app.inject('/metrics')).body
    expect(metrics).toMatch(/route="\/01\/:gtin\/10\/:lot"[^\n]*\} 6\n/)
    await orchard.gateway.declareRecall({
      lot: { gtin: GTIN, lot: lotOf(0) },
      reasonVi: 'x',
      reasonEn: 'x',
      isForward: false,
    })
    expect((await scan()).body).toContain('Lô này đang bị thu hồi')
    expect((await scan()).body).toContain('Lô này đang bị thu hồi')
  })
})
