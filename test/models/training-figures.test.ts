import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { drawsFrom } from '../../agent/vision/worker/drawn-photo.ts'
import { answersOf, fitTemperature, fitThreshold, halves } from '../../models/training/calibration.ts'
import { type DrawnPhoto, draw } from '../../models/training/drawn-photo.ts'
import { readPack } from '../../models/training/photo-pack.ts'
import {
  type Answer,
  auroc,
  bootstrap,
  calibrationError,
  classFigures,
  confusionOf,
  macroF1,
  riskAt,
} from '../../models/training/scoring.ts'
import { cellVerdict } from '../../models/training/stem-figures.ts'

const answer = (truth: number, shares: number[], group = 'g'): Answer => ({ truth, shares, group })

describe('figures', () => {
  test('precision, recall and F1 of a table that was worked out by hand', () => {
    const answers = [
      ...Array.from({ length: 6 }, () => answer(0, [0.9, 0.1])),
      ...Array.from({ length: 2 }, () => answer(0, [0.1, 0.9])),
      ...Array.from({ length: 3 }, () => answer(1, [0.2, 0.8])),
      answer(1, [0.7, 0.3]),
    ]
    const [zero, one] = classFigures(confusionOf(answers, 2))
    expect(zero).toMatchObject({ precision: 6 / 7, recall: 6 / 8, f1: 12 / 15, photos: 8 })
    expect(one).toMatchObject({ precision: 3 / 5, recall: 3 / 4, f1: 6 / 9, photos: 4 })
    expect(macroF1(answers, 2)).toBeCloseTo((12 / 15 + 6 / 9) / 2, 12)
  })

  test('the area under the curve is the share of pairs that stand in the right order', () => {
    const scores = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(scores, scores, (high, low) => {
        const pairs = high.flatMap((a) => low.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)))
        const expected = pairs.reduce<number>((a, b) => a + b, 0) / pairs.length
        expect(auroc(high, low)).toBeCloseTo(expected, 9)
      }),
      { numRuns: 100 },
    )
  })

  test('who is right as often as it says has no calibration error, who boasts has', () => {
    const said = (right: number) =>
      Array.from({ length: 1500 }, (_, at) => answer(at % 10 < right ? 0 : 1, [0.8, 0.2]))
    expect(calibrationError(said(8))).toBeCloseTo(0, 2)
    expect(calibrationError(said(5))).toBeCloseTo(0.3, 2)
  })

  test('no answer at all is no wrong answer', () => {
    expect(riskAt([answer(0, [0.4, 0.6])], 0.9)).toEqual({ threshold: 0.9, answered: 0, right: 1 })
  })

  test('an interval is the same each time, holds its value, and grows when photos come in fewer groups', () => {
    const rows = (groups: number) =>
      Array.from({ length: 120 }, (_, at) => ({
        group: `${at % groups}`,
        hit: (at % groups) % 4 === 0 ? 0 : 1,
      }))
    const share = (each: readonly { hit: number }[]) =>
      each.reduce((sum, { hit }) => sum + hit, 0) / each.length
    const [many, few] = [bootstrap(rows(120), share, 300), bootstrap(rows(8), share, 300)]
    expect(bootstrap(rows(120), share, 300)).toEqual(many)
    expect(many.low).toBeLessThan(0.75)
    expect(many.high).toBeGreaterThan(0.75)
    expect(few.high - few.low).toBeGreaterThan(1.5 * (many.high - many.low))
  })
})

