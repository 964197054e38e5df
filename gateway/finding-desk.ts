import { sql } from 'kysely'
import { fromHex, toHex, utf8 } from '#contract/ground/bytes.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import { declaredWrong } from '#contract/trace/activity-events.ts'
import type { EpcisEvent } from '#contract/trace/epcis.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { findingEvent } from '#contract/trace/finding-event.ts'
import { organismUri } from '#contract/trace/organism-uri.ts'
import type { FindingReviewEntry } from '#contract/wire/province-decisions.ts'
import type { RecordBody } from '#contract/wire/records.ts'
import type { Viewer } from './accounts/viewer.ts'
import type { PhotoShelf } from './insight/finding-card.ts'
import { type FindingDetail, findingDetail } from './insight/finding-detail.ts'
import {
  type FindingName,
  type FindingWord,
  mayAskAgain,
  standingOf,
  type WordRefused,
} from './insight/finding-word.ts'
import type { Db, Tx } from './store/open-store.ts'

/** Where people of the province say what a photo shows, and ask boxes for photos: each word a decision in the log. */
export interface FindingDeskOutside {
  readonly db: Db
  readonly photos: PhotoShelf
  readonly nowMs: () => number
  readonly randomBytes: RandomBytes
  readonly timeZone: string
  readonly inTransaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
  readonly decide: (tx: Tx, bodies: readonly RecordBody[]) => Promise<void>
  /** Tells a box to send a photo; what is decided beside it is given the message's number. */
  readonly tellBox: (
    agent: string,
    photo: string,
    also: (no: number) => readonly RecordBody[],
  ) => Promise<number>
}

type Person = Extract<Viewer, { kind: 'person' }>

export class FindingDesk {
  readonly #outside: FindingDeskOutside

  constructor(outside: FindingDeskOutside) {
    this.#outside = outside
  }

  /** Null for a finding that is not there, or not of a farm of the viewer's. */
  async review(
    viewer: Person,
    name: FindingName,
    word: FindingWord,
  ): Promise<'kept' | { readonly refused: WordRefused } | null> {
    const { photos, inTransaction, decide } = this.#outside
    return inTransaction(async (tx) => {
      const detail = await findingDetail(tx, photos, viewer, name)
      if (!detail) return null
      if (standingOf(detail) !== word.seen) return { refused: 'seen-is-old' }
      const said = saidBy(detail, word)
      if ('refused' in said) return said
      const reviewId = `fr-${toHex(this.#outside.randomBytes(8))}`
      const { events, eventId } = await this.#events(tx, detail, word, { ...said, reviewId })
      const { finding } = detail
      const review: FindingReviewEntry = {
        ...{ kind: 'finding-review', reviewId, ...name },
        photo: fromHex(finding.photo.sha256),
        model: finding.model ? fromHex(finding.model.sha256) : null,
        decision: word.decision,
        ...said,
        note: word.note,
        regions: word.regions,
        person: viewer.personId,
        role: viewer.role,
        eventId,
      }
      await decide(tx, [
        ...events.map((event) => ({
          ...{ kind: 'captured-event' as const, by: viewer.personId },
          bytes: utf8(JSON.stringify(event)),
        })),
        review,
      ])
      return 'kept'
    })
  }

  /** `asked`: the box hears of it with its next exchange. Null as with `review`. */
  async askPhoto(viewer: Person, name: FindingName): Promise<'asked' | 'asked-already' | 'here' | null> {
    const { db, photos, nowMs, tellBox } = this.#outside
    const detail = await findingDetail(db, photos, viewer, name)
    if (!detail) return null
    const { photo } = detail.finding
    if (photo.state !== 'coming') return 'here'
    if (!mayAskAgain(detail.request, nowMs())) return 'asked-already'
    await tellBox(name.agent, photo.sha256, (no) => [
      {
        ...{ kind: 'photo-request', agent: name.agent, photo: fromHex(photo.sha256), no },
        ...{ person: viewer.personId, role: viewer.role },
      },
    ])
    return 'asked'
  }

