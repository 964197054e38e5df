import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compute } from '../../agent/crop/compute.ts'
import { CROPS } from '../../agent/crop/crops.ts'
import { readCsv } from '../../agent/crop/csv.ts'
import { vectors } from './vectors.ts'

/**
 * Two seasons of cotton at Maricopa, Arizona, as pyfao56 publishes them: each day's state, and the sums. Both sides are
 * rounded to three digits.
 */
const folder = vectors('agronomy/pyfao56', 2)

if (folder)
  describe.each(['dry', 'wet'])(
    'cotton 2013, %s: our daily water balance is that of pyfao56',
    (treatment) => {
      const expected = rowsOf(`cotton${treatment}2013.out`)
      const params = cotton()
      const csv = seasonCsv(treatment)

      test.each([
        ['dr_mm', 'Dr', 0.01],
        ['eta_mm', 'ETa', 0.01],
        ['etc_mm', 'ETc', 0.01],
        ['taw_mm', 'TAW', 0.01],
        ['raw_mm', 'RAW', 0.01],
        ['dp_mm', 'DP', 0.01],
        ['ro_mm', 'Runoff', 0.01],
        ['e_mm', 'E', 0.01],
        ['t_mm', 'T', 0.01],
        ['de_mm', 'De', 0.01],
        ['kcb', 'Kcb', 0.0015],
        ['ke', 'Ke', 0.0015],
        ['ks', 'Ks', 0.0015],
        ['kc_max', 'Kcmax', 0.0015],
        ['fc', 'fc', 0.0015],
        ['p', 'p', 0.0015],
        ['h_m', 'h', 0.0015],
        ['zr_m', 'Zr', 0.0015],
      ] as const)('%s on each day', (ours, theirs, tolerance) => {
        const values = column(compute('water-balance-dual', csv, params.dual).csv, ours)
        expect(values).toHaveLength(expected.length)
        const far = expected.flatMap((row, day) => {
          const [want, got] = [Number(row[theirs]), values[day] as number]
          return Math.abs(want - got) <= tolerance ? [] : [`day ${day}: ${got}, not ${want}`]
        })
        expect(far).toEqual([])
      })

      test('the season sums up to what is published', () => {
        const { csv: answer } = compute('water-balance-dual', csv, params.dual)
        const sum = (name: string) => column(answer, name).reduce((total, value) => total + value, 0)
        const sums = sumsOf(`cotton${treatment}2013.sum`)
        expect(sum('eta_mm')).toBeCloseTo(sums['ETa'] as number, 1)
        expect(sum('etc_mm')).toBeCloseTo(sums['ETc'] as number, 1)
        expect(sum('dp_mm')).toBeCloseTo(sums['DP'] as number, 1)
        expect(column(answer, 'dr_mm').at(-1)).toBeCloseTo(sums['Dr_end'] as number, 2)
      })

      test('with one coefficient, Kc and ETc are theirs too', () => {
        const { csv: answer } = compute('water-balance', csv, params.single)
        const [kc, etc] = [column(answer, 'kc'), column(answer, 'etc_mm')]
        for (const [day, row] of expected.entries()) {
          expect(Math.abs((kc[day] as number) - Number(row['Kcm']))).toBeLessThan(0.0015)
          expect(Math.abs((etc[day] as number) - Number(row['ETcm']))).toBeLessThan(0.0015)
        }
      })
    },
  )

if (folder)
  describe('the crops that FAO-56 has stand in our data as in its tables', () => {
    // Ours, and the row of the tables that it is, where the name is not the same.
    const ROWS: Readonly<Record<string, RegExp>> = {
      coffee: /^coffee(?: bare ground cover)?$/,
      'sweet-pepper': /^sweet peppers bell$/,
      'table-grape': /^grapes table raisin$|^grapes$/,
      pineapple: /^pineapple(?: multiyear crop)?(?: bare soil)?$/,
      banana: /^banana first year$/,
      citrus: /^citrus(?: no ground cover)? 70% canopy$|^citrus$/,
      avocado: /^avocado(?: no ground cover)?$/,
      tea: /^tea non-?shaded$/,
      rubber: /^rubber trees$/,
      sugarcane: /^sugarcane(?: virgin)?$/,
      cassava: /^cassava year 1$/,
      maize: /^maize(?: field)? grain(?: corn)?(?: 18% moisture)?$/,
      groundnut: /^groundnut(?: peanut)?$/,
      'sweet-potato': /^sweet potato$/,
      watermelon: /^water ?melons?$/,
    }
    const tables = ['table11', 'table12', 'table17', 'table22'].map((name) => tableOf(name))
    const listed = CROPS.filter(({ standing }) => standing === 'fao-56')

    test.each(listed)('$name', (crop) => {
      const row = ROWS[crop.name] ?? new RegExp(`^${crop.name}$`)
      const [stages, kc, kcb, roots] = tables.map((table) =>
        table.filter(({ crop: name }) => row.test(name ?? '')),
      )
      expect(numbers(kc?.[0], 'Kcini', 'Kcmid', 'Kcend', 'hmax')).toEqual([
        crop.kc.ini,
        crop.kc.mid,
        crop.kc.end,
        crop.heightM,
      ])
      const { ini, mid, end } = crop.kcb ?? {}
      expect(numbers(kcb?.[0], 'Kcbini', 'Kcbmid', 'Kcbend')).toEqual([ini, mid, end])
      expect(numbers(roots?.[0], 'Zrmax1', 'Zrmax2', 'pbase')).toEqual([...crop.rootM, crop.p])
      const { iniD, devD, midD, endD } = crop.stages ?? {}
      if (crop.stages)
        expect(stages?.map((each) => numbers(each, 'Lini', 'Ldev', 'Lmid', 'Llate'))).toContainEqual([
          iniD,
          devD,
          midD,
          endD,
        ])
      else expect(stages).toEqual([])
    })
  })

