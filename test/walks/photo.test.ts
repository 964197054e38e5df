import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { toBase64, toHex } from '#contract/ground/bytes.ts'
import type { FindingCard } from '../../gateway/insight/findings.ts'
import { drawnStem, putModels } from '../agent/vision/drawn-models.ts'
import { drawLeaf, leafJpeg, put } from '../agent/vision/drawn-photos.ts'
import { BAD_LINK } from '../world/pretend-link.ts'
import { temporaryFolder } from '../world/real-services.ts'
import { type Farm, minutes, World } from '../world/world.ts'

/**
 * The walk of a photo: phone or camera folder → decoding process, quality gate → what a model says, or an honest
 * "can't tell" → journal → province → thumbnail, photo. The real decoding process takes real time.
 */
let world: World | undefined
afterEach(async () => {
  await world?.close()
  world = undefined
})

const NOTE = { crop: 'dragon-fruit', organ: 'stem', plot: 'lo-a', person: '' } as const

const take = (farm: Farm, bytes: Uint8Array) =>
  world!.clock.finish(farm.agent.photos.takeStream(Readable.from([bytes]), NOTE))

async function findingsOf(farm: Farm): Promise<FindingCard[]> {
  const { findings } = await world!.ask<{ findings: FindingCard[] }>(`/api/v1/farms/${farm.farmId}/findings`)
  return findings
}

describe('a photo', () => {
  test('is a finding at the province first, its thumbnail next, and the whole photo when the link is idle', async () => {
    world = await World.open({ seed: 5 })
    const farm = await world.addFarm()
    const looked = await take(farm, await leafJpeg())
    if (!('finding' in looked)) throw new Error(looked.refused)
    // There is no model for it yet, and nobody pretends that there was.
    expect(looked.finding).toMatchObject({ model: null, verdict: null, labels: [] })
    await world.advance(minutes(3))
    const [finding] = await findingsOf(farm)
    expect(finding).toMatchObject({
      findingId: looked.finding.findingId,
      crop: 'dragon-fruit',
      organ: 'stem',
      plotName: 'Lô A',
      model: null,
      verdict: null,
      photo: { state: 'here', sha256: toHex(looked.finding.photo.sha256) },
      thumbnail: { state: 'here' },
    })
    expect(farm.agent.photos.isHeld(looked.finding)).toBe(true)
  })

  test('is judged by the model of the box, and the province has verdict, words and map without the model', async () => {
    world = await World.open({ seed: 7 })
    const models = temporaryFolder()
    putModels(models)
    const farm = await world.addFarm({ config: { photos: { models } } })
    const looked = await take(farm, await drawnStem([{ colour: 'spot', x: 200, y: 240, r: 110 }]))
    if (!('finding' in looked)) throw new Error(looked.refused)
    expect(looked.finding).toMatchObject({
      verdict: 'spot',
      abstained: null,
      model: { id: 'dragon-fruit-stem' },
    })
    await world.advance(minutes(3))
    const [finding] = await findingsOf(farm)
    expect(finding).toMatchObject({
      ...{ verdict: 'spot', lesionShare: looked.finding.lesionShare },
      model: { id: 'dragon-fruit-stem', version: '1.0.0', sha256: toHex(looked.finding.model!.sha256) },
      screen: { vi: 'Sàng lọc, không phải chẩn đoán bệnh.' },
      heat: { rows: 15, columns: 20, values: toBase64(looked.finding.heat!.values) },
    })
    expect(finding?.labels.find(({ label }) => label === 'spot')?.words).toEqual({
      ...{ crop: 'dragon-fruit', vi: 'có đốm', en: 'spot', organism: null },
    })
    // The words are said once, also after the box was switched off and on.
    await farm.restart()
    expect(await farm.agent.journal.records('model', { limit: 10 })).toHaveLength(2)
  })

  test('that is blurred is kept with the reason, so that the agronomist can look', async () => {
    world = await World.open({ seed: 6 })
    const farm = await world.addFarm()
    const blurred = await drawLeaf().blur(14).jpeg().toBuffer()
    const looked = await take(farm, blurred)
    expect(looked).toMatchObject({ finding: { verdict: null, abstained: 'blurred' } })
    await world.advance(minutes(3))
    expect(await findingsOf(farm)).toMatchObject([{ abstained: 'blurred', photo: { state: 'here' } }])
  })

  test('taken without network waits on the box, and travels once, however often the link is cut', async () => {
    world = await World.open({ seed: 8 })
    const farm = await world.addFarm()
    farm.link.faults = { ...BAD_LINK, isUp: false }
    const looked = await take(farm, await leafJpeg({ seed: 2 }))
    if (!('finding' in looked)) throw new Error(looked.refused)
    await world.advance(minutes(10))
    expect(await findingsOf(farm)).toEqual([])
    expect(farm.agent.photos.isHeld(looked.finding)).toBe(false)
    farm.link.faults = { ...BAD_LINK, cut: 0.2 }
    await world.advance(minutes(90))
    expect(await findingsOf(farm)).toMatchObject([{ photo: { state: 'here' }, thumbnail: { state: 'here' } }])
    expect(farm.agent.photos.isHeld(looked.finding)).toBe(true)
  })

  test('that a camera puts into its folder is taken from there', async () => {
    world = await World.open({ seed: 9 })
    const folder = join(temporaryFolder(), 'camera')
    mkdirSync(folder)
    const camera = {
      kind: 'camera-folder',
      name: 'gate',
      path: folder,
      plot: 'lo-a',
      organ: 'stem',
      everyS: 5,
    }
    const farm = await world.addFarm({ config: { buses: [camera] } })
    put(folder, 'snap.jpg', await leafJpeg({ seed: 3 }))
    put(folder, 'note.jpg', Buffer.from('no photo at all'))
    const kept = async () => (await farm.agent.photos.recent(5)).length
    await world.advance(5_000)
    // The decoding process is a real one with thirty seconds of pretend time: they pass no faster than real ones here.
    for (let steps = 0; steps < 300 && (await kept()) === 0; steps++) {
      await world.advance(100)
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
    expect(await kept()).toBe(1)
    await world.advance(minutes(3))
    expect(await findingsOf(farm)).toMatchObject([{ crop: 'dragon-fruit', plot: 'lo-a' }])
    expect(readdirSync(folder)).not.toContain('snap.jpg')
  })
})
