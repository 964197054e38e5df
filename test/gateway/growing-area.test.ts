import { describe, expect, it } from 'vitest'
import { LOTS_A_PAGE } from '../../gateway/insight/growing-area.ts'
import { FARM, GTIN, Orchard } from './orchard.ts'
import { SignedBox } from './signed-box.ts'
import { AREA, HOUSE, lotOf, PICKED_AT, picked, toldFarm } from './told-farm.ts'

const urlOf = (code: string, query = ''): string => `/414/${AREA.gln}/254/${code}${query}`

async function textAt(orchard: Orchard, url: string): Promise<string> {
  const { body } = await orchard.app.inject({ url, headers: { accept: 'text/html' } })
  return body
    .replaceAll(/<style>.*?<\/style>/gs, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/[\s\u00a0]+/g, ' ')
}

async function told(): Promise<{ orchard: Orchard; box: SignedBox }> {
  const orchard = await Orchard.open()
  return { orchard, box: await toldFarm(orchard) }
}

describe('the page of a growing area', () => {
  it('says what the code is, for which markets, and how much it has given of what it can', async () => {
    const { orchard } = await told()
    const text = await textAt(orchard, urlOf(AREA.code))
    for (const said of [
      'Mã số vùng trồng VN-BTHOR-0042',
      'Tình trạng còn hạn',
      'Cục Trồng trọt và Bảo vệ thực vật',
      'từ 1/1/2025 đến 31/12/2027',
      'Thanh long · LĐ1',
      '1,60 ha',
      'CN, KR',
      'Hàm Thạnh',
      // A year of three seasons has 122 days each.
      '122 ngày qua 184,5 kg trong 1 lô',
      'Sức của vùng trong một vụ: 19.200 kg',
      '1,0 % sức của vùng',
      `${lotOf(0)} 22/11/2026 184,5 kg`,
      'VietGAP đã hết hạn',
    ])
      expect(text).toContain(said)
    for (const kept of ['Vườn Hai Lúa', FARM]) expect(text).not.toContain(kept)
    for (const lang of ['en', 'zh'])
      expect(await textAt(orchard, urlOf(AREA.code, `?lang=${lang}`))).not.toMatch(/undefined|\{\w+\}/)
  })

  it('says when more is marked with it than can grow there', async () => {
    const { orchard, box } = await told()
    const [part] = picked(box, lotOf(5))
    await orchard.send(box.records({ ...part, massKg: 20_000 } as never))
    const text = await textAt(orchard, urlOf(AREA.code))
    expect(text).toContain('Nhiều hơn diện tích này có thể cho')
  })

  it('counts neither fruit of another box, nor what was corrected, nor last season', async () => {
    const { orchard, box } = await told()
    const forger = new SignedBox(5)
    await orchard.addFarm('f-2', 'Vườn Khác')
    await orchard.enrol(forger, 'f-2', 'F0RG')
    await orchard.send(forger.records(picked(forger, lotOf(6))[0] as never))
    const [old] = picked(box, lotOf(7))
    await orchard.send(
      box.records({ ...old, activityId: 'h7', harvestedAt: PICKED_AT - 200 * 86_400_000 } as never, {
        kind: 'activity',
        activityId: 'fix',
        type: 'harvested',
        plot: 'A',
        at: PICKED_AT,
        person: 'p',
        details: {},
        corrects: `h-${lotOf(0)}`,
        isWithdrawn: true,
      }),
    )
    expect(await textAt(orchard, urlOf(AREA.code))).toContain('122 ngày qua 0 kg trong 0 lô')
  })

  it('turns pages, and shows the last one to whom asks too far', async () => {
    const { orchard, box } = await told()
    await orchard.send(
      box.records(
        ...Array.from({ length: LOTS_A_PAGE + 1 }, (_, no) => picked(box, lotOf(20 + no))[0] as never),
      ),
    )
    const first = await textAt(orchard, urlOf(AREA.code))
    expect(first).toContain('Trang 1 trên 2')
    expect(first.match(/B0X1261122/g)).toHaveLength(LOTS_A_PAGE)
    for (const page of ['2', '99'])
      expect(await textAt(orchard, urlOf(AREA.code, `?page=${page}`))).toContain('Trang 2 trên 2')
    for (const page of ['0', '-1', 'x', '1e99', '2&page=3'])
      expect(await textAt(orchard, urlOf(AREA.code, `?page=${page}`))).toMatch(/Trang [12] trên 2/)
  })

  it('tells a packing house, a code that only farms speak of, one that is nobody s, and what is none', async () => {
    const { orchard } = await told()
    expect(await textAt(orchard, urlOf(HOUSE))).toContain('Mã số cơ sở đóng gói VN-BTHPH-011')
    await orchard.gateway.decide([
      {
        kind: 'allocation',
        farmId: FARM,
        gtin: GTIN,
        crop: 'dragon-fruit',
        productVi: 'x',
        productEn: 'x',
        growingArea: { gln: AREA.gln, code: 'VN-XOR-1' },
      },
    ])
    expect(await textAt(orchard, urlOf('VN-XOR-1'))).toContain('Chưa xác nhận được mã')
    const unknown = await orchard.app.inject({ url: urlOf('VN-YOR-1'), headers: { accept: 'text/html' } })
    expect(unknown.statusCode).toBe(404)
    expect(unknown.body).toContain('Tỉnh không biết mã này')
    const malformed = await orchard.app.inject({ url: '/414/123/254/A', headers: { accept: 'text/html' } })
    expect(malformed.statusCode).toBe(400)
    expect(malformed.body).toContain('không đúng dạng')
  })

  it('of a product without a lot asks for the lot', async () => {
    const { orchard } = await told()
    expect(await textAt(orchard, `/01/${GTIN}`)).toContain('Nguồn gốc nằm ở số lô')
    const other = await orchard.app.inject({ url: '/01/09521234567882', headers: { accept: 'text/html' } })
    expect(other.statusCode).toBe(404)
    expect(other.body).toContain('Tỉnh không cấp mã sản phẩm này')
  })
})
