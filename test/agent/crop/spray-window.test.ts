import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compute } from '../../../agent/crop/compute.ts'
import { reasonText, type SprayConditions, sprayAnswer } from '../../../agent/crop/spray-window.ts'

const FINE: SprayConditions = {
  airTempC: 27,
  humidityPct: 70,
  windMs: 2.2,
  gustMs: 3,
  rainMm: 0,
  rainAheadMm: 0,
  hoursFromDark: 3,
  elevM: 20,
}
const said = (changed: Partial<SprayConditions>) => {
  const { verdict, reasons } = sprayAnswer({ ...FINE, ...changed })
  return [verdict, ...reasons.map(reasonText)]
}

describe('the weather for spraying', () => {
  test('is good with a delta-T of 2 to 8, some wind and no rain in sight', () => {
    expect(said({})).toEqual(['good'])
  })

  test.each<[string, Partial<SprayConditions>, string[]]>([
    ['humid air', { airTempC: 28, humidityPct: 90 }, ['avoid', 'delta-t-low=1.4<2']],
    ['very humid air', { humidityPct: 97 }, ['avoid', 'delta-t-low=0.4<2', 'humid=97.0>95']],
    ['dry air', { airTempC: 28, humidityPct: 45 }, ['marginal', 'delta-t-high=8.6>8']],
    ['very dry air', { airTempC: 36, humidityPct: 35 }, ['avoid', 'delta-t-high=12.5>10', 'hot=36.0>28']],
    ['wind', { windMs: 6.2 }, ['avoid', 'wind-high=22.3>15']],
    ['gusts', { gustMs: 5 }, ['marginal', 'gusts=18.0>15']],
    ['strong gusts', { gustMs: 8 }, ['avoid', 'gusts=28.8>20']],
    ['a calm at noon', { windMs: 0.5 }, ['marginal', 'wind-low=1.8<3']],
    ['a calm in the evening', { windMs: 0.5, hoursFromDark: 1 }, ['avoid', 'inversion=1.8<3']],
    ['a calm night', { windMs: 0, hoursFromDark: -4 }, ['avoid', 'inversion=0.0<3']],
    ['3 km/h as a table writes it', { windMs: 0.83, hoursFromDark: -4 }, ['good']],
    ['rain', { rainMm: 1 }, ['avoid', 'raining=1.0>0.2']],
    ['rain ahead', { rainAheadMm: 3.2 }, ['avoid', 'rain-ahead=3.2>0.5']],
    ['no forecast', { rainAheadMm: Number.NaN }, ['good', 'no-forecast']],
    ['no wind vane', { windMs: Number.NaN }, ['unknown', 'no-wind']],
    ['no wind vane in the rain', { windMs: Number.NaN, rainMm: 2 }, ['avoid', 'raining=2.0>0.2', 'no-wind']],
    ['no thermometer', { airTempC: Number.NaN }, ['unknown', 'no-temperature']],
  ])('%s', (_, changed, expected) => {
    expect(said(changed)).toEqual(expected)
  })

  test('is never called good without temperature, humidity and wind, and the verdict follows from its reasons', () => {
    const orGap = (min: number, max: number) =>
      fc.oneof(fc.double({ min, max, noNaN: true }), fc.constant(Number.NaN))
    const conditions = fc.record<SprayConditions>({
      airTempC: orGap(0, 50),
      humidityPct: orGap(1, 105),
      windMs: orGap(0, 30),
      gustMs: orGap(0, 40),
      rainMm: orGap(0, 50),
      rainAheadMm: orGap(0, 50),
      hoursFromDark: orGap(-12, 12),
      elevM: fc.constant(0),
    })
    fc.assert(
      fc.property(conditions, (now) => {
        const { verdict, reasons } = sprayAnswer(now)
        const weights = new Set(reasons.map(({ weight }) => weight))
        if ([now.airTempC, now.humidityPct, now.windMs].some(Number.isNaN))
          expect(['unknown', 'avoid']).toContain(verdict)
        expect(verdict === 'avoid').toBe(weights.has('avoid'))
        if (verdict === 'good') expect([...weights].filter((weight) => weight !== 'note')).toEqual([])
      }),
    )
  })
})

describe('compute spray-window', () => {
  const run = (rows: string[], params: Record<string, string> = {}) =>
    compute('spray-window', `time,temp_c,rh_pct,wind_ms,rain_mm\n${rows.join('\n')}\n`, params)
  const answers = (rows: string[], params: Record<string, string> = {}) =>
    run(rows, params)
      .csv.trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',').slice(5))

  test('sees rain that the rows ahead forecast, within the hours that the product must stay dry', () => {
    const rows = ['08', '09', '10', '11', '12', '13'].map(
      (hour) => `2026-07-01T${hour}:00,27,70,2.2,${hour === '12' ? 3 : 0}`,
    )
    expect(answers(rows, { dry_h: '2' }).map(([spray, , ahead]) => [spray, ahead])).toEqual([
      ['good', '0.0'],
      ['good', '0.0'],
      ['avoid', '3.0'],
      ['avoid', '3.0'],
      ['avoid', ''],
      ['good', ''],
    ])
    expect(answers(rows, { dry_h: '4' })[0]?.[0]).toBe('avoid')
  })

  test('does not call rain ahead none where the rows end or leave a hole', () => {
    expect(answers(['2026-07-01T08:00,27,70,2.2,0'])[0]).toEqual([
      'good',
      '4.2',
      '',
      'no-forecast',
      'no-forecast',
    ])
    const hole = ['2026-07-01T08:00,27,70,2.2,0', '2026-07-01T20:00,27,70,2.2,0']
    expect(answers(hole)[0]?.[2]).toBe('')
    const blank = ['08', '09', '10'].map((hour) => `2026-07-01T${hour}:00,27,70,2.2,`)
    expect(answers(blank, { dry_h: '1' })[0]?.[2]).toBe('')
  })

  test('a calm is an inversion before sunrise and shortly after, and a calm by day', () => {
    const rows = ['05:00', '06:30', '12:00', '17:30', '21:00'].map((time) => `2026-07-01T${time},27,70,0.3,0`)
    for (const params of [{}, { lat: '11.1', lon: '108.1' }])
      expect(answers(rows, params).map((cells) => cells[3]?.split('=')[0])).toEqual([
        'inversion',
        'inversion',
        'wind-low',
        'inversion',
        'inversion',
      ])
  })

  test('a row without humidity is unknown, and is named', () => {
    const { csv, faults } = run(['2026-07-01T08:00,27,,2.2,0'])
    expect(csv).toContain('unknown,,,no-humidity no-forecast,gap')
    expect(faults[0]).toContain('line 2')
  })
})
