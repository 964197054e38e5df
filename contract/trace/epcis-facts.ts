import { toHex, utf8 } from '../ground/bytes.ts'
import type { Sha256 } from '../ground/signing.ts'
import type { Vocabulary } from './cbv-words.ts'
import { STANDARD_NAMESPACES } from './epcis.ts'
import { bareReason, bareWord, familyOf, nameOf, placeAround } from './epcis-names.ts'
import { differenceInBaseUnit, inBaseUnit } from './epcis-units.ts'
import { KIND, KIND_FIELDS, kindOf } from './event-kind.ts'

/** In which of its lists an event names a thing or a class of things. */
export const ROLES = [
  'epc',
  'child',
  'parent',
  'input',
  'output',
  'class',
  'childClass',
  'inputClass',
  'outputClass',
] as const
export type Role = (typeof ROLES)[number]

/** What an event says that a question may ask for, in the one form in which it is compared. */
export interface EventFacts {
  readonly eventTimeMs: number
  readonly eventId: string | undefined
  /** Of which things, and in which role. */
  readonly things: readonly (readonly [name: string, role: Role])[]
  /** Texts by the name that a parameter has after its EQ_: `bizStep`, `bizTransaction_po`, `ILMD_{namespace}field`. */
  readonly words: readonly (readonly [name: string, value: string])[]
  /** Numbers in base units (`value@KEL`), times in ms (`startTime@time`), numbers of extensions by their name alone. */
  readonly figures: readonly (readonly [name: string, value: number])[]
  /** Prefixes that the event's own words were written with, and what they are short for. */
  readonly prefixes: readonly (readonly [prefix: string, namespace: string])[]
}

/** The name under which it is noted that an event has something: `has` with `sensorElementList`. */
const HAS = 'has'

/** Behind `readPoint` or `bizLocation`: the place that it lies in. Behind a role: the family of the thing. */
export const WITHIN = '<'

// Two kilobytes of facts for each of a thousand EPCs is more than any door lets in; a deeper nesting is an attack.
const MAX_FACTS = 20_000
const MAX_DEPTH = 32
// A key of an index; what is longer is compared by its beginning and its hash.
const MAX_VALUE = 200

/**
 * The facts of an event, or undefined where it has no time to stand at. Takes any JSON: what does not have the shape
 * that the standard gives it is not found by a question, and nothing else happens.
 */
export function factsOf(event: Readonly<Record<string, unknown>>, sha256: Sha256): EventFacts | undefined {
  const eventTimeMs = timeOf(event['eventTime'])
  if (eventTimeMs === undefined) return undefined
  const facts = new Facts(event['@context'], sha256)
  facts.event(event)
  const eventId = textOf(event['eventID'])
  return {
    eventTimeMs,
    eventId: eventId === '' ? undefined : facts.short(eventId),
    things: unique(facts.things),
    words: unique(facts.words),
    figures: unique(facts.figures),
    prefixes: unique(facts.prefixes),
  }
}

