import { sql } from 'kysely'
import { concatBytes, equalBytes, utf8 } from '#contract/ground/bytes.ts'
import type { Sha256 } from '#contract/ground/signing.ts'
import type { ConsentEntry, PersonalField } from '#contract/wire/province-decisions.ts'
import type { Db, Migration, Tx } from '../store/open-store.ts'

/**
 * Who holds a farm: name, address, telephone. The log has only a salted commitment of each; value and salt lie here,
 * outside the log and every projection, and are erased for good. Without its salt a commitment says nothing: names
 * and numbers could otherwise be found by trying them all.
 */
export const holderMigrations: readonly Migration[] = [
  {
    name: 'holders-1',
    statements: ({ integer, blob, tableOptions }) => [
      `CREATE TABLE private_fact (farm_id TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, salt ${blob} NOT NULL,
        stored_at ${integer} NOT NULL, PRIMARY KEY (farm_id, field))${tableOptions}`,
    ],
  },
]

export interface PrivateFact {
  readonly field: PersonalField
  readonly value: string
  readonly salt: Uint8Array
}

/** sha256 over `salt ‖ 0x00 ‖ value`; the salt has 32 random bytes. */
export const commitmentOf = ({ value, salt }: Omit<PrivateFact, 'field'>, sha256: Sha256): Uint8Array =>
  sha256(concatBytes(salt, new Uint8Array(1), utf8(value)))

/** In the place of what was there, whose salt is gone with it. */
export async function savePrivateFact(
  tx: Tx,
  farmId: string,
  fact: PrivateFact,
  nowMs: number,
): Promise<void> {
  await sql`INSERT INTO private_fact VALUES (${farmId}, ${fact.field}, ${fact.value}, ${fact.salt}, ${nowMs})
    ON CONFLICT (farm_id, field) DO UPDATE SET value = excluded.value, salt = excluded.salt, stored_at = excluded.stored_at`.execute(
    tx,
  )
}

/** Returns how many were there. */
export async function erasePrivateFacts(tx: Tx, farmId: string): Promise<number> {
  const erased = await sql`DELETE FROM private_fact WHERE farm_id = ${farmId}`.execute(tx)
  return Number(erased.numAffectedRows ?? 0)
}

export async function privateFacts(db: Db, farmId: string): Promise<PrivateFact[]> {
  const { rows } = await sql<{
    field: PersonalField
    value: string
    salt: Uint8Array
  }>`SELECT field, value, salt FROM private_fact
    WHERE farm_id = ${farmId} ORDER BY field`.execute(db)
  return rows.map(({ field, value, salt }) => ({ field, value, salt: new Uint8Array(salt) }))
}

export interface Consent {
  readonly purpose: ConsentEntry['purpose']
  readonly state: 'given' | 'withdrawn'
  readonly form: string
  readonly decidedAt: number
}

export async function consentsOf(db: Db, farmId: string): Promise<Consent[]> {
  const { rows } = await sql<{
    purpose: Consent['purpose']
    state: Consent['state']
    form: string
    decided_at: number
  }>`SELECT purpose, state, form, decided_at
    FROM consent WHERE farm_id = ${farmId} ORDER BY purpose`.execute(db)
  return rows.map(({ decided_at: decidedAt, ...consent }) => ({ ...consent, decidedAt: Number(decidedAt) }))
}

/** What anybody may read: each field for which consent is given now, that is still on file and is what was committed to. */
export async function publicFacts(
  db: Db,
  farmId: string,
  sha256: Sha256,
): Promise<Partial<Record<PersonalField, string>>> {
  const given: ReadonlySet<string> = new Set(
    (await consentsOf(db, farmId)).filter(({ state }) => state === 'given').map(({ purpose }) => purpose),
  )
  const committed = await commitments(db, farmId)
  const shown: Partial<Record<PersonalField, string>> = {}
  for (const fact of await privateFacts(db, farmId)) {
    const commitment = committed.get(fact.field)
    if (given.has(`public-${fact.field}`) && commitment && equalBytes(commitment, commitmentOf(fact, sha256)))
      shown[fact.field] = fact.value
  }
  return shown
}

async function commitments(db: Db, farmId: string): Promise<Map<PersonalField, Uint8Array>> {
  const { rows } = await sql<{
    field: PersonalField
    commitment: Uint8Array
  }>`SELECT field, commitment FROM holder
    WHERE farm_id = ${farmId}`.execute(db)
  return new Map(rows.map(({ field, commitment }) => [field, new Uint8Array(commitment)]))
}
