import { type Answer, argmax, softmax } from './scoring.ts'

export interface Logits {
  readonly truth: number
  readonly logits: readonly number[]
  readonly group: string
  /** What it counts beside the others in a fit; 1 where nothing is said. */
  readonly weight?: number
}

export const answersOf = (rows: readonly Logits[], temperature: number): Answer[] =>
  rows.map(({ truth, logits, group }) => ({
    truth,
    group,
    shares: softmax(logits, temperature),
  }))

/** The temperature in 0.3..5 under which the truth is likeliest (Guo et al. 2017): golden section over its logarithm. */
export function fitTemperature(rows: readonly Logits[]): number {
  const unlikely = (logT: number): number =>
    answersOf(rows, Math.exp(logT)).reduce(
      (sum, { truth, shares }, at) =>
        sum - (rows[at]?.weight ?? 1) * Math.log(Math.max(shares[truth] ?? 0, 1e-9)),
      0,
    )
  const golden = (Math.sqrt(5) - 1) / 2
  let [low, high] = [Math.log(0.3), Math.log(5)]
  for (let step = 0; step < 40; step++) {
    const [left, right] = [high - golden * (high - low), low + golden * (high - low)]
    if (unlikely(left) < unlikely(right)) high = right
    else low = left
  }
  return Math.exp((low + high) / 2)
}

/**
 * The lowest threshold from which on the answers are right in `wanted` of the cases, in hundredths and at least 0.35.
 * A share of few answers is uncertain, so one wrong answer more than were seen is counted (Laplace's rule would add two).
 */
export function fitThreshold(answers: readonly Answer[], wanted: number): number {
  for (let hundredths = 35; hundredths < 99; hundredths++) {
    const answered = answers.filter(({ shares }) => Math.max(...shares) >= hundredths / 100)
    const wrong = answered.filter(({ truth, shares }) => argmax(shares) !== truth).length
    if (answered.length > 0 && 1 - (wrong + 1) / (answered.length + 1) >= wanted) return hundredths / 100
  }
  return 0.99
}

/** Rows in two halves, whole groups on one side, dealt by the order in which the groups' names sort by hash. */
export function halves<T extends { readonly group: string }>(rows: readonly T[], turn: number): [T[], T[]] {
  const sides: [T[], T[]] = [[], []]
  for (const row of rows) sides[hashOf(`${turn}/${row.group}`) & 1]!.push(row)
  return sides
}

function hashOf(text: string): number {
  // FNV-1a, 32 bit, with its last bits mixed: which half a group falls into must not depend on its last letter alone.
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 15) ^ (hash >>> 7)) >>> 0
}
