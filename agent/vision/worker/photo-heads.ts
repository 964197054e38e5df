import { heatOfMap, isLesion } from './class-map.ts'
import type { ModelHead } from './model-manifest.ts'
import type { Logits } from './model-session.ts'
import type { Look } from './photo-model.ts'
import { softmax } from './softmax.ts'

/** A head that judges a whole photo, and its logits for one: a label each, the last one "not this crop". */
export interface HeadAnswer {
  readonly head: Extract<ModelHead, { kind: 'photo' }>
  readonly logits: readonly number[]
  /** The same logits at each position, where the model has them. */
  readonly map?: Logits
}

const UNSEEN = { lesionShare: null, heat: null } as const

/**
 * The answer of the head of the crop that somebody named. The labels' probabilities and that of "not this crop" make
 * one together; a refused photo keeps them, so that the refusal can be looked into.
 */
export function answerOf({ head, logits, map }: HeadAnswer): Look {
  const shares = softmax(logits, head.temperature)
  const labels = likeliestFirst(
    head.labels.slice(0, -1).map(({ key }, at) => ({ label: key, probability: shares[at] as number })),
  )
  if ((shares.at(-1) as number) >= head.refuseFrom)
    return { verdict: null, abstained: 'not-this-plant', labels, ...UNSEEN }
  const lesion = shares.reduce((sum, share, at) => (isLesion(head.labels, at) ? sum + share : sum), 0)
  const seen = { ...UNSEEN, heat: map ? heatOfMap(head, map, Math.min(1, lesion)) : null }
  const best = labels[0]
  return best && best.probability >= head.answerFrom
    ? { verdict: best.label, abstained: null, labels, ...seen }
    : { verdict: null, abstained: 'uncertain', labels, ...seen }
}

/**
 * Nobody named the crop: every head is asked, and a label is said together with its crop (`mango/anthracnose`), so that
 * nobody takes the guess of the crop for knowledge. One head has to accept the photo alone; two that do contradict.
 */
export function answerOfAll(answers: readonly HeadAnswer[]): Look {
  const looks = answers.map((answer) => ({ crop: answer.head.crop, look: answerOf(answer) }))
  const accepting = looks.filter(({ look }) => look.abstained !== 'not-this-plant')
  const weight = accepting.length > 0 ? accepting : looks
  // Heads do not know of each other: with n of them asked a probability is at most 1/n of what one alone would say.
  const labels = likeliestFirst(
    weight.flatMap(({ crop, look }) =>
      look.labels.map(({ label, probability }) => ({
        label: `${crop}/${label}`,
        probability: probability / weight.length,
      })),
    ),
  )
  if (accepting.length === 0) return { verdict: null, abstained: 'not-this-plant', labels, ...UNSEEN }
  const [only, second] = accepting
  if (!only || second || only.look.verdict === null)
    return { verdict: null, abstained: 'uncertain', labels, ...UNSEEN }
  return { ...only.look, verdict: `${only.crop}/${only.look.verdict}`, labels }
}

const likeliestFirst = (labels: readonly { label: string; probability: number }[]): Look['labels'] =>
  labels
    .map(({ label, probability }) => ({ label, probability: Number(probability.toFixed(4)) }))
    .toSorted((a, b) => b.probability - a.probability)
