import { addDays, daysBetween } from './calendar.ts'

/**
 * When fruit may be picked, with the pre-harvest intervals (PHI, thời gian cách ly) of what was sprayed in view, and
 * what is left of the days on which it is ripe.
 *
 * The rule is the label's: fruit sprayed on day d with an interval of n days may be picked from day d + n on. Every
 * spray counts by itself, a later one planned too: between two of them there may be days that are allowed. An interval
 * that nobody entered is never guessed: until it is, nothing after that spray is known to be allowed.
 */
export interface Spray {
  /** YYYY-MM-DD. */
  readonly sprayedOn: string
  /** Whole days on the label for this product on this crop; undefined when not entered. */
  readonly phiDays: number | undefined
}

/** Both days belong to it. */
export interface DayRange {
  readonly from: string
  readonly to: string
}

export interface EarliestHarvest<S extends Spray> {
  /** First allowed day; undefined when an interval is missing. */
  readonly date: string | undefined
  /** From the day asked for. */
  readonly daysLeft: number | undefined
  /** The spray whose interval ends last before that day, or whose interval is missing. */
  readonly blockedBy: S | undefined
}

export interface RipeHarvest<S extends Spray> {
  /** Whether the ripe days may be picked: all, some, or none of them; `unknown` when an interval is missing. */
  readonly verdict: 'whole' | 'part' | 'none' | 'unknown'
  /** The ripe days that are known to be allowed. */
  readonly pickable: readonly DayRange[]
  /** Why the first ripe day is not allowed. */
  readonly blockedBy: S | undefined
}

/** No label has a longer one; a spray without an interval is out of the question after it. */
export const MAX_PHI_DAYS = 365

// Anthesis to harvest in Vietnam: 28 to 35 days (knowledge as in dragon-fruit-phenology.ts), at about 28 °C.
export const RIPE_DAYS = { from: 28, to: 35 }

/** Days on which dragon fruit that flowered on `anthesis` is ripe, when no forecast from temperatures is at hand. */
export const ripeAfter = (anthesis: string): DayRange => ({
  from: addDays(anthesis, RIPE_DAYS.from),
  to: addDays(anthesis, RIPE_DAYS.to),
})

/** The first day a spray allows; undefined when its interval is missing. */
export const allowedFrom = ({ sprayedOn, phiDays }: Spray): string | undefined =>
  phiDays === undefined ? undefined : addDays(sprayedOn, phiDays)

/** The last day on which something with this interval may be sprayed if the first ripe day is to be picked. */
export const sprayBy = (phiDays: number, ripeFrom: string): string => addDays(ripeFrom, -phiDays)

/** The first day from `asOf` on that no spray forbids. Sprays may come in any order. */
export function earliestHarvest<S extends Spray>(sprays: readonly S[], asOf: string): EarliestHarvest<S> {
  let date = asOf
  let blockedBy: S | undefined
  for (const spray of inOrder(sprays)) {
    // Sprayed later than the day found: that day is before it.
    if (spray.sprayedOn > date) break
    const allowed = allowedFrom(spray)
    if (allowed === undefined) {
      if (daysBetween(spray.sprayedOn, date) >= MAX_PHI_DAYS) continue
      return { date: undefined, daysLeft: undefined, blockedBy: spray }
    }
    if (allowed > date) {
      date = allowed
      blockedBy = spray
    }
  }
  return { date, daysLeft: daysBetween(asOf, date), blockedBy }
}

/** Of the ripe days, those that no spray forbids. */
export function ripeHarvest<S extends Spray>(sprays: readonly S[], ripe: DayRange): RipeHarvest<S> {
  const pickable: DayRange[] = []
  let isKnown = true
  let from = ripe.from
  for (const spray of inOrder(sprays)) {
    if (spray.sprayedOn > ripe.to || from > ripe.to) break
    const end = allowedFrom(spray) ?? addDays(spray.sprayedOn, MAX_PHI_DAYS)
    if (end <= from || end === spray.sprayedOn) continue
    if (spray.sprayedOn > from) pickable.push({ from, to: addDays(spray.sprayedOn, -1) })
    if (spray.phiDays === undefined) isKnown = false
    from = end
  }
  if (from <= ripe.to) pickable.push({ from, to: ripe.to })
  const [first] = pickable
  const isWhole = first?.from === ripe.from && first.to === ripe.to
  return {
    verdict: isWhole ? 'whole' : first ? 'part' : isKnown ? 'none' : 'unknown',
    pickable,
    blockedBy: earliestHarvest(sprays, ripe.from).blockedBy,
  }
}

const inOrder = <S extends Spray>(sprays: readonly S[]): S[] =>
  sprays.toSorted((a, b) => (a.sprayedOn < b.sprayedOn ? -1 : a.sprayedOn > b.sprayedOn ? 1 : 0))
