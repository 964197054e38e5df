import { parseDigitalLink } from '#contract/trace/digital-link-parse.ts'
import { bestLink, type LinkRequest, wantsLinkset } from './link-request.ts'
import { bareType, VOCABULARY } from './link-types.ts'
import { linksetOf } from './linkset.ts'
import { type LinkSources, levelsOf } from './thing-levels.ts'

/**
 * What a GS1-conformant resolver (1.2.0) answers. `malformed`: 400, `unknown`: 404 for a thing or a link type that is
 * not here; neither is ever a 200. `here`: the address asked for is its own default link, and its page is the answer.
 */
export type Resolution =
  | { readonly kind: 'malformed'; readonly fault: string }
  | { readonly kind: 'unknown'; readonly what: 'thing' | 'link-type' }
  | { readonly kind: 'linkset'; readonly body: Record<string, unknown> }
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'here' }

export const SUPPORTED_KEYS = ['01', '414', '417', '00', '8003', '8004'] as const

// Words of the resolver itself, which are of no use to whom somebody is sent on to.
const OWN_PARAMETERS = ['linkType', 'context']

export async function resolve(sources: LinkSources, request: LinkRequest): Promise<Resolution> {
  const parsed = parseDigitalLink(`${sources.publicUrl}${request.url}`, {
    withSlash: true,
    withUnknownAis: true,
  })
  if (parsed.kind === 'fault') return { kind: 'malformed', fault: parsed.fault }
  const query = new URLSearchParams(request.url.split('?', 2)[1] ?? '')
  const linkType = query.get('linkType')
  const levels = await levelsOf(sources, parsed.link)
  if (levels.length === 0) return { kind: 'unknown', what: 'thing' }
  if (wantsLinkset(linkType, request.accept))
    return { kind: 'linkset', body: linksetOf(levels, sources.publicUrl) }
  const asked = linkType === null || linkType === '' ? 'defaultLink' : bareType(linkType)
  const standard = levels.map(({ defaultLink }) => defaultLink).find((link) => link !== null)
  if (asked === 'defaultLink') {
    // A request whose media type only one link has is matched better by that one.
    const links = levels.flatMap((level) => level.links)
    const isPage = request.accept === '' || /text\/html|\*\/\*|text\/\*/.test(request.accept)
    const exact = isPage ? undefined : links.filter(({ mediaType }) => request.accept.includes(mediaType))
    const target = (exact && bestLink(exact, request)) ?? standard
    if (!target) return { kind: 'unknown', what: 'link-type' }
    return sentTo(sources, request, target.href, query)
  }
  const ofType = levels
    .map(({ links }) => links.filter(({ type }) => type === asked))
    .find((links) => links.length > 0)
  const target = ofType && bestLink(ofType, request)
  if (!target) return { kind: 'unknown', what: 'link-type' }
  return sentTo(sources, request, target.href, query)
}

/** With everything of the query that is not the resolver's own; what the target says itself stays. */
function sentTo(
  { publicUrl }: LinkSources,
  { url }: LinkRequest,
  href: string,
  query: URLSearchParams,
): Resolution {
  const rest = [...query].filter(([name]) => !OWN_PARAMETERS.includes(name))
  const target = new URL(href)
  for (const [name, value] of rest)
    if (!target.searchParams.has(name)) target.searchParams.append(name, value)
  const here = new URL(`${publicUrl}${url}`)
  if (!query.has('linkType') && here.pathname === target.pathname && here.host === target.host)
    return { kind: 'here' }
  return { kind: 'redirect', to: target.href }
}

/** `/.well-known/gs1resolver`: what this resolver is and can (resolver description file 1.2.0). */
export const descriptionFile = (publicUrl: string, name: string): Record<string, unknown> => ({
  name,
  resolverRoot: publicUrl,
  supportedPrimaryKeys: SUPPORTED_KEYS,
  supportedLinkType: [
    {
      namespace: VOCABULARY,
      prefix: 'gs1:',
      profile: 'https://www.gs1.org/voc/?show=linktypes',
    },
  ],
  linkTypeDefaultCanBeLinkset: false,
  contact: { fn: name },
})
