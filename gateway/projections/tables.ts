import { ACKNOWLEDGEMENT_TABLES } from './acknowledgements.ts'
import { CHAIN_FAULT_TABLES } from './chain-faults.ts'
import { EVENT_INDEX_TABLES } from './event-index.ts'
import { FARM_BOOK_TABLES } from './farm-book.ts'
import { FINDING_REVIEW_TABLES } from './finding-reviews.ts'
import { FINDING_TABLES } from './findings.ts'
import { MODEL_TABLES } from './model-words.ts'
import { OUTLOOK_TABLES } from './outlooks.ts'
import { PACKED_ROW_TABLES } from './packed-rows.ts'
import { PROVINCE_RECORD_TABLES } from './province-records.ts'

/** Derived from what boxes send: made anew for one box when a key of it is revoked. Each has a column `agent`. */
export const BOX_TABLES = [
  'series',
  'series_number',
  'chunk',
  'deferred',
  'unread_batch',
  'alarm',
  'lot_part',
  'event',
  'activity',
  'plot',
  'clock_offset',
  'loss',
  'unknown_entry',
  'downlink_outcome',
  'untrusted_batch',
  'untrusted_part',
  ...FARM_BOOK_TABLES,
  ...FINDING_TABLES,
  ...MODEL_TABLES,
  ...OUTLOOK_TABLES,
  ...PACKED_ROW_TABLES,
  ...ACKNOWLEDGEMENT_TABLES,
  ...CHAIN_FAULT_TABLES,
] as const

/** Derived from what the province has decided. */
const PROVINCE_TABLES = [
  'farm',
  'enrolment',
  'allocation',
  'downlink',
  'box_key',
  'key_revocation',
  ...PROVINCE_RECORD_TABLES,
  ...FINDING_REVIEW_TABLES,
] as const

/** Emptied by a rebuild. */
export const PROJECTION_TABLES = [...PROVINCE_TABLES, ...BOX_TABLES, ...EVENT_INDEX_TABLES] as const
