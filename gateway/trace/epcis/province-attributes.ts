import { type RawBuilder, sql } from 'kysely'
import { CANONICAL_BASE, growingAreaUri } from '#contract/trace/digital-link.ts'
import { attributeNames, SITE } from '#contract/trace/epcis-master-data.ts'
import { nameOf } from '#contract/trace/epcis-names.ts'
import type { Db } from '../../store/open-store.ts'
import { MAX_NAMES, tooMany } from './master-data.ts'

/**
 * What the province itself has registered, as attributes that questions ask for: growing areas and packing houses as
 * places (`EQATTR_readPoint_vuon:crop=dragon-fruit`), and the products that farms may mark as classes
 * (`EQATTR_epcClass_cbvmda:descriptionShort=..`). Where CBV 2.0 has a word for it, that is the name.
 */
const AREA_COLUMNS = {
  [SITE]: 'gln',
  'urn:epcglobal:cbv:mda:city': 'commune',
  ...vuon({
    areaKind: 'area_kind',
    crop: 'crop',
    variety: 'variety',
    issuer: 'issuer',
    areaCode: 'code',
    validFrom: 'valid_from',
    validTo: 'valid_to',
  }),
}
const PRODUCT_COLUMNS = {
  'urn:epcglobal:cbv:mda:descriptionShort': ['product_vi', 'product_en'],
  ...vuon({ crop: 'crop' }),
}

/** For which markets an area is registered: a list in one column. */
const [, MARKET = ''] = attributeNames('vuon:market')

/** Names of the growing areas and products that have one of the attributes, with one of the values if any are given. */
export async function registeredWith(
  db: Db,
  attributes: readonly string[],
  values: readonly string[] | undefined,
): Promise<string[]> {
  const names = [
    ...(await areasWith(db, attributes, values)),
    ...(await productsWith(db, attributes, values)),
  ]
  if (names.length > MAX_NAMES) throw tooMany('growing areas and products')
  return names
}

async function areasWith(
  db: Db,
  attributes: readonly string[],
  values: readonly string[] | undefined,
): Promise<string[]> {
  const conditions = columnsOf(AREA_COLUMNS, attributes).map((column) => isAny(column, values))
  if (attributes.includes(MARKET))
    conditions.push(
      values
        ? sql`(${sql.join(
            values.map((value) => sql`',' || markets || ',' LIKE ${`%,${escaped(value)},%`} ESCAPE '!'`),
            sql` OR `,
          )})`
        : isAny('markets', undefined),
    )
  if (conditions.length === 0) return []
  const { rows } = await sql<{ gln: string; code: string }>`SELECT gln, code FROM growing_area
    WHERE ${sql.join(conditions, sql` OR `)} LIMIT ${MAX_NAMES + 1}`.execute(db)
  return rows.map((area) => nameOf(growingAreaUri(CANONICAL_BASE, area)))
}

async function productsWith(
  db: Db,
  attributes: readonly string[],
  values: readonly string[] | undefined,
): Promise<string[]> {
  const conditions = columnsOf(PRODUCT_COLUMNS, attributes).map((column) => isAny(column, values))
  if (conditions.length === 0) return []
  const { rows } = await sql<{ gtin: string }>`SELECT DISTINCT gtin FROM allocation
    WHERE ${sql.join(conditions, sql` OR `)} LIMIT ${MAX_NAMES + 1}`.execute(db)
  return rows.map(({ gtin }) => `/01/${gtin}`)
}

const columnsOf = (
  columns: Readonly<Record<string, string | readonly string[]>>,
  attributes: readonly string[],
): string[] =>
  [...new Set(attributes)].flatMap((name) => (Object.hasOwn(columns, name) ? (columns[name] ?? []) : []))

const isAny = (column: string, values: readonly string[] | undefined): RawBuilder<unknown> =>
  values ? sql`${sql.ref(column)} IN (${sql.join([...values])})` : sql`${sql.ref(column)} <> ''`

const escaped = (text: string): string => text.replace(/[!%_]/g, '!$&')

/** Columns under their names in Vuon's own namespace. */
function vuon(columns: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(columns).map(([word, column]) => [attributeNames(`vuon:${word}`).at(-1), column]),
  )
}
