import { deflateSync } from 'node:zlib'
import { type LabelDrawing, penStrokes, runsOf } from './label-drawing.ts'

const POINTS_A_MM = 72 / 25.4

/**
 * One page of exactly the label's size (PDF 1.4). Code and letters are vectors, so that any printer draws them at its
 * own dots; letters are lines, so that no font has to be embedded. The text can't be marked and copied.
 */
export function pdfOf(drawing: LabelDrawing): Uint8Array {
  const { widthDots, heightDots, dotMm } = drawing
  const points = (dots: number): string => (dots * dotMm * POINTS_A_MM).toFixed(3)
  const content = deflateSync(contentOf(drawing))
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R /Lang (vi) /ViewerPreferences << /PrintScaling /None /DisplayDocTitle true >> >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${points(widthDots)} ${points(heightDots)}] /Resources << >> /Contents 4 0 R >>`,
    Buffer.concat([
      Buffer.from(`<< /Length ${content.length} /Filter /FlateDecode >>\nstream\n`),
      content,
      Buffer.from('\nendstream'),
    ]),
    `<< /Title ${textString(drawing.title)} /Producer (vuon-agent) >>`,
  ]
  // The second line tells programs that move files that these bytes are no text.
  const parts = [Buffer.from('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n', 'latin1')]
  let at = parts[0]?.length ?? 0
  const offsets = objects.map((object, index) => {
    const start = at
    const part = Buffer.concat([
      Buffer.from(`${index + 1} 0 obj\n`),
      Buffer.from(object),
      Buffer.from('\nendobj\n'),
    ])
    parts.push(part)
    at += part.length
    return start
  })
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  const size = objects.length + 1
  parts.push(
    Buffer.from(
      `xref\n0 ${size}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${size} /Root 1 0 R /Info 5 0 R >>\nstartxref\n${at}\n%%EOF\n`,
    ),
  )
  return Buffer.concat(parts)
}

/** In dots, downwards as everywhere here; the matrix turns PDF's points around. */
function contentOf({ heightDots, dotMm, code, lines }: LabelDrawing): string {
  const scale = dotMm * POINTS_A_MM
  const said = [
    `${scale.toFixed(6)} 0 0 ${(-scale).toFixed(6)} 0 ${(heightDots * scale).toFixed(3)} cm`,
    '0 g 0 G',
  ]
  const { x, y, moduleDots } = code
  for (const { column, row, length } of runsOf(code))
    said.push(`${x + column * moduleDots} ${y + row * moduleDots} ${length * moduleDots} ${moduleDots} re`)
  said.push('f', '1 J 1 j')
  let pen = 0
  for (const { widthDots, way } of penStrokes(lines)) {
    if (widthDots !== pen) said.push(`${widthDots} w`)
    pen = widthDots
    const points = Array.from(
      { length: way.length / 2 },
      (_, index) => `${short(way[2 * index])} ${short(way[2 * index + 1])}`,
    )
    // A way of one point is a line to itself.
    const [first = '', ...rest] = points
    said.push(`${first} m`, ...(rest.length > 0 ? rest : [first]).map((point) => `${point} l`), 'S')
  }
  return said.join('\n')
}

const short = (value = 0): string => String(Math.round(value * 100) / 100)

/** UTF-16, as PDF wants anything beyond Latin letters. */
const textString = (text: string): string =>
  `<FEFF${[...Array(text.length).keys()].map((at) => text.charCodeAt(at).toString(16).padStart(4, '0')).join('')}>`
