import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { VuonError } from '#contract/ground/errors.ts'
import {
  MAX_REGION_POINTS,
  MAX_REGIONS,
  type PhotoRegion,
  REVIEW_DECISIONS,
} from '#contract/wire/province-decisions.ts'
import type { Viewer } from '../accounts/viewer.ts'
import { FINDING_ORDERS, type FindingFilter, REVIEW_STATES } from '../insight/finding-list.ts'
import type { FindingName, FindingWord } from '../insight/finding-word.ts'
import type { FindingCard } from '../insight/findings.ts'
import { type Site, sendAppPage } from './app-frame.ts'
import { type FindingTyped, type FormRefused, MAX_NOTE, MAX_WORDS } from './finding-form.ts'
import { findingPage } from './finding-page.ts'
import { sayReview } from './finding-review-messages.ts'
import { whatOf } from './finding-words.ts'
import { findingsPage, listPath } from './findings-page.ts'
import { findingPath } from './findings-section.ts'
import { checkFormToken, fieldOf } from './form-token.ts'
import { toSignIn } from './sign-in.ts'
import { type Visit, visitOf } from './visit.ts'

type Person = Extract<Viewer, { kind: 'person' }>
type SignedIn = Visit & { readonly viewer: Person }
interface Named {
  Params: { agent: string; findingId: string }
}

/** Photos and what they show: a list, a page each, and the words of people. A finding of another's farm does not exist. */
export function findingRoutes(app: FastifyInstance, site: Site): void {
  const { sources } = site
  const viewOf = ({ language }: Visit) => ({
    ...{ language, timeZone: sources.timeZone },
    nowMs: sources.nowMs(),
  })

  /** Undefined when the answer is on its way already. */
  const signedIn = async (request: FastifyRequest, reply: FastifyReply): Promise<SignedIn | undefined> => {
    const visit = await visitOf(request, sources)
    if (visit.viewer.kind === 'person') return visit as SignedIn
    toSignIn(request, reply)
    return undefined
  }

  app.get('/findings', async (request, reply) => {
    const visit = await signedIn(request, reply)
    if (!visit) return reply
    const filter = filterOf(request.query)
    const list = await sources.findingList(visit.viewer, filter)
    return sendAppPage(reply, site, visit, {
      title: sayReview(visit.language, 'title'),
      path: listPath(filter),
      main: findingsPage(viewOf(visit), list, { ...filter, page: list.page }),
    })
  })

  // By its id alone, as other programs name it.
  app.get<{ Params: { findingId: string } }>('/findings/:findingId', async (request, reply) => {
    const visit = await signedIn(request, reply)
    if (!visit) return reply
    const { findingId } = request.params
    const [agent, second] = await sources.boxesOfFinding(visit.viewer, findingId)
    if (agent === undefined || second !== undefined) throw new VuonError('not-found')
    return reply.header('cache-control', 'no-store').redirect(findingPath({ agent, findingId }), 302)
  })

  app.get<Named>('/findings/:agent/:findingId', async (request, reply) => {
    const visit = await signedIn(request, reply)
    if (!visit) return reply
    const isSaved = (request.query as { saved?: unknown }).saved === '1'
    return sendFinding(reply, visit, request.params, isSaved ? await nextWaiting(visit.viewer) : null, null)
  })

  app.post<Named>('/findings/:agent/:findingId', async (request, reply) => {
    const visit = await signedIn(request, reply)
    if (!visit) return reply
    checkFormToken(request, visit.csrf)
    const name = request.params
    const read = wordOf(request)
    const outcome =
      'why' in read ? { refused: read.why } : await sources.reviewFinding(visit.viewer, name, read.word)
    if (outcome === null) throw new VuonError('not-found')
    if (outcome !== 'kept')
      return sendFinding(reply, visit, name, null, { typed: read.typed, why: outcome.refused })
    return reply.header('cache-control', 'no-store').redirect(`${findingPath(name)}?saved=1`, 303)
  })

  app.post<Named>('/findings/:agent/:findingId/photo', async (request, reply) => {
    const visit = await signedIn(request, reply)
    if (!visit) return reply
    checkFormToken(request, visit.csrf)
    const asked = await sources.askPhoto(visit.viewer, request.params)
    if (asked === null) throw new VuonError('not-found')
    return reply
      .header('cache-control', 'no-store')
      .redirect(`${findingPath(request.params)}#photo-state`, 303)
  })

  async function nextWaiting(viewer: Viewer): Promise<{ next: FindingCard | null }> {
    const { findings } = await sources.findingList(viewer, filterOf({}))
    return { next: findings[0] ?? null }
  }

  async function sendFinding(
    reply: FastifyReply,
    visit: SignedIn,
    name: FindingName,
    saved: { next: FindingCard | null } | null,
    refused: { readonly typed: FindingTyped; readonly why: FormRefused } | null,
  ): Promise<FastifyReply> {
    const detail = await sources.findingDetail(visit.viewer, name)
    if (!detail) throw new VuonError('not-found')
    const page = {
      title: `${whatOf(visit.language, detail.finding)} · ${detail.finding.farmName}`,
      path: findingPath(name),
      main: findingPage(viewOf(visit), detail, { csrf: visit.csrf, refused, saved }),
      script: site.assets.judgeFinding,
    }
    return sendAppPage(reply, site, visit, page, refused ? 400 : 200)
  }
}

