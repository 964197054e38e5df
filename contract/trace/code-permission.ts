import { concatBytes, fromUtf8, utf8 } from '../ground/bytes.ts'
import type { PublicKey, SecretKey } from '../ground/signing.ts'
import { canonicalJson } from './canonical-json.ts'
import { isCset82, isGln } from './digital-link.ts'

/** A holder's word: this farm or packing house may mark fruit with my growing-area code from one day to another. */
export interface PermissionStatement {
  readonly permissionId: string
  /** The holder's box and its key. */
  readonly agent: string
  readonly key: string
  readonly gln: string
  readonly code: string
  /** The farm's id at the province, or a packing house's code. */
  readonly to: string
  /** First and last day, YYYY-MM-DD. */
  readonly from: string
  readonly until: string
  /** At most so much under the code in that time, kg; null: as much as the area gives. */
  readonly maxKg: number | null
  /** Withdraws an earlier permission of this id from `from` on. */
  readonly isWithdrawn: boolean
  readonly issuedAt: string
}

const PREFIX = utf8('vuon/permission/1\0')
// A statement has eleven short fields.
const MAX_BYTES = 4096

export function signPermission(
  statement: PermissionStatement,
  key: SecretKey,
): { signed: Uint8Array; signature: Uint8Array } {
  const signed = utf8(canonicalJson(statement))
  return { signed, signature: key.sign(concatBytes(PREFIX, signed)) }
}

export const isPermissionSignedBy = (
  permission: { readonly signed: Uint8Array; readonly signature: Uint8Array },
  key: PublicKey,
): boolean => key.verify(concatBytes(PREFIX, permission.signed), permission.signature)

/** Undefined when the bytes are not a statement in canonical JSON. */
export function openPermission(signed: Uint8Array): PermissionStatement | undefined {
  if (signed.length > MAX_BYTES) return undefined
  try {
    const text = fromUtf8(signed)
    const statement = JSON.parse(text) as PermissionStatement
    return canonicalJson(statement) === text && hasShape(statement) ? statement : undefined
  } catch {
    return undefined
  }
}

function hasShape(statement: unknown): boolean {
  if (statement === null || typeof statement !== 'object') return false
  const { gln, code, from, until, maxKg, isWithdrawn, ...texts } = statement as Record<string, unknown>
  return (
    typeof gln === 'string' &&
    isGln(gln) &&
    typeof code === 'string' &&
    isCset82(code, 20) &&
    [from, until].every((day) => typeof day === 'string' && /^\d{4}-\d\d-\d\d$/.test(day)) &&
    (maxKg === null || (typeof maxKg === 'number' && Number.isFinite(maxKg) && maxKg >= 0)) &&
    typeof isWithdrawn === 'boolean' &&
    ['permissionId', 'agent', 'key', 'to', 'issuedAt'].every((name) => {
      const text = texts[name]
      return typeof text === 'string' && text.length > 0 && text.length <= 300
    })
  )
}
