import { eventHash } from '#contract/trace/event-hash.ts'

/** A module of its own: the rest is checked, and said, without waiting for it. */
export const hashOfEvent = eventHash
