import { sql } from 'kysely'
import type { Tx } from '../store/open-store.ts'
import type { Known } from './entry-shapes.ts'
import { summariseAgain } from './summaries.ts'

/**
 * A box without a clock stamps its readings with a guess, and says later how far off the guess was. Nothing is
 * rewritten: chunks carry the offset of their boot beside what was signed, and what is summed from them is summed
 * again.
 */
export async function applyClock(
  tx: Tx,
  { agent, epoch, seq, t }: { agent: string; epoch: string; seq: number; t: number },
  entry: Known<'clock'>,
): Promise<void> {
  const { ofBoot, offsetMs, plusMinusMs, source } = entry
  const before = await offsetOf(tx, agent, ofBoot)
  // The tightest answer stands; of two equally tight ones the later, whichever arrived first.
  await sql`INSERT INTO clock_offset VALUES (${agent}, ${ofBoot}, ${offsetMs}, ${plusMinusMs}, ${source}, ${t}, ${epoch}, ${seq})
    ON CONFLICT (agent, boot) DO UPDATE SET offset_ms = excluded.offset_ms, plus_minus_ms = excluded.plus_minus_ms,
      source = excluded.source, stated_at = excluded.stated_at, epoch = excluded.epoch, seq = excluded.seq
    WHERE excluded.plus_minus_ms < clock_offset.plus_minus_ms OR (excluded.plus_minus_ms = clock_offset.plus_minus_ms
      AND (excluded.stated_at, excluded.epoch, excluded.seq) > (clock_offset.stated_at, clock_offset.epoch, clock_offset.seq))`.execute(
    tx,
  )
  const now = await offsetOf(tx, agent, ofBoot)
  if (now !== before) await shiftChunks(tx, agent, ofBoot, now - before)
}

/** What is added to the stamps of a boot whose clock was unknown; 0 while nobody has said better. */
export async function offsetOf(tx: Tx, agent: string, boot: string): Promise<number> {
  const { rows } = await sql<{ offset_ms: number }>`SELECT offset_ms FROM clock_offset
    WHERE agent = ${agent} AND boot = ${boot}`.execute(tx)
  return rows[0]?.offset_ms ?? 0
}

async function shiftChunks(tx: Tx, agent: string, boot: string, byMs: number): Promise<void> {
  const { rows } = await sql<{ from_t: number | null; to_t: number | null }>`
    SELECT min(from_t) AS from_t, max(to_t) AS to_t FROM chunk
    WHERE agent = ${agent} AND boot = ${boot} AND clock = 'unknown'`.execute(tx)
  const { from_t: fromT, to_t: toT } = rows[0] ?? { from_t: null, to_t: null }
  if (fromT === null || toT === null) return
  await sql`UPDATE chunk SET offset_ms = offset_ms + ${byMs}, from_t = from_t + ${byMs}, to_t = to_t + ${byMs}
    WHERE agent = ${agent} AND boot = ${boot} AND clock = 'unknown'`.execute(tx)
  await summariseAgain(tx, agent, [
    [fromT, toT],
    [fromT + byMs, toT + byMs],
  ])
}
