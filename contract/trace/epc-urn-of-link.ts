import { canonicalLink } from './canonical-link.ts'
import { CANONICAL_BASE } from './digital-link.ts'

/** How a key is put together in a URN: TDS 2.0 §6, the other way round than `linkOfEpcUrn`. */
interface Shape {
  readonly scheme: string
  /** Digits without the check digit. */
  readonly digits: number
  /** The first digit of the key (indicator, extension) stands at the head of the reference. */
  readonly isFirstMoved?: true
  /** Digits before the company prefix that the URN leaves away. */
  readonly lead?: number
  /** Qualifier with the serial; `rest`: what of the key stands behind its check digit; none. */
  readonly serial?: string
}

const SHAPES: Readonly<Record<string, readonly Shape[]>> = {
  '01': [
    { scheme: 'id:sgtin', digits: 13, isFirstMoved: true, serial: '21' },
    { scheme: 'class:lgtin', digits: 13, isFirstMoved: true, serial: '10' },
    { scheme: 'id:upui', digits: 13, isFirstMoved: true, serial: '235' },
    { scheme: 'idpat:sgtin', digits: 13, isFirstMoved: true },
  ],
  '00': [{ scheme: 'id:sscc', digits: 17, isFirstMoved: true }],
  '414': [
    { scheme: 'id:sgln', digits: 12, serial: '254' },
    { scheme: 'id:sgln', digits: 12 },
  ],
  '417': [{ scheme: 'id:pgln', digits: 12 }],
  '253': [{ scheme: 'id:gdti', digits: 12, serial: 'rest' }],
  '255': [{ scheme: 'id:sgcn', digits: 12, serial: 'rest' }],
  '8003': [{ scheme: 'id:grai', digits: 12, lead: 1, serial: 'rest' }],
  '8017': [{ scheme: 'id:gsrnp', digits: 17 }],
  '8018': [{ scheme: 'id:gsrn', digits: 17 }],
  '402': [{ scheme: 'id:gsin', digits: 16 }],
}

/**
 * The EPC URN of a Digital Link, or undefined: a URN shows where the company prefix ends, and that only a list of
 * prefixes can tell.
 */
export function urnOfLink(uri: string, companyPrefixes: readonly string[]): string | undefined {
  const link = uri.startsWith('urn:') ? undefined : canonicalLink(uri)
  if (link === undefined) return undefined
  const [, ai = '', key = '', qualifier, serial] = link.slice(CANONICAL_BASE.length).split('/')
  const shape = SHAPES[ai]?.find(
    (each) => each.serial === qualifier || (each.serial === 'rest' && !qualifier),
  )
  if (!shape) return undefined
  const digits = key.slice(shape.lead ?? 0, (shape.lead ?? 0) + shape.digits)
  const rest = key.slice((shape.lead ?? 0) + shape.digits + 1)
  const whole = shape.isFirstMoved ? digits.slice(1) : digits
  const prefix = companyPrefixes.find((each) => whole.startsWith(each))
  if (prefix === undefined || (shape.serial === 'rest' && rest === '')) return undefined
  const reference = (shape.isFirstMoved ? digits.slice(0, 1) : '') + whole.slice(prefix.length)
  const tail = tailOf(shape, serial, rest)
  const urn = `urn:epc:${shape.scheme}:${prefix}.${reference}${tail === undefined ? '' : `.${tail}`}`
  // What does not come back as the same link would name another thing.
  return canonicalLink(urn) === link ? urn : undefined
}

function tailOf(shape: Shape, serial: string | undefined, rest: string): string | undefined {
  if (shape.serial === 'rest') return unescaped(rest)
  if (shape.serial !== undefined) return unescaped(serial ?? '')
  if (shape.scheme === 'idpat:sgtin') return '*'
  // TDS §6.3.3: extension 0 says that there is none.
  return shape.scheme === 'id:sgln' ? '0' : undefined
}

/** What a Digital Link's path escapes and a URN writes as it is (TDS §6.3.1). */
const unescaped = (text: string): string =>
  text.replaceAll(/%(?:21|28|29|2A|2B|2C|3A)/gi, (escaped) =>
    String.fromCharCode(Number.parseInt(escaped.slice(1), 16)),
  )
