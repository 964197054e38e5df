import { spawn } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addDays,
  dateAt,
  dayMs,
  dayOfYear,
  dayOfYearAt,
  daysBetween,
  momentMs,
} from '../../../agent/crop/calendar.ts'
import { compute } from '../../../agent/crop/compute.ts'
import { csvLine, readCsv } from '../../../agent/crop/csv.ts'
import { modelFacts, modelHelp, modelList } from '../../../agent/crop/describe-model.ts'
import type { CropModel } from '../../../agent/crop/model.ts'
import { MODELS } from '../../../agent/crop/models.ts'

const PLACE = { lat: '11.1', elev_m: '20' }
const DAYS = 'date,tmax_c,tmin_c\n2026-07-01,33,25\n'

/** The hint of what is refused, and that it is wrong use. */
function refusal(run: () => unknown): { message: string; hint: string } {
  try {
    run()
  } catch (error) {
    expect(error).toMatchObject({ code: 'input-invalid' })
    return error as { message: string; hint: string }
  }
  throw new Error('was not refused')
}

describe('a header in snake_case', () => {
  test('is answered in snake_case, with quality', () => {
    expect(compute('vpd', 'tmean_c,rh_pct\n30,70\n').csv).toBe(
      'tmean_c,rh_pct,vpd_kpa,quality\n30,70,1.273,ok\n',
    )
    expect(compute('dew-point', 'temp_c,rh_pct\n25,60\n').csv).toBe(
      'temp_c,rh_pct,tdew_c,quality\n25,60,16.70,ok\n',
    )
  })

  test('keeps the quality of the table before, and names ours after the model', () => {
    expect(compute('dew-point', compute('vpd', 'temp_c,rh_pct\n30,70\n').csv).csv).toBe(
      'temp_c,rh_pct,vpd_kpa,quality,tdew_c,quality_dew_point\n30,70,1.273,ok,23.92,ok\n',
    )
  })

  test('with a column twice is refused', () => {
    expect(refusal(() => compute('vpd', 'temp_c,rh_pct,temp_c\n30,70,31\n')).message).toContain(
      'temp_c twice',
    )
  })

  test('that lacks a column says which, and what it has', () => {
    const { message, hint } = refusal(() => compute('et0-daily', 'date,tmax_c\n2026-07-01,33\n', PLACE))
    expect(message).toContain('tmin_c')
    expect(hint).toContain('date, tmax_c')
    expect(
      refusal(() =>
        compute('et0-hourly', 'time,tmean_c,rs_mjm2\n2026-07-01T13:00,30,2\n', { ...PLACE, lon: '108' }),
      ).message,
    ).toContain('ea_kpa, tdew_c, rh_pct')
  })
})

describe('a value', () => {
  test('that can not be is a gap, and is named with line and column', () => {
    const { csv, faults } = compute('vpd', 'temp_c,rh_pct\n30,200\nhot,70\n31,70\n')
    expect(csv).toBe('temp_c,rh_pct,vpd_kpa,quality\n30,200,,gap\nhot,70,,gap\n31,70,1.348,ok\n')
    expect(faults).toEqual([
      'line 2: not computed: temp_c=30 rh_pct=200 (rh_pct=200 is not within 0 to 105)',
      'line 3: not computed: temp_c=hot rh_pct=70 (temp_c=hot is no number)',
    ])
  })

  test('for which something stands in is named too', () => {
    const { csv, faults } = compute(
      'et0-daily',
      'date,tmax_c,tmin_c,rh_pct,wind_ms\n2026-07-01,33,25,700,2\n',
      PLACE,
    )
    expect(csv).toContain(',ea-from-tmin rs-from-temperature')
    expect(faults).toEqual(['line 2: rh_pct=700 is not within 0 to 105: taken as a gap'])
  })

  test('with a decimal comma is read, and answered in kind', () => {
    expect(compute('vpd', 'temp_c;rh_pct\n30,5;70\n31;70\n').csv).toBe(
      'temp_c;rh_pct;vpd_kpa;quality\n30,5;70;1,310;ok\n31;70;1,348;ok\n',
    )
  })

  test('in a row with a cell too many is not trusted: a decimal comma shifts the rest', () => {
    const { csv, faults } = compute('vpd', 'temp_c,rh_pct\n30,5,70\n')
    expect(csv).toContain('30,5,,gap,70\n')
    expect(faults).toEqual(['line 2: has 3 cells where the header has 2'])
  })
})

