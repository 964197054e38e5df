import { growingAreaUri, isCset82, lotUri } from '#contract/trace/digital-link.ts'
import { type DigitalLink, escapePath } from '#contract/trace/digital-link-parse.ts'
import type { Db } from '../../store/open-store.ts'
import { knownAreas, knownItem, knownLot, lotsInUnit } from './known-things.ts'
import type { ThingLevel, ThingLink } from './link-types.ts'

/** A link that the province registers for a product, beside those that it has itself. */
export interface ProductLink {
  readonly gtin: string
  readonly linkType: string
  readonly href: string
  readonly title: string
  readonly language: string
}

export interface LinkSources {
  readonly db: Db
  /** Without a slash at its end. */
  readonly publicUrl: string
  readonly productLinks: readonly ProductLink[]
}

/** Levels of a thing, finest first, each with what is known there; empty when the province knows none of them. */
export function levelsOf(sources: LinkSources, { path }: DigitalLink): Promise<ThingLevel[]> {
  const [key] = path
  const named = new Map(path.map(({ ai, value }) => [ai, value]))
  switch (key.ai) {
    case '01':
      return itemLevels(sources, path, named)
    case '414':
      return placeLevels(sources, key.value, named.get('254'))
    case '417':
      return partyLevels(sources, key.value)
    case '00':
      return unitLevels(sources, key.value)
    default:
      // Assets (8003, 8004) are understood; this province has registered none.
      return Promise.resolve([])
  }
}

const PAGE_LANGUAGES = [
  { query: 'vi', tag: 'vi' },
  { query: 'en', tag: 'en' },
  { query: 'zh', tag: 'zh-Hans' },
] as const

const TITLES: Readonly<Record<string, Readonly<Record<'vi' | 'en' | 'zh', string>>>> = {
  pip: { vi: 'Thông tin sản phẩm', en: 'Product information', zh: '产品信息' },
  traceability: { vi: 'Truy xuất nguồn gốc', en: 'Traceability', zh: '产地溯源' },
  certificationInfo: { vi: 'Chứng nhận', en: 'Certificates', zh: '认证' },
  recallStatus: { vi: 'Thu hồi', en: 'Recall', zh: '召回' },
  dpp: { vi: 'Hộ chiếu số của sản phẩm', en: 'Digital product passport', zh: '产品数字护照' },
  locationInfo: { vi: 'Mã số vùng trồng', en: 'Growing-area code', zh: '种植区代码' },
}

/** The same page in each of its languages. */
function pageLinks(type: string, page: string, about: string): ThingLink[] {
  return PAGE_LANGUAGES.map(({ query, tag }) => ({
    type,
    href: `${page}?lang=${query}`,
    title: `${TITLES[type]?.[query] ?? type}: ${about}`,
    mediaType: 'text/html',
    languages: [tag],
  }))
}

const defaultOf = (href: string, title: string): ThingLink => ({
  type: 'defaultLink',
  href,
  title,
  mediaType: 'text/html',
  languages: PAGE_LANGUAGES.map(({ tag }) => tag),
})

