import type { AbstainReason } from './finding.ts'

/** What was said of one photo of several of one plant. */
export interface PhotoVote {
  readonly verdict: string | null
  readonly abstained: AbstainReason | null
  readonly labels: readonly { readonly label: string; readonly probability: number }[]
}

export interface PlantVerdict extends PhotoVote {
  /** Photos that were judged, of those given. */
  readonly counted: number
}

// A spot on one of three photos is a plant with spots; one in six may as well be a drop of mud.
const SHARE_FROM = 1 / 3

/**
 * Several photos of one plant together. A photo that the gate or the model refused has no vote. A clean part does not
 * speak against a spot on another one, so that a disease is said when a third of the answers name it (the one that most
 * do; two that as many do contradict), and healthy only when none does. Probabilities are the means of those that voted.
 */
export function plantVerdict(photos: readonly PhotoVote[]): PlantVerdict {
  const voting = photos.filter(({ verdict, abstained }) => verdict !== null || abstained === 'uncertain')
  const judged = voting.filter(({ labels }) => labels.length > 0)
  const names = new Set(judged.flatMap(({ labels }) => labels.map(({ label }) => label)))
  const labels = [...names]
    .map((label) => {
      const shares = judged.map((each) => each.labels.find((one) => one.label === label)?.probability ?? 0)
      const sum = shares.reduce((total, each) => total + each, 0)
      return { label, probability: Number((sum / judged.length).toFixed(4)) }
    })
    .toSorted((a, b) => b.probability - a.probability)
  const said = judged.flatMap(({ verdict }) => (verdict === null ? [] : [verdict]))
  const silent = photos.find(({ abstained }) => abstained !== null)?.abstained ?? 'uncertain'
  const answer = (verdict: string | null): PlantVerdict => {
    const abstained = verdict === null ? (judged.length > 0 ? 'uncertain' : silent) : null
    return { verdict, abstained, labels, counted: judged.length }
  }
  const ill = [
    ...Map.groupBy(
      said.filter((each) => !isHealthy(each)),
      (each) => each,
    ),
  ]
    .map(([verdict, votes]) => ({ verdict, votes: votes.length }))
    .toSorted((a, b) => b.votes - a.votes)
  const [first, second] = ill
  if (!first) return answer(said.length > 0 ? (said[0] as string) : null)
  const isContradicted = second !== undefined && second.votes === first.votes
  return answer(isContradicted || first.votes < SHARE_FROM * said.length ? null : first.verdict)
}

/** Also with the crop before it, where nobody knew the crop. */
const isHealthy = (verdict: string): boolean => verdict === 'healthy' || verdict.endsWith('/healthy')
