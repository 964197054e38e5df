import type { Migration } from '../../store/open-store.ts'

/**
 * The Merkle log as it is stored. It is no projection: in which order the leaves came is known nowhere else, and was
 * promised by every checkpoint. A rebuild leaves it alone.
 */
export const treeMigrations: readonly Migration[] = [
  {
    name: 'tree-1',
    statements: ({ integer, blob, tableOptions, keyedOptions }) => [
      // One row. `arrival` is how far the batches have been looked through for new leaves; `reader` is who looked.
      `CREATE TABLE tree_head (name TEXT PRIMARY KEY, size ${integer} NOT NULL, arrival ${integer} NOT NULL, reader ${integer} NOT NULL)${tableOptions}`,
      // Who may append. Each holder gets a higher fence than all before; an append under a lower one is refused.
      `CREATE TABLE tree_lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, fence ${integer} NOT NULL, until_at ${integer} NOT NULL)${tableOptions}`,
      `CREATE TABLE tree_leaf (no ${integer} PRIMARY KEY, hash ${blob} NOT NULL, leaf ${blob} NOT NULL)${tableOptions}`,
      `CREATE UNIQUE INDEX tree_leaf_hash ON tree_leaf (hash)`,
      // Up to 256 hashes of 32 bytes; a full one never changes again.
      `CREATE TABLE tree_tile (level ${integer} NOT NULL, no ${integer} NOT NULL, hashes ${blob} NOT NULL, PRIMARY KEY (level, no))${tableOptions}`,
      `CREATE TABLE tree_checkpoint (size ${integer} PRIMARY KEY, root ${blob} NOT NULL, signed_at ${integer} NOT NULL, note TEXT NOT NULL,
        is_kept ${integer} NOT NULL)${tableOptions}`,
      `CREATE INDEX tree_checkpoint_kept ON tree_checkpoint (is_kept, signed_at)`,
      `CREATE TABLE tree_cosignature (size ${integer} NOT NULL, cosigner TEXT NOT NULL, line TEXT NOT NULL, time_s ${integer} NOT NULL,
        PRIMARY KEY (size, cosigner))${tableOptions}`,
      // What each cosigner has signed last, and when it is asked again. `cosigner` is name+hash of its key.
      `CREATE TABLE tree_cosigner (cosigner TEXT PRIMARY KEY, size ${integer} NOT NULL, failures ${integer} NOT NULL, next_at ${integer} NOT NULL,
        answered_at ${integer} NOT NULL, trouble TEXT NOT NULL)${tableOptions}`,
      // What cannot be a leaf, by the hash of what was signed: said, and not tried again.
      `CREATE TABLE tree_left_out (hash ${blob} PRIMARY KEY, reason TEXT NOT NULL, at ${integer} NOT NULL)${keyedOptions}`,
    ],
  },
]
