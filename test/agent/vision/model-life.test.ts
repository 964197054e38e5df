import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { ModelChangeEntry, ShadowLookEntry } from '#contract/wire/model-life.ts'
import type { ModelEntry } from '#contract/wire/model-words.ts'
import type { Journal } from '../../../agent/journal/journal.ts'
import { type Eyes, PhotoDesk, type PhotoDeskOptions } from '../../../agent/photo-desk.ts'
import { VisionWorker } from '../../../agent/vision/vision-worker.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { journalFolder, openJournal } from '../journal/journal-room.ts'
import { bundleOf, newRelease, putCases, type Release, STRANGER, trustProvince } from './bundles.ts'
import { drawnStem, putModels } from './drawn-models.ts'
import { InlineEyes } from './inline-eyes.ts'

/** Real bundles, a real journal and real networks, which know colours only; two tests have the vision process too. */
const folder = temporaryFolder()
const base = join(folder, 'base')
let stem = ''
beforeAll(async () => {
  const put = putModels(base)
  stem = put.stem
  for (const each of [put.stem, put.leaf]) await putCases(each)
})

const desks: PhotoDesk[] = []
afterEach(async () => {
  for (const desk of desks.splice(0)) await desk.stop()
})

interface Box {
  readonly desk: PhotoDesk
  readonly journal: Journal
  readonly models: string
  readonly faults: string[]
}

interface BoxOptions {
  readonly at?: string
  readonly journal?: Journal
  readonly models?: string
  readonly worker?: Eyes
  readonly life?: Partial<NonNullable<PhotoDeskOptions['life']>>
}

async function open(options: BoxOptions = {}): Promise<Box> {
  const at = options.at ?? temporaryFolder()
  const journal = options.journal ?? (await openJournal(join(journalFolder(), 'journal.db')))
  const models = join(at, 'models')
  const faults: string[] = []
  const desk = new PhotoDesk({
    ...{ folder: join(at, 'photos'), quotaBytes: 50_000_000, clock: systemClock },
    ...{ models: options.models ?? base, onModelFault: (detail) => faults.push(detail) },
    ...{ worker: options.worker ?? new InlineEyes(), journal },
    life: {
      folder: models,
      trust: () => trustProvince,
      promoteAfter: 100,
      freeBytes: () => null,
      ...options.life,
    },
  })
  desks.push(desk)
  desk.open()
  await desk.openModels()
  return { desk, journal, models, faults }
}

let made = 0
/** A bundle of the stem screen as another release. */
function bundle(release: Release, from = stem): string {
  const own = join(folder, `release-${++made}`)
  return bundleOf(newRelease(from, own, release), `${own}.bundle`)
}

/** The drawn photo `number`: each another one, healthy unless it is said otherwise. */
async function show({ desk }: Box, number: number, spot = true): Promise<string | null> {
  const spots = spot ? [{ colour: 'spot' as const, x: 200 + number, y: 240, r: 110 }] : []
  const photo = await drawnStem(spots, { widthPx: 640 + number })
  const looked = await desk.takeStream(Readable.from([photo]), {
    ...{ crop: 'dragon-fruit', organ: 'stem', plot: 'lo-a', person: 'p1' },
  })
  return 'finding' in looked ? looked.finding.verdict : looked.refused
}

const states = ({ desk }: Box): string[] =>
  desk
    .life!.lines.filter(({ id }) => id === 'dragon-fruit-stem')
    .map(({ state, version, from }) => `${state} ${version} ${from}`)

async function entries<Entry>({ journal }: Box, kind: string): Promise<Entry[]> {
  const rows = await journal.records(kind, { limit: 100 })
  return rows.map(({ entry }) => entry as unknown as Entry).reverse()
}

const changes = async (box: Box): Promise<string[]> =>
  (await entries<ModelChangeEntry>(box, 'model-change')).map(
    ({ change, model, by, now }) => `${change} ${model.version} by ${by}, now ${now?.version}`,
  )

/** Swaps what two lesions are called: the same network, and another opinion of each. */
const dissenting = (version: string): Release => ({
  version,
  change: ({ outputs: [{ labels }] }) => {
    ;[labels[1], labels[2]] = [labels[2], labels[1]]
  },
})

