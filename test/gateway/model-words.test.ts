import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type FindingCard, findingsOfFarm } from '../../gateway/insight/findings.ts'
import { BlobStore } from '../../gateway/store/blob-store.ts'
import { EVERYTHING, FARM, RunningGateway } from './running-gateway.ts'
import { findingOf, findings, photoBytes } from './sent-photo.ts'
import { DAY } from './signed-box.ts'

const MODEL = { id: 'stem', version: '2', sha256: new Uint8Array(32).fill(7) }
const words = (vi: string, t = DAY) => ({
  ...{ kind: 'model', t, ...MODEL, organ: 'stem', crops: ['dragon-fruit'] },
  screen: { vi: 'Chỉ là sàng lọc.', en: 'A screen only.' },
  labels: [{ crop: 'dragon-fruit', key: 'spot', vi, en: 'spots', organism: 'urn:x:1' }],
})
const said = { model: MODEL, verdict: 'spot', abstained: null, labels: [{ label: 'spot', probability: 0.9 }] }

/** What a viewer sees of one finding after these entries of the record lane. */
async function shown(records: readonly (Record<string, unknown> & { kind: string })[], change: object = {}) {
  const { province, box } = await RunningGateway.withBox()
  const named = { photo: photoBytes(), thumbnail: photoBytes(800, 9, 'webp') }
  await province.take(findings(box, { ...findingOf(named), ...said, ...change }))
  for (const each of records) await province.take(box.records(each))
  const { db, config } = province.gateway
  const blobs = new BlobStore(join(config.dataDir, 'blobs'), () => 0)
  const [card] = (await findingsOfFarm(db, blobs, EVERYTHING, FARM, 10)) ?? []
  const unknown = await province.rows('SELECT kind FROM unknown_entry')
  return { card: card as FindingCard, unknown }
}

describe('the words of a model', () => {
  test('are shown with a finding that came before them, the newest of them', async () => {
    const { card } = await shown([words('có đốm', DAY + 2), words('đốm', DAY + 1)])
    expect(card).toMatchObject({
      screen: { vi: 'Chỉ là sàng lọc.' },
      labels: [{ label: 'spot', words: { vi: 'có đốm', en: 'spots', organism: 'urn:x:1' } }],
    })
  })

  test('of another model, or of none, are not', async () => {
    const other = { ...words('có đốm'), sha256: new Uint8Array(32).fill(8) }
    expect((await shown([other])).card).toMatchObject({ screen: null, labels: [{ words: null }] })
  })

  test('that are none are counted and kept aside', async () => {
    const short = { ...words('có đốm'), sha256: new Uint8Array(3) }
    const long = { ...words('có đốm'), labels: Array.from({ length: 801 }, () => words('đốm').labels[0]) }
    const { card, unknown } = await shown([short, long])
    expect([unknown.length, card.labels[0]?.words]).toEqual([2, null])
  })
})

describe('the heat map of a finding', () => {
  test('is kept with it as it was sent', async () => {
    const values = Uint8Array.of(0, 255, 7, 9, 1, 2)
    const { card } = await shown([], { heat: { rows: 2, columns: 3, values } })
    expect(card.heat).toEqual({ rows: 2, columns: 3, values: Buffer.from(values).toString('base64') })
  })

  test.each([
    ['has fewer cells than it says', { rows: 2, columns: 3, values: new Uint8Array(5) }],
    ['is larger than any model draws', { rows: 1000, columns: 1, values: new Uint8Array(1000) }],
    ['is no map', 'pink'],
  ])('that %s is left out, and the finding stays', async (_what, heat) => {
    const { card } = await shown([], { heat })
    expect([card.verdict, card.heat]).toEqual(['spot', null])
  })
})
