import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VuonError } from '#contract/ground/errors.ts'
import { BudgetFile } from '../../../agent/budget-file.ts'
import { agentConfigSchema } from '../../../agent/config.ts'
import { linkBudget } from '../../../agent/link-budget.ts'
import { localTimeIn } from '../../../agent/local-time.ts'
import {
  Budget,
  type BudgetLimits,
  type Cargo,
  NO_LIMITS,
  type SpentBook,
  type SpentStore,
} from '../../../agent/sync/budget.ts'
import { countedLink } from '../../../agent/sync/counted-link.ts'
import { KeptConnections } from '../../../agent/sync/kept-connections.ts'
import { TravellingPhotos } from '../../../agent/sync/travelling-photos.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { seedFromEnvironment } from '../../world/seeded.ts'

const ZONE = 'Asia/Ho_Chi_Minh'
/** 06:30 in the farm's zone. */
const MORNING = Date.UTC(2026, 10, 26, 23, 30)
const MB = 1_000_000
const MINUTE = 60_000
const HOUR = 3_600_000

class Paper implements SpentStore {
  book: SpentBook | null = null
  writings = 0

  load(): SpentBook | null {
    return this.book
  }

  keep(book: SpentBook): void {
    this.book = book
    this.writings++
  }
}

function open(limits: Partial<BudgetLimits>, at = MORNING, store = new Paper()) {
  const time = { now: at }
  const make = () =>
    new Budget({
      limits: { ...NO_LIMITS, ...limits },
      localTime: localTimeIn(ZONE),
      now: () => time.now,
      store,
    })
  return { time, store, make, budget: make() }
}

const CARGO: readonly Cargo[] = ['record', 'finding', 'reading', 'photo']
const going = (budget: Budget): Cargo[] => CARGO.filter((cargo) => budget.mayGo(cargo))

describe('the budget of a day', () => {
  it('stops photos first, then readings, then findings, and alarms never', () => {
    const { budget } = open({ bytesPerDay: 10 * MB })
    expect(going(budget)).toEqual(CARGO)
    budget.spend('sync', 7 * MB)
    expect(going(budget)).toEqual(['record', 'finding', 'reading'])
    budget.spend('sync', 2 * MB)
    expect(going(budget)).toEqual(['record', 'finding'])
    budget.spend('sync', 1 * MB)
    expect(going(budget)).toEqual(['record'])
    budget.spend('sync', 5 * MB)
    expect(going(budget)).toEqual(['record'])
    expect(budget.state).toMatchObject({ dayBytes: 15 * MB, readings: { reason: 'day' } })
  })

  it("begins anew at the farm's midnight, and says when that is", () => {
    const { budget, time } = open({ bytesPerDay: MB })
    budget.spend('photos', MB)
    const until = budget.holdback('reading')?.until ?? 0
    expect(localTimeIn(ZONE)(until)).toEqual({ day: '2026-11-28', minute: 0 })
    time.now = until - 1
    expect(budget.mayGo('reading')).toBe(false)
    time.now = until
    expect(budget.mayGo('reading')).toBe(true)
  })

  it('has hours of its own', () => {
    const { budget, time } = open({ bytesPerDay: 100 * MB, bytesPerHour: MB })
    budget.spend('sync', MB)
    expect(budget.holdback('photo')).toEqual({ reason: 'hour', until: MORNING + 30 * MINUTE })
    time.now = MORNING + 30 * MINUTE
    expect(going(budget)).toEqual(CARGO)
  })

  it('lets only alarms through in quiet hours, also over midnight', () => {
    const { budget, time } = open({ quietHours: [{ fromMinute: 22 * 60, toMinute: 5 * 60 }] })
    const at = (hour: number, minute = 0) => {
      time.now = MORNING - 6.5 * HOUR + hour * HOUR + minute * MINUTE
    }
    for (const [hour, minute, isQuiet] of [
      [21, 59, false],
      [22, 0, true],
      [23, 59, true],
      [0, 0, true],
      [4, 59, true],
      [5, 0, false],
    ] as const) {
      at(hour, minute)
      expect(budget.mayGo('reading'), `${hour}:${minute}`).toBe(!isQuiet)
      expect(budget.mayGo('record')).toBe(true)
    }
    at(22, 30)
    expect(budget.holdback('reading')?.until).toBe(time.now + 6.5 * HOUR)
  })

  it('counts without limits and holds nothing back, and writes nothing', () => {
    const { budget, store } = open({})
    budget.spend('photos', 1e12)
    expect(going(budget)).toEqual(CARGO)
    expect(budget.state).toMatchObject({ dayBytes: 1e12, bytes: { photos: 1e12 } })
    expect(store.writings).toBe(0)
  })
})

