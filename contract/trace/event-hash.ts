import { toHex, utf8 } from '../ground/bytes.ts'
import { VuonError } from '../ground/errors.ts'
import type { Sha256 } from '../ground/signing.ts'
import { canonicalTime, canonicalValue, sorted } from './canonical-value.ts'
import { addressOfWord, type Vocabulary } from './cbv-words.ts'
import { type EpcisEvent, STANDARD_NAMESPACES } from './epcis.ts'

/**
 * The CBV 2.0 event hash (CBV §8.9.2): the eventID of an event, computed from what it says, however it is written.
 * It finds doubles; it proves nothing about who said it.
 *
 * An event is strung together as name=value in one fixed order, identifiers as canonical Digital Links, words as
 * addresses, times in UTC with milliseconds, lists sorted; then what its author added, as {namespace}name=value.
 */
export function eventHash(event: EpcisEvent, sha256: Sha256, context: HashContext = STANDARD): string {
  return `ni:///sha-256;${toHex(sha256(utf8(preHash(event, context))))}?ver=CBV2.0`
}

export interface HashContext {
  /** What the prefixes of extension keys are short for. */
  readonly namespaces: Readonly<Record<string, string>>
  /** Keys that a repository added on the way and that say nothing of the event. */
  readonly ignored: ReadonlySet<string>
}

const STANDARD: HashContext = { namespaces: STANDARD_NAMESPACES, ignored: new Set() }

// An event of a farm is flat; more depth than this is an attack on the stack.
const MAX_DEPTH = 32

/** Hashes of all events of an EPCISDocument, an EPCISQueryDocument or a single event with its own @context. */
export function eventHashes(document: unknown, sha256: Sha256): string[] {
  if (!isObject(document)) throw invalid('is not an object')
  const namespaces = namespacesOf(document['@context'], STANDARD_NAMESPACES)
  const body = document['epcisBody']
  if (body === undefined && typeof document['type'] === 'string')
    return [eventHash(document as EpcisEvent, sha256, { namespaces, ignored: new Set() })]
  if (!isObject(body)) throw invalid('has no epcisBody')
  const results = isObject(body['queryResults']) ? body['queryResults'] : undefined
  const holder = isObject(results?.['resultsBody']) ? results['resultsBody'] : body
  const events = holder['eventList'] ?? (isObject(holder['event']) ? [holder['event']] : undefined)
  if (!Array.isArray(events)) throw invalid('has no eventList')
  const ignored = new Set([...ignoredFields(results ?? {}), ...ignoredFields(body)])
  return events.map((event: unknown) => {
    if (!isObject(event) || typeof event['type'] !== 'string') throw invalid('has an event without a type')
    return eventHash(event as EpcisEvent, sha256, { namespaces, ignored })
  })
}

/** How the values of a property are written. Names of lists' elements are those of the XML form. */
type Form =
  | { readonly kind: 'value' | 'time' }
  | { readonly kind: 'word'; readonly vocabulary: Vocabulary }
  | { readonly kind: 'place' }
  | { readonly kind: 'list'; readonly element: string; readonly of: Form }
  | { readonly kind: 'record'; readonly properties: readonly Property[] }

type Property = readonly [name: string, form: Form]

const VALUE: Form = { kind: 'value' }
const TIME: Form = { kind: 'time' }
const PLACE: Form = { kind: 'place' }
const word = (vocabulary: Vocabulary): Form => ({ kind: 'word', vocabulary })
const record = (...properties: Property[]): Form => ({ kind: 'record', properties })
const list = (element: string, of: Form): Form => ({ kind: 'list', element, of })
const values = (...names: string[]): Property[] => names.map((name) => [name, VALUE])

const EPCS = list('epc', VALUE)
const QUANTITIES = list('quantityElement', record(...values('epcClass', 'quantity', 'uom')))

const SENSOR_METADATA = record(
  ['time', TIME],
  ['startTime', TIME],
  ['endTime', TIME],
  ...values('deviceID', 'deviceMetadata', 'rawData', 'dataProcessingMethod', 'bizRules'),
)
const SENSOR_REPORT = record(
  ['type', word('sensor')],
  ['exception', word('sensor')],
  ...values('deviceID', 'deviceMetadata', 'rawData', 'dataProcessingMethod'),
  ['time', TIME],
  ...values('microorganism', 'chemicalSubstance', 'value'),
  ['component', word('component')],
  ...values('stringValue', 'booleanValue', 'hexBinaryValue', 'uriValue', 'minValue', 'maxValue', 'meanValue'),
  ...values('sDev', 'percRank', 'percValue', 'uom', 'coordinateReferenceSystem'),
)

/** The order of CBV 2.0 §8.9.2. */
const ORDER: readonly Property[] = [
  ['eventTime', TIME],
  ['eventTimeZoneOffset', VALUE],
  ['certificationInfo', VALUE],
  ['epcList', EPCS],
  ['parentID', VALUE],
  ['inputEPCList', EPCS],
  ['childEPCs', EPCS],
  ['quantityList', QUANTITIES],
  ['childQuantityList', QUANTITIES],
  ['inputQuantityList', QUANTITIES],
  ['outputEPCList', EPCS],
  ['outputQuantityList', QUANTITIES],
  ['action', VALUE],
  ['transformationID', VALUE],
  ['bizStep', word('bizStep')],
  ['disposition', word('disposition')],
  ['persistentDisposition', record(['set', word('disposition')], ['unset', word('disposition')])],
  ['readPoint', PLACE],
  ['bizLocation', PLACE],
  ['bizTransactionList', list('', record(['type', word('bizTransaction')], ['bizTransaction', VALUE]))],
  ['destinationList', list('', record(['type', word('sourceDest')], ['destination', VALUE]))],
  ['sourceList', list('', record(['type', word('sourceDest')], ['source', VALUE]))],
  [
    'sensorElementList',
    list('sensorElement', record(['sensorMetadata', SENSOR_METADATA], ['sensorReport', SENSOR_REPORT])),
  ],
]

