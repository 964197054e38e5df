import { activityIdOf } from '#contract/trace/activity-events.ts'
import { type EpcisEvent, epcisDocument } from '#contract/trace/epcis.ts'
import type { Allocation } from '#contract/wire/sync-protocol.ts'
import { growingAreaOf, type Plot } from './activity-input.ts'
import type { BookEntries, KeptActivity } from './book-entries.ts'
import { isDay, whenOf, writtenAt } from './calendar.ts'
import { missingDetails } from './details.ts'
import { Refusal } from './refusal.ts'

/** Which part of the book: all plots without one; both days belong to it. */
export interface DiaryScope {
  readonly plot?: string | undefined
  /** YYYY-MM-DD; from the first entry and to the last one without them. */
  readonly from?: string | undefined
  readonly to?: string | undefined
}

export interface DiaryLine {
  readonly kept: KeptActivity
  /** YYYY-MM-DD and HH:MM on the farm's clock; no hour where nobody said one. */
  readonly day: string
  readonly hour: string
  readonly statedOn: string
  readonly plotName: string
  /** GLN and code of the plot's growing area, where it has one. */
  readonly area: { readonly gln: string; readonly code: string } | undefined
  /** What the rules ask for and the entry does not say. */
  readonly missing: readonly string[]
}

export interface DiaryFarm {
  readonly plots: readonly Plot[]
  readonly allocations: readonly Allocation[]
  /** Such as +07:00. */
  readonly zoneOffset: string
}

/**
 * The book's lines of a season, oldest first, with what was corrected and withdrawn: a diary that hides its corrections
 * is none. A word that something never happened stands at what it withdraws. Throws Refusal for a scope that is none.
 */
export async function diaryLines(
  entries: BookEntries,
  farm: DiaryFarm,
  scope: DiaryScope,
): Promise<DiaryLine[]> {
  const { plot, from, to } = checkedScope(farm.plots, scope)
  return (await entries.activities())
    .filter(({ activity }) => !activity.isWithdrawn && (plot === undefined || activity.plot === plot))
    .map((kept) => lineOf(kept, farm))
    .filter(({ day }) => (from === undefined || day >= from) && (to === undefined || day <= to))
    .sort((a, b) => a.kept.activity.at - b.kept.activity.at || a.kept.statedAt - b.kept.statedAt)
}

function checkedScope(plots: readonly Plot[], scope: DiaryScope): DiaryScope {
  const { plot, from, to } = scope
  if (plot !== undefined && !plots.some(({ id }) => id === plot))
    throw new Refusal('plot', 'unknown-plot', 'There is no such plot.')
  if (from !== undefined && !isDay(from))
    throw new Refusal('from', 'wrong-day', 'The first day is not a date.')
  if (to !== undefined && (!isDay(to) || (from !== undefined && to < from)))
    throw new Refusal('to', 'wrong-day', 'The last day is not a date on or after the first.')
  return scope
}

function lineOf(kept: KeptActivity, { plots, allocations, zoneOffset }: DiaryFarm): DiaryLine {
  const { type, plot, at, details } = kept.activity
  const [day = '', hour = ''] = whenOf(at, zoneOffset).split(' ')
  return {
    ...{
      kept,
      day,
      hour,
      statedOn: writtenAt(kept.statedAt, zoneOffset),
      missing: missingDetails(type, details),
    },
    plotName: plots.find(({ id }) => id === plot)?.name ?? plot,
    area: growingAreaOf(plots, allocations, plot),
  }
}

/** The signed events of a diary's lines as one EPCIS document; of an event that was taken back, its last word. */
export async function diaryEpcis(
  entries: BookEntries,
  lines: readonly DiaryLine[],
  creationDate: string,
): Promise<Record<string, unknown>> {
  const wanted = new Set(lines.map(({ kept }) => kept.activity.activityId))
  const lots = new Set(lines.flatMap(({ kept }) => kept.activity.details['lot'] ?? []))
  const events = new Map<string, EpcisEvent>()
  for (const { event } of await entries.events()) {
    const id = activityIdOf(event)
    const isWanted = id === undefined ? lots.has(lotOf(event)) : wanted.has(id)
    // Newest first: what was said of it last.
    if (isWanted && !events.has(String(event.eventID))) events.set(String(event.eventID), event)
  }
  const inOrder = [...events.values()].sort((a, b) => Date.parse(a.eventTime) - Date.parse(b.eventTime))
  return epcisDocument(inOrder, creationDate)
}

/** The lot of a harvest of before events named their activity. */
const lotOf = (event: EpcisEvent): string =>
  String((event['ilmd'] as Record<string, unknown> | undefined)?.['cbvmda:lotNumber'] ?? '')
