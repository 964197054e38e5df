import { CANONICAL_BASE, growingAreaUri, isCset82, isGln } from '#contract/trace/digital-link.ts'
import { epcisDocument } from '#contract/trace/epcis.ts'
import { type FeedAdapter, FORMAT_NOTE } from './feed-adapter.ts'
import type { FeedData } from './feed-data.ts'

/**
 * The events that the farms signed, as one EPCIS 2.0 document with the names of products and places as master data
 * (CBV 2.0 attributes). Events are as signed; the signatures themselves are in each lot's proof.json.
 */
export const portalEpcis: FeedAdapter = {
  name: 'portal-epcis',
  purpose: 'the signed events as an EPCIS 2.0 document with master data (TCVN 12345, ISO/IEC 19987)',
  mediaType: 'application/ld+json',
  ending: 'jsonld',
  write(data) {
    const events = data.lots.flatMap((lot) => lot.events.map(({ event }) => event))
    const latest = data.lots
      .flatMap((lot) => lot.events.map(({ capturedAt }) => capturedAt))
      .sort()
      .at(-1)
    // Written again of the same records, the document is the same.
    const document = epcisDocument(events, latest ?? `${data.scope.to}T00:00:00.000Z`)
    return `${JSON.stringify({ ...document, epcisHeader: { epcisMasterData: { vocabularyList: masterData(data) } } }, null, 2)}\n`
  },
}

function masterData({ lots, areas, provinceName }: FeedData): unknown[] {
  const products = new Map(lots.map((lot) => [lot.gtin, lot]))
  const named = (id: string, attributes: Record<string, string>) => ({
    id,
    attributes: Object.entries(attributes)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => ({ id: `urn:epcglobal:cbv:mda#${name}`, attribute: value })),
  })
  return [
    {
      type: 'urn:epcglobal:epcis:vtype:EPCClass',
      vocabularyElementList: [...products.values()].map(({ gtin, productVi, productEn }) =>
        named(`${CANONICAL_BASE}/01/${gtin}`, {
          descriptionShort: productVi || productEn,
          tradeItemDescription: productEn || productVi,
        }),
      ),
    },
    {
      type: 'urn:epcglobal:epcis:vtype:BusinessLocation',
      vocabularyElementList: areas
        .filter(({ gln, code }) => isGln(gln) && isCset82(code, 20))
        .map(({ gln, code, commune, issuer }) =>
          named(growingAreaUri(CANONICAL_BASE, { gln, code }), {
            name: code,
            city: commune,
            countryCode: 'VN',
            informationProvider: issuer || provinceName,
          }),
        ),
    },
    {
      type: 'urn:epcglobal:epcis:vtype:SourceDest',
      vocabularyElementList: [named('urn:vuon:feed:portal-epcis', { description: FORMAT_NOTE })],
    },
  ].filter(({ vocabularyElementList }) => vocabularyElementList.length > 0)
}