/** Not part of what an event says: who stored it when, its own hash, and that it was later withdrawn. */
const NOT_SAID = ['recordTime', 'eventID', 'errorDeclaration']
/** Written elsewhere in the text than among what the author added. */
const WRITTEN_ELSEWHERE = new Set(['type', 'ilmd', ...NOT_SAID, ...ORDER.map(([name]) => name)])
/** For people and for JSON-LD readers, at any depth. */
const REMARKS = new Set(['@context', 'rdfs:comment', 'comment'])
const NOTHING: ReadonlySet<string> = new Set()

/** The text that is hashed. */
export function preHash(event: EpcisEvent, context: HashContext = STANDARD): string {
  const within = contextWithin(event, context)
  const ilmd = event['ilmd']
  return (
    `eventType=${event.type}` +
    ORDER.map(([name, form]) => property(name, event[name], form, within)).join('') +
    (isObject(ilmd) ? `ilmd${extensions(ilmd, within, NOTHING)}` : '') +
    extensions(event, within, WRITTEN_ELSEWHERE)
  )
}

/** `name=value`, or the name with what is in it; nothing for what is not there or empty. */
function property(name: string, value: unknown, form: Form, context: HashContext): string {
  if (value === undefined || value === null) return ''
  if (form.kind === 'list') {
    if (!Array.isArray(value) || value.length === 0) return ''
    return name + sorted(value.map((each) => property(form.element, each, form.of, context)))
  }
  if (Array.isArray(value))
    return sorted(
      value.filter((each) => !Array.isArray(each)).map((each) => property(name, each, form, context)),
    )
  const isText = form.kind !== 'place' && form.kind !== 'record'
  if (isText && String(value).trim() === '') return ''
  switch (form.kind) {
    case 'place':
      return isObject(value)
        ? `${name}${property('id', value['id'], VALUE, context)}${extensions(value, context, new Set(['id']))}`
        : `${name}id=${canonicalValue(value)}`
    case 'record': {
      if (!isObject(value)) return ''
      const known = new Set(form.properties.map(([each]) => each))
      const inside = form.properties.map(([each, of]) => property(each, value[each], of, context)).join('')
      return name + inside + extensions(value, context, known)
    }
    case 'time':
      return `${name}=${canonicalTime(String(value))}`
    case 'word':
      return `${name}=${addressOfWord(form.vocabulary, String(value))}`
    case 'value':
      return `${name}=${canonicalValue(value)}`
  }
}

/** What the author added, as {namespace}name=value, sorted. */
function extensions(
  holder: Readonly<Record<string, unknown>>,
  context: HashContext,
  known: ReadonlySet<string>,
  depth = 0,
): string {
  const within = contextWithin(holder, context)
  return sorted(
    Object.entries(holder)
      .filter(([key]) => !known.has(key) && !REMARKS.has(key) && !within.ignored.has(key))
      .map(([key, value]) => extension(fullName(key, within.namespaces), value, within, depth)),
  )
}

function extension(name: string, value: unknown, context: HashContext, depth: number): string {
  if (value === null || value === undefined) return ''
  if (depth > MAX_DEPTH) throw invalid(`is nested more than ${MAX_DEPTH} deep`)
  if (Array.isArray(value)) return sorted(value.map((each) => extension(name, each, context, depth + 1)))
  if (isObject(value)) return name + extensions(value, context, NOTHING, depth + 1)
  const text = canonicalValue(value)
  return text === '' ? name : `${name}=${text}`
}

function fullName(key: string, namespaces: Readonly<Record<string, string>>): string {
  const colon = key.indexOf(':')
  const prefix = key.slice(0, Math.max(0, colon))
  return Object.hasOwn(namespaces, prefix) ? `{${namespaces[prefix]}}${key.slice(colon + 1)}` : key
}

/** An event, or a thing inside it, may declare prefixes of its own. */
const contextWithin = (holder: Readonly<Record<string, unknown>>, context: HashContext): HashContext =>
  holder['@context'] === undefined
    ? context
    : { ...context, namespaces: namespacesOf(holder['@context'], context.namespaces) }

/** Prefixes that a JSON-LD @context declares, over those known before. A context given by address is the standard's. */
function namespacesOf(
  context: unknown,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const declared: Record<string, string> = { ...before }
  for (const part of Array.isArray(context) ? context : [context]) {
    if (!isObject(part)) continue
    for (const [prefix, address] of Object.entries(part)) {
      if (typeof address === 'string' && !prefix.startsWith('@')) declared[prefix] = address
    }
  }
  return declared
}

/** `…:ignoreFields` of a query's answer names keys that the repository itself added. */
function ignoredFields(holder: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(holder)
    .filter(([key]) => key.endsWith(':ignoreFields'))
    .flatMap(([, fields]) => (Array.isArray(fields) ? fields.map(String) : []))
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

const invalid = (what: string): VuonError => new VuonError('input-invalid', `The EPCIS document ${what}.`)
