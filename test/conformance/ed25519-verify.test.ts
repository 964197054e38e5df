import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fromBase64, fromHex, utf8 } from '#contract/ground/bytes.ts'
import { isEd25519Signed } from '#contract/trace/ed25519-verify.ts'
import { jsonOf, vectors } from './vectors.ts'

interface Published {
  ed25519: { name: string; pk: string; msg: string; sig: string }[]
  jws: { name: string; jwk: { x: string }; compact: string }[]
}

describe("Ed25519 in the browser's own arithmetic", () => {
  const folder = vectors('ed25519', 4)
  if (!folder) return
  const published = jsonOf(join(folder, 'ed25519-vectors.json')) as Published

  test.each(published.ed25519)('$name: holds, and not with a bit changed', ({ pk, msg, sig }) => {
    const [key, message, signature] = [fromHex(pk), fromHex(msg), fromHex(sig)]
    expect(isEd25519Signed(key, message, signature)).toBe(true)
    expect(isEd25519Signed(key, fromHex(`${msg}00`), signature)).toBe(false)
    for (let at = 0; at < 64; at += 7) {
      const wrong = signature.with(at, (signature[at] as number) ^ 1)
      expect(isEd25519Signed(key, message, wrong)).toBe(false)
    }
    // The same number plus the order of the base point: a second signature for one message.
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    let sum = signature.slice(32).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n) + order
    const doubled = Uint8Array.from(signature)
    for (let at = 32; at < 64; at++, sum >>= 8n) doubled[at] = Number(sum & 255n)
    expect(isEd25519Signed(key, message, doubled)).toBe(false)
  })

  test.each(published.jws)('$name: the signature of a compact JWS', ({ jwk, compact }) => {
    const [head = '', body = '', signature = ''] = compact.split('.')
    expect(isEd25519Signed(fromBase64(jwk.x), utf8(`${head}.${body}`), fromBase64(signature))).toBe(true)
  })
})
