import { sql } from 'kysely'
import type { Compression } from '#contract/ground/compression.ts'
import { openBody, openEnvelope } from '#contract/wire/batch.ts'
import { readLog } from '../log/log.ts'
import type { Db } from '../store/open-store.ts'
import { applyBatch, type ProjectionOutside, readBody } from './apply-batch.ts'
import { applyDecision } from './entries.ts'
import { PROJECTION_TABLES } from './migrations.ts'

export interface RebuildProgress {
  readonly batches: number
  readonly readings: number
  readonly entries: number
  readonly unread: number
}

/** Empties every projection and derives it again from the log, in one transaction: readers see the old until it is done. */
export async function rebuild(
  db: Db,
  outside: ProjectionOutside & { readonly compression: Compression; readonly provinceAgent: string },
  onProgress: (progress: RebuildProgress) => void = () => {},
): Promise<RebuildProgress> {
  return db.transaction().execute(async (tx) => {
    for (const table of PROJECTION_TABLES) await sql.raw(`DELETE FROM ${table}`).execute(tx)
    let progress: RebuildProgress = { batches: 0, readings: 0, entries: 0, unread: 0 }
    for await (const logged of readLog(tx)) {
      const envelope = openEnvelope(logged.bytes)
      const batch = {
        ...logged,
        form: envelope.header.form,
        toSeq: envelope.header.to,
        body: openBody(envelope, outside.compression),
      }
      if (logged.agent === outside.provinceAgent) {
        const read = readBody(batch)
        if ('entries' in read) for (const entry of read.entries) await applyDecision(tx, entry)
        progress = { ...progress, batches: progress.batches + 1 }
        continue
      }
      const applied = await applyBatch(tx, batch, outside)
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
