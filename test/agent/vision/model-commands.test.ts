import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SHIPPED_MODELS } from '../../../agent/vision/shipped-models.ts'
import { modelAt } from '../../../agent/vision/worker/model-folder.ts'
import { packModel } from '../../../gateway/model-pack.ts'
import { newBox, newProvince } from '../../world/real-programs.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { newRelease, PROVINCE, type Release } from './bundles.ts'

const LEAF = join(SHIPPED_MODELS, 'leaf')

interface Listed {
  readonly models: readonly { readonly id: string; readonly version: string; readonly state: string }[]
}

test('the leaf model, trained again: packed at the province, taken in by the running agent, given up beside a stopped one', async () => {
  const folder = temporaryFolder()
  const bundle = join(folder, 'leaf.bundle')
  const release = newRelease(LEAF, join(folder, 'leaf-9.1.0'), { version: '9.1.0' })
  const cases = readdirSync(join(LEAF, 'cases')).length
  const { version: shipped } = modelAt(LEAF).manifest
  const province = await newProvince(folder)
  const { key } = await province.command<{ key: string }>('models', 'pack', release, '--out', bundle)
  const box = await newBox(folder, { photos: { releaseKeys: [key] } })
  await box.start()
  try {
    const taken = await box.command('models', 'install', bundle)
    expect(taken).toEqual({ id: 'leaf', version: '9.1.0', state: 'shadow', cases })
    await expect(box.command('models', 'install', join(release, 'card.md'))).rejects.toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('bundle-malformed') },
    })
    expect(await box.command('models', 'promote', 'leaf')).toEqual({ id: 'leaf', version: '9.1.0' })
  } finally {
    await box.stop()
  }
  expect(await box.command('models', 'rollback', 'leaf')).toEqual({ id: 'leaf', version: shipped })
  const { models } = await box.command<Listed>('models', 'list')
  expect(models.filter(({ id }) => id === 'leaf').map(({ state, version }) => `${state} ${version}`)).toEqual(
    [...[`active ${shipped}`, 'previous 9.1.0']],
  )
}, 120_000)

test('what a box would refuse is not packed, and versions only rise', () => {
  const folder = temporaryFolder()
  const record = join(folder, 'packed.json')
  let made = 0
  const pack = (release: Release, spoil: (own: string) => void = () => {}) => {
    const own = newRelease(LEAF, join(folder, `${++made}`), release)
    spoil(own)
    return packModel(own, { key: PROVINCE, record })
  }
  const first = pack({ version: '1.1.0' })
  expect(pack({ version: '1.1.0' }).sha256).toBe(first.sha256)
  expect(() => pack({ version: '1.0.9' })).toThrow(expect.objectContaining({ code: 'model-conflict' }))
  expect(() => pack({ version: '1.1.0', areWeightsNew: false })).toThrow('is not newer')
  const wrong: [Release, RegExp, ((own: string) => void)?][] = [
    [{ version: 'next' }, /version: numbers with dots/],
    [
      { version: '1.2.0', change: ({ outputs }) => Object.assign(outputs[0].labels[0], { vi: ' ' }) },
      /labels\.0\.vi/,
    ],
    [{ version: '1.2.0' }, /sha256/, (own) => writeFileSync(join(own, 'model.onnx'), 'other')],
    [{ version: '1.2.0' }, /not JSON/, (own) => writeFileSync(join(own, 'manifest.json'), '{')],
    [
      { version: '1.2.0' },
      /could not be read/,
      (own) => writeFileSync(join(own, 'manifest.json'), renamed(own)),
    ],
    [{ version: '1.2.0' }, /at most 59/, (own) => putMany(join(own, 'cases'))],
  ]
  for (const [release, why, spoil] of wrong) expect(() => pack(release, spoil)).toThrow(why)
  expect(JSON.parse(readFileSync(record, 'utf8'))).toMatchObject({ leaf: { version: '1.1.0' } })
  expect(pack({ version: '1.10.0' }).version).toBe('1.10.0')
})

/** The manifest names a file that is not there. */
const renamed = (own: string): string =>
  readFileSync(join(own, 'manifest.json'), 'utf8').replace('model.onnx', 'gone.onnx')

function putMany(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (let at = 0; at < 60; at++) writeFileSync(join(folder, `${at}.json`), '{}')
}
