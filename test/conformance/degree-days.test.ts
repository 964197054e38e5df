import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compute } from '../../agent/crop/compute.ts'
import { readCsv } from '../../agent/crop/csv.ts'
import { vectors } from './vectors.ts'

/** Zalom et al. 1983, table 7: thresholds 55 and 90 °F, horizontal cut-off. Through the table that a person hands in. */
describe('degree days of Zalom 1983, table 7', () => {
  const folder = vectors('agronomy/degday', 48)
  if (!folder) return
  const printed = readCsv(readFileSync(join(folder, 'zalom83_tbl7.csv'), 'utf8'))
  const cell = (row: readonly string[], name: string) => Number(row[printed.header.indexOf(name)])
  const METHODS = {
    sng_tri: 'single-triangle',
    dbl_tri: 'double-triangle',
    sng_sine: 'single-sine',
    dbl_sine: 'double-sine',
  } as const

  const perDay = (csv: string): number[] => {
    const { header, rows } = readCsv(csv)
    return rows.map(({ cells }) => Number(cells[header.indexOf('dd_c')]))
  }
  const params = (method: string) => ({ method, lower_c: '55', upper_c: '90', cutoff: 'horizontal' })

  // Two days a case; the minimum after the second is the first day's again.
  const cases = printed.rows.flatMap(({ cells: first }, at) => {
    const second = printed.rows[at + 1]?.cells
    return at % 2 === 0 && second ? [{ name: cell(first, 'case'), days: [first, second] as const }] : []
  })
  test('there are six cases', () => expect(cases).toHaveLength(6))

  test.each(cases)('case $name, by the four methods', ({ days: [first, second] }) => {
    const day = (date: string, cells: readonly string[]) =>
      `${date},${cell(cells, 'temp_min')},${cell(cells, 'temp_max')}`
    const table = `date,tmin_c,tmax_c\n${day('2026-07-01', first)}\n${day('2026-07-02', second)}\n2026-07-03,${cell(second, 'temp_nextmin')},\n`
    for (const [column, method] of Object.entries(METHODS)) {
      const computed = perDay(compute('degree-days', table, params(method)).csv)
      for (const [at, cells] of [first, second].entries()) {
        // One figure of the table is a known misprint: the sine beside it and the definition give 27.13.
        const isMisprint = column === 'dbl_tri' && cell(cells, 'case') === 5 && at === 0
        const expected = isMisprint ? 27.125 : cell(cells, column)
        expect(Math.abs((computed[at] as number) - expected), `${method}, day ${at + 1}`).toBeLessThanOrEqual(
          0.01,
        )
      }
    }
  })

  test('the same with the next minimum in a column of its own', () => {
    const rows = printed.rows.map(
      ({ cells }, at) =>
        `2026-08-${String(2 * at + 1).padStart(2, '0')},${cell(cells, 'temp_min')},${cell(cells, 'temp_max')},${cell(cells, 'temp_nextmin')}`,
    )
    const table = `date,tmin_c,tmax_c,tmin_next_c\n${rows.join('\n')}\n`
    const computed = perDay(compute('degree-days', table, params('double-sine')).csv)
    for (const [at, { cells }] of printed.rows.entries())
      expect(Math.abs((computed[at] as number) - cell(cells, 'dbl_sine'))).toBeLessThanOrEqual(0.01)
  })

  test('in °C with thresholds in °C it is five ninths of that', () => {
    const celsius = (fahrenheit: number) => ((fahrenheit - 32) * 5) / 9
    const rows = printed.rows.map(
      ({ cells }, at) =>
        `2026-09-${String(at + 1).padStart(2, '0')},${celsius(cell(cells, 'temp_min'))},${celsius(cell(cells, 'temp_max'))}`,
    )
    const table = `date,tmin_c,tmax_c\n${rows.join('\n')}\n`
    const { csv } = compute('degree-days', table, {
      method: 'single-sine',
      lower_c: String(celsius(55)),
      upper_c: String(celsius(90)),
    })
    for (const [at, dd] of perDay(csv).entries())
      expect(Math.abs((dd * 9) / 5 - cell(printed.rows[at]?.cells ?? [], 'sng_sine'))).toBeLessThanOrEqual(
        0.02,
      )
  })
})
