import { describe, expect, test } from 'vitest'
import type { LabelDrawing } from '../../../agent/labels/label-drawing.ts'
import { type LABEL_FORMATS, labelFile, MOST_COPIES } from '../../../agent/labels/label-file.ts'
import { layoutLabel } from '../../../agent/labels/label-layout.ts'
import {
  DPIS,
  type Dpi,
  dotMmOf,
  isPrintable,
  isRoll,
  LABEL_SIZES,
  type LabelSize,
  PRINTER_LANGUAGES,
} from '../../../agent/labels/label-sizes.ts'
import { svgOf } from '../../../agent/labels/svg.ts'
import { readDots } from '../../world/read-label.ts'
import { factsOf, sizeNamed } from './lot-label.ts'
import {
  cutOut,
  escposPrints,
  type Pixels,
  pdfPage,
  picturePixels,
  svgPixels,
  tsplPrints,
  zplPrints,
} from './printed-pixels.ts'

const facts = factsOf()
const drawings = new Map<string, LabelDrawing>()
const drawingOf = (size: LabelSize, dpi: Dpi): LabelDrawing => {
  const key = `${size.name} ${dpi}`
  const drawing = drawings.get(key) ?? layoutLabel(facts, { size, dpi, market: 'home' })
  drawings.set(key, drawing)
  return drawing
}
const fileOf = (size: LabelSize, dpi: Dpi, format: (typeof LABEL_FORMATS)[number], copies = 1) =>
  labelFile(drawingOf(size, dpi), format, { size, dpi, copies, gapMm: 2 })
// A scanner that sees three or four dots of a module has seen it, and is done sooner.
const zoomOf = (size: LabelSize, dpi: Dpi): number => Math.min(1, 3.5 / drawingOf(size, dpi).code.moduleDots)

const scanned = (pixels: Pixels, size: LabelSize, dpi: Dpi): Promise<string[]> => {
  const { x, y, moduleDots, modules } = drawingOf(size, dpi).code
  const quiet = 4 * moduleDots
  const code = cutOut(pixels, x - quiet, y - quiet, (modules.length + 8) * moduleDots)
  return readDots(code, zoomOf(size, dpi))
}

const prints = (
  size: LabelSize,
  dpi: Dpi,
  language: (typeof PRINTER_LANGUAGES)[number],
  copies = 1,
): Pixels[] => {
  const { bytes } = fileOf(size, dpi, language, copies)
  if (language === 'zpl') return zplPrints(bytes)
  return language === 'tspl' ? tsplPrints(bytes, 1 / dotMmOf(dpi)) : escposPrints(bytes)
}

const offered = LABEL_SIZES.flatMap((size) =>
  DPIS.flatMap((dpi) => {
    const languages = PRINTER_LANGUAGES.filter((language) => isPrintable(language, size, dpi))
    return languages.length > 0 ? [{ size, dpi, languages, name: `${size.name} at ${dpi} dpi` }] : []
  }),
)