async function itemLevels(
  sources: LinkSources,
  path: DigitalLink['path'],
  named: ReadonlyMap<string, string>,
): Promise<ThingLevel[]> {
  const { db, publicUrl } = sources
  const gtin = path[0].value
  const lot = named.get('10')
  const [item, ofLot] = [await knownItem(db, gtin), lot === undefined ? null : await knownLot(db, gtin, lot)]
  const registered = sources.productLinks.filter((each) => each.gtin === gtin)
  if (lot !== undefined && !ofLot) return []
  if (!item && !ofLot && registered.length === 0) return []
  const name = item?.productVi || item?.productEn || `GTIN ${gtin}`
  // Variant and serial have nothing of their own: they stand over the lot and the product, as empty levels.
  const levels: ThingLevel[] = []
  for (let depth = path.length; depth > 1; depth--) {
    const some = path.slice(0, depth)
    const isLot = some.at(-1)?.ai === '10'
    const at = some.map(({ ai, value }) => `/${ai}/${escapePath(value)}`).join('')
    if (isLot && lot !== undefined && ofLot) {
      const page = lotUri(publicUrl, { gtin, lot })
      const about = `${name}, ${lot}`
      levels.push({
        path: at,
        description: about,
        defaultLink: defaultOf(page, `${TITLES['traceability']?.vi}: ${about}`),
        links: [
          ...pageLinks('pip', page, about),
          ...pageLinks('traceability', page, about),
          ...pageLinks('dpp', page, about),
          ...(ofLot.isCertified ? pageLinks('certificationInfo', page, about) : []),
          ...(ofLot.isRecalled ? pageLinks('recallStatus', page, about) : []),
          {
            type: 'epcis',
            href: `${publicUrl}/epcis/v2/events?MATCH_anyEPCClass=${encodeURIComponent(lotUri('https://id.gs1.org', { gtin, lot }))}`,
            title: `EPCIS 2.0: ${about}`,
            mediaType: 'application/ld+json',
            languages: [],
          },
        ],
      })
    } else levels.push({ path: at, description: name, links: [], defaultLink: null })
  }
  const page = `${publicUrl}/01/${gtin}`
  const own = registered.map(
    ({ linkType, href, title, language }): ThingLink => ({
      type: linkType,
      href,
      title,
      mediaType: 'text/html',
      languages: [language],
    }),
  )
  levels.push({
    path: `/01/${gtin}`,
    description: name,
    links: [...own, ...(item ? pageLinks('pip', page, name) : [])],
    defaultLink: defaultOf(own.find(({ type }) => type === 'defaultLink')?.href ?? page, name),
  })
  return levels.map((level) => ({
    ...level,
    links: level.links.filter(({ type }) => type !== 'defaultLink'),
  }))
}

async function placeLevels(
  { db, publicUrl }: LinkSources,
  gln: string,
  code: string | undefined,
): Promise<ThingLevel[]> {
  // A code that GS1's characters cannot write has no address.
  const under = (await knownAreas(db, gln)).filter((each) => isCset82(each, 20))
  const known = code === undefined || (await knownAreas(db, gln, code)).length > 0
  if (!known || under.length === 0) return []
  const linksOf = (area: string): ThingLink[] =>
    ['locationInfo', 'traceability'].flatMap((type) =>
      pageLinks(type, growingAreaUri(publicUrl, { gln, code: area }), area),
    )
  const pageOf = (area: string): ThingLink => defaultOf(growingAreaUri(publicUrl, { gln, code: area }), area)
  const [first] = under
  const place: ThingLevel = {
    path: `/414/${gln}`,
    description: `GLN ${gln}`,
    links: under.flatMap((area) =>
      pageLinks('locationInfo', growingAreaUri(publicUrl, { gln, code: area }), area),
    ),
    defaultLink: first === undefined ? null : pageOf(first),
  }
  if (code === undefined) return [place]
  const own = { path: `/414/${gln}/254/${escapePath(code)}`, description: code }
  return [
    { ...own, links: linksOf(code), defaultLink: pageOf(code) },
    { ...place, links: [] },
  ]
}

/** The party of a GLN is whom its places belong to. */
async function partyLevels(sources: LinkSources, gln: string): Promise<ThingLevel[]> {
  return (await placeLevels(sources, gln, undefined)).map((level) => ({ ...level, path: `/417/${gln}` }))
}

async function unitLevels({ db, publicUrl }: LinkSources, sscc: string): Promise<ThingLevel[]> {
  const lots = await lotsInUnit(db, sscc)
  const [first] = lots
  if (!first) return []
  return [
    {
      path: `/00/${sscc}`,
      description: `SSCC ${sscc}`,
      links: lots.flatMap((lot) => pageLinks('traceability', lotUri(publicUrl, lot), lot.lot)),
      defaultLink: defaultOf(lotUri(publicUrl, first), `SSCC ${sscc}`),
    },
  ]
}
