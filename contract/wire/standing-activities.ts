import type { ActivityEntry } from './records.ts'

type Told = Pick<ActivityEntry, 'activityId' | 'corrects' | 'isWithdrawn'>

/** Which activity was replaced by which: the id of the old one to the one that speaks instead of it. */
export function replacements<Activity extends Told>(
  activities: Iterable<Activity>,
): ReadonlyMap<string, Activity> {
  const replaced = new Map<string, Activity>()
  for (const activity of activities) {
    // Nothing corrects itself.
    if (activity.corrects && activity.corrects !== activity.activityId)
      replaced.set(activity.corrects, activity)
  }
  return replaced
}

/** What stands of a book: neither replaced by a later entry nor a word that something never happened. */
export function standing<Activity extends Told>(activities: readonly Activity[]): Activity[] {
  const replaced = replacements(activities)
  return activities.filter(({ activityId, isWithdrawn }) => !isWithdrawn && !replaced.has(activityId))
}
