/**
 * One target of `npm run fuzz` in a process of its own, so that an endless loop or a full memory ends nothing else:
 *
 *   node --expose-gc scripts/fuzz-child.ts TARGET INPUTS SEED
 *
 * Tells its parent how far it is several times a second, and what came of it at the end.
 */
import { FUZZ_TARGETS, LONGEST_MS } from '../test/world/fuzz-targets.ts'
import { seededRandom } from '../test/world/seeded.ts'

export type FuzzMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly failures: readonly FuzzFailure[] }
  | { readonly kind: 'end'; readonly result: FuzzResult }

export interface FuzzFailure {
  /** Counted from 0: `--inputs AT+1` with the same seed ends with it. */
  readonly at: number
  readonly what: string
  readonly input: string
}

export interface FuzzResult {
  readonly inputs: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly ms: number
  readonly longestMs: number
  readonly slow: number
  readonly crashes: number
  /** Of the heap after a full collection: after a tenth of the inputs, and after all. */
  readonly heapMb: readonly [atTenth: number, atEnd: number]
  readonly rssMb: readonly [atTenth: number, atEnd: number]
}

const TOLD_EVERY_MS = 250
const MAX_TOLD = 5

const collect = globalThis.gc
const [name, ...numbers] = process.argv.slice(2)
const target = FUZZ_TARGETS.find((each) => each.name === name)
if (target && collect && process.send) await fuzz(target.create(), numbers.map(Number))

async function fuzz(
  trial: ReturnType<(typeof FUZZ_TARGETS)[number]['create']>,
  [inputs = 0, seed = 0]: readonly number[],
): Promise<void> {
  const random = seededRandom(seed)
  const outcomes: Record<string, number> = {}
  const failures: FuzzFailure[] = []
  const heapMb: number[] = []
  const rssMb: number[] = []
  let [longestMs, slow, crashes] = [0, 0, 0]
  const started = performance.now()
  let toldAt = started
  for (let at = 0; at < inputs; at++) {
    const input = trial(random)
    const begun = performance.now()
    let what: string | undefined
    try {
      const outcome = input.run()
      const word = typeof outcome === 'string' ? outcome : await outcome
      outcomes[word] = (outcomes[word] ?? 0) + 1
    } catch (error) {
      crashes++
      what = (error instanceof Error ? error.stack : undefined) ?? String(error)
    }
    const now = performance.now()
    longestMs = Math.max(longestMs, now - begun)
    if (now - begun > LONGEST_MS) {
      slow++
      what ??= `took ${Math.round(now - begun)} ms`
    }
    if (what !== undefined && crashes + slow <= MAX_TOLD)
      failures.push({ at, what: what.slice(0, 2000), input: input.show().slice(0, 4000) })
    if (at + 1 === Math.ceil(inputs / 10) || at + 1 === inputs) {
      collect?.()
      heapMb.push(mb(process.memoryUsage().heapUsed))
      rssMb.push(mb(process.memoryUsage.rss()))
    }
    if (now - toldAt < TOLD_EVERY_MS) continue
    toldAt = now
    await tell({ kind: 'progress', done: at + 1, failures: failures.splice(0) })
  }
  await tell({ kind: 'progress', done: inputs, failures: failures.splice(0) })
  const ms = Math.round(performance.now() - started)
  const result = {
    ...{ inputs, outcomes, ms, longestMs: Number(longestMs.toFixed(1)), slow, crashes },
    heapMb: pairOf(heapMb),
    rssMb: pairOf(rssMb),
  }
  await tell({ kind: 'end', result })
}

function tell(message: FuzzMessage): Promise<void> {
  return new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()))
}

function mb(bytes: number): number {
  return Number((bytes / 2 ** 20).toFixed(1))
}

function pairOf(values: readonly number[]): [number, number] {
  return [values[0] ?? 0, values.at(-1) ?? 0]
}