/** What the address asks for; what it does not know is left out. */
function filterOf(query: unknown): FindingFilter {
  const given = query as Record<string, unknown>
  const text = (name: string): string => (typeof given[name] === 'string' ? given[name].slice(0, 300) : '')
  const page = Number.parseInt(text('page'), 10)
  return {
    ...{ farmId: text('farm'), crop: text('crop'), verdict: text('verdict') },
    state: REVIEW_STATES.find((state) => state === text('state')) ?? 'waiting',
    order: FINDING_ORDERS.find((order) => order === text('order')) ?? 'unsure',
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
  }
}

type ReadWord = { readonly typed: FindingTyped } & (
  | { readonly word: FindingWord }
  | { readonly why: FormRefused }
)

function wordOf(request: FastifyRequest): ReadWord {
  const field = (name: string): string => fieldOf(request, name).normalize('NFC').trim()
  const typed: FindingTyped = {
    ...{ decision: field('decision'), label: field('label').slice(0, 601), regions: field('regions') },
    ...{ words: field('words'), organism: field('organism').slice(0, 300) },
    note: field('note').replaceAll('\r\n', '\n'),
    isOnRecord: field('record') === '1',
  }
  const decision = REVIEW_DECISIONS.find((each) => each === typed.decision)
  if (!decision) return { typed, why: 'decision-missing' }
  const { words, note, organism, isOnRecord } = typed
  if (decision === 'other' && !isLine(words)) return { typed, why: 'words-missing' }
  // Lines may be broken; anything else that is no letter is not a note.
  if (note.length > MAX_NOTE || /[^\P{Cc}\n]/u.test(note)) return { typed, why: 'note-too-long' }
  const regions = regionsOf(typed.regions)
  if (!regions) return { typed: { ...typed, regions: '[]' }, why: 'regions-malformed' }
  const cut = typed.label.indexOf('/')
  const word = {
    ...{ decision, words, organism, note, regions, isOnRecord, seen: fieldOf(request, 'seen') },
    crop: typed.label.slice(0, Math.max(0, cut)),
    label: typed.label.slice(cut + 1),
  }
  return { typed, word }
}

const isLine = (text: string): boolean => text.length > 0 && text.length <= MAX_WORDS && !/\p{Cc}/u.test(text)

const share = z.number().min(0).max(1)
const point = z.tuple([share, share])
const regionsShape = z
  .array(
    z.union([
      z.strictObject({ shape: z.literal('box'), points: z.array(point).length(2) }),
      z.strictObject({ shape: z.literal('polygon'), points: z.array(point).min(3) }),
    ]),
  )
  .max(MAX_REGIONS)
  .refine((regions) => regions.reduce((sum, { points }) => sum + points.length, 0) <= MAX_REGION_POINTS)

/** To four decimals: a tenth of a pixel of what a box keeps. Undefined for what is none. */
function regionsOf(text: string): PhotoRegion[] | undefined {
  if (text === '') return []
  try {
    const read = regionsShape.safeParse(JSON.parse(text))
    const rounded = (value: number): number => Number(value.toFixed(4))
    return read.data?.map(({ shape, points }) => ({
      shape,
      points: points.map(([x, y]) => [rounded(x), rounded(y)] as const),
    }))
  } catch {
    return undefined
  }
}