  /** The event that goes on record now, and the one that it takes back. */
  async #events(
    tx: Tx,
    { finding, history }: FindingDetail,
    word: FindingWord,
    said: Said & { readonly reviewId: string },
  ): Promise<{ readonly events: readonly EpcisEvent[]; readonly eventId: string }> {
    const { timeZone, nowMs } = this.#outside
    const isOnRecord = word.isOnRecord && word.decision !== 'not-usable'
    const told = findingEvent({
      ...{ findingId: finding.findingId, reviewId: said.reviewId, plot: finding.plot },
      ...{ at: finding.at, what: said.vi },
      ...{ zoneOffset: zoneOffsetOf(timeZone, finding.at), organism: said.organism },
      growingArea: await areaOf(tx, finding.farmId, finding.crop),
      ...(word.decision === 'confirmed' && finding.model ? { model: finding.model } : {}),
      ...(finding.lesionShare === null ? {} : { lesionShare: finding.lesionShare }),
    })
    const eventId = isOnRecord ? eventHash(told, sha256) : ''
    const before = history[0]?.eventId ?? ''
    const old = before === '' ? undefined : await eventOf(tx, before)
    const corrective = eventId === '' ? [] : [eventId]
    return {
      events: [
        ...(old ? [declaredWrong(old, new Date(nowMs()).toISOString(), corrective)] : []),
        ...(isOnRecord ? [{ ...told, eventID: eventId }] : []),
      ],
      eventId,
    }
  }
}

type Said = Pick<FindingReviewEntry, 'crop' | 'label' | 'vi' | 'en' | 'organism'>

function saidBy(detail: FindingDetail, word: FindingWord): Said | { readonly refused: WordRefused } {
  const { finding, choices } = detail
  const typed = word.organism === '' ? '' : organismUri(word.organism)
  if (typed === undefined) return { refused: 'organism-unknown' }
  switch (word.decision) {
    case 'not-usable':
      return { crop: finding.crop, label: '', vi: '', en: '', organism: '' }
    case 'other':
      return word.words === ''
        ? { refused: 'words-missing' }
        : { crop: finding.crop, label: '', vi: word.words, en: '', organism: typed }
    case 'confirmed': {
      const { verdict, labels, crop } = finding
      if (verdict === null) return { refused: 'nothing-to-confirm' }
      const words = labels.find(({ label }) => label === verdict)?.words
      const key = verdict.slice(verdict.indexOf('/') + 1)
      const organism = typed || (organismUri(words?.organism ?? '') ?? '')
      return words
        ? { crop: words.crop, label: key, vi: words.vi, en: words.en, organism }
        : { crop, label: key, vi: key, en: key, organism }
    }
    case 'corrected': {
      const chosen = choices.find(({ crop, key }) => crop === word.crop && key === word.label)
      if (!chosen) return { refused: 'label-unknown' }
      const { crop, key: label, vi, en } = chosen
      return { crop, label, vi, en, organism: typed || (organismUri(chosen.organism ?? '') ?? '') }
    }
  }
}

/** Where the farm grows this crop, when it has one code for it. */
async function areaOf(
  tx: Tx,
  farmId: string,
  crop: string,
): Promise<{ gln: string; code: string } | undefined> {
  const { rows } = await sql<{
    gln: string
    code: string
  }>`SELECT DISTINCT gln, area_code AS code FROM allocation
    WHERE farm_id = ${farmId} AND crop = ${crop} AND gln IS NOT NULL AND area_code IS NOT NULL LIMIT 2`.execute(
    tx,
  )
  return rows.length === 1 ? rows[0] : undefined
}

/** An event that the province put on record, as it was first said. */
async function eventOf(tx: Tx, eventId: string): Promise<EpcisEvent | undefined> {
  const { rows } = await sql<{ body: string | null }>`SELECT body FROM event_index
    WHERE event_id = ${eventId} AND agent = '' ORDER BY record_time, ref LIMIT 20`.execute(tx)
  const events = rows.flatMap(({ body }) => (body === null ? [] : [JSON.parse(body) as EpcisEvent]))
  return events.find((event) => event['errorDeclaration'] === undefined)
}

/** The zone's offset at a moment, such as +07:00. */
function zoneOffsetOf(timeZone: string, ms: number): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(ms)
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT'
  return name === 'GMT' ? '+00:00' : name.replace('GMT', '')
}
