import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { VuonError } from '#contract/ground/errors.ts'
import { CameraFolder } from '../../../agent/bus/camera-folder.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { temporaryFolder } from '../../world/real-services.ts'

let folder: string
let clock: PretendClock
let taken: string[]
let faults: string[]
let answer: (name: string) => Promise<'kept' | 'bad'>

beforeEach(() => {
  folder = join(temporaryFolder(), 'camera')
  clock = new PretendClock(Date.UTC(2026, 10, 23))
  taken = []
  faults = []
  answer = async () => 'kept'
})

async function started(): Promise<CameraFolder> {
  const camera = new CameraFolder({
    path: folder,
    everyMs: 2_000,
    clock,
    deliver: (path) => {
      taken.push(basename(path))
      return answer(basename(path))
    },
    onFault: (code, detail) => faults.push(`${code} ${detail}`),
  })
  await camera.start()
  return camera
}

const put = (name: string, content = 'photo'): void => writeFileSync(join(folder, name), content)
const names = (inside = ''): string[] => readdirSync(join(folder, inside)).sort()

describe('a camera folder', () => {
  test('is made when it is not there', async () => {
    const camera = await started()
    expect(names()).toEqual(['bad'])
    expect(camera.state()).toMatchObject({ isUp: true })
  })

  test('takes a file that has stopped growing and removes it after it was kept', async () => {
    await started()
    put('a.jpg')
    await clock.advance(4_000)
    expect(taken).toEqual([])
    await clock.advance(6_000)
    expect(taken).toEqual(['a.jpg'])
    expect(names()).toEqual(['bad'])
  })

  test('leaves a file alone as long as it grows', async () => {
    await started()
    put('slow.jpg', 'p')
    for (let second = 0; second < 30; second += 3) {
      await clock.advance(3_000)
      appendFileSync(join(folder, 'slow.jpg'), 'more')
    }
    expect(taken).toEqual([])
    await clock.advance(10_000)
    expect(taken).toEqual(['slow.jpg'])
  })

  test('does not remove a file that went on growing while it was looked at', async () => {
    answer = async (name) => {
      if (taken.length === 1) appendFileSync(join(folder, name), 'the rest')
      return taken.length === 1 ? 'bad' : 'kept'
    }
    await started()
    put('paused.jpg', 'half')
    await clock.advance(10_000)
    expect([taken.length, existsSync(join(folder, 'paused.jpg'))]).toEqual([1, true])
    await clock.advance(10_000)
    expect([taken.length, names(), names('bad')]).toEqual([2, ['bad'], []])
  })

  test('does not look at half-uploaded names, hidden files, folders, links and pipes', async () => {
    await started()
    for (const name of ['a.jpg.part', 'b.TMP', '.c.jpg']) put(name)
    mkdirSync(join(folder, 'd.jpg'))
    symlinkSync('/etc/passwd', join(folder, 'e.jpg'))
    execFileSync('mkfifo', [join(folder, 'f.jpg')])
    await clock.advance(30_000)
    expect(taken).toEqual([])
  })

  test('sets a bad file aside, says so, and goes on with the next', async () => {
    answer = async (name) => (name.startsWith('bad') ? 'bad' : 'kept')
    await started()
    put('bad.jpg')
    put('good.jpg')
    await clock.advance(10_000)
    expect([names(), names('bad')]).toEqual([['bad'], ['bad.jpg']])
    expect(faults).toEqual(['bad-file bad.jpg'])
    put('bad.jpg', 'another one')
    await clock.advance(10_000)
    expect(names('bad')).toEqual(['2-bad.jpg', 'bad.jpg'])
  })

  test('keeps a hundred bad files and counts each that goes for it', async () => {
    answer = async () => 'bad'
    await started()
    for (let number = 0; number < 103; number++) put(`${number}.jpg`)
    await clock.advance(10_000)
    expect(names('bad')).toHaveLength(100)
    expect(faults.filter((fault) => fault.startsWith('too-many-bad'))).toHaveLength(3)
  })

  test('keeps a file that can not be kept at the moment, and tries again', async () => {
    answer = async () => {
      throw new VuonError('disk-full')
    }
    await started()
    put('a.jpg')
    put('b.jpg')
    await clock.advance(8_000)
    expect(names()).toEqual(['a.jpg', 'b.jpg', 'bad'])
    // The others wait, too: the disk is full for them as well.
    expect(new Set(taken)).toEqual(new Set(['a.jpg']))
    expect(faults[0]).toContain('not-kept a.jpg')
    answer = async () => 'kept'
    await clock.advance(4_000)
    expect(names()).toEqual(['bad'])
  })

  test('goes on with the others when one file can not be read', async () => {
    answer = async (name) => {
      if (name === 'a.jpg') throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
      return 'kept'
    }
    await started()
    put('a.jpg')
    put('b.jpg')
    await clock.advance(8_000)
    expect([names(), names('bad')]).toEqual([['a.jpg', 'bad'], []])
  })

  test('that vanishes is said to be down, and is up again when it is back', async () => {
    const camera = await started()
    rmSync(folder, { recursive: true })
    await clock.advance(10_000)
    expect(camera.state()).toMatchObject({ isUp: false })
    expect(faults).toHaveLength(1)
    mkdirSync(join(folder, 'bad'), { recursive: true })
    put('a.jpg')
    await clock.advance(10_000)
    expect([camera.state().isUp, taken]).toEqual([true, ['a.jpg']])
  })

  test('takes nothing any more after it was stopped', async () => {
    const camera = await started()
    put('a.jpg')
    await camera.stop()
    await clock.advance(60_000)
    expect([taken, camera.state().isUp]).toEqual([[], false])
  })
})
