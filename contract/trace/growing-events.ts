import type { ActivityEntry } from '../wire/records.ts'
import { type ActivityTold, number, observed, ownWords, text } from './activity-told.ts'
import { conditionElements, type SensorElement } from './condition-elements.ts'
import { CANONICAL_BASE, lotUri } from './digital-link.ts'
import { type EpcisEvent, harvestEvent, timeWithZone } from './epcis.ts'
import { organismUri } from './organism-uri.ts'
import { vuonWords } from './vuon-words.ts'

/** Events of what is done and seen where the fruit grows. */

export const planting = (told: ActivityTold): EpcisEvent => {
  const { details } = told.activity
  return observed(told, 'other', {
    ...vuonWords({ variety: text(details['variety']), plants: number(details['plants']) }),
    ...vuonWords({ areaHa: number(details['areaHa']) }),
  })
}

export const irrigation = (told: ActivityTold): EpcisEvent =>
  observed(told, 'sensor_reporting', {
    ...vuonWords({ waterSource: text(told.activity.details['source']) }),
    ...sensors(told, waterReports(told.activity.details)),
  })

export const lighting = (told: ActivityTold): EpcisEvent =>
  observed(told, 'sensor_reporting', sensors(told, lightReports(told.activity.details)))

export function treatment(told: ActivityTold): EpcisEvent {
  const { details } = told.activity
  return observed(
    told,
    'other',
    vuonWords({
      product: text(details['product']),
      activeSubstance: text(details['activeSubstance']),
      registrationNo: text(details['registrationNo']),
      dose: number(details['dose'] ?? details['amount']),
      doseUnit: text(details['doseUnit'] ?? details['amountUnit']),
      areaHa: number(details['areaHa']),
      reason: text(details['reason']),
      phiDays: number(details['phiDays']),
      phiMarket: text(details['phiMarket']),
      phiUntil: told.phiUntil,
    }),
  )
}

/** A pest or disease that a person saw: organism and share, by a person or by the model that he confirmed. */
export function scouting(told: ActivityTold): EpcisEvent {
  const { details } = told.activity
  const organism = organismUri(details['organism'])
  const severityPct = number(details['severityPct'])
  const method = told.model
    ? `urn:vuon:model:${encodeURIComponent(told.model.id)}:${encodeURIComponent(told.model.version)}`
    : 'urn:vuon:method:scouting'
  const report = {
    type: 'Dimensionless',
    ...(organism === undefined ? {} : { microorganism: organism }),
    ...(severityPct === undefined ? {} : { percValue: severityPct, uom: 'P1' }),
    dataProcessingMethod: method,
  }
  const isMeasured = organism !== undefined || severityPct !== undefined
  return observed(told, 'inspecting', {
    ...vuonWords({ what: text(details['what']), findingId: text(details['findingId']) }),
    ...sensors(told, isMeasured ? [report] : []),
  })
}

export function labTest(told: ActivityTold): EpcisEvent {
  const { details } = told.activity
  const { gtin, lot } = details
  const isOfLot = typeof gtin === 'string' && typeof lot === 'string' && gtin !== '' && lot !== ''
  return observed(told, 'sampling', {
    ...(isOfLot ? { quantityList: [{ epcClass: lotUri(CANONICAL_BASE, { gtin, lot }) }] } : {}),
    ...vuonWords({
      tested: text(details['what']),
      lab: text(details['lab']),
      reportNo: text(details['reportNo']),
      result: text(details['result']),
    }),
  })
}

export function harvest(told: ActivityTold): EpcisEvent {
  const { details, at, why } = told.activity
  const event = harvestEvent({
    gtin: String(details['gtin']),
    lot: String(details['lot']),
    massKg: Number(details['massKg']),
    harvestedAt: at,
    harvestedOn: told.day,
    zoneOffset: told.zoneOffset,
    isFirstPick: told.isFirstPick ?? true,
    ...(told.growingArea ? { growingArea: told.growingArea } : {}),
  })
  const elements = conditionElements(told.conditions ?? [], told.zoneOffset)
  const verdict = text(details['phiVerdict'])
  return {
    ...event,
    ...(elements.length > 0 ? { sensorElementList: elements } : {}),
    ...ownWords(told),
    ...vuonWords({ phiVerdict: verdict, phiUntil: text(details['phiUntil']) }),
    ...vuonWords({ why: verdict === 'inside' ? why : undefined }),
  }
}

function sensors(
  { activity, zoneOffset }: ActivityTold,
  sensorReport: readonly SensorElement['sensorReport'][number][],
): { sensorElementList?: SensorElement[] } {
  if (sensorReport.length === 0) return {}
  return {
    sensorElementList: [{ sensorMetadata: { time: timeWithZone(activity.at, zoneOffset) }, sensorReport }],
  }
}

/** Each figure as it was told: a depth over the area, or a volume. */
function waterReports({ mm, litres, m3, minutes }: ActivityEntry['details']) {
  return [
    ...reportOf('Length', mm, 'MMT'),
    ...reportOf('Volume', litres, 'LTR'),
    ...reportOf('Volume', m3, 'MTQ'),
    ...reportOf('Time', minutes, 'MIN'),
  ]
}

const lightReports = ({ hours, lamps, kwh }: ActivityEntry['details']) => [
  ...reportOf('Time', hours, 'HUR'),
  ...reportOf('Count', lamps, 'C62'),
  ...reportOf('Energy', kwh, 'KWH'),
]

const reportOf = (type: string, value: string | number | undefined, uom: string) =>
  typeof value === 'number' ? [{ type, value, uom }] : []
