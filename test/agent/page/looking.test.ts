import { afterEach, describe, expect, it } from 'vitest'
import { runsOf } from '../../../agent/page/chart.ts'
import { faultSentence, faultTables } from '../../../agent/page/fault-messages.ts'
import { say } from '../../../agent/page/messages.ts'
import type { BoxOverview } from '../../../agent/page/page-sources.ts'
import { QUALITY } from '../../../contract/wire/records.ts'
import { DEVICES, FAULT_CODES, TODAY } from './farm-of-today.ts'
import { NOON, Phone, type PretendBox, pretendBox } from './pretend-box.ts'

let box: PretendBox
afterEach(() => box?.close())

const text = (body: string) =>
  body
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll(/\s+/g, ' ')

async function see(path: string, overview: Partial<BoxOverview> = TODAY): Promise<string> {
  box = await pretendBox({ overview })
  return text((await new Phone(box.app).get(path)).body)
}

describe('the page of now', () => {
  it('says alarms as a person would, with how it is by now', async () => {
    const page = await see('/')
    expect(page).toContain('Độ ẩm đất ở Lô A (soil-a) xuống 17 %, thấp hơn mức 18 %.')
    expect(page).toContain('Bây giờ: 16 %, 4 phút trước.')
    expect(page).toContain('Lô A (0x00158d0001a2b3c4) không gửi gì nữa, đã im 26 giờ.')
  })

  it('shows each reading with unit and age, and says what its marks mean', async () => {
    const page = await see('/')
    expect(page).toMatch(/Nhiệt độ không khí 34,2 °C 40 giây trước/)
    expect(page).toContain('Công tắc Bật')
    expect(page).toContain('vô lý')
    expect(page).toContain(say('vi', 'mark-out-of-range-more'))
    expect(page).not.toContain(say('vi', 'mark-stuck-more'))
  })

  it('marks what is old, and says of each device what to do', async () => {
    const page = await see('/')
    expect(page).toContain('26 giờ trước · cũ')
    expect(page).toContain('Thường gửi mỗi 5 phút; lần cuối 14 phút trước.')
    expect(page).toContain(say('vi', 'do-never'))
  })

  it('has a design for a box with nothing yet', async () => {
    const page = await see('/', {})
    expect(page).toContain('Chưa có số đo nào.')
    expect(page).toContain('Chưa có thiết bị nào để theo dõi.')
  })

  it('says of an unknown rule what is known, in words', async () => {
    const alarm = { ...TODAY.alarms![0]!, rule: 'pump-dry', facts: { minutes: 12 } }
    expect(await see('/', { ...TODAY, alarms: [alarm] })).toContain(
      'Cảnh báo “Đất khô” (pump-dry). minutes = 12',
    )
  })

  it('is complete in English: by address, by cookie, by what the phone asks for, by the config', async () => {
    box = await pretendBox({ overview: TODAY })
    const phone = new Phone(box.app)
    expect(text((await phone.get('/?lang=en')).body)).toContain('Soil moisture at Lô A (soil-a) fell to 17 %')
    expect((await phone.get('/devices')).body).toContain('<html lang="en">')
    expect((await new Phone(box.app, { 'accept-language': 'en-GB,en;q=0.9' }).get('/')).body).toContain(
      'lang="en"',
    )
    expect((await new Phone(box.app, { 'accept-language': 'fr' }).get('/')).body).toContain(
      '<html lang="vi">',
    )
    await box.close()
    box = await pretendBox({ options: { language: 'en' } })
    expect((await new Phone(box.app).get('/')).body).toContain('<html lang="en">')
    expect((await new Phone(box.app, { 'accept-language': 'vi-VN' }).get('/')).body).toContain(
      '<html lang="vi">',
    )
  })

  it('has no Vietnamese sentence left in English, and none without a translation', async () => {
    for (const tables of [say.tables, faultTables])
      for (const [key, vi] of Object.entries(tables.vi)) {
        const en = (tables.en as Record<string, string>)[key] ?? ''
        expect(en, key).not.toBe('')
        const holes = (sentence: string) => [...sentence.matchAll(/\{\w+\}/g)].map(String).sort()
        expect(holes(en), key).toEqual(holes(vi))
        if (key !== 'other-language')
          expect(en, key).not.toMatch(/[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]/i)
      }
  })

  it('refreshes by itself: by script, and without one by the browser', async () => {
    box = await pretendBox({ overview: TODAY })
    const phone = new Phone(box.app)
    const { body } = await phone.get('/')
    expect(body).toContain('<noscript><meta http-equiv="refresh" content="60"></noscript>')
    const script = /src="(\/assets\/refresh-[0-9a-f]+\.js)"/.exec(body)?.[1] ?? ''
    const served = await phone.get(script)
    expect(served.headers['content-type']).toContain('javascript')
    expect(served.body).not.toContain(': Promise<void>')
    const fragment = await phone.get('/fragment/home')
    expect(body).toContain(fragment.body)
  })

  it('escapes what devices call themselves', async () => {
    const nasty = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    const device = {
      ...DEVICES[0]!,
      name: nasty,
      place: nasty,
      bus: nasty,
      faults: [{ code: nasty, detail: nasty, count: 1, lastAt: NOON }],
      readings: [
        { ...DEVICES[0]!.readings[0]!, channel: nasty, unit: nasty, quantity: nasty, origin: nasty },
      ],
    }
    const alarms = [
      { ...TODAY.alarms![0]!, device: nasty, name: nasty, rule: nasty, facts: { [nasty]: nasty } },
    ]
    const buses = [{ ...TODAY.buses![0]!, name: nasty, kind: nasty, detail: nasty }]
    const farm = { name: nasty, commune: nasty, province: nasty }
    box = await pretendBox({ overview: { ...TODAY, farm, devices: [device], alarms, buses } })
    const phone = new Phone(box.app)
    for (const path of [
      '/',
      '/devices',
      '/keeping',
      '/series/1',
      '/harvest',
      '/lots',
      '/fragment/home',
      `/?lang=en&x=${nasty}`,
    ]) {
      const { body, statusCode } = await phone.get(encodeURI(path))
      expect(statusCode).toBeLessThan(400)
      expect(body, path).not.toContain('<script>')
      expect(body, path).not.toContain('<img')
    }
  })
})

