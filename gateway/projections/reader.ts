/**
 * Which forms and which kinds of entries this gateway reads, as a number: one more with each form or kind that is
 * added or read more widely, so that what an older reader put aside is read again once (see read-again.ts).
 */
export const READER = 6
