import { Worker } from 'node:worker_threads'
import { type ErrorCode, VuonError } from '#contract/ground/errors.ts'
import { JOURNAL_CALLS } from './journal-core.ts'
import { JournalFile } from './journal-file.ts'
import type { WorkerAnswer, WorkerRequest } from './journal-worker.ts'

type Calls = {
  [Name in keyof typeof JOURNAL_CALLS]: (typeof JOURNAL_CALLS)[Name] extends (
    file: JournalFile,
    ...values: infer Values
  ) => infer Result
    ? (...values: Values) => Result
    : never
}
export type CallName = keyof Calls
export type ValuesOf<Name extends CallName> = Parameters<Calls[Name]>
export type ResultOf<Name extends CallName> = ReturnType<Calls[Name]>

/** Where the journal's calls run: the same calls, answered in order. */
export interface JournalThread {
  /** True when nothing can be asked of it any more. */
  readonly isDead: boolean
  call<Name extends CallName>(name: Name, ...values: ValuesOf<Name>): Promise<ResultOf<Name>>
  stop(): Promise<void>
}

/** In this thread, for the pretend world and for commands that look and go. */
export class InlineThread implements JournalThread {
  readonly #path: string
  readonly #options: { isReader?: boolean }
  #file: JournalFile | undefined
  isDead = false

  /** `isReader` for commands that look at a journal which an agent may be using. */
  constructor(path: string, options: { isReader?: boolean } = {}) {
    this.#path = path
    this.#options = options
  }

  async call<Name extends CallName>(name: Name, ...values: ValuesOf<Name>): Promise<ResultOf<Name>> {
    if (this.isDead) throw closed()
    this.#file ??= new JournalFile(this.#path, this.#options)
    const call = JOURNAL_CALLS[name] as (file: JournalFile, ...all: readonly unknown[]) => ResultOf<Name>
    return call(this.#file, ...values)
  }

  async stop(): Promise<void> {
    this.isDead = true
    this.#file?.close()
    this.#file = undefined
  }
}

/** In a thread of its own: a commit that takes a second on a worn card delays nothing else. */
export class WorkerThread implements JournalThread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>()
  #lastNumber = 0
  #death: unknown

  constructor(path: string) {
    this.#worker = new Worker(new URL('./journal-worker.ts', import.meta.url), {
      workerData: { path },
      name: 'journal',
    })
    this.#worker.on('message', (answer: WorkerAnswer) => {
      const waiting = this.#waiting.get(answer.number)
      this.#waiting.delete(answer.number)
      if ('error' in answer) {
        const { code, message, hint } = answer.error
        waiting?.reject(new VuonError(code as ErrorCode, message, { hint }))
      } else waiting?.resolve(answer.result as never)
    })
    this.#worker.on('error', (error) => this.#die(error))
    this.#worker.on('exit', () => this.#die(closed()))
  }

  get isDead(): boolean {
    return this.#death !== undefined
  }

  call<Name extends CallName>(name: Name, ...values: ValuesOf<Name>): Promise<ResultOf<Name>> {
    return this.#ask(name, values)
  }

  async stop(): Promise<void> {
    if (!this.isDead) await this.#ask('close', []).catch(() => {})
    this.#die(closed())
    await this.#worker.terminate()
  }

  async #ask<Result>(name: WorkerRequest['name'], values: readonly unknown[]): Promise<Result> {
    if (this.#death) throw this.#death
    const number = ++this.#lastNumber
    this.#worker.postMessage({ number, name, values } satisfies WorkerRequest)
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.set(number, { resolve: resolve as (value: never) => void, reject })
    })
  }

  #die(error: unknown): void {
    this.#death ??= error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

const closed = (): VuonError => new VuonError('journal-busy', 'The journal is closed.')
