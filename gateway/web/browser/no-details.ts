/** In the place of contract/trace/check-details.ts: a page says what failed in its reader's language. */
export const DETAILS = new Proxy({}, { get: () => () => '' })