const TIME =
  /^(\d{4}-\d\d-)(\d\d)([Tt ])((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(\.\d+)?(?:[Zz]|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))$/

/**
 * Milliseconds of an ISO 8601 date and time with an offset, or undefined, as it is for the thirtieth of February. Parts
 * of a millisecond are cut.
 */
export function timeOf(value: unknown): number | undefined {
  const match = typeof value === 'string' ? TIME.exec(value) : undefined
  if (!match) return undefined
  const [text, month = '', day = ''] = match
  // The parser takes any day up to 31, and goes on into the next month.
  const first = Date.parse(`${month}01T00:00:00Z`)
  if (new Date(first + (Number(day) - 1) * 86_400_000).getUTCDate() !== Number(day)) return undefined
  const ms = Date.parse(
    text
      .replace(' ', 'T')
      .replace(/\.(\d{1,3})\d*/, '.$1')
      .toUpperCase(),
  )
  return Number.isFinite(ms) ? ms : undefined
}

/** A text as it stands in an index: whole, or its beginning and its hash. */
export function indexed(text: string, sha256: Sha256): string {
  // PostgreSQL stores no NUL in a text.
  const clean = text.replaceAll('\0', '\uFFFD').toWellFormed()
  return clean.length <= MAX_VALUE
    ? clean
    : `${clean.slice(0, 100)}#${toHex(sha256(utf8(clean))).slice(0, 32)}`
}

class Facts {
  readonly things: [string, Role][] = []
  readonly words: [string, string][] = []
  readonly figures: [string, number][] = []
  readonly prefixes: [string, string][] = []
  readonly #sha256: Sha256
  #namespaces: Readonly<Record<string, string>>

  constructor(context: unknown, sha256: Sha256) {
    this.#sha256 = sha256
    this.#namespaces = { ...STANDARD_NAMESPACES }
    this.#declare(context)
  }

  short(text: string): string {
    return indexed(text, this.#sha256)
  }

  event(event: Readonly<Record<string, unknown>>): void {
    this.#word('eventType', textOf(event['type']))
    this.#word('action', textOf(event['action']))
    this.#vocabulary('bizStep', 'bizStep', event['bizStep'])
    this.#vocabulary('disposition', 'disposition', event['disposition'])
    const said = new Map(this.words)
    this.#word(KIND, kindOf(KIND_FIELDS.map((field) => said.get(field) ?? '')))
    const persistent = recordOf(event['persistentDisposition'])
    for (const part of ['set', 'unset'])
      for (const each of listOf(persistent[part]))
        this.#vocabulary(`persistentDisposition_${part}`, 'disposition', each)
    for (const place of ['readPoint', 'bizLocation']) this.#place(place, event[place])
    this.#word('transformationID', nameOf(textOf(event['transformationID'])))
    for (const [list, role] of THINGS) for (const each of listOf(event[list])) this.#thing(textOf(each), role)
    for (const [list, role] of CLASSES)
      for (const each of listOf(event[list])) this.#quantity(recordOf(each), role)
    this.#thing(textOf(event['parentID']), 'parent')
    this.#typed(event['bizTransactionList'], 'bizTransaction', 'bizTransaction')
    this.#typed(event['sourceList'], 'source', 'sourceDest')
    this.#typed(event['destinationList'], 'destination', 'sourceDest')
    this.#errorDeclaration(event['errorDeclaration'])
    this.#sensors(event['sensorElementList'])
    for (const each of [event['certificationInfo']].flat()) this.#word('certificationInfo', textOf(each))
    this.#extensions('ILMD_', recordOf(event['ilmd']), NOTHING)
    this.#extensions('', event, KNOWN)
  }

  #quantity(element: Readonly<Record<string, unknown>>, role: Role): void {
    this.#thing(textOf(element['epcClass']), role)
    const { quantity } = element
    if (typeof quantity !== 'number') return
    const uom = textOf(element['uom'])
    this.#figure('quantity', quantity)
    if (uom === '') return
    const { value, base } = inBaseUnit(quantity, uom)
    this.#figure(`quantity@${base}`, value)
  }

  #typed(list: unknown, name: 'bizTransaction' | 'source' | 'destination', vocabulary: Vocabulary): void {
    for (const each of listOf(list)) {
      const entry = recordOf(each)
      const type = textOf(entry['type'])
      const value = nameOf(textOf(entry[name]))
      // Without a type it is a transaction of no kind that a question could name.
      if (type !== '') this.#word(`${name}_${bareWord(vocabulary, type)}`, value)
    }
  }

  #place(name: string, value: unknown): void {
    const place = typeof value === 'string' ? { id: value } : recordOf(value)
    const id = nameOf(textOf(place['id']))
    this.#word(name, id)
    this.#word(`${name}${WITHIN}`, placeAround(id) ?? '')
    this.#extensions(`${name}_`, place, new Set(['id']))
  }

  #errorDeclaration(value: unknown): void {
    if (value === undefined || value === null) return
    const declaration = recordOf(value)
    this.#word(HAS, 'errorDeclaration')
    this.#time('errorDeclarationTime', declaration['declarationTime'])
    this.#word('errorReason', bareReason(textOf(declaration['reason'])))
    for (const each of listOf(declaration['correctiveEventIDs']))
      this.#word('correctiveEventID', textOf(each))
    this.#extensions(
      'ERROR_DECLARATION_',
      declaration,
      new Set(['declarationTime', 'reason', 'correctiveEventIDs']),
    )
  }

  #sensors(list: unknown): void {
    for (const each of listOf(list)) {
      const element = recordOf(each)
      this.#word(HAS, 'sensorElementList')
      const metadata = recordOf(element['sensorMetadata'])
      this.#sensorValues(metadata)
      this.#extensions('SENSORMETADATA_', metadata, SENSOR_KNOWN)
      for (const item of listOf(element['sensorReport'])) {
        const report = recordOf(item)
        this.#sensorValues(report)
        this.#vocabulary('type', 'sensor', report['type'])
        this.#vocabulary('exception', 'sensor', report['exception'])
        this.#vocabulary('component', 'component', report['component'])
        this.#sensorFigures(report)
        this.#extensions('SENSORREPORT_', report, SENSOR_KNOWN)
      }
      this.#extensions('SENSORELEMENT_', element, new Set(['sensorMetadata', 'sensorReport']))
    }
  }

  /** The attributes that stand in the metadata or in a report, and are found wherever they stand (TCR-53, step 28). */
  #sensorValues(holder: Readonly<Record<string, unknown>>): void {
    for (const name of SENSOR_TEXTS) this.#word(name, nameOf(textOf(holder[name])))
    for (const name of ['time', 'startTime', 'endTime']) this.#time(name, holder[name])
    if (typeof holder['booleanValue'] === 'boolean')
      this.#word('booleanValue', String(holder['booleanValue']))
    if (typeof holder['hexBinaryValue'] === 'string')
      this.#word('hexBinaryValue', holder['hexBinaryValue'].toLowerCase())
  }

  #sensorFigures(report: Readonly<Record<string, unknown>>): void {
    const uom = textOf(report['uom'])
    for (const name of SENSOR_FIGURES) {
      const value = report[name]
      if (typeof value !== 'number') continue
      this.#figure(name, value)
      if (uom === '' || name === 'percRank') continue
      const turned = name === 'sDev' ? differenceInBaseUnit(value, uom) : inBaseUnit(value, uom)
      this.#figure(`${name}@${turned.base}`, turned.value)
    }
  }

  /** What the author added: fields with a namespace, at their place, and what is inside them. */
  #extensions(
    place: string,
    holder: Readonly<Record<string, unknown>>,
    known: ReadonlySet<string>,
    depth = 0,
  ): void {
    const before = this.#namespaces
    if (depth > 0) this.#declare(holder['@context'])
    for (const [key, value] of Object.entries(holder)) {
      if (known.has(key) || key.startsWith('@')) continue
      this.#extension(place, this.#fullName(key), value, depth)
    }
    this.#namespaces = before
  }

  #extension(place: string, field: string, value: unknown, depth: number): void {
    if (value === null || value === undefined || depth > MAX_DEPTH) return
    if (Array.isArray(value)) {
      for (const each of value) this.#extension(place, field, each, depth + 1)
      return
    }
    const name = `${place}${field}`
    if (typeof value === 'object') {
      // A field that holds fields has no value of its own, but it is there.
      this.#word(name, '', true)
      this.#extensions(
        place.startsWith('INNER_') ? place : `INNER_${place}`,
        recordOf(value),
        NOTHING,
        depth + 1,
      )
      return
    }
    this.#word(name, String(value), true)
    if (typeof value === 'number') this.#figure(name, value)
    this.#time(name, value)
  }

  /** `{namespace}field` of `prefix:field`; a prefix that nobody declared stays, and so does a whole address. */
  #fullName(key: string): string {
    const colon = key.indexOf(':')
    const prefix = key.slice(0, Math.max(0, colon))
    const namespace = Object.hasOwn(this.#namespaces, prefix) ? this.#namespaces[prefix] : undefined
    if (namespace === undefined) return key
    this.prefixes.push([this.short(prefix), this.short(namespace)])
    return `{${namespace}}${key.slice(colon + 1)}`
  }

  #declare(context: unknown): void {
    const declared: Record<string, string> = { ...this.#namespaces }
    for (const part of Array.isArray(context) ? context : [context])
      for (const [prefix, address] of Object.entries(recordOf(part)))
        if (typeof address === 'string' && !prefix.startsWith('@')) declared[prefix] = address
    this.#namespaces = declared
  }

  #vocabulary(name: string, vocabulary: Vocabulary, value: unknown): void {
    const text = textOf(value)
    if (text !== '') this.#word(name, bareWord(vocabulary, text))
  }

  #word(name: string, value: string, isKeptEmpty = false): void {
    if ((value === '' && !isKeptEmpty) || this.#isFull) return
    this.words.push([this.short(name), this.short(value)])
  }

  #thing(uri: string, role: Role): void {
    if (uri === '' || this.#isFull) return
    const name = this.short(nameOf(uri))
    this.things.push([name, role])
    const family = familyOf(name)
    if (family !== undefined) this.words.push([`${role}${WITHIN}`, family])
  }

  #figure(name: string, value: number): void {
    if (Number.isFinite(value) && !this.#isFull) this.figures.push([this.short(name), value])
  }

  #time(name: string, value: unknown): void {
    const ms = timeOf(value)
    if (ms !== undefined) this.#figure(`${name}@time`, ms)
  }

  get #isFull(): boolean {
    return this.words.length + this.things.length + this.figures.length >= MAX_FACTS
  }
}

