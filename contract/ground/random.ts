/** Chance as an argument: uniform in [0, 1). */
export type Random = () => number

/** `length` random bytes; must be cryptographically strong where keys, codes or epochs come from it. */
export type RandomBytes = (length: number) => Uint8Array
