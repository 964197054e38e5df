import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  BARS,
  bar,
  between,
  confusion,
  curve,
  dataTable,
  type Latency,
  LICENCE,
  latency,
  organisms,
  perClass,
  refusals,
  table,
  three,
  two,
} from './card-tables.ts'
import type { Written } from './manifest.ts'
import type { PackPhoto } from './photo-pack.ts'
import type { StemFigures } from './stem-figures.ts'
import type { PhotoVerdict } from './stem-run.ts'

/** The stem screen's card.md: everything that a person must know before trusting it. */
export function writeStemCard(
  out: string,
  written: Written,
  figures: StemFigures,
  verdicts: readonly PhotoVerdict[],
  photos: readonly PackPhoto[],
  time: Latency,
  backbone: string,
): void {
  const lesioned = verdicts.filter(
    ({ label }) => !['few_specks_near_healthy', 'mosaic_chlorosis'].includes(label),
  )
  const found = lesioned.filter(({ verdict }) => verdict === 'spot' || verdict === 'rot_or_canker').length
  const text = `# Dragon-fruit stem screen

\`${written.id}\` ${written.version}, sha256 \`${written.sha256}\`, ${(written.sizeBytes / 1e6).toFixed(2)} MB, int8.
Written by \`models/training/train.ts\`. **A screen, not a diagnosis**: ${figures.tiles} tiles out of photos of ${figures.groups} groups, one region
(Banyuwangi, Indonesia), labelled by eye by a non-specialist. Every figure comes from five-fold cross-validation over the
photo groups, pooled: a tile is judged by the int8 model of a fold that never saw its group, with temperature and thresholds
of the other folds. The shipped weights learned from all groups, so no figure in the pack can be of exactly these weights.

**The recipe was revised once after its fold figures were seen** (negatives, lesion rule): they are slightly flattered by
that; only photos that nobody looked at while training will say by how much.

## What it is for, and what not

A close photo of a stem in daylight: where something looks like spots, rot or canker, which share of the stem it covers, and
whether a person should go and look. It must not be used to name a pathogen, to decide on spraying without a person who has
looked, for fruit, flowers or roots, from further than about a metre, to declare a plot free of disease, or as proof in a
dispute or for a certificate. No photo of a healthy plant from a healthy plot was ever seen: "healthy" means clean tissue of
diseased plants. ${organisms}

## Data

${dataTable(photos.filter(({ set, organ, crop }) => set.startsWith('dragonfruit') || organ !== 'leaf' || crop === ''))}

Tiles: 320 px at half of the camera's resolution, drawn at 160 px, which is how they lie in a photo of 1,280 px. Verdicts:
healthy (healthy_tissue, stem_edge_no_lesion), spot (brown_spot, black_spot, scab_rough_red), rot_or_canker (stem_rot,
canker_pale_lesion), background. Photos of ground, scenes, objects, citrus and of other crops' leaves (train split) teach
what is no stem. healthy_tissue was proposed by a smooth-green rule and is easier than real stems.

## Licence

${LICENCE}

## Network

Backbone \`${backbone}\`, a linear classifier on each cell of its last layer, then the mean over 5 × 5 cells: fully
convolutional, one answer for each square of 160 px, every 32 px. Half of the training tiles lay in mosaics of four, so that
neighbours rather than zeros stand around them as they do in a photo.

## To reach

${table(BARS, [
  bar('lesion recall', figures.recall, 0.95),
  bar('at specificity', figures.specificity, 0.95),
  bar('three-way balanced accuracy', figures.threeWay, 0.8),
  bar('answered share', figures.answered, 0.7),
  bar('right of the answered', figures.right, 0.95),
  bar('strangers refused', weighted(figures.refused), 0.95),
  bar('out-of-distribution AUROC', figures.auroc, 0.97),
  bar('int8 against float, top-1', figures.agreement, 0.98),
])}

Lesion against healthy without a threshold: AUROC ${between(figures.lesionAuroc)}. With ${figures.tiles} tiles ECE has no bar.
Where a bar is not reached, the reason is ${figures.tiles} tiles; what would mend it: photos of whole healthy plants, 200 lesion tiles a verdict from
ten farms, in dry and wet season, labelled by two plant pathologists.

${perClass(figures.classes)}

Confusion:

${confusion(
  figures.classes.map(({ label }) => label),
  figures.confusion,
)}

By the label that was given: ${figures.ofLabel.map(({ label, tiles, right }) => `${label} ${right} of ${tiles}`).join(', ')}.

Calibration: ECE (equal mass) ${three(figures.ece.before)} before, ${between(figures.ece.after)} after temperature ${two(figures.settings.temperature)}; Brier ${three(figures.brier.before)} before,
${three(figures.brier.after)} after.

Risk and coverage (a tile; shipped threshold ${two(figures.settings.answerFrom)}):

${curve(figures.curve)}

Refusing (val photos that no fold saw; AUROC ${between(figures.auroc)}):

${refusals(figures.refused)}

int8 against float: top-1 the same on ${three(figures.agreement)}.

## Whole photos

${verdicts.length} photos slid over by the model of the fold that never saw their group. ${found} of ${lesioned.length} photos with lesions are called spot or
rot_or_canker. By the photo's main sign:

${table(
  ['main sign', 'photos', 'spot', 'rot_or_canker', 'healthy', 'not this plant', 'median lesion share'],
  [...Map.groupBy(verdicts, ({ label }) => label)].map(([label, rows]) => [
    label,
    rows.length,
    ...['spot', 'rot_or_canker', 'healthy', 'not-this-plant'].map(
      (each) => rows.filter(({ verdict }) => verdict === each).length,
    ),
    two(rows.map(({ lesionShare }) => lesionShare).toSorted((a, b) => a - b)[rows.length >> 1] ?? 0),
  ]),
)}

No photo of a healthy plant exists to count false alarms on. The share counts cells whose tile of 160 px holds a lesion, so it
is wider than the lesions themselves: a measure for following one plant, not an area. A dark, blurred ground right behind the
stem is sometimes called rot.

## Latency

${latency(time)}
`
  writeFileSync(join(out, 'dragon-fruit-stem', 'card.md'), text)
}

const weighted = (rows: readonly { photos: number; share: number }[]): number =>
  rows.reduce((sum, { photos, share }) => sum + photos * share, 0) /
  rows.reduce((sum, { photos }) => sum + photos, 0)
