import { answersOf, fitTemperature, fitThreshold, type Logits } from './calibration.ts'
import {
  type Answer,
  argmax,
  auroc,
  balancedAccuracy,
  bootstrap,
  brier,
  calibrationError,
  classFigures,
  confusionOf,
  type Interval,
  riskAt,
  type VerdictFigures,
} from './scoring.ts'

/** The order of the network's outputs, as in verdicts.py. */
export const STEM_OUTPUTS = ['healthy', 'spot', 'rot_or_canker', 'background'] as const
const BACKGROUND = 3

/** A tile, judged by the model of the fold that never saw its group. */
export interface TileAnswer {
  readonly set: string
  readonly label: string
  readonly group: string
  readonly fold: number
  readonly truth: number
  readonly logits: readonly number[]
  readonly floatLogits: readonly number[]
}

export interface StemSettings {
  readonly temperature: number
  /** From this share on, (spot + rot) of (spot + rot + healthy), a cell that is no background is lesion. */
  readonly lesionFrom: number
  /** From this probability of background on a cell is no plant. */
  readonly backgroundFrom: number
  /** From this probability of its verdict on a tile is answered. */
  readonly answerFrom: number
}

export interface StemFigures extends VerdictFigures {
  readonly tiles: number
  readonly groups: number
  readonly recall: Interval
  readonly specificity: Interval
  readonly lesionAuroc: Interval
  readonly threeWay: Interval
  readonly ofLabel: readonly {
    readonly label: string
    readonly tiles: number
    readonly right: number
  }[]
  readonly settings: StemSettings
}

const CURVE = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
// Two points above what is asked: the tiles that a threshold is fitted on flatter it.
const WANTED = 0.97
const mean = (values: readonly number[]): number =>
  values.length ? values.reduce((a, b) => a + b, 0) / values.length : Number.NaN
/** How much of what may be plant is lesion: background has a limit of its own. */
const lesionOf = (shares: readonly number[]): number => {
  const lesion = (shares[1] ?? 0) + (shares[2] ?? 0)
  return lesion / Math.max(lesion + (shares[0] ?? 0), 1e-9)
}
const isLesion = (truth: number): boolean => truth === 1 || truth === 2

/** The verdict on a tile or cell; the rule that the manifest states and the vision process follows. */
export function cellVerdict(
  shares: readonly number[],
  settings: Pick<StemSettings, 'lesionFrom' | 'backgroundFrom'>,
): number {
  if ((shares[BACKGROUND] ?? 0) >= settings.backgroundFrom) return BACKGROUND
  if (lesionOf(shares) >= settings.lesionFrom) return (shares[1] ?? 0) >= (shares[2] ?? 0) ? 1 : 2
  return 0
}

export function stemSettings(tiles: readonly TileAnswer[]): StemSettings {
  const own = tiles.filter(({ set }) => set === 'dragonfruit_stem_tiles')
  const temperature = Number(fitTemperature(own).toFixed(3))
  const answers = answersOf(own, temperature)
  return {
    temperature,
    lesionFrom: lesionThreshold(answers),
    backgroundFrom: 0.5,
    answerFrom: fitThreshold(answers, WANTED),
  }
}

/** Halfway, in hundredths, between the most that healthy tiles reach and the least of lesions, at the best sum of recall and specificity. */
function lesionThreshold(answers: readonly Answer[]): number {
  const rows = answers.filter(({ truth }) => truth !== BACKGROUND)
  const best = { worth: 0, limits: [] as number[] }
  for (let hundredths = 10; hundredths <= 90; hundredths++) {
    const limit = hundredths / 100
    const found = mean(
      rows.filter(({ truth }) => isLesion(truth)).map(({ shares }) => Number(lesionOf(shares) >= limit)),
    )
    const clean = mean(
      rows.filter(({ truth }) => truth === 0).map(({ shares }) => Number(lesionOf(shares) < limit)),
    )
    const worth = Number((found + clean).toFixed(6))
    if (worth > best.worth) Object.assign(best, { worth, limits: [limit] })
    else if (worth === best.worth) best.limits.push(limit)
  }
  return best.limits[best.limits.length >> 1] ?? 0.5
}

