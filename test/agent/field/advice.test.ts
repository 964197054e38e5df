import { describe, expect, test } from 'vitest'
import { plotAdvice } from '../../../agent/advice/plot-advice.ts'
import type { PlotFacts, WhyFacts } from '../../../agent/advice/plot-facts.ts'
import { dateIn, numberIn } from '../../../agent/advice/speak.ts'

const NOW = Date.UTC(2026, 10, 27, 8, 30)
const why = (more: Partial<WhyFacts> = {}): WhyFacts => ({
  ...{ model: 'model-1', standing: 'equation', notes: [], missingSensors: [], missingSettings: [] },
  inputsThroughMs: NOW - 300_000,
  ...more,
})
const nothing = { earliest: null, expected: null, latest: null }
/** A plot of which nothing is wrong and nothing to be said; each test sets what matters to it. */
const facts = (more: Partial<PlotFacts> = {}): PlotFacts => ({
  ...{ nowMs: NOW, today: '2026-11-27', utcOffsetH: 7, crop: 'dragon-fruit', forecast: 'fresh', risks: [] },
  spray: { now: hour('good', []), windows: [], why: why() },
  water: { days: [day(12, 10.8)], need: need(3), why: why() },
  warmth: { from: null, sum: null, target: null, expectedOn: null, guessedDays: 0, why: why() },
  lighting: { plan: null, why: why({ notes: ['not-this-crop'] }) },
  harvest: { ripe: null, allowedFrom: '2026-11-27', isIntervalMissing: false, pickable: [], why: why() },
  evidence: (what) => ({ what, seriesNo: 4, uuid: 'u-4', value: 22, unit: 'km/h', at: NOW }),
  ...more,
})
type SprayNow = NonNullable<PlotFacts['spray']['now']>
const hour = (
  verdict: SprayNow['verdict'],
  reasons: SprayNow['reasons'],
  deltaTC = 4,
  windKmh = 8,
): SprayNow => ({
  ...{ t: NOW, verdict, reasons, deltaTC, windKmh },
})
const reason = (
  code: string,
  weight: 'avoid' | 'marginal' | 'missing',
  value: number | null = null,
  limit: number | null = null,
) => ({
  ...{ code, weight, value, limit, unit: '' },
})
const day = (drMm: number | null, rawMm: number | null) => ({
  ...{ date: '2026-11-26', drMm, rawMm, rainMm: 0, etcMm: 2.5, isForecast: false },
})
const need = (dueInDays: number | null, reasons = ['raw-ahead']) => ({
  ...{ dueInDays, grossMm: 13.3, litresPerPlant: 121.2, reasons },
})
const said = (from: PlotFacts, code: string) => {
  const found = plotAdvice(from).find((each) => each.code === code)
  if (!found) throw new Error(`${code} was not said, but ${plotAdvice(from).map((each) => each.code)}`)
  return found
}

