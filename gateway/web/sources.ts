import type { FastifyRequest } from 'fastify'
import type { Language } from '#contract/ground/messages.ts'
import type { SignIn } from '../accounts/sessions.ts'
import type { Viewer } from '../accounts/viewer.ts'
import type { FarmCard, FarmDetail, LotHistory, SeriesHistory } from '../insight/answers.ts'
import type { FindingCard } from '../insight/findings.ts'
import type { PlotFigures } from '../insight/plot-figures.ts'
import type { PlotLine, PlotOutlook } from '../insight/plot-outlook.ts'
import type { LotName } from '../trace/lot-tree.ts'
import type { RecallReport } from '../trace/recall/recall-report.ts'
import type { RecallState } from '../trace/recall/recalls.ts'
import type { FindingSources } from './finding-sources.ts'
import type { LotSources } from './lot-sources.ts'

/** What the pages ask of the rest of the gateway; `gateway.ts` hands it in. Times are ms UTC. */
export interface WebSources extends LotSources, FindingSources {
  readonly farmsOverview: (viewer: Viewer) => Promise<FarmCard[]>
  readonly farmDetail: (viewer: Viewer, farmId: string) => Promise<FarmDetail | null>
  readonly seriesHistory: (
    viewer: Viewer,
    uuid: string,
    question: { fromMs: number; toMs: number; buckets: number },
  ) => Promise<SeriesHistory | null>
  readonly findingsOfFarm: (viewer: Viewer, farmId: string, limit: number) => Promise<FindingCard[] | null>
  readonly plotFigures: (viewer: Viewer, farmId: string, plot: string) => Promise<PlotFigures | null>
  readonly plotOutlook: (viewer: Viewer, farmId: string, plot: string) => Promise<PlotOutlook | null>
  readonly plotsOfFarm: (viewer: Viewer, farmId: string) => Promise<PlotLine[] | null>
  readonly lotHistory: (gtin: string, lot: string) => Promise<LotHistory | null>
  /** Null for whoever may not see recalls. */
  readonly recalls: (viewer: Viewer) => Promise<RecallState[] | null>
  readonly recallReport: (lot: LotName) => Promise<RecallReport>
  readonly declareRecall: (recall: {
    readonly lot: LotName
    readonly reasonVi: string
    readonly reasonEn: string
    readonly isForward: boolean
  }) => Promise<string>
  /** Throws `not-found`. */
  readonly liftRecall: (lift: {
    readonly recallId: string
    readonly reasonVi: string
    readonly reasonEn: string
  }) => Promise<void>
  /** Whether a lot number is well formed and bears the code of a box that is enrolled. */
  readonly isKnownBoxCode: (lot: string) => Promise<boolean>
  readonly viewerOf: (request: FastifyRequest) => Promise<{ viewer: Viewer; csrf: string }>
  readonly signIn: (input: { email: string; password: string }) => Promise<SignIn>
  readonly signOut: (request: FastifyRequest) => Promise<void>
  readonly setLanguage: (personId: string, language: Language) => Promise<void>
  readonly sessionCookie: string
  readonly nowMs: () => number
  readonly publicUrl: string
  readonly province: Readonly<Record<Language, string>>
  readonly timeZone: string
}
