import type { ShadowFigures, ShadowLookEntry } from '#contract/wire/model-life.ts'

/** What is counted of a model in the shadow, and the rule by which it begins to answer. */

/** `looks` are of one shadow beside one active model, oldest first; `confirmed` are ids of findings that a person confirmed. */
export function shadowFigures(
  looks: readonly ShadowLookEntry[],
  confirmed: ReadonlySet<string>,
): ShadowFigures {
  const run = looks.filter(({ failure }) => failure === '')
  const judged = run.filter((look) => isJudged(look) && isJudged(look.beside))
  const both = run.filter((look) => look.verdict !== null && look.beside.verdict !== null)
  const seen = run.filter((look) => look.beside.verdict !== null && confirmed.has(look.findingId))
  const count = (of: readonly ShadowLookEntry[], is: (look: ShadowLookEntry) => boolean): number =>
    of.filter(is).length
  return {
    photos: looks.length,
    failures: looks.length - run.length,
    failuresInARow: looks.length - 1 - looks.findLastIndex(({ failure }) => failure === ''),
    judged: judged.length,
    answered: count(judged, ({ verdict }) => verdict !== null),
    activeAnswered: count(judged, ({ beside }) => beside.verdict !== null),
    refused: count(judged, ({ abstained }) => abstained === REFUSED),
    activeRefused: count(judged, ({ beside }) => beside.abstained === REFUSED),
    bothAnswered: both.length,
    agreed: count(both, isSame),
    ms: median(judged.map(({ ms }) => ms)),
    activeMs: median(judged.map(({ beside }) => beside.ms)),
    confirmed: seen.length,
    confirmedAgreed: count(seen, isSame),
  }
}

export const PROMOTION = {
  /** Photos on which both named something: of fewer, a share says nothing. */
  bothAnswered: 20,
  /** A model that was retrained on more photos should see most things as before; one that does not is looked at by a person. */
  agreement: 0.9,
  /** How much more often than the active one it may be silent. */
  answeredLess: 0.05,
  /** Refusing what the active one takes for the plant, or the other way round: shares that differ by so much. */
  refusedApart: 0.1,
  /** It may take twice as long, and half a second longer in any case. */
  timesSlower: 2,
  slowerMs: 500,
  /** Of what a person on the farm confirmed, from so many on. */
  confirmed: 5,
  confirmedAgreement: 0.9,
} as const

/** The shadow is dropped, and the active one rolled back, after so many failures in a row. */
export const FAILURES_IN_A_ROW = 3

export type Hindrance = 'photos' | 'agreement' | 'silent' | 'refusing' | 'slow' | 'failures' | 'confirmed'

/** Why the shadow does not answer yet; nothing left is the rule's yes. `promoteAfter` photos; 0 leaves it to people. */
export function hindrancesOf(figures: ShadowFigures, promoteAfter: number): Hindrance[] {
  const { judged, bothAnswered, agreed, answered, activeAnswered, refused, activeRefused } = figures
  const { ms, activeMs, confirmed, confirmedAgreed } = figures
  const all: [Hindrance, boolean][] = [
    ['photos', judged < promoteAfter || bothAnswered < PROMOTION.bothAnswered],
    ['agreement', bothAnswered > 0 && agreed / bothAnswered < PROMOTION.agreement],
    ['silent', judged > 0 && (activeAnswered - answered) / judged > PROMOTION.answeredLess],
    ['refusing', judged > 0 && Math.abs(refused - activeRefused) / judged > PROMOTION.refusedApart],
    [
      'slow',
      (ms ?? 0) > Math.max((activeMs ?? 0) * PROMOTION.timesSlower, (activeMs ?? 0) + PROMOTION.slowerMs),
    ],
    ['failures', figures.failures > 0],
    [
      'confirmed',
      confirmed >= PROMOTION.confirmed && confirmedAgreed / confirmed < PROMOTION.confirmedAgreement,
    ],
  ]
  return all.filter(([, isIn]) => isIn).map(([why]) => why)
}

const REFUSED = 'not-this-plant'

/** The quality gate let it through: either something was named, or the model itself declined. */
const isJudged = ({
  verdict,
  abstained,
}: {
  readonly verdict: string | null
  readonly abstained: string | null
}): boolean => verdict !== null || abstained === REFUSED || abstained === 'uncertain'

const isSame = ({ verdict, beside }: ShadowLookEntry): boolean => verdict === beside.verdict

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? null
}
