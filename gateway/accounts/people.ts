import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { sql } from 'kysely'
import { fromBase64, toBase64 } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Language } from '#contract/ground/messages.ts'
import type { Db, Migration } from '../store/open-store.ts'
import type { Role } from './viewer.ts'

export const accountMigrations: readonly Migration[] = [
  {
    name: 'accounts-1',
    statements: ({ integer, tableOptions }) => [
      `CREATE TABLE person (person_id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL,
        farms TEXT NOT NULL, language TEXT NOT NULL, password TEXT NOT NULL, failures ${integer} NOT NULL, locked_until ${integer} NOT NULL)${tableOptions}`,
      `CREATE TABLE session (token_hash TEXT PRIMARY KEY, person_id TEXT NOT NULL, csrf TEXT NOT NULL, expires_at ${integer} NOT NULL)${tableOptions}`,
      `CREATE TABLE audit (at ${integer} NOT NULL, id TEXT NOT NULL, person_id TEXT NOT NULL, action TEXT NOT NULL, detail TEXT NOT NULL,
        PRIMARY KEY (at, id))${tableOptions}`,
    ],
  },
]

export interface NewPerson {
  readonly email: string
  readonly name: string
  readonly role: Role
  readonly farmIds: 'all' | readonly string[]
  readonly language: Language
  readonly password: string
}

export interface PersonRow {
  person_id: string
  email: string
  name: string
  role: Role
  farms: string
  language: Language
  password: string
  failures: number
  locked_until: number
}

/** Returns the new person's id. Throws `input-invalid`. `cost`: a lower one only where nobody guesses, as in a test. */
export async function addPerson(db: Db, person: NewPerson, cost: PasswordCost = COST): Promise<string> {
  const email = normaliseEmail(person.email)
  if (!/^[^\s@]+@[^\s@]+$/.test(email))
    throw new VuonError('input-invalid', `"${person.email}" is not an e-mail address.`)
  // NIST SP 800-63B: length matters, composition rules do not.
  if (person.password.length < 10)
    throw new VuonError('input-invalid', 'The password is shorter than 10 characters.', {
      hint: 'Four words together are easy to remember and long.',
    })
  const personId = `p-${toBase64(randomBytes(9)).replaceAll(/[+/=]/g, 'x')}`
  const farms = person.farmIds === 'all' ? 'all' : JSON.stringify(person.farmIds)
  const inserted =
    await sql`INSERT INTO person VALUES (${personId}, ${email}, ${person.name}, ${person.role}, ${farms}, ${person.language},
    ${await hashPassword(person.password, cost)}, 0, 0) ON CONFLICT (email) DO NOTHING`.execute(db)
  if (inserted.numAffectedRows !== 1n)
    throw new VuonError('input-invalid', `There is a person with ${email} already.`)
  return personId
}

export async function findByEmail(db: Db, email: string): Promise<PersonRow | undefined> {
  const { rows } = await sql<PersonRow>`SELECT * FROM person WHERE email = ${normaliseEmail(email)}`.execute(
    db,
  )
  return rows[0]
}

export const normaliseEmail = (email: string): string =>
  email.trim().normalize('NFC').toLowerCase().slice(0, 200)

/** What scrypt takes (RFC 7914); it is kept beside each hash. */
export interface PasswordCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

// OWASP's 2^15, r 8, p 3: about 100 ms and 32 MiB here, a cost for whoever guesses.
const COST: PasswordCost = { N: 2 ** 15, r: 8, p: 3 }
const MAX_MEMORY_BYTES = 128 * 1024 * 1024

export async function hashPassword(password: string, cost: PasswordCost = COST): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password, salt, cost)
  return `scrypt$${cost.N}$${cost.r}$${cost.p}$${toBase64(salt)}$${toBase64(hash)}`
}

export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [, n, r, p, salt64 = '', hash64 = ''] = stored.split('$')
  const hash = fromBase64(hash64)
  const cost = { N: Number(n), r: Number(r), p: Number(p) }
  const derived = await derive(password, fromBase64(salt64), cost)
  return derived.length === hash.length && timingSafeEqual(derived, hash)
}

function derive(password: string, salt: Uint8Array, cost: PasswordCost): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const options = { ...cost, maxmem: MAX_MEMORY_BYTES }
    scrypt(password.normalize('NFC').slice(0, 1000), salt, 32, options, (error, key) =>
      error ? reject(error) : resolve(new Uint8Array(key)),
    )
  })
}
