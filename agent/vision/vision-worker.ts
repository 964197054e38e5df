import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { type Clock, every } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Heat, HeatLimit } from './heat-limit.ts'
import type { Lineup } from './worker/model-folder.ts'
import type { CheckAnswer, CheckRequest, PhotoAnswer, PhotoRequest } from './worker/photo-answer.ts'

/**
 * Hands photos to the decoding process, one at a time. A photo on which it dies, hangs or grows is answered as
 * `unreadable` or `too-large`; the next one gets a new process.
 */
export interface VisionWorkerOptions {
  readonly clock: Clock
  /** Killed after this; an ordinary photo takes a tenth of a second, on a Pi one or two. */
  readonly timeoutMs?: number
  /** Resident memory at which it is killed: 55 million pixels take 150 MB, node and libvips 100, a model 150. */
  readonly memoryCapBytes?: number
  /** How many photos may wait; one more is refused with `vision-busy`. */
  readonly queueBound?: number
  /** With nothing to do for so long the process is ended: its memory is worth more elsewhere. */
  readonly idleMs?: number
  /** While the box is too hot, photos wait; without it they never do. */
  readonly heat?: HeatLimit
  /** Photos have waited for a while, because the box is too hot; told again as long as that lasts. */
  readonly onTooHot?: (detail: string) => void
  /** Folder of the models; without one photos are measured and kept, and nothing is said of them. */
  readonly models?: string
  /** How long a photo waits for what is asked in the shadow before that is broken off. */
  readonly yieldMs?: number
  /** The program of the worker; a test has others. */
  readonly program?: string
}

export interface VisionWorkerState {
  /** Of the process; null while none is needed. */
  readonly pid: number | null
  readonly waiting: number
  readonly heat: Heat
  readonly examined: number
  readonly kills: { readonly timeout: number; readonly memory: number; readonly crash: number }
}

interface Job {
  readonly request: PhotoRequest | CheckRequest
  /** True for the second and last try of a photo on which the process died. */
  readonly isLastTry: boolean
  /** By the monotonic clock. */
  readonly sinceMs: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

type Answer = PhotoAnswer | CheckAnswer | Died
type Death = keyof VisionWorkerState['kills'] | 'put-off'

/** The process died over something that nobody waits for. `put-off`: broken off, because a photo came. */
export interface Died {
  readonly kind: 'died'
  readonly how: Death
}

// Somebody may stand before the page's form; a camera's photo lies on the disk and is given again.
const HOT_PATIENCE_MS = 45_000
const HOT_LOOK_MS = 5_000
const HOT_TOLD_AFTER_MS = 120_000
const HOT_TOLD_AGAIN_MS = 900_000
const HOT_HINT = 'Put the box where it is cooler, and send the photo again later.'

const PROGRAM = new URL('./worker/main.ts', import.meta.url)
const MEMORY_LOOK_MS = 100

export class VisionWorker {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #memoryCapBytes: number
  readonly #queueBound: number
  readonly #idleMs: number
  readonly #yieldMs: number
  readonly #program: string | URL
  readonly #queue: Job[] = []
  /** Asked only while no photo waits. */
  readonly #behind: Job[] = []
  #lineup: Lineup
  #isLineupNew = false
  readonly #kills = { timeout: 0, memory: 0, crash: 0 }
  readonly #heat: HeatLimit | undefined
  readonly #onTooHot: (detail: string) => void
  /** Since when photos wait for the box to cool, and when that is told next. */
  #hot: { readonly sinceMs: number; tellAtMs: number } | undefined
  #cancelCooling = () => {}
  #examined = 0
  #current: Job | undefined
  #process: ChildProcess | undefined
  #cancelIdle = () => {}
  #breakOff = () => {}
  #isStopped = false

  constructor(options: VisionWorkerOptions) {
    this.#clock = options.clock
    this.#timeoutMs = options.timeoutMs ?? 30_000
    this.#memoryCapBytes = options.memoryCapBytes ?? 450 * 1024 * 1024
    // A minute's worth on a Pi: a burst of a camera or the phones of a shed.
    this.#queueBound = options.queueBound ?? 30
    this.#idleMs = options.idleMs ?? 60_000
    this.#lineup = { folder: options.models ?? '', active: [], shadow: [] }
    this.#yieldMs = options.yieldMs ?? 1000
    this.#heat = options.heat
    this.#onTooHot = options.onTooHot ?? (() => {})
    this.#program = options.program ?? PROGRAM
  }

