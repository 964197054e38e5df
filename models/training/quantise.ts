import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tensor } from 'onnxruntime-node'
import { openSession } from './prefix.ts'
import type { Python } from './python.ts'

export interface Picture {
  readonly pixels: Uint8Array
  readonly heightPx: number
  readonly widthPx: number
}

// Values kept of an activation of one photo: with 100 photos 100,000 a layer, so that the last ten-thousandth is ten.
const KEPT_PER_PHOTO = 1000
// What lies outside is cut: one value in ten thousand, which would make the steps of all others coarser.
const TAIL = 1e-4

/**
 * Float weights to two ONNX files, `<name>-float.onnx` and `<name>.onnx` (int8), in `folder`. The float graph is run
 * over `pictures` with every activation as an output; their ranges, without the outermost values, are the int8's.
 */
export async function quantise(
  python: Python,
  kind: 'leaf' | 'stem',
  weights: string,
  folder: string,
  name: string,
  pictures: readonly Picture[],
  side?: number,
): Promise<{ float: string; int8: string }> {
  const at = (ending: string): string => join(folder, `${name}${ending}`)
  const fixed = side === undefined ? [] : ['--side', String(side)]
  const make = (out: string, ...more: string[]) =>
    python.run('export.py', kind, python.backbones, weights, out, ...fixed, ...more)
  await make(at('-every.onnx'), '--every')
  writeFileSync(at('-ranges.json'), JSON.stringify(await rangesOf(at('-every.onnx'), pictures)))
  await make(at('-float.onnx'))
  await make(at('.onnx'), '--ranges', at('-ranges.json'))
  return { float: at('-float.onnx'), int8: at('.onnx') }
}

async function rangesOf(
  model: string,
  pictures: readonly Picture[],
): Promise<Record<string, [number, number]>> {
  const session = await openSession(readFileSync(model))
  const kept = new Map<string, number[]>()
  for (const { pixels, heightPx, widthPx } of pictures) {
    const answer = await session.run({
      photo: new Tensor('uint8', pixels, [1, heightPx, widthPx, 3]),
    })
    for (const [name, { data }] of Object.entries(answer)) {
      const values = data as Float32Array
      // A prime stride walks through channels and places alike.
      const stride = Math.max(1, Math.floor(values.length / KEPT_PER_PHOTO)) | 1
      const into = kept.get(name) ?? []
      for (let each = 0; each < values.length; each += stride) into.push(values[each] ?? 0)
      kept.set(name, into)
    }
  }
  await session.release()
  return Object.fromEntries(
    [...kept].map(([name, values]) => {
      const sorted = Float32Array.from(values).sort()
      const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0
      return [name, [at(TAIL), at(1 - TAIL)]]
    }),
  )
}
