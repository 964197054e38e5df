import { timeOf } from './epcis-facts.ts'
import {
  at,
  CBV_FORM,
  checkNames,
  checkProperties,
  type EpcisMistake,
  GS1_FORM,
  identifier,
  isObject,
  isUri,
  type Json,
  list,
  Mistakes,
  matching,
  number,
  ofType,
  type Rule,
  record,
  time,
  uri,
  word,
} from './epcis-value-rules.ts'
import {
  ACTIONS,
  BIZ_STEPS,
  BIZ_TRANSACTION_TYPES,
  COMPONENTS,
  DISPOSITIONS,
  ERROR_REASONS,
  MEASUREMENT_TYPES,
  SENSOR_ALERTS,
  SOURCE_DEST_TYPES,
  STANDARD_EVENT_TYPES,
} from './epcis-vocabulary.ts'

/**
 * What is wrong with an EPCIS 2.0 event: the rules of EPCIS-JSON-Schema, and those that a schema can't say (TCR-53
 * step 29, TCR-54, check digits, the order of times).
 *
 * `isAlone`: it stands by itself, and then needs an @context of its own. `isForCapture`: it wants
 * to be captured, and two rules hold too that GS1's own examples break, so that they are no mistakes of a file: what
 * sensorMetadata says, no report says again (TCR-53 step 29), and nothing was measured after the event (M122).
 */
export function eventMistakes(
  event: unknown,
  path: string,
  options: { readonly isAlone?: boolean; readonly isForCapture?: boolean } = {},
): EpcisMistake[] {
  const found = new Mistakes(options.isForCapture ?? false)
  checkEvent(event, path, options.isAlone ?? false, found)
  return found.list
}

function checkEvent(event: unknown, path: string, isAlone: boolean, found: Mistakes): void {
  if (!isObject(event)) {
    found.add(path || 'event', 'is not an object')
    return
  }
  if (isAlone && event['@context'] === undefined)
    found.add(at(path, '@context'), 'is missing: a single event names its context itself')
  const { type } = event
  if (typeof type !== 'string') {
    found.add(at(path, 'type'), 'is missing')
    return
  }
  for (const name of ['eventTime', 'eventTimeZoneOffset'])
    if (event[name] === undefined) found.add(at(path, name), 'is missing')
  const own = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined
  if (!own) {
    // Types of one's own are URIs; their fields are their author's.
    if (!isUri(type)) found.add(at(path, 'type'), `is not one of ${STANDARD_EVENT_TYPES.join(', ')} or a URI`)
    checkProperties(event, path, COMMON, found)
    return
  }
  for (const name of own.required) if (event[name] === undefined) found.add(at(path, name), 'is missing')
  const known: Readonly<Record<string, Rule>> = { ...COMMON, ...pick(own.properties) }
  checkProperties(event, path, known, found)
  checkNames(event, path, new Set(['type', ...Object.keys(known)]), found)
  own.further?.(event, path, found)
  if (found.isForCapture) checkMeasuredBefore(event, path, found)
}

function checkMeasuredBefore(event: Json, path: string, found: Mistakes): void {
  const elements = event['sensorElementList']
  const eventTime = timeOf(event['eventTime'])
  if (!Array.isArray(elements) || eventTime === undefined) return
  const check = (holder: unknown, where: string): void => {
    const time = isObject(holder) ? timeOf(holder['time']) : undefined
    if (time !== undefined && time > eventTime)
      found.add(
        `${where}.time`,
        'is after the eventTime: what an event reports was measured before it (M122)',
      )
  }
  for (const [index, element] of elements.entries()) {
    if (!isObject(element)) continue
    const where = `${at(path, 'sensorElementList')}[${index}]`
    check(element['sensorMetadata'], `${where}.sensorMetadata`)
    const reports = element['sensorReport']
    if (Array.isArray(reports))
      for (const [no, report] of reports.entries()) check(report, `${where}.sensorReport[${no}]`)
  }
}

interface TypeRules {
  readonly properties: readonly string[]
  readonly required: readonly string[]
  /** What holds between properties. */
  readonly further?: (event: Json, path: string, found: Mistakes) => void
}

const WHERE_AND_WHY = [
  'bizStep',
  'disposition',
  'readPoint',
  'bizLocation',
  'bizTransactionList',
  'sourceList',
  'destinationList',
  'sensorElementList',
]

