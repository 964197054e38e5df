import { besideCode } from './beside-code.ts'
import type { LabelDrawing } from './label-drawing.ts'
import { type LabelFacts, type Market, type Statement, statementsOf } from './label-facts.ts'
import { type LabelReason, LabelRefusal } from './label-refusal.ts'
import { type Dpi, dotMmOf, isRoll, type LabelSize } from './label-sizes.ts'
import { plainText, undrawable } from './letters.ts'
import { type Correction, MODULE_AT_LEAST_MM, MODULE_AT_MOST_MM, qrModules } from './qr-code.ts'
import type { Sheet, Wording } from './sheet.ts'
import { setLine } from './text-line.ts'
import { underCode } from './under-code.ts'

export interface LabelWish {
  readonly size: LabelSize
  readonly dpi: Dpi
  readonly market: Market
}

/**
 * How much room is made, step by step: first the letters shrink, then the English name goes, then statements break
 * over lines, then the place goes. A capital of 1.5 mm is the least that is read without glasses.
 */
const STEPS = [
  { goes: [], linesEach: 1, capAtLeastMm: 1.9, isCut: false },
  { goes: ['first'], linesEach: 1, capAtLeastMm: 1.9, isCut: false },
  { goes: [], linesEach: 2, capAtLeastMm: 1.7, isCut: false },
  { goes: ['first'], linesEach: 2, capAtLeastMm: 1.6, isCut: false },
  { goes: ['first'], linesEach: 3, capAtLeastMm: 1.5, isCut: false },
  { goes: ['first', 'second'], linesEach: 3, capAtLeastMm: 1.5, isCut: true },
] as const satisfies readonly (Omit<Wording, 'statements' | 'capDots'> & {
  goes: readonly Statement['goes'][]
  capAtLeastMm: number
})[]

const HUMAN_CAP_MM = 1.5
// From two metres away a larger letter says no more.
const LARGEST_CAP_MM = 5

/**
 * What stands where, for every size and every renderer. Throws LabelRefusal where the label would
 * have to leave out or misspell what has to be there.
 */
export function layoutLabel(facts: LabelFacts, { size, dpi, market }: LabelWish): LabelDrawing {
  if (market === 'china') checkForChina(facts)
  const statements = statementsOf(facts, market).map((each) => ({ ...each, text: plainText(each.text) }))
  const human = [`(01) ${facts.gtin}`, `(10) ${facts.lot}`] as const
  checkLetters([...statements.map(({ text }) => text), ...human])
  const dotMm = dotMmOf(dpi)
  const dots = (mm: number): number => Math.round(mm / dotMm)
  const shorter = Math.min(size.widthMm, size.heightMm ?? size.widthMm)
  const largestCap = dots(Math.min(LARGEST_CAP_MM, shorter * (isRoll(size) ? 0.05 : 0.07)))
  // A tenth of a millimetre is what one sees.
  const step = Math.max(1, dots(0.1))
  const arrange = size.heightMm !== null && size.widthMm > size.heightMm ? besideCode : underCode
  // Level L where the address is too long for M at a module that shops still read.
  for (const correction of ['M', 'L'] as const satisfies readonly Correction[]) {
    const sheet: Sheet = {
      widthDots: Math.floor(size.widthMm / dotMm + 1e-6),
      heightDots: size.heightMm === null ? null : Math.floor(size.heightMm / dotMm + 1e-6),
      marginDots: dots(Math.max(1.5, shorter * 0.03)),
      modules: qrModules(facts.uri, correction),
      moduleAtLeast: Math.ceil(MODULE_AT_LEAST_MM / dotMm - 1e-6),
      moduleAtMost: Math.floor(MODULE_AT_MOST_MM / dotMm + 1e-6),
      capAtLeast: dots(HUMAN_CAP_MM),
      human,
    }
    for (const { goes, capAtLeastMm, ...room } of STEPS) {
      const said = statements.filter((each) => !(goes as readonly string[]).includes(each.goes))
      for (let capDots = largestCap; capDots >= dots(capAtLeastMm); capDots -= step) {
        const arranged = arrange(sheet, { ...room, statements: said, capDots })
        if (!arranged) continue
        const title = [...human, ...said.map(({ text }) => text)].join(', ')
        return { ...arranged, lines: arranged.lines.map(setLine), dotMm, title }
      }
    }
  }
  throw new LabelRefusal('too-small', `The label of lot ${facts.lot} does not fit ${size.name}.`, {
    hint: 'Take a larger label, or a shorter public address at the province.',
    facts: { size: size.name },
  })
}

function checkForChina({ productEn, growingArea, packingHouse }: LabelFacts): void {
  const lacks = (reason: LabelReason, what: string, hint: string): LabelRefusal =>
    new LabelRefusal(reason, `A label for China needs ${what}.`, { hint })
  if (productEn === '')
    throw lacks('lacks-english', 'the English name of the product', 'The province sets it with the GTIN.')
  if (growingArea === '')
    throw lacks(
      'lacks-area',
      'the code of the growing area',
      'The province ties the code to the GTIN before the harvest.',
    )
  if (packingHouse === '')
    throw lacks(
      'lacks-house',
      'the code of the packing house',
      'Record the packing first, and print the label of the packed lot.',
    )
}

function checkLetters(texts: readonly string[]): void {
  const odd = undrawable(texts.join(' ')).slice(0, 5).join(' ')
  if (odd === '') return
  throw new LabelRefusal('letters', `The label has letters that can not be printed: ${odd}`, {
    hint: 'Names on labels are written in Vietnamese or English letters: ask the province to change the name.',
    facts: { letters: odd },
  })
}