/** Figures pooled over the folds; settings of a fold come from the other folds. */
export function stemFigures(all: readonly TileAnswer[]): StemFigures {
  const settings = stemSettings(all)
  const own = all.filter(({ set }) => set === 'dragonfruit_stem_tiles')
  const strangers = all.filter(({ set }) => set !== 'dragonfruit_stem_tiles')
  const folds = [...new Set(own.map(({ fold }) => fold))]
  const judged = folds.flatMap((fold) => {
    const others = stemSettings(all.filter((each) => each.fold !== fold))
    const held = all.filter((each) => each.fold === fold)
    return answersOf(held, others.temperature).map((answer, at) => ({
      ...answer,
      set: held[at]!.set,
      label: held[at]!.label,
      verdict: cellVerdict(answer.shares, others),
      lesion: lesionOf(answer.shares),
      isFound: lesionOf(answer.shares) >= others.lesionFrom,
      isAnswered: Math.max(...answer.shares) >= others.answerFrom,
    }))
  })
  const mine = judged.filter(({ set }) => set === 'dragonfruit_stem_tiles')
  const plant = mine.filter(({ truth }) => truth !== BACKGROUND)
  // The verdict as a likelihood of one, so that the figures judge what is said and not the likeliest output.
  const decided = <T extends (typeof judged)[number]>(rows: readonly T[]): (Answer & { label: string })[] =>
    rows.map(({ truth, group, verdict, label }) => ({
      ...{ truth, group, label },
      shares: STEM_OUTPUTS.map((_, at) => (at === verdict ? 1 : 0)),
    }))
  const said = decided(mine)
  const confusion = confusionOf(said, STEM_OUTPUTS.length)
  const interval = (at: number, what: 'precision' | 'recall' | 'f1'): Interval =>
    bootstrap(said, (rows) => classFigures(confusionOf(rows, STEM_OUTPUTS.length))[at]?.[what] ?? 0, 400)
  const raw = answersOf(own as readonly Logits[], 1)
  const refusedBy = (rows: typeof judged): number =>
    mean(rows.map(({ verdict }) => Number(verdict === BACKGROUND)))
  return {
    tiles: own.length,
    groups: new Set(own.map(({ group }) => group)).size,
    recall: bootstrap(
      plant.filter(({ truth }) => isLesion(truth)),
      (rows) => mean(rows.map(({ isFound }) => Number(isFound))),
    ),
    specificity: bootstrap(
      plant.filter(({ truth }) => truth === 0),
      (rows) => mean(rows.map(({ isFound }) => Number(!isFound))),
    ),
    lesionAuroc: bootstrap(plant, (rows) =>
      auroc(
        rows.filter(({ truth }) => isLesion(truth)).map(({ lesion }) => lesion),
        rows.filter(({ truth }) => truth === 0).map(({ lesion }) => lesion),
      ),
    ),
    threeWay: bootstrap(decided(plant), (rows) => balancedAccuracy(rows, STEM_OUTPUTS.length)),
    classes: classFigures(confusion).map((figures, at) => ({
      ...figures,
      label: STEM_OUTPUTS[at] ?? '',
      interval: {
        precision: interval(at, 'precision'),
        recall: interval(at, 'recall'),
        f1: interval(at, 'f1'),
      },
    })),
    confusion,
    ofLabel: [...Map.groupBy(said, ({ label }) => label)].map(([label, rows]) => ({
      label,
      tiles: rows.length,
      right: rows.filter(({ truth, shares }) => argmax(shares) === truth).length,
    })),
    ece: {
      before: calibrationError(raw),
      after: bootstrap(mine, calibrationError, 400),
    },
    brier: { before: brier(raw), after: brier(mine) },
    answered: bootstrap(mine, (rows) => mean(rows.map(({ isAnswered }) => Number(isAnswered))), 400),
    right: bootstrap(
      mine.filter(({ isAnswered }) => isAnswered),
      (rows) => mean(rows.map(({ truth, shares }) => Number(argmax(shares) === truth))),
      400,
    ),
    curve: CURVE.map((limit) => riskAt(mine, limit)),
    auroc: bootstrap(
      judged.filter(({ set, truth }) => set !== 'dragonfruit_stem_tiles' || truth !== BACKGROUND),
      (rows) => {
        const outside = (isStranger: boolean) =>
          rows
            .filter(({ set }) => (set !== 'dragonfruit_stem_tiles') === isStranger)
            .map(({ shares }) => shares[BACKGROUND] ?? 0)
        return auroc(outside(true), outside(false))
      },
      200,
    ),
    refused: [
      ...Map.groupBy(
        judged.filter(({ set }) => set !== 'dragonfruit_stem_tiles'),
        ({ set }) => set,
      ),
    ].map(([of, rows]) => ({
      of,
      photos: rows.length,
      share: refusedBy(rows),
    })),
    agreement: mean(
      [...own, ...strangers].map(({ logits, floatLogits }) => Number(argmax(logits) === argmax(floatLogits))),
    ),
    settings,
  }
}