const TYPES: Readonly<Record<string, TypeRules>> = {
  ObjectEvent: {
    properties: ['action', 'epcList', 'quantityList', 'persistentDisposition', 'ilmd', ...WHERE_AND_WHY],
    required: ['action'],
    further(event, path, found) {
      const isSensed = isFilled(event['sensorElementList']) && event['readPoint'] !== undefined
      if (!Array.isArray(event['epcList']) && !isFilled(event['quantityList']) && !isSensed)
        found.add(path, 'has no epcList, no quantityList and no sensorElementList with a readPoint')
      if (event['ilmd'] !== undefined && event['action'] !== 'ADD')
        found.add(at(path, 'ilmd'), 'is allowed with the action ADD only')
    },
  },
  AggregationEvent: {
    properties: ['action', 'parentID', 'childEPCs', 'childQuantityList', ...WHERE_AND_WHY],
    required: ['action'],
    further: checkFamily,
  },
  AssociationEvent: {
    properties: ['action', 'parentID', 'childEPCs', 'childQuantityList', ...WHERE_AND_WHY],
    required: ['action', 'parentID'],
    further: checkFamily,
  },
  TransactionEvent: {
    properties: ['action', 'parentID', 'epcList', 'quantityList', ...WHERE_AND_WHY],
    required: ['action', 'bizTransactionList'],
    further(event, path, found) {
      if (
        !Array.isArray(event['epcList']) &&
        !isFilled(event['quantityList']) &&
        event['action'] !== 'DELETE'
      )
        found.add(path, 'has no epcList and no quantityList, which only the action DELETE may leave away')
      if (Array.isArray(event['bizTransactionList']) && !isFilled(event['bizTransactionList']))
        found.add(at(path, 'bizTransactionList'), 'is empty')
    },
  },
  TransformationEvent: {
    properties: [
      'inputEPCList',
      'inputQuantityList',
      'outputEPCList',
      'outputQuantityList',
      'transformationID',
      'persistentDisposition',
      'ilmd',
      ...WHERE_AND_WHY,
    ],
    required: [],
    further(event, path, found) {
      const hasInput = isFilled(event['inputEPCList']) || isFilled(event['inputQuantityList'])
      const hasOutput = isFilled(event['outputEPCList']) || isFilled(event['outputQuantityList'])
      if (hasInput && hasOutput) return
      if (event['transformationID'] === undefined)
        found.add(path, `has no ${hasInput ? 'output' : 'input'}, which only a transformationID allows`)
      else if (!hasInput && !hasOutput) found.add(path, 'has neither an input nor an output')
    },
  },
}

/** TCR-54 and the standard's §7.4.3: what is put together has a parent, and children unless all are taken out. */
function checkFamily(event: Json, path: string, found: Mistakes): void {
  const { action, type } = event
  if (!isFilled(event['childEPCs']) && !isFilled(event['childQuantityList']) && action !== 'DELETE')
    found.add(path, 'has no childEPCs and no childQuantityList, which only the action DELETE may leave away')
  if (
    type === 'AggregationEvent' &&
    event['parentID'] === undefined &&
    (action === 'ADD' || action === 'DELETE')
  )
    found.add(at(path, 'parentID'), `is missing, and the action ${action} needs it`)
}

const unit = matching(/^[A-Z0-9]{2,3}$/, 'is not a unit of UN/ECE Rec 20, such as KGM or CEL')
const quantity = record(
  {
    epcClass: identifier,
    quantity: number,
    uom: unit,
  },
  ['epcClass'],
  'none',
)
const disposition = word(DISPOSITIONS, CBV_FORM)
const place = record({ id: identifier }, ['id'], 'any')
const typed = (name: string, types: ReadonlySet<string>, required: readonly string[]): Rule =>
  list(record({ type: word(types, CBV_FORM), [name]: identifier }, required, 'none'))

