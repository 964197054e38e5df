import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { toHex } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import type { Random } from '#contract/ground/random.ts'
import type { PublicKey, SecretKey } from '#contract/ground/signing.ts'
import type { DownlinkCommand, DownlinkTask } from '#contract/wire/downlink.ts'
import type { ConfigTrial, ExchangeState } from './config-trial.ts'
import { downlinkPath, modelsPath, wishesPath } from './data-folder.ts'
import { DownlinkFile } from './downlink-file.ts'
import type { Journal } from './journal/journal.ts'
import { ModelShelf, type TakeIn } from './model-shelf.ts'
import { BoxSession } from './sync/box-session.ts'
import { Downlink, type DownlinkState, type Verdict } from './sync/downlink.ts'
import { reportDownlink } from './sync/downlink-report.ts'
import type { Link } from './sync/link.ts'
import { ModelFetch, type OfferedModel } from './sync/model-fetch.ts'

/** What the province told this box, brought to the part that does it. */
export interface DownlinkDeskOptions {
  readonly dataDir: string
  readonly journal: Journal
  readonly clock: Clock
  readonly random: Random
  readonly trial: ConfigTrial
  readonly doors: DownlinkDoors
  readonly retryLongestMs: number
  readonly onFault: (code: string, detail: string) => void
  readonly onError: (error: unknown) => void
}

/** What a command can reach. */
export interface DownlinkDoors {
  sendNow(): void
  checkClock(): Promise<void>
  /** `none`: the farm sends no photos. */
  photo(sha256: string): 'waiting' | 'held' | 'absent' | 'none'
  wantPhoto(sha256: string): void
  /** Takes in a bundle that the province offered. */
  installModel: TakeIn
  /** Starts the program anew; absent where nobody would start it again. */
  readonly restart: ((why: string) => void) | undefined
}

/** The way to the province while there is one. */
export interface DownlinkLine {
  readonly agent: string
  readonly key: SecretKey
  readonly province: PublicKey
  readonly link: Link
  /** The same, counted as photos are. */
  readonly modelLink: Link
  readonly mayFetchModels: () => boolean
}

export interface DownlinkDeskState {
  readonly messages: DownlinkState | null
  readonly config: ConfigTrial['state']
  readonly models: readonly OfferedModel[]
}

export class DownlinkDesk {
  readonly #options: DownlinkDeskOptions
  readonly #shelf: ModelShelf
  #downlink: Downlink | undefined
  #models: ModelFetch | undefined
  #isTelling = false

  constructor(options: DownlinkDeskOptions) {
    this.#options = options
    this.#shelf = new ModelShelf(modelsPath(options.dataDir), options.onFault, options.doors.installModel)
  }

