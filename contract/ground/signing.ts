/** Hash and signature come in as arguments: Node and the consumer's browser bring their own. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

export interface PublicKey {
  /** 32 raw bytes. */
  readonly raw: Uint8Array
  /** False for a wrong signature of any shape; never throws on input. */
  verify(message: Uint8Array, signature: Uint8Array): boolean
}

export interface SecretKey {
  readonly publicRaw: Uint8Array
  /** 64-byte Ed25519 signature (RFC 8032). */
  sign(message: Uint8Array): Uint8Array
}
