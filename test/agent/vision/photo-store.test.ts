import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type PhotoKind, PhotoStore } from '../../../agent/vision/photo-store.ts'
import { temporaryFolder } from '../../world/real-services.ts'

interface Room {
  readonly folder: string
  readonly store: PhotoStore
  readonly time: { nowMs: number }
}

function openStore(quotaBytes = 10_000, folder = temporaryFolder(), quotaCount?: number): Room {
  const time = { nowMs: 1_700_000_000_000 }
  const store = new PhotoStore({
    folder,
    quotaBytes,
    nowMs: () => time.nowMs++,
    ...(quotaCount === undefined ? {} : { quotaCount }),
  })
  store.open()
  return { folder, store, time }
}

function add({ store }: Room, content: string, kind: PhotoKind = 'photo'): string {
  const path = store.newIncoming()
  writeFileSync(path, content)
  return store.adopt(path, kind).sha256
}

const hashOf = (content: string): string => createHash('sha256').update(content).digest('hex')
const files = (folder: string): string[] => readdirSync(folder, { recursive: true }).map(String).sort()

describe('the photo store', () => {
  test('names a photo by its hash and gives its bytes back', () => {
    const room = openStore()
    const hash = add(room, 'a photo')
    expect(hash).toBe(hashOf('a photo'))
    expect(Buffer.from(room.store.read(hash) ?? []).toString()).toBe('a photo')
    expect(Buffer.from(room.store.readPart(hash, 2, 3) ?? []).toString()).toBe('pho')
    expect(room.store.readPart(hash, 100, 3)).toHaveLength(0)
    expect(files(room.folder)).toEqual(['held', 'incoming', `${hash}.jpg`].sort())
  })

  test('keeps the same photo once', () => {
    const room = openStore()
    expect(add(room, 'twin')).toBe(add(room, 'twin'))
    expect(room.store.state).toMatchObject({ count: 1, sizeBytes: 4 })
  })

  test('finds everything again after a restart, and sweeps what was half done', () => {
    const { folder, store } = openStore()
    const [held, waiting] = [
      add({ folder, store, time: { nowMs: 0 } }, 'held'),
      add({ folder, store, time: { nowMs: 0 } }, 'waiting', 'thumbnail'),
    ]
    store.markHeld(held)
    writeFileSync(store.newIncoming(), 'half of a photo')
    writeFileSync(join(folder, 'held', 'f'.repeat(64)), '')
    const again = openStore(10_000, folder).store
    expect(again.find(held)).toMatchObject({ isHeld: true, kind: 'photo', sizeBytes: 4 })
    expect(again.waiting().map(({ sha256 }) => sha256)).toEqual([waiting])
    expect(files(folder)).toEqual(
      ['held', `held/${held}`, 'incoming', `${held}.jpg`, `${waiting}.webp`].sort(),
    )
  })

  test('leaves alone what is not its own', () => {
    const folder = temporaryFolder()
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'notes.txt'), 'by a technician')
    openStore(10_000, folder)
    expect(existsSync(join(folder, 'notes.txt'))).toBe(true)
  })

  test('sends thumbnails first, then photos, each oldest first', () => {
    const room = openStore()
    const order = [
      add(room, 'photo 1'),
      add(room, 'thumb 1', 'thumbnail'),
      add(room, 'photo 2'),
      add(room, 'thumb 2', 'thumbnail'),
    ]
    expect(room.store.waiting().map(({ sha256 }) => order.indexOf(sha256))).toEqual([1, 3, 0, 2])
  })

  test('makes room with the oldest photo that the province holds, thumbnails last', () => {
    const room = openStore(100)
    const thumb = add(room, 't'.repeat(30), 'thumbnail')
    const [first, second] = [add(room, '1'.repeat(30)), add(room, '2'.repeat(30))]
    for (const hash of [thumb, first, second]) room.store.markHeld(hash)
    add(room, '3'.repeat(30))
    expect([thumb, first, second].map((hash) => room.store.find(hash) !== undefined)).toEqual([
      true,
      false,
      true,
    ])
    add(room, '4'.repeat(40))
    expect([thumb, second].map((hash) => room.store.find(hash) !== undefined)).toEqual([true, false])
    add(room, '5'.repeat(25))
    expect(room.store.find(thumb)).toBeUndefined()
    expect(room.store.state.sizeBytes).toBeLessThanOrEqual(100)
  })

  test('refuses a photo rather than drop one that the province lacks', () => {
    const room = openStore(50)
    const kept = add(room, 'x'.repeat(40))
    const path = room.store.newIncoming()
    writeFileSync(path, 'y'.repeat(20))
    expect(() => room.store.adopt(path, 'photo')).toThrow(expect.objectContaining({ code: 'disk-full' }))
    expect([room.store.find(kept) !== undefined, existsSync(path)]).toEqual([true, true])
    room.store.markHeld(kept)
    expect(room.store.adopt(path, 'photo')).toEqual({ sha256: hashOf('y'.repeat(20)), isNew: true })
    expect(room.store.find(kept)).toBeUndefined()
  })

  test('is bounded in number, too', () => {
    const room = openStore(10_000, temporaryFolder(), 2)
    const hashes = ['a', 'b'].map((content) => add(room, content))
    expect(() => add(room, 'c')).toThrow(expect.objectContaining({ code: 'disk-full' }))
    room.store.markHeld(hashes[1] as string)
    add(room, 'd')
    expect(room.store.state.count).toBe(2)
  })

  test('whatever comes and is held: within its quota, and nothing unheld is ever gone', () => {
    const step = fc.oneof(
      fc.record({ add: fc.string({ minLength: 1, maxLength: 60 }), isThumbnail: fc.boolean() }),
      fc.record({ hold: fc.nat(20) }),
      fc.constant({ restart: true }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const folder = temporaryFolder()
        let room = openStore(200, folder)
        const added: string[] = []
        const held = new Set<string>()
        for (const each of steps) {
          if ('restart' in each) room = openStore(200, folder)
          else if ('hold' in each) {
            const hash = added[each.hold % Math.max(1, added.length)]
            if (hash) held.add(hash)
            if (hash) room.store.markHeld(hash)
          } else {
            try {
              const hash = add(room, each.add, each.isThumbnail ? 'thumbnail' : 'photo')
              if (!added.includes(hash)) added.push(hash)
              // Came again after it was evicted: the province has it, the store will ask.
              if (!room.store.find(hash)?.isHeld) held.delete(hash)
            } catch (error) {
              expect(error).toMatchObject({ code: 'disk-full' })
            }
          }
          expect(room.store.state.sizeBytes).toBeLessThanOrEqual(200)
          for (const hash of added) if (!held.has(hash)) expect(room.store.read(hash)).toBeDefined()
        }
      }),
      { numRuns: 60 },
    )
  })
})
