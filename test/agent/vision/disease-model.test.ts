import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { diagnose } from '../../../agent/vision/diagnose.ts'
import { heatOfMap } from '../../../agent/vision/worker/class-map.ts'
import { OpenModels, sizeFor, tilePlanes } from '../../../agent/vision/worker/disease-model.ts'
import { examinePhoto } from '../../../agent/vision/worker/examine-photo.ts'
import { installedModels, modelFor } from '../../../agent/vision/worker/model-folder.ts'
import { openSession } from '../../../agent/vision/worker/model-session.ts'
import type { PhotoAnswer } from '../../../agent/vision/worker/photo-answer.ts'
import type { ModelShelf } from '../../../agent/vision/worker/photo-model.ts'
import { stripsOf } from '../../../agent/vision/worker/strips.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { drawnStem, putModels } from './drawn-models.ts'
import { put } from './drawn-photos.ts'

/** Real ONNX files in the real runtime; what they know of the world is four colours. */
const folder = temporaryFolder()
let shelf: ModelShelf
beforeAll(() => {
  putModels(folder)
  shelf = shelfOf(folder)
})

function shelfOf(models: string): ModelShelf {
  const found = installedModels(models).models
  const open = new OpenModels()
  return async (crop, organ) => {
    const installed = modelFor(found, crop, organ)
    return installed && open.model(installed, crop)
  }
}

async function diagnosis(bytes: Uint8Array, crop: string, organ: 'stem' | 'leaf' | '', heatmap?: string) {
  const path = put(folder, 'photo', bytes)
  const request = { path, crop, organ, keep: false, ...(heatmap === undefined ? {} : { heatmap }) }
  const answer: PhotoAnswer = await examinePhoto(request, shelf)
  if (answer.kind !== 'photo') throw new Error(answer.detail)
  return answer.diagnosis
}

const BROWN = { colour: 'spot', x: 200, y: 240, r: 110 } as const

