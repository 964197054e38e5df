import type { Migration } from '../../store/open-store.ts'

/**
 * What the EPCIS interface keeps beside the events: none of it is a projection, for nothing of it is in the log.
 * Queries and subscriptions belong to whoever made them (`owner`), and nobody else sees them.
 */
export const epcisMigrations: readonly Migration[] = [
  {
    name: 'epcis-1',
    statements: ({ integer, tableOptions }) => [
      `CREATE TABLE epcis_capture_job (job_id TEXT PRIMARY KEY, owner TEXT NOT NULL, created_at ${integer} NOT NULL,
        finished_at ${integer}, is_success ${integer} NOT NULL, behaviour TEXT NOT NULL, errors TEXT NOT NULL)${tableOptions}`,
      `CREATE INDEX epcis_capture_job_owner ON epcis_capture_job (owner, created_at, job_id)`,
      `CREATE TABLE epcis_query (owner TEXT NOT NULL, name TEXT NOT NULL, definition TEXT NOT NULL, created_at ${integer} NOT NULL,
        PRIMARY KEY (owner, name))${tableOptions}`,
      // The signature token signs what is sent, so it is kept as it is; it is never answered.
      `CREATE TABLE epcis_subscription (subscription_id TEXT PRIMARY KEY, owner TEXT NOT NULL, query_name TEXT NOT NULL,
        dest TEXT NOT NULL, signature_token TEXT, schedule TEXT, report_if_empty ${integer} NOT NULL, epc_format TEXT NOT NULL,
        created_at ${integer} NOT NULL, initial_record_time ${integer} NOT NULL, sent_through ${integer} NOT NULL,
        next_at ${integer} NOT NULL, failures ${integer} NOT NULL, last_notified_at ${integer}, last_error TEXT)${tableOptions}`,
      `CREATE INDEX epcis_subscription_query ON epcis_subscription (owner, query_name)`,
      `CREATE INDEX epcis_subscription_due ON epcis_subscription (next_at)`,
      // Page tokens that somebody gave back before they ran out.
      `CREATE TABLE epcis_ended_page (token_hash TEXT PRIMARY KEY, expires_at ${integer} NOT NULL)${tableOptions}`,
    ],
  },
  {
    name: 'epcis-2',
    statements: ({ integer, keyedOptions }) => [
      `CREATE TABLE epcis_master_element (owner TEXT NOT NULL, name TEXT NOT NULL, vocabulary TEXT NOT NULL, written TEXT NOT NULL,
        stated_at ${integer} NOT NULL, PRIMARY KEY (owner, name, vocabulary))${keyedOptions}`,
      `CREATE TABLE epcis_master_attribute (attribute TEXT NOT NULL, value TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL,
        vocabulary TEXT NOT NULL, PRIMARY KEY (attribute, value, owner, name, vocabulary))${keyedOptions}`,
      `CREATE INDEX epcis_master_attribute_element ON epcis_master_attribute (owner, name, vocabulary)`,
      // `name` is the element that said so: the outer place by its children, or the inner one by its site.
      `CREATE TABLE epcis_master_place (outer_name TEXT NOT NULL, inner_name TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL,
        vocabulary TEXT NOT NULL, PRIMARY KEY (outer_name, inner_name, owner, name, vocabulary))${keyedOptions}`,
      `CREATE INDEX epcis_master_place_element ON epcis_master_place (owner, name, vocabulary)`,
    ],
  },
]
