// The pages that somebody may be sent back to; anything else, on this site or another, is not followed. A segment of dots
// leads out of them.
const PAGE =
  /^\/(?:farms|series|findings)(?:\/(?!(?:\.|%2e){1,2}(?:[/?]|$))[\w.~%-]+){0,3}(?:\?[\w.~=&%+-]*)?$/i

/** Where to go after a form, from what its address or field says: one of our own pages, or the farms. */
export const localPath = (wanted: unknown): string =>
  typeof wanted === 'string' && wanted.length <= 300 && PAGE.test(wanted) ? wanted : '/farms'