describe('the stem screen', () => {
  test('says healthy of a clean stem, with no lesion share', async () => {
    const { verdict, lesionShare, labels, model } = await diagnosis(await drawnStem(), 'dragon-fruit', 'stem')
    expect([verdict, lesionShare]).toEqual(['healthy', 0])
    expect(labels.map(({ label }) => label)).toContain('rot_or_canker')
    expect(labels.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 2)
    expect(model).toMatchObject({ id: 'dragon-fruit-stem', version: '1.0.0' })
  })

  test('finds the spot, names its kind, and says where it is and how much of the plant', async () => {
    const { verdict, lesionShare, heat } = await diagnosis(await drawnStem([BROWN]), 'dragon-fruit', 'stem')
    expect(verdict).toBe('spot')
    expect(lesionShare).toBeGreaterThan(0.03)
    expect(lesionShare).toBeLessThan(0.4)
    expect([heat?.rows, heat?.columns]).toEqual([15, 20])
    const at = (x: number, y: number) => heat?.values[Math.floor(y / 32) * 20 + Math.floor(x / 32)] ?? -1
    expect(at(200, 240)).toBeGreaterThan(180)
    expect(at(560, 240)).toBeLessThan(20)
    const violet = { ...BROWN, colour: 'rot_or_canker' } as const
    expect(await diagnosis(await drawnStem([violet]), 'dragon-fruit', 'stem')).toMatchObject({
      verdict: 'rot_or_canker',
    })
  })

  test('refuses what is hardly plant, and says nothing of how much of it is ill', async () => {
    const sky = await drawnStem([], { stem: 'background' })
    expect(await diagnosis(sky, 'dragon-fruit', 'stem')).toMatchObject({
      ...{ verdict: null, abstained: 'not-this-plant', lesionShare: null, heat: null },
    })
  })

  test('says of a stem that is too small in the photo that it was taken from too far away', async () => {
    const twig = { colour: 'healthy', x: 240, y: 240, r: 76 } as const
    expect(
      await diagnosis(await drawnStem([twig], { stem: 'background' }), 'dragon-fruit', 'stem'),
    ).toMatchObject({
      ...{ verdict: null, abstained: 'too-far', lesionShare: null, heat: null },
    })
  })

  test('judges an excerpt of one tile by that tile', async () => {
    const tile = await drawnStem([{ colour: 'spot', x: 160, y: 160, r: 200 }], {
      widthPx: 320,
      heightPx: 320,
    })
    expect(await diagnosis(tile, 'dragon-fruit', 'stem')).toMatchObject({ verdict: 'spot', lesionShare: 1 })
  })

  test('draws the heat map over the photo where it is asked to', async () => {
    const path = join(folder, 'heat.png')
    await diagnosis(await drawnStem([BROWN]), 'dragon-fruit', 'stem', path)
    const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true })
    const at = (x: number, y: number) => [
      ...data.subarray((y * info.width + x) * info.channels).subarray(0, 3),
    ]
    expect([info.width, info.height]).toEqual([640, 480])
    // Magenta over brown; the clean green as it was.
    expect(at(203, 238)[2]).toBeGreaterThan(80)
    expect(at(555, 238)[2]).toBeLessThan(70)
  })

  test('gives the same in strips as in one pass, to the last bit', async () => {
    const installed = modelFor(installedModels(folder).models, 'dragon-fruit', 'stem')!
    const session = await openSession(installed)
    const [head] = installed.manifest.heads
    const [widthPx, heightPx] = [256, 1280]
    const png = await drawnStem([{ ...BROWN, r: 60, y: 600 }], { widthPx, heightPx })
    const rgb = new Uint8Array(await sharp(png).removeAlpha().raw().toBuffer())
    const planes = (maxRows: number, halo: number) =>
      tilePlanes(
        session,
        head!,
        { widthPx, heightPx, rgb },
        { strips: stripsOf(40, 5, halo, maxRows), cellPx: 32, tileCells: 5 },
      )
    const whole = await planes(40, 2)
    expect(await planes(12, 2)).toEqual(whole)
    expect(await planes(15, 3)).toEqual(whole)
    // A margin that is too narrow shows: the test can tell.
    expect(await planes(12, 0)).not.toEqual(whole)
    await session.close()
  })

  test('whatever the sizes, strips keep every row once, and nothing nearer to a cut than the margin', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 60 }),
        fc.nat(8),
        fc.integer({ min: 1, max: 60 }),
        (rows, halo, most) => {
          const strips = stripsOf(rows, 5, halo, most)
          expect(
            strips.flatMap(({ keepFrom, keepTo }) =>
              Array.from({ length: keepTo - keepFrom }, (_, at) => keepFrom + at),
            ),
          ).toEqual(Array.from({ length: rows - 4 }, (_, at) => at))
          for (const { from, to, keepFrom, keepTo } of strips) {
            expect(to - from).toBeLessThanOrEqual(Math.max(most, 2 * halo + 5))
            if (from > 0) expect(keepFrom - from).toBeGreaterThanOrEqual(halo)
            if (to < rows) expect(to - (keepTo + 4)).toBeGreaterThanOrEqual(halo)
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('the leaf model', () => {
  const plain = (stem: 'healthy' | 'spot' | 'background') =>
    drawnStem([{ colour: stem, x: 320, y: 240, r: 900 }])

  test('answers with the head of the crop', async () => {
    expect(await diagnosis(await plain('spot'), 'durian', 'leaf')).toMatchObject({
      verdict: 'leaf_spot',
      lesionShare: null,
      heat: null,
    })
    expect(await diagnosis(await plain('healthy'), 'durian', 'leaf')).toMatchObject({ verdict: 'healthy' })
  })

  test('says that it is another plant, and keeps the probabilities that belong to it', async () => {
    const { verdict, abstained, labels } = await diagnosis(await plain('healthy'), 'mango', 'leaf')
    expect([verdict, abstained]).toEqual([null, 'not-this-plant'])
    expect(labels.reduce((sum, { probability }) => sum + probability, 0)).toBeLessThan(0.5)
  })

  test('asks every head where nobody knows the crop, and says so with the label', async () => {
    const { verdict, labels } = await diagnosis(await plain('healthy'), '', 'leaf')
    expect(verdict).toBe('durian/healthy')
    expect(labels.every(({ label }) => label.startsWith('durian/'))).toBe(true)
  })

  describe('that has a map of what it says', () => {
    const withMap = temporaryFolder()
    beforeAll(() => void putModels(withMap, { withMap: true }))
    const half = () => drawnStem([{ colour: 'spot', x: 160, y: 240, r: 250 }], { stem: 'healthy' })
    const asked = async (bytes: Uint8Array, crop: string, more: object = {}) => {
      const path = put(withMap, 'photo.png', bytes)
      const answer = await examinePhoto({ path, crop, organ: 'leaf', keep: false, ...more }, shelfOf(withMap))
      if (answer.kind !== 'photo') throw new Error(answer.detail)
      return answer.diagnosis
    }

    test('says the same as without it, and where: hot on the spots, cold on the green', async () => {
      const photo = await plain('spot')
      const { heat, model: _, ...rest } = await asked(photo, 'durian')
      const { heat: none, model: __, ...without } = await diagnosis(photo, 'durian', 'leaf')
      expect([none, rest]).toEqual([null, without])
      expect([heat?.rows, heat?.columns]).toEqual([8, 8])
      const { heat: seen, labels } = await asked(await half(), 'durian')
      const probability = labels.find(({ label }) => label === 'leaf_spot')?.probability ?? 0
      const at = (row: number, column: number) => seen?.values[row * 8 + column] ?? -1
      // The hottest cell has what the whole photo has; the green hardly anything of it.
      expect(Math.max(...(seen?.values ?? []))).toBeCloseTo(255 * probability, -0.5)
      expect(at(4, 2)).toBeGreaterThan(0.9 * 255 * probability)
      expect(at(4, 7)).toBeLessThan(0.6 * at(4, 2))
    })

    test('gives no lesion share, and a hint of how much of the photo it means', async () => {
      const examiner = {
        examine: (request: Parameters<typeof examinePhoto>[0]) => examinePhoto(request, shelfOf(withMap)),
      }
      const path = put(folder, 'half', await half())
      const { line } = await diagnose(path, { crop: 'durian', organ: 'leaf' }, examiner)
      expect(line.lesionShare).toBeNull()
      expect(line.affectedShare).toBeGreaterThan(0.2)
      expect(line.affectedShare).toBeLessThan(0.7)
    })

    test('draws it over the photo like that of the stem', async () => {
      const heatmap = join(folder, 'leaf-heat.png')
      await asked(await half(), 'durian', { heatmap })
      const { data, info } = await sharp(heatmap).raw().toBuffer({ resolveWithObject: true })
      const blueAt = (x: number, y: number) => data[(y * info.width + x) * info.channels + 2] ?? 0
      expect([info.width, info.height, blueAt(163, 238) > 55, blueAt(600, 238) < 80]).toEqual([
        640,
        480,
        true,
        true,
      ])
    })

    test('keeps it to itself where the photo is of another plant, and where nobody knows which crop is meant', async () => {
      const other = await asked(await plain('healthy'), 'mango')
      expect([other.abstained, other.heat]).toEqual(['not-this-plant', null])
      const guessed = await asked(await plain('spot'), '')
      expect([guessed.verdict, guessed.heat?.rows]).toEqual(['durian/leaf_spot', 8])
    })

    test('of another shape than its labels is not asked, and the photo is kept all the same', () => {
      const labels = ['healthy', 'leaf_spot', 'not-this-plant'].map((key) => ({
        key,
        vi: key,
        en: key,
        organism: null,
      }))
      const head = { output: 'durian', labels, temperature: 1 }
      for (const dims of [
        [1, 2, 8, 8],
        [1, 3],
        [2, 3, 4, 4],
        [1, 3, 0, 0],
        [1, 3, 900, 900],
      ])
        expect(() => heatOfMap(head, { dims, values: new Float32Array(192) }, 1)).toThrow(
          'the map of "durian"',
        )
      const values = new Float32Array(3).fill(Number.NaN)
      expect(() => heatOfMap(head, { dims: [1, 3, 1, 1], values }, 1)).toThrow('no number')
    })
  })

  test('needs no organ where the crop has one model only', async () => {
    expect(await diagnosis(await plain('spot'), 'durian', '')).toMatchObject({ verdict: 'leaf_spot' })
    expect(await diagnosis(await plain('spot'), 'rice', 'leaf')).toMatchObject({
      model: null,
      abstained: 'uncertain',
    })
  })
})

describe('a photo is decoded once, to the size that the model was trained at', () => {
  test('which depends on the photo', () => {
    const of = (crop: string, organ: 'stem' | 'leaf') =>
      modelFor(installedModels(folder).models, crop, organ)!.manifest
    const size = (manifest: Parameters<typeof sizeFor>[0], widthPx: number, heightPx: number) =>
      Object.values(sizeFor(manifest, { widthPx, heightPx }))
    expect(size(of('dragon-fruit', 'stem'), 4000, 3000)).toEqual([640, 480, true])
    expect(size(of('dragon-fruit', 'stem'), 1080, 1920)).toEqual([352, 640, true])
    expect(size(of('dragon-fruit', 'stem'), 9000, 300)).toEqual([640, 160, true])
    expect(size(of('dragon-fruit', 'stem'), 320, 320)).toEqual([160, 160, true])
    expect(size(of('mango', 'leaf'), 300, 200)).toEqual([300, 200])
    expect(size(of('mango', 'leaf'), 4000, 3000)).toEqual([440, 330, true])
  })
})

describe('a model that can not be used', () => {
  test('by its manifest is named with the reason, and the others are there', () => {
    const own = temporaryFolder()
    const { leaf } = putModels(own)
    const manifest = JSON.parse(readFileSync(join(leaf, 'manifest.json'), 'utf8'))
    const tried = (change: object) => {
      writeFileSync(join(leaf, 'manifest.json'), JSON.stringify({ ...manifest, ...change }))
      const { models, faults } = installedModels(own)
      expect(models.map((each) => each.manifest.id)).toEqual(['dragon-fruit-stem'])
      return faults[0]?.detail
    }
    expect(tried({ format: 'other' })).toContain('format')
    expect(tried({ file: '../../secret' })).toContain('file')
    expect(tried({ sha256: 'x' })).toContain('sha256')
    expect(tried({ file: 'gone.onnx' })).toContain('gone.onnx')
    expect(tried({ outputs: [{ ...manifest.outputs[0], temperature: 0 }] })).toContain('temperature')
    expect(tried({ input: { ...manifest.input, type: 'float32' } })).toContain('uint8')
    writeFileSync(join(leaf, 'manifest.json'), '{')
    expect(installedModels(own).faults).toHaveLength(1)
    for (const path of [join(own, 'none'), join(leaf, 'manifest.json')])
      expect(installedModels(path)).toMatchObject({ models: [], faults: [{ folder: path }] })
    expect(installedModels('')).toEqual({ models: [], faults: [] })
  })

  test('this time, since it broke the process on this photo, is left out: the photo is measured and the reason told', async () => {
    const path = put(folder, 'stem.png', await drawnStem())
    const request = {
      path,
      crop: 'dragon-fruit',
      organ: 'stem',
      keep: false,
      withoutModel: 'it broke',
    } as const
    expect(await examinePhoto(request, shelf)).toMatchObject({
      ...{ kind: 'photo', quality: { shortSidePx: 480 } },
      diagnosis: { model: null, verdict: null, abstained: 'uncertain', fault: 'it broke' },
    })
  })

  test('because its file is another one than the manifest says is not asked, and the photo is kept all the same', async () => {
    const own = temporaryFolder()
    const { stem } = putModels(own)
    writeFileSync(join(stem, 'model.onnx'), 'something else')
    const path = put(folder, 'stem.png', await drawnStem())
    const answer = await examinePhoto(
      { path, crop: 'dragon-fruit', organ: 'stem', keep: false },
      shelfOf(own),
    )
    expect(answer).toMatchObject({
      kind: 'photo',
      diagnosis: {
        model: null,
        verdict: null,
        abstained: 'uncertain',
        fault: expect.stringContaining('not the file'),
      },
    })
  })
})
