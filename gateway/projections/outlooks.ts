import { sql } from 'kysely'
import type { TimeQuality } from '#contract/ground/clock.ts'
import type { OutlookEntry } from '#contract/wire/outlook.ts'
import type { Migration, Tx } from '../store/open-store.ts'

export const outlookMigrations: readonly Migration[] = [
  {
    // The newest of each epoch: within one, seqs tell which that is whatever the box's clock did. Which epoch speaks is
    // asked of the times, where clocks have been set right.
    name: 'projections-outlook-1',
    statements: ({ integer, tableOptions }) => [
      `CREATE TABLE outlook (agent TEXT NOT NULL, plot TEXT NOT NULL, epoch TEXT NOT NULL, seq ${integer} NOT NULL,
        boot TEXT NOT NULL, clock TEXT NOT NULL, made_at ${integer} NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (agent, plot, epoch))${tableOptions}`,
    ],
  },
]

export const OUTLOOK_TABLES = ['outlook'] as const

interface Source {
  readonly agent: string
  readonly epoch: string
  readonly seq: number
  readonly boot: string
  readonly clock: TimeQuality
}

/** Of one epoch the entry with the highest seq stands, in whichever order they arrive. */
export async function applyOutlook(
  tx: Tx,
  { agent, epoch, seq, boot, clock }: Source,
  entry: OutlookEntry,
): Promise<void> {
  await sql`INSERT INTO outlook VALUES (${agent}, ${entry.plot}, ${epoch}, ${seq}, ${boot}, ${clock}, ${entry.madeAt},
      ${JSON.stringify(entry)})
    ON CONFLICT (agent, plot, epoch) DO UPDATE SET seq = excluded.seq, boot = excluded.boot, clock = excluded.clock,
      made_at = excluded.made_at, body = excluded.body
    WHERE excluded.seq > outlook.seq`.execute(tx)
}
