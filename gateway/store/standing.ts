import { type RawBuilder, sql } from 'kysely'

/**
 * What counts of a farm book, said once for every room that asks: a page and a check must not disagree about it. The
 * index over `corrects` holds corrections only, hence the second condition on it.
 */

/** For a row of `activity` called `a`: not withdrawn, and nothing of its box replaces it. */
export const STANDS: RawBuilder<boolean> = sql<boolean>`a.is_withdrawn = 0 AND NOT EXISTS (SELECT 1 FROM activity c
  WHERE c.agent = a.agent AND c.corrects = a.activity_id AND c.corrects <> '')`

/** For a row of `lot_part` called `p`: nothing replaces its picking. */
export const PART_UNREPLACED: RawBuilder<boolean> = sql<boolean>`NOT EXISTS (SELECT 1 FROM activity c
  WHERE c.agent = p.agent AND c.corrects = p.activity_id AND c.corrects <> '')`

/** The same, and no revoked key signed it. */
export const PART_STANDS: RawBuilder<boolean> = sql<boolean>`${PART_UNREPLACED}
  AND NOT EXISTS (SELECT 1 FROM untrusted_part u WHERE u.agent = p.agent AND u.activity_id = p.activity_id)`
