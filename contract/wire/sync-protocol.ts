import { utf8 } from '../ground/bytes.ts'
import type { Lane } from './records.ts'

/** The bodies of /sync/v1, as JSON. Binary fields are base64url. */

/** How far one lane of one epoch has come at the gateway. */
export interface LaneMarks {
  /** Every seq up to here is on the gateway's disk: what the box may evict. */
  readonly durableThrough: number
  /** Ranges beyond it that are held already. */
  readonly held: readonly (readonly [from: number, to: number])[]
  /** Ranges before those that are asked for. */
  readonly missing: readonly (readonly [from: number, to: number])[]
}

/** Answer to POST /sync/v1/batches and GET /sync/v1/cursor. */
export interface SyncAnswer {
  readonly epoch: string
  readonly lanes: Readonly<Record<Lane, LaneMarks>>
  readonly retryAfterMs?: number
  /** The number of the newest message for this box; absent while there is none. */
  readonly downlink?: { readonly highest: number }
}

export interface Allocation {
  readonly gtin: string
  readonly crop: string
  readonly productVi: string
  readonly productEn: string
  readonly growingArea?: { readonly gln: string; readonly code: string; readonly validTo?: string }
}

/** POST /sync/v1/claim: exchanges a one-time code for the enrolment of a public key. */
export interface ClaimRequest {
  readonly code: string
  readonly publicKey: string
  readonly program: string
  /** Ed25519 over `claimProof(code)`: only who holds the key can enrol it. */
  readonly signature: string
  /** A box that the province knows already names itself, to go on with the new key `publicKey`. */
  readonly agent?: string
  /** Its last key's signature over `reclaimProof`: nobody else takes its name. */
  readonly voucher?: string
}

export interface ClaimAnswer {
  readonly agent: string
  readonly boxCode: string
  readonly farm: {
    readonly farmId: string
    readonly name: string
    readonly commune: string
    readonly province: string
  }
  readonly province: { readonly name: string; readonly publicKey: string }
  /** Where consumers reach the lot pages: the base of every Digital Link on a label. */
  readonly publicUrl: string
  readonly allocations: readonly Allocation[]
  readonly issuedAt: number
}

/** POST /sync/v1/session without a signature asks for a nonce; with one it answers a bearer token. */
export type SessionRequest =
  | { readonly agent: string }
  | { readonly agent: string; readonly nonce: string; readonly signature: string }

export interface SessionChallenge {
  readonly nonce: string
}

export interface SessionGrant {
  readonly token: string
  readonly expiresAt: number
}

/** GET /sync/v1/time?nonce=: the province's time, signed over `timeProof`. */
export interface TimeAnswer {
  readonly nonce: string
  readonly wallMs: number
  readonly signature: string
}

export const claimProof = (code: string): Uint8Array => utf8(`vuon/claim/1\0${code}`)
export const reclaimProof = (code: string, agent: string, publicKey: string): Uint8Array =>
  utf8(`vuon/reclaim/1\0${code}\0${agent}\0${publicKey}`)
export const sessionProof = (agent: string, nonce: string): Uint8Array =>
  utf8(`vuon/session/1\0${agent}\0${nonce}`)
export const timeProof = (nonce: string, wallMs: number): Uint8Array =>
  utf8(`vuon/time/1\0${nonce}\0${wallMs}`)

/**
 * PUT /sync/v1/blobs/{sha256}: a part of a photo, from `upload-offset` on, of `upload-length` bytes in all. HEAD asks
 * how many bytes are there. Both answer `upload-offset` (where to go on) and `upload-complete` (`?1` once the hash has
 * been checked), as draft-ietf-httpbis-resumable-upload names them; 409 when the offset is another one, 404 while no
 * finding names the hash, 410 when the photo was erased, 422 when the whole is not what its hash says.
 */
export const MAX_BLOB_PART_BYTES = 256 * 1024
