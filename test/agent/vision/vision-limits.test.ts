import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { HeatLimit } from '../../../agent/vision/heat-limit.ts'
import { VisionWorker, type VisionWorkerOptions } from '../../../agent/vision/vision-worker.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { drawnStem, putModels } from './drawn-models.ts'
import { put } from './drawn-photos.ts'

/** Photos never stand in the way of the sensors: neither by their heat, nor by their share of the processor. */
const workers: VisionWorker[] = []
afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.stop())))

function opened(options: VisionWorkerOptions): VisionWorker {
  const worker = new VisionWorker(options)
  workers.push(worker)
  return worker
}

/** A board's folder of thermal zones, as Linux has it. */
class Board {
  readonly folder = temporaryFolder()

  zone(number: number, type: string, temp: string): void {
    const zone = join(this.folder, `thermal_zone${number}`)
    mkdirSync(zone, { recursive: true })
    writeFileSync(join(zone, 'type'), `${type}\n`)
    writeFileSync(join(zone, 'temp'), `${temp}\n`)
  }
}

describe('the temperature of the board', () => {
  test('is that of the hottest zone of its processor; batteries and radios do not count', () => {
    const board = new Board()
    board.zone(0, 'battery', '91000')
    board.zone(1, 'cpu-thermal', '61500')
    board.zone(2, 'soc-thermal', '64250')
    const limit = new HeatLimit({ folder: board.folder, tooHotC: 80 })
    expect(limit.look()).toEqual({ tempC: 64.25, isTooHot: false })
    rmSync(join(board.folder, 'thermal_zone1'), { recursive: true })
    rmSync(join(board.folder, 'thermal_zone2'), { recursive: true })
    expect(limit.look().tempC).toBe(91)
  })

  test('is too high from the bound on, and a few degrees below it no more', () => {
    const board = new Board()
    const limit = new HeatLimit({ folder: board.folder, tooHotC: 80 })
    const at = (temp: number) => {
      board.zone(0, 'cpu-thermal', `${temp * 1000}`)
      return limit.look().isTooHot
    }
    expect([79, 80, 78, 76, 75, 74, 79].map(at)).toEqual([false, true, true, true, true, false, false])
  })

  test('is not known where nothing can be read or what is read is none; then nothing waits', () => {
    const board = new Board()
    const limit = new HeatLimit({ folder: board.folder, tooHotC: 80 })
    expect(limit.look()).toEqual({ tempC: null, isTooHot: false })
    for (const temp of ['', 'hot', '-273000', '999999']) {
      board.zone(0, 'cpu-thermal', temp)
      expect(limit.look()).toEqual({ tempC: null, isTooHot: false })
    }
    rmSync(board.folder, { recursive: true })
    expect(limit.look().tempC).toBeNull()
  })
})

describe('a box that is too hot', () => {
  /** A real process that answers at once; time and temperature are the test's. */
  function hotBox(queueBound = 3) {
    const board = new Board()
    board.zone(0, 'cpu-thermal', '84000')
    const program = join(temporaryFolder(), 'answers.mjs')
    writeFileSync(
      program,
      `process.on('disconnect', () => process.exit(0))
       process.on('message', () => process.send({ kind: 'no-photo', reason: 'unreadable', detail: 'looked at', ms: {} }))`,
    )
    const clock = new PretendClock(Date.UTC(2026, 10, 23))
    const told: string[] = []
    const heat = new HeatLimit({ folder: board.folder, tooHotC: 80 })
    const worker = opened({ clock, heat, program, queueBound, onTooHot: (detail) => told.push(detail) })
    const ask = () => worker.examine({ path: 'any', crop: 'mango', organ: 'leaf', keep: false })
    return { board, clock, worker, ask, told }
  }

  test('looks at no photo until it is cooler, says so, and then goes on by itself', async () => {
    const { board, clock, worker, ask, told } = hotBox()
    const answers = [ask(), ask()]
    await clock.advance(30_000)
    expect(worker.state).toMatchObject({
      pid: null,
      waiting: 2,
      examined: 0,
      heat: { tempC: 84, isTooHot: true },
    })
    board.zone(0, 'cpu-thermal', '70000')
    await clock.advance(6_000)
    expect(await Promise.all(answers)).toMatchObject([{ detail: 'looked at' }, { detail: 'looked at' }])
    expect([worker.state.waiting, told]).toEqual([0, []])
  })

  test('keeps no more waiting than its queue holds, and nobody for ever: who sent it is told to come again', async () => {
    const { clock, worker, ask } = hotBox(2)
    const waiting = Promise.allSettled([ask(), ask()])
    await expect(ask()).rejects.toMatchObject({ code: 'vision-busy' })
    await clock.advance(60_000)
    expect(await waiting).toMatchObject(
      [1, 2].map(() => ({ reason: { code: 'vision-busy', message: expect.stringContaining('84 °C') } })),
    )
    expect(worker.state.waiting).toBe(0)
  })

  test('tells it when photos have waited for a while, and not with every look', async () => {
    const { clock, ask, told } = hotBox()
    for (let minute = 0; minute < 6; minute++) {
      ask().catch(() => {})
      await clock.advance(60_000)
    }
    expect(told).toEqual([expect.stringMatching(/^84 °C: 1 photos wait, for 2 min$/)])
  })
})

describe.skipIf(process.platform !== 'linux')('the process that looks at photos', () => {
  test('and every thread of it yields to the sensors, and its model computes on half of the cores at most', async () => {
    const models = join(temporaryFolder(), 'models')
    putModels(models)
    const worker = opened({ clock: systemClock, models })
    const path = put(temporaryFolder(), 'stem.png', await drawnStem())
    const answer = await worker.examine({ path, crop: 'dragon-fruit', organ: 'stem', keep: false })
    expect(answer).toMatchObject({ kind: 'photo', diagnosis: { verdict: 'healthy' } })
    const { pid } = worker.state
    const tasks = readdirSync(`/proc/${pid}/task`).map((task) =>
      readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8'),
    )
    // proc(5): the nineteenth field is the niceness; the name before it may hold spaces.
    const nice = tasks.map((stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]))
    expect(tasks.length).toBeGreaterThan(3)
    expect(nice.filter((each) => each <= getPriority())).toEqual([])
  })
})
