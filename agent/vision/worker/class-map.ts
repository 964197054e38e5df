import { HEALTHY, type ModelHead } from './model-manifest.ts'
import type { Logits } from './model-session.ts'
import type { HeatGrid } from './photo-model.ts'

// A map of a fixed input has the network's last grid: 7 × 7 for 224 px, 20 × 20 for 640 px.
const MAX_CELLS = 64 * 64

// Logits, in steps of the temperature: where all cells differ by less, none of them stands out.
const LEAST_RANGE = 4

/**
 * Where a model that judges a photo as a whole saw what it says: its head, which is linear, applied at each position
 * before the features are averaged (class activation map; Zhou et al., CVPR 2016). `map` is `[1, labels, rows, columns]`,
 * logits; `lesion` the photo's probability of any label but healthy and "not this crop".
 *
 * A cell's evidence is how far its lesion logits lie above its others. The cell with most has the photo's probability,
 * that with least has 0: a cell by itself is sure of everything, because it was trained on whole photos only. So it says
 * where the model looked, not the outline of a lesion.
 */
export function heatOfMap(
  { output, labels, temperature }: Pick<ModelHead, 'output' | 'labels' | 'temperature'>,
  { dims, values }: Logits,
  lesion: number,
): HeatGrid {
  const [photos, planes, rows = 0, columns = 0] = dims
  const cells = rows * columns
  const isMap =
    dims.length === 4 && photos === 1 && planes === labels.length && cells >= 1 && cells <= MAX_CELLS
  if (!isMap)
    throw new Error(
      `the map of "${output}" is ${dims.join(' × ')}, not 1 × ${labels.length} × rows × columns`,
    )
  if (!values.every(Number.isFinite)) throw new Error(`the map of "${output}" holds what is no number`)
  const evidence = Array.from({ length: cells }, (_, cell) => {
    const scaled = labels.map((_label, at) => (values[at * cells + cell] as number) / temperature)
    const [ill, other] = [
      scaled.filter((_each, at) => isLesion(labels, at)),
      scaled.filter((_each, at) => !isLesion(labels, at)),
    ]
    return logSum(ill) - logSum(other)
  })
  const most = Math.max(...evidence)
  const range = Math.max(most - Math.min(...evidence), LEAST_RANGE)
  return {
    rows,
    columns,
    values: evidence.map((each) => Math.round(255 * lesion * (1 - (most - each) / range))),
  }
}

/** Any label but healthy and the last one, "not this crop". */
export const isLesion = (labels: ModelHead['labels'], at: number): boolean =>
  labels[at]?.key !== HEALTHY && at < labels.length - 1

const logSum = (logits: readonly number[]): number => {
  const most = Math.max(...logits)
  return most + Math.log(logits.reduce((sum, each) => sum + Math.exp(each - most), 0))
}