describe('a model from a signed bundle', () => {
  test('runs in the shadow: photos are shown what the old one says, and both answers are kept', async () => {
    const box = await open({ worker: new VisionWorker({ clock: systemClock, models: base }) })
    const taken = await box.desk.life!.install(bundle(dissenting('1.1.0')), 'person')
    expect(taken).toEqual({ id: 'dragon-fruit-stem', version: '1.1.0', state: 'shadow', cases: 3 })
    expect(states(box)).toEqual(['active 1.0.0 program', 'shadow 1.1.0 bundle'])
    expect(await show(box, 1)).toBe('spot')
    await box.desk.shadowIdle()
    const [look] = await entries<ShadowLookEntry>(box, 'shadow-look')
    expect(look).toMatchObject({
      ...{ verdict: 'rot_or_canker', failure: '', model: { version: '1.1.0' } },
      beside: { verdict: 'spot', model: { version: '1.0.0' } },
    })
    const [line] = box.desk.life!.lines.filter(({ state }) => state === 'shadow')
    expect(line?.figures).toMatchObject({ photos: 1, judged: 1, bothAnswered: 1, agreed: 0, failures: 0 })
    expect(line?.waitsFor).toEqual(['photos', 'agreement'])
    expect(readdirSync(join(box.models, '../photos/incoming'))).toEqual([])
    // The words of both are in the journal, so that the province can read either's findings.
    const words = await entries<ModelEntry>(box, 'model')
    expect(words.map(({ id, version }) => `${id} ${version}`)).toEqual([
      ...['dragon-fruit-stem 1.0.0', 'leaf 1.0.0', 'dragon-fruit-stem 1.1.0'],
    ])
  })

  test('answers when a person says so, and the one before it when a person says that', async () => {
    const box = await open()
    await box.desk.life!.install(bundle(dissenting('1.1.0')), 'person')
    await box.desk.life!.promote('dragon-fruit-stem', undefined)
    expect(await show(box, 1)).toBe('rot_or_canker')
    const [first] = await box.desk.recent(1)
    expect(first?.model).toMatchObject({ id: 'dragon-fruit-stem', version: '1.1.0' })
    expect((await entries<ModelEntry>(box, 'model')).at(-1)).toMatchObject({ version: '1.1.0' })
    await box.desk.life!.rollBack('dragon-fruit-stem')
    expect(await show(box, 2)).toBe('spot')
    expect(states(box)).toEqual(['active 1.0.0 program', 'previous 1.1.0 bundle'])
    await box.desk.life!.promote('dragon-fruit-stem', '1.1.0')
    expect(await show(box, 3)).toBe('rot_or_canker')
    expect(await changes(box)).toEqual([
      ...['shadowing 1.1.0 by person, now 1.0.0', 'active 1.1.0 by person, now 1.1.0'],
      ...['rolled-back 1.1.0 by person, now 1.0.0', 'active 1.1.0 by person, now 1.1.0'],
    ])
    await expect(box.desk.life!.promote('dragon-fruit-stem', '9.0.0')).rejects.toMatchObject({
      code: 'model-conflict',
    })
    await expect(box.desk.life!.rollBack('leaf')).rejects.toMatchObject({ code: 'model-conflict' })
  })

  test('answers by itself after enough photos, if it says what the old one says', async () => {
    const box = await open({ life: { promoteAfter: 20 } })
    await box.desk.life!.install(bundle({ version: '1.1.0' }), 'person')
    for (let number = 0; number < 20; number++) await show(box, number, number % 2 === 0)
    await box.desk.shadowIdle()
    expect(states(box)).toEqual(['active 1.1.0 bundle', 'previous 1.0.0 program'])
    const told = (await entries<ModelChangeEntry>(box, 'model-change')).at(-1)
    expect(told).toMatchObject({
      ...{ change: 'active', by: 'figures' },
      figures: { photos: 20, bothAnswered: 20, agreed: 20, failures: 0 },
    })
  })

  test('keeps its state, its figures and what was not told yet through a restart', async () => {
    const at = temporaryFolder()
    const box = await open({ at })
    await box.desk.life!.install(bundle({ version: '1.1.0' }), 'person')
    await show(box, 1)
    await box.desk.shadowIdle()
    await box.desk.stop()
    const again = await open({ at, journal: box.journal })
    expect(states(again)).toEqual(['active 1.0.0 program', 'shadow 1.1.0 bundle'])
    expect(again.desk.life!.lines.find(({ state }) => state === 'shadow')?.figures).toMatchObject({
      ...{ photos: 1, agreed: 1 },
    })
    expect(await changes(again)).toHaveLength(1)
  })
})

