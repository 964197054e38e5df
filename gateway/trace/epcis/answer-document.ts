import { type EpcFormat, inEpcFormat } from '#contract/trace/epcis-format.ts'
import type { FoundEvent } from './select-events.ts'

/** The standard's own JSON-LD context. */
export const EPCIS_CONTEXT = 'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld'

export interface Shown {
  readonly format: EpcFormat
  readonly companyPrefixes: readonly string[]
}

/** An EPCISQueryDocument of some events, each with the prefixes that it was written with. */
export function answerDocument(
  events: readonly FoundEvent[],
  shown: Shown,
  about: { readonly queryName: string; readonly subscriptionID?: string; readonly createdAt: number },
): Record<string, unknown> {
  const list = events.map((found) => shownEvent(found, shown))
  return {
    '@context': [EPCIS_CONTEXT, ...sharedContexts(list)],
    type: 'EPCISQueryDocument',
    schemaVersion: '2.0',
    creationDate: new Date(about.createdAt).toISOString(),
    epcisBody: {
      queryResults: {
        queryName: about.queryName,
        ...(about.subscriptionID === undefined ? {} : { subscriptionID: about.subscriptionID }),
        resultsBody: { eventList: list.map(withoutAddresses) },
      },
    },
  }
}

function shownEvent(
  { event, recordTime }: FoundEvent,
  { format, companyPrefixes }: Shown,
): Record<string, unknown> {
  return {
    ...inEpcFormat(event, format, companyPrefixes),
    recordTime: new Date(recordTime).toISOString(),
  }
}

/** Prefixes stand at the document too, for readers that look nowhere else; the first meaning of each. */
function sharedContexts(events: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  const shared = new Map<string, unknown>()
  for (const event of events)
    for (const part of declarationsOf(event))
      for (const [prefix, address] of Object.entries(part))
        if (!shared.has(prefix)) shared.set(prefix, address)
  return shared.size === 0 ? [] : [Object.fromEntries(shared)]
}

/** An event keeps the prefixes that it was written with, which win over the document's; addresses alone say nothing new. */
function withoutAddresses(event: Record<string, unknown>): Record<string, unknown> {
  if (declarationsOf(event).length > 0 || event['@context'] === undefined) return event
  const { '@context': _, ...rest } = event
  return rest
}

const declarationsOf = (event: Record<string, unknown>): Record<string, unknown>[] =>
  [event['@context']]
    .flat()
    .filter((part): part is Record<string, unknown> => part !== null && typeof part === 'object')
