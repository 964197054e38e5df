import { VuonError } from '#contract/ground/errors.ts'
import type { Language } from '#contract/ground/messages.ts'
import { detailName } from '#contract/wire/farm-book-words.ts'
import { refusalIn } from './book-door.ts'
import { isBookMessage, sayBook } from './book-messages.ts'
import type { FieldError } from './layout.ts'
import { say } from './messages.ts'
import { number, writtenDay } from './wording.ts'

/** Where the book's own names of fields stand in the forms. */
const FIELDS: Readonly<Record<string, string>> = {
  inputs: 'lots',
  outputs: 'gives',
  count: 'givesCount',
  harvestedOn: 'day',
  intoLot: 'into',
  photos: 'photo',
  packingHouse: 'packingHouse',
}
const NO_FIELD: ReadonlySet<string> = new Set(['activityId', 'type'])

/** What the book refused, at its field and in the person's language. Undefined: not a refusal but a failure. */
export function refusedEntry(
  language: Language,
  error: unknown,
  nameOf: (field: string) => string | undefined = () => undefined,
): { status: number; error: FieldError } | undefined {
  const refusal = refusalIn(error)
  if (refusal) {
    const { reason, facts } = refusal
    const field = NO_FIELD.has(refusal.field) ? '' : (FIELDS[refusal.field] ?? refusal.field)
    const key = `refused-${reason}`
    const name = nameOf(refusal.field) ?? detailName(language, refusal.field)
    const sentence = sayBook(language, isBookMessage(key) ? key : 'refused-other', {
      name,
      ...writtenFacts(language, facts),
    })
    return { status: 400, error: { field, sentence } }
  }
  if (!(error instanceof VuonError)) return undefined
  const at = (status: number, field: string, sentence: string) => ({ status, error: { field, sentence } })
  switch (error.code) {
    case 'not-claimed':
      return at(409, '', say(language, 'note-unclaimed'))
    case 'clock-unknown':
      return at(409, 'confirm', say(language, 'wrong-confirm'))
    case 'journal-busy':
    case 'disk-full':
      return at(503, '', say(language, 'wrong-busy'))
    default:
      return undefined
  }
}

/** Numbers and days as people write them. */
const writtenFacts = (language: Language, facts: Readonly<Record<string, string | number>>) =>
  Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      typeof value === 'number'
        ? short(language, value)
        : /^20\d\d-\d\d-\d\d$/.test(value)
          ? writtenDay(value)
          : value,
    ]),
  )

const short = (language: Language, value: number): string =>
  Number.isInteger(value) ? number(language, value) : number(language, value, 3).replace(/[.,]?0+$/, '')
