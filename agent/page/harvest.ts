import { VuonError } from '#contract/ground/errors.ts'
import type { Language } from '#contract/ground/messages.ts'
import { refusedEntry } from './book-refused.ts'
import { type HarvestTyped, productsOf } from './harvest-form.ts'
import type { FieldError } from './layout.ts'
import { say } from './messages.ts'
import type { FarmBookDoor, LotCard } from './page-sources.ts'
import { typedMass } from './typed-mass.ts'
import { cropName, kilograms, writtenDay } from './wording.ts'

/** What a new form proposes: plot and product of the last harvest, today; what the address says goes before. */
export function proposedHarvest(
  book: FarmBookDoor,
  lots: readonly LotCard[],
  isClockUnknown: boolean,
  asked: Omit<HarvestTyped, 'isConfirmed'>,
): HarvestTyped {
  const known = (id: string | undefined) => book.plots.find((plot) => plot.id === id)
  const plot =
    known(asked.plot) ?? known(lots[0]?.plot) ?? (book.plots.length === 1 ? book.plots[0] : undefined)
  const products = plot ? productsOf(book, plot) : []
  const isOffered = (gtin: string | undefined) => products.some((product) => product.gtin === gtin)
  const lastGtin = lots.find((lot) => lot.plot === plot?.id)?.gtin
  const gtin = isOffered(asked.gtin)
    ? asked.gtin
    : isOffered(lastGtin)
      ? lastGtin
      : products.length === 1
        ? products[0]?.gtin
        : undefined
  return {
    plot: plot?.id ?? '',
    gtin: gtin ?? '',
    mass: asked.mass,
    // A box that does not know the date proposes none: the person has to look at a calendar.
    date: isDay(asked.date) ? asked.date : isClockUnknown ? '' : book.today(),
    isConfirmed: false,
    why: asked.why,
    into: asked.into,
    token: asked.token,
  }
}

export interface HarvestChecked {
  readonly plot: string
  readonly gtin: string
  readonly massKg: number
  readonly harvestedOn: string
  readonly isDateConfirmed: boolean
  readonly why?: string
  readonly intoLot?: string
}

/** What the page itself can see; the farm book has the last word on bounds. */
export function checkHarvest(
  language: Language,
  book: FarmBookDoor,
  isClockUnknown: boolean,
  typed: HarvestTyped,
): { harvest: HarvestChecked; errors: FieldError[] } {
  const errors: FieldError[] = []
  const wrong = (field: string, sentence: string) => errors.push({ field, sentence })
  const plot = book.plots.find((each) => each.id === typed.plot)
  if (!plot) wrong('plot', say(language, 'wrong-plot'))
  else if (!productsOf(book, plot).some((product) => product.gtin === typed.gtin))
    wrong('gtin', say(language, 'wrong-gtin', { crop: cropName(language, plot.crop) }))
  const mass = typedMass(typed.mass)
  if ('wrong' in mass) wrong('mass', massSentence(language, typed.mass, mass))
  const today = book.today()
  if (!isDay(typed.date)) wrong('date', say(language, 'wrong-date'))
  // A clock that knows nothing is no judge of a date that a person confirms.
  else if (!isClockUnknown && typed.date > today) wrong('date', futureSentence(language, today))
  if (isClockUnknown && !typed.isConfirmed) wrong('confirm', say(language, 'wrong-confirm'))
  return {
    harvest: {
      plot: typed.plot,
      gtin: typed.gtin,
      massKg: 'kg' in mass ? mass.kg : Number.NaN,
      harvestedOn: typed.date,
      isDateConfirmed: isClockUnknown && typed.isConfirmed,
      ...(typed.why.trim() === '' ? {} : { why: typed.why.trim() }),
      ...(typed.into === '' ? {} : { intoLot: typed.into }),
    },
    errors,
  }
}

// Where the farm book's own field names stand in the form.
const FIELDS: Readonly<Record<string, string>> = {
  plot: 'plot',
  gtin: 'gtin',
  massKg: 'mass',
  harvestedOn: 'date',
}

/** What the farm book refused, at its field and in the person's language. Undefined: not a refusal but a failure. */
export function refusedHarvest(
  language: Language,
  book: FarmBookDoor,
  typed: HarvestTyped,
  error: unknown,
): { status: number; error: FieldError } | undefined {
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
    case 'input-invalid':
      break
    default:
      return undefined
  }
  const field = FIELDS[error.hint] ?? ''
  const plot = book.plots.find((each) => each.id === typed.plot)
  switch (field) {
    case 'plot':
      return at(400, field, say(language, 'wrong-plot'))
    case 'gtin':
      return at(400, field, say(language, 'wrong-gtin', { crop: cropName(language, plot?.crop ?? '') }))
    case 'mass':
      return at(400, field, say(language, 'wrong-mass-range'))
    case 'date':
      return at(
        400,
        field,
        typed.date > book.today() ? futureSentence(language, book.today()) : say(language, 'wrong-date-old'),
      )
    default:
      return refusedEntry(language, error) ?? at(400, '', say(language, 'wrong-refused'))
  }
}

function massSentence(
  language: Language,
  typed: string,
  mass: Exclude<ReturnType<typeof typedMass>, { kg: number }>,
): string {
  switch (mass.wrong) {
    case 'empty':
      return say(language, 'wrong-mass-empty')
    case 'number':
      return say(language, 'wrong-mass-number', { typed: typed.slice(0, 20) })
    case 'ambiguous':
      return say(language, 'wrong-mass-ambiguous', {
        typed: typed.slice(0, 20),
        whole: mass.whole,
        decimal: kilograms(language, mass.decimal).replace(' kg', ''),
      })
  }
}

const futureSentence = (language: Language, today: string): string =>
  say(language, 'wrong-date-future', { today: writtenDay(today) })

export function isDay(day: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) return false
  const noon = new Date(`${day}T12:00:00Z`)
  return !Number.isNaN(noon.getTime()) && noon.toISOString().startsWith(day)
}