  get state(): DownlinkDeskState {
    const { trial } = this.#options
    return { messages: this.#downlink?.state ?? null, config: trial.state, models: this.#shelf.offers }
  }

  /** The box is enrolled: from now on it listens. */
  open({ agent, key, province, link, modelLink, mayFetchModels }: DownlinkLine): void {
    const { dataDir, journal: log, clock, random, retryLongestMs, onFault, doors } = this.#options
    const name = toHex(province.raw)
    if (this.#options.trial.listenTo(name)) doors.restart?.('the box was claimed at another province')
    this.#shelf.listenTo(name)
    const session = (through: Link) => new BoxSession({ link: through, key, agent, clock })
    this.#downlink = new Downlink({
      agent,
      province,
      session: session(link),
      sha256,
      clock,
      random,
      log,
      store: new DownlinkFile(downlinkPath(dataDir), onFault),
      apply: (no, task) => this.#apply(no, task),
      retryLongestMs,
    })
    this.#models = new ModelFetch({
      session: session(modelLink),
      shelf: this.#shelf,
      log,
      clock,
      random,
      mayFetch: mayFetchModels,
      sinceT: this.#downlink.sinceT,
      retryLongestMs,
    })
    for (const wish of this.#wishes()) if (doors.photo(wish) === 'waiting') doors.wantPhoto(wish)
    this.#downlink.start()
    this.#models.start()
  }

  async close(): Promise<void> {
    await this.#downlink?.stop()
    await this.#models?.stop()
    this.#downlink = undefined
    this.#models = undefined
  }

  /** An answer of the province says which message is its newest. */
  heard(highest: number): void {
    this.#downlink?.heard(highest)
  }

  /** Called every few seconds: ends trials, and tells what was decided. */
  tick(exchange: ExchangeState | null): void {
    const { trial, clock, doors, onError } = this.#options
    if (trial.tick(clock.monotonicMs(), exchange))
      doors.restart?.('the config of the province was taken back')
    if (trial.untold.length === 0 || this.#isTelling) return
    this.#isTelling = true
    this.#tell()
      .catch(onError)
      .finally(() => {
        this.#isTelling = false
      })
  }

  async #tell(): Promise<void> {
    const { trial, journal } = this.#options
    const sinceT = this.#downlink?.sinceT ?? 0
    for (const decided of trial.untold) await reportDownlink(journal, { of: 'config', ...decided }, sinceT)
    trial.told()
    this.#downlink?.lookAgain()
  }

  async #apply(no: number, task: Exclude<DownlinkTask, { kind: 'unknown' }>): Promise<Verdict> {
    const { trial, doors } = this.#options
    switch (task.kind) {
      case 'config': {
        const answer = trial.propose(no, task.settings)
        if (answer === 'later' || !answer.isToRestart) return answer
        return { ...answer, afterwards: () => doors.restart?.(`config of message ${no}`) }
      }
      case 'model-offer':
        this.#shelf.offer(no, task.offer)
        return { outcome: 'offered', afterwards: () => this.#models?.wake() }
      case 'command':
        return this.#obey(task.command)
    }
  }

  async #obey(command: DownlinkCommand): Promise<Verdict> {
    const { doors } = this.#options
    switch (command.name) {
      case 'send-now':
        doors.sendNow()
        return { outcome: 'applied' }
      case 'check-clock':
        await doors.checkClock()
        return { outcome: 'applied' }
      case 'restart':
        return doors.restart
          ? { outcome: 'applied', afterwards: () => doors.restart?.('the province asked for it') }
          : { outcome: 'refused', reason: 'nothing would start the program again' }
      case 'photo-upload':
        return this.#sendPhoto(command.sha256)
      case 'unknown':
        return { outcome: 'refused', reason: `unknown command ${command.said}` }
    }
  }

  #sendPhoto(photo: string): Verdict {
    const { doors, dataDir } = this.#options
    switch (doors.photo(photo)) {
      case 'none':
        return { outcome: 'refused', reason: 'sync.budget.photos on the box says none' }
      case 'absent':
        return { outcome: 'refused', reason: 'no such photo on the box' }
      case 'held':
        return { outcome: 'applied', reason: 'the province holds it' }
      case 'waiting': {
        // What has arrived meanwhile need not be kept; on disk before it is said to be done.
        const open = this.#wishes().filter((each) => each !== photo && doors.photo(each) === 'waiting')
        writeFileAtomically(wishesPath(dataDir), JSON.stringify([...open, photo].slice(-MAX_WISHES)))
        doors.wantPhoto(photo)
        return { outcome: 'applied', reason: 'it is sent when the line is free' }
      }
    }
  }

  /** Photos that the province asked for, through a restart. */
  #wishes(): string[] {
    const path = wishesPath(this.#options.dataDir)
    if (!existsSync(path)) return []
    try {
      return wishes.parse(JSON.parse(readFileSync(path, 'utf8')))
    } catch {
      // Whoever asked sees that it did not come, and asks again.
      return []
    }
  }
}

const MAX_WISHES = 1000
const wishes = z.array(z.string().regex(/^[0-9a-f]{64}$/))
