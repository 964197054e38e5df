import type { FieldInput, Why } from '../page/field-answer.ts'
import { MODEL_OF, type ModelName, versionedName } from './model-names.ts'
import type { Sources } from './plot-setup.ts'

/** NaN is null where people and JSON see it; thousandths are finer than any sensor here. */
export const orNull = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : Math.round(value * 1000) / 1000

/** What a figure rests on: the model, what it needs of this plot, and what of that is not there. */
export function whyOf(
  model: ModelName,
  {
    sources,
    latestT,
    needs = [],
    missingSettings = [],
    notes = [],
    isIndex = false,
  }: {
    sources: Sources
    latestT: (seriesNo: number) => number | undefined
    needs?: readonly FieldInput[]
    missingSettings?: readonly string[]
    notes?: readonly string[]
    isIndex?: boolean
  },
): Why {
  const times = needs.flatMap((input) => {
    const source = sources.get(input)
    return (source && latestT(source.series.no)) ?? []
  })
  return {
    model: versionedName(model),
    standing: isIndex ? 'index-not-validated' : MODEL_OF[model].standing,
    source: MODEL_OF[model].source,
    notes: [...new Set(notes)],
    missingSensors: needs.filter((input) => !sources.has(input)),
    missingSettings,
    // As old as the oldest of what it needs.
    inputsThroughMs: times.length === 0 ? null : Math.min(...times),
  }
}
