import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { draw } from '../../models/training/drawn-photo.ts'
import { infer } from '../../models/training/infer.ts'
import { casesOf, shipped } from './shipped.ts'

const MAX_BUNDLE_BYTES = 12_000_000

test('the stem screen and the leaf model are shipped', () => {
  expect(shipped.map(({ name }) => name).toSorted()).toEqual(['dragon-fruit-stem', 'leaf'])
})

test('all models together fit into the 12 MB that a box can fetch', () => {
  const bytes = shipped.map(({ folder, manifest }) => statSync(join(folder, manifest.file)).size)
  expect(bytes.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(MAX_BUNDLE_BYTES)
})

describe.each(shipped)('$name', ({ name, folder, manifest, card }) => {
  const path = join(folder, manifest.file)

  test('the manifest is of this file', () => {
    const bytes = readFileSync(path)
    expect(manifest.format).toBe('vuon/model/1')
    expect(manifest.id).toBe(name)
    expect(manifest.version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(manifest.sizeBytes).toBe(bytes.length)
    expect(manifest.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  test('the file takes what the manifest names and answers with as many numbers as there are labels', async () => {
    const session = await InferenceSession.create(path)
    expect(session.inputNames).toEqual([manifest.input['name']])
    expect([...session.outputNames].toSorted()).toEqual(
      manifest.outputs.flatMap(({ output, map }) => (map ? [output, map] : [output])).toSorted(),
    )
    const [heightPx, widthPx] = manifest.tiles ? [224, 288] : [224, 224]
    const answer = await infer(session, new Uint8Array(heightPx * widthPx * 3).fill(90), heightPx, widthPx)
    for (const { output, map, labels } of manifest.outputs) {
      expect(answer[output]?.shape[1], output).toBe(labels.length)
      expect(answer[output]?.values.every(Number.isFinite), output).toBe(true)
      if (!map) continue
      const { shape = [], values = [] } = answer[map] ?? {}
      const cells = Number(shape[2]) * Number(shape[3])
      expect([shape.length, shape[1], values.length], map).toEqual([4, labels.length, labels.length * cells])
      for (const [at, logit] of answer[output]!.values.entries()) {
        const plane = values.slice(at * cells, (at + 1) * cells)
        expect(plane.reduce((a, b) => a + b, 0) / cells, `${map} ${at}`).toBeCloseTo(logit, 2)
      }
    }
    if (manifest.tiles) {
      const [tilePx, stridePx] = [Number(manifest.tiles['tilePx']), Number(manifest.tiles['stridePx'])]
      const cells = (px: number): number => (px - tilePx) / stridePx + 1
      expect(answer['tiles']?.shape.slice(2)).toEqual([cells(heightPx), cells(widthPx)])
    }
    await session.release()
  })

  test('it is int8: no weight of the backbone is kept as a float', () => {
    // A float is four bytes; V1 0.5 has 0.8 million weights, V2 2.2 million.
    const text = readFileSync(path, 'latin1')
    expect(text).toContain('QuantizeLinear')
    expect(manifest.sizeBytes).toBeLessThan(4_500_000)
  })

  test('every drawn photo gets the answer that it got when the model was made', async () => {
    const session = await InferenceSession.create(path)
    const cases = casesOf(folder)
    expect(cases.length).toBeGreaterThanOrEqual(5)
    for (const { what, photo, expected, tolerance } of cases) {
      const answer = await infer(session, draw(photo), photo.heightPx, photo.widthPx)
      for (const [output, values] of Object.entries(expected)) {
        const said = answer[output]?.values ?? []
        expect(said.length, `${what} ${output}`).toBe(values.length)
        const off = Math.max(...values.map((value, at) => Math.abs(value - (said[at] ?? Number.NaN))))
        expect(off, `${what} ${output}`).toBeLessThanOrEqual(tolerance)
      }
    }
    await session.release()
  })

  test('the cases differ from each other by more than their tolerance', () => {
    const cases = casesOf(folder)
    const output = manifest.outputs[0]?.output ?? ''
    const first = cases.map(({ expected }) => expected[output]?.slice(0, 4) ?? [])
    const apart = first.some((one) =>
      first.some((other) =>
        one.some((value, at) => Math.abs(value - (other[at] ?? 0)) > 2 * cases[0]!.tolerance),
      ),
    )
    expect(apart).toBe(true)
  })

  test('every label says itself in Vietnamese and English, once', () => {
    for (const { labels, crop } of manifest.outputs) {
      expect(new Set(labels.map(({ key }) => key)).size, crop).toBe(labels.length)
      for (const { key, vi, en, organism } of labels) {
        expect(vi.trim(), key).not.toBe('')
        expect(vi, key).toBe(vi.normalize('NFC'))
        expect(en.trim(), key).not.toBe('')
        // Nobody confirmed an organism in a laboratory.
        expect(organism, key).toBeNull()
      }
    }
  })

  test('temperatures and thresholds lie where they mean something', () => {
    for (const { temperature, answerFrom, refuseFrom, lesionFrom, backgroundFrom } of manifest.outputs) {
      expect(temperature).toBeGreaterThan(0.3)
      expect(temperature).toBeLessThan(5)
      for (const each of [answerFrom, refuseFrom ?? 0.5, lesionFrom ?? 0.5, backgroundFrom ?? 0.5]) {
        expect(each).toBeGreaterThan(0)
        expect(each).toBeLessThan(1)
      }
    }
  })

  test('who may use it is said in manifest and card', () => {
    expect(manifest.licence.use).toMatch(/^trial use only/)
    expect(Object.values(manifest.licence.photos).some((each) => each.startsWith('none stated'))).toBe(true)
    expect(card).toContain('must clear them before')
  })

  const PARTS: readonly (readonly [string, RegExp])[] = [
    ['its own hash', new RegExp(manifest.sha256)],
    ['data', /^## Data$/m],
    ['licence', /^## Licence$/m],
    ['split', /val|cross-validation/],
    ['what it must not be used for', /must not be used/],
    [
      'precision, recall and F1 with intervals',
      /\| precision +\| recall +\| F1 +\|[\s\S]*\[0\.\d{3}, [01]\.\d{3}\]/,
    ],
    ['confusion', /it was ↓, answered →/],
    [
      'calibration before and after',
      /ECE \(equal mass\) 0\.\d{3}[\s\S]{0,80}before[\s\S]{0,80}after temperature/,
    ],
    ['Brier', /Brier 0\.\d{3}/],
    ['risk and coverage', /right of the answered/],
    ['out-of-distribution AUROC', /AUROC [01]\.\d{3} \[/],
    ['int8 against float', /int8 against float: top-1/],
    ['latency', /^## Latency$/m],
  ]
  test.each(PARTS)('the card has %s', (_, part) => {
    expect(card).toMatch(part)
  })
})
