import { parentPort, workerData } from 'node:worker_threads'
import { VuonError } from '#contract/ground/errors.ts'
import { JournalCore } from './journal-core.ts'

/** The thread that owns the journal's file: one request at a time, in order, each answered with its number. */
export interface WorkerRequest {
  readonly number: number
  readonly method: string
  readonly values: readonly unknown[]
}

export type WorkerAnswer =
  | { readonly number: number; readonly result: unknown }
  | { readonly number: number; readonly error: { code: string; message: string; hint: string } }

const port = parentPort
if (!port) throw new Error('this file runs as a worker thread')

const core = new JournalCore((workerData as { path: string }).path)

port.on('message', ({ number, method, values }: WorkerRequest) => {
  let answer: WorkerAnswer
  try {
    const call = core[method as keyof JournalCore] as (...values: readonly unknown[]) => unknown
    answer = { number, result: call.apply(core, values as unknown[]) }
  } catch (error) {
    const known =
      error instanceof VuonError ? error : new VuonError('internal', String((error as Error)?.stack ?? error))
    answer = { number, error: { code: known.code, message: known.message, hint: known.hint } }
  }
  port.postMessage(answer)
  if (method === 'close') port.close()
})
