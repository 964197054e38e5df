import { timingSafeEqual } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { toBase32, utf8 } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import { LockOut, OVERALL_RULE, PERSON_RULE } from './lock-out.ts'
import { hashPin, isPin, isPinDoorBusy, isStoredPin } from './pin.ts'

/** Who may write on this box. The id (p-…) goes into entries; the name never leaves the box. */
export interface Person {
  readonly id: string
  readonly name: string
}

export type PeopleState = 'nobody-yet' | 'some' | 'damaged'

/** What came of a try: the person, or why not. */
export type PinAnswer =
  | { readonly person: Person }
  | { readonly refused: 'wrong'; readonly triesLeft: number }
  | { readonly refused: 'locked'; readonly waitMs: number }
  | { readonly refused: 'busy' }

export type AddAnswer = { readonly person: Person } | { readonly refused: 'taken' | 'full' | 'damaged' }

// A farm's family, its pickers and a technician.
export const MAX_PEOPLE = 50
const MAX_NAME = 40

const fileSchema = (pinCost: number | undefined) =>
  z.strictObject({
    version: z.literal(1),
    people: z
      .array(
        z.strictObject({
          id: z.string().regex(/^p-[0-9A-Z]{10,32}$/),
          name: z.string().min(1).max(200),
          pin: z.string().refine((text) => isStoredPin(text, pinCost)),
        }),
      )
      .max(MAX_PEOPLE),
  })
type Row = z.output<ReturnType<typeof fileSchema>>['people'][number]

const failuresSchema = z.record(z.string().max(64), z.number().int().min(0))

/** The one-time code for the first person, as `vuon-agent doctor` shows it; null when none is open. */
export function readPageCode(dataDir: string): string | null {
  try {
    const code = readFileSync(join(dataDir, 'page-code'), 'utf8').trim()
    return /^[0-9A-Z]{4}-[0-9A-Z]{4}$/.test(code) ? code : null
  } catch {
    return null
  }
}

/**
 * people.json (0600): names and scrypt hashes of PINs. A file that can't be understood is never overwritten: the
 * page says so and takes no writing until a person has looked at it.
 */
export class People {
  readonly path: string
  readonly #dataDir: string
  readonly #clock: Clock
  readonly #randomBytes: RandomBytes
  readonly #pinCost: number | undefined
  readonly #perPerson: LockOut
  readonly #overall: LockOut
  #rows: Row[] = []
  #isDamaged = false
  #lastText: string | null = null
  #decoy: Promise<string> | undefined
  #turn: Promise<unknown> = Promise.resolve()

  /** `pinCost`: see `hashPin`. */
  constructor(dataDir: string, outside: { clock: Clock; randomBytes: RandomBytes; pinCost?: number }) {
    this.path = join(dataDir, 'people.json')
    this.#dataDir = dataDir
    this.#clock = outside.clock
    this.#randomBytes = outside.randomBytes
    this.#pinCost = outside.pinCost
    const monotonicMs = () => this.#clock.monotonicMs()
    const { person, overall } = this.#readFailures()
    this.#perPerson = new LockOut(PERSON_RULE, monotonicMs, person)
    this.#overall = new LockOut(OVERALL_RULE, monotonicMs, overall)
  }

