import { QUIET_MODULES } from './qr-code.ts'
import { type Arranged, moduleFor, type Sheet, sideModules, type Wording } from './sheet.ts'
import { columnOf, ENDLESS } from './text-column.ts'

/**
 * A label that is higher than wide, and one from a roll: the product, the code, GTIN and lot, then the rest, in the
 * middle. A roll is cut where it ends.
 */
export function underCode(sheet: Sheet, wording: Wording): Arranged | undefined {
  const { widthDots, marginDots, modules } = sheet
  const across = { x: marginDots, width: widthDots - 2 * marginDots, isCentred: true }
  const [products, others] = [true, false].map((is) =>
    wording.statements.filter((each) => each.isProduct === is),
  )
  const product = columnOf(
    { ...wording, statements: products ?? [] },
    { ...across, top: marginDots, bottom: ENDLESS },
  )
  const module = moduleFor(sheet, widthDots)
  if (!product || module === undefined) return undefined
  const side = module * sideModules(modules)
  const rest = columnOf(
    { ...wording, statements: others ?? [] },
    {
      ...across,
      top: product.bottom + side,
      bottom: sheet.heightDots === null ? ENDLESS : sheet.heightDots - marginDots,
      human: { at: 'top', texts: sheet.human },
    },
  )
  if (!rest) return undefined
  const quiet = QUIET_MODULES * module
  const code = {
    modules,
    x: Math.floor((widthDots - side) / 2) + quiet,
    y: product.bottom + quiet,
    moduleDots: module,
  }
  // A knife cuts a little early or late.
  const heightDots = sheet.heightDots ?? rest.bottom + wording.capDots
  return { widthDots, heightDots, code, lines: [...product.lines, ...rest.lines] }
}
