import type { Migration } from '../store/open-store.ts'

/**
 * What is kept ready of each series (sums of hours and days, the newest reading) in few rows instead of many: the series
 * of a box are counted as they are declared, and what is kept of sixty-four neighbours stands in one row, as JSON by that
 * count. A batch of an hour touches three rows that way, where it touched three for each of its series. `rollup` and
 * `latest` are views of the same in plain SQL, a row a series.
 */

/** A box with more series than this has more rows; one of any size is written again for a single reading. */
const SERIES_A_ROW = 64

/** Which row of its box a series stands in. */
export const partOf = (ordinal: number): number => Math.floor(ordinal / SERIES_A_ROW)

/** A row's JSON: by the ordinal of its series. Keys that are whole numbers stand in order, whichever came first. */
export type Packed<Kept> = Record<number, Kept>

/** Of an hour or a day, in scaled whole numbers. */
export type PackedSum = [count: number, min: number, max: number, sum: number, quality: number]

export type PackedLatest = [
  t: number,
  scaled: number,
  quality: number,
  clock: string,
  epoch: string,
  fromSeq: number,
]

/** One of the figures that a row keeps of series `s`. */
const keptOf = (column: string, at: number): string =>
  `json_extract(${column}, '$."' || s.ordinal || '"[${at}]')`

export const PACKED_ROW_TABLES = ['rollup_part', 'latest_part'] as const

export const packedRowMigrations: readonly Migration[] = [
  {
    name: 'projections-7',
    statements: ({ integer, tableOptions, keyedOptions }) => [
      // The how-manieth series of its box, in the order in which the log declares them; not the number of one epoch.
      `ALTER TABLE series ADD COLUMN ordinal ${integer} NOT NULL DEFAULT 0`,
      `UPDATE series SET ordinal = (SELECT count(*) FROM series s WHERE s.agent = series.agent AND s.rowid <= series.rowid)`,
      `ALTER TABLE series ADD COLUMN part ${integer} GENERATED ALWAYS AS (ordinal / ${SERIES_A_ROW}) VIRTUAL`,
      `CREATE UNIQUE INDEX series_ordinal ON series (agent, ordinal)`,
      `ALTER TABLE series_number ADD COLUMN ordinal ${integer} NOT NULL DEFAULT 0`,
      `UPDATE series_number SET ordinal = coalesce((SELECT ordinal FROM series s
        WHERE s.agent = series_number.agent AND s.uuid = series_number.uuid), 0)`,
      `CREATE TABLE rollup_part (agent TEXT NOT NULL, span TEXT NOT NULL, t ${integer} NOT NULL, part ${integer} NOT NULL,
        sums TEXT NOT NULL, PRIMARY KEY (agent, span, t, part))${keyedOptions}`,
      // A sum that was rounded to a whole number beyond 2^53 stays a number with a point; below, it is written without one.
      `INSERT INTO rollup_part SELECT r.agent, r.span, r.t, s.part,
          json_group_object(CAST(s.ordinal AS TEXT), json_array(r.count, r.min, r.max,
            CASE WHEN abs(r.sum) < 9007199254740992.0 THEN CAST(r.sum AS INTEGER) ELSE r.sum END, r.quality) ORDER BY s.ordinal)
        FROM rollup r JOIN series s ON s.agent = r.agent AND s.uuid = r.uuid
        GROUP BY r.agent, r.span, r.t, s.part`,
      `CREATE TABLE latest_part (agent TEXT NOT NULL, part ${integer} NOT NULL, readings TEXT NOT NULL,
        PRIMARY KEY (agent, part))${tableOptions}`,
      `INSERT INTO latest_part SELECT l.agent, s.part,
          json_group_object(CAST(s.ordinal AS TEXT), json_array(l.t, l.scaled, l.quality, l.clock, l.epoch, l.from_seq)
            ORDER BY s.ordinal)
        FROM latest l JOIN series s ON s.agent = l.agent AND s.uuid = l.uuid
        GROUP BY l.agent, s.part`,
      `DROP TABLE rollup`,
      `DROP TABLE latest`,
      `CREATE VIEW rollup AS SELECT s.agent, s.uuid, p.span, p.t, ${keptOf('p.sums', 0)} AS count, ${keptOf('p.sums', 1)} AS min,
          ${keptOf('p.sums', 2)} AS max, CAST(${keptOf('p.sums', 3)} AS REAL) AS sum, ${keptOf('p.sums', 4)} AS quality
        FROM series s JOIN rollup_part p ON p.agent = s.agent AND p.part = s.part WHERE ${keptOf('p.sums', 0)} IS NOT NULL`,
      `CREATE VIEW latest AS SELECT s.agent, s.uuid, ${keptOf('p.readings', 0)} AS t, ${keptOf('p.readings', 1)} AS scaled,
          ${keptOf('p.readings', 2)} AS quality, ${keptOf('p.readings', 3)} AS clock, ${keptOf('p.readings', 4)} AS epoch,
          ${keptOf('p.readings', 5)} AS from_seq
        FROM series s JOIN latest_part p ON p.agent = s.agent AND p.part = s.part WHERE ${keptOf('p.readings', 0)} IS NOT NULL`,
    ],
  },
]
