import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compute, modelNames } from '../../agent/crop/compute.ts'
import { csvLine, readCsv } from '../../agent/crop/csv.ts'
import { dewPointC, saturationVapourPressureKpa, vapourPressureDeficitKpa } from '../../agent/crop/vpd.ts'

const airTempC = fc.double({ min: -40, max: 60, noNaN: true })
const humidityPct = fc.double({ min: 0, max: 100, noNaN: true })

describe('vapour pressure, against the figures printed in FAO-56', () => {
  // Annex 2, table 2.3, and worked examples 3 and 4.
  test.each([
    [1, 0.657],
    [5, 0.872],
    [10, 1.228],
    [15, 1.705],
    [18, 2.064],
    [19.5, 2.267],
    [20, 2.338],
    [24.5, 3.075],
    [25, 3.168],
    [30, 4.243],
  ])('at %d °C the air holds %d kPa', (temp, kPa) => {
    expect(saturationVapourPressureKpa(temp)).toBeCloseTo(kPa, 3)
  })

  test('example 5: between 18 and 25 °C at 68 % the actual pressure is 1.78 kPa, so the deficit is 0.84', () => {
    const mean = (saturationVapourPressureKpa(18) + saturationVapourPressureKpa(25)) / 2
    expect(0.68 * mean).toBeCloseTo(1.78, 2)
    expect(mean - 0.68 * mean).toBeCloseTo(0.84, 2)
  })

  test('at 30 °C and 70 % the deficit is 1.273 kPa', () => {
    expect(vapourPressureDeficitKpa(30, 70)).toBeCloseTo(1.273, 3)
  })
})

describe('vapour-pressure deficit and dew point', () => {
  test('the deficit is none in saturated air, the whole pressure in dry air, and falls as humidity rises', () => {
    fc.assert(
      fc.property(airTempC, humidityPct, humidityPct, (temp, a, b) => {
        expect(vapourPressureDeficitKpa(temp, 100)).toBe(0)
        expect(vapourPressureDeficitKpa(temp, 0)).toBe(saturationVapourPressureKpa(temp))
        const [dry, wet] = [Math.min(a, b), Math.max(a, b)]
        expect(vapourPressureDeficitKpa(temp, wet)).toBeLessThanOrEqual(vapourPressureDeficitKpa(temp, dry))
      }),
    )
  })

  test('at its dew point the air would be saturated', () => {
    fc.assert(
      fc.property(airTempC, fc.double({ min: 1, max: 100, noNaN: true }), (temp, humidity) => {
        const dew = dewPointC(temp, humidity)
        expect(dew).toBeLessThanOrEqual(temp + 1e-9)
        expect(saturationVapourPressureKpa(dew)).toBeCloseTo(
          saturationVapourPressureKpa(temp) * (humidity / 100),
          9,
        )
      }),
    )
  })

  test('a hygrometer that drifts a little above 100 % at night means saturated air', () => {
    expect(vapourPressureDeficitKpa(24, 103)).toBe(0)
    expect(dewPointC(24, 103)).toBeCloseTo(24, 9)
  })

  test.each([
    [Number.NaN, 50],
    [25, Number.NaN],
    [-41, 50],
    [85, 50],
    [25, -1],
    [25, 106],
    [Number.POSITIVE_INFINITY, 50],
  ])('is not a number at %d °C and %d %%', (temp, humidity) => {
    expect(vapourPressureDeficitKpa(temp, humidity)).toBeNaN()
    expect(dewPointC(temp, humidity)).toBeNaN()
  })

  test('air without any water has no dew point', () => {
    expect(dewPointC(25, 0)).toBeNaN()
  })
})

