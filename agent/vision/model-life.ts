import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fromHex, toHex } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import {
  type BundleIndex,
  compareModelVersions,
  MAX_BUNDLE_BYTES,
  type Trust,
} from '#contract/trace/model-bundle.ts'
import type { Organ } from '#contract/wire/finding.ts'
import type {
  ModelChangeEntry,
  ModelName,
  ShadowFigures,
  ShadowLookEntry,
} from '#contract/wire/model-life.ts'
import type { RecordBody, RecordEntry } from '#contract/wire/records.ts'
import { checkWords, damageOf, giveName, readBundle, sweep, unpack } from './bundle-folder.ts'
import {
  type ChosenModel,
  type Decision,
  dropped,
  EMPTY_BOOK,
  foldersOf,
  isRejected,
  isRelease,
  type ModelBook,
  modelBookSchema,
  newestOf,
  promoted,
  rolledBack,
  statesOf,
  taken,
  type Untold,
  without,
  withProgram,
} from './model-choice.ts'
import { FAILURES_IN_A_ROW, type Hindrance, hindrancesOf, shadowFigures } from './shadow-figures.ts'
import type { Died } from './vision-worker.ts'
import {
  type InstalledModel,
  installedModels,
  type Lineup,
  modelAt,
  modelFor,
} from './worker/model-folder.ts'
import type { CheckAnswer, Diagnosis } from './worker/photo-answer.ts'

/**
 * The life of the box's disease models: taken from signed bundles, run in the shadow, promoted or taken back by figures or by
 * a person. Every change is on the disk before it has an effect, and in the journal soon after, with who and why.
 */
export interface ModelLifeOptions {
  /** Models that came with the program. */
  readonly base: string
  /** `dataDir/models`: what bundles brought, and who was chosen. */
  readonly folder: string
  readonly now: () => number
  /** Keys by which a bundle is believed; null where the box knows none yet. */
  readonly trust: () => Trust | null
  /** After so many photos in the shadow the figures may decide; 0 leaves it to people. */
  readonly promoteAfter: number
  /** Null where the journal is not open: what changed is then told at the next start of the agent. */
  readonly log: LifeLog | null
  /** Opens a model in the vision process and has it answer its cases. */
  readonly check: (folder: string) => Promise<CheckAnswer | Died>
  /** These answer, and those run in the shadow, from now on. */
  readonly onChange: (
    lineup: Lineup,
    models: readonly InstalledModel[],
    shadows: readonly InstalledModel[],
  ) => Promise<void> | void
  readonly onFault: (detail: string) => void
  /** Of the disk that a folder is on; null where nobody can say. */
  readonly freeBytes: (folder: string) => number | null
}

export interface LifeLog {
  appendRecords(bodies: readonly RecordBody[]): Promise<unknown>
  /** Newest first. */
  records(kind: string, options: { limit: number }): Promise<readonly { readonly entry: RecordEntry }[]>
}

export interface Taken {
  readonly id: string
  readonly version: string
  readonly state: 'active' | 'shadow' | 'already'
  /** Cases that the model answered here as it did where it was made. */
  readonly cases: number
}

export interface ModelLine {
  readonly id: string
  readonly version: string
  readonly sha256: string
  readonly state: 'active' | 'shadow' | 'previous'
  readonly from: 'program' | 'bundle'
  /** When it became what it is, ms UTC. */
  readonly since: number
  readonly path: string
  /** It was taken back once: only a person makes it answer again. */
  readonly isRejected: boolean
  /** Of a shadow. */
  readonly figures?: ShadowFigures
  /** What keeps a shadow from answering; nothing left, and it will after the next photo. */
  readonly waitsFor?: readonly Hindrance[]
}

// Below this the journal itself would be in want of room.
const LEFT_FREE_BYTES = 200_000_000
// A shadow on a busy farm for a year; a rule that has not decided by then is a person's business.
const MAX_LOOKS = 5000
const CONFIRMED_READ = 1000
const TOLD_READ = 200
// A burst of photos puts a check off; each of them is a second or two.
const MAX_PUT_OFF = 20