  /** Reads the file; while there is nobody, makes a one-time code and keeps it where `doctor` finds it. */
  open(): void {
    this.#load()
    const codePath = join(this.#dataDir, 'page-code')
    if (this.state === 'nobody-yet') {
      if (readPageCode(this.#dataDir) === null) writeFileAtomically(codePath, `${this.#newCode()}\n`, 0o600)
    } else if (this.state === 'some') rmSync(codePath, { force: true })
  }

  get state(): PeopleState {
    return this.#isDamaged ? 'damaged' : this.#rows.length === 0 ? 'nobody-yet' : 'some'
  }

  list(): readonly Person[] {
    return this.#rows.map(({ id, name }) => ({ id, name }))
  }

  find(id: string): Person | undefined {
    const row = this.#rows.find((each) => each.id === id)
    return row && { id: row.id, name: row.name }
  }

  /** Five tries a person, twenty over all people; then waits that grow. */
  async tryPin(id: string, pin: string): Promise<PinAnswer> {
    const row = this.#rows.find((each) => each.id === id)
    const waitMs = Math.max(row ? this.#perPerson.waitMs(row.id) : 0, this.#overall.waitMs('all'))
    if (waitMs > 0) return { refused: 'locked', waitMs }
    if (isPinDoorBusy()) return { refused: 'busy' }
    const overallLeft = this.#overall.take('all')
    const triesLeft = Math.min(row ? this.#perPerson.take(row.id) : overallLeft, overallLeft)
    this.#keepFailures()
    // A made-up id takes as long as a wrong PIN.
    this.#decoy ??= hashPin('none', this.#randomBytes, this.#pinCost)
    const isRight = await isPin(pin, row?.pin ?? (await this.#decoy))
    if (!row || !isRight) return { refused: 'wrong', triesLeft }
    this.#perPerson.clear(row.id)
    this.#overall.giveBack('all')
    this.#keepFailures()
    return { person: { id: row.id, name: row.name } }
  }

  /** Whether this is the one-time code; letters of either case, with or without the dash. */
  tryCode(typed: string): 'right' | 'wrong' | { readonly waitMs: number } {
    const waitMs = Math.max(this.#perPerson.waitMs('code'), this.#overall.waitMs('all'))
    if (waitMs > 0) return { waitMs }
    const code = readPageCode(this.#dataDir)
    this.#perPerson.take('code')
    this.#overall.take('all')
    const given = utf8(typed.toUpperCase().replaceAll(/[^0-9A-Z]/g, ''))
    const wanted = utf8((code ?? '').replace('-', ''))
    const isRight = code !== null && given.length === wanted.length && timingSafeEqual(given, wanted)
    if (isRight) {
      this.#perPerson.clear('code')
      this.#overall.giveBack('all')
    }
    this.#keepFailures()
    return isRight ? 'right' : 'wrong'
  }

  /** The first person: true to the code only once. Later people: the caller has checked who adds them. */
  add(name: string, pin: string, options: { isFirst: boolean }): Promise<AddAnswer> {
    return this.#inTurn(async () => {
      const hash = await hashPin(pin, this.#randomBytes, this.#pinCost)
      if (!this.#reload()) return { refused: 'damaged' }
      if (options.isFirst && this.#rows.length > 0) return { refused: 'taken' }
      if (this.#rows.length >= MAX_PEOPLE) return { refused: 'full' }
      if (this.#rows.some((row) => sameName(row.name, name))) return { refused: 'taken' }
      const person = { id: `p-${toBase32(this.#randomBytes(10))}`, name }
      this.#save([...this.#rows, { ...person, pin: hash }])
      rmSync(join(this.#dataDir, 'page-code'), { force: true })
      return { person }
    })
  }

  changePin(id: string, pin: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const hash = await hashPin(pin, this.#randomBytes, this.#pinCost)
      if (!this.#reload() || !this.find(id)) return false
      this.#save(this.#rows.map((row) => (row.id === id ? { ...row, pin: hash } : row)))
      return true
    })
  }

  remove(id: string): Promise<boolean> {
    return this.#inTurn(async () => {
      if (!this.#reload() || !this.find(id)) return false
      this.#save(this.#rows.filter((row) => row.id !== id))
      return true
    })
  }

  #newCode(): string {
    const code = toBase32(this.#randomBytes(5))
    return `${code.slice(0, 4)}-${code.slice(4)}`
  }

  #load(): void {
    try {
      this.#lastText = readFileSync(this.path, 'utf8')
    } catch (error) {
      this.#lastText = null
      this.#isDamaged = (error as { code?: string }).code !== 'ENOENT'
      if (!this.#isDamaged) this.#rows = []
      return
    }
    try {
      this.#rows = fileSchema(this.#pinCost).parse(JSON.parse(this.#lastText)).people
      this.#isDamaged = false
    } catch {
      this.#rows = []
      this.#isDamaged = true
    }
  }

  /** Somebody may have changed or damaged the file meanwhile: what is there counts. False when it can't be understood. */
  #reload(): boolean {
    this.#load()
    return !this.#isDamaged
  }

  #save(rows: Row[]): void {
    const text = `${JSON.stringify({ version: 1, people: rows }, null, 2)}\n`
    writeFileAtomically(this.path, text, 0o600)
    this.#rows = rows
    this.#lastText = text
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(run)
    this.#turn = result.catch(() => undefined)
    return result
  }

  #keptFailures = ''

  /** Written only when somebody is out of free tries, or no longer: at most one small write a wait. */
  #keepFailures(): void {
    const text = JSON.stringify({ person: this.#perPerson.failures(), overall: this.#overall.failures() })
    if (text === this.#keptFailures) return
    this.#keptFailures = text
    try {
      writeFileAtomically(join(this.#dataDir, 'page-lock-outs.json'), `${text}\n`, 0o600)
    } catch {
      // A full card must not keep a person out; the waits hold in memory.
    }
  }

  #readFailures(): { person: Record<string, number>; overall: Record<string, number> } {
    const schema = z.object({ person: failuresSchema, overall: failuresSchema })
    try {
      const text = readFileSync(join(this.#dataDir, 'page-lock-outs.json'), 'utf8').trim()
      const kept = schema.parse(JSON.parse(text))
      this.#keptFailures = text
      return kept
    } catch {
      this.#keptFailures = JSON.stringify({ person: {}, overall: {} })
      return { person: {}, overall: {} }
    }
  }
}

/** A name as it is kept: composed letters, single spaces, no control characters; undefined when nothing is left or too much. */
export function tidyName(typed: string): string | undefined {
  const name = typed
    .normalize('NFC')
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
  return name.length > 0 && [...name].length <= MAX_NAME ? name : undefined
}

const sameName = (a: string, b: string): boolean => a.toLocaleLowerCase('vi') === b.toLocaleLowerCase('vi')
