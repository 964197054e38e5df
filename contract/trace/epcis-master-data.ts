import { STANDARD_NAMESPACES } from './epcis.ts'
import { identifier, isObject, isUri, list, Mistakes, type Rule, record, uri } from './epcis-value-rules.ts'
import { VUON_NAMESPACE } from './vuon-words.ts'

/**
 * Master data as a captured document carries it (EPCIS 2.0 §6.5 and §9.5, `epcisHeader.epcisMasterData`): what is true
 * of a place, product or party for longer than one event, and which places lie in which.
 */
export interface MasterElement {
  /** The kind of thing it is in, such as `urn:epcglobal:epcis:vtype:BusinessLocation`. */
  readonly vocabulary: string
  /** As it was written. */
  readonly id: string
  /** Names as `attributeNames` gives them; of a value that is an object it is known only that it is there. */
  readonly attributes: readonly (readonly [name: string, value: string])[]
  /** Places in it, as they were written. */
  readonly children: readonly string[]
}

/** CBV 2.0 §9.4: the GLN of the site that a part of a site is in. */
export const SITE = 'urn:epcglobal:cbv:mda:site'

const MASTER_NAMESPACES: Readonly<Record<string, string>> = {
  ...STANDARD_NAMESPACES,
  vuon: VUON_NAMESPACE,
}

/** Every name that an attribute is known under: with its prefix as it was written, and with what that is short for. */
export function attributeNames(written: string, declared: Readonly<Record<string, string>> = {}): string[] {
  const text = written.replace(/^urn:epcglobal:cbv:mda[#:]/, SITE.slice(0, -'site'.length))
  const colon = text.indexOf(':')
  const prefix = text.slice(0, Math.max(0, colon))
  const namespaces = { ...MASTER_NAMESPACES, ...declared }
  const namespace = Object.hasOwn(namespaces, prefix) ? namespaces[prefix] : undefined
  return namespace === undefined ? [text] : [text, namespace + text.slice(colon + 1)]
}

const value: Rule = (each, path, found) => {
  const isRight = ['string', 'number', 'boolean'].includes(typeof each) || isObject(each)
  if (!isRight && each !== null) found.add(path, 'is not a text, a number or an object')
}
const vocabularyList = list(
  record(
    {
      type: uri,
      vocabularyElementList: list(
        record(
          {
            id: identifier,
            attributes: list(record({ id: uri, attribute: value }, ['id'], 'none')),
            children: list(identifier),
          },
          ['id'],
          'named',
        ),
      ),
    },
    ['type'],
    'named',
  ),
)
const header = record({ epcisMasterData: record({ vocabularyList }, [], 'named') }, [], 'named')

/** Notes what is wrong with a header. */
export const headerMistakes = (value: unknown): Mistakes['list'] => {
  const found = new Mistakes(false)
  header(value, 'epcisHeader', found)
  return found.list
}

/** The master data of a header that has no mistakes. */
export function masterElements(
  header: unknown,
  declared: Readonly<Record<string, string>>,
): readonly MasterElement[] {
  const holder = isObject(header) ? header['epcisMasterData'] : undefined
  const vocabularies = isObject(holder) ? itemsOf(holder['vocabularyList']) : []
  return vocabularies.flatMap(({ type, vocabularyElementList }) =>
    itemsOf(vocabularyElementList).map(({ id, attributes, children }) => ({
      vocabulary: String(type),
      id: String(id),
      attributes: itemsOf(attributes).flatMap(({ id: name, attribute }) =>
        attribute === undefined || attribute === null
          ? []
          : attributeNames(String(name), declared).map(
              (each) => [each, isObject(attribute) ? '' : String(attribute)] as const,
            ),
      ),
      children: (Array.isArray(children) ? children : []).filter((child) => isUri(String(child))).map(String),
    })),
  )
}

const itemsOf = (value: unknown): Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? value.filter(isObject) : []
