import { describe, expect, test } from 'vitest'
import { PatternFormat } from '../../../../agent/devices/lines/patterns/format.ts'
import type { Pattern, PatternValue } from '../../../../agent/devices/lines/patterns/pattern.ts'
import { said } from './said.ts'

const value = (
  from: number | string,
  quantity: PatternValue['quantity'],
  more: Partial<PatternValue> = {},
) => ({
  from,
  quantity,
  channel: '',
  scale: 1,
  offset: 0,
  ...more,
})
const pattern = (format: Pattern['format'], values: PatternValue[], more: Partial<Pattern> = {}) =>
  new PatternFormat('uno', {
    format,
    values,
    decimalComma: false,
    comments: ['#', ';', '//'],
    hasChecksum: false,
    ...more,
  })

describe('lines of columns', () => {
  const air = () => pattern('csv', [value(2, 'air-temperature'), value(3, 'air-humidity')])

  test.each<[string, string, Record<string, number>]>([
    ['plain', '12:00,23.5,60', { 'air-temperature': 23.5, 'air-humidity': 60 }],
    ['in quotes, with blanks', ' "12:00" , "23.5" , 60 ', { 'air-temperature': 23.5, 'air-humidity': 60 }],
    ['with units behind the numbers', 'a,23.5 *C,60%', { 'air-temperature': 23.5, 'air-humidity': 60 }],
    ['with more columns than wanted', 'a,-0.5,1e2,7,8', { 'air-temperature': -0.5, 'air-humidity': 100 }],
  ])('%s', (_what, line, values) => {
    expect(said(air(), line)).toMatchObject({ values, codes: [] })
  })

  test('columns that nobody named are counted', () => {
    expect(said(air(), 'a,23.5,60,7,8').ignoredFields).toBe(3)
  })

  test('comments, a line of titles and empty lines are skipped', () => {
    for (const line of ['# log v2', '; x', '// y', '', '  ', 'time,temp,hum'])
      expect(said(air(), line)).toMatchObject({ values: {}, codes: [], ignored: true })
  })

  test('a sensor that fails is a fault, its neighbour is kept', () => {
    expect(said(air(), 'a,nan,60')).toMatchObject({ values: { 'air-humidity': 60 }, codes: ['not-a-number'] })
    expect(said(air(), 'a,ERR,NaN').codes).toEqual(['not-a-number', 'not-a-number'])
    expect(said(air(), 'a,,60').codes).toEqual(['not-a-number'])
  })

  test('a line with too few columns gives nothing', () => {
    expect(said(air(), 'a,23.5')).toMatchObject({ values: {}, codes: ['line-format'] })
  })

  test('columns by their titles are read once the titles were heard, and again when they change places', () => {
    const titled = pattern('csv', [
      value('T1', 'soil-temperature', { channel: '10cm' }),
      value('RH', 'air-humidity'),
    ])
    expect(said(titled, '1,2,3').codes).toEqual(['no-titles'])
    expect(said(titled, 'RH,ms,T1').ignored).toBe(true)
    expect(said(titled, '60,999,24.5').values).toEqual({ 'soil-temperature 10cm': 24.5, 'air-humidity': 60 })
    said(titled, 'T1,RH')
    expect(said(titled, '25,61').values).toEqual({ 'soil-temperature 10cm': 25, 'air-humidity': 61 })
    titled.forget()
    expect(said(titled, '25,61').codes).toEqual(['no-titles'])
  })

  test('semicolons, decimal commas, tabs and blanks', () => {
    const de = pattern('csv', [value(1, 'air-temperature')], { separator: ';', decimalComma: true })
    expect(said(de, '23,5;60').values).toEqual({ 'air-temperature': 23.5 })
    expect(
      said(pattern('csv', [value(2, 'air-temperature')], { separator: '\t' }), 'a\t23.5').values,
    ).toEqual({ 'air-temperature': 23.5 })
    expect(
      said(pattern('csv', [value(2, 'air-temperature')], { separator: ' ' }), 'a   23.5 ').values,
    ).toEqual({ 'air-temperature': 23.5 })
  })

  test('units, scale and offset lead to the unit of the quantity', () => {
    const odd = pattern('csv', [
      value(1, 'air-temperature', { unit: 'F' }),
      value(2, 'air-pressure', { unit: 'kPa' }),
      value(3, 'rain', { unit: 'in', scale: 0.01 }),
      value(4, 'water-level', { unit: 'cm', scale: -1, offset: 250 }),
    ])
    expect(said(odd, '86,100.9,50,120').values).toEqual({
      'air-temperature': 30,
      'air-pressure': 1009,
      rain: 12.7,
      'water-level': 1.3,
    })
  })

  test('nodes behind one board are devices of their own', () => {
    const board = pattern('csv', [value(2, 'soil-moisture')], { node: 1 })
    const { readings } = board.decode(new TextEncoder().encode('n7,31.5'))
    expect(readings.map(({ device, value: moisture }) => [device, moisture])).toEqual([['uno/n7', 31.5]])
    expect(said(board, `${'x'.repeat(200)},31.5`).codes).toEqual(['device-name'])
    expect(said(board, ',31.5').codes).toEqual(['device-name'])
  })
})

