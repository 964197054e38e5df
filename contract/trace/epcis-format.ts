import { canonicalLink } from './canonical-link.ts'
import { urnOfLink } from './epc-urn-of-link.ts'

/** GS1-EPC-Format: how identifiers stand in an answer. */
export const EPC_FORMATS = [
  'Always_GS1_Digital_Link',
  'Always_EPC_URN',
  'Never_Translates',
  'No_Preference',
] as const
export type EpcFormat = (typeof EPC_FORMATS)[number]

type Json = Readonly<Record<string, unknown>>

/**
 * The event with its identifiers in the form that was asked for. `companyPrefixes` are those that a Digital Link can be
 * cut at for a URN; one with another prefix stays a Digital Link, for nothing in it says where the prefix ends.
 */
export function inEpcFormat(event: Json, format: EpcFormat, companyPrefixes: readonly string[]): Json {
  if (format === 'Never_Translates' || format === 'No_Preference') return event
  const turn = (value: unknown): unknown => {
    if (typeof value !== 'string') return value
    if (format === 'Always_EPC_URN') return urnOfLink(value, companyPrefixes) ?? value
    return value.startsWith('urn:epc:') ? (canonicalLink(value) ?? value) : value
  }
  const changed: Record<string, unknown> = { ...event }
  for (const name of ['epcList', 'childEPCs', 'inputEPCList', 'outputEPCList'])
    if (Array.isArray(event[name])) changed[name] = event[name].map(turn)
  for (const name of ['quantityList', 'childQuantityList', 'inputQuantityList', 'outputQuantityList'])
    if (Array.isArray(event[name]))
      changed[name] = event[name].map((each) => withTurned(each, 'epcClass', turn))
  for (const name of ['bizTransaction', 'source', 'destination'])
    if (Array.isArray(event[`${name}List`]))
      changed[`${name}List`] = (event[`${name}List`] as unknown[]).map((each) => withTurned(each, name, turn))
  for (const name of ['readPoint', 'bizLocation'])
    if (event[name] !== undefined) changed[name] = withTurned(event[name], 'id', turn)
  if (event['parentID'] !== undefined) changed['parentID'] = turn(event['parentID'])
  return changed
}

function withTurned(holder: unknown, name: string, turn: (value: unknown) => unknown): unknown {
  if (holder === null || typeof holder !== 'object') return holder
  const value = (holder as Json)[name]
  return value === undefined ? holder : { ...holder, [name]: turn(value) }
}
