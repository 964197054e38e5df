import type { Condition } from '#contract/trace/epcis-condition.ts'
import { WITHIN } from '#contract/trace/epcis-facts.ts'
import { bareWord, following, type NamePattern, uriOfName } from '#contract/trace/epcis-names.ts'
import type { Db } from '../../store/open-store.ts'
import type { EventReader } from './event-reader.ts'
import { elementsWith, placesWithin } from './master-data.ts'
import { registeredWith } from './province-attributes.ts'

/**
 * Conditions on master data as conditions on what events name: WD_ as the place and all that lies in it, HASATTR_ and
 * EQATTR_ as the elements that have the attribute. Other conditions stay as they are. Throws EpcisException
 * `QueryTooComplexException` where that is too many.
 */
export async function withMasterData(db: Db, reader: EventReader, condition: Condition): Promise<Condition> {
  if (condition.kind === 'within') {
    const { place } = condition
    const values = await placesWithin(db, reader, condition.places)
    // Behind `<` an event has the GLN that its growing area is in, as far as the names tell.
    return { kind: 'word', names: [place, place + WITHIN], values }
  }
  if (condition.kind !== 'attribute') return condition
  const { of, attributes, values } = condition
  const said = await elementsWith(db, reader, attributes, values)
  const names = [...said.map(({ name }) => name), ...(await registeredWith(db, attributes, values))]
  if ('names' in of) {
    const { vocabulary } = of
    return {
      kind: 'word',
      names: of.names,
      values: vocabulary ? names.map((name) => bareWord(vocabulary, name)) : names,
    }
  }
  if ('roles' in of) return { kind: 'thing', roles: of.roles, patterns: names.flatMap(withItsLots) }
  // A field of an author's own stands in the index as it was written.
  const written = [...said.map((element) => element.written), ...names.map(uriOfName)]
  return { kind: 'field-is', field: of.field, values: [...new Set([...names, ...written])] }
}

/** What is true of a product is true of each of its lots. */
function withItsLots(name: string): NamePattern[] {
  if (!/^\/01\/\d{14}$/.test(name)) return [{ name }]
  const from = `${name}/10/`
  return [{ name }, { from, before: following(from), part: '' }]
}
