import { isEd25519Signed } from '#contract/trace/ed25519-verify.ts'

/** Fetched only where WebCrypto has no Ed25519: browsers before 2025, and pages without TLS. */
export const isSigned = isEd25519Signed
