import { Worker } from 'node:worker_threads'
import { type Clock, every } from '#contract/ground/clock.ts'
import { MAX_JSON_BYTES, parseBoundedText } from '../bounded-json.ts'
import { Strikes } from './strikes.ts'
import { type CodecAnswer, noAnswer, type Uplink } from './uplink.ts'
import type { Batch, BatchAnswer, Limits, SentAnswer, SentUplink, WorkerSettings } from './worker/request.ts'

/** A vendor's codec file: its name for people, its text. The same object is the same codec. */
export interface Codec {
  readonly name: string
  readonly source: string
}

export interface CodecWorkerOptions {
  readonly clock: Clock
  readonly limits?: Partial<Limits>
  /** The thread is killed when an uplink has stood still for so long, whatever the engine says (at most twice that). */
  readonly hardMs?: number
  /** How many uplinks may wait; one more is refused with `codec-busy`. */
  readonly queueBound?: number
}

export interface CodecWorkerState {
  readonly waiting: number
  readonly decoded: number
  /** True while there is a thread; none before the first uplink. */
  readonly isRunning: boolean
  readonly replaced: { readonly timeout: number; readonly memory: number; readonly crash: number }
}

interface Job {
  readonly codec: Codec
  readonly device: string
  readonly uplink: Omit<SentUplink, 'codec' | 'device'>
  readonly resolve: (answer: CodecAnswer) => void
}

// A Raspberry Pi 3 takes twenty times as long as the reference machine, whose codecs take 0.02 ms; the first
// run of the largest known codec (400 KB) takes 30 ms there.
const LIMITS: Limits = { decodeMs: 500, loadMs: 3000, memoryBytes: 16 * 1024 * 1024, contexts: 100 }
const HARD_MS = 5000
// A day's backlog of a farm with forty nodes, which a network server may hand over at once.
const QUEUE_BOUND = 6000
const BATCH = 256
const FAILED_STARTS = 3

const PROGRAM = new URL('./worker/main.ts', import.meta.url)

/**
 * Hands uplinks to the thread in which codecs run, batch by batch. An uplink on which a codec hangs, grows or breaks
 * the engine is answered with its fault; the others of the batch go to a new thread. What codecs kept in globals is
 * lost with a thread.
 */
export class CodecWorker {
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #hardMs: number
  readonly #queueBound: number
  readonly #progress = new Int32Array(new SharedArrayBuffer(8))
  readonly #ids = new WeakMap<Codec, number>()
  readonly #replaced = { timeout: 0, memory: 0, crash: 0 }
  readonly #strikes: Strikes
  #lastId = 0
  #queue: Job[] = []
  #batch: readonly Job[] = []
  #known = new Set<Codec>()
  #decoded = 0
  #failedStarts = 0
  #isPosting = false
  #isStopped = false
  #thread: Worker | undefined
  #cancelWatch = () => {}

  constructor(options: CodecWorkerOptions) {
    this.#clock = options.clock
    this.#strikes = new Strikes(options.clock)
    this.#limits = { ...LIMITS, ...options.limits }
    this.#hardMs = options.hardMs ?? HARD_MS
    this.#queueBound = options.queueBound ?? QUEUE_BOUND
  }

