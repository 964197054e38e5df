import { sql } from 'kysely'
import { toBase64Url, toHex, utf8 } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import type { Db, Migration } from '../store/open-store.ts'
import type { PersonRow } from './people.ts'

/** What a program may do with its token. */
export const SCOPES = ['epcis-read', 'epcis-capture'] as const
export type Scope = (typeof SCOPES)[number]

/**
 * Tokens of programs: an integrator's, a portal's. Only their hash is kept. The name is whose it is, and stays when the
 * token is made anew: what was captured and asked under it stays theirs.
 */
export const tokenMigrations: readonly Migration[] = [
  {
    name: 'accounts-tokens-1',
    statements: ({ integer, tableOptions }) => [
      `CREATE TABLE access_token (token_hash TEXT PRIMARY KEY, name TEXT NOT NULL, scopes TEXT NOT NULL, farms TEXT NOT NULL,
        created_at ${integer} NOT NULL, revoked_at ${integer})${tableOptions}`,
      `CREATE INDEX access_token_name ON access_token (name)`,
    ],
  },
]

export interface NewToken {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly farmIds: 'all' | readonly string[]
}

/** What somebody may do with events, person or program. `id` names them in the log and in what they keep here. */
export interface EventAccess {
  readonly id: string
  readonly farmIds: 'all' | readonly string[]
  readonly mayRead: boolean
  readonly mayCapture: boolean
}

export interface TokenLine {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly farmIds: 'all' | readonly string[]
  readonly createdAt: number
  readonly revokedAt: number | null
}

/** Returns the token, which is shown this once. Throws `input-invalid` for a name that is taken or no name. */
export async function newToken(
  db: Db,
  { name, scopes, farmIds }: NewToken,
  outside: { readonly nowMs: number; readonly randomBytes: RandomBytes },
): Promise<string> {
  if (!/^[a-z0-9][a-z0-9.-]{0,59}$/.test(name))
    throw new VuonError('input-invalid', `"${name.slice(0, 60)}" is no name for a token.`, {
      hint: "Small letters, digits, dots and hyphens, such as hop-tac-xa-ham-thuan; no person's name.",
    })
  if (scopes.length === 0)
    throw new VuonError('input-invalid', 'A token needs a scope.', { hint: `One of ${SCOPES.join(', ')}.` })
  const live =
    await sql`SELECT 1 AS found FROM access_token WHERE name = ${name} AND revoked_at IS NULL`.execute(db)
  if (live.rows.length > 0)
    throw new VuonError('input-invalid', `There is a token ${name} already.`, {
      hint: `Revoke it first: vuon-gateway token revoke --name ${name}`,
    })
  const token = `vuon_${toBase64Url(outside.randomBytes(32))}`
  const farms = farmIds === 'all' ? 'all' : JSON.stringify(farmIds)
  await sql`INSERT INTO access_token VALUES (${hashOf(token)}, ${name}, ${scopes.join(' ')}, ${farms},
    ${Math.round(outside.nowMs)}, NULL)`.execute(db)
  return token
}

/** From this moment on. Throws `not-found` when no token of this name is alive. */
export async function revokeToken(db: Db, name: string, nowMs: number): Promise<void> {
  const { numAffectedRows } = await sql`UPDATE access_token SET revoked_at = ${Math.round(nowMs)}
    WHERE name = ${name} AND revoked_at IS NULL`.execute(db)
  if (numAffectedRows === 0n)
    throw new VuonError('not-found', `There is no token ${name.slice(0, 60)} that could be revoked.`, {
      hint: 'vuon-gateway token list shows them.',
    })
}

export async function tokenLines(db: Db): Promise<TokenLine[]> {
  const { rows } = await sql<TokenRow>`SELECT * FROM access_token ORDER BY name, created_at`.execute(db)
  return rows.map((row) => ({
    name: row.name,
    scopes: row.scopes.split(' ') as Scope[],
    farmIds: farmsOf(row.farms),
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  }))
}

/** What a bearer token lets its holder do, or undefined for one that is none, or was revoked. */
export async function accessByToken(db: Db, token: string): Promise<EventAccess | undefined> {
  const { rows } = await sql<TokenRow>`SELECT * FROM access_token
    WHERE token_hash = ${hashOf(token.slice(0, 200))} AND revoked_at IS NULL`.execute(db)
  return rows[0] && accessOfToken(rows[0])
}

/** What somebody may do now of whom only the id is known: whose subscription it is. */
export async function accessOf(db: Db, id: string): Promise<EventAccess | undefined> {
  if (id.startsWith(TOKEN_PREFIX)) {
    const { rows } = await sql<TokenRow>`SELECT * FROM access_token
      WHERE name = ${id.slice(TOKEN_PREFIX.length)} AND revoked_at IS NULL`.execute(db)
    return rows[0] && accessOfToken(rows[0])
  }
  const { rows } = await sql<PersonRow>`SELECT * FROM person WHERE person_id = ${id}`.execute(db)
  return rows[0] && accessOfPerson({ personId: id, role: rows[0].role, farmIds: farmsOf(rows[0].farms) })
}

/** People of the Department read events; an agronomist has the screens, and nobody captures by hand. */
export function accessOfPerson(person: {
  readonly personId: string
  readonly role: PersonRow['role']
  readonly farmIds: 'all' | readonly string[]
}): EventAccess {
  const { personId: id, role, farmIds } = person
  return { id, farmIds, mayRead: role === 'department' || role === 'admin', mayCapture: false }
}

interface TokenRow {
  name: string
  scopes: string
  farms: string
  created_at: number
  revoked_at: number | null
}

const TOKEN_PREFIX = 'token:'

function accessOfToken({ name, scopes, farms }: TokenRow): EventAccess {
  const has = (scope: Scope) => scopes.split(' ').includes(scope)
  return {
    id: TOKEN_PREFIX + name,
    farmIds: farmsOf(farms),
    mayRead: has('epcis-read'),
    mayCapture: has('epcis-capture'),
  }
}

const farmsOf = (text: string): 'all' | readonly string[] =>
  text === 'all' ? 'all' : (JSON.parse(text) as string[])

const hashOf = (token: string): string => toHex(sha256(utf8(token)))
