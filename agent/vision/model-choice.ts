import { z } from 'zod'
import { compareModelVersions } from '#contract/trace/model-bundle.ts'
import { MODEL_CHANGES, type ModelChangeEntry } from '#contract/wire/model-life.ts'

/**
 * Which model of an id answers, which one runs in its shadow, and which one answered before. Pure: each step gives another
 * book, with what was changed in it, so that a file holds both or neither.
 *
 *              install            promote                 roll back
 *   bundle ──────────► shadow ──────────► active ◄──────────────────► previous
 *                        │ drop              │ replaced
 *                        ▼                   ▼
 *                     rejected           previous
 */
export interface ChosenModel {
  readonly version: string
  /** Hex, of the model's file. */
  readonly sha256: string
  /** Name of its folder under `models/installed`; empty for the one that came with the program. */
  readonly folder: string
  /** When it became what it is, ms UTC. */
  readonly since: number
}

export interface ModelStates {
  readonly id: string
  readonly active: ChosenModel | null
  readonly shadow: ChosenModel | null
  readonly previous: ChosenModel | null
}

/** A change that the journal has not got yet. */
export type Untold = Omit<ModelChangeEntry, 'model' | 'now'> & {
  readonly id: string
  readonly of: ChosenModel
  readonly now: ChosenModel | null
}

export interface ModelBook {
  readonly models: readonly ModelStates[]
  /** What was taken back or dropped: never chosen again but by a person. */
  readonly rejected: readonly { readonly id: string; readonly version: string; readonly sha256: string }[]
  readonly untold: readonly Untold[]
}

export const EMPTY_BOOK: ModelBook = { models: [], rejected: [], untold: [] }

/** Who decides, why, and when. */
export type Decision = Pick<Untold, 'by' | 'reason' | 'at' | 'figures'>

export const statesOf = ({ models }: ModelBook, id: string): ModelStates =>
  models.find((each) => each.id === id) ?? { id, active: null, shadow: null, previous: null }

export const isRejected = ({ rejected }: ModelBook, model: Release): boolean =>
  rejected.some((each) => isRelease(each, model))

/** A version may be new in its thresholds and words alone, over the same weights. */
type Release = Pick<ChosenModel, 'version' | 'sha256'>

export const isRelease = (a: Release, b: Release): boolean => a.version === b.version && a.sha256 === b.sha256

/** The newest version that this box has ever had of an id; null where it has had none. */
export function newestOf(book: ModelBook, id: string): string | null {
  const { active, shadow, previous } = statesOf(book, id)
  const all = [active, shadow, previous, ...book.rejected.filter((each) => each.id === id)]
  return all
    .flatMap((each) => (each ? [each.version] : []))
    .reduce<string | null>(
      (newest, each) => (newest === null || compareModelVersions(each, newest) > 0 ? each : newest),
      null,
    )
}

/** A new one: in the shadow of the one that answers, or answering at once where nothing did. */
export function taken(
  book: ModelBook,
  id: string,
  model: Omit<ChosenModel, 'since'>,
  decision: Decision,
): ModelBook {
  const states = statesOf(book, id)
  const of = { ...model, since: decision.at }
  if (!states.active) return told(withStates(book, { ...states, active: of }), id, 'active', of, of, decision)
  return told(withStates(book, { ...states, shadow: of }), id, 'shadowing', of, states.active, decision)
}

/** Shadow or previous answers from now on; what answered is kept beside it. */
export function promoted(
  book: ModelBook,
  id: string,
  which: 'shadow' | 'previous',
  decision: Decision,
): ModelBook {
  const states = statesOf(book, id)
  const next = states[which]
  if (!next) return book
  const active = { ...next, since: decision.at }
  const after = {
    ...{ id, active, previous: states.active && { ...states.active, since: decision.at } },
    shadow: which === 'shadow' ? null : states.shadow,
  }
  const rejected = book.rejected.filter((each) => !isRelease(each, active))
  return told(withStates({ ...book, rejected }, after), id, 'active', active, active, decision)
}

/** The one before it answers again; what answered is kept, and never chosen by itself. */
export function rolledBack(book: ModelBook, id: string, decision: Decision): ModelBook {
  const states = statesOf(book, id)
  const { active, previous } = states
  if (!active || !previous) return book
  const now = { ...previous, since: decision.at }
  const after = { ...states, active: now, previous: { ...active, since: decision.at } }
  return told(
    rejecting(withStates(book, after), id, active),
    id,
    'rolled-back',
    ...([active, now, decision] as const),
  )
}

export function dropped(book: ModelBook, id: string, decision: Decision): ModelBook {
  const states = statesOf(book, id)
  const { shadow, active } = states
  if (!shadow) return book
  return told(
    rejecting(withStates(book, { ...states, shadow: null }), id, shadow),
    id,
    'dropped',
    ...([shadow, active, decision] as const),
  )
}

/**
 * What came with the program: the first of its id answers; a release that brings a newer one than answers lets that
 * answer. An id that the release no longer has, and that no bundle brought, is gone.
 */