describe('devices and health', () => {
  it('has a sentence and a remedy in both languages for every fault code', async () => {
    const asked =
      'timeout crc wrong-reply garbage exception sentinel not-a-number stray-bytes link-down connection-lost refused-by-broker not-stored message-too-large topic-refused too-many-clients too-many-retained wrong-password client-error not-json not-utf8 too-large too-complex unknown-device out-of-range too-many-series'
    for (const code of asked.split(' ')) {
      expect(FAULT_CODES).toContain(code)
      for (const language of ['vi', 'en'] as const)
        expect(faultSentence(language, code).means).not.toBe(faultSentence(language, 'never-heard-of').means)
    }
    expect(faultSentence('en', 'never-heard-of').means).toBe('Fault “never-heard-of”.')
    for (const trap of ['constructor', '__proto__', 'toString', 'crc-do'])
      expect(faultSentence('vi', trap).means).toContain(trap)
  })

  it('shows faults with count, age, meaning and remedy, and the state of each connection', async () => {
    const page = await see('/devices')
    expect(page).toContain(faultSentence('vi', 'timeout').means)
    expect(page).toContain('1.240 lần, lần cuối 30 phút trước')
    expect(page).toContain(faultSentence('vi', 'wrong-password').todo)
    expect(page).toContain('bị ngắt từ 3 phút trước')
  })
})

describe('what is kept and sent', () => {
  it('says in plain words what waits and since when', async () => {
    const page = await see('/keeping')
    expect(page).toContain(
      'Đang chờ mạng: 1.240 số đo và 3 mục sổ chưa gửi, cũ nhất 3 giờ trước. Không mất gì.',
    )
    expect(page).toContain('Không tới được cổng của tỉnh.')
    expect(page).toContain('41 MB trong 2,0 GB')
    expect(page).toContain('Mất nhiều nhất 1 giây số đo')
  })

  it.each([
    ['idle', 'Đang gửi đều.'],
    ['sending', 'Đang gửi: còn 1.240 số đo'],
    ['refused', 'Tỉnh từ chối hộp này'],
    ['suspended', 'Hộp bị tạm ngưng'],
    ['stopped', 'Việc gửi đang dừng'],
    ['starting', 'Đang chờ mạng'],
  ] as const)('has its own words while the uplink is %s', async (phase, sentence) => {
    expect(await see('/keeping', { ...TODAY, uplink: { ...TODAY.uplink!, phase } })).toContain(sentence)
  })

  it('does not promise that nothing is lost once the quota is full', async () => {
    const journal = { ...TODAY.journal!, sizeBytes: 2_000_000_000 }
    const page = await see('/keeping', { ...TODAY, journal })
    expect(page).not.toContain('Không mất gì.')
    expect(page).toContain('Chỗ lưu đã đầy')
  })

  it('says that everything is sent when it is, and what an unclaimed box holds', async () => {
    const lanes = TODAY.journal!.lanes.map((lane) => ({
      ...lane,
      durableThrough: lane.lastSeq,
      oldestUnsentT: null,
    }))
    const uplink = { ...TODAY.uplink!, phase: 'idle' as const, lastError: null }
    expect(await see('/keeping', { ...TODAY, uplink, journal: { ...TODAY.journal!, lanes } })).toContain(
      'Đã gửi hết.',
    )
    await box.close()
    expect(await see('/keeping', { ...TODAY, farm: null, uplink: null })).toContain(
      'Hộp chưa đăng ký với tỉnh nên chưa gửi. Còn 1.240 số đo',
    )
  })
})

