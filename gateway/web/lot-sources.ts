import type { GrowingAreaView } from '../insight/growing-area.ts'
import type { LotStory } from '../insight/lot-history-story.ts'
import type { LotCheck } from '../trace/checks/lot-check.ts'
import type { KnownItem } from '../trace/resolver/known-things.ts'
import type { LinkRequest } from '../trace/resolver/link-request.ts'
import type { Resolution } from '../trace/resolver/resolve.ts'

/** How many of a lot's signed events are in the public log, and how many wait for it. */
export interface LotLogState {
  readonly inLog: number
  readonly waiting: number
}

/** What the public pages ask; `gateway.ts` hands it in. */
export interface LotSources {
  readonly lotStory: (gtin: string, lot: string) => Promise<LotStory | null>
  readonly lotChecks: (gtin: string, lot: string) => Promise<readonly LotCheck[]>
  /** Null where there is no public log. */
  readonly lotLogState: (gtin: string, lot: string) => Promise<LotLogState | null>
  /** A lot page went out, after so many seconds: counted, by no name. */
  readonly onScan: (seconds: number) => void
  /** Grows with every batch and every decision: while it stands, no page has changed. */
  readonly arrivals: () => Promise<number>
  /** The same of some boxes and of the province. */
  readonly arrivalsOf: (boxes: readonly string[]) => Promise<number>
  readonly knownItem: (gtin: string) => Promise<KnownItem | null>
  readonly resolve: (request: LinkRequest) => Promise<Resolution>
  /** What stands at /.well-known/gs1resolver. */
  readonly resolverDescription: Readonly<Record<string, unknown>>
  /** `page` counts from 1. */
  readonly growingArea: (gln: string, code: string, page: number) => Promise<GrowingAreaView | null>
}