export function withProgram(
  book: ModelBook,
  shipped: readonly { readonly id: string; readonly version: string; readonly sha256: string }[],
  at: number,
): ModelBook {
  const decision: Decision = { by: 'program', reason: '', at }
  let next = book
  for (const { id, active, shadow, previous } of book.models) {
    const own = shipped.find((each) => each.id === id)
    // The one that came with an older release is no longer here.
    const still = (model: ChosenModel | null): ChosenModel | null => {
      if (model?.folder !== '' || (own && isRelease(model, own))) return model
      return own ? { version: own.version, sha256: own.sha256, folder: '', since: at } : null
    }
    const states = { id, active: still(active) ?? previous, shadow, previous: still(previous) }
    if (states.active !== active || states.previous !== previous) next = withStates(next, states)
    if (states.active && states.active !== active)
      next = told(next, id, 'active', states.active, states.active, decision)
  }
  for (const { id, version, sha256 } of shipped) {
    const model = { version, sha256, folder: '', since: at }
    const states = statesOf(next, id)
    if (!states.active) next = withStates(next, { ...states, active: model })
    else if (
      states.active.folder !== '' &&
      compareModelVersions(version, states.active.version) > 0 &&
      !isRejected(next, model)
    )
      next = told(
        withStates(next, { ...states, active: model, previous: states.active }),
        id,
        'active',
        ...([model, model, decision] as const),
      )
    const { active, shadow } = statesOf(next, id)
    if (active && shadow && compareModelVersions(shadow.version, active.version) <= 0)
      next = dropped(next, id, { ...decision, reason: 'not newer than what answers now' })
  }
  return { ...next, models: next.models.filter(({ active, shadow }) => active ?? shadow) }
}

/** A folder is damaged or gone: it is in no state any more. */
export function without(book: ModelBook, id: string, folder: string, decision: Decision): ModelBook {
  const isIt = (model: ChosenModel | null): boolean => model?.folder === folder
  const first = statesOf(book, id)
  const next = isIt(first.active)
    ? rolledBack(book, id, decision)
    : isIt(first.shadow)
      ? dropped(book, id, decision)
      : book
  const states = statesOf(next, id)
  const left = (model: ChosenModel | null): ChosenModel | null => (isIt(model) ? null : model)
  return withStates(next, { ...states, active: left(states.active), previous: left(states.previous) })
}

export const foldersOf = ({ models }: ModelBook): string[] =>
  models.flatMap(({ active, shadow, previous }) =>
    [active, shadow, previous].flatMap((each) => (each && each.folder !== '' ? [each.folder] : [])),
  )

const withStates = (book: ModelBook, states: ModelStates): ModelBook => ({
  ...book,
  models: [...book.models.filter(({ id }) => id !== states.id), states].toSorted((a, b) =>
    a.id < b.id ? -1 : 1,
  ),
})

// A few versions a year of a few models, for a decade.
const MAX_REJECTED = 100
// More would mean that the journal takes nothing for days.
const MAX_UNTOLD = 100

const rejecting = (book: ModelBook, id: string, { version, sha256 }: ChosenModel): ModelBook => ({
  ...book,
  rejected: [
    ...book.rejected.filter((each) => !isRelease(each, { version, sha256 })),
    { id, version, sha256 },
  ].slice(-MAX_REJECTED),
})

function told(
  book: ModelBook,
  id: string,
  change: Untold['change'],
  of: ChosenModel,
  now: ChosenModel | null,
  decision: Decision,
): ModelBook {
  const untold: Untold = { kind: 'model-change', id, change, of, now, ...decision }
  return { ...book, untold: [...book.untold, untold].slice(-MAX_UNTOLD) }
}

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const name = z.string().max(64)
const chosen = z.object({
  version: name,
  sha256: hash,
  folder: z
    .string()
    .max(140)
    .regex(/^([a-z0-9][\w.@-]*)?$/),
  since: z.number(),
})
const count = z.int().min(0)
const figures = z.object({
  ...{ photos: count, failures: count, failuresInARow: count, judged: count, answered: count },
  ...{ activeAnswered: count, refused: count, activeRefused: count, bothAnswered: count, agreed: count },
  ...{ ms: z.number().nullable(), activeMs: z.number().nullable(), confirmed: count, confirmedAgreed: count },
})

/** Of `models/choice.json`. */
export const modelBookSchema = z.object({
  version: z.literal(1),
  models: z
    .array(
      z.object({
        ...{ id: name, active: chosen.nullable() },
        ...{ shadow: chosen.nullable(), previous: chosen.nullable() },
      }),
    )
    .max(200),
  rejected: z.array(z.object({ id: name, version: name, sha256: hash })).max(MAX_REJECTED),
  untold: z
    .array(
      z.object({
        ...{ kind: z.literal('model-change'), id: name, change: z.enum(MODEL_CHANGES) },
        by: z.enum(['person', 'province', 'figures', 'failure', 'program']),
        ...{ of: chosen, now: chosen.nullable(), reason: z.string().max(300), at: z.number() },
        figures: figures.exactOptional(),
      }),
    )
    .max(MAX_UNTOLD),
})
