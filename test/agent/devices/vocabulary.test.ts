import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { keyOf, wordsOf } from '../../../agent/devices/vocabulary/name-words.ts'
import { NAMES_FILE, readNames } from '../../../agent/devices/vocabulary/names-file.ts'
import { readingsFromObject } from '../../../agent/devices/vocabulary/readings-from-object.ts'
import { standardVocabulary, vocabularyWith } from '../../../agent/devices/vocabulary/vocabulary.ts'

const vocabulary = standardVocabulary()
const found = (object: unknown) => readingsFromObject(object, 'd', vocabulary)
const said = (object: unknown) =>
  found(object).readings.map(
    ({ quantity, channel, value }) => `${quantity}${channel === '' ? '' : `@${channel}`} ${value}`,
  )

describe('a name', () => {
  test.each([
    ['TempC_SHT', 'temp c sht'],
    ['soil_moisture_1', 'soil moisture 1'],
    ['PM2_5', 'pm 2 5'],
    ['soilPH', 'soil ph'],
    ['pH', 'ph'],
    ['TempC_DS18B20', 'temp c ds18b20'],
    ['batteryVoltage', 'battery voltage'],
    ['Độ ẩm đất', 'do am dat'],
  ])('%s has the words "%s"', (name, words) => {
    expect(wordsOf(name, new Set(['ds18b20', 'sht'])).join(' ')).toBe(words)
  })

  test('PM1.0 is not PM10', () => {
    expect(keyOf(wordsOf('PM1_0'))).not.toBe(keyOf(wordsOf('PM10')))
  })

  test.each([
    ['TempC_SHT', 25.1, 'air-temperature@sht 25.1'],
    ['TempC1', 0, 'air-temperature@1 0'],
    ['Hum_SHT', 43.5, 'air-humidity@sht 43.5'],
    ['temp_SOIL', '24.59', 'soil-temperature 24.59'],
    ['water_SOIL', '19.57', 'soil-moisture 19.57'],
    ['conduct_SOIL', 28200, 'soil-conductivity 28200'],
    ['PH1_SOIL', '5.96', 'soil-ph@1 5.96'],
    ['BatV', 3.36, 'battery-voltage 3.36'],
    ['Bat_mV', 3100, 'battery-voltage 3.1'],
    ['batteryVoltage', 3600, 'battery-voltage 3.6'],
    ['battery', 100, 'battery 100'],
    ['battery', 3.6, 'battery-voltage 3.6'],
    ['humidity', 60, 'air-humidity 60'],
    ['soil_moisture_1', 31, 'soil-moisture@1 31'],
    ['soil_moisture_10cm', 31, 'soil-moisture@10cm 31'],
    ['leaf_wetness_index', 0.25, 'leaf-wetness 25'],
    ['air_temperature', 21, 'air-temperature 21'],
    ['temperature_f', 77, 'air-temperature 25'],
    ['pressure', 1007.3, 'air-pressure 1007.3'],
    ['pressure', 100730, 'air-pressure 1007.3'],
    ['barometric_pressure_3', 100.73, 'air-pressure@3 1007.3'],
    ['illuminance', 39, 'light 39'],
    ['Lux', '120', 'light 120'],
    ['CO2_ppm', 523, 'carbon-dioxide 523'],
    ['PM2_5', 12, 'fine-dust-2-5 12'],
    ['vwc', 0.31, 'soil-moisture 31'],
    ['vwc', 31, 'soil-moisture 31'],
    ['water_level_cm', 120, 'water-level 1.2'],
    ['windSpeed_kmh', 36, 'wind-speed 10'],
    ['WaterLeak_1', 'Leak', 'water-leak@1 1'],
    ['DOOR_OPEN_STATUS', 0, 'contact 1'],
    ['door', 'open', 'contact 0'],
    ['motion', true, 'occupancy 1'],
    ['wind_direction', 'SW', 'wind-direction 225'],
    ['temperature', '25.3 °C', 'air-temperature 25.3'],
    ['nhiệt độ đất', 27, 'soil-temperature 27'],
  ])('%s: %j is %s', (name, value, expected) => {
    expect(said({ [name]: value })).toEqual([expected])
  })

  test.each([
    ['a battery of 3 is volts or per cent', { battery: 3 }],
    ['pH of nobody knows what', { pH: 6.5 }],
    ['conductivity of nobody knows what', { conductivity: 850 }],
    ['a level without a unit', { water_level: 120 }],
    ['a pressure that no air has', { pressure: 2.4 }],
    ['a limit', { temperature_alarm_limit: 30, humidityMax: 90, TempChange: 0.5 }],
    ['the chip', { boardTemperature: 41, temperatureBoard: 20, cpu_temp: 55, device_temperature: 30 }],
    ['settings', { config: { temperature: 5 }, thresholds: { humidity: 80 } }],
    ['nothing said', { temperature: null, humidity: 'N/A', battery: '', co2: 'NoSensor', light: Number.NaN }],
    ['a pulse count', { pulse_count: 4, rain_count: 7 }],
    ['an energy without a unit', { energy: 512 }],
  ])('%s gives nothing and counts as ignored', (_what, object) => {
    const { readings, errors, ignoredFields } = found(object)
    expect([readings, errors]).toEqual([[], []])
    expect(ignoredFields).toBeGreaterThan(0)
  })
})

