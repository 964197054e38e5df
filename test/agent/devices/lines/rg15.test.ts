import { describe, expect, test } from 'vitest'
import { Rg15Format } from '../../../../agent/devices/lines/rg15/format.ts'
import { said } from './said.ts'

const gauge = () => new Rg15Format('rain')

describe('an RG-15', () => {
  test.each<[string, string, Record<string, number>]>([
    [
      'inches',
      'Acc 0.001 in, EventAcc 0.010 in, TotalAcc 1.500 in, RInt 0.100 iph',
      { rain: 38.1, 'rain-rate': 2.54 },
    ],
    [
      'millimetres, columns lined up',
      'Acc  0.20 mm, EventAcc  1.00 mm, TotalAcc 12.40 mm, RInt  6.00 mmph',
      { rain: 12.4, 'rain-rate': 6 },
    ],
    [
      'low resolution',
      'Acc 0.2 mm, EventAcc 0.8 mm, TotalAcc 12 mm, RInt 0 mmph',
      { rain: 12, 'rain-rate': 0 },
    ],
    [
      'with an external bucket',
      'Acc 0.00 mm, EventAcc 0.00 mm, TotalAcc 3.00 mm, RInt 0.00 mmph, XTBTips 0, XTBEventAcc 0.00 mm, XTBInt 0.00 mmph',
      { rain: 3, 'rain-rate': 0 },
    ],
    ['the total only', 'TotalAcc 0.02 in', { rain: 0.508 }],
    [
      'small letters',
      'acc 0.0 mm, eventacc 0.0 mm, totalacc 0.4 mm, rint 0.0 mmph',
      { rain: 0.4, 'rain-rate': 0 },
    ],
  ])('%s', (_what, line, values) => {
    expect(said(gauge(), line)).toMatchObject({ values, codes: [], ignored: false })
  })

  test.each([
    [
      'a dirty lens',
      'Acc 0.00 mm, EventAcc 0.00 mm, TotalAcc 1.00 mm, RInt 0.00 mmph, LensBad',
      ['lens-dirty'],
      1,
    ],
    [
      'a blinded lens',
      'Acc 0.00 mm, EventAcc 0.00 mm, TotalAcc 1.00 mm, RInt 0.00 mmph, LensBad, EmSat',
      ['lens-dirty', 'lens-blinded'],
      1,
    ],
    ['a reset', 'Reset N', ['restarted'], undefined],
    ['a unit that is none', 'TotalAcc 1.00 ft, RInt 0.00 mmph', ['unit-unknown'], undefined],
    ['a rate in the unit of a height', 'TotalAcc 1.00 mm, RInt 0.00 mm', ['unit-unknown'], 1],
    ['a number that is none', 'TotalAcc 1.0.0 mm', ['not-a-number'], undefined],
    ['something else', '$WIMTA,17.2,C*3B', ['line-format'], undefined],
    ['a sentence', 'hello farm, how are you', ['line-format'], undefined],
  ])('%s is a fault, and what is good beside it is kept', (_what, line, codes, rain) => {
    const { codes: found, values } = said(gauge(), line)
    expect(found).toEqual(codes)
    expect(values['rain']).toBe(rain)
  })

  test('its greeting, comments and commands said back are no faults', () => {
    for (const line of ['; Hydreon RG-15', ';', 'SW 1.000 2019.07.09', 'p', 'H', 'PwrDays 12', 'Acc 0.00 mm'])
      expect(said(gauge(), line)).toMatchObject({ values: {}, codes: [], ignored: true })
  })

  test('days with power that went back are a restart', () => {
    const rain = gauge()
    expect(said(rain, 'PwrDays 12').codes).toEqual([])
    expect(said(rain, 'PwrDays 13').codes).toEqual([])
    expect(said(rain, 'PwrDays 0').codes).toEqual(['restarted'])
    expect(said(rain, 'PwrDays 1').codes).toEqual([])
  })
})
