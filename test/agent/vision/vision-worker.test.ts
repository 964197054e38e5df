import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { diagnose } from '../../../agent/vision/diagnose.ts'
import { VisionWorker, type VisionWorkerOptions } from '../../../agent/vision/vision-worker.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { leafJpeg, pngOfSize, put } from './drawn-photos.ts'

/** Real processes on the real clock. */
const folder = temporaryFolder()
const workers: VisionWorker[] = []
afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.stop())))

function open(options: Partial<VisionWorkerOptions> = {}): VisionWorker {
  const worker = new VisionWorker({ clock: systemClock, ...options })
  workers.push(worker)
  return worker
}

/** A worker's program that does on each photo what its path says. */
function program(name: string, onPhoto: string): string {
  const path = join(folder, `${name}.mjs`)
  writeFileSync(
    path,
    `const ok = { kind: 'no-photo', reason: 'unreadable', detail: 'pid ' + process.pid, ms: {} }
     process.on('disconnect', () => process.exit(0))
     process.on('message', ({ path, withoutModel }) => { ${onPhoto} })`,
  )
  return path
}

const ask = (path: string) => ({ path, crop: 'mango', organ: '' as const, keep: false })

describe('the decoding process', () => {
  test('answers what the gate says of a real photo', async () => {
    const path = put(folder, 'leaf.jpg', await leafJpeg())
    const answer = await open().examine(ask(path))
    expect(answer).toMatchObject({
      kind: 'photo',
      widthPx: 1200,
      diagnosis: { abstained: 'uncertain', model: null },
    })
  })

  test('opens nothing but photos, even when their first bytes promise one', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"/>'
    const path = put(
      folder,
      'promise.jpg',
      Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.from(svg)]),
    )
    expect(await open().examine(ask(path))).toMatchObject({ kind: 'no-photo' })
  })

  test('that hangs is killed, and the next photo gets a new one', async () => {
    const worker = open({
      timeoutMs: 1000,
      program: program('hangs', `if (path === 'bad') for (;;) {} process.send(ok)`),
    })
    const [bad, good] = await Promise.all([worker.examine(ask('bad')), worker.examine(ask('good'))])
    expect(bad).toMatchObject({ kind: 'no-photo', reason: 'unreadable', detail: 'took too long to decode' })
    expect(good).toMatchObject({ detail: expect.stringContaining('pid') })
    expect(worker.state).toMatchObject({
      waiting: 0,
      examined: 2,
      kills: { timeout: 1, memory: 0, crash: 0 },
    })
  })

  test('that dies on a photo is tried once more, then answered for', async () => {
    const worker = open({
      program: program(
        'dies',
        `if (path === 'bad') process.kill(process.pid, 'SIGSEGV'); else process.send(ok)`,
      ),
    })
    const [bad, good] = await Promise.all([worker.examine(ask('bad')), worker.examine(ask('good'))])
    expect(bad).toMatchObject({ kind: 'no-photo', reason: 'unreadable', detail: 'broke the decoder' })
    expect(good).toMatchObject({ detail: expect.stringContaining('pid') })
    expect(worker.state.kills.crash).toBe(2)
  })

  test.each([
    ['dies', `process.kill(process.pid, 'SIGSEGV')`, 'broke'],
    ['hangs', 'for (;;) {}', 'took too long'],
  ])('that %s with a model gets the photo once more without it', async (name, fate, told) => {
    const onPhoto = `if (withoutModel === undefined) { ${fate} }
      process.send({ ...ok, detail: withoutModel + ' pid ' + process.pid })`
    const worker = open({ timeoutMs: 1000, models: folder, program: program(`model-${name}`, onPhoto) })
    expect(await worker.examine(ask('any'))).toMatchObject({ detail: expect.stringContaining(told) })
    expect(worker.state.examined).toBe(1)
  })

  test('that was killed from outside while idle costs no photo', async () => {
    const worker = open({ program: program('idle', 'process.send(ok)') })
    const pidOf = async (path: string): Promise<number> => {
      const answer = await worker.examine(ask(path))
      return Number(answer.kind === 'no-photo' && answer.detail.slice(4))
    }
    const first = await pidOf('a')
    process.kill(first, 'SIGKILL')
    const second = await pidOf('b')
    expect(second).toBeGreaterThan(0)
    expect(second).not.toBe(first)
  })

  test.skipIf(process.platform !== 'linux')('that takes too much memory is killed', async () => {
    const worker = open({
      memoryCapBytes: 150 * 1024 * 1024,
      program: program(
        'grows',
        `if (path !== 'bad') return process.send(ok)
         const held = []; setInterval(() => held.push(Buffer.alloc(20e6, 1)), 10)`,
      ),
    })
    expect(await worker.examine(ask('bad'))).toMatchObject({ kind: 'no-photo', reason: 'too-large' })
    expect(worker.state.kills.memory).toBe(1)
    expect(await worker.examine(ask('good'))).toMatchObject({ detail: expect.stringContaining('pid') })
  })

  test('takes a bounded number of photos, and says so to the next', async () => {
    const worker = open({
      queueBound: 2,
      timeoutMs: 300,
      program: program('slow', 'setTimeout(() => process.send(ok), 50)'),
    })
    const taken = ['a', 'b', 'c'].map((path) => worker.examine(ask(path)))
    await expect(worker.examine(ask('d'))).rejects.toMatchObject({ code: 'vision-busy' })
    expect(await Promise.all(taken)).toHaveLength(3)
  })

  test('ends when it has had nothing to do, and begins again', async () => {
    const worker = open({ idleMs: 100, program: program('rests', 'process.send(ok)') })
    const pidOf = async () => {
      const answer = await worker.examine(ask('a'))
      return Number(answer.kind === 'no-photo' && answer.detail.slice(4))
    }
    const first = await pidOf()
    while (isAlive(first)) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await pidOf()).not.toBe(first)
  })

  test('does not outlive the agent, and knows nothing of its environment', async () => {
    process.env['VUON_TEST_SECRET'] = 'hidden'
    const worker = open({
      program: program(
        'env',
        `process.send({ ...ok, detail: process.pid + ' ' + JSON.stringify(process.env) })`,
      ),
    })
    const answer = await worker.examine(ask('a'))
    const detail = answer.kind === 'no-photo' ? answer.detail : ''
    expect(detail).not.toContain('hidden')
    await worker.stop()
    expect(isAlive(Number.parseInt(detail, 10))).toBe(false)
    await expect(worker.examine(ask('b'))).rejects.toMatchObject({ code: 'vision-busy' })
  })

  test('is let go of in the middle of a photo when the agent stops', async () => {
    const worker = open({ program: program('middle', '') })
    const waiting = [worker.examine(ask('a')), worker.examine(ask('b'))]
    const outcomes = Promise.allSettled(waiting)
    await worker.stop()
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})

