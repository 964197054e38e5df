import { toHex, utf8 } from '../ground/bytes.ts'
import type { Sha256 } from '../ground/signing.ts'
import { type EpcisEvent, EVENT_NAMESPACES } from './epcis.ts'

/**
 * The CBV 2.0 event hash (CBV §8.9.2): the eventID of an event, computed from what it says. It finds doubles;
 * it proves nothing about who said it.
 *
 * This takes events as Vuon builds them: identifiers as canonical Digital Links, vocabulary as bare words.
 */
export function eventHash(event: EpcisEvent, sha256: Sha256): string {
  return `ni:///sha-256;${toHex(sha256(utf8(preHash(event))))}?ver=CBV2.0`
}

/** Order in which CBV 2.0 strings the properties together. */
const ORDER = [
  'eventTime',
  'eventTimeZoneOffset',
  'epcList',
  'parentID',
  'inputEPCList',
  'childEPCs',
  'quantityList',
  'childQuantityList',
  'inputQuantityList',
  'outputEPCList',
  'outputQuantityList',
  'action',
  'transformationID',
  'bizStep',
  'disposition',
  'readPoint',
  'bizLocation',
] as const

export function preHash(event: EpcisEvent): string {
  let text = `eventType=${event.type}`
  for (const name of ORDER) text += property(name, event[name])
  if (event['ilmd']) text += `ilmd${extensions(event['ilmd'] as Record<string, unknown>)}`
  return text + extensions(event)
}

function property(name: string, value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return ''
  switch (name) {
    case 'eventTime':
      return `eventTime=${new Date(String(value)).toISOString()}`
    case 'bizStep':
      return `bizStep=https://ref.gs1.org/cbv/BizStep-${value}`
    case 'disposition':
      return `disposition=https://ref.gs1.org/cbv/Disp-${value}`
    case 'readPoint':
    case 'bizLocation':
      return `${name}id=${(value as { id: string }).id}`
    case 'epcList':
    case 'childEPCs':
    case 'inputEPCList':
    case 'outputEPCList':
      return (
        name +
        (value as string[])
          .map((epc) => `epc=${epc}`)
          .sort()
          .join('')
      )
    case 'quantityList':
    case 'childQuantityList':
    case 'inputQuantityList':
    case 'outputQuantityList':
      return name + (value as QuantityElement[]).map(quantityElement).sort().join('')
    default:
      return `${name}=${value}`
  }
}

interface QuantityElement {
  epcClass: string
  quantity?: number
  uom?: string
}

const quantityElement = (element: QuantityElement): string =>
  `quantityElementepcClass=${element.epcClass}` +
  (element.quantity === undefined ? '' : `quantity=${element.quantity}`) +
  (element.uom === undefined ? '' : `uom=${element.uom}`)

/** Extension keys (those with a prefix) as `{namespace}name=value`, sorted. */
function extensions(holder: Record<string, unknown>): string {
  return Object.entries(holder)
    .filter(([key]) => key.includes(':'))
    .map(([key, value]) => {
      const [prefix = '', name = ''] = key.split(':')
      return extension(`{${EVENT_NAMESPACES[prefix] ?? prefix}}${name}`, value)
    })
    .sort()
    .join('')
}

function extension(name: string, value: unknown): string {
  if (Array.isArray(value))
    return value
      .map((item) => extension(name, item))
      .sort()
      .join('')
  if (value !== null && typeof value === 'object') return name + extensions(value as Record<string, unknown>)
  return `${name}=${value}`
}
