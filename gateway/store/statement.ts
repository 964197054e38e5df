import { CompiledQuery } from 'kysely'
import { heldConnection } from './held-connection.ts'
import type { Db, Tx } from './open-store.ts'

/**
 * Statements of the hot path: their text is written once, with a `?` for each value, and not put together again for
 * every batch. They are the same SQL that the rooms write otherwise; a store whose engine numbers its values puts the
 * numbers in.
 */
export function statement<Row = unknown>(
  text: string,
): (db: Db, ...values: readonly unknown[]) => Promise<Row[]> {
  const query = CompiledQuery.raw(text)
  return async (db, ...values) => {
    const held = heldConnection(db)?.prepare(text)
    if (!held) return (await db.executeQuery<Row>(withValues(query, values))).rows
    if (held.reader) return held.all(values) as Row[]
    held.run(values)
    return []
  }
}

/** The same for a statement that writes or does not (`ON CONFLICT DO NOTHING`): how many rows it wrote. */
export function countedStatement(text: string): (tx: Tx, ...values: readonly unknown[]) => Promise<number> {
  const query = CompiledQuery.raw(text)
  return async (tx, ...values) => {
    const held = heldConnection(tx)
    if (held) return Number(held.prepare(text).run(values).changes)
    return Number((await tx.executeQuery(withValues(query, values))).numAffectedRows)
  }
}

/** One statement for each row, in order, within one call: a batch writes dozens of rows of a kind. */
export function rowStatement(text: string): (tx: Tx, rows: readonly (readonly unknown[])[]) => Promise<void> {
  const query = CompiledQuery.raw(text)
  return async (tx, rows) => {
    if (rows.length === 0) return
    const held = heldConnection(tx)
    if (held) held.prepare(text).run(rows)
    else await tx.executeQuery(withValues(query, rows))
  }
}

const withValues = (
  { sql, query, queryId }: CompiledQuery,
  parameters: readonly unknown[],
): CompiledQuery => ({
  sql,
  query,
  queryId,
  parameters,
})

/**
 * What is written in here is taken back when it throws, and the transaction goes on: one bad batch does not cost its
 * neighbours theirs.
 */
export async function withSavepoint<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  await begin(tx)
  try {
    const result = await work()
    await release(tx)
    return result
  } catch (error) {
    await rollBack(tx)
    await release(tx)
    throw error
  }
}

const begin = statement('SAVEPOINT part')
const release = statement('RELEASE SAVEPOINT part')
const rollBack = statement('ROLLBACK TO SAVEPOINT part')