describe('compute', () => {
  test('adds vpdKpa, in kPa, to the end of each row', () => {
    expect(compute('vpd', 'time,airTempC,humidityPct\n10:00,30,70\n11:00,20,50\n')).toEqual({
      csv: 'time,airTempC,humidityPct,vpdKpa\n10:00,30,70,1.273\n11:00,20,50,1.169\n',
      faults: [],
    })
  })

  test('adds dewPointC, in °C', () => {
    expect(compute('dew-point', 'airTempC,humidityPct\n25,60\n').csv).toBe(
      'airTempC,humidityPct,dewPointC\n25,60,16.70\n',
    )
  })

  test('takes columns in any order, under the names of others, and never takes t for a temperature', () => {
    for (const header of [
      'rh,t,T,temperature',
      'Humidity (%),t,T,Air temperature (°C)',
      'độ ẩm,t,T,Nhiệt độ',
      'air_humidity,t,T,air_temp',
    ])
      expect(compute('vpd', `${header}\n70,1790000000000,9,30\n`).csv, header).toContain(',9,30,1.273')
  })

  test('takes T for a temperature only when nothing is named better', () => {
    expect(compute('vpd', 't,T,RH\n1790000000000,30,70\n').csv).toContain(',30,70,1.273')
    expect(() => compute('vpd', 't,RH\n30,70\n')).toThrow()
  })

  test('takes our own name before a name of others', () => {
    expect(compute('vpd', 'temperature,rh,airTempC,humidityPct\n1,2,30,70\n').csv).toContain('30,70,1.273')
  })

  test('refuses degrees Fahrenheit rather than taking them for Celsius', () => {
    expect(() => compute('vpd', 'Temperature (°F),rh\n86,70\n')).toThrow(
      expect.objectContaining({ code: 'input-invalid' }),
    )
  })

  test('takes a byte order mark, CRLF, CR, quotes, spaces and blank lines', () => {
    for (const csv of [
      '\uFEFFairTempC,humidityPct\r\n30,70\r\n',
      'airTempC,humidityPct\r30,70',
      '"airTempC","humidityPct"\n"30","70"\n\n',
      ' airTempC , humidityPct \n 30 , 70 \n   \n',
      'airTempC,humidityPct\n30.0,+7.0e1',
    ])
      expect(compute('vpd', csv).csv, JSON.stringify(csv)).toMatch(/70"?|7\.0e1/)
    for (const csv of ['\uFEFFairTempC,humidityPct\r\n30,70\r\n', '"airTempC",humidityPct\n"30",70'])
      expect(compute('vpd', csv).csv).toBe('airTempC,humidityPct,vpdKpa\n30,70,1.273\n')
  })

  test('takes what a Vietnamese spreadsheet writes: semicolons and decimal commas, and answers in kind', () => {
    expect(compute('vpd', 'Nhiệt độ (°C);Độ ẩm (%)\n30,0;70\n20;50,0\n')).toEqual({
      csv: 'Nhiệt độ (°C);Độ ẩm (%);vpdKpa\n30,0;70;1,273\n20;50,0;1,169\n',
      faults: [],
    })
    expect(compute('vpd', 'temp,rh\n"30,0",70\n').csv).toBe('temp,rh,vpdKpa\n"30,0",70,"1,273"\n')
  })

  test('keeps quoted cells with separators, quotes and line breaks as they were', () => {
    const note = '"lô ""A"", sau mưa\nướt"'
    expect(compute('vpd', `note,airTempC,humidityPct\n${note},30,70\n`).csv).toBe(
      `note,airTempC,humidityPct,vpdKpa\n${note},30,70,1.273\n`,
    )
  })

  test('a first cell that is empty does not shift the row', () => {
    expect(compute('vpd', 'note,airTempC,humidityPct\n,30,70\n').csv).toContain('\n,30,70,1.273\n')
  })

  test('a row that can’t be computed keeps its cells, gets empty results under the right name, and is named by its line', () => {
    const csv =
      'time,airTempC,humidityPct,note\n1,30,70,a\n2,,70,b\n3,x,70\n4\n5,30,200,c\n6,0x1E,70,d\n7,30,70,e,f\n'
    const { csv: out, faults } = compute('vpd', csv)
    expect(out.trimEnd().split('\n')).toEqual([
      'time,airTempC,humidityPct,note,vpdKpa',
      '1,30,70,a,1.273',
      '2,,70,b,',
      '3,x,70,,',
      '4,,,,',
      '5,30,200,c,',
      '6,0x1E,70,d,',
      '7,30,70,e,,f',
    ])
    expect(faults).toEqual([
      'line 3: airTempC= humidityPct=70',
      'line 4: airTempC=x humidityPct=70',
      'line 5: airTempC= humidityPct=',
      'line 6: airTempC=30 humidityPct=200',
      'line 7: airTempC=0x1E humidityPct=70',
      'line 8: has 5 cells where the header has 4',
    ])
  })

  test('names the line where a row begins, though a cell before it held line breaks', () => {
    expect(compute('vpd', 'note,airTempC,humidityPct\n"a\nb",30,70\nc,,70\n').faults).toEqual([
      'line 4: airTempC= humidityPct=70',
    ])
  })

  test('a header alone stays a header', () => {
    expect(compute('vpd', 'rh,temp\n')).toEqual({ csv: 'rh,temp,vpdKpa\n', faults: [] })
  })

  test('says which models and columns there are', () => {
    expect(modelNames()).toEqual(expect.arrayContaining(['vpd', 'dew-point']))
    for (const [model, csv] of [
      ['eto', 'a\n'],
      ['constructor', 'a\n'],
      ['vpd', ''],
      ['vpd', 'airTempC\n30\n'],
      ['vpd', 'airTempC,rh,vpdKpa\n'],
    ] as const)
      expect(() => compute(model, csv)).toThrow(expect.objectContaining({ code: 'input-invalid' }))
  })

  test('never writes minus nothing', () => {
    expect(compute('dew-point', 'temp,rh\n-0.001,100\n').csv).toContain(',0.00\n')
  })
})

test('any table comes back from what is written of it', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', ' ', '"', ',', ';', '\t', '\n', '\r', 'ộ') })
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { maxLength: 5 }), (rows) => {
      const header = ['x', 'y', 'z']
      const text = [header, ...rows].map((cells) => csvLine(cells, ',')).join('\r\n')
      const read = readCsv(text)
      expect([read.header, ...read.rows.map((row) => row.cells)]).toEqual([header, ...rows])
    }),
    { numRuns: 1000 },
  )
})