describe('the budget after a restart', () => {
  it('goes on where it was when the program stopped in good order', () => {
    const { budget, make } = open({ bytesPerDay: 10 * MB })
    budget.spend('sync', 3_456_789)
    budget.close()
    expect(make().state.dayBytes).toBe(3_456_789)
  })

  it('counts at most a hundredth of the day too much after a power cut, and never too little', () => {
    const seed = seedFromEnvironment()
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 400_000 }), { maxLength: 60 }),
        fc.integer({ min: 10, max: 200 }),
        (spent, limitMb) => {
          const limit = limitMb * MB
          const { budget, make } = open({ bytesPerDay: limit })
          for (const bytes of spent) budget.spend('sync', bytes)
          const sum = spent.reduce((all, bytes) => all + bytes, 0)
          const { dayBytes } = make().state
          expect(dayBytes).toBeGreaterThanOrEqual(sum)
          expect(dayBytes - sum).toBeLessThanOrEqual(Math.max(64 * 1024, limit / 100))
        },
      ),
      { seed },
    )
  })

  it('writes at most some two hundred times for a whole day', () => {
    const { budget, store } = open({ bytesPerDay: 30 * MB })
    for (let sent = 0; sent < 30_000; sent++) budget.spend('sync', 1000)
    expect(store.writings).toBeLessThanOrEqual(210)
  })

  it('begins a new day at nothing', () => {
    const { budget, make, time } = open({ bytesPerDay: 10 * MB })
    budget.spend('sync', 8 * MB)
    time.now += 24 * HOUR
    expect(make().state.dayBytes).toBe(0)
  })

  it.each(['', '{', '[]', '{"day":"2026-11-27"}', '{"day":"x","hour":99,"dayBytes":-1}', '\0\0\0'])(
    'sets a damaged file aside and says so: %j',
    (text) => {
      const path = join(temporaryFolder(), 'budget.json')
      writeFileSync(path, text)
      const faults: string[] = []
      expect(new BudgetFile(path, (code) => faults.push(code)).load()).toBeNull()
      expect(faults).toEqual(['budget-damaged'])
      expect(readFileSync(`${path}.bad`, 'utf8')).toBe(text)
    },
  )

  it('is kept in a file, for whoever has a config', async () => {
    const config = agentConfigSchema.parse({
      dataDir: temporaryFolder(),
      sync: { budget: { mbPerDay: 10, quietHours: ['05:00-06:00'] } },
    })
    const make = () =>
      linkBudget(config, {
        now: () => MORNING,
        onFault: (code, detail) => expect.fail(`${code} ${detail}`),
      })
    const first = make()
    first.budget.spend('photos', 5 * MB)
    first.budget.spend('other', 2 * MB)
    await first.close()
    expect(make().budget.state).toMatchObject({ dayBytes: 7 * MB, photos: { reason: 'day' }, readings: null })
  })
})

