import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Random } from '#contract/ground/random.ts'
import { Journal } from '../../agent/journal/journal.ts'
import { writeFiles } from '../simulation/crash-clone.ts'
import { PretendClock } from '../world/pretend-clock.ts'
import { seededBytes, seededRandom } from '../world/seeded.ts'
import { CutThread, type Left, PowerSupply } from './cut-thread.ts'
import { JournalWork } from './journal-work.ts'
import { Promised } from './promised.ts'

/**
 * The journal on a box whose power goes again and again: it works, the power is cut at a seeded point, a clone of what
 * the card may then hold is opened, looked at, and worked on until the next cut.
 */
export interface Lives {
  cuts: number
  /** By what was left on the card. */
  readonly kinds: Record<string, number>
  /** By the call that was interrupted. */
  readonly during: Record<string, number>
  mended: number
  /** Readings that were promised and looked for, at each start. */
  promisedReadings: number
  readonly broken: string[]
}

export const newLives = (): Lives => ({
  ...{ cuts: 0, kinds: {}, during: {}, mended: 0, promisedReadings: 0, broken: [] },
})

/** Life after life until there were so many cuts, or a promise is broken. */
export async function liveFor(
  cuts: number,
  options: { seed: number; folder: string; onLife?: (lives: Lives, seed: number) => void },
): Promise<Lives> {
  const lives = newLives()
  for (let seed = options.seed; lives.cuts < cuts && lives.broken.length === 0; seed++) {
    await live(seed, options.folder, Math.min(CUTS_A_LIFE, cuts - lives.cuts), lives)
    options.onLife?.(lives, seed)
  }
  return lives
}

/** A file lives for so many cuts at most; the next begins with nothing, as a new box does. */
const CUTS_A_LIFE = 25
// The work of a minute or of a day between two cuts; now and then none at all.
const MOST_ACTIONS = 24
const CUT_IN_START = 0.12
const DAMAGE = 0.01

type Damage = 'page of noise' | 'log gone'

/**
 * One file from its beginning, for `cuts` power cuts. The same seed is the same life. `isLying`: the card says "synced"
 * of what it has not written, which no journal survives, and the checker has to find out.
 */
export async function live(
  seed: number,
  folder: string,
  cuts: number,
  lives: Lives,
  { isLying = false } = {},
): Promise<void> {
  const room = mkdtempSync(join(folder, 'vuon-life-'))
  try {
    await new Life(seed, room, lives, isLying).run(cuts)
  } catch (error) {
    // A journal that can't be opened, or refuses what it should take, keeps no promise.
    lives.broken.push(`life ${seed}: ${error}`)
  } finally {
    rmSync(room, { recursive: true, force: true })
  }
}

class Life {
  readonly #seed: number
  readonly #random: Random
  readonly #room: string
  readonly #lives: Lives
  readonly #isLying: boolean
  readonly #promised = new Promised()
  readonly #clock = new PretendClock(Date.UTC(2026, 10, 27), { quietTurns: 1 })
  readonly #checkpointPages: number | undefined
  #path: string
  #nextName = 1
  #cuts = 0
  #damage: Damage | undefined
  #isStartCut = false

  constructor(seed: number, room: string, lives: Lives, isLying: boolean) {
    this.#isLying = isLying
    this.#seed = seed
    this.#random = seededRandom(seed)
    this.#room = room
    this.#lives = lives
    this.#path = this.#newPath()
    this.#checkpointPages = this.#random() < 0.8 ? 4 + Math.floor(this.#random() * 60) : undefined
  }

