import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { lightingTrial } from '../../../agent/lighting-trial.ts'
import type { FieldAnswer } from '../../../agent/page/field-answer.ts'
import { firstWish, readWish } from '../../../agent/page/lighting-trial.ts'
import { sayOrchard } from '../../../agent/page/orchard-messages.ts'
import { bareField, fieldOfToday } from './field-of-today.ts'
import { Phone, type PretendBox, pretendBox } from './pretend-box.ts'

let today: FieldAnswer
let bare: FieldAnswer
let box: PretendBox
beforeAll(async () => {
  ;[today, bare] = [await fieldOfToday(), await bareField()]
})
afterEach(() => box?.close())

const text = (body: string) =>
  body
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll(/\s+/g, ' ')

async function see(path: string, field: FieldAnswer | undefined, headers: Record<string, string> = {}) {
  box = await pretendBox()
  box.clock.wall = field?.nowMs ?? box.clock.wall
  Object.assign(box.sources, {
    field: () => field,
    tryLighting: lightingTrial,
    nowMs: () => field?.nowMs ?? 0,
  })
  const answer = await new Phone(box.app, headers).get(path)
  return { status: answer.statusCode, body: answer.body, said: text(answer.body) }
}

describe('the orchard today', () => {
  it('says the advice first, each sentence with what it rests on, and leads to the charts', async () => {
    const { said, body } = await see('/orchard', today)
    for (const { vi } of today.plots[0]?.advice ?? []) expect(said).toContain(vi)
    expect(said).toContain('Dựa vào đâu')
    expect(body).toContain('href="/orchard/lo-a"')
  })

  it('draws past and forecast apart, and has a table and a why under each chart', async () => {
    const { body, said } = await see('/orchard/lo-a', today)
    for (const chart of ['risk-dragon-fruit-canker', 'water', 'warmth', 'spray'])
      expect(body.match(new RegExp(`id="${chart}-(narrow|wide)"`, 'g')), chart).toHaveLength(2)
    expect(body).toMatch(/class="hatched"/)
    expect(body).toMatch(/class="mean expected"/)
    expect(said).toContain('RAW, ngưỡng tưới')
    expect(said).toContain(sayOrchard('vi', 'standing-index-not-validated'))
    for (const model of [
      'magarey-1',
      'water-balance-1',
      'degree-days-1',
      'spray-window-1',
      'lighting-plan-1',
    ])
      expect(said).toContain(`Vì sao: ${model}`)
    expect(said).toMatch(/đất hụt \d+,\d mm; ngưỡng tưới \d+,\d mm/)
    expect(body).not.toMatch(/NaN|undefined|null</)
    const ids = [...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('tries other lights without saving, and names the field that is wrong', async () => {
    const asked = (await see('/orchard/lo-a?bulbs=1.000&watts=60&hours=8&nights=15&vndPerKwh=1987', today))
      .said
    // 1,000 bulbs of 60 W for 8 h and 15 nights.
    expect(asked).toContain('7.200 kWh')
    expect(asked).toContain('14.306.400 đồng')
    await box.close()
    const wrong = (await see('/orchard/lo-a?bulbs=x&watts=60&hours=8&nights=15&vndPerKwh=1987', today)).said
    expect(wrong).toContain('Chưa tính được. Ghi số nguyên: Số bóng từ 1 đến 1.000.000.')
    const wish = { bulbs: '5', watts: '20', hours: '3', nights: '9', vndPerKwh: '1' } as Record<
      string,
      string
    >
    expect(readWish((name) => wish[name] ?? '')).toEqual({ kind: 'wrong', field: 'hours' })
  })

  it("starts the form from the plot's own lights, and counts its batches and its hour", async () => {
    const [plot] = today.plots
    if (!plot) throw new Error('a plot is missing')
    const lights = { bulbs: 750, watts: 7.5, fromHour: 21, hours: 6, vndPerKwh: 2100, batchesBefore: 5 }
    const lit = { ...today, plots: [{ ...plot, lighting: { ...plot.lighting, lights } }] }
    const { body } = await see('/orchard/lo-a', lit)
    for (const value of [
      'bulbs" inputmode="numeric" maxlength="9" autocomplete="off" value="750"',
      'value="7,5"',
    ])
      expect(body).toContain(value)
    expect(body).toContain('name="hours" inputmode="decimal" maxlength="9" autocomplete="off" value="6"')
    expect(body).toContain('value="2100"')
    await box.close()
    // As the form stands: 750 bulbs of 7.5 W for 6 h and 15 nights are 506 kWh; four batches in a row tire the plants.
    const { said } = await see('/orchard/lo-a?bulbs=750&watts=7%2C5&hours=6&nights=15&vndPerKwh=2100', lit)
    expect(said).toContain('506 kWh')
    expect(said).toContain('Đã chong nhiều đợt liền, cây dễ kiệt sức.')
    await box.close()
    const wrong = (await see('/orchard/lo-a?bulbs=750&watts=x&hours=6&nights=15&vndPerKwh=2100', lit)).said
    expect(wrong).toContain('Chưa tính được. Ghi một số: Công suất một bóng (W) từ 1 đến 500.')
    const half = { bulbs: '7,5', watts: '7,5', hours: '6', nights: '9', vndPerKwh: '2100' } as Record<
      string,
      string
    >
    expect(readWish((name) => half[name] ?? '')).toEqual({ kind: 'wrong', field: 'bulbs' })
    // Lights that burn too short for the core of the night are not tried; the form starts from the usual hours.
    expect(firstWish({ ...plot.lighting, lights: { ...lights, hours: 3 }, plan: null })).toEqual({
      ...{ bulbs: 750, watts: 7.5, hours: 8, nights: 15, vndPerKwh: 2100 },
    })
    expect(firstWish({ ...plot.lighting, lights: null, plan: null }).bulbs).toBe(1000)
  })

  it('says what to connect and what to write where nothing is there yet', async () => {
    const { said } = await see('/orchard/lo-x', bare)
    expect(said).toContain('Nối một trạm thời tiết')
    expect(said).toContain('Cần nối thêm cảm biến: nhiệt độ không khí, độ ẩm không khí, đo mưa.')
    expect(said).toContain('plots[].soil')
    expect(said).toContain('Cần vĩ độ của vườn')
    expect(said).toContain('Chưa cài dự báo thời tiết')
    await box.close()
    expect((await see('/orchard', undefined)).said).toContain('Hộp này chưa tính gì cho cây.')
  })

  it('says that the station is silent, and that a forecast is too old', async () => {
    const late = {
      ...today,
      nowMs: today.nowMs + 30 * 3_600_000,
      forecast: { ...today.forecast, state: 'stale' as const },
    }
    const { said } = await see('/orchard/lo-a', late)
    expect(said).toContain('Số đo mới nhất mà mô hình cần đã cũ: 30 giờ trước.')
    expect(said).toContain('đã quá cũ, không dùng nữa')
  })

  it('is whole in English, and does not know a plot that is not there', async () => {
    const { said } = await see('/orchard/lo-a', today, { 'accept-language': 'en' })
    expect(said).not.toMatch(/nguy cơ|chưa|Vì sao|dự báo/i)
    expect(said).toContain('Why: magarey-1')
    await box.close()
    expect((await see('/orchard/lo-z', today)).status).toBe(404)
  })
})
