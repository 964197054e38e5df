import type { Vocabulary } from './cbv-words.ts'
import type { Comparison, Condition, EventQuery, Field, MasterField } from './epcis-condition.ts'
import { EpcisException } from './epcis-exception.ts'
import { ROLES, type Role, SENSOR_FIGURES, SENSOR_TEXTS, timeOf } from './epcis-facts.ts'
import { attributeNames } from './epcis-master-data.ts'
import { bareReason, bareWord, nameOf, patternsOf } from './epcis-names.ts'
import { differenceInBaseUnit, inBaseUnit } from './epcis-units.ts'
import { BIZ_TRANSACTION_TYPES, SOURCE_DEST_TYPES } from './epcis-vocabulary.ts'

/** What one parameter may carry: a text of a URL (alternatives joined by `|`), or the values of a query in JSON. */
export type ParameterValue = unknown

// A question has a dozen parameters, and a consignment some hundred EPCs. More is a program that runs wild: each
// condition is one more walk through an index.
const MAX_CONDITIONS = 40
const MAX_VALUES = 1000
const MAX_VALUE_LENGTH = 2000
// Counting more than this would keep everybody else waiting; who wants more reads page by page.
const MAX_COUNT = 100_000

/**
 * Reads the parameters of a question. `form` is where they come from: in a URL several values are joined by `|` and
 * everything is text; in JSON they are lists and numbers. Throws EpcisException `QueryParameterException` with the name
 * of the parameter that is unknown or wrong, `QueryTooComplexException` for too many.
 */
export function parseEventQuery(
  parameters: Readonly<Record<string, ParameterValue>>,
  form: 'url' | 'json',
): EventQuery {
  const names = Object.keys(parameters).filter((name) => name !== '@context')
  if (names.length > MAX_CONDITIONS)
    throw new EpcisException(
      'QueryTooComplexException',
      `The question has more than ${MAX_CONDITIONS} parameters.`,
      {
        hint: 'Ask for less at once.',
      },
    )
  const read = new Parameters(parameters, form)
  const conditions = names.filter((name) => !CONTROLS.has(name)).map((name) => read.condition(name))
  const [eventCountLimit, maxEventCount] = [read.count('eventCountLimit'), read.count('maxEventCount')]
  if (eventCountLimit !== undefined && maxEventCount !== undefined)
    throw wrong('maxEventCount', 'can not stand beside eventCountLimit', 'Give one of the two.')
  const direction = read.control('orderDirection') ?? 'DESC'
  if (direction !== 'ASC' && direction !== 'DESC') throw wrong('orderDirection', 'is ASC or DESC')
  const orderBy = read.control('orderBy') ?? 'eventTime'
  return {
    conditions,
    orderBy: orderBy === 'eventTime' || orderBy === 'recordTime' ? orderBy : orderField(orderBy),
    orderDirection: direction,
    eventCountLimit,
    maxEventCount,
  }
}

const CONTROLS: ReadonlySet<string> = new Set([
  'orderBy',
  'orderDirection',
  'eventCountLimit',
  'maxEventCount',
])

function orderField(name: string): Field {
  const field = fieldOf('', name)
  if (!field)
    throw wrong(
      'orderBy',
      `can not be "${name.slice(0, 60)}"`,
      'Order by eventTime, recordTime or prefix:field.',
    )
  return field
}

/** Parameters that compare one text with a list of words or names. */
const WORDS: Readonly<
  Record<string, { readonly name: string; readonly canonical: (text: string) => string }>
> = {
  eventType: { name: 'eventType', canonical: bareType },
  EQ_action: { name: 'action', canonical: (text) => text },
  EQ_bizStep: { name: 'bizStep', canonical: wordOf('bizStep') },
  EQ_disposition: { name: 'disposition', canonical: wordOf('disposition') },
  EQ_persistentDisposition_set: { name: 'persistentDisposition_set', canonical: wordOf('disposition') },
  EQ_persistentDisposition_unset: { name: 'persistentDisposition_unset', canonical: wordOf('disposition') },
  EQ_readPoint: { name: 'readPoint', canonical: nameOf },
  EQ_bizLocation: { name: 'bizLocation', canonical: nameOf },
  EQ_transformationID: { name: 'transformationID', canonical: nameOf },
  EQ_errorReason: { name: 'errorReason', canonical: bareReason },
  EQ_correctiveEventID: { name: 'correctiveEventID', canonical: (text) => text },
  EQ_certificationInfo: { name: 'certificationInfo', canonical: (text) => text },
  EQ_type: { name: 'type', canonical: wordOf('sensor') },
  EQ_exception: { name: 'exception', canonical: wordOf('sensor') },
  EQ_component: { name: 'component', canonical: wordOf('component') },
  EQ_hexBinaryValue: { name: 'hexBinaryValue', canonical: (text) => text.toLowerCase() },
  EQ_booleanValue: { name: 'booleanValue', canonical: (text) => text },
  ...Object.fromEntries(SENSOR_TEXTS.map((name) => [`EQ_${name}`, { name, canonical: nameOf }])),
}