describe('company', () => {
  test('a temperature beside soil moisture is that of the soil, beside humidity that of the air', () => {
    expect(said({ moisture: 40, temperature: 21 })).toEqual(['soil-moisture 40', 'soil-temperature 21'])
    expect(said({ moisture: 40, temperature: 21, humidity: 60 })).toContain('air-temperature 21')
  })

  test('one beside a temperature of the soil is not', () => {
    expect(said({ temp_SOIL: 24, TempC_DS18B20: 30 })).toEqual([
      'soil-temperature 24',
      'air-temperature@ds18b20 30',
    ])
  })

  test('conductivity and temperature beside depth or turbidity are those of water', () => {
    expect(
      said({ water_depth: { value: 4232, unit: 'mm' }, electrical_conductivity: 100, temperature: 12.9 }),
    ).toEqual(['water-level 4.232', 'water-conductivity 100', 'water-temperature 12.9'])
    expect(said({ turbidity_in_ntu: 3, temperature: 21 })).toEqual(['water-temperature 21'])
  })

  test('a voltage beside power is that of the line', () => {
    expect(said({ voltage: 231, power: 50 })).toEqual(['power 50', 'voltage 231'])
    expect(said({ voltage: 3.1 })).toEqual(['battery-voltage 3.1'])
  })
})