describe('diagnose', () => {
  test('gives one line a photo, with every field that the command line promises', async () => {
    const worker = open()
    const path = put(folder, 'line.jpg', await leafJpeg())
    const { line, isFailure } = await diagnose(path, { crop: 'mango', organ: 'leaf' }, worker)
    expect(isFailure).toBe(false)
    expect(Object.keys(line)).toEqual([
      ...['photo', 'crop', 'model', 'verdict', 'abstained', 'labels', 'lesionShare', 'quality', 'ms'],
    ])
    expect(line).toMatchObject({
      photo: path,
      crop: 'mango',
      model: null,
      verdict: null,
      abstained: 'uncertain',
    })
    expect(Object.keys(line.ms)).toEqual(['decode', 'infer', 'total'])
  })

  test('calls a file that is no photo a failure, and says why', async () => {
    const worker = open()
    const bomb = put(folder, 'bomb.png', pngOfSize(65_000, 65_000))
    const text = put(folder, 'text.jpg', Buffer.from('not a photo'))
    const reasons = await Promise.all(
      [bomb, text, join(folder, 'none.jpg')].map((path) =>
        diagnose(path, { crop: 'mango', organ: '' }, worker),
      ),
    )
    expect(reasons.map(({ line, isFailure }) => [line.abstained, isFailure, line.quality])).toEqual([
      ['too-large', true, null],
      ['unsupported-format', true, null],
      ['unreadable', true, null],
    ])
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A zombie that its parent has not waited for yet is dead.
    return !/^State:\s+Z/m.test(
      execFileSync('cat', [`/proc/${pid}/status`], { encoding: 'utf8', stdio: 'pipe' }),
    )
  } catch {
    return false
  }
}
