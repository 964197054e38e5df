import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boxCodeOf, isBoxCode, isLotNumber, LOTS_A_DAY, newLotNumber } from '#contract/trace/lot-number.ts'

const ALNUM = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const boxCode = fc.stringMatching(/^[0-9A-HJKMNP-TV-Z]{4}$/)
const day = fc
  .integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2099, 11, 31) })
  .map((ms) => new Date(ms).toISOString().slice(2, 10).replaceAll('-', ''))
const counter = fc.nat(LOTS_A_DAY - 1)
const lot = fc.record({ boxCode, yymmdd: day, counter }).map(newLotNumber)

describe('a lot number', () => {
  test('is thirteen capitals and digits that name box, day and counter', () => {
    fc.assert(
      fc.property(boxCode, day, counter, (box, yymmdd, each) => {
        const number = newLotNumber({ boxCode: box, yymmdd, counter: each })
        expect(number).toMatch(/^[0-9A-Z]{13}$/)
        expect(isLotNumber(number)).toBe(true)
        expect(boxCodeOf(number)).toBe(box)
        expect(number.slice(4, 10)).toBe(yymmdd)
      }),
    )
  })

  test('with any single wrong character is no lot number', () => {
    fc.assert(
      fc.property(lot, (number) => {
        const taken: string[] = []
        for (let at = 0; at < number.length; at++) {
          for (const char of ALNUM) {
            if (char === number[at]) continue
            const wrong = number.slice(0, at) + char + number.slice(at + 1)
            if (isLotNumber(wrong)) taken.push(wrong)
          }
        }
        expect(taken, number).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  test('with any two characters swapped, neighbours or not, is no lot number', () => {
    fc.assert(
      fc.property(lot, (number) => {
        const taken: string[] = []
        for (let a = 0; a < number.length; a++) {
          for (let b = a + 1; b < number.length; b++) {
            if (number[a] === number[b]) continue
            const swapped = [...number]
              .with(a, number[b] as string)
              .with(b, number[a] as string)
              .join('')
            if (isLotNumber(swapped)) taken.push(swapped)
          }
        }
        expect(taken, number).toEqual([])
      }),
      { numRuns: 3000 },
    )
  })

  test('is another for each counter of a day, and none is left after them', () => {
    const part = { boxCode: 'B0X1', yymmdd: '261123' }
    const all = new Set(
      Array.from({ length: LOTS_A_DAY }, (_, each) => newLotNumber({ ...part, counter: each })),
    )
    expect(all.size).toBe(LOTS_A_DAY)
    expect(() => newLotNumber({ ...part, counter: LOTS_A_DAY })).toThrow(RangeError)
  })

  test('needs a real day, a real box and a whole counter', () => {
    const part = { boxCode: 'B0X1', yymmdd: '261123', counter: 0 }
    for (const wrong of [
      { yymmdd: '260230' },
      { yymmdd: '26112' },
      { boxCode: 'BOX1' },
      { boxCode: 'b0x1' },
      { counter: -1 },
      { counter: 0.5 },
    ])
      expect(() => newLotNumber({ ...part, ...wrong })).toThrow(RangeError)
    expect(isBoxCode('ILOU')).toBe(false)
    for (const text of ['', newLotNumber(part).toLowerCase(), `${newLotNumber(part)}\n`, 'x'.repeat(13)])
      expect(isLotNumber(text)).toBe(false)
  })
})
