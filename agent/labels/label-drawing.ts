import type { Bitmap } from './bitmap.ts'
import type { TextLine } from './text-line.ts'

/** A label laid out for one print head: everything is in whole dots, nothing is scaled afterwards. */
export interface LabelDrawing {
  readonly widthDots: number
  readonly heightDots: number
  readonly dotMm: number
  readonly code: CodeDrawing
  readonly lines: readonly TextLine[]
  /** What it is, for those who can't see it. */
  readonly title: string
}

export interface CodeDrawing {
  readonly modules: readonly (readonly boolean[])[]
  /** Of the first module, inside the quiet zone. */
  readonly x: number
  readonly y: number
  readonly moduleDots: number
}

/** The black runs of a code, row by row, in modules. */
export function* runsOf({
  modules,
}: CodeDrawing): Generator<{ column: number; row: number; length: number }> {
  for (const [row, cells] of modules.entries())
    for (let column = 0; column < cells.length; column++) {
      if (!cells[column]) continue
      const start = column
      while (cells[column + 1]) column++
      yield { column: start, row, length: column - start + 1 }
    }
}

/** Every straight piece that the pens draw, in dots; a dot is a piece of no length. */
export function* penStrokes(
  lines: readonly TextLine[],
): Generator<{ readonly widthDots: number; readonly way: readonly number[] }> {
  for (const { strokes } of lines)
    for (const { widthDots, ways } of strokes) for (const way of ways) yield { widthDots, way }
}

export function drawOn(bitmap: Bitmap, { code, lines }: LabelDrawing): void {
  for (const { column, row, length } of runsOf(code))
    for (let each = 0; each < length; each++)
      bitmap.square(
        code.x + (column + each) * code.moduleDots,
        code.y + row * code.moduleDots,
        code.moduleDots,
      )
  for (const { widthDots, way } of penStrokes(lines))
    for (let at = 0; at < way.length; at += 2) {
      const [x0 = 0, y0 = 0, x1 = x0, y1 = y0] = way.slice(at, at + 4)
      if (at === 0 || at + 2 < way.length) bitmap.line(x0, y0, x1, y1, widthDots)
    }
}
