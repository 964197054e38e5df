import { LANES, type Lane } from '#contract/wire/records.ts'
import type { Journal } from '../../agent/journal/journal.ts'
import { type SealedName, timeOf } from './journal-work.ts'

export interface LaneFound {
  lastSeq: number
  sealed: number
  durable: number
  batches: SealedName[]
}

export interface Found {
  readonly epoch: string
  readonly lanes: Record<Lane, LaneFound>
  readonly readings: Map<string, number>
  readonly entries: Map<string, number>
  readonly doubled: string[]
  readonly changed: string[]
}

export const newLanes = (): Record<Lane, LaneFound> => ({
  record: { lastSeq: 0, sealed: 0, durable: 0, batches: [] },
  finding: { lastSeq: 0, sealed: 0, durable: 0, batches: [] },
  reading: { lastSeq: 0, sealed: 0, durable: 0, batches: [] },
})

const PAGE = 5000

/** Everything that the journal says of itself through its own door. */
export async function look(journal: Journal): Promise<Found> {
  const { epoch, lanes: marks } = await journal.state()
  const found: Found = {
    ...{ epoch, lanes: newLanes(), readings: new Map(), entries: new Map(), doubled: [], changed: [] },
  }
  for (let after = 0; ; ) {
    const page = await journal.exportReadings(after, PAGE)
    for (const { id, t, value } of page) {
      const number = Math.round(value * 10)
      const name = String(number)
      if (found.readings.has(name)) found.doubled.push(`reading ${name}`)
      if (t !== timeOf(number)) found.changed.push(name)
      found.readings.set(name, id)
    }
    const last = page.at(-1)
    if (!last) break
    after = last.id
  }
  for (const [kind, field] of [
    ['plot', 'plot'],
    ['finding', 'findingId'],
  ] as const)
    for (const { seq, entry } of await journal.records(kind, { limit: 1e6 })) {
      const name = String((entry as unknown as Record<string, unknown>)[field])
      if (found.entries.has(name)) found.doubled.push(`entry ${name}`)
      found.entries.set(name, seq)
    }
  for (const lane of LANES) {
    const { lastSeq, sealedThrough: sealed, durableThrough: durable } = marks[lane]
    const batches = (await journal.sealedRanges(lane)).map((range) => ({ ...range, epoch, lane }))
    found.lanes[lane] = { lastSeq, sealed, durable, batches }
  }
  return found
}
