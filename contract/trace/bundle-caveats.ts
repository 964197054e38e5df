import type { BundleReport, CheckingOutside } from './check-bundle.ts'
import type { ProofBundle } from './proof-bundle.ts'

/**
 * What no check of a bundle has looked at, however well it holds: `unpinned`, nobody has said whose key it is; `alone`,
 * only the province vouches; `named`, others do, by keys that the file itself names; `captured`, no farm has signed some
 * of it, but the province, as received.
 */
export type BundleCaveat = 'unpinned' | 'alone' | 'named' | 'captured'

/** In the order in which they matter. `pinned` is what the check was given. */
export function caveatsOf(
  { events }: ProofBundle,
  { cosigners }: BundleReport,
  pinned: CheckingOutside['pinned'],
): BundleCaveat[] {
  const caveats: BundleCaveat[] = []
  if (!pinned?.provinceRaw) caveats.push('unpinned')
  if (cosigners.length === 0) caveats.push('alone')
  else if (!pinned?.cosigners) caveats.push('named')
  if (events.some(({ kind }) => kind === 'captured-event')) caveats.push('captured')
  return caveats
}
