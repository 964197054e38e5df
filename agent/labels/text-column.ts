import type { Wording } from './sheet.ts'
import { firstLines, inkOf, type PlacedLine, pitchOf, type Script, textWidth, wrapText } from './text-line.ts'

/** The bottom of a column on a roll. */
export const ENDLESS = Number.MAX_SAFE_INTEGER

/** Where a column stands, in dots. */
export interface Column {
  readonly x: number
  readonly width: number
  readonly top: number
  readonly bottom: number
  readonly isCentred: boolean
  /** GTIN and lot, together, where they belong into this column. */
  readonly human?: { readonly at: 'top' | 'end'; readonly texts: readonly string[] }
}

// The product is what is looked for on a shelf.
const PRODUCT_CAP = 1.35
// Beyond this air between two statements they no longer belong together.
const MOST_AIR = 0.8
// On paper without end there is as much as looks right.
const ENDLESS_AIR = 0.3

interface Placed {
  readonly text: string
  readonly script: Script
  /** From the baseline before. */
  readonly pitch: number
  readonly opens: boolean
}

/** Sets statements one under the other, with the air that is left between them; undefined where they don't fit. */
export function columnOf(
  wording: Wording,
  column: Column,
): { lines: PlacedLine[]; bottom: number } | undefined {
  const placed = broken(wording, column)
  if (!placed) return undefined
  const [first] = placed
  const last = placed.at(-1)
  if (!first || !last) return { lines: [], bottom: column.top }
  const start = column.top + inkOf(first.text, first.script).rise
  const height = placed.slice(1).reduce((sum, { pitch }) => sum + pitch, 0)
  const left = column.bottom - (start + height + inkOf(last.text, last.script).drop)
  if (left < 0) return undefined
  const openings = placed.filter(({ opens }) => opens).length - 1
  const most = column.bottom === ENDLESS ? ENDLESS_AIR : MOST_AIR
  const air = Math.min(left / Math.max(1, openings), wording.capDots * most)
  let y = start
  const lines = placed.map(({ text, script, pitch, opens }, index) => {
    if (index > 0) y += pitch + (opens ? Math.floor(air) : 0)
    const spare = column.isCentred ? Math.floor((column.width - textWidth(text, script)) / 2) : 0
    return { text, script, x: column.x + spare, y }
  })
  return { lines, bottom: y + inkOf(last.text, last.script).drop }
}

function broken(
  { statements, capDots, linesEach, isCut }: Wording,
  { width, human }: Column,
): Placed[] | undefined {
  const placed: Placed[] = []
  const add = (lines: readonly string[], script: Script): void => {
    for (const [index, text] of lines.entries()) {
      const before = placed.at(-1)
      const pitch = before ? pitchOf(before.text, before.script, text, script) : 0
      placed.push({ text, script, pitch, opens: index === 0 })
    }
  }
  const plain: Script = { capDots, isBold: false }
  const [gtin = [], lot = []] = (human?.texts ?? []).map((text) => wrapText(text, width, plain))
  // Digits of a GTIN that are torn apart are typed in wrongly.
  if (gtin.length > 1 || lot.length > 2) return undefined
  if (human?.at === 'top') add([...gtin, ...lot], plain)
  for (const { text, isProduct, breaks } of statements) {
    const script = isProduct ? { capDots: Math.round(capDots * PRODUCT_CAP), isBold: true } : plain
    const atMost = linesEach + (isProduct ? 2 : breaks ? 1 : 0)
    const lines = wrapText(text, width, script)
    if (lines.length > atMost && !(isCut && isProduct)) return undefined
    add(firstLines(lines, atMost, width, script), script)
  }
  if (human?.at === 'end') add([...gtin, ...lot], plain)
  return placed
}
