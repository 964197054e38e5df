/**
 * Text that must fit a label. A browser, a phone and a print server bring different fonts, so widths are those of
 * DejaVu Sans, the widest of those that the label names; in the others there is room to spare.
 */

// Advance widths of DejaVu Sans 2.37 in thousandths of an em, rounded up; a letter with marks is as wide as without.
const WIDTHS: readonly (readonly [chars: string, width: number])[] = [
  ["'ijl|", 280],
  ['Ifr ,.:;()[]!/\\-tJ', 415],
  ['"cksvxyz*?Lđ', 640],
  ['abdeghnopqu0123456789FSTEYPZXBKRCVA_$+<=>', 690],
  ['DHNUGOQĐ&', 790],
  ['wmM%@W', 1005],
]
const WIDEST = 1005
const BOLD = 1.13

/** Upper estimate in the unit of `size`. */
export function textWidth(text: string, size: number, isBold = false): number {
  let sum = 0
  for (const { segment } of letters.segment(text)) sum += widthOf(segment)
  return (sum / 1000) * size * (isBold ? BOLD : 1)
}

/** Words on lines no wider than `room`. A word that is wider is broken, never cut; beyond `atMost` lines comes "…". */
export function wrapText(text: string, room: number, size: number, atMost: number, isBold = false): string[] {
  const fits = (line: string) => textWidth(line, size, isBold) <= room
  const lines: string[] = []
  let line = ''
  for (const word of text.normalize('NFC').split(/\s+/).filter(Boolean)) {
    if (line !== '' && fits(`${line} ${word}`)) {
      line += ` ${word}`
      continue
    }
    if (line !== '') lines.push(line)
    line = ''
    for (const { segment } of letters.segment(word)) {
      if (line !== '' && !fits(line + segment)) {
        lines.push(line)
        line = ''
      }
      line += segment
    }
  }
  if (line !== '') lines.push(line)
  if (lines.length <= atMost) return lines
  const kept = lines.slice(0, atMost)
  let last = [...letters.segment(kept[atMost - 1] as string)].map(({ segment }) => segment)
  while (last.length > 1 && !fits(`${last.join('')}…`)) last = last.slice(0, -1)
  return [...kept.slice(0, -1), `${last.join('').trimEnd()}…`]
}

/** A letter and its marks are one: half an ậ is another letter. */
const letters = new Intl.Segmenter('vi', { granularity: 'grapheme' })

function widthOf(letter: string): number {
  const plain = letter === 'đ' || letter === 'Đ' ? letter : (letter.normalize('NFD')[0] ?? '')
  return WIDTHS.find(([chars]) => chars.includes(plain))?.[1] ?? WIDEST
}