describe('shapes', () => {
  test('value and unit under a name, in whatever spelling', () => {
    expect(
      said({
        volumetric_water_content: { displayName: 'VWC', value: 0.0019605, unit: 'm³⋅m⁻³' },
        barometric_pressure: { value: 96800, unit: 'Pa' },
        solar_radiation: { value: 48, unit: 'W⋅m⁻²' },
        electrical_conductivity: { value: 0.5, unit: 'mS⋅cm⁻¹' },
        soil_temperature: { value: 68, unit: 'degF' },
      }),
    ).toEqual([
      'soil-moisture 0.19605',
      'air-pressure 968',
      'solar-radiation 48',
      'soil-temperature 20',
      'soil-conductivity 500',
    ])
  })

  test('a kind with numbered channels (Cayenne)', () => {
    expect(
      said({ temperatureSensor: { 1: 22.5, 2: 23 }, humiditySensor: { 3: 41 }, analogInput: { 4: 3.3 } }),
    ).toEqual(['air-humidity@3 41', 'air-temperature@1 22.5', 'air-temperature@2 23'])
  })

  test('objects in objects: those that only wrap are looked through, the others say where', () => {
    expect(
      said({ data: { soil: { moisture: 31, temperature: 24 }, greenhouse: { temperature: 30 } } }),
    ).toEqual(['soil-moisture 31', 'soil-temperature 24', 'air-temperature@greenhouse 30'])
  })

  test('a list of named measurements', () => {
    expect(
      said({ messages: [{ type: 'report_telemetry', measurementId: 4097, measurementValue: 21.4 }] }),
    ).toEqual(['air-temperature 21.4'])
    expect(
      said([
        { n: 'temperature', u: 'Cel', v: 23.1 },
        { n: 'humidity', u: '%RH', v: 60 },
      ]),
    ).toEqual(['air-humidity 60', 'air-temperature 23.1'])
  })

  test('a list of probes is numbered, or named by its depth', () => {
    expect(said({ soil_moisture: [30, 31] })).toEqual(['soil-moisture@1 30', 'soil-moisture@2 31'])
    expect(
      said({
        probes: [
          { depth: 10, moisture: 30 },
          { depth: 30, moisture: 33 },
        ],
      }),
    ).toEqual(['soil-moisture@10 30', 'soil-moisture@30 33'])
  })

  test('a list of moments keeps their times, and without times is not put into one moment', () => {
    const times = ['2026-02-02T09:00:00Z', '2026-02-02T09:10:00Z']
    const list = times.map((time, at) => ({ time, temperature: 20 + at }))
    expect(
      found({ readings: list }).readings.map(({ value, sourceTimeMs }) => [value, sourceTimeMs]),
    ).toEqual([
      [20, Date.parse(times[0]!)],
      [21, Date.parse(times[1]!)],
    ])
    expect(found({ readings: [{ temperature: 20 }, { temperature: 21 }] })).toMatchObject({
      readings: [],
      ignoredFields: 2,
    })
  })

  test('lowest and highest are left, what it is now is taken', () => {
    expect(said({ temperature: { min: 10, max: 30, current: 21 } })).toEqual(['air-temperature 21'])
  })

  test('one value under two names is one reading', () => {
    expect(said({ tempC: 25, tempF: 77 })).toEqual(['air-temperature 25'])
  })

  test('text where a number belongs is an error that names the field', () => {
    expect(found({ humidity: 'wet?!' }).errors).toEqual([
      { code: 'not-a-number', detail: 'humidity: "wet?!"' },
    ])
  })

  test.each([[null], [7], ['x'], [[]], [{}], [true]])('%j is nothing', (object) => {
    expect(found(object).readings).toEqual([])
  })

  test('a bomb of fields is cut and said', () => {
    const wide = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`temperature_${at}`, at]))
    const { readings, errors } = found(wide)
    expect(readings.length).toBe(200)
    expect(errors.map(({ code }) => code)).toContain('too-many-values')
  })
})

describe('the file of names', () => {
  test('every unit in it is one that its quantity can be turned from', () => {
    for (const { quantity, unit, guesses, means } of readNames(NAMES_FILE).fields)
      for (const each of quantity ? [{ quantity, unit, guesses }] : means)
        for (const spelled of [each.unit, ...(each.guesses ?? []).map((guess) => guess.unit)])
          if (spelled !== undefined)
            expect(
              vocabulary.units.convert(1, spelled, QUANTITIES[each.quantity].unit),
              `${each.quantity} ${spelled}`,
            ).toBeDefined()
  })

  test('no name stands twice', () => {
    const names = readNames(NAMES_FILE).fields.flatMap(({ names, opposite }) => [...names, ...opposite])
    const keys = names.map((name) => keyOf(wordsOf(name)))
    expect(names.filter((_name, at) => keys.indexOf(keys[at]!) !== at)).toEqual([])
  })

  const folder = mkdtempSync(join(tmpdir(), 'vuon-names-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test("a farm's own names go before ours", () => {
    const file = join(folder, 'farm.yaml')
    writeFileSync(
      file,
      'fields:\n  - {quantity: soil-moisture, unit: "%", names: [ẩm luống, humidity]}\nignore: [pressure]\nunits: {"°C": [độ]}\n',
    )
    const own = vocabularyWith(file)
    const object = { humidity: 31, 'am luong_2': 40, pressure: 1004, temp: { value: 21, unit: 'độ' } }
    expect(
      readingsFromObject(object, 'd', own).readings.map(({ quantity, channel, value }) => [
        quantity,
        channel,
        value,
      ]),
    ).toEqual([
      ['soil-moisture', '', 31],
      ['soil-moisture', '2', 40],
      ['soil-temperature', '', 21],
    ])
  })

  test('a mistake in it is named with its line', () => {
    const file = join(folder, 'wrong.yaml')
    writeFileSync(file, 'fields:\n  - {quantity: soil-moistur, names: [x]}\n')
    expect(() => vocabularyWith(file)).toThrow(/wrong\.yaml:2:.*soil-moistur/)
  })
})
