import type { ActivityType } from '../wire/farm-book.ts'
import type { ActivityEntry } from '../wire/records.ts'
import type { GrowingCondition } from './condition-elements.ts'
import { CANONICAL_BASE, growingAreaUri } from './digital-link.ts'
import { type EpcisEvent, timeWithZone } from './epcis.ts'
import { VUON_NAMESPACE, vuonWords } from './vuon-words.ts'

/** An activity with what the box knows around it: all that its event says. */
export interface ActivityTold {
  readonly activity: Omit<ActivityEntry, 'type'> & { readonly type: ActivityType }
  /** Its day on the farm's calendar, YYYY-MM-DD. */
  readonly day: string
  /** Such as +07:00. */
  readonly zoneOffset: string
  readonly growingArea?: { readonly gln: string; readonly code: string } | undefined
  /** Where the farm's own packing house has one. */
  readonly packingHouseGln?: string | undefined
  /** First day on which fruit may be picked again, after a treatment. */
  readonly phiUntil?: string | undefined
  /** What the plot's probes measured before the harvest. */
  readonly conditions?: readonly GrowingCondition[] | undefined
  /** False when more fruit is picked into a lot that was begun before. */
  readonly isFirstPick?: boolean | undefined
  /** The model whose finding a person confirmed. */
  readonly model?: { readonly id: string; readonly version: string } | undefined
  /** Day of the earliest harvest among the fruit that was packed, where it is known. */
  readonly harvestedOn?: string | undefined
}

export const begun = ({ activity, zoneOffset }: ActivityTold, type: string) => ({
  type,
  eventTime: timeWithZone(activity.at, zoneOffset),
  eventTimeZoneOffset: zoneOffset,
})

export const ownWords = ({ activity }: ActivityTold) => ({
  '@context': [{ vuon: VUON_NAMESPACE }],
  ...vuonWords({ activity: activity.type, activityId: activity.activityId, plot: activity.plot }),
})

/** Something done or seen at the growing area, about no fruit yet. */
export function observed(
  told: ActivityTold,
  bizStep: string,
  more: Readonly<Record<string, unknown>>,
): EpcisEvent {
  const place = told.growingArea ? { id: growingAreaUri(CANONICAL_BASE, told.growingArea) } : undefined
  return {
    ...begun(told, 'ObjectEvent'),
    action: 'OBSERVE',
    bizStep,
    epcList: [],
    ...(place ? { readPoint: place, bizLocation: place } : {}),
    ...ownWords(told),
    ...more,
  }
}

export const text = (value: string | number | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

export const number = (value: string | number | undefined): number | undefined =>
  typeof value === 'number' ? value : undefined
