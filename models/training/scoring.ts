/** Figures of a classifier, each a pure function of what it answered. A group is what must stay together in resampling. */
import { drawsFrom } from '../../agent/vision/worker/drawn-photo.ts'

export interface Answer {
  readonly truth: number
  /** Probabilities, one a class. */
  readonly shares: readonly number[]
  readonly group: string
}

export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

export function softmax(logits: ArrayLike<number>, temperature = 1): number[] {
  const scaled = Array.from(logits, (each) => each / temperature)
  const most = Math.max(...scaled)
  const raised = scaled.map((each) => Math.exp(each - most))
  const sum = raised.reduce((a, b) => a + b, 0)
  return raised.map((each) => each / sum)
}

export const argmax = (values: readonly number[]): number => values.indexOf(Math.max(...values))

/** Rows are what it was, columns what was answered. */
export function confusionOf(answers: readonly Answer[], classes: number): number[][] {
  const table = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (const { truth, shares } of answers) table[truth]![argmax(shares)]! += 1
  return table
}

export interface ClassFigures {
  readonly precision: number
  readonly recall: number
  readonly f1: number
  readonly photos: number
}

export function classFigures(table: readonly (readonly number[])[]): ClassFigures[] {
  return table.map((row, at) => {
    const hits = row[at] ?? 0
    const photos = row.reduce((a, b) => a + b, 0)
    const answered = table.reduce((sum, each) => sum + (each[at] ?? 0), 0)
    return {
      photos,
      precision: answered ? hits / answered : 0,
      recall: photos ? hits / photos : 0,
      f1: photos + answered ? (2 * hits) / (photos + answered) : 0,
    }
  })
}

const mean = (values: readonly number[]): number =>
  values.length ? values.reduce((a, b) => a + b, 0) / values.length : 0

export const macroF1 = (answers: readonly Answer[], classes: number): number =>
  mean(classFigures(confusionOf(answers, classes)).map(({ f1 }) => f1))

/** The mean recall of the classes that occur. */
export const balancedAccuracy = (answers: readonly Answer[], classes: number): number =>
  mean(
    classFigures(confusionOf(answers, classes))
      .filter(({ photos }) => photos > 0)
      .map(({ recall }) => recall),
  )

/** The chance that one of `high` scores above one of `low`; a tie counts half (Mann and Whitney 1947). */
export function auroc(high: readonly number[], low: readonly number[]): number {
  if (high.length === 0 || low.length === 0) return Number.NaN
  const sorted = low.toSorted((a, b) => a - b)
  const below = (limit: number, orEqual: boolean): number => {
    let [from, to] = [0, sorted.length]
    while (from < to) {
      const middle = (from + to) >> 1
      const value = sorted[middle]!
      if (value < limit || (orEqual && value === limit)) from = middle + 1
      else to = middle
    }
    return from
  }
  return mean(high.map((each) => (below(each, false) + below(each, true)) / 2 / sorted.length))
}

/**
 * Expected calibration error with bins of equal mass: the likelihood of the answer against how often it is right.
 * At most 15 bins, and at least 15 answers in each, below which a bin says more about chance than about the model.
 */
export function calibrationError(answers: readonly Answer[]): number {
  const sorted = answers
    .map(({ truth, shares }) => ({
      said: Math.max(...shares),
      right: argmax(shares) === truth ? 1 : 0,
    }))
    .toSorted((a, b) => a.said - b.said)
  const bins = Math.max(1, Math.min(15, Math.floor(sorted.length / 15)))
  let error = 0
  for (let bin = 0; bin < bins; bin++) {
    const inside = sorted.slice(
      Math.round((bin * sorted.length) / bins),
      Math.round(((bin + 1) * sorted.length) / bins),
    )
    const gap = mean(inside.map(({ said }) => said)) - mean(inside.map(({ right }) => right))
    error += (inside.length / sorted.length) * Math.abs(gap)
  }
  return error
}

/** Brier (1950): the squared distance from the truth, 0 to 2. */
export const brier = (answers: readonly Answer[]): number =>
  mean(
    answers.map(({ truth, shares }) =>
      shares.reduce((sum, share, at) => sum + (share - (at === truth ? 1 : 0)) ** 2, 0),
    ),
  )

export interface Risk {
  readonly threshold: number
  readonly answered: number
  readonly right: number
}

/** What share is answered at a threshold, and how much of that is right. */
export function riskAt(answers: readonly Answer[], threshold: number): Risk {
  const answered = answers.filter(({ shares }) => Math.max(...shares) >= threshold)
  return {
    threshold,
    answered: answers.length ? answered.length / answers.length : 0,
    right: answered.length
      ? mean(answered.map(({ truth, shares }) => (argmax(shares) === truth ? 1 : 0)))
      : 1,
  }
}

/** The middle 95 % of `figure` over resampled groups (Efron's percentile bootstrap), from a fixed seed. */
export function bootstrap<T extends { readonly group: string }>(
  rows: readonly T[],
  figure: (rows: readonly T[]) => number,
  runs = 1000,
): Interval {
  const groups = [...Map.groupBy(rows, ({ group }) => group).values()]
  const next = drawsFrom(20_261_127)
  const values = Array.from({ length: runs }, () =>
    figure(groups.flatMap(() => groups[Math.floor(next() * groups.length)] ?? [])),
  )
    .filter((value) => !Number.isNaN(value))
    .toSorted((a, b) => a - b)
  const at = (share: number): number =>
    values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0
  return { value: figure(rows), low: at(0.025), high: at(0.975) }
}

/** What every card says of answers with labels: intervals are bootstrap 95 % over groups, shares 0 to 1. */
export interface VerdictFigures {
  readonly classes: readonly (ClassFigures & {
    readonly label: string
    readonly interval: Record<'precision' | 'recall' | 'f1', Interval>
  })[]
  readonly confusion: readonly (readonly number[])[]
  readonly ece: { readonly before: number; readonly after: Interval }
  readonly brier: { readonly before: number; readonly after: number }
  readonly answered: Interval
  readonly right: Interval
  readonly curve: readonly Risk[]
  readonly auroc: Interval
  readonly refused: readonly {
    readonly of: string
    readonly photos: number
    readonly share: number
  }[]
  /** Share of answers in which int8 and float name the same label. */
  readonly agreement: number
}