describe('a model that fails', () => {
  test('in the shadow three times is dropped, and no photo waits for it', async () => {
    const box = await open()
    await box.desk.life!.install(bundle({ version: '1.1.0' }), 'person')
    writeFileSync(join(box.models, 'installed/dragon-fruit-stem@1.1.0/model.onnx'), 'rotten')
    for (let number = 0; number < 3; number++) expect(await show(box, number)).toBe('spot')
    await box.desk.shadowIdle()
    expect(states(box)).toEqual(['active 1.0.0 program'])
    expect((await entries<ModelChangeEntry>(box, 'model-change')).at(-1)).toMatchObject({
      ...{ change: 'dropped', by: 'failure', reason: expect.stringContaining('not the file') },
    })
    expect(readdirSync(join(box.models, 'installed'))).toEqual([])
  })

  test('while it answers gives way to the one before it, and is not taken again', async () => {
    const box = await open()
    const file = bundle({ version: '1.1.0' })
    await box.desk.life!.install(file, 'person')
    await box.desk.life!.promote('dragon-fruit-stem', undefined)
    writeFileSync(join(box.models, 'installed/dragon-fruit-stem@1.1.0/model.onnx'), 'rotten')
    for (let number = 0; number < 3; number++) expect(await show(box, number)).toBeNull()
    await box.desk.life!.tell()
    await expect.poll(() => states(box)[0]).toBe('active 1.0.0 program')
    expect(await show(box, 4)).toBe('spot')
    expect((await changes(box)).at(-1)).toBe('rolled-back 1.1.0 by failure, now 1.0.0')
    expect(box.desk.life!.lines.find(({ state }) => state === 'previous')?.isRejected).toBe(true)
  })

  test('by breaking the process is rolled back too', async () => {
    const program = join(folder, 'breaks.mjs')
    writeFileSync(
      program,
      `const { active } = JSON.parse(process.argv[2])
       process.on('disconnect', () => process.exit(0))
       process.on('message', ({ check, withoutModel }) => {
         if (check) return process.send({ kind: 'checked', cases: 1, fault: null, ms: 1 })
         if (active.length > 0 && withoutModel === undefined) process.kill(process.pid, 'SIGSEGV')
         const diagnosis = { model: null, verdict: null, abstained: 'uncertain', labels: [], lesionShare: null, heat: null, fault: withoutModel }
         process.send({ kind: 'photo', widthPx: 1, heightPx: 1, quality: {}, diagnosis, ms: {} })
       })`,
    )
    const worker = new VisionWorker({ clock: systemClock, models: base, program })
    const box = await open({ worker })
    await box.desk.life!.install(bundle({ version: '1.1.0' }), 'person')
    await box.desk.life!.promote('dragon-fruit-stem', undefined)
    for (let number = 0; number < 3; number++) await show(box, number)
    await expect.poll(() => states(box)[0]).toBe('active 1.0.0 program')
  })

  test('because its folder rotted while nothing ran is found at the start', async () => {
    const at = temporaryFolder()
    const box = await open({ at })
    await box.desk.life!.install(bundle({ version: '1.1.0' }), 'person')
    await box.desk.life!.promote('dragon-fruit-stem', undefined)
    await box.desk.stop()
    writeFileSync(join(box.models, 'installed/dragon-fruit-stem@1.1.0/card.md'), 'other words')
    const again = await open({ at, journal: box.journal })
    expect(states(again)).toEqual(['active 1.0.0 program'])
    expect(again.faults.join()).toContain('card.md')
    expect(await show(again, 1)).toBe('spot')
    expect((await changes(again)).at(-1)).toBe('rolled-back 1.1.0 by failure, now 1.0.0')
  })
})

