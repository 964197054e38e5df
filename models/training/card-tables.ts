import type { PackPhoto } from './photo-pack.ts'
import type { ClassFigures, Interval, Risk } from './scoring.ts'

/** Milliseconds of the quickest run on the machine that trained: int8, float, and what was run. */
export interface Latency {
  readonly int8Ms: number
  readonly floatMs: number
  readonly of: string
}

export const two = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(2))
export const three = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(3))
export const between = ({ value, low, high }: Interval): string =>
  `${three(value)} [${three(low)}, ${three(high)}]`
export const table = (header: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

/** `| figure | reached | to reach | |`, with a word where it was not reached. */
export const bar = (what: string, reached: Interval | number, wanted: number, atMost = false): string[] => {
  const value = typeof reached === 'number' ? reached : reached.value
  const isReached = atMost ? value <= wanted : value >= wanted
  return [
    what,
    typeof reached === 'number' ? three(reached) : between(reached),
    `${atMost ? '≤' : '≥'} ${wanted}`,
    isReached ? 'reached' : '**not reached**',
  ]
}
export const BARS = ['figure', 'here [95 % interval]', 'to reach', '']

export const perClass = (
  classes: readonly (ClassFigures & {
    label: string
    interval: Record<'precision' | 'recall' | 'f1', Interval>
  })[],
): string =>
  table(
    ['label', 'photos', 'precision', 'recall', 'F1'],
    classes.map(({ label, photos, interval }) => [
      label,
      photos,
      between(interval.precision),
      between(interval.recall),
      between(interval.f1),
    ]),
  )

export const confusion = (labels: readonly string[], rows: readonly (readonly number[])[]): string =>
  table(
    ['it was ↓, answered →', ...labels],
    rows.map((row, at) => [labels[at] ?? '', ...row]),
  )

export const curve = (risks: readonly Risk[]): string =>
  table(
    ['threshold', 'answered', 'right of the answered'],
    risks.map((each) => [two(each.threshold), three(each.answered), three(each.right)]),
  )

export const refusals = (rows: readonly { of: string; photos: number; share: number }[]): string =>
  table(
    ['photos of', 'photos', 'refused'],
    rows.map(({ of, photos, share }) => [of, photos, three(share)]),
  )

export function dataTable(photos: readonly PackPhoto[]): string {
  const sets = [...Map.groupBy(photos, ({ set }) => set)]
  return table(
    ['set', 'train', 'val', 'groups', 'licence as stated'],
    sets.map(([set, rows]) => [
      set,
      rows.filter(({ split }) => split === 'train').length,
      rows.filter(({ split }) => split === 'val').length,
      new Set(rows.map(({ group }) => group)).size,
      rows[0]?.licence ?? '',
    ]),
  )
}

export const LICENCE = `The backbone is Apache-2.0 (google-coral/test_data). Some photo owners state no licence ("trial use only" in the table):
**these weights are for evaluation, and the photos' owners must clear them before they are distributed.** No photo is in
this repository; \`cases/\` are drawn from numbers.`

export const organisms = `No label carries an organism's URI: none was confirmed in a laboratory.`

export const latency = ({ int8Ms, floatMs, of }: Latency): string =>
  `${of}: int8 ${int8Ms.toFixed(1)} ms, float ${floatMs.toFixed(1)} ms (ratio ${two(int8Ms / floatMs)}), the quickest of 30 runs, two threads
of the machine that trained (x86 without VNNI, shared with other work: a ratio, not a promise). A Raspberry Pi was not measured.`
