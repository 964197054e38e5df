import type { FastifyRequest } from 'fastify'
import type { Language } from '#contract/ground/messages.ts'
import type { SignIn } from '../accounts/sessions.ts'
import type { Viewer } from '../accounts/viewer.ts'
import type { FarmCard, FarmDetail, LotHistory, SeriesHistory } from '../insight/answers.ts'
import type { FindingCard } from '../insight/findings.ts'
import type { PlotFigures } from '../insight/plot-figures.ts'

/** What the pages ask of the rest of the gateway; `gateway.ts` hands it in. Times are ms UTC. */
export interface WebSources {
  readonly farmsOverview: (viewer: Viewer) => Promise<FarmCard[]>
  readonly farmDetail: (viewer: Viewer, farmId: string) => Promise<FarmDetail | null>
  readonly seriesHistory: (
    viewer: Viewer,
    uuid: string,
    question: { fromMs: number; toMs: number; buckets: number },
  ) => Promise<SeriesHistory | null>
  readonly findingsOfFarm: (viewer: Viewer, farmId: string, limit: number) => Promise<FindingCard[] | null>
  readonly plotFigures: (viewer: Viewer, farmId: string, plot: string) => Promise<PlotFigures | null>
  readonly lotHistory: (gtin: string, lot: string) => Promise<LotHistory | null>
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