  async run(cuts: number): Promise<void> {
    while (this.#cuts < cuts) {
      const supply = new PowerSupply(this.#random, this.#actions(), { isLying: this.#isLying })
      const journal = await this.#until(supply, this.#open(supply))
      if (journal) {
        if (await this.#look(journal, supply)) return
        if (await this.#work(journal, supply)) continue
      }
      this.#powerWent(supply.left as Left)
    }
  }

  /** True when this life is over: a promise is broken, or damage was mended and told. */
  async #look(journal: Journal, supply: PowerSupply): Promise<boolean> {
    if (this.#damage) {
      supply.stays()
      await this.#lookAtMended(journal, supply, this.#damage)
      return true
    }
    const broken = await this.#promised.check(journal)
    this.#lives.promisedReadings += this.#promised.promisedReadings
    this.#say(broken)
    return broken.length > 0
  }

  /** Of what was hit less may be there; but it works, and starts again with nothing more to mend. */
  async #lookAtMended(journal: Journal, supply: PowerSupply, damage: Damage): Promise<void> {
    if (journal.salvage) this.#lives.mended++
    this.#say(
      await this.#promised.checkMended(journal, {
        // What a start had mended before it was cut is said by the file that it set aside, and that is not cloned.
        mayLackUntold: damage === 'log gone' || this.#isStartCut,
      }),
    )
    const firstName = this.#nextName
    const work = new JournalWork({ journal, random: this.#random, firstName, tell: () => {} })
    for (let steps = 0; steps < 8; steps++) await this.#until(supply, work.step())
    await journal.close()
    const again = (await this.#until(supply, this.#open(supply))) as Journal
    if (again.salvage) this.#say(['what was mended had to be mended again'])
    // A file whose log is gone may read well and still lack lines of an index; only what was mended is held to be whole.
    if (journal.salvage) this.#say((await again.verify()).map((found) => `after mending: ${found}`))
    await again.close()
  }

  /** Until the power goes; true when the program ended in good order before that. */
  async #work(journal: Journal, supply: PowerSupply): Promise<boolean> {
    const work = new JournalWork({
      journal,
      random: this.#random,
      firstName: this.#nextName,
      tell: (told) => this.#promised.told(told),
    })
    try {
      while (!supply.left) {
        await this.#until(supply, work.step())
        if (!supply.left && this.#random() < 0.01) {
          await journal.close()
          return true
        }
      }
      return false
    } finally {
      this.#nextName = work.nextName
    }
  }

  #open(supply: PowerSupply): Promise<Journal> {
    return Journal.open({
      path: this.#path,
      clock: this.#clock,
      randomBytes: seededBytes(this.#random),
      lossWindowMs: 1000,
      isInWorker: false,
      openThread: (path) => new CutThread(path, supply, this.#checkpointPages),
    })
  }

  #powerWent({ files, cut, during }: Left): void {
    this.#cuts++
    this.#lives.cuts++
    this.#lives.kinds[cut] = (this.#lives.kinds[cut] ?? 0) + 1
    this.#lives.during[during] = (this.#lives.during[during] ?? 0) + 1
    this.#isStartCut = during === 'opening' || during === 'tellSalvage'
    this.#path = this.#newPath()
    writeFiles(this.#path, files)
    if (files.db && files.db.length > 0 && this.#random() < DAMAGE)
      this.#damage ??= hit(this.#path, this.#random)
  }

  /** Moves the clock until the work is done or the power is gone, which nobody hears of. */
  async #until<T>(supply: PowerSupply, work: Promise<T>): Promise<T | undefined> {
    let isDone = false
    const done = work.finally(() => {
      isDone = true
    })
    done.catch(() => {})
    while (!isDone && !supply.left) await this.#clock.advance(isDone ? 0 : 100)
    return supply.left ? undefined : done
  }

  #actions(): number {
    return this.#random() < CUT_IN_START
      ? 1 + Math.floor(this.#random() * 4)
      : 1 + Math.floor(this.#random() * MOST_ACTIONS)
  }

  #newPath(): string {
    const folder = join(this.#room, String(this.#cuts))
    mkdirSync(folder, { recursive: true })
    return join(folder, 'journal.db')
  }

  #say(broken: readonly string[]): void {
    for (const sentence of broken)
      this.#lives.broken.push(`life ${this.#seed}, cut ${this.#cuts}: ${sentence}`)
  }
}

/**
 * What had been synced is hit: a page of the file becomes noise after the log was copied into it, or the log is gone.
 * A log that is gone may have been mending a torn file, and nobody can see what it held.
 */
function hit(path: string, random: Random): Damage {
  if (random() < 0.3) {
    writeFileSync(`${path}-wal`, '')
    return 'log gone'
  }
  const db = new Database(path)
  db.pragma('wal_checkpoint(TRUNCATE)')
  const size = db.pragma('page_size', { simple: true }) as number
  const pages = db.pragma('page_count', { simple: true }) as number
  db.close()
  const page = Math.floor(random() * pages)
  const noise = Uint8Array.from({ length: size }, () => 1 + Math.floor(random() * 255))
  const file = openSync(path, 'r+')
  writeSync(file, noise, 0, size, page * size)
  closeSync(file)
  return 'page of noise'
}
