import type { EpcisEvent } from './epcis.ts'
import { headerMistakes, type MasterElement, masterElements } from './epcis-master-data.ts'
import { contextMistakes, eventMistakes, isTime } from './epcis-mistakes.ts'
import { type EpcisMistake, isUri } from './epcis-value-rules.ts'
import { isTooDeep, MAX_JSON_DEPTH } from './json-depth.ts'

/** What can be captured: an EPCISDocument, an EPCISQueryDocument (somebody's answer), or a single event. */
export interface OpenedDocument {
  /** Every event as it was written, with the document's @context where that declares more than the standard's own. */
  readonly events: readonly unknown[]
  /** Where the events stand, for their mistakes: `epcisBody.eventList`, or nothing for a single event. */
  readonly path: string
  /** What the document's header says of places, products and parties. */
  readonly masterData: readonly MasterElement[]
  /** What is wrong with the document around them. With any, the events count for nothing. */
  readonly mistakes: readonly EpcisMistake[]
}

type Json = Readonly<Record<string, unknown>>

const DOCUMENT_FIELDS = new Set([
  '@context',
  'id',
  'type',
  'schemaVersion',
  'creationDate',
  'instanceIdentifier',
  'sender',
  'receiver',
  'epcisHeader',
  'epcisBody',
])
const QUERY_FIELDS = new Set(['@context', 'id', 'type', 'schemaVersion', 'creationDate', 'epcisBody'])

/** Takes a document or event apart. The events themselves are not checked here. */
export function openDocument(value: unknown): OpenedDocument {
  if (!isObject(value)) return refused('', 'is not an object')
  if (isTooDeep(value)) return refused('', `is nested more than ${MAX_JSON_DEPTH} deep`)
  const { type } = value
  if (typeof type !== 'string') return refused('type', 'is missing')
  if (type === 'EPCISDocument') return openBody(value, 'epcisBody', DOCUMENT_FIELDS)
  if (type === 'EPCISQueryDocument')
    return openBody(value, 'epcisBody.queryResults.resultsBody', QUERY_FIELDS)
  return { events: [value], path: '', masterData: [], mistakes: [] }
}

/** Every mistake of a document and of its events; `isForCapture` as in `eventMistakes`. */
export function documentMistakes(value: unknown, isForCapture = false): EpcisMistake[] {
  const { events, path, mistakes } = openDocument(value)
  if (mistakes.length > 0) return [...mistakes]
  if (path === '') return eventMistakes(events[0], '', { isAlone: true, isForCapture })
  return events.flatMap((event, index) => eventMistakes(event, `${path}[${index}]`, { isForCapture }))
}

function openBody(document: Json, holderPath: string, fields: ReadonlySet<string>): OpenedDocument {
  const mistakes: EpcisMistake[] = []
  const isQuery = fields === QUERY_FIELDS
  const required = isQuery
    ? ['@context', 'epcisBody']
    : ['@context', 'schemaVersion', 'creationDate', 'epcisBody']
  for (const name of required)
    if (document[name] === undefined) mistakes.push({ path: name, rule: 'is missing' })
  if (document['@context'] !== undefined) mistakes.push(...contextMistakes(document['@context'], '@context'))
  const { schemaVersion, creationDate, id } = document
  if (
    schemaVersion !== undefined &&
    !(typeof schemaVersion === 'string' && /^\d+(\.\d+)*$/.test(schemaVersion))
  )
    mistakes.push({ path: 'schemaVersion', rule: 'is not a version such as 2.0' })
  if (typeof schemaVersion === 'string' && /^1(\.|$)/.test(schemaVersion))
    mistakes.push({ path: 'schemaVersion', rule: 'is of EPCIS 1, which has no JSON' })
  if (creationDate !== undefined && !isTime(creationDate))
    mistakes.push({ path: 'creationDate', rule: 'is not a date and time with an offset' })
  if (id !== undefined && !(typeof id === 'string' && isUri(id)))
    mistakes.push({ path: 'id', rule: 'is not a URI' })
  for (const name of ['instanceIdentifier', 'sender', 'receiver'])
    if (document[name] !== undefined && typeof document[name] !== 'string')
      mistakes.push({ path: name, rule: 'is not a text' })
  for (const key of Object.keys(document))
    if (!fields.has(key) && !isUri(key))
      mistakes.push({ path: key, rule: 'is not a field of a document, and has no namespace (prefix:field)' })
  if (isQuery) mistakes.push(...queryMistakes(document))
  const { epcisHeader } = document
  if (epcisHeader !== undefined) mistakes.push(...headerMistakes(epcisHeader))
  const holder = holderPath
    .split('.')
    .reduce<unknown>((each, name) => (isObject(each) ? each[name] : undefined), document)
  const events = isObject(holder) ? holder['eventList'] : undefined
  if (!Array.isArray(events))
    mistakes.push({ path: `${holderPath}.eventList`, rule: 'is not a list of events' })
  if (mistakes.length > 0 || !Array.isArray(events))
    return { events: [], path: holderPath, masterData: [], mistakes }
  const context = declarationsOf(document['@context'])
  return {
    events: context.length === 0 ? events : events.map((event) => withContext(event, context)),
    path: `${holderPath}.eventList`,
    masterData: masterElements(epcisHeader, prefixesOf(context)),
    mistakes: [],
  }
}

function queryMistakes(document: Json): EpcisMistake[] {
  const body = document['epcisBody']
  const results = isObject(body) ? body['queryResults'] : undefined
  return isObject(results) && typeof results['queryName'] !== 'string'
    ? [{ path: 'epcisBody.queryResults.queryName', rule: 'is missing' }]
    : []
}

/** The prefixes that a context declares; contexts given by address are the standard's, or nothing that can be read here. */
const declarationsOf = (context: unknown): Json[] =>
  (Array.isArray(context) ? context : [context]).filter((part): part is Json => isObject(part))

const prefixesOf = (declared: readonly Json[]): Record<string, string> =>
  Object.fromEntries(
    declared
      .flatMap((part) => Object.entries(part))
      .filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )

/** An event stands alone once it is captured, so what its document declared goes with it; its own declarations win. */
function withContext(event: unknown, declared: readonly Json[]): unknown {
  if (!isObject(event)) return event
  const own = event['@context']
  const all = own === undefined ? declared : [...declared, ...(Array.isArray(own) ? own : [own])]
  return { '@context': all, ...event, ...(own === undefined ? {} : { '@context': all }) } satisfies Json
}

const refused = (path: string, rule: string): OpenedDocument => ({
  events: [],
  path: '',
  masterData: [],
  mistakes: [{ path: path || 'document', rule }],
})

const isObject = (value: unknown): value is Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

export const isEvent = (value: unknown): value is EpcisEvent =>
  isObject(value) && typeof value['type'] === 'string' && typeof value['eventTime'] === 'string'
