import { sql } from 'kysely'
import type { Migration, Tx } from '../store/open-store.ts'

/** Who on the farm has seen an alarm first, by the id that the box gave that person. */
export const acknowledgementMigrations: readonly Migration[] = [
  {
    name: 'projections-acknowledgement-1',
    statements: ({ integer, tableOptions }) => [
      `CREATE TABLE alarm_acknowledgement (agent TEXT NOT NULL, alarm_id TEXT NOT NULL, at ${integer} NOT NULL, person TEXT NOT NULL,
        PRIMARY KEY (agent, alarm_id))${tableOptions}`,
    ],
  },
]

export const ACKNOWLEDGEMENT_TABLES = ['alarm_acknowledgement'] as const

/** Whatever order they come in, the earliest stands; of two at one moment the one that sorts first. */
export async function applyAcknowledgement(
  tx: Tx,
  { agent, alarmId, at, person }: { agent: string; alarmId: string; at: number; person: string },
): Promise<void> {
  await sql`INSERT INTO alarm_acknowledgement VALUES (${agent}, ${alarmId}, ${at}, ${person})
    ON CONFLICT (agent, alarm_id) DO UPDATE SET at = excluded.at, person = excluded.person
    WHERE (excluded.at, excluded.person) < (alarm_acknowledgement.at, alarm_acknowledgement.person)`.execute(
    tx,
  )
}
