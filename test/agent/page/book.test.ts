import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { REFUSAL_REASONS } from '../../../agent/farm-book/refusal.ts'
import { sayBook } from '../../../agent/page/book-messages.ts'
import { scannedLot } from '../../../agent/page/book-typed.ts'
import type { PhotoDoor } from '../../../agent/page/photo-door.ts'
import { ACTIVITY_TYPES } from '../../../contract/wire/farm-book.ts'
import type { FindingEntry } from '../../../contract/wire/finding.ts'
import { NOON, Phone, type PretendBox, pretendBox, signedInPhone } from './pretend-box.ts'

const settings = { markets: ['CN'], ssccPrefix: '0952123456', packingHouse: { code: 'VN-LDPH-001' } }
const SPRAY = {
  ...{ product: 'Antracol 70WP', activeSubstance: 'Propineb', registrationNo: '1234/CNĐKT' },
  ...{ dose: '2,5', doseUnit: 'g/l', areaHa: '1', reason: 'Thán thư', phiDays: '7', day: '2026-11-20' },
}

/** Keeps every file that is not the word "bad" as a photo. */
class PretendPhotos implements PhotoDoor {
  readonly kept = new Map<string, Uint8Array>()
  async takeStream(stream: AsyncIterable<Uint8Array>) {
    const parts: Uint8Array[] = []
    for await (const part of stream) parts.push(part)
    const bytes = Buffer.concat(parts)
    if (bytes.toString() === 'bad') return { refused: 'unreadable' }
    const hash = createHash('sha256').update(bytes).digest()
    this.kept.set(hash.toString('hex'), bytes)
    return { finding: { photo: { sha256: new Uint8Array(hash) } } as FindingEntry }
  }
  async recent() {
    const seen = {
      findingId: 'f-1',
      crop: 'dragon-fruit',
      verdict: 'canker',
      at: NOON,
      model: { id: 'm', version: '2' },
    }
    return [seen as unknown as FindingEntry]
  }
  photo(sha256: string) {
    const bytes = this.kept.get(sha256)
    return bytes && { bytes, type: 'image/jpeg' }
  }
  isHeld() {
    return false
  }
}

let box: PretendBox
let phone: Phone
const photos = new PretendPhotos()
beforeAll(async () => {
  box = await pretendBox({ settings, photos })
  phone = await signedInPhone(box)
})
afterAll(() => box?.close())

const lines = async () => (await box.sources.book?.activities()) ?? []
const idOf = (location: unknown) => /^\/book\/entry\/(\w+)\?saved=1$/.exec(String(location))?.[1] ?? ''

/** Fills in a form of the book and sends it; the page before it is really looked at. */
async function write(path: string, fields: Record<string, string>) {
  await phone.get(path)
  return phone.post(path.split('?')[0] ?? path, fields)
}

