/** Text that is already HTML. Made only by `html` and `rawHtml`, so that everything else is escaped. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toString(): string {
    return this.text
  }
}

export type HtmlValue = Html | string | number | bigint | false | null | undefined | readonly HtmlValue[]

/** A template whose values are escaped for text and for quoted attributes. Arrays are joined, false and null vanish. */
export function html(strings: TemplateStringsArray, ...values: HtmlValue[]): Html {
  let text = strings[0] ?? ''
  values.forEach((value, index) => {
    text += render(value) + (strings[index + 1] ?? '')
  })
  return new Html(text)
}

/** For text that is known to be HTML (an SVG that we drew, a stylesheet that we wrote). Never for input. */
export const rawHtml = (text: string): Html => new Html(text)

export const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"'`]/g, (char) => `&#${char.charCodeAt(0)};`)

function render(value: HtmlValue): string {
  if (value instanceof Html) return value.text
  if (Array.isArray(value)) return value.map(render).join('')
  if (value === null || value === undefined || value === false) return ''
  return escapeHtml(String(value))
}