type Cells = Readonly<Record<string, string>>

const numbers = (row: Cells | undefined, ...names: string[]): number[] =>
  names.map((name) => Number(row?.[name]))

function textOf(name: string): string {
  return readFileSync(join(folder as string, 'test01', name), 'utf8')
}

/** The rows of a fixed-width table of pyfao56 by their column names. */
function rowsOf(name: string): Cells[] {
  const lines = textOf(name).split('\n')
  const header =
    lines
      .find((line) => line.startsWith('Year-DOY'))
      ?.trim()
      .split(/\s+/) ?? []
  return lines
    .filter((line) => /^\d{4}-\d{3}\b/.test(line))
    .map((line) => {
      const cells = line.trim().split(/\s+/)
      return Object.fromEntries(header.map((column, index) => [column, cells[index] ?? '']))
    })
}

const sumsOf = (name: string): Record<string, number> =>
  Object.fromEntries(
    [...textOf(name).matchAll(/^\s*(-?[\d.]+) : (\w+)/gm)].map(([, value, key]) => [key, Number(value)]),
  )

function cotton() {
  const given = Object.fromEntries(
    [...textOf('cotton2013.par').matchAll(/^\s*([\d.]+) (\w+),/gm)].map(([, value, key]) => [key, value]),
  ) as Record<string, string>
  const pick = (names: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(names).map(([ours, theirs]) => [ours, given[theirs] as string]))
  const both = {
    l_ini: 'Lini',
    l_dev: 'Ldev',
    l_mid: 'Lmid',
    l_end: 'Lend',
    theta_fc: 'thetaFC',
    theta_wp: 'thetaWP',
    theta_0: 'theta0',
    zr_ini_m: 'Zrini',
    zr_max_m: 'Zrmax',
    p_base: 'pbase',
  }
  const dual = {
    kcb_ini: 'Kcbini',
    kcb_mid: 'Kcbmid',
    kcb_end: 'Kcbend',
    h_ini_m: 'hini',
    h_max_m: 'hmax',
    ze_m: 'Ze',
    rew_mm: 'REW',
  }
  const single = { kc_ini: 'Kcmini', kc_mid: 'Kcmmid', kc_end: 'Kcmend' }
  return { dual: { ...pick({ ...both, ...dual }), wind_height_m: '3' }, single: pick({ ...both, ...single }) }
}

function seasonCsv(treatment: string): string {
  const weather = new Map(rowsOf('cotton2013.wth').map((row) => [row['Year-DOY'], row]))
  const irrigation = new Map(rowsOf(`cotton${treatment}2013.irr`).map((row) => [row['Year-DOY'], row]))
  const lines = rowsOf(`cotton${treatment}2013.out`).map(({ 'Year-DOY': day = '' }) => {
    const [air, water] = [weather.get(day), irrigation.get(day)]
    const date = new Date(Date.UTC(Number(day.slice(0, 4)), 0, Number(day.slice(5))))
      .toISOString()
      .slice(0, 10)
    return [
      date,
      air?.['ETref'],
      air?.['Rain'],
      water?.['Depth'],
      water?.['fw'],
      air?.['Wndsp'],
      air?.['RHmin'],
    ]
  })
  const header = ['date', 'et0_mm', 'rain_mm', 'irrigation_mm', 'fw', 'wind_ms', 'rhmin_pct']
  return [header, ...lines].map((cells) => cells.join(',')).join('\n')
}

function column(csv: string, name: string): number[] {
  const { header, rows } = readCsv(csv)
  const place = header.indexOf(name)
  return rows.map(({ cells }) => Number(cells[place] || 'NaN'))
}

function tableOf(name: string): Cells[] {
  const { header, rows } = readCsv(
    readFileSync(join(folder as string, 'fao56_tables', `${name}.csv`), 'utf8'),
  )
  return rows.map(({ cells }) =>
    Object.fromEntries(header.map((column, index) => [column, cells[index] ?? ''])),
  )
}
