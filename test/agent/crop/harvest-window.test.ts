import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays } from '../../../agent/crop/calendar.ts'
import { compute } from '../../../agent/crop/compute.ts'
import { readCsv } from '../../../agent/crop/csv.ts'
import {
  earliestHarvest,
  ripeAfter,
  ripeHarvest,
  type Spray,
  sprayBy,
} from '../../../agent/crop/harvest-window.ts'

const DAY = '2026-12-01'
const on = (day: number): string => addDays(DAY, day)
const spray = (day: number, phiDays: number | undefined) => ({ sprayedOn: on(day), phiDays })

describe('the earliest harvest', () => {
  test('is the day of the spray and its interval, and the longest of several decides', () => {
    const mancozeb = spray(0, 14)
    const sprays = [mancozeb, spray(3, 7), spray(3, 3)]
    expect(earliestHarvest(sprays, on(3))).toEqual({ date: on(14), daysLeft: 11, blockedBy: mancozeb })
    expect(earliestHarvest(sprays, on(14))).toEqual({ date: on(14), daysLeft: 0, blockedBy: undefined })
  })

  test('is today when nothing was sprayed', () => {
    expect(earliestHarvest([], DAY)).toEqual({ date: DAY, daysLeft: 0, blockedBy: undefined })
  })

  test('is not known while the interval of a product is not, and nobody guesses one', () => {
    const unknown = spray(2, undefined)
    expect(earliestHarvest([spray(0, 7), unknown], on(5))).toEqual({
      date: undefined,
      daysLeft: undefined,
      blockedBy: unknown,
    })
    expect(earliestHarvest([unknown], on(2 + 364)).date).toBeUndefined()
    expect(earliestHarvest([unknown], on(2 + 365)).date).toBe(on(367))
  })

  test('a spray planned for later forbids nothing before it', () => {
    expect(earliestHarvest([spray(0, 3), spray(10, 14)], on(5)).date).toBe(on(5))
    // The first interval reaches beyond the second spray, whose own then counts too.
    expect(earliestHarvest([spray(0, 12), spray(10, 14)], on(5)).date).toBe(on(24))
  })
})

const sprays = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 80 }), fc.integer({ min: 0, max: 30 }))
    .map(([day, phi]) => spray(day, phi)),
  { maxLength: 12 },
)
const isAllowed = (all: readonly Spray[], day: string) =>
  !all.some(({ sprayedOn, phiDays }) => sprayedOn <= day && day < addDays(sprayedOn, phiDays as number))

describe('over all kinds of spray logs', () => {
  test('the earliest day is allowed and no day before it is, in whatever order the sprays come', () => {
    fc.assert(
      fc.property(sprays, fc.integer({ min: 0, max: 90 }), (all, asOf) => {
        const { date, daysLeft, blockedBy } = earliestHarvest(all, on(asOf))
        expect(isAllowed(all, date as string)).toBe(true)
        for (let day = asOf; on(day) < (date as string); day++) expect(isAllowed(all, on(day))).toBe(false)
        expect(earliestHarvest(all.toReversed(), on(asOf)).date).toBe(date)
        expect(date).toBe(on(asOf + (daysLeft as number)))
        if (blockedBy) expect(addDays(blockedBy.sprayedOn, blockedBy.phiDays as number)).toBe(date)
        else expect(daysLeft).toBe(0)
      }),
    )
  })

  test('the ripe days that may be picked are exactly the allowed ones', () => {
    fc.assert(
      fc.property(
        sprays,
        fc.integer({ min: 0, max: 90 }),
        fc.integer({ min: 0, max: 14 }),
        (all, first, length) => {
          const ripe = { from: on(first), to: on(first + length) }
          const { verdict, pickable } = ripeHarvest(all, ripe)
          let allowed = 0
          for (let day = first; day <= first + length; day++) {
            const isPickable = pickable.some(({ from, to }) => from <= on(day) && on(day) <= to)
            expect(isPickable, on(day)).toBe(isAllowed(all, on(day)))
            if (isPickable) allowed++
          }
          expect(verdict).toBe(allowed === 0 ? 'none' : allowed === length + 1 ? 'whole' : 'part')
        },
      ),
    )
  })
})