describe('advice as sentences', () => {
  test('numbers and dates are written as each language writes them', () => {
    expect([numberIn('vi', 1.42, 1), numberIn('en', 1.42, 1)]).toEqual(['1,4', '1.4'])
    expect([numberIn('vi', 4_768_800), numberIn('en', 4_768_800)]).toEqual(['4.768.800', '4,768,800'])
    expect([numberIn('vi', -0.04, 1), numberIn('vi', -1.5, 1)]).toEqual(['0,0', '−1,5'])
    expect([dateIn('vi', '2026-11-07'), dateIn('en', '2026-11-07')]).toEqual(['7/11', '7 Nov'])
  })

  test("don't spray: what forbids it, the two numbers that people ask for, and the series behind them", () => {
    const now = hour(
      'avoid',
      [
        reason('delta-t-low', 'avoid', 1.42, 2),
        reason('wind-high', 'avoid', 22, 15),
        reason('hot', 'marginal', 29, 28),
      ],
      1.42,
      22,
    )
    const advice = said(facts({ spray: { now, windows: [], why: why() } }), 'spray-avoid')
    expect(advice.severity).toBe('act')
    expect(advice.vi).toBe(
      'Đừng phun chiều nay: delta-T 1,4 (dưới 2: giọt lâu khô, dễ trôi); gió 22 km/h. Số liệu đến 15:25.',
    )
    expect(advice.en).toBe(
      "Don't spray this afternoon: delta-T 1.4 (below 2: droplets live long and drift); wind 22 km/h. Data up to 15:25.",
    )
    expect(advice.evidence[0]).toMatchObject({ what: 'delta-t', value: 1.42, model: 'model-1' })
    expect(advice.evidence.map(({ what }) => what)).toContain('wind-speed')
    expect(advice.evidence.every(({ uuid }) => uuid === 'u-4')).toBe(true)
  })

  test('it is fit for spraying, or only just', () => {
    expect(said(facts(), 'spray-good').vi).toBe(
      'Chiều nay phun được: delta-T 4,0; gió 8 km/h. Số liệu đến 15:25.',
    )
    const now = hour('marginal', [reason('hot', 'marginal', 31.24, 28)])
    expect(said(facts({ spray: { now, windows: [], why: why() } }), 'spray-marginal').vi).toContain(
      'trời nóng 31,2 °C; delta-T 4,0; gió 8 km/h',
    )
  })

  test('without wind it says which sensor is missing', () => {
    const spray = {
      now: hour('unknown', [reason('no-wind', 'missing')]),
      windows: [],
      why: why({ missingSensors: ['wind-speed'] }),
    }
    expect(said(facts({ spray }), 'spray-no-sensor')).toMatchObject({
      severity: 'missing',
      vi: 'Chưa biết lúc này có phun được không: thiếu cảm biến gió.',
      en: 'Whether to spray now is not known: there is no sensor for wind.',
    })
  })

  test('the next window comes from the forecast; without one it says so', () => {
    const windows = [{ fromMs: NOW + 5_400_000, toMs: NOW + 12_600_000, verdict: 'good' as const }]
    expect(said(facts({ spray: { now: null, windows, why: why() } }), 'spray-window').vi).toBe(
      'Theo dự báo, giờ phun tốt nhất sắp tới là 17:00 đến 19:00.',
    )
    expect(said(facts({ forecast: 'off' }), 'spray-no-forecast').vi).toContain(
      'hộp chưa được cài dự báo thời tiết',
    )
    expect(said(facts({ forecast: 'stale' }), 'spray-no-forecast').en).toContain('too old to be used')
    expect(said(facts(), 'spray-no-window').en).toContain('no hour of the next two days')
  })

  test('irrigation today: mm, litres a post, and why', () => {
    const water = {
      days: [day(12, 10.8)],
      need: need(0, ['raw-reached', 'stress-now']),
      why: why({ notes: ['balance-assumed', 'kc-from-estimate'] }),
    }
    expect(said(facts({ water }), 'irrigate-now')).toMatchObject({
      severity: 'act',
      vi: 'Tưới hôm nay 13,3 mm (khoảng 121 lít mỗi trụ): đất đã hụt 12,0 mm, quá ngưỡng tưới 10,8 mm. Tính với giả định lúc đầu đất đủ nước, chưa đo. Hệ số nước của cây này là ước lượng. Số liệu đến 15:25.',
    })
    expect(said(facts({ water, crop: 'coffee' }), 'irrigate-now').en).toContain('(about 121 litres a plant)')
    expect(said(facts(), 'irrigate-not-yet').vi).toContain('khoảng 3 ngày nữa')
    expect(said(facts({ water: { ...water, need: need(1) } }), 'irrigate-soon').severity).toBe('watch')
  })

  test('irrigation that can not be computed names what is missing, or says that there was a gap', () => {
    const missing = why({
      missingSensors: ['rain'],
      missingSettings: ['plots[].soil', 'plots[].plantsPerHa'],
    })
    expect(said(facts({ water: { days: [], need: null, why: missing } }), 'irrigation-missing').vi).toBe(
      'Chưa tính được nước trong đất: thiếu cảm biến đo mưa và mục plots[].soil trong cấu hình.',
    )
    const water = { days: [day(null, null)], need: need(null, ['state-unknown']), why: why() }
    expect(said(facts({ water }), 'irrigation-unknown').en).toContain('have a gap')
  })

  test('an infection comes with its wet period, and says that it is an index', () => {
    const period = {
      startMs: NOW - 15 * 3_600_000,
      endMs: NOW - 6 * 3_600_000,
      wetHours: 9,
      meanTempC: 26.44,
      neededH: 7.7,
      ratio: 1.17,
    }
    const risk = {
      ...{
        pathogen: 'dragon-fruit-canker',
        disease: { vi: 'Đốm nâu thanh long', en: 'Dragon-fruit brown spot' },
        ahead: [],
      },
      past: [
        { date: '2026-11-27', risk: 1, level: 'high' as const, quality: 'ok' as const, periods: [period] },
      ],
      why: why({ standing: 'index-not-validated', notes: ['wetness-from-humidity'] }),
    }
    const advice = said(facts({ risks: [risk] }), 'infection-high')
    expect(advice.vi).toBe(
      'Đốm nâu thanh long: thời tiết đã đủ cho nhiễm bệnh ngày 27/11: lá ướt 9 giờ (00:30 đến 09:30), trung bình 26,4 °C, cần 7,7 giờ. Nên đi xem vườn và cắt bỏ phần bệnh. Giờ lá ướt được đoán từ độ ẩm, chưa có cảm biến ướt lá. Đây là chỉ số, chưa được kiểm chứng ngoài đồng. Số liệu đến 15:25.',
    )
    expect(advice.evidence).toContainEqual({
      what: 'wet-period',
      model: 'model-1',
      value: 9,
      unit: 'h',
      at: period.startMs,
      untilMs: period.endMs,
    })
    const low = { ...risk, past: [{ ...risk.past[0]!, risk: 0.2, level: 'low' as const }] }
    expect(said(facts({ risks: [low] }), 'infection-low').vi).toContain('chưa được kiểm chứng ngoài đồng')
    const ahead = { ...low, ahead: [{ ...risk.past[0]!, date: '2026-11-28' }] }
    expect(said(facts({ risks: [ahead] }), 'infection-ahead').en).toContain(
      'by the forecast, the weather of 28 Nov is enough',
    )
  })

  test('lights: nights, energy and cost; none needed in the natural season', () => {
    const plan = {
      ...{
        start: '2026-11-27',
        isBegun: false,
        nights: Array.from({ length: 15 }, () => ({ date: '' })),
        hoursANight: 8,
        kwh: 2400,
      },
      ...{ vnd: 4_768_800, bud: { ...nothing, expected: '2026-12-17' }, warnings: [] },
      harvest: { earliest: '2027-01-25', expected: '2027-02-02', latest: '2027-02-12' },
    }
    const index = why({ standing: 'index-not-validated' })
    expect(said(facts({ lighting: { plan, why: index } }), 'lighting-plan').vi).toBe(
      'Nếu chong đèn từ tối nay: 15 đêm × 8 giờ, 2.400 kWh, khoảng 4.769.000 đồng; dự kiến nụ 17/12, thu hoạch 25/1 đến 12/2. Đây là chỉ số, chưa được kiểm chứng ngoài đồng. Số liệu đến 15:25.',
    )
    const natural = { ...plan, warnings: ['natural-season'] }
    expect(said(facts({ lighting: { plan: natural, why: index } }), 'lighting-natural-season').vi).toContain(
      'không cần chong đèn',
    )
    const missing = why({ missingSettings: ['plots[].lighting'] })
    expect(said(facts({ lighting: { plan: null, why: missing } }), 'lighting-missing').en).toContain(
      'the setting plots[].lighting is missing',
    )
  })

  test('harvest: ripe days against the pre-harvest interval, and a spray without one forbids to guess', () => {
    const ripe = { earliest: '2026-12-01', expected: '2026-12-04', latest: '2026-12-08' }
    const harvest = {
      ripe,
      allowedFrom: '2026-12-05',
      isIntervalMissing: false,
      pickable: [{ from: '2026-12-05', to: '2026-12-08' }],
      why: why(),
    }
    expect(said(facts({ harvest }), 'harvest-blocked').vi).toContain('trước 5/12 chưa được hái')
    const free = {
      ...harvest,
      allowedFrom: '2026-11-27',
      pickable: [{ from: '2026-12-01', to: '2026-12-08' }],
    }
    expect(said(facts({ harvest: free }), 'harvest-window').en).toContain('may be picked from 1 Dec')
    // Nobody may have written down what was sprayed: that allows nothing.
    const unwritten = { ...free, pickable: [], why: why({ notes: ['no-spray-in-the-farm-book'] }) }
    const { en } = said(facts({ harvest: unwritten }), 'harvest-window')
    expect(en).toContain('ripe 1 Dec to 8 Dec')
    expect(en).toContain('No spray is in the farm book')
    expect(en).not.toContain('may be picked')
    const unknown = { ...harvest, allowedFrom: null, isIntervalMissing: true }
    expect(said(facts({ harvest: unknown }), 'harvest-interval-missing').severity).toBe('act')
  })

  test('degree days on their way, and with days that were guessed', () => {
    const warmth = {
      from: '2026-11-01',
      sum: 442.4,
      target: 600,
      expectedOn: '2026-12-06',
      guessedDays: 2,
      why: why(),
    }
    expect(said(facts({ warmth }), 'warmth').vi).toBe(
      'Tích ôn từ 1/11: 442 °C·ngày, đạt 74 % của 600; nếu trời cứ như hai tuần qua thì đủ vào 6/12. 2 ngày thiếu số liệu được tính theo trung bình. Số liệu đến 15:25.',
    )
    expect(said(facts({ warmth: { ...warmth, sum: 610 } }), 'warmth-reached').severity).toBe('watch')
  })

  test('the weightiest stands first', () => {
    const water = { days: [day(12, 10.8)], need: need(0, ['raw-reached']), why: why() }
    expect(plotAdvice(facts({ water, forecast: 'off' })).map(({ severity }) => severity)).toEqual([
      'act',
      'info',
      'missing',
    ])
  })

  test('no sentence has a hole that nothing filled', () => {
    for (const each of plotAdvice(facts()))
      expect(`${each.vi}${each.en}`).not.toMatch(/[{}]|undefined|NaN|null/)
  })
})
