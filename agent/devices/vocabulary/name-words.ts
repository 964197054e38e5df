/**
 * A field's name as words in small letters: `TempC_SHT` → temp c sht, `soil_moisture_1` → soil moisture 1,
 * `PM2_5` → pm 2 5, `soilPH` → soil ph. Words in `whole` (chips such as `ds18b20`) are not taken apart.
 */
export function wordsOf(name: string, whole: ReadonlySet<string> = new Set()): string[] {
  const words: string[] = []
  const plain = withoutMarks(name.slice(0, MAX_NAME_CHARS))
  for (const piece of plain.split(/[^\p{L}\p{N}%]+/u)) {
    if (piece === '') continue
    if (whole.has(piece.toLowerCase())) words.push(piece.toLowerCase())
    // `pH` is one word, not a p and an H.
    else
      for (const part of piece.replaceAll(/pH(?![a-z])/g, 'PH').split(CASE_CHANGE))
        if (whole.has(part.toLowerCase())) words.push(part.toLowerCase())
        else words.push(...(part.toLowerCase().match(/\p{L}+|\p{N}+|%/gu) ?? []))
  }
  return words.slice(0, MAX_WORDS)
}

/** One text for words that mean the same however they were written; digits stay apart: pm 1 0 is not pm 10. */
export const keyOf = (words: readonly string[]): string => words.join(' ').replaceAll(/ (?!\d)|(?<!\d) /g, '')

// Longer names are sentences.
const MAX_NAME_CHARS = 128
const MAX_WORDS = 16

// tempC → temp C, PMValue → PM Value, DS18B20Temp → DS18B20 Temp.
const CASE_CHANGE = /(?<=\p{Ll})(?=\p{Lu})|(?<=[\p{Lu}\p{N}])(?=\p{Lu}\p{Ll})/u

/** `Độ ẩm đất` and `do am dat` are the same name. */
const withoutMarks = (text: string): string =>
  text.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll('đ', 'd').replaceAll('Đ', 'D').normalize('NFKC')
