import { openPermission, type PermissionStatement, signPermission } from '#contract/trace/code-permission.ts'
import { isCset82, isGln } from '#contract/trace/digital-link.ts'
import type { PermissionEntry } from '#contract/wire/farm-book.ts'
import type { RecordEntry } from '#contract/wire/records.ts'
import type { EntryReader } from './book-entries.ts'
import { daysBetween, isDay } from './calendar.ts'
import { checkedText } from './details.ts'
import type { Signer } from './event-chain.ts'
import { Refusal } from './refusal.ts'

/** The holder's word that another may mark fruit with his growing-area code. */
export interface PermissionInput {
  readonly gln: string
  readonly code: string
  /** The farm's id at the province, or a packing house's code. */
  readonly to: string
  /** First and last day, YYYY-MM-DD. */
  readonly from: string
  readonly until: string
  /** Null: as much as the area gives. */
  readonly maxKg: number | null
}

// A code is issued for a few years; a word for longer outlives the people who gave it.
const MAX_DAYS = 5 * 366
const MAX_KG = 1e8
// A cooperative of a thousand members, each with a word a year.
const MAX_PERMISSIONS = 10_000

/** Throws Refusal with the field. */
export function permissionEntry(
  input: PermissionInput,
  by: { readonly signer: Signer; readonly issuedAt: string; readonly permissionId: string },
): PermissionEntry {
  const { gln, code, from, until, maxKg } = input
  if (!isGln(gln))
    throw new Refusal('area', 'wrong-gln', 'This is no GLN of thirteen digits; look at the check digit.')
  if (!isCset82(code, 20)) throw new Refusal('area', 'wrong-lot', 'This is no code of a growing area.')
  const to = checkedText('to', input.to)
  if (to === '') throw new Refusal('to', 'missing', 'Say who may use the code.')
  if (!isDay(from)) throw new Refusal('from', 'wrong-day', 'The first day is not a date.')
  if (!isDay(until) || until < from)
    throw new Refusal('until', 'wrong-day', 'The last day is not a date on or after the first.')
  if (daysBetween(from, until) > MAX_DAYS)
    throw new Refusal('until', 'out-of-bounds', `A permission holds for at most ${MAX_DAYS} days.`, {
      low: 0,
      high: MAX_DAYS,
    })
  if (maxKg !== null && !(Number.isFinite(maxKg) && maxKg > 0 && maxKg <= MAX_KG))
    throw new Refusal('maxKg', 'out-of-bounds', `The mass must be more than 0 and at most ${MAX_KG} kg.`, {
      low: 0,
      high: MAX_KG,
    })
  return signed({ ...{ gln, code, to, from, until, maxKg }, isWithdrawn: false }, by)
}

/** Takes an earlier permission back from a day on. Throws Refusal. */
export async function withdrawnPermission(
  reader: EntryReader,
  permissionId: string,
  today: string,
  by: { readonly signer: Signer; readonly issuedAt: string },
): Promise<PermissionEntry> {
  const said = (await permissionsOf(reader)).find((each) => each.permissionId === permissionId)
  if (!said) throw new Refusal('withdraw', 'unknown-permission', 'This box gave no such permission.')
  if (said.isWithdrawn) throw new Refusal('withdraw', 'withdrawn-already', 'It was withdrawn already.')
  const { gln, code, to, from, until, maxKg } = said
  // One that has not begun yet never does.
  const since = today > from ? today : from
  return signed(
    { ...{ gln, code, to, from: since, until, maxKg }, isWithdrawn: true },
    { ...by, permissionId },
  )
}

/** Newest first: of one id the first is what holds. */
export async function permissionsOf(reader: EntryReader): Promise<PermissionStatement[]> {
  const rows = await reader.records('permission', { limit: MAX_PERMISSIONS })
  return rows.flatMap(({ entry }) => openPermission((entry as PermissionEntry & RecordEntry).signed) ?? [])
}

function signed(
  words: Omit<PermissionStatement, 'permissionId' | 'agent' | 'key' | 'issuedAt'>,
  { signer, issuedAt, permissionId }: { signer: Signer; issuedAt: string; permissionId: string },
): PermissionEntry {
  const statement = { ...words, permissionId, agent: signer.agent, key: signer.keyId, issuedAt }
  return { kind: 'permission', ...signPermission(statement, signer.key) }
}