const DEVICE: Readonly<Record<string, Rule>> = {
  time,
  deviceID: identifier,
  deviceMetadata: identifier,
  rawData: identifier,
  dataProcessingMethod: identifier,
  bizRules: identifier,
}
const sensorElement: Rule = (value, path, found) => {
  record(
    {
      sensorMetadata: record({ ...DEVICE, startTime: time, endTime: time }, [], 'named'),
      sensorReport: list(
        record(
          {
            ...DEVICE,
            type: word(MEASUREMENT_TYPES, GS1_FORM),
            exception: word(SENSOR_ALERTS, GS1_FORM),
            microorganism: uri,
            chemicalSubstance: uri,
            coordinateReferenceSystem: uri,
            component: word(COMPONENTS, CBV_FORM),
            stringValue: ofType('string', 'is not a text'),
            booleanValue: ofType('boolean', 'is not true or false'),
            hexBinaryValue: matching(/^[A-Fa-f0-9]+$/, 'is not hexadecimal'),
            uriValue: uri,
            uom: unit,
            ...Object.fromEntries(
              ['value', 'minValue', 'maxValue', 'meanValue', 'sDev', 'percRank', 'percValue'].map((name) => [
                name,
                number,
              ]),
            ),
          },
          ['type'],
          'named',
        ),
        false,
        1,
      ),
    },
    ['sensorReport'],
    'named',
  )(value, path, found)
  if (isObject(value)) checkMetadata(value, path, found)
}

function checkMetadata(element: Json, path: string, found: Mistakes): void {
  const metadata = element['sensorMetadata']
  const reports = element['sensorReport']
  if (!isObject(metadata)) return
  if (Array.isArray(reports) && found.isForCapture)
    for (const [index, report] of reports.entries())
      for (const name of Object.keys(DEVICE))
        if (isObject(report) && metadata[name] !== undefined && report[name] !== undefined)
          found.add(`${path}.sensorReport[${index}].${name}`, 'is given in sensorMetadata already (TCR-53)')
  const [from, to] = [timeOf(metadata['startTime']), timeOf(metadata['endTime'])]
  if (from !== undefined && to !== undefined && from > to)
    found.add(`${path}.sensorMetadata.endTime`, 'is before startTime')
}

const PROPERTIES: Readonly<Record<string, Rule>> = {
  action: (value, path, found) => {
    if (!ACTIONS.has(value as string)) found.add(path, 'is not one of OBSERVE, ADD, DELETE')
  },
  bizStep: word(BIZ_STEPS, CBV_FORM),
  disposition,
  persistentDisposition: (value, path, found) => {
    const words = list(disposition, true, 1)
    record({ set: words, unset: words }, [], 'none')(value, path, found)
    if (isObject(value) && value['set'] === undefined && value['unset'] === undefined)
      found.add(path, 'has neither set nor unset')
  },
  readPoint: place,
  bizLocation: place,
  bizTransactionList: typed('bizTransaction', BIZ_TRANSACTION_TYPES, ['bizTransaction']),
  sourceList: typed('source', SOURCE_DEST_TYPES, ['type', 'source']),
  destinationList: typed('destination', SOURCE_DEST_TYPES, ['type', 'destination']),
  sensorElementList: list(sensorElement),
  ilmd: (value, path, found) => {
    if (!isObject(value)) return found.add(path, 'is not an object')
    checkNames(value, path, new Set(), found)
  },
  parentID: identifier,
  transformationID: identifier,
  epcList: list(identifier, true),
  childEPCs: list(identifier),
  inputEPCList: list(identifier, true),
  outputEPCList: list(identifier, true),
  quantityList: list(quantity),
  childQuantityList: list(quantity),
  inputQuantityList: list(quantity),
  outputQuantityList: list(quantity),
}

const context: Rule = (value, path, found) => {
  const parts = Array.isArray(value) ? value : [value]
  const isRight = parts.every((part) => isObject(part) || (typeof part === 'string' && isUri(part)))
  if (!isRight) found.add(path, 'is not an address, an object of prefixes, or a list of these')
}

const COMMON: Readonly<Record<string, Rule>> = {
  '@context': context,
  eventTime: time,
  recordTime: time,
  eventTimeZoneOffset: matching(
    /^[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)$/,
    'is not an offset such as +07:00, at most 14:00',
  ),
  eventID: uri,
  certificationInfo: (value, path, found) => (Array.isArray(value) ? list(uri) : uri)(value, path, found),
  errorDeclaration: record(
    { declarationTime: time, reason: word(ERROR_REASONS, CBV_FORM), correctiveEventIDs: list(uri) },
    ['declarationTime'],
    'named',
  ),
}

const pick = (names: readonly string[]): Record<string, Rule> =>
  Object.fromEntries(names.map((name) => [name, PROPERTIES[name] as Rule]))

const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0

export const contextMistakes = (value: unknown, path: string): EpcisMistake[] => {
  const found = new Mistakes(false)
  context(value, path, found)
  return found.list
}

export const isTime = (value: unknown): boolean => {
  const found = new Mistakes(false)
  time(value, '', found)
  return found.list.length === 0
}
