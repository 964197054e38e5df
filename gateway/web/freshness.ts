import type { BoxCard } from '../insight/answers.ts'

// A box asks for its cursor every few minutes; half an hour of silence is power or network, not chance.
const BOX_QUIET_MS = 30 * 60_000

// Soil nodes on batteries speak every 10 to 30 minutes: after an hour at least two readings are missing.
const READING_FRESH_MS = 60 * 60_000

export const isStale = (t: number, nowMs: number): boolean => nowMs - t > READING_FRESH_MS

export type BoxState = 'online' | 'offline' | 'never' | 'suspended'

export function boxState(box: BoxCard & { readonly isSuspended?: boolean }, nowMs: number): BoxState {
  if (box.isSuspended) return 'suspended'
  if (box.lastSeenAt === null) return 'never'
  return nowMs - box.lastSeenAt > BOX_QUIET_MS ? 'offline' : 'online'
}
