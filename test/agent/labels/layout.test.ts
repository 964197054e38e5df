import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Bitmap } from '../../../agent/labels/bitmap.ts'
import { drawOn, type LabelDrawing } from '../../../agent/labels/label-drawing.ts'
import type { LabelFacts, Market } from '../../../agent/labels/label-facts.ts'
import { layoutLabel } from '../../../agent/labels/label-layout.ts'
import { LABEL_SIZES } from '../../../agent/labels/label-sizes.ts'
import { drawn, plainText, undrawable } from '../../../agent/labels/letters.ts'
import { setLine, textWidth, wrapText } from '../../../agent/labels/text-line.ts'
import { readDots } from '../../world/read-label.ts'
import { factsOf, sizeNamed } from './lot-label.ts'

const layout = (
  facts: LabelFacts,
  size: string,
  market: Market = 'home',
  dpi: 203 | 300 = 203,
): LabelDrawing => layoutLabel(facts, { size: sizeNamed(size), dpi, market })

const wordsOf = ({ lines }: LabelDrawing): string => lines.map(({ text }) => text).join(' ')

/** The dots that a label's parts blacken, each part by itself. */
function inkOf(drawing: LabelDrawing): { code: boolean; dots: [number, number][] }[] {
  const { lines, code } = drawing
  const parts = [
    { ...drawing, lines: [] },
    ...lines.map((line) => ({ ...drawing, lines: [line], code: { ...code, modules: [] } })),
  ]
  return parts.map((part, index) => {
    // A frame around it: what would be cut off is seen.
    const frame = 40
    const bitmap = new Bitmap(drawing.widthDots + 2 * frame, drawing.heightDots + 2 * frame)
    drawOn(bitmap, {
      ...part,
      code: { ...part.code, x: part.code.x + frame, y: part.code.y + frame },
      lines: part.lines.map(({ text, x, y, capDots, isBold }) =>
        setLine({ text, x: x + frame, y: y + frame, script: { capDots, isBold } }),
      ),
    })
    const dots: [number, number][] = []
    for (const [at, byte] of bitmap.bytes.entries()) {
      // Most of it is white.
      if (byte === 0) continue
      const [x, y] = [(at % bitmap.rowBytes) * 8, Math.floor(at / bitmap.rowBytes)]
      for (let bit = 0; bit < 8; bit++)
        if (bitmap.isBlack(x + bit, y)) dots.push([x + bit - frame, y - frame])
    }
    return { code: index === 0, dots }
  })
}

/** Nothing is cut, nothing runs into anything else, and the code stands free. */
function expectClean(drawing: LabelDrawing): void {
  const { widthDots, heightDots, code } = drawing
  const quiet = 4 * code.moduleDots
  const side = code.modules.length * code.moduleDots
  const taken = new Map<number, number>()
  for (const [part, { code: isCode, dots }] of inkOf(drawing).entries())
    for (const [x, y] of dots) {
      if (x < 4 || y < 4 || x >= widthDots - 4 || y >= heightDots - 4)
        throw new Error(`part ${part} is at the edge: ${x}, ${y}`)
      const isNear =
        x >= code.x - quiet && x < code.x + side + quiet && y >= code.y - quiet && y < code.y + side + quiet
      if (!isCode && isNear)
        throw new Error(`line ${part} is in the quiet zone: ${drawing.lines[part - 1]?.text}`)
      const before = taken.get(y * widthDots + x)
      if (before !== undefined)
        throw new Error(`${drawing.lines[before - 1]?.text} runs into ${drawing.lines[part - 1]?.text}`)
      taken.set(y * widthDots + x, part)
    }
  expect(code.x).toBeGreaterThanOrEqual(quiet)
  expect(code.y).toBeGreaterThanOrEqual(quiet)
}