  get state(): CodecWorkerState {
    return {
      waiting: this.#queue.length + this.#batch.length,
      decoded: this.#decoded,
      isRunning: this.#thread !== undefined,
      replaced: { ...this.#replaced },
    }
  }

  /** Never rejects: what goes wrong is an answer with a `fault`. */
  decode(codec: Codec, device: string, uplink: Uplink): Promise<CodecAnswer> {
    if (this.#isStopped) return Promise.resolve(noAnswer('codec-busy', 'the agent is stopping'))
    if (this.#queue.length >= this.#queueBound)
      return Promise.resolve(noAnswer('codec-busy', `${this.#queueBound} uplinks wait already`))
    return new Promise((resolve) => {
      this.#queue.push({ codec, device, uplink: packed(uplink), resolve })
      this.#postSoon()
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    const left = [...this.#batch, ...this.#queue]
    this.#queue = []
    this.#batch = []
    for (const { resolve } of left) resolve(noAnswer('codec-busy', 'the agent is stopping'))
    await this.#leave()
  }

  /** After the turn in which uplinks arrive, so that those which arrive together travel together. */
  #postSoon(): void {
    if (this.#isPosting || this.#batch.length > 0) return
    this.#isPosting = true
    queueMicrotask(() => {
      this.#isPosting = false
      this.#post()
    })
  }

  #post(): void {
    if (this.#isStopped || this.#batch.length > 0) return
    const batch: Job[] = []
    for (const job of this.#queue.splice(0, BATCH)) {
      const refusal = this.#strikes.refusal(this.#keyOf(job))
      if (refusal) job.resolve(refusal)
      else batch.push(job)
    }
    if (batch.length === 0) {
      if (this.#queue.length > 0) this.#postSoon()
      return
    }
    this.#batch = batch
    const thread = this.#started()
    const codecs = [...new Set(batch.map(({ codec }) => codec))].filter((codec) => !this.#known.has(codec))
    for (const codec of codecs) this.#known.add(codec)
    // Only while there is work does it keep a command from ending.
    thread.ref()
    thread.postMessage({
      codecs: codecs.map((codec) => ({ id: this.#idOf(codec), ...codec })),
      uplinks: batch.map(({ codec, device, uplink }) => ({ codec: this.#idOf(codec), device, ...uplink })),
    } satisfies Batch)
    this.#watch(thread)
  }

  /** Kills a thread that has begun nothing new since the last look. */
  #watch(thread: Worker): void {
    let seen = Atomics.load(this.#progress, 1)
    this.#cancelWatch()
    this.#cancelWatch = every(this.#clock, this.#hardMs, () => {
      const now = Atomics.load(this.#progress, 1)
      if (now === seen) this.#lose(thread, 'timeout', `did not come back within ${this.#hardMs} ms`)
      seen = now
    })
  }

  #started(): Worker {
    if (this.#thread) return this.#thread
    Atomics.store(this.#progress, 0, 0)
    const settings: WorkerSettings = { limits: this.#limits, progress: this.#progress }
    const thread = new Worker(PROGRAM, {
      name: 'codecs',
      workerData: settings,
      // Nothing of the agent's environment is a codec's business. The engine recurses on the thread's own stack,
      // three times as deep as on the one that it counts.
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 8, stackSizeMb: 16 },
    })
    thread.on('message', (answer: BatchAnswer) => this.#take(thread, answer))
    thread.on('error', (error) => this.#lose(thread, 'crash', error.message))
    thread.on('exit', () => this.#lose(thread, 'crash', 'its thread ended'))
    this.#known = new Set()
    this.#thread = thread
    return thread
  }

  #take(thread: Worker, { answers, isSpent }: BatchAnswer): void {
    if (thread !== this.#thread) return
    this.#cancelWatch()
    thread.unref()
    this.#failedStarts = 0
    const batch = this.#batch
    this.#batch = []
    if (isSpent) {
      this.#replaced.memory++
      this.#queue.unshift(...batch.slice(answers.length))
      void this.#leave()
    }
    for (const [index, answer] of answers.entries()) {
      const job = batch[index]
      if (job) this.#settle(job, answer)
    }
    this.#post()
  }

  /** The thread is gone, or is made to go: its uplink at work has had its chance, the others go to the next one. */
  #lose(thread: Worker, why: 'timeout' | 'crash', detail: string): void {
    if (thread !== this.#thread) return
    const atWork = Atomics.load(this.#progress, 0)
    const batch = this.#batch
    this.#batch = []
    this.#replaced[why]++
    void this.#leave()
    const culprit = batch[atWork - 1]
    let left = batch
    if (culprit) {
      left = batch.filter((job) => job !== culprit)
      this.#settle(culprit, { fault: why === 'timeout' ? 'codec-timeout' : 'codec-failed', detail })
    } else if (++this.#failedStarts >= FAILED_STARTS) {
      this.#failedStarts = 0
      left = []
      for (const job of batch) job.resolve(noAnswer('codec-failed', `the sandbox does not start: ${detail}`))
    }
    this.#queue.unshift(...left)
    this.#post()
  }

  async #leave(): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    this.#cancelWatch()
    await thread?.terminate()
  }

  #settle(job: Job, answer: SentAnswer): void {
    this.#decoded++
    if (typeof answer !== 'string') {
      if (answer.fault !== 'codec-failed' || answer.detail.startsWith('broke'))
        this.#strikes.add(this.#keyOf(job), answer.fault, answer.detail)
      job.resolve(noAnswer(answer.fault, answer.detail))
      return
    }
    this.#strikes.clear(this.#keyOf(job))
    job.resolve(parsedAnswer(answer))
  }

  #keyOf({ codec, device }: Job): string {
    return `${this.#idOf(codec)} ${device}`
  }

  #idOf(codec: Codec): number {
    const known = this.#ids.get(codec)
    if (known !== undefined) return known
    this.#ids.set(codec, ++this.#lastId)
    return this.#lastId
  }
}

const packed = ({ fPort, bytes, recvTimeMs, variables }: Uplink): Job['uplink'] => ({
  bytes: `[${bytes.join()}]`,
  fPort,
  recvTimeMs,
  variables: variables && JSON.stringify(variables),
})

/** The sandbox is not trusted to bound what it says. */
function parsedAnswer(text: string): CodecAnswer {
  if (text.length > MAX_JSON_BYTES) return noAnswer('codec-failed', 'the answer is too large')
  const parsed = parseBoundedText(text)
  if (parsed.kind === 'refused')
    return noAnswer('codec-failed', `the answer is ${parsed.code}: ${parsed.detail}`)
  return parsed.value as CodecAnswer
}
