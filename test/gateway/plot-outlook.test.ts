import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { OutlookEntry } from '#contract/wire/outlook.ts'
import { OUTLOOK_BOUNDS } from '#contract/wire/outlook.ts'
import { outlookOf } from '../../agent/field/outlook.ts'
import { type PlotOutlook, plotOutlook, plotsOfFarm } from '../../gateway/insight/plot-outlook.ts'
import { openOutlook } from '../../gateway/insight/plot-outlook-rows.ts'
import { outlookShape } from '../../gateway/projections/outlook-shape.ts'
import { plotLinks, plotPage } from '../../gateway/web/plot-page.ts'
import { bareField, fieldOfToday } from '../agent/page/field-of-today.ts'
import { FARM, HOUR, MINUTE, NOW, Orchard } from './orchard.ts'
import { ProvinceStore } from './province-store.ts'
import { EVERYTHING } from './running-gateway.ts'
import { SignedBox } from './signed-box.ts'

const DAY = 24 * HOUR
const TWO_DAYS = 2 * DAY
const PLOT = { kind: 'plot', plot: 'lo-a', name: 'Lô A', crop: 'dragon-fruit', areaHa: 1.2 }
const PATH = `/farms/${FARM}/plots/lo-a`

/** What a real box says of a plot with every sensor and a forecast, and of one with nothing. */
let full: OutlookEntry
let bare: OutlookEntry
beforeAll(async () => {
  const [today, nothing] = [await fieldOfToday(), await bareField()]
  const [plot, empty] = [today.plots[0], nothing.plots[0]]
  if (!plot || !empty) throw new Error('a plot is missing')
  full = outlookOf(today, plot, 10_800)
  bare = outlookOf(nothing, empty, 10_800)
})

const entry = (change: Partial<OutlookEntry> = {}) =>
  ({ ...full, ...change }) as unknown as Record<string, unknown> & { kind: string }
