import { toHex, utf8 } from '#contract/ground/bytes.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { canonicalJson } from '#contract/trace/canonical-json.ts'
import { EpcisException } from '#contract/trace/epcis-exception.ts'
import type { EpcisRequest } from './address.ts'
import type { NextPage, PageTokens } from './page-token.ts'

const PER_PAGE = 30
// A page of events with a season of sensor summaries each is still some megabytes.
const MAX_PER_PAGE = 1000

/** A request for one page of a list. */
export interface Page {
  readonly size: number
  /** Where it goes on; undefined for the first. */
  readonly next: NextPage | undefined
  /** The parameters that are the question itself. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** The headers that lead to the next page, if there is one. */
  readonly link: (next: NextPage | undefined) => Record<string, string>
}

/** Throws `QueryParameterException` for a page size that is none, and for a token of another question. */
export async function pageOf(request: EpcisRequest, pages: PageTokens): Promise<Page> {
  const { perPage, nextPageToken, ...parameters } = request.query
  const size = perPage === undefined ? PER_PAGE : Number(perPage)
  if (!Number.isInteger(size) || size < 1 || size > MAX_PER_PAGE)
    throw new EpcisException(
      'QueryParameterException',
      `perPage is a whole number from 1 to ${MAX_PER_PAGE}.`,
    )
  // A page token goes with one question of one reader; how large the pages are may change on the way.
  const question = toHex(sha256(utf8(canonicalJson([request.reader.id, request.path, parameters]))))
  const next = nextPageToken === undefined ? undefined : await pages.open(question, String(nextPageToken))
  return {
    size,
    next,
    parameters,
    link(following) {
      if (!following) return {}
      const { token, expiresAt } = pages.make(question, following)
      const search = new URLSearchParams()
      for (const [name, value] of Object.entries(parameters))
        for (const each of [value].flat()) search.append(name, String(each))
      if (perPage !== undefined) search.append('perPage', String(size))
      search.append('nextPageToken', token)
      return {
        link: `<${request.path}?${search}>; rel="next"`,
        'gs1-next-page-token-expires': new Date(expiresAt).toISOString(),
      }
    },
  }
}

/** Throws for a parameter, where an address has none. */
export function refuseParameters(parameters: Readonly<Record<string, unknown>>): void {
  const [name] = Object.keys(parameters)
  if (name !== undefined)
    throw new EpcisException('QueryParameterException', `There is no parameter ${name.slice(0, 100)} here.`)
}