describe('lines of keys and values', () => {
  const air = (more: Partial<Pattern> = {}) =>
    pattern('pairs', [value('T', 'air-temperature'), value('H', 'air-humidity')], more)

  test.each<[string, string, Partial<Pattern>]>([
    ['equals signs and blanks', 'T=27.4 H=81', {}],
    ['colons and commas', 'T:27.4,H:81', {}],
    ['blanks around the sign', 'T = 27.4; H = 81 %', {}],
    ['units behind, no separator to speak of', 'H: 81.0 %  T: 27.4 *C', {}],
    ['a degree sign', 'T=27.4°C|H=81%', {}],
    ['a separator that is given', 'T>27.4 C & H>81', { separator: '&', assign: '>' }],
    ['in braces', '{T:27.4,H:81}', {}],
  ])('%s', (_what, line, more) => {
    expect(said(air(more), line)).toMatchObject({
      values: { 'air-temperature': 27.4, 'air-humidity': 81 },
      codes: [],
    })
  })

  test('keys that nobody named are counted, keys that are missing are not', () => {
    expect(said(air(), 'T=27.4 V=3.3 up=12')).toMatchObject({
      values: { 'air-temperature': 27.4 },
      codes: [],
      ignoredFields: 2,
    })
    expect(said(air(), 'V=3.3')).toMatchObject({ ignored: true, ignoredFields: 1 })
  })

  test('two lines run together give the first value of each key', () => {
    expect(said(air(), 'T=27.4 H=81 T=99 H=1').values).toEqual({
      'air-temperature': 27.4,
      'air-humidity': 81,
    })
  })

  test('a line without any key is refused', () => {
    expect(said(air(), 'sensor ready').codes).toEqual(['line-format'])
  })

  test('a degree sign of an old sketch (one byte) is no noise', () => {
    expect(
      said(air(), Uint8Array.from([...'T=27.4 ', '\u00b0', ...'C H=81'].map((char) => char.charCodeAt(0))))
        .values,
    ).toEqual({ 'air-temperature': 27.4, 'air-humidity': 81 })
  })

  test('a switch may say ON', () => {
    const pump = pattern('pairs', [value('pump', 'switch')])
    expect(said(pump, 'pump=ON').values).toEqual({ switch: 1 })
    expect(said(pump, 'pump=off').values).toEqual({ switch: 0 })
  })

  test('with a checksum only lines that keep it count', () => {
    const sure = air({ hasChecksum: true })
    const body = 'T=27.4 H=81'
    const sum = [...body]
      .reduce((xor, char) => xor ^ char.charCodeAt(0), 0)
      .toString(16)
      .padStart(2, '0')
    expect(said(sure, `${body}*${sum}`).values).toEqual({ 'air-temperature': 27.4, 'air-humidity': 81 })
    expect(said(sure, `T=97.4 H=81*${sum}`).codes).toEqual(['checksum'])
    expect(said(sure, body).codes).toEqual(['checksum'])
  })
})

describe('lines of JSON', () => {
  const board = () =>
    pattern('json', [
      value('t', 'air-temperature'),
      value('/air/rh', 'air-humidity'),
      value('/soil/1', 'soil-moisture', { channel: '30cm' }),
      value('/a~1b/~0c', 'battery-voltage'),
    ])

  test('keys and pointers', () => {
    expect(said(board(), '{"t":27.4,"air":{"rh":"81"},"soil":[30.5,41],"a/b":{"~c":4.1},"up":7}')).toEqual({
      values: {
        'air-temperature': 27.4,
        'air-humidity': 81,
        'soil-moisture 30cm': 41,
        'battery-voltage': 4.1,
      },
      codes: [],
      ignored: false,
      ignoredFields: 2,
    })
  })

  test('null is a sensor that gives nothing', () => {
    expect(said(board(), '{"t":null,"air":{"rh":81}}')).toMatchObject({
      values: { 'air-humidity': 81 },
      codes: ['not-a-number'],
    })
  })

  test.each([
    ['a cut line', '{"t":27.4,"ai', 'not-json'],
    ['a bare number', '27.4', 'not-an-object'],
    ['too deep', `${'['.repeat(40)}${']'.repeat(40)}`, 'too-complex'],
    ['noise', '\u0000\u0001', 'garbage'],
  ])('%s is refused', (_what, line, code) => {
    expect(said(board(), line).codes).toEqual([code])
  })

  test('names of an object’s own parts are no keys', () => {
    expect(said(pattern('json', [value('/constructor/name', 'battery')]), '{"a":1}').ignored).toBe(true)
  })
})
