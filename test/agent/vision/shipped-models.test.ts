import { describe, expect, test } from 'vitest'
import { SHIPPED_MODELS } from '../../../agent/vision/shipped-models.ts'
import { tilePlanes } from '../../../agent/vision/worker/disease-model.ts'
import { installedModels } from '../../../agent/vision/worker/model-folder.ts'
import { openSession } from '../../../agent/vision/worker/model-session.ts'
import { stripsOf } from '../../../agent/vision/worker/strips.ts'
import { draw } from '../../../models/training/drawn-photo.ts'

/** The models that come with the program, in the runtime and with the settings of the box. */
const { models, faults } = installedModels(SHIPPED_MODELS)

test('every model that is shipped can be used, and two of them never answer for the same plant', () => {
  expect(faults).toEqual([])
  const subjects = models.flatMap(({ manifest }) =>
    manifest.crops.map((crop) => `${manifest.organ} of ${crop}`),
  )
  expect(new Set(subjects).size).toBe(subjects.length)
})

const screens = models.filter(({ manifest }) => manifest.input.shape.kind === 'tiles')

describe.each(screens.map((model) => ({ id: model.manifest.id, model })))('$id', ({ model }) => {
  const { manifest } = model

  test('gives the same in strips as in one pass', async () => {
    const { shape } = manifest.input
    if (shape.kind !== 'tiles') return
    const cellPx = shape.multipleOfPx
    const [tileCells, halo] = [shape.tilePx / cellPx, Math.ceil(shape.haloPx / cellPx)]
    const [widthPx, rows] = [shape.tilePx, 2 * halo + 2 * tileCells + 6]
    const heightPx = rows * cellPx
    const colours = { ground: [120, 95, 70], leaf: [70, 130, 50], spot: [110, 60, 30] } as const
    const rgb = draw({ widthPx, heightPx, seed: 5, ...colours, spots: 20 })
    const session = await openSession(model)
    const planes = (maxRows: number) =>
      tilePlanes(...([session, manifest.heads[0]!, { widthPx, heightPx, rgb }] as const), {
        strips: stripsOf(rows, tileCells, halo, maxRows),
        cellPx,
        tileCells,
      })
    const [whole, cut] = [await planes(rows), await planes(2 * halo + tileCells + 2)]
    expect(
      Math.max(...whole.logits.map((each, at) => Math.abs(each - (cut.logits[at] as number)))),
    ).toBeLessThan(1e-5)
    await session.close()
  })
})