describe('dates and times', () => {
  const daily = (...dates: string[]) =>
    compute('et0-daily', `date,tmax_c,tmin_c\n${dates.map((date) => `${date},33,25\n`).join('')}`, PLACE)
  const hourly = (...times: string[]) =>
    compute(
      'et0-hourly',
      `time,tmean_c,rh_pct,rs_mjm2,wind_ms\n${times.map((time) => `${time},30,70,2,2\n`).join('')}`,
      { ...PLACE, lon: '108.1' },
    )

  test('with the day first are refused, and the hint says how to write them', () => {
    const { message, hint } = refusal(() => daily('01/07/2026'))
    expect(message).toContain('Line 2')
    expect(hint).toContain('YYYY-MM-DD')
  })

  test.each(['', '2026-02-30', '2026-7-1', '1026-07-01', 'today', '2026-07-01T00:00'])(
    '%j is no date',
    (date) => {
      expect(refusal(() => daily('2026-01-01', date)).message).toContain('Line 3')
    },
  )

  test('that stand twice or fall are refused, and the hint says what to do', () => {
    expect(refusal(() => daily('2026-07-01', '2026-07-01')).message).toContain('twice')
    expect(refusal(() => daily('2026-07-02', '2026-07-01')).hint).toContain('Sort')
    expect(refusal(() => hourly('2026-07-01T10:00', '2026-07-01T10:10')).hint).toContain('hour')
  })

  test('of hours may state their zone or leave it to utc_offset_h', () => {
    const [local, stated, utc] = ['2026-07-01T13:00', '2026-07-01 13:00:00+07:00', '2026-07-01T06:00Z'].map(
      (time) => hourly(time).csv.split('\n')[1]?.split(',').slice(5).join(),
    )
    expect(stated).toBe(local)
    expect(utc).toBe(local)
  })

  test.each([
    ['2026-07-01T13:00', '2026-07-01T06:00:00.000Z'],
    ['2026-07-01 13:00:30', '2026-07-01T06:00:30.000Z'],
    ['2026-07-01T13:00:30.25+0000', '2026-07-01T13:00:30.250Z'],
    ['2026-07-01T24:00', '2026-07-01T17:00:00.000Z'],
    ['2026-07-01T13:00-02', '2026-07-01T15:00:00.000Z'],
  ])('%s is %s', (text, utc) => {
    expect(new Date(momentMs(text, 7)).toISOString()).toBe(utc)
  })

  test.each([
    '2026-07-01',
    '13:00',
    '2026-07-01T25:00',
    '2026-07-01T13:60',
    '2026-07-01T24:01',
    '1782000000',
  ])('%s is no time', (text) => {
    expect(momentMs(text, 7)).toBeNaN()
  })

  test('every day of the calendar comes back from its milliseconds, and the day after is a day later', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: dayMs('1901-01-01') / 86_400_000, max: dayMs('2199-12-30') / 86_400_000 }),
        (day) => {
          const date = dateAt(day * 86_400_000)
          expect(dayMs(date)).toBe(day * 86_400_000)
          expect(daysBetween(date, addDays(date, 1))).toBe(1)
          const next = dayOfYear(addDays(date, 1))
          expect(dayOfYearAt(dayMs(date) + 3_600_000 * 16.9, 7)).toBe(dayOfYear(date))
          expect(dayOfYearAt(dayMs(date) + 3_600_000 * 17, 7)).toBe(next)
          expect(next === dayOfYear(date) + 1 || next === 1).toBe(true)
        },
      ),
    )
  })
})

describe('params', () => {
  test.each([
    [{ lat: '11.1' }, 'elev_m'],
    [{ ...PLACE, latitude: '11' }, 'latitude'],
    [{ ...PLACE, constructor: '1' }, 'constructor'],
    [{ ...PLACE, lat: '110' }, '110'],
    [{ ...PLACE, lat: '11°' }, '11°'],
    [{ ...PLACE, method: 'penman' }, 'penman'],
  ])('%j is refused', (params, what) => {
    const { message, hint } = refusal(() => compute('et0-daily', DAYS, params))
    expect(message).toContain(what)
    expect(hint.length).toBeGreaterThan(10)
  })

  test('the hint says what would be right', () => {
    expect(refusal(() => compute('et0-daily', DAYS, { lat: '11.1' })).hint).toContain('--param elev_m=')
    expect(refusal(() => compute('et0-daily', DAYS, { ...PLACE, method: 'x' })).hint).toContain(
      'fao56 or asce',
    )
    expect(refusal(() => compute('et0-daily', DAYS, { ...PLACE, lat: '99' })).hint).toContain('-66 to 66')
  })

  test('take a decimal comma', () => {
    expect(compute('et0-daily', DAYS, { lat: '11,1', elev_m: '20' }).csv).toBe(
      compute('et0-daily', DAYS, PLACE).csv,
    )
  })
})

test('a quote that never ends is refused with its line, rather than swallowing the table', () => {
  expect(refusal(() => compute('vpd', 'note,temp_c,rh_pct\n"a,30,70\nb,31,70\n')).message).toContain('Line 2')
})

