import { CANONICAL_BASE, checkDigit } from './digital-link.ts'

/**
 * EPC URNs (GS1 EPC Tag Data Standard 2.0, §6 and §8) as canonical Digital Links, constrained to the finest level
 * that they name. `urn:epc:id:` names one thing, `urn:epc:class:` a lot, `urn:epc:idpat:..*` every serial of a class.
 */
interface Scheme {
  /** The application identifier of the key. */
  readonly ai: string
  /** Digits of company prefix and reference together, without the check digit; null where the reference is text. */
  readonly digits: number | null
  /** The first digit of the reference (indicator, extension) stands before the company prefix in the key. */
  readonly isFirstMoved?: true
  /** What the key begins with beside its digits. */
  readonly lead?: string
  /** `none`; `append`: the serial is part of the key; an AI: the serial is a qualifier of its own. */
  readonly serial: string
  /** The longest serial, or the longest key of text. */
  readonly atMost: number
  readonly isSerialNumeric?: true
}

const SCHEMES: Readonly<Record<string, Scheme>> = {
  sgtin: { ai: '01', digits: 13, isFirstMoved: true, serial: '21', atMost: 20 },
  lgtin: { ai: '01', digits: 13, isFirstMoved: true, serial: '10', atMost: 20 },
  upui: { ai: '01', digits: 13, isFirstMoved: true, serial: '235', atMost: 28 },
  itip: { ai: '8006', digits: 13, isFirstMoved: true, serial: '21', atMost: 20 },
  sscc: { ai: '00', digits: 17, isFirstMoved: true, serial: 'none', atMost: 0 },
  sgln: { ai: '414', digits: 12, serial: '254', atMost: 20 },
  pgln: { ai: '417', digits: 12, serial: 'none', atMost: 0 },
  grai: { ai: '8003', digits: 12, lead: '0', serial: 'append', atMost: 16 },
  gdti: { ai: '253', digits: 12, serial: 'append', atMost: 17 },
  sgcn: { ai: '255', digits: 12, serial: 'append', atMost: 12, isSerialNumeric: true },
  gsrn: { ai: '8018', digits: 17, serial: 'none', atMost: 0 },
  gsrnp: { ai: '8017', digits: 17, serial: 'none', atMost: 0 },
  gsin: { ai: '402', digits: 16, serial: 'none', atMost: 0 },
  giai: { ai: '8004', digits: null, serial: 'none', atMost: 30 },
  ginc: { ai: '401', digits: null, serial: 'none', atMost: 30 },
  cpi: { ai: '8010', digits: null, serial: '8011', atMost: 30, isSerialNumeric: true },
}

const CLASSES: readonly string[] = ['lgtin']
const PATTERNS: readonly string[] = ['sgtin', 'grai', 'gdti', 'sgcn', 'cpi', 'itip', 'upui']

/** Whether this is a scheme of EPC URNs for one of GS1's keys. */
export const isEpcScheme = (name: string): boolean => Object.hasOwn(SCHEMES, name)

/** The canonical Digital Link of an EPC URN, or undefined for any other text. */
export function linkOfEpcUrn(urn: string): string | undefined {
  const match = /^urn:epc:(id|class|idpat):([a-z]+):(\d{6,12})\.(.*)$/.exec(urn)
  if (!match) return undefined
  const [, kind, name = '', prefix = '', tail = ''] = match
  const scheme = Object.hasOwn(SCHEMES, name) ? SCHEMES[name] : undefined
  const isOfKind =
    kind === 'class'
      ? CLASSES.includes(name)
      : kind === 'idpat'
        ? PATTERNS.includes(name)
        : !CLASSES.includes(name)
  if (!scheme || !isOfKind) return undefined
  const parts = split(name, scheme, tail)
  if (!parts) return undefined
  const key =
    scheme.digits === null ? textKey(scheme, prefix, parts.reference) : digitKey(scheme, prefix, parts)
  if (key === undefined) return undefined
  const link = `${CANONICAL_BASE}/${scheme.ai}/${key}`
  if (kind === 'idpat') return parts.serial === '*' ? link : undefined
  if (scheme.serial === 'none') return link
  if (!isSerial(scheme, parts.serial)) return undefined
  if (scheme.serial === 'append') return link + inPath(parts.serial)
  // TDS §6.3.3: extension 0 says that the GLN has no extension.
  if (name === 'sgln' && parts.serial === '0') return link
  return `${link}/${scheme.serial}/${inPath(parts.serial)}`
}

interface Parts {
  readonly reference: string
  /** Piece and total of an ITIP, else empty. */
  readonly pieces: string
  readonly serial: string
}

function split(name: string, scheme: Scheme, tail: string): Parts | undefined {
  if (scheme.serial === 'none') return { reference: tail, pieces: '', serial: '' }
  if (name === 'itip') {
    const match = /^(\d+)\.(\d\d)\.(\d\d)\.(.+)$/.exec(tail)
    return match
      ? { reference: match[1] ?? '', pieces: `${match[2]}${match[3]}`, serial: match[4] ?? '' }
      : undefined
  }
  // A reference is digits, or for a CPI text without a dot; a serial may hold dots.
  const dot = tail.indexOf('.')
  return dot < 0 ? undefined : { reference: tail.slice(0, dot), pieces: '', serial: tail.slice(dot + 1) }
}

function digitKey(scheme: Scheme, prefix: string, { reference, pieces }: Parts): string | undefined {
  if (!/^\d*$/.test(reference) || prefix.length + reference.length !== scheme.digits) return undefined
  const digits = scheme.isFirstMoved
    ? reference.slice(0, 1) + prefix + reference.slice(1)
    : prefix + reference
  return `${scheme.lead ?? ''}${digits}${checkDigit(digits)}${pieces}`
}

function textKey(scheme: Scheme, prefix: string, reference: string): string | undefined {
  if (reference === '' || !isEscapedText(reference)) return undefined
  return prefix.length + lengthOf(reference) <= scheme.atMost ? prefix + inPath(reference) : undefined
}

function isSerial(scheme: Scheme, serial: string): boolean {
  if (scheme.isSerialNumeric) return /^\d{1,12}$/.test(serial)
  return serial !== '' && isEscapedText(serial) && lengthOf(serial) <= scheme.atMost
}

/** TDS §6.3.1: the characters of set 82, those that a URN reserves as %XX. */
const isEscapedText = (text: string): boolean =>
  /^(?:%[2-7][0-9A-Fa-f]|[!'()*+,\-.0-9:;=A-Za-z_])+$/.test(text)

const lengthOf = (escaped: string): number => escaped.replaceAll(/%../g, '?').length

/** What a URN may hold as it is and a Digital Link's path must escape (URI syntax 1.6, §7.1). */
const inPath = (escaped: string): string =>
  escaped.replaceAll(/[!()*+,:]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
