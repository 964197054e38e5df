import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeEach, describe, expect, it } from 'vitest'
import { drawnTiles } from '../../models/training/drawn-tiles.ts'
import { readPack } from '../../models/training/photo-pack.ts'
import { temporaryFolder } from '../world/real-services.ts'

const HEAD = 'file,set,crop,organ,label,label_en,label_vi,group,split,licence'
let folder = ''
let out = ''

beforeEach(() => {
  folder = temporaryFolder()
  out = join(temporaryFolder(), 'drawn')
  mkdirSync(join(folder, 'photos'))
})

/** A green photo of 1,280 × 960 px as it is looked at, with a red square of 100 px around (800, 300). */
async function photo(name: string, orientation?: number): Promise<string> {
  const square = { create: { width: 100, height: 100, channels: 3 as const, background: 'red' } }
  const upright = await sharp({ create: { width: 1280, height: 960, channels: 3, background: 'green' } })
    .composite([{ input: await sharp(square).png().toBuffer(), left: 750, top: 250 }])
    .png()
    .toBuffer()
  const file = `photos/${name}.jpg`
  const stored = orientation === 6 ? sharp(upright).rotate(270) : sharp(upright)
  await stored
    .withMetadata({ ...(orientation ? { orientation } : {}) })
    .jpeg({ quality: 95 })
    .toFile(join(folder, file))
  return file
}

function pack(...rows: [file: string, label: string, crop?: string, organ?: string][]): void {
  const lines = rows.map(
    ([file, label, crop = 'dragon fruit', organ = 'stem'], at) =>
      `${file},reviewed_dragon_fruit_stem,${crop},${organ},${label},,,farm_2026-11-2${at},train,owned`,
  )
  writeFileSync(join(folder, 'manifest.csv'), `${[HEAD, ...lines].join('\n')}\n`)
}

const drawn = (...lines: object[]): void =>
  writeFileSync(join(folder, 'regions.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''))

const box = (x0: number, y0: number, x1: number, y1: number) => ({
  shape: 'box',
  points: [
    [x0 / 1280, y0 / 960],
    [x1 / 1280, y1 / 960],
  ],
})

const tiles = () => drawnTiles([folder], readPack([folder]), out)

/** Mean red and green, 0 to 255. */
async function colourOf(path: string): Promise<{ red: number; green: number; sides: number[] }> {
  const { channels } = await sharp(path).stats()
  const { width, height } = await sharp(path).metadata()
  return { red: channels[0]!.mean, green: channels[1]!.mean, sides: [width, height] }
}

describe('tiles from where agronomists drew', () => {
  it('are as large as the network meets them, lie where the person drew, and carry label, group and licence', async () => {
    const file = await photo('a')
    pack([file, 'rot_or_canker'])
    drawn({ file, regions: [box(750, 250, 850, 350)] })
    const [tile, ...more] = await tiles()
    expect(more).toEqual([])
    expect(tile).toMatchObject({
      ...{ set: 'dragonfruit_stem_tiles', label: 'rot_or_canker', organ: 'stem' },
      ...{ group: 'farm_2026-11-20', split: 'train', licence: 'owned' },
    })
    const { red, sides } = await colourOf(tile!.path)
    expect(sides).toEqual([320, 320])
    // The square is (100 / 160)² of the tile.
    expect(red / 255).toBeCloseTo(0.39, 1)
  })

  it('lie there on a photo that the camera stored on its side', async () => {
    const file = await photo('a', 6)
    pack([file, 'spot'])
    drawn({ file, regions: [box(750, 250, 850, 350)] })
    const [tile] = await tiles()
    expect((await colourOf(tile!.path)).red / 255).toBeCloseTo(0.39, 1)
  })

  it('stay inside the photo, and cover a large place evenly, at most eight', async () => {
    const file = await photo('a')
    pack([file, 'spot'])
    drawn({ file, regions: [box(0, 0, 10, 10)] })
    expect(await tiles()).toHaveLength(1)
    drawn({ file, regions: [box(0, 0, 320, 320)] })
    expect(await tiles()).toHaveLength(4)
    drawn({ file, regions: [box(0, 0, 1280, 960)] })
    expect(await tiles()).toHaveLength(8)
  })

  it('of a polygon have their centre in it', async () => {
    const file = await photo('a')
    pack([file, 'spot'])
    const points = [
      [0, 0],
      [1, 0],
      [0, 1],
    ]
    drawn({ file, regions: [{ shape: 'polygon', points }] })
    const made = await tiles()
    const corners = made.map(({ path }) => /-(\d+)-(\d+)\.png$/.exec(path)!.slice(1).map(Number))
    expect(corners.length).toBeGreaterThan(1)
    for (const [left = 0, top = 0] of corners)
      expect((left + 80) / 1280 + (top + 80) / 960).toBeLessThanOrEqual(1.001)
  })

  it('come of stems of dragon fruit with a label that the screen has, and of places that were drawn', async () => {
    const files = [await photo('a'), await photo('b'), await photo('c'), await photo('d')]
    pack(
      [files[0]!, 'spot'],
      [files[1]!, 'mosaic'],
      [files[2]!, 'rust', 'coffee', 'leaf'],
      [files[3]!, 'healthy'],
    )
    drawn(...files.slice(0, 3).map((file) => ({ file, regions: [box(0, 0, 200, 200)] })))
    expect((await tiles()).map(({ label }) => label)).toEqual(['spot'])
  })

  it.each([
    ['{', 'no JSON'],
    ['{"file":1,"regions":[]}', 'a file that is none'],
    ['{"file":"photos/a.jpg","regions":[{"shape":"box","points":[[0,0]]}]}', 'a box with one corner'],
    ['{"file":"photos/a.jpg","regions":[{"shape":"box","points":[[0,0],[2,1]]}]}', 'a corner outside'],
    ['{"file":"photos/a.jpg","regions":[{"shape":"star","points":[[0,0],[1,1],[0,1]]}]}', 'another shape'],
    ['{"file":"photos/a.jpg","regions":[null]}', 'nothing'],
  ])('are refused with folder and line: %s', async (line) => {
    pack([await photo('a'), 'spot'])
    writeFileSync(join(folder, 'regions.jsonl'), `\n${line}\n`)
    await expect(tiles()).rejects.toThrow('regions.jsonl:2')
  })
})
