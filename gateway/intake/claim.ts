import { sql } from 'kysely'
import { fromBase64, toBase32, toHex, utf8 } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import type { PublicKey, Sha256 } from '#contract/ground/signing.ts'
import { agentIdOf, keyIdOf } from '#contract/wire/identity.ts'
import type { RecordBody } from '#contract/wire/records.ts'
import {
  type ClaimAnswer,
  type ClaimRequest,
  claimProof,
  reclaimProof,
} from '#contract/wire/sync-protocol.ts'
import type { Db, Migration, Tx } from '../store/open-store.ts'
import { currentOrThrow, type EnrolledKey, speakerOf } from './signing-key.ts'

/** One-time codes by which a box is enrolled at a farm. The code itself is never stored. */
export const intakeMigrations: readonly Migration[] = [
  {
    name: 'intake-1',
    statements: ({ integer, tableOptions }) => [
      `CREATE TABLE claim_code (code_hash TEXT PRIMARY KEY, farm_id TEXT NOT NULL, expires_at ${integer} NOT NULL,
        used_by TEXT, used_at ${integer})${tableOptions}`,
      `CREATE TABLE box_seen (agent TEXT PRIMARY KEY, at ${integer} NOT NULL)${tableOptions}`,
    ],
  },
]

export const CLAIM_DAYS = 7

// A box whose answer was lost asks again with the same code; nobody else can, for the proof is by its key.
const SAME_BOX_MS = 24 * 3_600_000

export interface ClaimOutside {
  readonly sha256: Sha256
  readonly randomBytes: RandomBytes
  readonly publicKeyFromRaw: (raw: Uint8Array) => PublicKey
  readonly decide: (tx: Tx, bodies: readonly RecordBody[]) => Promise<void>
  readonly enrolled: (db: Db, agent: string) => Promise<{ readonly keys: readonly EnrolledKey[] } | undefined>
  readonly boxCodeOf: (db: Db, agent: string) => Promise<string | undefined>
  readonly isBoxCodeTaken: (db: Db, boxCode: string) => Promise<boolean>
  readonly masterData: (
    db: Db,
    farmId: string,
  ) => Promise<Pick<ClaimAnswer, 'farm' | 'allocations'> | undefined>
  readonly province: { readonly name: string; readonly publicKey: string; readonly publicUrl: string }
}

/** A new code of 100 bits, grouped for reading over the telephone: ABCDE-FGHJK-MNPQR-STVWX. */
export async function newClaimCode(
  db: Db,
  farmId: string,
  nowMs: number,
  outside: Pick<ClaimOutside, 'randomBytes' | 'sha256'>,
): Promise<string> {
  const code = toBase32(outside.randomBytes(13))
    .slice(0, 20)
    .replaceAll(/(.{5})(?=.)/g, '$1-')
  await sql`INSERT INTO claim_code VALUES (${codeHash(code, outside.sha256)}, ${farmId}, ${nowMs + CLAIM_DAYS * 86_400_000}, NULL, NULL)`.execute(
    db,
  )
  return code
}

