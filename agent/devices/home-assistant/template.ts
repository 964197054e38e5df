import { isObject } from '../bounded-json.ts'
import { numberOf } from '../number-of.ts'
import { type Part, readParts } from './template-parts.ts'

/**
 * The plain templates that discovery messages carry, evaluated without Jinja: `{{ value_json.a['b'] | float(0) }}`,
 * `{{ (value | int) / 10 }}`. Statements, tests, conditions and other people's states are refused with a reason.
 */
export type ParsedTemplate = { kind: 'template'; evaluate: Template } | { kind: 'refused'; reason: string }

/** Undefined where the message has no such field. Throws TemplateError where a filter can't do its work. */
export type Template = (value: string, json: unknown) => unknown

export class TemplateError extends Error {}

// The longest that makers write read one field and round it.
const MAX_CHARS = 500
const MAX_NESTING = 20

export function parseTemplate(text: string): ParsedTemplate {
  if (text.length > MAX_CHARS) return { kind: 'refused', reason: `is longer than ${MAX_CHARS} characters` }
  if (/\{[%#]/.test(text)) return { kind: 'refused', reason: 'holds a statement ({% … %})' }
  const [, inner] = /^\s*\{\{-?([\s\S]*?)-?\}\}\s*$/.exec(text) ?? []
  if (inner === undefined || inner.includes('{{'))
    return { kind: 'refused', reason: 'is more than one {{ expression }}' }
  const parts = readParts(inner)
  if ('reason' in parts) return { kind: 'refused', reason: parts.reason }
  try {
    const parser = new Parser(parts.parts)
    return { kind: 'template', evaluate: parser.whole() }
  } catch (error) {
    if (error instanceof TemplateError) return { kind: 'refused', reason: error.message }
    throw error
  }
}

class Parser {
  readonly #parts: readonly Part[]
  #at = 0
  #nesting = 0

  constructor(parts: readonly Part[]) {
    this.#parts = parts
  }

  whole(): Template {
    const template = this.#sum()
    const left = this.#parts[this.#at]
    if (left) throw new TemplateError(`"${left.text.slice(0, 40)}" is not understood here`)
    return template
  }

  #sum(): Template {
    if (++this.#nesting > MAX_NESTING) throw new TemplateError('is nested too deeply')
    let left = this.#product()
    for (let sign = this.#take('+', '-'); sign; sign = this.#take('+', '-'))
      left = calculated(sign, left, this.#product())
    this.#nesting--
    return left
  }

  #product(): Template {
    let left = this.#signed()
    for (let sign = this.#take('*', '/', '//', '%'); sign; sign = this.#take('*', '/', '//', '%'))
      left = calculated(sign, left, this.#signed())
    return left
  }

  #signed(): Template {
    let isNegative = false
    while (this.#take('-')) isNegative = !isNegative
    const of = this.#filtered()
    return isNegative ? (value, json) => -asNumber(of(value, json)) : of
  }

  #filtered(): Template {
    let template = this.#primary()
    for (;;) {
      if (this.#take('.')) template = this.#member(template)
      else if (this.#take('[')) {
        template = fieldOf(template, this.#literal())
        this.#need(']')
      } else if (this.#take('|')) template = this.#filter(template, this.#name())
      else return template
    }
  }

  #member(of: Template): Template {
    const part = this.#parts[this.#at]
    if (part?.kind === 'number' && /^\d+$/.test(part.text)) {
      this.#at++
      return fieldOf(of, Number(part.text))
    }
    const name = this.#name()
    if (!this.#take('(')) return fieldOf(of, name)
    if (name !== 'get') throw new TemplateError(`the method ${name.slice(0, 40)}() is not known here`)
    const [key, fallback] = this.#argumentsUpTo(1, 2)
    const field = fieldOf(of, key as string | number)
    return (value, json) => field(value, json) ?? fallback
  }

  #primary(): Template {
    const part = this.#parts[this.#at++]
    if (!part) throw new TemplateError('ends too early')
    switch (part.kind) {
      case 'number': {
        const number = Number(part.text)
        return () => number
      }
      case 'text':
        return () => part.text
      case 'name':
        return this.#named(part.text)
      case 'sign': {
        if (part.text !== '(') throw new TemplateError(`"${part.text}" is not understood here`)
        const inner = this.#sum()
        this.#need(')')
        return inner
      }
    }
  }

  #named(name: string): Template {
    switch (name) {
      case 'value':
        return (value) => value
      case 'value_json':
        return (_value, json) => json
      case 'float':
      case 'int': {
        this.#need('(')
        const of = this.#sum()
        const fallback = this.#take(',') ? [this.#literal()] : []
        this.#need(')')
        return filterOf(name, of, fallback)
      }
      default:
        throw new TemplateError(`"${name.slice(0, 40)}" is not known here`)
    }
  }

  #filter(of: Template, name: string): Template {
    const known = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined
    if (!known) throw new TemplateError(`the filter ${name.slice(0, 40)} is not known here`)
    const [least, most] = known
    const given = this.#take('(') ? this.#argumentsUpTo(0, most) : []
    if (given.length < least) throw new TemplateError(`the filter ${name} needs ${least} value`)
    return filterOf(name, of, given)
  }

  /** Behind the opening bracket. */
  #argumentsUpTo(least: number, most: number): unknown[] {
    const given: unknown[] = []
    while (!this.#take(')')) {
      if (given.length > 0) this.#need(',')
      if (given.length >= most) throw new TemplateError('has too many values in brackets')
      // default(0, boolean=true), round(precision=1)
      if (this.#parts[this.#at]?.kind === 'name' && this.#parts[this.#at + 1]?.text === '=') this.#at += 2
      given.push(this.#literal())
    }
    if (given.length < least) throw new TemplateError('has too few values in brackets')
    return given
  }

  #literal(): string | number | boolean | null {
    const isNegative = this.#take('-') !== undefined
    const part = this.#parts[this.#at++]
    if (part?.kind === 'number') return isNegative ? -Number(part.text) : Number(part.text)
    if (part?.kind === 'text' && !isNegative) return part.text
    if (part?.kind === 'name' && !isNegative && LITERALS.has(part.text)) return LITERALS.get(part.text)!
    throw new TemplateError('needs a number or a text in its brackets')
  }

  #name(): string {
    const part = this.#parts[this.#at++]
    if (part?.kind !== 'name') throw new TemplateError('a name is missing')
    return part.text
  }

  #take(...signs: string[]): string | undefined {
    const part = this.#parts[this.#at]
    if (part?.kind !== 'sign' || !signs.includes(part.text)) return undefined
    this.#at++
    return part.text
  }

  #need(sign: string): void {
    if (!this.#take(sign)) throw new TemplateError(`"${sign}" is missing`)
  }
}

const LITERALS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
])

function fieldOf(of: Template, key: string | number | boolean | null): Template {
  return (value, json) => {
    const from = of(value, json)
    if (Array.isArray(from)) return typeof key === 'number' ? (from.at(key) as unknown) : undefined
    return isObject(from) && (typeof key === 'string' || typeof key === 'number') && Object.hasOwn(from, key)
      ? from[key]
      : undefined
  }
}

function calculated(sign: string, left: Template, right: Template): Template {
  return (value, json) => {
    const [a, b] = [left(value, json), right(value, json)]
    if (a === undefined || b === undefined) return undefined
    const [x, y] = [asNumber(a), asNumber(b)]
    switch (sign) {
      case '+':
        return x + y
      case '-':
        return x - y
      case '*':
        return x * y
      case '%':
        return x - y * Math.floor(x / y)
      case '//':
        return Math.floor(x / y)
      default:
        return x / y
    }
  }
}

/** Not of objects: one out of JSON may have a `toString` of its own, which is none. */
function asText(of: unknown): string {
  if (typeof of === 'object' && of !== null) throw new TemplateError('a text was expected')
  return String(of)
}

function asNumber(of: unknown): number {
  const number = typeof of === 'boolean' ? Number(of) : numberOf(of)
  if (number === undefined) throw new TemplateError('a number was expected')
  return number
}

/** How few and how many values a filter takes in brackets. */
const FILTERS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  float: [0, 1],
  int: [0, 2],
  round: [0, 3],
  default: [0, 2],
  d: [0, 2],
  abs: [0, 0],
  multiply: [1, 2],
  add: [1, 2],
  lower: [0, 0],
  upper: [0, 0],
  trim: [0, 0],
  string: [0, 0],
  is_defined: [0, 0],
}