  get state(): VisionWorkerState {
    const waiting = this.#queue.length + (this.#current ? 1 : 0)
    const pid = this.#process?.pid ?? null
    const heat = this.#heat?.look() ?? { tempC: null, isTooHot: false }
    return { pid, waiting, heat, examined: this.#examined, kills: { ...this.#kills } }
  }

  /** Rejects only with `vision-busy`; whatever is wrong with the file is an answer. */
  examine(request: PhotoRequest): Promise<PhotoAnswer> {
    if (this.#isStopped) return Promise.reject(new VuonError('vision-busy', 'The agent is stopping.'))
    if (this.#queue.length >= this.#queueBound)
      return Promise.reject(new VuonError('vision-busy', `${this.#queueBound} photos wait already.`))
    const answer = this.#asked(this.#queue, request) as Promise<PhotoAnswer>
    this.#makeWay()
    return answer
  }

  /**
   * Asks the model in the shadow when no photo waits; a photo that comes meanwhile waits a second for it, and then it is
   * broken off (`put-off`). Rejects with `vision-busy` when the agent stops.
   */
  examineBehind(request: PhotoRequest): Promise<PhotoAnswer | Died> {
    return this.#asked(this.#behind, { ...request, isForShadow: true }) as Promise<PhotoAnswer | Died>
  }

  /** Has the model of a folder answer its own cases, when no photo waits. */
  check(folder: string): Promise<CheckAnswer | Died> {
    return this.#asked(this.#behind, { check: folder }) as Promise<CheckAnswer | Died>
  }

  /** Other models from the next photo on: the process begins anew with them. */
  lineUp(lineup: Lineup): void {
    this.#lineup = lineup
    this.#isLineupNew = true
  }

  #asked(queue: Job[], request: Job['request']): Promise<Answer> {
    if (this.#isStopped) return Promise.reject(new VuonError('vision-busy', 'The agent is stopping.'))
    return new Promise((resolve, reject) => {
      queue.push({ request, isLastTry: false, sinceMs: this.#clock.monotonicMs(), resolve, reject })
      this.#next()
    })
  }

  #makeWay(): void {
    const job = this.#current
    if (!job || !isBehind(job.request)) return
    this.#clock.after(this.#yieldMs, () => {
      if (this.#current === job) this.#breakOff()
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelIdle()
    this.#cancelCooling()
    const stopping = new VuonError('vision-busy', 'The agent is stopping.')
    for (const job of [...this.#queue.splice(0), ...this.#behind.splice(0)]) job.reject(stopping)
    this.#current?.reject(stopping)
    this.#current = undefined
    await this.#end()
  }

  #next(): void {
    if (this.#current || this.#isStopped || this.#isCooling()) return
    const job = this.#queue.shift() ?? this.#behind.shift()
    if (!job) return
    this.#current = job
    this.#cancelIdle()
    this.#dropOld()
    const child = this.#started()
    const startedMs = this.#clock.monotonicMs()
    let death: Death = 'crash'
    const kill = (why: Death): void => {
      death = why
      child.kill('SIGKILL')
    }
    this.#breakOff = () => kill('put-off')
    const cancels = [
      this.#clock.after(this.#timeoutMs, () => kill('timeout')),
      every(this.#clock, MEMORY_LOOK_MS, () => {
        if (residentBytes(child.pid) > this.#memoryCapBytes) kill('memory')
      }),
    ]
    const leave = (): void => {
      for (const cancel of cancels) cancel()
      child.off('message', onMessage)
      child.off('exit', onExit)
      child.off('error', onError)
    }
    const settle = (answer: Answer): void => {
      leave()
      if (!isBehind(job.request)) this.#examined++
      this.#current = undefined
      job.resolve(answer)
      this.#rest()
      this.#next()
    }
    const onMessage = (answer: unknown): void => settle(answer as Answer)
    const onExit = (): void => {
      leave()
      if (this.#process === child) this.#process = undefined
      if (this.#current !== job) return
      // Nobody waits for it, and only what nobody waits for is put off.
      if (isBehind(job.request) || death === 'put-off') {
        settle({ kind: 'died', how: death })
        return
      }
      this.#kills[death]++
      // It may have been dying already when it got this photo, or a model is to blame and not the photo: once more, in
      // a new one, and without the model. The photo is kept if it can be.
      if (!job.isLastTry && (death === 'crash' || this.#lineup.folder !== '')) {
        this.#current = undefined
        const withoutModel = `the vision process ${BROKEN[death]}`
        const request = this.#lineup.folder === '' ? job.request : { ...job.request, withoutModel }
        this.#queue.unshift({ ...job, request, isLastTry: true })
        this.#next()
        return
      }
      const total = Math.round(this.#clock.monotonicMs() - startedMs)
      const ms = { decode: total, infer: 0, total }
      settle({ kind: 'no-photo', ...DEATHS[death], ms })
    }
    const onError = (): void => {
      if (child.pid === undefined) onExit()
    }
    child.once('message', onMessage)
    child.once('exit', onExit)
    // An error here is followed by an exit, or means that there never was a process.
    child.once('error', onError)
    child.send(job.request, () => {})
  }

  /** True while it is too hot for a photo; looks again by itself. */
  #isCooling(): boolean {
    if (this.#queue.length + this.#behind.length === 0) return false
    const heat = this.#heat?.look()
    if (!heat?.isTooHot) {
      this.#hot = undefined
      return false
    }
    const nowMs = this.#clock.monotonicMs()
    this.#hot ??= { sinceMs: nowMs, tellAtMs: nowMs + HOT_TOLD_AFTER_MS }
    const warm = `${heat.tempC?.toFixed(0)} °C`
    if (nowMs >= this.#hot.tellAtMs) {
      const minutes = Math.round((nowMs - this.#hot.sinceMs) / 60_000)
      this.#onTooHot(`${warm}: ${this.#queue.length} photos wait, for ${minutes} min`)
      this.#hot.tellAtMs = nowMs + HOT_TOLD_AGAIN_MS
    }
    const isPatient = ({ sinceMs }: Job): boolean => nowMs - sinceMs < HOT_PATIENCE_MS
    for (const job of this.#queue.filter((each) => !isPatient(each)))
      job.reject(new VuonError('vision-busy', `The box is too hot (${warm}).`, { hint: HOT_HINT }))
    this.#queue.splice(0, Infinity, ...this.#queue.filter(isPatient))
    this.#cancelCooling()
    this.#cancelCooling = this.#clock.after(HOT_LOOK_MS, () => this.#next())
    return true
  }

  #started(): ChildProcess {
    if (this.#process?.connected) return this.#process
    const child = fork(this.#program, [JSON.stringify(this.#lineup)], {
      // V8's own heap is for a few small objects; pictures lie outside it and count for the resident memory.
      execArgv: ['--max-old-space-size=96'],
      // Nothing of the agent's environment (tokens, passwords) is a decoder's business.
      // Blocks of pictures go back to the system when they are freed (mallopt(3)): else a day of photos of different
      // sizes leaves twice the memory of the largest.
      env: { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    child.on('error', () => {})
    yieldToOthers(child.pid)
    // A process that dies while it has nothing to do is nobody's photo.
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined
    })
    this.#process = child
    return child
  }

  /** A process that was begun with other models has no part in what comes. */
  #dropOld(): void {
    if (!this.#isLineupNew) return
    this.#isLineupNew = false
    this.#process?.kill('SIGKILL')
    this.#process = undefined
  }

  #rest(): void {
    if (this.#queue.length > 0 || this.#behind.length > 0 || this.#isStopped) return
    this.#cancelIdle()
    this.#cancelIdle = this.#clock.after(this.#idleMs, () => {
      if (!this.#current) void this.#end()
    })
  }

  async #end(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
      child.kill('SIGKILL')
    })
  }
}

const isBehind = (request: Job['request']): boolean => 'check' in request || request.isForShadow === true

const BROKEN: Readonly<Record<keyof VisionWorkerState['kills'], string>> = {
  timeout: 'took too long with it',
  memory: 'took too much memory with it',
  crash: 'broke with it',
}

const DEATHS = {
  timeout: { reason: 'unreadable', detail: 'took too long to decode' },
  memory: { reason: 'too-large', detail: 'needs more memory than the box can give' },
  crash: { reason: 'unreadable', detail: 'broke the decoder' },
} as const

// A third of a normal process's weight (kernel/sched/core.c, sched_prio_to_weight): enough to yield at once, too much to
// starve into its own time limit where everything is busy.
const NICENESS = 5

/** Sensors, journal and page come first: of a busy processor a photo gets what they leave. */
function yieldToOthers(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, NICENESS)
  } catch {
    // It died at once, or the system has no priorities: then it competes as an equal.
  }
}

/** What the process holds in memory; 0 where there is no /proc. */
function residentBytes(pid: number | undefined): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
