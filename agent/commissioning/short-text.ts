/** Text from strangers on one line of a terminal: no control characters, no more than `most` characters. */
export function shortText(text: string, most: number): string {
  // Control and format characters move the cursor or turn the direction of writing; lone surrogates print nothing.
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return plain.length > most ? `${plain.slice(0, most - 1)}…` : plain
}
