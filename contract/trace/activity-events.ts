import type { ActivityTold } from './activity-told.ts'
import type { EpcisEvent } from './epcis.ts'
import { harvest, irrigation, labTest, lighting, planting, scouting, treatment } from './growing-events.ts'
import { aggregation, dispatch, packing, receipt } from './shed-events.ts'

/**
 * The EPCIS event of an activity, without its eventID; undefined for what is the farm's own business (pruning, notes).
 * Every event names its activity, so that two like treatments of one day are two events.
 */
export function activityEvent(told: ActivityTold): EpcisEvent | undefined {
  switch (told.activity.type) {
    case 'sprayed':
    case 'fertilised':
      return treatment(told)
    case 'planted':
      return planting(told)
    case 'irrigated':
      return irrigation(told)
    case 'lit':
      return lighting(told)
    case 'scouted':
      return scouting(told)
    case 'tested':
      return labTest(told)
    case 'harvested':
      return harvest(told)
    case 'packed':
      return packing(told)
    case 'aggregated':
      return aggregation(told)
    case 'dispatched':
      return dispatch(told)
    case 'received':
      return receipt(told)
    case 'pruned':
    case 'other':
      return undefined
  }
}

/**
 * An event that was wrong, as EPCIS takes it back: the same event (its hash does not look at this) with why, when, and
 * what stands instead; none where it never happened.
 */
export function declaredWrong(
  event: EpcisEvent,
  declarationTime: string,
  instead: readonly string[],
): EpcisEvent {
  return {
    ...event,
    errorDeclaration: {
      declarationTime,
      reason: instead.length > 0 ? 'incorrect_data' : 'did_not_occur',
      ...(instead.length > 0 ? { correctiveEventIDs: instead } : {}),
    },
  }
}

/** The activity that one of our events tells of. */
export function activityIdOf(event: EpcisEvent): string | undefined {
  const id = event['vuon:activityId']
  return typeof id === 'string' ? id : undefined
}
