import { HEALTHY, type ModelHead } from './model-manifest.ts'
import type { Logits } from './model-session.ts'
import type { HeatGrid } from './photo-model.ts'
import { softmax } from './softmax.ts'

// A map of a fixed input has the network's last grid: 7 × 7 for 224 px, 20 × 20 for 640 px.
const MAX_CELLS = 64 * 64

/**
 * Where a model that judges a photo as a whole saw what it says: its head, which is linear, applied at each position
 * before the features are averaged (class activation map; Zhou et al., CVPR 2016). `map` is `[1, labels, rows, columns]`,
 * logits. A cell's value is the probability, there, of any label but healthy and "not this crop".
 *
 * It was trained on whole photos only, so that a cell is where it looked, not the outline of a lesion.
 */
export function heatOfMap(
  { output, labels, temperature }: Pick<ModelHead, 'output' | 'labels' | 'temperature'>,
  { dims, values }: Logits,
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
  const lesions = labels.map(({ key }, at) => key !== HEALTHY && at < labels.length - 1)
  const heat = Array.from({ length: cells }, (_, cell) => {
    const shares = softmax(
      labels.map((_label, at) => values[at * cells + cell] as number),
      temperature,
    )
    const lesion = shares.reduce((sum, share, at) => (lesions[at] ? sum + share : sum), 0)
    return Math.round(255 * Math.min(1, lesion))
  })
  return { rows, columns, values: heat }
}
