import { sql } from 'kysely'
import type { Compression } from '#contract/ground/compression.ts'
import { openEnvelope, openKnownBody } from '#contract/wire/batch.ts'
import { type LoggedBatch, readLog } from '../log/log.ts'
import type { Db, Tx } from '../store/open-store.ts'
import { type Applied, applyBatch, keepUnread, type ProjectionOutside, readBody } from './apply-batch.ts'
import { applyDecision } from './decisions.ts'
import { PROJECTION_TABLES } from './tables.ts'

export interface RebuildProgress {
  readonly batches: number
  readonly readings: number
  readonly entries: number
  readonly unread: number
}

interface RebuildOutside extends ProjectionOutside {
  readonly compression: Compression
  readonly provinceAgent: string
}

/**
 * Empties every projection and derives it again from the log, in the order in which the batches arrived. In one
 * transaction: readers see the old until it is done, and boxes are told to come again later.
 */
export async function rebuild(
  db: Db,
  outside: RebuildOutside,
  onProgress: (progress: RebuildProgress) => void = () => {},
): Promise<RebuildProgress> {
  return db.transaction().execute(async (tx) => {
    for (const table of PROJECTION_TABLES) await sql.raw(`DELETE FROM ${table}`).execute(tx)
    let progress: RebuildProgress = { batches: 0, readings: 0, entries: 0, unread: 0 }
    for await (const logged of readLog(tx)) {
      const applied = await applyLogged(tx, logged, outside)
      progress = {
        batches: progress.batches + 1,
        readings: progress.readings + applied.readings,
        entries: progress.entries + applied.entries,
        unread: progress.unread + (applied.unread ? 1 : 0),
      }
      if (progress.batches % 500 === 0) onProgress(progress)
    }
    return progress
  })
}

/** A batch that can't be unpacked (damage on the disk, a form to come) is counted; the rest is derived all the same. */
async function applyLogged(tx: Tx, logged: LoggedBatch, outside: RebuildOutside): Promise<Applied> {
  let body: Uint8Array
  try {
    body = openKnownBody(openEnvelope(logged.bytes), outside.compression)
  } catch (error) {
    const reason = (error as Error).message
    await keepUnread(tx, logged, reason)
    return { readings: 0, entries: 0, unread: reason }
  }
  const batch = { ...logged, body }
  if (logged.agent !== outside.provinceAgent) return applyBatch(tx, batch, outside)
  const read = readBody(batch)
  if (!('entries' in read)) return { readings: 0, entries: 0, unread: 'not a list of decisions' }
  for (const entry of read.entries) await applyDecision(tx, entry, logged.arrival)
  return { readings: 0, entries: read.entries.length, unread: null }
}
