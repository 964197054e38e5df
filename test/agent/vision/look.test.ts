import { readdirSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, test } from 'vitest'
import { toHex } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { FindingEntry } from '#contract/wire/finding.ts'
import { PhotoLook } from '../../../agent/vision/look.ts'
import { PhotoStore } from '../../../agent/vision/photo-store.ts'
import { examinePhoto } from '../../../agent/vision/worker/examine-photo.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { drawLeaf, leafJpeg } from './drawn-photos.ts'

const NOTE = { crop: 'mango', organ: 'leaf' as const, plot: 'lo-a', person: 'p1' }

let store: PhotoStore
let log: FindingEntry[]
let refuse: VuonError | undefined
let photos: PhotoLook
let folder: string

/** The real gate and store in this process; the journal is a list that can refuse. */
function open(quotaBytes = 10_000_000): void {
  folder = temporaryFolder()
  store = new PhotoStore({ folder, quotaBytes, nowMs: () => 1_700_000_000_000 })
  store.open()
  log = []
  refuse = undefined
  photos = new PhotoLook({
    store,
    examiner: { examine: (request) => examinePhoto(request, async () => undefined) },
    log: {
      now: () => 1_700_000_000_000,
      appendFindings: async (findings) => {
        if (refuse) throw refuse
        log.push(...findings)
      },
      recentFindings: async () => log.toReversed(),
    },
    newId: () => `id-${log.length}`,
  })
}
beforeEach(() => open())

async function take(bytes: Uint8Array, note = NOTE) {
  const path = store.newIncoming()
  writeFileSync(path, bytes)
  try {
    return await photos.take(path, note)
  } finally {
    store.removeIncoming(path)
  }
}

describe('looking at a photo', () => {
  test('leaves photo, thumbnail and finding, and nothing half done', async () => {
    const looked = await take(await leafJpeg())
    expect(log).toHaveLength(1)
    const [finding] = log
    expect(looked).toEqual({ finding })
    expect(finding).toMatchObject({
      ...NOTE,
      kind: 'finding',
      abstained: 'uncertain',
      model: null,
      at: 1_700_000_000_000,
    })
    for (const ref of [finding?.photo, finding?.photo.thumbnail])
      expect(store.read(toHex(ref?.sha256 ?? new Uint8Array()))).toHaveLength(ref?.sizeBytes ?? 0)
    expect(readdirSync(`${folder}/incoming`)).toEqual([])
  })

  test('of the same picture twice, or twice at once, is one finding', async () => {
    const bytes = await leafJpeg()
    const [first, second] = await Promise.all([take(bytes), take(bytes)])
    expect(await take(bytes)).toEqual(first)
    expect([second, log.length]).toEqual([first, 1])
  })

  test('of the same picture from another plot is another finding of one photo', async () => {
    const bytes = await leafJpeg()
    await take(bytes)
    await take(bytes, { ...NOTE, plot: 'lo-b' })
    expect([log.length, store.state.count]).toEqual([2, 2])
  })

  test('keeps nothing of what is no photo', async () => {
    expect(await take(Buffer.from('no photo'))).toMatchObject({ refused: 'unsupported-format' })
    expect([log.length, store.state.count]).toEqual([0, 0])
  })

  test('keeps no photo when its finding could not be kept, and takes it when it is sent again', async () => {
    refuse = new VuonError('journal-busy')
    const bytes = await leafJpeg()
    await expect(take(bytes)).rejects.toMatchObject({ code: 'journal-busy' })
    expect(store.state).toMatchObject({ count: 0, sizeBytes: 0, evicted: 0 })
    refuse = undefined
    await take(bytes)
    expect([log.length, store.state.count]).toEqual([1, 2])
  })

  test('leaves no thumbnail behind when there is no room for the photo', async () => {
    open(60_000)
    await expect(take(await leafJpeg({ widthPx: 3000, heightPx: 2000 }))).rejects.toMatchObject({
      code: 'disk-full',
    })
    expect([log.length, store.state.count]).toEqual([0, 0])
  })

  test('has no personal data and no picture in the finding', async () => {
    const bytes = await drawLeaf()
      .withExif({
        IFD0: { Artist: 'HAI LUA', Make: 'PHONE' },
        IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '10/1 55/1 0/1' },
      })
      .jpeg()
      .toBuffer()
    await take(bytes)
    const text = JSON.stringify(log[0], (_key, value) => (value instanceof Uint8Array ? toHex(value) : value))
    expect(text).not.toMatch(/HAI LUA|PHONE|GPS/)
    expect(text.length).toBeLessThan(1500)
  })
})
