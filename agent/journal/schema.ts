import type Database from 'better-sqlite3'
import { rowsToBlocks } from './rows-to-blocks.ts'

interface JournalMigration {
  readonly name: string
  readonly sql: string
  /** Carries rows over that SQL alone can't, before `last` removes where they stood. */
  readonly carry?: (db: Database.Database) => void
  readonly last?: string
}

/** Forward-only and never edited after a release; each is tested from the one before with rows in it. */
export const MIGRATIONS: readonly JournalMigration[] = [
  {
    name: '1-journal',
    sql: `
      CREATE TABLE meta (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE counter (
        name TEXT PRIMARY KEY,
        value INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;

      -- A boot and what its clock was worth: readings point here instead of repeating it.
      CREATE TABLE stamp (
        no INTEGER PRIMARY KEY,
        boot TEXT NOT NULL,
        clock TEXT NOT NULL,
        UNIQUE (boot, clock)
      ) STRICT;

      CREATE TABLE series (
        no INTEGER PRIMARY KEY,
        uuid TEXT NOT NULL UNIQUE,
        device TEXT NOT NULL,
        channel TEXT NOT NULL,
        quantity TEXT NOT NULL,
        unit TEXT NOT NULL,
        resolution REAL NOT NULL,
        time_step_ms INTEGER NOT NULL,
        place TEXT NOT NULL,
        origin TEXT NOT NULL,
        continues TEXT,
        is_current INTEGER NOT NULL
      ) STRICT;

      -- id counts on for ever; an epoch's seq is id minus the id at which the epoch began.
      CREATE TABLE reading (
        id INTEGER PRIMARY KEY,
        stamp_no INTEGER NOT NULL,
        series_no INTEGER NOT NULL,
        t INTEGER NOT NULL,
        scaled INTEGER NOT NULL,
        quality INTEGER NOT NULL,
        source_t INTEGER
      ) STRICT;
      CREATE INDEX reading_of_series ON reading (series_no, t, scaled, quality);

      CREATE TABLE entry (
        lane TEXT NOT NULL,
        id INTEGER NOT NULL,
        kind TEXT NOT NULL,
        t INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (lane, id)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX entry_of_kind ON entry (kind, lane, id);

      -- Exactly the bytes that were signed, until the gateway holds them durably.
      CREATE TABLE sealed (
        lane TEXT NOT NULL,
        from_seq INTEGER NOT NULL,
        to_seq INTEGER NOT NULL,
        hash BLOB NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (lane, from_seq)
      ) STRICT;

      CREATE TABLE mark (
        lane TEXT PRIMARY KEY,
        base_id INTEGER NOT NULL,
        last_id INTEGER NOT NULL,
        sealed_through INTEGER NOT NULL,
        durable_through INTEGER NOT NULL,
        last_hash BLOB
      ) STRICT, WITHOUT ROWID;
      INSERT INTO mark VALUES ('record', 0, 0, 0, 0, NULL), ('finding', 0, 0, 0, 0, NULL), ('reading', 0, 0, 0, 0, NULL);
    `,
  },
  {
    name: '2-blocks',
    sql: `
      -- Readings of many commits; later those of one series over hours, which then say its number and times.
      CREATE TABLE block (
        from_id INTEGER PRIMARY KEY,
        count INTEGER NOT NULL,
        series_no INTEGER,
        from_t INTEGER,
        to_t INTEGER,
        body BLOB NOT NULL
      ) STRICT;
      CREATE INDEX block_of_series ON block (series_no, to_t, from_t) WHERE series_no IS NOT NULL;

      -- Where a commit of readings lands first: rows of one size, written over in place, in turn.
      CREATE TABLE slot (
        no INTEGER PRIMARY KEY,
        bytes BLOB NOT NULL
      ) STRICT;

      -- Readings that went for want of room before they were in a batch: their seqs are sealed as lost.
      CREATE TABLE dropped (
        from_id INTEGER PRIMARY KEY,
        to_id INTEGER NOT NULL,
        from_t INTEGER NOT NULL,
        to_t INTEGER NOT NULL
      ) STRICT;

      ALTER TABLE entry ADD COLUMN crc INTEGER;
      -- When the readings of the batch were taken, for the day when it has to be dropped.
      ALTER TABLE sealed ADD COLUMN from_t INTEGER;
      ALTER TABLE sealed ADD COLUMN to_t INTEGER;
    `,
    carry: rowsToBlocks,
    last: 'DROP TABLE reading; DROP TABLE stamp;',
  },
]

/** Brings a database to the newest schema, one transaction a step. */
export function migrate(db: Database.Database, migrations = MIGRATIONS): void {
  const at = db.pragma('user_version', { simple: true }) as number
  if (at > migrations.length) {
    throw new RangeError(
      `the journal was written by a newer Vuon (schema ${at}, this one knows ${migrations.length})`,
    )
  }
  migrations.slice(at).forEach(({ sql, carry, last }, index) => {
    db.transaction(() => {
      db.exec(sql)
      carry?.(db)
      if (last) db.exec(last)
      db.pragma(`user_version = ${at + index + 1}`)
    })()
  })
}
