import { describe, expect, test } from 'vitest'
import { NmeaFormat } from '../../../../agent/devices/lines/nmea/format.ts'
import { said, sentence } from './said.ts'

const mast = new NmeaFormat({ device: 'mast' })
const fixed = new NmeaFormat({ device: 'mast', markDeg: 90 })

describe('a sentence of a weather station', () => {
  test.each<[string, string, Record<string, number>]>([
    ['wind as felt', 'WIMWV,214.8,R,3.6,K,A', { 'wind-direction relative': 214.8, 'wind-speed relative': 1 }],
    [
      'true wind from the bow',
      'IIMWV,045.0,T,010.0,N,A',
      { 'wind-direction from-mark': 45, 'wind-speed': 5.14444 },
    ],
    ['wind in m/s', 'WIMWV,0,T,4.2,M,A', { 'wind-direction from-mark': 0, 'wind-speed': 4.2 }],
    ['wind in miles an hour', 'WIMWV,0,T,10,S,A', { 'wind-direction from-mark': 0, 'wind-speed': 4.4704 }],
    ['wind by the compass', 'WIMWD,020.0,T,022.0,M,8.8,N,4.5,M', { 'wind-direction': 20, 'wind-speed': 4.5 }],
    [
      'wind by the compass in knots only',
      'IIMWD,289,T,,,20.0,N,,',
      { 'wind-direction': 289, 'wind-speed': 10.28888 },
    ],
    ['no more than magnetic direction', 'WIMWD,,,22.0,M,,,4.5,M', { 'wind-speed': 4.5 }],
    [
      'relative wind to the left',
      'IIVWR,037.0,L,8.4,N,4.3,M,15.6,K',
      { 'wind-direction relative': 323, 'wind-speed relative': 4.3 },
    ],
    [
      'true wind to the right',
      'IIVWT,042.0,R,10.1,N,,,18.0,K',
      { 'wind-direction from-mark': 42, 'wind-speed': 5.1958844 },
    ],
    [
      'everything at once',
      'WIMDA,29.4473,I,0.9972,B,17.2,C,16.1,C,40.2,9.1,12.1,C,19.3,T,20.1,M,13.1,N,6.7,M',
      {
        'air-pressure': 997.200127997,
        'air-temperature': 17.2,
        'water-temperature': 16.1,
        'air-humidity': 40.2,
        'dew-point': 12.1,
        'wind-direction': 19.3,
        'wind-speed': 6.7,
      },
    ],
    [
      'everything, mostly void',
      'WIMDA,,I,1.0111,B,26.1,C,,,,,,,,,,,,,,',
      { 'air-pressure': 1011.1, 'air-temperature': 26.1 },
    ],
    [
      'pressure that is impossible in inches',
      'WIMDA,3.02,I,1.01,B,23.4,C,,,40.2,,12.1,C,19.3,T,20.1,M,13.1,N,1.1,M',
      {
        'air-pressure': 1010,
        'air-temperature': 23.4,
        'air-humidity': 40.2,
        'dew-point': 12.1,
        'wind-direction': 19.3,
        'wind-speed': 1.1,
      },
    ],
    ['air temperature', 'WIMTA,-3.5,C', { 'air-temperature': -3.5 }],
    ['water temperature', 'YXMTW,24.25,C', { 'water-temperature': 24.25 }],
    ['humidity', 'WIMHU,66.0,5.0,12.0,C', { 'air-humidity': 66, 'dew-point': 12 }],
    ['barometer', 'WIMMB,29.92,I,1.0132,B', { 'air-pressure': 1013.2 }],
    [
      'transducers',
      'IIXDR,C,19.52,C,TempAir,P,1.02481,B,Barometer,H,67.3,P,RH',
      { 'air-temperature': 19.52, 'air-pressure': 1024.81, 'air-humidity': 67.3 },
    ],
    [
      'transducers of an Airmar',
      'YXXDR,C,28.1,C,WCHR,C,,C,WCHT,C,30.0,C,HINX,P,1.0146,B,STNP',
      { 'air-pressure': 1014.6 },
    ],
    [
      'transducers of a Vaisala: wind',
      'WIXDR,A,302,D,0,A,320,D,1,A,330,D,2,S,0.1,M,0,S,0.2,M,1,S,0.9,M,2',
      { 'wind-direction': 320, 'wind-speed': 0.2, 'wind-gust': 0.9 },
    ],
    [
      'transducers of a Vaisala: air',
      'WIXDR,C,23.3,C,0,H,50.1,P,0,P,1009.5,H,0',
      { 'air-temperature': 23.3, 'air-humidity': 50.1, 'air-pressure': 1009.5 },
    ],
    [
      'transducers of a Vaisala: rain',
      'WIXDR,V,0.02,I,0,Z,30,s,0,R,0.10,I,0,V,0.0,M,1',
      { rain: 0.508, 'rain-rate': 2.54 },
    ],
    [
      'transducers in pascal and °F',
      'WIXDR,P,100325,P,,C,86.0,F,AIR',
      { 'air-pressure': 1003.25, 'air-temperature': 30 },
    ],
    ['a voltage without a name', 'WIXDR,U,014.9,V,', { voltage: 14.9 }],
    ['a last name left out', 'WIXDR,C,022.0,C', { 'air-temperature': 22 }],
    [
      'soil, water and dew by name',
      'WIXDR,C,24,C,SOIL,C,22,C,WATER,C,20,C,DEWP',
      { 'soil-temperature': 24, 'water-temperature': 22, 'dew-point': 20 },
    ],
    ['pressure at sea level by name', 'WIXDR,P,1013,H,MSL', { 'air-pressure sea-level': 1013 }],
  ])('%s', (_what, body, values) => {
    expect(said(mast, sentence(body))).toMatchObject({ values, codes: [], ignored: false })
  })

  test('void fields are no values and no faults', () => {
    for (const body of [
      'WIMWV,,R,,M,A',
      'WIMWD,,,,,,,,',
      'WIMDA,,,,,,,,,,,,,,,,,,,',
      'YXMTW,,C',
      'YXXDR,C,,C,AIR',
    ])
      expect(said(mast, sentence(body))).toMatchObject({ values: {}, codes: [], ignored: true })
  })

  test('on a mast whose mark points east, wind from the mark is wind by the compass', () => {
    expect(said(fixed, sentence('WIMWV,300.0,R,3.6,K,A')).values).toEqual({
      'wind-direction': 30,
      'wind-speed': 1,
    })
    expect(said(fixed, sentence('WIMWV,000.0,T,2,M,A')).values).toEqual({
      'wind-direction': 90,
      'wind-speed': 2,
    })
    expect(said(fixed, sentence('WIMWD,020.0,T,,M,,N,4.5,M')).values).toEqual({
      'wind-direction': 20,
      'wind-speed': 4.5,
    })
  })

  test.each([
    ['a sensor that says its wind is not valid', sentence('WIMWV,010.0,R,3.0,M,V'), 'sentinel'],
    ['a wrong checksum', '$WIMWV,214.8,R,0.1,K,A*29', 'checksum'],
    ['no checksum', '$WIMWV,214.8,R,0.1,K,A', 'checksum'],
    ['a unit that nobody knows', sentence('WIMWV,214.8,R,0.1,X,A'), 'unit-unknown'],
    ['text where a number belongs', sentence('WIMTA,abc,C'), 'not-a-number'],
    ['a direction that there is not', sentence('WIMWD,999,T,,,,,,'), 'out-of-range'],
    ['neither relative nor true', sentence('WIMWV,214.8,Q,0.1,K,A'), 'line-format'],
    ['a cut list of transducers', sentence('WIXDR,C,23.3,C,0,H'), 'line-format'],
    ['no sentence at all', 'T=23.5', 'line-format'],
    ['noise', '\u0001\u0002', 'garbage'],
  ])('%s is refused', (_what, line, code) => {
    expect(said(mast, line).codes).toEqual([code])
  })

  test('a tag block before it, small hex letters and blanks around it change nothing', () => {
    expect(said(mast, ' \\s:mast,c:1670000000*5A\\$WIMWV,214.8,R,0.1,K,A*28 ').codes).toEqual([])
    expect(said(mast, '$WIMTA,17.2,C*2c').codes).toEqual(['checksum'])
    expect(
      said(mast, sentence('WIMTA,23.9,C').toLowerCase().replace('$wimta', '$WIMTA').replace(',c*', ',C*'))
        .values,
    ).toEqual({ 'air-temperature': 23.9 })
  })

  test('positions, depths and makers’ own sentences are left alone, and counted', () => {
    for (const body of [
      'GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,',
      'VWVHW,,T,,M,3.2,N,5.9,K',
      'PGILT,A,+31,D',
    ])
      expect(said(mast, sentence(body))).toMatchObject({ values: {}, codes: [], ignored: true })
    expect(said(mast, sentence('PGILT,A,+31,D')).ignoredFields).toBe(3)
  })

  test('without checksums it works where the config says so, and a wrong one is refused all the same', () => {
    const trusting = new NmeaFormat({ device: 'mast', needsChecksum: false })
    expect(said(trusting, '$WIMTA,23.9,C').values).toEqual({ 'air-temperature': 23.9 })
    expect(said(trusting, '$WIMTA,23.9,C*00').codes).toEqual(['checksum'])
  })
})