describe('one series', () => {
  async function journalWith(values: readonly { agoMs: number; value: number; quality?: number }[]) {
    box = await pretendBox()
    const series = await box.journal.declareSeries({
      device: 'air-shed',
      channel: '',
      quantity: 'air-temperature',
      unit: 'Cel',
      resolution: 0.1,
      timeStepMs: 1000,
      place: 'Nhà đóng gói',
      origin: 'measured',
    })
    const now = box.journal.now()
    await box.journal.appendReadings(
      values.map(({ agoMs, value, quality = 0 }) => ({
        seriesNo: series.no,
        t: now - agoMs,
        scaled: Math.round(value * 10),
        quality,
      })),
      'commit',
    )
    const device = { ...DEVICES[2]!, readings: [{ ...DEVICES[2]!.readings[0]!, seriesNo: series.no }] }
    box.overview = { ...box.overview, devices: [device] }
    return new Phone(box.app).get(`/series/${series.no}`)
  }

  it('draws the readings of the real journal, says the extremes, and leaves a gap a gap', async () => {
    const values = Array.from({ length: 24 * 60 }, (_, index) => ({
      agoMs: index * 60_000,
      value: 28 + 6 * Math.sin(index / 230),
    })).filter(({ agoMs }) => agoMs < 8 * 3_600_000 || agoMs > 12 * 3_600_000)
    const { body } = await journalWith(values)
    const [narrow = ''] = body.match(/<svg class="chart narrow"[\s\S]*?<\/svg>/) ?? []
    expect(narrow.match(/class="mean"/g)).toHaveLength(2)
    expect(narrow).toContain('°C')
    expect(narrow).toContain('06:00')
    expect(text(body)).toMatch(/Thấp nhất 22,0 °C \(\d\d:\d\d, 2[23]\/11\), cao nhất 34,0 °C/)
    expect(body.match(/<th scope="row">/g)?.length).toBeGreaterThan(18)
    expect(body).not.toMatch(/NaN|Infinity|undefined/)
  })

  it('does not let an impossible value flatten the chart', async () => {
    const values = Array.from({ length: 200 }, (_, index) => ({
      agoMs: index * 60_000,
      value: 30 + (index % 5),
    }))
    values.push({ agoMs: 5.5 * 3_600_000, value: -999, quality: QUALITY.outOfRange } as never)
    const { body } = await journalWith(values)
    const [narrow = ''] = body.match(/<svg class="chart narrow"[\s\S]*?<\/svg>/) ?? []
    expect(narrow).not.toContain('-1.000')
    expect(narrow).toMatch(/<g class="doubtful"><path/)
    expect(text(body)).toContain('Thấp nhất 30,0 °C')
  })

  it.each([
    ['nothing', []],
    ['one reading', [{ agoMs: 60_000, value: 30 }]],
    ['a constant', [1, 2, 3].map((index) => ({ agoMs: index * 60_000, value: 0 }))],
  ])('copes with %s', async (_, values) => {
    const { body, statusCode } = await journalWith(values)
    expect(statusCode).toBe(200)
    expect(body).not.toMatch(/NaN|Infinity/)
    if (values.length === 0) expect(body).toContain('Không có số đo nào trong khoảng này.')
    expect((await new Phone(box.app).get('/series/1?range=7d')).statusCode).toBe(200)
  })

  it('joins the readings of a slow device, and parts them where one is missing', () => {
    const at = (minutes: number) => ({ t: minutes * 60_000, min: 1, max: 1, mean: 1, count: 1, quality: 0 })
    const halfHourly = [0, 30, 60, 150, 180].map(at)
    expect(runsOf(halfHourly, 600_000, 1_800_000).map((run) => run.length)).toEqual([3, 2])
    expect(runsOf(halfHourly, 600_000, null).map((run) => run.length)).toEqual([3, 2])
  })

  it.each(['/series/999', '/series/x', '/series/1e0', '/series/-1', '/series/%00'])(
    '%s is a page that is not there',
    async (path) => {
      box = await pretendBox({ overview: TODAY })
      expect((await new Phone(box.app).get(path)).statusCode).toBe(404)
    },
  )
})

describe('for scripts', () => {
  it('gives the overview as JSON, with the same content', async () => {
    box = await pretendBox({ overview: TODAY })
    const answer = await new Phone(box.app).get('/api/overview')
    expect(answer.json()).toEqual(JSON.parse(JSON.stringify(box.overview)))
  })
})