describe('the farm book', () => {
  it('takes a spray typed as people here type, once, and shows it in the diary', async () => {
    await phone.get('/book/new/sprayed?plot=lo-a')
    const fields = { ...phone.hidden, ...SPRAY }
    const [one, two] = await Promise.all([
      phone.post('/book/new/sprayed', fields),
      phone.post('/book/new/sprayed', fields),
    ])
    const id = idOf(one?.headers.location)
    expect([one?.statusCode, two?.headers.location]).toEqual([303, one?.headers.location])
    expect((await lines()).map(({ activity }) => [activity.activityId, activity.details['dose']])).toEqual([
      [id, 2.5],
    ])
    expect((await phone.get(`/book/entry/${id}?saved=1`)).body).toContain('Đã lưu vào sổ')
    const diary = await phone.get('/book/diary?plot=lo-a&from=2026-11-01&to=2026-11-30')
    expect(diary.body).toContain('Antracol 70WP')
    const csv = await phone.get('/book/diary.csv?from=2026-11-01')
    expect(csv.headers['content-disposition']).toBe('attachment; filename="nhat-ky-2026-11-01.csv"')
    expect(csv.body).toContain('Thán thư')
    const { epcisBody } = (await phone.get('/book/diary.json')).json<{ epcisBody: { eventList: object[] } }>()
    expect(epcisBody.eventList).toMatchObject([{ 'vuon:activityId': id }])
  })

  it('proposes what was done last time on the plot', async () => {
    const form = (await phone.get('/book/new/sprayed?plot=lo-a')).body
    expect(form).toContain('Số của lần trước')
    expect(form).toMatch(/name="dose"[^>]*value="2,5"/)
    expect((await phone.get('/book/new/sprayed?plot=lo-b')).body).not.toMatch(/name="dose"[^>]*value="2,5"/)
  })

  it.each<[string, Record<string, string>, string]>([
    ['dose', { dose: 'nhiều' }, 'Liều lượng: “nhiều” không phải là số.'],
    ['dose', { dose: '1.200' }, 'hai cách hiểu'],
    ['dose', { dose: '' }, 'Liều lượng: còn thiếu.'],
    ['areaHa', { areaHa: '12' }, 'lớn hơn cả lô Lô A (1,2 ha)'],
    ['day', { day: '2026-11-24' }, 'chưa tới'],
    ['phiDays', { phiDays: '400' }, 'từ 0 đến 365'],
  ])('says at %s what is wrong with %j and keeps the rest', async (name, wrong, sentence) => {
    const answer = await write('/book/new/sprayed?plot=lo-a', { ...SPRAY, ...wrong, reason: 'Rệp "sáp"' })
    expect(answer.statusCode).toBe(400)
    expect(answer.body).toContain(`id="${name}-wrong"`)
    expect(answer.body).toContain(sentence)
    expect(answer.body).toContain('Rệp &#34;sáp&#34;')
  })

  it('corrects and withdraws by new entries, and shows the old word struck through with the reason', async () => {
    const id = idOf(
      (
        await write('/book/new/irrigated?plot=lo-a', {
          m3: '12',
          source: 'well',
          day: '2026-11-23',
          time: '05:10',
        })
      ).headers.location,
    )
    const form = await phone.get(`/book/entry/${id}/correct`)
    expect(form.body).toMatch(/name="m3"[^>]*value="12"/)
    expect(form.body).toMatch(/name="time" value="05:10"/)
    const refused = await phone.post(`/book/entry/${id}/correct`, {
      m3: '15',
      source: 'well',
      plot: 'lo-a',
      day: '2026-11-23',
    })
    expect(refused.body).toContain('id="why-wrong"')
    const fields = { m3: '15', source: 'well', plot: 'lo-a', day: '2026-11-23', why: 'Đọc nhầm đồng hồ' }
    const newer = idOf((await phone.post(`/book/entry/${id}/correct`, fields)).headers.location)
    const old = await phone.get(`/book/entry/${id}`)
    expect(old.body).toContain('Đọc nhầm đồng hồ')
    expect(old.body).toContain('class="facts struck"')
    expect((await phone.get(`/book/entry/${id}/correct`)).headers.location).toBe(`/book/entry/${id}`)
    await write(`/book/entry/${newer}/withdraw`, { why: 'Máy bơm hỏng' })
    expect((await phone.get('/book/diary')).body).toContain('Máy bơm hỏng')
    expect(
      (await lines()).filter(({ isStanding, activity }) => isStanding && activity.type === 'irrigated'),
    ).toEqual([])
  })

  it('keeps a product list that sprays are chosen from', async () => {
    const answer = await write('/book/products/new', {
      ...{
        productKind: 'pesticide',
        name: 'Ridomil',
        activeSubstance: 'Mancozeb',
        registrationNo: '55/BVTV',
      },
      ...{ 'phi-dragon-fruit-any': '7', 'phi-dragon-fruit-CN': '14', 'phi-durian-any': '' },
    })
    expect(answer.headers.location).toBe('/book/products')
    const [product] = (await box.sources.book?.products()) ?? []
    const form = await phone.get('/book/new/sprayed?plot=lo-b')
    expect(form.body).toContain('Ridomil – nhãn không ghi cách ly cho cây này')
    const [, ...rest] = Object.entries(SPRAY)
    const typed = { ...Object.fromEntries(rest), productId: product?.productId ?? '', phiDays: '' }
    await write('/book/new/sprayed?plot=lo-a', typed)
    expect((await lines())[0]?.activity.details).toMatchObject({
      product: 'Ridomil',
      phiDays: 14,
      phiMarket: 'CN',
    })
    const shorter = await write('/book/new/sprayed?plot=lo-a', { ...typed, phiDays: '7' })
    expect(shorter.body).toContain('Danh sách ghi cách ly 14 ngày (CN)')
    await phone.get('/book/products')
    await phone.post(`/book/products/${product?.productId}/retire`, { isRetired: '1' })
    expect((await phone.get('/book/new/sprayed?plot=lo-a&productId=x')).body).not.toContain('Ridomil –')
    const twin = await write('/book/products/new', { productKind: 'pesticide', name: '' })
    expect(twin.body).toContain('Tên trên nhãn: còn thiếu.')
  })

  it('takes the photo of a label with the entry, and says of a bad one that it was not kept', async () => {
    await phone.get('/book/new/pruned?plot=lo-a')
    const bad = await upload('/book/new/pruned', { ...phone.hidden, what: 'Tỉa', day: '2026-11-23' }, 'bad')
    expect(bad.statusCode).toBe(400)
    expect(bad.body).toContain('id="photo-wrong"')
    await phone.get('/book/new/pruned?plot=lo-a')
    const wrong = await upload('/book/new/pruned', { ...phone.hidden, what: 'Tỉa', day: 'x' }, 'a label')
    expect(wrong.body).toContain('Đã giữ 1 ảnh')
    const [hash = ''] = photos.kept.keys()
    const kept = await upload(
      '/book/new/pruned',
      { ...phone.hidden, what: 'Tỉa', day: '2026-11-23', photoKept: hash },
      '',
    )
    const id = idOf(kept.headers.location)
    expect((await lines())[0]?.activity.photos).toEqual([hash])
    expect((await phone.get(`/book/entry/${id}`)).body).toContain(`/photos/file/${hash}`)
    const stranger = new Phone(box.app)
    const before = photos.kept.size
    expect(
      (await upload('/book/new/pruned', { what: 'Tỉa' }, 'a stranger', stranger)).headers.location,
    ).toContain('/sign-in')
    expect(photos.kept.size).toBe(before)
  })

  it('lets a person confirm what was seen on a photo', async () => {
    expect((await phone.get('/book/new/scouted?plot=lo-a')).body).toContain('canker</option>')
    const seen = { what: 'Đốm nâu', severityPct: '12,5', findingId: 'f-1', day: '2026-11-23' }
    await write('/book/new/scouted?plot=lo-a', seen)
    expect((await lines())[0]?.activity.details).toMatchObject({ severityPct: 12.5, findingId: 'f-1' })
  })

  it('packs, stacks and sends; the lot says what became of it', async () => {
    const book = box.sources.farmBook
    const day = '2026-10-30'
    const picked = await book.recordHarvest({
      plot: 'lo-b',
      gtin: '09521234000037',
      massKg: 100,
      harvestedOn: day,
      person: 'p',
    })
    const share = { 'kg-0': '60', givesGtin: '09521234000037', day: '2026-11-23' }
    const much = await write('/book/new/packed', { ...share, givesKg: '70', lossKg: '2' })
    expect(much.body).toContain('Vào 60 kg nhưng ra 70 kg, loại 2 kg')
    await write('/book/new/packed', { ...share, givesKg: '55', lossKg: '5' })
    const [packed] = await book.lots()
    await write('/book/new/aggregated', { 'kg-0': '55', day: '2026-11-23' })
    const sscc = String((await lines())[0]?.activity.details['sscc'])
    expect((await phone.get('/book/new/dispatched')).body).toContain(sscc)
    const sent = await write('/book/new/dispatched', {
      sscc,
      consignee: 'Cty Rồng',
      market: 'CN',
      day: '2026-11-23',
    })
    expect(sent.statusCode).toBe(303)
    const page = (await phone.get(`/lots/${picked.lot}`)).body
    expect(page).toContain(`/lots/${packed?.lot}`)
    expect(page).toContain('40 kg')
    expect((await phone.get(`/lots/${packed?.lot}`)).body).toContain(`/lots/${picked.lot}`)
  })

  it('shows the pre-harvest rule before a harvest is saved, and asks for the reason inside an interval', async () => {
    const form = await phone.get('/harvest?plot=lo-a')
    expect(form.body).toMatch(/hái được từ \d\d\/\d\d\/2026/)
    const fields = { gtin: '09521234000013', mass: '10', date: '2026-11-23' }
    const refused = await phone.post('/harvest', fields)
    expect(refused.statusCode).toBe(400)
    expect(refused.body).toContain('id="why-wrong"')
    const saved = await phone.post('/harvest', { ...fields, why: 'Mẫu kiểm nghiệm' })
    const lot = /\/lots\/(\w+)/.exec(String(saved.headers.location))?.[1] ?? ''
    expect((await phone.get(`/lots/${lot}`)).body).toContain('Mẫu kiểm nghiệm')
    await phone.get('/harvest?plot=lo-a')
    const more = await phone.post('/harvest', { ...fields, mass: '5', into: lot, why: 'Mẫu kiểm nghiệm' })
    expect(more.headers.location).toContain(lot)
    expect(await box.sources.farmBook.lot(lot)).toMatchObject({ massKg: 15 })
  })

  it('asks a stranger for a PIN, refuses a form of elsewhere, and knows no other pages', async () => {
    const stranger = new Phone(box.app)
    expect((await stranger.get('/book')).body).toContain('Phun thuốc')
    expect((await stranger.get('/book/new/sprayed')).headers.location).toContain('/sign-in?next=')
    expect((await stranger.post('/book/new/sprayed', SPRAY)).headers.location).toContain('/sign-in')
    expect((await phone.post('/book/new/sprayed', { ...SPRAY, form: 'x' })).statusCode).toBe(403)
    expect((await phone.post('/book/new/sprayed', SPRAY, { origin: 'http://evil.example' })).statusCode).toBe(
      403,
    )
    for (const path of [
      '/book/new/dug',
      '/book/entry/nope',
      '/book/entry/nope/correct',
      '/book/products/nope',
    ])
      expect((await phone.get(path)).statusCode, path).toBe(404)
    expect((await phone.get('/book/diary?from=hôm-qua')).statusCode).toBe(400)
    expect((await phone.get('/book/diary.csv?plot=lo-z')).statusCode).toBe(400)
    expect(box.errors).toEqual([])
  })

  it('draws every form in both languages', async () => {
    for (const language of ['vi', 'en'])
      for (const type of ACTIVITY_TYPES.filter((each) => each !== 'harvested')) {
        const page = await phone.get(`/book/new/${type}?plot=lo-a&lang=${language}`)
        expect(page.statusCode, type).toBe(200)
        expect(page.body).toContain(`action="/book/new/${type}"`)
      }
  })
})

