import type { Viewer } from '../accounts/viewer.ts'
import type { FindingDetail } from '../insight/finding-detail.ts'
import type { FindingFilter, FindingList } from '../insight/finding-list.ts'
import type { FindingName, FindingWord, WordRefused } from '../insight/finding-word.ts'

/** What the pages of findings ask, and what is decided on them. */
export interface FindingSources {
  readonly findingList: (viewer: Viewer, filter: FindingFilter) => Promise<FindingList>
  /** Null for a finding that is not there, or not of a farm of the viewer's; so are the next two. */
  readonly findingDetail: (viewer: Viewer, name: FindingName) => Promise<FindingDetail | null>
  readonly reviewFinding: (
    viewer: Extract<Viewer, { kind: 'person' }>,
    name: FindingName,
    word: FindingWord,
  ) => Promise<'kept' | { readonly refused: WordRefused } | null>
  readonly askPhoto: (
    viewer: Extract<Viewer, { kind: 'person' }>,
    name: FindingName,
  ) => Promise<'asked' | 'asked-already' | 'here' | null>
  /** The boxes that have a finding of this id, as far as the viewer sees. */
  readonly boxesOfFinding: (viewer: Viewer, findingId: string) => Promise<string[]>
}