const LONG_URL = 'https://truyxuatnguongoc.sonongnghiep.lamdong.example.gov.vn'
const CASES: [name: string, facts: Parameters<typeof factsOf>[0]][] = [
  ['as usual', {}],
  ['with a long address', { publicUrl: LONG_URL }],
  ['with a lot of twenty characters', { lot: 'ABCDEFGHIJKLMNOPQRST', publicUrl: 'https://vuon.example' }],
  [
    'with a long name',
    { productVi: 'Sầu riêng Ri6 loại 1, thùng 10 kg, đóng gói tại vườn Ẵ', growingArea: '' },
  ],
  ['with a name of one endless word', { productVi: 'NGHIÊNGƯỠNGQUẢNGBÌNHMWMWMWMW', productEn: '' }],
  [
    'of a box in a village with a long name',
    { place: 'Xã Bàu Hàm Thuận Nam Đông, tỉnh Lâm Đồng', packingHouse: '' },
  ],
]

describe.each(LABEL_SIZES)('a label $name', ({ name }) => {
  // Each arrangement has one size where it is narrowest, and one where it is widest.
  const cases = ['50x30', '100x70', 'roll58'].includes(name) ? CASES : CASES.slice(0, 2)
  test.each(cases)('%s has nothing cut and nothing overlapping', (_, wishes) => {
    const facts = factsOf(wishes)
    const drawing = layout(facts, name)
    expectClean(drawing)
    const words = wordsOf(drawing).replaceAll(' ', '')
    for (const part of [
      `(01)${facts.gtin}`,
      `(10)${facts.lot}`,
      'Thuhoạch23/11/2026',
      '1.412,5kg',
      facts.growingArea,
      facts.packingHouse,
    ])
      expect(words).toContain(part)
    // 1.5 mm is the smallest that people read.
    for (const { capDots } of drawing.lines) expect(capDots).toBeGreaterThanOrEqual(12)
  })
})

describe('what stands on a label', () => {
  test('is the whole of it where there is room', () => {
    expect(wordsOf(layout(factsOf(), '100x70'))).toBe(
      [
        'Thanh long ruột đỏ loại 1',
        'Red-fleshed dragon fruit, grade 1',
        'Hàm Thạnh, Lâm Đồng',
        'Thu hoạch 23/11/2026',
        '1.412,5 kg',
        'Vùng trồng VN-LDOR-0042',
        'Đóng gói VN-LDPH-0007',
        '(01) 09521234543213 (10) B0X126112300N',
      ].join(' '),
    )
  })

  test('of fruit whose harvest nobody here knows is the day of its packing, and says so', () => {
    const bought = factsOf({ isDayOf: 'packing' })
    expect(wordsOf(layout(bought, '100x70'))).toContain('Ngày đóng gói 23/11/2026')
    expect(wordsOf(layout(bought, '100x150', 'china'))).toContain('Ngày đóng gói / packed 23/11/2026')
    expect(wordsOf(layout(bought, '100x70'))).not.toContain('Thu hoạch')
  })

  test('where it is small, the English name goes first, never the date, the mass or a code', () => {
    const words = wordsOf(layout(factsOf(), '50x30'))
    expect(words).not.toContain('dragon fruit')
    expect(words).toContain('Hàm Thạnh')
  })

  test('a code stands free and is read even where a long address leaves it no room above GTIN and lot', async () => {
    const facts = factsOf({
      publicUrl: `${LONG_URL}/vuon-trai-cay/tra-cuu`,
      lot: 'ABCDEFGHIJKLMNOPQRST',
      packingHouse: '',
    })
    const drawing = layout(facts, '60x40')
    expectClean(drawing)
    const bitmap = new Bitmap(drawing.widthDots, drawing.heightDots)
    drawOn(bitmap, drawing)
    const dots = Uint8Array.from({ length: bitmap.width * bitmap.height }, (_, at) =>
      bitmap.isBlack(at % bitmap.width, Math.floor(at / bitmap.width)) ? 1 : 0,
    )
    expect(await readDots({ width: bitmap.width, height: bitmap.height, dots })).toEqual([facts.uri])
  })

  test('a link that no code of this size holds is refused with what to do', () => {
    const facts = factsOf({ publicUrl: `https://${'a'.repeat(60)}.example/${'b'.repeat(200)}` })
    expect(() => layout(facts, '50x30')).toThrow(
      expect.objectContaining({ code: 'input-invalid', hint: expect.stringContaining('larger label') }),
    )
  })

  test('a GTIN whose check digit is wrong does not get on a label', () => {
    const uri = 'https://vuon.example/01/09521234543214/10/B0X126112300N'
    expect(() => layout({ ...factsOf(), uri }, '60x40')).toThrow(
      expect.objectContaining({ code: 'input-invalid' }),
    )
  })

  test('a name in letters that nobody drew is refused and names them, rather than printed with holes', () => {
    expect(() => layout(factsOf({ productVi: 'Thanh long 火龙果' }), '60x40')).toThrow(
      expect.objectContaining({ code: 'input-invalid', message: expect.stringContaining('火 龙 果') }),
    )
  })

  test('what a word processor put there is written plainly', () => {
    const words = wordsOf(layout(factsOf({ productVi: 'Xoài\u00a0“cát” – loại\u200b 1…' }), '100x70'))
    expect(words).toContain('Xoài "cát" - loại 1...')
  })
})