describe('what the book refuses', () => {
  it('has a sentence for each reason', () => {
    for (const reason of REFUSAL_REASONS)
      expect(Object.keys(sayBook.tables.vi), reason).toContain(`refused-${reason}`)
  })
})

describe('a lot that is scanned or typed', () => {
  it.each([
    ['https://vuon.example/01/09521234000013/10/AB%2F1?17=271231', 'AB/1'],
    ['http://id.gs1.org/01/9521234000013/10/AB1', 'AB1'],
    ['(01)09521234000013(10)AB1', 'AB1'],
    ['09521234000013 AB1', 'AB1'],
    ['  9521234000013   AB1'.trim(), 'AB1'],
  ])('%s is the lot %s', (text, lot) => expect(scannedLot(text)).toEqual({ gtin: '09521234000013', lot }))
  it.each([
    '',
    'AB1',
    '09521234000014 AB1',
    'https://vuon.example/01/09521234000013',
    '09521234000013 lô',
    'https://x/01/09521234000013/10/%E0%A4%A',
  ])('%s is none', (text) => expect(scannedLot(text)).toBeUndefined())
})

/** As a browser sends a form with a file; without one, when nothing was chosen. */
function upload(path: string, fields: Record<string, string>, file: string, by: Phone = phone) {
  const boundary = 'vuon-boundary'
  const part = (head: string, body: string) =>
    `--${boundary}\r\ncontent-disposition: form-data; ${head}\r\n\r\n${body}\r\n`
  const text = Object.entries(fields).map(([name, value]) => part(`name="${name}"`, value))
  const photo = part(
    `name="photo"; filename="${file === '' ? '' : 'label.jpg'}"\r\ncontent-type: image/jpeg`,
    file,
  )
  const cookie = [...by.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return box.app
    .inject({
      ...{ method: 'POST', url: path, payload: `${text.join('')}${photo}--${boundary}--\r\n` },
      headers: {
        ...{ host: '192.168.1.20:8080', origin: 'http://192.168.1.20:8080', cookie },
        'content-type': `multipart/form-data; boundary=${boundary}`,
      },
    })
    .then((answer) => {
      for (const [, name = '', value = ''] of answer.body.matchAll(
        /<input type="hidden" name="([^"]*)" value="([^"]*)"/g,
      ))
        by.hidden[name] = value
      return answer
    })
}
