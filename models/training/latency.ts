import { Tensor } from 'onnxruntime-node'
import { openSession } from './prefix.ts'

/** The median of 15 runs after two that warm up, ms, of a grey photo of so many pixels. */
export async function medianMs(model: string, heightPx: number, widthPx: number): Promise<number> {
  const session = await openSession(model)
  const photo = new Tensor('uint8', new Uint8Array(heightPx * widthPx * 3).fill(127), [
    1,
    heightPx,
    widthPx,
    3,
  ])
  const spent: number[] = []
  for (let run = 0; run < 17; run++) {
    const begin = performance.now()
    await session.run({ photo })
    if (run >= 2) spent.push(performance.now() - begin)
  }
  await session.release()
  return spent.toSorted((a, b) => a - b)[spent.length >> 1] ?? 0
}
