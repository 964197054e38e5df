import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import { toHex } from '#contract/ground/bytes.ts'
import { addPerson } from '../../gateway/accounts/people.ts'
import { readPack } from '../../models/training/photo-pack.ts'
import { drawnStem, putModels } from '../agent/vision/drawn-models.ts'
import { FormVisitor } from '../world/form-visitor.ts'
import { QUICK_PASSWORD } from '../world/quick-hash.ts'
import { temporaryFolder } from '../world/real-services.ts'
import { minutes, World } from '../world/world.ts'

/**
 * The way back of a photo: judged by the model of the box → its thumbnail before an agronomist → the full photo asked for
 * and sent → corrected → a row of the next training.
 */
let world: World | undefined
afterEach(async () => {
  await world?.close()
  world = undefined
})

test('what an agronomist corrects from a thumbnail is asked for, comes, and is there for the next training', async () => {
  world = await World.open({ seed: 61 })
  const models = temporaryFolder()
  putModels(models)
  const farm = await world.addFarm({
    config: { photos: { models }, sync: { budget: { photos: 'thumbnails' } } },
  })
  const note = { crop: 'dragon-fruit', organ: 'stem', plot: 'lo-a', person: '' } as const
  const bytes = await drawnStem([{ colour: 'spot', x: 200, y: 240, r: 110 }])
  const looked = await world.clock.finish(farm.agent.photos.takeStream(Readable.from([bytes]), note))
  if (!('finding' in looked)) throw new Error(looked.refused)
  await world.advance(minutes(5))

  const [email, password] = ['ky-su-hai@vuon.example', 'thanh long ruột trắng']
  const person = { email, password, name: 'Kỹ sư Hai', role: 'agronomist', language: 'vi' } as const
  await addPerson(world.gateway.db, { ...person, farmIds: [farm.farmId] }, QUICK_PASSWORD)
  const { app } = world
  const visitor = new FormVisitor('http://vuon.example', async ({ method, path, headers, body }) => {
    const answer = await app.inject({ method, url: path, headers: { ...headers }, payload: body ?? '' })
    const { 'set-cookie': cookies = [], ...rest } = answer.headers
    const told = Object.entries(rest).map(([name, value]) => [name, String(value)])
    return {
      status: answer.statusCode,
      headers: { ...Object.fromEntries(told), 'set-cookie': cookies },
      body: answer.body,
    }
  })
  await visitor.submit(await visitor.open('/sign-in'), '/sign-in', { email, password })
  const path = `/findings/${farm.agent.enrolment!.agent}/${looked.finding.findingId}`
  const first = await visitor.open(path)
  for (const part of ['Có đốm', 'class="heat-layer"', 'ảnh lớn còn ở hộp']) expect(first.html).toContain(part)
  await visitor.submit(first, `${path}/photo`, {})
  await world.advance(minutes(10))
  expect((await visitor.open(path)).html).toContain('Mở ảnh lớn')

  const label = 'dragon-fruit/rot_or_canker'
  await visitor.submit(await visitor.open(path), path, { decision: 'corrected', label })
  const out = join(temporaryFolder(), 'corrections')
  await world.gateway.exportFindings({ out, since: '', crop: '' }, () => undefined)
  expect(readPack([out])).toMatchObject([
    { label: 'rot_or_canker', labelVi: 'thối hoặc loét', crop: 'dragon fruit', organ: 'stem' },
  ])
  expect(readPack([out])[0]?.path).toContain(toHex(looked.finding.photo.sha256))
})
