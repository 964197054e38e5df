import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../world/real-services.ts'
import { drawLeaf, leafJpeg, put } from './drawn-photos.ts'

const MAIN = join(import.meta.dirname, '../../../agent/main.ts')
const folder = temporaryFolder()

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
  test('answers a line a photo, in order, and 0 when every file was a photo', async () => {
    const leaf = put(folder, 'leaf.jpg', await leafJpeg())
    const dark = put(folder, 'dark.png', await drawLeaf().linear(0.1, 0).png().toBuffer())
    const { code, lines } = run(leaf, dark, '--crop', 'durian', '--organ', 'leaf')
    expect(lines.map(({ photo, abstained, model, verdict }) => [photo, abstained, model, verdict])).toEqual([
      [leaf, 'uncertain', null, null],
      [dark, 'too-dark', null, null],
    ])
    expect(code).toBe(0)
  })

  test('answers 1 when a file is none, and still looks at the others', async () => {
    const leaf = put(folder, 'leaf2.jpg', await leafJpeg())
    const { code, lines, told } = run(join(folder, 'none.jpg'), leaf, '--crop', 'durian')
    expect(lines.map(({ abstained }) => abstained)).toEqual(['unreadable', 'uncertain'])
    expect([code, told.includes('none.jpg: unreadable')]).toEqual([1, true])
  })

  test('answers 2 when it is used wrongly, with what would be right', () => {
    const leaf = put(folder, 'any.jpg', new Uint8Array())
    const root = run(leaf, '--crop', 'durian', '--organ', 'root')
    expect([root.code, root.told.includes('stem, leaf or fruit')]).toEqual([2, true])
    expect(run(leaf, '--crop', 'Dragon Fruit').code).toBe(2)
    expect(run(leaf).code).toBe(2)
    expect(run('--crop', 'durian').code).toBe(2)
  })
})
