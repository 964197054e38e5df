import { sql } from 'kysely'
import { z } from 'zod'
import { toHex } from '#contract/ground/bytes.ts'
import { MAX_LABEL_WORDS } from '#contract/wire/model-words.ts'
import type { Migration, Tx } from '../store/open-store.ts'

/** What the labels of a box's disease models are called: the words that findings are shown with. */

const text = z
  .string()
  .max(300)
  .refine((value) => !value.includes('\0'))
const words = { vi: text.min(1), en: text.min(1) }

export const modelShape = z.object({
  kind: z.literal('model'),
  sha256: z.instanceof(Uint8Array).refine((bytes) => bytes.length === 32),
  id: text,
  version: text,
  organ: text,
  crops: z.array(text).max(MAX_LABEL_WORDS),
  screen: z.object(words).nullable(),
  labels: z
    .array(z.object({ crop: text, key: text.min(1), ...words, organism: text.nullable() }))
    .max(MAX_LABEL_WORDS),
})

export const modelMigrations: readonly Migration[] = [
  {
    name: 'projections-model-1',
    statements: ({ integer, tableOptions }) => [
      // The words as JSON: they are only ever read whole, and a newer model may say more of a label.
      `CREATE TABLE model (agent TEXT NOT NULL, sha256 TEXT NOT NULL, id TEXT NOT NULL, version TEXT NOT NULL, screen TEXT NOT NULL,
        labels TEXT NOT NULL, stated_at ${integer} NOT NULL, epoch TEXT NOT NULL, seq ${integer} NOT NULL,
        PRIMARY KEY (agent, sha256))${tableOptions}`,
    ],
  },
]

export const MODEL_TABLES = ['model'] as const

/** A box may correct the words of a model: the newest stand, whichever arrived first. */
export async function applyModel(
  tx: Tx,
  { agent, epoch, seq, t }: { agent: string; epoch: string; seq: number; t: number },
  { sha256, id, version, screen, labels }: z.output<typeof modelShape>,
): Promise<void> {
  await sql`INSERT INTO model VALUES (${agent}, ${toHex(sha256)}, ${id}, ${version}, ${JSON.stringify(screen)}, ${JSON.stringify(labels)},
    ${t}, ${epoch}, ${seq})
    ON CONFLICT (agent, sha256) DO UPDATE SET id = excluded.id, version = excluded.version, screen = excluded.screen,
      labels = excluded.labels, stated_at = excluded.stated_at, epoch = excluded.epoch, seq = excluded.seq
    WHERE (excluded.stated_at, excluded.epoch, excluded.seq) > (model.stated_at, model.epoch, model.seq)`.execute(
    tx,
  )
}
