import { answersOf, fitTemperature, fitThreshold, halves, type Logits } from './calibration.ts'
import type { PackPhoto } from './photo-pack.ts'
import {
  type Answer,
  argmax,
  auroc,
  bootstrap,
  brier,
  calibrationError,
  classFigures,
  confusionOf,
  type Interval,
  macroF1,
  type Risk,
  riskAt,
  softmax,
  type VerdictFigures,
} from './scoring.ts'

/** What one head said of one photo: a logit a label, and last "not this crop". */
export interface HeadAnswer {
  readonly photo: PackPhoto
  readonly logits: readonly number[]
  /** The same by the float model. */
  readonly floatLogits: readonly number[]
}

export interface HeadSettings {
  readonly temperature: number
  /** From this probability of a label on it is answered. */
  readonly answerFrom: number
  /** From this probability of "not this crop" on the photo is refused. */
  readonly refuseFrom: number
}

export interface HeadFigures extends VerdictFigures {
  readonly crop: string
  readonly labels: readonly string[]
  readonly photos: number
  readonly macroF1: Interval
  readonly unanswered: Interval
  readonly ownRefused: number
  readonly settings: HeadSettings
}

// Two points above what is asked: the photos that a threshold is fitted on flatter it.
const WANTED_RIGHT = 0.97
// What a photo of another crop counts in a crop's temperature: fifty of its own (in halves, twenty-five, of three or four
// groups) would sometimes ask for one that makes every answer certain.
const OTHERS_COUNT = 0.2
const CURVE = [0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
// Five ways to halve the groups: temperature and threshold of one half are judged on the other.
const TURNS = 5

const isOwn = (photo: PackPhoto, crop: string): boolean => photo.crop === crop && photo.organ === 'leaf'

/** All heads' answers to the same photos, by crop. */
export type Heads = ReadonlyMap<
  string,
  {
    readonly labels: readonly string[]
    readonly answers: readonly HeadAnswer[]
  }
>

/** What the leaf model does over all of its crops' own photos, with temperatures and threshold of the other half. */
export interface LeafSummary {
  readonly photos: number
  readonly answered: Interval
  readonly right: Interval
  readonly ece: Interval
  /** With the threshold that ships. */
  readonly curve: readonly Risk[]
}

/**
 * Temperature and refusal of each head, and one threshold for all, from photos that training did not see: fifty photos
 * of a crop are too few to place a threshold on, four hundred of all are not. A temperature leans on the others' photos.
 */
export function settingsOf(heads: Heads): Readonly<Record<string, HeadSettings>> {
  const fitted = settle(
    new Map([...heads].map(([crop, { labels, answers }]) => [crop, logitsOf(answers, crop, labels)])),
  )
  return Object.fromEntries(
    [...heads].map(([crop, { answers }]) => {
      const temperature = fitted.temperatures.get(crop) ?? 1
      const strangers = answers
        .filter(({ photo }) => !isOwn(photo, crop))
        .map(({ logits }) => softmax(logits, temperature).at(-1) ?? 0)
        .toSorted((a, b) => a - b)
      // Where three in a hundred strangers would slip through, but never later than when "not this crop" is likelier.
      const wanted = strangers[Math.floor(0.03 * strangers.length)] ?? 0.5
      const refuseFrom = Math.floor(100 * Math.min(0.5, Math.max(0.2, wanted))) / 100
      return [crop, { temperature, answerFrom: fitted.answerFrom, refuseFrom }]
    }),
  )
}

type OwnLogits = ReadonlyMap<string, readonly Logits[]>

function settle(own: OwnLogits): {
  temperatures: ReadonlyMap<string, number>
  answerFrom: number
} {
  const temperatures = new Map(
    [...own.keys()].map((crop) => {
      const rows = [...own].flatMap(([other, those]) =>
        those.map((row) => ({ ...row, weight: other === crop ? 1 : OTHERS_COUNT })),
      )
      return [crop, Number(fitTemperature(rows).toFixed(3))]
    }),
  )
  const answers = [...own].flatMap(([crop, rows]) => labelAnswers(rows, temperatures.get(crop) ?? 1))
  return { temperatures, answerFrom: fitThreshold(answers, WANTED_RIGHT) }
}

interface Judged extends Answer {
  readonly crop: string
  readonly isAnswered: boolean
  readonly isRight: boolean
}

/** Every photo of a crop's own, five times, each time with what was fitted on the half of the groups that it isn't in. */
function crossFitted(own: OwnLogits): Judged[] {
  return Array.from({ length: TURNS }, (_, turn) => turn).flatMap((turn) => {
    const sides = [...own].map(([crop, rows]) => [crop, halves(rows, turn)] as const)
    return [0, 1].flatMap((fitted) => {
      const { temperatures, answerFrom } = settle(
        new Map(sides.map(([crop, both]) => [crop, both[fitted] ?? []])),
      )
      return sides.flatMap(([crop, both]) =>
        labelAnswers(both[1 - fitted] ?? [], temperatures.get(crop) ?? 1).map((answer) => ({
          ...answer,
          crop,
          isAnswered: Math.max(...answer.shares) >= answerFrom,
          isRight: argmax(answer.shares) === answer.truth,
        })),
      )
    })
  })
}

export function leafSummary(heads: Heads, settings: Readonly<Record<string, HeadSettings>>): LeafSummary {
  const own = ownOf(heads)
  const judged = crossFitted(own)
  const said = [...own].flatMap(([crop, rows]) => labelAnswers(rows, settings[crop]?.temperature ?? 1))
  const shipped = Object.values(settings)[0]?.answerFrom ?? 0.5
  return {
    photos: said.length,
    answered: bootstrap(judged, (rows) => share(rows, ({ isAnswered }) => isAnswered), 400),
    right: bootstrap(
      judged.filter(({ isAnswered }) => isAnswered),
      (rows) => share(rows, ({ isRight }) => isRight),
      400,
    ),
    ece: bootstrap(judged, calibrationError, 200),
    curve: [...CURVE, shipped].toSorted((a, b) => a - b).map((limit) => riskAt(said, limit)),
  }
}

const ownOf = (heads: Heads): OwnLogits =>
  new Map([...heads].map(([crop, { labels, answers }]) => [crop, logitsOf(answers, crop, labels)]))

export function allFigures(heads: Heads, settings: Readonly<Record<string, HeadSettings>>): HeadFigures[] {
  const judged = crossFitted(ownOf(heads))
  return [...heads].map(([crop, { labels, answers }]) =>
    headFigures(
      answers,
      crop,
      labels,
      settings[crop]!,
      judged.filter((each) => each.crop === crop),
    ),
  )
}

function headFigures(
  answers: readonly HeadAnswer[],
  crop: string,
  labels: readonly string[],
  settings: HeadSettings,
  judged: readonly Judged[],
): HeadFigures {
  const own = logitsOf(answers, crop, labels)
  const said = labelAnswers(own, settings.temperature)
  const ownAnswers = answers.filter(({ photo }) => isOwn(photo, crop))
  const strangers = answers.filter(({ photo }) => !isOwn(photo, crop))
  const outside = (logits: readonly number[]): number => softmax(logits, settings.temperature).at(-1) ?? 0
  const isRefused = ({ logits }: HeadAnswer): boolean => outside(logits) >= settings.refuseFrom
  const isAnswered = (each: HeadAnswer): boolean =>
    !isRefused(each) &&
    Math.max(...softmax(each.logits, settings.temperature).slice(0, -1)) >= settings.answerFrom
  const scored = answers.map(({ photo, logits }) => ({
    group: photo.group,
    own: isOwn(photo, crop),
    outside: outside(logits),
  }))
  const interval = (at: number, what: 'precision' | 'recall' | 'f1'): Interval =>
    bootstrap(said, (rows) => classFigures(confusionOf(rows, labels.length))[at]?.[what] ?? 0, 400)
  const confusion = confusionOf(said, labels.length)
  return {
    crop,
    labels,
    photos: own.length,
    macroF1: bootstrap(said, (rows) => macroF1(rows, labels.length)),
    classes: classFigures(confusion).map((figures, at) => ({
      ...figures,
      label: labels[at] ?? '',
      interval: {
        precision: interval(at, 'precision'),
        recall: interval(at, 'recall'),
        f1: interval(at, 'f1'),
      },
    })),
    confusion,
    ece: {
      before: calibrationError(labelAnswers(own, 1)),
      after: bootstrap(judged, calibrationError, 200),
    },
    brier: { before: brier(labelAnswers(own, 1)), after: brier(judged) },
    answered: bootstrap(judged, (rows) => share(rows, ({ isAnswered }) => isAnswered), 400),
    right: bootstrap(
      judged.filter(({ isAnswered }) => isAnswered),
      (rows) => share(rows, ({ isRight }) => isRight),
      400,
    ),
    curve: [...CURVE, settings.answerFrom].toSorted((a, b) => a - b).map((limit) => riskAt(said, limit)),
    auroc: bootstrap(
      scored,
      (rows) =>
        auroc(
          rows.filter((row) => !row.own).map((row) => row.outside),
          rows.filter((row) => row.own).map((row) => row.outside),
        ),
      200,
    ),
    refused: [...Map.groupBy(strangers, ({ photo }) => photo.set)].map(([of, rows]) => ({
      of,
      photos: rows.length,
      share: share(rows, isRefused),
    })),
    unanswered: bootstrap(
      strangers.map((each) => ({
        group: each.photo.group,
        silent: !isAnswered(each),
      })),
      (rows) => share(rows, ({ silent }) => silent),
      400,
    ),
    ownRefused: share(ownAnswers, isRefused),
    // Of its own leaves only: that all strangers are "not this crop" to both would flatter.
    agreement: share(ownAnswers, ({ logits, floatLogits }) => argmax(logits) === argmax(floatLogits)),
    settings,
  }
}

const share = <T>(rows: readonly T[], test: (row: T) => boolean): number =>
  rows.length ? rows.filter(test).length / rows.length : Number.NaN

const logitsOf = (answers: readonly HeadAnswer[], crop: string, labels: readonly string[]): Logits[] =>
  answers
    .filter(({ photo }) => isOwn(photo, crop))
    .map(({ photo, logits }) => ({
      truth: labels.indexOf(photo.label),
      logits,
      group: photo.group,
    }))

/** Probabilities of the labels alone; what is missing from one is "not this crop". */
const labelAnswers = (rows: readonly Logits[], temperature: number): Answer[] =>
  answersOf(rows, temperature).map((each) => ({
    ...each,
    shares: each.shares.slice(0, -1),
  }))
