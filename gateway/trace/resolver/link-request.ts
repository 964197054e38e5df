import type { ThingLink } from './link-types.ts'

/** What somebody asks of a Digital Link beside the thing itself (GS1-conformant resolver 1.2.0). */
export interface LinkRequest {
  /** Path and query as they came. */
  readonly url: string
  readonly accept: string
  readonly acceptLanguage: string
}

const LINKSET = 'application/linkset+json'

/**
 * Whether a resolver has to answer rather than the page: a link type is named, or the page's media type is not what is
 * wanted. Cheap, since every scan asks it.
 */
export const asksForLinks = ({ url, accept }: Pick<LinkRequest, 'url' | 'accept'>): boolean =>
  url.includes('linkType=') ||
  (accept !== '' && !/text\/html|\*\/\*|text\/\*/.test(accept)) ||
  accept.includes(LINKSET)

/** By name, or by media type where the list is wanted more than a page is. */
export function wantsLinkset(linkType: string | null, accept: string): boolean {
  // `all` was the name before 1.1, and old readers still send it.
  if (linkType === 'linkset' || linkType === 'all') return true
  if (linkType !== null) return false
  const ranked = rankedOf(accept)
  const of = (type: string): number => ranked.find(({ value }) => value === type)?.weight ?? 0
  const list = Math.max(of(LINKSET), of('application/json'))
  return list > 0 && list >= of('text/html')
}

/** The link that suits best: media type first where one is asked for, then language; the first of equals. */
export function bestLink(
  links: readonly ThingLink[],
  { accept, acceptLanguage }: Pick<LinkRequest, 'accept' | 'acceptLanguage'>,
): ThingLink | undefined {
  const [types, languages] = [rankedOf(accept), rankedOf(acceptLanguage)]
  const typeWeight = (link: ThingLink): number =>
    types.length === 0
      ? 1
      : Math.max(0, ...types.map(({ value, weight }) => (isMedia(value, link.mediaType) ? weight : 0)))
  const languageWeight = (link: ThingLink): number =>
    Math.max(
      0,
      ...languages.map(({ value, weight }) =>
        link.languages.some((each) => isLanguage(value, each.toLowerCase())) ? weight : 0,
      ),
    )
  const weighed = links.map((link) => ({ link, type: typeWeight(link), language: languageWeight(link) }))
  weighed.sort((a, b) => b.type - a.type || b.language - a.language)
  return weighed[0]?.link
}

const isMedia = (asked: string, type: string): boolean =>
  asked === '*/*' || asked === type || (asked.endsWith('/*') && type.startsWith(asked.slice(0, -1)))

const isLanguage = (asked: string, language: string): boolean =>
  asked === language || asked.startsWith(`${language.split('-')[0]}-`) || asked === language.split('-')[0]

/** RFC 9110 §12.5: values with their weights, those of weight 0 left out. A longer header is somebody playing. */
function rankedOf(header: string): { value: string; weight: number }[] {
  return header
    .slice(0, 400)
    .split(',')
    .slice(0, 20)
    .flatMap((part) => {
      const [value = '', ...parameters] = part.trim().toLowerCase().split(';')
      const q = parameters.map((text) => /^\s*q=([\d.]+)\s*$/.exec(text)?.[1]).find(Boolean)
      const weight = Number(q ?? 1)
      return value !== '' && weight > 0 ? [{ value: value.trim(), weight }] : []
    })
}
