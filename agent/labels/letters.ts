import {
  ACCENTS,
  CAP_HEIGHT,
  DOT_BELOW,
  DOT_BELOW_WAY,
  HORN,
  HORN_WAY,
  LETTERS,
  SMALL_HEIGHT,
} from './letter-shapes.ts'
import { type Curve, curvesOf, shifted } from './pen.ts'

/** A letter with its marks, on the grid of letter-shapes.ts. */
export interface DrawnLetter {
  readonly advance: number
  readonly curves: readonly Curve[]
  /** Accents and dots below, which keep a thin pen where the letter is bold: ẫ would run together. */
  readonly marks: readonly Curve[]
  /** Highest and lowest place of the pen. */
  readonly top: number
  readonly bottom: number
}

// What a word processor puts in place of a plain sign: the same to whoever reads the label.
const PLAIN: readonly (readonly [RegExp, string])[] = [
  [/[\u2010-\u2015\u2212]/g, '-'],
  [/[\u2018\u2019\u02bc\u2032]/g, "'"],
  [/[\u201c-\u201f\u2033]/g, '"'],
  [/\u2026/g, '...'],
  [/[\u200b-\u200f\u2060\ufeff\u00ad]/g, ''],
  [/\s+/g, ' '],
]

/** Composed, with plain signs and single spaces: what a label can hold of what somebody typed. */
export const plainText = (text: string): string =>
  PLAIN.reduce((said, [odd, plain]) => said.replaceAll(odd, plain), text.normalize('NFC')).trim()

/** A letter and its marks are one: half an ậ is another letter. */
export function lettersOf(text: string): readonly string[] {
  const known = taken.get(text)
  if (known) return known
  const letters = [...segmenter.segment(text)].map(({ segment }) => segment.normalize('NFC'))
  if (taken.size >= MOST_KEPT) taken.clear()
  taken.set(text, letters)
  return letters
}

/** Letters for which there is no drawing, each once. A label with a hole in its text is not printed. */
export const undrawable = (text: string): string[] => [
  ...new Set(lettersOf(plainText(text)).filter((letter) => drawn(letter) === undefined)),
]

/** Undefined for a letter that nobody has drawn. */
export function drawn(letter: string): DrawnLetter | undefined {
  if (!kept.has(letter)) {
    if (kept.size >= MOST_KEPT) kept.clear()
    kept.set(letter, draw(letter))
  }
  return kept.get(letter)
}

const segmenter = new Intl.Segmenter('vi', { granularity: 'grapheme' })
// A label has a few dozen words and letters, asked for at a hundred sizes; what people make up must not fill the memory.
const MOST_KEPT = 1000
const kept = new Map<string, DrawnLetter | undefined>()
const taken = new Map<string, readonly string[]>()

function draw(letter: string): DrawnLetter | undefined {
  const [base = '', ...marks] = letter.normalize('NFD')
  const above = marks.filter((mark) => mark !== DOT_BELOW && mark !== HORN)
  if (above.some((mark) => !ACCENTS[mark]) || above.length > 2) return undefined
  const isDotted = base === 'i' || base === 'j'
  const shape = LETTERS[isDotted ? (base === 'i' ? 'ı' : 'ȷ') : base]
  if (!shape) return undefined
  const [width, way] = shape
  const curves = [...curvesOf(way)]
  const marked: Curve[] = []
  const middle = width / 2
  const top = /[a-zıȷ]/.test(base) && !/[bdfhklđ]/.test(base) ? SMALL_HEIGHT : CAP_HEIGHT
  if (isDotted && above.length === 0) curves.push(...shifted(curvesOf('O 0 17 2 2'), middle, top))
  // The roof first, whatever order it was typed in; then the tone beside it.
  const [first, second] = above.toSorted((a, b) => Number(isTone(a)) - Number(isTone(b)))
  if (first) marked.push(...shifted(curvesOf(ACCENTS[first]?.way ?? ''), middle, top))
  if (second) {
    const { way: tone, beside = [0, 14] } = ACCENTS[second] as {
      way: string
      beside?: readonly [number, number]
    }
    marked.push(...shifted(curvesOf(tone), middle + beside[0], top + beside[1]))
  }
  if (marks.includes(HORN))
    curves.push(...shifted(curvesOf(HORN_WAY), base === 'o' ? width - 13 : width - 8, top))
  if (marks.includes(DOT_BELOW))
    marked.push(...shifted(curvesOf(DOT_BELOW_WAY), middle, /[gjpqy]/.test(base) ? -14 : 0))
  const heights = [...curves, ...marked].flatMap(({ points }) => points.filter((_, index) => index % 2 === 1))
  return {
    advance: width + (marks.includes(HORN) ? 5 : 0),
    ...{ curves, marks: marked },
    ...{ top: Math.max(0, ...heights), bottom: Math.min(0, ...heights) },
  }
}

const isTone = (mark: string): boolean => ACCENTS[mark]?.beside !== undefined