/** Enrols the key that signed the request. Throws `claim-refused` for a wrong, used or expired code, or a wrong proof. */
export async function acceptClaim(
  tx: Tx,
  request: ClaimRequest,
  nowMs: number,
  outside: ClaimOutside,
): Promise<ClaimAnswer> {
  const publicRaw = bytesOf(request.publicKey, 32)
  const signature = bytesOf(request.signature, 64)
  if (!outside.publicKeyFromRaw(publicRaw).verify(claimProof(request.code), signature))
    throw new VuonError('claim-refused')
  const known = await claimedAs(tx, request, publicRaw, outside)
  const { agent } = known
  const hash = codeHash(request.code, outside.sha256)
  const { rows } = await sql<{
    farm_id: string
    expires_at: number
    used_by: string | null
    used_at: number | null
  }>`
    SELECT farm_id, expires_at, used_by, used_at FROM claim_code WHERE code_hash = ${hash}`.execute(tx)
  const code = rows[0]
  const isSameBoxAgain =
    code?.used_by === agent && nowMs - (code.used_at ?? 0) < SAME_BOX_MS && !known.isNewKey
  if (!code || (!isSameBoxAgain && (code.used_by !== null || code.expires_at < nowMs)))
    throw new VuonError('claim-refused')
  const masterData = await outside.masterData(tx, code.farm_id)
  if (!masterData) throw new VuonError('claim-refused', 'The farm of this code does not exist any longer.')
  let boxCode = await outside.boxCodeOf(tx, agent)
  if (!isSameBoxAgain || !boxCode) {
    // First, so that of two boxes that send one code at once the second waits here and then finds it used.
    const { numAffectedRows } =
      await sql`UPDATE claim_code SET used_by = ${agent}, used_at = ${nowMs} WHERE code_hash = ${hash}
        AND (used_by IS NULL OR (used_by = ${agent} AND used_at = ${code.used_at}))`.execute(tx)
    if (numAffectedRows !== 1n) throw new VuonError('claim-refused')
    boxCode ??= await freeBoxCode(tx, outside)
    await outside.decide(tx, [
      { kind: 'enrolment', agent, publicKey: publicRaw, boxCode, farmId: code.farm_id },
    ])
  }
  const { name, publicKey, publicUrl } = outside.province
  return { agent, boxCode, ...masterData, province: { name, publicKey }, publicUrl, issuedAt: nowMs }
}

/**
 * Under which name this key claims. A key of a box that has a newer one, or whose key was revoked, claims nothing; with
 * the last key's voucher a box goes on under its name with a new key, and the copies of its card are left behind.
 * Throws `agent-unknown`, `claim-refused`, `key-retired`, `key-revoked`, `signature-wrong`.
 */
async function claimedAs(
  tx: Tx,
  { code, agent: named, publicKey, voucher }: ClaimRequest,
  publicRaw: Uint8Array,
  { enrolled, sha256, publicKeyFromRaw }: ClaimOutside,
): Promise<{ agent: string; isNewKey: boolean }> {
  const key = keyIdOf(publicRaw, sha256)
  const agent = named ?? agentIdOf(publicRaw, sha256)
  const box = await enrolled(tx, agent)
  if (!box) {
    if (named === undefined) return { agent, isNewKey: false }
    throw new VuonError('agent-unknown', 'No box of that name is enrolled here.')
  }
  if (box.keys.some((each) => each.key === key)) {
    currentOrThrow(key, box.keys)
    return { agent, isNewKey: false }
  }
  if (voucher === undefined) throw new VuonError('claim-refused', 'The box does not vouch for its new key.')
  const proof = reclaimProof(code, agent, publicKey)
  speakerOf(proof, bytesOf(voucher, 64), box.keys, publicKeyFromRaw)
  return { agent, isNewKey: true }
}

// Four base32 characters name a million boxes: even with half of them given out, a hundred tries all fail once in 2^100.
const BOX_CODE_TRIES = 100

async function freeBoxCode(tx: Tx, outside: ClaimOutside): Promise<string> {
  for (let tries = 0; tries < BOX_CODE_TRIES; tries++) {
    const boxCode = toBase32(outside.randomBytes(3)).slice(0, 4)
    if (!(await outside.isBoxCodeTaken(tx, boxCode))) return boxCode
  }
  throw new VuonError('internal', 'No free box code was found.')
}

// What people type: spaces and hyphens anywhere, O for 0, I or L for 1.
const codeHash = (code: string, sha256: Sha256): string =>
  toHex(
    sha256(utf8(code.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1'))),
  )

function bytesOf(text: string, length: number): Uint8Array {
  try {
    const bytes = fromBase64(text)
    if (bytes.length === length) return bytes
  } catch {
    // Falls through to the one answer for every wrong claim.
  }
  throw new VuonError('claim-refused')
}