const THINGS: readonly (readonly [list: string, role: Role])[] = [
  ['epcList', 'epc'],
  ['childEPCs', 'child'],
  ['inputEPCList', 'input'],
  ['outputEPCList', 'output'],
]
const CLASSES: readonly (readonly [list: string, role: Role])[] = [
  ['quantityList', 'class'],
  ['childQuantityList', 'childClass'],
  ['inputQuantityList', 'inputClass'],
  ['outputQuantityList', 'outputClass'],
]
export const SENSOR_TEXTS = [
  'deviceID',
  'deviceMetadata',
  'rawData',
  'dataProcessingMethod',
  'bizRules',
  'microorganism',
  'chemicalSubstance',
  'coordinateReferenceSystem',
  'stringValue',
  'uriValue',
] as const
export const SENSOR_FIGURES = [
  'value',
  'minValue',
  'maxValue',
  'meanValue',
  'sDev',
  'percRank',
  'percValue',
] as const

const NOTHING: ReadonlySet<string> = new Set()
const SENSOR_KNOWN: ReadonlySet<string> = new Set([
  ...SENSOR_TEXTS,
  ...SENSOR_FIGURES,
  'type',
  'exception',
  'component',
  'booleanValue',
  'hexBinaryValue',
  'uom',
  'time',
  'startTime',
  'endTime',
])
/** What the standard itself gives an event; whatever else it has, its author added. */
const KNOWN: ReadonlySet<string> = new Set([
  'type',
  'eventTime',
  'eventTimeZoneOffset',
  'recordTime',
  'eventID',
  'certificationInfo',
  'errorDeclaration',
  'action',
  'bizStep',
  'disposition',
  'persistentDisposition',
  'readPoint',
  'bizLocation',
  'bizTransactionList',
  'sourceList',
  'destinationList',
  'sensorElementList',
  'ilmd',
  'parentID',
  'transformationID',
  ...[...THINGS, ...CLASSES].map(([list]) => list),
])

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}

function unique<Pair extends readonly [unknown, unknown]>(pairs: readonly Pair[]): Pair[] {
  const seen = new Map(pairs.map((pair) => [`${pair[0]}\0${pair[1]}`, pair]))
  return [...seen.values()]
}
