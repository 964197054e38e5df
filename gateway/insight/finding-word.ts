import type { PhotoRegion, ReviewDecision } from '#contract/wire/province-decisions.ts'
import type { FindingDetail, PhotoRequest } from './finding-detail.ts'

/** The box that sent it, and its id there. */
export interface FindingName {
  readonly agent: string
  readonly findingId: string
}

/** What a person says of a finding, its bounds checked by whoever read the form. */
export interface FindingWord {
  readonly decision: ReviewDecision
  /** Of `corrected`: one of the finding's choices. */
  readonly crop: string
  readonly label: string
  /** Of `other`. */
  readonly words: string
  /** NCBI number or address; empty where nobody knows for sure. */
  readonly organism: string
  readonly note: string
  readonly regions: readonly PhotoRegion[]
  /** Goes on record as an EPCIS event of the province. */
  readonly isOnRecord: boolean
  /** What was shown when the person decided: `standingOf`. */
  readonly seen: string
}

/** Why a word was not taken. */
export type WordRefused =
  | 'seen-is-old'
  | 'nothing-to-confirm'
  | 'label-unknown'
  | 'words-missing'
  | 'organism-unknown'

/** What a person has before his eyes when he decides: a form that was filled in over something else is not taken. */
export const standingOf = ({ finding, history }: Pick<FindingDetail, 'finding' | 'history'>): string =>
  [history.length, finding.model?.sha256.slice(0, 16) ?? '', finding.verdict ?? ''].join('|')

const DAY_MS = 86_400_000

/** A box that was off for a day may have lost the wish with its card; asking more often would only fill its list. */
export const mayAskAgain = (request: PhotoRequest | null, nowMs: number): boolean =>
  request === null || request.state === 'refused' || nowMs - request.at >= DAY_MS
