import { describe, expect, it } from 'vitest'
import { VuonError } from '#contract/ground/errors.ts'
import { GroupCommit, type Wait } from '../../../agent/journal/group-commit.ts'
import { type Gathered, ROW } from '../../../agent/journal/packed.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { reading } from './journal-room.ts'

const STAMP = { boot: '00000000000000b1', clock: 'synchronised' as const }
const record = { t: 1, kind: 'plot', body: new Uint8Array([1]) }

/** A disk whose commits end when the test says so. */
function slowDisk(windowMs = 1000) {
  const clock = new PretendClock(Date.UTC(2026, 10, 23))
  const commits: { gathered: Gathered; done: () => void; fail: (error: unknown) => void }[] = []
  let seq = 0
  const group = new GroupCommit({
    clock,
    windowMs,
    commit: (gathered) =>
      new Promise((resolve, reject) => {
        commits.push({ gathered, done: () => resolve(gathered.records.map(() => ++seq)), fail: reject })
      }),
  })
  const settled: string[] = []
  const append = (name: string, wait: Wait, count = 1) => {
    const readings = Array.from({ length: count }, (_, index) => reading(1, index, clock.wallMs()))
    const promise = group.append(readings, [], STAMP, wait)
    promise.then(
      () => settled.push(name),
      (error: Error) => settled.push(`${name} failed: ${error.message}`),
    )
    return promise
  }
  return { clock, commits, group, settled, append }
}