describe('ripe days and allowed days', () => {
  const ripe = { from: on(28), to: on(35) }

  test('28 to 35 days after the flowers', () => expect(ripeAfter(DAY)).toEqual(ripe))

  test('an interval over the end of the ripe days leaves none, and is named', () => {
    const late = spray(20, 21)
    expect(ripeHarvest([spray(0, 7), late], ripe)).toEqual({ verdict: 'none', pickable: [], blockedBy: late })
  })

  test('one that ends among them leaves the rest', () => {
    expect(ripeHarvest([spray(20, 11)], ripe)).toMatchObject({
      verdict: 'part',
      pickable: [{ from: on(31), to: on(35) }],
    })
  })

  test('a spray in the middle of the harvest parts it', () => {
    expect(ripeHarvest([spray(30, 3)], ripe).pickable).toEqual([
      { from: on(28), to: on(29) },
      { from: on(33), to: on(35) },
    ])
  })

  test('with an interval missing the verdict is that nobody knows', () => {
    expect(ripeHarvest([spray(20, undefined)], ripe)).toMatchObject({ verdict: 'unknown', pickable: [] })
    // What was ripe before that spray could be picked.
    expect(ripeHarvest([spray(30, undefined)], ripe)).toMatchObject({
      verdict: 'part',
      pickable: [{ from: on(28), to: on(29) }],
    })
  })

  test('an interval of 14 days must be decided by day 14 after the flowers', () => {
    expect(sprayBy(14, ripe.from)).toBe(on(14))
    expect(ripeHarvest([spray(14, 14)], ripe).verdict).toBe('whole')
    expect(ripeHarvest([spray(15, 14)], ripe).verdict).toBe('part')
  })
})

describe('compute harvest-window', () => {
  const rowsOf = (csv: string) => {
    const { header, rows } = readCsv(csv)
    return rows.map(({ cells }) => Object.fromEntries(header.map((name, at) => [name, cells[at] ?? ''])))
  }

  test('keeps the rows with their products, and says which of them blocks; two on one day are two', () => {
    const table = 'date,product,phi_days\n2026-12-10,A,7\n2026-12-10,B,21\n2026-12-15,C,3\n'
    const { csv, faults } = compute('harvest-window', table, { anthesis: '2026-12-01', as_of: '2026-12-20' })
    expect(faults).toEqual([])
    const rows = rowsOf(csv)
    expect(rows.map(({ product, blocks, allowed_from }) => [product, blocks, allowed_from])).toEqual([
      ['A', 'no', '2026-12-17'],
      ['B', 'yes', '2026-12-31'],
      ['C', 'no', '2026-12-18'],
    ])
    expect(rows[0]).toMatchObject({
      earliest_harvest: '2026-12-31',
      days_left: '11',
      ripe_from: '2026-12-29',
      ripe_to: '2027-01-05',
      ripe_allowed: 'part',
      pick_from: '2026-12-31',
      pick_to: '2027-01-05',
      spray_by: '2026-12-22',
      quality: 'ripe-from-anthesis',
    })
  })

  test('an empty or impossible interval leaves the date open and says so in every row', () => {
    const { csv, faults } = compute('harvest-window', 'date,phi_days\n2026-12-10,7\n2026-12-11,-3\n', {
      as_of: '2026-12-12',
    })
    expect(rowsOf(csv)).toMatchObject([
      { earliest_harvest: '', blocks: 'no', quality: 'earliest-unknown' },
      { earliest_harvest: '', blocks: 'yes', allowed_from: '', quality: 'gap earliest-unknown' },
    ])
    expect(faults).toHaveLength(1)
  })

  test('without a day it counts from the last spray; ripe days given twice, by halves or backwards are refused', () => {
    const run = (params: Record<string, string>) =>
      compute('harvest-window', 'date,phi_days\n2026-12-10,7\n', params)
    expect(rowsOf(run({}).csv)[0]).toMatchObject({
      days_left: '7',
      ripe_allowed: '',
      quality: 'as-of-last-spray',
    })
    expect(() => run({ ripe_from: '2026-12-20' })).toThrow(/only one end/)
    expect(() => run({ ripe_from: '2026-12-20', ripe_to: '2026-12-19' })).toThrow(/earlier than/)
    expect(() => run({ ripe_from: '2026-12-20', ripe_to: '2026-12-30', anthesis: '2026-11-20' })).toThrow(
      /twice/,
    )
  })
})
