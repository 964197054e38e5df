import { parentPort, workerData } from 'node:worker_threads'
import { VuonError } from '#contract/ground/errors.ts'
import { giveBackMemory } from '#contract/ground/node/give-back-memory.ts'
import { JOURNAL_CALLS } from './journal-core.ts'
import { JournalFile } from './journal-file.ts'

/** The thread that owns the journal's file: one request at a time, in order, each answered with its number. */
export interface WorkerRequest {
  readonly number: number
  readonly name: keyof typeof JOURNAL_CALLS | 'close'
  readonly values: readonly unknown[]
}

export type WorkerAnswer =
  | { readonly number: number; readonly result: unknown }
  | { readonly number: number; readonly error: { code: string; message: string; hint: string } }

const port = parentPort
if (!port) throw new Error('this file runs as a worker thread')

let file: JournalFile | undefined

function answer({ name, values }: WorkerRequest): unknown {
  if (name === 'close') return file?.close()
  // Opened by the first call, so that what is wrong with the file is an answer like any other.
  file ??= new JournalFile((workerData as { path: string }).path)
  const call = JOURNAL_CALLS[name] as (file: JournalFile, ...values: readonly unknown[]) => unknown
  return call(file, ...values)
}

port.on('message', (request: WorkerRequest) => {
  const { number } = request
  try {
    port.postMessage({ number, result: answer(request) } satisfies WorkerAnswer)
  } catch (error) {
    const { code, message, hint } =
      error instanceof VuonError ? error : new VuonError('internal', String((error as Error)?.stack ?? error))
    port.postMessage({ number, error: { code, message, hint } } satisfies WorkerAnswer)
  }
  if (request.name === 'close') port.close()
})

giveBackMemory()
