import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fromBase64, fromHex, toBase64Url, toHex, utf8 } from '#contract/ground/bytes.ts'
import { publicKeyFromRaw, secretKeyFromSeed } from '#contract/ground/node/crypto.ts'
import { jsonOf, vectors } from './vectors.ts'

interface Published {
  ed25519: { name: string; sk: string; pk: string; msg: string; sig: string }[]
  jws: { name: string; jwk: { x: string }; payload: string; compact: string }[]
}

describe('Ed25519', () => {
  const folder = vectors('ed25519', 4)
  if (!folder) return
  const published = jsonOf(join(folder, 'ed25519-vectors.json')) as Published

  test.each(published.ed25519)('$name: key, signature and verification', ({ sk, pk, msg, sig }) => {
    const secret = secretKeyFromSeed(fromHex(sk))
    expect(toHex(secret.publicRaw)).toBe(pk)
    expect(toHex(secret.sign(fromHex(msg)))).toBe(sig)
    const key = publicKeyFromRaw(fromHex(pk))
    expect(key.verify(fromHex(msg), fromHex(sig))).toBe(true)
    expect(key.verify(fromHex(`${msg}00`), fromHex(sig))).toBe(false)
    for (let bit = 0; bit < 512; bit++) {
      const wrong = fromHex(sig)
      wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(key.verify(fromHex(msg), wrong)).toBe(false)
    }
  })

  test.each(published.jws)('$name: the signature of a compact JWS', ({ jwk, payload, compact }) => {
    const [head = '', body = '', signature = ''] = compact.split('.')
    expect(body).toBe(toBase64Url(utf8(payload)))
    expect(publicKeyFromRaw(fromBase64(jwk.x)).verify(utf8(`${head}.${body}`), fromBase64(signature))).toBe(
      true,
    )
  })
})
