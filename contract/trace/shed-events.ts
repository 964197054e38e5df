import type { LotShare } from '../wire/farm-book.ts'
import { type ActivityTold, begun, number, ownWords, text } from './activity-told.ts'
import { CANONICAL_BASE, lotUri } from './digital-link.ts'
import type { EpcisEvent } from './epcis.ts'
import { ssccUri } from './sscc.ts'
import { vuonWords } from './vuon-words.ts'

/** Events of what is done with fruit in the shed: packed, stacked, sent, received. */

export function packing(told: ActivityTold): EpcisEvent {
  const { details, inputs = [], outputs = [] } = told.activity
  return {
    ...begun(told, 'TransformationEvent'),
    inputQuantityList: inputs.map(quantity),
    outputQuantityList: outputs.map(quantity),
    bizStep: 'packing',
    disposition: 'active',
    ...house(told),
    ilmd: {
      ...(outputs[0] ? { 'cbvmda:lotNumber': outputs[0].lot } : {}),
      ...(told.harvestedOn === undefined ? {} : { 'cbvmda:harvestStartDate': told.harvestedOn }),
      ...vuonWords({
        packedOn: told.day,
        grade: text(details['grade']),
        treatment: text(details['treatment']),
      }),
    },
    ...ownWords(told),
    ...vuonWords({ packingHouse: text(details['packingHouse']), lossKg: number(details['lossKg']) }),
  }
}

export function aggregation(told: ActivityTold): EpcisEvent {
  const { details, inputs = [] } = told.activity
  return {
    ...begun(told, 'AggregationEvent'),
    parentID: ssccUri(CANONICAL_BASE, String(details['sscc'])),
    childQuantityList: inputs.map(quantity),
    action: 'ADD',
    bizStep: 'packing',
    disposition: 'in_progress',
    ...house(told),
    ...ownWords(told),
  }
}

/** The consignee's name is for the province (a recall needs it), not for everybody: here only the GLN that he publishes. */
export function dispatch(told: ActivityTold): EpcisEvent {
  const { details, inputs = [] } = told.activity
  const sscc = text(details['sscc'])
  const gln = text(details['consigneeGln'])
  return {
    ...begun(told, 'ObjectEvent'),
    action: 'OBSERVE',
    bizStep: 'shipping',
    disposition: 'in_transit',
    epcList: sscc === undefined ? [] : [ssccUri(CANONICAL_BASE, sscc)],
    // A pallet of somebody else, whose lots nobody named, has its SSCC only.
    ...(inputs.length > 0 ? { quantityList: inputs.map(quantity) } : {}),
    ...house(told),
    ...(gln === undefined
      ? {}
      : { destinationList: [{ type: 'possessing_party', destination: partyUri(gln) }] }),
    ...ownWords(told),
    ...vuonWords({ market: text(details['market']), phytosanitaryNo: text(details['phytosanitaryNo']) }),
  }
}

export function receipt(told: ActivityTold): EpcisEvent {
  const { details, outputs = [] } = told.activity
  const gln = text(details['fromGln'])
  return {
    ...begun(told, 'ObjectEvent'),
    action: 'OBSERVE',
    bizStep: 'receiving',
    disposition: 'in_progress',
    epcList: [],
    quantityList: outputs.map(quantity),
    ...house(told),
    ...(gln === undefined ? {} : { sourceList: [{ type: 'possessing_party', source: partyUri(gln) }] }),
    ...ownWords(told),
  }
}

function house({ packingHouseGln }: ActivityTold) {
  if (packingHouseGln === undefined) return {}
  const place = { id: `${CANONICAL_BASE}/414/${packingHouseGln}` }
  return { readPoint: place, bizLocation: place }
}

const partyUri = (gln: string): string => `${CANONICAL_BASE}/417/${gln}`

const quantity = (share: LotShare) => ({
  epcClass: lotUri(CANONICAL_BASE, share),
  quantity: share.massKg,
  uom: 'KGM',
})
