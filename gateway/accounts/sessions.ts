import { sql } from 'kysely'
import { toBase64Url, toHex, utf8 } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Language } from '#contract/ground/messages.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import type { Db } from '../store/open-store.ts'
import { findByEmail, hashPassword, isPassword, type PersonRow } from './people.ts'
import type { Viewer } from './viewer.ts'

export interface Session {
  readonly token: string
  readonly csrf: string
  readonly expiresAt: number
}

export type SignIn =
  | { readonly session: Session }
  | { readonly refused: 'wrong' | 'locked'; readonly untilMs?: number }

const FREE_TRIES = 5
// Each try costs 100 ms of a core and 32 MiB for as long: more at once than this would take what intake needs.
const TRIES_AT_ONCE = 8

// So that an unknown address takes as long as a wrong password.
let decoy: Promise<string> | undefined
let triesNow = 0

/** Five tries, then a lock that doubles from one minute to an hour. Throws `too-many-requests` in a flood of tries. */
export async function signIn(
  db: Db,
  input: { email: string; password: string },
  outside: { nowMs: number; randomBytes: RandomBytes; sessionMs: number },
): Promise<SignIn> {
  if (triesNow >= TRIES_AT_ONCE) throw new VuonError('too-many-requests')
  triesNow++
  try {
    const person = await countTry(db, input.email, outside.nowMs)
    if (person && person.locked_until > outside.nowMs)
      return { refused: 'locked', untilMs: person.locked_until }
    decoy ??= hashPassword('nobody has this password')
    const isRight = await isPassword(input.password, person?.password ?? (await decoy))
    return person && isRight ? { session: await openSession(db, person, outside) } : { refused: 'wrong' }
  } finally {
    triesNow--
  }
}

/**
 * The person of an address, as they were before this try. The try is counted as a failure before the password is
 * looked at, so that a hundred guesses at the same moment are a hundred failures; the right password clears them.
 */
async function countTry(db: Db, email: string, nowMs: number): Promise<PersonRow | undefined> {
  for (;;) {
    const person = await findByEmail(db, email)
    if (!person || person.locked_until > nowMs) return person
    const failures = person.failures + 1
    const lockMs = failures < FREE_TRIES ? 0 : Math.min(3_600_000, 60_000 * 2 ** (failures - FREE_TRIES))
    const lockedUntil = lockMs === 0 ? 0 : Math.round(nowMs + lockMs)
    const { numAffectedRows } =
      await sql`UPDATE person SET failures = ${failures}, locked_until = ${lockedUntil}
        WHERE person_id = ${person.person_id} AND failures = ${person.failures} AND locked_until = ${person.locked_until}`.execute(
        db,
      )
    // Another try came in between: it is seen in the next round, and the lock ends the rounds.
    if (numAffectedRows === 1n) return person
  }
}

async function openSession(
  db: Db,
  person: PersonRow,
  { nowMs, randomBytes, sessionMs }: { nowMs: number; randomBytes: RandomBytes; sessionMs: number },
): Promise<Session> {
  const session = {
    token: toBase64Url(randomBytes(32)),
    csrf: toBase64Url(randomBytes(18)),
    expiresAt: Math.round(nowMs + sessionMs),
  }
  await db.transaction().execute(async (tx) => {
    await sql`UPDATE person SET failures = 0, locked_until = 0 WHERE person_id = ${person.person_id}`.execute(
      tx,
    )
    await sql`DELETE FROM session WHERE expires_at < ${Math.round(nowMs)}`.execute(tx)
    await sql`INSERT INTO session VALUES (${tokenHash(session.token)}, ${person.person_id}, ${session.csrf}, ${session.expiresAt})`.execute(
      tx,
    )
    await note(tx, { at: nowMs, personId: person.person_id, action: 'sign-in', detail: '' }, randomBytes)
  })
  return session
}

export async function signOut(db: Db, token: string): Promise<void> {
  await sql`DELETE FROM session WHERE token_hash = ${tokenHash(token)}`.execute(db)
}

/** Who a session's cookie speaks for; the public where it speaks for nobody. */
export async function viewerByToken(
  db: Db,
  token: string | undefined,
  nowMs: number,
): Promise<{ viewer: Viewer; csrf: string }> {
  if (token) {
    const { rows } = await sql<
      PersonRow & { csrf: string }
    >`SELECT p.*, s.csrf FROM session s JOIN person p ON p.person_id = s.person_id
      WHERE s.token_hash = ${tokenHash(token.slice(0, 100))} AND s.expires_at > ${Math.round(nowMs)}`.execute(
      db,
    )
    const row = rows[0]
    if (row) {
      const farmIds = row.farms === 'all' ? 'all' : (JSON.parse(row.farms) as string[])
      const { person_id: personId, name, role, language } = row
      return { viewer: { kind: 'person', personId, name, role, farmIds, language }, csrf: row.csrf }
    }
  }
  return { viewer: { kind: 'public' }, csrf: '' }
}

export async function setLanguage(db: Db, personId: string, language: Language): Promise<void> {
  await sql`UPDATE person SET language = ${language} WHERE person_id = ${personId}`.execute(db)
}

/** Who did what at the gateway; never what consumers looked at. */
export async function note(
  db: Db,
  row: { at: number; personId: string; action: string; detail: string },
  randomBytes: RandomBytes,
): Promise<void> {
  await sql`INSERT INTO audit VALUES (${Math.round(row.at)}, ${toHex(randomBytes(6))}, ${row.personId}, ${row.action}, ${row.detail})`.execute(
    db,
  )
}

const tokenHash = (token: string): string => toHex(sha256(utf8(token)))
