/** Where a chart must not draw a line. Used by the server's SVG, the summary, and the chart in the page. */
export interface Bucket {
  readonly t: number
  readonly min: number
  readonly max: number
  readonly mean: number
}

export interface Stretch<B extends Bucket> {
  readonly buckets: readonly B[]
}

/**
 * The longest step between two buckets that is not a gap. Buckets lie a bucket apart; where readings are about
 * as sparse as buckets, one empty bucket is chance, so the median and the ninth decile of the steps widen it.
 */
export function longestStepMs(buckets: readonly Bucket[], bucketMs: number, isRaw: boolean): number {
  const steps = buckets.slice(1).map((bucket, index) => bucket.t - (buckets[index] as Bucket).t)
  steps.sort((a, b) => a - b)
  const median = steps[Math.floor(steps.length / 2)] ?? bucketMs
  // Of a few steps the longest would be the ninth decile: then the median alone speaks.
  const decile = steps.length < 20 ? 0 : (steps[Math.floor(steps.length * 0.9)] ?? 0)
  if (isRaw) return Math.max(3 * median, 1.5 * decile)
  return Math.max(1.5 * bucketMs, 1.5 * median, 1.5 * decile)
}

/** Buckets in runs without a gap between them. */
export function stretches<B extends Bucket>(
  buckets: readonly B[],
  bucketMs: number,
  isRaw: boolean,
): Stretch<B>[] {
  const limitMs = longestStepMs(buckets, bucketMs, isRaw)
  const runs: B[][] = []
  for (const bucket of buckets) {
    const run = runs.at(-1)
    const before = run?.at(-1)
    if (run && before && bucket.t - before.t <= limitMs) run.push(bucket)
    else runs.push([bucket])
  }
  return runs.map((run) => ({ buckets: run }))
}

/** Lengths of the gaps between runs, ms. */
export const gapsOf = <B extends Bucket>(runs: readonly Stretch<B>[]): number[] =>
  runs.slice(1).map((run, index) => {
    const before = runs[index]?.buckets.at(-1)?.t ?? 0
    return (run.buckets[0]?.t ?? before) - before
  })
