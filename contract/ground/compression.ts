/** Raw deflate (RFC 1951): in every Node and, as DecompressionStream('deflate-raw'), in browsers. */
export interface Compression {
  deflate(bytes: Uint8Array): Uint8Array
  /** Throws VuonError `batch-bomb` when more than `atMostBytes` would come out, `batch-malformed` on nonsense. */
  inflate(bytes: Uint8Array, atMostBytes: number): Uint8Array
}
