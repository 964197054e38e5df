import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import type { InstalledModel } from './model-folder.ts'
import type { RgbImage } from './photo-model.ts'

/** An opened ONNX model: pixels in, logits of every output by name. */
export interface ModelSession {
  run(picture: RgbImage): Promise<Readonly<Record<string, Logits>>>
  close(): Promise<void>
}

export interface Logits {
  readonly dims: readonly number[]
  readonly values: Float32Array
}

/**
 * Opens a model for a small board: half of the cores, so that the sensors have the others; threads that sleep while they
 * wait; no memory pattern, because sizes differ. The arena keeps the memory of the largest photo, which the next one
 * wants again: without it every layer asks the system for fresh pages, a sixth of the time of a large photo and 40 MB
 * more at the peak. The process ends when it has nothing to do.
 * onnxruntime is loaded here and not before: a photo that the gate refuses never pays for it.
 * Rejects when the file is not the one that its manifest names.
 */
export async function openSession({ manifest, path }: InstalledModel): Promise<ModelSession> {
  const bytes = readFileSync(path)
  if (createHash('sha256').update(bytes).digest('hex') !== manifest.sha256)
    throw new Error(`${manifest.file} of ${manifest.id} is not the file that its manifest names`)
  const { InferenceSession, Tensor: TensorOf } = await import('onnxruntime-node')
  const session: InferenceSession = await InferenceSession.create(bytes, {
    intraOpNumThreads: Math.max(1, Math.min(2, availableParallelism() >> 1)),
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableMemPattern: false,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  })
  const { name } = manifest.input
  return {
    async run({ widthPx, heightPx, rgb }) {
      const answer = await session.run({ [name]: new TensorOf('uint8', rgb, [1, heightPx, widthPx, 3]) })
      return Object.fromEntries(Object.entries(answer).map(([output, tensor]) => [output, logitsOf(tensor)]))
    },
    close: () => session.release(),
  }
}

function logitsOf({ dims, data, type }: Tensor): Logits {
  if (type !== 'float32') throw new Error(`an output is ${type}, not float32`)
  return { dims, values: data as Float32Array }
}
