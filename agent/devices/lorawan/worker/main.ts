import { parentPort, workerData } from 'node:worker_threads'
import variant from '@jitl/quickjs-wasmfile-release-sync'
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSSyncVariant } from 'quickjs-emscripten-core'
import { CodecShelf } from './codec-shelf.ts'
import type { Batch, BatchAnswer, SentAnswer, WorkerSettings } from './request.ts'

/**
 * The thread in which vendors' codecs run, inside of QuickJS inside of WebAssembly: no files, no network, no clock
 * but Date. The agent's thread kills it when `progress` stands still.
 */
const port = parentPort
if (!port) throw new Error('this file runs as a worker thread')
const { limits, progress } = workerData as WorkerSettings

const PAGE_BYTES = 64 * 1024
// The engine takes 16 MB to begin with; past 96 MB every codec is refused memory rather than the box.
const memory = new WebAssembly.Memory({
  initial: (16 * 1024 * 1024) / PAGE_BYTES,
  maximum: (96 * 1024 * 1024) / PAGE_BYTES,
})
// A CommonJS package that says `default` itself: what is imported is the variant, or holds it.
const base = ('default' in variant ? variant.default : variant) as QuickJSSyncVariant
const quickjs = await newQuickJSWASMModuleFromVariant(newVariant(base, { wasmMemory: memory }))
const shelf = new CodecShelf(quickjs, memory, limits)
Atomics.add(progress, 1, 1)

port.on('message', ({ codecs, uplinks }: Batch) => {
  for (const codec of codecs) shelf.add(codec)
  const answers: SentAnswer[] = []
  for (const [index, uplink] of uplinks.entries()) {
    Atomics.store(progress, 0, index + 1)
    Atomics.add(progress, 1, 1)
    answers.push(shelf.answer(uplink))
    if (shelf.isSpent) break
  }
  Atomics.store(progress, 0, 0)
  port.postMessage({ answers, isSpent: shelf.isSpent } satisfies BatchAnswer)
})