describe('a label for China', () => {
  test.each(['70x50', '100x70', '100x150', 'roll80'])(
    '%s has the fruit, the country, orchard, packing house and the line',
    (size) => {
      const drawing = layout(factsOf(), size, 'china')
      expectClean(drawing)
      for (const part of [
        'Red-fleshed dragon fruit, grade 1',
        'Product of Viet Nam',
        'Orchard: VN-LDOR-0042',
        'Packing house: VN-LDPH-0007',
        "Exported to the People's Republic of China",
      ])
        expect(wordsOf(drawing)).toContain(part)
    },
  )

  test.each<[string, Partial<LabelFacts>]>([
    ['the English name of the product', { productEn: '' }],
    ['the code of the growing area', { growingArea: '' }],
    ['the code of the packing house', { packingHouse: '' }],
  ])('without %s is refused and says what is missing', (what, lack) => {
    expect(() => layout(factsOf(lack), '100x70', 'china')).toThrow(
      expect.objectContaining({ code: 'input-invalid', message: `A label for China needs ${what}.` }),
    )
  })

  test('that is too small for the lines is refused, for a box without them is turned back', () => {
    expect(() => layout(factsOf({ lot: 'ABCDEFGHIJKLMNOPQRST' }), '50x30', 'china')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('larger label') }),
    )
  })
})

describe('letters', () => {
  const VIETNAMESE =
    'aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵfjwz'

  test('of Vietnamese are all drawn, small and capital, and no two alike', () => {
    const all = [...VIETNAMESE, ...VIETNAMESE.toUpperCase()]
    expect(undrawable(all.join(''))).toEqual([])
    const shapes = all.map((letter) => JSON.stringify(drawn(letter)))
    expect(new Set(shapes).size).toBe(all.length)
  })

  test('are the same however their marks were typed', () => {
    for (const letter of VIETNAMESE) expect(drawn(letter.normalize('NFD'))).toEqual(drawn(letter))
  })

  test('that a lot number may hold (GS1’s set of 82) are all drawn', () => {
    expect(
      undrawable('!"%&\'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'),
    ).toEqual([])
  })

  test('lose nothing when they are wrapped, and no line is wider than its room', () => {
    const word = fc.string({ unit: fc.constantFrom(...VIETNAMESE, ...'ĐỔỮ0-'), minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 8 }),
        fc.constantFrom('NFC', 'NFD'),
        fc.integer({ min: 40, max: 400 }),
        (words, form, room) => {
          const script = { capDots: 14, isBold: false }
          const lines = wrapText(plainText(words.join(' ').normalize(form)), room, script)
          expect(lines.join('').replaceAll(' ', '')).toBe(words.join(''))
          for (const line of lines) expect(textWidth(line, script)).toBeLessThanOrEqual(room)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('any text is either set or refused, never half', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        const plain = plainText(text)
        if (undrawable(text).length > 0) return
        const line = setLine({ text: plain, x: 0, y: 50, script: { capDots: 14, isBold: true } })
        expect(line.widthDots).toBe(textWidth(plain, { capDots: 14, isBold: true }))
        for (const { ways } of line.strokes)
          for (const way of ways) expect(way.every(Number.isFinite)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })
})
