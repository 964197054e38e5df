import { createHash, scrypt, timingSafeEqual } from 'node:crypto'
import { fromBase64, toBase64, utf8 } from '#contract/ground/bytes.ts'
import type { RandomBytes } from '#contract/ground/random.ts'

/**
 * Passwords of MQTT devices as the config holds them: `scrypt$16384$8$1$SALT$HASH` (RFC 7914), or the password itself
 * where it comes out of a file that only the service may read.
 */

// 2^14 × r 8 is 16 MiB and some 0.1 s on a Raspberry Pi. These passwords are made by a machine, so that the cost
// need not make up for short ones.
const COST = { N: 2 ** 14, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }
const HASHED = /^scrypt\$16384\$8\$1\$([A-Za-z0-9+/]{22}==)\$([A-Za-z0-9+/]{43}=)$/

/** Whether it was meant for a hash but is none that we can check. */
export const isBrokenHash = (text: string): boolean => text.startsWith('scrypt$') && !HASHED.test(text)

export async function hashPassword(password: string, randomBytes: RandomBytes): Promise<string> {
  const salt = randomBytes(16)
  return `scrypt$${COST.N}$${COST.r}$${COST.p}$${toBase64(salt)}$${toBase64(await derive(password, salt))}`
}

/** Takes as long for a wrong one as for the right one. */
export async function isPassword(given: string, stored: string): Promise<boolean> {
  const [, salt, hash] = HASHED.exec(stored) ?? []
  if (salt === undefined || hash === undefined) return timingSafeEqual(digest(given), digest(stored))
  return timingSafeEqual(await derive(given, fromBase64(salt)), fromBase64(hash))
}

export const digest = (text: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(utf8(text)).digest())

const derive = (password: string, salt: Uint8Array): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    scrypt(password, salt, 32, COST, (error, key) => (error ? reject(error) : resolve(new Uint8Array(key))))
  })