function filterOf(name: string, of: Template, given: readonly unknown[]): Template {
  const [first, second] = given
  const applied = (from: unknown): unknown => {
    if (name === 'default' || name === 'd')
      return from === undefined || (second === true && (!from || from === '0')) ? (first ?? '') : from
    if (name === 'is_defined') return from
    if (name === 'float' || name === 'int') {
      const number = typeof from === 'boolean' ? Number(from) : numberOf(from)
      if (number !== undefined) return name === 'int' ? Math.trunc(number) : number
      if (given.length > 0) return first
      if (from === undefined || from === null) return undefined
      throw new TemplateError('a number was expected')
    }
    if (from === undefined) return undefined
    switch (name) {
      case 'round':
        return rounded(asNumber(from), typeof first === 'number' ? first : 0, second)
      case 'abs':
        return Math.abs(asNumber(from))
      case 'multiply':
        return asNumber(from) * asNumber(first)
      case 'add':
        return asNumber(from) + asNumber(first)
      case 'lower':
        return asText(from).toLowerCase()
      case 'upper':
        return asText(from).toUpperCase()
      case 'trim':
        return asText(from).trim()
      default:
        return asText(from)
    }
  }
  return (value, json) => applied(of(value, json))
}

/** As Python does: a tie goes to the even neighbour. */
function rounded(value: number, digits: number, method: unknown): number {
  const factor = 10 ** Math.min(12, Math.max(-12, Math.trunc(digits)))
  const scaled = value * factor
  const floor = Math.floor(scaled)
  if (method === 'floor') return floor / factor
  if (method === 'ceil') return Math.ceil(scaled) / factor
  const whole = scaled - floor === 0.5 ? floor + (Math.abs(floor) % 2) : Math.round(scaled)
  return whole / factor
}
