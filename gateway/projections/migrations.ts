import type { Migration } from '../store/open-store.ts'
import { acknowledgementMigrations } from './acknowledgements.ts'
import { chainFaultMigrations } from './chain-faults.ts'
import { downlinkMigrations } from './downlinks.ts'
import { eventIndexMigrations } from './event-index.ts'
import { farmBookMigrations } from './farm-book.ts'
import { findingReviewMigrations } from './finding-reviews.ts'
import { findingMigrations } from './findings.ts'
import { keyMigrations } from './keys.ts'
import { modelMigrations } from './model-words.ts'
import { outlookMigrations } from './outlooks.ts'
import { packedRowMigrations } from './packed-rows.ts'
import { provinceRecordMigrations } from './province-records.ts'

/** Everything here can be dropped and made again from the log. Keys lead with the agent or the farm. */
export const projectionMigrations: readonly Migration[] = [
  {
    name: 'projections-1',
    statements: ({ integer, real, blob, tableOptions, keyedOptions }) => [
      `CREATE TABLE farm (farm_id TEXT PRIMARY KEY, name TEXT NOT NULL, commune TEXT NOT NULL, province TEXT NOT NULL,
        decided_at ${integer} NOT NULL)${tableOptions}`,
      `CREATE TABLE enrolment (agent TEXT PRIMARY KEY, farm_id TEXT NOT NULL, public_key ${blob} NOT NULL, box_code TEXT NOT NULL UNIQUE,
        decided_at ${integer} NOT NULL, suspended_at ${integer}, suspended_for TEXT)${tableOptions}`,
      `CREATE INDEX enrolment_farm ON enrolment (farm_id)`,
      `CREATE TABLE allocation (farm_id TEXT NOT NULL, gtin TEXT NOT NULL, crop TEXT NOT NULL, product_vi TEXT NOT NULL, product_en TEXT NOT NULL,
        gln TEXT, area_code TEXT, valid_to TEXT, decided_at ${integer} NOT NULL, PRIMARY KEY (farm_id, gtin))${tableOptions}`,
      `CREATE TABLE series (agent TEXT NOT NULL, uuid TEXT NOT NULL, device TEXT NOT NULL, channel TEXT NOT NULL, quantity TEXT NOT NULL,
        unit TEXT NOT NULL, resolution ${real} NOT NULL, time_step_ms ${integer} NOT NULL, place TEXT NOT NULL, origin TEXT NOT NULL,
        continues TEXT, PRIMARY KEY (agent, uuid))${tableOptions}`,
      // A replacement box goes on with the series of the one before, so a uuid may stand under several boxes.
      `CREATE INDEX series_uuid ON series (uuid)`,
      `CREATE TABLE series_number (agent TEXT NOT NULL, epoch TEXT NOT NULL, no ${integer} NOT NULL, uuid TEXT NOT NULL,
        time_step_ms ${integer} NOT NULL, PRIMARY KEY (agent, epoch, no))${keyedOptions}`,
      // The readings of one series in one segment of one batch, as columns, and what a query needs to skip them. from_t and
      // to_t are corrected by offset_ms; the columns are what was signed. `no` tells apart two numbers of one series.
      `CREATE TABLE chunk (agent TEXT NOT NULL, uuid TEXT NOT NULL, epoch TEXT NOT NULL, from_seq ${integer} NOT NULL, segment ${integer} NOT NULL,
        no ${integer} NOT NULL, boot TEXT NOT NULL, clock TEXT NOT NULL, offset_ms ${integer} NOT NULL, from_t ${integer} NOT NULL,
        to_t ${integer} NOT NULL, count ${integer} NOT NULL, received_at ${integer} NOT NULL, data ${blob} NOT NULL,
        PRIMARY KEY (agent, epoch, from_seq, segment, no))${keyedOptions}`,
      `CREATE INDEX chunk_time ON chunk (agent, uuid, to_t)`,
      `CREATE INDEX chunk_unknown_clock ON chunk (agent, boot) WHERE clock = 'unknown'`,
      // Sums of scaled whole numbers are exact in any order of arrival below 2^53: a day at 1 Hz of values up to 10^11.
      // Beyond that they are rounded instead of overflowing.
      `CREATE TABLE rollup (agent TEXT NOT NULL, uuid TEXT NOT NULL, span TEXT NOT NULL, t ${integer} NOT NULL, count ${integer} NOT NULL,
        min ${integer} NOT NULL, max ${integer} NOT NULL, sum ${real} NOT NULL, quality ${integer} NOT NULL,
        PRIMARY KEY (agent, span, t, uuid))${keyedOptions}`,
      `CREATE TABLE latest (agent TEXT NOT NULL, uuid TEXT NOT NULL, t ${integer} NOT NULL, scaled ${integer} NOT NULL,
        quality ${integer} NOT NULL, clock TEXT NOT NULL, epoch TEXT NOT NULL, from_seq ${integer} NOT NULL,
        PRIMARY KEY (agent, uuid))${keyedOptions}`,
      // Readings whose series is not declared yet: they wait in the log and are named here.
      `CREATE TABLE deferred (agent TEXT NOT NULL, epoch TEXT NOT NULL, no ${integer} NOT NULL, from_seq ${integer} NOT NULL,
        PRIMARY KEY (agent, epoch, no, from_seq))${tableOptions}`,
      // Batches that a newer agent wrote in a form that this gateway cannot read yet.
      `CREATE TABLE unread_batch (agent TEXT NOT NULL, epoch TEXT NOT NULL, lane TEXT NOT NULL, from_seq ${integer} NOT NULL, reason TEXT NOT NULL,
        PRIMARY KEY (agent, epoch, lane, from_seq))${tableOptions}`,
      `CREATE TABLE alarm (agent TEXT NOT NULL, alarm_id TEXT NOT NULL, severity TEXT NOT NULL, rule TEXT NOT NULL, name TEXT NOT NULL,
        device TEXT NOT NULL, quantity TEXT NOT NULL, facts TEXT NOT NULL, raised_at ${integer}, cleared_at ${integer},
        PRIMARY KEY (agent, alarm_id))${tableOptions}`,
      `CREATE TABLE lot_part (gtin TEXT NOT NULL, lot TEXT NOT NULL, agent TEXT NOT NULL, activity_id TEXT NOT NULL, crop TEXT NOT NULL,
        plot TEXT NOT NULL, harvested_at ${integer} NOT NULL, mass_kg ${real} NOT NULL, gln TEXT, area_code TEXT, received_at ${integer} NOT NULL,
        PRIMARY KEY (gtin, lot, agent, activity_id))${tableOptions}`,
      `CREATE INDEX lot_part_agent ON lot_part (agent, harvested_at)`,
      `CREATE TABLE event (agent TEXT NOT NULL, epoch TEXT NOT NULL, seq ${integer} NOT NULL, event_id TEXT NOT NULL, event_no ${integer} NOT NULL,
        event_time TEXT NOT NULL, biz_step TEXT NOT NULL, key TEXT NOT NULL, is_signature_valid ${integer} NOT NULL, signed ${blob} NOT NULL,
        signature ${blob} NOT NULL, gtin TEXT, lot TEXT, PRIMARY KEY (agent, epoch, seq))${tableOptions}`,
      `CREATE INDEX event_lot ON event (gtin, lot)`,
      `CREATE TABLE activity (agent TEXT NOT NULL, activity_id TEXT NOT NULL, type TEXT NOT NULL, plot TEXT NOT NULL, at ${integer} NOT NULL,
        person TEXT NOT NULL, details TEXT NOT NULL, PRIMARY KEY (agent, activity_id))${tableOptions}`,
      `CREATE TABLE plot (agent TEXT NOT NULL, plot TEXT NOT NULL, name TEXT NOT NULL, crop TEXT NOT NULL, area_ha ${real} NOT NULL,
        stated_at ${integer} NOT NULL, epoch TEXT NOT NULL, seq ${integer} NOT NULL, PRIMARY KEY (agent, plot))${tableOptions}`,
      `CREATE TABLE clock_offset (agent TEXT NOT NULL, boot TEXT NOT NULL, offset_ms ${integer} NOT NULL, plus_minus_ms ${integer} NOT NULL,
        source TEXT NOT NULL, stated_at ${integer} NOT NULL, epoch TEXT NOT NULL, seq ${integer} NOT NULL, PRIMARY KEY (agent, boot))${tableOptions}`,
      `CREATE TABLE loss (agent TEXT NOT NULL, epoch TEXT NOT NULL, seq ${integer} NOT NULL, lane TEXT NOT NULL, from_seq ${integer} NOT NULL,
        to_seq ${integer} NOT NULL, count ${integer} NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (agent, epoch, seq))${tableOptions}`,
      `CREATE TABLE unknown_entry (agent TEXT NOT NULL, epoch TEXT NOT NULL, lane TEXT NOT NULL, seq ${integer} NOT NULL, kind TEXT NOT NULL,
        PRIMARY KEY (agent, epoch, lane, seq))${tableOptions}`,
    ],
  },
  {
    // A chunk was the readings of one series; it is all that a segment of a batch holds, in the columns that were
    // signed: one row where there were dozens. A chunk of before is a part that holds one series.
    name: 'projections-2',
    statements: ({ integer, blob, tableOptions }) => [
      `DROP INDEX chunk_time`,
      `DROP INDEX chunk_unknown_clock`,
      `ALTER TABLE chunk RENAME TO chunk_of_series`,
      // Part 0 is the whole segment, declared or not; a part n, of before, is series n of it.
      `CREATE TABLE chunk (agent TEXT NOT NULL, epoch TEXT NOT NULL, from_seq ${integer} NOT NULL, segment ${integer} NOT NULL,
        part ${integer} NOT NULL, boot TEXT NOT NULL, clock TEXT NOT NULL, offset_ms ${integer} NOT NULL, from_t ${integer} NOT NULL,
        to_t ${integer} NOT NULL, count ${integer} NOT NULL, received_at ${integer} NOT NULL, data ${blob} NOT NULL,
        PRIMARY KEY (agent, epoch, from_seq, segment, part))${tableOptions}`,
      `INSERT INTO chunk SELECT agent, epoch, from_seq, segment, no, boot, clock, offset_ms, from_t, to_t, count, received_at, data
        FROM chunk_of_series`,
      `DROP TABLE chunk_of_series`,
      // What a question needs to pass over a chunk without touching it, be it one whose clock was once wrong by years.
      `CREATE INDEX chunk_time ON chunk (agent, to_t, from_t, count)`,
      `CREATE INDEX chunk_unknown_clock ON chunk (agent, boot) WHERE clock = 'unknown'`,
      // Which reader could not read it: a newer one tries again (see read-again.ts).
      `ALTER TABLE unread_batch ADD COLUMN reader ${integer} NOT NULL DEFAULT 0`,
      `ALTER TABLE unknown_entry ADD COLUMN reader ${integer} NOT NULL DEFAULT 0`,
    ],
  },
  ...findingMigrations,
  ...downlinkMigrations,
  ...keyMigrations,
  ...acknowledgementMigrations,
  ...outlookMigrations,
  ...eventIndexMigrations,
  ...farmBookMigrations,
  ...provinceRecordMigrations,
  {
    // Which fruit bears a growing-area code: its public page, and the sum that is held against its area.
    name: 'projections-5',
    statements: () => [`CREATE INDEX lot_part_area ON lot_part (gln, area_code, harvested_at)`],
  },
  ...modelMigrations,
  ...chainFaultMigrations,
  ...findingReviewMigrations,
  ...packedRowMigrations,
]
