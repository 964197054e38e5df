import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HORIZON_DAYS, irrigationNeed, type WaterState } from '../../../agent/crop/irrigation-need.ts'

const plot: WaterState = {
  drMm: 10,
  rawMm: 20,
  tawMm: 50,
  etcMm: [4],
  efficiency: 0.8,
  plantsPerHa: 1000,
}

describe('when a plot wants water', () => {
  test('at RAW it is now: the depletion, more by the losses, in litres for each post', () => {
    expect(irrigationNeed({ ...plot, drMm: 20 })).toEqual({
      dueInDays: 0,
      netMm: 20,
      grossMm: 25,
      litresPerPlant: 250,
      reasons: ['raw-reached'],
    })
  })

  test('beyond RAW the crop is under stress already', () => {
    expect(irrigationNeed({ ...plot, drMm: 31 }).reasons).toEqual(['raw-reached', 'stress-now'])
  })

  test('before RAW it is the day on which the depletion comes there, with what it will be then', () => {
    expect(irrigationNeed(plot)).toMatchObject({
      dueInDays: 3,
      netMm: 22,
      grossMm: 27.5,
      reasons: ['raw-ahead'],
    })
    expect(irrigationNeed({ ...plot, etcMm: [1, 2, 8] })).toMatchObject({ dueInDays: 3, netMm: 21 })
  })

  test('rain that is forecast moves the day, or takes the need away', () => {
    expect(irrigationNeed({ ...plot, rainMm: [0, 6] })).toMatchObject({
      dueInDays: 4,
      netMm: 20,
      reasons: ['raw-ahead', 'rain-expected'],
    })
    expect(irrigationNeed({ ...plot, rainMm: Array.from({ length: HORIZON_DAYS }, () => 9) })).toMatchObject({
      dueInDays: undefined,
      netMm: 0,
      reasons: ['enough-water', 'rain-expected'],
    })
  })

  test('rain that changes nothing is not named, and a day without a forecast counts as dry', () => {
    expect(irrigationNeed({ ...plot, rainMm: [Number.NaN] })).toMatchObject({ dueInDays: 3 })
    expect(irrigationNeed({ ...plot, rainMm: [1] }).reasons).toEqual(['raw-ahead'])
  })

  test('a wet plot in a cool week wants nothing', () => {
    expect(irrigationNeed({ ...plot, drMm: 0, etcMm: [1] })).toMatchObject({
      dueInDays: undefined,
      netMm: 0,
      grossMm: 0,
      reasons: ['enough-water'],
    })
  })

  test('when the depletion, or what the crop will use, is not known, it says so and gives no number', () => {
    const unknown = {
      dueInDays: undefined,
      netMm: undefined,
      grossMm: undefined,
      litresPerPlant: undefined,
      reasons: ['state-unknown'],
    }
    for (const drMm of [undefined, Number.NaN]) expect(irrigationNeed({ ...plot, drMm })).toEqual(unknown)
    for (const etcMm of [[], [Number.NaN], [3, Number.NaN]])
      expect(irrigationNeed({ ...plot, etcMm })).toEqual(unknown)
    // Now is now whatever comes.
    expect(irrigationNeed({ ...plot, drMm: 25, etcMm: [] })).toMatchObject({ dueInDays: 0, netMm: 25 })
  })

  test('without the number of plants there are no litres', () => {
    const { plantsPerHa: _, ...unplanted } = plot
    expect(irrigationNeed({ ...unplanted, drMm: 20 })).toMatchObject({
      grossMm: 25,
      litresPerPlant: undefined,
    })
  })

  test('a drier plot is never due later, and what is due is never less than RAW or more than TAW', () => {
    const mm = (max: number) => fc.double({ min: 0, max, noNaN: true })
    fc.assert(
      fc.property(mm(50), mm(50), fc.array(mm(10), { minLength: 1, maxLength: 14 }), (one, other, etcMm) => {
        const [dry, wet] = [Math.max(one, other), Math.min(one, other)].map((drMm) =>
          irrigationNeed({ ...plot, drMm, etcMm }),
        )
        expect(dry?.dueInDays ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(
          wet?.dueInDays ?? Number.POSITIVE_INFINITY,
        )
        for (const need of [dry, wet]) {
          if (need?.dueInDays === undefined) continue
          expect(need.netMm).toBeGreaterThanOrEqual(plot.rawMm)
          expect(need.netMm).toBeLessThanOrEqual(plot.tawMm)
        }
      }),
    )
  })
})