describe('a group commit', () => {
  it('takes a burst in one commit and answers everybody only after it', async () => {
    const { clock, commits, settled, append } = slowDisk()
    for (let index = 0; index < 50; index++) void append(`r${index}`, 'commit')
    await clock.advance(1)
    expect(commits).toHaveLength(1)
    expect(commits[0]!.gathered.readings).toHaveLength(50 * ROW)
    expect(settled).toEqual([])
    commits[0]!.done()
    await clock.settle()
    expect(settled).toHaveLength(50)
  })

  it('makes sources that follow each other share a commit, a quarter of a second after the one before at the latest', async () => {
    const { clock, commits, settled, append } = slowDisk()
    void append('lone', 'soon')
    await clock.advance(1)
    expect(commits).toHaveLength(1)
    commits[0]!.done()
    await clock.settle()
    for (let index = 0; index < 24; index++) {
      void append(`next ${index}`, 'soon')
      await clock.advance(10)
    }
    expect(commits).toHaveLength(1)
    await clock.advance(10)
    expect(commits).toHaveLength(2)
    expect(commits[1]!.gathered.readings).toHaveLength(24 * ROW)
    commits[1]!.done()
    await clock.settle()
    expect(settled).toHaveLength(25)
    // A burst, and a person, do not wait.
    void append('burst', 'soon', 200)
    await clock.advance(1)
    expect(commits).toHaveLength(3)
    commits[2]!.done()
    await clock.settle()
    void append('one more', 'soon')
    void append('a person', 'commit')
    await clock.advance(1)
    expect(commits).toHaveLength(4)
  })

  /** Messages for ten seconds from a broker that has at most so many on the way to us; returns how many were stored. */
  async function tenSecondsOf(broker: { atMost: number; everyMs: number; waiting?: number }) {
    const disk = slowDisk()
    let { waiting = 0 } = broker
    let onTheWay = 0
    let stored = 0
    const send = () => {
      for (; waiting > 0 && onTheWay < broker.atMost; waiting--) {
        onTheWay++
        disk.append('message', 'soon').then(() => {
          onTheWay--
          stored++
          disk.clock.after(1, send)
        })
      }
    }
    send()
    for (let ms = 0; ms < 10_000; ms++) {
      if (ms % broker.everyMs === 0) {
        waiting++
        send()
      }
      await disk.clock.advance(1)
      for (const { done } of disk.commits) done()
      await disk.clock.settle()
    }
    return { stored, commits: disk.commits.length, late: waiting + onTheWay }
  }

  it.each([
    ['a message every 10 ms', { atMost: 1000, everyMs: 10 }, 42],
    ['a message every 40 ms', { atMost: 1000, everyMs: 40 }, 60],
  ])('needs few commits for %s', async (_what, broker, atMost) => {
    const { stored, commits, late } = await tenSecondsOf(broker)
    expect(stored + late).toBe(10_000 / broker.everyMs)
    expect(late).toBeLessThanOrEqual(250 / broker.everyMs + 1)
    expect(commits).toBeLessThanOrEqual(atMost)
  })

  it.each([
    ['twenty', { atMost: 20, everyMs: 10, waiting: 2000 }, 2900],
    ['one', { atMost: 1, everyMs: 100, waiting: 50 }, 140],
  ])('does not keep a broker waiting that has %s on the way at most', async (_what, broker, atLeast) => {
    const { stored } = await tenSecondsOf(broker)
    expect(stored).toBeGreaterThanOrEqual(atLeast)
  })

  it('gathers what arrives during a commit for the next one', async () => {
    const { clock, commits, settled, append } = slowDisk()
    void append('first', 'commit')
    await clock.advance(1)
    void append('second', 'commit')
    void append('third', 'commit')
    await clock.advance(500)
    expect(commits).toHaveLength(1)
    commits[0]!.done()
    await clock.advance(1)
    expect(settled).toEqual(['first'])
    expect(commits).toHaveLength(2)
    commits[1]!.done()
    await clock.settle()
    expect(settled).toEqual(['first', 'second', 'third'])
  })

  it('lets polled readings wait for company, but not beyond the loss window', async () => {
    const { clock, commits, append } = slowDisk(1000)
    void append('polled', 'window')
    await clock.advance(600)
    void append('later', 'window')
    await clock.advance(399)
    expect(commits).toHaveLength(0)
    await clock.advance(1)
    expect(commits).toHaveLength(1)
    expect(commits[0]!.gathered.readings).toHaveLength(2 * ROW)
  })

  it('takes polled readings along when something urgent commits', async () => {
    const { clock, commits, append } = slowDisk(1000)
    void append('polled', 'window')
    await clock.advance(10)
    void append('urgent', 'commit')
    await clock.advance(1)
    expect(commits[0]!.gathered.readings).toHaveLength(2 * ROW)
  })

  it('counts the loss window from the append, also when a slow commit lay between', async () => {
    const { clock, commits, append } = slowDisk(1000)
    void append('first', 'commit')
    await clock.advance(1)
    void append('polled', 'window')
    await clock.advance(900)
    commits[0]!.done()
    await clock.advance(99)
    expect(commits).toHaveLength(1)
    await clock.advance(2)
    expect(commits).toHaveLength(2)
  })

  it('rejects exactly those whose commit failed', async () => {
    const { clock, commits, settled, append } = slowDisk()
    void append('lost', 'commit').catch(() => {})
    await clock.advance(1)
    void append('kept', 'commit')
    commits[0]!.fail(new Error('disk'))
    await clock.advance(1)
    commits[1]!.done()
    await clock.settle()
    expect(settled).toEqual(['lost failed: disk', 'kept'])
  })

  it('gives each append its own seqs', async () => {
    const { clock, commits, group } = slowDisk()
    const one = group.append([], [record, record], STAMP, 'commit')
    const none = group.append([reading(1, 1)], [], STAMP, 'commit')
    const other = group.append([], [record], STAMP, 'commit')
    await clock.advance(1)
    commits[0]!.done()
    expect(await Promise.all([one, none, other])).toEqual([[1, 2], [], [3]])
  })

  it('refuses one reading that no table can hold without failing its neighbours', async () => {
    const { clock, commits, settled, append, group } = slowDisk()
    void append('good', 'commit')
    for (const bad of [
      reading(1, Number.NaN),
      reading(1, 1.5),
      reading(1, 2 ** 60),
      reading(0, 1),
      reading(1, 1, Number.NaN),
      { ...reading(1, 1), quality: -1 },
      { ...reading(1, 1), quality: 0.5 },
    ]) {
      await expect(group.append([bad], [], STAMP, 'commit')).rejects.toMatchObject({ code: 'input-invalid' })
    }
    await clock.advance(1)
    commits[0]!.done()
    await clock.settle()
    expect(settled).toEqual(['good'])
    expect(commits[0]!.gathered.readings).toHaveLength(ROW)
  })

  it('leaves out the time of a source that has no clock', async () => {
    const { clock, commits, group } = slowDisk()
    void group.append(
      [
        { ...reading(1, 1), sourceT: 1e300 },
        { ...reading(1, 1), sourceT: 7.4 },
      ],
      [],
      STAMP,
      'commit',
    )
    await clock.advance(1)
    const { readings } = commits[0]!.gathered
    expect([readings[5], readings[ROW + 5]]).toEqual([Number.NaN, 7])
  })

  it('refuses more when the disk answers nothing, and takes again when it does', async () => {
    const { clock, commits, append, group } = slowDisk()
    void append('first', 'commit')
    await clock.advance(1)
    void append('many', 'window', 100_000)
    const refused = await append('too much', 'window').catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(VuonError)
    expect(refused).toMatchObject({ code: 'journal-busy' })
    commits[0]!.done()
    await clock.advance(1000)
    expect(group.waiting).toBe(0)
    void append('again', 'window')
    expect(group.waiting).toBe(1)
  })

  it('stamps a reading with the boot and the clock of its append, not of its commit', async () => {
    const { clock, commits, group } = slowDisk()
    const stamps = [
      STAMP,
      { ...STAMP, clock: 'unknown' as const },
      { boot: '00000000000000b2', clock: STAMP.clock },
    ]
    for (const stamp of stamps) void group.append([reading(1, 1)], [], stamp, 'commit')
    await clock.advance(1)
    const { gathered } = commits[0]!
    expect(gathered.stamps).toEqual(stamps)
    expect([0, 1, 2].map((row) => gathered.readings[row * ROW])).toEqual([0, 1, 2])
  })

  it('flushes what waits and what is on its way', async () => {
    const { clock, commits, settled, append, group } = slowDisk()
    void append('on its way', 'commit')
    await clock.advance(1)
    void append('waits', 'window')
    let isFlushed = false
    void group.flush().then(() => {
      isFlushed = true
    })
    await clock.advance(10)
    commits[0]!.done()
    await clock.advance(1)
    expect(isFlushed).toBe(false)
    commits[1]!.done()
    await clock.settle()
    expect(isFlushed).toBe(true)
    expect(settled).toEqual(['on its way', 'waits'])
  })
})