describe('every model', () => {
  test('has a name, columns, params and outputs that follow the house’s rules', () => {
    expect(new Set(MODELS.map(({ name }) => name)).size).toBe(MODELS.length)
    for (const { name, summary, source, params, columns, oneOf = [], outputs, givesOwnRows } of MODELS) {
      expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      expect(summary.vi.length * summary.en.length * source.length, name).toBeGreaterThan(0)
      const inputs = columns.map((column) => column.name)
      const words = [...inputs, ...params.map((param) => param.name), ...outputs.map((output) => output.name)]
      for (const word of words) expect(word, name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/)
      expect(new Set(inputs).size, name).toBe(inputs.length)
      expect(
        outputs.filter((output) => !givesOwnRows && inputs.includes(output.name)),
        `${name} writes what it reads`,
      ).toEqual([])
      for (const group of oneOf) expect(inputs, name).toEqual(expect.arrayContaining([...group]))
      for (const { min, max } of columns) expect(min, name).toBeLessThan(max)
    }
  })

  test('is in the list, in Vietnamese and English, and has a help that names all that it reads and gives', () => {
    const list = modelList(MODELS)
    for (const model of MODELS) {
      expect(list).toContain(model.summary.vi)
      expect(list).toContain(model.summary.en)
      const help = modelHelp(model)
      for (const { name } of [...model.params, ...model.columns, ...model.outputs])
        expect(help).toContain(name)
      expect(help).toContain(`vuon-agent compute ${model.name}`)
      expect(JSON.parse(JSON.stringify(modelFacts(model)))).toMatchObject({ name: model.name })
    }
  })
})

describe('any table', () => {
  const stampOf = (step: CropModel['step'], firstDay: string, row: number): string => {
    if (step === 'row') return 'a'
    if (step === 'day') return addDays(firstDay, row)
    return `${addDays(firstDay, Math.floor(row / 24))}T${String(row % 24).padStart(2, '0')}:00`
  }
  /** Those of the example in the help, which has to run as it stands. */
  const paramsOf = ({ example = '' }: CropModel) =>
    Object.fromEntries(
      [...example.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name as string, value as string]),
    )

  test.each(MODELS.map((model) => [model.name, model] as const))(
    '%s answers every row of, gaps and nonsense too, without inventing what is no number',
    (name, model) => {
      const cell = ({ min, max }: { min: number; max: number }) =>
        fc.oneof(
          { weight: 12, arbitrary: fc.double({ min, max, noNaN: true }).map((value) => value.toFixed(3)) },
          { weight: 2, arbitrary: fc.constant('') },
          { weight: 1, arbitrary: fc.constantFrom('x', '-9999', 'NaN', 'Infinity', String(max + 1), '1,5') },
        )
      const params = paramsOf(model)
      const firstDay = Object.values(params).find((value) => Number.isFinite(dayMs(value))) ?? '2026-06-25'
      const stamp = { row: 'note', day: 'date', hour: 'time', moment: 'time' }[model.step]
      const header = [stamp, ...model.columns.map((column) => column.name)]
      const table = fc.array(fc.tuple(...model.columns.map(cell)), { minLength: 1, maxLength: 40 })
      fc.assert(
        fc.property(table, (rows) => {
          const lines = rows.map((cells, row) => csvLine([stampOf(model.step, firstDay, row), ...cells], ','))
          const { csv } = compute(name, `${[header.join(','), ...lines].join('\n')}\n`, params)
          const read = readCsv(csv)
          if (!model.givesOwnRows) expect(read.rows).toHaveLength(rows.length)
          const own = model.givesOwnRows ? 0 : header.length
          for (const { cells } of read.rows) {
            expect(cells).toHaveLength(read.header.length)
            expect(cells.slice(own).join(' ')).not.toMatch(/NaN|Infinity|undefined|null/)
            expect(cells.at(-1)).not.toBe('')
          }
        }),
        { numRuns: 15 },
      )
    },
  )
})

describe('the command', () => {
  const bin = join(import.meta.dirname, '../../../bin/vuon-agent')
  const vuonAgent = (words: readonly string[], input = '') =>
    new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      const child = spawn(bin, ['compute', ...words])
      let [out, err] = ['', '']
      child.stdout.on('data', (part: Buffer) => {
        out += part
      })
      child.stderr.on('data', (part: Buffer) => {
        err += part
      })
      child.stdin.on('error', () => {})
      child.stdin.end(input)
      child.once('close', (code) => resolve({ code, out, err }))
    })

  test('lists, takes params in one word or many, names what it could not compute, and refuses with 2', async () => {
    const [list, fine, gap, unknown] = await Promise.all([
      vuonAgent(['--list', '--json']),
      vuonAgent(['--param', 'lat=-11.1', 'elev_m=20', '--param', 'wind_height_m=10', 'et0-daily'], DAYS),
      vuonAgent(['vpd'], 'temp_c,rh_pct\n30,\n'),
      vuonAgent(['et0-daily', '--param', 'lat=11', 'elev_m=20', 'height=2'], DAYS),
    ])
    expect((JSON.parse(list.out) as unknown[]).length).toBe(MODELS.length)
    expect(fine).toMatchObject({ code: 0, err: '' })
    expect(fine.out).toBe(compute('et0-daily', DAYS, { lat: '-11.1', elev_m: '20' }).csv)
    expect(gap.code).toBe(1)
    expect(gap.err).toContain('line 2')
    expect(unknown.code).toBe(2)
    expect(unknown.err).toContain('wind_height_m')
    // Four processes on a busy machine.
  }, 60_000)
})
