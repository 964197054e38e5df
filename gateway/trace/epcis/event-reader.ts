import { type RawBuilder, sql } from 'kysely'

/**
 * Who asks, as far as events go: the one place where it is said who sees which. Somebody with every farm sees every
 * event; somebody with some farms sees what these farms signed, and what he captured himself.
 */
export interface EventReader {
  /** Who it is in the log: a token's or a person's id. */
  readonly id: string
  readonly farmIds: 'all' | readonly string[]
  readonly mayRead: boolean
  readonly mayCapture: boolean
}

/** The condition on an event `e` of the index, or undefined where everything may be seen. */
export function visibleTo(reader: EventReader): RawBuilder<unknown> | undefined {
  if (reader.farmIds === 'all') return undefined
  const own = sql`e.captured_by = ${reader.id}`
  if (reader.farmIds.length === 0) return own
  return sql`(${own} OR e.agent IN (SELECT n.agent FROM enrolment n WHERE n.farm_id IN (${sql.join([...reader.farmIds])})))`
}