describe('calibration', () => {
  test('logits that are three times too loud are cooled by three', () => {
    const next = drawsFrom(7)
    const rows = Array.from({ length: 2000 }, (_, at) => {
      const quiet = 2 * next()
      const share = Math.exp(quiet) / (1 + Math.exp(quiet))
      return { truth: next() < share ? 0 : 1, logits: [3 * quiet, 0], group: `${at}` }
    })
    expect(fitTemperature(rows)).toBeGreaterThan(2.6)
    expect(fitTemperature(rows)).toBeLessThan(3.4)
  })

  test('the threshold keeps its promise on what it was fitted on', () => {
    const next = drawsFrom(11)
    const answers = Array.from({ length: 600 }, () => {
      const share = 0.5 + 0.5 * next()
      return answer(next() < share ? 0 : 1, [share, 1 - share])
    })
    const threshold = fitThreshold(answers, 0.95)
    expect(riskAt(answers, threshold).right).toBeGreaterThanOrEqual(0.95)
    expect(riskAt(answers, threshold).answered).toBeGreaterThan(0.05)
    expect(riskAt(answers, threshold - 0.05).right).toBeLessThan(0.96)
  })

  test('a group is never in both halves, and every row is in one', () => {
    const rows = Array.from({ length: 90 }, (_, at) => ({ group: `leaf-${at % 30}`, at }))
    for (const turn of [0, 1, 2]) {
      const [left, right] = halves(rows, turn)
      const groups = new Set(left.map(({ group }) => group))
      expect(right.some(({ group }) => groups.has(group))).toBe(false)
      expect(left.length + right.length).toBe(90)
      expect(Math.min(left.length, right.length)).toBeGreaterThan(15)
    }
  })

  test('probabilities of an answer add up to one at every temperature', () => {
    const shares = answersOf([{ truth: 0, logits: [900, -3, 2], group: 'g' }], 0.5)[0]?.shares ?? []
    expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12)
  })
})

test('a cell that may be background is no plant, however sick it looks', () => {
  const settings = { lesionFrom: 0.4, backgroundFrom: 0.5 }
  expect(cellVerdict([0, 0.3, 0.1, 0.6], settings)).toBe(3)
  expect(cellVerdict([0.5, 0.1, 0.35, 0.05], settings)).toBe(2)
  expect(cellVerdict([0.5, 0.35, 0.1, 0.05], settings)).toBe(1)
  expect(cellVerdict([0.62, 0.2, 0.15, 0.03], settings)).toBe(0)
})

test('a drawn photo is the same bytes each time, and another seed draws another', () => {
  const photo: DrawnPhoto = {
    ...{ widthPx: 64, heightPx: 48, seed: 3, spots: 4 },
    ...{ ground: [200, 200, 200], leaf: [60, 120, 40], spot: [90, 50, 20] },
  }
  expect(draw(photo)).toEqual(draw(photo))
  expect(draw(photo).length).toBe(64 * 48 * 3)
  expect(draw(photo)).not.toEqual(draw({ ...photo, seed: 4 }))
})

describe('a folder of photos', () => {
  const HEADER = 'file,set,crop,organ,label,label_en,label_vi,group,split,licence'
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vuon-pack-'))
    for (const name of ['a.jpg', 'b.jpg']) writeFileSync(join(folder, name), 'x')
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const write = (...lines: string[]) =>
    writeFileSync(join(folder, 'manifest.csv'), [HEADER, ...lines].join('\r\n'))

  test('is read with commas and quotes inside of quotes', () => {
    write('a.jpg,s,chilli,leaf,bg,"background, ""none""","nền, không",g1,train,CC BY 4.0')
    expect(readPack([folder])).toEqual([
      expect.objectContaining({ labelEn: 'background, "none"', labelVi: 'nền, không', split: 'train' }),
    ])
  })

  test('a group on both sides of the split is refused, also across folders', () => {
    write('a.jpg,s,chilli,leaf,x,x,x,g1,train,l', 'b.jpg,s,chilli,leaf,x,x,x,g1,val,l')
    expect(() => readPack([folder])).toThrow(/group g1 is on both sides/)
  })

  test.each([
    ['no manifest', [], /no manifest\.csv/],
    ['a photo that is not there', ['c.jpg,s,c,leaf,x,x,x,g,train,l'], /:2: c\.jpg is not there/],
    ['a split of its own', ['a.jpg,s,c,leaf,x,x,x,g,test,l'], /:2: split is test; train or val/],
  ] as const)('%s is said with its place', (_, lines, complaint) => {
    if (lines.length > 0) write(...lines)
    expect(() => readPack([folder])).toThrow(complaint)
  })

  test('a missing column is named', () => {
    writeFileSync(join(folder, 'manifest.csv'), 'file,label\na.jpg,x\n')
    expect(() => readPack([folder])).toThrow(/no column set/)
  })
})
