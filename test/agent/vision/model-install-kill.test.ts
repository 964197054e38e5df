import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { compareModelVersions } from '#contract/trace/model-bundle.ts'
import { damageOf } from '../../../agent/vision/bundle-folder.ts'
import { ModelLife } from '../../../agent/vision/model-life.ts'
import { checkModel } from '../../../agent/vision/worker/check-model.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { seededRandom, seedFromEnvironment } from '../../world/seeded.ts'
import { bundleOf, newRelease, putCases, trustProvince } from './bundles.ts'
import { putModels } from './drawn-models.ts'

const KILLS = 4
const MOST_KILLS = 20
const BUNDLES = 24
const CHILD = join(import.meta.dirname, 'install-child.ts')
const seed = seedFromEnvironment()

test(`a process killed while it installs leaves each model whole or not there (VUON_SEED=${seed})`, async () => {
  const folder = temporaryFolder()
  const { folder: base, leaf } = putModels(join(folder, 'base'))
  await putCases(leaf)
  await putCases(join(base, 'dragon-fruit-stem'))
  const bundles = Array.from({ length: BUNDLES }, (_, at) => {
    const version = `1.${at + 1}.0`
    return bundleOf(newRelease(leaf, join(folder, version), { version }), join(folder, `${version}.bundle`))
  })
  const random = seededRandom(seed)
  const inTheMiddle: boolean[] = []
  // Some must hit between two steps, or they show nothing.
  const isEnough = () => inTheMiddle.length >= KILLS && inTheMiddle.includes(true)
  for (let kill = 0; !isEnough() && kill < MOST_KILLS; kill++) {
    const models = join(folder, `models-${kill}`)
    const said = await killed([base, models, ...bundles], 1 + Math.floor(random() * 4), random() * 12)
    const installed = join(models, 'installed')
    const left = readdirSync(installed)
    const chosen = readFileSync(join(models, 'choice.json'), 'utf8')
    inTheMiddle.push(left.some((name) => name.startsWith('.new-') || !chosen.includes(name)))
    // Whatever has its name is whole, before anybody swept.
    for (const name of left)
      if (!name.startsWith('.new-')) expect(damageOf(join(installed, name)), name).toBeNull()
    const life = opened(base, models)
    await life.open()
    const shadow = life.lines.find(({ id, state }) => id === 'leaf' && state === 'shadow')
    expect(life.lines.find(({ id, state }) => id === 'leaf' && state === 'active')?.version).toBe('1.0.0')
    // What was said to be in is in; what was not said may be.
    if (said) expect(compareModelVersions(shadow?.version ?? '', said), said).toBeGreaterThanOrEqual(0)
    expect(readdirSync(installed)).toEqual(shadow ? [`leaf@${shadow.version}`] : [])
    expect(readdirSync(models).filter((name) => name.startsWith('.'))).toEqual([])
    await life.install(bundles.at(-1)!, 'person')
    expect(existsSync(join(installed, `leaf@1.${BUNDLES}.0/model.onnx`))).toBe(true)
  }
  expect(inTheMiddle).toContain(true)
}, 120_000)

/** Kills the child some time after so many models are in; returns the last version that it said. */
async function killed(words: readonly string[], after: number, delayMs: number): Promise<string | undefined> {
  const child = spawn(process.execPath, [CHILD, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    if (said.length === after + 1) setTimeout(() => child.kill('SIGKILL'), delayMs)
  }
  await gone
  expect(child.signalCode).toBe('SIGKILL')
  return said.slice(1).at(-1)
}

const opened = (base: string, folder: string): ModelLife =>
  new ModelLife({
    ...{ base, folder, promoteAfter: 0, log: null, check: checkModel },
    now: () => Date.now(),
    trust: () => trustProvince,
    onChange: () => {},
    onFault: (detail) => expect(detail).toBe(''),
    freeBytes: () => null,
  })
