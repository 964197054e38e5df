import type Database from 'better-sqlite3'

/** Forward-only and never edited after a release; each is tested from the one before with rows in it. */
export const MIGRATIONS: readonly { readonly name: string; readonly sql: string }[] = [
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
]

/** Brings a database to the newest schema, one transaction a step. */
export function migrate(db: Database.Database, migrations = MIGRATIONS): void {
  const at = db.pragma('user_version', { simple: true }) as number
  if (at > migrations.length) {
    throw new RangeError(
      `the journal was written by a newer Vuon (schema ${at}, this one knows ${migrations.length})`,
    )
  }
  migrations.slice(at).forEach(({ sql }, index) => {
    db.transaction(() => {
      db.exec(sql)
      db.pragma(`user_version = ${at + index + 1}`)
    })()
  })
}
