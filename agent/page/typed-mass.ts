export type TypedMass =
  | { readonly kg: number }
  | { readonly wrong: 'empty' | 'number' }
  | { readonly wrong: 'ambiguous'; readonly whole: number; readonly decimal: number }

/**
 * A mass as people here type it: 120,5 and 120.5 are the same, 1.234,5 and 1,234.5 too, "kg" may stand behind it.
 * A lone separator before exactly three digits (1.200) is a thousand to one person and a decimal point to the next;
 * a thousandfold wrong harvest is worse than one question, so it is asked.
 */
export function typedMass(typed: string): TypedMass {
  const text = typed.normalize('NFKC').replaceAll(/\s+/g, '').replace(/kg$/i, '')
  if (text === '') return { wrong: 'empty' }
  if (text.length > 20) return { wrong: 'number' }
  if (/^\d+$/.test(text)) return { kg: Number(text) }
  const single = /^(\d*)[.,](\d+)$/.exec(text)
  if (single) {
    const [, before = '', after = ''] = single
    const decimal = Number(`${before || '0'}.${after}`)
    if (/^[1-9]\d{0,2}$/.test(before) && after.length === 3)
      return { wrong: 'ambiguous', whole: Number(before + after), decimal }
    return { kg: decimal }
  }
  if (/^\d{1,3}(\.\d{3})+(,\d+)?$/.test(text))
    return { kg: Number(text.replaceAll('.', '').replace(',', '.')) }
  if (/^\d{1,3}(,\d{3})+(\.\d+)?$/.test(text)) return { kg: Number(text.replaceAll(',', '')) }
  return { wrong: 'number' }
}
