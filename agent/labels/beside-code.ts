import { QUIET_MODULES } from './qr-code.ts'
import { type Arranged, moduleFor, type Sheet, sideModules, type Wording } from './sheet.ts'
import { columnOf } from './text-column.ts'
import { inkOf, type PlacedLine, pitchOf, type Script, textWidth } from './text-line.ts'

/**
 * A label that is wider than high:
 *
 *   ▓▓▓▓▓▓  product
 *   ▓▓▓▓▓▓  what, where, when
 *   ▓▓▓▓▓▓
 *   (01) GTIN (10) lot
 *
 * Where a long address makes the code as high as the label, GTIN and lot stand below the words.
 */
export function besideCode(sheet: Sheet, wording: Wording): Arranged | undefined {
  return arrange(sheet, wording, true) ?? arrange(sheet, wording, false)
}

// The code gets up to so much of the width; the words need the rest.
const CODE_SHARE = 0.45
const LETTER_SLIP = 0.2

function arrange(sheet: Sheet, wording: Wording, isHumanBelow: boolean): Arranged | undefined {
  const { widthDots, marginDots, modules } = sheet
  const heightDots = sheet.heightDots ?? 0
  const human = isHumanBelow ? humanBelow(sheet, wording.capDots, heightDots) : { lines: [], top: heightDots }
  if (!human) return undefined
  const smallest = sheet.moduleAtLeast * sideModules(modules)
  const module = moduleFor(sheet, Math.min(human.top, Math.max(smallest, widthDots * CODE_SHARE)))
  if (module === undefined) return undefined
  const side = module * sideModules(modules)
  // An Đ or ầ begins a little before its place.
  const left = side + Math.ceil(wording.capDots * LETTER_SLIP)
  const column = columnOf(wording, {
    x: left,
    top: Math.round(marginDots * 0.75),
    width: widthDots - marginDots - left,
    bottom: isHumanBelow ? human.top : heightDots - marginDots,
    isCentred: false,
    ...(isHumanBelow ? {} : { human: { at: 'end', texts: sheet.human } }),
  })
  if (!column) return undefined
  const quiet = QUIET_MODULES * module
  // A code that is lower than its room stands in the middle of it.
  const y = quiet + Math.floor((human.top - side) / 2)
  return {
    widthDots,
    heightDots,
    code: { modules, x: quiet, y, moduleDots: module },
    lines: [...column.lines, ...human.lines],
  }
}

/** GTIN and lot on one line where it is wide enough, else on two; `top` is where the code has to end. */
function humanBelow(
  sheet: Sheet,
  capDots: number,
  heightDots: number,
): { lines: PlacedLine[]; top: number } | undefined {
  const { widthDots, marginDots, capAtLeast } = sheet
  const room = widthDots - 2 * marginDots
  const [gtin, lot] = sheet.human
  for (const lines of [[`${gtin} ${lot}`], [gtin, lot]])
    for (let cap = capDots; cap >= capAtLeast; cap--) {
      const script: Script = { capDots: cap, isBold: false }
      if (lines.some((line) => textWidth(line, script) > room)) continue
      const [first = '', second = first] = lines
      const end = heightDots - Math.round(marginDots / 2) - inkOf(second, script).drop
      const start = lines.length === 1 ? end : end - pitchOf(first, script, second, script)
      return {
        lines: lines.map((text, index) => ({ text, script, x: marginDots, y: index === 0 ? start : end })),
        top: start - inkOf(first, script).rise - Math.ceil(cap * 0.6),
      }
    }
  return undefined
}
