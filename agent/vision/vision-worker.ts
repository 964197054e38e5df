import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { type Clock, every } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { PhotoAnswer, PhotoRequest } from './worker/photo-answer.ts'

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
  /** Folder of the models; without one photos are measured and kept, and nothing is said of them. */
  readonly models?: string
  /** The program of the worker; a test has others. */
  readonly program?: string
}

export interface VisionWorkerState {
  /** Of the process; null while none is needed. */
  readonly pid: number | null
  readonly waiting: number
  readonly examined: number
  readonly kills: { readonly timeout: number; readonly memory: number; readonly crash: number }
}

interface Job {
  readonly request: PhotoRequest
  /** True for the second and last try of a photo on which the process died. */
  readonly isLastTry: boolean
  readonly resolve: (answer: PhotoAnswer) => void
  readonly reject: (error: unknown) => void
}

type Death = keyof VisionWorkerState['kills']

const PROGRAM = new URL('./worker/main.ts', import.meta.url)
const MEMORY_LOOK_MS = 100

export class VisionWorker {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #memoryCapBytes: number
  readonly #queueBound: number
  readonly #idleMs: number
  readonly #models: string
  readonly #program: string | URL
  readonly #queue: Job[] = []
  readonly #kills = { timeout: 0, memory: 0, crash: 0 }
  #examined = 0
  #current: Job | undefined
  #process: ChildProcess | undefined
  #cancelIdle = () => {}
  #isStopped = false

  constructor(options: VisionWorkerOptions) {
    this.#clock = options.clock
    this.#timeoutMs = options.timeoutMs ?? 30_000
    this.#memoryCapBytes = options.memoryCapBytes ?? 450 * 1024 * 1024
    // A minute's worth on a Pi: a burst of a camera or the phones of a shed.
    this.#queueBound = options.queueBound ?? 30
    this.#idleMs = options.idleMs ?? 60_000
    this.#models = options.models ?? ''
    this.#program = options.program ?? PROGRAM
  }

  get state(): VisionWorkerState {
    const waiting = this.#queue.length + (this.#current ? 1 : 0)
    const pid = this.#process?.pid ?? null
    return { pid, waiting, examined: this.#examined, kills: { ...this.#kills } }
  }

  /** Rejects only with `vision-busy`; whatever is wrong with the file is an answer. */
  examine(request: PhotoRequest): Promise<PhotoAnswer> {
    if (this.#isStopped) return Promise.reject(new VuonError('vision-busy', 'The agent is stopping.'))
    if (this.#queue.length >= this.#queueBound)
      return Promise.reject(new VuonError('vision-busy', `${this.#queueBound} photos wait already.`))
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, isLastTry: false, resolve, reject })
      this.#next()
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelIdle()
    const stopping = new VuonError('vision-busy', 'The agent is stopping.')
    for (const job of this.#queue.splice(0)) job.reject(stopping)
    this.#current?.reject(stopping)
    this.#current = undefined
    await this.#end()
  }

  #next(): void {
    if (this.#current || this.#isStopped) return
    const job = this.#queue.shift()
    if (!job) return
    this.#current = job
    this.#cancelIdle()
    const child = this.#started()
    const startedMs = this.#clock.monotonicMs()
    let death: Death = 'crash'
    const kill = (why: Death): void => {
      death = why
      child.kill('SIGKILL')
    }
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
    const settle = (answer: PhotoAnswer): void => {
      leave()
      this.#examined++
      this.#current = undefined
      job.resolve(answer)
      this.#rest()
      this.#next()
    }
    const onMessage = (answer: unknown): void => settle(answer as PhotoAnswer)
    const onExit = (): void => {
      leave()
      if (this.#process === child) this.#process = undefined
      if (this.#current !== job) return
      this.#kills[death]++
      // It may have been dying already when it got this photo, or a model is to blame and not the photo: once more, in
      // a new one, and without the model. The photo is kept if it can be.
      if (!job.isLastTry && (death === 'crash' || this.#models !== '')) {
        this.#current = undefined
        const withoutModel = `the vision process ${BROKEN[death]}`
        const request = this.#models === '' ? job.request : { ...job.request, withoutModel }
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

  #started(): ChildProcess {
    if (this.#process?.connected) return this.#process
    const child = fork(this.#program, [this.#models], {
      // V8's own heap is for a few small objects; pictures lie outside it and count for the resident memory.
      execArgv: ['--max-old-space-size=96'],
      // Nothing of the agent's environment (tokens, passwords) is a decoder's business.
      env: { MALLOC_ARENA_MAX: '2' },
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

  #rest(): void {
    if (this.#queue.length > 0 || this.#isStopped) return
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

const BROKEN: Readonly<Record<Death, string>> = {
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
