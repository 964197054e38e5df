import type { Db } from '../../store/open-store.ts'
import type { FarmCalendar } from '../farm-calendar.ts'
import { type LotName, lotTree, partsOf } from '../lot-tree.ts'
import { areaBalanceCheck } from './area-balance.ts'
import { backDatingCheck } from './back-dating.ts'
import { codePermissionCheck } from './code-permission-check.ts'
import { completenessCheck, passportCheck } from './completeness.ts'
import { diaryCopyCheck } from './diary-copy.ts'
import { eventChainCheck } from './event-chain.ts'
import type { LotCheck } from './lot-check.ts'
import { packingBalanceCheck } from './packing-balance.ts'
import { preHarvestCheck } from './pre-harvest-check.ts'

// A pallet mixed from more lots than this is checked lot by lot; a page answers within a second.
const MAX_CHECKED = 50

/** Everything that can be held against a lot, for itself and for what it was packed from. */
export async function lotChecks(db: Db, lot: LotName, calendar: FarmCalendar): Promise<LotCheck[]> {
  const tree = await lotTree(db, lot, 'back')
  const lots = tree.lots.slice(0, MAX_CHECKED)
  const parts = await partsOf(db, lots)
  const checks = [
    await eventChainCheck(db, lots),
    await preHarvestCheck(db, parts, calendar),
    await backDatingCheck(db, parts, calendar),
    await areaBalanceCheck(db, parts, calendar),
    await packingBalanceCheck(db, lots, parts),
    await codePermissionCheck(db, parts, calendar),
    await diaryCopyCheck(db, parts, calendar),
    await completenessCheck(db, lot, parts, calendar),
    await passportCheck(db, lot, parts, calendar),
  ]
  return lots.length < tree.lots.length || tree.isCut ? checks.map(asPart) : checks
}

/** Not every lot was looked at: what passed, passed as far as that. */
const asPart = (check: LotCheck): LotCheck => ({
  ...check,
  verdict: check.verdict === 'pass' ? 'cant-tell' : check.verdict,
  evidence: [{ code: 'too-many-lots', facts: { checked: MAX_CHECKED } }, ...check.evidence],
})