describe('a metered line', () => {
  const metered = (sync: object) =>
    linkBudget(agentConfigSchema.parse({ dataDir: temporaryFolder(), sync }), {
      now: () => MORNING,
      onFault: () => {},
    })

  it('gathers readings for a quarter of an hour and sends thumbnails only', () => {
    expect(metered({ budget: { metered: true } })).toMatchObject({
      batchEveryMs: 15 * MINUTE,
      photoChoice: 'thumbnails',
    })
    expect(metered({ batchEveryS: 3600, budget: { metered: true, photos: 'none' } })).toMatchObject({
      batchEveryMs: HOUR,
      photoChoice: 'none',
    })
    expect(metered({})).toMatchObject({ batchEveryMs: MINUTE, photoChoice: 'all' })
  })

  it('sends a photo that somebody asks for, before the rest, and none at all where the config says so', () => {
    const held: string[] = []
    const all = [
      { sha256: 't1', sizeBytes: 1, kind: 'thumbnail' as const },
      { sha256: 'p1', sizeBytes: 9, kind: 'photo' as const },
      { sha256: 'p2', sizeBytes: 9, kind: 'photo' as const },
    ]
    const source = {
      waiting: () => all.filter(({ sha256 }) => !held.includes(sha256)),
      readPart: () => undefined,
      markHeld: (sha256: string) => void held.push(sha256),
    }
    const names = (photos: TravellingPhotos) => photos.waiting().map(({ sha256 }) => sha256)
    const thumbnails = new TravellingPhotos(source, 'thumbnails')
    expect(names(thumbnails)).toEqual(['t1'])
    thumbnails.want('p2')
    expect(names(thumbnails)).toEqual(['p2', 't1'])
    thumbnails.markHeld('p2')
    expect(names(thumbnails)).toEqual(['t1'])
    expect(names(new TravellingPhotos(source, 'all'))).toEqual(['t1', 'p1'])
    const none = new TravellingPhotos(source, 'none')
    none.want('p1')
    expect(names(none)).toEqual([])
  })

  it.each(['5:00-7:00', '05:00', '05:00-05:00', '25:00-26:00', '05:00-07:00 ', ''])(
    'refuses %j as quiet hours',
    (text) => {
      expect(agentConfigSchema.safeParse({ sync: { budget: { quietHours: [text] } } }).success).toBe(false)
    },
  )
})

describe('what is counted', () => {
  it('is both directions with heads, and the whole body of a request that failed', async () => {
    const clock = new PretendClock(MORNING)
    let counted = 0
    let isUp = true
    const link = countedLink(
      {
        async request() {
          if (!isUp) throw new VuonError('link-down')
          return { status: 200, headers: {}, body: new Uint8Array(300) }
        },
      },
      {
        isTls: true,
        clock,
        onBytes: (bytes) => {
          counted += bytes
        },
      },
    )
    const send = async () => {
      counted = 0
      await link
        .request({ method: 'POST', path: '/sync/v1/batches', body: new Uint8Array(10_000) })
        .catch(() => {})
      return counted
    }
    const first = await send()
    expect(first).toBeGreaterThan(15_000)
    // The connection is kept: no certificates again.
    expect(await send()).toBeLessThan(12_000)
    isUp = false
    expect(await send()).toBeGreaterThan(10_000)
  })

  it('is a connection for each request that is on its way at once, and one for those that follow each other', async () => {
    const clock = new PretendClock(MORNING)
    const kept = new KeptConnections()
    let counted = 0
    const onBytes = (bytes: number) => {
      counted += bytes
    }
    const answers: (() => void)[] = []
    const link = countedLink(
      {
        async request() {
          await new Promise<void>((resolve) => answers.push(resolve))
          return { status: 200, headers: {}, body: new Uint8Array(0) }
        },
      },
      { isTls: true, clock, onBytes, kept },
    )
    const question = { method: 'GET', path: '/' } as const
    const many = async (count: number): Promise<number> => {
      counted = 0
      const all = Array.from({ length: count }, () => link.request(question))
      for (const answer of answers.splice(0)) answer()
      await Promise.all(all)
      return Math.floor(counted / 5500)
    }
    expect(await many(1)).toBe(1)
    expect(await many(2)).toBe(1)
    expect(await many(2)).toBe(0)
    // More than the link keeps are opened anew.
    expect(await many(4)).toBe(2)
    expect(await many(4)).toBe(1)
    await clock.advance(80_000)
    expect(await many(1)).toBe(1)
  })
})