const text = (body: string) =>
  body
    .replaceAll(/<\/?(?:time|bdi)[^>]*>/g, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/&#(\d+);|\u00a0/g, (_, code?: string) => (code ? String.fromCharCode(Number(code)) : ' '))
    .replaceAll(/\s+/g, ' ')

/** A farm whose box has said it, looked at `afterMs` after that. */
async function farmWith(outlooks: readonly OutlookEntry[], afterMs = 25 * MINUTE) {
  const orchard = await Orchard.open()
  await orchard.addFarm(FARM, 'Vườn Hai Lúa')
  await orchard.addPerson()
  const box = new SignedBox(1)
  await orchard.enrol(box, FARM, 'B0X1')
  orchard.advance((outlooks[0]?.madeAt ?? NOW) + afterMs - NOW)
  await orchard.send(box.records(PLOT, ...(outlooks as unknown as { kind: string }[])))
  const cookies = { vuon_session: await orchard.signIn() }
  const get = (url: string, language = 'vi') =>
    orchard.app.inject({ url, headers: { accept: 'text/html', 'accept-language': language }, cookies })
  return { orchard, box, get }
}

describe('an outlook at the province', () => {
  it('stands as the newest of its epoch, in whichever order entries come, and after a rebuild', async () => {
    const box = new SignedBox(1)
    const batches = ['2026-11-05', '2026-11-06', '2026-11-07'].map((today) =>
      box.records({ ...entry({ today }), plot: 'lo-a' }),
    )
    const dumps: unknown[] = []
    for (const order of [
      [0, 1, 2],
      [2, 0, 1],
      [1, 2, 0, 1],
    ]) {
      const province = await ProvinceStore.open()
      await province.enrol(box)
      for (const at of order) await province.take(batches[at] as (typeof batches)[0])
      const [row] = await province.rows<{ body: string }>('SELECT body FROM outlook')
      expect((JSON.parse(row?.body ?? '') as OutlookEntry).today).toBe('2026-11-07')
      const { outlook } = await province.projections()
      await province.rebuild()
      expect((await province.projections())['outlook']).toEqual(outlook)
      dumps.push(outlook)
    }
    expect(dumps[1]).toEqual(dumps[0])
    expect(dumps[2]).toEqual(dumps[0])
  })

  it('of a new epoch stands although the clock of the one before ran years ahead', async () => {
    const province = await ProvinceStore.open()
    const [before, after] = [new SignedBox(1, 'b'.repeat(16)), new SignedBox(1, 'a'.repeat(16))]
    await province.enrol(before)
    await province.take(after.records(entry()))
    // Whichever comes first: this one was on its way for long.
    await province.take(before.records(entry({ madeAt: full.madeAt + 2000 * DAY, today: '2032-04-01' })))
    expect(
      (await plotOutlook(province.store.db, EVERYTHING, 'f1', 'lo-a', full.madeAt + TWO_DAYS))?.today,
    ).toBe(full.today)
  })

  it('of a box that replaced another stands as what was said later, set right where the clock was not', async () => {
    const province = await ProvinceStore.open()
    const [old, young] = [new SignedBox(1), new SignedBox(2)]
    await province.enrol(old)
    await province.enrol(young, 'f1', 'B0X2')
    await province.take(old.records(entry({ today: '2026-11-06' })))
    const boot = '00000000000000c7'
    const early = { boot, clock: 'unknown', madeAt: full.madeAt - 300 * DAY }
    await province.take(young.records({ ...entry(), ...early }))
    expect(
      (await plotOutlook(province.store.db, EVERYTHING, 'f1', 'lo-a', full.madeAt + TWO_DAYS))?.today,
    ).toBe('2026-11-06')
    await province.take(
      young.records({ kind: 'clock', ofBoot: boot, offsetMs: 301 * DAY, plusMinusMs: 9, source: 'ntp' }),
    )
    const now = await plotOutlook(province.store.db, EVERYTHING, 'f1', 'lo-a', full.madeAt + TWO_DAYS)
    expect(now).toMatchObject({ today: full.today, madeAt: full.madeAt + DAY, isTimeSure: true })
  })

  it('that is not one stays in the log and is counted: other forms, dates that are none, more than the bounds', async () => {
    const far = OUTLOOK_BOUNDS
    const [hour] = full.spray.ahead
    const [risk] = full.risks
    const [card] = full.advice
    const bad: Partial<Record<keyof OutlookEntry, unknown>>[] = [
      { form: 2 },
      { plot: '' },
      { plot: 'a\0b' },
      { today: '2026-02-30' },
      { today: '1970-01-01' },
      { madeAt: 9e15 },
      { madeAt: Number.NaN },
      { forecast: { ...full.forecast, state: 'sunny' } },
      { spray: { ...full.spray, ahead: Array.from({ length: far.hours + 1 }, () => hour) } },
      { spray: { ...full.spray, ahead: [[0, 9, 1, 1, 1, []]] } },
      { spray: { ...full.spray, past: [[0, 1]] } },
      { risks: Array.from({ length: far.pathogens + 1 }, () => risk) },
      { risks: [{ ...risk, past: [[0, 1001, 0, 0, []]] }] },
      { advice: [{ ...card, vi: 'x'.repeat(far.sentence + 1) }] },
      { advice: [{ ...card, evidence: [['delta-t', Number.POSITIVE_INFINITY, '°C', 0, null, null, null]] }] },
      { series: Array.from({ length: far.series + 1 }, () => 'u') },
      { harvest: { ...full.harvest, why: undefined } },
      { water: null },
    ]
    const province = await ProvinceStore.open()
    const box = new SignedBox(1)
    await province.enrol(box)
    await province.take(box.records(...bad.map((change) => ({ ...entry(), ...change }) as { kind: string })))
    expect(await province.rows('SELECT * FROM outlook')).toEqual([])
    expect(await province.rows('SELECT count(*) AS n FROM unknown_entry')).toEqual([{ n: bad.length }])
    // What a newer box adds is no reason to refuse the rest.
    await province.take(box.records({ ...entry(), mood: 'sunny' } as never))
    expect(await province.rows('SELECT plot FROM outlook')).toEqual([{ plot: 'lo-a' }])
  })

  it('opens to the figures that the box had, in their units', () => {
    const open = openOutlook(full)
    expect(open.spray.hours.filter(({ isForecast }) => isForecast).length).toBe(full.spray.ahead.length)
    expect(open.spray.hours[0]?.t).toBe(full.spray.fromMs)
    const wet = open.risks[0]?.past.flatMap(({ periods }) => periods)[0]
    expect(wet).toMatchObject({ wetH: 7, meanTempC: 22.9, neededH: 10.6, ratio: 0.66, isAtLeast: false })
    // It began at midnight of the farm, seven hours east.
    expect((wet?.fromMs ?? 0) % DAY).toBe(17 * HOUR)
    const lasting = open.water.days.filter(({ isForecast }) => isForecast)
    expect(lasting[0]?.date).toBe(full.today)
    expect(open.lighting.plan).toMatchObject({ kwh: 2400, vnd: 4_768_800, hoursANight: 8 })
    expect(open.lighting.plan?.nights).toHaveLength(15)
    const seen = open.advice.flatMap(({ evidence }) => evidence.flatMap(({ series }) => series ?? []))
    expect(new Set(seen)).toEqual(new Set(full.series))
  })
})

describe('the page of a plot with an outlook', () => {
  it('shows spray hours, risk, water, degree days, lights and harvest, past and forecast apart, each with its why', async () => {
    const { get } = await farmWith([full])
    const { body } = await get(PATH)
    const said = text(body)
    for (const { why } of [full.spray, full.water, full.warmth, full.lighting, full.harvest, ...full.risks])
      expect(said).toContain(`Vì sao: ${why.model}`)
    expect(said).toContain('Hộp ở vườn tính 25 phút trước')
    expect(said).toMatch(/Dự báo thời tiết tải về 1 giờ trước, nói đến/)
    for (const { vi } of full.advice) expect(said).toContain(vi)
    expect(said).toMatch(/Lúc 06:30 05\/11: \S+/)
    expect(said).toContain('08:00 05/11 đến 20:00 05/11 · phun được')
    expect(body).toMatch(/class="sign good ahead"/)
    expect(body.match(/class="hatched"/g)?.length).toBe(full.risks.flatMap(({ ahead }) => ahead).length)
    expect(body.match(/class="now-line"/g)?.length).toBe(full.risks.length + 1)
    expect(body).toContain('class="mean ahead"')
    expect(said).toMatch(/đất hụt \d+,\d mm; ngưỡng tưới \(RAW\) \d+,\d mm/)
    expect(said).toMatch(/ướt 7 giờ, 22,9 °C, cần 10,6 giờ/)
    expect(said).toMatch(/Đạt \d+ % của 500 °C·ngày/)
    expect(said).toContain('Nếu chong từ tối 5/11/2026: 15 đêm, mỗi đêm 8 giờ. Điện 2.400 kWh')
    expect(said).toContain('4.768.800 đồng')
    expect(said).toMatch(/Trái dự kiến chín \d/)
    const marks = said.match(/Chỉ số, chưa kiểm chứng ngoài đồng/g)?.length ?? 0
    expect(marks).toBeGreaterThanOrEqual(full.risks.length + 2)
    for (const uuid of full.series) expect(body).toContain(`href="/series/${uuid}"`)
    expect(body).not.toMatch(/NaN|undefined|null</)
    const ids = [...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('is whole in English', () => {
    const said = seen(full, MINUTE, 'en')
    expect(said).not.toMatch(/nguy cơ|chưa|Vì sao|dự báo|đồng|ngày/i)
    expect(said).toContain('Why: magarey-1')
    expect(said).toContain('If lit from the evening of 5 November 2026: 15 nights of 8 h.')
    for (const { en } of full.advice) expect(said).toContain(en)
  })

  it('says how old it is, that its forecast is over, and offers no hour that is over', () => {
    const said = seen(full, 5 * DAY)
    expect(said).toContain('Bản tính này đã cũ: 5 ngày trước')
    expect(said).toContain('Dự báo trong bản tính này đã hết')
    expect(said).toContain('(không phải bây giờ)')
    expect(said).not.toContain('· phun được')
    expect(said).toContain('Trong dự báo không còn giờ nào nên phun')
    // A day without news is none yet, for a box that may rest three hours between two.
    expect(seen(full, DAY)).not.toContain('đã cũ')
  })

  it('says what is missing where the box knows nothing and has no forecast', () => {
    const said = seen(bare)
    expect(said).toContain('Vườn chưa cài dự báo thời tiết')
    expect(said).toContain('Không có dự báo, nên chưa nói được giờ phun sắp tới')
    expect(said).toContain('Vườn cần thêm cảm biến: nhiệt độ không khí, độ ẩm không khí, gió')
    expect(said).toContain('Chưa có kế hoạch chong đèn')
    expect(said).toMatch(/Chưa trả lời được \d+ câu hỏi/)
    expect(said).not.toMatch(/NaN|undefined/)
    expect(seen({ ...bare, forecast: { state: 'waiting', fetchedAt: null, throughMs: null } })).toContain(
      'Hộp chưa tải được dự báo thời tiết',
    )
  })

  it('is listed on the farm with its weightiest advice, and is for its viewers only, here and in the API', async () => {
    const { orchard, box, get } = await farmWith([full])
    await orchard.send(box.records({ ...PLOT, plot: 'lo-b', name: 'Lô B', crop: 'durian', areaHa: 2 }))
    const { body } = await get(`/farms/${FARM}`)
    expect(body).toContain(`href="${PATH}"`)
    expect(body).not.toContain('plots/lo-b"')
    const said = text(body)
    expect(said).toContain('Lô A · Thanh long · 1,2 ha')
    expect(said).toContain(full.advice[0]?.vi)
    expect(said).toMatch(/Lô B · Sầu riêng · 2 ha Hộp chưa gửi số nào/)
    const lines = await plotsOfFarm(orchard.gateway.db, EVERYTHING, FARM, full.madeAt)
    expect(lines?.map(({ plot, outlook }) => [plot, outlook?.madeAt])).toEqual([
      ['lo-a', full.madeAt],
      ['lo-b', undefined],
    ])
    // What was to be done at once five days ago is not to be done now.
    const later = text(plotLinks(viewAt(full.madeAt + 5 * DAY, 'vi'), FARM, lines ?? []).text)
    expect(later).toContain('Đã cũ: hộp tính 5 ngày trước')
    expect(later).not.toContain('Làm ngay')
    const api = `/api/v1/farms/${FARM}/plots/lo-a/outlook`
    expect((await get(api)).json()).toMatchObject({
      plotName: 'Lô A',
      madeAt: full.madeAt,
      forecast: full.forecast,
    })
    expect((await get(`/api/v1/farms/${FARM}/plots`)).json()).toMatchObject({
      plots: [{ plot: 'lo-a' }, { plot: 'lo-b' }],
    })
    for (const missing of [
      '/api/v1/farms/f-none/plots',
      api.replace('lo-a', 'lo-z'),
      PATH.replace('lo-a', 'lo-z'),
    ])
      expect((await get(missing)).statusCode, missing).toBe(404)
    expect((await orchard.app.inject({ url: api })).statusCode).toBe(401)
    await orchard.addPerson({ email: 'other@x.example', farmIds: ['f-other'] })
    const cookies = { vuon_session: await orchard.signIn('other@x.example') }
    for (const url of [api, PATH, `/api/v1/farms/${FARM}/plots`])
      expect((await orchard.app.inject({ url, cookies })).statusCode, url).toBe(404)
  })

  it('is taken of a box whose clock was wrong by years, and not of one beyond the calendar', () => {
    const since = (hours: number) => {
      const changed = structuredClone(full)
      const [risk] = changed.risks
      const day = risk?.past.find(([, , , , periods]) => periods.length > 0) ?? risk?.ahead.at(-1)
      Object.assign(day?.[4] ?? [], { 0: [hours, hours + 9, 251, 9, 270, 0, 0] })
      return outlookShape.safeParse(changed).success
    }
    expect([since(12), since(20 * 365 * 24), since(300_000)]).toEqual([true, true, false])
    const at = (fromMs: number) =>
      outlookShape.safeParse({ ...full, spray: { ...full.spray, fromMs } }).success
    expect([at(full.madeAt), at(-1), at(8.64e15)]).toEqual([true, false, false])
  })

  it('stands whatever a box puts into an outlook: it is refused, or shown without a hole', () => {
    const where = fc.array(fc.nat({ max: 1 << 20 }), { minLength: 1, maxLength: 6 })
    let shown = 0
    fc.assert(
      fc.property(where, fc.nat(), fc.boolean(), (path, odd, isVietnamese) => {
        const changed = structuredClone(full) as unknown as Record<string, unknown>
        put(changed, path, odd)
        const read = outlookShape.safeParse(changed)
        if (!read.success) return
        shown++
        const page = plotPage(viewAt(full.madeAt + TWO_DAYS, isVietnamese ? 'vi' : 'en'), FARM, {
          ...{ outlook: opened(read.data), figures: null },
        }).text
        expect(page).not.toMatch(/NaN|undefined|Infinity|Invalid/)
        expect(page).not.toContain('<b>')
      }),
      { numRuns: 400 },
    )
    expect(shown).toBeGreaterThan(10)
  })
})

const opened = (said: OutlookEntry): PlotOutlook => ({
  ...{ farmName: 'Vườn Hai Lúa', plot: 'lo-a', plotName: 'Lô A', crop: 'dragon-fruit', areaHa: 1.2 },
  ...{ madeAt: said.madeAt, isTimeSure: true },
  ...openOutlook(said),
})

const viewAt = (nowMs: number, language: 'vi' | 'en') => ({ language, timeZone: 'Asia/Ho_Chi_Minh', nowMs })
const seen = (said: OutlookEntry, afterMs = MINUTE, language: 'vi' | 'en' = 'vi'): string =>
  text(plotPage(viewAt(said.madeAt + afterMs, language), FARM, { outlook: opened(said), figures: null }).text)

const ODD: Record<string, readonly unknown[]> = {
  number: [0, 1, 2, -1, 35, 999, 1e6, 1e9, 8.64e15, 0.5, null],
  string: ['', '2026-12-31', '2199-12-31', '<b>', '"', '2020-01-01', 'x'.repeat(300), null],
  boolean: [true, false],
  object: [null, [], {}],
}

/** Goes down by places among the keys, and puts something else of the same kind where the way ends. */
function put(node: Record<string, unknown>, [place = 0, ...way]: readonly number[], odd: number): void {
  const keys = Object.keys(node)
  const key = keys[place % keys.length]
  if (key === undefined) return
  const next = node[key]
  const choice = ODD[next === null ? 'number' : typeof next] ?? []
  if (way.length > 0 && next !== null && typeof next === 'object') put(next as typeof node, way, odd)
  else node[key] = choice[odd % choice.length]
}