describe('a label for every printer', () => {
  test.each(offered)(
    '$name is read back from its dots as the lot’s link, in each language',
    async ({ size, dpi, languages }) => {
      // A head of 600 dpi makes pictures of a megabyte: there ZPL is scanned, and the smallest label stands for the others.
      const isFine = dpi === 600
      const zpl = isFine ? prints(size, dpi, 'zpl')[0] : undefined
      const seen = zpl ?? (await picturePixels(fileOf(size, dpi, 'png').bytes))
      expect(await scanned(seen, size, dpi)).toEqual([facts.uri])
      for (const language of isFine && size.name !== '50x30' ? [] : languages) {
        const [printed] = prints(size, dpi, language)
        expect(printed?.height).toBe(seen.height)
        // A row of ESC/POS is whole bytes wide: what is beyond is white.
        expect(sameInk(printed as Pixels, seen), language).toBe(true)
      }
    },
  )

  test.each(LABEL_SIZES)(
    '$name as SVG and as PDF is read back too, and is as large as it says',
    async (size) => {
      const svg = new TextDecoder().decode(fileOf(size, 203, 'svg').bytes)
      expect(await scanned(await svgPixels(svg), size, 203)).toEqual([facts.uri])
      expect(svg).toContain(`width="${size.widthMm}mm"`)
      expect(svg).not.toContain('<text')
      const page = pdfPage(fileOf(size, 203, 'pdf').bytes, dotMmOf(203))
      expect(await scanned(page, size, 203)).toEqual([facts.uri])
      expect(page.widthMm).toBeCloseTo(size.widthMm, 2)
      expect(page.heightMm).toBeCloseTo(size.heightMm ?? drawingOf(size, 203).heightDots / 8, 2)
      expect(page.title).toContain('Thanh long ruột đỏ loại 1')
      // The vectors lie where the dots lie: hardly one in a hundred differs, at the edge of a letter.
      const dots = await picturePixels(fileOf(size, 203, 'png').bytes)
      const different = dots.dots.filter((dot, at) => dot !== page.dots[at]).length
      expect(different / dots.dots.filter(Boolean).length).toBeLessThan(0.01)
    },
  )

  test('what people write is escaped', () => {
    const odd = factsOf({ productVi: '<b>"Xoài" & \'Ổi\'' })
    const drawing = layoutLabel(odd, { size: sizeNamed('100x70'), dpi: 203, market: 'home' })
    const svg = svgOf(drawing)
    expect(svg).not.toContain('<b>')
    expect(svg).toContain('&#60;b&#62;&#34;Xoài&#34; &#38; &#39;Ổi&#39;')
  })

  test('a module is a whole number of dots and no smaller than a shop’s scanner asks for', () => {
    for (const { size, dpi } of offered) {
      const { code, dotMm } = drawingOf(size, dpi)
      expect(Number.isInteger(code.moduleDots) && Number.isInteger(code.x) && Number.isInteger(code.y)).toBe(
        true,
      )
      expect(code.moduleDots * dotMm).toBeGreaterThanOrEqual(0.396)
      expect(code.moduleDots * dotMm).toBeLessThanOrEqual(0.99)
    }
  })

  test('a phone that holds it askew and far away reads it still', async () => {
    const { default: sharp } = await import('sharp')
    const photo = await sharp(fileOf(sizeNamed('60x40'), 203, 'png').bytes)
      .rotate(7, { background: '#fff' })
      .blur(1.2)
      .png()
      .toBuffer()
    expect(await readDots(await picturePixels(photo))).toEqual([facts.uri])
  })

  test.each([
    ['zpl', '60x40'],
    ['tspl', '60x40'],
    ['escpos', 'roll58'],
  ] as const)('%s prints as many copies as were asked for, all alike', async (language, name) => {
    const printed = prints(sizeNamed(name), 203, language, 3)
    expect(printed).toHaveLength(3)
    expect(sameInk(printed[0] as Pixels, printed[2] as Pixels)).toBe(true)
    expect(await readDots(printed[2] as Pixels)).toEqual([facts.uri])
  })

  test.each([0, -1, 1.5, Number.NaN, MOST_COPIES + 1])('%s copies are refused', (copies) => {
    expect(() => fileOf(sizeNamed('60x40'), 203, 'zpl', copies)).toThrow(
      expect.objectContaining({ code: 'input-invalid', hint: `From 1 to ${MOST_COPIES}.` }),
    )
  })

  test('what no such printer prints is refused with what it prints', () => {
    expect(() => fileOf(sizeNamed('60x40'), 203, 'escpos')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('roll58') }),
    )
    expect(() => fileOf(sizeNamed('roll58'), 203, 'tspl')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('50x30') }),
    )
    expect(() => fileOf(sizeNamed('roll80'), 300, 'escpos')).toThrow(
      expect.objectContaining({ code: 'input-invalid' }),
    )
    expect(LABEL_SIZES.filter(isRoll).map(({ name }) => name)).toEqual(['roll58', 'roll80'])
  })

  test('ZPL abbreviates: a shipping label at 600 dpi stays below 200 kB', () => {
    expect(fileOf(sizeNamed('100x150'), 600, 'zpl').bytes.length).toBeLessThan(200_000)
  })
})

function sameInk(one: Pixels, other: Pixels): boolean {
  if (one.width === other.width) return Buffer.compare(one.dots, other.dots) === 0
  const width = Math.max(one.width, other.width)
  const at = ({ width: own, dots }: Pixels, x: number, y: number): number =>
    x < own ? (dots[y * own + x] ?? 0) : 0
  for (let y = 0; y < one.height; y++)
    for (let x = 0; x < width; x++) if (at(one, x, y) !== at(other, x, y)) return false
  return true
}