describe('what is refused changes nothing', () => {
  const refused = async (box: Box, file: string, code: string, why: string | RegExp): Promise<void> => {
    await expect(box.desk.life!.install(file, 'person')).rejects.toMatchObject({
      ...{ code, message: expect.stringMatching(why), hint: expect.stringMatching(/\w/) },
    })
    expect(states(box)).toEqual(['active 1.0.0 program'])
    expect(readdirSync(join(box.models, 'installed'))).toEqual([])
  }

  test('a stranger’s, an older one, a rival, one that is not said in Vietnamese, one that is no bundle', async () => {
    const box = await open()
    const own = newRelease(stem, join(folder, 'strange'), { version: '1.1.0' })
    await refused(box, bundleOf(own, join(folder, 'strange.bundle'), STRANGER), 'bundle-untrusted', 'No key')
    await refused(box, bundle({ version: '0.9.0' }), 'model-conflict', 'not newer than 1.0.0')
    const rival = bundle({ version: '1.1.0', change: (manifest) => Object.assign(manifest, { id: 'rival' }) })
    await refused(box, rival, 'model-conflict', 'dragon-fruit-stem looks at the stem')
    const mute = bundle({
      ...{
        version: '1.1.0',
        change: ({ outputs }) => Object.assign(outputs[0].labels[2], { vi: 'rot_or_canker' }),
      },
    })
    await refused(box, mute, 'model-unusable', 'not said in Vietnamese')
    const text = join(folder, 'text.bundle')
    writeFileSync(text, 'no bundle')
    await refused(box, text, 'bundle-malformed', 'ends early')
    await refused(box, join(folder, 'none'), 'file-unreadable', 'could not be read')
    expect(await show(box, 1)).toBe('spot')
  })

  test('one that does not answer its cases, one that does not load, and one of which a case can not be drawn', async () => {
    const box = await open()
    const other = newRelease(stem, join(folder, 'off'), { version: '1.1.0' })
    const path = join(other, 'cases/green.json')
    const drawn = JSON.parse(readFileSync(path, 'utf8')) as { expected: { tiles: number[] } }
    drawn.expected.tiles[3]! += 5
    writeFileSync(path, JSON.stringify(drawn))
    await refused(
      box,
      bundleOf(other, `${other}.bundle`),
      'model-unusable',
      /case green\.json: "tiles" is further off/,
    )
    writeFileSync(path, JSON.stringify({ ...drawn, photo: { widthPx: 1e9 } }))
    await refused(box, bundleOf(other, `${other}.2`), 'model-unusable', 'can be drawn')
    const broken = newRelease(stem, join(folder, 'broken'), { version: '1.1.0', areWeightsNew: false })
    writeFileSync(join(broken, 'model.onnx'), 'not a network')
    newRelease(broken, join(folder, 'broken-2'), { version: '1.1.0' })
    await refused(
      box,
      bundleOf(join(folder, 'broken-2'), `${broken}.bundle`),
      'model-unusable',
      'does not do here',
    )
  })

  test('where the box knows no key, has no room, or looks at no photos', async () => {
    const file = bundle({ version: '1.1.0' })
    const on = async (options: BoxOptions) => (await open(options)).desk.life!.install(file, 'person')
    await expect(on({ life: { trust: () => null } })).rejects.toMatchObject({ code: 'not-claimed' })
    await expect(on({ life: { freeBytes: () => 50_000_000 } })).rejects.toMatchObject({ code: 'disk-full' })
    await expect(on({ models: '' })).rejects.toMatchObject({ code: 'model-conflict' })
  })

  test('the same bundle twice is here already', async () => {
    const box = await open()
    const file = bundle({ version: '1.1.0' })
    await box.desk.life!.install(file, 'person')
    expect(await box.desk.life!.install(file, 'person')).toMatchObject({ state: 'already' })
    // A newer one takes the place of what ran in the shadow; older folders are not kept for ever.
    await box.desk.life!.install(bundle({ version: '1.2.0', areWeightsNew: false }), 'person')
    expect(states(box)).toEqual(['active 1.0.0 program', 'shadow 1.2.0 bundle'])
    expect(readdirSync(join(box.models, 'installed'))).toEqual(['dragon-fruit-stem@1.2.0'])
  })
})

test('a photo that comes while the shadow looks does not wait for it', async () => {
  const program = join(folder, 'slow-shadow.mjs')
  writeFileSync(
    program,
    `process.on('disconnect', () => process.exit(0))
     process.on('message', ({ isForShadow }) => {
       if (!isForShadow) process.send({ kind: 'no-photo', reason: 'unreadable', detail: 'shown', ms: {} })
     })`,
  )
  const worker = new VisionWorker({ clock: systemClock, models: base, program, yieldMs: 50 })
  const request = { path: 'any', crop: 'mango', organ: '' as const, keep: false }
  const behind = worker.examineBehind(request)
  expect(await worker.examine(request)).toMatchObject({ detail: 'shown' })
  expect(await behind).toEqual({ kind: 'died', how: 'put-off' })
  await worker.stop()
})
