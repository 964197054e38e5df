import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { diagnoseFiles } from '../../../agent/command/diagnose.ts'
import { listModels } from '../../../agent/command/models-list.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { drawnStem, putModels } from './drawn-models.ts'
import { drawLeaf, leafJpeg, put } from './drawn-photos.ts'

const MAIN = join(import.meta.dirname, '../../../agent/main.ts')
const folder = temporaryFolder()
const models = join(folder, 'models')
beforeAll(() => void putModels(models))

function run(...words: string[]): { code: number | null; lines: Record<string, unknown>[]; told: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'diagnose', ...words], {
    encoding: 'utf8',
  })
  const lines = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  return { code: status, lines, told: stderr }
}

describe('vuon-agent diagnose', () => {
  test('answers a line a photo, in order, 1 when a file is none, and what several say together', async () => {
    const stem = put(folder, 'stem.png', await drawnStem([{ colour: 'spot', x: 200, y: 240, r: 110 }]))
    const dark = put(folder, 'dark.png', await drawLeaf().linear(0.1, 0).png().toBuffer())
    const none = join(folder, 'none.jpg')
    const { code, lines, told } = run(
      ...[stem, dark, none, '--crop', 'dragon-fruit', '--organ', 'stem'],
      ...['--models', models, '--one-plant'],
    )
    expect(
      lines.map(({ photo, abstained, model, verdict }) => [
        photo,
        abstained,
        (model as { id: string } | null)?.id,
        verdict,
      ]),
    ).toEqual([
      [stem, null, 'dragon-fruit-stem', 'spot'],
      [dark, 'too-dark', 'dragon-fruit-stem', null],
      [none, 'unreadable', undefined, null],
      [undefined, null, undefined, 'spot'],
    ])
    expect(Object.keys(lines[0]!)).toEqual([
      'photo',
      'crop',
      'model',
      'verdict',
      'abstained',
      'labels',
      'lesionShare',
      'quality',
      'ms',
    ])
    expect(lines[3]).toMatchObject({ counted: 1 })
    expect([code, told.includes('none.jpg: unreadable')]).toEqual([1, true])
  })

  test('answers 2 when it is used wrongly, with what would be right', () => {
    const { code, told } = run(
      put(folder, 'any.jpg', new Uint8Array()),
      '--crop',
      'durian',
      '--organ',
      'root',
    )
    expect([code, told.includes('stem, leaf or fruit')]).toEqual([2, true])
  })
})

describe('diagnosing files', () => {
  const said = async (photos: string[], asked: Parameters<typeof diagnoseFiles>[1]) => {
    const lines: unknown[] = []
    const isAllRead = await diagnoseFiles(photos, { models, ...asked }, (line) => lines.push(line))
    return { isAllRead, lines: lines as Record<string, unknown>[] }
  }

  test('draws the heat map, or does not where there is nothing to draw', async () => {
    const stem = put(folder, 'heat-stem.png', await drawnStem())
    const leaf = put(folder, 'heat-leaf.jpg', await leafJpeg())
    const [one, two] = [join(folder, 'one.png'), join(folder, 'two.png')]
    expect(await said([stem], { crop: 'dragon-fruit', heatmap: one })).toMatchObject({ isAllRead: true })
    expect(await said([leaf], { crop: 'rice', heatmap: two })).toMatchObject({
      isAllRead: true,
      lines: [{ model: null }],
    })
    expect([existsSync(one), existsSync(two)]).toEqual([true, false])
  })

  test.each([
    ['a crop that no manifest names', { crop: 'Dragon Fruit' }, 'dragon-fruit'],
    ['an organ that no plant has', { crop: 'durian', organ: 'root' }, 'stem, leaf'],
    ['a heat map that is no PNG', { crop: 'durian', heatmap: 'x.jpg' }, 'PNG'],
    ['a heat map in a folder that is not there', { crop: 'durian', heatmap: '/none/x.png' }, 'folder'],
    ['models that are not there', { crop: 'durian', models: '/none' }, 'manifest.json'],
  ])('refuses %s', async (_what, asked, hint) => {
    await expect(said(['x.jpg'], asked)).rejects.toMatchObject({
      ...{ code: 'input-invalid', hint: expect.stringContaining(hint) },
    })
  })

  test('refuses one heat map for two photos, and a folder in its place', async () => {
    const taken = join(folder, 'taken.png')
    mkdirSync(taken)
    await expect(said(['a', 'b'], { crop: 'durian', heatmap: 'x.png' })).rejects.toThrow('several photos')
    await expect(said(['a'], { crop: 'durian', heatmap: taken })).rejects.toThrow('folder')
  })
})

describe('the list of models', () => {
  test('names each with its crops and label words, and what can not be used with the reason', () => {
    const told: [unknown, string][] = []
    expect(listModels(models, (value, sentence) => told.push([value, sentence]))).toBe(true)
    expect(told[0]?.[0]).toMatchObject({
      models: [{ id: 'dragon-fruit-stem' }, { id: 'leaf', crops: ['durian', 'mango'] }],
    })
    const broken = join(folder, 'broken')
    mkdirSync(join(broken, 'odd'), { recursive: true })
    put(join(broken, 'odd'), 'manifest.json', Buffer.from('{}'))
    expect(listModels(broken, (value, sentence) => told.push([value, sentence]))).toBe(false)
    expect(told[1]?.[1]).toContain('format')
  })
})