/** In which roles a MATCH looks, and whether for things or for classes of them. */
const MATCHES: Readonly<Record<string, { readonly roles: readonly Role[]; readonly isOfClass?: true }>> = {
  MATCH_epc: { roles: ['epc', 'child'] },
  MATCH_parentID: { roles: ['parent'] },
  MATCH_inputEPC: { roles: ['input'] },
  MATCH_outputEPC: { roles: ['output'] },
  MATCH_anyEPC: { roles: ROLES.slice(0, 5) },
  MATCH_epcClass: { roles: ['class', 'childClass'], isOfClass: true },
  MATCH_inputEPCClass: { roles: ['inputClass'], isOfClass: true },
  MATCH_outputEPCClass: { roles: ['outputClass'], isOfClass: true },
  MATCH_anyEPCClass: { roles: ROLES.slice(5), isOfClass: true },
}

/** What the two published files call by two names (EPCIS #435), and TCR-53 by a third. */
const OTHER_SPELLINGS: Readonly<Record<string, string>> = {
  EXISTS_sensorElement: 'EXISTS_sensorElementList',
  GE_errorDeclaration_Time: 'GE_errorDeclarationTime',
  LT_errorDeclaration_Time: 'LT_errorDeclarationTime',
  EQ_eventType: 'eventType',
}

const TIMES = ['time', 'startTime', 'endTime']
const PLACES =
  '(INNER_)?(ILMD_|SENSORELEMENT_|SENSORMETADATA_|SENSORREPORT_|readPoint_|bizLocation_|ERROR_DECLARATION_)?'
const FIELD = new RegExp(`^(EQ|GT|GE|LT|LE|EXISTS)_${PLACES}(.+)$`)

class Parameters {
  readonly #given: Readonly<Record<string, ParameterValue>>
  readonly #form: 'url' | 'json'

  constructor(given: Readonly<Record<string, ParameterValue>>, form: 'url' | 'json') {
    this.#given = given
    this.#form = form
  }