export class ModelLife {
  readonly #options: ModelLifeOptions
  readonly #looks = new Map<string, ShadowLookEntry[]>()
  /** Failures of an active model in a row, by id and version. */
  readonly #failures = new Map<string, number>()
  #book: ModelBook = EMPTY_BOOK
  #models: readonly InstalledModel[] = []
  #shadows: readonly InstalledModel[] = []
  #confirmed: ReadonlySet<string> = new Set()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: ModelLifeOptions) {
    this.#options = options
  }

  /**
   * Reads what was chosen, takes out what is damaged, sweeps what a power cut left, and tells what nobody was told. `look`
   * changes nothing on the disk; `command` leaves alone what a command is about to hand over.
   */
  async open(why: 'run' | 'command' | 'look' = 'run'): Promise<void> {
    const { folder, now, onFault } = this.#options
    const read = this.#read(why)
    let book = this.#withProgram(read)
    for (const { id, active, shadow, previous } of book.models)
      for (const each of [active, shadow, previous]) {
        if (!each || each.folder === '') continue
        const damage = damageOf(join(this.#installed, each.folder))
        if (damage === null) continue
        onFault(`${id} ${each.version}: ${damage}`)
        book = without(book, id, each.folder, { by: 'failure', reason: damage, at: now() })
      }
    // Without an active one the one that came with the program answers again.
    this.#book = this.#withProgram(book)
    await this.#readFigures()
    if (why === 'look') return
    mkdirSync(this.#installed, { recursive: true })
    if (this.#book !== read || !existsSync(this.#file)) this.#save(this.#book)
    sweep(this.#installed, foldersOf(this.#book))
    // Handed over by a command that ended before it was taken.
    for (const name of readdirSync(folder))
      if (why === 'run' && name.startsWith(GIVEN)) rmSync(join(folder, name), { force: true })
    await this.#changed()
    await this.tell()
  }

  get lineup(): Lineup {
    const { base } = this.#options
    // Where the config wants no model, none of a bundle looks at photos either.
    const own = (model: ChosenModel | null): string[] =>
      base !== '' && model && model.folder !== '' ? [join(this.#installed, model.folder)] : []
    return {
      folder: base,
      active: this.#book.models.flatMap(({ active }) => own(active)),
      shadow: this.#book.models.flatMap(({ shadow }) => own(shadow)),
    }
  }

  /**
   * Takes a bundle in: believed, whole, with words in two languages, newer than what is here, and answering its own cases
   * on this processor. It begins in the shadow, or answers at once where nothing of its id did. The same one again changes nothing.
   * Rejects with `file-unreadable`, `bundle-malformed`, `bundle-untrusted`, `model-conflict`, `model-unusable`,
   * `disk-full`, `not-claimed`; then nothing was changed.
   */
  install(file: string, by: 'person' | 'province'): Promise<Taken> {
    return this.#inTurn(() => this.#install(file, by))
  }

  /** Lets the shadow answer, or the version that is named. Throws `model-conflict` where there is no such. */
  promote(id: string, version: string | undefined): Promise<ChosenModel> {
    return this.#inTurn(async () => {
      const { shadow, previous } = statesOf(this.#book, id)
      const which =
        version === undefined || shadow?.version === version
          ? 'shadow'
          : previous?.version === version && 'previous'
      const next = which && (which === 'shadow' ? shadow : previous)
      if (!which || !next)
        throw new VuonError(
          'model-conflict',
          version === undefined
            ? `No model runs in the shadow of ${id}.`
            : `There is no ${id} ${version} in the shadow, and it did not answer before.`,
        )
      const figures = this.#figuresOf(id)
      await this.#decide(promoted(this.#book, id, which, this.#decision('person', '', figures)))
      return next
    })
  }

  /** Lets the one answer that did before. Throws `model-conflict` where none did. */
  rollBack(id: string): Promise<ChosenModel> {
    return this.#inTurn(async () => {
      const { previous } = statesOf(this.#book, id)
      if (!previous)
        throw new VuonError('model-conflict', `Before this one no other model of ${id} answered here.`)
      await this.#decide(rolledBack(this.#book, id, this.#decision('person', '')))
      return previous
    })
  }

  /** The model in the shadow that is asked of such a photo too. */
  shadowFor(crop: string, organ: Organ): InstalledModel | undefined {
    return modelFor(this.#shadows, crop, organ)
  }

  /** What the active model came to: one that fails again and again gives way to the one before it. */
  answered(crop: string, organ: Organ, { fault, verdict, abstained }: Diagnosis): Promise<void> {
    const model = modelFor(this.#models, crop, organ)?.manifest
    if (!model) return Promise.resolve()
    const name = `${model.id} ${model.version}`
    if (fault === undefined) {
      // A photo that the gate refused says nothing of the model.
      if (verdict !== null || abstained === 'uncertain' || abstained === 'not-this-plant')
        this.#failures.delete(name)
      return Promise.resolve()
    }
    const failures = (this.#failures.get(name) ?? 0) + 1
    this.#failures.set(name, failures)
    if (failures < FAILURES_IN_A_ROW) return Promise.resolve()
    return this.#inTurn(async () => {
      const { active, previous } = statesOf(this.#book, model.id)
      if (!active || !isRelease(active, model) || !previous || isRejected(this.#book, previous)) return
      this.#failures.delete(name)
      await this.#decide(rolledBack(this.#book, model.id, this.#decision('failure', fault)))
    })
  }

  /** What the shadow said of photos. Counts them, keeps them, and lets the rule decide. */
  looked(looks: readonly ShadowLookEntry[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#options.log?.appendRecords(looks)
      for (const look of looks) {
        const { id } = look.model
        if (!this.#isOfNow(look)) continue
        this.#looks.set(id, [...(this.#looks.get(id) ?? []), look].slice(-MAX_LOOKS))
      }
      await this.#readConfirmed()
      await this.tell()
      for (const id of new Set(looks.map(({ model }) => model.id))) await this.#judge(id)
    })
  }

  /** Active, shadow and previous of each id. */
  get lines(): ModelLine[] {
    const { base } = this.#options
    return this.#book.models.flatMap(({ id, ...states }) =>
      (['active', 'shadow', 'previous'] as const).flatMap((state) => {
        const model = states[state]
        if (!model) return []
        const { version, sha256, folder, since } = model
        const figures = state === 'shadow' ? this.#figuresOf(id) : undefined
        return {
          ...{ id, version, sha256, state, since },
          from: folder === '' ? ('program' as const) : ('bundle' as const),
          path: folder === '' ? base : join(this.#installed, folder),
          isRejected: isRejected(this.#book, model),
          ...(figures
            ? { figures, waitsFor: hindrancesOf(figures, this.#options.promoteAfter || Infinity) }
            : {}),
        }
      }),
    )
  }

  /** Writes to the journal what was changed and not told yet; each once, whatever is cut in between. */
  async tell(): Promise<void> {
    const { log } = this.#options
    const { untold } = this.#book
    if (!log || untold.length === 0) return
    const rows = await log.records('model-change', { limit: TOLD_READ })
    const told = new Set(rows.map(({ entry }) => markOf(entry as unknown as ModelChangeEntry)))
    const entries = untold.map(entryOf).filter((entry) => !told.has(markOf(entry)))
    if (entries.length > 0) await log.appendRecords(entries)
    this.#save({ ...this.#book, untold: this.#book.untold.slice(untold.length) })
  }

  // --- deciding ---

  async #install(file: string, by: 'person' | 'province'): Promise<Taken> {
    const { base, folder, trust, freeBytes } = this.#options
    if (base === '')
      throw new VuonError('model-conflict', 'The config says that no model looks at photos here.', {
        hint: 'Take "photos.models: none" out of the config first.',
      })
    const isTrusted = trust()
    if (!isTrusted)
      throw new VuonError('not-claimed', 'This box knows no key by which it could believe a model.', {
        hint: 'Claim it at a province, or name a release key under photos.releaseKeys.',
      })
    const bundle = readBundle(file, isTrusted)
    const { id, version } = bundle.index
    if (this.#isHere(bundle.index)) return { id, version, state: 'already', cases: 0 }
    this.#checkFits(id, version)
    const free = freeBytes(folder)
    if (free !== null && free < MAX_BUNDLE_BYTES + LEFT_FREE_BYTES)
      throw new VuonError(
        'disk-full',
        `The disk has ${Math.floor(free / 1e6)} MB left: too little for a model.`,
      )
    const unpacked = unpack(bundle, this.#installed)
    try {
      const { manifest } = this.#modelIn(unpacked, id, version)
      checkWords(manifest, bundle)
      this.#checkSubject(manifest)
      const cases = await this.#checkCases(unpacked, id, version)
      const name = `${id}@${version}`
      giveName(unpacked, name)
      const model = { version, sha256: manifest.sha256, folder: name }
      await this.#decide(taken(this.#book, id, model, this.#decision(by, '')))
      const { active } = statesOf(this.#book, id)
      return { id, version, state: active?.folder === name ? 'active' : 'shadow', cases }
    } finally {
      rmSync(unpacked, { recursive: true, force: true })
    }
  }

  #isHere({ id, version, members }: BundleIndex): boolean {
    const sha256 = members.find(({ path }) => path.endsWith('.onnx'))?.sha256 ?? ''
    const { active, shadow, previous } = statesOf(this.#book, id)
    return [active, shadow, previous].some((each) => each && isRelease(each, { version, sha256 }))
  }

  /** Throws `model-conflict` for what is not newer than all that this box has had of it: an old bundle is signed for ever. */
  #checkFits(id: string, version: string): void {
    const newest = newestOf(this.#book, id)
    if (newest === null || compareModelVersions(version, newest) > 0) return
    throw new VuonError(
      'model-conflict',
      `${id} ${version} is not newer than ${newest}, which this box has had.`,
      {
        hint: 'Pack it with a higher version. To go back: vuon-agent models rollback.',
      },
    )
  }

  #modelIn(folder: string, id: string, version: string): InstalledModel {
    try {
      return modelAt(folder)
    } catch (cause) {
      throw new VuonError('model-unusable', `${id} ${version}: ${(cause as Error).message}.`, { cause })
    }
  }

  /** Of two models for one plant nobody could say which answers. */
  #checkSubject({ id, organ, crops }: InstalledModel['manifest']): void {
    const other = this.#models.find(
      ({ manifest }) =>
        manifest.id !== id && manifest.organ === organ && manifest.crops.some((crop) => crops.includes(crop)),
    )?.manifest
    if (!other) return
    throw new VuonError('model-conflict', `${other.id} looks at the ${organ} of these crops already.`, {
      hint: `A model that is to follow it has its id: ${other.id}.`,
    })
  }

  async #checkCases(folder: string, id: string, version: string): Promise<number> {
    for (let times = 0; times < MAX_PUT_OFF; times++) {
      const answer = await this.#options.check(folder)
      if (answer.kind === 'died' && answer.how === 'put-off') continue
      const fault = answer.kind === 'died' ? DEATHS[answer.how] : answer.fault
      if (answer.kind === 'checked' && fault === null) return answer.cases
      throw new VuonError(
        'model-unusable',
        `${id} ${version} does not do here what it did where it was made: ${fault}.`,
      )
    }
    throw new VuonError('vision-busy', 'Photos came all the time: the model could not be tried.')
  }

  async #judge(id: string): Promise<void> {
    const figures = this.#figuresOf(id)
    if (!figures) return
    const { promoteAfter } = this.#options
    if (figures.failuresInARow >= FAILURES_IN_A_ROW) {
      const failure = this.#looks.get(id)?.at(-1)?.failure ?? ''
      await this.#decide(dropped(this.#book, id, this.#decision('failure', failure, figures)))
    } else if (promoteAfter > 0 && hindrancesOf(figures, promoteAfter).length === 0)
      await this.#decide(promoted(this.#book, id, 'shadow', this.#decision('figures', '', figures)))
  }

  #decision(by: Decision['by'], reason: string, figures?: ShadowFigures): Decision {
    const at = Math.round(this.#options.now())
    return { by, reason: reason.slice(0, MAX_REASON), at, ...(figures ? { figures } : {}) }
  }

  async #decide(book: ModelBook): Promise<void> {
    this.#save(book)
    sweep(this.#installed, foldersOf(book))
    for (const { id } of book.models)
      this.#looks.set(
        id,
        (this.#looks.get(id) ?? []).filter((look) => this.#isOfNow(look)),
      )
    try {
      await this.#changed()
      await this.tell()
    } catch (error) {
      // It is decided and on the disk; the journal hears of it with the next photo, or at the next start.
      this.#options.onFault((error as Error).message)
    }
  }

  async #changed(): Promise<void> {
    const { base, onChange, onFault } = this.#options
    const { lineup } = this
    const at = (folder: string): InstalledModel[] => {
      try {
        return [modelAt(folder)]
      } catch (error) {
        onFault(`${folder}: ${(error as Error).message}`)
        return []
      }
    }
    const instead = lineup.active.flatMap(at)
    const shipped = installedModels(base).models.filter(
      ({ manifest }) => !instead.some((each) => each.manifest.id === manifest.id),
    )
    this.#models = [...shipped, ...instead]
    this.#shadows = lineup.shadow.flatMap(at)
    await onChange(lineup, this.#models, this.#shadows)
  }

  // --- figures ---

  #isOfNow({ model, beside }: ShadowLookEntry): boolean {
    const { active, shadow } = statesOf(this.#book, model.id)
    const isIt = (chosen: ChosenModel | null, { version, sha256 }: ModelName): boolean =>
      chosen !== null && isRelease(chosen, { version, sha256: toHex(sha256) })
    // Where the active one failed no model is named beside it.
    return isIt(shadow, model) && (beside.model === null || isIt(active, beside.model))
  }

  #figuresOf(id: string): ShadowFigures | undefined {
    if (!statesOf(this.#book, id).shadow) return undefined
    return shadowFigures(this.#looks.get(id) ?? [], this.#confirmed)
  }

  async #readFigures(): Promise<void> {
    const { log } = this.#options
    if (!log || !this.#book.models.some(({ shadow }) => shadow)) return
    const rows = await log.records('shadow-look', { limit: MAX_LOOKS })
    for (const { entry } of rows.toReversed()) {
      const look = entry as unknown as ShadowLookEntry
      if (this.#isOfNow(look))
        this.#looks.set(look.model.id, [...(this.#looks.get(look.model.id) ?? []), look])
    }
    await this.#readConfirmed()
  }

  /** Scouting that confirms a finding: the one thing that people on the farm decide about an answer. */
  async #readConfirmed(): Promise<void> {
    const rows = (await this.#options.log?.records('activity', { limit: CONFIRMED_READ })) ?? []
    this.#confirmed = new Set(
      rows.flatMap(({ entry }) => {
        const { type, details, isWithdrawn } = entry as unknown as {
          readonly type: string
          readonly details: Readonly<Record<string, unknown>>
          readonly isWithdrawn?: boolean
        }
        const { findingId } = details
        return type === 'scouted' && !isWithdrawn && typeof findingId === 'string' ? [findingId] : []
      }),
    )
  }

  // --- the file ---

  get #installed(): string {
    return join(this.#options.folder, 'installed')
  }

  get #file(): string {
    return join(this.#options.folder, 'choice.json')
  }

  /** While the config wants no model everything stays as it was chosen. */
  #withProgram(book: ModelBook): ModelBook {
    const { base, now } = this.#options
    if (base === '') return book
    const shipped = installedModels(base).models.map(({ manifest }) => manifest)
    return withProgram(book, shipped, now())
  }

  #read(why: 'run' | 'command' | 'look'): ModelBook {
    if (!existsSync(this.#file)) return EMPTY_BOOK
    try {
      const { models, rejected, untold } = modelBookSchema.parse(JSON.parse(readFileSync(this.#file, 'utf8')))
      return { models, rejected, untold }
    } catch {
      if (why !== 'look') renameSync(this.#file, `${this.#file}.bad`)
      this.#options.onFault(
        `${this.#file} was damaged and set aside; the models that came with the program answer`,
      )
      return EMPTY_BOOK
    }
  }

  #save(book: ModelBook): void {
    writeFileAtomically(this.#file, JSON.stringify({ version: 1, ...book }))
    this.#book = book
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }
}

const MAX_REASON = 300
/** How the name of a bundle begins that a command hands to the running agent, in the folder of the models. */
export const GIVEN = 'given-'

const DEATHS: Readonly<Record<Died['how'], string>> = {
  timeout: 'it took too long',
  memory: 'it took too much memory',
  crash: 'it broke the vision process',
  'put-off': 'photos came first',
}

const nameOf = (id: string, { version, sha256 }: ChosenModel): ModelName => ({
  ...{ id, version },
  sha256: fromHex(sha256),
})

const entryOf = ({ id, of, now, ...rest }: Untold): ModelChangeEntry => ({
  ...rest,
  model: nameOf(id, of),
  now: now && nameOf(id, now),
})

const markOf = ({ model, change, at }: ModelChangeEntry): string =>
  `${model.id} ${model.version} ${toHex(model.sha256)} ${change} ${at}`
