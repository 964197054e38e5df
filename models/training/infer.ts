import type { InferenceSession } from 'onnxruntime-node'
import { Tensor } from 'onnxruntime-node'

/** Runs one photo (uint8 RGB, row by row) through a model of ours; each output by name, as plain numbers. */
export async function infer(
  session: InferenceSession,
  pixels: Uint8Array,
  heightPx: number,
  widthPx = heightPx,
): Promise<Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>> {
  const answer = await session.run({
    photo: new Tensor('uint8', pixels, [1, heightPx, widthPx, 3]),
  })
  return Object.fromEntries(
    Object.entries(answer).map(([name, { dims, data }]) => [
      name,
      { shape: dims, values: Array.from(data as Float32Array) },
    ]),
  )
}