  condition(given: string): Condition {
    const name = Object.hasOwn(OTHER_SPELLINGS, given) ? (OTHER_SPELLINGS[given] as string) : given
    const word = Object.hasOwn(WORDS, name) ? WORDS[name] : undefined
    if (word) return { kind: 'word', names: [word.name], values: this.#texts(given).map(word.canonical) }
    const match = Object.hasOwn(MATCHES, name) ? MATCHES[name] : undefined
    if (match) {
      const patterns = this.#texts(given).flatMap((text) => patternsOf(text, match.isOfClass ?? false))
      return { kind: 'thing', roles: match.roles, patterns }
    }
    return (
      this.#moment(name, given) ??
      this.#withType(name, given) ??
      this.#place(name, given) ??
      this.#attribute(name, given) ??
      this.#sensorFigure(name, given) ??
      this.#field(name, given) ??
      unknown(given)
    )
  }

  /** A whole number of events, or undefined where the parameter is not there. */
  count(name: string): number | undefined {
    const text = this.control(name)
    if (text === undefined) return undefined
    const count = Number(text)
    if (!/^\d+$/.test(text) || count < 1 || count > MAX_COUNT)
      throw wrong(name, `is a whole number from 1 to ${MAX_COUNT}`)
    return count
  }

  /** The one text of a parameter that says how to answer. */
  control(name: string): string | undefined {
    if (this.#given[name] === undefined) return undefined
    const [text, ...others] = this.#texts(name)
    if (text === undefined || others.length > 0) throw wrong(name, 'has one value')
    return text
  }

  #moment(name: string, given: string): Condition | undefined {
    if (name === 'EQ_eventID') return { kind: 'event-id', values: this.#texts(given) }
    if (name === 'EXISTS_errorDeclaration' || name === 'EXISTS_sensorElementList') {
      this.#presence(given)
      return { kind: 'word', names: ['has'], values: [name.slice('EXISTS_'.length)] }
    }
    const time = /^(GE|LT)_(eventTime|recordTime|errorDeclarationTime)$/.exec(name)
    if (time) {
      const [, comparison, what] = time as unknown as [string, 'GE' | 'LT', string]
      const ms = this.#time(given)
      if (what === 'errorDeclarationTime')
        return { kind: 'figure', name: 'errorDeclarationTime@time', comparison, values: [ms] }
      return { kind: what === 'eventTime' ? 'event-time' : 'record-time', comparison, ms }
    }
    const sensorTime = /^(EQ|GT|GE|LT|LE)_(\w+)$/.exec(name)
    if (!sensorTime || !TIMES.includes(sensorTime[2] as string)) return undefined
    const comparison = sensorTime[1] as Comparison
    return { kind: 'figure', name: `${sensorTime[2]}@time`, comparison, values: [this.#time(given)] }
  }

  /** EQ_bizTransaction_po, EQ_source_owning_party, EQ_destination_location; a type of one's own is a URI. */
  #withType(name: string, given: string): Condition | undefined {
    const match = /^EQ_(bizTransaction|source|destination)_(.+)$/.exec(name)
    if (!match) return undefined
    const [, kind, type = ''] = match
    const bare = bareWord(kind === 'bizTransaction' ? 'bizTransaction' : 'sourceDest', type)
    return { kind: 'word', names: [`${kind}_${bare}`], values: this.#texts(given).map(nameOf) }
  }

  /** A place itself, or what lies in it. */
  #place(name: string, given: string): Condition | undefined {
    const place = /^WD_(readPoint|bizLocation)$/.exec(name)?.[1] as 'readPoint' | 'bizLocation' | undefined
    if (place === undefined) return undefined
    return { kind: 'within', place, places: this.#texts(given).map(nameOf) }
  }

  /** HASATTR_readPoint=name, EQATTR_readPoint_name=value (query-schema.json writes EQ_ATTR_). */
  #attribute(name: string, given: string): Condition | undefined {
    const has = /^HASATTR_(.+)$/.exec(name)?.[1]
    if (has !== undefined) {
      const attributes = this.#texts(given).flatMap((each) => attributeNames(each))
      return { kind: 'attribute', of: masterField(has, given), attributes, values: undefined }
    }
    const is = /^EQ_?ATTR_(.+)$/.exec(name)?.[1]
    if (is === undefined) return undefined
    const { field, attribute } = fieldAndAttribute(is, given)
    const values = this.#texts(given)
    return {
      kind: 'attribute',
      of: masterField(field, given),
      attributes: attributeNames(attribute.replaceAll('\\', '')),
      values,
    }
  }

  /** GE_value_CEL, LT_sDev, EQ_quantity_KGM: figures with or without a unit. */
  #sensorFigure(name: string, given: string): Condition | undefined {
    const match = /^(EQ|GT|GE|LT|LE)_([a-zA-Z]+)(?:_([A-Z0-9]{2,4}))?$/.exec(name)
    const [, comparison, what = '', uom] = match ?? []
    if (what !== 'quantity' && !SENSOR_FIGURES.some((figure) => figure === what)) return undefined
    const numbers = this.#numbers(given, comparison === 'EQ')
    const inBase = what === 'sDev' ? differenceInBaseUnit : inBaseUnit
    const turned = uom ? numbers.map((number) => inBase(number, uom)) : []
    return {
      kind: 'figure',
      name: uom ? `${what}@${turned[0]?.base}` : what,
      comparison: comparison as Comparison,
      values: uom ? turned.map(({ value }) => value) : numbers,
    }
  }

  #field(name: string, given: string): Condition | undefined {
    const match = FIELD.exec(name)
    if (!match) return undefined
    const [, comparison, inner = '', place = '', written = ''] = match
    const field = fieldOf(inner + place, written)
    if (!field) return undefined
    if (comparison === 'EXISTS') {
      this.#presence(given)
      return { kind: 'field-exists', field }
    }
    if (comparison === 'EQ') return { kind: 'field-is', field, values: this.#texts(given) }
    const [text = ''] = this.#texts(given)
    const ms = timeOf(withPlus(text))
    const value = ms ?? this.#numbers(given, false)[0] ?? Number.NaN
    return {
      kind: 'field-figure',
      field,
      comparison: comparison as Comparison,
      value,
      isTime: ms !== undefined,
    }
  }

  /** An EXISTS parameter has no value, null, or one that says nothing; `false` would be another question. */
  #presence(name: string): void {
    if (String(this.#given[name]) === 'false')
      throw wrong(name, 'asks for what is there', 'Leave it away where it does not matter.')
  }

  #time(name: string): number {
    const [text = '', ...others] = this.#texts(name)
    const ms = others.length === 0 ? timeOf(withPlus(text)) : undefined
    if (ms === undefined)
      throw wrong(
        name,
        'is not one date and time with an offset',
        'Such as 2026-11-23T07:30:00+07:00 (+ is %2B in a URL).',
      )
    return ms
  }

  #numbers(name: string, isList: boolean): number[] {
    const numbers = this.#texts(name).map((text) => (text.trim() === '' ? Number.NaN : Number(text)))
    if (
      numbers.length === 0 ||
      numbers.some((number) => !Number.isFinite(number)) ||
      (!isList && numbers.length > 1)
    )
      throw wrong(name, isList ? 'has a value that is not a number' : 'is one number')
    return numbers
  }

  #texts(name: string): string[] {
    const given = this.#given[name]
    const list = Array.isArray(given) ? given : [given]
    if (list.some((value) => !['string', 'number', 'boolean'].includes(typeof value)))
      throw wrong(name, 'is a text, a number or a list of them')
    const texts = list.flatMap((value) => (this.#form === 'url' ? String(value).split('|') : [String(value)]))
    if (texts.length === 0 || texts.some((text) => text === '')) throw wrong(name, 'has an empty value')
    if (texts.length > MAX_VALUES || texts.some((text) => text.length > MAX_VALUE_LENGTH))
      throw new EpcisException(
        'QueryTooComplexException',
        `${name} has more than ${MAX_VALUES} values, or one of more than ${MAX_VALUE_LENGTH} characters.`,
        { hint: 'Ask in several questions.' },
      )
    return texts
  }
}

/** `prefix:field`, `{namespace}field`, or the whole address of a field; undefined for what has no namespace. */
function fieldOf(place: string, written: string): Field | undefined {
  const name = written.replaceAll('\\', '')
  const full = /^\{(.+)\}([^{}]+)$/.exec(name)
  if (full) return { place, prefix: full[1] as string, local: full[2] as string }
  const colon = name.indexOf(':')
  if (colon < 1 || colon === name.length - 1 || /\s/.test(name)) return undefined
  return { place, prefix: name.slice(0, colon), local: name.slice(colon + 1) }
}

/** The fields of an event that name an element of a vocabulary (EPCIS 2.0 §7.2), and where the index has them. */
const MASTER_FIELDS: Readonly<Record<string, MasterField>> = {
  readPoint: { names: ['readPoint'] },
  bizLocation: { names: ['bizLocation'] },
  bizStep: { names: ['bizStep'], vocabulary: 'bizStep' },
  disposition: { names: ['disposition'], vocabulary: 'disposition' },
  epcClass: { roles: ROLES.slice(5) },
  bizTransaction: { names: [...BIZ_TRANSACTION_TYPES].map((type) => `bizTransaction_${type}`) },
  source: { names: [...SOURCE_DEST_TYPES].map((type) => `source_${type}`) },
  destination: { names: [...SOURCE_DEST_TYPES].map((type) => `destination_${type}`) },
}

function masterField(name: string, given: string): MasterField {
  if (Object.hasOwn(MASTER_FIELDS, name)) return MASTER_FIELDS[name] as MasterField
  const field = fieldOf('', name)
  if (!field)
    throw wrong(
      given.slice(0, 100),
      'asks for the attributes of what has none',
      `Ask for those of ${Object.keys(MASTER_FIELDS).join(', ')}, or of a field of your own, written prefix:field.`,
    )
  return { field }
}

/**
 * `readPoint` and `cbvmda:site` of `readPoint_cbvmda:site`. A field of an author's own may have a `_` in its name, so
 * it ends where an attribute with a prefix begins, or at the first one.
 */
function fieldAndAttribute(text: string, given: string): { field: string; attribute: string } {
  const own = /^([^_:]+)_(.+)$/.exec(text) ?? /^(\{.+\}[^_]+|[^:]+:.+?)_(?=[^_]*:)(.+)$/.exec(text)
  const [, field = '', attribute = ''] = own ?? /^(\{.+\}[^_]+|[^_:]+:[^_]+)_(.+)$/.exec(text) ?? []
  if (field === '')
    throw wrong(
      given.slice(0, 100),
      'names no attribute',
      'Such as EQATTR_readPoint_cbvmda:site=9521234000006.',
    )
  return { field, attribute }
}

// In a URL a plus that nobody escaped has become a space.
const withPlus = (text: string): string => text.replace(/ (\d\d:\d\d)$/, '+$1')

function wordOf(vocabulary: Vocabulary): (text: string) => string {
  return (text) => bareWord(vocabulary, text)
}

function bareType(text: string): string {
  return text.replace(/^(?:https:\/\/ref\.gs1\.org\/epcis\/|epcis:)/, '')
}

const wrong = (name: string, what: string, hint?: string): EpcisException =>
  new EpcisException('QueryParameterException', `${name} ${what}.`, hint === undefined ? {} : { hint })

function unknown(name: string): never {
  const shown = name.slice(0, 100)
  throw new EpcisException('QueryParameterException', `There is no parameter ${shown}.`, {
    hint: 'See SimpleEventQuery in the EPCIS 2.0 standard; a field of your own is written prefix:field.',
  })
}
