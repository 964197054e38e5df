import { Worker } from 'node:worker_threads'
import { type ErrorCode, VuonError } from '#contract/ground/errors.ts'
import { JournalCore } from './journal-core.ts'
import type { WorkerAnswer, WorkerRequest } from './journal-worker.ts'

type Methods = {
  [Name in keyof JournalCore]: JournalCore[Name] extends (...values: infer Values) => infer Result
    ? (...values: Values) => Result
    : never
}

/** Where the journal's core runs: the same calls, answered in order. */
export interface JournalThread {
  call<Name extends keyof Methods>(
    name: Name,
    ...values: Parameters<Methods[Name]>
  ): Promise<ReturnType<Methods[Name]>>
  stop(): Promise<void>
}

/** In this thread, for the pretend world and for commands that look and go. */
export class InlineThread implements JournalThread {
  readonly #core: JournalCore
  constructor(path: string) {
    this.#core = new JournalCore(path)
  }

  async call<Name extends keyof Methods>(
    name: Name,
    ...values: Parameters<Methods[Name]>
  ): Promise<ReturnType<Methods[Name]>> {
    return (this.#core[name] as (...all: unknown[]) => ReturnType<Methods[Name]>).apply(this.#core, values)
  }

  async stop(): Promise<void> {
    this.#core.close()
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
    this.#worker.on('exit', () => this.#die(new VuonError('journal-busy', 'The journal is closed.')))
  }

  call<Name extends keyof Methods>(
    name: Name,
    ...values: Parameters<Methods[Name]>
  ): Promise<ReturnType<Methods[Name]>> {
    if (this.#death) return Promise.reject(this.#death)
    const number = ++this.#lastNumber
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve: resolve as (value: never) => void, reject })
      this.#worker.postMessage({ number, method: name, values } satisfies WorkerRequest)
    })
  }

  async stop(): Promise<void> {
    if (this.#death) return
    await this.call('close')
    await this.#worker.terminate()
  }

  #die(error: unknown): void {
    this.#death ??= error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
