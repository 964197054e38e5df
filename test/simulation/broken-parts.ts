import { sql } from 'kysely'
import { openEnvelope } from '#contract/wire/batch.ts'
import type { Agent } from '../../agent/agent.ts'
import type { JournalThread } from '../../agent/journal/journal-thread.ts'
import type { Gathered } from '../../agent/journal/packed.ts'
import { type Db, openSqliteStore } from '../../gateway/store/open-store.ts'
import type { ProvinceLife } from './province-life.ts'

/** Parts that break one promise each: the checker has to name every one of them. */

/** Says "written" before the disk has it. */
export const hasty = (thread: JournalThread): JournalThread =>
  withCommit(thread, (gathered) => {
    thread.call('commit', gathered).catch(() => {})
    return Promise.resolve(gathered.records.map(() => 0))
  })

/** Writes what it is given a second time, now and then. */
export const stuttering = (thread: JournalThread): JournalThread => {
  let commits = 0
  return withCommit(thread, async (gathered) => {
    const seqs = await thread.call('commit', gathered)
    if (++commits % 3 === 0) await thread.call('commit', { ...gathered, records: [] })
    return seqs
  })
}

/** Keeps everything that belongs to a harvest, only not what was signed of it. */
export const eventless = (thread: JournalThread): JournalThread =>
  withCommit(thread, async (gathered) => {
    const records = gathered.records.filter(({ kind }) => kind !== 'event')
    const seqs = await thread.call('commit', { ...gathered, records })
    return gathered.records.map(({ kind }) => (kind === 'event' ? 0 : (seqs.shift() ?? 0)))
  })

/** Says each outlook a second time. */
export const insistent = (thread: JournalThread): JournalThread =>
  withCommit(thread, async (gathered) => {
    const again = gathered.records.filter(({ kind }) => kind === 'outlook')
    const seqs = await thread.call('commit', { ...gathered, records: [...gathered.records, ...again] })
    return seqs.slice(0, gathered.records.length)
  })

/** Goes on with a photo one byte before the place that the province named. */
export const misplacing = ({ photos: { source } }: Agent): void => {
  const readPart = source.readPart.bind(source)
  source.readPart = (sha256, offset, length) => readPart(sha256, Math.max(0, offset - 1), length)
}

/** Is upgraded, and does not look at what the program before it had put aside. */
export const unlooking = (province: ProvinceLife): void => {
  province.breakUpgrade = async (path) => {
    const store = await openSqliteStore(path)
    for (const table of ['unknown_entry', 'unread_batch'])
      await sql`DELETE FROM ${sql.table(table)}`.execute(store.db)
    await store.close()
  }
}

/** Acknowledges every third batch of readings, and then does not have it. */
export const forgetful = (province: ProvinceLife): void =>
  afterBatches(province, 3, async (db, { agent, from }) => {
    await sql`DELETE FROM log_batch WHERE agent = ${agent} AND lane = 'reading' AND from_seq = ${from}`.execute(
      db,
    )
  })

/** Draws every second batch of readings into the charts twice. */
export const doubling = (province: ProvinceLife): void =>
  afterBatches(province, 2, async (db, { agent, from }) => {
    await sql`INSERT INTO chunk SELECT agent, epoch, from_seq, segment + 1000, part, boot, clock, offset_ms, from_t, to_t,
      count, received_at, data FROM chunk WHERE agent = ${agent} AND from_seq = ${from}
      ON CONFLICT (agent, epoch, from_seq, segment, part) DO NOTHING`.execute(db)
  })

/** Counts a batch again in the sums of the hours and days. */
export const summingTwice = (province: ProvinceLife): void =>
  afterBatches(province, 2, async (db, { agent }) => {
    await sql`UPDATE rollup_part SET sums = (SELECT json_group_object(key, json_set(value, '$[0]', value ->> 0 + 1))
      FROM json_each(sums)) WHERE agent = ${agent}`.execute(db)
  })

/** Comes back from an older backup: what it had said to hold, it asks for again. */
export const restored = (province: ProvinceLife): void =>
  afterBatches(province, 4, async (db, { agent }) => {
    await sql`UPDATE log_mark SET held = '[]' WHERE agent = ${agent} AND lane = 'reading'`.execute(db)
  })

function withCommit(thread: JournalThread, commit: (gathered: Gathered) => Promise<number[]>): JournalThread {
  return {
    get isDead() {
      return thread.isDead
    },
    call: (name, ...values) =>
      name === 'commit' ? (commit(values[0] as Gathered) as never) : thread.call(name, ...values),
    stop: () => thread.stop(),
  }
}

/** Does something to the store after every nth batch of readings that was answered with 200. */
function afterBatches(
  province: ProvinceLife,
  nth: number,
  harm: (db: Db, batch: { agent: string; from: number }) => Promise<void>,
): void {
  let batches = 0
  province.breakIt = (gateway, handle) => async (request) => {
    const answer = await handle(request)
    if (request.path !== '/sync/v1/batches' || answer.status !== 200) return answer
    const { header } = openEnvelope(request.body as Uint8Array)
    if (header.lane === 'reading' && ++batches % nth === 0) await harm(gateway.db, header)
    return answer
  }
}
