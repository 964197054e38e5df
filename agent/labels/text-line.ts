import { CAP_HEIGHT } from './letter-shapes.ts'
import { type DrawnLetter, drawn, lettersOf } from './letters.ts'
import type { Curve } from './pen.ts'

/** How text is written, in dots of the printer. */
export interface Script {
  /** Height of a capital. */
  readonly capDots: number
  readonly isBold: boolean
}

/** A line and where it stands. */
export interface PlacedLine {
  readonly text: string
  readonly script: Script
  readonly x: number
  /** Of the baseline, downwards. */
  readonly y: number
}

/** One line of text ready for any renderer: ways of a pen in dots. */
export interface TextLine {
  readonly text: string
  readonly x: number
  readonly y: number
  readonly widthDots: number
  readonly capDots: number
  readonly isBold: boolean
  readonly strokes: readonly Stroke[]
}

/** A pen so many dots thick, with round ends, and its ways: each x0, y0, x1, y1, .. from the label's top left corner. */
export interface Stroke {
  readonly widthDots: number
  readonly ways: readonly (readonly number[])[]
}

// A pen of an eighth of the capital is what road signs use; below two dots a thermal head prints holes.
const strokeOf = ({ capDots, isBold }: Script): number =>
  Math.max(2, Math.round(capDots * (isBold ? 0.19 : 0.13)))

// A thick pen needs more room between the letters.
const BOLD_ROOM = 5

/** How far the ink of a line reaches above and below its baseline. */
export function inkOf(text: string, script: Script): { rise: number; drop: number } {
  const shapes = lettersOf(text).map(drawn)
  const scale = script.capDots / CAP_HEIGHT
  const half = Math.ceil(strokeOf(script) / 2)
  return {
    rise: Math.ceil(Math.max(0, ...shapes.map((shape) => shape?.top ?? 0)) * scale) + half,
    drop: Math.ceil(-Math.min(0, ...shapes.map((shape) => shape?.bottom ?? 0)) * scale) + half,
  }
}

/** From one baseline to the next: as books do it, or more where an Ẵ stands under a g. */
export function pitchOf(above: string, aboveScript: Script, below: string, script: Script): number {
  const free = Math.max(2, Math.round(script.capDots * 0.1))
  const needed = inkOf(above, aboveScript).drop + inkOf(below, script).rise + free
  return Math.max(Math.round(Math.max(script.capDots, aboveScript.capDots) * 1.65), needed)
}

export const textWidth = (text: string, script: Script): number => widthOf(lettersOf(text), script)

/** `text` must be drawable: see undrawable(). */
export function setLine({ text, x, y, script }: PlacedLine): TextLine {
  const scale = script.capDots / CAP_HEIGHT
  const letterPen = { widthDots: strokeOf(script), ways: [] as number[][] }
  const markPen = { widthDots: strokeOf({ ...script, isBold: false }), ways: [] as number[][] }
  let pen = x
  for (const letter of lettersOf(text)) {
    const shape = drawn(letter)
    letterPen.ways.push(...onDots(shape?.curves ?? [], pen, y, scale, letterPen.widthDots))
    markPen.ways.push(...onDots(shape?.marks ?? [], pen, y, scale, markPen.widthDots))
    pen += advanceOf(shape, script)
  }
  return { text, x, y, widthDots: pen - x, ...script, strokes: [letterPen, markPen] }
}

/** Words on lines no wider than `room` dots. A word that is wider is broken, never cut. */
export function wrapText(text: string, room: number, script: Script): string[] {
  const space = widthOf([' '], script)
  const lines: string[] = []
  let line = ''
  let width = 0
  const end = (): void => {
    if (line !== '') lines.push(line)
    line = ''
    width = 0
  }
  for (const word of text.split(' ').filter(Boolean)) {
    const letters = lettersOf(word)
    const wordWidth = widthOf(letters, script)
    if (line !== '' && width + space + wordWidth > room) end()
    if (wordWidth <= room) {
      line += line === '' ? word : ` ${word}`
      width += (line === word ? 0 : space) + wordWidth
      continue
    }
    for (const letter of letters) {
      const advance = widthOf([letter], script)
      if (width + advance > room) end()
      line += letter
      width += advance
    }
  }
  end()
  return withoutOrphan(lines, room, script)
}

/** "grade | 1" is read as a slip: the last word of the line before comes down with it. */
function withoutOrphan(lines: readonly string[], room: number, script: Script): string[] {
  const [before = '', last = ''] = lines.slice(-2)
  const at = before.lastIndexOf(' ')
  if (lines.length < 2 || at < 0 || last.length > 2) return [...lines]
  const moved = `${before.slice(at + 1)} ${last}`
  return textWidth(moved, script) > room ? [...lines] : [...lines.slice(0, -2), before.slice(0, at), moved]
}

/** The first lines; where there were more, the last one ends in "...", between letters. */
export function firstLines(lines: readonly string[], atMost: number, room: number, script: Script): string[] {
  if (lines.length <= atMost) return [...lines]
  let last = lettersOf(lines[atMost - 1] ?? '')
  while (last.length > 1 && textWidth(`${last.join('')}...`, script) > room) last = last.slice(0, -1)
  return [...lines.slice(0, atMost - 1), `${last.join('').trimEnd()}...`]
}

const widthOf = (letters: readonly string[], script: Script): number =>
  letters.reduce((sum, letter) => sum + advanceOf(drawn(letter), script), 0)

const advanceOf = (shape: DrawnLetter | undefined, { capDots, isBold }: Script): number =>
  Math.round((((shape?.advance ?? 0) + (isBold ? BOLD_ROOM : 0)) * capDots) / CAP_HEIGHT)

/**
 * The pen's ways over the printer's dots. Stems, bars and turns are lined up with whole dots, so that each is as thick
 * as its neighbour; what is between them follows.
 */
function onDots(
  curves: readonly Curve[],
  x: number,
  y: number,
  scale: number,
  strokeDots: number,
): number[][] {
  // A pen of three dots has its middle in a dot, one of two between two dots.
  const middle = strokeDots % 2 === 0 ? 0 : 0.5
  const acrossX = lineUp(
    curves.flatMap(({ keysX }) => keysX),
    scale,
    middle,
  )
  const acrossY = lineUp(
    curves.flatMap(({ keysY }) => keysY),
    scale,
    middle,
  )
  return curves.map(({ points }) =>
    points.map((value, index) => (index % 2 === 0 ? x + acrossX(value) : y - acrossY(value))),
  )
}

function lineUp(keys: readonly number[], scale: number, middle: number): (value: number) => number {
  const sorted = [...new Set(keys)].sort((a, b) => a - b)
  const snapped = sorted.map((key) => Math.round(key * scale - middle) + middle)
  return (value) => {
    const after = sorted.findIndex((key) => key >= value)
    if (sorted.length === 0) return value * scale
    if (after === 0) return (snapped[0] ?? 0) + (value - (sorted[0] ?? 0)) * scale
    if (after < 0) return (snapped.at(-1) ?? 0) + (value - (sorted.at(-1) ?? 0)) * scale
    const [low = 0, high = 0] = [sorted[after - 1], sorted[after]]
    const [from = 0, to = 0] = [snapped[after - 1], snapped[after]]
    return from + ((value - low) / (high - low)) * (to - from)
  }
}
