/** What a cell of a table says, and how a result is written into one. */

/** A decimal number with point or comma; NaN for anything else, an empty cell too. */
export function numberOf(text: string): number {
  return /^[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?$/i.test(text)
    ? Number(text.replace(',', '.'))
    : Number.NaN
}

/** Empty for a gap; never minus nothing. `hasCommas`: the table is read by a spreadsheet that expects them. */
export function written(value: number, decimals: number, hasCommas: boolean): string {
  if (!Number.isFinite(value)) return ''
  const text = value.toFixed(decimals).replace(/^-(?=0\.?0*$)/, '')
  return hasCommas ? text.replace('.', ',') : text
}
