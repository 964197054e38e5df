import { Tensor } from 'onnxruntime-node'
import { openSession } from './prefix.ts'

/** The median of 30 runs, ms, of a grey photo of so many pixels. */
export async function medianMs(model: string, heightPx: number, widthPx: number): Promise<number> {
  return (await sortedMs(model, heightPx, widthPx))[15] ?? 0
}

/** The quickest of 30 runs: what other work on the machine touched least. */
export async function quickestMs(model: string, heightPx: number, widthPx: number): Promise<number> {
  return (await sortedMs(model, heightPx, widthPx))[0] ?? 0
}

async function sortedMs(model: string, heightPx: number, widthPx: number): Promise<number[]> {
  const session = await openSession(model)
  const pixels = new Uint8Array(heightPx * widthPx * 3).fill(127)
  const photo = new Tensor('uint8', pixels, [1, heightPx, widthPx, 3])
  const spent: number[] = []
  for (let run = 0; run < 30; run++) {
    const begin = performance.now()
    await session.run({ photo })
    spent.push(performance.now() - begin)
  }
  await session.release()
  return spent.toSorted((a, b) => a - b)
}
